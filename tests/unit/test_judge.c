/*
 * benchstat judge: a visit that did what was planned stands; one doctored in a
 * single figure is caught by the rule that the figure breaks. Then medians,
 * pairs, noise floor and costs against values made by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/cells.h"
#include "analysis/compare.h"
#include "analysis/evidence.h"
#include "analysis/ledger.h"
#include "analysis/trends.h"
#include "analysis/words.h"

/* 100 URLs of 1 KiB, 20 in flight, 50 ms each: 5 waves, at least 0.25 s. */
static const char *const plan_text =
    "{\"kind\": \"timed\", \"experiment\": \"e\", \"cell\": \"e/threads\", \"lane\": \"threads\","
    " \"axis\": \"none\", \"value\": null, \"work\": \"w\", \"count\": 100, \"concurrency\": 20,"
    " \"keep_alive\": true, \"delay_s\": 0.05, \"shortest_delay_s\": 0.05,"
    " \"placement\": \"apart\", \"origin\": {\"size\": \"1KiB\", \"fault\": null}}";
static const char *const visit_text =
    "{\"schema\": \"waitbench-visit/1\", \"exit_status\": 0, \"children_left\": 0, "
    "\"children_unreaped\": 0, \"timed_out\": false,"
    " \"origin\": {\"requests\": 100, \"responses\": 100, \"connections\": 20, \"open\": 0,"
    " \"open_peak\": 20, \"in_flight_peak\": 20, \"body_bytes\": 102400,"
    " \"first_request_ns\": 1000000000, \"last_byte_ns\": 1255000000,"
    " \"residence_ns\": 5000000000, \"cpu_user_s\": 0.001, \"cpu_system_s\": 0.002}}";
static const char *const run_text =
    "{\"schema\": \"waitbench-run/1\", \"interrupted\": false, \"libcurl_options_digest\": \"aa\","
    " \"time\": {\"spawn_s\": 0.001, \"makespan_s\": 0.26},"
    " \"workers\": {\"asked\": 20, \"made\": 20, \"lost\": 0, \"rebuilt\": 0},"
    " \"fetches\": {\"ok\": 100, \"failed\": 0, \"retried\": 0, \"bytes\": 102400,"
    " \"digest\": \"d1\", \"connections\": 20, \"peak_in_flight\": 20},"
    " \"latency_ms\": {\"first\": 51}, \"throughput\": {\"fetches_per_s\": 384.6},"
    " \"switches\": {\"voluntary\": 200, \"involuntary\": 10},"
    " \"environment\": {\"libcurl\": \"7.88.1\", \"sanitizer\": null}}";
static const char *const hyperfine_text =
    "{\"results\": [{\"times\": [0.27], \"exit_codes\": [0], \"user\": 0.01, \"system\": 0.005}]}";

/* Puts text (JSON) at a dotted path, whose last key may be an index. */
static void doctor(json_t *root, const char *path, const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    char key[64];
    while (strchr(path, '.')) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        root = json_is_array(root) ? json_array_get(root, strtoul(key, NULL, 10))
                                   : json_object_get(root, key);
        assert_non_null(root);
        path += length + 1;
    }
    if (json_is_array(root))
        assert_int_equal(json_array_set_new(root, strtoul(path, NULL, 10), value), 0);
    else
        assert_int_equal(json_object_set_new(root, path, value), 0);
}

static void load(struct visit_seen *seen)
{
    *seen = (struct visit_seen){
        .plan = json_loads(plan_text, 0, NULL),
        .visit = json_loads(visit_text, 0, NULL),
        .run = json_loads(run_text, 0, NULL),
        .hyperfine = json_loads(hyperfine_text, 0, NULL),
    };
    assert_true(seen->plan && seen->visit && seen->run && seen->hyperfine);
}

static void unload(struct visit_seen *seen)
{
    json_decref(seen->plan);
    json_decref(seen->visit);
    json_decref(seen->run);
    json_decref(seen->hyperfine);
    json_decref(seen->reasons);
}

static json_t *part_of(struct visit_seen *seen, const char *file)
{
    return strcmp(file, "plan") == 0    ? seen->plan
           : strcmp(file, "visit") == 0 ? seen->visit
           : strcmp(file, "run") == 0   ? seen->run
                                        : seen->hyperfine;
}

static bool says(const json_t *reasons, const char *words)
{
    for (size_t i = 0; i < json_array_size(reasons); i++)
        if (strstr(json_string_value(json_array_get(reasons, i)), words))
            return true;
    return false;
}

static void print_reasons(const json_t *reasons)
{
    for (size_t i = 0; i < json_array_size(reasons); i++)
        print_error("  %s\n", json_string_value(json_array_get(reasons, i)));
}

static void a_visit_as_planned_stands(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load(&seen);
    visit_read(&seen);
    visit_prove(&seen);
    print_reasons(seen.reasons);
    assert_int_equal(json_array_size(seen.reasons), 0);
    assert_true(visit_waits(&seen)); /* 50 ms ≥ 5 · 20 · 0.15 ms */
    assert_string_equal(visit_bound(&seen), "latency");
    assert_true(fabs(visit_ideal_s(&seen) - 0.25) < 1e-12);
    assert_true(fabs(seen.in_flight_mean - 5 / 0.255) < 1e-9);
    unload(&seen);
}

static void doctored_visits_are_caught(void **unused)
{
    (void)unused;
    static const struct {
        const char *file, *path, *value, *reason;
    } doctored[] = {
        /* rule 1: same work */
        {"hyperfine", "results.0.exit_codes.0", "1", "ended with status 1"},
        {"run", "interrupted", "true", "interrupted"},
        {"run", "fetches.failed", "1", "1 of 100 fetches failed"},
        {"run", "fetches.ok", "99", "99 records for 100 URLs"},
        {"run", "fetches.bytes", "102399", "102399 bytes came, 102400 were planned"},
        {"run", "fetches.bytes", "0", "0 bytes came"}, /* the client that skips the bodies */
        {"run", "fetches.digest", "null", "no digest"},
        {"run", "schema", "\"waitbench-run/2\"", "schema waitbench-run/1"},
        {"run", "environment.sanitizer", "\"address\"", "sanitizer"},
        {"run", "fetches.ok", "null", "does not say what was fetched"},
        {"visit", "schema", "\"waitbench-visit/2\"", "no visit.json of schema"},
        {"visit", "origin", "null", "counters are missing"},
        {"visit", "origin.responses", "99", "served 99 responses for 100 URLs"},
        {"visit", "origin.body_bytes", "102401", "the origin sent 102401 bytes"},
        /* rule 2: same concurrency */
        {"run", "fetches.peak_in_flight", "21", "21 fetches were in flight at once"},
        {"run", "fetches.peak_in_flight", "null", "in flight at once"},
        {"visit", "origin.open_peak", "19", "19 connections open at once"},
        {"visit", "origin.open_peak", "21", "21 connections open at once"},
        {"visit", "origin.in_flight_peak", "19", "19 requests in flight at once"},
        {"run", "workers.made", "19", "19 of 20 workers"},
        {"run", "workers.lost", "1", "1 workers were lost"},
        {"run", "workers", "null", "does not say how many workers"},
        {"run", "workers.made", "\"20\"", "does not say how many workers"},
        /* rule 3: connections */
        {"run", "fetches.connections", "100", "100 connections were made, 20 were planned"},
        {"visit", "origin.connections", "21", "saw 21 connections, the client made 20"},
        {"visit", "origin.open", "1", "still held 1 connections"},
        /* rule 7: physics */
        {"run", "time.makespan_s", "0.2499", "impossible: the makespan"},
        {"visit", "origin.responses", "90", "impossible: 100 fetched, the origin served 90"},
        {"visit", "origin.last_byte_ns", "1", "impossible: the origin sent its last byte before"},
        {"run", "throughput.fetches_per_s", "1e9", "1e+09 fetches a second are said, 100 in"},
        {"run", "throughput.fetches_per_s", "null", "fetches a second are said"},
        {"run", "switches.voluntary", "-1", "a count of switches is below zero"},
        {"run", "switches.involuntary", "-1", "a count of switches is below zero"},
        /* rule 9: what is timed lies in what is timed around it */
        {"visit", "origin.last_byte_ns", "1262000000", "the origin was at work for"},
        {"hyperfine", "results.0.times.0", "0.255", "hyperfine saw 0.255"},
        {"visit", "wall_s", "0.268", "hyperfine saw 0.270000 s, and the visit around it took"},
        {"hyperfine", "results.0.user", "-5", "a processor time is missing or below zero"},
        {"hyperfine", "results.0.system", "null", "a processor time is missing or below zero"},
        {"run", "latency_ms.first", "-7", "the first result came after -7 ms"},
        {"run", "latency_ms.first", "262", "the first result came after 262 ms"},
        {"run", "time.spawn_s", "null", "a time is missing"},
        {"run", "time.makespan_s", "0", "a time is missing"},
        /* rules 4 and 8: the host */
        {"visit", "children_left", "2", "2 processes were left behind"},
        {"visit", "children_unreaped", "1", "1 children were not reaped"},
        {"visit", "timed_out", "true", "time limit"},
    };
    for (size_t i = 0; i < sizeof doctored / sizeof *doctored; i++) {
        struct visit_seen seen;
        load(&seen);
        doctor(part_of(&seen, doctored[i].file), doctored[i].path, doctored[i].value);
        visit_read(&seen);
        visit_prove(&seen);
        if (!says(seen.reasons, doctored[i].reason)) {
            print_reasons(seen.reasons);
            fail_msg("%s = %s was not caught", doctored[i].path, doctored[i].value);
        }
        unload(&seen);
    }
}

