#!/usr/bin/env bats
# limits: how many there can be, by arithmetic.

setup() {
    load lesson
    lesson_use limits
    lesson_figures <<'END'
        processes under RLIMIT_NPROC = 63
        processes under RLIMIT_NPROC: the limit = 64
        processes under RLIMIT_NPROC: told = 11
        threads under RLIMIT_NPROC = 63
        threads under RLIMIT_NPROC: the limit = 64
        threads under RLIMIT_NPROC: told = 11
        coroutines under RLIMIT_NPROC: told = 0
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "as root it becomes a user with nothing else running, and gets all the limit but its own task" {
    ((EUID == 0)) || skip "another process of this user may come or go"
    [[ $BUILD != *sanitize-thread ]] || skip "the thread sanitizer has a task of its own"
    "$LESSON" --json=json >/dev/null
    [ "$(lesson_figure 'processes under RLIMIT_NPROC: the limit')" -eq 64 ]
    [ "$(lesson_figure 'processes under RLIMIT_NPROC')" -eq 63 ]
    [ "$(lesson_figure 'threads under RLIMIT_NPROC')" -eq 63 ]
    # And root is not stopped.
    [ "$(lesson_figure "root's processes under RLIMIT_NPROC")" -eq 200 ]
    [ "$(lesson_figure "root's processes under RLIMIT_NPROC: told")" -eq 0 ]
}

@test "as many stacks as the addresses have room for" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers need all addresses for themselves"
    (ulimit -s 4096 && "$LESSON" --json=json >/dev/null)
    page=$(getconf PAGESIZE)
    # Whole stacks, each with its guard page, in 64 MiB.
    [ "$(lesson_figure 'threads under RLIMIT_AS')" -eq $(((64 << 20) / ((4096 << 10) + page))) ]
    # All but what the C library needs beside them.
    small=$(lesson_figure 'threads with small stacks under RLIMIT_AS')
    [ "$small" -le $(((64 << 20) / ((32 << 10) + page))) ] && [ "$small" -gt $(((64 << 20) / ((32 << 10) + page) - 100)) ]
    [ "$(lesson_figure 'coroutines with stacks under RLIMIT_AS')" -eq $(((64 << 20) / (64 << 10))) ]
    without=$(lesson_figure 'coroutines without stacks under RLIMIT_AS')
    [ "$without" -gt $(((64 << 20) / 64)) ] && [ "$without" -le $(((64 << 20) / 24)) ]
}

@test "as many files as the limit leaves beside those that are open" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers may open files of their own"
    # shellcheck disable=SC2016  # for the inner shell
    bash -c 'for fd in /proc/$$/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done
        exec "$0" --json=json' "$LESSON" >/dev/null
    [ "$(lesson_figure 'descriptors under RLIMIT_NOFILE')" -eq 61 ]
    [ "$(lesson_figure 'descriptors under RLIMIT_NOFILE: told')" -eq 24 ] # EMFILE
}

# bats test_tags=plain
@test "where nothing was refused it does not say that something was told" {
    lesson_doctored '(.figures[] | select(.name == "processes under RLIMIT_NPROC: told")).value = 0' |
        "$LESSON" --judge=- >text
    cat text
    [[ $(<text) == *" and then was refused none; "* && $(<text) != *Success* ]]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[2].value = 12
        does not hold here: .figures[2].value = 0
        does not hold here: .figures[0].value = 64
        does not hold here: .figures[5].value = 0
        does not hold here: .figures[3].value = 99
        does not hold here: .figures[6].value = 11
        not decided here: del(.figures[3])
        not decided here: .figures[0].value = 0
        not decided here: .figures[3].value = 0
END
}
