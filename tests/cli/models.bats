#!/usr/bin/env bats
# All models do the same work: with each other, with programs that are not ours, and with what
# the origin says that it served.
# bats file_tags=threads
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
}

teardown() {
    origin_stop
    end_nginx
}

# The lines `INDEX STATUS FILE` on standard input; FILE - for no whole response.
digest_by_xxhsum() {
    "$ROOT/tests/cli/digest"
}

@test "the digest's second opinion is right about worked examples" {
    # XXH3-64 of nothing, and XXH3-128 of 32 zero bytes, as xxHash's own test vectors have them.
    # shellcheck source=tests/cli/digest
    source "$ROOT/tests/cli/digest"
    : >empty
    [ "$(xxhsum -H3 empty | sed 's/.*= //')" = 2d06800538d394c2 ]
    [ "$(little_endian 258 | od -An -tx1 | tr -d ' \n')" = 0201000000000000 ]
    [ "$(printf '%s\n' ffffffffffffffffffffffffffffffff 00000000000000000000000000000002 | sum_128)" = \
        00000000000000000000000000000001 ]
    [ "$(printf '%s\n' 000000000000000000000000ffffffff 00000000000000010000000000000001 | sum_128)" = \
        00000000000000010000000100000000 ]
}

# ---- Lists -----------------------------------------------------------------------------------

# Sizes and framings in turn, on one origin.
mixed_list() {
    local k=0 size chunked
    for size in 0 1B 1KiB 1MiB 1000B; do
        for chunked in no yes; do
            echo "$1/item/$((++k))?size=$size&chunked=$chunked"
        done
    done
    echo "$1/item/$((++k))?size=1KiB&delay=20ms"
    echo "$1/item/$((++k))?size=1KiB&status=404"
    echo "$1/item/$((++k))?size=0&status=503"
    echo "$1/item/$((++k))?size=1KiB&status=302"
    echo "$1/item/$((++k))?size=1KiB&status=204"
}

# What curl gets for a list, as the lines that digest_by_xxhsum wants.
fetched_by_curl() {
    local index=0 url code
    rm -rf curled
    mkdir curled
    while IFS= read -r url; do
        index=$((index + 1))
        code=$(curl -sS -o "curled/$index" -w '%{http_code}' "$url")
        # Without a body curl writes no file.
        touch "curled/$index"
        echo "$index $code curled/$index"
    done <"$1"
}

# Usage: run_json MODEL ARGUMENT…: runs it, summary in run.json; its status is the test's to read.
run_json() {
    local model=$1
    shift
    run "$BUILD/$model" --json=run.json --records=records.csv "$@"
    echo "$model: status $status; $output"
}

# Figures of run.json, in a line: figures .fetches.ok .fetches.bytes
figures() {
    local IFS=,
    jq -r "[$*] | map(tostring) | join(\" \")" run.json
}

nobody_connected() {
    [ "$(origin_stat open)" -eq 0 ]
}

