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
        run_says rate=null
        read -r names <records.csv
        [[ $names != *due_ns* ]]
        figure digest
        digest=$FIGURE
        for arrivals in even poisson burst; do
            case $arrivals in
                even) rate=1000 ;;
                poisson) rate=1000,poisson ;;
                burst) rate=1000,burst=6 ;;
            esac
            fetch "$model" -c 3 -n 24 --rate="$rate" -u "$ORIGIN/item/{}?delay=2ms" \
                --json="$model-$arrivals.json" --records="$model-$arrivals.csv"
            IFS= read -rd '' json <"$model-$arrivals.json" || true
            figures_say "$json" digest="$digest" ok=24 'peak_in_flight<=3' arrivals=$arrivals
        done
    done
    # taken_ns is when it began: not before it was due, and in the list's order of due times.
    awk -F, 'FNR == 1 { if ($11 != "due_ns") bad = 1; before = 0; next }
        $6 < $11 || $11 < before { bad = 1; print FILENAME, $0 }
        { before = $11; run = FILENAME; sub(/[.]csv$/, "", run); rows[run]++ }
        $8 - $11 > most[run] { most[run] = $8 - $11 }
        END {
            for (run in rows) if (rows[run] != 24) bad = 1
            for (run in most) printf "%s %.0f\n", run, most[run]
            exit bad
        }' ./*-*.csv >most
    # The greatest latency is that from a due time.
    jq -r '"\(input_filename | rtrimstr(".json")) \(.latency_ms.max * 1e6 | round)"' ./*-*.json >maximum
    [ -s most ]
    diff <(sort most) <(sort maximum)
}

# Ten URLs fall due within 10 ms, each takes 20 ms, one at a time: the last is here after 200 ms at the
# earliest, 190 ms late. Counted from when it was asked for, it would have taken 20 ms.
@test "what waits for a free lane is late" {
    origin_start
    for model in "${MODELS[@]}"; do
        fetch "$model" -c 1 -n 10 --rate=1000 -u "$ORIGIN/item/{}?delay=20ms"
        jq -e '.latency_ms.max >= 190 and .latency_ms.min >= 20 and .fetches.peak_in_flight == 1' run.json
    done
}

@test "--dispatch=static deals out due URLs too" {
    origin_start
    for model in "${MODELS[@]}"; do
        fetch "$model" -c 3 -n 12 --rate=2000 --dispatch=static -u "$ORIGIN/item/{}" --records="$model.csv"
    done
    awk -F, 'FNR > 1 && $6 < $11 { bad = 1; print FILENAME, $0 } FNR == 13 { whole++ }
        END { exit bad || NR != 13 * (ARGC - 1) || whole != ARGC - 1 }' ./*.csv
}

@test "a stop while all wait for a due time ends the run at once" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        env --default-signal=INT "$BUILD/$model" -c 2 -n 3 --rate=0.01 --json=run.json --trace=trace.json --quiet \
            -u "$ORIGIN/item/{}" 3>&- &
        RUN=$!
        wait_for origin_says 'responses>=1'
        kill -INT "$RUN"
        status=0
        wait "$RUN" || status=$?
        RUN=
        [ "$status" -eq 130 ]
        # 100 s later the second would have been due.
        jq -e '.interrupted and .fetches.ok == 1 and .time.makespan_s < 90 and
            .errors == [{"reason": "interrupted", "count": 2}] and .fetches.peak_in_flight == 1' run.json
        # Nor is there anything to see of them.
        jq -e '[.traceEvents[] | select(.cat == "fetch") | .args.index] | unique == [1]' trace.json
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
