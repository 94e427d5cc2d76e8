#!/usr/bin/env bats
# What grows with the list, and what a long list uses up, shown with short ones.
# bats file_tags=plain
# shellcheck disable=SC2154

setup() {
    load lib
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    [[ -z ${RUN:-} ]] || kill -KILL "$RUN" 2>/dev/null || true
    origin_stop
}

# Bytes of the largest shared mapping of hybrid that serves a list of $1 URLs from a file.
shared_bytes() {
    yes "$ORIGIN/item/1?delay=10s" | head -n "$1" >list
    "$BUILD/hybrid" --quiet --processes=2 --concurrency=4 --input=list --json=run.json 3>&- &
    RUN=$!
    wait_for all_wait
    awk -F'[- ]' '/rw-s.*zero/ { print $1, $2 }' "/proc/$RUN/maps" | while read -r from to; do
        echo $((16#$to - 16#$from))
    done | sort -n | tail -n 1 >bytes
    kill -INT "$RUN"
    wait "$RUN" || status=$?
    RUN=
    [ "$status" -eq 130 ]
}

all_wait() {
    [[ $(origin_stat .in_flight) -eq 4 ]]
}

nothing_waits() {
    [[ $(origin_stat .in_flight) -eq 0 ]]
}

@test "hybrid keeps 48 bytes for each URL of a file, and nothing else that grows with it" {
    origin_start
    shared_bytes 10000
    few=$(<bytes)
    wait_for nothing_waits
    shared_bytes 310000
    many=$(<bytes)
    echo "$few and $many bytes"
    # Whole pages.
    [ $((many - few)) -ge $((300000 * 48 - 4096)) ]
    [ $((many - few)) -le $((300000 * 48 + 4096)) ]
}

@test "hybrid runs a list from a file to its end, and shows rate and time left" {
    origin_start
    seq -f "$ORIGIN/item/%.0f?size=10B&delay=20ms" 400 >list
    run --separate-stderr "$BUILD/hybrid" --quiet --processes=2 --concurrency=20 --input=list --progress=10ms \
        --json=run.json --records=records.csv
    [ "$status" -eq 0 ]
    [[ $stderr =~ [1-9][0-9]*\ of\ 400\ done,\ [1-9][0-9]*/s,\ [0-9]+:[0-9]{2}\ left ]]
    [ "$(jq .fetches.ok run.json)" -eq 400 ]
    [ "$(grep -c ,fetched, records.csv)" -eq 400 ]
    [ "$(origin_stat .requests)" -eq 400 ]
}

@test "more at one time than there are local ports is refused before anything is fetched" {
    unshare --net true 2>/dev/null || skip "a network of one's own needs root"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --net bash -euc '
        echo "40000 40099" >/proc/sys/net/ipv4/ip_local_port_range
        status=0
        "$1/async" --quiet --concurrency=101 --count=200 --url-pattern="http://127.0.0.1:1/{}" || status=$?
        echo "status $status"
        # As many as there are may try, and find nobody there.
        "$1/async" --quiet --concurrency=100 --count=200 --url-pattern="http://127.0.0.1:1/{}" || status=$?
        echo "status $status"
        # With several hosts there are as many for each.
        "$1/async" --quiet --concurrency=101 --count=200 --url-pattern="http://127.0.0.{}:1/" || status=$?
        echo "status $status"' bash "$BUILD"
    echo "$output"
    [[ ${lines[0]} == "async: 101 at one time needs as many local ports, and this machine has 100 "* ]]
    [[ ${lines[0]} == *"sysctl net.ipv4.ip_local_port_range="*"--concurrency"* ]]
    [ "${lines[1]}" = "status 3" ]
    [ "${lines[2]}" = "status 1" ]
    [ "${lines[3]}" = "status 1" ]
}

# A closed connection's port rests; on loopback Linux gives it out again after a second.
@test "--keep-alive=no: more connections than there are ports, and no fetch fails" {
    unshare --net true 2>/dev/null || skip "a network of one's own needs root"
    command -v ip >/dev/null || skip "ip is not installed"
    [[ $(</proc/sys/net/ipv4/tcp_tw_reuse) -ne 0 ]] || skip "ports that rest are not used again here"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --net bash -euc '
        ip link set lo up
        echo "40000 40099" >/proc/sys/net/ipv4/ip_local_port_range
        "$1/origin" --port=0 --port-file=port &
        trap "kill $!" EXIT
        until [[ -s port ]]; do sleep 0.01; done
        for model in async hybrid; do
            "$1/$model" --quiet --keep-alive=no --concurrency=10 --count=130 --json=$model.json \
                --url-pattern="http://127.0.0.1:$(<port)/item/{}?size=10B&delay=250ms"
        done' bash "$BUILD" 3>&-
    echo "$output"
    [ "$status" -eq 0 ]
    for model in async hybrid; do
        [ "$(jq -c '[.fetches.ok, .fetches.failed, .fetches.connections]' $model.json)" = "[130,0,130]" ]
    done
}
