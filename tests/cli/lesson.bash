# What the tests of the lessons share: `load lesson` in a .bats file, which loads lib too.
#
#   lesson_use NAME            sets LESSON to the program; goes to a folder of the test's own
#   lesson_once [OPTION]...    the files json, csv and text of one short measurement, which is made
#                              once for all tests of a file that ask for the same
#   lesson_verdict FILTER      the verdict on the figures of doctor_from(), changed by the jq FILTER
#   lesson_measures_well       one short measurement: its text, JSON and CSV agree, and the figures
#                              read back give the same verdict
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

# Figures for the rule, from `name = value` lines on standard input, as a waitbench-lesson/1 file.
# `name = low value high` gives an interval.
lesson_figures() {
    jq -R -n '{figures: [inputs | select(test("=")) | capture("^ *(?<name>.*[^ ]) *= *(?<numbers>.*)$")
        | (.numbers | [splits(" +") | select(. != "") | tonumber]) as $n
        | {name, value: ($n[1] // $n[0]), unit: "", low: $n[0], high: ($n[2] // $n[0])}]}'
}

# Usage: lesson_verdict FILTER: the verdict on the figures in the file `figures`.
lesson_verdict() {
    lesson_figures <figures | jq "$1" >figures.json || return 1
    "$LESSON" --judge=figures.json --json | jq -r .verdict
}

# Usage: lesson_once [OPTION]...
# shellcheck disable=SC2120  # its options come from the tests
lesson_once() {
    local kept
    kept=$BATS_FILE_TMPDIR/once-$(printf '%s ' "$@" | tr -c 'a-z0-9.=' _)
    if [[ ! -d $kept ]]; then
        rm -rf "$kept.part" && mkdir "$kept.part" || return 1
        "$LESSON" --quick "$@" --json="$kept.part/json" --csv="$kept.part/csv" >"$kept.part/text" || return 1
        mv "$kept.part" "$kept" || return 1
    fi
    cp "$kept"/{json,csv,text} .
}

# Usage: lesson_measures_well [OPTION]...
# shellcheck disable=SC2120  # its options come from the tests
lesson_measures_well() {
    lesson_once "$@" || return 1
    jq -e --arg name "$LESSON_NAME" '.schema == "waitbench-lesson/1" and .name == $name
        and ([.claim, .about, .source, .rule, .reason, .answer] | all(type == "string" and length > 0))
        and (.verdict | IN("holds here", "does not hold here", "not decided here"))
        and (.figures | length > 0)
        and (.figures | map(.name) | length == (unique | length))
        and (.figures | all((.value == null) or (.low <= .value and .value <= .high)))
        and (.judged - [.figures[].name] == [])
        and .quick == true and (.environment.processors >= 1)' json >/dev/null ||
        { cat json && return 1; }
    # The first line is the sentence, the verdict stands at the end.
    [ "$(head -n 1 text)" = "$(jq -r .answer json)" ] || return 1
    [ "$(tail -n 1 text)" = "$(jq -r '"Verdict: \(.verdict): \(.reason)."' json)" ] || return 1
    # A table: every row has as many fields as the header.
    awk -F, 'NR == 1 {n = NF} NF != n {print; exit 1} END {if (NR < 2) exit 1}' csv || return 1
    # The rule finds the same verdict in the figures, read back.
    "$LESSON" --judge=json --json >again || return 1
    jq -e -n --slurpfile was json --slurpfile is again '[$was[0], $is[0]]
        | map({verdict, reason, answer, figures}) | .[0] == .[1]' >/dev/null || { cat again && return 1; }
}

# The processes of the session $1, without zombies that only await their parent.
session_members() {
    ps -o pid=,stat= -s "$1" | awk '$2 !~ /^Z/ {print $1}'
}

session_is_empty() {
    [ -z "$(session_members "$1")" ]
}

# In the middle of things: it has children or threads. (A lesson that has neither is at work anyway.)
session_is_at_work() {
    [ "$(ps -o pid= -L -s "$1" | wc -l)" -gt 1 ]
}

lesson_leaves_nothing() {
    local pid
    mkdir empty
    # shellcheck disable=SC2016  # for the inner shell
    # A session of its own, so that its children are found whoever their parent is by then.
    (cd empty && exec env --default-signal=INT setsid bash -c 'echo "$$" >../session
        exec "$0" "$@"' "$LESSON" "$@" >../out 2>&1 3>&-) &
    wait_for test -s session || return 1
    pid=$(<session)
    WAIT_SECONDS=2 wait_for session_is_at_work "$pid" 2>/dev/null || true
    kill -INT "$pid" 2>/dev/null || true # a quick one is over already
    wait_for session_is_empty "$pid" || { session_members "$pid" && return 1; }
    wait || true
    [ -z "$(ls -A empty)" ]
}