/* A peer says nothing of itself: what the origin and hyperfine saw is all there is. */
static void doctored_peers_are_caught(void **unused)
{
    (void)unused;
    static const struct {
        const char *file, *path, *value, *reason;
    } doctored[] = {
        {"plan", "value", "null", NULL},
        {"plan", "origin.fault", "\"reset\"", NULL}, /* who meets faults may get fewer bytes */
        {"plan", "origin.size", "null", NULL},
        {"plan", "origin.size", "\"some\"", NULL},
        {"hyperfine", "results.0.exit_codes.0", "7", "it ended with status 7: no such host"},
        {"hyperfine", "results.0.times.0", "0", "a time is missing"},
        {"hyperfine", "results.0.times.0", "0.2", "impossible: it took 0.200000 s"},
        {"visit", "origin", "null", "counters are missing"},
        {"visit", "origin.requests", "101", "it asked 101 times for 100 URLs"},
        {"visit", "origin.responses", "99", "served 99 responses for 100 URLs"},
        {"visit", "origin.body_bytes", "1", "sent 1 bytes of bodies, 102400 were planned"},
        {"visit", "origin.in_flight_peak", "21", "21 requests were in flight at once"},
    };
    for (size_t i = 0; i < sizeof doctored / sizeof *doctored; i++) {
        struct visit_seen seen;
        load(&seen);
        json_decref(seen.run);
        seen.run = NULL;
        doctor(seen.plan, "kind", "\"peer\"");
        doctor(seen.visit, "error", "\"no such host\"");
        doctor(part_of(&seen, doctored[i].file), doctored[i].path, doctored[i].value);
        visit_read(&seen);
        visit_prove(&seen);
        assert_int_equal(json_array_size(seen.reasons) > 0, doctored[i].reason != NULL);
        if (doctored[i].reason && !says(seen.reasons, doctored[i].reason)) {
            print_reasons(seen.reasons);
            fail_msg("%s = %s was not caught", doctored[i].path, doctored[i].value);
        }
        unload(&seen);
    }
}

/* The same work under the meter: a process that made 20 others, read every 0.1 s of 0.25 s. */
static const char *const meter_text =
    "{\"schema\": \"waitbench-meter/1\", \"time\": {\"user_s\": 0.01, \"system_s\": 0.005},"
    " \"memory_kib\": {\"virtual\": 500000, \"rss\": 120000, \"pss\": 12000, \"page_tables\": "
    "1900},"
    " \"tasks\": {\"processes\": 21, \"threads\": 21, \"left_running\": 0},"
    " \"sampling\": {\"longest_gap_ms\": 100}}";

static void load_metered(struct visit_seen *seen)
{
    load(seen);
    doctor(seen->plan, "kind", "\"metered\"");
    doctor(seen->plan, "model", "\"processes\"");
    json_decref(seen->hyperfine);
    seen->hyperfine = NULL;
    seen->meter = json_loads(meter_text, 0, NULL);
    assert_non_null(seen->meter);
}

static void unload_metered(struct visit_seen *seen)
{
    json_decref(seen->meter);
    unload(seen);
}

/* Rule 10: it stands without a time, and has none. */
static void a_metered_visit_is_proved_and_not_timed(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load_metered(&seen);
    visit_read(&seen);
    visit_prove(&seen);
    print_reasons(seen.reasons);
    assert_int_equal(json_array_size(seen.reasons), 0);
    assert_true(isnan(seen.wall_s) && isnan(seen.makespan_s) && isnan(seen.spawn_s));
    assert_true(isnan(seen.rate) && isnan(seen.first_ms));
    assert_true(visit_waits(&seen)); /* what the client used is the meter's word */
    unload_metered(&seen);
}

static void doctored_meters_are_caught(void **unused)
{
    (void)unused;
    static const struct {
        const char *path, *value, *reason;
    } doctored[] = {
        {"schema", "\"waitbench-meter/2\"", "no meter.json of schema"},
        {"memory_kib.pss", "null", "saw no memory_kib.pss"},
        {"memory_kib.page_tables", "0", "saw no memory_kib.page_tables"},
        {"sampling.longest_gap_ms", "251", "looked away for 0.251 s, and all waited for 0.250 s"},
        {"sampling.longest_gap_ms", "null", "looked away"},
        {"tasks.processes", "20", "saw 20 processes at once, 20 workers"},
        {"tasks.processes", "22", "saw 22 processes at once, 20 workers"},
        {"tasks.left_running", "1", "1 processes ran on, unmetered"},
    };
    for (size_t i = 0; i < sizeof doctored / sizeof *doctored; i++) {
        struct visit_seen seen;
        load_metered(&seen);
        doctor(seen.meter, doctored[i].path, doctored[i].value);
        visit_read(&seen);
        visit_prove(&seen);
        if (!says(seen.reasons, doctored[i].reason)) {
            print_reasons(seen.reasons);
            fail_msg("%s = %s was not caught", doctored[i].path, doctored[i].value);
        }
        unload_metered(&seen);
    }
    /* Where libcurl looks names up it may have threads of its own, but no fewer than were planned.
     */
    struct visit_seen seen;
    for (int tasks = 20; tasks <= 22; tasks++) {
        load_metered(&seen);
        doctor(seen.plan, "model", "\"threads\"");
        doctor(seen.plan, "resolve", "\"each\"");
        doctor(seen.meter, "tasks.threads", tasks == 20 ? "20" : tasks == 21 ? "21" : "22");
        visit_read(&seen);
        visit_prove(&seen);
        assert_int_equal(says(seen.reasons, "20 workers and who made them were planned"),
                         tasks == 20);
        unload_metered(&seen);
    }
    /* The other rules hold under the meter as well. */
    load_metered(&seen);
    doctor(seen.run, "fetches.bytes", "0");
    visit_read(&seen);
    visit_prove(&seen);
    assert_true(says(seen.reasons, "0 bytes came"));
    unload_metered(&seen);
}

