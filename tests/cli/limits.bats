#!/usr/bin/env bats
# What a run needs and the machine does not give: said before anything is fetched, with the
# command that helps, and that command does help.
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031,SC2154

setup() {
    load lib
    AS=()
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
}

teardown() {
    origin_stop
}

# Runs a model under a limit, as AS says. Usage: under "ULIMIT ARGUMENTS" MODEL ARGUMENT…
under() {
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr bash -c 'ulimit $1 || exit 99; shift; exec "$@"' bash \
        "$1" "${AS[@]}" "$BUILD/$2" "${@:3}"
    echo "$2 under ulimit $1: status $status; $output$stderr"
}

# The number that follows these words on standard error.
advised() {
    sed -n "s/.*$1\([0-9][0-9]*\).*/\1/p" <<<"$stderr"
}

@test "select's 1,024 is a limit that is said, and the advised concurrency runs" {
    (($(ulimit -Hn) >= 3000)) || skip "3,000 descriptors cannot be had here"
    origin_start
    url="$ORIGIN/item/{}?size=10B&delay=1s"
    run --separate-stderr "$BUILD/async" --backend=select --concurrency=2000 --count=2000 --url-pattern="$url"
    echo "$stderr"
    [ "$status" -eq 3 ]
    [[ $stderr == *"select() watches descriptors below 1,024"* ]]
    origin_says requests=0
    less=$(advised --concurrency=)
    [ "$less" -gt 300 ]
    [ "$less" -lt 1024 ]
    run "$BUILD/async" --backend=select --concurrency="$less" --count=$((2 * less)) --url-pattern="$url"
    echo "$output"
    [ "$status" -eq 0 ]
    origin_says open_peak="$less"
}

@test "the other backends know no such limit" {
    (($(ulimit -Hn) >= 5000)) || skip "5,000 descriptors cannot be had here"
    origin_start
    for backend in poll epoll; do
        run "$BUILD/async" --backend=$backend --concurrency=1200 --count=1200 --timeout=60s \
            --url-pattern="$ORIGIN/item/{}?size=10B"
        [ "$status" -eq 0 ]
    done
}

# bats test_tags=user
@test "a hard limit on descriptors is said, and the advised limit is enough" {
    (($(ulimit -Hn) >= 600)) || skip "600 descriptors cannot be had here"
    origin_start
    for model in async threads; do
        under "-HSn 60" $model --concurrency=100 --count=100 --url-pattern="$ORIGIN/item/{}"
        [ "$status" -eq 3 ]
        [[ $stderr == "$model: "*"100 at one time"*"descriptors"*"the limit is 60 (RLIMIT_NOFILE, hard)"* ]]
        origin_says requests=0
        enough=$(advised "ulimit -Hn ")
        under "-HSn $enough" $model --concurrency=100 --count=300 \
            --url-pattern="$ORIGIN/item/{}?size=10B&delay=50ms"
        [ "$status" -eq 0 ]
        origin_reset
    done
}

@test "descriptors that whoever started it left open are counted, wherever they are" {
    (($(ulimit -Hn) >= 1000)) || skip "1,000 descriptors cannot be had here"
    origin_start
    local model url="$ORIGIN/item/{}?size=10B&delay=300ms"
    # shellcheck disable=SC2016  # the inner shell's
    local leave='for fd in {300..699}; do eval "exec $fd</dev/null"; done; ulimit -HSn "$1"; exec "${@:2}"'
    for model in threads async; do
        run --separate-stderr bash -c "$leave" bash 750 "$BUILD/$model" --concurrency=200 --count=200 \
            --url-pattern="$url"
        if [ "$status" -eq 3 ]; then
            run --separate-stderr bash -c "$leave" bash "$(advised "ulimit -Hn ")" "$BUILD/$model" \
                --concurrency=200 --count=200 --url-pattern="$url"
        fi
        echo "$model: status $status; $output$stderr"
        [ "$status" -eq 0 ]
    done
    run --separate-stderr bash -c "$leave" bash 1000 "$BUILD/async" --backend=select --concurrency=700 --count=700 \
        --url-pattern="$url"
    echo "select: status $status; $output$stderr"
    [ "$status" -eq 3 ]
    [[ $stderr == *"select() watches descriptors below 1,024"* ]]
}

