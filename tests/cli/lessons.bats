#!/usr/bin/env bats
# lessons.bats: what holds for every lesson on the shelf. What one lesson's figures
# must be, and that it measures and cleans up, is tested in lesson-NAME.bats.

# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup_file() {
    load lib
    make -s -C "$ROOT" list-lessons >"$BATS_FILE_TMPDIR/lessons"
}

setup() {
    load lib
    cd "$ROOT" || return 1
    mapfile -t LESSONS <"$BATS_FILE_TMPDIR/lessons"
}

# Usage: each_lesson FUNCTION: calls it with every lesson's name; says which one failed.
each_lesson() {
    local name
    for name in "${LESSONS[@]}"; do
        "$1" "$name" || { echo "lesson: $name" >&2; return 1; }
    done
}

# Which figures its rule reads a lesson says even with none: what all of them say, made once, in SAID.
without_figures() {
    local name
    SAID=$BATS_FILE_TMPDIR/said
    [[ ! -e $SAID ]] || return 0
    for name in "${LESSONS[@]}"; do
        "$BUILD/lessons/$name" --judge=- --json <<<'{"figures": []}' || return 1
    done >"$SAID.part"
    mv "$SAID.part" "$SAID"
}

# Usage: judge_each <SETS >ANSWERS: sets are lines `LESSON <tab> WORDS <tab> FIGURES`; an answer is
# a line `= LESSON <tab> WORDS` and what the lesson says of the figures, as JSON.
judge_each() {
    local name words figures
    while IFS=$'\t' read -r name words figures; do
        printf '= %s\t%s\n' "$name" "$words"
        "$BUILD/lessons/$name" --judge=- --json <<<"$figures" || return 1
    done
}

# Usage: are_undecided ANSWERS LEAST: are there as many answers or more, none of them decided, and
# each for a reason that has the words in it? Says which is not.
are_undecided() {
    awk -F'\t' -v least="$2" '/^= / {n++; name = $1; words = $2}
        /^ *"verdict":/ && /"not decided here"/ {undecided++; next}
        /^ *"verdict":/ {print name ": " words ": decided"}
        /^ *"reason":/ {if (index($0, words)) told++; else print name ": no " words " in " $0}
        END {exit !(n >= least && undecided == n && told == n)}' "$1"
}

# bats test_tags=plain
@test "the shelf is not empty and has no name twice" {
    [ "${#LESSONS[@]}" -ge 2 ]
    local -A seen=()
    for name in "${LESSONS[@]}"; do
        [[ -z ${seen[$name]:-} ]]
        seen[$name]=yes
    done
}

has_its_parts() {
    local folder=lessons/$1 part test
    for part in "$1.c" "$1_measure.c" "$1.gp" README.md; do
        [ -s "$folder/$part" ] || { echo "no $part"; return 1; }
    done
    [[ $LIST == *$'\n'"| [$1]($1/README.md) |"* ]] || { echo "not in lessons/README.md"; return 1; }
    IFS= read -rd '' test <"tests/cli/lesson-$1.bats" || true
    for part in "lesson_use $1" lesson_measures_well lesson_leaves_nothing lesson_verdicts; do
        [[ $test == *"$part"* ]] || { echo "its test has no $part"; return 1; }
    done
}

