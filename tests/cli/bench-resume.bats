#!/usr/bin/env bats
# scripts/bench: stopped, killed, without its origin, and gone on with.
# bats file_tags=plain
# shellcheck disable=SC2153,SC2154

load bench

teardown() {
    origin_stop || true
}

# Starts BENCH, and presses Ctrl-C when a condition holds. Sets status, and leaves the streams in out and
# errors. A shell's background job ignores SIGINT; a terminal's job does not, and Ctrl-C goes to all of it.
# Usage: interrupted_when COMMAND…
interrupted_when() {
    env --default-signal=INT setsid "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json" >out 2>errors 3>&- &
    wait_for "$@"
    kill -INT -- "-$!"
    status=0
    wait $! || status=$?
    cat errors
}

@test "bench: interrupted, it keeps what was made, leaves no process, and goes on from there" {
    write_experiment 7 40 10ms
    interrupted_when at_least_made 3
    [ "$status" -eq 130 ]
    only_folder
    nothing_runs
    local before
    before=$(made_visits)
    [ "$before" -ge 3 ]
    [ "$before" -lt 21 ]
    [ "$(jq -c '[.complete, .sessions]' "$RUN/metadata.json")" = '[false,1]' ]
    [ "$(jq .complete "$RUN/summary.json")" = false ]
    grep -q "Incomplete: $before of 21" "$RUN/summary.md"
    grep -q "RESUME=$RUN" errors
    # Nothing half made: every visit has its files, and no other folder is there.
    [ "$(find "$RUN/raw" -mindepth 1 -maxdepth 1 -name '.*' | wc -l)" -eq 0 ]
    [ "$(find "$RUN/raw" -name visit.json | wc -l)" -eq "$before" ]
    local first
    first=$(stat -c %Y.%i "$RUN/raw/0001")

    run "$ROOT/scripts/bench" --resume="$RUN"
    measured
    [[ $output == *"$before of 21 visits are there already"* ]]
    [ "$(made_visits)" -eq 21 ]
    [ "$(stat -c %Y.%i "$RUN/raw/0001")" = "$first" ]
    [ "$(jq -c '[.complete, .sessions]' "$RUN/metadata.json")" = '[true,2]' ]
    [ "$(jq .complete "$RUN/summary.json")" = true ]
    nothing_runs

    run "$ROOT/scripts/bench" --resume="$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"is complete"* ]]
}

@test "bench: interrupted while it draws, it keeps the tables and says what makes the rest" {
    CHART=total-time write_experiment 1 8 10ms
    mkdir -p without
    # shellcheck disable=SC2016  # the stub's
    printf '#!/bin/sh\n[ "$1" != --version ] || exit 0\ntouch "%s/drawing"\nexec sleep 60\n' "$PWD" >without/gnuplot
    chmod +x without/gnuplot
    PATH=$PWD/without:$PATH interrupted_when test -e drawing
    [ "$status" -eq 130 ]
    only_folder
    nothing_runs
    grep -qF "RESUME=$RUN" errors
    run ! grep -q 'Everything is in' errors
    [ "$(jq .complete "$RUN/summary.json")" = true ]
    [ ! -e "$RUN/report.html" ]
    [ -z "$(find "$RUN" -name '*.part' -o -name '.new*' -o -name '*.svg')" ]
    # Nothing is measured again, and what is drawn knows what the run knew of it.
    printf '#!/bin/sh\nexit 1\n' >without/gnuplot
    PATH=$PWD/without:$PATH run "$ROOT/scripts/bench" --resume="$RUN"
    measured
    [[ $output == *"3 of 3 visits are there already"*"Everything is in"* ]]
    grep -q subtitle "$RUN/charts/total-time.settings.gp"
    [ -s "$RUN/report.html" ]
    run "$ROOT/scripts/bench" --resume="$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"is complete"* ]]
}