/* The in-flight peak is judged by the origin only where the delay gives it time. */
static void regimes_differ(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load(&seen);
    doctor(seen.plan, "delay_s", "0.01"); /* 10 ms < 5 · 20 · 0.15 ms */
    doctor(seen.plan, "shortest_delay_s", "0.01");
    doctor(seen.visit, "origin.in_flight_peak", "12");
    visit_read(&seen);
    visit_prove(&seen);
    assert_false(visit_waits(&seen));
    print_reasons(seen.reasons);
    assert_int_equal(json_array_size(seen.reasons), 0);
    unload(&seen);
}

/* Without keep-alive every fetch connects, and no more than C are open at once. */
static void connections_without_keep_alive(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load(&seen);
    doctor(seen.plan, "keep_alive", "false");
    doctor(seen.run, "fetches.connections", "100");
    doctor(seen.visit, "origin.connections", "100");
    doctor(seen.visit, "origin.open_peak", "18");
    visit_read(&seen);
    visit_prove(&seen);
    print_reasons(seen.reasons);
    assert_int_equal(json_array_size(seen.reasons), 0);
    unload(&seen);
    load(&seen);
    doctor(seen.plan, "keep_alive", "false"); /* but 20 connections: it was kept alive */
    visit_read(&seen);
    visit_prove(&seen);
    assert_true(says(seen.reasons, "20 connections were made, 100 were planned"));
    unload(&seen);
}

/* Rules 2 and 3 where fewer, or more, connections than lanes are no fault. */
static void a_rate_and_several_hosts_have_limits_of_their_own(void **unused)
{
    (void)unused;
    static const struct {
        const char *key, *value, *connections, *path, *doctored, *reason;
    } cases[] = {
        /* At a rate not every lane need be wanted; more than all cannot be. */
        {"rate", "{\"share\": 0.5}", "12", "origin.open_peak", "21",
         "the origin saw 21 connections open at once, at most 20 were planned"},
        /* Each lane may keep a connection to each of four hosts, and has one request in flight. */
        {"hosts", "4", "60", "origin.in_flight_peak", "21",
         "the origin saw 21 requests in flight at once, at most 20 were planned"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int doctored = 0; doctored <= 1; doctored++) {
            struct visit_seen seen;
            load(&seen);
            doctor(seen.plan, cases[i].key, cases[i].value);
            doctor(seen.run, "fetches.connections", cases[i].connections);
            doctor(seen.visit, "origin.connections", cases[i].connections);
            doctor(seen.visit, "origin.open_peak", cases[i].connections);
            if (doctored)
                doctor(seen.visit, cases[i].path, cases[i].doctored);
            visit_read(&seen);
            visit_prove(&seen);
            assert_int_equal(json_array_size(seen.reasons), doctored);
            assert_true(!doctored || says(seen.reasons, cases[i].reason));
            unload(&seen);
        }
}

static void together_needs_an_idle_origin(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load(&seen);
    doctor(seen.plan, "placement", "\"together\"");
    visit_read(&seen);
    visit_prove(&seen);
    assert_int_equal(json_array_size(seen.reasons), 0); /* 3 ms of 260 ms */
    unload(&seen);
    load(&seen);
    doctor(seen.plan, "placement", "\"together\"");
    doctor(seen.visit, "origin.cpu_user_s", "0.03");
    visit_read(&seen);
    visit_prove(&seen);
    assert_true(says(seen.reasons, "share processors, and the origin used 12 % of one"));
    unload(&seen);
}

static void what_bounds_is_by_cpu_time(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load(&seen);
    doctor(seen.visit, "origin.cpu_user_s", "0.25"); /* of 0.26 s */
    visit_read(&seen);
    assert_string_equal(visit_bound(&seen), "origin");
    unload(&seen);
    load(&seen);
    doctor(seen.hyperfine, "results.0.user", "0.255"); /* and 5 ms system, of 0.27 s */
    visit_read(&seen);
    assert_string_equal(visit_bound(&seen), "client");
    unload(&seen);
}

/* Without an origin only the client's own figures are judged. */
static void real_servers_are_judged_by_the_client(void **unused)
{
    (void)unused;
    struct visit_seen seen;
    load(&seen);
    doctor(seen.visit, "origin", "null");
    doctor(seen.plan, "origin", "null");
    doctor(seen.plan, "delay_s", "null");
    doctor(seen.run, "fetches.bytes", "5");
    doctor(seen.run, "fetches.connections", "3"); /* several hosts: as many as they need */
    visit_read(&seen);
    visit_prove(&seen);
    print_reasons(seen.reasons);
    assert_int_equal(json_array_size(seen.reasons), 0);
    assert_string_equal(visit_bound(&seen), "unknown");
    unload(&seen);
}

static void a_visit_without_its_files_does_not_stand(void **unused)
{
    (void)unused;
    struct visit_seen seen = {.plan = json_loads(plan_text, 0, NULL)};
    visit_read(&seen);
    visit_prove(&seen);
    assert_true(says(seen.reasons, "no visit.json"));
    unload(&seen);
    load(&seen);
    json_decref(seen.run);
    seen.run = NULL;
    doctor(seen.visit, "error", "\"threads: no such option\"");
    visit_read(&seen);
    visit_prove(&seen);
    assert_true(says(seen.reasons, "no run.json"));
    assert_true(says(seen.reasons, "threads: no such option"));
    unload(&seen);
}

/* Load generators. ------------------------------------------------------------------ */

/* 1,050 fetches, each 150th of them large: the k-th small one took k microseconds. */
static void write_records(const char *path, int rows)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("index,outcome,status,attempts,lane,taken_ns,first_byte_ns,end_ns,body_bytes,body_hash\n",
          file);
    for (int i = 1, small = 0; i <= rows; i++)
        fprintf(file, "%d,fetched,200,1,0,%d,0,%d,1024,00\n", i, 500,
                500 + (i % 150 ? ++small * 1000 : 900000000));
    assert_int_equal(fclose(file), 0);
}

static void small_bodies_are_told_from_large_ones(void **unused)
{
    (void)unused;
    char path[] = "/tmp/waitbench-records-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    struct visit_seen seen = {.plan = json_loads(plan_text, 0, NULL), .planned_count = 1050};
    doctor(seen.plan, "origin.big", "\"1MiB\"");
    doctor(seen.plan, "origin.every", "150");
    write_records(path, 1050);
    visit_read_small(&seen, path);
    /* Nearest rank of 1,043: the 522nd and the 1,033rd. */
    assert_true(fabs(seen.small_p50_ms - 0.522) < 1e-9 && fabs(seen.small_p99_ms - 1.033) < 1e-9);
    assert_true(fabs(seen.small_max_ms - 1.043) < 1e-9);
    /* A record that is missing, or no file at all: nothing is known. */
    write_records(path, 1048);
    visit_read_small(&seen, path);
    assert_true(isnan(seen.small_p50_ms) && isnan(seen.small_max_ms));
    /* As many as there should be, with one of nobody or one that stands there twice. */
    static const int last[] = {1049, 7, 1051};
    for (int i = 0; i < 3; i++) {
        write_records(path, 1048);
        FILE *more = fopen(path, "ae");
        assert_non_null(more);
        fprintf(more, "%d,fetched,200,1,0,500,0,700,1024,00\n", last[i]);
        assert_int_equal(fclose(more), 0);
        visit_read_small(&seen, path);
        assert_int_equal(isnan(seen.small_max_ms), i > 0);
    }
    assert_int_equal(unlink(path), 0);
    visit_read_small(&seen, path);
    assert_true(isnan(seen.small_p99_ms));
    json_decref(seen.plan);
}

