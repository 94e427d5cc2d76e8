#!/usr/bin/env bats
# scripts/profile: instructions and system calls a fetch.
# bats file_tags=plain,slow

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

@test "what it does not understand is refused" {
    for wrong in --counts=5 --counts=9,3 --concurrency=0 --models --else; do
        run "$PROFILE" "$wrong"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
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
