#!/usr/bin/env bats
# thread-state-leak: what each request found is compared again, row by row.

setup() {
    load lesson
    lesson_use thread-state-leak
    lesson_figures <<'END'
        coroutines: wrong = 99
        a thread each: wrong = 0
        coroutines: passed along: wrong = 0
        coroutines: saved and restored: wrong = 0
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "wrong ones are those whose row differs; without a leak all is as expected" {
    "$LESSON" --csv=csv --json=json >/dev/null
    [ "$(tail -n +2 csv | wc -l)" -eq 1000 ]
    while IFS= read -r way; do
        wrong=$(awk -F, -v way="$way" '$1 == way && $3 != $4' csv | wc -l)
        jq -e --arg name "$way: wrong" --argjson wrong "$wrong" \
            '.figures[] | select(.name == $name).value == $wrong' json
    done < <(tail -n +2 csv | cut -d, -f1 | sort -u)
}

@test "what leaks is the last one's: the user, the error, the locale" {
    "$LESSON" --csv=csv >/dev/null
    # All hundred log in before any of them asks; the hundredth finds itself.
    [ "$(awk -F, '$1 == "coroutines" {print $4}' csv | sort -u)" = 100 ]
    # The hundredth call fails with ENOENT, which all read, and half of them expect.
    enoent=$(awk '$1 == "#define" && $2 == "ENOENT" {print $3}' /usr/include/asm-generic/errno-base.h || echo 2)
    [ "$(awk -F, '$1 == "coroutines with errno" {print $4}' csv | sort -u)" = "$enoent" ]
    [ "$(awk -F, '$1 == "coroutines with errno" && $3 != $4' csv | wc -l)" -eq 50 ]
    # The hundredth reads bytes, and so do all; half of them wanted letters.
    [ "$(awk -F, '$1 == "coroutines with a locale" {print $4}' csv | sort -u)" = 1 ]
    [ "$(awk -F, '$1 == "coroutines with a locale" && $3 != $4' csv | wc -l)" -eq 50 ]
    [ "$(awk -F, '$1 == "coroutines with a locale set again" && $3 == $4' csv | wc -l)" -eq 100 ]
    # No word is lost, only handed to another one: the sums agree.
    [ "$(awk -F, '$1 == "coroutines with strtok_r" {n += $4} END {print n}' csv)" -eq $((5050 + 321000)) ]
    [ "$(awk -F, '$1 == "coroutines with strtok" && $3 != $4' csv | wc -l)" -gt 0 ]
}

# bats test_tags=threads
@test "the thread sanitizer is content: a thread's own state is nobody else's" {
    "$LESSON" --json=json >/dev/null
}

@test "a thread is made for each request of the first way, and for no other" {
    command -v strace >/dev/null || skip "strace is not installed"
    [[ $BUILD != *sanitize* ]] || skip "the sanitizer has threads of its own"
    strace -f --seccomp-bpf -qq -e trace=%process -o calls "$LESSON" --json=json >/dev/null || skip "strace may not trace here"
    [ "$(grep -c CLONE_THREAD calls)" -eq 100 ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0].value = 0
        does not hold here: .figures[1].value = 1
        does not hold here: .figures[2].value = 1
        does not hold here: .figures[3].value = 1
END
}
