#!/usr/bin/env bats
# processes-from-async: each process names its job; strace counts forks and waits.

setup() {
    load lesson
    lesson_use processes-from-async
    lesson_figures <<'END'
        event loop to blocking wait = 0.98 1.01 1.05
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --jobs=20 --at-once=5
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "all jobs are done in every round, as many at once as were asked for" {
    lesson_once --jobs=20 --at-once=5
    [ "$(tail -n +2 csv | wc -l)" -eq 33 ]
    awk -F, 'NR > 1 && ($4 != 20 || $5 != 20) {exit 1}' csv
    awk -F, 'NR > 1 && $6 != ($1 == "one after another" ? 1 : 5) {exit 1}' csv
    # 20 sleeps of 2 ms one after another take their sum, in 5 hands a fifth of it.
    awk -F, 'NR > 1 && $3 < ($1 == "one after another" ? 0.04 : 0.008) {exit 1}' csv
}

@test "both fork as many processes; only the loop opens and watches descriptors of them" {
    command -v strace >/dev/null || skip "strace is not installed"
    strace -qq -e trace=clone,fork,clone3,waitid,wait4,pidfd_open,epoll_ctl -o calls \
        "$LESSON" --quick --jobs=10 --json=json >/dev/null || skip "strace may not trace here"
    [ "$(grep -cE '^(clone|clone3|fork)\(.* = [1-9]' calls)" -eq $((11 * 3 * 10)) ]
    [ "$(grep -c '^wait4(-1, .* = [1-9]' calls)" -eq $((11 * 2 * 10)) ]
    [ "$(grep -c '^waitid(P_PIDFD' calls)" -eq $((11 * 10)) ]
    [ "$(grep -c '^epoll_ctl(.*EPOLL_CTL_ADD' calls)" -eq $((11 * 10)) ]
}

@test "the lines of code are those of the file" {
    lesson_once --jobs=20 --at-once=5
    file=$ROOT/lessons/processes-from-async/processes-from-async.c
    # Between the enum that begins a part and the line that ends it, without the blank lines around.
    for part in BLOCKING:blocking:"blocking wait" LOOP:loop:"event loop"; do
        IFS=: read -r begins ends name <<<"$part"
        count=$(sed -n "/^enum { ${begins}_BEGINS/,/^const int ${ends}_lines/p" "$file" | sed '1,2d;$d' | sed '$d' | wc -l)
        jq -e --arg name "$name: lines of code" --argjson count "$count" \
            '.figures[] | select(.name == $name).value == $count' json
    done
}

# bats test_tags=plain
@test "where a job cannot be started, in either way, it says why and ends" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    # Forty jobs by a blocking wait, then forty on the loop: the first of each, and one while others run.
    for k in 1 41 60; do
        run timeout 30 env SHIM_FORK=at:$k LD_PRELOAD="$BUILD/tests/shim.so" "$LESSON" --quick
        [ "$status" -eq 1 ]
        [ "$output" = "processes-from-async: Resource temporarily unavailable" ]
    done
    # One descriptor is left: it is the loop's own, and no job can be watched.
    run timeout 30 prlimit --nofile=4 "$LESSON" --quick 3>&- 4>&-
    [ "$status" -eq 1 ]
    [ "$output" = "processes-from-async: Too many open files" ]
}

@test "however many sleep however long, it is not ended before they are done" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* && $(uname -m) == x86_64 ]] || skip "another call sets the alarm"
    # What it lets itself have is told before the first job, which then cannot be started.
    strace -qq -e trace=alarm,clone -e inject=clone:error=EAGAIN -o calls \
        "$LESSON" --quick --jobs=200 --sleep=0.1 2>says || true
    grep -q INJECTED calls || skip "strace may not trace here"
    # Eleven rounds: 200 sleeps of 0.1 s one after another, and twice eight at a time.
    seconds=$(sed -n 's/^alarm(\([0-9]*\)).*/\1/p' calls | tail -n 1)
    [ "$seconds" -ge $((11 * (20 + 5))) ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0] |= (.low = 0.8 | .value = 0.85 | .high = 0.94)
        not decided here: .figures[0].low = 0.94
END
}
