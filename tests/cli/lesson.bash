# What the tests of the lessons share: `load lesson` in a .bats file, which loads lib too.
#
#   lesson_use NAME            sets LESSON to the program; goes to a folder of the test's own
#   lesson_once [OPTION]...    the files json, csv and text of one short measurement, which is made
#                              once for all tests of a file that ask for the same
#   lesson_figures <<'END'     figures for the rule, as lines `name = value` or `name = low value high`
#   lesson_verdicts <<'END'    lines `VERDICT: FILTER`: on those figures, changed by the jq FILTER, that is
#                              the verdict
#   lesson_figure NAME         a figure's value in the file json
#   lesson_holds FILTER        a jq filter that is true of the file json; in it $v has all values by name
#   lesson_measures_well       one short measurement: its text, JSON and CSV agree, and the figures
#                              read back give the same verdict
#   lesson_loses_children PID  kills what the lesson of that PID has started; false while there is nothing
#   lesson_without_room WORDS  with files of 64 KiB at most it ends with those words and status 1
#   on_one_processor COMMAND...  runs it where it has a single processor
#   without_proc COMMAND...  runs it with an empty /proc, which needs root
#   lesson_leaves_nothing [OPTION]...
#                              interrupted, it leaves no process and no file
#
# Each lesson's test calls the last two in a test each; tests/cli/lessons.bats sees to that.
# shellcheck shell=bash

load lib

# Usage: lesson_use NAME
lesson_use() {
    LESSON_NAME=$1
    LESSON=$BUILD/lessons/$1
    cd "$BATS_TEST_TMPDIR" || return 1
}

# Usage: lesson_figures <<'END': the figures that the rule gets, as `name = value` lines.
# `name = low value high` gives an interval.
lesson_figures() {
    IFS= read -rd '' FIGURES || true
}

