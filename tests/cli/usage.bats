#!/usr/bin/env bats
# What the models accept and refuse, and the exit status of each.

# Nobody listens there: a fetch that was begun would fail, not be refused.
NOWHERE=http://127.0.0.1:1/

setup() {
    load lib
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
    TURN=$BATS_TEST_NUMBER
    # What all models have of the driver: each shows it, or in a stage that comes again one of them.
    DRIVEN=("${MODELS[@]}")
    ! again || DRIVEN=("${MODELS[TURN % ${#MODELS[@]}]}")
}

# Usage: values VALUE…: sets VALUES to what is to be tried, all of them or, in a stage that comes again, two.
values() {
    VALUES=("$@")
    ! again || VALUES=("${@:1:2}")
}

teardown() {
    origin_stop
}

# A model with these arguments ends with STATUS, says MESSAGE on standard error, and nothing on
# standard output. One driver reads all models' command lines: they take turns.
# Usage: refused STATUS MESSAGE ARGUMENT…
refused() {
    local expected=$1 message=$2 model=${MODELS[TURN++ % ${#MODELS[@]}]}
    shift 2
    run --separate-stderr "$BUILD/$model" "$@"
    echo "$model $*: status $status, says: $stderr$output"
    [ "$status" -eq "$expected" ] || return 1
    [[ $stderr == *"$message"* ]] || return 1
    [ -z "$output" ] || return 1
}

# The same for each of some models, where they are under test. Usage: refused_by "MODEL…" STATUS …
refused_by() {
    local model
    local -a tested=("${MODELS[@]}") MODELS
    for model in "${tested[@]}"; do
        [[ " $1 " == *" $model "* ]] || continue
        MODELS=("$model")
        refused "${@:2}" || return 1
    done
}

# The same for a list of URLs with these bytes. Usage: list_refused MESSAGE BYTES (as printf %b)
list_refused() {
    printf '%b' "$2" >list
    refused 2 "$1" --input=list
}

@test "--help and --version go to standard output with status 0" {
    for model in "${DRIVEN[@]}"; do
        run --separate-stderr "$BUILD/$model" --help
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ ${lines[0]} == "Usage: $model [OPTION...] [URL]..." ]]
        for option in input url-pattern count slice concurrency timeout retries keep-alive ca-file \
            insecure resolve dispatch cpu-work save json records trace progress quiet help version; do
            [[ $output == *"--$option"* ]] || { echo "no --$option in $model --help" && return 1; }
        done
        [ "$("$BUILD/$model" -h)" = "$output" ]
        run --separate-stderr "$BUILD/$model" --version
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ ${lines[0]} == "$model (waitbench) "[0-9]*.[0-9]*.[0-9]* ]]
    done
}

@test "a --help or --version that nobody gets is a failure that is said, of every program" {
    [ -c /dev/full ] || skip "there is no /dev/full here"
    local program
    # Usage: fails_to_say STATUS PROGRAM ARGUMENT…
    fails_to_say() {
        status=0
        "$BUILD/$2" "${@:3}" >/dev/full 2>said || status=$?
        echo "${*:2}: status $status, says: $(<said)"
        [ "$status" -eq "$1" ] && [ "$(<said)" = "${2##*/}: standard output: not written: No space left on device" ]
    }
    for program in "${DRIVEN[@]}" lessons/await-race; do
        fails_to_say 1 "$program" --help
        fails_to_say 1 "$program" --usage
    done
    fails_to_say 1 "${DRIVEN[0]}" --version
    for program in origin meter; do
        fails_to_say 3 "$program" --help
        fails_to_say 3 "$program" --version
    done
    for program in plan visit processors judge compare merge; do
        fails_to_say 3 benchstat "$program" --help
    done
}

@test "status 0: every URL was fetched" {
    origin_start
    for model in "${MODELS[@]}"; do
        run "$BUILD/$model" "$ORIGIN/item/1" "$ORIGIN/item/2?size=1KiB"
        [ "$status" -eq 0 ]
        [[ $output == *"2 of 2 fetched"* ]]
    done
}

@test "status 1: the run finished and some fetches failed, each for its reason" {
    origin_start
    for model in "${MODELS[@]}"; do
        run "$BUILD/$model" --json=run.json "$ORIGIN/item/1" "$ORIGIN/item/2?status=503" "$NOWHERE"
        [ "$status" -eq 1 ]
        [[ $output == *"1 of 3 fetched"*"1 bad_status, 1 refused"*"status 503"* ]]
        [ "$(jq -c '[.fetches.ok, .fetches.failed, .interrupted]' run.json)" = "[1,2,false]" ]
        [ "$(jq -c '.errors | sort_by(.reason)' run.json)" = \
            '[{"reason":"bad_status","count":1},{"reason":"refused","count":1}]' ]
    done
}

