#!/usr/bin/env bats
# benchstat: plans, visits, and judging a run whose files are made here by hand, whole and doctored.
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

bats_require_minimum_version 1.5.0

setup() {
    load lib
    BENCHSTAT=$BUILD/benchstat
    cd "$BATS_TEST_TMPDIR" || return
    RUN=$BATS_TEST_TMPDIR/run
}

teardown() {
    origin_stop || true
}

# An experiment of two models and a repeated one, at two concurrencies, seven rounds.
write_experiment() {
    jq -n '{schema: "waitbench-experiment/1", name: "total-time", question: "How long?", chart: "total-time",
        placement: "apart",
        lanes: [{name: "sequential", model: "sequential"}, {name: "threads", model: "threads"},
                {name: "threads (again)", model: "threads", again: "threads"}],
        fixed: {count: 100, concurrency: 20}, origin: {size: "1KiB", delay: "50ms"},
        profiles: {quick: {rounds: 7}}}' >experiment.json
}

# Usage: write_run [SECONDS]: a whole run in $RUN, as scripts/bench leaves it, and its experiment.json:
# sequential takes 5 s and 1 ms a round more, threads so many seconds (0.26). Made once for all tests here.
write_run() {
    local made=$BATS_FILE_TMPDIR/with-${1:-0.26}
    if [[ ! -d $made ]]; then
        mkdir "$made"
        (cd "$made" && write_experiment && write_visits "${1:-0.26}")
    fi
    cp "$made/experiment.json" .
    cp -r "$made/run" "$RUN"
}

# Usage: write_visits SECONDS: every visit of experiment.json in run, threads taking so many seconds.
write_visits() {
    local number visit run hyperfine
    mkdir -p run/raw/00{01..21}
    "$BENCHSTAT" plan --seed=3 experiment.json >run/plan.jsonl
    echo '{"schema": "waitbench-metadata/1", "profile": "quick", "seed": 3, "machine": {"two_busy_processes": 2},
        "placement": {"apart": "apart"}, "build": {"sanitize": null}}' >run/metadata.json
    while IFS=$'\t' read -r number visit run hyperfine; do
        echo "$visit" >"run/raw/$number/visit.json"
        echo "$run" >"run/raw/$number/run.json"
        echo "$hyperfine" >"run/raw/$number/hyperfine.json"
    done < <(jq -r --argjson threads "$1" 'select(.visit)
        | .concurrency as $c | ({sequential: 5.1, threads: $threads}[.model] + .round / 1000) as $t
        | [("000" + (.visit | tostring))[-4:]] + ([
              {schema: "waitbench-visit/1", exit_status: 0, children_left: 0, children_unreaped: 0,
                  timed_out: false, wall_s: ($t + 0.02), other_cpu_s: 0, steal_s: 0, verify_s: 0.002,
                  origin: {requests: 100, responses: 100, connections: $c, open: 0, open_peak: $c,
                      in_flight_peak: $c, body_bytes: 102400, first_request_ns: 1000000000,
                      last_byte_ns: (1000000000 + $t * 990000000), residence_ns: 5000000000,
                      cpu_user_s: 0.001, cpu_system_s: 0.002}},
              {schema: "waitbench-run/1", interrupted: false, libcurl_options_digest: "aa",
                  time: {spawn_s: 0.001, makespan_s: $t}, workers: {asked: $c, made: $c, lost: 0, rebuilt: 0},
                  fetches: {ok: 100, failed: 0, retried: 0, bytes: 102400, digest: "d1", connections: $c,
                      peak_in_flight: $c},
                  latency_ms: {first: 51}, throughput: {fetches_per_s: (100 / $t)},
                  switches: {voluntary: 200, involuntary: 10}, environment: {libcurl: "7.88.1", sanitizer: null}},
              {results: [{command: "x", mean: ($t + 0.01), stddev: null, median: ($t + 0.01), user: 0.01,
                  system: 0.005, min: ($t + 0.01), max: ($t + 0.01), times: [$t + 0.01], exit_codes: [0]}]}]
              | map(tojson)) | join("\t")' run/plan.jsonl)
}

# The figures of the first visit of threads: sets FIRST, their folder.
first_of_threads() {
    FIRST=$RUN/raw/$(jq -rs 'map(select(.lane == "threads"))[0].visit | "000\(.)"[-4:]' "$RUN/plan.jsonl")
}

# Usage: doctor FILE FILTER: changes one file of the first visit of threads.
doctor() {
    local doctored
    [[ -n ${FIRST:-} ]] || first_of_threads
    doctored=$(jq -c "$2" "$FIRST/$1.json")
    echo "$doctored" >"$FIRST/$1.json"
}

# bats test_tags=plain
@test "benchstat: a wrong subcommand is status 2 and the list of them; --help and --version are 0" {
    local option
    for option in --help -h; do
        run --separate-stderr "$BENCHSTAT" "$option"
        [ "$status" -eq 0 ]
        [[ $output == "Usage: benchstat SUBCOMMAND"*plan*visit*processors*judge*compare*merge* ]]
    done
    for option in --version -V; do
        run --separate-stderr "$BENCHSTAT" "$option"
        [ "$status" -eq 0 ]
        [[ $output == "waitbench "* ]]
    done
    for option in '' plant --hlep; do
        # shellcheck disable=SC2086  # none at all, too
        run --separate-stderr "$BENCHSTAT" $option
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        # shellcheck disable=SC2154  # set by run
        [[ $stderr == "Usage: benchstat SUBCOMMAND"* ]]
    done
    run "$BENCHSTAT" --help more
    [ "$status" -eq 2 ]
}