# bats test_tags=slow
@test "bench: killed outright, it goes on from what was whole, and measures again what was not" {
    write_experiment 4 40 10ms
    "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/errors" 3>&- &
    wait_for at_least_made 3
    kill -KILL $!
    wait $! || true
    wait_for nothing_runs
    only_folder
    local before
    before=$(made_visits)
    # As if a visit had been half written.
    mkdir -p "$RUN/raw/.$(printf %04d $((before + 1)))"
    echo half >"$RUN/raw/.$(printf %04d $((before + 1)))/run.json"
    # As if it lived: whoever measures holds the folder.
    run flock "$RUN/raw" "$ROOT/scripts/bench" --resume="$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"that run is still going on" ]]
    run "$ROOT/scripts/bench" --resume="$RUN"
    measured
    [[ $output == *"$before of 12 visits are there already"* ]]
    [ "$(made_visits)" -eq 12 ]
    [ -z "$(find "$RUN/raw" -mindepth 1 -maxdepth 1 -name '.*')" ]
    [ "$(find "$RUN/raw" -name visit.json | wc -l)" -eq 12 ]
    [ "$(jq .complete "$RUN/summary.json")" = true ]
    nothing_runs
}

# Puts mv, hyperfine and gnuplot in front of the tools: as they are, but the one whose call, behind the number of the
# visits that are there, meets the pattern in `when` kills the script; behind its work if `after` is there. The visits
# that hyperfine begins are noted in `begins`, and in `half` those that are under way when it is killed.
deadly_tools() {
    local tool
    mkdir deadly
    cat >deadly/tool <<'END'
#!/bin/bash
shopt -s nullglob
here=${0%/deadly/*} name=${0##*/}
made=("$here"/results/*/raw/[0-9]*)
[[ $name != hyperfine || ! $* =~ raw/[.]?([0-9]+) ]] || echo "${BASH_REMATCH[1]}" >>"$here/begins"
PATH=${PATH//"$here/deadly:"/}
[[ -e $here/when && "${#made[@]} $name $*" == $(<"$here/when") ]] || exec "$name" "$@"
rm "$here/when"
[[ ! -e $here/after ]] || "$name" "$@"
half=("$here"/results/*/raw/.[0-9]*)
echo "${half[@]##*/}" >"$here/half"
kill -KILL "$(<"$here/pid")"
[[ -e $here/after ]] || exec "$name" "$@"
END
    chmod +x deadly/tool
    for tool in mv hyperfine gnuplot; do ln -s tool deadly/$tool; done
}

# Starts scripts/bench, which is killed at that moment, and waits until nothing of it is left.
# Usage: killed_when PATTERN OPTION…
killed_when() {
    printf %s "$1" >when
    status=0
    # shellcheck disable=SC2016  # the inner shell's
    PATH=$PWD/deadly:$PATH sh -c 'echo $$ >pid && exec "$0" "$@"' "$ROOT/scripts/bench" "${@:2}" >out 2>&1 3>&- || status=$?
    echo "at $1: status $status"
    cat out
    [ "$status" -eq 137 ]
    [ ! -e when ]
    wait_for nothing_runs
}

# These visits are there, and those that were before are byte for byte the same. Usage: visits_stand NAME…
visits_stand() {
    [ "$(cd "$RUN/raw" && echo *)" = "$*" ]
    [ ! -e stands ] || sha256sum --quiet -c stands
    find "$RUN"/raw/[0-9]* -type f -exec sha256sum {} + >stands
}

