#!/usr/bin/env bats
# memory-per-task: what can be known beforehand, byte by byte.

# The dollars in the filters are jq's.
# shellcheck disable=SC2016

setup() {
    load lesson
    lesson_use memory-per-task
    lesson_figures <<'END'
        process: proportional (PSS) = 70000
        process: page tables = 100
        process: kernel memory = 100
        process: tasks of the kernel = 1
        process: address spaces = 1
        thread: proportional (PSS) = 70000
        thread: page tables = 100
        thread: kernel memory = 100
        thread: tasks of the kernel = 1
        thread: address spaces = 0
        coroutine with a stack: proportional (PSS) = 70000
        coroutine with a stack: page tables = 100
        coroutine with a stack: kernel memory = 100
        coroutine with a stack: tasks of the kernel = 0
        coroutine with a stack: address spaces = 0
        coroutine without a stack: proportional (PSS) = 32
        coroutine without a stack: page tables = 100
        coroutine without a stack: kernel memory = 100
        coroutine without a stack: tasks of the kernel = 0
        coroutine without a stack: address spaces = 0
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "a thread reserves its stack and a page to guard it; a coroutine its stack or next to nothing" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers reserve memory of their own"
    page=$(getconf PAGESIZE)
    # What is usual is the limit of the stack, which this shell can set.
    (ulimit -s 1024 && "$LESSON" --quick --json=json >/dev/null)
    lesson_holds '($v | map_values(if . then round else . end)) as $v
        | $v["the usual stack of a thread"] == 1024 * 1024 and $v["thread: virtual"] == 1024 * 1024 + $page
        and $v["thread, small stack: virtual"] == 32 * 1024 + $page
        and ($v["coroutine with a stack: virtual"] | . >= 64 * 1024 and . < 64 * 1024 + $page)
        and ($v["coroutine without a stack: virtual"] | . >= 24 and . <= 64)' --argjson page "$page"
}

@test "nothing is more in use than reserved, and what is shared out not more than what is resident" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers touch memory of their own"
    lesson_once
    lesson_holds '["process", "thread", "thread, small stack", "coroutine with a stack"] | all(
        ($v["\(.): resident (RSS)"] | round) as $resident
        | $resident <= ($v["\(.): virtual"] | round) and ($v["\(.): proportional (PSS)"] | round) <= $resident)'
}

@test "the kernel counts one task for a process or thread, none for a coroutine" {
    lesson_once
    lesson_holds '($v | map_values(if . then round else . end)) as $v
        | $v["process: tasks of the kernel"] == 1 and $v["thread: tasks of the kernel"] == 1
        and $v["coroutine with a stack: tasks of the kernel"] == 0
        and $v["coroutine without a stack: tasks of the kernel"] == 0
        and $v["process: address spaces"] == 1 and $v["thread: address spaces"] == 0'
}

# bats test_tags=plain
@test "what is known only in part is not said as a sum" {
    # gVisor's /proc/meminfo has no KernelStack, so that the kernel's part is not known.
    lesson_doctored '(.figures[] | select(.name == "thread: kernel memory")) |= . + {value: null, low: null, high: null}' |
        "$LESSON" --judge=- >text
    cat text
    [[ $(<text) == "A task that waits takes 70,200 bytes as a process, unknown as a thread "* ]]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: (.figures[] | select(.name == "process: proportional (PSS)")).value = 9e6
        does not hold here: (.figures[] | select(.name == "thread: page tables")).value = 3e6
        does not hold here: (.figures[] | select(.name == "coroutine with a stack: proportional (PSS)")).value = 5000
        does not hold here: (.figures[] | select(.name == "coroutine without a stack: proportional (PSS)")).value = 80000
        does not hold here: (.figures[] | select(.name == "thread: tasks of the kernel")).value = 0
        does not hold here: (.figures[] | select(.name == "coroutine with a stack: tasks of the kernel")).value = 1
        does not hold here: (.figures[] | select(.name == "thread: address spaces")).value = 1
        does not hold here: (.figures[] | select(.name == "process: address spaces")).value = 0
        not decided here: del(.figures[0])
END
}
