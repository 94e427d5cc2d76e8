#!/usr/bin/env bats
# one-big-lock: every step accounted for, the waits by arithmetic, and the thread sanitizer.

setup() {
    load lesson
    lesson_use one-big-lock
    lesson_figures <<'END'
        two busy processes against one = 1.98
        computing: one after another = 98 100 102
        computing: threads under one big lock = 100 102 105
        computing: processes = 50 52 54
        waiting: one after another = 84 85 86
        waiting: threads under one big lock = 42 43 44
        alone, a step under the big lock = 4 5 6
        alone, a step under eight small locks = 60 70 80
        steps asked for = 1000
        steps done = 1000
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "every step that was asked for was done, in each of the four ways" {
    lesson_once
    # Two programs, four ways, eleven rounds: 15,000 steps or 10 waits each.
    [ "$(lesson_figure 'steps asked for')" -eq $((2 * 4 * 11 * (15000 + 10))) ]
    [ "$(lesson_figure 'steps done')" -eq $((2 * 4 * 11 * (15000 + 10))) ]
}

@test "nobody waits less than asked for: one after another twice as long as at one time" {
    lesson_once
    jq -e '[.figures[] | {(.name): .low}] | add | .["waiting: one after another"] >= 2 * 10 * 2 and
        ([.["waiting: threads under one big lock"], .["waiting: threads without it"], .["waiting: processes"]]
            | all(. >= 10 * 2))' json
}

# bats test_tags=threads
@test "the thread sanitizer is content: under the big lock nobody runs beside another" {
    lesson_once
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        # Computing threads gain; waiting ones do not; processes do not; small locks are cheaper.
        does not hold here: .figures[2] |= (.low = 50 | .value = 51 | .high = 52)
        does not hold here: .figures[5] |= (.low = 84 | .value = 85 | .high = 86)
        does not hold here: .figures[3] |= (.low = 98 | .value = 99 | .high = 100)
        does not hold here: .figures[7] |= (.low = 1 | .value = 2 | .high = 3)
        not decided here: .figures[2].low = 80
        not decided here: .figures[3].high = 90
        not decided here: .figures[9].value = 999
        not decided here: .figures[0].value = 1.2
END
}
