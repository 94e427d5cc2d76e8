#!/usr/bin/env bats
# hybrid: processes, and inside each threads or an event loop.
# bats file_tags=threads

setup() {
    load lib
    origin_start
    SUMMARY=$BATS_TEST_TMPDIR/summary.json
    RECORDS=$BATS_TEST_TMPDIR/records.csv
}

teardown() {
    [[ -z ${HYBRID:-} ]] || kill -KILL "$HYBRID" 2>/dev/null || true
    origin_stop
}

summary() {
    jq -r "$1" "$SUMMARY"
}

# The processes of a run that is under way.
workers() {
    pgrep -P "$HYBRID" || true
}

@test "either inside fetches what sequential fetches" {
    "$BUILD/sequential" -u "$ORIGIN/item/{}?size=3KiB" -n 60 --json="$SUMMARY" -q
    digest=$(summary .fetches.digest)
    for inside in threads async; do
        # With a delay no lane is done before the last has begun.
        "$BUILD/hybrid" --processes=3 --inside=$inside -u "$ORIGIN/item/{}?size=3KiB&delay=200ms" -n 60 -c 10 \
            --json="$SUMMARY" -q
        [ "$(summary .fetches.digest)" = "$digest" ]
        [ "$(summary .fetches.connections)" -eq 10 ]
        [ "$(summary .workers.made)" -eq 10 ]
        [ "$(summary .model.options.processes)" = 3 ]
        [ "$(summary .model.options.inside)" = $inside ]
    done
}

@test "there is one process for each allowed processor, and none without a lane" {
    taskset -c 0 "$BUILD/hybrid" -u "$ORIGIN/item/{}" -n 8 -c 8 --json="$SUMMARY" -q
    [ "$(summary .model.options.processes)" = 1 ]
    "$BUILD/hybrid" --processes=9 -u "$ORIGIN/item/{}" -n 8 -c 3 --json="$SUMMARY" -q
    [ "$(summary .model.options.processes)" = 3 ]
}

@test "options of what is inside are taken, and wrong ones refused" {
    "$BUILD/hybrid" --inside=async --backend=poll -u "$ORIGIN/item/{}" -n 8 --json="$SUMMARY" -q
    [ "$(summary .model.options.backend)" = poll ]
    "$BUILD/hybrid" --inside=threads --stack-size=512KiB -u "$ORIGIN/item/{}" -n 8 \
        --json="$SUMMARY" -q
    [ "$(summary .model.options.stack_size)" = 512KiB ]
    for wrong in --inside=hybrid --processes=0 --processes=x --processes=-1; do
        run "$BUILD/hybrid" "$wrong" -u "$ORIGIN/item/{}" -n 8
        [ "$status" -eq 2 ]
        [[ $output == *"$wrong"* ]]
    done
}

# Kills one of 4 processes while all 20 lanes wait for their first answer.
kill_one() {
    "$BUILD/hybrid" --processes=4 --inside="$1" -u "$ORIGIN/item/{}?delay=2s" -n 60 -c 20 \
        --json="$SUMMARY" --records="$RECORDS" -q 3>&- &
    HYBRID=$!
    wait_for origin_says in_flight=20
    killed=$(workers | sed -n 2p)
    [ "$(workers | wc -l)" -eq 4 ]
    kill -KILL "$killed"
    status=0
    wait "$HYBRID" || status=$?
    HYBRID=
    [ "$status" -eq 1 ]
    [ "$(summary '.fetches | "\(.ok) \(.failed)"')" = "55 5" ]
    [ "$(summary '.workers | "\(.made) \(.lost) \(.rebuilt)"')" = "20 5 5" ]
    # What was lost is one process's lanes, neighbours, and they went on with a new one.
    [ "$(awk -F, '$2 == "worker_lost" { print $5 }' "$RECORDS" | sort -n | xargs)" = "5 6 7 8 9" ]
    awk -F, '$2 == "fetched" && $5 >= 5 && $5 <= 9 { n++ } END { exit n == 0 }' "$RECORDS"
}

@test "a process that dies takes its own fetches along, and is replaced: threads inside" {
    kill_one threads
}

@test "a process that dies takes its own fetches along, and is replaced: a loop inside" {
    kill_one async
}
