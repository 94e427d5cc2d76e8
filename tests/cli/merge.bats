#!/usr/bin/env bats
# benchstat merge: slices of one list become the run over the whole list, or are refused.

setup() {
    load lib
    STAT=$BUILD/benchstat
    cd "$BATS_TEST_TMPDIR" || return
    origin_start
}

teardown() {
    origin_stop || true
}

# Usage: fetch FILE [OPTION]…: 40 URLs of which every fourth is a 503.
fetch() {
    "$BUILD/async" -q -n 40 -c 5 --json="$1" "${@:2}" -u "$ORIGIN/item/{}?size=1KiB&status=503&every=4" || [ $? -eq 1 ]
}

slices() {
    local k
    for ((k = 1; k <= $1; k++)); do fetch "$k.json" --slice="$k/$1"; done
}

# refused WORDS FILE…: one line with these words, status 2, and nothing on standard output
refused() {
    local words=$1
    run --separate-stderr "$STAT" merge "${@:2}"
    # shellcheck disable=SC2154  # bats sets it
    echo "$stderr"
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    # shellcheck disable=SC2154
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *"$words"* ]]
}

@test "slices in any order give what one run over the whole list gives" {
    slices 3
    fetch whole.json
    "$STAT" merge 3.json 1.json 2.json >merged.json
    local path
    for path in .schema .model .workload.urls .workload.first .workload.whole .workload.retries .fetches.ok \
        .fetches.failed .fetches.bytes .fetches.digest .errors .libcurl_options_digest .interrupted; do
        [ "$(jq -c "$path" merged.json)" = "$(jq -c "$path" whole.json)" ]
    done
    [ "$(jq -c '[.workload.concurrency, .workers.made]' merged.json)" = '[15,15]' ]
    # Every key that a run has, and one more.
    [ "$(jq -c 'keys - ["slices"]' merged.json)" = "$(jq -c keys whole.json)" ]
    [ "$(jq -c '.latency_ms | keys' merged.json)" = "$(jq -c '.latency_ms | keys' whole.json)" ]
    [ "$(jq -c '[.slices[].first]' merged.json)" = '[1,14,27]' ]
    [ "$(jq '.time.makespan_s' merged.json)" = "$(jq -s 'map(.time.makespan_s) | max' 1.json 2.json 3.json)" ]
    [ "$(jq '.throughput.fetches_per_s * .time.makespan_s - .fetches.ok | fabs < 1e-6' merged.json)" = true ]
    [ "$(jq -c '[.latency_ms.p50, .fetches.peak_in_flight]' merged.json)" = '[null,null]' ]
}

# bats test_tags=plain
@test "latencies are of what was fetched: a slice that failed more weighs less, and one that fetched nothing has none" {
    slices 3
    jq '.fetches += {ok: 3, failed: 11} | .latency_ms += {mean: 10, min: 5, max: 15, first: 5}' 1.json >a.json
    jq '.fetches += {ok: 9, failed: 4} | .latency_ms += {mean: 20, min: 6, max: 30, first: 7}' 2.json >b.json
    jq '.fetches += {ok: 0, failed: 13} | .latency_ms |= map_values(null)' 3.json >none.json
    "$STAT" merge a.json b.json none.json >merged.json
    [ "$(jq -c '[.fetches.ok, .fetches.failed]' merged.json)" = '[12,28]' ]
    [ "$(jq -c '.latency_ms | [.mean, .min, .max, .first]' merged.json)" = '[17.5,5,30,5]' ]
    for k in 1 2 3; do jq '.fetches.ok = 0 | .latency_ms |= map_values(null)' "$k.json" >"none-$k.json"; done
    [ "$("$STAT" merge none-?.json | jq -c '[.latency_ms[]] | unique')" = '[null]' ]
    # What is not known is still not made up.
    jq 'del(.fetches.ok)' b.json >unknown.json
    [ "$("$STAT" merge a.json unknown.json none.json | jq -c '.latency_ms.mean')" = null ]
}

@test "the digests add up modulo 2 to the 128th" {
    slices 2
    jq '.fetches.digest = "ffffffffffffffffffffffffffffffff"' 1.json >a.json
    jq '.fetches.digest = "0000000000000000000000000000002b"' 2.json >b.json
    [ "$("$STAT" merge a.json b.json | jq -r .fetches.digest)" = 0000000000000000000000000000002a ]
    jq '.fetches.digest = "000000000000000180000000000000ff"' 1.json >a.json
    jq '.fetches.digest = "00000000000000008000000000000001"' 2.json >b.json
    [ "$("$STAT" merge --json=- a.json b.json | jq -r .fetches.digest)" = 00000000000000020000000000000100 ]
}

@test "the whole list is a slice too" {
    fetch whole.json
    "$STAT" merge --json=merged.json whole.json
    [ "$(jq -c .fetches.digest merged.json)" = "$(jq -c .fetches.digest whole.json)" ]
}

