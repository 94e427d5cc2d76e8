/* The digest: equal work is equal, and every kind of difference shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/digest.h"

enum { COUNT = 100 };

static struct record whole(uint16_t status, uint64_t bytes, uint64_t hash)
{
    struct record record = {.status = status, .body_bytes = bytes, .body_hash = hash};
    record.outcome = status < 400 ? FETCHED : BAD_STATUS;
    return record;
}

static void make_records(struct record records[static COUNT])
{
    for (uint64_t i = 0; i < COUNT; i++)
        records[i] = whole(200, 1000 + i, 0x9e3779b97f4a7c15u * (i + 1));
}

/* The digest as text, of records [begin, end) of a list. */
static char *digest_of(const struct record *records, uint64_t begin, uint64_t end,
                       char text[static 33])
{
    struct digest digest = {0};
    for (uint64_t i = begin; i < end; i++)
        digest_add(&digest, i + 1, &records[i]);
    return digest_text(&digest, text);
}

/* Worked outside, by the documented rule, with xxhsum and a calculator:
 *   printf hello | xxhsum -H3                      9555e8555c62dcfd
 *   XXH3-128 (xxhsum -H2) of 1, 200, 5, that hash  72bb0177d01e03d028d0b943b0630122
 *   of 2, 404, 0, 2d06800538d394c2                 9364a94e7b04b9ebd0528ddd3a3184e4
 *   of 3, 0, 0, 0                                  3e90753bbe9786392cc53e778c4a5339
 * each number as eight bytes, the lowest first. */
static void test_the_worked_value(void **state)
{
    const struct record hello = whole(200, 5, 0x9555e8555c62dcfd);
    const struct record missing = whole(404, 0, 0x2d06800538d394c2);
    struct record refused = {.body_hash = 0x2d06800538d394c2};
    struct digest digest = {0};
    char text[33];
    (void)state;
    refused.outcome = REFUSED;
    digest_add(&digest, 1, &hello);
    assert_string_equal(digest_text(&digest, text), "72bb0177d01e03d028d0b943b0630122");
    digest_add(&digest, 2, &missing);
    digest_add(&digest, 3, &refused);
    assert_string_equal(digest_text(&digest, text), "44b0200209ba43f525e8859876ded93f");
}

static void test_nothing_is_zero_and_text_is_32_digits(void **state)
{
    struct digest digest = {0};
    char text[33];
    (void)state;
    assert_string_equal(digest_text(&digest, text), "00000000000000000000000000000000");
    digest = (struct digest){.low = 0xab, .high = 0x1};
    assert_string_equal(digest_text(&digest, text), "000000000000000100000000000000ab");
}

static void test_the_order_does_not_matter(void **state)
{
    struct record records[COUNT];
    struct digest backward = {0};
    char one[33], other[33];
    (void)state;
    make_records(records);
    for (uint64_t i = COUNT; i > 0; i--)
        digest_add(&backward, i, &records[i - 1]);
    assert_string_equal(digest_text(&backward, one), digest_of(records, 0, COUNT, other));
}

/* What a client that does other work leaves. */
static void leave_out(struct record *records)
{
    records[7] = (struct record){.outcome = TIMED_OUT};
}

static void double_one(struct record *records)
{
    records[8] = records[7];
}

static void swap_two(struct record *records)
{
    struct record first = records[7];
    records[7] = records[90];
    records[90] = first;
}

static void lose_a_byte(struct record *records)
{
    records[7].body_bytes--;
}

static void change_a_bit(struct record *records)
{
    records[7].body_hash ^= 1;
}

static void change_the_status(struct record *records)
{
    records[7].status = 206;
}