# bats test_tags=plain
@test "processors: needs two that there are" {
    local arguments
    for arguments in '' 0 '0 x' '0 -1' '0 1 2' '0 1024' "0 ''"; do
        eval "run \"\$BENCHSTAT\" processors $arguments"
        echo "$arguments: $output"
        [ "$status" -eq 2 ]
    done
    run "$BENCHSTAT" processors 1022 1023
    [ "$status" -eq 3 ]
    [ "$output" = "benchstat processors: cannot use processors 1022 and 1023" ]
    # A child that cannot be made is no measurement.
    SHIM_FORK=from:1 LD_PRELOAD=$BUILD/tests/shim.so run "$BENCHSTAT" processors 0 1
    [ "$status" -eq 3 ]
}

@test "plan: the same seed gives the same bytes, another seed another order" {
    write_experiment
    "$BENCHSTAT" plan --seed=5 experiment.json >a
    "$BENCHSTAT" plan --seed=5 experiment.json >b
    "$BENCHSTAT" plan --seed=6 experiment.json >c
    cmp a b
    run ! cmp -s a c
    jq -es 'length == 21 and (group_by(.round) | all(length == 3 and (map(.cell) | unique | length) == 3))' a
}

# The experiment with this change is refused, with these words in one line. Usage: refuses_experiment FILTER WORDS
# shellcheck disable=SC2154  # set by run
refuses_experiment() {
    jq "$1" experiment.json >mistake.json
    run --separate-stderr "$BENCHSTAT" plan mistake.json
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "benchstat: mistake.json: $2"* ]]
}

@test "plan: a mistake is one line with file, key and remedy, and exit status 2" {
    write_experiment
    refuses_experiment '.fixed.concurency = 4' 'fixed.concurency: no such key; there are: count '
    refuses_experiment '.profiles.quick[""] = 4' 'profiles.quick.: no such key; there are: rounds '
    run "$BENCHSTAT" plan --seed=4294967296 experiment.json
    [ "$status" -eq 2 ]
    run "$BENCHSTAT" plan --profile=fast experiment.json
    [ "$status" -eq 2 ]
    [[ $output == *"quick, talk, full"* ]]
}

@test "plan: an experiment that stands there twice is refused" {
    write_experiment
    jq '.lanes |= .[:1]' experiment.json >other.json
    local second
    for second in experiment.json other.json; do
        run --separate-stderr "$BENCHSTAT" plan experiment.json $second
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "$stderr" = "benchstat: $second: name: is that of an experiment before it: total-time" ]
    done
    jq '.name = "other" | .chart = "crossover"' experiment.json >other.json
    "$BENCHSTAT" plan experiment.json other.json >planned
    jq 'del(.chart)' experiment.json >experiment2.json
    jq '.name = "other" | del(.chart)' experiment.json >other.json
    "$BENCHSTAT" plan experiment2.json other.json >planned
}

@test "plan: a variant's count beside count_each, or the other way round, is refused: one would be forgotten" {
    write_experiment
    jq '.axis = "variant" | .variants = {few: {}, many: {fixed: {count: 50}}} | .fixed = {count_each: 2, concurrency: 20}
        | .profiles.quick.values = ["few", "many"]' experiment.json >mistake.json
    run "$BENCHSTAT" plan mistake.json
    [ "$status" -eq 2 ]
    [ "$output" = "benchstat: mistake.json: fixed.count_each: stands instead of a count" ]
    jq '.axis = "variant" | .variants = {few: {fixed: {count_each: 2}}} | .profiles.quick.values = ["few"]' experiment.json >mistake.json
    run "$BENCHSTAT" plan mistake.json
    [ "$status" -eq 2 ]
    [ "$output" = "benchstat: mistake.json: fixed.count_each: stands instead of a count" ]
    # Without a number in flight there is none for each.
    jq '.fixed = {count_each: 2}' experiment.json >mistake.json
    run "$BENCHSTAT" plan mistake.json
    [ "$status" -eq 2 ]
    [ "$output" = "benchstat: mistake.json: fixed.concurrency: is missing" ]
}

@test "plan: a chart that two experiments would draw is refused: one would be drawn under the other's name" {
    write_experiment
    jq '.name = "other" | .origin.size = "64KiB"' experiment.json >other.json
    run --separate-stderr "$BENCHSTAT" plan experiment.json other.json
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [ "$stderr" = "benchstat: other.json: chart: is that of an experiment before it: total-time" ]
}

