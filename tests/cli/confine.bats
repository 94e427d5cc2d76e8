#!/usr/bin/env bats
# scripts/confine: a command within limits, and what cannot be done said in one line.
# bats file_tags=plain

# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    CONFINE=$ROOT/scripts/confine
    cd "$BATS_TEST_TMPDIR" || return
}

groups_left() {
    find /sys/fs/cgroup -maxdepth 4 -name "waitbench-$1" 2>/dev/null
}

@test "the command's status and output are its own" {
    run "$CONFINE" -- sh -c 'echo here; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = here ]
}

@test "told to end, it tells the command, whenever that is" {
    # shellcheck disable=SC2016  # the inner shell's
    "$CONFINE" -- sh -c 'trap "echo told; exit 9" TERM; echo $$ >begun; while :; do sleep 0.05; done' >said 3>&- &
    wait_for test -s begun
    told_to_end $!
    [ "$status" -eq 9 ]
    [ "$(<said)" = told ]
    run ! kill -0 "$(<begun)"
    # While its origin is still being waited for.
    cat >origin <<'END'
#!/bin/sh
touch asked
until [ -e go ]; do sleep 0.05; done
for option; do case $option in --port-file=*) echo 1 >"${option#*=}" ;; esac; done
exec sleep 60
END
    chmod +x origin
    # It waits without a process of its own, which nobody would tell.
    mkfifo nobody-writes
    "$CONFINE" --origin=./origin -- bash -c 'read -rt 1000 <>nobody-writes; touch ended' 3>&- &
    wait_for test -e asked
    kill -TERM $!
    touch go
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ]
    [ ! -e ended ]
}

@test "a limit that cannot be set is refused in one line, by --check too" {
    for option in --quota=some --memory=much --network='no such words'; do
        run "$CONFINE" "$option" --check
        [ "$status" -eq 125 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == confine:* ]]
    done
    run "$CONFINE" --quick -- true
    [ "$status" -eq 125 ]
    [[ $output == *"unknown option --quick"* ]]
    run "$CONFINE"
    [ "$status" -eq 125 ]
}

@test "more memory than allowed ends the command, and no group is left" {
    "$CONFINE" --memory=64MiB --check || skip "no memory group is to be had here"
    run "$CONFINE" --memory=64MiB -- sh -c 'echo within'
    [ "$status" -eq 0 ]
    [ "$output" = within ]
    # 200 MB, which without a limit are to be had.
    # shellcheck disable=SC2016  # perl's
    local large='$x = "x" x 200_000_000; print "whole\n"' pid
    [ "$(perl -e "$large")" = whole ]
    "$CONFINE" --memory=64MiB -- perl -e "$large" >said 3>&- &
    pid=$!
    status=0
    wait "$pid" || status=$?
    # The kernel's SIGKILL.
    [ "$status" -eq 137 ]
    [ ! -s said ]
    [ -z "$(groups_left "$pid")" ]
}

# bats test_tags=user
@test "names of its own are the command's alone" {
    echo '127.9.9.9 one.waitbench.test' >names
    run "$CONFINE" --names=none --check
    [ "$status" -eq 125 ]
    [ "$output" = 'confine: --names=none: cannot be read' ]
    "$CONFINE" --names=names --check || skip "no mount namespace is to be had here"
    run "$CONFINE" --names=names -- getent hosts one.waitbench.test
    [[ $output == 127.9.9.9* ]]
    run ! grep -q waitbench.test /etc/hosts
}

@test "a processor quota is the group's" {
    "$CONFINE" --quota=0.5 --check || skip "no processor group is to be had here"
    # shellcheck disable=SC2016  # for the inner shell
    run "$CONFINE" --quota=0.5 -- sh -c 'group=$(sed -n "s/^[0-9]*:\(cpu\|cpu,cpuacct\|\)://p" /proc/self/cgroup | grep waitbench- | head -1)
        cat /sys/fs/cgroup/cpu"$group"/cpu.cfs_quota_us /sys/fs/cgroup"$group"/cpu.max 2>/dev/null'
    [[ ${lines[0]} == 50000* ]]
}

@test "an origin beside the command answers where {address} says" {
    run "$CONFINE" --origin="$BUILD/origin" -- curl -sS --fail 'http://{address}/item/1?size=5B'
    [ "$status" -eq 0 ]
    [ "${#output}" -eq 5 ]
}
