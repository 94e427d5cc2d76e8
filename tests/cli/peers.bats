#!/usr/bin/env bats
# scripts/peers on peers of the test's own: honest ones, and ones that skip, repeat or fail.
# bats file_tags=plain

# Shell code in single quotes is for the peers.
# shellcheck disable=SC2016,SC2030,SC2031

setup() {
    load lib
    for tool in jq hyperfine; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
    unset PROFILE ONLY URLS RESUME SEED PIN RESULTS BASE
    export BUILD
    BASE=$BATS_TEST_TMPDIR/results
    EXPERIMENT=$BATS_TEST_TMPDIR/peers.json
}

# Usage: experiment PEER…: each an object of name and command, beside the model async.
experiment() {
    printf '%s\n' "$@" | jq -s '
        {schema: "waitbench-experiment/1", name: "peers", question: "How long?", chart: "peers", placement: "apart",
         axis: "delay", lanes: ([{name: "async", model: "async"}] + .), fixed: {count: 30, concurrency: 3},
         origin: {size: "1KiB"}, profiles: {quick: {rounds: 1, values: ["0ms", "100ms"], longest_s: 20}}}' >"$EXPERIMENT"
}

peers() {
    run "$ROOT/scripts/peers" --quick --seed=5 --results="$BASE" --only="$EXPERIMENT" 3>&-
    echo "$output"
}

# Usage: cell PEER FILTER, at 100 ms
cell() {
    jq -r --arg peer "$1" "map(select(.peer == \$peer and .delay_s == 0.1))[0] | $2" "$BASE"/*/peers.json
}

@test "help and wrong usage" {
    run "$ROOT/scripts/peers" --help
    [ "$status" -eq 0 ]
    [[ $output == *"check nothing"* ]]
    run "$ROOT/scripts/peers" --urls=list
    [ "$status" -eq 2 ]
    run "$ROOT/scripts/peers" --only=nonsense --results="$BASE"
    [ "$status" -eq 2 ]
    [ ! -e "$BASE" ]
}

@test "a peer that is not there is named before anything is measured" {
    experiment '{"name": "gone", "peer": ["no-such-tool-at-all", "{urls}"]}'
    peers
    [ "$status" -eq 3 ]
    [[ $output == *no-such-tool-at-all*"scripts/deps peers"* ]]
}

@test "no shell sees what an experiment says, and what would be no URL of the origin's is refused" {
    cd "$BATS_TEST_TMPDIR" || return
    EXPERIMENT=$BATS_TEST_TMPDIR/'$(touch seen);`touch seen`;.json'
    experiment '{"name": "$(touch seen)", "peer": ["sh", "-c", "exec curl -s --fail --config \"$0\"", "{curl}",
        "$(touch seen)", "`touch seen`", "; touch seen;", "\" '\''"], "concurrency": 1}'
    jq '.axis = "none" | del(.profiles.quick.values) | .lanes = [.lanes[1]] | .fixed.count = 3' "$EXPERIMENT" >one.json
    cp one.json "$EXPERIMENT"
    peers
    [ "$status" -eq 0 ]
    [ "$(jq -r '.[0].verdict' "$BASE"/*/peers.json)" = valid ]
    # The origin's options, of which URLs are made.
    for option in size delay fault; do
        jq --arg option $option '.origin = {($option): "1KiB&$(touch seen)"}' one.json >hostile.json
        run "$ROOT/scripts/peers" --quick --results="$BASE" --only="$PWD/hostile.json"
        [ "$status" -eq 2 ]
        [[ $output == *"origin.$option"* ]]
    done
    [ -z "$(find "$BATS_TEST_TMPDIR" "$ROOT" -maxdepth 1 -name seen)" ]
}

