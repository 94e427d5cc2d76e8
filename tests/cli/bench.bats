#!/usr/bin/env bats
# scripts/bench: small experiments measured for real, drawn, and pointed at one's own URLs.
# bats file_tags=plain
# shellcheck disable=SC2154

load bench
# shellcheck disable=SC2034  # for bench.bash
CHART=total-time

teardown() {
    origin_stop || true
}

@test "bench: --help names every option, and a wrong one is refused" {
    run "$ROOT/scripts/bench" --help
    [ "$status" -eq 0 ]
    for option in profile only urls resume seed pin plan; do
        [[ $output == *"--$option"* ]]
    done
    run "$ROOT/scripts/bench" --fast
    [ "$status" -eq 2 ]
    run "${BENCH[@]}" --profile=fast
    [ "$status" -eq 2 ]
    run "${BENCH[@]}" --only=no-such-experiment
    [ "$status" -eq 2 ]
    [[ $output == *"total-time"* ]]
    run "${BENCH[@]}" --seed=many
    [ "$status" -eq 2 ]
    CHART_LANG=fr run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    [ "$status" -eq 2 ]
    [ "$output" = "bench: CHART_LANG=fr: must be en, es or pt" ]
    [ ! -e "$BASE" ]
}

@test "bench: --plan prints cells, rounds and seconds within each profile's limit, and does nothing" {
    local profile limit
    # Less than the 120 and 900 seconds that are promised: some machines are slower than the plan thinks.
    for profile in quick:90 talk:750; do
        limit=${profile#*:}
        run "${BENCH[@]}" --plan --profile="${profile%:*}"
        [ "$status" -eq 0 ]
        [[ $output == *experiment*cells*rounds*predicted* ]]
        awk -v limit="$limit" '/^all / { found = 1; if ($(NF - 1) > limit) exit 1 } END { exit !found }' <<<"$output"
    done
    [ ! -e "$BASE" ]
}

@test "bench: a path without a slash before it is of the folder where it was started" {
    echo http://127.0.0.1:1/ >list
    ln -s "$BUILD" "own build"
    run "$ROOT/scripts/bench" --plan --urls=list --only=small.json --build="own build"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'\ntotal-time '* ]]
    run "$ROOT/scripts/bench" --plan --only=scripts/experiments/total-time.json
    [ "$status" -eq 2 ]
    [[ $output == *"no such experiment"* ]]
    cp "$ROOT/tests/fixtures/report/metadata.json" . # of a run that is complete
    touch plan.jsonl report.html
    run "$ROOT/scripts/bench" --resume=.
    [[ $output == "bench: RESUME=$PWD/.: that run is complete" ]]
    echo kept >results
    RESULTS=results run "$ROOT/scripts/bench" --only=small.json
    [ "$status" -eq 3 ]
    [ "$output" = "bench: cannot make the folder $PWD/results for results" ]
}

@test "bench: from experiment to tables, and a second run beside the first" {
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    measured
    only_folder
    [ "$(made_visits)" -eq 6 ]
    [ "$(jq -c '[.schema, .complete, .seed, .profile]' "$RUN/metadata.json")" = '["waitbench-metadata/1",true,7,"quick"]' ]
    [ "$(jq -c '[.complete, (.cells | length)]' "$RUN/summary.json")" = '[true,3]' ]
    [ "$(jq '.results | map(.times | length) | add' "$RUN/hyperfine.json")" -eq 6 ]
    [ "$(wc -l <"$RUN/data/total-time.csv")" -eq 4 ]
    [[ $output == *"lane"*"time"*"to sequential"* ]]
    [ "$(jq -s 'map(.fetches.digest) | unique | length' "$RUN"/raw/*/run.json)" -eq 1 ]
    [ "$(jq -s 'map(.origin.responses) | unique' "$RUN"/raw/*/visit.json | jq -c .)" = '[8]' ]
    cp -r "$RUN" "$BATS_TEST_TMPDIR/first"
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    measured
    diff -r "$RUN" "$BATS_TEST_TMPDIR/first"
    [ -f "$RUN-2/summary.json" ]
    # The same seed: the same visits in the same order.
    cmp "$RUN/plan.jsonl" "$RUN-2/plan.jsonl"
    nothing_runs
}

