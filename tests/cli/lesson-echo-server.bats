#!/usr/bin/env bats
# echo-server: answers are compared byte by byte, also by bash itself; held clients are counted by the
# server and by who came; nobody is hurt, and a loop that has nothing to do does not wake.

setup() {
    load lesson
    lesson_use echo-server
    lesson_figures <<'END'
        clients that come = 5000
        coroutines, most clients: rate = 9000 10000 11000
        threads, most clients: rate = 5000 6000 7000
        coroutines: clients held = 5000
        threads: clients held = 3000
END
}

teardown() {
    if [[ -n ${SERVER:-} ]]; then kill "$SERVER" 2>/dev/null || true; fi
}

# A process for each of a quick run's thousands of clients is too dear under a sanitizer.
SMALL=(--clients=30 --requests=40)

small() {
    lesson_once "${SMALL[@]}"
}

# bats test_tags=plain
@test "without /proc it is not known what memory a client takes, and not said to be none" {
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    without_proc "$LESSON" --quick --clients=10 --requests=10 --csv=bare.csv >bare 3>&- &
    small # meanwhile, for the other tests: both sleep more than they work
    wait "$!"
    [ "$(grep -c ': memory a client *unknown KiB$' bare)" -eq 4 ]
    [ "$(awk -F, '$1 == "held" {print $10}' bare.csv | sort | uniq -c | xargs)" = "4 nan" ]
    # Who is held is counted all the same; and with /proc it is known what each takes.
    [ "$(grep -cE ': clients held +(1|10) $' bare)" -eq 4 ]
    # shellcheck disable=SC2016  # jq's
    lesson_holds '$v["processes: memory a client"] > 0'
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well "${SMALL[@]}"
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "every request is answered, every split too, and each way holds what it can" {
    small
    # Five rounds of 1, 10 and 30 clients at one time, in four ways; fewer would give no interval.
    [ "$(grep -c '^load,' csv)" -eq $((5 * 3 * 4)) ]
    jq -e '[.figures[] | select(.name | endswith("rate"))] | length == 12 and all(.rounds == 5 and .coverage == 0.9375)' json
    awk -F, '$1 == "load" && $5 != 40 {print; exit 1}' csv
    awk -F, '$1 == "held" && $9 != ($2 == "one after another" ? 1 : 30) {print; exit 1}' csv
    awk -F, '$1 == "held" && $5 != ($2 != "one after another") {print; exit 1}' csv
    # The empty line at 131 offsets cut in two, and at eleven of them byte by byte.
    jq -e '[.figures[] | select(.name | endswith(": splits answered")).value] == [142, 142, 142, 142]' json
}

# bats test_tags=threads
@test "the thread sanitizer is content: the threads of the clients count themselves under a lock" {
    small
}

@test "slow, half-closed, leaving and endless clients and a full table hurt nobody, and wake nobody" {
    small
    # A slow one is what hurts a server that serves one after another.
    awk -F, '$1 ~ /^(slow|half-closed|leaving|endless|full)$/ && $5 != ($1 == "slow" && $2 == "one after another" ? 0 : 50) {
        print; exit 1}' csv
    # What the bad ones ask for themselves they get, the refusal too; who has left gets nothing.
    awk -F, '$2 == "coroutines" && $1 ~ /^(slow|half-closed|endless|full)$/ && $11 != 40 {print; exit 1}' csv
    awk -F, '$2 == "coroutines" && $1 ~ /^(slow|half-closed|leaving|endless|full)$/ && $12 != 0 {print; exit 1}' csv
}

# bats test_tags=plain
@test "where a slow client can send no more, the lesson says so, and nobody is said to be answered" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer must be the first library"
    # All forty come with an "s"; the next one is the first that they drip.
    make_preload send <<'END'
#include <errno.h>
#include <sys/socket.h>
ssize_t send(int s, const void *text, size_t length, int flags)
{
    static int slow;
    if (length == 1 && *(const char *)text == 's' && ++slow > 40)
        return errno = ECONNRESET, -1;
    return sendto(s, text, length, flags, 0, 0);
}
END
    run env LD_PRELOAD="$PWD/send.so" "$LESSON" --quick --clients=10 --requests=10 --json=json --csv=csv
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "echo-server: a slow client was hung up on: Connection reset by peer" ]
    [ ! -e json ] && [ ! -e csv ]
}

# Serves, and sets PORT.
serve() {
    mkfifo enter
    "$LESSON" --live --port=0 --quick --clients=10 --requests=10 >out <enter &
    SERVER=$!
    exec 7>enter
    wait_for grep -q 'port [0-9]' out
    PORT=$(sed -n 's/.*127\.0\.0\.1 port \([0-9]*\):.*/\1/p' out)
}

# Usage: ask TEXT...: sends each, one after another; prints the answer with a dot behind it.
ask() {
    local text
    exec 8<>"/dev/tcp/127.0.0.1/$PORT"
    for text in "$@"; do printf '%b' "$text" >&8; done
    cat <&8
    printf '.'
    exec 8>&-
}

@test "a client that is not ours is answered, byte by byte, in two pieces, and refused" {
    serve
    [ "$(ask 'world\n\n')" = $'Hello world\n\n.' ]
    [ "$(ask 'two\nlines\n\n')" = $'Hello two\nlines\n\n.' ]
    [ "$(ask '\n' '\n')" = $'Hello \n\n.' ]
    [ "$(ask w o r l d '\n' '\n')" = $'Hello world\n\n.' ]
    long=$(printf 'x%.0s' {1..63})
    [ "$(ask "$long\n" "\n")" = "Hello $long"$'\n\n.' ]
    # What follows the empty line is not asked for.
    endless=$(printf 'x%.0s' {1..1024})
    [ "$(ask "$endless")" = $'Too long\n\n.' ]
    grep -q '^client [0-9]*: refused' out
    # Nothing was read or written in more than 64 bytes.
    grep -qE '(sends|is sent) 64 bytes' out
    run ! grep -E '(sends|is sent) (6[5-9]|[7-9][0-9]|[0-9]{3,}) bytes' out
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[4].value = 4001
        not decided here: .figures[2].high = 9500
        does not hold here: .figures[2] |= (.low = 12000 | .value = 13000 | .high = 14000)
        not decided here: .figures[0].value = 300
END
}
