#!/usr/bin/env bats
# A machine that runs out: of memory, of disk, of what others take for granted.
# bats file_tags=plain
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
}

# Runs a shell script where mounts are its own, so that nothing of the machine changes.
in_own_mounts() {
    unshare --mount --propagation private bash -euc "$1" bash "${@:2}"
}

needs_mounts() {
    in_own_mounts 'mount -t tmpfs -o size=64k none /mnt' 2>/dev/null || skip "mounting needs root"
}

# One allocation fails: the K-th of all, or of those since that event. Usage: runs_without MODEL K [SINCE]
runs_without() {
    local status=0
    rm -f run.json
    SHIM_MEMORY=at:$2 SHIM_MEMORY_SINCE=${3:-start} LD_PRELOAD=$BUILD/tests/shim.so timeout 60 "$BUILD/$1" \
        --concurrency=2 --count=6 --json=run.json --url-pattern="$ORIGIN/item/{}?size=3KiB" >out 2>err || status=$?
    case $status in
    0) jq -e '.fetches.ok == 6' run.json >/dev/null ;;
    1) [ ! -s run.json ] || jq -e '.fetches.ok + .fetches.failed == 6' run.json >/dev/null ;;
    2 | 3) [ -s err ] && [ ! -e run.json ] ;;
    *) false ;;
    esac || { echo "$1, allocation $2 since ${3:-start}: status $status; $(cat out err run.json)" && return 1; }
    [ ! -e run.json.part ]
}

# Each model begins at another allocation behind the first few, so that together they meet many.
runs_short() {
    local k
    for k in 1 2 4 8 $(seq $((9 + 13 * $2)) 91 400); do
        runs_without "$1" "$k" || return
    done
    # Those come before any worker does, in libcurl's own start, which makes thousands.
    for k in 1 3 5 $(seq $((7 + 3 * $2)) 18 110); do
        runs_without "$1" "$k" handle || return
    done
}

# Runs FUNCTION MODEL NUMBER for all models at once, in a folder each.
each_model() {
    local model bad=0 number=0
    local -A pids=()
    mkdir -p "${MODELS[@]}"
    for model in "${MODELS[@]}"; do
        (cd "$model" && "$1" "$model" $((number++))) >"$model.said" 2>&1 3>&- &
        pids[$model]=$!
    done
    for model in "${MODELS[@]}"; do
        wait "${pids[$model]}" || { bad=1 && cat "$model.said"; }
    done
    return $bad
}

@test "whichever allocation fails, a run ends with a documented status and outcomes that add up" {
    origin_start
    each_model runs_short
}

# index,bytes,hash of what was fetched.
bodies() {
    sed -n 's/^\([0-9]*\),fetched,.*,\([0-9]*,[0-9a-f]*\)$/\1,\2/p' "$1"
}

# How many of 30 records were fetched, each as in SOUND; fails unless each URL has one outcome, and
# one that a want of memory may have. Usage: fetched_of SOUND RECORDS
fetched_of() {
    awk -F, '
        NR == FNR { sound[$0] }
        NR == FNR || FNR == 1 { next }
        { records++ }
        !seen[$1]++ { urls++ }
        $2 == "fetched" { fetched++ }
        $2 == "fetched" ? !($1 "," $(NF - 1) "," $NF in sound) : \
            $2 !~ /^(worker_lost|too_large|not_resolved|garbage|refused)$/ { print "wrong: " $0 >"/dev/stderr"; bad = 1 }
        END { print fetched + 0; exit bad || records != 30 || urls != 30 }' "$@"
}

