#!/usr/bin/env bats
# The counter of the tests, and the runner, on tests made to fail.
# bats file_tags=plain

# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    TAP=$ROOT/tests/tap
}

# What the counter makes of one program's output: counted FILE-TEXT STATUS [--may-be-empty]
counted() {
    {
        printf '%b' "$1" | "$TAP" file thing "${@:2}"
        echo "# complete"
    } | "$TAP" total
}

total() {
    echo "${lines[-1]}"
}

@test "counts what passed, failed and was skipped" {
    run counted '1..3\nok 1 - a\nnot ok 2 - b\n# why\nok 3 - c # SKIP no bats\n' 1
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed, 1 skipped" ]
    [[ $output == *"not ok 2 - thing: b"*"# why"* ]]
}

@test "says nothing of skipped tests where there are none, and 0 of failed ones" {
    run counted '1..2\nok 1 - a\nok 2 - b\n' 0
    [ "$status" -eq 0 ]
    [ "$(total)" = "2 passed, 0 failed" ]
}

@test "a plan may stand at the end, and a program may have several" {
    run counted 'ok 1 - a\n1..1\n1..2\nok 1 - b\nok 2 - c\n' 0
    [ "$status" -eq 0 ]
    [ "$(total)" = "3 passed, 0 failed" ]
}

@test "no plan is a failure" {
    run counted 'ok 1 - a\n' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed" ]
}

@test "no output at all is a failure" {
    run counted '' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "0 passed, 1 failed" ]
}

@test "fewer or more tests than planned is a failure" {
    run counted '1..3\nok 1 - a\nok 2 - b\n' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "2 passed, 1 failed" ]
    run counted '1..1\nok 1 - a\nok 2 - b\n' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "2 passed, 1 failed" ]
}

@test "an exit status that no failed test explains is a failure" {
    run counted '1..1\nok 1 - a\n' 3
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed" ]
    [[ $output == *"ended with status 3"* ]]
}

@test "a program killed by a signal, or stopped for its time, is a failure and says so" {
    run counted '1..2\nok 1 - a\n' 139
    [ "$(total)" = "1 passed, 1 failed" ]
    [[ $output == *"killed by signal 11"* ]]
    run counted '1..2\nok 1 - a\nok 2 - b\n' 124
    [ "$(total)" = "2 passed, 1 failed" ]
    [[ $output == *"took too long"* ]]
}

@test "bailing out is a failure" {
    run counted '1..1\nok 1 - a\nBail out! no origin\n' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed" ]
    [[ $output == *"no origin"* ]]
}

@test "a TODO does not excuse a failure" {
    run counted '1..1\nnot ok 1 - a # TODO later\n' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "0 passed, 1 failed" ]
}

@test "running no test is a failure unless tests were chosen" {
    run counted '1..0\n' 0
    [ "$status" -eq 1 ]
    [ "$(total)" = "0 passed, 1 failed" ]
    run counted '1..0\n' 0 --may-be-empty
    [ "$(total)" = "0 passed, 0 failed" ]
}

@test "a whole file that is skipped counts once, with its reason" {
    run counted '1..0 # SKIP there is no such tool\n' 0
    [ "$(total)" = "0 passed, 0 failed, 1 skipped" ]
    [[ $output == *"ok 1 - thing # SKIP there is no such tool"* ]]
}

@test "a line that only looks like a point is none" {
    run counted '1..1\nokay, here we go\nok 1 - a\nnot okay\n' 0
    [ "$status" -eq 0 ]
    [ "$(total)" = "1 passed, 0 failed" ]
}

@test "the total fails if nothing ran, or only skipped tests did" {
    run "$TAP" total <<<"# complete"
    [ "$status" -eq 1 ]
    [ "$(total)" = "0 passed, 0 failed" ]
    run "$TAP" total <<<$'ok - a # SKIP\n# complete'
    [ "$status" -eq 1 ]
}

