#!/usr/bin/env bats
# cooperative-scheduler: the orders as they stand on the slide, put together from the events in the table.

# The dollars in the filters are jq's.
# shellcheck disable=SC2016

setup() {
    load lesson
    lesson_use cooperative-scheduler
    lesson_figures <<'END'
        5 steps: in the order that must be = 1
        8 steps: in the order that must be = 1
        8 steps without kill: in the order that must be = 1
        8 steps: steps of task 1 = 5
        8 steps without kill: steps of task 1 = 8
        odd tasks = 6
        odd tasks: answered as defined = 6
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --turns=2000
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

play() {
    lesson_once --turns=2000 "$@"
    read_orders
}

# Sets ORDER[SCENARIO] to all that was said in it.
read_orders() {
    local scenario said
    declare -gA ORDER=()
    while IFS='|' read -r scenario said; do
        ORDER[$scenario]=$said
    done < <(awk -F, 'NR > 1 && $4 != "trap" {
            said[$1] = said[$1] sep[$1] $3 ($4 == "step" ? ":" : " ") $5; sep[$1] = ", "}
        END {for (scenario in said) print scenario "|" said[scenario]}' csv)
}

FIVE_STEPS='1 greets, 1:0, 2 greets, 1:1, 2:0, 1:2, 3 greets, 3:0, 2:1, 1:3, 3:1, 2:2, 1:4, 3:2, 1 ended, 3:3, 2 ended, 3:4, 3 ended'
EIGHT_STEPS='1 greets, 1:0, 2 greets, 1:1, 2:0, 1:2, 3 greets, 3:0, 2:1, 1:3, 3:1, 2:2, 1:4, 3:2, 1 ended, 3:3, 2 ended, 3:4, 3:5, 3:6, 3:7, 3 ended'

@test "foo takes five steps: the order is exact" {
    play
    [ "${ORDER[5 steps]}" = "$FIVE_STEPS" ]
}

# What must hold where KillTask works, and not where it is empty.
kill_is_seen() {
    [ "${ORDER[8 steps]}" = "$EIGHT_STEPS" ]
}

@test "foo takes eight steps: the order is exact, and KillTask is what makes it so" {
    play
    kill_is_seen
    play --kill=0
    run ! kill_is_seen
    [ "$(jq -r .verdict json)" = "does not hold here" ]
    # Then task 1 takes all of its eight steps; and five steps cannot tell.
    [ "$(grep -cE '^8 steps,[^,]*,1,step,' csv)" -eq 8 ]
    [ "${ORDER[5 steps]}" = "$FIVE_STEPS" ]
}

# bats test_tags=plain
@test "with KillTask emptied in the source, the same test fails" {
    mkdir -p src/lessons/cooperative-scheduler
    cp "$ROOT"/lessons/cooperative-scheduler/*.[ch] src/lessons/cooperative-scheduler/
    sed -i 's/^    coroutine_close(&task->coroutine);$//; s/^    task->killed = true;$//' \
        src/lessons/cooperative-scheduler/cooperative-scheduler.c
    run ! cmp -s src/lessons/cooperative-scheduler/cooperative-scheduler.c \
        "$ROOT/lessons/cooperative-scheduler/cooperative-scheduler.c"
    "${CC:-cc}" -O1 -std=gnu17 -D_GNU_SOURCE '-DWAITBENCH_VERSION="0"' '-DWAITBENCH_CFLAGS="-O1"' -Isrc -I"$ROOT" \
        -pthread -o emptied src/lessons/cooperative-scheduler/*.c "$ROOT"/lessons/lesson*.c \
        "$ROOT"/common/{output,statistics}.c -lm
    ./emptied --quick --turns=2000 --csv=csv --json=json >/dev/null
    read_orders
    run ! kill_is_seen
    [ "$(jq -r .verdict json)" = "does not hold here" ]
}

@test "a kill of one that is gone misses, a kill of itself does not" {
    play
    [ "${ORDER[who is gone]}" = "2 ended, 1 kill 2=0, 1 kill 99=0, 1 ended" ]
    [ "${ORDER[itself]}" = "1 kills itself, 1 cleans up, 1 ended" ]
}

@test "an id comes again after all others had their turn, and a late kill meets its new owner" {
    play
    # Of four ids task 1 has one; 2 ended before 3 and 4 were given, then it is given again.
    read -r after second third fourth < <(awk -F, '$1 == "an id again" {
            if ($5 ~ /^after/) after = after $5 ";"
            if ($3 == 2 && $4 != "trap") second = second $5 ";"
            if ($4 == "step") steps[$3]++}
        END {gsub(" ", "_", after); print after, second, steps[3] + 0, steps[4] + 0}' csv)
    [ "$after" = "after_3=3;after_4=4;after_2=2;" ]
    [ "$second" = "ended;ended;" ]
    [[ "${ORDER[an id again]}" == *"2 ended, 1 kill 2=1, 1 ended, "* ]]
    # Those that nobody killed took all their steps.
    [ "$third" -eq 6 ]
    [ "$fourth" -eq 6 ]
}

@test "where no id is left there is no task" {
    play
    [ "$(awk -F, '$1 == "too many" && $5 ~ /^new/ {print $5}' csv | tr '\n' ' ')" = "new 1=2 new 2=3 new 3=0 " ]
    [ "$(awk -F, '$1 == "too many" && $4 == "ended"' csv | wc -l)" -eq 3 ]
}

@test "who yields late makes the others wait; who never yields is taken away without cleaning up" {
    play
    [ "${ORDER[yields late]}" = "2:0, 2:1, 2:2, 2 ended, 1 greets, 1:0, 1:1, 1 ended" ]
    [ "${ORDER[never yields]}" = "2 overran, 2 ended, 1 greets, 1:0, 1:1, 1 ended" ]
}

@test "a turn is a yield, a trap or an end: counted in the table" {
    play
    # A task that says something in a turn and then traps or steps has one turn for both.
    lesson_holds '$v["rounds with a turn or an answer too few"] == 0
        and ($csv | split("\n")[1:] | map(split(",")) | . as $rows
            | ["5 steps", "8 steps", "8 steps without kill"]
            | all(. as $scenario | [$rows[] | select(.[0] == $scenario)[1]] | unique | length > 0
                and length == $v["\($scenario): turns"]))' --rawfile csv csv
}

@test "--live shows every event, a line each" {
    "$LESSON" --quick --turns=2000 --live --pause=0 --csv=csv >text
    [ "$(grep -cE '^ +[0-9]+  ' text)" -ge "$(grep -c '^8 steps,' csv)" ]
    [ "$(awk '/^ +turn/ {on = 1; next} /^$/ {exit} on {print $1}' text | tr '\n' ' ')" = \
        "$(awk -F, '$1 == "8 steps" {print $2}' csv | tr '\n' ' ')" ]
}

@test "what --pause and --turns may be it can do in its time" {
    play
    run "$LESSON" --live --pause=5
    [ "$status" -eq 2 ]
    [[ $output =~ "--pause is a number from 0 to "([0-9]+)", not '5'" ]]
    # All of them together take less than half of the two minutes that a lesson has.
    [ $(($(grep -c '^8 steps,' csv) * BASH_REMATCH[1])) -lt 60 ]
    # A million turns are 15 rounds of four ways, of some 2 µs at most.
    run "$LESSON" --turns=1e7
    [ "$status" -eq 2 ]
    [[ $output == *"--turns is a whole number from 2 to 1e+06, not '1e7'"* ]]
}

# bats test_tags=plain
@test "the timer takes the processor away though the caller blocks its signal" {
    run env --block-signal=VTALRM "$LESSON" --quick --turns=1000
    [ "$status" -eq 0 ]
    [[ $output == *"odd tasks: answered as defined "*" 6 "* ]]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0].value = 0
        does not hold here: .figures[1].value = 0
        does not hold here: .figures[2].value = 0
        does not hold here: .figures[3].value = 8
        does not hold here: .figures[4].value = 5
        does not hold here: .figures[6].value = 5
END
}