static void ceilings_are_read_from_their_reports(void **unused)
{
    (void)unused;
    static const char wrk[] =
        "Running 1m test @ http://127.0.0.1:1/\n  1 threads and 8 connections\n"
        "  9342 requests in 101.10ms, 10.71MB read\n"
        "Requests/sec:  92403.12\nTransfer/sec:    105.93MB\n";
    static const char wrk_failed[] = "  Socket errors: connect 0, read 3, write 0, timeout 1\n"
                                     "  Non-2xx or 3xx responses: 12\nRequests/sec:  9.5\n";
    static const char h2load[] =
        "finished in 10.12ms, 19762.85 req/s, 23.40MB/s\n"
        "requests: 200 total, 200 started, 200 done, 200 succeeded, 0 failed, 0 errored, 0 "
        "timeout\n";
    static const char h2load_failed[] =
        "finished in 1.01s, 197.62 req/s, 0B/s\n"
        "requests: 200 total, 200 started, 200 done, 180 succeeded, 20 failed, 15 errored, 0 "
        "timeout\n";
    static const struct {
        const char *output;
        double rate;
        const char *reason;
    } reports[] = {{wrk, 92403.12, NULL},
                   {wrk_failed, 9.5, "reported 16 failures"},
                   {h2load, 19762.85, NULL},
                   {h2load_failed, 197.62, "reported 35 failures"},
                   {"unable to connect\n", NAN, "reported no rate"},
                   {"", NAN, "reported no rate"}};
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        struct visit_seen seen;
        load(&seen);
        seen.output = reports[i].output;
        doctor(seen.plan, "kind", "\"ceiling\"");
        visit_read(&seen);
        visit_prove(&seen);
        assert_true(seen.rate == reports[i].rate || (isnan(seen.rate) && isnan(reports[i].rate)));
        assert_int_equal(json_array_size(seen.reasons), reports[i].reason != NULL);
        assert_true(!reports[i].reason || says(seen.reasons, reports[i].reason));
        unload(&seen);
    }
}

/* Between visits. ----------------------------------------------------------------------- */

enum { MOST = 8 };

struct group {
    struct visit_seen seen[MOST], *all[MOST];
    size_t count;
    json_t *notes;
};

/* count visits, the k-th with digests[k] in cells[k]. */
static void group_load(struct group *group, size_t count, const char *const *digests,
                       const char *const *cells)
{
    group->count = count;
    for (size_t i = 0; i < count; i++) {
        group->all[i] = &group->seen[i];
        load(&group->seen[i]);
        doctor(group->seen[i].run, "fetches.digest", digests[i]);
        doctor(group->seen[i].plan, "cell", cells[i]);
    }
}

static void group_judge(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        visit_read(&group->seen[i]);
    group->notes = visits_agree(group->all, group->count);
}

static void group_unload(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        unload(&group->seen[i]);
    json_decref(group->notes);
}

static void the_odd_digest_is_caught(void **unused)
{
    (void)unused;
    struct group group;
    static const char *const digests[] = {"\"d1\"", "\"d1\"", "\"d2\"", "\"d1\""};
    static const char *const cells[] = {"\"a\"", "\"b\"", "\"c\"", "\"d\""};
    group_load(&group, 4, digests, cells);
    doctor(group.seen[3].plan, "work", "\"other\""); /* other work may have another digest */
    doctor(group.seen[3].run, "fetches.digest", "\"d9\"");
    group_judge(&group);
    assert_int_equal(json_array_size(group.seen[0].reasons), 0);
    assert_int_equal(json_array_size(group.seen[1].reasons), 0);
    assert_int_equal(json_array_size(group.seen[3].reasons), 0);
    assert_true(
        says(group.seen[2].reasons, "its digest is d2, that of the same work elsewhere d1"));
    group_unload(&group);
}

static void a_tie_of_digests_accuses_all(void **unused)
{
    (void)unused;
    struct group group;
    static const char *const digests[] = {"\"d1\"", "\"d2\""};
    static const char *const cells[] = {"\"a\"", "\"b\""};
    group_load(&group, 2, digests, cells);
    group_judge(&group);
    assert_true(says(group.seen[0].reasons, "equal work has others"));
    assert_true(says(group.seen[1].reasons, "equal work has others"));
    group_unload(&group);
}

/* A server whose bodies change from fetch to fetch is no model's fault. */
static void changing_bodies_are_noted_not_judged(void **unused)
{
    (void)unused;
    struct group group;
    static const char *const changing[] = {"\"d1\"", "\"d2\"", "\"d3\"", "\"d4\""};
    static const char *const steady[] = {"\"d1\"", "\"d1\"", "\"d3\"", "\"d4\""};
    static const char *const cells[] = {"\"a\"", "\"a\"", "\"b\"", "\"b\""};
    for (int k = 0; k < 2; k++) {
        group_load(&group, 4, k == 0 ? changing : steady, cells);
        for (size_t i = 0; i < 4; i++)
            doctor(group.seen[i].visit, "origin", "null");
        group_judge(&group);
        assert_int_equal(json_array_size(group.seen[2].reasons), k);
        assert_int_equal(says(group.notes, "change from fetch to fetch"), k == 0);
        group_unload(&group);
    }
}

static void another_libcurl_is_caught(void **unused)
{
    (void)unused;
    struct group group;
    static const char *const digests[] = {"\"d1\"", "\"d1\"", "\"d1\""};
    static const char *const cells[] = {"\"a\"", "\"b\"", "\"c\""};
    group_load(&group, 3, digests, cells);
    doctor(group.seen[1].run, "libcurl_options_digest", "\"bb\"");
    doctor(group.seen[2].run, "environment.libcurl", "\"8.0\"");
    group_judge(&group);
    assert_true(says(group.seen[1].reasons, "libcurl options' digest is bb, elsewhere aa"));
    assert_true(says(group.seen[2].reasons, "its libcurl is 8.0, elsewhere 7.88.1"));
    assert_int_equal(json_array_size(group.seen[0].reasons), 0);
    group_unload(&group);
    /* Cells whose libcurl looks names up itself are held to each other. */
    group_load(&group, 3, digests, cells);
    doctor(group.seen[1].run, "libcurl_options_digest", "\"bb\"");
    doctor(group.seen[1].plan, "resolve", "\"each\"");
    doctor(group.seen[2].plan, "resolve", "\"each\"");
    group_judge(&group);
    assert_int_equal(json_array_size(group.seen[1].reasons), 0);
    assert_true(says(group.seen[2].reasons, "libcurl options' digest is aa, elsewhere bb"));
    group_unload(&group);
    /* Of another build it is said, and no cell is wrong for it. */
    group_load(&group, 3, digests, cells);
    doctor(group.seen[1].run, "libcurl_options_digest", "\"bb\"");
    doctor(group.seen[1].plan, "against", "\"a\"");
    doctor(group.seen[2].plan, "against", "\"a\"");
    group_judge(&group);
    assert_int_equal(json_array_size(group.seen[1].reasons), 0);
    assert_true(says(group.notes, "one build's runs have another libcurl options' digest"));
    assert_true(says(group.seen[2].reasons, "libcurl options' digest is aa, elsewhere bb"));
    group_unload(&group);
}

/* Evidence. --------------------------------------------------------------------------------- */

enum { ROUNDS = 8, LANES = 3 };

/* Lanes a, b and "a (again)" in eight rounds, with wall times given by the test. */
struct bench {
    json_t *plans[LANES];
    struct visit_seen seen[LANES][ROUNDS], *visits[LANES][ROUNDS];
    struct cell cells[LANES];
    struct results results;
};

static void bench_load(struct bench *bench, double (*wall)(int lane, int round))
{
    static const char *const names[] = {"a", "b", "a (again)"};
    memset(bench, 0, sizeof *bench);
    for (int lane = 0; lane < LANES; lane++) {
        bench->plans[lane] = json_loads(plan_text, 0, NULL);
        bench->cells[lane] = (struct cell){.plan = bench->plans[lane],
                                           .id = names[lane],
                                           .experiment = "e",
                                           .kind = "timed",
                                           .lane = names[lane],
                                           .again_of = lane == 2 ? "a" : NULL,
                                           .axis = "none",
                                           .visits = bench->visits[lane],
                                           .made = ROUNDS,
                                           .planned = ROUNDS,
                                           .reasons = json_array()};
        for (int round = 0; round < ROUNDS; round++) {
            bench->seen[lane][round] = (struct visit_seen){.plan = bench->plans[lane],
                                                           .round = round + 1,
                                                           .wall_s = wall(lane, round)};
            bench->visits[lane][round] = &bench->seen[lane][round];
        }
    }
    bench->results =
        (struct results){.cells = bench->cells, .cell_count = LANES, .made = LANES * ROUNDS};
}

