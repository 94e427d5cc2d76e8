#!/usr/bin/env bats
# What the event loop's backends say when they cannot be used.
# bats file_tags=plain
# (a sanitizer that looks for leaks does not run under strace)

setup() {
    load lib
}

teardown() {
    origin_stop
}

@test "where io_uring is refused, the run ends with 3 and one line that says so" {
    command -v strace >/dev/null || skip "no strace"
    strace -o /dev/null true 2>/dev/null || skip "processes may not be traced here"
    for errno in EPERM ENOSYS; do
        for model in async coroutines "hybrid --inside=async"; do
            read -ra command <<<"$model"
            run strace -f -o /dev/null -e inject=io_uring_setup:error=$errno \
                "$BUILD/${command[0]}" "${command[@]:1}" --backend=uring http://127.0.0.1:1/
            [ "$status" -eq 3 ]
            [ "${#lines[@]}" -eq 1 ]
            [[ $output == *"io_uring is refused"*"take another --backend"* ]]
        done
    done
}

@test "an io_uring whose ring may overflow for ever is refused likewise" {
    command -v strace >/dev/null || skip "no strace"
    strace -o /dev/null true 2>/dev/null || skip "processes may not be traced here"
    run strace -o /dev/null -e inject=io_uring_register:error=EINVAL "$BUILD/async" --backend=uring http://127.0.0.1:1/
    [ "$status" -eq 3 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *"before 5.19"*"take another --backend"* ]]
}

@test "where epoll_pwait2 is not there, epoll waits in milliseconds" {
    command -v strace >/dev/null || skip "no strace"
    strace -o /dev/null true 2>/dev/null || skip "processes may not be traced here"
    origin_start
    run strace -o "$BATS_TEST_TMPDIR/calls" -e inject=epoll_pwait2:error=ENOSYS \
        "$BUILD/async" -q -n 20 -u "$ORIGIN/item/{}?delay=20ms"
    [ "$status" -eq 0 ]
    [ "$(grep -c epoll_pwait2 "$BATS_TEST_TMPDIR/calls")" -eq 1 ] # asked once, not each turn
    grep -q 'epoll_wait(' "$BATS_TEST_TMPDIR/calls"
}
