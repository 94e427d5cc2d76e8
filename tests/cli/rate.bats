#!/usr/bin/env bats
# --rate: URLs fall due whatever the answers do, and latency counts from then.
# bats file_tags=threads
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [ -z "${RUN:-}" ] || kill -KILL "$RUN" 2>/dev/null || true
    origin_stop
}

# Usage: fetch MODEL OPTION…; leaves run.json and records.csv.
fetch() {
    "$BUILD/$1" --quiet --json=run.json --records=records.csv "${@:2}"
}

@test "none begins before it is due, all are fetched, and the work is the closed loop's" {
    origin_start
    for model in "${MODELS[@]}"; do
        fetch "$model" -c 3 -n 24 -u "$ORIGIN/item/{}?delay=2ms"
        [ "$(jq -c .workload.rate run.json)" = null ]
        [ "$(head -n 1 records.csv | grep -c due_ns)" -eq 0 ]
        digest=$(jq -r .fetches.digest run.json)
        for rate in 1000 1000,poisson 1000,burst=6; do
            fetch "$model" -c 3 -n 24 --rate="$rate" -u "$ORIGIN/item/{}?delay=2ms"
            [ "$(jq -r .fetches.digest run.json)" = "$digest" ]
            [ "$(jq -r .fetches.ok run.json)" -eq 24 ]
            [ "$(jq -r '.fetches.peak_in_flight <= 3' run.json)" = true ]
            [ "$(jq -r .workload.rate.arrivals run.json)" = "$(case $rate in *p*) echo poisson ;; *b*) echo burst ;; *) echo even ;; esac)" ]
            # taken_ns is when it began: not before it was due, and in the list's order of due times.
            awk -F, 'NR == 1 { bad = $11 != "due_ns"; next } $6 < $11 || $11 < before { bad = 1; print } { before = $11 }
                END { exit bad || NR != 25 }' records.csv
            # The greatest latency is that from a due time.
            awk -F, 'NR > 1 && $8 - $11 > most { most = $8 - $11 } END { printf "%.0f\n", most }' records.csv >most
            [ "$(jq -r '.latency_ms.max * 1e6 | round' run.json)" -eq "$(cat most)" ]
        done
    done
}

# Ten URLs fall due within 10 ms, each takes 20 ms, one at a time: the last is here after 200 ms at the
# earliest, 190 ms late. Counted from when it was asked for, it would have taken 20 ms.
@test "what waits for a free lane is late" {
    origin_start
    for model in "${MODELS[@]}"; do
        fetch "$model" -c 1 -n 10 --rate=1000 -u "$ORIGIN/item/{}?delay=20ms"
        [ "$(jq -r '.latency_ms.max >= 190' run.json)" = true ]
        [ "$(jq -r '.latency_ms.min >= 20' run.json)" = true ]
        [ "$(jq -r .fetches.peak_in_flight run.json)" -eq 1 ]
    done
}

@test "--dispatch=static deals out due URLs too" {
    origin_start
    for model in "${MODELS[@]}"; do
        fetch "$model" -c 3 -n 12 --rate=2000 --dispatch=static -u "$ORIGIN/item/{}"
        awk -F, 'NR > 1 && $6 < $11 { bad = 1 } END { exit bad || NR != 13 }' records.csv
    done
}

one_served() {
    [ "$(origin_stat .responses)" -ge 1 ]
}

@test "a stop while all wait for a due time ends the run at once" {
    origin_start
    for model in "${MODELS[@]}"; do
        curl -sS --fail -X POST "$ORIGIN/stats/reset" >/dev/null
        env --default-signal=INT "$BUILD/$model" -c 2 -n 3 --rate=0.01 --json=run.json --quiet \
            -u "$ORIGIN/item/{}" 3>&- &
        RUN=$!
        wait_for one_served
        kill -INT "$RUN"
        status=0
        wait "$RUN" || status=$?
        RUN=
        [ "$status" -eq 130 ]
        # 100 s later the second would have been due.
        [ "$(jq -r '.interrupted and .fetches.ok == 1 and .time.makespan_s < 90' run.json)" = true ]
        [ "$(jq -c .errors run.json)" = '[{"reason":"interrupted","count":2}]' ]
    done
}

@test "a rate that is none is refused in one line, with status 2" {
    for rate in 0 -1 abc 1e3 5,poison 5,burst=0 99999999 ''; do
        run --separate-stderr "$BUILD/${MODELS[0]}" --rate="$rate" -n 1 -u http://127.0.0.1:1/
        [ "$status" -eq 2 ]
        [[ ${stderr_lines[0]} == *"--rate=$rate: not URLs a second from 0.001"* ]]
    done
    run --separate-stderr "$BUILD/${MODELS[0]}" --rate=0.001 -n 1000000 -u 'http://127.0.0.1:1/{}'
    [ "$status" -eq 2 ]
    [[ $stderr == *'--rate=0.001: 1000000 URLs would take 277778 hours; at most a week'* ]]
}