@test "bench: what is metered is not timed, and its memory is in the tables" {
    jq '.kind = "metered" | .name = .chart | .axis = "concurrency" | .fixed = {count_each: 1} | .origin.delay = "400ms"
        | .name = "memory" | .chart = "memory-per-worker" | .lanes |= map(select(.name != "sequential"))
        | .profiles.quick = {rounds: 1, values: [2, 4, 8]}' "$BATS_TEST_TMPDIR/small.json" >"$BATS_TEST_TMPDIR/memory.json"
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/memory.json"
    measured
    only_folder
    [ "$(find "$RUN/raw" -name meter.json | wc -l)" -eq 6 ]
    [ "$(find "$RUN/raw" -name hyperfine.json | wc -l)" -eq 0 ]
    [ "$(jq -c '[.cells[] | .kind, .wall_s, .makespan_s, .spawn_s] | unique' "$RUN/summary.json")" = '[null,"metered"]' ]
    [ "$(jq '[.cells[] | select(.memory_kib.pss.median > 0)] | length' "$RUN/summary.json")" -eq 6 ]
    # A row a lane and kind, whatever a busy machine did to the proof; the kernel's only where it is known.
    [ "$(grep -vc ',kernel,' "$RUN/data/memory-per-worker.csv")" -eq 9 ]
    nothing_runs
}

# bats test_tags=slow
@test "bench: the charts lie beside the data that they are drawn from, and draw themselves again" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    measured
    only_folder
    for format in svg png pdf; do
        [ -s "$RUN/charts/total-time.$format" ]
        [ -s "$RUN/charts/total-time-dark.$format" ]
    done
    rm "$RUN"/charts/total-time.svg
    gnuplot "$RUN/charts/total-time.gp"
    [ -s "$RUN/charts/total-time.svg" ]
    grep -qF '8 URLs of 1KiB, 4 at a time' "$RUN/charts/total-time.svg"
}

# bats test_tags=slow
@test "bench: without metadata nothing is judged or drawn" {
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    measured
    only_folder
    rm "$RUN/metadata.json" "$RUN/summary.json"
    run "$BUILD/benchstat" judge "$RUN"
    [ "$status" -eq 2 ]
    [ ! -e "$RUN/summary.json" ]
}

# bats test_tags=slow
@test "bench: a model that does not run makes its cell invalid, with the reason, and no other" {
    write_experiment 2 8 10ms
    jq '.lanes[2].options = ["--no-such-option"]' "$BATS_TEST_TMPDIR/small.json" >edited
    mv edited "$BATS_TEST_TMPDIR/small.json"
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    [ "$status" -eq 1 ]
    only_folder
    [ "$(jq -r '.cells[] | select(.lane == "async") | .verdict' "$RUN/summary.json")" = invalid ]
    jq -r '.cells[] | select(.lane == "async") | .reasons[0]' "$RUN/summary.json" | grep -q 'no run.json'
    grep -q '^async,,,' "$RUN/data/total-time.csv"
}

# bats test_tags=slow
@test "bench: one's own URLs are fetched from their servers, without the origin" {
    origin_start --access-log="$BATS_TEST_TMPDIR/access.log"
    for i in 1 2 3 4 5; do echo "$ORIGIN/item/$i?size=2KiB"; done >"$BATS_TEST_TMPDIR/urls.txt"
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json" --urls="$BATS_TEST_TMPDIR/urls.txt"
    measured
    [[ $output == *"Not judged without the origin"* ]]
    only_folder
    [ "$(made_visits)" -eq 6 ]
    # Three lanes, two rounds, five URLs: what the server says it served.
    origin_says responses=30
    [ "$(jq -c '[.cells[] | .verdict] | unique' "$RUN/summary.json")" = '["valid"]' ]
    # A client that computes all the time can be told without the origin; the rest cannot.
    jq -e 'all(.cells[].bounded_by; . == "unknown" or . == "client")' "$RUN/summary.json"
    [ "$(jq -s 'map(.origin) | unique' "$RUN"/raw/*/visit.json | jq -c .)" = '[null]' ]
    awk -F, 'NR > 1 && ($6 != "" || $7 != 2 || $8 != 1) { exit 1 }' "$RUN/data/total-time.csv"
}