# Of the first allocations since it connected every k-th fails, in each worker.
fetches_starved() {
    local k code got lost=0 fetched=0
    for k in 2 3 7 13 29 53 101; do
        code=0
        rm -f run.json records.csv
        SHIM_MEMORY=every:$k:300 SHIM_MEMORY_SINCE=connect LD_PRELOAD=$BUILD/tests/shim.so timeout 100 \
            "$BUILD/$1" --concurrency=3 --count=30 --json=run.json --records=records.csv \
            --url-pattern="$ORIGIN/item/{}?size=3KiB" >out 2>err || code=$?
        echo "every $k: status $code; $(<err)"
        # Out of memory for the figures themselves as well.
        if ((code == 3)); then
            [ -s err ]
            [ ! -e run.json ]
            [ ! -e records.csv ]
            continue
        fi
        [ "$code" -eq 1 ]
        got=$(fetched_of ../sound records.csv)
        # The JSON says the same, or it is said that there is none.
        if [ -e run.json ]; then
            jq -e --argjson got "$got" '.fetches.ok == $got and .fetches.failed == ([.errors[].count] | add)' run.json
        else
            grep -qx "$1: --json=run.json: not written: Cannot allocate memory" err
        fi
        fetched=$((fetched + got)) lost=$((lost + 30 - got))
    done
    # There was something to lose, and whoever lives goes on.
    echo "$fetched fetched, $lost not"
    ((lost > 50 && fetched > 50))
}

@test "whichever part of a fetch's allocations fails, the others go on and no wrong body counts as fetched" {
    origin_start
    "$BUILD/sequential" --quiet --count=30 --records=records.csv --url-pattern="$ORIGIN/item/{}?size=3KiB"
    bodies records.csv | sort >sound
    [ "$(wc -l <sound)" -eq 30 ]
    each_model fetches_starved
}

@test "without memory to change to another server, no URL is asked of the one before" {
    origin_start
    # Whatever is fetched of the second server, where nobody listens, came from the first.
    printf '%s\n' "$ORIGIN/item/1" http://127.0.0.1:1/item/2 http://127.0.0.1:1/item/3 >list
    turns=(sequential async)
    for k in {1..40}; do
        model=${turns[k % 2]}
        SHIM_MEMORY=at:$k SHIM_MEMORY_SINCE=connect LD_PRELOAD=$BUILD/tests/shim.so timeout 60 "$BUILD/$model" \
            --quiet --concurrency=1 --input=list --records=records.csv 2>err || true
        [[ ! $(<records.csv) =~ $'\n'[23],fetched, ]] || { echo "$model, allocation $k" && return 1; }
    done
}

@test "a child without memory loses no URL but those that it takes, and the others fetch theirs" {
    origin_start
    for model in processes hybrid; do
        own=()
        [ $model = processes ] || own=(--processes=3)
        # shellcheck disable=SC2191  # these are no assignments of ours
        common=("LD_PRELOAD=$BUILD/tests/shim.so" "$BUILD/$model" "${own[@]}" --quiet --concurrency=3 --count=12
            --records=records.csv --json=run.json --url-pattern="$ORIGIN/item/{}?size=3KiB&delay=5ms")
        # From its birth on: it ends, and its successor, which has memory, does its work.
        run env SHIM_MEMORY=from:1 SHIM_MEMORY_CHILD=1 "${common[@]}"
        echo "$model: $output; $(jq -c .workers run.json)"
        [ "$status" -eq 0 ]
        [ "$(jq -c '[.workers.asked, .workers.made, .workers.lost, .workers.rebuilt]' run.json)" = '[3,2,1,1]' ]
        [ "$(grep -c ,fetched, records.csv)" -eq 12 ]
        # From its first fetch on: it lives, and what it takes is lost.
        run env SHIM_MEMORY=from:1 SHIM_MEMORY_CHILD=1 SHIM_MEMORY_SINCE=connect "${common[@]}"
        cat records.csv
        [ "$status" -eq 1 ]
        [ "$(grep -c ,worker_lost, records.csv)" -ge 1 ]
        [ "$(grep -c ,fetched, records.csv)" -ge 2 ]
        [ "$(grep -cE ',(fetched|worker_lost),' records.csv)" -eq 12 ]
        # Of one child all, of the others none.
        [ "$(grep ,worker_lost, records.csv | cut -d, -f5 | sort -u | wc -l)" -eq 1 ]
        [ "$(cut -d, -f2,5 records.csv | sort -u | grep -cE '^(fetched|worker_lost),')" -eq 3 ]
    done
}