@test "plan: a chart that there is not is refused before anything is measured, with those that there are" {
    write_experiment
    refuses_experiment '.chart = "totaltime"' 'chart: must be one of total-time|'
    # Each of them is drawn, and of an experiment here (peers by scripts/peers).
    local name
    for name in $(tr '|' ' ' <<<"${stderr##* }"); do [ -f "$ROOT/scripts/charts/$name.gp" ]; done
    [ "$(tr '|' '\n' <<<"${stderr##* }" | sort)" = "$({ echo peers && jq -r .chart "$ROOT"/scripts/experiments/*.json; } | sort)" ]
}

@test "plan: names and values are whole, however long they are" {
    local long=a-name-of-a-variant-that-is-longer-than-most-of-them zeros
    printf -v zeros '%03000d' 0
    write_experiment
    jq --arg long "$long" --arg zeros "$zeros" '.axis = "variant" | .variants = {"\($long)-1": {origin: {delay: "1ms"}}, "\($long)-2": {}}
        | .lanes[0].name = $long + $long + $long | .origin = {size: ($zeros + "1KiB"), delay: ($zeros + "2ms")}
        | .profiles.quick.values = (.variants | keys)' experiment.json >long.json
    "$BENCHSTAT" plan --base=elsewhere long.json >planned
    # Each lane at both, by both builds; only a repeated one is not held against the other build's.
    jq -es --arg long "$long" 'group_by(.cell) | all(.[]; map([.lane, .value, .against]) | unique | length == 1)
        and (map(.[0].value) | unique == [$long + "-1", $long + "-2"])
        and any(.[][0]; .lane == $long + $long + $long + " (BASE)")' planned
    jq -es --arg zeros "$zeros" 'any(.[]; .command[-1] == "--url-pattern={origin}/item/{}?size=" + $zeros + "1KiB&delay=" + $zeros + "2ms")' planned
}

@test "plan: a name that is not UTF-8 is refused, and a visit says that there was one" {
    write_experiment
    echo http://127.0.0.1:1/ >$'l\xff.txt'
    run "$BENCHSTAT" plan --urls=$'l\xff.txt' experiment.json
    [ "$status" -eq 2 ]
    [[ $output == *"its name must be UTF-8" ]]
    "$BENCHSTAT" visit --dir=0001 -- true $'\xff' end
    [ "$(jq -c .command 0001/visit.json)" = '["true","(not UTF-8)","end"]' ]
}

@test "plan: one's own URLs take the place of the origin" {
    write_experiment
    printf 'http://a.test/\n\n# comment\nhttp://b.test/\r\n' >urls.txt
    run "$BENCHSTAT" plan --urls=urls.txt experiment.json
    [ "$status" -eq 0 ]
    jq -es 'all(.count == 2 and .origin == null and .delay_s == null and
        (.command | index("--input=urls.txt") and all(contains("{origin}") | not)))' <<<"$output"
    : >urls.txt
    run "$BENCHSTAT" plan --urls=urls.txt experiment.json
    [ "$status" -eq 2 ]
    [[ $output == *"holds no URL"* ]]
}

@test "visit: the folder appears whole, with what the command said and used" {
    # shellcheck disable=SC2016
    run "$BENCHSTAT" visit --dir=0001 -- sh -c 'echo out; echo err >&2; echo "{}" >"$1"; exit 3' sh '{visit}/run.json'
    [ "$status" -eq 0 ]
    [ "$(<0001/stdout.txt)" = out ]
    [ "$(<0001/stderr.txt)" = err ]
    [ -f 0001/run.json ]
    [ "$(jq -c '[.schema, .exit_status, .signal, .children_left, .timed_out, .origin]' 0001/visit.json)" = \
        '["waitbench-visit/1",3,null,0,false,null]' ]
    [ ! -e .0001 ]
}

@test "visit: a command that is not there says so" {
    run "$BENCHSTAT" visit --dir=0001 -- ./no-such-command
    [ "$status" -eq 0 ]
    [ "$(jq .exit_status 0001/visit.json)" -eq 127 ]
    [[ $(<0001/stderr.txt) == *'no-such-command: No such file'* ]]
}

@test "visit: what the command leaves behind is counted and ended" {
    run "$BENCHSTAT" visit --dir=0001 -- sh -c 'setsid sleep 1000 3>&- & echo $! >pid'
    [ "$status" -eq 0 ]
    [ "$(jq .children_left 0001/visit.json)" -eq 1 ]
    run ! kill -0 "$(<pid)"
}

# 700 numbers of five digits are more than a page: one that is cut off there is the number of another, who
# lives in a namespace where numbers can be chosen.
# bats test_tags=plain
@test "visit: of so many left behind as fill a page, each is ended and nobody else" {
    unshare --pid --fork --mount-proc true 2>/dev/null || skip "no namespace of processes is to be had here"
    cat >inside <<'END'
echo 199 >/proc/sys/kernel/ns_last_pid || exit 7
for _ in {200..207}; do sleep 1000 & done
echo 20000 >/proc/sys/kernel/ns_last_pid
"$1" visit --dir=0001 -- bash -c 'mkfifo never; for _ in {1..700}; do read -r <never & done'
echo "others: $(jobs -r | wc -l)"
END
    run unshare --pid --fork --mount-proc bash inside "$BENCHSTAT" 3>&-
    [[ $status -ne 7 ]] || skip "no number can be chosen here"
    [ "$output" = "others: 8" ]
    [ "$(jq .children_left 0001/visit.json)" -eq 700 ]
}

# bats test_tags=plain
@test "visit: its time is around the command, also where that is done before it is watched" {
    make_preload late <<'END'
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>
int setpgid(pid_t pid, pid_t group)
{
    if (pid != 0)
        poll(0, 0, 300);
    return (int)syscall(SYS_setpgid, pid, group);
}
END
    LD_PRELOAD=$PWD/late.so "$BENCHSTAT" visit --dir=0001 -- sleep 0.1
    jq -e '.wall_s >= 0.1' 0001/visit.json
}

@test "visit: the time limit ends a command, and is noted" {
    run "$BENCHSTAT" visit --dir=0001 --limit=0.2 -- sleep 1000
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.timed_out, .signal]' 0001/visit.json)" = '[true,15]' ]
}

@test "visit: interrupted, it leaves no folder and no process" {
    # shellcheck disable=SC2016
    env --default-signal=INT "$BENCHSTAT" visit --dir=0001 -- sh -c 'echo $$ >pid; exec sleep 1000' 3>&- &
    wait_for test -s pid
    kill -INT $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 130 ]
    [ ! -e 0001 ]
    [ ! -e .0001 ]
    run ! kill -0 "$(<pid)"
}