@test "every model's digest is the documented one, over sizes, framings, statuses, keep-alive" {
    origin_start
    mixed_list "$ORIGIN" >list
    count=$(wc -l <list)
    expected=$(fetched_by_curl list | digest_by_xxhsum)
    bytes=$(cat curled/* | wc -c)
    for model in "${MODELS[@]}"; do
        for keep_alive in yes no; do
            origin_reset
            run_json "$model" --keep-alive=$keep_alive --concurrency=4 --input=list
            [ "$status" -eq 1 ]
            # What the origin says of it is the same.
            [ "$(figures .fetches.{digest,bytes,ok,connections})" = \
                "$expected $bytes $((count - 2)) $(origin_stat connections)" ]
            [ "$(origin_stat requests)" -eq "$count" ]
            [ "$(origin_stat responses)" -eq "$count" ]
            [ "$(origin_stat body_bytes)" -eq "$bytes" ]
            [ "$(origin_stat 404)" -eq 1 ]
            wait_for nobody_connected
        done
    done
}

@test "the records say the same as the bodies: status, length, hash" {
    origin_start
    mixed_list "$ORIGIN" >list
    fetched_by_curl list | while read -r index code file; do
        echo "$index $code 1 $(stat -c %s "$file") $(xxhsum -H3 "$file" 2>/dev/null | sed 's/.*= //')"
    done >expected
    for model in "${MODELS[@]}"; do
        run_json "$model" --concurrency=3 --input=list
        lanes=3
        [ "$model" != sequential ] || lanes=1
        # Times go forward within a fetch, and no more lanes fetch than were asked for.
        awk -F, -v lanes=$lanes '
            NR == 1 { bad = $0 != "index,outcome,status,attempts,lane,taken_ns,first_byte_ns,end_ns,body_bytes,body_hash" }
            NR == 1 { next }
            !($6 <= $7 && $7 <= $8 && $5 < lanes) { bad = 1; print >"/dev/stderr" }
            { print $1, $3, $4, $9, $10 }
            END { exit bad }' records.csv >said
        diff expected said
    done
}

@test "--save keeps the bodies, byte for byte, numbered by the list" {
    origin_start
    mixed_list "$ORIGIN" >list
    mkdir expected
    while read -r index _ file; do
        printf -v name '%06d' "$index"
        mv "$file" "expected/$name"
    done < <(fetched_by_curl list)
    for model in "${MODELS[@]}"; do
        "$BUILD/$model" --quiet --concurrency=4 --input=list --save="saved-$model" || [ $? -eq 1 ]
        # Nothing else is there: nothing left aside, nothing written by a name from a URL.
        diff -r expected "saved-$model"
    done
}

@test "--save=- prints the bodies in the list's order, whichever came first" {
    origin_start
    for k in {1..8}; do echo "$ORIGIN/item/$k?size=${k}KiB&delay=$((80 - 10 * k))ms"; done >list
    while IFS= read -r url; do curl -sS "$url"; done <list >expected
    mkdir tmp
    for model in "${MODELS[@]}"; do
        TMPDIR=$PWD/tmp "$BUILD/$model" --concurrency=8 --input=list --save=- >printed
        cmp expected printed
        [ -z "$(ls tmp)" ]
    done
}

@test "with C in flight the origin sees C connections and C requests at one time" {
    origin_start
    for model in "${MODELS[@]}"; do
        [ "$model" != sequential ] || continue
        origin_reset
        run_json "$model" --concurrency=20 --url-pattern="$ORIGIN/item/{}?size=1B&delay=1s" --count=40
        [ "$status" -eq 0 ]
        [ "$(origin_stat in_flight_peak)" -eq 20 ]
        [ "$(origin_stat open_peak)" -eq 20 ]
        [ "$(origin_stat connections)" -eq 20 ]
        [ "$(figures .fetches.{connections,peak_in_flight})" = "20 20" ]
        wait_for nobody_connected
    done
}

@test "without keep-alive each fetch has a connection of its own" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        run_json "$model" --keep-alive=no --concurrency=5 --url-pattern="$ORIGIN/item/{}" --count=30
        [ "$status" -eq 0 ]
        [ "$(origin_stat connections)" -eq 30 ]
        [ "$(figures .fetches.connections)" -eq 30 ]
    done
}

@test "sequential fetches in order, one at a time, on one connection" {
    [[ " ${MODELS[*]} " == *" sequential "* ]] || skip "sequential is not tested here"
    origin_start --access-log=log
    run_json sequential --concurrency=9 --url-pattern="$ORIGIN/item/{}?delay=5ms" --count=12
    [ "$status" -eq 0 ]
    [ "$(origin_stat in_flight_peak)" -eq 1 ]
    [ "$(origin_stat connections)" -eq 1 ]
    origin_stop
    [ "$(grep -o '/item/[0-9]*' log | cut -d/ -f3 | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 11 12 " ]
}

@test "a redirect is not followed: its own status and body are the result" {
    origin_start
    for model in "${MODELS[@]}"; do
        run_json "$model" "$ORIGIN/item/1?status=301&size=5B"
        [ "$status" -eq 0 ]
        [ "$(tail -n 1 records.csv | cut -d, -f2,3,9)" = fetched,301,5 ]
    done
}

@test "static dispatch gives lane k every C-th URL, and the digest is the same" {
    origin_start
    for model in "${MODELS[@]}"; do
        [ "$model" != sequential ] || continue
        run_json "$model" --concurrency=3 --url-pattern="$ORIGIN/item/{}?size=9B" --count=10
        digest=$(figures .fetches.digest)
        run_json "$model" --dispatch=static --concurrency=3 --url-pattern="$ORIGIN/item/{}?size=9B" --count=10
        [ "$status" -eq 0 ]
        [ "$(figures .fetches.digest)" = "$digest" ]
        awk -F, 'NR > 1 && ($1 - 1) % 3 != $5 { bad = 1; print } END { exit bad }' records.csv
    done
}

@test "the digest knows a body left out, doubled, swapped or changed" {
    origin_start
    local turn=0
    # One code makes the digest: the models take turns.
    for numbers in '1 2 3' '1 2' '1 2 2' '2 1 3' '1 2 4' '1 3 2'; do
        # shellcheck disable=SC2086  # a word each
        printf "$ORIGIN/item/%s?size=64B\n" $numbers >list
        run_json "${MODELS[turn++ % ${#MODELS[@]}]}" --input=list
        figures .fetches.digest
    done >digests
    grep -xE '[0-9a-f]{16,}' digests | sort -u >different
    [ "$(wc -l <different)" -eq 6 ]
}

# ---- Names -----------------------------------------------------------------------------------

@test "host names serve as well as addresses, looked up once or by each connection" {
    origin_start
    # Between two models the four combinations.
    combinations=("once yes" "each no" "once no" "each yes")
    turn=0
    for model in "${MODELS[@]}"; do
        for _ in 1 2; do
            read -r resolve keep_alive <<<"${combinations[turn++ % 4]}"
            run_json "$model" --resolve="$resolve" --keep-alive="$keep_alive" --concurrency=6 \
                --url-pattern="http://localhost:$ORIGIN_PORT/item/{}?size=100B" --count=60
            [ "$status" -eq 0 ]
            [ "$(figures .fetches.ok .workload.resolve)" = "60 $resolve" ]
        done
    done
}

# bats test_tags=slow,plain
@test "1,000 at one time, and 200 processes, by name and by address, with and without keep-alive" {
    (($(ulimit -Hn) >= 4200)) || skip "1,000 at one time need more descriptors than $(ulimit -Hn)"
    origin_start
    for model in "${MODELS[@]}"; do
        [ "$model" != sequential ] || continue
        at_once=1000
        [ "$model" != processes ] || at_once=200 # more of them stand in limits.bats, once
        for combination in "127.0.0.1 yes" "localhost no"; do
            read -r host keep_alive <<<"$combination"
            run_json "$model" --resolve=each --keep-alive="$keep_alive" --concurrency=$at_once \
                --timeout=60s --url-pattern="http://$host:$ORIGIN_PORT/item/{}?size=10B" --count=1200
            [ "$status" -eq 0 ]
            [ "$(figures .fetches.ok)" -eq 1200 ]
        done
    done
}

# ---- Every backend of the loop ----------------------------------------------------------------

# 3: the kernel or a seccomp filter refuses it; 1: that nobody answers at port 1.
io_uring_is_allowed() {
    local status=0
    "$BUILD/async" --backend=uring -q http://127.0.0.1:1/ || status=$?
    [ "$status" -eq 1 ]
}

@test "async does the same work by each of its backends" {
    [[ " ${MODELS[*]} " == *" async "* ]] || skip "async is not tested here"
    origin_start
    mixed_list "$ORIGIN" >list
    expected=$(fetched_by_curl list | digest_by_xxhsum)
    for backend in $("$BUILD/async" --help | tr -s ' \n' ' ' |
        sed -n 's/.*How the loop waits: \([^(]*\) (default.*/\1/p' | tr -d ',' | sed 's/ or / /'); do
        if [ "$backend" = uring ] && ! io_uring_is_allowed; then
            continue
        fi
        for keep_alive in yes no; do
            run_json async --backend="$backend" --keep-alive=$keep_alive --concurrency=7 --input=list
            [ "$(figures .fetches.digest .model.options.backend)" = "$expected $backend" ]
        done
        echo "$backend" >>tested
    done
    [ "$(sort tested | grep -cxE 'epoll|poll|select|libuv')" -eq 4 ]
}

# ---- Failures that pass, and those that do not --------------------------------------------------

@test "one fetch that fails stops no other" {
    origin_start
    for model in "${MODELS[@]}"; do
        run_json "$model" --timeout=500ms --concurrency=4 \
            "$ORIGIN/item/1?size=1KiB" "$ORIGIN/item/2?fault=reset" \
            "$ORIGIN/item/3?size=1KiB&fault=truncate" "$ORIGIN/item/4?fault=garbage" \
            "$ORIGIN/item/5?size=1KiB&fault=stall" "$ORIGIN/item/6?size=1KiB" \
            "$ORIGIN/item/7?delay=20s" "http://127.0.0.1:1/" "$ORIGIN/item/8?status=500"
        [ "$status" -eq 1 ]
        [ "$(tail -n +2 records.csv | cut -d, -f1,2 | tr '\n' ' ')" = \
            "1,fetched 2,reset 3,truncated 4,garbage 5,timed_out 6,fetched 7,timed_out 8,refused 9,bad_status " ]
    done
}

@test "a failure that may pass is tried again, as often as was asked; another is not" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        run_json "$model" --retries=2 "$ORIGIN/item/1?status=503" "$ORIGIN/item/2?status=404"
        [ "$status" -eq 1 ]
        [ "$(tail -n +2 records.csv | cut -d, -f1-4 | tr '\n' ' ')" = \
            "1,bad_status,503,3 2,bad_status,404,1 " ]
        [ "$(origin_stat 503)" -eq 3 ]
        [ "$(origin_stat 404)" -eq 1 ]
        [ "$(figures .fetches.retried)" -eq 2 ]
    done
}

