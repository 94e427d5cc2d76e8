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

runs_short() {
    local status k
    for k in {1..8} {9..400..23}; do
        status=0
        rm -f run.json
        SHIM_MEMORY=at:$k LD_PRELOAD=$BUILD/tests/shim.so timeout 60 "$BUILD/$1" --concurrency=2 \
            --count=6 --json=run.json --url-pattern="$ORIGIN/item/{}?size=3KiB" >out 2>err || status=$?
        case $status in
        0) [ "$(jq '.fetches.ok' run.json)" -eq 6 ] ;;
        1) [ ! -s run.json ] || [ "$(jq '.fetches.ok + .fetches.failed' run.json)" -eq 6 ] ;;
        2 | 3) [ -s err ] && [ ! -e run.json ] ;;
        *) false ;;
        esac || { echo "$1, allocation $k: status $status; $(cat out err run.json)" && return 1; }
        [ ! -e run.json.part ]
    done
}

@test "whichever allocation fails, a run ends with a documented status and outcomes that add up" {
    origin_start
    local model
    local -A pids=()
    for model in "${MODELS[@]}"; do
        mkdir "$model"
        (cd "$model" && runs_short "$model") >"$model.said" 2>&1 3>&- &
        pids[$model]=$!
    done
    for model in "${MODELS[@]}"; do
        wait "${pids[$model]}" || { cat "$model.said" && false; }
    done
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

@test "--save cannot leave its folder, whatever lies there" {
    origin_start
    echo precious >outside
    for model in "${MODELS[@]}"; do
        rm -rf bodies
        mkdir bodies
        # A link where a body goes, and one where it is written aside.
        ln -s ../outside bodies/000001
        ln -s ../outside bodies/.000002.part
        mkdir bodies/000003
        "$BUILD/$model" --quiet --concurrency=2 --save=bodies --records=records.csv --count=4 \
            --url-pattern="$ORIGIN/item/{}?size=10B&name=../../outside" || true
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

@test "no shell ever sees a URL" {
    origin_start
    # shellcheck disable=SC2016  # that no shell must expand
    printf '%s\n' "$ORIGIN/item/1?\$(touch${IFS:0:0}\${IFS}seen)" "$ORIGIN/item/2;touch\${IFS}seen;" \
        "$ORIGIN/item/3&&touch\${IFS}seen" "$ORIGIN/item/4?'touch'" >list
    for model in "${MODELS[@]}"; do
        run --separate-stderr "$BUILD/$model" --input=list --save=bodies --records=records.csv
        [ "$status" -le 2 ]
        [ ! -e seen ]
    done
    # scripts/bench hands a list's name on, whatever it is called.
    # shellcheck disable=SC2016  # likewise
    name='$(touch seen);touch seen;.txt'
    head -n 1 list >"$name"
    run "$ROOT/scripts/bench" --build="$BUILD" --results="$PWD/results" --urls="$PWD/$name" --plan
    [ ! -e seen ]
    [ ! -e "$ROOT/seen" ]
}