@test "visit: it ends with its command also where whoever started it ignores its children" {
    run env --ignore-signal=CHLD timeout 60 "$BENCHSTAT" visit --dir=0001 --limit=50 -- sh -c 'exit 4'
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.timed_out, .exit_status]' 0001/visit.json)" = '[false,4]' ]
}

@test "visit: a folder without a name of its own is refused, and nothing beside it is cleared" {
    local dir
    mkdir -p in/side
    echo precious | tee run.json in/run.json >in/side/run.json
    for dir in . .. in/ in/. in/side/..; do
        run "$BENCHSTAT" visit --dir=$dir -- touch ran
        [ "$status" -eq 2 ]
        [[ $output == *"--dir=$dir: must end in the name of a new folder" ]]
    done
    [ ! -e ran ]
    cat run.json in/run.json in/side/run.json
}

# bats test_tags=plain
@test "visit: wrong usage is one line and status 2; what cannot be made is 3 and leaves nothing" {
    local option
    for option in --limit=0 --limit=1s --limit= --limit=1e7 --limit=1e999 --interrupt=-1 --cpus=x --cpus=1-0; do
        run "$BENCHSTAT" visit --dir=0001 "$option" -- touch ran
        [ "$status" -eq 2 ]
    done
    run "$BENCHSTAT" visit --dir=0001
    [ "$status" -eq 2 ]
    run "$BENCHSTAT" visit -- touch ran
    [ "$status" -eq 2 ]
    run "$BENCHSTAT" visit --dir=no/such/0001 -- touch ran
    [ "$status" -eq 3 ]
    run "$BENCHSTAT" visit --dir="$(printf '%0600d' 1)" -- touch ran
    [ "$status" -eq 3 ]
    [[ $output == *"File name too long" ]]
    # Where it would be written aside lies something else; where it goes lies another visit.
    echo precious >.0001
    run "$BENCHSTAT" visit --dir=0001 -- touch ran
    [ "$status" -eq 3 ]
    [ "$(<.0001)" = precious ]
    mkdir -p 0002/kept
    run "$BENCHSTAT" visit --dir=0002 -- true
    [ "$status" -eq 3 ]
    [ -d 0002/kept ]
    [ ! -e ran ]
    # A fork that fails, and a processor that is not there.
    SHIM_FORK=at:1 LD_PRELOAD=$BUILD/tests/shim.so run "$BENCHSTAT" visit --dir=0003 -- touch ran
    [ "$status" -eq 3 ]
    [ ! -e .0003 ] && [ ! -e ran ]
    run "$BENCHSTAT" visit --dir=0003 --cpus=1023 -- touch ran
    [ "$status" -eq 0 ]
    [ "$(jq .exit_status 0003/visit.json)" -eq 126 ]
    [ ! -e ran ]
}

# bats test_tags=plain
@test "visit: what a killed visit left aside is replaced; an interrupt can be a command's regular end" {
    mkdir .0001
    echo old >.0001/run.json
    # shellcheck disable=SC2016
    run "$BENCHSTAT" visit --dir=0001 --interrupt=0.1 -- sh -c 'trap "exit 4" INT; while :; do sleep 0.01; done'
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.exit_status, .timed_out]' 0001/visit.json)" = '[4,false]' ]
    [ ! -e 0001/run.json ] && [ ! -e .0001 ]
}

@test "visit: the origin's counters are those of the visit alone" {
    origin_start
    curl -sS -o /dev/null "$ORIGIN/item/1"
    run "$BENCHSTAT" visit --dir=0001 --origin="127.0.0.1:$ORIGIN_PORT" -- \
        curl -sS -o /dev/null '{origin}/item/[1-5]?size=1KiB'
    [ "$status" -eq 0 ]
    [ "$(jq -c '.origin | [.requests, .responses, .connections, .open, .body_bytes]' 0001/visit.json)" = '[5,5,1,0,5120]' ]
}

@test "visit: without its origin it could not be made" {
    run "$BENCHSTAT" visit --dir=0001 --origin=127.0.0.1:1 -- true
    [ "$status" -eq 3 ]
    [[ $output == *"127.0.0.1:1: Connection refused"* ]]
    [ ! -e 0001 ]
}