# Sends its standard input to the origin, and what comes until it closes is in ANSWER, without dates; nothing where the
# connection is reset. Fails if it keeps it waiting.
said_by_origin() {
    local connection read=0 date=$'\r\nDate: [^\r]*'
    exec {connection}<>"/dev/tcp/127.0.0.1/$(<port)" || return
    { cat >&"$connection"; } 2>/dev/null || true # who was closed at once gets nothing
    ANSWER=''
    LC_ALL=C IFS= read -t 40 -rd '' -u "$connection" ANSWER 2>/dev/null || read=$?
    exec {connection}>&-
    ((read <= 128)) || { echo "waited in vain; until then: $ANSWER" && return 1; }
    while [[ $ANSWER =~ $date ]]; do ANSWER=${ANSWER/"${BASH_REMATCH[0]}"/}; done
}

# What is told of the whole is told or refused.
told_or_refused() {
    [[ -z $ANSWER || $ANSWER == 'HTTP/1.1 500 '* || $ANSWER == 'HTTP/1.1 200 '*'"schema":"waitbench-origin/1"'*'}'* ]]
}

# A line for each answer that was begun; what a reset took away is logged as well. Usage: log_has_all ANSWERS
log_has_all() {
    local rest=$1 told=0
    while [[ $rest == *'HTTP/1.1 '[2-5]* ]]; do rest=${rest#*'HTTP/1.1 '[2-5]} && ((++told)); done
    (($(wc -l <log) >= told))
}

# Its K-th allocation fails, or all from there: what is said is right as far as it goes, or it ends with a word; and
# its log is whole, or it says that it is not. Usage: origin_without HOW, as SHIM_MEMORY has it
origin_without() {
    local status=0 whole=0 all='' turn
    rm -f port log
    SHIM_MEMORY=$1 LD_PRELOAD=$BUILD/tests/shim.so \
        "$BUILD/origin" --port=0 --port-file=port --access-log=log --listen=127.0.0.1 2>err 3>&- &
    ORIGIN_PID=$!
    wait_for origin_settled port "$ORIGIN_PID" || return
    if [[ -s port ]]; then
        for turn in first second; do
            said_by_origin <ahead || return
            [[ $sound == "$ANSWER"* ]] || { echo "the $turn: $ANSWER" && return 1; }
            [[ $sound != "$ANSWER" ]] || ((++whole))
            all+=$ANSWER
        done
        said_by_origin <stats || return
        told_or_refused || { echo "told: $ANSWER" && return 1; }
        # Where but one has failed, the next connection lacks nothing.
        [[ $1 == from:* ]] || ((whole >= 1)) || { echo 'neither was whole' && return 1; }
        kill -TERM "$ORIGIN_PID"
    fi
    wait "$ORIGIN_PID" || status=$?
    ORIGIN_PID=
    case $status in
    0) [[ ! -s err ]] && log_has_all "$all$ANSWER" ;;
    # libevent may have a word of its own before.
    3) [[ $(grep -v '^\[warn\]' err) =~ ^'origin: '[^$'\n']*': Cannot allocate memory'$ ]] ;;
    *) false ;;
    esac || { echo "status $status, $(wc -l log)" && return 1; }
}

@test "whichever allocation of the origin fails, no body is wrong, nobody waits, and it ends as it says" {
    local k sound='' failed=''
    printf 'GET /item/%d?%s HTTP/1.1\r\nHost: x\r\n\r\n' 1 'size=96&delay=1ms' 2 size=96 3 'size=96&chunked=yes' \
        4 'size=96&delay=1ms&close=yes' >ahead
    printf 'GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >stats
    origin_start
    echo "$ORIGIN_PORT" >port
    said_by_origin <ahead
    origin_stop
    sound=$ANSWER
    [[ $sound == *00000000000000000004\ 0000000002* ]]
    for k in at:{1..64} from:{1..64..7}; do
        origin_without "$k" || { echo "$k: $(<err)" && failed+=" $k" && origin_stop || true; }
    done
    echo "failed:$failed"
    [ -z "$failed" ]
}

