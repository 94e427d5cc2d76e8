#!/usr/bin/env bats
# The origin, as its clients and its operator see it.

load lib

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
    exec 6>&- # whoever reads a log and stalls: an origin that waits for it goes on
    origin_stop || true
}

# The body of item K, SIZE bytes of it, by the rule in docs/origin.md.
# Usage: expected_body K SIZE
expected_body() {
    local lines=$((($2 + 31) / 32))
    seq -f "$(printf %020d "$1") %010.0f" 0 $((lines - 1)) >expected.whole
    head -c "$2" expected.whole
}

# Sends its standard input to the origin as it is and prints what comes back until the
# origin closes the connection; carriage returns are left out.
talk() {
    exec 4<>"/dev/tcp/127.0.0.1/$ORIGIN_PORT"
    cat >&4
    timeout 20 tr -d '\r' <&4
    exec 4>&-
}

# Usage: status_of CURL_ARGUMENT…: the status, and the body in the file `answer`
status_of() {
    curl -sS -o answer -w '%{http_code}' "$@"
}

# Usage: refused STATUS REASON TARGET
refused() {
    local status
    status=$(status_of -g "$ORIGIN$3")
    if [[ $status != "$1" ]] || ! grep -qF -- "$2" answer; then
        echo "$3: $status $(<answer)" >&2
        return 1
    fi
}

# Usage: stat_is FILTER WANTED: a jq filter of the statistics
stat_is() {
    origin_ask GET /stats && [[ $(jq -r "$1" <<<"${ANSWER##*$'\r\n'}") == "$2" ]]
}

@test "bodies of every size are the documented bytes, chunked or not" {
    origin_start
    local size coding
    for size in 0 1 31 32 33 1024 4096 65537 1048576; do
        expected_body 7 "$size" >expected
        for coding in no yes; do
            curl -sS --fail -o body "$ORIGIN/item/7?size=$size&chunked=$coding"
            cmp body expected
        done
    done
    curl -sS --fail "$ORIGIN/item/123456789012345678" | cmp - <(expected_body 123456789012345678 1024)
}

@test "sizes are written in B, KiB, MiB and GiB" {
    origin_start
    local pair
    for pair in 5B=5 5=5 1.5KiB=1536 2MiB=2097152 64MiB=67108864 64GiB=68719476736; do
        curl -sSI --fail "$ORIGIN/item/1?size=${pair%=*}" | tr -d '\r' >head.txt
        grep -qx "Content-Length: ${pair#*=}" head.txt
    done
}

# The sanitizer keeps memory of its own.
# bats test_tags=plain
@test "a large body is made as it is sent and never held" {
    origin_start
    curl -sS --fail -o /dev/null -w '%{size_download}\n' "$ORIGIN/item/1?size=512MiB&chunked=yes" >size
    [[ $(<size) == 536870912 ]]
    local kib
    kib=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$ORIGIN_PID/status")
    ((kib < 32768))
}

@test "the head says date, type and length" {
    origin_start
    curl -sS -D head.txt -o body "$ORIGIN/item/1?size=10"
    tr -d '\r' <head.txt >lines
    [[ $(head -1 lines) == 'HTTP/1.1 200 OK' ]]
    grep -qx 'Content-Length: 10' lines
    grep -qx 'Content-Type: text/plain' lines
    local sent
    sent=$(sed -n 's/^Date: //p'  lines)
    (($(date +%s) - $(date -d "$sent" +%s) < 120))
}

@test "HEAD gives the head of GET and no body" {
    origin_start
    curl -sSI "$ORIGIN/item/1?size=10&status=404" | tr -d '\r' >head.txt
    [[ $(head -1 head.txt) == 'HTTP/1.1 404 Not Found' ]]
    grep -qx 'Content-Length: 10' head.txt
    stat_is .body_bytes 0
    # The connection can be used again at once: nothing was sent behind the head.
    printf 'HEAD /item/1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /item/2?close=yes HTTP/1.1\r\nHost: x\r\n\r\n' |
        talk >answers
    [[ $(grep -c '^HTTP/1.1 200 OK$' answers) == 2 ]]
}