@test "bench: killed at whichever moment, it leaves nothing that runs, and goes on from there" {
    CHART=total-time write_experiment 2 8 10ms
    deadly_tools
    local begin=("${BENCH[@]:1}" --only="$PWD/small.json") left

    # Before its folder holds what it takes to go on: that has no name yet, and the next run takes it away,
    # but not one that somebody holds.
    killed_when '0 hyperfine --version' "${begin[@]}"
    run ! compgen -G "$BASE/*"
    left=$(compgen -G "$BASE/.begun-*")
    [ ! -e "$left/metadata.json" ]
    mkdir -p "$BASE/.begun-held/raw"
    exec 5<"$BASE/.begun-held/raw"
    flock 5

    # As soon as it has its name, there is all it takes.
    touch after
    killed_when '0 mv -T *' "${begin[@]}"
    rm after
    grep -qxF "Removed $left, where a run was killed before it had begun" out
    [ "$(compgen -G "$BASE/.begun-*")" = "$BASE/.begun-held" ]
    exec 5<&-
    only_folder
    [ -z "$(ls -A "$RUN/raw")" ]

    # In its second visit and, gone on with, in its fourth.
    killed_when '1 hyperfine --shell*' --resume="$RUN"
    [ "$(<half)" = .0002 ]
    visits_stand 0001
    # What was being written may be half.
    mkdir -p "$RUN/raw/.0002"
    echo half >"$RUN/raw/.0002/run.json"
    mkdir "$RUN/.lists"
    touch "$RUN/.lists/half" "$RUN/.names" "$RUN/report.html.99999999.part"
    killed_when '3 hyperfine --shell*' --resume="$RUN"
    [ "$(<half)" = .0004 ]
    [ -z "$(find "$RUN" -name '*.part' -o -name .lists -o -name .names -o -name .0002)" ]
    visits_stand 0001 0002 0003

    # When all visits are made, before it is written down that they are, and when it draws.
    killed_when '6 mv *metadata.json' --resume="$RUN"
    [ ! -e "$RUN/summary.json" ]
    visits_stand 0001 0002 0003 0004 0005 0006
    killed_when '6 gnuplot -e*' --resume="$RUN"
    [ "$(jq .complete "$RUN/summary.json")" = true ]
    [ ! -e "$RUN/report.html" ]
    PATH=$PWD/deadly:$PATH run "$ROOT/scripts/bench" --resume="$RUN"
    measured
    [[ $output == *"6 of 6 visits are there already"*"Everything is in"* ]]
    visits_stand 0001 0002 0003 0004 0005 0006
    [ "$(jq -c '[.complete, .sessions]' "$RUN/metadata.json")" = '[true,6]' ]
    [ -z "$(find "$RUN" -name '*.part' -o -name '.*')" ]
    # Anew was measured what was being measured, and nothing else.
    [ "$(sort begins | tr '\n' ' ')" = '0001 0002 0002 0003 0004 0004 0005 0006 ' ]
}

# With its own origin, which ends with it, what it measures would soon have ended by itself.
@test "bench: killed while it waits for another's server, it leaves nothing that goes on asking" {
    write_experiment 1 8 10ms
    origin_start
    seq -f "$ORIGIN/item/%g?delay=3000s" 8 >list
    "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json" --urls="$PWD/list" >out 2>errors 3>&- &
    wait_for origin_says 'in_flight>=1'
    kill -KILL $!
    wait $! || true
    wait_for nothing_runs
    wait_for origin_says open=0
}

# bats test_tags=slow
@test "bench: without its origin it ends with a word, keeps what was made and can go on" {
    write_experiment 4 40 10ms
    "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/errors" 3>&- &
    local bench=$!
    wait_for at_least_made 3
    kill -KILL "$(pgrep -P $bench -x origin)"
    status=0
    wait $bench || status=$?
    cat "$BATS_TEST_TMPDIR/errors"
    [ "$status" -eq 3 ]
    grep -q '^bench: visit .* could not be made, the origin has died; go on with RESUME=' "$BATS_TEST_TMPDIR/errors"
    nothing_runs
    only_folder
    run "$ROOT/scripts/bench" --resume="$RUN"
    measured
    [ "$(jq .complete "$RUN/summary.json")" = true ]
}

# bats test_tags=slow
@test "bench: does not go on with another list under the same name" {
    write_experiment 1 8 10ms
    origin_start
    seq -f "$ORIGIN/item/%g" 3 >list
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json" --urls="$PWD/list"
    measured
    origin_stop
    only_folder
    jq '.complete = false' "$RUN/metadata.json" >edited
    mv edited "$RUN/metadata.json"
    echo '# another' >>list
    run "$ROOT/scripts/bench" --resume="$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"list: was "*", is "* ]]
    rm list
    run "$ROOT/scripts/bench" --resume="$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"list is not there any more"* ]]
}