# Usage: lesson_doctored FILTER: FIGURES as a waitbench-lesson/1 file a line, one for each result of the filter.
# The interval of what was counted is its value, the doctored one too.
lesson_doctored() {
    jq -ncR '[inputs | select(test("=")) | capture("^ *(?<name>.*[^ ]) *= *(?<numbers>.*)$")
        | (.numbers | [splits(" +") | select(. != "") | tonumber]) as $n
        | {name, value: ($n[1] // $n[0]), unit: "", low: $n[0], high: ($n[2] // $n[0])}]
        | {figures: .} | ('"$1"')
        | (.figures[] | select(.value != null and .low != null and .low == .high)) |= (.low = .value | .high = .value)
        ' <<<"$FIGURES"
}

# Usage: lesson_verdicts <<'END', with lines `VERDICT: FILTER`; empty ones and comments (#) are skipped.
# One jq makes all figures and one awk finds all verdicts: a process for each would cost more than the rule.
lesson_verdicts() {
    local line figures filters='' bad=0 i
    local -a lines=() found=()
    while IFS= read -r line; do
        line=${line#"${line%%[^ ]*}"}
        [[ -n $line && $line != '#'* ]] || continue
        lines+=("$line")
        filters+="${filters:+, }(${line#*: })"
    done
    : >said
    while IFS= read -r figures; do
        "$LESSON" --judge=- --json <<<"$figures" >>said || return 1
    done < <(lesson_doctored "$filters")
    mapfile -t found < <(awk -F'"' '$2 == "verdict" {print $4}' said)
    ((${#found[@]} == ${#lines[@]} && ${#lines[@]} > 0)) || { echo "${#found[@]} verdicts" && return 1; }
    for i in "${!lines[@]}"; do
        [[ ${lines[i]%%: *} == "${found[i]}" ]] || { echo "${found[i]}, not ${lines[i]}" && bad=1; }
    done
    return "$bad"
}

# Usage: lesson_once [OPTION]...
# shellcheck disable=SC2120  # its options come from the tests
lesson_once() {
    local kept=$BATS_FILE_TMPDIR/once-${*//[^a-z0-9.=]/_}
    if [[ ! -d $kept ]]; then
        mkdir -p "$kept.part" || return 1
        "$LESSON" --quick "$@" --json="$kept.part/json" --csv="$kept.part/csv" >"$kept.part/text" || return 1
        mv "$kept.part" "$kept" || return 1
    fi
    cp "$kept"/{json,csv,text} .
}

# Usage: lesson_figure NAME: that figure's value in the file json.
lesson_figure() {
    jq --arg name "$1" '.figures[] | select(.name == $name).value' json
}

# Usage: lesson_holds FILTER [OPTION]...: is the filter (with these further options of jq) true of the
# file json? In it $f is an object of all figures by name, and $v one of their values.
lesson_holds() {
    jq -e "${@:2}" '([.figures[] | {(.name): .}] | add) as $f | ($f | map_values(.value)) as $v | '"$1" json >/dev/null ||
        { cat json && return 1; }
}

# Usage: lesson_measures_well [OPTION]...
# shellcheck disable=SC2120  # its options come from the tests
lesson_measures_well() {
    lesson_once "$@" || return 1
    # The rule finds the same verdict in the figures, read back.
    "$LESSON" --judge=json --json >again || return 1
    jq -e --arg name "$LESSON_NAME" --rawfile text text --rawfile csv csv --slurpfile again again '
        .schema == "waitbench-lesson/1" and .name == $name
        and ([.claim, .about, .source, .rule, .reason, .answer] | all(type == "string" and length > 0))
        and (.verdict | IN("holds here", "does not hold here", "not decided here"))
        and (.figures | length > 0)
        and (.figures | map(.name) | length == (unique | length))
        and (.figures | all((.value == null) or (.low <= .value and .value <= .high)))
        and (.judged - [.figures[].name] == [])
        and .quick == true and (.environment.processors >= 1)
        and ([., $again[0]] | map({verdict, reason, answer, figures}) | .[0] == .[1])
        # The first line is the sentence, the verdict stands at the end.
        and (. as $json | $text | startswith("\($json.answer)\n")
            and endswith("\nVerdict: \($json.verdict): \($json.reason).\n"))
        # A table: every row has as many fields as the header.
        and ($csv | rtrimstr("\n") | split("\n") | length >= 2 and (map(split(",") | length) | unique | length == 1))
        ' json >/dev/null || { cat json again text && return 1; }
}

# Usage: on_one_processor COMMAND...
on_one_processor() {
    local mine
    mine=$(taskset -pc "$BASHPID")
    taskset -c "${mine##*[ ,-]}" "$@"
}

# Usage: without_proc COMMAND...
without_proc() {
    # shellcheck disable=SC2016  # the inner shell's
    unshare --mount --propagation private bash -euc 'mount -t tmpfs -o ro none /proc; exec "$@"' bash "$@"
}

# The processes of the session $1, without zombies that only await their parent.
session_members() {
    ps -o pid=,stat= -s "$1" | awk '$2 !~ /^Z/ {print $1}'
}

# A look at every process is dear; as long as the session's first one is there, it is not needed.
session_is_empty() {
    ! kill -0 "$1" 2>/dev/null && [ -z "$(session_members "$1")" ]
}

# Usage: wait_for lesson_loses_children PID
lesson_loses_children() {
    local children=''
    read -r children 2>/dev/null <"/proc/$1/task/$1/children" || true
    # shellcheck disable=SC2086  # one or more of them
    [[ -n $children ]] && kill -KILL $children
}

# The limit cuts a write short, as a full disk does, before it refuses one. Usage: lesson_without_room WORDS
# shellcheck disable=SC2016,SC2154  # the inner shell's; bats sets these
lesson_without_room() {
    run bash -c 'ulimit -f 64; exec "$@"' bash "$LESSON" --quick
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "$LESSON_NAME: $1" ]
}

# In the middle of things: it has children or threads. (A lesson that has neither is at work anyway.)
lesson_is_at_work() {
    local children='' tasks=("/proc/$1/task/"*)
    ((${#tasks[@]} == 1)) || return 0
    read -r children 2>/dev/null <"/proc/$1/task/$1/children" || true
    [[ -n $children ]] || ! kill -0 "$1" 2>/dev/null
}

lesson_leaves_nothing() {
    local pid left
    mkdir empty
    # A session of its own, so that its children are found whoever their parent is by then. Who is no
    # leader of a group becomes the session's first process itself, without a fork.
    (cd empty && exec env --default-signal=INT setsid "$LESSON" "$@" >../out 2>&1 3>&-) &
    pid=$!
    WAIT_SECONDS=1 wait_for lesson_is_at_work "$pid" 2>/dev/null || true
    kill -INT "$pid" 2>/dev/null || true # a quick one is over already
    wait_for session_is_empty "$pid" || { session_members "$pid" && return 1; }
    wait || true
    left=(empty/* empty/.[!.]*)
    [[ ${left[*]} == 'empty/* empty/.[!.]*' ]]
}
