#!/usr/bin/env bats
# lessons.bats: what holds for every lesson on the shelf. What one lesson's figures
# must be, and that it measures and cleans up, is tested in lesson-NAME.bats.

# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    cd "$ROOT" || return 1
    mapfile -t LESSONS < <(make -s list-lessons)
}

# Usage: each_lesson FUNCTION: calls it with every lesson's name; says which one failed.
each_lesson() {
    local name
    for name in "${LESSONS[@]}"; do
        "$1" "$name" || { echo "lesson: $name" >&2; return 1; }
    done
}

# Figures for a lesson without a measurement: those the rule reads, all with value $2.
figures_of() {
    local name=$1 value=$2
    jq -n --argjson value "$value" --argjson names "$(judged_of "$name")" \
        '{figures: [$names[] | {name: ., value: $value, unit: "", low: $value, high: $value}]}'
}

# The names of the figures that a lesson's rule reads: it says them even with no figures.
judged_of() {
    "$BUILD/lessons/$1" --judge=- --json <<<'{"figures": []}' | jq -c .judged
}

# bats test_tags=plain
@test "the shelf is not empty and has no name twice" {
    [ "${#LESSONS[@]}" -ge 2 ]
    [ "$(printf '%s\n' "${LESSONS[@]}" | sort | uniq -d)" = "" ]
}

has_its_parts() {
    local folder=lessons/$1 part
    for part in "$1.c" "$1_measure.c" "$1.gp" README.md; do
        [ -s "$folder/$part" ] || { echo "no $part"; return 1; }
    done
    for part in '## The claim' '## Before you run it, ask the class' '## What to watch' \
        '## What the figures mean, and what they do not' '## Further reading'; do
        grep -qxF "$part" "$folder/README.md" || { echo "README.md: no part '$part'"; return 1; }
    done
    grep -q "^| \[$1\]($1/README.md) |" lessons/README.md || { echo "not in lessons/README.md"; return 1; }
    for part in "lesson_use $1" lesson_measures_well lesson_leaves_nothing lesson_verdict; do
        grep -q "$part" "tests/cli/lesson-$1.bats" || { echo "its test has no $part"; return 1; }
    done
}

# bats test_tags=plain
@test "every lesson has its parts, its test and its row in the list" {
    each_lesson has_its_parts
}

fits_on_slides() {
    [ "$(wc -l <"lessons/$1/$1.c")" -lt 200 ] || { echo "$1.c is too long"; return 1; }
    ! LC_ALL=C.UTF-8 grep -nE '^.{81}' "lessons/$1"/*.[ch]
}

# bats test_tags=plain
@test "what is read aloud is under 200 lines, and all C at most 80 columns" {
    each_lesson fits_on_slides
}

is_alone() {
    local other
    for other in "${LESSONS[@]}"; do
        [ "$other" = "$1" ] || ! grep -n "lessons/$other/" "lessons/$1"/*.[ch] || return 1
    done
}

# bats test_tags=plain
@test "a lesson holds nothing of another" {
    each_lesson is_alone
}

needs_only_libc() {
    local library
    while read -r library; do
        case $library in
        linux-vdso.so* | libc.so* | libm.so* | libpthread.so* | */ld-linux*) ;;
        *) echo "links with $library"; return 1 ;;
        esac
    done < <(ldd "$BUILD/lessons/$1" | awk '{print $1}')
}

# bats test_tags=plain
@test "a lesson links with the C library alone" {
    [[ $BUILD != *sanitize* ]] || skip "a sanitizer is a library"
    each_lesson needs_only_libc
}

# A line for each set of figures that lacks one, and for each in which one is unknown, behind its name.
figures_that_lack_one() {
    figures_of "$1" 2 | jq -r '. as $all | .figures[].name | . as $name
        | "\($name)\t\($all | del(.figures[] | select(.name == $name)) | tojson)",
          "\t\($all | (.figures[] | select(.name == $name)).value = null | tojson)"'
}

is_not_decided_without_figures() {
    local missing figures said
    while IFS=$'\t' read -r missing figures; do
        # A tab is a blank to read: nothing stands before the figures of one that is unknown.
        [[ -n $figures ]] || { figures=$missing && missing=; }
        said=$("$BUILD/lessons/$1" --judge=- --json <<<"$figures")
        grep -qE '"verdict": ?"not decided here"' <<<"$said" || { echo "undecided: $figures"; return 1; }
        [[ -z $missing ]] || sed -n 's/^ *"reason": *//p' <<<"$said" | grep -qF "$missing" ||
            { echo "without: $missing"; return 1; }
    done < <(figures_that_lack_one "$1")
}

# bats test_tags=plain
@test "a rule without one of its figures does not decide" {
    each_lesson is_not_decided_without_figures
}

needs_its_processors() {
    judged_of "$1" | jq -e 'index("two busy processes against one")' >/dev/null || return 0
    figures_of "$1" 1.59 | "$BUILD/lessons/$1" --judge=- --json |
        jq -e '.verdict == "not decided here" and (.reason | contains("1.59"))' >/dev/null
}

# bats test_tags=plain
@test "a lesson about parallelism does not decide below 1.6 processors" {
    each_lesson needs_its_processors
}