@test "bench: does not go on with other programs or on another machine, and says what differs" {
    run "${BENCH[@]}" --only="$BATS_TEST_TMPDIR/small.json"
    measured
    only_folder
    jq '.complete = false | .identity.programs.async = "0" | .identity.machine.kernel = "1.0"' "$RUN/metadata.json" >edited
    mv edited "$RUN/metadata.json"
    rm -r "$RUN/raw/0006"
    run "$ROOT/scripts/bench" --resume="$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"programs.async: was 0, is "* ]]
    [[ $output == *"machine.kernel: was 1.0, is $(uname -r)"* ]]
    [ ! -e "$RUN/raw/0006" ]
    # Nor by another plan than its own, which need not be said again.
    local others=(--profile=talk --seed=8 --only=total-time --urls="$PWD/none")
    # Of sources without their history there is no commit.
    ! git -C "$ROOT" rev-parse --quiet --verify HEAD >/dev/null 2>&1 || others+=(--base=HEAD)
    for other in "${others[@]}"; do
        run "$ROOT/scripts/bench" --resume="$RUN" "$other"
        [ "$status" -eq 2 ]
        [[ $output == *": that run was begun with "*", not "* ]]
    done
    run "$ROOT/scripts/bench" --resume="$RUN" --profile=quick --seed=7
    [[ $output == *"programs.async: was 0, is "* ]]
    run "$ROOT/scripts/bench" --resume="$BATS_TEST_TMPDIR"
    [ "$status" -eq 2 ]
}

@test "bench: --plan does nothing, whatever else is asked" {
    mkdir raw
    "$BUILD/benchstat" plan --seed=7 small.json >plan.jsonl
    echo '{"schema": "waitbench-metadata/1", "complete": false, "profile": "quick", "seed": 7, "sessions": 1}' >metadata.json
    cp metadata.json before
    run "$ROOT/scripts/bench" --plan --resume="$PWD"
    [ "$status" -eq 2 ]
    [[ $output == *"--plan is of a new run" ]]
    cmp metadata.json before
}

@test "bench: a visit of five figures is not taken for the one of its last four" {
    "$BUILD/benchstat" plan --seed=7 small.json | jq -c 'select(.visit < 3) | select(.visit == 2).visit = 10001' >plan.jsonl
    mkdir -p raw/0001
    # The script's own loop over the plan; what would be measured is only noted.
    # shellcheck disable=SC2016  # for the other shell
    run bash -c 'source "$1/scripts/bench" && dir=$2 && make_visit() { mkdir "$dir/raw/$1"; } && make_visits' bash "$ROOT" "$PWD"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"1 of 2 visits are there already."* ]]
    [ "$(cd raw && echo *)" = '0001 10001' ]
}

@test "bench: a visit that cannot be confined is written down whole, or is made when the run goes on" {
    mkdir raw
    "$BUILD/benchstat" plan --seed=7 small.json | jq -c 'select(.visit == 1) | .client = {memory: "much"}' >plan.jsonl
    # shellcheck disable=SC2016  # for the other shell
    local visits='source "$1/scripts/bench" && dir=$2 && jq() { [[ $* != *skipped* ]] || eval "$met" || return; command jq "$@"; } && make_visits'
    # Killed as it writes; then it cannot write, as on a full disk; then all is well.
    met='kill -KILL $$' run bash -c "$visits" bash "$ROOT" "$PWD"
    [ "$status" -eq 137 ]
    [ ! -e raw/0001 ]
    met=false run bash -c "$visits" bash "$ROOT" "$PWD"
    [ "$status" -eq 3 ]
    [[ $output == *'could not be made; go on with RESUME='* ]]
    [ ! -e raw/0001 ]
    met=true run bash -c "$visits" bash "$ROOT" "$PWD"
    [ "$status" -eq 0 ]
    [[ $(jq -r .skipped raw/0001/visit.json) == *'--memory=much: must be a whole size'* ]]
}
