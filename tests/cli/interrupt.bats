#!/usr/bin/env bats
# Interrupted: the status, the records so far, and nothing left behind.
# bats file_tags=threads
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
}

teardown() {
    [ -z "${RUNS:-}" ] || kill -KILL -- "-$RUN" 2>/dev/null || true
    origin_stop
}

# Starts a model in a process group of its own, which RUN names. A shell starts what is in the
# background with SIGINT ignored; a user's is not.
begin() {
    env --default-signal=INT,QUIT setsid "$BUILD/$1" "${@:2}" >out 2>err 3>&- &
    RUN=$!
    RUNS=yes
}

# Its exit status into CODE.
finish() {
    CODE=0
    wait "$RUN" || CODE=$?
    RUNS=
    echo "ended with $CODE; says: $(cat out err)"
}

served() {
    (($(origin_stat .responses) >= $1))
}

in_flight() {
    [ "$(origin_stat .in_flight)" -eq "$1" ]
}

# The child is no shell any more.
is_model() {
    [ "$(cat "/proc/$RUN/comm")" = "$1" ]
}

# SIGINT and SIGTERM, bits 1 and 14 of the mask, have a handler. The shell's own child has them as well.
handles_signals() {
    local mask
    mask=$(sed -n 's/^SigCgt:[ \t]*//p' "/proc/$RUN/status")
    (((0x$mask & 0x4002) == 0x4002))
}

# Nothing of the process group is alive: neither a child nor what a child made.
all_gone() {
    ! pgrep -g "$RUN" -r R,S,D,T >/dev/null
}

nobody_connected() {
    [ "$(origin_stat .open)" -eq 0 ]
}

