#!/usr/bin/env bats
# All models do the same work: with each other, with programs that are not ours, and with what
# the origin says that it served.
# bats file_tags=threads
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

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

# What curl gets for a list, one after the other, as the lines that digest_by_xxhsum wants.
fetched_by_curl() {
    local index=0 url code
    mkdir curled
    while IFS= read -r url; do
        # Without a body curl writes no file.
        index=$((index + 1))
        : >"curled/$index"
        printf 'url = "%s"\noutput = "curled/%s"\n' "$url" "$index"
    done <"$1" >curl.config
    index=0
    while read -r code; do
        echo "$((++index)) $code curled/$index"
    done < <(curl -sS -w '%{http_code}\n' --config curl.config)
}

# Usage: run_json MODEL ARGUMENT…: runs it, summary in run.json; its status is the test's to read.
run_json() {
    status=0
    "$BUILD/$1" --json=run.json --records=records.csv "${@:2}" >said 2>&1 || status=$?
    IFS= read -rd '' output <said || true
    echo "$1: status $status; $output"
}

# Usage: recorded COUNT: the first COUNT columns of all records, as `1,fetched 2,reset `, into RECORDED.
recorded() {
    local IFS=, fields
    RECORDED=''
    {
        read -r # the names
        while read -ra fields; do RECORDED+="${fields[*]:0:$1} "; done
    } <records.csv
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
            run_says digest="$expected" bytes="$bytes" ok=$((count - 2))
            # And the origin says the same.
            figure connections
            origin_says requests="$count" responses="$count" body_bytes="$bytes" 404=1 connections="$FIGURE"
            wait_for origin_says open=0
        done
    done
}

