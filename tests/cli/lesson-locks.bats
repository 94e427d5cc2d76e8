#!/usr/bin/env bats
# locks: books that must balance, deadlocks that must be there or not, and the thread sanitizer.

setup() {
    load lesson
    lesson_use locks
    lesson_figures <<'END'
        two busy processes against one = 1.98
        one lock, 2 threads = 20 22 24
        16 locks, 2 threads = 40 42 44
        missing when all obey = 0
        missing when one ignores the lock = 12
        deadlocks in opposite order = 100
        deadlocks in the same order = 0
        deadlocks of coroutines in opposite order = 1
        deadlocks of coroutines in the same order = 0
        one coroutine's wait = 20
        lock held across the await = 200 202 204
        lock released before the await = 20 20.1 20.2
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "the books balance when all obey, and deadlock follows from the order alone" {
    lesson_once
    [ "$(lesson_figure 'missing when all obey')" -eq 0 ]
    # Both hold one lock before either asks for the other: it cannot go well, and in the same order not badly.
    [ "$(lesson_figure 'deadlocks in opposite order')" -gt 0 ]
    [ "$(lesson_figure 'deadlocks in the same order')" -eq 0 ]
    [ "$(lesson_figure 'deadlocks of coroutines in opposite order')" -eq 1 ]
    [ "$(lesson_figure 'deadlocks of coroutines in the same order')" -eq 0 ]
}

@test "ten waits under one lock take no less than all of them added up, ten at one time no less than one" {
    lesson_once
    jq -e '[.figures[] | {(.name): .}] | add | .["one coroutine'"'"'s wait"].value as $nap
        | .["lock held across the await"].low >= 10 * $nap and
          .["lock released before the await"].low >= $nap' json
}

@test "the watchdog kills who is in a circle, and nobody else" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers' runtime makes calls of its own"
    # The watchdog alone, and how the children that it looks after end.
    strace -qq -e trace=kill,wait4 -o calls "$LESSON" --quick --bookings=1000 --json=json >/dev/null ||
        skip "strace may not trace here"
    killed=$(grep -c '^kill(.*SIGKILL' calls)
    # Five tries in each order.
    [ "$((killed * 100 / 5))" -eq "$(lesson_figure 'deadlocks in opposite order')" ]
    [ "$(grep -c 'WTERMSIG(s) == SIGKILL' calls)" -eq "$killed" ]
    # Who was not in a circle ended by itself: the five of the same order at least.
    [ "$(grep -c 'WEXITSTATUS(s) == 0' calls)" -ge $((10 - killed)) ]
}

@test "who is deadlocked sits in two futexes, by the kernel's own account" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers' runtime makes calls of its own"
    mkdir calls
    strace -ff --seccomp-bpf -qq -e trace=futex,exit_group -o calls/of "$LESSON" --quick --bookings=1000 --json=json >/dev/null ||
        skip "strace may not trace here"
    # Of five tries; a machine with much else to do may part the two threads of one.
    deadlocks=$(($(lesson_figure 'deadlocks in opposite order') / 20))
    [ "$deadlocks" -ge 1 ]
    # Threads whose last word is a wait that never returned (strace leaves the call open, `= ?`).
    [ "$(grep -lE 'FUTEX_WAIT.*(unfinished|= \?)' calls/* | wc -l)" -ge $((2 * deadlocks)) ]
}

# bats test_tags=threads
@test "the thread sanitizer names the one who ignores the lock, and the order that deadlocks" {
    nm "$LESSON" | grep -q __tsan_init || skip "built without the thread sanitizer"
    TSAN_OPTIONS='exitcode=66 log_path=stderr' run "$LESSON" --quick --bookings=1000
    [ "$status" -eq 66 ]
    grep -q 'book_first_ignoring' <<<"$output"
    named=$(grep -A2 'WARNING.*data race' <<<"$output" | grep -oE '#0 [a-z_]+' | sort -u)
    if grep -vE ' (book_first_ignoring|book_first_obeying)$' <<<"$named"; then return 1; fi
}

# bats test_tags=plain
@test "on one processor it says what it can, and does not decide" {
    run on_one_processor "$LESSON" --quick --bookings=1000
    [ "$status" -eq 0 ]
    [[ "$output" == *$'\nVerdict: not decided here: '*" do only 1.00 times the work of one, "*"no two processors to give"* ]]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[2] |= (.low = 10 | .value = 11 | .high = 12)
        does not hold here: .figures[3].value = 1
        does not hold here: .figures[4].value = 0
        does not hold here: .figures[5].value = 0
        does not hold here: .figures[6].value = 5
        does not hold here: .figures[7].value = 0
        does not hold here: .figures[8].value = 1
        does not hold here: .figures[10] |= (.low = 59 | .value = 60 | .high = 61)
        does not hold here: .figures[11] |= (.low = 149 | .value = 150 | .high = 151)
        not decided here: .figures[1].high = 41
        not decided here: .figures[0].value = 1.5
END
}

# bats test_tags=plain
@test "the scale of its chart has no more figures than there is room for" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    printf '%s\n' part,way,threads,median,low,high 'bookings,one lock,2,21.5,11.3,37.7' \
        'bookings,nothing shared,2,1565.8,1207.2,1656' 'coroutines,lock held across the await,1,52,51,54' >"$BATS_TEST_TMPDIR/csv"
    cd "$ROOT" || return
    gnuplot -e "data='$BATS_TEST_TMPDIR/csv'; output='$BATS_TEST_TMPDIR/svg'" lessons/locks/locks.gp
    figures=$(grep -c '<text> [0-9]*</text>' "$BATS_TEST_TMPDIR/svg")
    echo "$figures"
    ((figures >= 3 && figures <= 5))
}
