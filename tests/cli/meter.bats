#!/usr/bin/env bats
# The meter: exit status, what it counts, and what becomes of what it measures.

# Shell code in single quotes is for the shell that is started.
# shellcheck disable=SC2016,SC2154

setup() {
    load lib
    METER=$BUILD/meter
    JSON=$BATS_TEST_TMPDIR/meter.json
}

teardown() {
    origin_stop
}

# Usage: value FILTER, of the last result
value() {
    jq -r "$1" "$JSON"
}

# A shell that holds about so many MiB until its standard input ends.
holder() {
    printf '%s\0' bash -c 'x=$(head -c "${1}M" /dev/zero | tr "\0" x); echo ready >&2; read -r _; : "$x"' holder "$1"
}

@test "the exit status is the command's own" {
    run "$METER" --quiet -- bash -c 'exit 7'
    [ "$status" -eq 7 ]
    run "$METER" --quiet -- bash -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    run -127 "$METER" --quiet -- "$BATS_TEST_TMPDIR/nowhere"
    [ "$status" -eq 127 ]
    [[ ${lines[0]} == "meter: $BATS_TEST_TMPDIR/nowhere: "* ]]
    run "$METER" --quiet -- "$BATS_TEST_TMPDIR"
    [ "$status" -eq 126 ]
}

