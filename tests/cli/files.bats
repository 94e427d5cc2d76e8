#!/usr/bin/env bats
# What is opened before the run is taken back when the run cannot be.
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    mkdir "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/temporary"
    cd "$BATS_TEST_TMPDIR/here" || return
    export TMPDIR=$BATS_TEST_TMPDIR/temporary
    nobody=http://127.0.0.1:1/
}

# Usage: refused STATUS WORDS COMMAND…: it says so, and leaves no file.
refused() {
    run --separate-stderr "${@:3}"
    echo "status $status: $stderr; $(ls -A . "$TMPDIR")"
    [ "$status" -eq "$1" ]
    [[ $stderr == *"$2"* ]]
    [ -z "$(find . "$TMPDIR" -mindepth 1)" ]
}

# bats test_tags=user
@test "an output that cannot be opened takes back those that were" {
    refused 2 "--records=no/such" "$BUILD/sequential" --json=a --records=no/such "$nobody"
    refused 2 "--trace=no/such" "$BUILD/sequential" --json=a --records=b --trace=no/such "$nobody"
    refused 2 "--save=no/such" "$BUILD/sequential" --json=a --records=b --save=no/such "$nobody"
    TMPDIR=$PWD/no/such run --separate-stderr "$BUILD/sequential" --json=a --save=- "$nobody"
    [ "$status" -eq 2 ]
    [[ $stderr == *"--save=-"* ]]
    [ -z "$(ls -A)" ]
}

# bats test_tags=plain,user
@test "a model that cannot run takes back the outputs and the bodies' folder" {
    # One stack is as large as the address space may be, and that has more to hold.
    # shellcheck disable=SC2016  # the inner shell's
    refused 3 "threads could not run" bash -c 'ulimit -v 1060000; exec "$@"' bash \
        "$BUILD/threads" --stack-size=1GiB --json=a --records=b --save=- "$nobody"
}

@test "a bodies' folder whose names would be cut off is refused" {
    local long
    printf -v long '%04070d' 0
    refused 2 'File name too long' "$BUILD/sequential" --json=a --save="$PWD/${long//000000000000000000000000000000000000000000000000/00000000000000000000000000000000000000000000000\/}" "$nobody"
}

@test "two outputs in one file are refused, in one device they are not" {
    refused 2 "only one of" "$BUILD/sequential" --json=a --records=a "$nobody"
    refused 2 "only one of" "$BUILD/sequential" --json=- --save=- "$nobody"
    run "$BUILD/sequential" --quiet --json=/dev/null --records=/dev/null "$nobody"
    [ "$status" -eq 1 ]
}

@test "two outputs in one file are refused by whatever names, and so is an output that is the list" {
    local model=$BUILD/sequential
    refused 2 "are one file" "$model" --json=a --records=./a "$nobody"
    refused 2 "are one file" "$model" --json="$PWD/a" --trace=a "$nobody"
    refused 2 "are one file" "$model" --json=a.part --records=a "$nobody"
    refused 2 "--json=: cannot be written: No such file" "$model" --json= "$nobody"
    echo "$nobody" >list
    run --separate-stderr "$model" --input=list --json=./list
    [ "$status" -eq 2 ]
    [[ $stderr == *"--json=./list: that file is read"* ]]
    [ "$(<list)" = "$nobody" ] && [ "$(ls)" = list ]
}

# Links of ours: what root's --json=/dev/stdout would have replaced was the machine's.
@test "standard output by another name is standard output, and a link stays one" {
    local model=$BUILD/sequential
    ln -s /proc/self/fd/1 link
    ln -s /proc/self/fd/2 errorlink
    "$model" --json=link "$nobody" >out || true
    [ -L link ]
    jq -e .fetches.failed==1 out
    "$model" --json=/dev/stdout "$nobody" | jq -e .fetches.failed==1
    echo before >errors
    "$model" --quiet --json=errorlink "$nobody" 2>>errors || true
    [ "$(head -n 1 errors)" = before ]
    tail -n +2 errors | jq -e .fetches.failed==1
    ln -s kept named
    echo before >kept
    "$model" --quiet --json=named "$nobody" || true
    [ -L named ]
    jq -e .fetches.failed==1 kept
}

@test "an output is written to no file that was there, and to no pipe" {
    local model=$BUILD/sequential
    echo precious >outside
    ln -s outside a.part
    mkfifo b.part
    ln outside c.part
    for name in a b; do
        run --separate-stderr timeout -s KILL 20 "$model" --quiet --json=$name "$nobody"
        [ "$status" -eq 2 ]
        [[ $stderr == *"--json=$name: cannot be written: File exists"* ]]
    done
    run "$model" --quiet --json=c "$nobody"
    [ "$status" -eq 1 ]
    jq -e .fetches.failed==1 c
    [ "$(<outside)" = precious ] && [ ! -e c.part ]
}

@test "--usage is what wrong usage advises, and it is there" {
    run --separate-stderr "$BUILD/sequential"
    [[ $stderr == *"--usage"* ]]
    run "$BUILD/sequential" --usage
    [ "$status" -eq 0 ]
    [[ $output == *"--url-pattern=URL"* ]]
}

# What is opened takes the lowest number that is free: theirs, where they are closed.
@test "closed standard descriptors are nobody else's" {
    local code=0
    "$BUILD/threads" --json=run.json --progress=10ms "$nobody" <&- >&- 2>&- || code=$?
    [ "$code" -eq 1 ]
    jq -e '.fetches.failed == 1' run.json
    rm run.json
    # shellcheck disable=SC2016  # the inner shell's
    refused 2 "standard input: Bad file descriptor" timeout 10 bash -c '"$1" --input=- <&-' bash "$BUILD/threads"
    # shellcheck disable=SC2016  # the inner shell's
    refused 1 "standard output: not written: Bad file descriptor" bash -c '"$1" "$2" >&-' bash "$BUILD/threads" "$nobody"
}

@test "a file beyond the limit on its size is lost, and no other, and it is said" {
    local model
    for model in threads processes; do
        # shellcheck disable=SC2016  # the inner shell's
        run --separate-stderr bash -c 'ulimit -f 8; exec "$@"' bash \
            "$BUILD/$model" --quiet --json=run.json --records=records.csv --count=400 --url-pattern="$nobody{}"
        echo "$model: status $status: $stderr"
        [ "$status" -eq 1 ]
        [[ $stderr == "$model: --records=records.csv: not written: File too large" ]]
        [ "$(ls -A)" = run.json ]
        rm run.json
    done
}
