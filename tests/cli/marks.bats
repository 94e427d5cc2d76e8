#!/usr/bin/env bats
# scripts/marks: that it measures, proves and judges; no figure of these tiny runs means anything.
# bats file_tags=plain,slow
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    MARKS=$ROOT/scripts/marks
    for tool in jq curl hyperfine taskset; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
    (($(nproc) > 1)) || skip "two processors are needed"
    export WAITBENCH_BUILD=$BUILD
    REPORT=$BATS_TEST_TMPDIR/report.md
}

marks() {
    run "$MARKS" --quick "$@" 3>&-
    echo "$output"
}

@test "help and wrong usage" {
    run "$MARKS" --help
    [ "$status" -eq 0 ]
    [[ $output == *"second to eighth, 96.1 %"* ]]
    for wrong in --rounds=0 --rounds=x --only=nothing '--only=,' --write= --else; do
        run "$MARKS" "$wrong"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "marks: $wrong"* ]]
    done
}

# The median of row $1 of what the marks are made of.
detail() {
    awk -F'|' -v key=" $1 " '$2 == key { print $3 + 0 }' "$REPORT"
}

@test "the millions, large bodies and the memory of a unit: a row each, and nothing is decided by so little" {
    echo "another's" >"$REPORT.part"
    marks --only=millions,bodies,memory --rounds=1 --write="$REPORT"
    [ "$status" -eq 0 ]
    run ! compgen -G "$REPORT.*.part"
    [ "$(<"$REPORT.part")" = "another's" ]
    [ "$(grep -c '^| millions | ' "$REPORT")" -eq 5 ]
    for key in async hybrid async-list hybrid-list; do
        grep -q "^| millions | $key, rate of one visit of 4000 over those of 400 | at least 0.9 | [0-9]" "$REPORT"
        # It showed how far it is, and holds at least a record a URL.
        (($(detail "millions-$key.progress") > 0))
        (($(detail "millions-$key.bytes" | cut -d. -f1) > 48))
    done
    [ "$(grep -c '^| bodies | .* | at most 1 | [0-9]' "$REPORT")" -eq 2 ]
    for model in async threads processes; do
        grep -q "^| memory | one more unit of $model, .*| 1 | too few rounds to decide |" "$REPORT"
        [ -n "$(detail "$model.buffers")" ]
        [ ! -r /proc/slabinfo ] || [ -n "$(detail "$model.objects")" ]
    done
    grep -q 'origin (build/origin, for every client)' "$REPORT"
    run ! grep -q '^| peers' "$REPORT"
    run ! grep -qE '\| (reached|missed)' "$REPORT"
}

@test "time and processor time stand beside those of clients that are there" {
    marks --only=peers --rounds=1 --write="$REPORT"
    [ "$status" -eq 0 ]
    grep -qE '^\| peers \| time a fetch, curl -Z .* over async \| at least 2 \| [0-9.]+ ' "$REPORT"
    if command -v h2load >/dev/null; then
        grep -qE '^\| peers \| processor time, async over h2load \| at most 1.5 \| [0-9.]+ ' "$REPORT"
    fi
}

@test "the cost model is of what was measured in the same round" {
    marks --only=model --rounds=1 --write="$REPORT"
    [ "$status" -eq 0 ]
    for model in processes threads async hybrid coroutines; do
        grep -q "^| model | $model, 20 in flight, over ⌈N/C⌉·T | 0.95 to 1.05 " "$REPORT"
        grep -q "^| model | $model, 60 in flight, over the cost model | 0.85 to 1.15 " "$REPORT"
        # No answer is here before its delay is over, whatever the machine: 60 URLs by 20 take three.
        awk -F'|' -v key=" $model-20.makespan " '$2 == key { seen = $3 >= 0.3 } END { exit !seen }' "$REPORT"
    done
}

# A client that asks for fewer URLs than it was told is faster, and no client.
@test "a visit that the origin does not confirm ends it, and leaves no report" {
    mkdir "$BATS_TEST_TMPDIR/build"
    ln -s "$BUILD"/{origin,meter} "$BATS_TEST_TMPDIR/build/"
    cat >"$BATS_TEST_TMPDIR/build/async" <<END
#!/bin/sh
exec "$BUILD/async" "\$@" --count=7
END
    chmod +x "$BATS_TEST_TMPDIR/build/async"
    export WAITBENCH_BUILD=$BATS_TEST_TMPDIR/build
    marks --only=millions --write="$REPORT"
    [ "$status" -eq 1 ]
    [[ $output == *"the origin served 7 requests, not 400"* ]]
    [ ! -e "$REPORT" ]
}