@test "status 1 where nothing at all could be fetched" {
    for model in "${MODELS[@]}"; do
        run "$BUILD/$model" "$NOWHERE"
        [ "$status" -eq 1 ]
        [[ $output == *"0 of 1 fetched"*"1 refused"* ]]
    done
}

@test "status 2: nothing to fetch, or from two places" {
    refused 2 "nothing to fetch"
    refused 2 "give only one" --url-pattern="$NOWHERE{}" --count=2 "$NOWHERE"
    echo "$NOWHERE" >list
    refused 2 "give only one" --input=list "$NOWHERE"
    refused 2 "--url-pattern needs --count" --url-pattern="$NOWHERE{}"
}

@test "status 2: an unknown option, or one without its value" {
    refused 2 "unrecognized option" --concurency=3 "$NOWHERE"
    refused 2 "requires an argument" "$NOWHERE" --concurrency
    refused 2 "invalid option" -x "$NOWHERE"
}

@test "status 2: numbers that are none, too small or too large" {
    values 0 -1 1000001 many 1.5 '' 99999999999999999999 ' 5' 0x10
    for value in "${VALUES[@]}"; do
        refused 2 "--concurrency=$value: not a number from 1 to 1000000" --concurrency="$value" "$NOWHERE"
    done
    for value in -1 1001 x; do
        refused 2 "--retries=$value: not a number" --retries="$value" "$NOWHERE"
    done
    refused 2 "--cpu-work=x: not a number" --cpu-work=x "$NOWHERE"
    for value in 0 -3 ten; do
        refused 2 "--count=$value: not a number" --count="$value" --url-pattern="$NOWHERE{}"
    done
}

@test "status 2: durations that are none" {
    values 0 0s -1s 5 10parsecs 1e400s nan '' '1 s x' 25h 0.1ms
    for value in "${VALUES[@]}"; do
        refused 2 "--timeout=$value: not a duration" --timeout="$value" "$NOWHERE"
    done
}

@test "status 2: words that are not of the list" {
    refused 2 "--keep-alive=maybe: it is yes or no" --keep-alive=maybe "$NOWHERE"
    refused 2 "--resolve=twice: it is once or each" --resolve=twice "$NOWHERE"
    refused 2 "--dispatch=fair: it is counter or static" --dispatch=fair "$NOWHERE"
    refused 2 "--dispatch=COUNTER: it is counter or static" --dispatch=COUNTER "$NOWHERE"
}

@test "status 2: slices that are none, and a slice with nothing in it" {
    values 0/2 3/2 1 1/ /2 1/0 a/b 1/2/3 -1/2 1/-2
    for value in "${VALUES[@]}"; do
        refused 2 "--slice=$value: not of the form K/M" --slice="$value" "$NOWHERE"
    done
    refused 2 "is empty" --slice=1/2 "$NOWHERE"
}

@test "status 2: a model's own options with a wrong value" {
    refused_by "async" 2 "--backend=kqueue" --backend=kqueue "$NOWHERE"
    refused_by "processes" 2 "--init=never" --init=never "$NOWHERE"
    values 1 1KiB 63KiB 2GiB many 0
    for value in "${VALUES[@]}"; do
        refused_by "threads" 2 "--stack-size=$value" --stack-size="$value" "$NOWHERE"
    done
}

@test "status 2: another model's option" {
    refused_by "sequential processes threads" 2 "unrecognized option" --backend=epoll "$NOWHERE"
    refused_by "sequential processes async" 2 "unrecognized option" --stack-size=1MiB "$NOWHERE"
    refused_by "sequential threads async" 2 "unrecognized option" --init=child "$NOWHERE"
}

# bats test_tags=user
@test "status 2: a list that cannot be read" {
    refused 2 "no-such-list: No such file" --input=no-such-list
    mkdir folder
    refused 2 "folder: Is a directory" --input=folder
    if ((EUID != 0)); then
        echo "$NOWHERE" >closed
        chmod 000 closed
        refused 2 "closed: Permission denied" --input=closed
    fi
}

@test "status 2: certificates that cannot be read" {
    refused 2 "--ca-file=no-such-file: No such file" --ca-file=no-such-file "$NOWHERE"
}

@test "status 2: a list without a URL" {
    list_refused "list: it holds no URL" ''
    list_refused "list: it holds no URL" '\n\r\n   \n\t\n'
    list_refused "list: it holds no URL" '# only\n  # comments'
    for model in "${DRIVEN[@]}"; do
        run --separate-stderr "$BUILD/$model" --input=- </dev/null
        [ "$status" -eq 2 ]
        [[ $stderr == *"standard input: it holds no URL"* ]]
    done
}

