#!/usr/bin/env bats
# scripts/mistakes: the verdict follows from the values, by the rule; each is drawn; nothing is left.
# bats file_tags=plain

setup() {
    load lib
    cd "$ROOT" || return 1
    out=$BATS_TEST_TMPDIR/out
    mkdir -p "$out"
}

# Usage: values SIDE FIRST… -- SECOND…: rows of too-few-rounds.
values() {
    local side=$1 who=async round=0 value
    shift
    for value in "$@"; do
        if [[ $value == -- ]]; then who='async again' round=0 && continue; fi
        round=$((round + 1))
        printf 'too-few-rounds,%s,%s,%d,%s\n' "$side" "$who" "$round" "$value"
    done
}

judge() {
    { echo 'mistake,side,who,round,value' && cat; } >"$out/mistakes.csv"
    scripts/mistakes --judge --out="$out" too-few-rounds | grep '^| too-few-rounds'
}

@test "doctored values turn the winners and the verdict" {
    { values wrong 1 -- 2 && values right 1 2 -- 2 1; } | judge >"$out/row"
    grep -qF ' **async** (2.00) |' "$out/row"
    grep -qF ' **no difference seen** (1.25) | the winner vanished |' "$out/row"
    { values wrong 2 -- 1 && values right 4 2 2 -- 2 1 1; } | judge >"$out/row"
    [ "$(grep -oF '**async again** (0.50)' "$out/row" | wc -l)" -eq 2 ]
    grep -qF '| the winner did not change |' "$out/row"
    { values wrong 1 -- 1 && values right 2 2 -- 1 1; } | judge >"$out/row"
    grep -qF "| a winner appeared |" "$out/row"
    { values wrong 1 -- 2 && values right 2 2 -- 1 1; } | judge >"$out/row"
    grep -qF "| the winner changed |" "$out/row"
    { values wrong 1 -- 1 && values right 3 3 -- 3 2; } | judge >"$out/row"
    [ "$(grep -oF '**no difference seen**' "$out/row" | wc -l)" -eq 2 ]
    values wrong 1 -- 2 | judge >"$out/row"
    grep -qF '| not measured |' "$out/row"
    rm "$out/row"
    [ "$(head -c 8 "$out/charts/too-few-rounds.png" | od -An -tx1)" = " 89 50 4e 47 0d 0a 1a 0a" ]
}

@test "one that is made: a row a visit, and as many rounds of each as it says" {
    run scripts/mistakes --quick --build="$BUILD" --out="$out" too-few-rounds wrong-line
    [ "$status" -eq 0 ]
    [ "$(grep -c '^too-few-rounds,wrong,' "$out/mistakes.csv")" -eq 2 ]
    [ "$(grep -c '^too-few-rounds,right,' "$out/mistakes.csv")" -eq 10 ]
    [ "$(awk -F, '$1 == "wrong-line" {n[$2 $3]++} END {for (k in n) print n[k]}' "$out/mistakes.csv" | sort -u)" = 5 ]
    # The server waits 20 ms before it answers: who has its answers has taken as long.
    awk -F, '$1 == "wrong-line" && $2 == "right" && $5 < 0.02 {print; exit 1}' "$out/mistakes.csv"
    [ -s "$out/charts/wrong-line.svg" ]
}

# Usage: build_without MODEL: a folder `build` of programs, of which that one fails.
build_without() {
    rm -rf "$BATS_TEST_TMPDIR/build"
    mkdir "$BATS_TEST_TMPDIR/build"
    ln -s "$BUILD"/{origin,meter,async,sequential,threads,mistakes} "$BATS_TEST_TMPDIR/build/"
    rm "$BATS_TEST_TMPDIR/build/$1"
    printf '#!/bin/sh\nexit 3\n' >"$BATS_TEST_TMPDIR/build/$1"
    chmod +x "$BATS_TEST_TMPDIR/build/$1"
}

@test "what was not measured now, or could not be, stays as it was" {
    { values wrong 1 -- 2 && values right 1 2 -- 2 1; } | judge >"$out/row"
    rm "$out/row"
    cp -r "$out" "$BATS_TEST_TMPDIR/before"
    build_without async
    run scripts/mistakes --quick --build="$BATS_TEST_TMPDIR/build" --out="$out" too-few-rounds
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"mistakes: nothing was measured: what is in $out stays as it was" ]]
    diff -r "$BATS_TEST_TMPDIR/before" "$out"
    # One is measured, one fails, and of one nobody spoke; a line that was cut off is no row.
    printf '%s\n' wrong-line,wrong,threads,1,7 order,wrong,async,1,8 'order,wrong,async again,1,9' order,rig >>"$out/mistakes.csv"
    build_without threads
    echo "another's" >"$out/mistakes.md.part"
    run scripts/mistakes --quick --build="$BATS_TEST_TMPDIR/build" --out="$out" too-few-rounds wrong-line
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(<"$out/mistakes.md.part")" = "another's" ]
    rm "$out/mistakes.md.part"
    [ "$(head -n 4 "$out/mistakes.csv")" = "mistake,side,who,round,value
wrong-line,wrong,threads,1,7
order,wrong,async,1,8
order,wrong,async again,1,9" ]
    [ "$(tail -n +5 "$out/mistakes.csv" | grep -c '^too-few-rounds,[a-z]*,[a-z ]*,[0-9],0[.][0-9]*$')" -eq 12 ]
    [ "$(wc -l <"$out/mistakes.csv")" -eq 16 ]
    [ "$(grep -cE '^[|] (order|too-few-rounds|wrong-line) [|]' "$out/mistakes.md")" -eq 3 ]
    [ -z "$(find "$out" -name '*.part' -o -name '*.new')" ]
}