@test "judge: a run as planned is valid, and leaves every file" {
    write_run
    run "$BENCHSTAT" judge "$RUN"
    echo "$output"
    [ "$status" -eq 0 ]
    # The median of seven rounds is the fourth; its interval is lowest to highest.
    [ "$(jq -c '[.schema, .complete, .visits_made, (.cells | map(.verdict) | unique | .[])],
        (.cells[] | select(.lane == "threads") | .wall_s | [.rounds, .median, .low, .high, (.coverage * 1000 | round)])' \
        "$RUN/summary.json")" = '["waitbench-result/1",true,21,"valid"]'$'\n''[7,0.274,0.271,0.277,984]' ]
    mapfile -t table <"$RUN/data/total-time.csv"
    [ "${table[2]}" = 'threads,0.274,0.271,0.277,0.001,0.25,7,1' ]
    [[ $(<"$RUN/summary.md") == *$'\n| threads '*'98.4 %'* ]]
}

@test "judge: the reason is the last word of the model, not hyperfine's that there was a failure" {
    write_run
    doctor hyperfine ".results[0].exit_codes = [1]"
    rm "$FIRST/run.json"
    printf 'threads: no such backend\n \n  Warning: Ignoring non-zero exit code.\n \n' >"$FIRST/stderr.txt"
    "$BENCHSTAT" judge --quiet "$RUN" || true
    [ "$(jq -r '.cells[] | select(.lane == "threads") | .reasons[0] | .[-26:]' "$RUN/summary.json")" = ': threads: no such backend' ]
    printf ' \n  Warning: Ignoring non-zero exit code.\n \n' >"$FIRST/stderr.txt"
    "$BENCHSTAT" judge --quiet "$RUN" || true
    [[ $(jq -r '.cells[] | select(.lane == "threads") | .reasons[0]' "$RUN/summary.json") == *'Ignoring non-zero exit code.' ]]
}

@test "judge: seven rounds of three lanes decide one pair, in words" {
    write_run
    run "$BENCHSTAT" judge --quiet "$RUN"
    [ -z "$output" ]
    [ "$(jq -c '[.pairs[].verdict], [.sentences[].about], (.pairs[0].noise_floor | [.values, .twins_of])' \
        "$RUN/summary.json")" = '["slower"]'$'\n''["answer","pair"]'$'\n''[7,"run"]' ]
    summary=$(<"$RUN/summary.md")
    [[ $summary == *$'\n- sequential takes 18.7 times as long as threads (18.5 to 18.9; p = 0.0156)\n'* ]]
    [[ $summary == *$'\n**threads take the least time; sequential takes 18.7 times as long as threads'* ]]
}

@test "judge: the merged file is in hyperfine's own form" {
    write_run
    "$BENCHSTAT" judge --quiet "$RUN"
    command -v hyperfine >/dev/null || skip "hyperfine is not installed"
    hyperfine --shell=none --runs 2 --style=none --export-json own.json true 2>/dev/null
    # Of two equal runs the deviation may be no number.
    jq -en --slurpfile own own.json --slurpfile merged "$RUN/hyperfine.json" '
        def form: .[0].results[0] | map_values(type);
        ($own | form | if .stddev == "null" then .stddev = "number" else . end) == ($merged | form)'
    # What hyperfine's plotting scripts read of each result, and what they take it for.
    jq -e '(.results | map(.times | length) | add) == 21 and (.results
        | all((.command | type) == "string" and ([.mean, .stddev, .median, .min, .max, .user, .system]
        | all(type == "number")) and (.times | length == 7 and all(type == "number")) and (.exit_codes | length == 7)
        and .min == (.times | min) and .max == (.times | max)
        and ((.parameters // {}) | all(type == "string"))))' "$RUN/hyperfine.json"
}

# plot_parametrized.py takes files of one parameter that is a number everywhere, welch_ttest.py files of
# two results: what results/README.md cuts out of the merged file of a real run has to be that.
@test "judge: what is cut out of the merged file is what hyperfine's narrower scripts take" {
    local merged=$ROOT/results/sample/hyperfine.json
    local -a cuts
    mapfile -t cuts < <(sed -n "s/^jq '\\(.*\\)' [a-z/]*hyperfine.json >.*/\\1/p" "$ROOT/results/README.md")
    [ "${#cuts[@]}" -eq 3 ]
    # numpy makes an average of a fifth of the times: fewer than five have none.
    jq -e "def drawn: .results | length > 1 and all((.times | length >= 5) and .stddev != null);
        (${cuts[0]} | drawn)
        and (${cuts[1]} | drawn and (.results | length > 2 and all(.parameters | length == 1 and (.count | tonumber > 0))))
        and (${cuts[2]} | drawn and (.results | length == 2))" "$merged"
}

@test "judge: one doctored figure makes the cell invalid, with its reason, and no point" {
    local -a cases=(
        'run|.fetches.digest = "d2"|its digest is d2'
        'run|.fetches.bytes = 0|0 bytes came'
        'run|.fetches.failed = 1 | .fetches.ok = 99|1 of 100 fetches failed'
        'run|.time.makespan_s = 0.2|impossible: the makespan'
        'run|.fetches.peak_in_flight = 25|25 fetches were in flight'
        'run|.libcurl_options_digest = "bb"|libcurl options'
        'run|.workers.made = 0|workers could be made'
        'run|.workers.lost = 1|1 workers were lost'
        'visit|.origin.responses = 99|impossible: 100 fetched, the origin served 99'
        'visit|.origin.open_peak = 3|3 connections open'
        'hyperfine|.results[0].exit_codes = [1]|ended with status 1'
    )
    local case file filter reason whole summary
    local -a verdict table
    write_run
    first_of_threads
    for case in "${cases[@]}"; do
        file=${case%%|*} filter=${case#*|} reason=${case##*|}
        filter=${filter%|*}
        read -r whole <"$FIRST/$file.json"
        doctor "$file" "$filter"
        run "$BENCHSTAT" judge "$RUN"
        echo "$filter: $output"
        [ "$status" -eq 1 ]
        mapfile -t verdict < <(jq -r '(.pairs | length), (.cells[] | select(.lane == "threads") | .verdict, .reasons[])' \
            "$RUN/summary.json")
        [ "${verdict[0]}" -eq 0 ]
        [ "${verdict[1]}" = invalid ]
        [[ ${verdict[*]:2} == *"$reason"* ]]
        [[ $(<"$RUN/hyperfine.json") == *'"total-time/sequential"'* && $(<"$RUN/hyperfine.json") != *'"total-time/threads"'* ]]
        summary=$(<"$RUN/summary.md")
        [[ $summary == *$'\n- invalid: total-time/threads: round'* ]]
        [[ ! $summary =~ $'\n| threads '\ *\| ]]
        mapfile -t table <"$RUN/data/total-time.csv"
        [ "${table[2]}" = 'threads,,,,,0.25,7,0' ]
        # None of it may stay for the next case.
        echo "$whole" >"$FIRST/$file.json"
        for file in summary.json summary.md data/total-time.csv; do : >"$RUN/$file"; done
    done
}

@test "judge: no reason is lost, and no sentence, wherever a character of it would be cut" {
    write_run
    doctor hyperfine '.results[0].exit_codes = [1]'
    local length many
    printf -v many 'é%.0s' {1..400}
    for length in {440..443} {600..603}; do
        printf '%0*d%s\n' "$length" 0 "$many" >"$FIRST/stderr.txt"
        run "$BENCHSTAT" judge "$RUN"
        [ "$status" -eq 1 ]
        [[ $(<"$RUN/summary.json") == *"ended with status 1: 0000"* ]]
    done
    # The value of an axis stands in what is said of it.
    doctor hyperfine '.results[0].exit_codes = [0]'
    jq -c '.axis = "variant" | .value = "x" + "é" * 100' "$RUN/plan.jsonl" >variants
    cp variants "$RUN/plan.jsonl"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 0 ]
    jq -e '(.pairs | length == 1) and (.sentences | length == 2)' "$RUN/summary.json"
}

@test "judge: visits that are not there make the run incomplete, not wrong" {
    write_run
    rm -r "$RUN"/raw/00{08,09,10,11,12,13,14,15,16,17,18,19,20,21}
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 1 ]
    [[ $output == *"Incomplete: 7 of 21 visits"* ]]
    [ "$(jq -c '[.complete, .visits_made]' "$RUN/summary.json")" = '[false,7]' ]
    # The lanes have two rounds, or three: what is said of their intervals holds for all of them.
    [[ $output == *'median of 2 to 3 rounds and its exact interval (coverage at least 50.0 %)'* ]]
}

@test "judge: refuses a run without metadata, of another schema, or of a sanitizer's build" {
    write_run
    cp "$RUN/metadata.json" kept.json
    rm "$RUN/metadata.json"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"metadata.json"*"a result without metadata is no result"* ]]
    [ ! -e "$RUN/summary.json" ]
    jq '.schema = "waitbench-metadata/9"' kept.json >"$RUN/metadata.json"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"must be waitbench-metadata/1"*"waitbench-metadata/9"* ]]
    jq '.build.sanitize = "address"' kept.json >"$RUN/metadata.json"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *"sanitizer"* ]]
    cp kept.json "$RUN/metadata.json"
    echo '{"schema": "waitbench-plan/1"}' >>"$RUN/plan.jsonl"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *'plan.jsonl: line 22: has no "experiment"'* ]]
}