@test "a status is as asked, on every N-th item only where every=N says so" {
    origin_start
    local k
    for k in 1 2 3 4 5 6; do
        if ((k % 3)); then want=200; else want=503; fi
        [[ $(status_of "$ORIGIN/item/$k?status=503&every=3") == "$want" ]]
        cmp answer <(expected_body "$k" 1024)
    done
    stat_is '.by_status | tojson' '{"200":4,"503":2}'
    [[ $(status_of "$ORIGIN/item/1?status=599") == 599 ]]
    [[ $(status_of "$ORIGIN/item/1?status=204") == 204 ]]
}

@test "an answer never leaves before it is due" {
    origin_start
    curl -sS -o body -w '%{time_starttransfer}\n' "$ORIGIN/item/1?delay=150ms" >took
    awk '{ exit !($1 >= 0.15) }' took
    stat_is '.late_ms.max >= 0' true
}

@test "each fault is what its name says" {
    origin_start
    local status
    # curl's exit statuses: 56 reset, 18 partial, 28 timed out, 1 not HTTP.
    status=0 && curl -sS "$ORIGIN/item/1?fault=reset" -o body || status=$?
    [[ $status == 56 ]]
    status=0 && curl -sS "$ORIGIN/item/1?fault=truncate&size=101" -o body || status=$?
    [[ $status == 18 ]]
    cmp body <(expected_body 1 50)
    status=0 && curl -sS "$ORIGIN/item/1?fault=truncate&size=9000&chunked=yes" -o body || status=$?
    [[ $status == 18 ]]
    status=0 && curl -sS -m 0.5 "$ORIGIN/item/1?fault=stall&size=100" -o body || status=$?
    [[ $status == 28 ]]
    cmp body <(expected_body 1 50)
    status=0 && curl -sS "$ORIGIN/item/1?fault=garbage" -o body || status=$?
    [[ $status == 1 ]]
    curl -sS "$ORIGIN/item/1?fault=drip&size=30&pace=1ms" | cmp - <(expected_body 1 30)
    curl -sS "$ORIGIN/item/1?fault=drip&size=30&pace=1ms&chunked=yes" | cmp - <(expected_body 1 30)
    # Only what was whole is a response; nothing is left in flight.
    wait_for stat_is .in_flight 0
    stat_is .requests 7
    stat_is .responses 2
}

@test "a fault is delayed like an answer" {
    origin_start
    local fault
    for fault in reset truncate garbage; do
        curl -s -o body -w '%{time_total}\n' "$ORIGIN/item/1?fault=$fault&delay=100ms" >took || true
        awk '{ exit !($1 >= 0.1) }' took
    done
}

@test "whatever is malformed gets a 400 that names it" {
    origin_start
    refused 400 '"sise" is not an option' '/item/1?sise=1KiB'
    refused 400 'size: "1KB" is not a size' '/item/1?size=1KB'
    refused 400 'delay: "100" is not a duration' '/item/1?delay=100'
    refused 400 'dist: "gauss"' '/item/1?dist=gauss'
    refused 400 'fault: "crash"' '/item/1?fault=crash'
    refused 400 'status: "99"' '/item/1?status=99'
    refused 400 'every: "0"' '/item/1?status=500&every=0'
    refused 400 'chunked: "maybe"' '/item/1?chunked=maybe'
    refused 400 'jitter: more than the delay' '/item/1?delay=1ms&jitter=2ms'
    refused 400 'second value' '/item/1?size=1&size=2'
    refused 400 'item: "x1"' '/item/x1'
    refused 400 'item: ""' '/item/'
    refused 400 'size' '/item/1?size=%'
    refused 400 'no options' '/stats?x=1'
    [[ $(status_of "$ORIGIN/item/%31?%73ize=%35&delay=1%6ds") == 200 ]]
    cmp answer <(expected_body 1 5)
}

@test "other paths, methods and bodies are refused" {
    origin_start
    refused 404 '/item/K' /
    refused 404 '/item/K' /items/1
    refused 404 '/item/K' /item
    [[ $(status_of -X POST "$ORIGIN/item/1") == 405 ]]
    [[ $(status_of -X DELETE "$ORIGIN/stats") == 405 ]]
    [[ $(status_of "$ORIGIN/stats/reset") == 405 ]]
    curl -sS -D head.txt -o body -X PUT "$ORIGIN/item/1"
    grep -q '^Allow: GET, HEAD' head.txt
    [[ $(status_of -X POST -d x "$ORIGIN/item/1") == 413 ]]
    [[ $(status_of -X POST -d '' "$ORIGIN/stats/reset") == 204 ]]
}