# bats test_tags=user
@test "a soft limit on descriptors is raised without a word" {
    (($(ulimit -Hn) >= 600)) || skip "600 descriptors cannot be had here"
    origin_start
    for model in "${MODELS[@]}"; do
        under "-Sn 40" "$model" --concurrency=100 --count=100 --url-pattern="$ORIGIN/item/{}?delay=50ms"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
    done
}

@test "a list of several hosts needs no more descriptors than are said" {
    (($(ulimit -Hn) >= 600)) || skip "600 descriptors cannot be had here"
    origin_start --listen=127.0.0.1 --listen=127.0.0.2
    for k in {1..100}; do
        echo "http://127.0.0.1:$ORIGIN_PORT/item/$k"
        echo "http://127.0.0.2:$ORIGIN_PORT/item/$k"
    done >list
    for model in "${MODELS[@]}"; do
        under "-HSn 20" "$model" --concurrency=10 --input=list
        if [ "$status" -eq 3 ]; then
            enough=$(advised "ulimit -Hn ")
            under "-HSn $enough" "$model" --concurrency=10 --input=list
        fi
        [ "$status" -eq 0 ]
    done
}

# A sanitizer reserves terabytes of address space.
# bats test_tags=plain
@test "threads: stacks beyond the address space that is allowed" {
    origin_start
    under "-HSv 3000000" threads --stack-size=16MiB --concurrency=256 --count=256 \
        --url-pattern="$ORIGIN/item/{}"
    [ "$status" -eq 3 ]
    [[ $stderr == *"stacks of 256 threads need 4096 MiB"*"the limit is 2929 MiB"*"--stack-size"* ]]
    origin_says requests=0
    under "-HSv 3000000" threads --stack-size=256KiB --concurrency=64 --count=64 \
        --url-pattern="$ORIGIN/item/{}"
    [ "$status" -eq 0 ]
}

# Who has a limit on tasks: this user, or where that is root one who has no other task (AS, and USER_ID).
as_ordinary() {
    AS=() USER_ID=$EUID
    ((EUID == 0)) || return 0
    USER_ID=$((30000 + BASHPID % 30000))
    AS=(setpriv "--reuid=$USER_ID" "--regid=$USER_ID" --clear-groups)
    "${AS[@]}" test -x "$BUILD/threads" 2>/dev/null || skip "an ordinary user cannot reach the programs"
}

# bats test_tags=user
@test "an ordinary user's limit on processes and threads" {
    as_ordinary
    for model in processes threads; do
        under "-HSu 60" $model --concurrency=100 --count=100 --url-pattern="http://127.0.0.1:1/{}"
        [ "$status" -eq 3 ]
        [[ $stderr == *"100 at one time needs 100 $model"*"RLIMIT_NPROC, hard"*"ulimit -Hu"* ]]
    done
}

