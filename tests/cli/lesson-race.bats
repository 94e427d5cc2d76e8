#!/usr/bin/env bats
# race: totals that are known beforehand, and the thread sanitizer's opinion.

setup() {
    load lesson
    lesson_use race
    lesson_figures <<'END'
        two busy processes against one = 2
        mutex: lost = 0
        spinlock: lost = 0
        atomic: lost = 0
        own copy: lost = 0
        children, own memory: the parent reads = 0
        children, shared memory: lost = 40
        no lock on 2 processors: lost = 40
        increments at most = 10000000
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --most=1e6
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "what was counted and what was lost make up the increments, in every race" {
    lesson_once --most=1e6
    [ "$(awk -F, 'NR > 1 && $5 + $6 != $4' csv)" = "" ]
    # A cure counts each one: the total is known.
    [ "$(awk -F, '$1 ~ /^(mutex|spinlock|atomic|own copy)$/ && $5 != $4' csv)" = "" ]
    [ "$(awk -F, '$1 ~ /^(mutex|spinlock|atomic|own copy)$/' csv | wc -l)" -eq 40 ]
    # One thread alone loses nothing, lock or none.
    [ "$(awk -F, 'NR > 1 && $2 == 1 && $6 != 0' csv)" = "" ]
    # With a yield between the steps on one processor, updates are lost; no luck is needed.
    awk -F, '$1 == "no lock with a yield" && $4 == 1000 && $6 > 0 {n++} END {exit n != 5}' csv
    # The figure is the median of the rows; on one processor there are none of two.
    [ "$(nproc)" -lt 2 ] || [ "$(awk -F, '$1 == "no lock on 2 processors" && $4 == 1000000 {print $6 / 10000}' csv | sort -g | sed -n 3p)" = \
        "$(jq -r '.figures[] | select(.name == "no lock on 2 processors: lost").value' json)" ]
}

@test "--live shows every way's counter, and only without a lock it falls behind" {
    "$LESSON" --quick --live --most=10000 >text
    [ "$(grep -c 'the counter says' text)" -eq $((7 * 20)) ]
    # "to count N, the counter says M": the last line of each cure says all, the broken ones with a yield do not.
    awk '/the counter says/ {way = $0; sub(/ *\[.*/, "", way); sub(/^ */, "", way)
            n = $0; sub(/.*to count +/, "", n); split(n, part, /, the counter says +/)
            asked[way] = part[1] + 0; counted[way] = part[2] + 0}
        END {for (way in asked) {
            if (asked[way] != 10000 || counted[way] > asked[way]) {print way, asked[way]; bad = 1}
            if (way !~ /no lock/ && counted[way] != asked[way]) {print way, counted[way]; bad = 1}
            if (way ~ /yield/ && counted[way] == asked[way]) {print way; bad = 1}}
            exit bad}' text
}

@test "interrupted in --live, it leaves no process and no file" {
    lesson_leaves_nothing --live
}

# bats test_tags=plain
@test "on one processor it says what it can, and does not decide" {
    run on_one_processor "$LESSON" --quick --most=1000 --csv=csv
    [ "$status" -eq 0 ]
    [[ "$output" == *$'\nVerdict: not decided here: the figure "no lock on 2 processors: lost" is not known.' ]]
    [[ "$output" != *nan* ]]
    # Of two processors nothing is told, and two threads meet on the one.
    awk -F, 'NR > 1 && $3 != 1 {print; exit 1}' csv
    [ "$(grep -c '^mutex,2,1,' csv)" -eq 5 ]
}

@test "--most is no more than what is raced for" {
    run "$LESSON" --quick --most=1e9
    [ "$status" -eq 2 ]
    [[ "$output" == *"--most is a whole number from 100 to 1e+08, not '1e9'"* ]]
}

@test "the optimiser has turned the plain loop into one addition" {
    command -v objdump >/dev/null || skip "objdump is not installed"
    [[ "${CFLAGS:--O2 -g}" == *-O2* && $BUILD != *sanitize* ]] || skip "built with other flags"
    objdump -d --no-show-raw-insn "$LESSON" | sed -n '/<add_optimised>:/,/^$/p' >optimised
    grep -q 'ret' optimised
    # No jump back: nothing is repeated.
    objdump -d --no-show-raw-insn "$LESSON" | sed -n '/<add_carelessly>:/,/^$/p' >careless
    [ "$(grep -c 'add.*,(%rdi)' optimised)" -eq 1 ] || [ "$(uname -m)" != x86_64 ]
    [ "$(wc -l <optimised)" -lt "$(wc -l <careless)" ]
}

# bats test_tags=threads
@test "the thread sanitizer names the broken counters and none of the cures" {
    nm "$LESSON" | grep -q __tsan_init || skip "built without the thread sanitizer"
    # All races are on one counter, so equal addresses are to be told as well.
    TSAN_OPTIONS='exitcode=66 suppress_equal_addresses=0 log_path=stderr' run "$LESSON" --quick --most=1000
    [ "$status" -eq 66 ]
    named=$(grep -oE '#0 [a-z_]+' <<<"$output" | sort -u)
    for broken in add_carelessly add_with_a_yield add_with_a_sleep; do
        grep -q "$broken" <<<"$named"
    done
    if grep -E 'mutex|spinlock|atomically|own_cop' <<<"$named"; then return 1; fi
    # Nor anything of the shelf: whatever it names is a broken way of adding.
    if grep -vE ' (add_carelessly|add_with_a_yield|add_with_a_sleep|add_optimised|nanosleep|pthread_create|main)$' <<<"$named"; then
        return 1
    fi
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: (.figures[] | select(.name == "mutex: lost")).value = 1
        does not hold here: (.figures[] | select(.name == "spinlock: lost")).value = 1
        does not hold here: (.figures[] | select(.name == "atomic: lost")).value = 1
        does not hold here: (.figures[] | select(.name == "own copy: lost")).value = 1
        does not hold here: (.figures[] | select(.name | startswith("no lock"))).value = 0
        does not hold here: (.figures[] | select(.name | contains("shared"))).value = 0
        does not hold here: (.figures[] | select(.name | contains("own memory"))).value = 7
        not decided here: (.figures[] | select(.name | startswith("two busy"))).value = 1.5
        # Of few increments none may be lost, and yet each cure must count them all.
        not decided here: (.figures[] | select(.name | test("no lock|at most"))).value |= (if . == 40 then 0 else 100000 end)
        not decided here: (.figures[] | select(.name | test("shared|at most"))).value |= (if . == 40 then 0 else 100000 end)
        does not hold here: (.figures[] | select(.name | test("mutex|at most"))).value = 1
END
}
