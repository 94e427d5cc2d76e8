#!/usr/bin/env bats
# stackless-coroutines: every transcript word for word, as it stands on the slides, not as the program expects it.

setup() {
    load lesson
    lesson_use stackless-coroutines
    lesson_figures <<'END'
        transcripts = 13
        transcripts that are as they must be = 13
        static: two callers share one count = 1
        struct: two callers have one each = 1
        rounds with another sum = 0
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

# What part $1 said, without the blank at its end.
said() {
    awk -F, -v name="$1" '$1 == "transcript" && $2 == name {sub(/ $/, "", $7); print $7}' csv
}

@test "the transcripts are exact" {
    lesson_once --resumes=10
    [ "$(said 'static counter: one caller')" = "0 1 2 3 4" ]
    [ "$(said 'static counter: two callers')" = "A:5 B:6 A:7 B:8 A:9 B:10" ]
    [ "$(said 'struct counter: two callers')" = "A:0 B:0 A:1 B:1 A:2 B:2" ]
    [ "$(said 'a list that ends')" = "C Java Python ended ended" ]
    [ "$(said 'send and receive')" = "Starting | Consume data | Hello World |" ]
    [ "$(said 'read to the end')" = "opened 1 2 3 closed" ]
    [ "$(said 'closed early')" = "opened 1 closed ended" ]
    [ "$(said 'a range of two ranges')" = "$(seq -s ' ' 0 19)" ]
    [ "$(said 'a tree: left first')" = "7 8 1 2 9 10 3 0 4 5 6" ]
    [ "$(said 'a local that is forgotten')" = "0 1 1 1 1" ]
}

@test "Fibonacci is the same in every form, and as awk adds it up" {
    lesson_once --resumes=10
    numbers=$(awk 'BEGIN {for (b = 1; n++ < 10; b = a - b) {printf "%s%d", (n > 1 ? " " : ""), a; a += b}}')
    [ "$numbers" = "0 1 1 2 3 5 8 13 21 34" ]
    for form in static struct coroutine.h; do
        [ "$(said "Fibonacci: $form")" = "$numbers" ]
    done
}

@test "--live says the same, a line each" {
    "$LESSON" --quick --resumes=10 --live --csv=csv >text
    # The name, in which a comma is a colon in the table, and what was said.
    sed -n 's/^  \(.\{28\}\) /\1,/p' text | head -n 13 | sed -e 's/, /: /' -e 's/ *,/,/' >live
    awk -F, '$1 == "transcript" {print $2 "," $7}' csv | diff - live
}

@test "what was yielded adds up in every round, however many are asked for" {
    for n in 1 7 1000; do
        "$LESSON" --quick --resumes="$n" --json=json >/dev/null
        jq -e --argjson sum "$(seq 0 $((n - 1)) | awk '{s += $1} END {print s}')" '[.figures[] | {(.name): .value}]
            | add | .["their sum, expected"] == $sum and .["rounds with another sum"] == 0' json
    done
}

# bats test_tags=plain
@test "the bytes are those that a program of its own is told" {
    printf '%s\n' '#include <stdio.h>' '#include "coroutines/coroutine.h"' 'int main(void) {' \
        'struct { struct coroutine c; int next, end; } range; int by_hand[2];' \
        'printf("%zu %zu %zu\n", sizeof by_hand, sizeof(struct coroutine), sizeof range); }' >size.c
    "${CC:-cc}" -I"$ROOT" -o size size.c
    lesson_once --resumes=10
    [ "$(jq -r '[.figures[] | select(.unit == "bytes").value | tostring] | join(" ")' json)" = "$(./size)" ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[1].value = 12
        does not hold here: .figures[2].value = 0
        does not hold here: .figures[3].value = 0
        does not hold here: .figures[4].value = 1
END
}