static void test_other_work_is_another_digest(void **state)
{
    void (*const doctor[])(struct record *) = {leave_out,   double_one,   swap_two,
                                               lose_a_byte, change_a_bit, change_the_status};
    struct record records[COUNT];
    char want[33], got[33];
    (void)state;
    make_records(records);
    digest_of(records, 0, COUNT, want);
    for (size_t i = 0; i < sizeof doctor / sizeof *doctor; i++) {
        make_records(records);
        doctor[i](records);
        assert_string_not_equal(digest_of(records, 0, COUNT, got), want);
    }
    make_records(records);
    assert_string_equal(digest_of(records, 0, COUNT, got), want);
}

/* Who fetched it, when, and in how many attempts, is not the work. */
static void test_times_and_lanes_do_not_count(void **state)
{
    struct record records[COUNT];
    char want[33], got[33];
    (void)state;
    make_records(records);
    digest_of(records, 0, COUNT, want);
    for (uint64_t i = 0; i < COUNT; i++) {
        records[i].lane = (uint32_t)i;
        records[i].attempts = 3;
        records[i].taken_ns = records[i].first_byte_ns = records[i].end_ns = i + 1;
    }
    assert_string_equal(digest_of(records, 0, COUNT, got), want);
}

static void test_a_part_of_a_body_counts_as_none(void **state)
{
    const struct record none = {.outcome = TRUNCATED};
    (void)state;
    for (int i = FETCHED; i < OUTCOMES; i++) {
        struct record part = {.status = 200, .body_bytes = 17, .body_hash = 4711};
        struct digest one = {0}, other = {0};
        part.outcome = (uint8_t)i;
        digest_add(&one, 1, &part);
        digest_add(&other, 1, &none);
        bool equal = one.low == other.low && one.high == other.high;
        assert_int_equal(equal, i != FETCHED && i != BAD_STATUS);
    }
}

static void test_the_sum_carries(void **state)
{
    struct digest digest = {.low = UINT64_MAX, .high = 1};
    (void)state;
    digest_merge(&digest, &(struct digest){.low = 1});
    assert_true(digest.low == 0 && digest.high == 2);
    digest = (struct digest){.low = UINT64_MAX, .high = UINT64_MAX};
    digest_merge(&digest, &(struct digest){.low = UINT64_MAX, .high = UINT64_MAX});
    assert_true(digest.low == UINT64_MAX - 1 && digest.high == UINT64_MAX);
    digest_merge(&digest, &(struct digest){.low = 2});
    assert_true(digest.low == 0 && digest.high == 0); /* modulo 2^128 */
}

static void test_the_slices_add_up_to_the_list(void **state)
{
    static const uint64_t cuts[] = {0, 1, 33, 34, 99, COUNT};
    struct record records[COUNT];
    struct digest sum = {0};
    char one[33], other[33];
    (void)state;
    make_records(records);
    for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
        struct digest slice = {0};
        for (uint64_t k = cuts[i]; k < cuts[i + 1]; k++)
            digest_add(&slice, k + 1, &records[k]);
        digest_merge(&sum, &slice);
    }
    assert_string_equal(digest_text(&sum, one), digest_of(records, 0, COUNT, other));
}

static void test_work_is_chained_and_begins_with_its_seed(void **state)
{
    (void)state;
    assert_true(digest_work(4711, 0) == 4711);
    assert_true(digest_work(4711, 1) != 4711);
    assert_true(digest_work(1, 1) != digest_work(2, 1));
    /* No pass can be left out: five are two after three. */
    assert_true(digest_work(4711, 5) == digest_work(digest_work(4711, 3), 2));
    assert_true(digest_work(4711, 5) != digest_work(4711, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_worked_value),
        cmocka_unit_test(test_nothing_is_zero_and_text_is_32_digits),
        cmocka_unit_test(test_the_order_does_not_matter),
        cmocka_unit_test(test_other_work_is_another_digest),
        cmocka_unit_test(test_times_and_lanes_do_not_count),
        cmocka_unit_test(test_a_part_of_a_body_counts_as_none),
        cmocka_unit_test(test_the_sum_carries),
        cmocka_unit_test(test_the_slices_add_up_to_the_list),
        cmocka_unit_test(test_work_is_chained_and_begins_with_its_seed),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
