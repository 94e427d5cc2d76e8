#!/usr/bin/env bats
# Workers that die, stand still, or cannot be made: what they held is lost, and nothing else.
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
    RUN='' HELD_PID=''
}

teardown() {
    stop_held
    [ -z "$RUN" ] || kill -KILL -- "-$RUN" 2>/dev/null || true
    origin_stop
}

begin() {
    setsid "$BUILD/$1" --json=run.json --records=records.csv "${@:2}" >out 2>err 3>&- &
    RUN=$!
}

# Its exit status into CODE.
finish() {
    CODE=0
    wait "$RUN" || CODE=$?
    RUN=
    echo "ended with $CODE:"
    cat out err run.json
}

# A server whose /held is answered when somebody has asked for /release; HELD is where it is.
start_held() {
    rm -f ports log
    "$BUILD/tests/faults" ports log 3>&- &
    HELD_PID=$!
    wait_for test -s ports
    read -r HELD _ <ports
    HELD=http://127.0.0.1:$HELD
}

stop_held() {
    [ -z "$HELD_PID" ] || kill -KILL "$HELD_PID"
    wait "$HELD_PID" 2>/dev/null || true
    HELD_PID=
}

# Usage: log_has PATH COUNT: so many of these were asked for.
log_has() {
    local text others
    IFS= read -rd '' text <log || true
    text=$'\n'$text
    others=${text//$'\n'"/$1"/}
    (((${#text} - ${#others}) / (${#1} + 2) >= $2))
}

# Usage: outcomes LOST FETCHED: so many records say so, worker_lost and fetched.
outcomes() {
    local outcome
    local -A seen=([worker_lost]=0 [fetched]=0)
    while IFS=, read -r _ outcome _; do
        seen[$outcome]=$((${seen[$outcome]:-0} + 1))
    done <records.csv
    echo "${seen[worker_lost]} lost, ${seen[fetched]} fetched"
    ((seen[worker_lost] == $1 && seen[fetched] == $2))
}

# bats test_tags=user
@test "a child that is killed or crashes loses its URLs, gets a successor, and the rest is fetched" {
    # The signal is the test's: no finding of the sanitizer's.
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0
    for signal in KILL SEGV; do
        for model in processes hybrid; do
            # After eight of the 40, each of the four lanes waits until it is told.
            start_held
            for k in {1..40}; do
                if ((k > 8 && k <= 12)); then echo "$HELD/held?$k"; else echo "$HELD/sound?$k"; fi
            done >list
            own=()
            [ $model = processes ] || own=(--processes=2)
            begin $model "${own[@]}" --concurrency=4 --input=list
            wait_for log_has held 4
            kill -$signal "$(pgrep -P "$RUN" -o)"
            lanes=1
            [ $model = processes ] || lanes=2
            # The successor fetches all the rest.
            wait_for log_has sound 36
            curl -sS --fail -o released "$HELD/release"
            finish
            stop_held
            [ "$CODE" -eq 1 ]
            # All that its lanes held: one URL a lane.
            outcomes $lanes $((40 - lanes))
            run_says asked=4 made=4 lost=$lanes rebuilt=$lanes
        done
    done
}

@test "what a killed worker had written of a body is taken away" {
    origin_start
    begin processes --concurrency=1 --timeout=1h --save=bodies \
        "$ORIGIN/item/1?size=1000B&fault=drip&pace=1s" "$ORIGIN/item/2?size=10B"
    wait_for test -s bodies/.000001.part
    kill -KILL "$(pgrep -P "$RUN" -o)"
    finish
    [ "$CODE" -eq 1 ]
    [ "$(ls -A bodies)" = 000002 ]
}

# Usage: successor PID…: the run has a single child that is none of these, NEXT.
successor() {
    local pid
    local -a next=()
    for pid in $(pgrep -P "$RUN"); do
        [[ " $* " == *" $pid "* ]] || next+=("$pid")
    done
    NEXT=${next[*]}
    ((${#next[@]} == 1))
}

@test "a lane whose workers die twice before they finish a URL is given up, and the rest is fetched" {
    # A worker of many lanes may have begun as many URLs, and finished none.
    while read -r model lanes options; do
        start_held
        read -ra own <<<"$options"
        for ((k = 1; k <= 3 * lanes + 2; k++)); do
            if ((k <= 3 * lanes)); then echo "$HELD/held?$k"; else echo "$HELD/sound?$k"; fi
        done >list
        begin "$model" "${own[@]}" --concurrency=$((2 * lanes)) --input=list
        wait_for log_has held $((2 * lanes))
        mapfile -t before < <(pgrep -P "$RUN")
        [ ${#before[@]} -eq 2 ]
        kill -KILL "${before[0]}"
        wait_for successor "${before[@]}"
        wait_for log_has held $((3 * lanes))
        kill -KILL "$NEXT"
        curl -sS --fail -o released "$HELD/release"
        finish
        stop_held
        [ "$CODE" -eq 1 ]
        run_says lost=$((2 * lanes)) rebuilt="$lanes"
        outcomes $((2 * lanes)) $((lanes + 2))
    done <<'CASES'
processes 1
hybrid 3 --processes=2
hybrid 2 --processes=2 --inside=threads
CASES
}

# The sanitizers want to be loaded first.
# bats test_tags=plain
@test "a child whose successor cannot be made leaves its lane to the others, and the run ends" {
    for model in processes hybrid; do
        start_held
        own=()
        [ $model = processes ] || own=(--processes=2)
        SHIM_FORK=from:3 LD_PRELOAD=$BUILD/tests/shim.so \
            begin $model "${own[@]}" --concurrency=2 "$HELD/held?"{1,2} "$HELD/sound?"{3..8}
        wait_for log_has held 2
        kill -KILL "$(pgrep -P "$RUN" -o)"
        curl -sS --fail -o released "$HELD/release"
        # Who waited for a successor would wait for ever.
        wait_for is_gone "$RUN"
        finish
        stop_held
        [ "$CODE" -eq 1 ]
        run_says asked=2 made=2 lost=1 rebuilt=0
        outcomes 1 7
    done
}

@test "a child that stands still is only late" {
    origin_start
    begin processes --concurrency=3 --count=9 --url-pattern="$ORIGIN/item/{}?size=10B&delay=700ms"
    wait_for origin_says 'requests>=3'
    child=$(pgrep -P "$RUN" -o)
    kill -STOP "$child"
    wait_for origin_says 'responses>=8'
    kill -0 "$RUN"
    kill -CONT "$child"
    finish
    [ "$CODE" -eq 0 ]
    outcomes 0 9
}

# Usage: stand_still PID…: each of them is stopped.
stand_still() {
    local pid
    for pid; do
        grep -q '^State:.T' "/proc/$pid/status" || return
    done
}

# Who stands still looks for no parent, now and then or ever, and takes no signal but that one.
@test "when the parent is killed the kernel kills its children with it, even those that stand still" {
    while read -r model options; do
        start_held
        read -ra own <<<"$options"
        begin "$model" "${own[@]}" --concurrency=4 --timeout=1h "$HELD/held?"{1..4}
        wait_for log_has held 4
        mapfile -t children < <(pgrep -P "$RUN")
        ((${#children[@]} >= 2))
        kill -STOP "${children[@]}"
        wait_for stand_still "${children[@]}"
        kill -KILL "$RUN"
        for child in "${children[@]}"; do wait_for is_gone "$child"; done
        wait "$RUN" || true
        RUN=
        stop_held
    done <<'CASES'
processes
hybrid --processes=2
hybrid --processes=2 --inside=threads
CASES
}

@test "a run keeps nothing where it would outlive it: no shared memory with a name" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        begin "$model" --concurrency=3 --count=1000000 --url-pattern="$ORIGIN/item/{}?delay=30ms"
        wait_for origin_says 'responses>=3'
        mapfile -t maps < <(pgrep -g "$RUN")
        maps=("${maps[@]/#//proc/}")
        run -1 grep -e /dev/shm/ -e /SYSV "${maps[@]/%//maps}"
        kill -KILL "$RUN"
        wait "$RUN" || true
        wait_for eval "! kill -0 -- -$RUN 2>/dev/null || ! pgrep -g $RUN -r R,S,D,T >/dev/null"
        RUN=
    done
}

# The sanitizers want to be loaded first.
# bats test_tags=plain
@test "with a worker that cannot be made the others fetch it all, and it is said; with none, status 3" {
    origin_start
    # What fails, for whom, from which call on, how many workers of 4 there are then, and with which options.
    while read -r what model from made options; do
        rm -f run.json
        read -ra own <<<"$options"
        # Who waited for the missing would wait for ever.
        run --separate-stderr timeout -s KILL 60 env "SHIM_$what=from:$from" LD_PRELOAD="$BUILD/tests/shim.so" \
            "$BUILD/$model" "${own[@]}" --concurrency=4 --count=12 --json=run.json \
            --url-pattern="$ORIGIN/item/{}?size=10B&delay=5ms"
        echo "$what $model $from $options: status $status; $output; $stderr"
        if ((made == 0)); then
            [ "$status" -eq 3 ]
            [[ $stderr == "$model: $model could not run: "* ]]
            [ ! -e run.json ]
            continue
        fi
        [ "$status" -eq 0 ]
        [[ $output == *"workers     4 asked, $made made, $((4 - made)) lost, 0 rebuilt"* ]]
        run_says asked=4 made="$made" lost=$((4 - made)) rebuilt=0 ok=12
    done <<'CASES'
FORK processes 1 0
FORK processes 2 1
FORK processes 4 3
FORK hybrid 1 0 --processes=2
FORK hybrid 2 2 --processes=2
THREAD threads 1 0
THREAD threads 2 1
THREAD threads 4 3
THREAD hybrid 1 0 --processes=2 --inside=threads
THREAD hybrid 2 2 --processes=2 --inside=threads
CASES
}

@test "processes may share a libcurl that the parent initialised, and say so" {
    origin_start
    run "$BUILD/processes" --init=parent --concurrency=2 --count=6 --json=run.json --url-pattern="$ORIGIN/item/{}?size=10B"
    [ "$status" -eq 0 ]
    run_says init=parent ok=6
}