@test "status 2: a line that is no URL is named by file and number before anything is fetched" {
    origin_start
    printf '%s\n' "$ORIGIN/item/1" '# a comment' '' 'ftp://127.0.0.1/x' >list
    refused 2 "list:4: not a URL to fetch: ftp://127.0.0.1/x: it does not begin with http:// or https://" \
        --input=list
    origin_says requests=0 connections=0
}

@test "status 2: each way for a line to be no URL" {
    values word //host/x file:///etc/passwd javascript:1 http:/x http//x HTTPX://a/
    for line in "${VALUES[@]}"; do
        list_refused "list:1: not a URL to fetch: $line: it does not begin with" "$line\n"
    done
    list_refused "it names no host" 'http://\n'
    list_refused "it names no host" 'http:///path\n'
    list_refused "it names no host" 'http://user@:80/\n'
    list_refused "its port is not a number" 'http://127.0.0.1:0/\n'
    list_refused "its port is not a number" 'http://127.0.0.1:65536/\n'
    list_refused "its port is not a number" 'http://127.0.0.1:http/\n'
    list_refused "not an IPv6 address" 'http://[fe80]/\n'
    list_refused "HOST:PORT" 'http://[::1/\n'
    list_refused "holds an @" 'http://user:p@ss@127.0.0.1/\n'
    list_refused "HOST:PORT" 'http://[::1]x/\n'
    list_refused "no host name has" 'http://a<b/\n'
    list_refused "longer than a name" "http://$(printf 'a%.0s' {1..254})/\n"
    list_refused "a space or a control character" 'http://127.0.0.1/a b\n'
    list_refused "a space or a control character" 'http://127.0.0.1/\033[31m\n'
}

@test "status 2: NUL bytes and bytes outside ASCII, which the message does not repeat" {
    list_refused "list:2: not a URL" 'http://127.0.0.1:1/\nhttp://127.0.0.1:1/\0\n'
    [[ $stderr == *"NUL byte"* ]]
    list_refused "outside ASCII" 'http://127.0.0.1:1/\xc3\xa4\n'
    list_refused "outside ASCII" 'http://127.0.0.1:1/\xff\xfe\n'
    [ "$(LC_ALL=C tr -d '\n' <<<"$stderr" | LC_ALL=C grep -c '[^ -~]')" -eq 0 ]
}

@test "status 2: a line of 1 MiB is refused in a line" {
    { echo "$NOWHERE" && echo "$NOWHERE$(head -c 1048576 /dev/zero | tr '\0' a)"; } >list
    refused 2 "list:2: not a URL to fetch: " --input=list
    [[ $stderr == *"longer than a URL may be"* ]]
    [ "${#stderr}" -lt 300 ]
}

@test "status 2: an argument or a pattern that is no URL" {
    refused 2 "argument 2: not a URL to fetch: word" "$NOWHERE" word
    refused 2 "--url-pattern=word{}: not a URL to fetch" --url-pattern='word{}' --count=3
    refused 2 "its port is not a number" --url-pattern='http://127.0.0.1:{}/' --count=70000
}

# bats test_tags=user
@test "status 2: an output that cannot be written is said before anything is fetched" {
    origin_start
    for option in json records trace; do
        refused 2 "--$option=no/such/file: cannot be written: No such file" --$option=no/such/file \
            "$ORIGIN/item/1"
    done
    touch file
    refused 2 "--save=file: bodies cannot be kept there: Not a directory" --save=file "$ORIGIN/item/1"
    refused 2 "only one of" --json=- --records=- "$ORIGIN/item/1"
    origin_says requests=0
    [ "$(ls)" = file ]
}

@test "a list with CRLF, blanks, comments, tabs and no end in its last line is read" {
    origin_start
    printf '%b' "  $ORIGIN/item/1\r\n\r\n\t# two\n#$ORIGIN/item/9\n\t$ORIGIN/item/2 \n\n$ORIGIN/item/3" >list
    for model in "${DRIVEN[@]}"; do
        run "$BUILD/$model" --input=list
        [ "$status" -eq 0 ]
        [[ $output == *"3 of 3 fetched"* ]]
        run "$BUILD/$model" --input=- <list
        [ "$status" -eq 0 ]
        [[ $output == *"3 of 3 fetched"* ]]
    done
}

