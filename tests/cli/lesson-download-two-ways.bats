#!/usr/bin/env bats
# download-two-ways: the files are what the server sends, by cksum; the calls are those that strace
# sees; the lines are those of the file.

setup() {
    load lesson
    lesson_use download-two-ways
    lesson_figures <<'END'
        different checksums = 1
        select loop: lines = 33
        select loop: branches = 12
        coroutines: lines = 27
        coroutines: branches = 3
        select loop, all there: system calls = 2129
        coroutines, all there: system calls = 2129
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --files=10 --kibibytes=3
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "every way stores what the server was asked for, each time" {
    lesson_once --files=10 --kibibytes=3
    # File k, line n: two numbers in 16 bytes.
    sum=$(awk 'BEGIN {for (k = 0; k < 10; k++) for (n = 0; n < 3 * 64; n++) printf "%07d %07d\n", k, n}' | cksum)
    [ "$(wc -l <csv)" -eq $((1 + 7 * 2 * 3)) ]
    awk -F, -v sum="${sum%% *}" 'NR > 1 && $NF != sum {print; exit 1}' csv
    [ "$(lesson_figure "checksum of all files")" = "${sum%% *}" ]
}

@test "with everything there, both make the same calls: each KiB read and written, each end read, a wait a turn" {
    lesson_once --files=10 --kibibytes=3
    awk -F, '/^all there/ && ($6 != 4 || $7 != 10 * 4 || $8 != 10 * 3) {print; exit 1}' csv
    awk -F, '/^as it comes/ && ($7 < 10 * 4 || $8 < 10 * 3 || $6 < 1) {print; exit 1}' csv
    [ "$(lesson_figure "select loop, all there: system calls")" -eq 74 ]
    [ "$(lesson_figure "coroutines, all there: system calls")" -eq 74 ]
    # Epoll is opened once, and told of each socket once.
    [ "$(lesson_figure "coroutines on epoll, all there: system calls")" -eq $((74 + 1 + 10)) ]
}

@test "strace sees as many calls as the lesson counts" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "a sanitizer traces by itself"
    strace -qq -e trace=select,pselect6,epoll_wait,epoll_pwait,epoll_pwait2,epoll_ctl,write -o calls \
        "$LESSON" --quick --files=5 --kibibytes=2 --csv=csv >/dev/null || skip "strace may not trace here"
    [ "$(grep -cE '^p?select6?\(' calls)" -eq "$(awk -F, '$2 != "coroutines on epoll" {n += $6} END {print n}' csv)" ]
    # Where epoll_pwait2 is not known, the first wait asks for it in vain.
    [ "$(grep '^epoll_p*wait' calls | grep -vc ENOSYS)" -eq \
        "$(awk -F, '$2 == "coroutines on epoll" {n += $6} END {print n}' csv)" ]
    [ "$(grep -c 'EPOLL_CTL_ADD' calls)" -eq $((7 * 2 * 5)) ]
    # Without the CSV and what else is printed.
    [ "$(grep -cE '^write\([0-9]+, "[ 0-9]' calls)" -eq "$(awk -F, '{n += $8} END {print n}' csv)" ]
}

@test "lines and branches are those of the file" {
    lesson_once --files=10 --kibibytes=3
    file=$ROOT/lessons/download-two-ways/download-two-ways.c
    for part in 'select loop:a select loop' 'coroutines:coroutines'; do
        # From the part's heading to the next one, without blank lines and comments of one line.
        awk -v from="^/[*] --- ${part#*:} " '$0 ~ from {on = 1; next} /^\/[*] ---/ {on = 0} on && NF && !/^\/[*]/' "$file" >lines
        [ "$(lesson_figure "${part%%:*}: lines")" -eq "$(wc -l <lines)" ]
        [ "$(lesson_figure "${part%%:*}: branches")" -eq "$(grep -oE '\b(if|for|while) \(| \? |&& |\|\| |CO_AWAIT' lines | wc -l)" ]
    done
}

@test "where its descriptors are beyond what select() can watch, it says so" {
    # 900 are open already; bash opens those of 10 and above.
    # shellcheck disable=SC2016  # the inner shell's
    run bash -c 'ulimit -n 2048 || exit 77; for i in {1..900}; do exec {fd}</dev/null; done
        exec "$@"' bash "$LESSON" --quick --files=256 --kibibytes=1
    [ "$status" -ne 77 ] || skip "fewer descriptors are let"
    [ "$status" -eq 1 ]
    [ "$output" = "download-two-ways: select() watches descriptors below 1024 alone, and others are open: Too many open files" ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        not decided here: .
        does not hold here: .figures[0].value = 2
END
}
