#!/usr/bin/env bats
# concurrency-limit: Little's law checks the counting; the limit is looked for in the rows.

setup() {
    load lesson
    lesson_use concurrency-limit
    lesson_figures <<'END'
        p99: no limit to limit 1 = 1.2 1.4 1.6
        no limit: done a second = 3300
        limit 1: done a second = 3320
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "all requests are done, none more at once than the limit, and latencies are in order" {
    lesson_once
    [ "$(tail -n +2 csv | wc -l)" -eq 50 ]
    awk -F, 'NR > 1 && ($11 != 1000 || $9 > $2 || $9 < 1 || $5 > $6 || $10 < 1) {print; exit 1}' csv
    # A service is no quicker than its work: 4 steps of 10 µs at least for any request.
    awk -F, 'NR > 1 && $5 < 0.03 {print; exit 1}' csv
    # Figures are medians of five rows.
    for way in "no limit" "limit 1" "mixed: shortest first"; do
        median=$(awk -F, -v way="$way" '$1 == way {print $6}' csv | sort -g | sed -n 3p)
        jq -e --arg name "$way: p99" --argjson median "$median" \
            '.figures[] | select(.name == $name) | (.value - $median) | fabs < 1e-5' json
    done
}

@test "--live shows who is worked on and who waits, never more than the limit, until all are done" {
    "$LESSON" --quick --live --step=2e-6 >text
    grep ' worked on  *[0-9]' text | sed -E 's/^ *(.*[a-z0-9]) *\[([^]]*)\] worked on *([0-9]+), waiting *([0-9]+), done *([0-9]+)$/\1,\2,\3,\4,\5/' >shown
    awk -F, '$1 ~ /^limit/ {split($1, word, " "); if ($3 > word[2]) {print; exit 1}}' shown
    awk -F, '$1 == "no limit" && $4 != 0 {print; exit 1}' shown
    # What is drawn is what is said, as far as there is room.
    awk -F, '{worked = gsub(/#/, "", $2); waits = gsub(/\./, "", $2); n = $3 + $4
        if (worked + waits != (n < 48 ? n : 48) || (n < 48 && worked != $3)) {print; exit 1}}' shown
    for way in "no limit" "limit 4" "limit 1"; do
        [ "$(grep -c "^$way," shown)" -ge 2 ]
        [ "$(grep "^$way," shown | tail -n 1 | cut -d, -f3-)" = 0,0,1000 ]
    done
    [ "$(grep -c 'one in a hundred took longer' text)" -eq 3 ]
}

@test "interrupted in --live, it leaves no process and no file" {
    lesson_leaves_nothing --live
}

@test "Little's law: what is counted in the service is rate times latency, in every round" {
    lesson_once
    # Counted as the loop looks, with what came and went in between: only rounding may part them.
    awk -F, 'NR > 1 {little = $7 * $4 / 1000; if ($8 < little * 0.99 - 0.01 || $8 > little * 1.01 + 0.01) {print; exit 1}}' csv
}

@test "it is one thread" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -f --seccomp-bpf -qq -e trace=%process -o calls "$LESSON" --quick --step=2e-6 --json=json >/dev/null ||
        skip "strace may not trace here"
    [ "$(grep -cE '(clone3?|fork)\(' calls)" -eq 0 ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0] |= (.low = 0.7 | .value = 0.8 | .high = 0.9)
        not decided here: .figures[0].low = 1
        not decided here: .figures[1].value = 3100
        not decided here: .figures[2].value = 3100
END
}
