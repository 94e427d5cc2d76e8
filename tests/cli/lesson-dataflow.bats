#!/usr/bin/env bats
# dataflow: awk counts the same log, one that the lesson did not make, address by address.

# The dollars in the filters are jq's.
# shellcheck disable=SC2016

setup() {
    load lesson
    lesson_use dataflow
    LOG=$ROOT/tests/fixtures/lessons/access.log
    lesson_figures <<'END'
        addresses = 15
        coroutines: addresses counted as awk does = 15
        threads: requests that there are = 1000
        threads: read at once = 0 0 0
        threads: the same with a slow filter = 900 910 920
        threads: joined; the last close ends = 1000 1000 1000
        threads: addresses miscounted in the end = 0
        entered through a cycle: refused = 1
        entered from two threads: refused = 1
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --lines=10017
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

# The addresses of a log: its first fields that look like one, all of them different.
addresses_of() {
    awk '$1 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/ || $1 ~ /^[0-9a-f:]*:[0-9a-f:]*$/ {print $1}' "$1" | sort -u
}

@test "it agrees with awk on every address of a log that it did not make" {
    mapfile -t addresses < <(addresses_of "$LOG")
    [ "${#addresses[@]}" -ge 10 ]
    awk -v all="${addresses[*]}" '{n[$1]++} END {
        for (i = 1; i <= split(all, ip, " "); i++) print ip[i] ": " n[ip[i]] + 0}' "$LOG" >by-awk
    "$LESSON" --log="$LOG" "${addresses[@]}" | diff by-awk -
    # Together they are all lines that have one.
    [ "$(awk -F': ' '{n += $NF} END {print n}' by-awk)" -gt 240 ]
}

@test "an address that is not in it, or a part of one, is counted 0 times" {
    [ "$("$LESSON" --log="$LOG" 10.0.0.2 10.0.0.12 | tr '\n' ' ')" = "10.0.0.2: 0 10.0.0.12: 0 " ]
}

@test "a prefix match, as on the slide, miscounts" {
    lesson_once --log="$LOG"
    by_prefix=$(awk -F, '$1 == "count" && $2 == "10.0.0.1" && $3 == "by prefix" {print $4}' csv)
    # The first field as it stands, so no blanks before it.
    read -r begin_so are_it < <(awk 'index($1, "10.0.0.1") == 1 {begin++} $1 == "10.0.0.1" {are++}
        END {print begin + 0, are + 0}' "$LOG")
    [ "$by_prefix" -eq "$begin_so" ]
    [ "$by_prefix" -gt "$are_it" ]
    lesson_holds '$v["by prefix: addresses miscounted"] >= 2 and .verdict == "holds here"
        and $v["coroutines: addresses counted as awk does"] == $v.addresses and $v.addresses > 0'
}

@test "lines that are not in the format are counted beside it" {
    lesson_once --log="$LOG"
    mapfile -t lines <"$LOG"
    combined='^[^ \t]+ [^ \t]+ [^ \t]+ \[[^]]*\] "([^"\\]|\\.)*" [0-9]{3} ([0-9]+|-) "([^"\\]|\\.)*" "([^"\\]|\\.)*"$'
    lesson_holds '$v["log: lines"] == $lines and $v["log: lines not in the combined format"] == $others' \
        --argjson lines "${#lines[@]}" --argjson others "$(grep -cvE "$combined" "$LOG")"
}

@test "very long lines, NULs and no newline at the end do no harm" {
    {
        printf '10.0.0.1 - - '
        head -c 300000 /dev/zero | tr '\0' a
        printf '\n10.0.0.2 \0 x\n'
        head -c 70000 /dev/zero
        printf '\n10.0.0.1'
    } >log
    [ "$("$LESSON" --log=log 10.0.0.1 10.0.0.2 | tr '\n' ' ')" = "10.0.0.1: 2 10.0.0.2: 1 " ]
    : >empty
    [ "$("$LESSON" --log=empty 10.0.0.1)" = "10.0.0.1: 0" ]
}

@test "the log that it makes has as many lines as are asked for, and the origin writes it where it is" {
    [ "$(seq -f '127.0.0.%g' 16 | xargs "$LESSON" --lines=10017 | awk '{n += $2} END {print n}')" -eq 10017 ]
    lesson_once --lines=10017
    lesson_holds '$v["log: lines"] == 10017 and $v["log: lines not in the combined format"] == 0'
    [ ! -x "$BUILD/origin" ] || lesson_holds '$v["log: lines that the origin wrote"] == 10000'
    # Without an origin beside it the lesson makes them itself, and says so.
    mkdir alone
    cp "$LESSON" alone/dataflow
    ./alone/dataflow --quick --lines=500 --json=json >text
    IFS= read -r answer <text
    [[ $answer == *"made by the lesson"* ]]
    lesson_holds '$v["log: lines that the origin wrote"] == 0 and $v["log: lines"] == 500 and .verdict == "holds here"'
}

# bats test_tags=threads
@test "threads: empty, then short, then equal, in every round" {
    lesson_once --lines=10017
    lesson_holds '$v["threads: requests that there are"] as $all
        | [$csv | split("\n")[] | split(",") | select(.[0] == "threads")] as $rows
        | def rounds($way): [$rows[] | select(.[2] == $way)[3] | tonumber];
        $all > 0 and rounds("read at once") == [0, 0, 0, 0, 0]
        and (rounds("the same with a slow filter") | length == 5 and all(. < $all))
        and (rounds("joined; the last close ends") | length > 0 and all(. == $all))
        and $v["threads: addresses miscounted in the end"] == 0' --rawfile csv csv
}

@test "of a log with many addresses every one is held against awk" {
    for k in {1..300}; do echo "10.0.$((k % 40)).1 - - x"; done >log
    "$LESSON" --quick --log=log --json=json >/dev/null
    lesson_holds '$v.addresses == 40 and $v["coroutines: addresses counted as awk does"] == 40
        and $v["coroutines: requests from them"] == 300'
}

# bats test_tags=plain
@test "where awk could not count one address, it is not known whether all agree" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    # A given log asks no origin: the second fork is the second awk.
    SHIM_FORK=at:2 LD_PRELOAD="$BUILD/tests/shim.so" "$LESSON" --quick --log="$LOG" --csv=csv --json=json >text
    lesson_holds '.verdict == "not decided here" and $v["coroutines: addresses counted as awk does"] == null
        and (.reason | contains("counted as awk does"))'
    [ "$(grep -c '^count,.*,awk,' csv)" -eq $(($(grep -c '^count,.*,coroutines,' csv) - 1)) ]
}

