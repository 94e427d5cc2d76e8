#!/usr/bin/env bats
# switch-cost: switches as the kernel counts them, and calls as strace does.

setup() {
    load lesson
    lesson_use switch-cost
    cat >figures <<'END'
        2 processes by pipe = 2000 2100 2200
        2 threads by pipe = 1600 1700 1800
        2 coroutines with stacks = 280 290 300
        2 coroutines without stacks = 2.0 2.1 2.2
        switches in 1,000 turns, at least = 1000
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

figure() {
    jq --arg name "$1" '.figures[] | select(.name == $name).value' json
}

@test "on one processor each turn is a switch, as the kernel counts them" {
    lesson_once
    [ "$(figure 'switches in 1,000 turns, at least')" -ge 950 ]
}

@test "writing to a file does not switch voluntarily" {
    lesson_once
    # A file that is to be written back may block once in a while; never at each write.
    [ "$(figure 'voluntary switches in 1,000 writes to a file')" -lt 100 ]
    [ "$(figure 'a write to a file')" != null ]
}

@test "coroutines with stacks ask the kernel for their signal mask only; those without ask nothing" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers' runtime makes calls of its own"
    mkdir calls
    strace -ff --seccomp-bpf -qq -e trace=getppid,rt_sigprocmask -o calls/of "$LESSON" --quick >/dev/null ||
        skip "strace may not trace here"
    # 31 rounds, each in a child of its own, found by what it did: one system call 4,000 times …
    [ "$(grep -c getppid calls/* | awk -F: '$2 == 4001 || $2 == 4000' | wc -l)" -eq 31 ]
    # … or 4,000 switches of stacks (and one to begin with), each setting the mask of signals.
    [ "$(grep -c SIG_SETMASK calls/* | awk -F: '$2 >= 4000' | wc -l)" -eq 31 ]
}

@test "perf's round trips were measured in the same rounds, where there is perf" {
    lesson_once
    if perf bench sched pipe -l 10 >/dev/null 2>&1; then
        [ "$(figure 'a round trip of 2 processes, by perf')" != null ]
        jq -e '[.figures[] | select(.name | startswith("a round trip"))]
            | length == 4 and all(.rounds == 31)' json
    else
        [ "$(figure 'a round trip of 2 processes, by perf')" = null ]
    fi
}

@test "doctored figures turn the verdict" {
    [ "$(lesson_verdict .)" = "holds here" ]
    # Threads as dear as processes; coroutines with stacks dearer than threads.
    [ "$(lesson_verdict '.figures[1] |= (.low = 2010 | .value = 2100 | .high = 2190)')" = "does not hold here" ]
    [ "$(lesson_verdict '.figures[2] |= (.low = 1900 | .value = 2000 | .high = 2100)')" = "does not hold here" ]
    # Too unquiet to tell, or nobody switched.
    [ "$(lesson_verdict '.figures[0].high = 9000 | .figures[0].low = 1700')" = "not decided here" ]
    [ "$(lesson_verdict '.figures[4].value = 500')" = "not decided here" ]
}
