#!/usr/bin/env bats
# what-bounds-it: results known beforehand, shares that add up, and the shell's own clock.

setup() {
    load lesson
    lesson_use what-bounds-it
    lesson_figures <<'END'
        arithmetic: waiting = 0
        sorting: waiting = 1
        searching: waiting = 1
        image filter: waiting = 1
        cached file copy: waiting = 60
        synced file copy: waiting = 70
        HTTP answer: waiting = 99
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "each task came to what is known beforehand" {
    lesson_once
    [ "$(awk -F, '$1 == "sorting" {print $9}' csv | sort -u)" = 299999 ]
    [ "$(awk -F, '$1 == "searching" {print $9}' csv | sort -u)" = 300000 ]
    [ "$(awk -F, '$1 == "image filter" {print $9}' csv | sort -u)" = $((998 * 998)) ]
    [ "$(awk -F, '$1 ~ /file copy$/ {print $9}' csv | sort -u)" = $((16 * 1024 * 1024)) ]
    # The whole answer: three lines of head, an empty one, three bytes.
    [ "$(awk -F, '$1 == "HTTP answer" {print $9}' csv | sort -u)" = \
        "$(printf 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n' | wc -c)" ]
    # The answer takes 100 ms, which are waited for.
    awk -F, '$1 == "HTTP answer" && ($4 < 0.1 || $8 + $7 < 0.09) {print; exit 1}' csv
}

@test "SQLite is asked where it is installed, and said to be unknown where it is not" {
    waiting='.figures[] | select(.name == "local database: waiting").value'
    if ldconfig -p | grep -q 'libsqlite3\.so\.0'; then
        lesson_once
        # All hundred thousand rows came out, in each of five rounds.
        [ "$(awk -F, '$1 == "local database" {print $9}' csv | uniq -c | awk '{print $1, $2}')" = "5 100000" ]
        jq -e "$waiting | . >= 0 and . <= 100" json
    fi
    # Not to be loaded: an empty file stands where it is looked for first.
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers look at their own"
    mkdir none && : >none/libsqlite3.so.0
    LD_LIBRARY_PATH=$PWD/none "$LESSON" --quick --csv=csv --json=json >text
    [ "$(grep -c '^local database,' csv)" -eq 0 ]
    jq -e "$waiting == null" json
    grep -q '^  local database: waiting  *unknown' text
    # It is not judged, so the verdict is what it would be.
    [[ "$(tail -n 1 text)" == "Verdict: "*"holds here"* || "$(tail -n 1 text)" == "Verdict: does not hold here"* ]]
}

@test "shares of a task's own time add up to all of it" {
    lesson_once
    # From start to end is user, system, ready and waiting; the kernel's clocks agree with ours within 5 %.
    awk -F, 'NR > 1 {sum = $5 + $6 + $7 + $8; if (sum < $4 - 1e-8 || sum > $4 * 1.05 + 0.01) {print; bad = 1}} END {exit bad}' csv
}

@test "computing as the shell's own clock sees it covers what the tasks computed" {
    TIMEFORMAT='%U %S'
    { time "$LESSON" --quick --csv=csv >/dev/null; } 2>clock
    read -r user system < <(tail -n 1 clock)
    awk -F, -v u="$user" -v s="$system" 'NR > 1 {n += $5 + $6}
        END {if (n > (u + s) * 1.02 + 0.05 || n < 0.2 * (u + s)) {print n, u, s; exit 1}}' csv
}

# bats test_tags=plain
@test "without the kernel's count of being ready it is not known what was waited for" {
    [[ $BUILD != *sanitize* ]] || skip "the sanitizers need /proc"
    unshare --mount true 2>/dev/null || skip "mounting needs root"
    # shellcheck disable=SC2016  # the inner shell's
    unshare --mount --propagation private bash -euc 'mount -t tmpfs -o ro none /proc
        exec "$0" --quick --json=json' "$LESSON" >text
    IFS= read -r answer <text
    [[ $answer == "Sorting waits for unknown % of its time, "* ]]
    # shellcheck disable=SC2016  # jq's
    lesson_holds '.verdict == "not decided here" and $v["sorting: waiting"] == null and $v["sorting: ready"] == null'
}

@test "a synced copy syncs each MiB, a cached one never" {
    command -v strace >/dev/null || skip "strace is not installed"
    strace -qq -e trace=fdatasync -o calls "$LESSON" --quick --json=json >/dev/null || skip "strace may not trace here"
    [ "$(grep -c '^fdatasync' calls)" -ge $((5 * 16)) ]
}

# bats test_tags=plain
@test "where there is no room for its file it says so" {
    lesson_without_room "it needs two files of 16 MiB in \$TMPDIR, or else in /tmp: File too large"
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0].value = 50
        does not hold here: .figures[1].value = 50
        does not hold here: .figures[2].value = 50
        does not hold here: .figures[3].value = 50
        does not hold here: .figures[4].value = 49
        does not hold here: .figures[5].value = 49
        does not hold here: .figures[6].value = 49
END
}