@test "a request that is not HTTP, or too long, is refused and the connection closed" {
    origin_start
    printf 'hello\r\n\r\n' | talk >answer
    [[ $(head -1 answer) == 'HTTP/1.1 400 Bad Request' ]]
    grep -qx 'Connection: close' answer
    grep -q 'method' answer
    printf 'GET / HTTP/1.1\r\n\r\n' | talk >answer
    grep -q 'Host' answer
    printf 'GET / HTTP/3.0\r\n\r\n' | talk >answer
    [[ $(head -1 answer) == 'HTTP/1.1 505 '* ]]
    { printf 'GET /item/1 HTTP/1.1\r\nHost: x\r\nA: '; head -c 9000 /dev/zero | tr '\0' a; } |
        talk >answer
    [[ $(head -1 answer) == 'HTTP/1.1 431 '* ]]
    stat_is '.by_status | tojson' '{"400":2,"431":1,"505":1}'
}

@test "requests sent ahead are answered in their order" {
    origin_start
    {
        printf 'GET /item/1?size=32&delay=50ms HTTP/1.1\r\nHost: x\r\n\r\n'
        printf 'GET /item/2?size=32 HTTP/1.1\r\nHost: x\r\n\r\n'
        printf 'GET /item/3?size=32&delay=10ms&chunked=yes HTTP/1.1\r\nHost: x\r\n\r\n'
        printf 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n'
        printf 'GET /item/5?size=32 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
        printf 'GET /item/6?size=32 HTTP/1.1\r\nHost: x\r\n\r\n'
    } | talk >answers
    grep -oE '^(0{19}[0-9] 0{10}|there is)' answers >order
    printf '%020d 0000000000\n' 1 2 3 >expected
    { echo 'there is'; printf '%020d 0000000000\n' 5; } >>expected
    diff order expected
    stat_is .connections 1
    stat_is .open 0
}

@test "many requests sent ahead are all answered, however the bytes are cut" {
    origin_start
    local k
    for ((k = 1; k <= 1000; k++)); do
        printf 'GET /item/%d?size=32 HTTP/1.1\r\nHost: x\r\nPadding: %050d\r\n\r\n' "$k" "$k"
    done >requests
    printf 'GET /item/1001?size=32 HTTP/1.0\r\n\r\n' >>requests
    talk <requests >answers
    [[ $(grep -c '^HTTP/1.1 200 OK$' answers) == 1001 ]]
    # More than the origin keeps ahead, behind an answer that waits.
    sed -i '1s/?size=32/?size=32\&delay=100ms/' requests
    talk <requests >answers
    [[ $(grep -c '^HTTP/1.1 200 OK$' answers) == 1001 ]]
    stat_is .responses 2002
}

@test "HTTP/1.0, Connection: close and close=yes are honoured" {
    origin_start
    printf 'GET /item/1?size=1 HTTP/1.0\r\n\r\n' | talk >answer
    grep -qx 'Connection: close' answer
    printf 'GET /item/1?size=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /item/1?size=1 HTTP/1.0\r\n\r\n' |
        talk >answer
    grep -qx 'Connection: keep-alive' answer
    # In HTTP/1.1 it goes without saying, but who says it is answered: some clients wait for that.
    printf 'GET /item/1?size=1 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\nGET /item/2?close=yes HTTP/1.1\r\nHost: x\r\n\r\n' |
        talk >answer
    [ "$(grep -c '^Connection: keep-alive' answer)" -eq 1 ]
    printf 'GET /item/1?size=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /item/2?close=yes HTTP/1.1\r\nHost: x\r\n\r\n' |
        talk >answer
    [ "$(grep -c '^Connection: keep-alive' answer)" -eq 0 ]
    # No chunks for HTTP/1.0: the body ends with the connection.
    printf 'GET /item/1?size=32&chunked=yes HTTP/1.0\r\n\r\n' | talk >answer
    run ! grep -qE '^(Transfer-Encoding|Content-Length|20$)' answer
    [[ $(tail -1 answer) == '00000000000000000001 0000000000' ]]
    printf 'GET /item/1?close=yes HTTP/1.1\r\nHost: x\r\n\r\n' | talk | grep -qx 'Connection: close'
    printf 'GET http://elsewhere/item/1?close=yes HTTP/1.1\r\nHost: x\r\n\r\n' | talk |
        grep -qx 'HTTP/1.1 200 OK'
    # What stands behind a host may be its query.
    printf 'GET http://elsewhere?x=/item/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | talk |
        grep -qx 'HTTP/1.1 404 Not Found'
}

