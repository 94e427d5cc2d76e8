/* The origin's items: options are read strictly, delays and bodies are the same every time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "origin/item.h"

static struct slice text_slice(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

static int read_item(const char *number, const char *query, struct item *item, char *reason)
{
    return item_read(text_slice(number), text_slice(query), item, reason);
}

static struct item get_item(const char *number, const char *query)
{
    struct item item = {0};
    char reason[ITEM_REASON] = "";
    if (read_item(number, query, &item, reason))
        fail_msg("%s?%s: %s", number, query ? query : "", reason);
    return item;
}

static void test_defaults(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct item item = get_item("7", i ? "" : NULL);
        assert_int_equal(item.number, 7);
        assert_int_equal(item.size, 1024);
        assert_int_equal(item.delay_ns, 0);
        assert_int_equal(item.status, 200);
        assert_int_equal(item.fault, FAULT_NONE);
        assert_false(item.chunked || item.close);
    }
}

static void test_all_options_together(void **state)
{
    (void)state;
    struct item item = get_item("200", "size=64MiB&delay=1.5s&status=503&fault=drip&every=100"
                                       "&pace=20us&chunked=yes&close=yes&dist=fixed&jitter=0");
    assert_int_equal(item.size, 64 << 20);
    assert_int_equal(item.delay_ns, 1500000000);
    assert_int_equal(item.status, 503);
    assert_int_equal(item.fault, FAULT_DRIP);
    assert_int_equal(item.pace_ns, 20000);
    assert_true(item.chunked && item.close);
}

static void test_every_fault_has_its_word(void **state)
{
    (void)state;
    assert_int_equal(get_item("1", "fault=reset").fault, FAULT_RESET);
    assert_int_equal(get_item("1", "fault=truncate").fault, FAULT_TRUNCATE);
    assert_int_equal(get_item("1", "fault=stall").fault, FAULT_STALL);
    assert_int_equal(get_item("1", "fault=drip").fault, FAULT_DRIP);
    assert_int_equal(get_item("1", "fault=garbage").fault, FAULT_GARBAGE);
}

static void test_every_hits_the_multiples_only(void **state)
{
    (void)state;
    for (unsigned k = 0; k <= 30; k++) {
        char number[16];
        snprintf(number, sizeof number, "%u", k);
        struct item item = get_item(number, "every=10&status=500&fault=reset&size=3&delay=1ms");
        bool hit = k % 10 == 0;
        assert_int_equal(item.status, hit ? 500 : 200);
        assert_int_equal(item.fault, hit ? FAULT_RESET : FAULT_NONE);
        assert_int_equal(item.size, 3);
        assert_int_equal(item.delay_ns, 1000000);
    }
}

static void test_slow_and_big_are_the_multiples_only(void **state)
{
    (void)state;
    for (unsigned k = 0; k <= 20; k++) {
        char number[16];
        snprintf(number, sizeof number, "%u", k);
        struct item item = get_item(number, "every=10&slow=3s&big=1MiB&size=3&delay=1ms");
        bool hit = k % 10 == 0;
        assert_int_equal(item.status, 200);
        assert_int_equal(item.size, hit ? 1 << 20 : 3);
        assert_int_equal(item.delay_ns, hit ? 3000000000 : 1000000);
        item = get_item(number, "every=10&slow=0&dist=uniform&delay=2ms&jitter=1ms");
        assert_true(hit ? item.delay_ns == 0 : item.delay_ns >= 1000000);
    }
}

static void test_percent_encoding_is_taken_away(void **state)
{
    (void)state;
    struct item item = get_item("%31%32", "%73ize=%31KiB&delay=1%2E5s");
    assert_int_equal(item.number, 12);
    assert_int_equal(item.size, 1024);
    assert_int_equal(item.delay_ns, 1500000000);
}

static void test_a_status_without_a_body_has_none(void **state)
{
    (void)state;
    assert_int_equal(get_item("1", "status=204&size=1KiB").size, 0);
    assert_int_equal(get_item("1", "status=205&size=1KiB").size, 0);
    assert_int_equal(get_item("1", "status=304&size=1KiB").size, 0);
    assert_int_equal(get_item("1", "status=404&size=1KiB").size, 1024);
}

static void test_what_is_malformed_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *number, *query, *reason;
    } cases[] = {
        {"", NULL, "item"},
        {"x", NULL, "item: \"x\""},
        {"-1", NULL, "item"},
        {"1/2", NULL, "item"},
        {"%3", NULL, "item"},
        {"18446744073709551616", NULL, "item"},
        {"1%00", NULL, "item"},
        {"1", "sise=1", "\"sise\" is not an option"},
        {"1", "Size=1", "\"Size\" is not an option"},
        {"1", "averyveryverylongoptionname=1", "is not an option"},
        {"1", "size", "size: \"size\" has no value"},
        {"1", "size=", "size: \"\" is not a size"},
        {"1", "=1", "OPTION=VALUE"},
        {"1", "&", "OPTION=VALUE"},
        {"1", "size=1&", "empty option"},
        {"1", "size=1&&close=yes", "OPTION=VALUE"},
        {"1", "size=1&size=1", "size: \"1\" is a second value"},
        {"1", "size=1KB", "size: \"1KB\" is not a size"},
        {"1", "size=1%", "size"},
        {"1", "size=1%0", "size"},
        {"1", "size=1%zz", "size"},
        {"1", "size=1%00", "size"},
        {"1", "size=1+", "size"},
        {"1", "size=64.5GiB", "size"},
        {"1", "size=99999999999999999999", "size"},
        {"1", "delay=1", "delay: \"1\" is not a duration"},
        {"1", "delay=61min", "delay"},
        {"1", "delay=-1s", "delay"},
        {"1", "jitter=x", "jitter"},
        {"1", "jitter=1ms", "jitter: more than the delay"},
        {"1", "delay=1ms&jitter=2ms", "jitter: more than the delay"},
        {"1", "delay=1ms&jitter=1ms&dist=fixed", "jitter: dist=fixed"},
        {"1", "dist=pareto&delay=1ms", "dist: needs a jitter"},
        {"1", "dist=lognormal&jitter=1ms", "dist: needs a delay"},
        {"1", "dist=normal", "dist: \"normal\" is not fixed"},
        {"1", "dist=", "dist"},
        {"1", "status=199", "status: \"199\" is not a status from 200 to 599"},
        {"1", "status=600", "status"},
        {"1", "status=200.0", "status"},
        {"1", "fault=none", "fault: \"none\" is not reset"},
        {"1", "fault=", "fault"},
        {"1", "fault=stall&size=0", "fault: truncate"},
        {"1", "fault=drip&status=204", "fault: truncate"},
        {"1", "every=0&status=500", "every: \"0\""},
        {"1", "every=10", "every: needs"},
        {"1", "pace=1ms", "pace: only"},
        {"1", "pace=999ns&fault=drip", "pace"},
        {"1", "fault=drip&pace=1s&size=3601", "fault: drip would take longer than an hour"},
        {"1", "fault=drip&pace=1h&size=1&chunked=yes",
         "fault: drip would take longer than an hour"},
        {"0", "size=100&big=0&fault=truncate", "fault: truncate, stall and drip need a body"},
        {"1", "fault=drip&big=64GiB&every=2", "fault: drip would take longer than an hour"},
        {"1", "chunked=true", "chunked: \"true\" is not yes or no"},
        {"1", "close=1", "close"},
        {"1", "size=\"\x01", "size: \"\"?\""},
        {"1", "size=0123456789012345678901234567890123456789xx", "\"... is not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct item item;
        char reason[ITEM_REASON] = "";
        int error = read_item(cases[i].number, cases[i].query, &item, reason);
        if (error != -EINVAL || !strstr(reason, cases[i].reason))
            fail_msg("%s?%s: %d, %s", cases[i].number, cases[i].query ? cases[i].query : "", error,
                     reason);
    }
}

/* splitmix64's first output for state 0 is e220a8397b1dcdaf: 0.88331 of 2^64. */
static void test_a_uniform_delay_is_the_documented_one(void **state)
{
    (void)state;
    struct item item = get_item("0", "delay=100ms&jitter=100ms&dist=uniform");
    double uniform = (double)((UINT64_C(0xe220a8397b1dcdaf) >> 11) + 1) / 9007199254740992.0;
    assert_int_equal(item.delay_ns, (uint64_t)(uniform * 200000000));
    assert_int_equal(get_item("0", "delay=100ms&jitter=100ms").delay_ns, item.delay_ns);
}