refuses_nonsense() {
    local arguments
    for arguments in --nonsense "a-word" --json=x\ --csv=x; do
        # shellcheck disable=SC2086  # two options in one text
        run "$BUILD/lessons/$1" $arguments
        [ "$status" -eq 2 ] || { echo "$arguments: $status"; return 1; }
    done
    run "$BUILD/lessons/$1" --judge=- <<<'{"figures": [{"name": "a", "value": oops}]}'
    [ "$status" -eq 1 ] || return 1
    run "$BUILD/lessons/$1" --judge=- </dev/null
    [ "$status" -eq 1 ] || return 1
    run "$BUILD/lessons/$1" --help
    [ "$status" -eq 0 ] || return 1
}

@test "wrong usage ends with 2, unreadable figures with 1, --help with 0" {
    each_lesson refuses_nonsense
}

@test "where a thread or a process cannot be made, a lesson says so and ends" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    local scarce name
    for scarce in THREAD:at:2:interleavings THREAD:at:2:overlapping-waits THREAD:at:2:kill-a-worker \
        THREAD:at:3:dataflow FORK:at:2:event-loop FORK:at:3:ipc-cost FORK:at:9:accept-policy; do
        name=${scarce##*:}
        scarce=${scarce%:*}
        run env "SHIM_${scarce%%:*}=${scarce#*:}" LD_PRELOAD="$BUILD/tests/shim.so" \
            timeout 60 "$BUILD/lessons/$name" --quick
        [ "$status" -eq 1 ] || { echo "$name: $status $output" && return 1; }
        [[ "$output" == "$name: "* ]]
    done
}

# bats test_tags=plain
@test "without /proc and /tmp, on one processor, a lesson measures, or says what it lacks" {
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -euc '
        mount -t tmpfs none /mnt
        cp "${@:2}" /mnt/
        mount -o remount,ro /mnt
        mount -t tmpfs -o ro none /tmp
        mount -t tmpfs -o ro none /proc
        unset TMPDIR
        cd /mnt
        for lesson in *; do
            status=0
            taskset -c "$1" "./$lesson" --quick || status=$?
            echo "$lesson: status $status"
        done' bash "$(taskset -pc $$ | sed 's/.*[: ]\([0-9]*\).*/\1/')" \
        "$BUILD"/lessons/{join-and-barrier,kill-a-worker,limits,memory-per-task,what-bounds-it}
    echo "$output"
    ((EUID == 0)) || skip "mounting needs root"
    [ "$status" -eq 0 ]
    [ "$(grep -c ': status 0$' <<<"$output")" -eq 3 ]
    [ "$(grep -c '^Verdict: ' <<<"$output")" -eq 3 ]
    [[ $output == *$'\n'"memory-per-task: "*/proc/PID/*": No such file or directory"$'\n'"memory-per-task: status 1"* ]]
    [[ $output == *$'\n'"what-bounds-it: "*/tmp": Read-only file system"$'\n'"what-bounds-it: status 1"* ]]
}

@test "scripts/lessons writes claims.md and a page that holds everything" {
    out=$BATS_TEST_TMPDIR/out
    run scripts/lessons --quick --formats=png --out="$out" overlapping-waits
    [ "$status" -eq 0 ]
    [[ "$output" == *"$out/charts/overlapping-waits.png"* ]]
    [ "$(head -c 8 "$out/charts/overlapping-waits.png" | od -An -tx1)" = " 89 50 4e 47 0d 0a 1a 0a" ]
    grep -q "^| overlapping-waits | .* | \*\*$(jq -r .verdict "$out/overlapping-waits.json")\*\* |" "$out/claims.md"
    grep -qF "$(jq -r .answer "$out/overlapping-waits.json")" "$out/lessons.html"
    # Self-contained: it loads nothing from anywhere.
    if grep -oE '(src|href|srcset)="[^"]{0,40}' "$out/lessons.html" | grep -vE '="(data:|#)'; then return 1; fi
    grep -q 'base64,[A-Za-z0-9+/=]\{1000,\}' "$out/lessons.html"
}

@test "scripts/lessons: a lesson that fails takes its old results with it, and says so" {
    out=$BATS_TEST_TMPDIR/out
    mkdir -p "$out" "$BATS_TEST_TMPDIR/build"
    cp "$BUILD/lessons/overlapping-waits" "$BATS_TEST_TMPDIR/build/"
    printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/build/race"
    chmod +x "$BATS_TEST_TMPDIR/build/race"
    echo '{}' >"$out/race.json"
    LESSONS_BUILD=$BATS_TEST_TMPDIR/build run scripts/lessons --quick --formats=svg --out="$out" race overlapping-waits
    [ "$status" -eq 1 ]
    [[ "$output" == *"race failed"* ]]
    [ ! -e "$out/race.json" ]
    grep -q '<h2>overlapping-waits</h2>' "$out/lessons.html"
    [ "$(grep -c '<h2>race</h2>' "$out/lessons.html")" -eq 0 ]
}

@test "scripts/lessons refuses what it does not know" {
    run scripts/lessons --nonsense
    [ "$status" -eq 2 ]
    run scripts/lessons no-such-lesson
    [ "$status" -eq 2 ]
    run scripts/lessons --help
    [ "$status" -eq 0 ]
}
