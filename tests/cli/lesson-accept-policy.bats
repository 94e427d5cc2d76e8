#!/usr/bin/env bats
# accept-policy: requests are counted by the client; a worker's share bounds the time from below.

setup() {
    load lesson
    lesson_use accept-policy
    lesson_figures <<'END'
        500 in 80 hands = 70
        one at a time: total = 70 75 80
        all that wait: total = 100 400 900
        one not blocking: total = 5 6 6.9
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --scale=0.01
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "every request of every run is answered once, and no run is shorter than its busiest worker" {
    lesson_once --scale=0.01
    # Six ways of five runs, and one with one worker first.
    [ "$(tail -n +2 csv | wc -l)" -eq 31 ]
    awk -F, 'NR > 1 && $(NF - 5) != 500 {exit 1}' csv
    awk -F, 'NR > 1 && !/not blocking/ && $(NF - 6) < $(NF - 4) * 0.001 {print; exit 1}' csv
    # 500 in 80 hands: somebody has seven at least, and who has them is counted.
    awk -F, 'NR > 1 && ($(NF - 4) < 7 || $(NF - 3) < 1 || $(NF - 3) > 80 || $(NF - 4) * $(NF - 3) < 500) {print; exit 1}' csv
    # The first, alone, takes all of them.
    [[ "$(grep '^all with one worker first' csv)" == *,500,500,1,* ]]
    jq -e '[.figures[] | {(.name): .}] | add | .["all with one worker first: most for one"].value == 500
        and .["all with one worker first: total"].value >= 500 and .["one at a time: total"].low >= 7' json
}

@test "who accepts one at a time is woken once a request; a herd is woken more often than it serves" {
    lesson_once --scale=0.01
    awk -F, '/^one at a time,/ && ($(NF - 2) != 500 || $(NF - 1) != 0) {print; exit 1}' csv
    awk -F, '/^all that wait/ && $(NF - 2) < $(NF - 1) + $(NF - 3) {print; exit 1}' csv
}

# A run under strace, the same for all tests: thousands of processes are forked in each. A file for
# each of them (-ff), so that no call is torn in two. Sets how often each call was made.
traced() {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "too slow under both"
    if [[ ! -e $BATS_FILE_TMPDIR/calls ]]; then
        mkdir of
        strace -ff --seccomp-bpf -qq -e signal=none -e trace=%process,epoll_ctl,setsockopt -o of/of \
            "$LESSON" --quick --scale=0.005 --csv="$BATS_FILE_TMPDIR/csv" --json=json >/dev/null ||
            skip "strace may not trace here"
        find of -type f -exec cat {} + >"$BATS_FILE_TMPDIR/calls"
    fi
    read -r FORKS EXCLUSIVE OTHERS REUSEPORT < <(awk '/^(clone|clone3|fork)\(.*SIGCHLD.* = [0-9]/ {forks++}
        /EPOLL_CTL_ADD/ {if (/EPOLLEXCLUSIVE/) exclusive++; else others++}
        /SO_REUSEPORT, \[1\]/ {reuseport++}
        END {print forks + 0, exclusive + 0, others + 0, reuseport + 0}' "$BATS_FILE_TMPDIR/calls")
}

@test "each run has eighty workers, forked" {
    traced
    [ "$FORKS" -eq $((31 * 80)) ]
}

@test "EPOLLEXCLUSIVE and SO_REUSEPORT are asked of the kernel by every worker whose way it is" {
    traced
    # Five runs of eighty workers; a worker that the work was done without may be dismissed before it has asked.
    [ "$EXCLUSIVE" -gt $((4 * 80)) ] && [ "$EXCLUSIVE" -le $((5 * 80)) ]
    # All others watch without it: three more ways, and a run with one first.
    [ "$OTHERS" -gt $((3 * 4 * 80)) ] && [ "$OTHERS" -le $(((3 * 5 + 1) * 80)) ]
    # A door for each worker, and for nobody else.
    [ "$REUSEPORT" -eq $((5 * 80)) ]
    # The kernel deals 500 to eighty doors: that twenty get none never happens, nor that one gets them all.
    awk -F, '/^all with SO_REUSEPORT,/ && ($(NF - 3) < 60 || $(NF - 4) > 250) {print; exit 1}' "$BATS_FILE_TMPDIR/csv"
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[1].value = 77.2
        not decided here: .figures[1].value = 77.2 | .figures[3] |= (.value = 7.1 | .high = 8)
        holds here: .figures[3] |= (.value = 7.1 | .high = 8)
        does not hold here: .figures[2].value = 153
END
}