@test "the records say the same as the bodies: status, length, hash" {
    origin_start
    mixed_list "$ORIGIN" >list
    # INDEX,STATUS,1,LENGTH,HASH of each, as other programs than ours have it.
    fetched_by_curl list >fetched
    stat -c '%n %s' curled/* >lengths
    xxhsum -H3 curled/* 2>/dev/null >hashes # XXH3 (FILE) = HASH
    awk 'FILENAME == "lengths" { bytes[$1] = $2 }
        FILENAME == "hashes" { hash[substr($2, 2, length($2) - 2)] = $4 }
        FILENAME == "fetched" { print $1 "," $2 ",1," bytes[$3] "," hash[$3] }' lengths hashes fetched >expected
    records=()
    for model in "${MODELS[@]}"; do
        run_json "$model" --concurrency=3 --input=list --records="$model.csv"
        figure concurrency
        records+=("lanes=$FIGURE" "$model.csv")
    done
    # Times go forward within a fetch, and no more lanes fetch than were asked for.
    awk -F, -v names=index,outcome,status,attempts,lane,taken_ns,first_byte_ns,end_ns,body_bytes,body_hash \
        -v models=${#MODELS[@]} '
        function wrong(what) { bad = 1; print FILENAME ": " what ": " $0 }
        FILENAME == "expected" { expected[$1] = $0; count++; next }
        FNR == 1 { if ($0 != names) wrong("names"); next }
        { seen++ }
        $1 "," $3 "," $4 "," $9 "," $10 != expected[$1] { wrong("not " expected[$1]) }
        !($6 <= $7 && $7 <= $8) { wrong("times") }
        !($5 < lanes) { wrong("lane") }
        END { exit bad || count != 15 || seen != models * count }' expected "${records[@]}"
}

@test "--save keeps the bodies, byte for byte, numbered by the list" {
    origin_start
    mixed_list "$ORIGIN" >list
    fetched_by_curl list >fetched
    # By --save's names.
    mkdir expected
    awk '{ printf "%s expected/%06d\n", $3, $1 }' fetched | xargs -n 2 ln
    for model in "${MODELS[@]}"; do
        "$BUILD/$model" --quiet --concurrency=4 --input=list --save="$model" || [ $? -eq 1 ]
        # Nothing else either: nothing is left aside, or was written by a name from a URL.
        diff -r expected "$model"
    done
}

@test "--save=- prints the bodies in the list's order, whichever came first" {
    origin_start
    for k in {1..8}; do echo "$ORIGIN/item/$k?size=${k}KiB&delay=$((80 - 10 * k))ms"; done >list
    mapfile -t urls <list
    curl -sS "${urls[@]}" >expected
    mkdir tmp
    for model in "${MODELS[@]}"; do
        TMPDIR=$PWD/tmp "$BUILD/$model" --concurrency=8 --input=list --save=- >printed
        cmp expected printed
        nothing_in tmp
    done
}

@test "with C in flight the origin sees C connections and C requests at one time" {
    origin_start
    for model in "${MODELS[@]}"; do
        [ "$model" != sequential ] || continue
        origin_reset
        run_json "$model" --concurrency=20 --url-pattern="$ORIGIN/item/{}?size=1B&delay=1s" --count=40
        [ "$status" -eq 0 ]
        origin_says in_flight_peak=20 open_peak=20 connections=20
        run_says connections=20 peak_in_flight=20
        wait_for origin_says open=0
    done
}

@test "without keep-alive each fetch has a connection of its own" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        run_json "$model" --keep-alive=no --concurrency=5 --url-pattern="$ORIGIN/item/{}" --count=30
        [ "$status" -eq 0 ]
        origin_says connections=30
        run_says connections=30
    done
}

@test "sequential fetches in order, one at a time, on one connection" {
    [[ " ${MODELS[*]} " == *" sequential "* ]] || skip "sequential is not tested here"
    origin_start --access-log=log
    run_json sequential --concurrency=9 --url-pattern="$ORIGIN/item/{}?delay=5ms" --count=12
    [ "$status" -eq 0 ]
    origin_says in_flight_peak=1 connections=1
    origin_stop
    [ "$(grep -o '/item/[0-9]*' log | cut -d/ -f3 | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 11 12 " ]
}

@test "a redirect is not followed: its own status and body are the result" {
    origin_start
    for model in "${MODELS[@]}"; do
        run_json "$model" "$ORIGIN/item/1?status=301&size=5B"
        [ "$status" -eq 0 ]
        recorded 9
        [[ $RECORDED =~ ^1,fetched,301,(.*,)5\ $ ]]
    done
}

@test "static dispatch gives lane k every C-th URL, and the digest is the same" {
    origin_start
    for model in "${MODELS[@]}"; do
        [ "$model" != sequential ] || continue
        run_json "$model" --concurrency=3 --url-pattern="$ORIGIN/item/{}?size=9B" --count=10
        figure digest
        run_json "$model" --dispatch=static --concurrency=3 --url-pattern="$ORIGIN/item/{}?size=9B" --count=10 \
            --records="$model.static"
        [ "$status" -eq 0 ]
        run_says digest="$FIGURE"
    done
    awk -F, 'FNR > 1 && ($1 - 1) % 3 != $5 { bad = 1; print FILENAME, $0 } END { exit bad }' ./*.static
}

@test "the digest knows a body left out, doubled, swapped or changed" {
    origin_start
    local turn=0
    local -A digests=()
    # One code makes the digest: the models take turns.
    for numbers in '1 2 3' '1 2' '1 2 2' '2 1 3' '1 2 4' '1 3 2'; do
        urls=()
        for k in $numbers; do urls+=("$ORIGIN/item/$k?size=64B"); done
        run_json "${MODELS[turn++ % ${#MODELS[@]}]}" "${urls[@]}"
        [ "$status" -eq 0 ]
        figure digest
        [[ $FIGURE =~ ^[0-9a-f]{16,}$ ]]
        digests[$FIGURE]=$numbers
    done
    [ ${#digests[@]} -eq 6 ]
}

# ---- Names -----------------------------------------------------------------------------------

@test "host names serve as well as addresses, looked up once or by each connection" {
    origin_start
    # Between two models the four combinations.
    ways=('once yes' 'each no' 'once no' 'each yes')
    turn=0
    for model in "${MODELS[@]}"; do
        for _ in 1 2; do
            way=${ways[turn++ % 4]}
            run_json "$model" --resolve="${way% *}" --keep-alive="${way#* }" --concurrency=6 \
                --url-pattern="http://localhost:$ORIGIN_PORT/item/{}?size=100B" --count=60
            [ "$status" -eq 0 ]
            run_says ok=60 resolve="${way% *}"
        done
    done
}

# bats test_tags=slow,plain
@test "1,000 at one time, and 200 processes, by name and by address, with and without keep-alive" {
    (($(ulimit -Hn) >= 4200)) || skip "1,000 at one time need more descriptors than $(ulimit -Hn)"
    origin_start
    # By name without keep-alive there is most to do: each connection looks the name up.
    ways=('localhost no' '127.0.0.1 yes')
    for model in "${MODELS[@]}"; do
        [ "$model" != sequential ] || continue
        at_once=1000
        [ "$model" != processes ] || at_once=200 # 500 of them stand in limits.bats, once
        ! again || at_once=100                   # whose threads meet no otherwise
        for way in "${ways[@]}"; do
            run_json "$model" --resolve=each --keep-alive="${way#* }" --concurrency=$at_once \
                --timeout=60s --url-pattern="http://${way% *}:$ORIGIN_PORT/item/{}?size=10B" --count=$((at_once + 200))
            [ "$status" -eq 0 ]
            run_says ok=$((at_once + 200))
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
    tested=''
    for backend in $("$BUILD/async" --help | tr -s ' \n' ' ' |
        sed -n 's/.*How the loop waits: \([^(]*\) (default.*/\1/p' | tr -d ',' | sed 's/ or / /'); do
        if [ "$backend" = uring ] && ! io_uring_is_allowed; then
            continue
        fi
        for keep_alive in yes no; do
            run_json async --backend="$backend" --keep-alive=$keep_alive --concurrency=7 --input=list
            run_says digest="$expected" backend="$backend"
        done
        tested+=" $backend"
    done
    for backend in epoll poll select libuv; do [[ " $tested " == *" $backend "* ]]; done
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
        recorded 2
        [ "$RECORDED" = "1,fetched 2,reset 3,truncated 4,garbage 5,timed_out 6,fetched 7,timed_out 8,refused 9,bad_status " ]
    done
}

