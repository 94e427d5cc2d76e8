#!/usr/bin/env bats
# Interrupted: the status, the records so far, and nothing left behind.
# bats file_tags=threads
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    IGNORING=()
    load lib
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
}

teardown() {
    [ -z "${RUNS:-}" ] || kill -KILL -- "-$RUN" 2>/dev/null || true
    origin_stop
}

# Starts a model in a process group of its own, which RUN names, by env with IGNORING. A shell starts what is in the
# background with SIGINT ignored; a user's is not.
begin() {
    env --default-signal=INT,QUIT "${IGNORING[@]}" setsid "$BUILD/$1" "${@:2}" >out 2>err 3>&- &
    RUN=$!
    RUNS=yes
}

# Its exit status into CODE, what it printed into SAID.
finish() {
    local errors
    CODE=0
    wait "$RUN" || CODE=$?
    RUNS=
    IFS= read -rd '' SAID <out || true
    IFS= read -rd '' errors <err || true
    echo "ended with $CODE; says: $SAID$errors"
}

# The child is no shell any more.
is_model() {
    local name
    read -r name <"/proc/$RUN/comm" && [ "$name" = "$1" ]
}

# Sets mask, of the line that the kernel calls so. Usage: read_mask NAME
read_mask() {
    local name
    while read -r name mask; do
        [ "$name" != "$1:" ] || break
    done <"/proc/$RUN/status"
}

# SIGINT and SIGTERM, bits 1 and 14 of the mask, have a handler. The shell's own child has them as well.
handles_signals() {
    local mask
    read_mask SigCgt
    ((("0x$mask" & 0x4002) == 0x4002))
}

# No SIGINT waits for it: a second one would be the same as the first.
has_taken_signal() {
    local mask
    read_mask ShdPnd
    ((("0x$mask" & 2) == 0))
}

# Nothing of the process group is alive: neither a child nor what a child made. A dead one that
# nobody has asked after, which kill would find, may be there.
all_gone() {
    ! kill -0 -- "-$RUN" 2>/dev/null || ! pgrep -g "$RUN" -r R,S,D,T >/dev/null
}

@test "SIGINT, SIGTERM, SIGHUP: status 130, the records so far, and nothing left" {
    origin_start
    signals=(INT TERM HUP)
    # What leaks leaks whatever the signal's name.
    ! again || signals=(TERM)
    count=10000
    for model in "${MODELS[@]}"; do
        for signal in "${signals[@]}"; do
            at=$model-$signal
            mkdir "$at"
            origin_reset
            begin "$model" --concurrency=8 --count=$count --json="$at/run.json" --records="$at/records.csv" \
                --trace="$at/trace.json" --save="$at/bodies" \
                --url-pattern="$ORIGIN/item/{}?size=1KiB&delay=10ms"
            wait_for origin_says 'responses>=20'
            kill -"$signal" "$RUN"
            finish
            [ "$CODE" -eq 130 ]
            wait_for all_gone
            wait_for origin_says open=0
            [[ $SAID == *interrupted* ]]
        done
    done

    # A record for every URL, each of them final; those fetched are those saved. All runs at once, as
    # FOLDER/FILE lines.
    jq -r '"\(input_filename) \(.interrupted) \(.fetches.ok)"' ./*/run.json >summaries
    jq -r 'input_filename + " \(any(.traceEvents[]; .cat == "fetch"))"' ./*/trace.json >traces
    find ./*/ -type f -printf '%p %s\n' >files
    awk -v runs=$((${#MODELS[@]} * ${#signals[@]})) -v count=$count '
        function wrong(what) { bad = 1; print run ": " what ": " $0 }
        { run = FILENAME ~ /records.csv$/ ? FILENAME : $1; sub("^./", "", run); sub("/.*", "", run) }
        FILENAME == "summaries" { ok[run] = $3; if ($2 != "true") wrong("not interrupted") }
        FILENAME == "traces" { traced[run] = 1; if ($2 != "true") wrong("traced no fetch") }
        FILENAME == "files" && $1 ~ /\.part$/ { wrong("is left") }
        FILENAME == "files" && $1 ~ "/bodies/" { saved[run]++; if ($2 != 1024) wrong("not whole") }
        FILENAME ~ /records.csv$/ && FNR > 1 {
            recorded[run]++
            if (/^[0-9]+,fetched,/) fetched[run]++
            else if (!/^[0-9]+,interrupted,/) wrong("not final")
        }
        END {
            $0 = ""
            for (run in recorded) {
                seen++
                if (recorded[run] != count || fetched[run] < 20 || fetched[run] >= count || !traced[run] ||
                    ok[run] != fetched[run] || saved[run] != fetched[run])
                    wrong(recorded[run] " records, " fetched[run] " fetched, " ok[run] " ok, " saved[run] " saved")
            }
            exit bad || seen != runs
        }' summaries traces files ./*/records.csv
}