# Usage: refuses_plan FILTER WORDS: of the plan, a jq filter of all its lines, an array.
refuses_plan() {
    jq -cs "$1 | .[]" kept.jsonl >"$RUN/plan.jsonl"
    run "$BENCHSTAT" judge "$RUN"
    echo "$1: $output"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "benchstat judge: $RUN/"*"$2"* ]]
    [ ! -e "$RUN/summary.json" ]
}

@test "judge: refuses a plan that is cut off, doubled or doctored, which would be rounds that there were not" {
    write_run
    cp "$RUN/plan.jsonl" kept.jsonl
    refuses_plan '. + .' 'line 22: visit 1 stands behind visit 21'
    refuses_plan 'map(.visit = 1)' 'line 2: visit 1 stands behind visit 1'
    refuses_plan 'map(.round |= ceil / 2 | .round |= ceil)' 'round 1 stands behind round 1'
    refuses_plan '.[3].round = 4294967298' 'line 4: "visit" and "round" must be whole numbers'
    refuses_plan '.[3].visit = "4"' 'line 4: "visit" and "round" must be whole numbers'
    refuses_plan '.[3].visit = null' 'line 4: "visit" and "round" must be whole numbers'
    refuses_plan '.[3].kind = "tamed"' 'line 4: is of no kind that this program knows: tamed'
    refuses_plan '.[3].count = 0.5' 'line 4: "count" and "concurrency" must be whole numbers'
    refuses_plan 'map(.lane = "a,b")' 'line 1: "lane" must hold no comma'
    refuses_plan '.[20].count = 7' 'has more than one "count"'
    refuses_plan '.[:18]' 'raw: 0019: is no visit of plan.jsonl'
    rm "$RUN/plan.jsonl"
    mkdir "$RUN/plan.jsonl"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 2 ]
    [[ $output == *'plan.jsonl: Is a directory' ]]
}

@test "judge: what others wrote is no command to the terminal, and no line more in a table" {
    write_run
    doctor hyperfine '.results[0].exit_codes = [1]'
    printf 'last words \e]0;evil\a\xc2\x9b2J\n' >"$FIRST/stderr.txt"
    jq -c '.question = "Which?\u001b[2J\nAll is well" | .work += "\u007f"' "$RUN/plan.jsonl" >doctored
    cp doctored "$RUN/plan.jsonl"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 1 ]
    [[ $output == *'Which??[2J?All is well'* && $output == *'last words ?]0;evil???2J'* ]]
    run ! grep -q $'[\x01-\x08\x0b-\x1f\x7f]\|\xc2\x9b' - "$RUN/summary.md" "$RUN/summary.json" <<<"$output"
    jq -c '.schema = "\u001b[31m"' "$RUN/metadata.json" >doctored
    cp doctored "$RUN/metadata.json"
    run "$BENCHSTAT" judge "$RUN"
    [[ $output == *'it is ?[31m' ]]
}

