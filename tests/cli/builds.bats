#!/usr/bin/env bats
# Two builds in the same rounds (make bench BASE=COMMIT), and scripts/aa, which shows what the judge is worth.
# bats file_tags=plain

bats_require_minimum_version 1.5.0

setup() {
    load lib
    for tool in jq hyperfine git; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
    unset PROFILE ONLY URLS RESUME SEED PIN RESULTS BASE
    REPOSITORY=$BATS_TEST_TMPDIR/repository
}

# A repository whose only commit has this Makefile, and our scripts/bench.
write_repository() {
    mkdir -p "$REPOSITORY/scripts/experiments"
    cp "$ROOT/scripts/bench" "$ROOT/scripts/there.bash" "$REPOSITORY/scripts/"
    jq '.profiles.quick = {rounds: 2} | .fixed = {count: 8, concurrency: 4} | .origin.delay = "5ms"
        | .lanes |= map(select(.model == "async"))' "$ROOT/scripts/experiments/total-time.json" \
        >"$REPOSITORY/scripts/experiments/total-time.json"
    printf '%s\n' "$1" >"$REPOSITORY/Makefile"
    git -C "$REPOSITORY" init -q
    git -C "$REPOSITORY" add .
    git -C "$REPOSITORY" -c user.name=test -c user.email=test@example.org -c commit.gpgsign=false commit -qm first
}

@test "builds: a lane beside each of the other build's, held against it and in no other pair" {
    run "$BUILD/benchstat" plan --build=new --base=old "$ROOT/scripts/experiments/total-time.json"
    [ "$status" -eq 0 ]
    [ "$(jq -sc '[.[] | select(.round == 1 and .model == "async") | [.lane, .again_of, .against, .command[0]]] | sort' <<<"$output")" = \
        '[["async",null,null,"new/async"],["async (BASE)",null,"async","old/async"],["async (again)","async",null,"new/async"]]' ]
}

@test "builds: both run in the same rounds, from the commit's own build" {
    write_repository "all:; mkdir -p build && cp $BUILD/async build/async"
    run "$REPOSITORY/scripts/bench" --build="$BUILD" --base=HEAD --seed=7
    echo "$output"
    [ "$status" -le 1 ]
    local -a runs=("$REPOSITORY"/results/*)
    [ "$(jq -r .base.commit "${runs[0]}/metadata.json")" = "$(git -C "$REPOSITORY" rev-parse HEAD)" ]
    [ "$(jq -r '.identity.programs | .async == .["base/async"]' "${runs[0]}/metadata.json")" = true ]
    [ "$(jq -c '[.cells[] | .lane] | sort' "${runs[0]}/summary.json")" = '["async","async (BASE)","async (again)"]' ]
    [ "$(jq -c '[.pairs[] | [.family, .a, .b]]' "${runs[0]}/summary.json")" = '[["builds","async","async (BASE)"]]' ] ||
        [ "$(jq '[.cells[] | select(.verdict != "valid")] | length' "${runs[0]}/summary.json")" -gt 0 ]
    # The other build is in the tables, and in no chart.
    run ! grep -q BASE "${runs[0]}"/data/*.csv
}

@test "builds: a commit that is not there or does not build is one line and status 2" {
    write_repository 'all:; @echo async.c:1: error: no such thing >&2; exit 1'
    run "$REPOSITORY/scripts/bench" --build="$BUILD" --base=nonsense
    [ "$status" -eq 2 ]
    [ "$output" = 'bench: BASE=nonsense: no such commit here (git log lists them)' ]
    BASE=HEAD run "$REPOSITORY/scripts/bench" --build="$BUILD"
    [ "$status" -eq 2 ]
    [[ ${lines[-1]} == 'bench: BASE='*': that commit does not build here: async.c:1: error: no such thing '* ]]
    [ ! -e "$REPOSITORY/results" ]
}

@test "builds: of two runs that want the same commit one builds it, and the other waits" {
    command -v flock >/dev/null || skip "flock is not installed"
    local here=$BATS_TEST_TMPDIR first second
    write_repository "all:; echo begun >>$here/begun && until [ -e $here/go ] || [ ! -e $here/begun ]; do sleep 0.05; done && touch built"
    # shellcheck disable=SC2016  # for the other shell
    local build_it='source "$1/scripts/bench" && against=HEAD && find_base && build_base && ls build/base-*/built'
    bash -c "$build_it" bash "$REPOSITORY" >"$here/first" 2>&1 3>&- &
    first=$!
    wait_for test -e "$here/begun"
    bash -c "$build_it" bash "$REPOSITORY" >"$here/second" 2>&1 3>&- &
    second=$!
    wait_for grep -q '^Waiting for another run' "$here/second"
    touch "$here/go"
    wait $first
    wait $second
    [ "$(<"$here/begun")" = begun ]
    grep -q '^build/base-.*/built$' "$here/second"
}

@test "builds: scripts/aa refuses wrong usage" {
    run "$ROOT/scripts/aa" --help
    [ "$status" -eq 0 ]
    [[ $output == *--comparisons=N* ]]
    run "$ROOT/scripts/aa" --comparisons=0
    [ "$status" -eq 2 ]
    run "$ROOT/scripts/aa" --fast
    [ "$status" -eq 2 ]
}

@test "builds: a path of scripts/aa is of the folder where it was started" {
    cd "$BATS_TEST_TMPDIR"
    ln -s "$BUILD" mine
    echo kept >results
    run "$ROOT/scripts/aa" --build=none
    [ "$status" -eq 3 ]
    [ "$output" = "aa: $PWD/none/benchstat is missing: make" ]
    run "$ROOT/scripts/aa" --build=mine --results=results
    [ "$status" -eq 3 ]
    [ "$output" = "aa: cannot make the folder $PWD/results for results" ]
}

# bats test_tags=slow
@test "builds: scripts/aa measures, counts and writes its table" {
    run "$ROOT/scripts/aa" --build="$BUILD" --comparisons=1 --rounds=1 --count=64 --results="$BATS_TEST_TMPDIR/results"
    echo "$output"
    # One round decides nothing, and status 1 says so.
    [ "$status" -eq 1 ]
    [ "$(wc -l <"$(echo "$BATS_TEST_TMPDIR"/results/*/comparisons.jsonl)")" -ge 6 ]
    grep -q '^Comparisons of equal lanes that reported a difference: 0 of 1' "$BATS_TEST_TMPDIR"/results/*/aa.md
    grep -q '^Not decided: equal lanes were judged in 0 of 1 comparisons.$' "$BATS_TEST_TMPDIR"/results/*/aa.md
}