@test "a failure that may pass is tried again, as often as was asked; another is not" {
    origin_start
    for model in "${MODELS[@]}"; do
        origin_reset
        run_json "$model" --retries=2 "$ORIGIN/item/1?status=503" "$ORIGIN/item/2?status=404"
        [ "$status" -eq 1 ]
        recorded 4
        [ "$RECORDED" = "1,bad_status,503,3 2,bad_status,404,1 " ]
        origin_says 503=3 404=1
        run_says retried=2
    done
}

@test "a body longer than --max-body is a failure" {
    origin_start
    for model in "${MODELS[@]}"; do
        run_json "$model" --max-body=1000B \
            "$ORIGIN/item/1?size=1000B&chunked=no" "$ORIGIN/item/2?size=1001B&chunked=no" \
            "$ORIGIN/item/3?size=1000B&chunked=yes" "$ORIGIN/item/4?size=1001B&chunked=yes"
        [ "$status" -eq 1 ]
        recorded 2
        [ "$RECORDED" = "1,fetched 2,too_large 3,fetched 4,too_large " ]
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
    server {
        listen ${NGINX#http://}; root $PWD/nginx/www;
        location /closed { if (\$http_authorization != "Basic bWU6czNjcmV0") { return 401; } }
    }
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
    count=1000
    ! again || count=200
    # Of 7 to 7,000 bytes, and named as --save names them.
    awk -v nginx="$NGINX" -v count="$count" 'BEGIN {
        for (k = 1; k <= count; k++) {
            file = sprintf("nginx/www/%06d", k)
            printf "%0" k * 7 "d", k >file
            close(file)
            print nginx substr(file, 10) >"list"
            print k, 200, file >"expected"
        }
    }'
    expected=$(digest_by_xxhsum <expected)
    for model in "${MODELS[@]}"; do
        run_json "$model" --concurrency=32 --input=list --save="$model"
        [ "$status" -eq 0 ]
        run_says digest="$expected"
        diff -r nginx/www "$model"
    done
}

# me:s3cret, as the server is told it.
@test "a password in a URL opens what it is for, and is shown nowhere" {
    command -v nginx /usr/sbin/nginx >/dev/null || skip "there is no nginx here"
    start_nginx
    echo open >nginx/www/closed
    secret=http://me:s3cret@${NGINX#http://}
    for model in "${MODELS[@]}"; do
        run --separate-stderr "$BUILD/$model" --json=run.json --records=records.csv --trace=trace.json \
            "$secret/closed" "$secret/missing" "$NGINX/closed"
        echo "status $status; $output$stderr"
        [ "$status" -eq 1 ]
        [[ $output == *"1 of 3 fetched"*"URL 2, http://***@${NGINX#http://}/missing (status 404)"*"(status 401)"* ]]
        grep -qF "\"http://***@${NGINX#http://}/closed\"" run.json
        run ! grep -rF s3cret run.json records.csv trace.json - <<<"$output$stderr"
    done
    # Nor where it is refused: by a list, as an argument, in a pattern.
    echo "http://me:s3cret@host:port/" >list
    for argument in --input=list "$(<list)" --url-pattern="$(<list)"; do
        run "$BUILD/${MODELS[0]}" --count=1 "$argument"
        [ "$status" -eq 2 ]
        [[ $output == *"not a URL to fetch: http://***@host:port/: its port"* || $output == *"--url-pattern=http://***@host"* ]]
        [[ $output != *s3cret* ]]
    done
}