static void bench_unload(struct bench *bench)
{
    for (int lane = 0; lane < LANES; lane++) {
        json_decref(bench->plans[lane]);
        json_decref(bench->cells[lane].reasons);
    }
}

/* b takes twice as long as a in every round; a again differs by 1 % to 8 %. */
static double twice(int lane, int round)
{
    double a = 1 + 0.1 * round;
    return lane == 1 ? 2 * a : lane == 2 ? a * (1 + 0.01 * (round + 1)) : a;
}

/* b is a, one round up and one down. */
static double alike(int lane, int round)
{
    return lane == 1 ? 1 + (round % 2 ? 0.01 : -0.01) * (round + 1) : twice(lane, 0);
}

static void medians_floor_and_pairs_by_hand(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, twice);
    struct spread a = cell_spread(&bench.cells[0], WALL);
    assert_int_equal(a.n, 8);
    assert_true(fabs(a.median - 1.35) < 1e-12 && a.low == 1 && fabs(a.high - 1.7) < 1e-12);
    assert_true(fabs(a.coverage - (1 - 2.0 / 256)) < 1e-12);

    /* Nearest rank: the 95th of eight ratios is the eighth. */
    struct noise_floor noise = noise_floor_of(&bench.results);
    assert_int_equal(noise.values, 8);
    assert_true(fabs(noise.ratio - 1.08) < 1e-9);

    struct pair *pairs;
    size_t count;
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(count, 1); /* a lane that stands twice is compared once */
    /* Eight ratios are too few for a floor of their own: the run's stands. */
    assert_true(pairs[0].floor.source == WHOLE_RUN && fabs(pairs[0].floor.ratio - 1.08) < 1e-9);
    assert_true(fabs(pairs[0].ratio.median - 2) < 1e-9);
    assert_true(fabs(pairs[0].test.p - 2.0 / 256) < 1e-12);
    assert_int_equal(pairs[0].verdict, FASTER);
    free(pairs);
    bench_unload(&bench);
}

static void alike_lanes_show_no_difference(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, alike);
    struct pair *pairs;
    size_t count;
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_true(pairs[0].p_holm > 0.05);
    assert_int_equal(pairs[0].verdict, NO_DIFFERENCE);
    free(pairs);
    bench_unload(&bench);
}

/* As twice, but a again takes three times as long as a. */
static double restless(int lane, int round)
{
    return lane == 2 ? 3 * twice(0, round) : twice(lane, round);
}

/* A ratio within the noise floor is no difference, however sure the test is. */
static void the_floor_is_a_floor(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, restless);
    struct pair *pairs;
    size_t count;
    char text[256];
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_true(pairs[0].p_holm <= 0.05);
    assert_int_equal(pairs[0].verdict, NO_DIFFERENCE);
    assert_string_equal(pair_sentence(&pairs[0], text, sizeof text),
                        "a and b: no difference seen above 200.0 % (p = 0.00781)");
    free(pairs);
    bench_unload(&bench);
}

/* Rule 14: the round that took a hundred times as long is in the interval, not out of it. */
static void outliers_stay(void **unused)
{
    (void)unused;
    enum { ROUNDS_HERE = 7 };
    struct visit_seen seen[ROUNDS_HERE], *visits[ROUNDS_HERE];
    for (int r = 0; r < ROUNDS_HERE; r++) {
        seen[r] = (struct visit_seen){.round = r + 1, .wall_s = r == 3 ? 10 : 0.1 + 0.001 * r};
        visits[r] = &seen[r];
    }
    struct cell cell = {.visits = visits, .made = ROUNDS_HERE, .planned = ROUNDS_HERE};
    struct spread spread = cell_spread(&cell, WALL);
    assert_int_equal(spread.n, ROUNDS_HERE);
    assert_true(spread.high == 10 && spread.median < 0.11);
}

/* Rule 14: a cell that could not run says why, and one that ran at times is not just the rest. */
static void what_was_skipped_says_why(void **unused)
{
    (void)unused;
    for (int ran = 0; ran <= 1; ran++) {
        struct visit_seen seen[2], *visits[] = {&seen[0], &seen[1]};
        for (int v = 0; v < 2; v++) {
            load(&seen[v]);
            seen[v].number = seen[v].round = v + 1;
            if (v == 1 || !ran) /* the reason alone is what such a visit leaves */
                doctor(seen[v].visit, "skipped", "\"this machine cannot do it: no network\"");
            visit_read(&seen[v]);
        }
        struct cell cell = {.kind = "timed",
                            .visits = visits,
                            .made = 2,
                            .planned = 2,
                            .reasons = json_array()};
        struct results results = {.visits = seen,
                                  .made = 2,
                                  .planned = 2,
                                  .cells = &cell,
                                  .cell_count = 1,
                                  .notes = json_array()};
        results_prove(&results);
        assert_int_equal(cell_verdict(&cell), ran ? INVALID : NOT_MEASURED);
        assert_true(says(cell.reasons, "round 2 (visit 0002): this machine cannot do it"));
        assert_int_equal(json_array_size(cell.reasons), ran ? 1 : 2);
        unload(&seen[0]);
        unload(&seen[1]);
        json_decref(cell.reasons);
        json_decref(results.notes);
    }
}

static void few_rounds_decide_nothing(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, twice);
    for (int lane = 0; lane < LANES; lane++)
        bench.cells[lane].made = 5; /* 2/32 is above 5 % */
    struct pair *pairs;
    size_t count;
    char text[256];
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(pairs[0].verdict, TOO_FEW);
    assert_string_equal(pair_sentence(&pairs[0], text, sizeof text),
                        "a and b: too few rounds to decide: 5 (ratio 2, 2 to 2)");
    assert_string_equal(answer(&bench.results, "e", pairs, count, text, sizeof text),
                        "nothing is decided; the lowest median is that of a; too few rounds to "
                        "decide on b; 5 rounds.");
    free(pairs);
    /* Nor does a run without a lane that stands twice. */
    bench.cells[0].made = bench.cells[1].made = ROUNDS;
    bench.cells[2].again_of = "nobody";
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(pairs[0].verdict, NO_TWINS);
    assert_true(strstr(pair_sentence(&pairs[0], text, sizeof text), "no lane stands twice"));
    free(pairs);
    bench_unload(&bench);
}

/* Two pairs of twins in one experiment: 16 ratios, so that they make a floor themselves. */
static void a_cell_has_a_floor_of_its_own(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, twice);
    bench.cells[1].again_of = "a"; /* so b is a twin as well, twice as slow in every round */
    struct noise_floor floor = noise_floor_at(&bench.results, &bench.cells[0], 7);
    assert_int_equal(floor.values, 16);
    assert_int_equal(floor.source, SAME_VALUE);
    /* Of 16 sizes 1 % to 8 % and eight times 100 %, a median of seven stays within the
     * tenth; and no twins' medians are further apart. */
    assert_true(fabs(floor.ratio - 2) < 1e-9);
    /* All of another value: they do not count here, but for the experiment. */
    doctor(bench.plans[0], "value", "7");
    doctor(bench.plans[1], "value", "7");
    doctor(bench.plans[2], "value", "7");
    struct cell elsewhere = bench.cells[0];
    elsewhere.plan = json_loads(plan_text, 0, NULL);
    floor = noise_floor_at(&bench.results, &elsewhere, 7);
    assert_int_equal(floor.source, SAME_EXPERIMENT);
    assert_int_equal(floor.values, 16);
    elsewhere.experiment = "another";
    floor = noise_floor_at(&bench.results, &elsewhere, 7);
    assert_int_equal(floor.source, WHOLE_RUN);
    assert_true(fabs(floor.ratio - noise_floor_of(&bench.results).ratio) < 1e-12);
    json_decref(elsewhere.plan);
    bench_unload(&bench);
}