# Usage: with_descriptors N: runs it with the first three open, and no more than N.
with_descriptors() {
    run bash -c 'for fd in /proc/$$/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done
        ulimit -n "$1"; exec "$0" --quick --lines=100' "$LESSON" "$1"
}

# bats test_tags=plain
@test "with few descriptors it says what it could not have, and nothing that is not so" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers open files of their own"
    with_descriptors 4
    [ "$status" -eq 1 ]
    [ "$output" = "dataflow: Too many open files" ]
    # None for a pipe to the origin, or from awk.
    with_descriptors 5
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == *"made by the lesson: no origin could write it"*" addresses, and awk could not for all of them;"* ]]
    [[ ${lines[-1]} == "Verdict: not decided here: "* ]]
    # None for the connections to the origin.
    with_descriptors 7
    [[ ${lines[0]} == *"made by the lesson: no origin could write it"*" addresses as awk does;"* ]]
}

# bats test_tags=plain
@test "a log that is written to meanwhile is not judged" {
    # An awk that writes a line first; the lesson has counted before it asks awk.
    mkdir bin
    printf '#!/bin/sh\necho "10.0.0.1 - - x" >>log\nexec %s "$@"\n' "$(type -P awk)" >bin/awk
    chmod +x bin/awk
    cp "$LOG" log
    PATH=$PWD/bin:$PATH run "$LESSON" --quick --log=log --json=json
    [ "$status" -eq 1 ]
    [[ $output == "dataflow: the log was written to meanwhile, so give it a copy: "* ]]
    [ ! -e json ]
}

# bats test_tags=threads
@test "a log with one address only does not hang the slow filter" {
    for i in 1 2 3; do echo "10.0.0.$((1 + i / 9)) - - x"; done >log
    lesson_once --log=log
    lesson_holds '$v.addresses == 1 and .verdict == "holds here"'
}

@test "a stage that runs is entered neither through a cycle nor from another thread: refused by name" {
    lesson_once --log="$LOG"
    first=$(awk '$1 ~ /^[0-9a-f.:]+$/ {print $1; exit}' "$LOG")
    grep -qx "refused,filter $first,broadcast,1" csv
    grep -qx "refused,another thread,busy stage,1" csv
}

@test "what is no address, no log or no file is refused, with the name" {
    run "$LESSON" --log="$LOG" 10.0.0.1 10.0.0
    [ "$status" -eq 2 ]
    [[ "$output" == *"'10.0.0' is not an IPv4 or IPv6 address"* ]]
    run "$LESSON" --log=nowhere 10.0.0.1
    [ "$status" -eq 1 ]
    [[ "$output" == *"nowhere: No such file"* ]]
    run "$LESSON" --log=. 10.0.0.1
    [ "$status" -eq 1 ]
    [[ "$output" == *"not a regular file"* ]]
    echo words >log
    run "$LESSON" --log=log
    [ "$status" -eq 1 ]
    [[ "$output" == *"no line of the log begins with an IP address"* ]]
    # shellcheck disable=SC2046
    run "$LESSON" --log="$LOG" $(seq -f '10.0.1.%g' 0 255) 10.0.2.0
    [ "$status" -eq 1 ]
    [[ "$output" == *"at most 256 addresses, not 257"* ]]
}

# bats test_tags=plain
@test "where there is no room for its file it says so" {
    lesson_without_room "File too large"
}

# bats test_tags=plain
@test "its log is made where \$TMPDIR says" {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -euc '
        mount -t tmpfs -o size=64k none /mnt
        TMPDIR=/mnt exec "$@"' bash "$LESSON" --quick
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "dataflow: No space left on device" ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[1].value = 14
        does not hold here: .figures[3].high = 1
        does not hold here: .figures[4].high = 1000
        does not hold here: .figures[5].low = 999
        does not hold here: .figures[6].value = 1
        does not hold here: .figures[7].value = 0
        does not hold here: .figures[8].value = 0
END
}
