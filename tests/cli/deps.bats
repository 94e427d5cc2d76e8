#!/usr/bin/env bats
# scripts/deps, scripts/doctor and make, on machines that lack things.
# bats file_tags=plain
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154

# A machine of links: the tools that every Debian has, and those named.
machine() {
    local -a paths
    MACHINE=$BATS_TEST_TMPDIR/machine
    mkdir -p "$MACHINE"
    # One process for all links; of what is missing here there is none.
    mapfile -t paths < <(type -P bash sh awk cat cut dirname env expand find getconf grep head id \
        install mktemp paste rm sed sort tr true uname "$@")
    ln -sf -t "$MACHINE" "${paths[@]}"
}

# An apt-get that notes its words, and installs programs by making them; and a sudo without questions.
fake_apt() {
    cat >"$MACHINE/apt-get" <<END
#!$MACHINE/bash
echo "\$DEBIAN_FRONTEND: \$*" >>"$BATS_TEST_TMPDIR/apt.log"
for word; do
    [ "\$word" != "${1:-}" ] || { echo "E: no network" >&2; exit 100; }
    case \$word in
    hyperfine | jq | curl | wrk) : >"$MACHINE/\$word" ;;
    nghttp2-client) : >"$MACHINE/h2load" ;;
    gnuplot-nox) : >"$MACHINE/gnuplot" ;;
    fontconfig) printf '#!%s/sh\necho font\n' "$MACHINE" >"$MACHINE/fc-list" ;;
    util-linux) : >"$MACHINE/taskset" ;;
    iproute2) : >"$MACHINE/ss" ;;
    procps) : >"$MACHINE/ps" ;;
    esac
