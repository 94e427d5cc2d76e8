/* --rate: what is read, and when each URL falls due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/rate.h"

#define NONE       \
    {              \
        0, EVEN, 0 \
    } /* refused */

static void rates_are_read_strictly(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        struct rate rate;
    } cases[] = {
        {"500", {500, EVEN, 1}},
        {"0.5", {0.5, EVEN, 1}},
        {"0.001", {0.001, EVEN, 1}},
        {"10000000", {1e7, EVEN, 1}},
        {"80,poisson", {80, POISSON, 1}},
        {"80,burst=20", {80, BURST, 20}},
        {"80,burst=1000000", {80, BURST, 1000000}},
        {"", NONE},
        {"0", NONE},
        {"0.0", NONE},
        {"0.0009", NONE},
        {"10000001", NONE},
        {"-5", NONE},
        {"+5", NONE},
        {" 5", NONE},
        {".5", NONE},
        {"1e3", NONE},
        {"0x10", NONE},
        {"inf", NONE},
        {"nan", NONE},
        {"1.2.3", NONE},
        {"99999999999999999999999999", NONE},
        {"5/s", NONE},
        {"5,", NONE},
        {"5,poison", NONE},
        {"5,poisson,burst=2", NONE},
        {"5,burst", NONE},
        {"5,burst=", NONE},
        {"5,burst=0", NONE},
        {"5,burst=1000001", NONE},
        {"5,burst=-1", NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rate rate = {4711, BURST, 4711};
        int error = rate_parse(&rate, cases[i].text);
        bool refused = cases[i].rate.per_second <= 0;
        if (error != (refused ? -EINVAL : 0))
            fail_msg("'%s': %d", cases[i].text, error);
        if (refused) { /* and left alone */
            assert_true(rate.per_second == 4711 && rate.arrivals == BURST && rate.burst == 4711);
            continue;
        }
        assert_true(rate.per_second == cases[i].rate.per_second);
        assert_int_equal(rate.arrivals, cases[i].rate.arrivals);
        assert_int_equal(rate.burst, cases[i].rate.burst);
    }
}

static struct workload planned(const char *rate, uint64_t count)
{
    struct workload workload = {.count = count};
    struct workload_error error = {""};
    assert_int_equal(rate_parse(&workload.rate, rate), 0);
    assert_int_equal(rate_plan(&workload, &error), 0);
    return workload;
}

static void without_a_rate_all_are_due_at_once(void **unused)
{
    (void)unused;
    struct workload workload = {.count = 3};
    struct workload_error error = {""};
    assert_int_equal(rate_plan(&workload, &error), 0);
    assert_null(workload.due);
    assert_int_equal(workload_due(&workload, 2), 0);
}

static void even_ones_come_evenly(void **unused)
{
    (void)unused;
    struct workload workload = planned("400", 5);
    const uint64_t due[] = {0, 2500000, 5000000, 7500000, 10000000};
    for (int i = 0; i < 5; i++)
        assert_int_equal(workload_due(&workload, (uint64_t)i), due[i]);
    workload_free(&workload);
    assert_null(workload.due);
}

/* The mean rate stays: three at a time come every third of the time. */
static void bursts_come_together(void **unused)
{
    (void)unused;
    struct workload workload = planned("100,burst=3", 7);
    const uint64_t due[] = {0, 0, 0, 30000000, 30000000, 30000000, 60000000};
    for (int i = 0; i < 7; i++)
        assert_int_equal(workload_due(&workload, (uint64_t)i), due[i]);
    workload_free(&workload);
}

/* Exponential gaps: their mean is 1/R and so is their deviation; a share of 1/e is longer than the
 * mean. The numbers follow from the seed alone, so that the bounds are met every time or never. */
static void random_ones_are_a_poisson_process(void **unused)
{
    (void)unused;
    enum { N = 20000 };
    struct workload workload = planned("1000,poisson", N), again = planned("1000,poisson", N);
    assert_memory_equal(workload.due, again.due, N * sizeof *workload.due);
    double sum = 0, squares = 0;
    int longer = 0;
    for (int i = 0; i < N; i++) {
        uint64_t before = i > 0 ? workload.due[i - 1] : 0;
        assert_true(workload.due[i] >= before);
        double gap_ms = (double)(workload.due[i] - before) / 1e6;
        sum += gap_ms;
        squares += gap_ms * gap_ms;
        longer += gap_ms > 1;
    }
    double mean = sum / N, variance = squares / N - mean * mean;
    assert_true(mean > 0.98 && mean < 1.02);
    assert_true(variance > 0.95 && variance < 1.05);
    assert_true(longer > 0.357 * N && longer < 0.379 * N);
    workload_free(&workload);
    workload_free(&again);
}

static void what_would_take_too_long_is_refused(void **unused)
{
    (void)unused;
    struct workload workload = {.count = 1000000, .rate = {0.5, EVEN, 1}};
    struct workload_error error = {""};
    assert_int_equal(rate_plan(&workload, &error), -ERANGE);
    assert_non_null(strstr(error.message, "1000000 URLs would take 556 hours"));
    assert_null(workload.due);
    workload.count = UINT64_MAX >> 8;
    workload.rate.per_second = 1e7;
    assert_int_equal(rate_plan(&workload, &error), -ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_read_strictly),
        cmocka_unit_test(without_a_rate_all_are_due_at_once),
        cmocka_unit_test(even_ones_come_evenly),
        cmocka_unit_test(bursts_come_together),
        cmocka_unit_test(random_ones_are_a_poisson_process),
        cmocka_unit_test(what_would_take_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