@test "judge: files that are cut off, of other types or hostile spoil their cell and nothing else" {
    write_run
    first_of_threads
    local -a contents=('' '{' '[]' 'null' '{"schema": 1}' '{"schema": "waitbench-run/1", "fetches": [], "time": "x"}'
        '{"schema": "waitbench-run/1", "fetches": {"ok": 1e308, "digest": 5}, "time": {"makespan_s": -1e308}}')
    local text file whole tried=()
    for file in run hyperfine visit; do
        read -r whole <"$FIRST/$file.json"
        for text in "${contents[@]}"; do
            printf '%s' "$text" >"$FIRST/$file.json"
            run "$BENCHSTAT" judge "$RUN"
            echo "$file: $text: $output"
            [ "$status" -eq 1 ]
            echo "$(<"$RUN/summary.json")" >>summaries
            tried+=("$file: $text")
            : >"$RUN/summary.json"
        done
        echo "$whole" >"$FIRST/$file.json"
    done
    # Of all of them at once: a line for each that was judged otherwise.
    jq -esr '$ARGS.positional as $tried | length == ($tried | length), (to_entries[]
        | (.value.cells | map({(.lane): .verdict}) | add | [.sequential, .threads]) as $verdicts
        | select($verdicts != ["valid", "invalid"]) | "\($tried[.key]) gives \($verdicts)")' \
        summaries --args "${tried[@]}" | tee said
    [ "$(<said)" = true ]
}

# All that a judgement writes.
written() {
    echo "$(<"$RUN/summary.json")$(<"$RUN/summary.md")$(<"$RUN/hyperfine.json")$(<"$RUN/data/total-time.csv")"
}

# bats test_tags=plain
@test "judge: without memory it says so, with status 3, and never something else than with it" {
    write_run
    doctor run '.fetches.bytes = 0'
    "$BENCHSTAT" judge "$RUN" >whole || [ $? -eq 1 ]
    local k ended=0 kept
    kept=$(written)
    # Some 9000 allocations are made.
    for k in 1 {2..60..19} {100..10900..900}; do
        status=0
        SHIM_MEMORY=at:$k LD_PRELOAD=$BUILD/tests/shim.so "$BENCHSTAT" judge "$RUN" >out 2>err || status=$?
        case $status in
        1) cmp out whole ;;
        3) [[ $(<err) == *'Cannot allocate memory'* ]] && ended=$((ended + 1)) ;;
        *) false ;;
        esac || { echo "allocation $k: status $status; $(<err)" && return 1; }
        [ "$(written)" = "$kept" ]
    done
    [ "$ended" -gt 10 ]
}

# bats test_tags=plain
@test "judge: what was planned and cannot be there needs no memory" {
    write_run
    first_of_threads
    jq -c '.count = 2147483647' "$RUN/plan.jsonl" >doctored
    cp doctored "$RUN/plan.jsonl"
    printf '%s\n' index,outcome 1,ok >"$FIRST/records.csv"
    # Room for so many latencies would be 34 GB.
    run bash -c 'ulimit -v 8000000; exec "$@"' bash "$BENCHSTAT" judge "$RUN"
    echo "$output"
    [ "$status" -eq 1 ]
    jq -e '.cells | all(.verdict == "invalid")' "$RUN/summary.json"
}

# bats test_tags=plain
@test "judge: what cannot be written is status 3, naming the folder; one folder at a time" {
    write_run
    sed -i 's/"apart": "apart"/"apart": "shared"/' "$RUN/metadata.json"
    run "$BENCHSTAT" judge "$RUN"
    [ "$status" -eq 0 ]
    [[ $output == *"could not be put on processors of their own."* ]]
    run "$BENCHSTAT" judge "$RUN" "$RUN"
    [ "$status" -eq 2 ]
    local file
    for file in data/total-time.csv hyperfine.json summary.json summary.md; do
        ln -s /dev/full "$RUN/$file.part"
        run "$BENCHSTAT" judge --quiet "$RUN"
        [ "$status" -eq 3 ]
        [ "$output" = "benchstat judge: $RUN: No space left on device" ]
    done
    run "$BENCHSTAT" plan experiment.json
    [ "$status" -eq 0 ]
    "$BENCHSTAT" plan experiment.json >/dev/full 2>said || status=$?
    [ "$status" -eq 3 ]
    [[ $(<said) == *'standard output: No space left'* ]]
    # Not so much that it would be seen before the end.
    status=0
    "$BENCHSTAT" --version >/dev/full 2>said || status=$?
    [ "$status" -eq 3 ]
}

# Usage: write_two_runs SECONDS: runs in $RUN-1 and $RUN-2, the second with threads taking so many seconds.
write_two_runs() {
    write_run
    mv "$RUN" "$RUN-1"
    write_run "$1"
    mv "$RUN" "$RUN-2"
}

@test "compare: slower is status 1, faster and equal are 0, each in words" {
    write_two_runs 0.39
    run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'slower              total-time/threads: 1.47 times as long (1.46 to 1.49; p = 0.000583), held against sequential'* ]]
    [[ $output == *'cannot be told      total-time/sequential: it is the reference'* ]]
    [[ $output == *'1 slower, 0 faster, 0 without a difference seen, 1 cannot be told.'* ]]
    run "$BENCHSTAT" compare "$RUN-2" "$RUN-1"
    [ "$status" -eq 0 ]
    [[ $output == *'faster              total-time/threads: 0.678 times as long'* ]]
    run "$BENCHSTAT" compare "$RUN-1" "$RUN-1"
    [ "$status" -eq 0 ]
    [[ $output == *'no difference seen  total-time/threads: above '*' % (p = 1), held against sequential'* ]]
    run "$BENCHSTAT" compare --reference=threads "$RUN-1" "$RUN-2"
    [ "$status" -eq 0 ]
    [[ $output == *'faster              total-time/sequential: '*', held against threads'* ]]
    run "$BENCHSTAT" compare --reference=nobody "$RUN-1" "$RUN-2"
    [ "$status" -eq 0 ]
    [[ $output == *'cannot be told      total-time/threads: no lane to refer to'* ]]
}

