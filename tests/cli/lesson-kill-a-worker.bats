#!/usr/bin/env bats
# kill-a-worker: every item's row is counted again; strace sees who was killed.

setup() {
    load lesson
    lesson_use kill-a-worker
    lesson_figures <<'END'
        a process killed: items done once = 40
        a thread cancelled: others that hang = 3
        a thread killed: others that ended well = 0
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "each item is done once by the processes and by the two cures, and the victim did two of them" {
    lesson_once
    for way in "a process killed" "the same with a cleanup handler" "the same with a robust mutex"; do
        [ "$(awk -F, -v way="$way" '$1 == way && $3 == 1' csv | wc -l)" -eq 40 ]
        [ "$(awk -F, -v way="$way" '$1 == way && $4 == 2' csv | wc -l)" -eq 2 ]
        jq -e --arg way "$way" '[.figures[] | {(.name): .value}] | add | .["\($way): items given again"] == 1
            and .["\($way): others that ended well"] == 3 and .["\($way): others that hang"] == 0' json
    done
    # The item that was held by the dead one is done by another one.
    [ "$(awk -F, '$3 > 1' csv | wc -l)" -eq 1 ] # the header alone: no item is done twice
}

@test "with the lock gone no further item is done; with the process gone none at all" {
    lesson_once
    for way in "a thread cancelled" "a thread killed"; do
        count=$(awk -F, -v way="$way" '$1 == way && $3 == 1' csv | wc -l)
        # Two for each of the four, at most: nobody goes on before the victim is at its third.
        [ "$count" -ge 2 ]
        [ "$count" -le 8 ]
        jq -e --arg name "$way: items done once" --argjson count "$count" \
            '.figures[] | select(.name == $name).value == $count' json
    done
    jq -e '[.figures[] | {(.name): .value}] | add | .["a thread cancelled: others that hang"] == 3
        and .["a thread killed: others that hang"] == 0 and .["a thread killed: others that ended well"] == 0' json
}

# bats test_tags=threads
@test "the thread sanitizer is content: also who comes behind a holder that is gone has the lock" {
    lesson_once
}

@test "one process and one thread are killed, each with its process, and nobody else" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -f --seccomp-bpf -qq -e trace=kill,tgkill -o calls "$LESSON" --quick --json=json >/dev/null ||
        skip "strace may not trace here"
    [ "$(grep -c 'kill([0-9]*, SIGKILL' calls)" -eq 1 ]
    [ "$(grep -c 'tgkill([0-9]*, [0-9]*, SIGKILL' calls)" -eq 1 ]
    # The killed process is one; the killed thread takes the other four of its process along.
    [ "$(grep -c 'killed by SIGKILL' calls)" -eq 6 ] || { grep -n killed calls && return 1; }
}

# bats test_tags=plain
@test "whose own process is killed by somebody else has no verdict" {
    # The first way's: its workers end with it, and the items are not done.
    "$LESSON" --item=0.05 >out 2>err 3>&- &
    pid=$!
    wait_for lesson_loses_children "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ] || { cat out && return 1; }
    [ ! -s out ]
    [ "$(<err)" = "kill-a-worker: a process that it started failed" ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0].value = 39
        does not hold here: .figures[1].value = 0
        does not hold here: .figures[2].value = 3
END
}
