/* A run in figures, from records made by hand; and waitbench-run/1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/driver/summary.h"

/* ---- Help --------------------------------------------------------------- */

enum { MILLISECOND = 1000000 };

static const char *const *settings(void)
{
    static const char *const list[] = {"backend", "epoll", NULL};
    return list;
}

static const struct model model = {.name = "invented", .summary = "-", .settings = settings};

struct fixture {
    struct workload workload;
    struct run run;
    struct summary summary;
};

static void open_fixture(struct fixture *fixture, uint64_t count, uint32_t lanes)
{
    *fixture = (struct fixture){.workload = {.pattern = "http://a/{}",
                                             .count = count,
                                             .whole = count,
                                             .timeout_ns = 1500 * MILLISECOND}};
    assert_int_equal(run_open(&fixture->run, &fixture->workload, lanes, 0), 0);
    fixture->summary.model = &model;
    fixture->summary.run = &fixture->run;
}

/* A fetch from `taken` to `end`, in milliseconds since the gate. */
static void set_record(struct fixture *fixture, uint64_t index, enum outcome outcome,
                       uint64_t taken, uint64_t end, uint64_t bytes)
{
    struct record *record = run_record(&fixture->run, index);
    record->taken_ns = taken * MILLISECOND;
    record->end_ns = end * MILLISECOND;
    record->body_bytes = bytes;
    record->status = outcome == FETCHED ? 200 : 0;
    record->outcome = (uint8_t)outcome;
}

static void summarise(struct fixture *fixture)
{
    const struct rusage before[2] = {0};
    struct rusage after[2] = {0};
    after[0].ru_utime = (struct timeval){1, 250000};
    after[1].ru_utime = (struct timeval){2, 0};
    after[0].ru_stime = (struct timeval){0, 500000};
    after[0].ru_nvcsw = 7;
    after[1].ru_nvcsw = 5;
    after[1].ru_nivcsw = 3;
    after[0].ru_minflt = 11;
    after[1].ru_majflt = 1;
    assert_int_equal(summary_make(&fixture->summary, before, after), 0);
}

static json_t *json_of(const struct fixture *fixture)
{
    json_error_t error;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(summary_write_json(&fixture->summary, file), 0);
    rewind(file);
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%s", error.text);
    fclose(file);
    return root;
}

/* The member at a path such as "time.spawn_s". */
static json_t *at(json_t *root, const char *path)
{
    char name[64];
    for (const char *next = path; root != NULL; next++) {
        size_t length = strcspn(next, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, next);
        root = json_object_get(root, name);
        next += length;
        if (*next == '\0')
            break;
    }
    if (root == NULL)
        fail_msg("there is no %s", path);
    return root;
}

static void check_number(json_t *root, const char *path, double want)
{
    double got = json_number_value(at(root, path));
    if (!json_is_number(at(root, path)) || got < want - 1e-9 || got > want + 1e-9)
        fail_msg("%s is %f, want %f", path, got, want);
}

/* ---- Figures ------------------------------------------------------------ */

static void test_figures_from_records(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 6, 3);
    assert_int_equal(run_ready(&fixture.run), 0);
    set_record(&fixture, 0, FETCHED, 0, 30, 100);
    set_record(&fixture, 1, FETCHED, 0, 20, 10);
    set_record(&fixture, 2, TIMED_OUT, 10, 50, 7);
    set_record(&fixture, 3, FETCHED, 20, 60, 1); /* begins as the second ends */
    set_record(&fixture, 4, BAD_STATUS, 30, 40, 1000);
    set_record(&fixture, 5, INTERRUPTED, 0, 0, 0); /* never under way */
    summarise(&fixture);
    const struct summary *summary = &fixture.summary;
    assert_int_equal(summary->outcomes[FETCHED], 3);
    assert_int_equal(summary_failed(summary), 3);
    assert_int_equal(summary->bytes, 1118);
    assert_int_equal(summary->peak_in_flight, 3);

    json_t *root = json_of(&fixture);
    check_number(root, "time.makespan_s", 0.060);
    check_number(root, "time.user_s", 3.25);
    check_number(root, "time.system_s", 0.5);
    check_number(root, "fetches.ok", 3);
    check_number(root, "fetches.failed", 3);
    check_number(root, "fetches.bytes", 1118);
    check_number(root, "fetches.peak_in_flight", 3);
    check_number(root, "latency_ms.min", 20);
    check_number(root, "latency_ms.max", 40);
    check_number(root, "latency_ms.mean", 30);
    check_number(root, "latency_ms.first", 20);
    check_number(root, "throughput.fetches_per_s", 50);
    check_number(root, "throughput.bytes_per_s", 1118 / 0.060);
    check_number(root, "switches.voluntary", 12);
    check_number(root, "switches.involuntary", 3);
    check_number(root, "faults.minor", 11);
    check_number(root, "faults.major", 1);
    check_number(root, "workload.timeout_ms", 1500);
    check_number(root, "workers.asked", 3);
    check_number(root, "workers.made", 3);
    assert_int_equal(json_array_size(at(root, "errors")), 3);
    json_t *first = json_array_get(at(root, "errors"), 0);
    assert_string_equal(json_string_value(at(first, "reason")), "bad_status");
    check_number(first, "count", 1);
    json_decref(root);
    run_free(&fixture.run);
}

