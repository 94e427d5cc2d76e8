/* Durations, sizes and counts: read strictly, written so that they read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/units.h"

enum { UNTOUCHED = 4711 };

struct reading {
    const char *text;
    int error;
    uint64_t value;
};

static void check(int (*parse)(const char *, uint64_t *), const struct reading *readings,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct reading *r = &readings[i];
        uint64_t value = UNTOUCHED, want = r->error ? UNTOUCHED : r->value;
        int error = parse(r->text, &value);
        if (error != r->error || value != want)
            fail_msg("\"%s\": got %d and %" PRIu64 ", want %d and %" PRIu64, r->text, error, value,
                     r->error, want);
    }
}

#define CHECK(parse, readings) check(parse, readings, sizeof(readings) / sizeof((readings)[0]))

static void test_durations_are_read(void **state)
{
    (void)state;
    static const struct reading readings[] = {
        {"0", 0, 0},
        {"0.0", 0, 0},
        {"0s", 0, 0},
        {"1ns", 0, 1},
        {"20us", 0, 20000},
        {"500ms", 0, 500000000},
        {"30s", 0, 30000000000},
        {"1.5s", 0, 1500000000},
        {"0.000000001s", 0, 1},
        {"0.25ms", 0, 250000},
        {"2min", 0, 120000000000},
        {"1h", 0, 3600000000000},
        {"007ms", 0, 7000000},
        {"18446744073.709551615s", 0, UINT64_MAX},
        {"18446744073.709551616s", -ERANGE, 0},
        {"18446744073709551615ns", 0, UINT64_MAX},
        {"18446744073709551616ns", -ERANGE, 0},
        {"99999999999h", -ERANGE, 0},
    };
    CHECK(parse_duration, readings);
}

static void test_malformed_durations_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "",
        "1",
        "0.5",
        "ms",
        ".5s",
        "-1s",
        "+1s",
        " 1s",
        "1 s",
        "1s ",
        "1S",
        "1.s",
        "1,5s",
        "1.5.5s",
        "1e3s",
        "0x1s",
        "1m",
        "0.5ns",
        "nan",
        "infs",
        "1sec",
        "1KiB",
        "1s1ms",
        "0.0000000000000000001s",
        "0.99999999999999999999s",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        check(parse_duration, &(struct reading){malformed[i], -EINVAL, 0}, 1);
}

static void test_sizes_are_read(void **state)
{
    (void)state;
    static const struct reading readings[] = {
        {"0", 0, 0},
        {"0B", 0, 0},
        {"1", 0, 1},
        {"1024", 0, 1024},
        {"1B", 0, 1},
        {"1KiB", 0, 1024},
        {"1.5KiB", 0, 1536},
        {"64MiB", 0, 67108864},
        {"4GiB", 0, 4294967296},
        {"18446744073709551615B", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, 0},
        {"17179869184GiB", -ERANGE, 0},
        {"0.1KiB", -EINVAL, 0},
        {"1.5", -EINVAL, 0},
        {"1KB", -EINVAL, 0},
        {"1kib", -EINVAL, 0},
        {"1k", -EINVAL, 0},
        {"KiB", -EINVAL, 0},
        {"1KiBs", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"1s", -EINVAL, 0},
    };
    CHECK(parse_size, readings);
}

static void test_counts_are_read(void **state)
{
    (void)state;
    static const struct reading readings[] = {
        {"0", 0, 0},         {"400", 0, 400},     {"18446744073709551615", 0, UINT64_MAX},
        {"", -EINVAL, 0},    {"-1", -EINVAL, 0},  {"18446744073709551616", -ERANGE, 0},
        {"1.0", -EINVAL, 0}, {"1k", -EINVAL, 0},  {" 1", -EINVAL, 0},
        {"1\n", -EINVAL, 0}, {"1e3", -EINVAL, 0},
    };
    CHECK(parse_count, readings);
}

static void test_formats_are_as_documented(void **state)
{
    (void)state;
    char buffer[24];
    assert_string_equal(format_duration(buffer, 0), "0s");
    assert_string_equal(format_duration(buffer, 1), "1ns");
    assert_string_equal(format_duration(buffer, 1500), "1.5us");
    assert_string_equal(format_duration(buffer, 100000000), "100ms");
    assert_string_equal(format_duration(buffer, 1500000000), "1.5s");
    assert_string_equal(format_duration(buffer, 1000000001), "1.000000001s");
    assert_string_equal(format_duration(buffer, 90000000000), "90s");
    assert_string_equal(format_duration(buffer, UINT64_MAX), "18446744073.709551615s");
    assert_string_equal(format_size(buffer, 0), "0B");
    assert_string_equal(format_size(buffer, 1023), "1023B");
    assert_string_equal(format_size(buffer, 1024), "1KiB");
    assert_string_equal(format_size(buffer, 1500), "1500B");
    assert_string_equal(format_size(buffer, 67108864), "64MiB");
    assert_string_equal(format_size(buffer, UINT64_MAX), "18446744073709551615B");
}

static void test_what_is_written_reads_back(void **state)
{
    (void)state;
    char buffer[24];
    uint64_t random = 1;
    for (int step = 0; step < 2000; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t value = random >> step % 64, read = ~value;
        assert_int_equal(parse_duration(format_duration(buffer, value), &read), 0);
        assert_true(read == value);
        read = ~value;
        assert_int_equal(parse_size(format_size(buffer, value), &read), 0);
        assert_true(read == value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations_are_read),
        cmocka_unit_test(test_malformed_durations_are_refused),
        cmocka_unit_test(test_sizes_are_read),
        cmocka_unit_test(test_counts_are_read),
        cmocka_unit_test(test_formats_are_as_documented),
        cmocka_unit_test(test_what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