@test "wrong usage is 2, and nothing is run" {
    local option
    for option in --interval=0s --interval=2h --interval=fast --no-such-option; do
        run "$METER" "$option" -- touch "$BATS_TEST_TMPDIR/ran"
        [ "$status" -eq 2 ]
    done
    run "$METER"
    [ "$status" -eq 2 ]
    [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "a result that cannot be written is said, with status 3" {
    run "$METER" --quiet --json="$BATS_TEST_TMPDIR/no/folder" -- true
    [ "$status" -eq 3 ]
    [[ $output == *no/folder* ]]
}

# bats test_tags=plain
@test "a full disk, a process too many: said, with status 3" {
    run "$METER" --quiet --json=/dev/full -- true
    [ "$status" -eq 3 ]
    [ "$output" = "meter: /dev/full: No space left on device" ]
    SHIM_FORK=at:1 LD_PRELOAD=$BUILD/tests/shim.so run "$METER" --quiet -- touch "$BATS_TEST_TMPDIR/ran"
    [ "$status" -eq 3 ]
    [ "$output" = "meter: could not measure: Resource temporarily unavailable" ]
    [ ! -e "$BATS_TEST_TMPDIR/ran" ]
    # What is no text stands as such; what runs on is told to people, too.
    run "$METER" --json="$JSON" -- bash -c 'sleep 60 >/dev/null 2>&1 3>&- & echo $! >"$1"' $'no \xff' "$BATS_TEST_TMPDIR/pid"
    [ "$(value '.command[3]')" = "(not UTF-8)" ]
    [[ $output == *"1 processes still run, and are not part of the counts"* ]]
    kill "$(<"$BATS_TEST_TMPDIR/pid")"
}

@test "the result has every key, and its JSON on standard output stands alone" {
    "$METER" --json=- -- bash -c 'echo said >&2' >"$JSON" 2>"$BATS_TEST_TMPDIR/err"
    [ "$(value .schema)" = waitbench-meter/1 ]
    [ "$(value 'keys | join(" ")')" = "command exit_status faults kernel_kib memory_kib peak_at_s sampling schema signal \
started_at switches tasks time version" ]
    [ "$(value '.command | join(" ")')" = "bash -c echo said >&2" ]
    [ "$(value .exit_status)" = 0 ]
    [ "$(value .signal)" = null ]
    grep -qx said "$BATS_TEST_TMPDIR/err"
    grep -q 'the meter itself used' "$BATS_TEST_TMPDIR/err"
}

# bats test_tags=user
@test "kernel memory is counted in a group of its own, or it says why not; no group is left behind" {
    "$METER" --json="$JSON" --interval=1ms -- bash -c 'sleep 0.1' 2>"$BATS_TEST_TMPDIR/err"
    if [ "$(value .kernel_kib.total)" = null ]; then
        [ "$(value '.kernel_kib.why_unknown | length > 0')" = true ]
        [ "$(value '[.kernel_kib.stacks, .kernel_kib.page_tables, .kernel_kib.sockets] | unique | .[0]')" = null ]
        grep -qF "unknown: $(value .kernel_kib.why_unknown)" "$BATS_TEST_TMPDIR/err"
    else
        [ "$(value '.kernel_kib | .total >= .stacks and .total >= .page_tables and .stacks > 0')" = true ]
        [ "$(value .kernel_kib.why_unknown)" = null ]
    fi
    run grep -F 'left behind' "$BATS_TEST_TMPDIR/err"
    [ "$status" -ne 0 ]
}

@test "a command that is done before the first sample has unknown memory, not none" {
    "$METER" --quiet --json="$JSON" -- true
    [ "$(value '.sampling.samples == 0 and .memory_kib.pss != null')" = false ]
    [ "$(value '.sampling.samples == 0 or .memory_kib.pss > 0')" = true ]
}

# bats test_tags=user
@test "memory of the whole tree, at its peak" {
    local -a holder
    mapfile -d '' holder < <(holder 48)
    coproc METERED { "$METER" --quiet --json="$JSON" --interval=1ms -- "${holder[@]}" 2>&1; }
    # shellcheck disable=SC2153  # bash sets it
    local pid=$METERED_PID ready
    read -r ready <&"${METERED[0]}"
    [ "$ready" = ready ]
    # A sample or more of what it holds now, however busy the machine is.
    sleep 0.3
    echo >&"${METERED[1]}"
    wait "$pid"
    [ "$(value '.memory_kib.pss >= 48 * 1024')" = true ]
    [ "$(value '.memory_kib.rss >= .memory_kib.pss')" = true ]
    [ "$(value '.memory_kib.virtual >= .memory_kib.rss')" = true ]
    [ "$(value '.memory_kib.largest_process_rss >= 48 * 1024')" = true ]
    [ "$(value '.memory_kib.page_tables > 0')" = true ]
    # Each page of it was touched for the first time once, at the least.
    [ "$(value '.faults.minor >= 48 * 256')" = true ]
}

# bats test_tags=user
@test "processes and threads at their peak" {
    origin_start
    # At its end a program looks for leaks with a process that it clones for it.
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
    "$METER" --quiet --json="$JSON" --interval=1ms -- \
        "$BUILD/processes" -q -c 8 -n 16 -u "$ORIGIN/item/{}?delay=500ms"
    [ "$(value '.tasks.processes')" -eq 9 ]
    [ "$(value '.tasks.threads')" -eq 9 ]
    "$METER" --quiet --json="$JSON" --interval=1ms -- \
        "$BUILD/threads" -q -c 8 -n 16 -u "$ORIGIN/item/{}?delay=500ms"
    [ "$(value '.tasks.processes')" -eq 1 ]
    [ "$(value '.tasks.threads')" -eq 9 ]
}

@test "processor time and switches of children count, once" {
    # 64 children that each give up the processor: at least a switch each.
    "$METER" --quiet --json="$JSON" -- bash -c 'for ((i = 0; i < 64; i++)); do (sleep 0.001); done'
    [ "$(value '.switches.voluntary >= 64')" = true ]
    [ "$(value '.time.user_s + .time.system_s > 0')" = true ]
    # One at a time: more processor time than passed would be counted twice.
    [ "$(value '.time.user_s + .time.system_s <= .time.wall_s * 1.5 + 0.1')" = true ]
}

@test "what a command leaves running is told, and left alone" {
    local pid
    # The meter's standard output would keep bats waiting.
    "$METER" --quiet --json="$JSON" -- \
        bash -c 'sleep 60 >/dev/null 2>&1 3>&- & echo $! >"$1"' leave "$BATS_TEST_TMPDIR/pid"
    pid=$(<"$BATS_TEST_TMPDIR/pid")
    [ "$(value .tasks.left_running)" -eq 1 ]
    kill -0 "$pid"
    kill "$pid"
    wait_for is_gone "$pid"
}

@test "an orphan that ends in time counts" {
    "$METER" --quiet --json="$JSON" -- bash -c '(sleep 0.05 & echo $! >"$1"); while kill -0 "$(<"$1")" 2>/dev/null; do sleep 0.01; done' \
        orphan "$BATS_TEST_TMPDIR/pid"
    [ "$(value .tasks.orphans_reaped)" -eq 1 ]
    [ "$(value .tasks.left_running)" -eq 0 ]
}

@test "a SIGTERM goes to the command, and the result is still written" {
    "$METER" --quiet --json="$JSON" -- bash -c 'trap "exit 5" TERM; echo >"$1"; while :; do sleep 0.01; done' \
        term "$BATS_TEST_TMPDIR/ready" 3>&- &
    local meter=$! status=0
    wait_for test -s "$BATS_TEST_TMPDIR/ready"
    kill -TERM "$meter"
    wait "$meter" || status=$?
    [ "$status" -eq 5 ]
    [ "$(value .exit_status)" = 5 ]
}

@test "a meter that is killed takes its command along" {
    "$METER" --quiet -- bash -c 'echo $$ >"$1"; exec sleep 60' kill "$BATS_TEST_TMPDIR/pid" 3>&- &
    local meter=$! pid
    wait_for test -s "$BATS_TEST_TMPDIR/pid"
    pid=$(<"$BATS_TEST_TMPDIR/pid")
    kill -KILL "$meter"
    wait_for is_gone "$pid"
}

# bats test_tags=plain
@test "whichever of its first allocations fails, it measures, or says that there is no memory" {
    local k ended=0
    for k in {1..12}; do
        run --separate-stderr env SHIM_MEMORY="at:$k" LD_PRELOAD="$BUILD/tests/shim.so" "$BUILD/meter" --json=- -- true
        echo "$k: status $status: $output; $stderr"
        case $status in
        0) jq -e '.exit_status == 0' <<<"$output" ;;
        3) [[ $stderr == 'meter: '*'Cannot allocate memory' ]] && ended=$((ended + 1)) ;;
        *) false ;;
        esac
    done
    [ "$ended" -gt 0 ]
}
