#!/usr/bin/env bats
# time-slicing: the slices counted again, and processor time as the kernel adds it up.

setup() {
    load lesson
    lesson_use time-slicing
    lesson_figures <<'END'
        two busy processes against one = 1.98
        1 processor: alive at one time = 4
        1 processor: running at one time = 1
        1 processor: against K·t/M = 1.01
        2 processors: running at one time = 2
        2 processors: against K·t/M = 1.02
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

# The most slices of part $1 that are open at one time, by a sweep over their ends. One that is no longer
# than the hole that a task notices (GAP) may lie in a hole that another did not.
open_at_once() {
    awk -F, -v part="$1" -v gap="$(awk '/define GAP/ {print $3}' "$ROOT/lessons/time-slicing/time-slicing.h")" \
        '$1 == part && $6 - $5 > gap {print $5 ",1"; print $6 ",-1"}' csv | sort -t, -k1,1g -k2,2n |
        awk -F, '{open += $2; if (open > most) most = open} END {print most + 0}'
}

@test "as many slices lie over one another as the figure says, and never more than processors" {
    lesson_once
    [ "$(open_at_once '1 processor')" -eq 1 ]
    [ "$(nice)" -ne 0 ] || [ "$(open_at_once nice)" -eq 1 ]
    [ "$(lesson_figure '1 processor: running at one time')" -eq 1 ]
    [ "$(nproc)" -lt 2 ] || [ "$(open_at_once '2 processors')" -eq "$(lesson_figure '2 processors: running at one time')" ]
    [ "$(nproc)" -lt 2 ] || [ "$(open_at_once '2 processors')" -le 2 ]
    # On one processor all slices are of one processor, of four tasks.
    [ "$(awk -F, '$1 == "1 processor" {print $4}' csv | sort -u | wc -l)" -eq 1 ]
    [ "$(awk -F, '$1 == "1 processor" {print $2}' csv | sort -u | wc -l)" -eq 4 ]
}

@test "each task had the processor time it was to have, and its slices hold no less; nice itself, it leaves nice out" {
    nice -n 5 "$LESSON" --quick --json=json --csv=csv >/dev/null
    jq -e '[.figures[] | select(.name | startswith("nice")).value] == [null, null, null, null]
        and (.answer | test("nan") | not)' json
    # Four times 0.15 s; a task notes that it has had enough a moment late.
    jq -e '[.figures[] | select(.name == "1 processor: computing, in all")][0].value | . >= 0.6 and . < 0.62' json
    # What the kernel counted as computing lies within the slices, interrupts and all, but for their first looks:
    # 0.03 ms a slice, idle (1,100 slices) as beside six that only fork (6,500 slices).
    awk -F, '$1 == "1 processor" {n += $6 - $5; slices++} END {exit !(n + slices * 5e-5 > 0.6 * 0.8)}' csv
}

@test "the shares of nice add up to all, and who is nicer has less" {
    [ "$(nice)" -eq 0 ] || skip "we are nice ourselves"
    lesson_once
    jq -e '[.figures[] | select(.name | startswith("nice")).value] | length == 4 and
        ((add - 100) | fabs < 1e-6) and .[0] > .[1] and .[1] > .[2] and .[2] > .[3]' json
}

@test "--live shows each task's turn, and never two on one processor" {
    "$LESSON" --quick --live --json=json >text
    # Part by part: all lines of looks up to the empty line.
    awk '/^Four tasks on / {part++} / ms  / && NF == 6 {print part, $3 $4 $5 $6}' text >looks
    [ "$(cut -d' ' -f1 looks | uniq | wc -l)" -eq "$(($(nproc) < 2 ? 1 : 2))" ]
    awk '$1 == 1 && gsub(/[0-9]/, "", $2) > 1 {print; exit 1}' looks
    if grep -E ' .*([0-9]).*\1' looks; then return 1; fi
    # Who was seen at work, and how often anybody was: of forty such looks each of the four has some.
    # Where others leave them fewer, more than one has had a turn.
    sed -n 's/^1 //p' looks | grep -oE '^[^0-9]*[0-9]' | awk '{print length}' >seen
    turns=$(sort -u seen | wc -l)
    [ "$turns" -eq 4 ] || { [ "$turns" -ge 2 ] && [ "$(wc -l <seen)" -lt 40 ]; }
    # Where hardware threads share no core, it says so, and decides nothing about them.
    [[ $(cat /sys/devices/system/cpu/smt/active 2>/dev/null) == 1 ]] ||
        jq -e '[.figures[] | select(.name | startswith("two hardware threads")).value] == [null]
            and (.answer | test("not decided"))' json
}

@test "on a terminal --live draws over its own rows" {
    command -v script >/dev/null || skip "script is not installed"
    script -qec "'$LESSON' --quick --live" shown </dev/null >/dev/null
    # Up by four rows before each look but none in the plain lines' form.
    grep -qP '\x1b\[4A  task 1  [0-9.]' shown
    if grep -qE '[0-9] ms  [0-9.] ' shown; then return 1; fi
}

@test "interrupted in --live, it leaves no process and no file" {
    lesson_leaves_nothing --live
}

@test "with hardware threads in pairs it says what the second one brings" {
    FIGURES+='hardware threads share a core = 1
        two hardware threads of a core against one = 1.2 1.3 1.4'
    lesson_doctored . >figures.json
    "$LESSON" --judge=figures.json --json | jq -e '.answer | test("did 1.30 times the work of one")'
}

@test "the answer is made of figures, and says nothing of two processors where there is one" {
    lesson_doctored '.figures[1].value = 3, del(.figures[4,5])' >sets
    while IFS= read -r figures; do
        "$LESSON" --judge=- --json <<<"$figures"
    done <sets >answers
    jq -es 'map(.answer) | (.[0] | startswith("Of four busy tasks 3 were alive at one time; on one processor 1 ran"))
        and (.[0] | test("on two 2, and they took 1.01 and 1.02 times"))
        and (.[1] | test("on one processor 1 ran at any instant, and they took 1.01 times")) and (.[1] | test("nan") | not)' answers
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[2].value = 2
        does not hold here: .figures[4].value = 3
        does not hold here: .figures[3].value = 0.9
        does not hold here: .figures[5].value = 0.9
        # Others used the processors, or the tasks never met.
        not decided here: .figures[3].value = 1.7
        not decided here: .figures[1].value = 3
        not decided here: .figures[4].value = 1
        not decided here: .figures[0].value = 1.5
END
}