# bats test_tags=plain
@test "every lesson has its parts, its test and its row in the list" {
    IFS= read -rd '' LIST <lessons/README.md || true
    each_lesson has_its_parts
    for part in '## The claim' '## Before you run it, ask the class' '## What to watch' \
        '## What the figures mean, and what they do not' '## Further reading'; do
        lacking=$(grep -LxF -e "$part" lessons/*/README.md) || true
        [ -z "$lacking" ] || { echo "no part '$part': $lacking"; return 1; }
    done
}

# bats test_tags=plain
@test "what is read aloud is under 200 lines, and all C at most 80 columns" {
    local -a files=()
    for name in "${LESSONS[@]}"; do
        files+=("lessons/$name/$name.c")
    done
    awk 'FNR == 200 {print FILENAME " is too long"; bad = 1} END {exit bad}' "${files[@]}"
    run ! env LC_ALL=C.UTF-8 grep -nE '^.{81}' lessons/*/*.[ch]
}

# bats test_tags=plain
@test "a lesson holds nothing of another" {
    # A file of lessons/NAME/ that names another lesson's folder.
    awk -v list="${LESSONS[*]}" 'BEGIN {n = split(list, lessons, " "); for (i = 1; i <= n; i++) known[lessons[i]]}
        FNR == 1 {split(FILENAME, part, "/")}
        {for (rest = $0; match(rest, "lessons/[^/]*/"); rest = substr(rest, RSTART + RLENGTH - 1)) {
            other = substr(rest, RSTART + 8, RLENGTH - 9)
            if (other in known && other != part[2]) {print FILENAME ": " $0; bad = 1}}}
        END {exit bad}' lessons/*/*.[ch]
}

# bats test_tags=plain
@test "a lesson links with the C library alone" {
    [[ $BUILD != *sanitize* ]] || skip "a sanitizer is a library"
    # What ldd does, without its shell: a line for each library.
    for name in "${LESSONS[@]}"; do
        echo "$name:"
        LD_TRACE_LOADED_OBJECTS=1 "$BUILD/lessons/$name"
    done | awk '/:$/ {file = $1; next} {n++}
        $1 !~ /^(linux-vdso|libc|libm|libpthread)\.so|\/ld-linux/ {print file " links with " $1; bad = 1}
        END {exit bad || n == 0}'
}

# bats test_tags=plain
@test "a rule without one of its figures does not decide" {
    without_figures
    # A set for each figure of each lesson, which lacks it or has it without a value.
    # So is one without an end of its interval: each comparison with that would be false.
    jq -r '.name as $lesson | .judged as $names | range($names | length) as $i | $names[$i] as $missing
        | [$names[] | select(. != $missing or $i % 4 != 0)
            | {name: ., value: 2, unit: "", low: 2, high: 2} + if . != $missing then {} else
                [{}, {value: null}, {low: null}, {high: null}][$i % 4] end]
        | "\($lesson)\t\($missing)\t\({figures: .} | tojson)"' "$SAID" >"$BATS_TEST_TMPDIR/sets"
    judge_each <"$BATS_TEST_TMPDIR/sets" >"$BATS_TEST_TMPDIR/answers"
    are_undecided "$BATS_TEST_TMPDIR/answers" $((3 * ${#LESSONS[@]}))
}

# bats test_tags=plain
@test "a lesson about parallelism does not decide below 1.6 processors" {
    without_figures
    jq -r 'select(.judged | index("two busy processes against one"))
        | "\(.name)\t1.59\t\({figures: [.judged[] | {name: ., value: 1.59, unit: "", low: 1.59, high: 1.59}]} | tojson)"' \
        "$SAID" >"$BATS_TEST_TMPDIR/sets"
    judge_each <"$BATS_TEST_TMPDIR/sets" >"$BATS_TEST_TMPDIR/answers"
    are_undecided "$BATS_TEST_TMPDIR/answers" 3
}

# bats test_tags=plain
@test "figures that are read back are not said to be measured here and now" {
    NAME=await-race
    "$BUILD/lessons/$NAME" --quick --times=1 --json |
        jq -e '.quick == true and (.started_at | length == 20) and .environment.processors >= 1'
    # shellcheck disable=SC2094  # both read it
    "$BUILD/lessons/$NAME" --judge=- --json <results/sample/lessons/await-race.json |
        jq -e --slurpfile saved results/sample/lessons/await-race.json \
            '.figures == $saved[0].figures and .quick == null and .started_at == null and .environment == null'
}

# Usage: ends_with STATUS OPTION...: does the lesson NAME?
ends_with() {
    local status=0
    "$BUILD/lessons/$NAME" "${@:2}" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
    [ "$status" -eq "$1" ] || { echo "$NAME ${*:2}: $status" && cat "$BATS_TEST_TMPDIR/out" && return 1; }
}

@test "wrong usage ends with 2, unreadable figures with 1, --help with 0" {
    turn=0
    for NAME in "${LESSONS[@]}"; do
        # The help is each lesson's own. What is wrong the shelf finds for all of them: they take turns.
        ends_with 0 --help
        case $((turn++ % 5)) in
        0) ends_with 2 --nonsense ;;
        1) ends_with 2 a-word ;;
        2) ends_with 2 --json=x --csv=x ;;
        3)
            for value in oops inf nan -inf 0x10 1e999 -; do
                ends_with 1 --judge=- <<<"{\"figures\": [{\"name\": \"a\", \"value\": $value}]}"
            done
            ;;
        4) ends_with 1 --judge=- </dev/null ;;
        esac
    done
}

