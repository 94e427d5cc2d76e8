#!/usr/bin/env bats
# overlapping-waits: the figures against a count of the waits' own rows.

setup() {
    load lesson
    lesson_use overlapping-waits
    # What a machine that does what is claimed would measure: low, median, high.
    lesson_figures <<'END'
        the longest wait = 0.3
        as processes = 0.3 0.31 0.32
        as threads = 0.3 0.31 0.32
        on a loop = 0.3 0.31 0.33
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

# A sweep over starts and ends: the most that are open at one time. Usage: waits_at_once <CSV
waits_at_once() {
    awk -F, 'NR > 1 {print $1 "," $3 ",1"; print $1 "," $4 ",-1"}' | sort -t, -k1,1 -k2,2g -k3,3n |
        awk -F, '$1 != way {if (way) print way "," most; way = $1; open = most = 0}
            {open += $3; if (open > most) most = open} END {print way "," most}'
}

@test "the waits lie over one another where the figure says so, counted from their rows" {
    # On a busy machine the last may start when a short one is over: then longer ones are looked at.
    for unit in 0.02 0.05 0.2; do
        lesson_once --unit=$unit
        [ "$(waits_at_once <csv | wc -l)" -eq 4 ]
        while IFS=, read -r way at_once; do
            [ "$(jq --arg name "$way: waits at one time" '.figures[] | select(.name == $name).value' json)" = "$at_once" ]
        done < <(waits_at_once <csv)
        all=$(jq '[.figures[] | select(.name | endswith("at one time")).value] | add' json)
        [ "$all" -ne 10 ] || break
    done
    echo "$all"
    [ "$all" -eq 10 ]
}

@test "no way is shorter than the longest wait, and one after another not than the sum" {
    lesson_once
    jq -e '[.figures[] | {(.name): .}] | add |
        .["as processes"].low >= .["the longest wait"].value and
        .["as threads"].low >= .["the longest wait"].value and
        .["on a loop"].low >= .["the longest wait"].value and
        .["one after another"].low >= .["the sum of the waits"].value' json
    # Each wait by itself lasted what it was to last, by the clock that it read.
    awk -F, 'NR > 1 && $4 - $3 < ($2 == 1 ? 0.06 : 0.02) - 1e-5 {exit 1}' csv
}

@test "processes wait in processes, threads in threads, the loop in neither" {
    command -v strace >/dev/null || skip "strace is not installed"
    # A file a process (-ff), so that no call is torn in two.
    mkdir calls
    strace -ff --seccomp-bpf -qq -e trace=%process -o calls/of "$LESSON" --quick >/dev/null || skip "strace may not trace here"
    forks=$(grep -cE '^(clone|clone3)\(.*SIGCHLD' <(cat calls/*))
    threads=$(cat calls/* | grep -c CLONE_THREAD)
    # Seven rounds of three waits each; nothing else makes any.
    [ "$forks" -eq 21 ]
    [ "$threads" -eq 21 ]
}

# bats test_tags=plain
@test "the slowest of three that took no time has a name" {
    lesson_doctored '(.figures[] | select(.name != "the longest wait")) |= . + {value: 0, low: 0, high: 0}' |
        "$LESSON" --judge=- >text
    cat text
    [[ $(<text) == *": the slowest of the three, as processes, took at most 0.000 of the longest wait." ]]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: (.figures[] | select(.name == "as processes")).high = 0.331
        not decided here: del(.figures[] | select(.name == "as processes"))
        does not hold here: (.figures[] | select(.name == "as threads")).high = 0.331
        not decided here: del(.figures[] | select(.name == "as threads"))
        does not hold here: (.figures[] | select(.name == "on a loop")).high = 0.331
        not decided here: del(.figures[] | select(.name == "on a loop"))
END
}

@test "--live shows each wait as it starts and ends" {
    run "$LESSON" --quick --live --unit=0.01
    [ "$status" -eq 0 ]
    [ "$(grep -c 'starts, to wait' <<<"$output")" -eq 12 ]
    [ "$(grep -c 'is over after' <<<"$output")" -eq 12 ]
}

@test "--unit is a number within bounds" {
    for unit in 0 -1 2 x 1s nan ''; do
        run "$LESSON" --unit="$unit"
        [ "$status" -eq 2 ]
    done
}