# bats test_tags=slow
@test "bench: its folder may have any name but one with a quote" {
    jq '.lanes = [.lanes[2]] | .profiles.quick.rounds = 1 | .fixed.hosts = 2 | del(.chart)' small.json >hosts.json
    run "${BENCH[@]}" --results="$PWD/R&D {list} \$(touch seen)" --only="$PWD/hosts.json"
    measured
    [ "$(jq -c '[.cells[] | .verdict] | unique' "R&D {list} \$(touch seen)"/*/summary.json)" = '["valid"]' ]
    [ ! -e seen ]
    run "${BENCH[@]}" --results="$PWD/o'brien" --only="$PWD/hosts.json"
    [ "$status" -eq 2 ]
    [[ $output == *"must hold no quote and no newline" ]]
    [ ! -e "o'brien" ]
}

@test "bench: no shell sees a URL or a list's name, and each arrives as it was written" {
    origin_start --access-log="$BATS_TEST_TMPDIR/access.log"
    # shellcheck disable=SC2016  # that no shell must expand
    local name='$(touch seen);`touch seen`; touch seen "'\''.txt'
    # shellcheck disable=SC2016  # likewise
    printf '%s\n' '1?$(touch${IFS}seen)' '2?`touch${IFS}seen`' '3?;touch${IFS}seen;&&|>seen' '4?{a,b}[1-2]*~!$$' \
        "5?'\"%20\\" | sed "s|^|$ORIGIN/item/|" >"$name"
    jq '.lanes = [.lanes[2]] | .profiles.quick.rounds = 1 | del(.chart)' small.json >one.json
    run "${BENCH[@]}" --only="$PWD/one.json" --urls="$PWD/$name"
    measured
    only_folder
    [ "$(jq -r .urls "$RUN/metadata.json")" = "$PWD/$name" ]
    origin_stop
    # The log writes quotes and backslashes as \x22 and \x5C.
    diff <(sed -e "s|^$ORIGIN||" -e 's/\\/\\x5C/g' -e 's/"/\\x22/g' "$name") \
        <(awk '{ print $7 }' access.log | sort)
    [ -z "$(find "$BATS_TEST_TMPDIR" "$ROOT" -maxdepth 1 -name seen)" ]
}

@test "bench: a list that cannot be read again in every visit is refused" {
    local list
    echo http://127.0.0.1:1/ >list
    mkfifo pipe
    for list in /dev/stdin "$PWD/pipe" "$PWD" /proc/self/fd/0; do
        # shellcheck disable=SC2094  # both read it
        run "${BENCH[@]}" --urls="$list" --plan <list
        [ "$status" -eq 2 ]
        [ "$output" = "bench: URLS=$list: is read in every visit, so it must be a file that stays" ]
    done
    run "${BENCH[@]}" --urls="$PWD/list" --plan
    [ "$status" -eq 0 ]
}

# bats test_tags=slow
@test "bench: PIN=no leaves the choice of processors alone, and says so" {
    PIN=no run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    measured
    only_folder
    [ "$(jq -r .placement.apart "$RUN/metadata.json")" = 'not pinned' ]
    [ "$(jq -s 'map(.cpus) | unique' "$RUN"/raw/*/visit.json | jq -c .)" = '[null]' ]
}

# bats test_tags=slow
@test "bench: ONLY=timeline draws who waits when, from a traced run of each model" {
    ONLY=timeline run "${BENCH[@]}"
    measured
    only_folder
    [ "$(jq -s 'map(.kind) | unique' "$RUN/plan.jsonl" | jq -c .)" = '["traced"]' ]
    for model in sequential processes threads async; do
        # Each of twelve URLs is seen waiting, and the processor at work.
        [ "$(grep -c "^$model,[0-9]*,[0-9]*,waiting," "$RUN/data/timeline.csv")" -eq 12 ]
        grep -q "^$model,[0-9]*,,cpu," "$RUN/data/timeline.csv"
    done
    [ "$(jq '.results | length' "$RUN/hyperfine.json")" -eq 0 ]
}