@test "figures outside their own intervals, or that are not finite, are refused, not judged" {
    run_figure() {
        run "$BUILD/lessons/await-race" --judge=- --json <<<"{\"figures\": [{\"name\": \"no await between: lost\", $1}]}"
        echo "$1: $status $output"
    }
    for numbers in '"value": 5, "low": 6, "high": 7' '"value": 8, "low": 6, "high": 7' \
        '"value": 7, "low": 8, "high": 6' '"value": null, "low": 7, "high": 6' '"low": null, "value": 8, "high": 7'; do
        run_figure "$numbers"
        [ "$status" -eq 1 ]
        [ "$output" = 'await-race: "no await between: lost" lies outside its own interval: Bad message' ]
    done
    for number in value low high; do
        run_figure "\"$number\": 1e999"
        [ "$status" -eq 1 ]
        [ "$output" = "await-race: Bad message" ]
    done
    # At its ends it is inside, and what is not known is nowhere else.
    for numbers in '"value": 6, "low": 6, "high": 7' '"value": 7, "low": 7, "high": 7' '"value": 7, "low": null, "high": null'; do
        run_figure "$numbers"
        [ "$status" -eq 0 ]
    done
}

# bats test_tags=plain
@test "--live and a file on standard output exclude each other" {
    for NAME in event-loop time-slicing; do
        ends_with 2 --live --quick --json
        ends_with 2 --csv=- --quick --live
    done
    [[ $(<"$BATS_TEST_TMPDIR/out") == *"--live shows on standard output"* ]]
}

# bats test_tags=plain
@test "a number of things has no fraction" {
    NAME=cooperative-scheduler
    ends_with 2 --kill=0.5
    [[ $(<"$BATS_TEST_TMPDIR/out") == *"--kill is a whole number from 0 to 1, not '0.5'"* ]]
    NAME=creation-cost
    ends_with 2 --parent=16.5
    # 1e2 is whole, and seconds may have one.
    NAME=interleavings
    ends_with 0 --trials=1e2 --csv=/dev/null
    NAME=overlapping-waits
    ends_with 0 --quick --unit=0.0015
}

@test "a lesson that is not done in time says so, and ends with 1 and all its processes" {
    load lesson
    cd "$BATS_TEST_TMPDIR"
    # Alone in a session, as in lesson_leaves_nothing; its time is over when this says so.
    # What the caller blocks is no way round it.
    (exec env --block-signal=ALRM setsid "$BUILD/lessons/overlapping-waits" --unit=1 >out 2>err 3>&-) &
    pid=$!
    wait_for lesson_is_at_work "$pid"
    kill -ALRM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    [ "$(<err)" = "overlapping-waits: not done in the time that a lesson has: ask for less with --unit, --quick" ]
    wait_for session_is_empty "$pid"
}

# bats test_tags=plain
@test "a lesson whose process was killed says that one failed" {
    load lesson
    "$BUILD/lessons/overlapping-waits" --unit=1 >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    pid=$!
    wait_for lesson_loses_children "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    [ "$(<"$BATS_TEST_TMPDIR/err")" = "overlapping-waits: a process that it started failed" ]
}

# Usage: make_mortal, which makes mortal.so: the MORTAL-th that a process forks (a child goes on counting), or each
# grandchild where that is its word, is killed as it begins, or at its CALLS-th call of CALL.
make_mortal() {
    make_preload mortal <<'END'
#include <dlfcn.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static int forks, generation, calls;
static void *real(const char *call)
{
    if (calls && !strcmp(call, getenv("CALL")) && !--calls)
        raise(SIGKILL);
    return dlsym(RTLD_NEXT, call);
}
pid_t fork(void)
{
    pid_t pid = ((pid_t (*)(void))real("fork"))();
    forks++;
    generation += pid == 0;
    if (pid == 0 && (strcmp(getenv("MORTAL"), "grandchild") ? forks == atoi(getenv("MORTAL")) : generation == 2)) {
        if (!getenv("CALLS"))
            raise(SIGKILL);
        calls = atoi(getenv("CALLS"));
    }
    return pid;
}
ssize_t write(int fd, const void *from, size_t n)
{
    return ((ssize_t (*)(int, const void *, size_t))real("write"))(fd, from, n);
}
int sem_post(sem_t *semaphore)
{
    return ((int (*)(sem_t *))real("sem_post"))(semaphore);
}
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    return ((int (*)(const struct timespec *, struct timespec *))real("nanosleep"))(wanted, left);
}
long syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    return ((long (*)(long, ...))real("syscall"))(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
END
}