done
[ -z "\$(ls "$MACHINE" 2>/dev/null)" ] || chmod +x "$MACHINE"/* 2>/dev/null || true
END
    printf '#!%s/bash\n[ "$1" != -n ] || shift\nexec "$@"\n' "$MACHINE" >"$MACHINE/sudo"
    chmod +x "$MACHINE/apt-get" "$MACHINE/sudo"
}

on_machine() {
    run --separate-stderr env --ignore-environment PATH="$MACHINE" TMPDIR="$BATS_TEST_TMPDIR" \
        "${WITH[@]}" "$@"
    echo "status $status; $output; $stderr"
}

setup() {
    load lib
    WITH=(HOME="$BATS_TEST_TMPDIR")
}

@test "deps: where nothing is missing it says nothing" {
    [ -z "$("$ROOT/scripts/deps" --missing build bench test)" ] || skip "something is missing here"
    [ -d "$ROOT/tests/browser/node_modules" ] || skip "the page's tests have not been installed here"
    run "$ROOT/scripts/deps"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "deps: without apt it says the names for apt, dnf and brew, and fails" {
    machine
    on_machine "$ROOT/scripts/deps" build bench
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == *"apt-get install "*hyperfine*libcurl4-openssl-dev* ]]
    [[ $stderr == *"dnf install "*hyperfine*libcurl-devel* ]]
    [[ $stderr == *"brew install "*hyperfine* ]]
    [[ $stderr != *" - "* ]]
}

@test "deps: DEPS=no leaves the machine alone" {
    machine
    fake_apt
    WITH+=(DEPS=no)
    on_machine "$ROOT/scripts/deps" build bench test
    [ "$status" -eq 0 ]
    [ -z "$output$stderr" ]
    [ ! -e "$BATS_TEST_TMPDIR/apt.log" ]
}

@test "deps: installs with apt what is missing and no more, and then nothing" {
    machine chmod ls curl
    fake_apt
    on_machine "$ROOT/scripts/deps" bench
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/apt.log")" -eq 2 ]
    [[ $(head -n 1 "$BATS_TEST_TMPDIR/apt.log") == "noninteractive: "*" update" ]]
    [[ $(tail -n 1 "$BATS_TEST_TMPDIR/apt.log") == "noninteractive: "*" install --yes --no-install-recommends "* ]]
    [[ $(tail -n 1 "$BATS_TEST_TMPDIR/apt.log") == *" gnuplot-nox hyperfine "*" wrk" ]]
    [[ $(tail -n 1 "$BATS_TEST_TMPDIR/apt.log") != *" curl"* ]]
    [[ $stderr == "deps: installing "* ]]
    on_machine "$ROOT/scripts/deps" bench
    [ "$status" -eq 0 ]
    [ -z "$output$stderr" ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/apt.log")" -eq 2 ]
}

@test "deps: apt's own words and the packages are said where it fails" {
    machine chmod ls
    fake_apt install
    on_machine "$ROOT/scripts/deps" bench
    [ "$status" -eq 1 ]
    [[ $stderr == *"E: no network"*"could not install: "*hyperfine* ]]
    # And nothing more: neither is a word of the shell's, nor a file of apt's words left.
    [[ ${stderr_lines[-1]} == "deps: apt-get could not install: "* ]]
    [ -z "$(find "$BATS_TEST_TMPDIR" -name 'tmp.*')" ]
}

@test "deps: it needs no folder for what apt says" {
    machine chmod ls
    fake_apt update
    rm "$MACHINE/mktemp"
    on_machine "$ROOT/scripts/deps" bench
    [ "$status" -eq 0 ]
    [[ ${stderr_lines[1]} == "E: no network" ]]
}

@test "deps: lists of yesterday serve where apt cannot fetch new ones" {
    machine chmod ls
    fake_apt update
    on_machine "$ROOT/scripts/deps" bench
    [ "$status" -eq 0 ]
    [[ $stderr == *"E: no network"* ]]
}

@test "deps: every need of the table has its five other fields, and the checks are known" {
    run "$ROOT/scripts/deps" --list build bench test peers
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -gt 30 ]
    awk -F'|' 'NF != 6 || $2 !~ /^(command|library|file|font):./ || $3 == "" || $4 == "" { print; bad = 1 }
        END { exit bad }' <<<"$output"
}

@test "deps and doctor: wrong words are refused with status 2" {
    for script in deps doctor; do
        run --separate-stderr "$ROOT/scripts/$script" everything
        [ "$status" -eq 2 ]
        [[ $stderr == *"unknown argument 'everything'"* ]]
        run "$ROOT/scripts/$script" --help
        [ "$status" -eq 0 ]
        [[ ${lines[0]} == "Usage: scripts/$script"* ]]
    done
}

@test "doctor: says what this machine gives; status 0 where the main job runs" {
    run --separate-stderr "$ROOT/scripts/doctor"
    echo "$output$stderr"
    [ -z "$stderr" ]
    for word in processors memory descriptors ports kernel clock perf cgroup; do
        grep -q "^  $word " <<<"$output"
    done
    if [ -z "$("$ROOT/scripts/deps" --missing build bench)" ]; then
        [ "$status" -eq 0 ]
        grep -qE '^  make bench +yes' <<<"$output"
    else
        [ "$status" -eq 1 ]
    fi
}

@test "doctor: a share of the processor's time is read from control groups of either version" {
    cd "$BATS_TEST_TMPDIR"
    mkdir -p proc groups/own groups/cpu/own
    # Usage: doctor_says PATTERN
    doctor_says() {
        # shellcheck disable=SC2016  # the inner shell's
        run bash -c 'eval "$(sed "/^main \"\$@\"$/d; /^CDPATH=/d" "$1")"; cgroup proc groups' bash "$ROOT/scripts/doctor"
        echo "$output"
        [[ $status -eq 0 && $output == "  cgroup         "$1 ]]
    }
    echo '0::/own' >proc/cgroup
    echo 'max 100000' >groups/own/cpu.max
    doctor_says "no limit on the processor's time"
    echo '50000 100000' >groups/own/cpu.max
    echo 'nr_throttled 3' >groups/own/cpu.stat
    doctor_says "50 % of one processor's time; held back 3 times so far:*"
    printf '%s\n' 5:cpuset:/else 4:cpuacct,cpu:/own 0::/own >proc/cgroup
    doctor_says "no limit on the processor's time is set for us"
    echo -1 >groups/cpu/own/cpu.cfs_quota_us
    echo 20000 >groups/cpu/own/cpu.cfs_period_us
    doctor_says "no limit on the processor's time"
    echo 30000 >groups/cpu/own/cpu.cfs_quota_us
    echo 'nr_throttled 7' >groups/cpu/own/cpu.stat
    doctor_says "150 % of one processor's time; held back 7 times so far:*"
    echo 4:cpu:/elsewhere >proc/cgroup
    doctor_says "not known whether one limits the processor's time: groups/cpu/elsewhere is not to be seen here"
}

@test "doctor: on a bare machine it says what is missing, what for, and what runs all the same" {
    machine
    on_machine "$ROOT/scripts/doctor"
    [ "$status" -eq 1 ]
    [ -z "$stderr" ]
    grep -qE '^  build +library libcurl: every fetch \(Debian: libcurl4-openssl-dev\)' <<<"$output"
    grep -qE '^  bench +hyperfine: times each visit' <<<"$output"
    grep -qE '^  make bench +not yet' <<<"$output"
    grep -qE '^  lessons +no' <<<"$output"
    machine cc make
    on_machine "$ROOT/scripts/doctor"
    grep -qE '^  lessons +yes' <<<"$output"
}

@test "make help and make deps need neither a compiler nor a library" {
    machine make printf
    WITH+=(DEPS=no)
    for goal in help deps; do
        on_machine make --no-print-directory -C "$ROOT" $goal
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
    done
    on_machine make --no-print-directory -C "$ROOT" help
    for goal in all deps check test lint format bench doctor man install uninstall clean help; do
        grep -qE "^  make $goal +[a-z]" <<<"$output"
    done
}

@test "deps and doctor: without /proc and cgroups each says so, and nothing false" {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    export ROOT
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -c '
        # A group of ours, out of sight.
        if mount -t cgroup2 none /mnt 2>/dev/null && mkdir "/mnt/waitbench-$$"; then
            echo $$ >"/mnt/waitbench-$$/cgroup.procs"
            mount -t tmpfs -o ro none /sys/fs/cgroup
            "$ROOT/scripts/doctor" | sed -n "s/^  cgroup *//p"
            echo $$ >/mnt/cgroup.procs
            rmdir "/mnt/waitbench-$$"
        fi
        mount -t tmpfs -o ro none /proc
        "$ROOT/scripts/deps" --list build | head -n 1
        exec "$ROOT/scripts/doctor"'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *$'\nbuild|command:cc|'* || $output == build'|command:cc|'* ]]
    [[ $output != *": No such file"* ]]
    grep -qE '^  proc +/proc is missing' <<<"$output"
    grep -qE '^  make bench +no: it needs /proc' <<<"$output"
    [[ $output != *"no limit on"* ]]
}