# bats test_tags=plain
@test "compare: says what is not the same about two runs, and whether their reference is one program" {
    write_two_runs 0.26
    jq '. + {commit: "0123456789abcdef", dirty: true, identity: {programs: {sequential: "aa"}}, machine: {host: "one"}}' \
        "$RUN-1/metadata.json" >changed.json
    cp changed.json "$RUN-1/metadata.json"
    jq '.machine.host = "two" | .dirty = false' changed.json >"$RUN-2/metadata.json"
    run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
    echo "$output"
    [[ $output == *"BASE: $RUN-1, commit 0123456789ab and changes, unknown"* ]]
    [[ $output == *"NEW: $RUN-2, commit 0123456789ab, unknown"* ]]
    [[ $output == *"Not the same: machine.host was one, is two."* ]]
    [[ $output == *", held against sequential (the same program)"* ]]
    jq '.identity.programs.sequential = "bb"' changed.json >"$RUN-2/metadata.json"
    run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
    [[ $output == *", held against sequential (another build of it)"* ]]
}

@test "compare: what was measured in another way is no change" {
    local filter
    write_two_runs 0.39
    cp "$RUN-2/plan.jsonl" kept.jsonl
    for filter in '.dispatch = "static"' '.resolve = "each"' '.hosts = 8' '.beside_peers = true | .axis = "count"' \
        '.client = {quota: 0.5}' '.rate = {of: "slowest"}' '.placement = "together"' '.work += "x"'; do
        jq -c "$filter" kept.jsonl >"$RUN-2/plan.jsonl"
        if [[ $filter == *peers* ]]; then jq -c '.axis = "count"' kept.jsonl >"$RUN-1/plan.jsonl"; fi
        run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
        echo "$filter: $output"
        [ "$status" -eq 0 ]
        [[ $output == *'cannot be told      total-time/threads: other work, concurrency, placement or settings'* ]]
        cp kept.jsonl "$RUN-1/plan.jsonl"
    done
}

@test "compare: wrong usage and runs without anything in common are status 2, in one line" {
    write_two_runs 0.39
    run "$BENCHSTAT" compare "$RUN-1"
    [ "$status" -eq 2 ]
    run "$BENCHSTAT" compare "$RUN-1" "$RUN-2" "$RUN-1"
    [ "$status" -eq 2 ]
    run "$BENCHSTAT" compare "$RUN-1" nowhere
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *'nowhere/metadata.json: '*'a result without metadata is no result' ]]
    rm -r "$RUN-1/raw"
    run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
    [ "$status" -eq 2 ]
    [[ $output == *"run-1: raw: holds no visit, so there is nothing to compare" ]]
    sed -i 's|total-time/|other/|; s|"experiment":"total-time"|"experiment":"other"|' "$RUN-2/plan.jsonl"
    write_run
    run "$BENCHSTAT" compare "$RUN" "$RUN-2"
    [ "$status" -eq 2 ]
    [[ $output == *"run-2: has no lane of "*"/run at any value of it" ]]
}

@test "compare: refuses what is cut off, nested without end, too large, of another schema or of a sanitizer" {
    write_two_runs 0.39
    local file text whole brackets objects
    printf -v brackets '[%.0s' {1..3000}
    printf -v objects '{"a":%.0s' {1..3000}
    local -a contents=('' '{' '[]' 'null' '{"schema": NaN}' '{"schema": "waitbench-metadata/2"}'
        '{"schema": "waitbench-metadata/1", "x": 1e999}' '{"schema": "waitbench-metadata/1", "x": 99999999999999999999}'
        '{"schema": "waitbench-metadata/1", "build": {"sanitize": "thread"}}'
        "$brackets")
    cp "$RUN-2/metadata.json" kept.json
    for text in "${contents[@]}"; do
        printf '%s' "$text" >"$RUN-2/metadata.json"
        run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
        echo "${text:0:60}: $output"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "benchstat compare: $RUN-2/metadata.json: "* ]]
    done
    cp kept.json "$RUN-2/metadata.json"
    cp "$RUN-2/plan.jsonl" kept.jsonl
    for text in '' '{' '{"schema": "waitbench-plan/1"}' "$objects"; do
        printf '%s' "$text" >"$RUN-2/plan.jsonl"
        run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
    # Hostile figures of one visit spoil that cell and nothing else.
    cp kept.jsonl "$RUN-2/plan.jsonl"
    for file in run hyperfine visit; do
        for text in '' '{' '{"schema": "waitbench-run/1", "time": {"makespan_s": 1e308}}' "$brackets"; do
            read -r whole <"$RUN-2/raw/0001/$file.json"
            printf '%s' "$text" >"$RUN-2/raw/0001/$file.json"
            run "$BENCHSTAT" compare "$RUN-1" "$RUN-2"
            [ "$status" -le 1 ]
            [[ $output == *'cannot be told'* ]]
            echo "$whole" >"$RUN-2/raw/0001/$file.json"
        done
    done
}