# bats test_tags=plain
@test "a lesson whose server or worker is killed before it is ready ends at once, and says that one failed" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    load lesson
    cd "$BATS_TEST_TMPDIR"
    make_mortal
    # On one processor no children are asked whether there are two. Of kill-a-worker's it is the one that all
    # others wait for; of download-two-ways' the first server that select waits for, then the coroutines'.
    local mortal
    for mortal in '2 accept-policy' '3 kill-a-worker' '1 memory-per-task' '1 time-slicing' '2 race --most=100' \
        '4 download-two-ways' '5 download-two-ways'; do
        # shellcheck disable=SC2086  # a name and an option
        run on_one_processor timeout 60 env MORTAL="${mortal%% *}" LD_PRELOAD="$PWD/mortal.so" \
            "$BUILD"/lessons/${mortal#* } --quick
        echo "$mortal: $status $output"
        [ "$status" -eq 1 ]
        mortal=${mortal#* }
        [ "$output" = "${mortal%% *}: a process that it started failed" ]
    done
}

# bats test_tags=plain
@test "a lesson whose child is killed in mid-work ends at once, and says that one failed" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    load lesson
    cd "$BATS_TEST_TMPDIR"
    make_mortal
    # Of creation-cost's it is the pool's, after 15 rounds of 15 forked; of switch-cost's the second player, by pipe
    # and by futex; of kill-a-worker's one that has an item when the victim is gone; of accept-policy's the one that
    # is to take all requests, after 5 rounds of 6 ways with 80.
    while read -r mortal call calls lesson; do
        run on_one_processor timeout 100 env MORTAL="$mortal" CALL="$call" CALLS="$calls" LD_PRELOAD="$PWD/mortal.so" \
            "$BUILD/lessons/$lesson" --quick
        echo "$lesson, at $call: $status $output"
        [ "$status" -eq 1 ]
        [ "$output" = "$lesson: a process that it started failed" ]
    done <<'END'
226 sem_post 100 creation-cost
grandchild write 10 switch-cost
grandchild syscall 10 switch-cost
2 nanosleep 6 kill-a-worker
2401 nanosleep 1 accept-policy
END
}

# bats test_tags=plain
@test "closed standard descriptors are nobody else's, nor is a lesson that nobody hears a success" {
    local code=0
    cd "$BATS_TEST_TMPDIR"
    # Its first file is the log that the origin writes to, as its own standard output.
    "$BUILD/lessons/dataflow" --quick --json=json <&- >&- 2>err || code=$?
    cat err
    [ "$code" -eq 1 ]
    [ "$(<err)" = "dataflow: standard output: could not be written: Bad file descriptor" ]
    jq -e '.answer | contains("(written by the origin)")' json
    # The first of this one lies open to the end, and would take in the text.
    code=0
    "$BUILD/lessons/what-bounds-it" --quick >&- 2>err || code=$?
    cat err
    [ "$code" -eq 1 ]
    [ "$(<err)" = "what-bounds-it: standard output: could not be written: Bad file descriptor" ]
}

# bats test_tags=plain
@test "what a lesson could not write to the end is not there, and what was there before stays" {
    cd "$BATS_TEST_TMPDIR"
    NAME=await-race
    echo old >figures.json
    # 1 KiB: less than either of the two.
    for file in json csv; do
        # shellcheck disable=SC2016  # the inner shell's
        run bash -c 'ulimit -f 1; exec "$@"' bash "$BUILD/lessons/$NAME" --times=1 "--$file=figures.json"
        echo "$output"
        [ "$status" -eq 1 ]
        [ "$output" = "await-race: figures.json: could not be written: File too large" ]
        [ "$(<figures.json)" = old ]
        [ "$(ls)" = figures.json ]
    done
}