@test "a full disk loses the file that was being written and no other, and says so" {
    needs_mounts
    origin_start
    for model in sequential async processes; do
        # shellcheck disable=SC2016  # the inner shell's
        run in_own_mounts '
            mount -t tmpfs -o size=64k none /mnt
            echo kept >/mnt/records.csv
            status=0
            "$1" --quiet --count=2000 --concurrency=8 --url-pattern="$2/item/{}?size=10B" \
                --json=/mnt/run.json --records=/mnt/records.csv || status=$?
            ls -A /mnt
            cat /mnt/records.csv
            jq .fetches.ok /mnt/run.json
            exit "$status"' "$BUILD/$model" "$ORIGIN"
        echo "$output"
        [ "$status" -eq 1 ]
        [ "${lines[0]}" = "$model: --records=/mnt/records.csv: not written: No space left on device" ]
        [ "${lines[*]:1}" = "records.csv run.json kept 2000" ]
    done
}

@test "a chart that a full disk cuts off is no chart, and the one before stays as it was" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    needs_mounts
    # shellcheck disable=SC2016  # the inner shell's
    run in_own_mounts '
        mount -t tmpfs -o size=1m none /mnt
        mkdir -p /mnt/result/data /mnt/apart
        cp "$1/tests/fixtures/charts/timeline.csv" /mnt/result/data/
        draw=("$1/scripts/charts/draw" --formats=svg --themes=light)
        "${draw[@]}" /mnt/result
        find /mnt -type f ! -name fill -exec sha256sum {} + | sort >before
        # 20 KiB are left: less than the chart files, and than a picture.
        { cat /dev/zero >/mnt/fill; } 2>&- || truncate -s -20K /mnt/fill
        "${draw[@]}" /mnt/result || echo "status $?"
        "${draw[@]}" --into=/mnt/apart /mnt/result || echo "status $?"
        find /mnt -type f ! -name fill -exec sha256sum {} + | sort | diff before -
        find /mnt -name "*.part" -o -name ".new*"' "$ROOT"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"draw: no chart file could be copied into /mnt/result/charts