@test "a connection that sends no whole request is closed after the idle timeout" {
    origin_start --idle-timeout=100ms
    printf 'GET /item/1 HTTP/1.1\r\nHost:' | talk >answer
    [[ ! -s answer ]]
    printf '' | talk >answer
    [[ ! -s answer ]]
    stat_is .connections 0
    # Waiting for an answer is not idle.
    curl -sS --fail -o body "$ORIGIN/item/1?delay=400ms"
}

# Opens a connection, sends its standard input, and keeps it in CLIENTS without reading from it.
# What is to be sent is there beforehand: a process in between may come after the idle timeout.
hold_client() {
    local fd request
    IFS= read -rd '' request || true
    exec {fd}<>"/dev/tcp/127.0.0.1/$ORIGIN_PORT"
    printf %s "$request" >&"$fd"
    CLIENTS+=("$fd")
}

# Ends those connections.
let_go() {
    local fd
    for fd in "${CLIENTS[@]}"; do exec {fd}>&-; done
    CLIENTS=()
}

# Usage: head_of BYTES: a request's head, so long
head_of() {
    printf 'GET /item/1?close=yes HTTP/1.1\r\nHost: x\r\nPadding: %0*d\r\n\r\n' $(($1 - 54)) 0
}

@test "what a request can make it wait for is bounded" {
    CLIENTS=()
    origin_start --idle-timeout=200ms
    # A head that drips in for ever.
    (
        trap '' PIPE
        exec 4<>"/dev/tcp/127.0.0.1/$ORIGIN_PORT"
        printf 'GET /item/1 HTTP/1.1\r\nPadding: ' >&4
        for ((k = 0; k < 1000; k++)); do
            printf a >&4 2>/dev/null || break
            sleep 0.02
        done
        ((k < 1000))
    )
    # A client that reads nothing of its answer, one that is refused and stays, one behind its answer.
    hold_client < <(printf 'GET /item/1?size=1GiB HTTP/1.1\r\nHost: x\r\n\r\n')
    hold_client < <(printf 'POST /item/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome of it')
    hold_client < <(printf 'GET /item/1 HTTP/1.1\r\nHost: x\r\n\r\n')
    wait_for stat_is .open 0
    origin_says connections=3
    let_go
    # What takes longer by its own wish is refused.
    refused 400 'delay' '/item/1?delay=3601s'
    refused 400 'longer than an hour' '/item/1?fault=drip&size=64GiB'
}

# The sanitizer keeps memory of its own.
# bats test_tags=plain
@test "what a request can make it hold is bounded" {
    CLIENTS=()
    origin_start
    head_of 8192 | talk >answer
    [[ $(head -1 answer) == 'HTTP/1.1 200 OK' ]]
    head_of 8193 | talk >answer
    [[ $(head -1 answer) == 'HTTP/1.1 431 '* ]]
    # No body is taken, however much of it comes.
    { printf 'POST /item/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n' && head -c 30000000 /dev/zero; } |
        talk >answer
    [[ $(head -1 answer) == 'HTTP/1.1 413 '* ]]
    resident() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$ORIGIN_PID/status"; }
    before=$(resident)
    # A hundred clients send 100,000 bytes ahead each, behind an answer that waits.
    { printf 'GET /item/1?delay=1h HTTP/1.1\r\nHost: x\r\n\r\n' && for _ in {1..12}; do head_of 8192; done; } >ahead
    for _ in {1..100}; do hold_client <ahead; done
    wait_for stat_is .in_flight 100
    stat_is .requests 103
    after=$(resident)
    echo "$before KiB, then $after KiB"
    let_go
    # 16 KiB of each, and a connection's own; all would be 9,600.
    ((after - before < 100 * 20))
    # An access log holds what it will say of each that waits: a byte as four.
    origin_start --access-log="$PWD/log"
    before=$(resident)
    local quotes
    printf -v quotes '%08100d' 0
    { printf 'GET /item/1?delay=1h HTTP/1.1\r\nHost: x\r\nReferer: %s\r\n\r\n' "${quotes//0/\"}" && cat ahead; } >logged
    for _ in {1..100}; do hold_client <logged; done
    wait_for stat_is .in_flight 100
    after=$(resident)
    echo "$before KiB, then $after KiB"
    let_go
    ((after - before < 100 * 52))
}