# bats test_tags=user
@test "an output that cannot be written is refused before anything is measured, and nothing is made" {
    mkdir "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/here/folder"
    cd "$BATS_TEST_TMPDIR/here"
    # Who measured would say that there is no such log.
    refused() {
        run "$BUILD/lessons/dataflow" --log=no-such-log "$1"
        echo "$output"
        [ "$status" -eq 2 ] && [ "$output" = "dataflow: $1: cannot be written: $2" ] && [ "$(echo *)" = folder ]
    }
    for option in --json --csv; do
        refused "$option=no/such/file" "No such file or directory"
        refused "$option=folder" "Is a directory"
        refused "$option=" "No such file or directory"
        refused "$option=$(printf 'x%.0s' {1..300})" "File name too long"
    done
    chmod a-w folder
    ((EUID == 0)) || refused --json=folder/file "Permission denied"
    # Nor is anything made where it fails later.
    run "$BUILD/lessons/dataflow" --log=no-such-log --json=json --csv=csv
    [ "$status" -eq 1 ]
    [ "$(echo *)" = folder ]
}

# bats test_tags=plain
@test "a lesson does not write its figures and its rows to one file, by whatever names" {
    cd "$BATS_TEST_TMPDIR"
    NAME=await-race
    run "$BUILD/lessons/$NAME" --times=1 --json=both --csv=./both
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "await-race: ./both: --json and --csv cannot share one output" ]
    jq -e '.name == "await-race"' both
    # Once it is there, that is seen before anything is measured.
    ln -s both link
    ends_with 2 --json=both --csv=link
    jq -e '.name == "await-race"' both
}

# bats test_tags=plain
@test "children that the caller ignores are waited for" {
    for NAME in overlapping-waits processes-from-async; do
        status=0
        env --ignore-signal=CHLD "$BUILD/lessons/$NAME" --quick || status=$?
        [ "$status" -eq 0 ]
    done
}

@test "where a thread or a process cannot be made, a lesson says so and ends" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    local scarce name
    for scarce in THREAD:at:2:interleavings THREAD:at:2:overlapping-waits THREAD:at:2:kill-a-worker \
        THREAD:at:3:dataflow FORK:at:2:event-loop FORK:at:3:ipc-cost FORK:at:9:accept-policy; do
        name=${scarce##*:}
        scarce=${scarce%:*}
        run env "SHIM_${scarce%%:*}=${scarce#*:}" LD_PRELOAD="$BUILD/tests/shim.so" \
            timeout 60 "$BUILD/lessons/$name" --quick
        [ "$status" -eq 1 ] || { echo "$name: $status $output" && return 1; }
        [[ "$output" == "$name: "* ]]
    done
}

# bats test_tags=plain
@test "where memory ends while it writes, a lesson says so, and its table is whole or is not there" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    local nth lesson refused=0
    cd "$BATS_TEST_TMPDIR"
    # With the last number none is refused: so many rows there must be.
    for nth in {9..16} 99999; do
        for lesson in 'await-race --times=1' 'interleavings --trials=100'; do
            # shellcheck disable=SC2086  # a name and an option
            run env SHIM_MEMORY=at:"$nth" LD_PRELOAD="$BUILD/tests/shim.so" \
                timeout 60 "$BUILD"/lessons/$lesson --csv="${lesson%% *}-$nth.csv"
            [ "$status" -ne 0 ] || continue
            [[ $status -eq 1 && $output == "${lesson%% *}: "?* ]] || { echo "$lesson $nth: $status $output" && return 1; }
            ((++refused))
        done
    done
    ((refused > 2))
    awk -F, 'FNR == 1 {fields = NF; name = FILENAME; sub("-[0-9]*.csv", "", name)} {rows[FILENAME]++}
        NF != fields {print FILENAME ": " $0; bad = 1}
        {lesson[FILENAME] = name} END {for (file in rows) if (rows[file] != rows[lesson[file] "-99999.csv"]) bad = 1
            exit bad}' ./*.csv
}

