#!/usr/bin/env bats
# switch-cost: switches as the kernel counts them, and calls as strace does.

setup() {
    load lesson
    lesson_use switch-cost
    lesson_figures <<'END'
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

@test "on one processor each turn is a switch, as the kernel counts them" {
    lesson_once
    [ "$(lesson_figure 'switches in 1,000 turns, at least')" -ge 950 ]
}

@test "writing to a file does not switch voluntarily" {
    lesson_once
    # A file that is to be written back may block once in a while; never at each write.
    [ "$(lesson_figure 'voluntary switches in 1,000 writes to a file')" -lt 100 ]
    [ "$(lesson_figure 'a write to a file')" != null ]
}

# Are there traces of so many processes, or has strace ended?
has_traced() {
    local traces=(calls/*)
    ((${#traces[@]} >= $1)) || ! kill -0 "$TRACED" 2>/dev/null
}

@test "coroutines with stacks ask the kernel for their signal mask only; those without ask nothing" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers' runtime makes calls of its own"
    mkdir calls
    # All 31 rounds have some 300,000 calls to trace; a few rounds, in processes of their own, tell as much.
    # shellcheck disable=SC2016  # for the inner shell
    strace -ff --seccomp-bpf -q -e trace=getppid,rt_sigprocmask -o calls/of bash -c 'echo "$$" >lesson
        exec "$0" --quick' "$LESSON" >/dev/null 2>strace-says 3>&- &
    TRACED=$!
    wait_for has_traced 80 || true
    kill -KILL "$(<lesson)" || true # its children end with it
    wait "$TRACED" || true
    [ -s calls/of."$(<lesson)" ] || skip "strace may not trace here"
    # A round's child that came to its end is found by what it did: one system call 4,000 times …
    # … or 4,000 switches of stacks (and one to begin with), each setting the mask of signals.
    read -r getppid other_getppid masks < <(awk '/^getppid/ {asked[FILENAME]++} /SIG_SETMASK/ {set[FILENAME]++} /exited with 0/ {ended[FILENAME]}
        END {for (f in ended) {
            if (asked[f] == 4000 || asked[f] == 4001) calls++; else if (asked[f] > 1) other++
            if (set[f] >= 4000) masks++}
            print calls + 0, other + 0, masks + 0}' calls/*)
    echo "$getppid $other_getppid $masks"
    # As many of the one as of the other, but for the round in which it was interrupted: no other way sets a mask.
    [ "$getppid" -ge 3 ] && [ "$masks" -ge 3 ] && [ "$other_getppid" -eq 0 ]
    [ $((getppid - masks)) -ge -1 ] && [ $((getppid - masks)) -le 1 ]
}

@test "perf's round trips were measured in the same rounds, where there is perf" {
    lesson_once
    if perf bench sched pipe -l 10 >/dev/null 2>&1; then
        [ "$(lesson_figure 'a round trip of 2 processes, by perf')" != null ]
        jq -e '[.figures[] | select(.name | startswith("a round trip"))]
            | length == 4 and all(.rounds == 31)' json
    else
        [ "$(lesson_figure 'a round trip of 2 processes, by perf')" = null ]
    fi
}

# bats test_tags=plain
@test "where a player or a file cannot be made, it says why" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    # The fourth one is forked by a player.
    SHIM_FORK=at:4 LD_PRELOAD=$BUILD/tests/shim.so run "$LESSON" --quick
    [ "$status" -eq 1 ]
    [ "$output" = "switch-cost: Resource temporarily unavailable" ]
    TMPDIR=$PWD/nowhere run "$LESSON" --quick
    [ "$status" -eq 1 ]
    [ "$output" = "switch-cost: it needs a file without a name in \$TMPDIR, or else in /tmp: No such file or directory" ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        # Threads as dear as processes; coroutines with stacks dearer than threads.
        does not hold here: .figures[1] |= (.low = 2010 | .value = 2100 | .high = 2190)
        does not hold here: .figures[2] |= (.low = 1900 | .value = 2000 | .high = 2100)
        # Too unquiet to tell, or nobody switched.
        not decided here: .figures[0].high = 9000 | .figures[0].low = 1700
        not decided here: .figures[4].value = 500
END
}
