#!/usr/bin/env bats
# The rule of coroutines/coroutine.h, locals do not survive a yield: what the compiler refuses.
# bats file_tags=plain

setup() {
    load lib
    CC=${CC:-cc}
    "$CC" --version | grep -q 'Free Software Foundation' || skip "only GCC refuses it"
}

# Compiles a coroutine with this body, between CO_BEGIN and CO_END, and this above.
compile() {
    printf '#include "coroutines/coroutine.h"\n%s\n%s\n%s\n%s\nCO_BEGIN(co);\n%s\nCO_END(co);\n}\n' \
        'int use(int);' 'bool step(struct coroutine *co);' 'bool step(struct coroutine *co) {' \
        "${2:-}" "$1" >"$BATS_TEST_TMPDIR/step.c"
    run "$CC" -std=gnu17 -O2 -Wall -Wextra -I"$ROOT" -c -o "$BATS_TEST_TMPDIR/step.o" \
        "$BATS_TEST_TMPDIR/step.c"
}

@test "a coroutine that keeps the rule compiles without a word" {
    compile $'{ int seven = 7; use(seven); }\nCO_YIELD(co, 1);\nCO_YIELD(co, 2);'
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "a local that is initialised and read across a yield is refused" {
    compile $'int seven = 7;\nCO_YIELD(co, 1);\nuse(seven);'
    [ "$status" -ne 0 ]
    [[ $output == *"jumps over variable initialization"* ]]
}

@test "so is a loop's own counter" {
    compile $'for (int i = 0; i < 3; i++)\nCO_YIELD(co, i);'
    [ "$status" -ne 0 ]
    [[ $output == *"jumps over variable initialization"* ]]
}

@test "a local that is set before a yield and read after it is refused" {
    compile $'number = use(1);\nCO_YIELD(co, 1);\nuse(number);' 'int number;'
    [ "$status" -ne 0 ]
    [[ $output == *"number"*"uninitialized"* ]]
}

@test "two yields on one line are refused" {
    compile 'CO_YIELD(co, 1); CO_YIELD(co, 2);'
    [ "$status" -ne 0 ]
    [[ $output == *"duplicate case"* ]]
}