# bats test_tags=plain
@test "without /proc and /tmp, on one processor, a lesson measures, or says what it lacks" {
    unshare --mount --propagation private true 2>/dev/null || skip "no mount namespace is to be had here"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -euc '
        mount -t tmpfs none /mnt
        cp "${@:2}" /mnt/
        mount -o remount,ro /mnt
        mount -t tmpfs -o ro none /tmp
        mount -t tmpfs -o ro none /proc
        unset TMPDIR
        cd /mnt
        for lesson in *; do
            status=0
            taskset -c "$1" "./$lesson" --quick || status=$?
            echo "$lesson: status $status"
        done' bash "$(taskset -pc $$ | sed 's/.*[: ]\([0-9]*\).*/\1/')" \
        "$BUILD"/lessons/{join-and-barrier,kill-a-worker,limits,memory-per-task,what-bounds-it}
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c ': status 0$' <<<"$output")" -eq 3 ]
    [ "$(grep -c '^Verdict: ' <<<"$output")" -eq 3 ]
    [[ $output == *$'\n'"Verdict: not decided here: the figure \"processes under RLIMIT_NPROC\""*$'\n'"limits: status 0"* ]]
    [[ $output == *$'\n'"memory-per-task: "*/proc/PID/*": No such file or directory"$'\n'"memory-per-task: status 1"* ]]
    [[ $output == *$'\n'"what-bounds-it: "*/tmp": Read-only file system"$'\n'"what-bounds-it: status 1"* ]]
}

@test "scripts/lessons writes claims.md and a page that holds everything" {
    out=$BATS_TEST_TMPDIR/out
    run scripts/lessons --quick --formats=png --out="$out" overlapping-waits
    [ "$status" -eq 0 ]
    [[ "$output" == *"$out/charts/overlapping-waits.png"* ]]
    [ "$(head -c 8 "$out/charts/overlapping-waits.png" | od -An -tx1)" = " 89 50 4e 47 0d 0a 1a 0a" ]
    grep -q "^| overlapping-waits | .* | \*\*$(jq -r .verdict "$out/overlapping-waits.json")\*\* |" "$out/claims.md"
    grep -qF "$(jq -r .answer "$out/overlapping-waits.json")" "$out/lessons.html"
    # Self-contained: it loads nothing from anywhere.
    if grep -oE '(src|href|srcset)="[^"]{0,40}' "$out/lessons.html" | grep -vE '="(data:|#)'; then return 1; fi
    grep -q 'base64,[A-Za-z0-9+/=]\{1000,\}' "$out/lessons.html"
}

@test "scripts/lessons: a lesson that fails takes its old results with it, and says so" {
    out=$BATS_TEST_TMPDIR/out
    mkdir -p "$out" "$BATS_TEST_TMPDIR/build"
    cp "$BUILD/lessons/overlapping-waits" "$BATS_TEST_TMPDIR/build/"
    printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/build/race"
    chmod +x "$BATS_TEST_TMPDIR/build/race"
    echo '{}' >"$out/race.json"
    LESSONS_BUILD=$BATS_TEST_TMPDIR/build run scripts/lessons --quick --formats=svg --out="$out" race overlapping-waits
    [ "$status" -eq 1 ]
    [[ "$output" == *"race failed"* ]]
    [ ! -e "$out/race.json" ]
    grep -q '<h2>overlapping-waits</h2>' "$out/lessons.html"
    [ "$(grep -c '<h2>race</h2>' "$out/lessons.html")" -eq 0 ]
}

# bats test_tags=plain
@test "scripts/lessons: on a full disk nothing is cut off: what was there stays, and the status is 1" {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -euc '
        mount -t tmpfs -o size=1m none /mnt
        export LESSONS_BUILD=$1/lessons
        "$1/lessons/await-race" --times=1 --json=/mnt/await-race.json --csv=/mnt/await-race.csv >/dev/null
        scripts/lessons --draw --formats=svg --out=/mnt await-race >/dev/null
        find /mnt -type f -exec sha256sum {} + | sort >"$2"
        # 8 KiB are left: less than a picture, and than the page.
        { cat /dev/zero >/mnt/fill; } 2>&- || truncate -s -8K /mnt/fill
        scripts/lessons --draw --formats=svg --out=/mnt await-race || echo "status $?"
        find /mnt -type f ! -name fill -exec sha256sum {} + | sort | diff "$2" -' bash "$BUILD" "$BATS_TEST_TMPDIR/before"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/before")" -eq 6 ]
    [[ $output == *"lessons: the chart of await-race could not be drawn"* ]]
    [[ $output == *"lessons: /mnt/lessons.html: not written"$'\n'"status 1" ]]
    [[ $output != *": chart "* && $output != *"All lessons"* ]]
}

