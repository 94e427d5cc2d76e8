#!/usr/bin/env bats
# ipc-cost: every message's sum is checked by the other side; strace sees the bytes go.

setup() {
    load lesson
    lesson_use ipc-cost
    lesson_figures <<'END'
        pipe: 1 MiB = 400 500 600
        threads: 1 MiB = 100 120 140
        pipe: 8 B = 10 12 14
        threads: 8 B = 9 11 13
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --send=0.5
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "each sum is right, each cell measured in each round, each figure the median of its rows" {
    lesson_once --send=0.5
    jq -e '.figures[] | select(.name == "wrong sums").value == 0' json
    # Five ways of five sizes, five rounds.
    [ "$(tail -n +2 csv | cut -d, -f1,2 | sort | uniq -c | awk '{print $1}' | sort | uniq -c | xargs)" = "25 5" ]
    for cell in "pipe,8:pipe: 8 B" "threads,1048576:threads: 1 MiB" "shared memory,65536:shared memory: 64 KiB"; do
        median=$(grep "^${cell%%:*}," csv | cut -d, -f4 | sort -g | sed -n 3p)
        jq -e --arg name "${cell#*:}" --argjson median "$median" \
            '.figures[] | select(.name == $name) | (.value - $median) | fabs < 1e-5' json
    done
}

@test "as many bytes are written as the messages have, by pipe and by socket" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer writes as well"
    # Of the one who asks: not the children, which only write answers.
    strace -qq -e trace=write -o calls "$LESSON" --quick --send=0.25 --csv=csv --json=json >/dev/null ||
        skip "strace may not trace here"
    # A message more than is counted, a head of 16 bytes each, and one head to end with.
    expected=$(awk -F, '$1 == "pipe" || $1 == "socket pair" {n += ($3 + 1) * ($2 + 16) + 16} END {print n}' csv)
    text=$(awk -F, '$1 == "pipe as text" {n += ($3 + 1) * 16 + 16} END {print n}' csv)
    written=$(awk '/^write\(/ && $NF > 0 {n += $NF} END {printf "%.0f", n}' calls)
    # Text takes at most 21 bytes for each 8; files of results are small beside it.
    most=$(awk -F, '$1 == "pipe as text" {n += ($3 + 1) * $2 * 21 / 8} END {printf "%.0f", n}' csv)
    [ "$written" -ge $((expected + text)) ]
    [ "$written" -le $((expected + text + most + 100000)) ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[1] |= (.low = 700 | .value = 800 | .high = 900)
        not decided here: .figures[1].high = 401
END
}
