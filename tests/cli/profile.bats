#!/usr/bin/env bats
# scripts/profile: instructions and system calls a fetch.
# bats file_tags=plain,slow
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    cd "$BATS_TEST_TMPDIR" || return
    PROFILE=$ROOT/scripts/profile
    command -v valgrind >/dev/null || skip "no valgrind"
    command -v strace >/dev/null || skip "no strace"
    strace -o /dev/null true 2>/dev/null || skip "processes may not be traced here"
}

# The figure in column $2 of model $1's row of the report.
cell() {
    sed -nE "s/^\| $1 \|(.*)/\1/p" <<<"$output" | cut -d'|' -f"$2" | tr -d ' '
}

@test "what it does not understand is refused, and a report that is kept stays" {
    echo kept >report.md
    for wrong in --counts=5 --counts=9,3 --concurrency=0 --models --else --models= '--models=,' --models=bogus \
        --models=async,bogus; do
        WAITBENCH_BUILD=$BUILD run "$PROFILE" --write="$PWD/report.md" "$wrong"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
    [ "$(<report.md)" = kept ]
}

# Sets PATH so that valgrind and strace run nothing: strace says what it would, valgrind runs $1.
watch_nothing() {
    mkdir -p without
    # shellcheck disable=SC2016  # the program's own
    printf '#!/bin/sh\n[ "$1" != --version ] || exec echo none\n%s\n' "$1" >without/valgrind
    # shellcheck disable=SC2016  # the program's own
    printf '#!/bin/sh\n[ "$1" != --version ] || exec echo none\necho "9 0.1 1 7 sendto" >"$4"\n' >without/strace
    chmod +x without/*
    PATH=$PWD/without:$PATH
}

@test "the report is written beside where it shall be, from the caller's folder, and renamed when it is whole" {
    export FOLDER=$PWD WAITBENCH_BUILD=$BUILD
    # shellcheck disable=SC2016  # the program's own
    watch_nothing 'cat "$FOLDER/report.md" "$FOLDER"/report.md.*.part >"$FOLDER/seen"; echo "==1== Collected : 9" >&2'
    echo kept >report.md
    echo "another's" >report.md.part
    run "$PROFILE" --models=sequential --counts=2,4 --write=report.md
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(head -n 1 seen)" = kept ]
    [[ $(sed -n 2p seen) == "# Where the time goes"* ]]
    output=$(<report.md)
    [ "$(cell sequential 1)" = 0 ]
    [ ! -e "$ROOT/report.md" ]
    # One that fails takes nothing of it away.
    echo kept >report.md
    watch_nothing 'exit 1'
    run "$PROFILE" --models=sequential --counts=2,4 --write=report.md
    [ "$status" -eq 1 ]
    [ "$(<report.md)" = kept ]
    run ! compgen -G 'report.md.*.part'
    [ "$(<report.md.part)" = "another's" ]
    # What was not counted is not nothing.
    watch_nothing 'exit 0'
    run "$PROFILE" --models=sequential --counts=2,4 --write=report.md
    [ "$status" -eq 1 ]
    [ "$output" = "profile: valgrind counted nothing of sequential" ]
    [ "$(<report.md)" = kept ]
    run "$PROFILE" --models=sequential --counts=2,4 --write=none/report.md
    [ "$status" -eq 1 ]
    [ "$output" = "profile: --write=$PWD/none/report.md: cannot be written" ]
}

@test "who ends it ends whom it watches, and nothing is left" {
    export PID=$PWD/pid TMPDIR=$PWD/tmp WAITBENCH_BUILD=$BUILD
    mkdir tmp
    # shellcheck disable=SC2016  # the program's own
    watch_nothing 'echo $$ >"$PID.part"; mv "$PID.part" "$PID"; exec sleep 60'
    echo kept >report.md
    for signal in TERM INT; do
        rm -f "$PID"
        env --default-signal=INT setsid "$PROFILE" --models=sequential --write=report.md >/dev/null 2>&1 3>&- &
        script=$!
        wait_for test -s "$PID"
        # A terminal's Ctrl-C reaches all in the foreground.
        if [ "$signal" = INT ]; then kill -INT -- "-$script"; else kill -TERM "$script"; fi
        status=0
        wait "$script" || status=$?
        # A dead one that nobody has asked after may be there.
        if [[ $(ps -o state= -p "$(<"$PID")") == [RSDT]* ]]; then
            kill -KILL "$(<"$PID")"
            echo "SIG$signal: valgrind goes on" && return 1
        fi
        [ "$status" -eq 130 ]
        nothing_in tmp
        [ "$(<report.md)" = kept ]
        run ! compgen -G 'report.md.*part'
    done
    # Killed outright it leaves no origin.
    rm -f "$PID"
    "$PROFILE" --models=sequential >/dev/null 2>&1 3>&- &
    wait_for test -s "$PID"
    kill -KILL $!
    wait $! || true
    kill "$(<"$PID")"
    wait_for no_origin_in "$TMPDIR"
}

@test "a run that could not be watched is no row, and status 1" {
    mkdir without
    printf '#!/bin/sh\necho nothing may be traced here >&2\nexit 1\n' >without/strace
    chmod +x without/strace
    PATH=$PWD/without:$PATH run env WAITBENCH_BUILD="$BUILD" "$PROFILE" --models=sequential --counts=2,4
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output != *"| sequential |"* ]]
}

@test "a fetch sends once, receives once, and costs coroutines what it costs async" {
    run env WAITBENCH_BUILD="$BUILD" "$PROFILE" --models=async,coroutines --counts=100,600
    [ "$status" -eq 0 ]
    [[ $output == *"sendto 1.00"*"recvfrom 1.00"* ]]
    async=$(cell async 1)
    coroutines=$(cell coroutines 1)
    [ "$async" -gt 1000 ]
    # Over thousands they differ by 2 % at most; over so few, batching moves either.
    [ $((coroutines * 100)) -le $((async * 115)) ]
    # The kernel's share is one, and the parts of async's instructions are the whole.
    [[ $(cell async 2) =~ ^[1-9][0-9]?%$ ]]
    parts=$(sed -n '/^| by /,/^$/p' <<<"$output" | awk -F'|' '$3 ~ /^ *-?[0-9]+ *$/ { sum += $3 } END { print sum }')
    echo "$parts of $async"
    ((parts * 100 > async * 99 && parts * 100 < async * 101))
    # None of it is taken for another's: a fetch is mostly libcurl, and hashing 1 KiB is something.
    theirs=$(cell "libcurl itself" 1)
    hashing=$(cell "hashing the body" 1)
    recording=$(cell "recording: drawing a URL, clocks, outcome, digest" 1)
    ((theirs * 2 > async && hashing > 64 && recording > 64))
    [[ $output == *"Recording and hashing: $((hashing + recording)) of "* ]]
    [[ $output == *"| \`malloc\` | libc.so.6 |"* ]]
}