# bats test_tags=plain
@test "scripts/lessons: a result that is damaged is named, and the page is made of the others" {
    out=$BATS_TEST_TMPDIR/out
    mkdir "$out"
    cp results/sample/lessons/await-race.json "$out/"
    for damage in 'head -c 500' 'echo {} #' 'cat results/sample/lessons/await-race.json'; do
        eval "$damage results/sample/lessons/locks.json" >"$out/locks.json"
        rm -f "$out"/claims.md "$out"/lessons.html
        LESSONS_BUILD=$BUILD/lessons run scripts/lessons --draw --out="$out" await-race
        echo "$output"
        [ "$status" -eq 1 ]
        [[ $output == "lessons: $out/locks.json is damaged: make lesson-locks"* ]]
        [ "$(grep -c '^| [a-z-]* | .* | .* | \*\*' "$out/claims.md")" -eq 1 ]
        grep -q '^| await-race |' "$out/claims.md"
        [ "$(tail -n 1 "$out/lessons.html" | tail -c 15)" = "</body></html>" ]
        [ "$(grep -c '<article' "$out/lessons.html")" -eq 1 ]
    done
}

# A lesson that waits: PID holds its process. Usage: waiting_lesson FOLDER
waiting_lesson() {
    mkdir -p "$1"
    # shellcheck disable=SC2016  # the lesson's own
    printf '#!/bin/sh\necho begun\necho $$ >"$PID.part"\nmv "$PID.part" "$PID"\nexec sleep 60\n' >"$1/race"
    chmod +x "$1/race"
}

# bats test_tags=plain
@test "scripts/lessons: who ends it ends the lesson that runs, and what it began is not left" {
    out=$BATS_TEST_TMPDIR/out
    export PID=$BATS_TEST_TMPDIR/pid LESSONS_BUILD=$BATS_TEST_TMPDIR/build
    waiting_lesson "$LESSONS_BUILD"
    for signal in TERM INT; do
        rm -f "$PID"
        env --default-signal=INT setsid scripts/lessons --out="$out" race >/dev/null 2>&1 3>&- &
        script=$!
        wait_for test -s "$PID"
        lesson=$(<"$PID")
        # A terminal's Ctrl-C reaches all of them.
        if [ "$signal" = INT ]; then kill -INT -- "-$script"; else kill -TERM "$script"; fi
        status=0
        wait "$script" || status=$?
        if kill -0 "$lesson" 2>/dev/null; then kill -KILL "$lesson" && echo "SIG$signal: the lesson goes on" && return 1; fi
        [ "$status" -eq 130 ]
        [ -z "$(find "$out" -type f)" ]
    done
}

@test "scripts/lessons refuses what it does not know" {
    run scripts/lessons --nonsense
    [ "$status" -eq 2 ]
    run scripts/lessons --out="$BATS_TEST_TMPDIR/out" no-such-lesson
    [ "$status" -eq 2 ]
    [ ! -e "$BATS_TEST_TMPDIR/out" ]
    run scripts/lessons --formats=svg,gif --out="$BATS_TEST_TMPDIR/out" no-such-lesson
    [ "$status" -eq 2 ]
    [ "$output" = "lessons: the formats are svg, png and pdf, not 'svg,gif'" ]
    [ ! -e "$BATS_TEST_TMPDIR/out" ]
    # Started elsewhere, its lessons are where they were built all the same.
    cd "$BATS_TEST_TMPDIR" || return
    LESSONS_BUILD='' run "$ROOT/scripts/lessons" --out=out no-such-lesson
    [ "$status" -eq 2 ]
    [ "$output" = "lessons: no lesson 'no-such-lesson' in $ROOT/build/lessons" ]
    cd "$ROOT" || return
    run scripts/lessons --help
    [ "$status" -eq 0 ]
}
