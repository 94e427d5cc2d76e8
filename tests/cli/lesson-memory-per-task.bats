#!/usr/bin/env bats
# memory-per-task: what can be known beforehand, byte by byte.

setup() {
    load lesson
    lesson_use memory-per-task
    {
        for kind in process thread "coroutine with a stack" "coroutine without a stack"; do
            echo "$kind: proportional (PSS) = 70000"
            echo "$kind: page tables = 100"
            echo "$kind: kernel memory = 100"
            echo "$kind: tasks of the kernel = 0"
            echo "$kind: address spaces = 0"
        done | sed -E '/^(process|thread): tasks/s/0$/1/; /^process: address/s/0$/1/; /^coroutine without.*PSS/s/70000/32/'
    } >figures
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

figure() {
    jq --arg name "$1" '.figures[] | select(.name == $name).value | round' json
}

@test "a thread reserves its stack and a page to guard it; a coroutine its stack or next to nothing" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers reserve memory of their own"
    page=$(getconf PAGESIZE)
    # What is usual is the limit of the stack, which this shell can set.
    (ulimit -s 1024 && "$LESSON" --quick --json=json >/dev/null)
    [ "$(figure 'the usual stack of a thread')" -eq $((1024 * 1024)) ]
    [ "$(figure 'thread: virtual')" -eq $((1024 * 1024 + page)) ]
    [ "$(figure 'thread, small stack: virtual')" -eq $((32 * 1024 + page)) ]
    with=$(figure 'coroutine with a stack: virtual')
    [ "$with" -ge $((64 * 1024)) ] && [ "$with" -lt $((64 * 1024 + page)) ]
    without=$(figure 'coroutine without a stack: virtual')
    [ "$without" -ge 24 ] && [ "$without" -le 64 ]
}

@test "nothing is more in use than reserved, and what is shared out not more than what is resident" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers touch memory of their own"
    lesson_once
    for kind in process thread "thread, small stack" "coroutine with a stack"; do
        [ "$(figure "$kind: resident (RSS)")" -le "$(figure "$kind: virtual")" ]
        [ "$(figure "$kind: proportional (PSS)")" -le "$(figure "$kind: resident (RSS)")" ]
    done
}

@test "the kernel counts one task for a process or thread, none for a coroutine" {
    lesson_once
    [ "$(figure 'process: tasks of the kernel')" -eq 1 ]
    [ "$(figure 'thread: tasks of the kernel')" -eq 1 ]
    [ "$(figure 'coroutine with a stack: tasks of the kernel')" -eq 0 ]
    [ "$(figure 'coroutine without a stack: tasks of the kernel')" -eq 0 ]
    [ "$(figure 'process: address spaces')" -eq 1 ]
    [ "$(figure 'thread: address spaces')" -eq 0 ]
}

@test "doctored figures turn the verdict" {
    [ "$(lesson_verdict .)" = "holds here" ]
    for change in '"process: proportional (PSS)", 9e6' '"thread: page tables", 3e6' \
        '"coroutine with a stack: proportional (PSS)", 5000' '"coroutine without a stack: proportional (PSS)", 80000' \
        '"thread: tasks of the kernel", 0' '"coroutine with a stack: tasks of the kernel", 1' \
        '"thread: address spaces", 1' '"process: address spaces", 0'; do
        [ "$(lesson_verdict "[$change] as [\$name, \$value] | (.figures[] | select(.name == \$name)).value = \$value")" \
            = "does not hold here" ]
    done
    [ "$(lesson_verdict 'del(.figures[0])')" = "not decided here" ]
}