@test "the total fails if whoever ran the tests died before the end" {
    run "$TAP" total <<<"ok - a"
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed" ]
}

# A small house of tests, with the runner in it: what stands in tests/cli is the test's own.
house() {
    HOUSE=$BATS_TEST_TMPDIR/house
    mkdir -p "$HOUSE/tests/cli" "$HOUSE/tests/unit" "$HOUSE/build/tests"
    cp "$ROOT"/tests/{run,tap,marked.bash} "$HOUSE/tests"
    printf '%s\n' '#!/usr/bin/env bash' 'echo' >"$HOUSE/tests/lint"
    chmod +x "$HOUSE/tests/lint"
    printf 'all unit:\n\t@:\n' >"$HOUSE/Makefile"
}

# Usage: cli NAME < the body of a bats file
cli() {
    cat >"$HOUSE/tests/cli/$1.bats"
}

# Usage: unit NAME < the script that stands for the program of tests/unit/test_NAME.c
unit() {
    touch "$HOUSE/tests/unit/test_$1.c"
    { echo '#!/usr/bin/env bash' && cat; } >"$HOUSE/build/tests/test_$1"
    chmod +x "$HOUSE/build/tests/test_$1"
}

# The runner under test must not take its own processes for those of this test.
in_house() {
    run env --unset=WAITBENCH_TEST "$HOUSE/tests/run" --stage=plain "$@" 3>&-
    printf '%s\n' "${lines[@]}"
}

@test "the runner counts unit programs and command-line tests together" {
    house
    unit good <<<$'printf "1..2\nok 1 - a\nok 2 - b\n"'
    cli fine <<<$'@test "one" { true; }'
    in_house
    [ "$status" -eq 0 ]
    # The build is a point of its own.
    [ "$(total)" = "4 passed, 0 failed" ]
}

@test "the runner fails with a test that fails, and shows why" {
    house
    cli broken <<<$'@test "two and two" {\n    echo "it is four" && [ 1 -eq 2 ]\n}'
    in_house
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed" ]
    [[ $output == *"not ok"*"plain/cli/broken: two and two"*"it is four"* ]]
}

@test "the runner fails with a program that crashes, hangs or is not there" {
    house
    unit crash <<<$'printf "1..1\nok 1 - a\n"; kill -SEGV $$'
    unit hang <<<$'printf "1..1\n"; exec sleep 100'
    touch "$HOUSE/tests/unit/test_gone.c"
    TEST_TIME=1 in_house --only=unit/
    [ "$status" -eq 1 ]
    [[ $output == *"crash: was killed by signal 11"* ]]
    [[ $output == *"hang: "*"took too long"* ]]
    [[ $output == *"gone: said no plan"* ]]
    [ "$(total)" = "2 passed, 3 failed" ]
}

@test "the runner fails with a bats file that cannot be read" {
    house
    cli syntax <<<$'@test "one" { if; }'
    in_house
    [ "$status" -eq 1 ]
}

@test "a process or file left behind is a failure, and the process is ended" {
    house
    unit leaves <<<$'sleep 300 >/dev/null 2>&1 & echo $! >&2; echo $! >'"$BATS_TEST_TMPDIR/pid"$'
        touch "$TMPDIR/half"; printf "1..1\nok 1 - a\n"'
    in_house
    [ "$status" -eq 1 ]
    [ "$(total)" = "2 passed, 2 failed" ]
    [[ $output == *"leaves no process behind"*"sleep 300"*"leaves no file behind"*"half"* ]]
    wait_for is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
}

@test "a sanitizer's report is a failure though every test passed" {
    house
    # Also where the folder's name holds what parts options.
    mkdir "$BATS_TEST_TMPDIR/a b:c"
    export TMPDIR="$BATS_TEST_TMPDIR/a b:c"
    unit quiet <<<$'log=${ASAN_OPTIONS#*log_path=\\\'}; echo "ERROR: heap-use" >"${log%%\\\':*}.7"
        printf "1..1\nok 1 - a\n"'
    in_house
    [ "$status" -eq 1 ]
    [[ $output == *"the sanitizer is silent"*"heap-use"* ]]
}