/* A median over rounds is worth more than a round: of twins that differ by 1 % to 8 % up
 * and down in turn, a single round may be 8 % off, a median of seven 6 %: F has to reach
 * 0.816, which is the 11th of 16 sizes. */
static double up_and_down(int lane, int round)
{
    double off = 1 + 0.01 * (round + 1);
    return lane == 0 ? 1 : round % 2 ? off : 1 / off;
}

static void a_median_is_worth_more_than_a_round(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, up_and_down);
    bench.cells[1].again_of = "a";
    assert_true(fabs(noise_floor_of(&bench.results).ratio - 1.08) < 1e-9);
    struct noise_floor floor = noise_floor_at(&bench.results, &bench.cells[0], 7);
    assert_int_equal(floor.values, 16);
    assert_true(fabs(floor.ratio - 1.06) < 1e-9);
    assert_true(noise_floor_at(&bench.results, &bench.cells[0], 1).ratio > 1.07);
    bench_unload(&bench);
}

/* Rule 8: what is said of lanes that share processors needs two of them. */
static void claims_about_processors_need_processors(void **unused)
{
    (void)unused;
    static const struct {
        const char *metadata;
        enum pair_verdict verdict;
    } machines[] = {
        {"{\"machine\": {\"two_busy_processes\": 1.59}}", NO_PROCESSORS},
        {"{\"machine\": {\"two_busy_processes\": null}}", NO_PROCESSORS},
        {"{\"machine\": {\"two_busy_processes\": 1.61}}", FASTER},
    };
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        struct bench bench;
        bench_load(&bench, twice);
        for (int lane = 0; lane < LANES; lane++)
            doctor(bench.plans[lane], "placement", "\"together\"");
        bench.results.metadata = json_loads(machines[i].metadata, 0, NULL);
        struct pair *pairs;
        size_t count;
        assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
        assert_int_equal(pairs[0].verdict, machines[i].verdict);
        free(pairs);
        json_decref(bench.results.metadata);
        bench_unload(&bench);
    }
}

/* An open loop at one rate: times as the rate has them, latencies as twice() has times. */
static void bench_load_open_loop(struct bench *bench, const char *rate)
{
    bench_load(bench, alike);
    for (int lane = 0; lane < LANES; lane++) {
        doctor(bench->plans[lane], "rate", rate);
        bench->cells[lane].axis = "variant";
        doctor(bench->plans[lane], "value", "\"common\"");
        for (int round = 0; round < ROUNDS; round++)
            bench->seen[lane][round].run =
                json_pack("{s:{s:f}}", "latency_ms", "p99", twice(lane, round));
    }
}

static void bench_unload_open_loop(struct bench *bench)
{
    for (int lane = 0; lane < LANES; lane++)
        for (int round = 0; round < ROUNDS; round++)
            json_decref(bench->seen[lane][round].run);
    bench_unload(bench);
}

/* Rule 11: latency is compared in the open loop, at a rate that all have in common; a lane's share
 * of its own capacity is another task than its neighbour's. */
static void latency_is_compared_at_a_common_rate(void **unused)
{
    (void)unused;
    struct bench bench;
    struct pair *pairs;
    size_t count;
    char text[512];
    bench_load_open_loop(&bench, "{\"share\": 0.7, \"of\": \"slowest\"}");
    assert_string_equal(compared_name(&bench.cells[0]), "p99_s");
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(pairs[0].verdict, FASTER);
    assert_true(fabs(pairs[0].ratio.median - 2) < 1e-9);
    /* Its floor is one of latencies: 8 %, where the times of these twins are 1.08 to 1 apart too
     * but no time is compared. */
    assert_true(pairs[0].floor.values == ROUNDS && fabs(pairs[0].floor.ratio - 1.08) < 1e-9);
    assert_int_equal(noise_floor_of(&bench.results).values, 0);
    assert_string_equal(pair_sentence(&pairs[0], text, sizeof text),
                        "at variant common: the p99 of b is 2 times that of a (2 to 2; p = "
                        "0.00781)");
    assert_string_equal(answer(&bench.results, "e", pairs, count, text, sizeof text),
                        "At variant common, by the p99 of latency: the p99 of a is the lowest; the "
                        "p99 of b is 2 times that of a (2 to 2); 8 rounds, p at most 0.0078 "
                        "adjusted for all pairs.");
    free(pairs);
    assert_true(isnan(cell_share_of_ideal(&bench.cells[0])));
    bench_unload_open_loop(&bench);

    bench_load_open_loop(&bench, "{\"share\": 0.7, \"of\": \"own\"}");
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(count, 0);
    free(pairs);
    bench_unload_open_loop(&bench);
}

/* Two builds of one lane are a family of their own, and compared with nobody else. */
static void builds_are_compared_with_each_other(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, twice);
    bench.cells[1].against = "a";
    struct pair *pairs;
    size_t count;
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(count, 1);
    assert_true(pairs[0].builds && pairs[0].verdict == FASTER);
    free(pairs);
    bench.cells[1].against = "c";
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(count, 0);
    free(pairs);
    bench_unload(&bench);
}

static void findings_are_said_in_words(void **unused)
{
    (void)unused;
    struct bench bench;
    char text[512];
    struct pair *pairs;
    size_t count;
    bench_load(&bench, twice);
    bench.cells[1].lane = "threads";
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_string_equal(pair_sentence(&pairs[0], text, sizeof text),
                        "threads take 2 times as long as a (2 to 2; p = 0.00781)");
    assert_string_equal(answer(&bench.results, "e", pairs, count, text, sizeof text),
                        "a takes the least time; threads take 2 times as long as a (2 to 2); 8 "
                        "rounds, p at most 0.0078 adjusted for all pairs.");
    free(pairs);
    json_array_append_new(bench.cells[1].reasons, json_string("doctored"));
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_string_equal(answer(&bench.results, "e", pairs, count, text, sizeof text),
                        "1 cell is invalid, and in no comparison: see the ledger.");
    free(pairs);
    bench_unload(&bench);
    bench_load(&bench, alike);
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_string_equal(answer(&bench.results, "e", pairs, count, text, sizeof text),
                        "a and b: no difference seen above 8 %; 8 rounds.");
    free(pairs);
    bench_unload(&bench);
}

/* Two runs. -------------------------------------------------------------------------------- */

/* b takes three times as long as a; another machine, on which all takes twice as long. */
static double thrice(int lane, int round)
{
    return 2 * (lane == 1 ? 3 * twice(0, round) : twice(lane, round));
}

