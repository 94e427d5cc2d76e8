#!/usr/bin/env bats
# scripts/coverage: what it refuses, and that its word follows from the counts. That it counts at all
# takes minutes: `make coverage`.
# bats file_tags=plain

setup() {
    load lib
    COVERAGE=$ROOT/scripts/coverage
    command -v gcovr >/dev/null || skip "no gcovr"
}

@test "what it does not understand is refused, and its files are there" {
    for wrong in --least=101 --jobs=0 --else nowhere ../usage; do
        run "$COVERAGE" "$wrong"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
    run "$COVERAGE" --list
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -ge 10 ]
    for name in "${lines[@]}"; do
        [ -e "$ROOT/tests/cli/$name.bats" ]
    done
}

@test "a branch that was not taken is counted as such, in a tree of its own" {
    cd "$BATS_TEST_TMPDIR"
    mkdir -p scripts common build/coverage/obj/common
    cp "$COVERAGE" scripts/
    cat >common/half.c <<'END'
#include <assert.h>
int main(int argc, char **argv)
{
    (void)argv;
    assert(argc > 0);
    return argc > 1 ? 3 : 0;
}
END
    cc -O0 --coverage -c -o build/coverage/obj/common/half.o common/half.c
    cc --coverage -o half build/coverage/obj/common/half.o
    ./half
    run scripts/coverage --report
    echo "$output"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = 'common/: 1 of 2 branches, 50 %, less than 85 %' ]
    run ./half more
    run scripts/coverage --report
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = 'common/: 2 of 2 branches, 100 %' ]
    rm build/coverage/obj/common/*
    run scripts/coverage --report
    [ "$status" -eq 3 ]
    [ "$output" = 'coverage: nothing was counted in build/coverage' ]
}