@test "only what matches is run: a file, or a test of it" {
    house
    cli first <<<$'@test "eats apples (1.5)" { true; }\n@test "eats pears" { false; }'
    cli second <<<$'@test "drinks" { false; }'
    in_house '--only=apples \('
    [ "$status" -eq 0 ]
    [ "$(total)" = "2 passed, 0 failed" ]
    in_house --only=cli/second
    [ "$(total)" = "1 passed, 1 failed" ]
    in_house --only=nothing-like-it
    [ "$status" -eq 2 ]
    [[ $output == *"no test matches"* ]]
}

@test "the quick part is the unit tests and some files, without their slow tests" {
    house
    unit one <<<$'printf "1..1\nok 1 - a\n"'
    cli usage <<<$'@test "fast" { true; }\n# bats test_tags=slow\n@test "slow" { false; }'
    cli other <<<$'@test "not among them" { false; }'
    run env --unset=WAITBENCH_TEST "$HOUSE/tests/run" --quick 3>&-
    [ "$status" -eq 0 ]
    [ "$(total)" = "3 passed, 0 failed" ]
}

@test "a build that fails is a failure, with what make said" {
    house
    cli fine <<<$'@test "one" { true; }'
    printf 'all unit:\n\t@echo "main.c:3: no semicolon"; false\n' >"$HOUSE/Makefile"
    in_house
    [ "$status" -eq 1 ]
    [ "$(total)" = "0 passed, 1 failed" ]
    [[ $output == *"no semicolon"* ]]
}

@test "a build with a warning is a failure" {
    house
    cli fine <<<$'@test "one" { true; }'
    printf 'all unit:\n\t@echo "main.c:3: warning: unused"\n' >"$HOUSE/Makefile"
    in_house
    [ "$status" -eq 1 ]
    [ "$(total)" = "1 passed, 1 failed" ]
}