@test "a client that leaves is noticed while its answer waits" {
    origin_start
    curl -s -m 0.2 "$ORIGIN/item/1?delay=1h" || true
    curl -s -m 0.2 "$ORIGIN/item/1?fault=stall" || true
    curl -s -m 0.2 "$ORIGIN/item/1?size=64GiB" -o /dev/null || true
    wait_for stat_is .open 0
    stat_is .in_flight 0
    stat_is .requests 3
    stat_is .responses 0
}

@test "a client that leaves behind what it has sent ahead is noticed, too" {
    CLIENTS=()
    origin_start
    # More than is read of it: its end stands behind what stays in the kernel.
    { printf 'GET /item/1?delay=1h HTTP/1.1\r\nHost: x\r\n\r\n' && for _ in 1 2 3; do head_of 8192; done; } >ahead
    hold_client <ahead
    { printf 'GET /item/1?fault=stall HTTP/1.1\r\nHost: x\r\n\r\n' && for _ in 1 2 3; do head_of 8192; done; } >ahead
    hold_client <ahead
    wait_for stat_is .in_flight 2
    let_go
    wait_for stat_is .open 0
    origin_says requests=2 responses=0
}

# Sends REQUESTS, closes the sending half, and prints how many bytes come until the origin closes the other.
# Usage: half_close REQUESTS
# shellcheck disable=SC2016  # they are perl's
half_close() {
    timeout 20 perl -MSocket -e 'socket my $s, PF_INET, SOCK_STREAM, 0 or die;
        connect $s, sockaddr_in($ARGV[0], INADDR_LOOPBACK) and syswrite $s, $ARGV[1] and shutdown $s, 1 or die $!;
        my ($sum, $got, $bytes) = 0;
        $sum += $got while $got = sysread $s, $bytes, 1 << 20;
        print "$sum\n"' "$ORIGIN_PORT" "$1"
}

@test "who closes its sending half gets what is being sent, and nothing that would have to wait" {
    origin_start
    local big=$'GET /item/1?size=16MiB HTTP/1.1\r\nHost: x\r\n\r\n' next
    half_close "$big" >alone
    (($(<alone) > 16 << 20))
    half_close "$big"$'GET /item/2?size=1000 HTTP/1.1\r\nHost: x\r\n\r\n' >both
    (($(<both) > $(<alone) + 1000))
    for next in delay=1h 'fault=drip&pace=1s' fault=stall; do
        half_close "$big"$'GET /item/2?'"$next"$' HTTP/1.1\r\nHost: x\r\n\r\n' >got
        (($(<got) >= $(<alone) && $(<got) < $(<alone) + 1000))
    done
    half_close $'GET /item/1?size=16MiB&fault=stall HTTP/1.1\r\nHost: x\r\n\r\n' >got
    (($(<got) > 8 << 20 && $(<got) < 9 << 20))
    wait_for stat_is .open 0
    stat_is '[.requests, .responses] | tojson' '[10,6]'
}

@test "an answer behind which the connection is closed arrives, whatever was sent after its request" {
    origin_start
    {
        printf 'GET /item/1?delay=100ms HTTP/1.1\r\nHost: x\r\n\r\n'
        head_of 8192 | sed 's/close=yes/size=0032/'
        head_of 8192 | sed 's/1?close=yes/9?close=yes\&size=99KiB/; s/00000000000\r/\r/'
        # These are in the kernel: 16 KiB are read ahead.
        for _ in 1 2 3; do head_of 100; done
    } >requests
    exec 4<>"/dev/tcp/127.0.0.1/$ORIGIN_PORT"
    cat requests >&4
    wait_for stat_is .responses 3
    timeout 20 tr -d '\r' <&4 >answers
    exec 4>&-
    [[ $(grep -c '^HTTP/1.1 200 OK$' answers) == 3 ]]
    sed '1,/^Connection: close$/d' answers | tail -n +2 | cmp - <(expected_body 9 101376)
}