@test "what it cannot write whole it does not write, and what stood there stays" {
    slices 2
    "$STAT" merge --json=kept.json 1.json 2.json
    cp kept.json before.json
    ln -s /dev/full kept.json.part
    run "$STAT" merge --json=kept.json 1.json 2.json
    [ "$status" -eq 3 ]
    cmp kept.json before.json
    [ ! -e kept.json.part ]
    "$STAT" merge --json=/dev/stdout 1.json 2.json | jq -e .fetches
}

@test "slices that are missing or overlap are refused" {
    slices 4
    jq '.errors = [{"reason": "refused", "count": 8}, {"reason": "reset", "count": 3}]' 1.json >failing.json
    refused 'failing.json: errors: are more than its URLs' failing.json 2.json 3.json 4.json
    refused '2.json: URLs 1 to 10 before it are missing' 2.json 3.json 4.json
    refused '4.json: URLs 21 to 30 before it are missing' 1.json 2.json 4.json
    refused '3.json: URLs 31 to 40 after it are missing' 1.json 2.json 3.json
    cp 2.json again.json
    refused 'begins at URL 11, which' 1.json 2.json again.json 3.json 4.json
    fetch half.json --slice=1/2
    refused '2.json: begins at URL 11, which half.json holds already' half.json 2.json 3.json 4.json
}

@test "another schema, model, setting or list is refused" {
    slices 2
    jq '.schema = "waitbench-run/2"' 2.json >other.json
    refused 'other.json: schema: must be waitbench-run/1; it is waitbench-run/2' 1.json other.json
    jq '.model.name = "threads"' 2.json >other.json
    refused 'other.json: model.name: is not that of 1.json' 1.json other.json
    jq '.workload.cpu_work_passes = 3' 2.json >other.json
    refused 'other.json: workload.cpu_work_passes: ' 1.json other.json
    jq '.workload.whole = 41' 2.json >other.json
    refused 'other.json: workload.whole: ' 1.json other.json
    jq '.libcurl_options_digest = "0"' 2.json >other.json
    refused 'other.json: libcurl_options_digest: ' 1.json other.json
    jq '.fetches.digest = "12"' 2.json >other.json
    refused 'other.json: fetches.digest: ' 1.json other.json
    jq 'del(.workload.first)' 2.json >other.json
    refused 'other.json: workload: ' 1.json other.json
    # Beyond what a JSON number holds; found by fuzzing.
    jq '.workload |= (.whole = 1e300 | .urls = 1e300)' 2.json >other.json
    refused 'other.json: workload: does not say' 1.json other.json
    echo '{' >other.json
    refused 'other.json: ' 1.json other.json
    refused 'nowhere.json: ' 1.json nowhere.json
}

# bats test_tags=plain
@test "what a slice does not say is null in the whole, and never made up" {
    slices 2
    jq 'del(.started_at) | del(.time.spawn_s) | .workload.timeout_ms += 0.0
        | .errors += [{count: 3}, {reason: "odd", count: -1}, {reason: "odd", count: 1e17}]' 2.json >other.json
    "$STAT" merge other.json 1.json >merged.json
    [ "$(jq -c '[.started_at, .time.spawn_s]' merged.json)" = "[$(jq -c .started_at 1.json),null]" ]
    [ "$(jq -c .errors merged.json)" = "$("$STAT" merge 1.json 2.json | jq -c .errors)" ]
    jq 'del(.started_at)' 1.json >first.json
    [ "$("$STAT" merge first.json other.json | jq .started_at)" = null ]
    jq '.fetches.digest = 7' 2.json >other.json
    refused 'other.json: fetches.digest: ' 1.json other.json
    jq '.fetches.digest = ("x" * 32)' 2.json >other.json
    refused 'other.json: fetches.digest: ' 1.json other.json
    jq 'del(.schema)' 2.json >other.json
    refused 'must be waitbench-run/1; it is missing' 1.json other.json
    jq 'del(.workload.retries)' 2.json >other.json
    refused 'other.json: workload.retries: is not that of 1.json' 1.json other.json
    jq '.workload.urls = 0' 2.json >other.json
    refused 'other.json: workload: does not say' 1.json other.json
    run "$STAT" merge --json=/dev/full 1.json 2.json
    [ "$status" -eq 3 ]
    "$STAT" merge 1.json 2.json >/dev/full 2>said || status=$?
    [ "$status" -eq 3 ]
    grep -q 'No space left' said
}

@test "an interrupted slice makes an interrupted whole; no name at all is wrong usage" {
    slices 2
    jq '.interrupted = true' 2.json >other.json
    [ "$("$STAT" merge 1.json other.json | jq .interrupted)" = true ]
    run "$STAT" merge
    [ "$status" -eq 2 ]
    run "$STAT" merge --json=no/such/folder 1.json 2.json
    [ "$status" -eq 3 ]
}
