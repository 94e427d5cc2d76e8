#!/usr/bin/env bats
# blocked-loop: the lag is taken again from every beat's row; who slept is asked of strace.

setup() {
    load lesson
    lesson_use blocked-loop
    lesson_figures <<'END'
        the question blocks for = 0.2
        nobody asks: worst lag = 0 0.001 0.002
        answered in the loop: worst lag = 0.2 0.201 0.21
        handed to a thread pool: worst lag = 0 0.001 0.002
        epoll on a regular file: error = 1
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well --block=0.04
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "the worst lags are those of the beats, and every beat came once and not early" {
    lesson_once --block=0.04
    # 5 rounds of 3 ways; 10 beats, twice the time of the call in fortieths of it, 10 beats.
    [ "$(tail -n +2 csv | wc -l)" -eq $((5 * 3 * (10 + 80 + 10))) ]
    awk -F, 'NR > 1 && ($5 < 0 || seen[$1, $2, $3]++) {exit 1}' csv
    for way in "nobody asks" "answered in the loop" "handed to a thread pool"; do
        median=$(awk -F, -v way="$way" '$1 == way && $5 > worst[$2] {worst[$2] = $5}
            END {for (round in worst) print worst[round]}' csv | sort -g | sed -n 3p)
        jq -e --arg name "$way: worst lag" --argjson median "$median" \
            '.figures[] | select(.name == $name) | (.value - $median) | fabs < 1e-6' json
    done
    # While the loop is blocked it calls nothing: no beat is called before the call is over.
    awk -F, '$1 == "answered in the loop" && $3 > 10 && $4 < 0.05 && $4 + $5 < 0.05 {exit 1}' csv
}

@test "each question was answered once, and rightly" {
    lesson_once --block=0.04
    jq -e '[.figures[] | {(.name): .value}] | add | .answers == 10 and .["wrong answers"] == 0' json
}

# bats test_tags=threads
@test "the thread sanitizer is content: question and answer change hands under the lock" {
    lesson_once --block=0.04
}

@test "files: epoll's error is the system's EPERM, a file never says EAGAIN, an empty pipe does" {
    lesson_once --block=0.04
    eperm=$(awk '$1 == "#define" && $2 == "EPERM" {print $3}' /usr/include/asm-generic/errno-base.h || echo 1)
    jq -e --argjson eperm "$eperm" '[.figures[] | {(.name): .value}] | add |
        .["epoll on a regular file: error"] == $eperm and .["epoll on a pipe: error"] == 0
        and .["reads of the file that said EAGAIN"] == 0 and .["bytes read from the file"] == 64 * 4096
        and .["reads of the empty pipe that said EAGAIN"] == 1' json
}

@test "the loop's thread sleeps in the one way, a thread of the pool in the other" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -f --seccomp-bpf -qq -e trace=clock_nanosleep,epoll_pwait2 -o calls "$LESSON" --quick --block=0.04 --json=json >/dev/null ||
        skip "strace may not trace here"
    loop=$(awk '/epoll_pwait2\(/ {print $1; exit}' calls)
    # Five rounds of each; a sleep that is told in two lines is counted at its start.
    [ "$(grep -c "^$loop .*clock_nanosleep(" calls)" -eq 5 ]
    [ "$(grep -v "^$loop " calls | grep -c 'clock_nanosleep(')" -eq 5 ]
    [ "$(grep -v "^$loop " calls | grep -c 'epoll_pwait2(')" -eq 0 ]
}

@test "--live shows beats, questions and answers" {
    run "$LESSON" --quick --live --block=0.02
    [ "$status" -eq 0 ]
    [ "$(grep -c '\.?' <<<"$output")" -eq 3 ]
    [[ "$(grep '^  answered in the loop  *\.' <<<"$output")" == *'?!'* ]]
    [[ "$(grep '^  handed to a thread pool  *\.' <<<"$output")" == *'?.'*'.!.'* ]]
}

@test "where a file cannot be made without a name it has one for a moment; where none can, it is said" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "its leak checker cannot be traced"
    mkdir files
    # As overlayfs says before Linux 6.1: of the folder itself, and of no file in it.
    TMPDIR=$PWD/files strace -qq -P "$PWD/files" -e inject=openat:error=EOPNOTSUPP -o calls \
        "$LESSON" --quick --block=0.02 --json=json >/dev/null || skip "strace may not trace here"
    grep -q 'O_TMPFILE.*INJECTED' calls
    jq -e '[.figures[] | {(.name): .value}] | add | .["bytes read from the file"] == 262144' json
    [ -z "$(ls -A files)" ]
    TMPDIR=$PWD/nowhere run "$LESSON" --quick --block=0.02
    [ "$status" -eq 1 ]
    [ "$output" = "blocked-loop: it needs a file without a name in \$TMPDIR, or else in /tmp: No such file or directory" ]
}

@test "where there is no descriptor left to ask epoll with, it says so, and takes it for no refusal" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers need descriptors of their own"
    # Two beside the three that are there do for a loop; for a pipe and epoll on it one is wanting.
    run prlimit --nofile=5 "$LESSON" --quick --block=0.02 3>&- 4>&-
    [ "$status" -eq 1 ]
    [ "$output" = "blocked-loop: Too many open files" ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: (.figures[] | select(.name | startswith("answered"))).low = 0.199
        does not hold here: (.figures[] | select(.name | startswith("handed"))).high = 0.0101
        does not hold here: (.figures[] | select(.name | startswith("epoll"))).value = 0
        # Out of descriptors (EMFILE) is no refusal.
        not decided here: (.figures[] | select(.name | startswith("epoll"))).value = 24
        not decided here: (.figures[] | select(.name | startswith("nobody"))).high = 0.0101
END
}
