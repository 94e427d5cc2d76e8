#!/usr/bin/env bats
# CONTRIBUTING's five steps to a model, done as they are written, with the template as it is.
# bats file_tags=plain

setup() {
    load lib
    COPY=$BATS_TEST_TMPDIR/copy
}

teardown() {
    origin_stop
}

# What is compiled already is taken along, with its times, so that only what is new is compiled.
copy_of_the_house() {
    mkdir -p "$COPY/build"
    tar -c -C "$ROOT" --exclude=./build --exclude=./results --exclude=./.git --exclude=node_modules . |
        tar -x -C "$COPY"
    cp -a "$BUILD/obj" "$BUILD/flags" "$COPY/build"
    cd "$COPY" || return
}

# The lines of CONTRIBUTING's five steps that are commands.
steps() {
    sed -n '/^## A model in five steps/,/^## /p' "$ROOT/CONTRIBUTING.md" |
        awk '/^ *```sh/ { inside = 1; next } /^ *```/ { inside = 0 } inside' | sed 's/^ *//'
}

@test "the template becomes a model by the five steps, and does the same work as sequential" {
    copy_of_the_house
    # The last step's command runs the tests, which this is one of.
    steps | grep -v '^make test' >step-lines
    [ "$(wc -l <step-lines)" -ge 3 ]
    bash -euo pipefail step-lines
    [ -x build/batches ]

    origin_start
    for k in {1..30}; do echo "$ORIGIN/item/$k?size=${k}KiB&delay=$((k % 3 * 10))ms"; done >list
    "$BUILD/sequential" --input=list --json=expected.json --quiet
    build/batches --input=list --concurrency=7 --json=run.json --records=records.csv --quiet
    [ "$(jq .fetches.digest run.json)" = "$(jq .fetches.digest expected.json)" ]
    [ "$(jq .fetches.peak_in_flight run.json)" -le 7 ]
    # That is the idea of it: nothing of a batch begins before all of the one before has ended.
    awk -F, 'NR > 1 {
            batch = int(($1 - 1) / 7)
            if (!(batch in begin) || $6 < begin[batch]) begin[batch] = $6
            if ($8 > end[batch]) end[batch] = $8
        }
        END { for (b = 1; b <= 4; b++) if (begin[b] < end[b - 1]) { print "batch", b; exit 1 } }' records.csv
}

@test "the template passes what every model has to" {
    copy_of_the_house
    steps | grep -v '^make test' | bash -euo pipefail
    cp "$BUILD/origin" build/
    for name in sequential processes threads async; do cp "$BUILD/$name" build/; done
    # As it is run by CONTRIBUTING's last step, but here by bats itself and for this model alone.
    WAITBENCH_BUILD=$COPY/build WAITBENCH_MODELS=batches run bats --tap \
        --filter 'documented one|status [01]|records say|--save|SIGINT|waits for its answer|fails stops no other|in flight' \
        tests/cli/models.bats tests/cli/usage.bats tests/cli/interrupt.bats
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -gt 8 ]
}

@test "the template is laid out like a model: 80 columns, within 150 lines" {
    cd "$ROOT/docs/templates/model/batches"
    [ "$(wc -l <batches.c)" -le 150 ]
    run ! grep -nP '^.{81,}' batches.c batches.h
}