@test "the first N of a list without end are a list, and a line without end is none" {
    origin_start
    for model in "${MODELS[@]}"; do
        run timeout -s KILL 10 "$BUILD/$model" --input=- --count=3 < <(yes "$ORIGIN/item/1?size=10B")
        echo "$model: status $status; $output"
        [ "$status" -eq 0 ]
        [[ $output == *"3 of 3 fetched"* ]]
    done
    run --separate-stderr timeout -s KILL 10 "$BUILD/${MODELS[0]}" --input=- < <(
        printf '# a comment\n%s' "$NOWHERE"
        tr '\0' a </dev/zero
    )
    [ "$status" -eq 2 ]
    [[ $stderr == *"standard input:2: not a URL to fetch: "*"longer than a URL may be"* ]]
}

@test "the longest URL that is read is 65,535 bytes" {
    local rest=$((65535 - ${#NOWHERE}))
    printf '%s%s\n' "$NOWHERE" "$(head -c "$rest" /dev/zero | tr '\0' a)" >list
    for model in "${DRIVEN[@]}"; do
        run "$BUILD/$model" --input=list
        [ "$status" -eq 1 ]
    done
    printf '%s%s\n' "$NOWHERE" "$(head -c "$((rest + 1))" /dev/zero | tr '\0' a)" >list
    refused 2 "longer than a URL may be here (65,535 bytes)" --input=list
}

@test "--count takes the first of a list, --slice its K-th part; the parts are the whole" {
    origin_start
    for k in {1..10}; do echo "$ORIGIN/item/$k?size=${k}B"; done >list
    for model in "${DRIVEN[@]}"; do
        "$BUILD/$model" --input=list --count=4 --records=part -q
        [ "$(tail -n +2 part | cut -d, -f1,9 | sort -n | tr '\n' ' ')" = "1,1 2,2 3,3 4,4 " ]
        for k in 1 2 3; do
            "$BUILD/$model" --input=list --slice=$k/3 --records=- | tail -n +2 | cut -d, -f1,9
        done >parts
        [ "$(sort -n parts | tr '\n' ' ')" = "1,1 2,2 3,3 4,4 5,5 6,6 7,7 8,8 9,9 10,10 " ]
    done
}

@test "a pool never has more workers than there are URLs" {
    origin_start
    for model in "${MODELS[@]}"; do
        "$BUILD/$model" --concurrency=1000 --url-pattern="$ORIGIN/item/{}" --count=3 --json=- >run.json
        if [ "$model" = sequential ]; then expected=1; else expected=3; fi
        [ "$(jq .workers.asked run.json)" -eq "$expected" ]
        [ "$(jq .workers.made run.json)" -eq "$expected" ]
        [ "$(jq .workload.concurrency run.json)" -eq "$expected" ]
    done
}

@test "sequential says that it ignores a concurrency" {
    [[ " ${MODELS[*]} " == *" sequential "* ]] || skip "sequential is not tested here"
    origin_start
    run "$BUILD/sequential" --concurrency=8 "$ORIGIN/item/1"
    [ "$status" -eq 0 ]
    [[ $output == *"1 at a time (this model's most)"* ]]
}

@test "standard output is the result alone; --quiet leaves it empty" {
    origin_start
    for model in "${DRIVEN[@]}"; do
        run --separate-stderr "$BUILD/$model" --progress --json=- "$ORIGIN/item/1"
        [ "$status" -eq 0 ]
        jq -e '.schema == "waitbench-run/1"' <<<"$output"
        run --separate-stderr "$BUILD/$model" --quiet "$ORIGIN/item/1"
        [ -z "$output" ]
        [ -z "$stderr" ]
    done
}

@test "a full disk under an output is a failure that is said" {
    [ -c /dev/full ] || skip "there is no /dev/full here"
    origin_start
    for model in "${MODELS[@]}"; do
        run --separate-stderr "$BUILD/$model" --json=/dev/full "$ORIGIN/item/1"
        [ "$status" -eq 1 ]
        [[ $stderr == *"--json=/dev/full: not written: No space left"* ]]
        run --separate-stderr bash -c '"$@" >/dev/full' bash "$BUILD/$model" --records=- "$ORIGIN/item/1"
        [ "$status" -eq 1 ]
        [[ $stderr == *"not written"* ]]
    done
    run --separate-stderr bash -c '"$@" >/dev/full' bash "$BUILD/${MODELS[0]}" --save=- "$ORIGIN/item/1?size=1MiB"
    [ "$status" -eq 1 ]
    [[ $stderr == *"--save=-: not printed: No space left"* ]]
}

@test "a name that nobody has is a failure of its fetch alone" {
    origin_start
    for model in "${MODELS[@]}"; do
        run "$BUILD/$model" "http://no-such-host.invalid/" "$ORIGIN/item/1"
        [ "$status" -eq 1 ]
        [[ $output == *"1 of 2 fetched"*"1 not_resolved"* ]]
    done
}
