/* The origin's statistics: exact over threads, exact peaks, a reset that loses nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "origin/clock.h"
#include "origin/stats.h"

/* Fails unless the report holds the text. */
static void assert_reported(struct stats *stats, const char *text)
{
    size_t length = 0;
    char *json = stats_json(stats, &length);
    assert_non_null(json);
    assert_int_equal(length, strlen(json));
    if (!strstr(json, text))
        fail_msg("no %s in %s", text, json);
    free(json);
}

static void test_nothing_happened(void **state)
{
    (void)state;
    struct stats *stats = stats_new(3);
    assert_non_null(stats);
    assert_reported(stats, "{\"schema\":\"waitbench-origin/1\",\"requests\":0,\"responses\":0,"
                           "\"connections\":0,\"open\":0,\"open_peak\":0,\"in_flight\":0,"
                           "\"in_flight_peak\":0,\"body_bytes\":0,\"by_status\":{},"
                           "\"first_request_ns\":null,\"last_byte_ns\":null,\"residence_ns\":0,"
                           "\"late_ms\":null,");
    assert_reported(stats, "\"threads\":3,\"pid\":");
    stats_free(stats);
}

static void test_buckets_are_narrow_and_in_order(void **state)
{
    (void)state;
    unsigned before = 0;
    for (uint64_t ns = 0; ns < UINT64_C(1) << 42; ns = ns + ns / 100 + 1) {
        unsigned bucket = stats_bucket(ns);
        assert_in_range(bucket, before, STATS_BUCKETS - 1);
        assert_true(stats_bucket_top(bucket) >= ns);
        assert_true(stats_bucket_top(bucket) - ns <= ns / 32);
        if (bucket)
            assert_true(stats_bucket_top(bucket - 1) < ns);
        before = bucket;
    }
    assert_int_equal(stats_bucket(UINT64_MAX), STATS_BUCKETS - 1);
}

static double number_after(const char *json, const char *key)
{
    const char *at = strstr(json, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

/* A hundred values 1 ms … 100 ms: nearest rank 50 is 50 ms, within a bucket's 1/32. */
static void test_percentiles_of_lateness(void **state)
{
    (void)state;
    struct stats *stats = stats_new(2);
    assert_non_null(stats);
    for (unsigned i = 1; i <= 100; i++)
        stats_late(stats, stats_lane(stats, i % 2), i * UINT64_C(1000000));
    size_t length;
    char *json = stats_json(stats, &length);
    assert_non_null(json);
    double p50 = number_after(json, "\"p50\":"), p99 = number_after(json, "\"p99\":");
    double max = number_after(json, "\"max\":");
    assert_true(p50 >= 50 && p50 <= 50 * 33 / 32.0);
    assert_true(p99 >= 99 && p99 <= 100);
    assert_true(max == 100);
    free(json);
    stats_free(stats);
}

static void test_a_reset_keeps_what_is_open(void **state)
{
    (void)state;
    struct stats *stats = stats_new(1);
    assert_non_null(stats);
    struct stats_lane *lane = stats_lane(stats, 0);
    for (int i = 0; i < 3; i++) {
        stats_connection(stats, lane);
        stats_request(stats, lane, 1000);
    }
    stats_response(lane, 503, 1000, 1400, 1500);
    stats_body(lane, 77);
    stats_request_ended(stats);
    stats_connection_ended(stats);
    assert_reported(stats, "\"requests\":3,\"responses\":1,\"connections\":3,\"open\":2,"
                           "\"open_peak\":3,\"in_flight\":2,\"in_flight_peak\":3,"
                           "\"body_bytes\":77,\"by_status\":{\"503\":1},"
                           "\"first_request_ns\":1000,\"last_byte_ns\":1400,\"residence_ns\":500,");
    stats_reset(stats);
    assert_reported(stats, "\"requests\":0,\"responses\":0,\"connections\":0,\"open\":2,"
                           "\"open_peak\":2,\"in_flight\":2,\"in_flight_peak\":2,"
                           "\"body_bytes\":0,\"by_status\":{},"
                           "\"first_request_ns\":null,\"last_byte_ns\":null,\"residence_ns\":0,"
                           "\"late_ms\":null");
    stats_free(stats);
}

enum { THREADS = 4, ROUNDS = 20000 };

struct crowd {
    struct stats *stats;
    struct stats_lane *lane;
    pthread_barrier_t *together;
};

/* Each holds one connection while all the others do, then counts as fast as it can. */
static void *count(void *argument)
{
    struct crowd *crowd = argument;
    stats_connection(crowd->stats, crowd->lane);
    pthread_barrier_wait(crowd->together);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t now = monotonic_ns();
        stats_request(crowd->stats, crowd->lane, now);
        stats_body(crowd->lane, 3);
        stats_response(crowd->lane, 200, now, now + 2, now + 2);
        stats_request_ended(crowd->stats);
    }
    stats_connection_ended(crowd->stats);
    return NULL;
}

static void test_counts_are_exact_over_threads(void **state)
{
    (void)state;
    struct stats *stats = stats_new(THREADS);
    assert_non_null(stats);
    pthread_barrier_t together;
    pthread_barrier_init(&together, NULL, THREADS);
    pthread_t threads[THREADS];
    struct crowd crowd[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){stats, stats_lane(stats, i), &together};
        assert_int_equal(pthread_create(&threads[i], NULL, count, &crowd[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&together);
    assert_reported(stats, "\"requests\":80000,\"responses\":80000,\"connections\":4,\"open\":0,"
                           "\"open_peak\":4,\"in_flight\":0,\"in_flight_peak\":");
    assert_reported(stats, "\"body_bytes\":240000,\"by_status\":{\"200\":80000},");
    assert_reported(stats, "\"residence_ns\":160000,");
    stats_free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_happened),
        cmocka_unit_test(test_buckets_are_narrow_and_in_order),
        cmocka_unit_test(test_percentiles_of_lateness),
        cmocka_unit_test(test_a_reset_keeps_what_is_open),
        cmocka_unit_test(test_counts_are_exact_over_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
