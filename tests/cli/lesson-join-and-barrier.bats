#!/usr/bin/env bats
# join-and-barrier: the results' sum is known beforehand; strace sees who joins.

setup() {
    load lesson
    lesson_use join-and-barrier
    # With threads left behind, it would sleep a second at the end of every process.
    export TSAN_OPTIONS="${TSAN_OPTIONS:-} atexit_sleep_ms=0"
    lesson_figures <<'END'
        no join: results = 0 0 3
        join: results = 100 100 100
        a barrier: results = 100 100 100
        a counted queue: results = 100 100 100
        tasks nobody awaits: results = 10 10 10
        tasks awaited: results = 100 100 100
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "complete results add up to the sum of the squares below 100, in every round" {
    lesson_once
    [ "$(tail -n +2 csv | wc -l)" -eq 42 ]
    for way in join "a barrier" "a counted queue" "tasks awaited"; do
        [ "$(awk -F, -v way="$way" '$1 == way {print $3 "," $4}' csv | sort | uniq -c | xargs)" = "7 100,328350" ]
    done
    # Tasks on a loop are made in order: n of them add up to (n-1)n(2n-1)/6.
    awk -F, '$1 == "tasks nobody awaits" && ($3 > 10 || $4 != ($3 - 1) * $3 * (2 * $3 - 1) / 6) {exit 1}' csv
    # Figures are medians of the rows.
    for way in "no join" "tasks nobody awaits"; do
        jq -e --arg name "$way: results" --argjson median \
            "$(awk -F, -v way="$way" '$1 == way {print $3}' csv | sort -n | sed -n 4p)" \
            '.figures[] | select(.name == $name).value == $median' json
    done
}

# bats test_tags=threads
@test "the thread sanitizer is content: whoever looks behind a join, a barrier or a counted queue looks alone" {
    lesson_once
}

@test "after a join no worker is left, after a barrier and a queue all four are" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    lesson_once
    jq -e '[.figures[] | {(.name): .value}] | add | .["join: workers still there"] == 0
        and .["a barrier: workers still there"] == 4 and .["a counted queue: workers still there"] == 4' json
}

# bats test_tags=plain
@test "without /proc it is not known how many workers are left, and not said to be none" {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    run without_proc "$LESSON" --quick --pause=0.0005 --csv=csv
    [ "$status" -eq 0 ]
    [ "$(grep -c ': workers still there *unknown of 4$' <<<"$output")" -eq 4 ]
    awk -F, 'NR > 1 && $5 != "nan" {print; exit 1}' csv
    # The results are counted all the same.
    [[ "$output" == *$'\nVerdict: holds here: '* ]]
}

@test "threads are made for the first four ways alone, four a round" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -f --seccomp-bpf -qq -e trace=%process -o calls "$LESSON" --quick --json=json >/dev/null || skip "strace may not trace here"
    [ "$(grep -c CLONE_THREAD calls)" -eq $((7 * 4 * 4)) ]
    [ "$(grep -c 'SIGCHLD' calls)" -ge $((7 * 6)) ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[1].low = 99
        does not hold here: .figures[2].low = 99
        does not hold here: .figures[3].low = 99
        does not hold here: .figures[5].low = 99
        does not hold here: .figures[0].high = 100
        does not hold here: .figures[4].high = 100
END
}
