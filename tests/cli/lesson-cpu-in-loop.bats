#!/usr/bin/env bats
# cpu-in-loop: the primes are counted again by factor(1); the steps are a known total.

setup() {
    load lesson
    lesson_use cpu-in-loop
    lesson_figures <<'END'
        computing: loop to one after another = 0.99 1.01 1.03
        primes found one after another = 78498
        primes found on a loop = 78498
END
}

@test "its text, JSON and CSV agree, and the figures read back give the same verdict" {
    lesson_measures_well
}

@test "interrupted, it leaves no process and no file" {
    lesson_leaves_nothing
}

@test "every way finds the primes that factor(1) finds, in the same number of steps" {
    lesson_once --below=40000
    primes=$(seq 2 39999 | factor | awk 'NF == 2' | wc -l)
    # Eight parts of 5,000 numbers, 200 a step.
    jq -e --argjson primes "$primes" '([.figures[] | select(.name | startswith("primes")).value] == [$primes, $primes, $primes])
        and ([.figures[] | select(.name | startswith("steps")).value] == [200, 200, 200])' json
}

@test "waits one after another are not shorter than their sum, on a loop not shorter than one" {
    lesson_once --below=1000 --wait=0.01
    jq -e '[.figures[] | {(.name): .}] | add | .["waiting one after another"].low >= 0.08
        and .["waiting on a loop"].low >= 0.01' json
}

@test "the loop asks the kernel what is due between its turns, in one thread" {
    command -v strace >/dev/null || skip "strace is not installed"
    strace -f --seccomp-bpf -qq -e trace=poll -o calls "$LESSON" --quick --below=8000 --json=json >/dev/null ||
        skip "strace may not trace here"
    # 1,000 numbers a task make 5 steps, in each of 10 turns of 7 rounds.
    [ "$(grep -c 'poll(NULL, 0, 0)' calls)" -eq 350 ]
    [ "$(awk '/poll\(NULL, 0, 0\)/ {print $1}' calls | sort -u | wc -l)" -eq 1 ]
}

@test "doctored figures turn the verdict" {
    lesson_verdicts <<'END'
        holds here: .
        does not hold here: .figures[0] |= (.low = 0.5 | .value = 0.51 | .high = 0.52)
        not decided here: .figures[0].low = 0.94
        not decided here: .figures[2].value = 78497
END
}