@test "who ends it while it measures does not wait for what is measured, and nothing is left" {
    build_without async
    # shellcheck disable=SC2016  # the program's own
    printf '#!/bin/bash\necho $$ >"%s"\nread -rt 25 <>"%s"\n: >"%s"\n' \
        "$BATS_TEST_TMPDIR"/{pid,nobody-writes,waited} >"$BATS_TEST_TMPDIR/build/async"
    mkfifo "$BATS_TEST_TMPDIR/nobody-writes"
    mkdir "$BATS_TEST_TMPDIR/tmp"
    TMPDIR=$BATS_TEST_TMPDIR/tmp scripts/mistakes --quick --build="$BATS_TEST_TMPDIR/build" --out="$out" too-few-rounds 3>&- &
    wait_for test -s "$BATS_TEST_TMPDIR/pid"
    told_to_end $!
    [ "$status" -eq 130 ]
    [ ! -e "$BATS_TEST_TMPDIR/waited" ]
    wait_for is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
    nothing_in "$BATS_TEST_TMPDIR/tmp"
    [ ! -e "$out/mistakes.csv" ]
    # Killed outright it leaves no origin.
    rm "$BATS_TEST_TMPDIR/pid"
    TMPDIR=$BATS_TEST_TMPDIR/tmp scripts/mistakes --quick --build="$BATS_TEST_TMPDIR/build" --out="$out" too-few-rounds 3>&- &
    wait_for test -s "$BATS_TEST_TMPDIR/pid"
    kill -KILL $!
    wait $! || true
    kill "$(<"$BATS_TEST_TMPDIR/pid")"
    wait_for no_origin_in "$BATS_TEST_TMPDIR/tmp"
}

@test "on a full disk nothing is cut off: what was there stays, and the status is 1" {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    { echo 'mistake,side,who,round,value' && values wrong 1 -- 2 && values right 1 2 -- 2 1; } >"$out/mistakes.csv"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -euc '
        mount -t tmpfs -o size=1m none /mnt
        cp "$1/mistakes.csv" /mnt/
        judge=(scripts/mistakes --judge --out=/mnt too-few-rounds)
        "${judge[@]}" >/dev/null
        find /mnt -type f -exec sha256sum {} + | sort >"$1/before"
        # 4 KiB are left: less than a picture. Then nothing is.
        { cat /dev/zero >/mnt/fill; } 2>&- || truncate -s -4K /mnt/fill
        "${judge[@]}" || echo "status $?"
        { cat /dev/zero >>/mnt/fill; } 2>&- || true
        "${judge[@]}" || echo "status $?"
        find /mnt -type f ! -name fill -exec sha256sum {} + | sort | diff "$1/before" -' bash "$out"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$out/before")" -eq 4 ]
    [[ $output == *"mistakes: /mnt/charts/too-few-rounds.svg could not be drawn"*$'\n'"status 1"* ]]
    [[ $output == *"mistakes: /mnt/mistakes.md: not written"$'\n'"status 1" ]]
}

@test "its documentation has a row for each; what it does not know it refuses" {
    scripts/mistakes --list >"$out/names"
    [ "$(wc -l <"$out/names")" -eq 9 ]
    documentation=$(<docs/mistakes.md)
    while read -r name _; do [[ $documentation == *$'\n'"| $name |"* ]]; done <"$out/names"
    run scripts/mistakes no-such-mistake
    [ "$status" -eq 2 ]
    [[ "$output" == *"no mistake 'no-such-mistake'"* ]]
    run scripts/mistakes --nonsense
    [ "$status" -eq 2 ]
    run scripts/mistakes --build="$BATS_TEST_TMPDIR" --out="$out" order
    [ "$status" -eq 3 ]
}

@test "a path is of the folder where it was started, and what is not given is the project's" {
    mkdir -p "$out/elsewhere" "$out/project"
    cp -r scripts "$out/project/"
    cd "$out/elsewhere"
    run ../project/scripts/mistakes --judge
    [ "$status" -eq 1 ]
    [ "$output" = "mistakes: results/mistakes/mistakes.csv holds nothing to judge" ]
    nothing_in .
    run ../project/scripts/mistakes --judge --out=own
    [ "$status" -eq 1 ]
    [ "$output" = "mistakes: $PWD/own/mistakes.csv holds nothing to judge" ]
}