@test "a body longer than --max-body is a failure" {
    origin_start
    for model in "${MODELS[@]}"; do
        for chunked in no yes; do
            run_json "$model" --max-body=1000B "$ORIGIN/item/1?size=1000B&chunked=$chunked" \
                "$ORIGIN/item/2?size=1001B&chunked=$chunked"
            [ "$status" -eq 1 ]
            [ "$(tail -n +2 records.csv | cut -d, -f2 | tr '\n' ' ')" = "fetched too_large " ]
        done
    done
}

# ---- A server that is not ours ------------------------------------------------------------------

end_nginx() {
    [ -n "${NGINX_PID:-}" ] || return 0
    kill -TERM "$NGINX_PID" 2>/dev/null || true
    wait "$NGINX_PID" || true
    NGINX_PID=
}

# An nginx with Debian's own settings but for folder and port; sets NGINX=http://127.0.0.1:PORT.
start_nginx() {
    local try
    PATH=$PATH:/usr/sbin
    mkdir -p nginx/www
    for try in {1..20}; do
        # nginx cannot be asked for any free port: one is drawn, and another if it is taken.
        NGINX=http://127.0.0.1:$((10000 + (RANDOM % 20000)))
        cat >nginx/conf <<END
worker_processes 1;
daemon off;
pid $PWD/nginx/pid;
error_log $PWD/nginx/errors;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $PWD/nginx/1; proxy_temp_path $PWD/nginx/2;
    fastcgi_temp_path $PWD/nginx/3; uwsgi_temp_path $PWD/nginx/4; scgi_temp_path $PWD/nginx/5;
    server { listen ${NGINX#http://}; root $PWD/nginx/www; }
}
END
        if ((EUID == 0)); then echo "user root;" >>nginx/conf; fi
        nginx -p "$PWD/nginx" -c "$PWD/nginx/conf" >/dev/null 2>&1 3>&- &
        NGINX_PID=$!
        wait_for eval "[ -s nginx/pid ] || ! kill -0 $NGINX_PID 2>/dev/null"
        [ ! -s nginx/pid ] || return 0
        wait "$NGINX_PID" || true
        echo "nginx, try $try: $(tail -n 1 nginx/errors)"
    done
    return 1
}

@test "a stock nginx with 1,000 static files: the bodies by cmp, the digest by xxhsum" {
    command -v nginx /usr/sbin/nginx >/dev/null || skip "there is no nginx here"
    start_nginx
    awk -v nginx="$NGINX" 'BEGIN {
        for (k = 1; k <= 1000; k++) {
            file = "nginx/www/" k
            printf "%0" k * 7 "d", k >file
            close(file)
            print nginx "/" k >"list"
            print k, 200, file >"expected"
        }
    }'
    expected=$(digest_by_xxhsum <expected)
    for model in "${MODELS[@]}"; do
        run_json "$model" --concurrency=32 --input=list --save=saved
        [ "$status" -eq 0 ]
        [ "$(figures .fetches.digest)" = "$expected" ]
        for k in 0001 0500 1000; do cmp "nginx/www/$((10#$k))" "saved/00$k"; done
        [ "$(find saved -type f | wc -l)" -eq 1000 ]
        rm -r saved
    done
}
