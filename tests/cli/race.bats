#!/usr/bin/env bats
# scripts/race: the models side by side, as bars on a terminal and as lines elsewhere.
# bats file_tags=plain

setup() {
    load lib
    for tool in jq script; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
    export TMPDIR=$BATS_TEST_TMPDIR/tmp LC_ALL=C.UTF-8 NO_COLOR=1
    mkdir "$TMPDIR"
    RACE=("$ROOT/scripts/race" --build="$BUILD")
    SCREEN=$BATS_TEST_TMPDIR/screen
}

# Usage: on_terminal ROWS COLUMNS COMMAND…: runs it on a pseudo-terminal of that size.
on_terminal() {
    local rows=$1 columns=$2 quoted
    printf -v quoted '%q ' "${@:3}"
    TERM=xterm script -qefc "stty rows $rows cols $columns; exec $quoted" "$SCREEN" </dev/null >/dev/null 3>&-
}

teardown() {
    origin_stop || true
}

# The lines that were drawn, without what moves the cursor.
drawn_lines() {
    sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' "$SCREEN" | tr '\r' '\n' | grep -v '^Script '
}

nothing_left() {
    [ -z "$(ls -A "$TMPDIR")" ] && ! grep -lzqF "$TMPDIR" /proc/[0-9]*/cmdline 2>/dev/null
}

@test "race: elsewhere than on a terminal it says lines, and what each paid" {
    run "${RACE[@]}" --heat=6:2:10ms --heat=40:8:2ms
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *$'\e'* ]]
    [[ $output == *"Heat 1: 6 URLs, 2 at a time, each answered after 10ms"* ]]
    [[ $output == *"Heat 2: 40 URLs, 8 at a time, each answered after 2ms"* ]]
    for model in sequential processes threads async; do
        [[ $output == *"$model: 6 of 6 after "* && $output == *"$model: 40 of 40 after "* ]]
        # Name, URLs done, time, processor, memory, switches: all known, memory at least where PSS is readable.
        [ "$(grep -cE "^$model +(6|40) +[0-9.]+ m?s +[0-9.]+ m?s +([0-9.]+ MiB|\?) +[0-9]+$" <<<"$output")" -eq 2 ]
    done
    nothing_left
}

@test "race: on a terminal of 80 by 24 the bars move and everything fits" {
    on_terminal 24 80 "${RACE[@]}" --heat=12:4:60ms --heat=60:8:2ms
    drawn_lines | tail -40
    [ "$(drawn_lines | wc -L)" -le 80 ]
    # One screen: what is not drawn over, and that is what moves up by the number of models.
    [ "$(grep -c 'Heat' "$SCREEN")" -eq 2 ]
    grep -q $'\e\\[4A' "$SCREEN"
    # A bar was seen on its way, and full at the end.
    drawn_lines | grep -qE '^sequential +█+░+ +[1-9][0-9]? +'
    drawn_lines | grep -qE '^sequential +█{22} +12 .*MiB'
    drawn_lines | grep -qE '^async +█{22} +60 '
    # The cursor was hidden, and is back.
    [[ $(<"$SCREEN") == *$'\e[?25l'*$'\e[?25h'* ]]
    nothing_left
}

@test "race: a terminal that is too small gets lines" {
    on_terminal 8 80 "${RACE[@]}" --heat=4:2:1ms --models=threads,async
    drawn_lines | grep -q '^async: 4 of 4 after'
    [[ $(<"$SCREEN") != *$'\e['* ]]
    on_terminal 24 60 "${RACE[@]}" --heat=4:2:1ms --models=threads,async
    drawn_lines | grep -q '^async: 4 of 4 after'
    [[ $(<"$SCREEN") != *$'\e['* ]]
}

race_runs() {
    drawn_lines | grep -qE '^async +█*░* +[1-9][0-9]* '
}

@test "race: Ctrl-C ends it with 130 and leaves nothing" {
    local runner status=0
    mkfifo "$BATS_TEST_TMPDIR/keys"
    # A key pressed on the terminal is what a person does: it reaches every process in front.
    # A job in the background would begin with SIGINT ignored.
    TERM=xterm env --default-signal=INT,QUIT script -qefc "stty rows 24 cols 80; exec ${RACE[*]@Q} --heat=5000:2:20ms" "$SCREEN" \
        <"$BATS_TEST_TMPDIR/keys" >/dev/null 3>&- &
    runner=$!
    exec 4>"$BATS_TEST_TMPDIR/keys"
    wait_for race_runs
    printf '\003' >&4
    wait "$runner" || status=$?
    exec 4>&-
    echo "status $status"
    tail -n 5 "$SCREEN"
    [ "$status" -eq 130 ]
    drawn_lines | grep -q 'race: interrupted'
    [[ $(<"$SCREEN") == *$'\e[?25h'* ]]
    wait_for nothing_left
}

@test "race: a model that fails is said to have, and the others finish" {
    mkdir "$BATS_TEST_TMPDIR/build"
    ln -s "$BUILD"/{meter,origin,async} "$BATS_TEST_TMPDIR/build/"
    printf '#!/bin/sh\necho "threads: no thread could be made" >&2\nexit 3\n' >"$BATS_TEST_TMPDIR/build/threads"
    chmod +x "$BATS_TEST_TMPDIR/build/threads"
    run "$ROOT/scripts/race" --build="$BATS_TEST_TMPDIR/build" --models=threads,async --heat=4:2:1ms
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"race: threads: ended with status 3: threads: no thread could be made"* ]]
    [[ $output == *"async: 4 of 4 after"* ]]
}

@test "--progress=INTERVAL says how many URLs are done, and refuses what is no interval" {
    origin_start
    run "$BUILD/threads" --quiet --progress=10ms --concurrency=2 --count=8 --url-pattern="$ORIGIN/item/{}?delay=40ms"
    origin_stop
    [ "$status" -eq 0 ]
    # Never more than are done: the first line comes while the first two are still waited for.
    [[ $output == *"0 of 8 done"* && $output == *" of 8 done, "*"/s, "*" left"* ]]
    run "$BUILD/threads" --progress=1ms "http://127.0.0.1:1/"
    [ "$status" -eq 2 ]
    [[ $output == *"--progress=1ms: not an interval from 10ms to 1h"* ]]
}

@test "race: wrong usage is one line and status 2" {
    local bad
    for bad in --heat=12 --heat=0:4:1ms --heat=12:4:soon --models=tortoise --models= --fast; do
        run "${RACE[@]}" "$bad"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == *"${bad#--*=}"* ]]
    done
    run "${RACE[@]}" --help
    [ "$status" -eq 0 ]
}