/* Over many items a distribution has the mean and the deviation it was asked for. */
static void check_moments(const char *query, double mean, double deviation, double tolerance)
{
    enum { ITEMS = 200000 };
    double sum = 0, squares = 0;
    for (unsigned k = 1; k <= ITEMS; k++) {
        char number[16];
        snprintf(number, sizeof number, "%u", k);
        double delay = (double)get_item(number, query).delay_ns / 1e6;
        sum += delay;
        squares += delay * delay;
    }
    double got_mean = sum / ITEMS;
    double got_deviation = sqrt(squares / ITEMS - got_mean * got_mean);
    if (fabs(got_mean / mean - 1) > 0.01 || fabs(got_deviation / deviation - 1) > tolerance)
        fail_msg("%s: mean %f, deviation %f", query, got_mean, got_deviation);
}

static void test_distributions_have_their_moments(void **state)
{
    (void)state;
    check_moments("delay=100ms&jitter=30ms&dist=uniform", 100, 30 / sqrt(3), 0.01);
    check_moments("delay=100ms&jitter=30ms&dist=lognormal", 100, 30, 0.02);
    /* A Pareto tail: the sample's deviation comes in slowly. */
    check_moments("delay=100ms&jitter=30ms&dist=pareto", 100, 30, 0.1);
}

