#!/usr/bin/env bats
# --trace: every model's file is in the Trace Event Format, as Perfetto and chrome://tracing read it.
# bats file_tags=plain

setup() {
    load lib
    command -v jq >/dev/null || skip "jq is not installed"
}

teardown() {
    origin_stop || true
}

# Usage: faults: what is wrong with the trace on standard input.
faults() {
    jq -r -f "$ROOT/tests/trace-event.jq" | jq -r '.[:5][]'
}

@test "trace: each model's file opens in a viewer, and holds a span for each URL" {
    local model trace=$BATS_TEST_TMPDIR/trace.json
    origin_start
    for model in "${MODELS[@]}"; do
        run "$BUILD/$model" --quiet --concurrency=4 --count=24 --trace="$trace" \
            --url-pattern="$ORIGIN/item/{}?size=2KiB&delay=3ms&jitter=2ms"
        [ "$status" -eq 0 ]
        run faults <"$trace"
        [ -z "$output" ] || { echo "$model: $output"; false; }
        run jq '[.traceEvents[] | select(.ph == "X" and .cat == "fetch")] | length >= 24' "$trace"
        [ "$output" = true ]
        run jq -r '[.traceEvents[] | select(.ph == "M" and .name == "process_name")] | length > 0' "$trace"
        [ "$output" = true ]
    done
}

@test "trace: failed and interrupted fetches leave a file that opens too" {
    local trace=$BATS_TEST_TMPDIR/trace.json
    origin_start
    run "$BUILD/async" --quiet --concurrency=3 --trace="$trace" \
        "$ORIGIN/item/1?status=503" "$ORIGIN/item/2?fault=reset" "$ORIGIN/item/3" "http://127.0.0.1:1/"
    [ "$status" -eq 1 ]
    run faults <"$trace"
    [ -z "$output" ]
}

@test "trace: what a viewer would drop is found" {
    local good='{"ph":"X","name":"a","pid":1,"tid":1,"ts":1,"dur":9}'
    run faults <<<"[$good]"
    [ -z "$output" ]
    run faults <<<"{\"traceEvents\":[$good,{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"x\"}}]}"
    [ -z "$output" ]
    local bad
    for bad in '{}' '[]' '[{"ph":"X","name":"a","pid":1,"tid":1,"ts":1}]' \
        '[{"ph":"X","name":"a","pid":1,"tid":1,"ts":1,"dur":-1}]' '[{"ph":"X","name":"a","pid":1,"tid":1,"ts":"1","dur":1}]' \
        '[{"ph":"X","name":"a","pid":"1","tid":1,"ts":1,"dur":1}]' '[{"ph":"X","name":"a","pid":1,"ts":1,"dur":1}]' \
        '[{"ph":"X","pid":1,"tid":1,"ts":1,"dur":1}]' '[{"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{}}]' \
        '[{"ph":"Q","name":"a","pid":1,"tid":1,"ts":1}]' '[{"ph":"B","name":"a","pid":1,"tid":1,"ts":1}]' \
        '[{"ph":"E","name":"a","pid":1,"tid":1,"ts":1}]' \
        "[$good,{\"ph\":\"X\",\"name\":\"b\",\"pid\":1,\"tid\":1,\"ts\":5,\"dur\":9}]"; do
        run faults <<<"$bad"
        [ -n "$output" ] || { echo "nothing found in $bad"; false; }
    done
}

# Half-way between the answer of URL 1 and that of URL 2: does whoever waits there compute? Usage: busy_half_way
busy_half_way() {
    jq '[.traceEvents[] | select(.ph == "X") | .end = .ts + .dur] as $spans
        | ([1, 2] | map(. as $url | [$spans[] | select(.args.index == $url) | .end] | max) | add / 2) as $between
        | [$spans[] | select(.cat == "cpu" and .ts < $between and .end > $between)] | length' "$1"
}

@test "trace: who has nothing left to fetch, or sleeps until the next is due, does not compute meanwhile" {
    local model own trace=$BATS_TEST_TMPDIR/trace.json
    origin_start
    for model in "${MODELS[@]}"; do
        # The lane of the first is done long before the other's: hybrid's in a process of its own.
        own=()
        [[ $model != hybrid ]] || own=(--processes=2)
        "$BUILD/$model" "${own[@]}" --quiet --concurrency=2 --trace="$trace" "$ORIGIN/item/1" "$ORIGIN/item/2?delay=1s"
        echo "$model: $(jq -c '.traceEvents[] | select(.cat == "cpu") | [.tid, .ts, .dur]' "$trace")"
        [ "$(busy_half_way "$trace")" -eq 0 ]
        "$BUILD/$model" --quiet --concurrency=1 --rate=1 --count=2 --trace="$trace" --url-pattern="$ORIGIN/item/{}"
        echo "$model, paced: $(jq -c '.traceEvents[] | select(.cat == "cpu") | [.tid, .ts, .dur]' "$trace")"
        [ "$(busy_half_way "$trace")" -eq 0 ]
        # So that nothing is missed: somebody computed.
        [ "$(jq '[.traceEvents[] | select(.cat == "cpu")] | length' "$trace")" -ge 2 ]
    done
}