static void changes_are_ratios_to_a_lane_of_both(void **unused)
{
    (void)unused;
    struct bench base, now;
    struct change *changes;
    size_t count;
    bench_load(&base, twice);
    bench_load(&now, thrice);
    assert_int_equal(changes_between(&base.results, &now.results, NULL, &changes, &count), 0);
    assert_int_equal(count, 2); /* a, which is the reference, and b */
    assert_int_equal(changes[0].verdict, CANNOT_TELL);
    assert_string_equal(changes[0].why, "it is the reference");
    assert_string_equal(changes[1].base_reference->lane, "a");
    /* From 2 to 3 times a: 1.5 times as long, whatever the machine. Both intervals have no
     * width, and equal lanes are 8 % apart in both runs: e^(ln 1.5 ∓ √2 · ln 1.08). */
    assert_int_equal(changes[1].verdict, GOT_SLOWER);
    assert_true(fabs(changes[1].ratio - 1.5) < 1e-9);
    assert_true(fabs(changes[1].low - exp(log(1.5) - M_SQRT2 * log(1.08))) < 1e-9);
    assert_true(fabs(changes[1].high - exp(log(1.5) + M_SQRT2 * log(1.08))) < 1e-9);
    assert_true(fabs(changes[1].p - 2.0 / 12870) < 1e-12); /* 16 choose 8 */
    free(changes);
    assert_int_equal(changes_between(&now.results, &base.results, "a", &changes, &count), 0);
    assert_int_equal(changes[1].verdict, GOT_FASTER);
    free(changes);
    /* Held against b it is a that got faster, which is the same change seen from there. */
    assert_int_equal(changes_between(&base.results, &now.results, "b", &changes, &count), 0);
    assert_int_equal(changes[0].verdict, GOT_FASTER);
    free(changes);
    assert_int_equal(changes_between(&base.results, &base.results, NULL, &changes, &count), 0);
    assert_int_equal(changes[1].verdict, NO_CHANGE_SEEN);
    free(changes);
    bench_unload(&base);
    bench_unload(&now);
}

/* The cell with the visits that it has, over and over, as if there had been so many rounds. */
static void repeat_visits(struct cell *cell, struct visit_seen **room, size_t rounds)
{
    for (size_t i = 0; i < rounds; i++)
        room[i] = cell->visits[i % cell->made];
    cell->visits = room;
    cell->made = rounds;
}

