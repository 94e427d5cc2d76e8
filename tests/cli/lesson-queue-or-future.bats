#!/usr/bin/env bats
# queue-or-future: the results' sum is known beforehand; strace counts threads and processes.

setup() {
    load lesson
    lesson_use queue-or-future
    lesson_figures <<'END'
        two busy processes against one = 2
        computing: processes to threads = 0.5 0.6 0.7
        waiting: processes to threads = 1.2 1.3 1.4
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --numbers=80000
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "all results are there in every round: their sums are known" {
    lesson_once --numbers=80000
    [ "$(tail -n +2 csv | wc -l)" -eq 56 ]
    # Each number below N leaves one of eight remainders; 100 + 101 + … + 107.
    [ "$(awk -F, '$1 == "computing" {print $5}' csv | sort -u)" = 80000 ]
    [ "$(awk -F, '$1 == "waiting" {print $5}' csv | sort -u)" = 828 ]
    awk -F, '$1 == "waiting" && $4 < 0.02 {exit 1}' csv
}

@test "eight threads or eight processes are made each time" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -qq -e trace=clone,clone3,fork -o calls "$LESSON" --quick --numbers=1000 --wait=0.001 --json=json >/dev/null ||
        skip "strace may not trace here"
    [ "$(grep -c 'CLONE_THREAD.* = [1-9]\|CLONE_THREAD.*=> ' calls)" -eq $((7 * 2 * 2 * 8)) ]
    # And one and two, some times, to see whether there are two processors; where it may use one, that is known.
    made=$(grep -v CLONE_THREAD calls | grep -cE "^(clone|clone3|fork)\\(.* = [1-9]")
    [ $((made > 7 * 2 * 2 * 8)) -eq $(($(nproc) > 1)) ]
    [ $(((made - 7 * 2 * 2 * 8) % 3)) -eq 0 ]
}

@test "the lines of code are those of the file" {
    lesson_once --numbers=80000
    file=$ROOT/lessons/queue-or-future/queue-or-future.c
    # From the enum that begins a part to the blank line before the next part.
    for part in THREADS_QUEUE:"threads with a queue" THREADS_FUTURE:"threads with futures" \
        PROCESSES_QUEUE:"processes with a queue" PROCESSES_FUTURE:"processes with futures"; do
        count=$(awk -v begins="enum { ${part%%:*} =" 'inside && /^(\/\* ---|enum \{ THE_END)/ {exit}
            inside {n++} index($0, begins) == 1 {inside = 1} END {print n - 2}' "$file")
        jq -e --arg name "${part#*:}: lines of code" --argjson count "$count" \
            '.figures[] | select(.name == $name).value == $count' json
    done
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[1] |= (.low = 0.96 | .value = 1 | .high = 1.1)
        does not hold here: .figures[2] |= (.low = 0.9 | .value = 1 | .high = 1.04)
        not decided here: .figures[1].high = 1
        not decided here: .figures[2].low = 1
        not decided here: .figures[0].value = 1.5
END
}
