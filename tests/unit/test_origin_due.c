/* The origin's queue of what is due: always the earliest, whatever is taken out early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <stdlib.h>

#include "origin/due.h"

enum { ENTRIES = 500 };

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void test_an_empty_queue_has_nothing_due(void **state)
{
    (void)state;
    struct due_queue queue = {0};
    struct due alone = {0};
    assert_true(due_next(&queue) == UINT64_MAX);
    assert_null(due_top(&queue));
    due_remove(&queue, &alone);
    due_free(&queue);
}

static void test_what_is_due_comes_in_order(void **state)
{
    (void)state;
    struct due_queue queue = {0};
    static struct due entries[ENTRIES];
    uint64_t random = 1, before = 0;
    assert_int_equal(due_reserve(&queue, ENTRIES), 0);
    for (int i = 0; i < ENTRIES; i++)
        due_add(&queue, &entries[i], next_random(&random) % 100);
    for (int i = 0; i < ENTRIES; i++) {
        assert_true(due_next(&queue) >= before);
        before = due_next(&queue);
        due_remove(&queue, due_top(&queue));
    }
    assert_null(due_top(&queue));
    due_free(&queue);
}

/* Against a plain search: entries come and go in random order. */
static void test_any_entry_can_leave_early(void **state)
{
    (void)state;
    struct due_queue queue = {0};
    static struct due entries[ENTRIES];
    static uint64_t at[ENTRIES];
    uint64_t random = 2;
    assert_int_equal(due_reserve(&queue, ENTRIES), 0);
    for (int step = 0; step < 20000; step++) {
        size_t i = next_random(&random) % ENTRIES;
        if (entries[i].place) {
            due_remove(&queue, &entries[i]);
            assert_int_equal(entries[i].place, 0);
        } else {
            at[i] = next_random(&random) % 1000;
            due_add(&queue, &entries[i], at[i]);
        }
        uint64_t least = UINT64_MAX;
        for (size_t k = 0; k < ENTRIES; k++)
            if (entries[k].place && at[k] < least)
                least = at[k];
        assert_true(due_next(&queue) == least);
    }
    due_free(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_queue_has_nothing_due),
        cmocka_unit_test(test_what_is_due_comes_in_order),
        cmocka_unit_test(test_any_entry_can_leave_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
