#!/usr/bin/env bats
# What grows with the list, and what a long list uses up, shown with short ones.
# bats file_tags=plain
#
# Each test is a shell of its own on purpose; output is global in it.
# shellcheck disable=SC2030,SC2031,SC2154

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
    wait_for origin_says in_flight=4
    awk -F'[- ]' '/rw-s.*zero/ { print $1, $2 }' "/proc/$RUN/maps" | while read -r from to; do
        echo $((16#$to - 16#$from))
    done | sort -n | tail -n 1 >bytes
    kill -INT "$RUN"
    wait "$RUN" || status=$?
    RUN=
    [ "$status" -eq 130 ]
}

@test "hybrid keeps 48 bytes for each URL of a file, and nothing else that grows with it" {
    origin_start
    shared_bytes 10000
    few=$(<bytes)
    wait_for origin_says in_flight=0
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
    origin_says requests=400
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

# What the tests of ports run, in a network of their own with 100 local ports: an origin on an address
# for each of some models, and then the script $1 with its arguments.
with_few_ports() {
    unshare --net true 2>/dev/null || skip "a network of one's own needs root"
    command -v ip >/dev/null || skip "ip is not installed"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --net bash -euc '
        ip link set lo up
        echo "40000 40099" >/proc/sys/net/ipv4/ip_local_port_range
        "$1/origin" --port=8080 --port-file=port --listen=127.0.0.{1..9} 3>&- &
        trap "kill $!" EXIT
        until [[ -s port ]]; do sleep 0.01; done
        '"$1" bash "$BUILD" "${@:2}" 3>&-
    echo "$output"
}

# A closed connection's port rests; on loopback Linux gives it out again after a second, and this run
# would use them up in far less. One host has 100 ports, so that each model has its own.
@test "--keep-alive=no: whoever outpaces the local ports waits for one, and no fetch fails" {
    [[ $(</proc/sys/net/ipv4/tcp_tw_reuse) -ne 0 ]] || skip "ports that rest are not used again here"
    # Nor is there room for descriptors that looks for a free port, hundreds here, would leave.
    # shellcheck disable=SC2016  # the inner shell's
    with_few_ports '
        ulimit -HSn 64
        host=0
        pids=()
        for model in "${@:2}"; do
            "$1/$model" --keep-alive=no --concurrency=10 --count=220 --json="$model.json" --records="$model.csv" \
                --url-pattern="http://127.0.0.$((++host)):8080/item/{}?size=10B" >"$model.said" &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid"; done' "${MODELS[@]}"
    [ "$status" -eq 0 ]
    for model in "${MODELS[@]}"; do
        echo "$model: $(cat "$model.said" "$model.json")"
        [ "$(jq -c '[.fetches.ok, .fetches.failed, .fetches.connections, .fetches.retried]' "$model.json")" = \
            "[220,0,220,0]" ]
        # It was short of them: the test would see who does not wait. A wait is no attempt.
        [ "$(jq .fetches.port_waits "$model.json")" -gt 0 ]
        grep -q "no local port was free $(jq .fetches.port_waits "$model.json") times" "$model.said"
        [ "$(grep -c ',fetched,200,1,' "$model.csv")" -eq 220 ]
    done
}

@test "--keep-alive=no: where ports do not come back in time, it is said beforehand, and they are refused" {
    # shellcheck disable=SC2016  # the inner shell's
    with_few_ports '
        echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse
        for model in async threads; do
            "$1/$model" --quiet --keep-alive=no --concurrency=10 --count=120 --timeout=200ms --json="$model.json" \
                --url-pattern="http://127.0.0.${#model}:8080/item/{}?size=10B" || echo "status $?"
        done
        # Nothing is said of so many as there are.
        "$1/async" --quiet --keep-alive=no --count=50 --url-pattern="http://127.0.0.9:8080/item/{}?size=10B"'
    [ "$status" -eq 0 ]
    for k in 0 2; do
        [[ ${lines[k]} == *"120 connections"*"100 local ports"*"sysctl "*"tcp_tw_reuse=1"* ]]
        [ "${lines[k + 1]}" = "status 1" ]
    done
    [ "${#lines[@]}" -eq 4 ]
    for model in async threads; do
        [ "$(jq -c '[.errors[].reason, .fetches.ok + .fetches.failed]' $model.json)" = '["refused",120]' ]
        [ "$(jq .fetches.ok $model.json)" -ge 90 ]
    done
}

# The kernel's error is the same; but to wait would be in vain.
@test "an address that this machine cannot connect from is refused at once" {
    # shellcheck disable=SC2016  # the inner shell's
    with_few_ports '
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
        for model in async threads; do
            "$1/$model" --quiet --timeout=20s --json="$model.json" "http://[::1]:8080/" || echo "status $?"
        done'
    [ "$status" -eq 0 ]
    [ "${lines[*]}" = "status 1 status 1" ]
    for model in async threads; do
        [ "$(jq -c '[.errors[0].reason, .fetches.port_waits]' $model.json)" = '["refused",0]' ]
    done
}

# somaxconn is of a network, and this one is the test's own.
@test "a backlog that the kernel cuts is said by the origin, and by whoever connects more at one time" {
    command -v ss >/dev/null || skip "ss is not installed"
    # shellcheck disable=SC2016  # the inner shell's
    with_few_ports '
        serve() {
            rm -f second
            "$1/origin" --port=0 --port-file=second "${@:2}" 3>&- &
            until [[ -s second ]]; do sleep 0.01; done
            echo "backlog $(ss -Hltn "sport = :$(<second)" | tr -s " " | cut -d" " -f3)"
        }
        stop() {
            kill "$!"
            wait "$!"
        }
        serve "$1" --backlog=7
        stop
        echo 16 >/proc/sys/net/core/somaxconn
        serve "$1"
        stop
        serve "$1" --backlog=40
        "$1/async" --quiet --concurrency=17 --count=40 --url-pattern="http://127.0.0.1:$(<second)/item/{}?size=10B"
        "$1/async" --quiet --concurrency=16 --count=40 --url-pattern="http://127.0.0.1:$(<second)/item/{}?size=10B"
        stop'
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 6 ]
    [ "${lines[0]}" = "backlog 7" ]
    [[ ${lines[1]} == "origin: 4096 connections "*"lets 16 (net.core.somaxconn)"*"sysctl net.core.somaxconn=4096"* ]]
    [[ ${lines[2]} == "backlog 16" ]]
    [[ ${lines[3]} == "origin: 40 connections "*"lets 16 (net.core.somaxconn)"*"sysctl net.core.somaxconn=40"* ]]
    [[ ${lines[4]} == "backlog 16" ]]
    [[ ${lines[5]} == "async: 17 connect at one time"*" 16 "*"(net.core.somaxconn)"*"sysctl net.core.somaxconn=17"* ]]
}
