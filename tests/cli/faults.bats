#!/usr/bin/env bats
# Servers that are wrong, in every way of the table in docs/faults.md, which is read here.
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
    SERVERS=()
}

# Usage: each_model FUNCTION [MODEL]…: FUNCTION MODEL for each of these, or of all, at the same
# time (they wait more than they compute), in a folder of its own.
each_model() {
    local function=$1 model bad=0
    local -A pids=()
    shift
    (($#)) || set -- "${MODELS[@]}"
    for model; do
        mkdir -p "$model"
        (cd "$model" && "$function" "$model") >"$model/said" 2>&1 3>&- &
        pids[$model]=$!
    done
    for model; do
        wait "${pids[$model]}" || { bad=1 && sed "s/^/$model: /" "$model/said"; }
    done
    return $bad
}

teardown() {
    local pid
    for pid in "${SERVERS[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    origin_stop
}

start_faults() {
    "$BUILD/tests/faults" ports log 3>&- &
    SERVERS+=($!)
    wait_for test -s ports
    read -r SERVER CLOSED DEAF MIDWAY FULL <ports
}

# Usage: start_tls NAME SUBJECT_ALT_NAME [expired]: an HTTPS server with a certificate of its own,
# NAME.pem; its port in TLS_PORT.
start_tls() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -addext "subjectAltName=$2" -keyout "$1.key" -out "$1.pem" 2>"$1.errors"
    [ "${3:-}" != expired ] || make_expired "$1"
    openssl s_server -accept 127.0.0.1:0 -cert "$1.pem" -key "$1.key" -www >"$1.said" 2>&1 3>&- &
    SERVERS+=($!)
    wait_for grep -q '^ACCEPT .*:[0-9]' "$1.said"
    TLS_PORT=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$1.said")
}

# The same certificate again, but for a day that is over: only `openssl ca` dates back.
make_expired() {
    : >"$1.index"
    printf '%s\n' '[ca]' 'default_ca = own' '[own]' "database = $1.index" 'new_certs_dir = .' 'rand_serial = yes' \
        'default_md = sha256' 'policy = any' 'copy_extensions = copy' '[any]' 'commonName = supplied' >"$1.cnf"
    openssl x509 -x509toreq -copy_extensions copyall -in "$1.pem" -signkey "$1.key" -out "$1.csr" 2>>"$1.errors"
    openssl ca -batch -config "$1.cnf" -selfsign -keyfile "$1.key" -in "$1.csr" -notext -out "$1.pem" \
        -startdate 20200101000000Z -enddate 20200102000000Z 2>>"$1.errors"
}

# The table's rows, as lines `URL OUTCOME AGAIN`.
table() {
    # shellcheck disable=SC2016  # no variables, but backquotes of Markdown
    sed -nE 's/^\| .* \| `([^`]+)` \| `([a-z_]+)` \| (yes|no) \|$/\1 \2 \3/p' "$ROOT/docs/faults.md"
}

# Those lines with real addresses.
located() {
    sed -e "s|^/|http://127.0.0.1:$SERVER/|" -e "s|//CLOSED/|//127.0.0.1:$CLOSED/|" \
        -e "s|//DEAF/|//127.0.0.1:$DEAF/|" -e "s|//PLAIN/|//127.0.0.1:$SERVER/|" \
        -e "s|//MIDWAY/|//127.0.0.1:$MIDWAY/|" -e "s|//FULL/|//127.0.0.1:$FULL/|" -e "s|//STRANGER/|//127.0.0.1:${STRANGER:-1}/|" \
        -e "s|//OTHER/|//127.0.0.1:${OTHER:-1}/|" -e "s|//EXPIRED/|//127.0.0.1:${EXPIRED:-1}/|"
}

no_tls_server() {
    grep -v -e //STRANGER/ -e //OTHER/ -e //EXPIRED/
}

start_everything() {
    start_faults
    start_tls stranger IP:127.0.0.1
    STRANGER=$TLS_PORT
    start_tls other DNS:other.example
    OTHER=$TLS_PORT
    start_tls expired IP:127.0.0.1 expired
    EXPIRED=$TLS_PORT
    start_tls trusted IP:127.0.0.1
    TRUSTED=$TLS_PORT
    cat other.pem expired.pem trusted.pem >trust.pem
}

# Usage: compare EXPECTED RECORDS: line by line the outcome, and how often it was tried.
compare() {
    awk 'NR == FNR { expected[NR + 1] = $0; count++; FS = ","; next }
        FNR == 1 { next }
        {
            split(expected[FNR], row, " ")
            wanted = row[3] == "yes" ? 2 : 1
            if (row[2] == "not_resolved") wanted = 0 # it was never under way
            if ($2 != row[2] || $4 != wanted) { bad = 1; print "wrong:", expected[FNR], $2, $4 }
        }
        END { exit bad || FNR != count + 1 }' "$1" "$2"
}

# Who asked for a URL shows in the log: as often as expected, or not so often where its time was up
# before it came to asking, on a machine with much else to do. Usage: compare_log KIND MODEL EXPECTED LOG
compare_log() {
    awk -v kind="$1" -v model="$2" '
        NR == FNR { asked[$0]++; next }
        $1 ~ "[?]" model "$" {
            path = $1
            sub(/.*\//, "/", path)
            wanted = $3 == "yes" ? 2 : 1
            if (asked[path] > wanted || (asked[path] < wanted && kind != "slow")) {
                print "asked " asked[path] + 0 " times:", $0
                bad = 1
            }
            seen++
        }
        END { exit bad || !seen }' "$4" "$3"
}

# Those that end by themselves get all the time that a busy machine may need for them; those that
# do not get little, since they need none.
meets_the_table() {
    local kind timeout
    for kind in quick slow; do
        timeout=60s
        [ $kind = quick ] || timeout=150ms
        sed -E "s|^(http://127.0.0.1:$SERVER/[^ ]*)|\1?$1|" ../$kind >expected
        cut -d' ' -f1 expected >list
        run --separate-stderr "$BUILD/$1" --input=list --records=records.csv --json=run.json \
            --retries=1 --timeout=$timeout --max-body=1MiB --keep-alive=no --ca-file=../trust.pem
        echo "$kind: status $status; $stderr"
        [ "$status" -eq 1 ]
        [ -z "$stderr" ]
        compare expected records.csv
        compare_log $kind "$1" expected ../log
        # Nothing is counted twice, and what is counted was asked for.
        [ "$(jq -r '.fetches | "\(.retried) \(.ok + .failed) \(.ok)"' run.json)" = \
            "$(awk '{ n++ } / yes$/ { again++ } / fetched / { ok++ } END { print again + 0, n, ok + 0 }' expected)" ]
    done
}

# bats test_tags=threads
@test "every model records the table's outcome for every fault, and tries again what may pass" {
    start_everything
    table | located >all
    grep -v ' timed_out ' all >quick
    grep ' timed_out ' all >slow
    (($(wc -l <quick) > 40 && $(wc -l <slow) > 8))
    each_model meets_the_table
}

# INDEX BYTES of each record whose bytes are the server's to say. Of a body without end as many pieces, of 16 KiB at
# most, as fit into 256 KiB are counted, and how TCP cuts it is nobody's to say.
counted_bytes() {
    awk -F, '$2 == "too_large" && $9 > 245760 && $9 <= 262144 { $9 = "bounded" } $2 != "reset" { print $1, $9 }'
}

# With a tenth of a processor, beside a run that has all of it.
ends_as_fast() {
    local common=("$BUILD/$1" --quiet --input=list --concurrency=8 --retries=0 --timeout=60s --max-body=256KiB
        --keep-alive=no --ca-file=../trust.pem)
    cut -d' ' -f1 ../quick >list
    "${common[@]}" --json=fast.json --records=fast.csv || [ $? -eq 1 ]
    "$ROOT/scripts/confine" --quota=0.1 -- "${common[@]}" --json=slow.json --records=slow.csv || [ $? -eq 1 ]
    sed 's/ yes$/ no/' ../quick >once
    compare once slow.csv
    diff <(jq -c '[.fetches.digest, .errors]' fast.json) <(jq -c '[.fetches.digest, .errors]' slow.json)
    # What a reset finds unread is lost with it, and who is slow has read less.
    diff <(counted_bytes <fast.csv) <(counted_bytes <slow.csv)
}

# bats test_tags=plain
@test "a machine ten times slower records the same outcomes and the same digest" {
    "$ROOT/scripts/confine" --quota=0.1 --check || skip "no processor group is to be had here"
    start_everything
    table | grep -v ' timed_out ' | located >quick
    each_model ends_as_fast
}

@test "the table is whole: every fault that the server knows is in it, and no other" {
    diff <(table | sed -n 's|^\(/[^ ]*\) .*|\1|p' | sort) \
        <(grep -o '{"/[^"]*"' "$ROOT/tests/faults.c" | tr -d '{"' | sort)
}

@test "a certificate that is trusted for the name it has is no fault" {
    start_everything
    for model in "${MODELS[@]}"; do
        run "$BUILD/$model" --ca-file=trust.pem "https://127.0.0.1:$TRUSTED/"
        [ "$status" -eq 0 ]
    done
    # The others fail for their certificates alone.
    run "$BUILD/async" --insecure "https://127.0.0.1:$STRANGER/" "https://127.0.0.1:$OTHER/" \
        "https://127.0.0.1:$EXPIRED/"
    [ "$status" -eq 0 ]
}

@test "with connections kept, no answer is taken for another's" {
    start_faults
    table | no_tls_server | grep -v -e ' timed_out ' | located >faulty
    # A sound one behind each fault, on the same lane.
    while read -r line; do
        printf '%s\n' "$line" "http://127.0.0.1:$SERVER/sound fetched no"
    done <faulty >quick
    cut -d' ' -f1 quick >list
    for model in "${MODELS[@]}"; do
        run --separate-stderr "$BUILD/$model" --input=list --records=records.csv --concurrency=1 \
            --retries=0 --timeout=60s --max-body=1MiB
        [ "$status" -eq 1 ]
        sed 's/ yes$/ no/' quick >once
        compare once records.csv
        # hello, whole, each time.
        [ "$(grep -c ',fetched,200,1,.*,5,9555e8555c62dcfd$' records.csv)" -ge "$(wc -l <faulty)" ]
    done
}

# libcurl closes a socket that is still connecting without telling.
@test "a connection that does not come about is over in time, and others go on, by every backend" {
    start_faults
    for k in 1 2 3; do
        printf '%s timed_out yes\n' "http://127.0.0.1:$FULL/$k" "http://127.0.0.1:$SERVER/silent?$k"
        printf '%s fetched no\n' "http://127.0.0.1:$SERVER/late?$k"
    done >expected
    cut -d' ' -f1 expected >list
    for backend in select poll epoll uring libuv; do
        [ $backend != uring ] || "$BUILD/async" --backend=uring --quiet "http://127.0.0.1:$SERVER/sound" || continue
        run "$BUILD/async" --backend=$backend --input=list --records=records.csv --concurrency=4 --retries=1 \
            --timeout=1500ms
        [ "$status" -eq 1 ] || { echo "$backend: status $status: $output" && return 1; }
        compare expected records.csv
    done
}

@test "a kept connection that dies is replaced: a connection more, but no attempt" {
    start_faults
    for k in {1..10}; do echo "http://127.0.0.1:$SERVER/dies-when-kept?$k"; done >dies
    for k in {1..10}; do echo "http://127.0.0.1:$SERVER/breaks-promise?$k"; done >breaks
    for model in "${MODELS[@]}"; do
        for list in dies breaks; do
            run "$BUILD/$model" --input=$list --concurrency=1 --retries=1 --json=run.json --records=records.csv
            [ "$status" -eq 0 ]
            [ "$(jq -c '[.fetches.ok, .fetches.retried, .fetches.connections]' run.json)" = '[10,0,10]' ]
            [ "$(grep -c ',fetched,200,1,' records.csv)" -eq 10 ]
        done
    done
    # Of 10 answered requests, 9 had been sent in vain before.
    [ "$(grep -c '^/dies-when-kept?' log)" -eq $((19 * ${#MODELS[@]})) ]
}

# Each dead connection takes 150 ms of the second that there is; libcurl alone tries six.
@test "an attempt's time is one, however many kept connections die under it" {
    start_faults
    for k in {1..17}; do echo "http://127.0.0.1:$SERVER/dies-late-when-kept?$k"; done >list
    run "$BUILD/async" --input=list --concurrency=16 --timeout=1s --records=records.csv
    [ "$status" -eq 1 ]
    [ "$(grep -c ',fetched,200,1,' records.csv)" -eq 16 ]
    grep -q '^17,timed_out,0,1,' records.csv
}

@test "what is no whole answer is not kept as a body" {
    local number outcome
    start_faults
    table | no_tls_server | grep -v -e ' timed_out ' | located | cut -d' ' -f1 >list
    run "$BUILD/async" --input=list --save=bodies --records=records.csv --timeout=60s --max-body=1MiB
    [ "$status" -eq 1 ]
    while IFS=, read -r number outcome _; do
        [[ $number != index ]] || continue
        printf -v number '%06d' "$number"
        case $outcome in
        fetched | bad_status) [ -e "bodies/$number" ] ;;
        *) [ ! -e "bodies/$number" ] || { echo "$outcome $number" && false; } ;;
        esac
    done <records.csv
    grep -q ',truncated,' records.csv
    run ! compgen -G 'bodies/.*.part'
}

# More than that is refused before a byte of it; what is just so much is under way when its time is up.
@test "without --max-body a body may have 1 GiB and no more, whatever is announced" {
    start_faults
    origin_start
    for url in "http://127.0.0.1:$SERVER/announced-1-TiB" "$ORIGIN/item/1?size=1073741825B"; do
        run "$BUILD/async" --quiet --records=records.csv --timeout=60s "$url"
        [ "$status" -eq 1 ]
        mapfile -t records <records.csv
        [[ ${records[1]} == 1,too_large,200,1,* ]]
        IFS=, read -r _ _ _ _ _ _ _ _ bytes _ <<<"${records[1]}"
        [ "$bytes" -eq 0 ]
    done
    run "$BUILD/async" --quiet --records=records.csv --timeout=200ms "$ORIGIN/item/1?size=1GiB"
    mapfile -t records <records.csv
    [[ ${records[1]} =~ ^1,(timed_out|fetched), ]]
}

# A sanitizer's own memory is beyond every bound.
# bats test_tags=plain
@test "memory is bounded, whatever they send" {
    start_faults
    for path in header-line headers continues hints trailers endless endless-chunks zeros; do
        for k in 1 2 3 4; do echo "http://127.0.0.1:$SERVER/$path?$k"; done
    done >list
    for model in "${MODELS[@]}"; do
        # A single body that is held is beyond the bound.
        "$BUILD/meter" --json=meter.json -- "$BUILD/$model" --quiet --input=list --timeout=60s \
            --max-body=40MiB --records=records.csv 2>/dev/null || [ $? -eq 1 ]
        # 32 lanes, 256 KiB of headers each, a line of 100, buffers of 64; libcurl itself. Asked first: who
        # holds bodies is slow as well, and may have run out of time.
        [ "$(jq .memory_kib.pss meter.json)" -lt 40000 ] || { echo "$model" && cat meter.json && false; }
        [ "$(grep -c ,too_large, records.csv)" -eq 28 ]
        [ "$(grep -c ,garbage, records.csv)" -eq 4 ]
    done
}

# What a process tree holds, as `descriptors threads processes`.
holds() {
    local pid descriptors=0 threads=0 processes=0
    for pid in $(pgrep -g "$1"); do
        processes=$((processes + 1))
        descriptors=$((descriptors + $(find "/proc/$pid/fd" -mindepth 1 | wc -l)))
        threads=$((threads + $(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)))
    done
    echo "$descriptors $threads $processes"
}

# At the last URL of a list all before it are done: of one fault, and of all of them many times.
leaves_nothing() {
    local list run
    for list in short long; do
        sed "s|\$|?$1-$list|" "../$list" >urls
        setsid "$BUILD/$1" --quiet --input=urls --concurrency=1 --max-body=1MiB --timeout=1h --save=bodies \
            --ca-file=../trust.pem >/dev/null &
        run=$!
        # Almost two hundred fetches each, of six models, on a machine with much else to do.
        WAIT_SECONDS=60 wait_for has_line ../log "/silent?$1-$list"
        holds $run >$list.holds
        kill -INT $run
        wait $run || true
    done
    diff short.holds long.holds
}

@test "no fault leaves a descriptor, a thread or a process behind" {
    start_everything
    table | grep -v -e ' timed_out ' -e ^/late | located | cut -d' ' -f1 >quick
    echo "http://127.0.0.1:$SERVER/silent" >silent
    cat <(echo "http://127.0.0.1:$SERVER/close-before") silent >short
    cat quick quick quick silent >long
    each_model leaves_nothing
}

# Usage: holds_at_most PID FILE: no more of anything than is in there.
holds_at_most() {
    local now most
    read -ra now < <(holds "$1")
    read -ra most <"$2"
    ((now[0] <= most[0] && now[1] <= most[1] && now[2] <= most[2]))
}

# Somebody who waits 400 times as long as one of those that are given up.
begin_patient() {
    sleep 60 3>&- &
    PATIENT=$!
    SERVERS+=("$PATIENT")
}

# They are over, or the patient one has gone before.
given_up() {
    [[ $(<../log) == *"/silent?$1-behind-"* ]] || is_gone "$PATIENT"
}

# What it holds at one silent URL, and what at one of those behind the list; there each is given up as well, so
# that a moment between two of them may be met, at which it holds less. Usage: gives_up_cleanly MODEL OPTION…
gives_up_cleanly() {
    local run k code=0 bad=0
    echo "http://127.0.0.1:$SERVER/silent?$1-first" >first
    sed "s|\$|?$1|" ../slow ../slow >urls
    for k in {1..400}; do echo "http://127.0.0.1:$SERVER/silent?$1-behind-$k"; done >>urls
    set -- "$1" --quiet --concurrency=1 --save=bodies "${@:2}"
    setsid "${WITH[@]}" "$BUILD/$1" "${@:2}" --input=first --timeout=1h >/dev/null &
    run=$!
    wait_for has_line ../log "/silent?$1-first"
    holds $run >first.holds
    kill -INT $run
    wait $run || true
    setsid "${WITH[@]}" "$BUILD/$1" "${@:2}" --input=urls --timeout=150ms >/dev/null &
    run=$!
    WAIT_SECONDS=120 wait_for given_up "$1"
    if is_gone "$PATIENT"; then
        echo "each takes much longer than its time"
        bad=1
    elif ! wait_for holds_at_most $run first.holds; then
        echo "descriptors, threads, processes: $(holds $run), and of the first one $(<first.holds)"
        bad=1
    fi
    kill -INT $run
    wait $run || code=$?
    # It was under way until then.
    ((code == 130 && !bad))
}

@test "what has no end is given up in its time, and leaves nothing behind either" {
    start_faults
    table | grep ' timed_out ' | located | cut -d' ' -f1 >slow
    (($(wc -l <slow) > 8))
    begin_patient
    WITH=()
    each_model gives_up_cleanly
}

looks_up_cleanly() {
    gives_up_cleanly "$1" --resolve=each
}

# libcurl's thread stays with the resolver until that has answered. The sanitizers want to be loaded first.
# bats test_tags=plain
@test "a look-up that is given up leaves nothing behind once its resolver is done" {
    start_faults
    printf 'http://%s.hangs/\n' {1..6} >slow
    begin_patient
    WITH=(env SHIM_NAMES=.hangs SHIM_NAMES_S=1 "LD_PRELOAD=$BUILD/tests/shim.so")
    each_model looks_up_cleanly
}

# Others are in flight while the look-up is given up, and must not be taken along: fourteen of a quarter of a
# second, one after another. On a busy machine one may need almost three.
outlives_the_resolver() {
    SHIM_NAMES=.hangs SHIM_NAMES_S=3000 LD_PRELOAD=$BUILD/tests/shim.so run \
        timeout -s KILL 100 "$BUILD/$1" --resolve="$2" --concurrency=2 --timeout=3s --input=../list --records=records.csv
    [ "$status" -eq 1 ]
    cat records.csv
    [ "$(grep -c "^1,$3," records.csv)" -eq 1 ]
    [ "$(grep -c ,fetched, records.csv)" -eq 14 ]
}

looked_up_each() {
    outlives_the_resolver "$1" each timed_out
}

looked_up_once() {
    outlives_the_resolver "$1" once not_resolved
}

# The sanitizers want to be loaded first.
# bats test_tags=plain
@test "a resolver that hangs takes its own URL's time and nobody else's" {
    start_faults
    echo http://name.hangs/ >list
    for _ in {1..14}; do echo "http://127.0.0.1:$SERVER/late"; done >>list
    each_model looked_up_each
    each_model looked_up_once async
}
