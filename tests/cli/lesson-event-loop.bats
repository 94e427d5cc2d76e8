#!/usr/bin/env bats
# event-loop: typed at by a pseudo-terminal; the order of events is counted again from their rows.

setup() {
    load lesson
    lesson_use event-loop
    lesson_figures <<'END'
        nothing blocks: out of place = 0 0 0
        one callback blocks: out of place = 2 2 2
END
}

teardown() {
    [ -z "${TYPIST_OPEN:-}" ] || exec 7>&-
    [ -z "${SCRIPT_PID:-}" ] || kill "$SCRIPT_PID" 2>/dev/null || true
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "every tick and line came once; those out of place are counted again by sorting" {
    lesson_once
    # Six rounds of two ways; 11 ticks and 10 lines; each backend as often as the others.
    [ "$(tail -n +2 csv | cut -d, -f1-4 | sort | uniq -c | awk '{print $1}' | sort -u | xargs)" = "10 11" ]
    [ "$(tail -n +2 csv | cut -d, -f2 | sort | uniq -c | awk '{print $1}' | sort -u)" = 84 ]
    # No tick is called before it is due, no line before it is typed.
    awk -F, 'NR > 1 && $6 < $5 {exit 1}' csv
    # An event is out of place if anything called before it was due after it: quadratic, but plain.
    for way in "nothing blocks" "one callback blocks"; do
        counted=$(awk -F, -v way="$way" '$1 == way {due[$3, ++n[$3]] = $5}
            END {for (round in n) {c = 0; for (i = 1; i <= n[round]; i++) {bad = 0
                for (j = 1; j < i; j++) bad = bad || due[round, j] > due[round, i]; c += bad} print c}}' csv |
            sort -n | sed -n '3p;4p' | awk '{sum += $1} END {print sum / 2}')
        jq -e --arg name "$way: out of place" --argjson counted "$counted" \
            '.figures[] | select(.name == $name).value == $counted' json
    done
    # While the third line's callback sleeps (60 ms), nothing is called: the gap is in the rows.
    awk -F, '$1 == "one callback blocks" {if (last[$3] && $6 - last[$3] > gap[$3]) gap[$3] = $6 - last[$3]; last[$3] = $6}
        END {for (round in gap) if (gap[round] < 0.0599) exit 1}' csv
}

@test "add 1 and add 666: 2 and 667 in one wait, 668 in two" {
    lesson_once
    jq -e '[.figures[] | {(.name): .value}] | add | .["together: 1 plus 1"] == 2 and
        .["together: 1 plus 666"] == 667 and .["in turn: 1 plus 1 plus 666"] == 668
        and .["together: it took"] >= 1 and .["in turn: it took"] >= 2' json
}

# Usage: screen_has PATTERN
screen_has() {
    grep -q "$1" screen
}

screen_has_ticks() {
    [ "$(grep -c '^tick ' screen)" -ge "$1" ]
}

@test "at a terminal: a clock ticks before, between and after what is typed" {
    command -v script >/dev/null || skip "script is not installed"
    mkfifo keys
    # The sixtieth tick ends it: on a busy machine that must be far away.
    script -qefc "$LESSON --live --quick --tick=0.25" screen <keys >/dev/null 2>&1 3>&- &
    SCRIPT_PID=$!
    exec 7>keys
    TYPIST_OPEN=yes
    wait_for screen_has_ticks 1
    echo hello >&7
    wait_for screen_has '^you typed: hello'
    ticks=$(grep -c '^tick ' screen)
    wait_for screen_has_ticks $((ticks + 2))
    echo world >&7
    wait_for screen_has '^you typed: world'
    echo end >&7
    wait_for screen_has '^you typed: end'
    wait_for screen_has '^Verdict: '
    exec 7>&-
    TYPIST_OPEN=
    wait "$SCRIPT_PID" || true
    SCRIPT_PID=
    # In this order, with ticks between: what was typed is echoed by the terminal and by the lesson.
    tr -d '\r' <screen | grep -nE '^(tick|you typed)' | sed 's/, .* late//' >order
    [ "$(grep -c 'you typed' order)" -eq 3 ]
    awk -F: '/you typed: hello/ {hello = NR} /you typed: world/ {world = NR}
        END {exit !(hello > 1 && world > hello + 2)}' order
    # After "end" there was no further tick.
    [[ "$(tail -n 1 order)" == *"you typed: end" ]]
}

@test "--live ends with \"end\", whatever is typed behind it" {
    mkfifo keys
    "$LESSON" --live --quick --tick=1.5 <keys >screen 3>&- &
    SCRIPT_PID=$!
    exec 7>keys
    TYPIST_OPEN=yes
    # In one piece, so that both lines are read before the loop is asked whether it is over.
    printf 'end\nmore\n' >&7
    # The input stays open: nothing else ends it but the sixtieth tick.
    wait_for screen_has '^Verdict: '
}

@test "--live ends when its input does, and when that is a file" {
    echo "a line" >typed
    run "$LESSON" --live --quick --tick=0.05 <typed
    [ "$status" -eq 0 ]
    [[ "$output" == *"you typed: a line"*"tick 1, "*"Verdict: "* ]]
    run "$LESSON" --live --quick --tick=0.05 </dev/null
    [ "$status" -eq 0 ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0].value = 1
        does not hold here: .figures[1].low = 0
END
}