# bats test_tags=slow
@test "who skips, repeats or fails is invalid and no point; who asks for each URL once stands" {
    experiment '{"name": "honest", "peer": ["curl", "-s", "--fail", "--config", "{curl}"], "concurrency": 1}' \
        '{"name": "batch", "peer": ["xargs", "-a", "{urls}", "-n", "10", "-P", "{concurrency}", "sh", "-c",
            "exec curl -s --fail \"$@\" >/dev/null", "curl"]}' \
        '{"name": "skips", "peer": ["sh", "-c", "sed 1d \"$0\" | xargs curl -s >/dev/null", "{urls}"], "concurrency": 1}' \
        '{"name": "repeats", "peer": ["sh", "-c", "{ sed 1d \"$0\"; tail -n 1 \"$0\"; } | xargs curl -s >/dev/null",
            "{urls}"], "concurrency": 1}' \
        '{"name": "fails", "peer": ["sh", "-c", "xargs curl -s >/dev/null <\"$0\"; exit 3", "{urls}"], "concurrency": 1}' \
        '{"name": "crowds", "peer": ["curl", "-s", "-Z", "--parallel-immediate", "--parallel-max", "9", "--config", "{curl}"],
            "concurrency": 2}' \
        '{"name": "endless", "peer": ["sh", "-c", "exit 9"], "each_us": 60000000}' \
        '{"name": "starts", "peer": ["sh", "-c", "exit 9"], "each_us": 0, "each_processes": 1000}'
    peers
    [ "$status" -eq 1 ]
    [ "$(cell honest .verdict)" = valid ]
    [ "$(cell honest .each_url_once)" = true ]
    [ "$(cell batch .verdict)" = valid ]
    [[ "$(cell skips '.verdict, .reasons[]')" == invalid*"it asked 29 times for 30 URLs"* ]]
    # As many requests as URLs, each answered in full: only the access log tells.
    [ "$(cell repeats '.reasons | sort | join("; ")')" = \
        "it asked for 1 URLs more than once; it asked for 29 of 30 URLs" ]
    # Nor is it believed where only the counters were looked at.
    [ "$(jq -r 'map(select(.peer == "repeats" and .delay_s == 0))[0].verdict' "$BASE"/*/peers.json)" = invalid ]
    [ "$(cell repeats .verdict)" = invalid ]
    [[ "$(cell fails '.verdict, .reasons[]')" == invalid*"it ended with status 3"* ]]
    [[ "$(cell crowds '.verdict, .reasons[]')" == invalid*"requests were in flight at once, 2 were planned"* ]]
    [ "$(cell endless .verdict)" = predicted ]
    # 30,000 programs: by what one of them was measured to take.
    [ "$(cell starts .verdict)" = predicted ]
    # What it says of its origin is where that was.
    run ! grep -rF .begun "$BASE"/*/metadata.json
    grep -qF "$(echo "$BASE"/*)/.origin-port" "$BASE"/*/metadata.json

    # The table, the CSV and the chart agree on who stands.
    local folder
    folder=$(echo "$BASE"/*)
    grep -q '^| honest ' "$folder/peers.md"
    run grep -E '^\| (skips|repeats|fails|endless) ' "$folder/peers.md"
    [ "$status" -eq 1 ]
    grep -q '^- repeats: invalid: ' "$folder/peers.md"
    grep -q '^- endless: skipped: ' "$folder/peers.md"
    run ! grep -q Ceilings "$folder/peers.md" # none was asked for
    [ "$(awk -F, '$1 == "repeats" && $5 == 0.1 { print $21 $22 $23 $24 }' "$folder/peers.csv")" = 0 ]
    [ "$(awk -F, '$1 == "honest" && $5 == 0.1 { print $24 }' "$folder/peers.csv")" = 1 ]
    [ "$(cell honest '.memory.pss > 0')" = true ]
    if command -v gnuplot >/dev/null; then [ -s "$folder/charts/peers.svg" ]; fi
    # Nothing of what was made for it is left.
    [ ! -e "$folder/.lists" ]
    [ ! -e "$folder/.scratch" ]
    [ ! -e "$folder/access.log" ]
}

@test "what could not be metered is invalid, and status 1" {
    mkdir "$BATS_TEST_TMPDIR/build"
    ln -s "$BUILD"/* "$BATS_TEST_TMPDIR/build/"
    rm "$BATS_TEST_TMPDIR/build/meter"
    printf '#!/bin/sh\nexit 3\n' >"$BATS_TEST_TMPDIR/build/meter"
    chmod +x "$BATS_TEST_TMPDIR/build/meter"
    experiment '{"name": "curl", "peer": ["curl", "-s", "--config", "{curl}"], "concurrency": 1}'
    jq '.axis = "none" | del(.profiles.quick.values) | .fixed.count = 3' "$EXPERIMENT" >"$BATS_TEST_TMPDIR/one.json"
    EXPERIMENT=$BATS_TEST_TMPDIR/one.json BUILD=$BATS_TEST_TMPDIR/build
    peers
    [ "$status" -eq 1 ]
    [ "$(jq -c 'map([.verdict, .reasons[-1]]) | unique' "$BASE"/*/peers.json)" = \
        '[["invalid","it could not be metered, nor its URLs counted"]]' ]
}

@test "what had no processor each is not drawn as if it had, and no base is named that nothing was held against" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    experiment '{"name": "curl", "peer": ["curl", "-s", "--config", "{curl}"], "concurrency": 1}'
    jq '.fixed.count = 3 | .profiles.quick.values = ["100ms"]' "$EXPERIMENT" >"$BATS_TEST_TMPDIR/one.json"
    run env BASE=HEAD "$ROOT/scripts/peers" --quick --pin=no --results="$BASE" --only="$BATS_TEST_TMPDIR/one.json" 3>&-
    echo "$output"
    [ "$status" -le 1 ]
    grep -qF "placement = 'together'" "$BASE"/*/charts/peers.settings.gp
    [ "$(jq .base "$BASE"/*/metadata.json)" = null ]
}

@test "interrupted, nobody is believed whom the meter has not seen" {
    mkdir "$BATS_TEST_TMPDIR/build"
    ln -s "$BUILD"/* "$BATS_TEST_TMPDIR/build/"
    rm "$BATS_TEST_TMPDIR/build/meter"
    printf '#!/bin/sh\n: >"%s"\nexec sleep 60\n' "$BATS_TEST_TMPDIR/metering" >"$BATS_TEST_TMPDIR/build/meter"
    chmod +x "$BATS_TEST_TMPDIR/build/meter"
    experiment '{"name": "curl", "peer": ["curl", "-s", "--config", "{curl}"], "concurrency": 1}'
    jq '.fixed.count = 3' "$EXPERIMENT" >"$BATS_TEST_TMPDIR/few.json"
    "$ROOT/scripts/peers" --quick --seed=5 --results="$BASE" --build="$BATS_TEST_TMPDIR/build" \
        --only="$BATS_TEST_TMPDIR/few.json" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    wait_for test -e "$BATS_TEST_TMPDIR/metering"
    told_to_end $!
    cat "$BATS_TEST_TMPDIR/said"
    [ "$status" -eq 130 ]
    # Neither at 100 ms nor, where it is not metered, without delay.
    [ "$(jq -c 'map(select(.again | not) | .verdict) | group_by(.) | map([.[0], length])' "$BASE"/*/peers.json)" = '[["invalid",4]]' ]
    [ "$(jq -r .complete "$BASE"/*/metadata.json)" = true ]
}