@test "an origin that died is said in one line, and nobody is left who asks it" {
    # shellcheck disable=SC2016  # the inner shell's
    run bash -c '
        source <(sed "/^main \"\$@\"$/d" "$1")
        ORIGIN=http://127.0.0.1:1
        true &
        ORIGIN_PID=$!
        wait
        settle' bash "$MARKS"
    [ "$status" -eq 1 ]
    [ "$output" = "marks: the origin has died" ]
    # In the midst of a visit, while its kernel is watched.
    mkdir "$BATS_TEST_TMPDIR/build" "$BATS_TEST_TMPDIR/tmp"
    ln -s "$BUILD/async" "$BATS_TEST_TMPDIR/build/"
    printf '#!/bin/sh\necho $$ >"%s"\nexec "%s" "$@"\n' "$BATS_TEST_TMPDIR/pid" "$BUILD/origin" >"$BATS_TEST_TMPDIR/build/origin"
    # shellcheck disable=SC2016  # the program's own
    printf '#!/bin/sh\nkill $(cat "%s")\nsleep 0.2\nexit 1\n' "$BATS_TEST_TMPDIR/pid" >"$BATS_TEST_TMPDIR/build/meter"
    chmod +x "$BATS_TEST_TMPDIR"/build/*
    export WAITBENCH_BUILD=$BATS_TEST_TMPDIR/build TMPDIR=$BATS_TEST_TMPDIR/tmp
    marks --only=memory --rounds=1 --write="$REPORT"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 2 ]
    [ "${lines[1]}" = "marks: the origin has died" ]
    run ! compgen -G "$REPORT.*part"
    run ! pgrep -f "$MARKS --quick --only=memory --rounds=1 --write=$REPORT"
}

@test "killed outright it leaves no origin" {
    mkdir "$BATS_TEST_TMPDIR/build" "$BATS_TEST_TMPDIR/tmp"
    ln -s "$BUILD"/{origin,async} "$BATS_TEST_TMPDIR/build/"
    printf '#!/bin/sh\necho $$ >"%s"\nexec sleep 20\n' "$BATS_TEST_TMPDIR/pid" >"$BATS_TEST_TMPDIR/build/meter"
    chmod +x "$BATS_TEST_TMPDIR/build/meter"
    export WAITBENCH_BUILD=$BATS_TEST_TMPDIR/build TMPDIR=$BATS_TEST_TMPDIR/tmp
    "$MARKS" --quick --only=memory >/dev/null 2>&1 3>&- &
    wait_for test -s "$BATS_TEST_TMPDIR/pid"
    kill -KILL $!
    wait $! || true
    kill "$(<"$BATS_TEST_TMPDIR/pid")"
    wait_for no_origin_in "$BATS_TEST_TMPDIR/tmp"
}

@test "where the report cannot be written it is said before anything is measured" {
    marks --only=bodies --write="$BATS_TEST_TMPDIR/none/report.md"
    [ "$status" -eq 1 ]
    [ "$output" = "marks: --write=$BATS_TEST_TMPDIR/none/report.md: cannot be written" ]
}

# What it says of nine rounds is checked by its own functions.
@test "the interval of nine rounds is from the second to the eighth, and a mark is held against its ends" {
    # shellcheck disable=SC2016  # the inner shell's
    run bash -c '
        source <(sed "/^main \"\$@\"$/d" "$1")
        WORK=$2
        seq 9 | interval
        seq 5 | interval
        seq 1 9 | row part what most 1.9
        seq 1 9 | row part what most 2
        seq 1 9 | row part what most 8
        seq 1 9 | row part what least 8
        seq 1 9 | row part what within 0.9
        seq 5 | row part what most 9
        cut -d"|" -f8 "$WORK/rows"' bash "$MARKS" "$BATS_TEST_TMPDIR"
    echo "$output"
    [ "${lines[0]}" = "5 2 8 96.09 9" ]
    [ "${lines[1]}" = "3 1 5 93.75 5" ]
    [ "${lines[2]}" = " missed " ]
    [ "${lines[3]}" = " reached by part of the interval " ]
    [ "${lines[4]}" = " reached " ]
    [ "${lines[5]}" = " reached by part of the interval " ]
    [ "${lines[6]}" = " missed " ]
    [ "${lines[7]}" = " too few rounds to decide " ]
}
