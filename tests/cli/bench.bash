# What the tests of scripts/bench share: `load bench` in a .bats file. It brings setup.
# BENCH is the command, BASE where its results go; each test has small.json, an experiment.
# CHART=total-time, set before, has it drawn.
# shellcheck shell=bash disable=SC2034,SC2154

bats_require_minimum_version 1.5.0

setup() {
    load lib
    for tool in jq hyperfine; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
    unset PROFILE ONLY URLS RESUME SEED PIN RESULTS BASE
    export BUILD
    cd "$BATS_TEST_TMPDIR" || return
    BASE=$BATS_TEST_TMPDIR/results
    BENCH=("$ROOT/scripts/bench" --results="$BASE" --seed=7)
    write_experiment 2 8 10ms
    # A run's three charts in six forms take longer than its visits: who does not speak of them has none.
    if [[ $BATS_TEST_DESCRIPTION != *draw* ]]; then
        mkdir without
        printf '#!/bin/sh\n' >without/gnuplot
        chmod +x without/gnuplot
        PATH=$BATS_TEST_TMPDIR/without:$PATH
    fi
}

# Usage: write_experiment ROUNDS COUNT DELAY: three lanes, each with so many URLs, four in flight;
# drawn as CHART, or not at all.
write_experiment() {
    jq -n --argjson rounds "$1" --argjson count "$2" --arg delay "$3" --arg chart "${CHART-}" '
        {schema: "waitbench-experiment/1", name: "total-time", question: "How long?", chart: $chart,
         placement: "apart",
         lanes: [{name: "sequential", model: "sequential"}, {name: "processes", model: "processes"},
                 {name: "async", model: "async"}],
         fixed: {count: $count, concurrency: 4}, origin: {size: "1KiB", delay: $delay},
         profiles: {quick: {rounds: $rounds}}} | if .chart == "" then del(.chart) else . end' >"$BATS_TEST_TMPDIR/small.json"
}

# Whatever a busy machine did to a cell's proof: it was measured, and status 1 says so.
measured() {
    echo "$output"
    [ "$status" -le 1 ]
}

only_folder() {
    local -a folders=("$BASE"/*)
    [ "${#folders[@]}" -eq 1 ]
    RUN=${folders[0]}
}

# No process has this test's results in its command line.
nothing_runs() {
    ! grep -lzqF "$BASE" /proc/[0-9]*/cmdline 2>/dev/null
}

made_visits() {
    find "$BASE" -path '*/raw/[0-9]*' -prune | wc -l
}

at_least_made() {
    [ "$(made_visits)" -ge "$1" ]
}