# Usage: belong_to USER PID…
belong_to() {
    local user=$1
    shift
    [ "$(stat -c %u "${@/#//proc/}" | sort -u)" = "$user" ]
}

# bats test_tags=user
@test "a user's other tasks count too" {
    as_ordinary
    local k status_of
    local -a others=()
    for k in {1..20}; do
        "${AS[@]}" sleep 60 3>&- &
        others+=($!)
    done
    wait_for belong_to "$USER_ID" "${others[@]}" || status_of+=" others"
    for model in processes threads; do
        under "-HSu 115" $model --concurrency=100 --count=100 --url-pattern="http://127.0.0.1:1/{}"
        status_of+=" $status"
        [[ $stderr == *"100 at one time needs 100 $model"*" 115 tasks in all, of which "*"RLIMIT_NPROC, hard"* ]] ||
            status_of+=" no word"
        (($(advised "of which ") >= 20 && $(advised "ulimit -Hu ") >= 220)) || status_of+=" wrong"
    done
    kill "${others[@]}"
    [ "$status_of" = " 3 3" ]
}

# The files of /proc/sys are covered by others, in mounts of the test's own. Usage:
# with_setting FILE CONTENTS MODEL ARGUMENT…
with_setting() {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    printf '%s\n' "$2" >setting
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr unshare --mount --propagation private bash -euc \
        'mount --bind setting "$1"; shift; exec "$@"' bash "$1" "$BUILD/$3" "${@:4}"
    echo "$3 with $2 in $1: status $status; $output$stderr"
}

@test "what the machine has room for: processes, threads, mappings, promised memory" {
    local url="http://127.0.0.1:1/{}"
    for name in pid_max threads-max; do
        for model in processes threads hybrid; do
            local -a own=()
            [[ $model != hybrid ]] || own=(--inside=threads)
            with_setting /proc/sys/kernel/$name 100 $model "${own[@]}" --concurrency=100 --count=100 --url-pattern="$url"
            [ "$status" -eq 3 ]
            [[ $stderr == "$model: 100 at one time needs 10"*" room for 100 (kernel.$name): "*"sysctl kernel.$name="* ]]
        done
    done
    with_setting /proc/sys/vm/max_map_count 1100 threads --concurrency=100 --count=100 --url-pattern="$url"
    [ "$status" -eq 3 ]
    [[ $stderr == *"100 at one time needs 1200 memory mappings"*" 1100 (vm.max_map_count): "*"sysctl vm.max_map_count="* ]]
    with_setting /proc/sys/vm/overcommit_memory 2 threads --stack-size=1GiB --concurrency=300 --count=300 \
        --url-pattern="$url"
    [ "$status" -eq 3 ]
    [[ $stderr == *"stacks of 300 threads need 307200 MiB"*"(vm.overcommit_memory=2): "*"sysctl vm.overcommit_memory=0"* ]]
}

# bats test_tags=slow,plain
@test "4,000 threads, and 500 processes" {
    (($(ulimit -Hn) >= 12500)) || skip "12,500 descriptors cannot be had here"
    ((EUID == 0 || $(ulimit -Hu) > 8000)) || skip "8,000 tasks cannot be had here"
    origin_start
    run "$BUILD/threads" --concurrency=4000 --count=4000 --timeout=100s --url-pattern="$ORIGIN/item/{}?delay=200ms"
    echo "$output"
    [ "$status" -eq 0 ]
    run "$BUILD/processes" --concurrency=500 --count=500 --timeout=100s --url-pattern="$ORIGIN/item/{}?delay=200ms"
    echo "$output"
    [ "$status" -eq 0 ]
}

# bats test_tags=slow,plain
@test "a list of 1,000,000 URLs takes less than twice its own size in memory" {
    origin_start
    seq -f "$ORIGIN/item/%.0f?size=10B&delay=0ms" 1000000 >list
    kib=$(($(stat -c %s list) / 1024))
    # What a run takes for a list of one, as the least limit that lets it run, to 1 MiB.
    head -n 1 list >one
    # (Not by `run`, which warns of a shell that could not even start.)
    low=8192 least=1048576
    while ((least - low > 1024)); do
        middle=$(((low + least) / 2))
        if (ulimit -Sv "$middle" && exec "$BUILD/sequential" --input=one --quiet 2>/dev/null); then
            least=$middle
        else
            low=$middle
        fi
    done
    echo "a run of one URL takes $least KiB; the list has $kib KiB"
    under "-Sv $((least + 2 * kib))" sequential --input=list --slice=500000/1000000 --records=-
    [ "$status" -eq 0 ]
    [ "${lines[1]%%,*}" = 500000 ]
    # The check can fail: half its own size is not enough.
    under "-Sv $((least + kib / 2))" sequential --input=list --slice=500000/1000000
    [ "$status" -ne 0 ]
}
