#!/usr/bin/env bats
# await-race: totals known beforehand, and a loss that can be computed without a run.

setup() {
    load lesson
    lesson_use await-race
    lesson_figures <<'END'
        no await between: lost = 0 0 0
        an await between: lost = 9990 9990 9990
        the await before: lost = 0 0 0
        a coroutine lock: lost = 0 0 0
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "counted and lost make up the updates; with an await between just one coroutine's worth is left" {
    "$LESSON" --csv=csv --json=json >/dev/null
    awk -F, 'NR > 1 && $5 + $6 != $2 * $3 {exit 1}' csv
    awk -F, 'NR > 1 && $1 != "an await between" && $6 != 0 {exit 1}' csv
    # All read the same, all write the same: n coroutines that add k times leave k.
    awk -F, '$1 == "an await between" && $5 != $3 {exit 1}' csv
    # Seven runs, each the same.
    [ "$(awk -F, 'NR > 1 {print $1 "," $2 "," $5}' csv | sort | uniq -c | awk '{print $1}' | sort -u)" = 7 ]
    [ "$(jq '.figures[] | select(.name == "an await between: lost").value' json)" -eq 9990 ]
}

@test "the number of resumptions is what the code says: one an await, and one to begin" {
    "$LESSON" --tasks=100 --times=5 --json=json >/dev/null
    jq -e '[.figures[] | {(.name): .value}] | add | .["no await between: resumed"] == 600
        and .["an await between: resumed"] == 600 and .["the await before: resumed"] == 600
        and .["a coroutine lock: resumed"] > 600' json
}

@test "one coroutine alone has nobody to lose to and is not tried; two are enough" {
    run "$LESSON" --tasks=1
    [ "$status" -eq 2 ]
    [[ "$output" == *"--tasks is a whole number from 2 to 1000, not '1'"* ]]
    run "$LESSON" --tasks=2 --times=1
    [ "$status" -eq 0 ]
    [[ "$output" == *"Verdict: holds here: nothing is lost without an await between, with it 1 in every run; "* ]]
}

@test "it is one thread and one process" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -f --seccomp-bpf -qq -e trace=%process -o calls "$LESSON" --quick --json=json >/dev/null || skip "strace may not trace here"
    [ "$(grep -cE '(clone3?|fork)\(' calls)" -eq 0 ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0].high = 1
        does not hold here: .figures[2].high = 1
        does not hold here: .figures[3].high = 1
        does not hold here: .figures[1].low = 0
        does not hold here: .figures[1].high = 9991
END
}