@test "the statistics are those of the items, and a reset begins anew" {
    origin_start
    stat_is '[.requests, .connections, .first_request_ns, .late_ms] | tojson' '[0,0,null,null]'
    curl -sS -o a "$ORIGIN/item/1?size=100" -o b "$ORIGIN/item/2?size=50&status=500"
    curl -sS -o c "$ORIGIN/item/3?size=1&delay=1ms"
    curl -sS --fail "$ORIGIN/stats" >stats
    [[ $(jq -c '[.schema, .requests, .responses, .connections, .open, .open_peak, .in_flight,
        .in_flight_peak, .body_bytes, .by_status, .threads]' stats) == \
        '["waitbench-origin/1",3,3,2,0,1,0,1,151,{"200":2,"500":1},1]' ]]
    jq -e '.last_byte_ns - .first_request_ns >= 1e6 and .residence_ns >= 1e6 and
        .late_ms.p50 >= 0 and .late_ms.p99 <= .late_ms.max and .cpu_user_s >= 0' stats
    [[ $(jq .pid stats) == "$ORIGIN_PID" ]]
    [[ $(status_of -X POST "$ORIGIN/stats/reset") == 204 ]]
    stat_is '[.requests, .responses, .connections, .open_peak, .body_bytes, .residence_ns,
        .by_status, .first_request_ns, .last_byte_ns, .late_ms] | tojson' \
        '[0,0,0,0,0,0,{},null,null,null]'
}

# bats test_tags=threads
@test "--threads deals connections evenly and counts exactly" {
    origin_start --threads=4
    "$BUILD/tests/arrivals" "$ORIGIN_PORT" 400 1ms 500ms
    wait_for stat_is .open 0
    stat_is '[.requests, .responses, .connections, .open_peak, .in_flight_peak, .threads] | tojson' \
        '[400,400,400,400,400,4]'
}

# bats test_tags=slow
@test "10,000 answers wait at once: none is lost, none is early" {
    local count=10000
    # As many as the descriptors allow, where they do not allow so many.
    (($(ulimit -Hn) > 10200)) || count=$(($(ulimit -Hn) - 200))
    origin_start
    "$BUILD/tests/arrivals" "$ORIGIN_PORT" "$count" 500ms 2s >result || { cat result; return 1; }
    grep -q "^sent $count answered $count early 0 " result
    wait_for stat_is .open 0
    stat_is .requests "$count"
    stat_is .responses "$count"
    stat_is .open_peak "$count"
    stat_is '.threads' 1
}

@test "more clients than descriptors wait their turn" {
    # shellcheck disable=SC2034  # for origin_start
    ORIGIN_WRAP=(prlimit --nofile=128)
    origin_start
    "$BUILD/tests/arrivals" "$ORIGIN_PORT" 300 1ms 10ms close=yes
    wait_for stat_is .open 0
    stat_is .responses 300
    origin_says 'open_peak<=64'
}

# How many more of the origin's descriptors than when it began are sockets.
sockets_are() {
    (($(find "/proc/$ORIGIN_PID/fd" -lname 'socket:*' | wc -l) == at_first + $1))
}

@test "at the most connections that it takes, and without a descriptor, clients wait and are all served" {
    local limit at_first fd
    printf 'GET /item/1?delay=1h HTTP/1.1\r\nHost: x\r\n\r\n' >forever
    for limit in 128 64; do
        CLIENTS=()
        # shellcheck disable=SC2034  # for origin_start
        ORIGIN_WRAP=(prlimit --nofile="$limit")
        origin_start
        at_first=$(find "/proc/$ORIGIN_PID/fd" -lname 'socket:*' | wc -l)
        for _ in {1..100}; do hold_client <forever; done
        # The first keeps 64 for itself; the second has fewer to give than connections it would take.
        if ((limit == 128)); then wait_for sockets_are 64; else wait_for test -e "/proc/$ORIGIN_PID/fd/63"; fi
        for fd in "${CLIENTS[@]:0:64}"; do exec {fd}>&-; done
        # Behind those who have left come those who waited.
        wait_for sockets_are 36
        wait_for stat_is '[.connections, .in_flight] | tojson' '[100,36]'
        if ((limit == 128)); then origin_says open_peak=64; else origin_says 'open_peak<=63'; fi
        CLIENTS=("${CLIENTS[@]:64}")
        let_go
        wait_for stat_is .open 0
    done
}

# bats test_tags=user
@test "it listens on loopback unless told otherwise, and says when others can reach it" {
    origin_start
    [[ ! -s $ORIGIN_ERRORS ]]
    # Who listened on every address would be there too.
    run curl -sS "http://127.0.0.2:$ORIGIN_PORT/item/1"
    [ "$status" -eq 7 ]
    origin_start --listen=0.0.0.0
    [[ $(<"$ORIGIN_ERRORS") == *'listening on 0.0.0.0: whoever reaches this machine'* ]]
}

@test "it listens on several addresses, of both families" {
    [[ -e /proc/net/if_inet6 && -n $(</proc/net/if_inet6) ]] || skip "no IPv6 here"
    origin_start --listen=127.0.0.1 --listen=::1 --listen=127.0.0.2
    [[ ! -s $ORIGIN_ERRORS ]]
    curl -sS --fail -g "http://[::1]:$ORIGIN_PORT/item/1?size=5" | cmp - <(expected_body 1 5)
    curl -sS --fail "http://127.0.0.2:$ORIGIN_PORT/item/1?size=5" | cmp - <(expected_body 1 5)
    curl -sS --fail "$ORIGIN/item/1?size=5" | cmp - <(expected_body 1 5)
    origin_start --listen=0.0.0.0 '--listen=[::1]'
    curl -sS --fail -g "http://[::1]:$ORIGIN_PORT/item/1?size=5" | cmp - <(expected_body 1 5)
    [[ $(<"$ORIGIN_ERRORS") == *'listening on 0.0.0.0: whoever reaches this machine'* ]]
}

@test "a taken port is one clear line and status 3" {
    origin_start
    run --separate-stderr "$BUILD/origin" --port="$ORIGIN_PORT"
    [[ $status == 3 && $stderr != *$'\n'* ]]
    [[ $stderr == "origin: port $ORIGIN_PORT of 127.0.0.1 is taken"* ]]
}

@test "addresses that exclude each other are one clear line and status 3" {
    local first
    for first in 127.0.0.1 0.0.0.0; do
        run --separate-stderr "$BUILD/origin" --port=0 --listen=$first --listen=127.0.0.1
        [[ $status == 3 && $stderr != *$'\n'* ]]
        [[ $stderr == "origin: no port is free on 127.0.0.1 beside the addresses before it: "* ]]
    done
    origin_start
    run --separate-stderr "$BUILD/origin" --port="$ORIGIN_PORT" --listen=127.0.0.2 --listen=127.0.0.1
    [[ $status == 3 && $stderr == "origin: port $ORIGIN_PORT of 127.0.0.1 is taken"* ]]
}

@test "wrong usage is status 2" {
    local arguments
    for arguments in --nonsense --threads=0 --threads=x --port=65536 --port=-1 --listen=nowhere \
        --idle-timeout=5 --idle-timeout=1ms surplus; do
        run --separate-stderr "$BUILD/origin" --port=0 "$arguments"
        if [[ $status != 2 || -z $stderr ]]; then
            echo "$arguments: $status" >&2
            return 1
        fi
    done
}

# bats test_tags=user
@test "a port file or a log that cannot be written is status 3" {
    run --separate-stderr "$BUILD/origin" --port=0 --port-file="$PWD/no/port"
    [[ $status == 3 && $stderr == *no/port* ]]
    run --separate-stderr "$BUILD/origin" --port=0 --access-log="$PWD/no/log"
    [[ $status == 3 && $stderr == *no/log* ]]
    mkfifo unread
    run --separate-stderr timeout -s KILL 20 "$BUILD/origin" --port=0 --access-log=unread
    [[ $status == 3 && $stderr == 'origin: unread: nobody reads that pipe; start its reader first' ]]
}

@test "--help and --version" {
    run --separate-stderr "$BUILD/origin" --help
    [[ $status == 0 && $output == *--port-file=FILE* && -z $stderr ]]
    run --separate-stderr "$BUILD/origin" --version
    [[ $status == 0 && $output == 'waitbench origin '* ]]
}

# Usage: ends_cleanly SIGNAL
ends_cleanly() {
    local status=0
    "$BUILD/origin" --port=0 --port-file=port --access-log=log --threads=2 3>&- &
    ORIGIN_PID=$!
    wait_for origin_settled port "$ORIGIN_PID"
    curl -sS --fail -o body "http://127.0.0.1:$(<port)/item/1"
    # One answer waits while the origin ends.
    curl -s -m 20 -o late "http://127.0.0.1:$(<port)/item/2?delay=1h" 3>&- &
    local client=$!
    ORIGIN=http://127.0.0.1:$(<port)
    wait_for stat_is .in_flight 1
    kill "-$1" "$ORIGIN_PID"
    wait "$ORIGIN_PID" || status=$?
    ORIGIN_PID=
    wait "$client" || true
    [[ $status == 0 && ! -e port ]]
    grep -q '"GET /item/1 HTTP/1.1" 200 1024 ' log
}

@test "SIGTERM and SIGINT end it cleanly: status 0, no port file, the log whole" {
    ends_cleanly TERM
    ends_cleanly INT
}

@test "the access log is in the combined format and cannot be forged" {
    origin_start --access-log="$PWD/log"
    curl -sS -o body -A 'a client' -e http://before/ "$ORIGIN/item/1?size=10"
    curl -sS -o body -A 'evil" 200' "$ORIGIN/nothing"
    curl -s -o body "$ORIGIN/item/2?fault=reset" || true
    curl -s -o body "$ORIGIN/item/2?fault=truncate" || true
    printf 'rubbish"\r\n' | talk >answer
    origin_stop
    local time='\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\]'
    [[ $(wc -l <log) == 5 ]]
    grep -qE "^127\.0\.0\.1 - - $time \"GET /item/1\?size=10 HTTP/1\.1\" 200 10 \"http://before/\" \"a client\"$" log ||
        { cat log; return 1; }
    grep -qF '"GET /nothing HTTP/1.1" 404 ' log
    grep -qF '"evil\x22 200"' log
    grep -qF '"GET /item/2?fault=reset HTTP/1.1" 000 0 "-" "curl' log
    grep -qF '"GET /item/2?fault=truncate HTTP/1.1" 200 512 ' log
    grep -qF '"-" 400 ' log
}

@test "the access log goes to standard output for -" {
    "$BUILD/origin" --port=0 --port-file=port --access-log=- >out 3>&- &
    ORIGIN_PID=$!
    wait_for origin_settled port "$ORIGIN_PID"
    curl -sS -o body "http://127.0.0.1:$(<port)/item/1"
    origin_stop
    grep -qF '"GET /item/1 HTTP/1.1" 200 1024' out
}

# More than a pipe, and what waits for it, can hold: 40 lines of 7,000 bytes.
@test "a log's reader that stalls holds no client up, and what it did not take is counted" {
    local log whole lost target
    printf -v target '%07000d' 0
    mkfifo pipe
    for log in "$PWD/pipe" -; do
        exec 6<>pipe
        origin_start --access-log="$log" >pipe 6>&-
        run timeout -s KILL 60 "$BUILD/sequential" --timeout=1h --count=40 --url-pattern="$ORIGIN/{}/$target"
        [[ $status == 1 && $output == *' 40 bad_status'* ]]
        # Whoever reads on gets whole lines, as many as were not lost; the last may be cut off.
        exec 5<pipe
        status=0
        origin_stop || status=$?
        exec 6>&-
        whole=$(grep -cE '^127.* 404 [0-9]+ "-" "[^"]+"$' <&5)
        exec 5<&-
        [[ $status == 3 && $(<"$ORIGIN_ERRORS") =~ ^'origin: the access log is not whole: its reader left no room for '([0-9]+)' lines'$ ]]
        lost=${BASH_REMATCH[1]}
        echo "$log: $whole whole, $lost lost"
        ((whole > 0 && lost > 0 && whole + lost == 40))
    done
}

# More than is kept until it is written: 40 lines of 7,000 bytes.
@test "a log on a full disk holds no client up, and is missed at the end" {
    local target
    printf -v target '%07000d' 0
    origin_start --access-log=/dev/full
    run "$BUILD/sequential" --count=40 --url-pattern="$ORIGIN/{}/$target"
    [[ $status == 1 && $output == *' 40 bad_status'* ]]
    curl -sS --fail "$ORIGIN/item/7?size=65537" | cmp - <(expected_body 7 65537)
    status=0
    origin_stop || status=$?
    [[ $status == 3 && $(<"$ORIGIN_ERRORS") == 'origin: the access log is not whole: No space left on device' ]]
}

@test "closed standard descriptors are nobody else's" {
    "$BUILD/origin" --port=0 --port-file="$PWD/port" <&- >&- 2>&- 3>&- &
    ORIGIN_PID=$!
    wait_for test -s port
    # Else a client's connection, or a listener, would get what is said.
    for fd in 0 1 2; do [ "$(readlink "/proc/$ORIGIN_PID/fd/$fd")" = / ]; done
    curl -sS -o body "http://127.0.0.1:$(<port)/item/1"
    origin_stop
}