@test "SIGINT, SIGTERM, SIGHUP: status 130, the records so far, and nothing left" {
    origin_start
    signals=(INT TERM HUP)
    # What leaks leaks whatever the signal's name.
    ! again || signals=(TERM)
    for model in "${MODELS[@]}"; do
        for signal in "${signals[@]}"; do
            rm -rf ./*
            curl -sS --fail -X POST "$ORIGIN/stats/reset"
            begin "$model" --concurrency=8 --count=20000 --json=run.json --records=records.csv \
                --trace=trace.json --save=bodies --url-pattern="$ORIGIN/item/{}?size=1KiB&delay=10ms"
            wait_for served 20
            kill -"$signal" "$RUN"
            finish
            [ "$CODE" -eq 130 ]
            wait_for all_gone
            wait_for nobody_connected
            grep -q interrupted out

            # A record for every URL, each of them final; those fetched are those saved.
            [ "$(wc -l <records.csv)" -eq 20001 ]
            tail -n +2 records.csv | cut -d, -f2 | sort | uniq -c >outcomes
            run ! grep -vE ' (fetched|interrupted)$' outcomes
            fetched=$(grep -c ,fetched, records.csv)
            [ "$fetched" -ge 20 ]
            [ "$fetched" -lt 20000 ]
            [ "$(jq .fetches.ok run.json)" -eq "$fetched" ]
            [ "$(jq .interrupted run.json)" = true ]
            [ "$(jq '[.traceEvents[] | select(.cat == "fetch")] | length > 0' trace.json)" = true ]
            [ "$(find bodies -type f -size 1024c | wc -l)" -eq "$fetched" ]
            [ "$(find bodies -type f | wc -l)" -eq "$fetched" ]
            [ -z "$(find . -name '*.part')" ]
        done
    done
}

@test "a fetch that waits for its answer is given up" {
    origin_start
    for model in "${MODELS[@]}"; do
        curl -sS --fail -X POST "$ORIGIN/stats/reset"
        begin "$model" --concurrency=4 --timeout=1h --records=records.csv --count=4 \
            --url-pattern="$ORIGIN/item/{}?delay=3000s"
        if [ "$model" = sequential ]; then wait_for in_flight 1; else wait_for in_flight 4; fi
        kill -INT "$RUN"
        finish
        [ "$CODE" -eq 130 ]
        [ "$(grep -c ,interrupted, records.csv)" -eq 4 ]
    done
}

@test "a back-off before another attempt is given up" {
    origin_start
    for model in "${MODELS[@]}"; do
        begin "$model" --retries=1000 --records=records.csv "$ORIGIN/item/1?status=503"
        # From the third attempt on the pauses are long enough to be met in one.
        wait_for served 3
        kill -TERM "$RUN"
        finish
        [ "$CODE" -eq 130 ]
        [ "$(wc -l <records.csv)" -eq 2 ]
        curl -sS --fail -X POST "$ORIGIN/stats/reset"
    done
}

@test "interrupted at any moment, from the first on, nothing is left" {
    origin_start
    pauses=(0 0.001 0.002 0.005 0.01 0.02 0.05)
    ! again || pauses=(0 0.01 0.05)
    for model in "${MODELS[@]}"; do
        for pause in "${pauses[@]}"; do
            rm -rf ./*
            # The thread sanitizer's runtime makes a file there for a moment while it starts.
            TMPDIR=$PWD begin "$model" --concurrency=50 --count=20000 --json=run.json --save=bodies \
                --url-pattern="$ORIGIN/item/{}?size=10B&delay=20ms"
            # Before that the shell's own child would be hit, which is not yet the model.
            wait_for is_model "$model"
            sleep "$pause"
            kill -TERM "$RUN"
            finish
            # 143: it had not yet come so far as to handle signals.
            [ "$CODE" -eq 130 ] || [ "$CODE" -eq 143 ]
            wait_for all_gone
            [ -z "$(find . -name '*.part' -not -path './bodies/*')" ]
            [ "$CODE" -eq 143 ] || [ "$(jq .interrupted run.json)" = true ]
        done
    done
}

@test "--save=- leaves no temporary folder behind" {
    origin_start
    mkdir tmp
    for model in "${MODELS[@]}"; do
        curl -sS --fail -X POST "$ORIGIN/stats/reset"
        TMPDIR=$PWD/tmp begin "$model" --save=- --count=20000 \
            --url-pattern="$ORIGIN/item/{}?size=10B&delay=10ms"
        wait_for served 5
        kill -INT "$RUN"
        finish
        [ "$CODE" -eq 130 ]
        [ -z "$(ls tmp)" ]
    done
}

@test "a second signal kills at once" {
    [[ $BUILD != *sanitize-thread* ]] || skip "its runtime holds signals back while open() blocks"
    for model in "${MODELS[@]}"; do
        # Opening a pipe that nobody reads waits for ever, and no run is there to be stopped.
        rm -f pipe
        mkfifo pipe
        begin "$model" --json=pipe http://127.0.0.1:1/
        wait_for is_model "$model"
        wait_for handles_signals
        kill -INT "$RUN"
        sleep 0.1
        kill -0 "$RUN"
        kill -INT "$RUN"
        finish
        [ "$CODE" -eq 130 ]
    done
}

@test "when the parent is killed, its processes go as well" {
    [[ " ${MODELS[*]} " == *" processes "* ]] || skip "processes is not tested here"
    origin_start
    begin processes --progress --concurrency=20 --count=100000 --url-pattern="$ORIGIN/item/{}?delay=10ms"
    wait_for served 20
    [ "$(pgrep -g "$RUN" | wc -l)" -ge 21 ]
    kill -KILL "$RUN"
    finish
    [ "$CODE" -eq 137 ]
    wait_for all_gone
    wait_for nobody_connected
}

@test "a child that dies loses its URL and no other, and gets a successor" {
    [[ " ${MODELS[*]} " == *" processes "* ]] || skip "processes is not tested here"
    origin_start
    # The first worker's first URL outlasts all others; it is that worker who dies.
    {
        echo "$ORIGIN/item/1?delay=3000s"
        seq -f "$ORIGIN/item/%g?size=10B&delay=10ms" 2 60
    } >list
    begin processes --concurrency=4 --timeout=1h --input=list --json=run.json --records=records.csv
    wait_for served 8
    kill -KILL "$(pgrep -P "$RUN" -o)"
    finish
    [ "$CODE" -eq 1 ]
    [ "$(jq .fetches.failed run.json)" -eq 1 ]
    sed -n 2p records.csv | grep ,worker_lost,
    [ "$(jq -c '[.workers.asked, .workers.made, .workers.lost, .workers.rebuilt]' run.json)" = '[4,4,1,1]' ]
    [ "$(jq -c .errors run.json)" = '[{"reason":"worker_lost","count":1}]' ]
}

@test "suspended and resumed, a run ends well" {
    origin_start
    for model in "${MODELS[@]}"; do
        curl -sS --fail -X POST "$ORIGIN/stats/reset"
        count=80
        [ "$model" != sequential ] || count=30
        begin "$model" --concurrency=4 --count=$count \
            --url-pattern="$ORIGIN/item/{}?size=10B&delay=150ms"
        wait_for served 3
        kill -STOP -- "-$RUN"
        wait_for in_flight 0
        kill -CONT -- "-$RUN"
        finish
        [ "$CODE" -eq 0 ]
        grep -q "$count of $count fetched" out
    done
}

@test "the end of a pipe's reader is a failure that is said, no silent death" {
    origin_start
    for model in "${MODELS[@]}"; do
        run --separate-stderr bash -c 'set -o pipefail; "$@" | true' bash "$BUILD/$model" --records=- \
            --count=3000 --concurrency=50 --url-pattern="$ORIGIN/item/{}"
        [ "$status" -eq 1 ]
        [[ $stderr == *"not written"* ]]
    done
}