status 1
"* ]]
    [[ $output == *"draw: /mnt/apart/timeline.svg could not be drawn whole
status 1" ]]
}

@test "a visit that a full disk leaves no room for is none, and says why" {
    needs_mounts
    # shellcheck disable=SC2016  # the inner shell's
    run in_own_mounts '
        mount -t tmpfs -o size=32k none /mnt
        "$1/benchstat" visit --dir=/mnt/0001 -- sh -c "yes 2>&- | head -c 100000; exit 0" || echo "status $?"
        ls -A /mnt' "$BUILD"
    echo "$output"
    [ "$output" = "benchstat visit: /mnt/0001: No space left on device
status 3" ]
}

@test "bodies beyond a full disk are not saved, the others are whole, and no part is left" {
    needs_mounts
    origin_start
    for model in "${MODELS[@]}"; do
        # shellcheck disable=SC2016  # the inner shell's
        run in_own_mounts '
            mount -t tmpfs -o size=256k none /mnt
            status=0
            "$1" --quiet --count=20 --concurrency=1 --url-pattern="$2/item/{}?size=40KiB" \
                --save=/mnt/bodies --records=records.csv || status=$?
            find /mnt/bodies -type f -size 40k | wc -l
            find /mnt/bodies -type f | wc -l
            exit "$status"' "$BUILD/$model" "$ORIGIN"
        echo "$output"
        [ "$status" -eq 1 ]
        fetched=$(grep -c ,fetched, records.csv)
        [ "${lines[*]}" = "$fetched $fetched" ]
        ((fetched >= 3 && fetched < 8))
        [ "$(grep -c ,not_saved, records.csv)" -eq $((20 - fetched)) ]
    done
}

@test "without /proc and /tmp, on one processor, in a folder that cannot be written to, runs run" {
    needs_mounts
    origin_start
    for model in "${MODELS[@]}"; do
        # shellcheck disable=SC2016  # the inner shell's
        run in_own_mounts '
            # The program is taken along: the checkout itself may lie under /tmp.
            mount -t tmpfs none /mnt
            cp "$1" /mnt/
            mount -o remount,ro /mnt
            mount -t tmpfs -o ro none /tmp
            mount -t tmpfs -o ro none /proc
            cd /mnt
            status=0
            "./${1##*/}" --quiet --json=run.json http://127.0.0.1:1/ || status=$?
            echo "status $status"
            exec taskset -c "$3" "./${1##*/}" --quiet --count=20 --concurrency=4 --records=- \
                --url-pattern="$2/item/{}"' \
            "$BUILD/$model" "$ORIGIN" "$(taskset -pc $$ | sed 's/.*[: ]\([0-9]*\).*/\1/')"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "${lines[0]}" = "$model: --json=run.json: cannot be written: Read-only file system" ]
        [ "${lines[1]}" = "status 2" ]
        [ "$(grep -c ,fetched, <<<"$output")" -eq 20 ]
    done
}

@test "without /tmp, on one processor, a benchmark is made; without /proc or a folder for it, a word says so" {
    needs_mounts
    jq -n '{schema: "waitbench-experiment/1", name: "total-time", question: "How long?", placement: "apart",
        lanes: [{name: "async", model: "async"}], fixed: {count: 8, concurrency: 4},
        origin: {size: "1KiB"}, profiles: {quick: {rounds: 1}}}' >small.json
    # shellcheck disable=SC2016  # the inner shell's
    run in_own_mounts '
        # The checkout is taken along: it may lie under /tmp.
        mount -t tmpfs none /mnt
        mkdir /mnt/none /mnt/build
        tar -c -C "$1" --exclude=./build --exclude=./results --exclude=./.git . | tar -x -C /mnt
        cp "$2"/{async,origin,benchstat,flags} /mnt/build/
        cp small.json /mnt/
        mount -t tmpfs -o ro none /tmp
        mount -t tmpfs -o ro none /mnt/none
        cd /mnt
        status=0
        taskset -c "$3" scripts/bench --only=small.json || status=$?
        echo "status $status, $(jq -c .complete results/*/summary.json), $(wc -l results/*/summary.md)"
        find results -name ".*"
        status=0
        scripts/bench --only=small.json --results=none/here || status=$?
        echo "status $status"
        mount -t tmpfs -o ro none /proc
        scripts/bench --only=small.json --results=again || status=$?
        echo "status $status"
        ls' "$ROOT" "$BUILD" "$(taskset -pc $$ | sed 's/.*[: ]\([0-9]*\).*/\1/')"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"/report.html"$'\n'"status "[01]", true, "* ]]
    [[ $output == *$'\n'"bench: cannot make the folder none/here for results"$'\n'"status 3"$'\n'* ]]
    [[ $output == *$'\n'"bench: /proc is missing: "*$'\n'"status 3"$'\n'* ]]
    run ! grep -qx again <<<"$output"
    run ! grep -q '^results/.*/[.]' <<<"$output"
}

@test "where others hold every local port, each URL is refused within its time, and it is said why" {
    unshare --net true 2>/dev/null || skip "a network of one's own needs root"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --net bash -euc '
        ip link set lo up
        echo "40000 40003" >/proc/sys/net/ipv4/ip_local_port_range
        "$1/origin" --port=8080 --port-file=port &
        trap "kill $!; wait" EXIT
        until [ -s port ]; do sleep 0.01; done
        for held in 11 12 13 14; do eval "exec $held<>/dev/tcp/127.0.0.1/8080"; done
        for model in "${@:2}"; do
            "$1/$model" --concurrency=2 --count=4 --timeout=100ms --retries=1 --records="$model.csv" \
                --url-pattern="http://127.0.0.1:8080/item/{}" >"$model.said" || echo "$model $?" &
            pids+=($!)
        done
        wait "${pids[@]}"' bash "$BUILD" "${MODELS[@]}" 3>&-
    echo "$output"
    [ "$status" -eq 0 ]
    for model in "${MODELS[@]}"; do
        grep -qx "$model 1" <<<"$output"
        # What may pass is tried again.
        [ "$(grep -c '^[1-4],refused,0,2,' "$model.csv")" -eq 4 ]
        grep -q 'no local port was free [1-9][0-9]* times (net.ipv4.ip_local_port_range)' "$model.said"
    done
}

@test "--save cannot leave its folder, whatever lies there" {
    origin_start
    echo precious >outside
    for model in "${MODELS[@]}"; do
        rm -rf bodies
        # No part of a URL is one of a path, and what a server says to these is kept all the same.
        run "$BUILD/$model" --quiet --concurrency=2 --save=bodies "$ORIGIN/../outside" "$ORIGIN/..%2foutside" \
            "$ORIGIN/item/../../outside" "$ORIGIN$PWD/outside"
        [ "$status" -eq 1 ]
        [ "$(ls -A bodies)" = $'000001\n000002\n000003\n000004' ]
        [ "$(<outside)" = precious ]
        rm -r bodies
        mkdir bodies
        # A link where a body goes, and one where it is written aside.
        ln -s ../outside bodies/000001
        ln -s ../outside bodies/.000002.part
        mkdir bodies/000003
        run "$BUILD/$model" --quiet --concurrency=2 --save=bodies --records=records.csv --count=4 \
            --url-pattern="$ORIGIN/item/{}?size=10B"
        [ "$status" -eq 1 ]
        [ "$(<outside)" = precious ]
        # The link was replaced by the body; through the other nothing was written.
        [ ! -L bodies/000001 ] && [ "$(stat -c %s bodies/000001)" -eq 10 ]
        [ "$(cut -d, -f2 records.csv | tail -n +2 | tr '\n' ' ')" = \
            "fetched not_saved not_saved fetched " ]
    done
}

@test "--save waits for no pipe that lies in its folder, and writes to no file that is elsewhere too" {
    origin_start
    echo precious >outside
    for model in "${MODELS[@]}"; do
        rm -rf bodies
        mkdir bodies
        mkfifo bodies/.000001.part
        ln outside bodies/.000002.part
        echo 'left by a run that was killed' >bodies/.000003.part
        run timeout -s KILL 20 "$BUILD/$model" --quiet --concurrency=2 --save=bodies --records=records.csv --count=3 \
            --url-pattern="$ORIGIN/item/{}?size=10B"
        echo "$model: status $status"
        [ "$status" -eq 1 ]
        [ "$(<outside)" = precious ]
        [ "$(cut -d, -f2 records.csv | tail -n +2 | tr '\n' ' ')" = "not_saved fetched fetched " ]
        [ "$(stat -c %s bodies/000002 bodies/000003 | tr '\n' ' ')" = "10 10 " ]
    done
}

@test "no shell ever sees a URL" {
    origin_start --access-log="$PWD/log"
    # shellcheck disable=SC2016  # that no shell must expand
    printf '%s\n' "$ORIGIN/item/1?\$(touch${IFS:0:0}\${IFS}seen)" "$ORIGIN/item/2;touch\${IFS}seen;" \
        "$ORIGIN/item/3&&touch\${IFS}seen" "$ORIGIN/item/4?'touch'" >list
    for model in "${MODELS[@]}"; do
        run --separate-stderr "$BUILD/$model" --input=list --save=bodies --records=records.csv
        # The origin knows no such options, and says so of each.
        [ "$status" -eq 1 ]
        [ "$(grep -c ',bad_status,400,1,' records.csv)" -eq 4 ]
        [ ! -e seen ]
    done
    # They arrived as they were written, and not as what a shell makes of them.
    origin_stop
    while read -r url; do
        [ "$(grep -cF "\"GET ${url#"$ORIGIN"} HTTP/1.1\"" log)" -eq ${#MODELS[@]} ]
    done <list
}