/* A percentile with fewer than ten records beyond it is null. */
static void test_percentiles_need_ten_beyond(void **state)
{
    static const struct {
        uint64_t count;
        double p50, p90, p99, p999; /* ms; 0: null */
    } cases[] = {
        {1, 0, 0, 0, 0},
        {19, 0, 0, 0, 0},
        {20, 10, 0, 0, 0},
        {99, 50, 0, 0, 0},
        {100, 50, 90, 0, 0},
        {999, 500, 900, 0, 0},
        {1000, 500, 900, 990, 0},
        {9999, 5000, 9000, 9900, 0},
        {10000, 5000, 9000, 9900, 9990},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        open_fixture(&fixture, cases[i].count, 1);
        assert_int_equal(run_ready(&fixture.run), 0);
        for (uint64_t k = 0; k < cases[i].count; k++) /* latencies 1, 2, 3, … ms */
            set_record(&fixture, k, FETCHED, 5, 5 + cases[i].count - k, 1);
        summarise(&fixture);
        json_t *root = json_of(&fixture);
        const struct {
            const char *path;
            double want;
        } checks[] = {{"latency_ms.p50", cases[i].p50},
                      {"latency_ms.p90", cases[i].p90},
                      {"latency_ms.p99", cases[i].p99},
                      {"latency_ms.p999", cases[i].p999}};
        for (size_t k = 0; k < 4; k++) {
            if (checks[k].want > 0)
                check_number(root, checks[k].path, checks[k].want);
            else
                assert_true(json_is_null(at(root, checks[k].path)));
        }
        check_number(root, "latency_ms.max", (double)cases[i].count);
        json_decref(root);
        run_free(&fixture.run);
    }
}

static void test_only_fetched_ones_have_a_latency(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 2, 1);
    assert_int_equal(run_ready(&fixture.run), 0);
    set_record(&fixture, 0, TIMED_OUT, 0, 900, 0);
    set_record(&fixture, 1, REFUSED, 0, 1, 0);
    summarise(&fixture);
    json_t *root = json_of(&fixture);
    assert_true(json_is_null(at(root, "latency_ms.max")));
    assert_true(json_is_null(at(root, "latency_ms.first")));
    check_number(root, "time.makespan_s", 0.9);
    check_number(root, "throughput.fetches_per_s", 0);
    json_decref(root);
    run_free(&fixture.run);
}

/* ---- The schema --------------------------------------------------------- */

static const char *const keys[] = {"schema",
                                   "model.name",
                                   "model.options.backend",
                                   "version",
                                   "started_at",
                                   "command",
                                   "interrupted",
                                   "libcurl_options_digest",
                                   "workload.urls",
                                   "workload.concurrency",
                                   "workload.dispatch",
                                   "workload.timeout_ms",
                                   "workload.retries",
                                   "workload.keep_alive",
                                   "workload.resolve",
                                   "workload.cpu_work_passes",
                                   "time.spawn_s",
                                   "time.makespan_s",
                                   "time.user_s",
                                   "time.system_s",
                                   "workers.asked",
                                   "workers.made",
                                   "workers.lost",
                                   "workers.rebuilt",
                                   "fetches.ok",
                                   "fetches.failed",
                                   "fetches.retried",
                                   "fetches.bytes",
                                   "fetches.digest",
                                   "fetches.connections",
                                   "fetches.peak_in_flight",
                                   "fetches.port_waits",
                                   "latency_ms.min",
                                   "latency_ms.p50",
                                   "latency_ms.p90",
                                   "latency_ms.p99",
                                   "latency_ms.p999",
                                   "latency_ms.max",
                                   "latency_ms.mean",
                                   "latency_ms.first",
                                   "throughput.fetches_per_s",
                                   "throughput.bytes_per_s",
                                   "switches.voluntary",
                                   "switches.involuntary",
                                   "faults.minor",
                                   "faults.major",
                                   "errors",
                                   "environment.kernel"};

static void check_keys(json_t *root)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        (void)at(root, keys[i]);
    assert_string_equal(json_string_value(at(root, "schema")), "waitbench-run/1");
    assert_int_equal(json_string_length(at(root, "libcurl_options_digest")), 16);
    assert_int_equal(json_string_length(at(root, "fetches.digest")), 32);
}

static void test_all_keys_are_there_after_a_run(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 1, 1);
    assert_int_equal(run_ready(&fixture.run), 0);
    set_record(&fixture, 0, FETCHED, 1, 2, 3);
    summarise(&fixture);
    json_t *root = json_of(&fixture);
    check_keys(root);
    assert_true(json_is_false(at(root, "interrupted")));
    assert_true(json_is_number(at(root, "time.spawn_s")));
    json_decref(root);
    run_free(&fixture.run);
}