# A tree of a Makefile and scripts that say their words, each in brackets.
words_of_make() {
    mkdir -p "$BATS_TEST_TMPDIR/tree/lessons" "$BATS_TEST_TMPDIR/tree/scripts" "$BATS_TEST_TMPDIR/tree/tests"
    cd "$BATS_TEST_TMPDIR/tree" || return
    cp "$ROOT/Makefile" .
    cp "$ROOT/lessons/lessons.mk" lessons/
    printf '%s\n' '#!/bin/sh' "printf '[%s]' \"\$@\"" >scripts/report
    printf '#!/bin/sh\n' >scripts/deps
    cp scripts/report tests/run
    chmod +x scripts/* tests/run
}

@test "make report shows the newest result, and one that is named as it is named" {
    words_of_make
    make_report() { make --silent --no-print-directory report "$@"; }
    [ "$(make_report)" = '[results/sample]' ]
    mkdir -p results/2026-01-01-c-quick results/2026-01-01-c-quick-2 results/sample
    touch -d '2 hours ago' results/2026-01-01-c-quick/summary.json
    touch -d '1 hour ago' results/2026-01-01-c-quick-2/summary.json
    touch results/sample/summary.json
    [ "$(make_report)" = '[results/2026-01-01-c-quick-2]' ]
    [ "$(make_report DIR='my results/of today')" = '[my results/of today]' ]
}

@test "make check and make test hand ONLY on as it is, and under -n run nothing" {
    words_of_make
    for goal in check test; do
        [[ $(make --silent --no-print-directory $goal ONLY="a list's (x)\$") == *"[--only=a list's (x)\$]" ]]
        [[ $(ONLY='the "last"' make --silent --no-print-directory $goal) == *'[--only=the "last"]' ]]
        run ! grep -qF '[' <(make -n --no-print-directory $goal | grep -v tests/run)
    done
}

@test "make -j2 clean and a goal: what is built is built after what was is removed" {
    words_of_make
    mkdir -p tools build/obj
    printf '#!/bin/sh\nsleep 0.5\nexec %s "$@"\n' "$(type -P rm)" >tools/rm
    chmod +x tools/rm
    PATH=$PWD/tools:$PATH make --silent --no-print-directory -j2 clean build/flags
    [ -s build/flags ]
    [ ! -e build/obj ]
}