@test "interrupted, the runner ends its tests, cleans up and says that it did not finish" {
    house
    unit slow <<<$'printf "1..1\n"; echo $$ >'"$BATS_TEST_TMPDIR/pid"$'; exec sleep 300'
    mkdir "$BATS_TEST_TMPDIR/tmp"
    env --unset=WAITBENCH_TEST --default-signal=INT,QUIT TMPDIR="$BATS_TEST_TMPDIR/tmp" \
        setsid "$HOUSE/tests/run" --stage=plain >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    runner=$!
    wait_for test -s "$BATS_TEST_TMPDIR/pid"
    kill -INT -- "-$runner"
    status=0
    wait "$runner" || status=$?
    [ "$status" -ne 0 ]
    [[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" == *" failed" ]]
    grep -q "not run to their end" "$BATS_TEST_TMPDIR/out"
    wait_for is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
    # A signal to the runner alone means all of it too.
    rm "$BATS_TEST_TMPDIR/pid"
    env --unset=WAITBENCH_TEST TMPDIR="$BATS_TEST_TMPDIR/tmp" "$HOUSE/tests/run" --stage=plain \
        >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    runner=$!
    wait_for test -s "$BATS_TEST_TMPDIR/pid"
    kill -TERM "$runner"
    status=0
    wait "$runner" || status=$?
    [ "$status" -ne 0 ]
    grep -q "not run to their end" "$BATS_TEST_TMPDIR/out"
    wait_for is_gone "$(<"$BATS_TEST_TMPDIR/pid")"
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "a runner that is killed outright begins no further file, and nothing is left" {
    house
    unit one <<<$'printf "1..1\nok 1 - a\n"; echo >>"$SEEN/one"; until [ -e "$SEEN/killed" ]; do sleep 0.05; done'
    cp "$HOUSE/build/tests/test_one" "$HOUSE/build/tests/test_two"
    touch "$HOUSE/tests/unit/test_two.c"
    mkdir "$BATS_TEST_TMPDIR/tmp"
    env --unset=WAITBENCH_TEST TMPDIR="$BATS_TEST_TMPDIR/tmp" SEEN="$BATS_TEST_TMPDIR" "$HOUSE/tests/run" \
        --stage=plain --jobs=1 >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    wait_for test -s "$BATS_TEST_TMPDIR/one"
    kill -KILL $!
    wait $! || true
    touch "$BATS_TEST_TMPDIR/killed"
    wait_for nothing_in "$BATS_TEST_TMPDIR/tmp"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/one")" -eq 1 ]
}

@test "a test that could not be begun is missed: no success without it" {
    house
    unit bad <<<$'printf "1..1\nnot ok 1 - a\n"'
    mkdir "$BATS_TEST_TMPDIR/tools"
    ln -s /usr/bin/* "$BATS_TEST_TMPDIR/tools/"
    rm "$BATS_TEST_TMPDIR/tools/sort"
    PATH=$BATS_TEST_TMPDIR/tools in_house
    [ "$status" -eq 1 ]
    [[ $output == *"not run to their end"* ]]
    in_house --jobs=9999999999999999999
    [ "$status" -eq 2 ]
    [[ $output == *"--jobs wants a number from 1 to 999"* ]]
}

@test "a bound of 0 percent, or of no number, is refused before anything is run" {
    house
    unit one <<<$'printf "1..1\nok 1 - a\n"'
    for wrong in 0 00 08 -5 nonsense 'jobs_max[0]' 1e3 9999999; do
        TEST_TIME=$wrong in_house
        [ "$status" -eq 2 ]
        [ "$output" = "run: TEST_TIME wants percent from 1 to 999999, not '$wrong'" ]
    done
}

@test "no file's test learns of the repository whose hook runs it, and all have a TMPDIR from the root" {
    house
    unit told <<<$'printf "1..1\nok 1 - $GIT_DIR $GIT_INDEX_FILE in ${TMPDIR%%/*}.\n"'
    mkdir "$HOUSE/folder"
    GIT_DIR=/there/.git GIT_INDEX_FILE=/there/index TMPDIR=folder in_house
    [ "$status" -eq 0 ]
    [[ $output == *"plain/unit/told:   in ."* ]]
}

@test "of two runs in one checkout the second builds when the first has" {
    house
    printf 'all:\n\t@mkdir building && sleep 0.5 && rmdir building\nunit:\n' >"$HOUSE/Makefile"
    cli none <<<$'@test "one" { true; }'
    env --unset=WAITBENCH_TEST "$HOUSE/tests/run" --stage=plain --only=cli/ >"$BATS_TEST_TMPDIR/first" 3>&- &
    in_house --only=cli/
    [ "$status" -eq 0 ]
    wait $!
}

@test "no test has a name that would count it as skipped" {
    run ! grep -nE '^@test .*#.*\{$' "$ROOT"/tests/cli/*.bats
}

@test "a file that leaves very many files behind is one failure like any other" {
    house
    unit litters <<<$'for i in {1..600}; do printf -v name "%0200d" $i; : >"$TMPDIR/$name"; done; printf "1..1\nok 1 - a\n"'
    in_house
    [ "$status" -eq 1 ]
    [ "$(total)" = "2 passed, 1 failed" ]
}

# A tree where everything is built at once, with the mutations in it.
mutated_tree() {
    mkdir -p "$BATS_TEST_TMPDIR/tree/tests" "$BATS_TEST_TMPDIR/tree/common"
    cp "$ROOT"/tests/{mutations,marked.bash} "$BATS_TEST_TMPDIR/tree/tests/"
    cp "$ROOT/common/workload.c" "$BATS_TEST_TMPDIR/tree/common/"
    printf 'all unit:\n\t@:\n' >"$BATS_TEST_TMPDIR/tree/Makefile"
}

@test "a mutation shows nothing where its test cannot be run, and one that no name matches is wrong usage" {
    mkdir "$BATS_TEST_TMPDIR/tools"
    ln -s /usr/bin/* "$BATS_TEST_TMPDIR/tools/"
    rm "$BATS_TEST_TMPDIR/tools/bats"
    mutated_tree
    PATH=$BATS_TEST_TMPDIR/tools run "$BATS_TEST_TMPDIR/tree/tests/mutations" --only="a list's NUL"
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == "BAD  a list's NUL bytes are refused: cli/usage does not pass with it" ]]
    run "$BATS_TEST_TMPDIR/tree/tests/mutations" --only=nothing-like-it
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "who ends the mutations does not wait for their test, and they test the copy alone" {
    mutated_tree
    mkdir "$BATS_TEST_TMPDIR/tools" "$BATS_TEST_TMPDIR/tmp"
    # shellcheck disable=SC2016  # the program's own
    printf '#!/bin/bash\ntimeout 60 sleep 60 &\necho $! >"%s"\necho "$PWD $WAITBENCH_BUILD $GIT_DIR" >"%s"\nread -rt 30 <>"%s"\n: >"%s"\n' \
        "$BATS_TEST_TMPDIR"/{own-group,where,nobody-writes,waited} >"$BATS_TEST_TMPDIR/tools/bats"
    mkfifo "$BATS_TEST_TMPDIR/nobody-writes"
    chmod +x "$BATS_TEST_TMPDIR/tools/bats"
    PATH=$BATS_TEST_TMPDIR/tools:$PATH WAITBENCH_BUILD=/there GIT_DIR=/there/.git TMPDIR=$BATS_TEST_TMPDIR/tmp \
        "$BATS_TEST_TMPDIR/tree/tests/mutations" --only="a list's NUL" 3>&- &
    wait_for test -s "$BATS_TEST_TMPDIR/where"
    told_to_end $!
    [ "$status" -eq 130 ]
    [ ! -e "$BATS_TEST_TMPDIR/waited" ]
    wait_for is_gone "$(<"$BATS_TEST_TMPDIR/own-group")"
    nothing_in "$BATS_TEST_TMPDIR/tmp"
    [[ "$(<"$BATS_TEST_TMPDIR/where")" == "$BATS_TEST_TMPDIR/tmp/waitbench-mutations."*'  ' ]]
}

@test "what fuzzes finds nothing where it was interrupted or has no target" {
    local found=$BATS_TEST_TMPDIR/build/fuzz
    mkdir -p "$found"
    fuzz() { run "$ROOT/tests/fuzz/run" --build="$BATS_TEST_TMPDIR/build" "$@"; }
    fuzz no-such-target
    [ "$status" -eq 2 ]
    [[ ${#lines[@]} -eq 1 && $output == "fuzz: there is no target 'no-such-target'; there are "* ]]
    for way in --seconds=1 --merge --replay; do
        fuzz $way units
        [ "$status" -eq 3 ]
        [[ ${#lines[@]} -eq 1 && $output == *units" is not built: make fuzz, or make replay" ]]
    done
    # As libFuzzer ends.
    printf '#!/bin/bash\ntrap "kill %%%%1; exit 72" TERM\necho $$ >"%s/pid"\nsleep 30 & wait\n' "$found" >"$found/units"
    chmod +x "$found/units"
    "$ROOT/tests/fuzz/run" --build="$BATS_TEST_TMPDIR/build" --seconds=30 units units >"$BATS_TEST_TMPDIR/out" 3>&- &
    wait_for test -s "$found/pid"
    told_to_end $!
    [ "$status" -eq 130 ]
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
    wait_for is_gone "$(<"$found/pid")"
}

@test "every file that starts an origin stops it in its teardown, also when a test fails" {
    local file
    for file in "$ROOT"/tests/cli/*.bats; do
        grep -q '^ *origin_start' "$file" || continue
        echo "${file##*/}"
        sed -n '/^teardown() {/,/^}/p' "$file" | grep -q origin_stop
    done
}