static void what_cannot_be_told_says_why(void **unused)
{
    (void)unused;
    static const struct {
        int what;
        const char *why;
    } cases[] = {{0, "not valid in NEW"},
                 {1, "other work, concurrency, placement or settings"},
                 {2, "no lane stands twice in NEW"},
                 {3, "too few rounds to decide: 8 and 1"},
                 {4, "no lane to refer to that is valid in both"},
                 {5, "a round's figure is not known"},
                 {6, "more rounds than can be ranked: 101 and 101"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench base, now;
        struct change *changes;
        size_t count;
        bench_load(&base, twice);
        bench_load(&now, thrice);
        if (cases[i].what == 0)
            json_array_append_new(now.cells[1].reasons, json_string("doctored"));
        if (cases[i].what == 1)
            doctor(now.plans[1], "work", "\"other\"");
        if (cases[i].what == 2)
            now.cells[2].again_of = "nobody";
        if (cases[i].what == 3)
            now.cells[0].made = now.cells[1].made = now.cells[2].made = 1;
        if (cases[i].what == 5)
            now.cells[1].visits[3]->wall_s = now.cells[1].visits[3]->makespan_s = NAN;
        struct visit_seen *many[2][101], **few[2] = {base.cells[1].visits, now.cells[1].visits};
        if (cases[i].what == 6) {
            repeat_visits(&base.cells[1], many[0], 101);
            repeat_visits(&now.cells[1], many[1], 101);
        }
        const char *reference = cases[i].what == 4 ? "nobody" : "a";
        assert_int_equal(changes_between(&base.results, &now.results, reference, &changes, &count),
                         0);
        assert_int_equal(changes[1].verdict, CANNOT_TELL);
        assert_string_equal(changes[1].why, cases[i].why);
        free(changes);
        base.cells[1].visits = few[0];
        now.cells[1].visits = few[1];
        bench_unload(&base);
        bench_unload(&now);
    }
}

/* Trends. ----------------------------------------------------------------------------------- */

enum { VALUES = 4, TREND_ROUNDS = 7 };

/* A metered lane at 4, 16 and 64: 5,000 KiB and 400 KiB a lane more; other kinds are unknown. */
static void memory_slopes_are_found_again(void **unused)
{
    (void)unused;
    static const int lanes[] = {4, 16, 64};
    struct cell cells[3];
    struct visit_seen seen[3][2], *visits[3][2];
    for (int v = 0; v < 3; v++) {
        json_t *plan = json_pack("{s:i, s:i}", "concurrency", lanes[v], "value", lanes[v]);
        cells[v] = (struct cell){.plan = plan,
                                 .id = "m/a",
                                 .experiment = "m",
                                 .kind = "metered",
                                 .lane = "a",
                                 .axis = "concurrency",
                                 .visits = visits[v],
                                 .made = 2,
                                 .planned = 2,
                                 .reasons = json_array()};
        for (int r = 0; r < 2; r++) {
            json_t *meter =
                json_pack("{s:{s:i}}", "memory_kib", "pss", 5000 + lanes[v] * (400 + 8 * r));
            seen[v][r] = (struct visit_seen){.round = r + 1, .meter = meter};
            visits[v][r] = &seen[v][r];
        }
    }
    struct results results = {.cells = cells, .cell_count = 3, .made = 6};
    struct slope *slopes;
    size_t count;
    slopes_of(&results, "m", &slopes, &count);
    assert_int_equal(count, 1);
    assert_string_equal(slopes[0].figure, "pss_kib_per_lane");
    assert_true(fabs(slopes[0].spread.median - 404) < 1e-9);
    assert_true(fabs(slopes[0].spread.low - 400) < 1e-9);
    assert_true(fabs(slopes[0].spread.high - 408) < 1e-9);
    free(slopes);
    for (int v = 0; v < 3; v++) {
        json_decref(cells[v].plan);
        json_decref(cells[v].reasons);
        json_decref(seen[v][0].meter);
        json_decref(seen[v][1].meter);
    }
}

/* One lane at 10, 20, 40 and 80 URLs: 3 ms and 2 ms a URL more, and each round 1 % dearer. */
static void slopes_are_found_again(void **unused)
{
    (void)unused;
    static const int counts[VALUES] = {10, 20, 40, 80};
    struct cell cells[VALUES];
    struct visit_seen seen[VALUES][TREND_ROUNDS], *visits[VALUES][TREND_ROUNDS];
    for (int v = 0; v < VALUES; v++) {
        json_t *plan = json_pack("{s:i, s:i}", "count", counts[v], "value", counts[v]);
        cells[v] = (struct cell){.plan = plan,
                                 .id = "e/a",
                                 .experiment = "e",
                                 .kind = "timed",
                                 .lane = "a",
                                 .axis = "count",
                                 .visits = visits[v],
                                 .made = TREND_ROUNDS,
                                 .planned = TREND_ROUNDS,
                                 .reasons = json_array()};
        for (int r = 0; r < TREND_ROUNDS; r++) {
            double cpu = 0.003 + 0.002 * counts[v] * (1 + 0.01 * r);
            seen[v][r] = (struct visit_seen){.round = r + 1,
                                             .user_s = cpu / 2,
                                             .system_s = cpu / 2,
                                             .makespan_s = NAN};
            visits[v][r] = &seen[v][r];
        }
    }
    struct results results = {.cells = cells, .cell_count = VALUES, .made = VALUES * TREND_ROUNDS};
    struct slope *slopes;
    size_t count;
    char text[256];
    slopes_of(&results, "e", &slopes, &count);
    assert_int_equal(count, 1); /* makespans are unknown */
    assert_string_equal(slopes[0].figure, "cpu_s_per_url");
    assert_int_equal(slopes[0].cells, 4);
    assert_true(fabs(slopes[0].spread.median - 0.00206) < 1e-12);
    assert_true(fabs(slopes[0].spread.low - 0.002) < 1e-12);
    assert_true(fabs(slopes[0].spread.high - 0.00212) < 1e-12);
    assert_string_equal(slope_sentence(&slopes[0], text, sizeof text),
                        "a: 2.06 ms of processor time for each further URL (2 to 2.12; 7 rounds, "
                        "98.4 %)");
    free(slopes);
    /* Two values make a line whatever they are: no slope. */
    results.cell_count = 2;
    slopes_of(&results, "e", &slopes, &count);
    assert_int_equal(count, 0);
    free(slopes);
    for (int v = 0; v < VALUES; v++) {
        json_decref(cells[v].plan);
        json_decref(cells[v].reasons);
    }
}

static void crossovers_by_hand(void **unused)
{
    (void)unused;
    static const enum pair_verdict verdicts[] = {SLOWER, NO_DIFFERENCE, NO_DIFFERENCE, FASTER};
    struct cell a[4], b[4];
    struct pair pairs[4];
    for (int i = 0; i < 4; i++) {
        json_t *plan = json_pack("{s:i}", "value", 1 << i);
        a[i] = (struct cell){.plan = plan, .lane = "async", .axis = "concurrency"};
        b[i] = (struct cell){.plan = plan, .lane = "threads", .axis = "concurrency"};
        pairs[i] = (struct pair){.a = &a[i], .b = &b[i], .verdict = verdicts[i]};
    }
    struct crossover *crossovers;
    size_t count;
    char text[256];
    crossovers_of(pairs, 4, &crossovers, &count);
    assert_int_equal(count, 1);
    assert_int_equal(crossovers[0].count, 3);
    assert_string_equal(crossover_sentence(&crossovers[0], text, sizeof text),
                        "async and threads: at concurrency 1 threads take less time, at 2 to 4 no "
                        "difference seen, at 8 async takes less time; the winner changes");
    crossovers_free(crossovers, count);
    crossovers_of(pairs, 1, &crossovers, &count); /* one value: no axis */
    assert_int_equal(count, 0);
    crossovers_free(crossovers, count);
    for (int i = 0; i < 4; i++)
        json_decref(a[i].plan);
}

static void an_invalid_cell_is_in_no_pair(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, twice);
    json_array_append_new(bench.cells[1].reasons, json_string("doctored"));
    struct pair *pairs;
    size_t count;
    assert_int_equal(pairs_of(&bench.results, "e", &pairs, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(cell_verdict(&bench.cells[1]), INVALID);
    free(pairs);
    bench_unload(&bench);
}

/* CPU made by the model itself: 10 ms, 200 µs a first fetch, 50 µs a further one. */
static void costs_are_found_again(void **unused)
{
    (void)unused;
    struct bench bench;
    bench_load(&bench, twice);
    static const double counts[] = {4, 40, 400, 4000};
    for (int round = 0; round < ROUNDS; round++) {
        struct visit_seen *seen = &bench.seen[0][round];
        seen->planned_count = counts[round % 4];
        seen->planned_concurrency = 100;
        double first = fmin(100, seen->planned_count);
        seen->spawn_s = 0.003 * first; /* making a worker is no part of fetching */
        seen->run_cpu_s =
            seen->spawn_s + 0.01 + 200e-6 * first + 50e-6 * (seen->planned_count - first);
    }
    struct fetch_costs costs = costs_of(&bench.results, &bench.cells[0]);
    assert_true(costs.known);
    assert_true(fabs(costs.start - 0.01) < 1e-9);
    assert_true(fabs(costs.first - 200e-6) < 1e-10);
    assert_true(fabs(costs.kept - 50e-6) < 1e-11);
    /* 4,000 URLs at 100, T = 10 ms: 0.4 s of waves and 20 ms to connect. */
    assert_true(fabs(model_makespan(4000, 100, 0.01, costs) - 0.42) < 1e-9);
    /* With T = 1 ms the processor bounds: 4,000 · 50 µs + 1 ms. */
    assert_true(fabs(model_makespan(4000, 100, 0.001, costs) - 0.201) < 1e-9);
    for (int round = 0; round < ROUNDS; round++)
        bench.seen[0][round].planned_count = 40;
    assert_false(costs_of(&bench.results, &bench.cells[0]).known);
    bench_unload(&bench);
}

/* A peer says nothing of itself: what the origin counted has to be the whole work. */
static void a_peer_is_proved_by_the_origin(void **unused)
{
    (void)unused;
    static const struct {
        const char *file, *path, *value, *reason;
    } doctored[] = {
        {"visit", "origin.requests", "99", "it asked 99 times for 100 URLs"},
        {"visit", "origin.requests", "101", "it asked 101 times for 100 URLs"},
        {"visit", "origin.responses", "99", "served 99 responses for 100 URLs"},
        {"visit", "origin.body_bytes", "102399", "sent 102399 bytes of bodies, 102400"},
        {"visit", "origin.in_flight_peak", "21", "21 requests were in flight at once, 20"},
        {"visit", "origin", "null", "counters are missing"},
        {"visit", "children_left", "1", "1 processes were left behind"},
        {"visit", "timed_out", "true", "time limit"},
        {"hyperfine", "results.0.exit_codes.0", "1", "it ended with status 1"},
        {"hyperfine", "results.0.times.0", "0.2", "impossible: it took 0.200000 s"},
    };
    for (size_t i = 0; i <= sizeof doctored / sizeof *doctored; i++) {
        struct visit_seen seen;
        load(&seen);
        json_decref(seen.run);
        seen.run = NULL;
        doctor(seen.plan, "kind", "\"peer\"");
        bool whole = i == sizeof doctored / sizeof *doctored;
        if (!whole)
            doctor(part_of(&seen, doctored[i].file), doctored[i].path, doctored[i].value);
        visit_read(&seen);
        visit_prove(&seen);
        print_reasons(whole ? seen.reasons : NULL);
        assert_int_equal(json_array_size(seen.reasons), whole ? 0 : 1);
        assert_true(whole || says(seen.reasons, doctored[i].reason));
        if (whole)
            assert_true(fabs(seen.rate - 100 / 0.27) < 1e-9);
        unload(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visit_as_planned_stands),
        cmocka_unit_test(doctored_visits_are_caught),
        cmocka_unit_test(doctored_peers_are_caught),
        cmocka_unit_test(a_metered_visit_is_proved_and_not_timed),
        cmocka_unit_test(doctored_meters_are_caught),
        cmocka_unit_test(regimes_differ),
        cmocka_unit_test(connections_without_keep_alive),
        cmocka_unit_test(a_rate_and_several_hosts_have_limits_of_their_own),
        cmocka_unit_test(together_needs_an_idle_origin),
        cmocka_unit_test(what_bounds_is_by_cpu_time),
        cmocka_unit_test(real_servers_are_judged_by_the_client),
        cmocka_unit_test(a_visit_without_its_files_does_not_stand),
        cmocka_unit_test(small_bodies_are_told_from_large_ones),
        cmocka_unit_test(ceilings_are_read_from_their_reports),
        cmocka_unit_test(a_peer_is_proved_by_the_origin),
        cmocka_unit_test(the_odd_digest_is_caught),
        cmocka_unit_test(a_tie_of_digests_accuses_all),
        cmocka_unit_test(changing_bodies_are_noted_not_judged),
        cmocka_unit_test(another_libcurl_is_caught),
        cmocka_unit_test(medians_floor_and_pairs_by_hand),
        cmocka_unit_test(alike_lanes_show_no_difference),
        cmocka_unit_test(the_floor_is_a_floor),
        cmocka_unit_test(outliers_stay),
        cmocka_unit_test(what_was_skipped_says_why),
        cmocka_unit_test(few_rounds_decide_nothing),
        cmocka_unit_test(an_invalid_cell_is_in_no_pair),
        cmocka_unit_test(costs_are_found_again),
        cmocka_unit_test(a_cell_has_a_floor_of_its_own),
        cmocka_unit_test(a_median_is_worth_more_than_a_round),
        cmocka_unit_test(claims_about_processors_need_processors),
        cmocka_unit_test(latency_is_compared_at_a_common_rate),
        cmocka_unit_test(builds_are_compared_with_each_other),
        cmocka_unit_test(findings_are_said_in_words),
        cmocka_unit_test(changes_are_ratios_to_a_lane_of_both),
        cmocka_unit_test(what_cannot_be_told_says_why),
        cmocka_unit_test(slopes_are_found_again),
        cmocka_unit_test(memory_slopes_are_found_again),
        cmocka_unit_test(crossovers_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