static void test_no_delay_is_longer_than_an_hour(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 1000; k++) {
        char number[16];
        snprintf(number, sizeof number, "%u", k);
        assert_true(get_item(number, "delay=1h&jitter=1h&dist=pareto").delay_ns <=
                    ITEM_DELAY_MAX_NS);
    }
}

static void test_the_body_is_numbered_lines(void **state)
{
    (void)state;
    static const char begins[] = "00000000000000000042 0000000000\n"
                                 "00000000000000000042 0000000001\n";
    char body[64];
    item_body(42, 0, body, sizeof body);
    assert_memory_equal(body, begins, sizeof body);
    /* Carries, and the largest of both numbers. */
    item_body(UINT64_MAX, UINT64_C(9999999998) * 32, body, sizeof body);
    assert_memory_equal(body, "18446744073709551615 9999999998\n18446744073709551615 9999999999\n",
                        64);
}

static void test_any_stretch_of_a_body_is_the_same_bytes(void **state)
{
    (void)state;
    enum { SIZE = 4000 };
    static char whole[SIZE], part[SIZE];
    item_body(7, 0, whole, SIZE);
    for (size_t offset = 0; offset < 200; offset++)
        for (size_t length = 0; length < 200; length++) {
            memset(part, '#', length + 1);
            item_body(7, offset, part, length);
            assert_memory_equal(part, whole + offset, length);
            assert_int_equal(part[length], '#');
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_options_together),
        cmocka_unit_test(test_every_fault_has_its_word),
        cmocka_unit_test(test_every_hits_the_multiples_only),
        cmocka_unit_test(test_slow_and_big_are_the_multiples_only),
        cmocka_unit_test(test_percent_encoding_is_taken_away),
        cmocka_unit_test(test_a_status_without_a_body_has_none),
        cmocka_unit_test(test_what_is_malformed_is_refused_by_name),
        cmocka_unit_test(test_a_uniform_delay_is_the_documented_one),
        cmocka_unit_test(test_distributions_have_their_moments),
        cmocka_unit_test(test_no_delay_is_longer_than_an_hour),
        cmocka_unit_test(test_the_body_is_numbered_lines),
        cmocka_unit_test(test_any_stretch_of_a_body_is_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
