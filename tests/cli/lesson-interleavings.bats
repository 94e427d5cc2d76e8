#!/usr/bin/env bats
# interleavings: every order written out by another way of counting, every trial accounted for.

setup() {
    load lesson
    lesson_use interleavings
    lesson_figures <<'END'
        threads on 1 processor: orders seen, of 252 = 4
        threads on 2 processors: orders seen, of 252 = 170
        coroutines: orders seen, of 252 = 1
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --trials=500
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "the table holds exactly the 252 orders, in the alphabet's order, for each" {
    lesson_once --trials=500
    # All words of ten letters with five of each: by counting in binary.
    awk 'BEGIN {for (n = 0; n < 1024; n++) {
            word = ""; bs = 0
            for (bit = 9; bit >= 0; bit--) {one = int(n / 2 ^ bit) % 2; bs += one; word = word (one ? "B" : "A")}
            if (bs == 5) print word}}' >words
    [ "$(wc -l <words)" -eq 252 ]
    for who in "threads on 1 processor" coroutines; do
        awk -F, -v who="$who" '$1 == who {print $3}' csv | diff - words
    done
}

@test "each trial is counted once, and the orders seen are those with a count" {
    lesson_once --trials=500
    while IFS=, read -r who orders trials; do
        [ "$trials" -eq 500 ]
        [ "$(jq --arg name "$who: orders seen, of 252" '.figures[] | select(.name == $name).value' json)" -eq "$orders" ]
    done < <(awk -F, 'NR > 1 {orders[$1] += $4 > 0; trials[$1] += $4}
        END {for (who in orders) print who "," orders[who] "," trials[who]}' csv)
}

@test "coroutines take turns, letter by letter, in every trial" {
    lesson_once --trials=500
    [ "$(awk -F, '$1 == "coroutines" && $4 > 0 {print $3 "," $4}' csv)" = "ABABABABAB,500" ]
}

# bats test_tags=threads
@test "the thread sanitizer is content: the order is not determined, and yet nobody races" {
    lesson_once --trials=500
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[2].value = 2
        does not hold here: .figures[0].value = 1 | .figures[1].value = 1
        # One processor alone can show it.
        holds here: del(.figures[1])
END
    # And then nothing is said of two. The last one asked for is the last in `said`.
    jq -es 'last.answer | test("threads showed 4 on one processor; coroutines showed 1")' said
    jq -es 'first.answer | test("threads showed 4 on one processor and 170 on two; coroutines")' said
}

@test "--trials is a number within bounds" {
    for trials in 0 1e7 many; do
        run "$LESSON" --trials="$trials"
        [ "$status" -eq 2 ]
    done
}
