#!/usr/bin/env bats
# Each URL's request goes to its own server and asks for what curl would ask for, though libcurl
# is handed only what differs from the URL before.
# bats file_tags=threads
#
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    stop_both
    origin_stop # where only one was started
}

# Two servers, and what each was asked: first.log and second.log.
start_both() {
    rm -f first.log second.log
    origin_start --access-log=second.log
    SECOND=$ORIGIN SECOND_PID=$ORIGIN_PID ORIGIN_PID=
    origin_start --access-log=first.log
}

stop_both() {
    local second=${SECOND_PID:-}
    origin_stop
    ORIGIN_PID=$second SECOND_PID=
    origin_stop
}

# The requests in an access log, as METHOD TARGET PROTOCOL, in the order of the alphabet.
asked() {
    cut -d'"' -f2 "$1" | LC_ALL=C sort
}

# A plain URL between odd ones: what is kept of one must not reach the next.
odd_list() {
    local end
    for end in /item/1 '/item/2?size=10B' '' '?size=1' '#part' '/item/3?a#part' '/item/4#?b' / '/?' \
        // /item/../item/5 /item/./6 '/item/7?x=/../&y=%2Fz%2fz' '/it%45m/8' '/item/9?' \
        "/item/10?q='<>" '/item/11;v=1,2?{}|^[]' /item/12; do
        echo "$ORIGIN$end"
        echo "http://user:word@127.0.0.1:$ORIGIN_PORT$end"
        echo "HTTP://127.0.0.1:$ORIGIN_PORT$end"
        echo "$SECOND/item/20?size=1KiB"
    done
}

fetch_by_curl() {
    local url
    while IFS= read -r url; do
        curl --silent --globoff --path-as-is --output /dev/null "$url"
    done
}

@test "the request's target is what curl sends for the same URL" {
    start_both
    odd_list | fetch_by_curl
    stop_both
    for server in first second; do
        asked $server.log >$server.curl
    done
    [ "$(wc -l <first.curl)" -eq 54 ]
    [ "$(wc -l <second.curl)" -eq 18 ]
    for model in sequential async; do
        start_both
        odd_list >list
        run "$BUILD/$model" --quiet --concurrency=4 --input=list
        [ "$status" -eq 1 ] # the origin has no such pages as some of these
        stop_both
        for server in first second; do
            diff <(asked $server.log) $server.curl
        done
    done
}

@test "a request that libcurl sends again, on a connection anew, asks for the same" {
    # A kept connection that is reset before any answer is taken for one that the server was
    # closing just then.
    start_both
    for k in 1 2 3 4 5 6; do
        echo "$ORIGIN/item/$k?size=5B"
        echo "$SECOND/item/2$k?size=5B"
        echo "$ORIGIN/item/7$k?size=5B&fault=reset"
    done >list
    run "$BUILD/async" --concurrency=1 --input=list
    [ "$status" -eq 1 ]
    [[ $output == *"12 of 18 fetched"*"6 reset"* ]]
    stop_both
    for k in 1 2 3 4 5 6; do
        echo "GET /item/$k?size=5B HTTP/1.1"
    done | diff - <(asked first.log | grep 'size=5B HTTP')
    for k in 1 2 3 4 5 6; do
        echo "GET /item/7$k?size=5B&fault=reset HTTP/1.1"
    done | diff - <(asked first.log | grep reset | uniq)
    [ "$(grep -c reset first.log)" -gt 6 ] # some were sent twice
}
