#!/usr/bin/env bats
# accept-policy: requests are counted by the client; a worker's share bounds the time from below.

setup() {
    load lesson
    lesson_use accept-policy
    cat >figures <<'END'
        500 in 80 hands = 70
        one at a time: total = 70 75 80
        all that wait: total = 100 400 900
        one not blocking: total = 5 6 6.9
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
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

@test "each run has eighty workers, forked" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "too slow under both"
    strace -qq -e trace=%process -o calls "$LESSON" --quick --scale=0.005 --json=json >/dev/null ||
        skip "strace may not trace here"
    [ "$(grep -c 'SIGCHLD.* = [0-9]' calls)" -eq $((31 * 80)) ]
}

@test "EPOLLEXCLUSIVE and SO_REUSEPORT are asked of the kernel by every worker whose way it is" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "too slow under both"
    strace -f --seccomp-bpf -qq -e signal=none -e trace=epoll_ctl,setsockopt -o calls \
        "$LESSON" --quick --scale=0.005 --csv=csv --json=json >/dev/null || skip "strace may not trace here"
    # Five runs of eighty workers; a worker that the work was done without may be dismissed before it has asked.
    asked=$(grep -c 'EPOLL_CTL_ADD.*EPOLLEXCLUSIVE' calls)
    [ "$asked" -gt $((4 * 80)) ] && [ "$asked" -le $((5 * 80)) ]
    # All others watch without it: three more ways, and a run with one first.
    others=$(grep 'EPOLL_CTL_ADD' calls | grep -vc EPOLLEXCLUSIVE)
    [ "$others" -gt $((3 * 4 * 80)) ] && [ "$others" -le $(((3 * 5 + 1) * 80)) ]
    # A door for each worker, and for nobody else.
    [ "$(grep -c 'SO_REUSEPORT, \[1\]' calls)" -eq $((5 * 80)) ]
    # The kernel deals 500 to eighty doors: that twenty get none never happens, nor that one gets them all.
    awk -F, '/^all with SO_REUSEPORT,/ && ($(NF - 3) < 60 || $(NF - 4) > 250) {print; exit 1}' csv
}

@test "doctored figures turn the verdict" {
    [ "$(lesson_verdict .)" = "holds here" ]
    [ "$(lesson_verdict '.figures[1].value = 77.2')" = "does not hold here" ]
    [ "$(lesson_verdict '.figures[1].value = 77.2 | .figures[3].value = 7.1')" = "not decided here" ]
    [ "$(lesson_verdict '.figures[3].value = 7.1')" = "holds here" ]
    [ "$(lesson_verdict '.figures[2].value = 153')" = "does not hold here" ]
}