static void test_what_is_unknown_is_null_and_still_there(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 3, 2);
    run_stop(&fixture.run); /* before the gate opened */
    run_close(&fixture.run);
    summarise(&fixture);
    json_t *root = json_of(&fixture);
    check_keys(root);
    assert_true(json_is_true(at(root, "interrupted")));
    static const char *const unknown[] = {
        "time.spawn_s",     "time.makespan_s",          "latency_ms.min",
        "latency_ms.p50",   "latency_ms.max",           "latency_ms.mean",
        "latency_ms.first", "throughput.fetches_per_s", "throughput.bytes_per_s"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        if (!json_is_null(at(root, unknown[i])))
            fail_msg("%s is not null", unknown[i]);
    }
    check_number(root, "fetches.failed", 3);
    json_decref(root);
    run_free(&fixture.run);
}

static void test_the_command_is_quoted_and_its_odd_bytes_are_null(void **state)
{
    char first[] = "async", second[] = "--save=\xff", *command[] = {first, second};
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 1, 1);
    fixture.summary.command = command;
    fixture.summary.command_length = 2;
    fixture.summary.started_at = (struct timespec){.tv_sec = 0, .tv_nsec = 7 * MILLISECOND};
    summarise(&fixture);
    json_t *root = json_of(&fixture);
    assert_string_equal(json_string_value(json_array_get(at(root, "command"), 0)), "async");
    assert_true(json_is_null(json_array_get(at(root, "command"), 1)));
    assert_string_equal(json_string_value(at(root, "started_at")), "1970-01-01T00:00:00.007Z");
    json_decref(root);
    run_free(&fixture.run);
}

static void test_a_full_disk_is_an_error(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 1, 1);
    summarise(&fixture);
    FILE *full = fopen("/dev/full", "we");
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(summary_write_json(&fixture.summary, full), -EIO);
    fclose(full);
    run_free(&fixture.run);
}

static unsigned allocations, failing;

static void *scarce_malloc(size_t size)
{
    return ++allocations == failing ? NULL : malloc(size);
}

/* NULL: it was refused. */
static char *json_text(const struct fixture *fixture)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    int result = summary_write_json(&fixture->summary, out);
    assert_int_equal(fclose(out), 0);
    if (result == 0)
        return text;
    free(text);
    return NULL;
}

static void test_it_is_whole_or_refused_whichever_allocation_fails(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 3, 1);
    assert_int_equal(run_ready(&fixture.run), 0);
    set_record(&fixture, 0, FETCHED, 1, 2, 3);
    set_record(&fixture, 1, TIMED_OUT, 1, 2, 3);
    summarise(&fixture);
    json_set_alloc_funcs(scarce_malloc, free);
    failing = allocations = 0;
    char *sound = json_text(&fixture);
    unsigned needed = allocations, refused = 0;
    for (failing = 1; failing <= needed; failing++) {
        allocations = 0;
        char *text = json_text(&fixture);
        refused += text == NULL;
        if (text != NULL)
            assert_string_equal(text, sound);
        free(text);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(refused > needed / 2);
    free(sound);
    run_free(&fixture.run);
}

/* ---- For people --------------------------------------------------------- */

static void test_the_terminal_is_told_what_failed(void **state)
{
    struct fixture fixture;
    char *text = NULL;
    size_t length = 0;
    (void)state;
    open_fixture(&fixture, 4, 2);
    assert_int_equal(run_ready(&fixture.run), 0);
    set_record(&fixture, 0, FETCHED, 0, 10, 1500);
    set_record(&fixture, 1, REFUSED, 0, 10, 0);
    set_record(&fixture, 2, TRUNCATED, 0, 10, 0);
    set_record(&fixture, 3, REFUSED, 0, 10, 0);
    summarise(&fixture);
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    summary_print(&fixture.summary, out);
    assert_int_equal(fclose(out), 0);
    static const char *const words[] = {
        "invented: 1 of 4 fetched", "1.5 kB", "2 refused", "1 truncated",
        "URL 2, http://a/2",        "digest"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(text, words[i]) == NULL)
            fail_msg("\"%s\" is not in:\n%s", words[i], text);
    }
    free(text);
    run_free(&fixture.run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_from_records),
        cmocka_unit_test(test_percentiles_need_ten_beyond),
        cmocka_unit_test(test_only_fetched_ones_have_a_latency),
        cmocka_unit_test(test_all_keys_are_there_after_a_run),
        cmocka_unit_test(test_what_is_unknown_is_null_and_still_there),
        cmocka_unit_test(test_the_command_is_quoted_and_its_odd_bytes_are_null),
        cmocka_unit_test(test_a_full_disk_is_an_error),
        cmocka_unit_test(test_it_is_whole_or_refused_whichever_allocation_fails),
        cmocka_unit_test(test_the_terminal_is_told_what_failed),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