@test "a fetch that waits for its answer is given up" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        begin "$model" --concurrency=4 --timeout=1h --records="$model.csv" --count=4 \
            --url-pattern="$ORIGIN/item/{}?delay=3000s"
        lanes=4
        [ "$model" != sequential ] || lanes=1
        wait_for origin_says in_flight=$lanes
        kill -INT "$RUN"
        finish
        [ "$CODE" -eq 130 ]
    done
    [ "$(cat ./*.csv | grep -c ,interrupted,)" -eq $((4 * ${#MODELS[@]})) ]
}

@test "work on an answer is given up" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        begin "$model" --cpu-work=1000000000 --json=run.json --save=bodies "$ORIGIN/item/1"
        wait_for origin_says 'responses>=1'
        kill -INT "$RUN"
        wait_for all_gone
        finish
        [ "$CODE" -eq 130 ]
        run_says ok=0 failed=1
        nothing_in bodies
    done
}

# By the run's own clock and count of attempts: the pauses are 100 ms, and then twice as long each time. Who
# sleeps on never ends before they are over; who is woken does, if late on a busy machine, so there are some tries.
@test "a back-off before another attempt is given up before it is over" {
    origin_start
    for model in "${MODELS[@]}"; do
        for _ in {1..5}; do
            begin "$model" --retries=1000 --records=records.csv "$ORIGIN/item/1?status=503"
            # From the third attempt on the pauses are long enough to be met in one.
            wait_for origin_says 'responses>=3'
            kill -TERM "$RUN"
            finish
            [ "$CODE" -eq 130 ]
            mapfile -t records <records.csv
            [ ${#records[@]} -eq 2 ]
            origin_reset
            IFS=, read -r _ outcome _ attempts _ taken _ end _ <<<"${records[1]}"
            left=$((taken + ((1 << attempts) - 1) * 100000000 - end))
            [[ $outcome != interrupted ]] || ((left <= 0)) || break
        done
        [ "$outcome" = interrupted ]
        ((left > 0))
    done
}

@test "interrupted at any moment, from the first on, nothing is left" {
    origin_start
    pauses=(0 0.002 0.005 0.02 0.05)
    ! again || pauses=(0 0.01 0.05)
    mkfifo nobody-writes
    interrupted=()
    # 20 seconds of fetches, so that none is done before a busy machine has interrupted it.
    for model in "${MODELS[@]}"; do
        for pause in "${pauses[@]}"; do
            at=$model-$pause
            mkdir "$at"
            # The thread sanitizer's runtime makes a file there for a moment while it starts.
            TMPDIR=$PWD/$at begin "$model" --concurrency=50 --count=50000 --json="$at/run.json" \
                --save="$at/bodies" --url-pattern="$ORIGIN/item/{}?size=10B&delay=20ms"
            # Before that the shell's own child would be hit, which is not yet the model.
            wait_for is_model "$model"
            read -rt "$pause" <>nobody-writes || true # sleeps
            kill -TERM "$RUN"
            finish
            # 143: it had not yet come so far as to handle signals.
            [ "$CODE" -eq 130 ] || [ "$CODE" -eq 143 ]
            wait_for all_gone
            [ "$CODE" -eq 143 ] || interrupted+=("$at/run.json")
        done
    done
    # Neither an output nor a body that was being written: who could not yet handle signals had begun none.
    [ -z "$(find . -name '*.part')" ]
    # On a slow machine not one may have come so far.
    ((${#interrupted[@]})) || return 0
    [ "$(jq -r .interrupted "${interrupted[@]}" | uniq -c | xargs)" = "${#interrupted[@]} true" ]
}

@test "--save=- leaves no temporary folder behind" {
    origin_start
    mkdir tmp
    for model in "${MODELS[@]}"; do
        origin_reset
        TMPDIR=$PWD/tmp begin "$model" --save=- --concurrency=8 --count=3000 \
            --url-pattern="$ORIGIN/item/{}?size=10B&delay=10ms"
        wait_for origin_says 'responses>=5'
        kill -INT "$RUN"
        finish
        [ "$CODE" -eq 130 ]
        nothing_in tmp
    done
}

@test "a pipe that nobody reads is waited for until the first signal" {
    for model in "${MODELS[@]}"; do
        mkfifo "$model"
        begin "$model" --json=run.json --records="$model" http://127.0.0.1:1/
        wait_for is_model "$model"
        wait_for handles_signals
        kill -INT "$RUN"
        wait_for all_gone
        finish
        [ "$CODE" -eq 130 ]
        [ "$(<err)" = "$model: --records=$model: interrupted before anybody read that pipe" ]
        rm "$model"
        [ "$(echo *)" = "err out" ]
    done
}

@test "a pipe is written once somebody reads it" {
    mkfifo pipe
    begin "${MODELS[0]}" --quiet --json=pipe http://127.0.0.1:1/
    wait_for is_model "${MODELS[0]}"
    wait_for handles_signals
    jq -e .fetches.failed==1 pipe
    finish
    [ "$CODE" -eq 1 ]
}

@test "a second signal kills at once" {
    [[ $BUILD != *sanitize-thread* ]] || skip "its runtime holds signals back while write() blocks"
    mkfifo nobody-writes
    for model in "${MODELS[@]}"; do
        # More records than a pipe holds wait for ever for a reader who stands still.
        mkfifo "$model"
        exec {reader}<>"$model"
        begin "$model" --records="$model" --count=3000 --url-pattern='http://127.0.0.1:1/{}'
        wait_for is_model "$model"
        wait_for handles_signals
        kill -INT "$RUN"
        wait_for has_taken_signal
        read -rt 0.1 <>nobody-writes || true # sleeps
        kill -0 "$RUN"
        kill -INT "$RUN"
        finish
        [ "$CODE" -eq 130 ]
        exec {reader}>&-
    done
}

@test "when the parent is killed, its processes go as well" {
    [[ " ${MODELS[*]} " == *" processes "* ]] || skip "processes is not tested here"
    origin_start
    begin processes --progress --concurrency=20 --count=100000 --url-pattern="$ORIGIN/item/{}?delay=10ms"
    wait_for origin_says 'responses>=20'
    [ "$(pgrep -g "$RUN" | wc -l)" -ge 21 ]
    kill -KILL "$RUN"
    finish
    [ "$CODE" -eq 137 ]
    wait_for all_gone
    wait_for origin_says open=0
}

@test "when the parent is killed while names are looked up, whoever looks them up goes as well" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    SHIM_NAMES=.hangs SHIM_NAMES_S=3000 LD_PRELOAD=$BUILD/tests/shim.so \
        begin "${MODELS[0]}" --timeout=1h http://name.hangs/
    wait_for pgrep -P "$RUN"
    kill -KILL "$RUN"
    finish
    RUNS=yes
    [ "$CODE" -eq 137 ]
    wait_for all_gone
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
    wait_for origin_says 'responses>=8'
    kill -KILL "$(pgrep -P "$RUN" -o)"
    finish
    [ "$CODE" -eq 1 ]
    mapfile -t records <records.csv
    [[ ${records[1]} == 1,worker_lost,* ]]
    run_says failed=1 asked=4 made=4 lost=1 rebuilt=1
    [ "$(jq -c .errors run.json)" = '[{"reason":"worker_lost","count":1}]' ]
}

# Nobody could wait for children then, nor count what they used.
@test "a child that dies is missed too where whoever started the run ignores its children" {
    [[ " ${MODELS[*]} " == *" processes "* ]] || skip "processes is not tested here"
    origin_start
    IGNORING=(--ignore-signal=CHLD)
    begin processes --concurrency=2 --timeout=1h --count=12 --url-pattern="$ORIGIN/item/{}?size=10B&delay=200ms" --json=run.json
    wait_for origin_says 'responses>=2'
    kill -KILL "$(pgrep -P "$RUN" -o)"
    finish
    [ "$CODE" -eq 1 ]
    run_says ok=11 failed=1 lost=1 rebuilt=1
}

@test "what nohup has ignored stays ignored" {
    origin_start
    IGNORING=(--ignore-signal=HUP)
    for model in "${MODELS[@]}"; do
        origin_reset
        begin "$model" --concurrency=2 --count=4 --url-pattern="$ORIGIN/item/{}?size=10B&delay=300ms"
        wait_for origin_says 'responses>=1'
        kill -HUP "$RUN"
        finish
        [ "$CODE" -eq 0 ]
    done
}

@test "suspended and resumed, a run ends well" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        count=80
        [ "$model" != sequential ] || count=30
        begin "$model" --concurrency=4 --count=$count \
            --url-pattern="$ORIGIN/item/{}?size=10B&delay=150ms"
        wait_for origin_says 'responses>=3'
        kill -STOP -- "-$RUN"
        wait_for origin_says in_flight=0
        kill -CONT -- "-$RUN"
        finish
        [ "$CODE" -eq 0 ]
        [[ $SAID == *"$count of $count fetched"* ]]
    done
}

@test "the end of a pipe's reader is a failure that is said, no silent death" {
    origin_start
    # More records than a pipe holds, should its reader end late.
    for model in "${MODELS[@]}"; do
        run --separate-stderr bash -c 'set -o pipefail; "$@" | true' bash "$BUILD/$model" --records=- \
            --count=1500 --concurrency=50 --url-pattern="$ORIGIN/item/{}"
        [ "$status" -eq 1 ]
        [[ $stderr == *"not written"* ]]
    done
}
