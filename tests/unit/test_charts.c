/*
 * From an experiment to the figures of its chart, and to what changed between two runs: whole runs
 * made up here, a visit a line of a real plan.
 */
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/compare.h"
#include "analysis/findings.h"
#include "analysis/plan.h"
#include "analysis/result_file.h"
#include "analysis/tables.h"
#include "common/units.h"

static char root[] = "/tmp/waitbench-charts-XXXXXX";

/* How many times as long as the ideal a lane takes, by the model's name. */
static const struct pace {
    const char *lane;
    double of;
} paces[] = {{"sequential", 1.05}, {"processes", 1.6},  {"threads", 1.3},
             {"async", 1.1},       {"coroutines", 1.2}, {"hybrid", 1.4}};

/* What a test sets before it makes a run: the pace of threads, if it is not the one above. */
static double threads_pace;

/* Files. --------------------------------------------------------------------------------- */

static const char *path_of(const char *format, ...)
{
    static char path[4096];
    int used = snprintf(path, sizeof path, "%s/", root);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + used, sizeof path - (size_t)used, format, arguments);
    va_end(arguments);
    return path;
}

static void put_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void put_json(const char *path, json_t *value)
{
    assert_non_null(value);
    assert_int_equal(json_dump_file(value, path, JSON_COMPACT), 0);
    json_decref(value);
}

static const char *text_of(const char *path)
{
    static char text[1 << 18];
    FILE *file = fopen(path, "re");
    if (!file)
        fail_msg("%s is not there", path);
    size_t length = fread(text, 1, sizeof text - 1, file);
    assert_true(length < sizeof text - 1);
    text[length] = '\0';
    fclose(file);
    return text;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static int set_up(void **unused)
{
    (void)unused;
    memcpy(strrchr(root, '-'), "-XXXXXX", sizeof "-XXXXXX");
    threads_pace = 0;
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **unused)
{
    (void)unused;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Visits. --------------------------------------------------------------------------------- */

static double number(const json_t *line, const char *path)
{
    return json_number_at(line, path);
}

static bool is(const json_t *line, const char *path, const char *text)
{
    const char *is = json_string_at(line, path);
    return is && strcmp(is, text) == 0;
}

static double pace_of(const char *lane)
{
    for (size_t i = 0; i < sizeof paces / sizeof *paces; i++)
        if (strncmp(lane, paces[i].lane, strlen(paces[i].lane)) == 0)
            return strcmp(paces[i].lane, "threads") == 0 && threads_pace > 0 ? threads_pace
                                                                             : paces[i].of;
    return 2;
}

/* The makespan of a visit. Of P processes: 640 fetches of 1 ms of processor, on two processors. */
static double time_of(const json_t *line)
{
    const char *lane = json_string_at(line, "lane");
    double waves = ceil(number(line, "count") / number(line, "concurrency"));
    double ideal = waves * fmax(0.001, number(line, "delay_s")), round = number(line, "round");
    if (is(line, "experiment", "scaling")) {
        long among = strtol(strrchr(lane, '-') + 1, NULL, 10);
        return among <= 2 ? 0.66 / (double)among : 0.34;
    }
    double again = strstr(lane, "(again)") ? 1.001 : strstr(lane, "(static)") ? 1.5 : 1;
    return ideal * pace_of(lane) * again * (1 + round / 1000);
}

static json_t *visit_json(const json_t *line, double t, double bytes)
{
    double n = number(line, "count"), most = fmin(n, number(line, "concurrency"));
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:b, s:f, s:f, s:{s:f, s:f, s:f, s:i, s:f, s:f, s:f, s:f, s:f, s:f, "
        "s:f, s:f}}",
        "schema", "waitbench-visit/1", "exit_status", 0, "children_left", 0, "children_unreaped", 0,
        "timed_out", 0, "wall_s", t + 0.01, "verify_s", 0.002, "origin", "requests", n, "responses",
        n, "connections", most, "open", 0, "open_peak", most, "in_flight_peak", most, "body_bytes",
        bytes, "first_request_ns", 1e9, "last_byte_ns", 1e9 + 0.99e9 * t, "residence_ns",
        n * 1e9 * number(line, "delay_s"), "cpu_user_s", 0.0001 * t, "cpu_system_s", 0.0001 * t);
}

static json_t *run_json(const json_t *line, double t, double bytes)
{
    double n = number(line, "count"), most = fmin(n, number(line, "concurrency"));
    json_t *run = json_pack(
        "{s:s, s:b, s:s, s:{s:f, s:f, s:f, s:f}, s:{s:f, s:f, s:i, s:i}, s:{s:f, s:i, s:i, s:f, "
        "s:s, s:f, s:f}, s:{s:f, s:f, s:f}, s:{s:f}, s:{s:f, s:f}, s:{s:s, s:n}}",
        "schema", "waitbench-run/1", "interrupted", 0, "libcurl_options_digest", "aa", "time",
        "spawn_s", 0.001, "makespan_s", t, "user_s", 0.001 + n / 1e4, "system_s", 0.0, "workers",
        "asked", most, "made", most, "lost", 0, "rebuilt", 0, "fetches", "ok", n, "failed", 0,
        "retried", 0, "bytes", bytes, "digest", json_string_at(line, "work"), "connections", most,
        "peak_in_flight", most, "latency_ms", "first", fmin(51, 900 * t), "p50", 20.0, "p99", 80.0,
        "throughput", "fetches_per_s", n / t, "switches", "voluntary", 2 * n, "involuntary", n / 10,
        "environment", "libcurl", "7.88.1", "sanitizer");
    if (json_object_get(line, "rate"))
        json_object_set_new(
            run, "workload",
            json_pack("{s:{s:f}}", "rate", "per_s", 1000 * number(line, "rate.share")));
    return run;
}

/* 50 KiB of PSS for each worker, beside 1,000; four times as much in RSS, and so on. */
static json_t *meter_json(const json_t *line)
{
    double workers = fmin(number(line, "count"), number(line, "concurrency"));
    double pss = 1000 + 50 * workers;
    return json_pack("{s:s, s:{s:f, s:f}, s:{s:f, s:f, s:f, s:f}, s:{s:f, s:n}, s:{s:f, s:f, s:i}, "
                     "s:{s:i}}",
                     "schema", "waitbench-meter/1", "time", "user_s", 0.01, "system_s", 0.005,
                     "memory_kib", "virtual", 100 * pss, "rss", 4 * pss, "pss", pss, "page_tables",
                     pss / 10, "kernel_kib", "total", pss / 5, "why_unknown", "tasks", "processes",
                     workers + 1, "threads", workers + 1, "left_running", 0, "sampling",
                     "longest_gap_ms", 10);
}

static const char trace_text[] =
    "{\"traceEvents\": [{\"ph\": \"M\", \"name\": \"process_name\"},"
    " {\"ph\": \"X\", \"cat\": \"fetch\", \"name\": \"waiting\", \"ts\": 1000, \"dur\": 20000,"
    "  \"tid\": 2, \"args\": {\"index\": 7}},"
    " {\"ph\": \"X\", \"cat\": \"fetch\", \"ts\": 1000, \"dur\": 20000, \"tid\": 2},"
    " {\"ph\": \"X\", \"cat\": \"cpu\", \"name\": \"?\", \"ts\": 500, \"dur\": 250, \"tid\": 2}]}";

static void write_visit(const char *run, const json_t *line)
{
    int visit = (int)number(line, "visit");
    double t = time_of(line), n = number(line, "count");
    uint64_t size = 0;
    assert_int_equal(parse_size(json_string_at(line, "origin.size"), &size), 0);
    double bytes = (double)size * n;
    assert_int_equal(mkdir(path_of("%s/raw/%04d", run, visit), 0777), 0);
    put_json(path_of("%s/raw/%04d/visit.json", run, visit), visit_json(line, t, bytes));
    if (is(line, "kind", "ceiling")) {
        put_text(path_of("%s/raw/%04d/stdout.txt", run, visit),
                 is(line, "lane", "wrk") ? "Requests/sec:  9000.5\n"
                                         : "finished in 1s, 8000 req/s, 1MB/s\nrequests: 9 total, "
                                           "9 succeeded, 0 failed, 0 errored, 0 timeout\n");
        return;
    }
    put_json(path_of("%s/raw/%04d/run.json", run, visit), run_json(line, t, bytes));
    if (is(line, "kind", "metered"))
        put_json(path_of("%s/raw/%04d/meter.json", run, visit), meter_json(line));
    else
        put_json(path_of("%s/raw/%04d/hyperfine.json", run, visit),
                 json_pack("{s:[{s:[f], s:[i], s:f, s:f}]}", "results", "times", t + 0.01,
                           "exit_codes", 0, "user", n / 1000, "system", 0.0));
    if (is(line, "kind", "traced"))
        put_text(path_of("%s/raw/%04d/trace.json", run, visit), trace_text);
}

/* A whole run of the experiments in these files, as scripts/bench leaves it. */
static void write_run(const char *run, char **files, size_t count)
{
    struct plan_request request = {.profile = "quick",
                                   .seed = 1,
                                   .build = "build",
                                   .files = files,
                                   .file_count = count};
    struct problem problem = {""};
    json_t *plan, *line;
    size_t i;
    if (plan_make(&request, &plan, &problem) < 0)
        fail_msg("%s", problem.text);
    assert_int_equal(mkdir(path_of("%s", run), 0777), 0);
    assert_int_equal(mkdir(path_of("%s/raw", run), 0777), 0);
    FILE *lines = fopen(path_of("%s/plan.jsonl", run), "we");
    assert_non_null(lines);
    for (i = 0; (line = json_array_get(plan, i)); i++) {
        assert_int_equal(json_dumpf(line, lines, JSON_COMPACT), 0);
        fputc('\n', lines);
        if (json_is_integer(json_object_get(line, "visit")))
            write_visit(run, line);
    }
    assert_int_equal(fclose(lines), 0);
    json_decref(plan);
    put_text(path_of("%s/metadata.json", run),
             "{\"schema\": \"waitbench-metadata/1\", \"profile\": \"quick\", \"seed\": 1,"
             " \"machine\": {\"two_busy_processes\": 2}, \"build\": {\"sanitize\": null}}");
}

struct judged {
    struct results results;
    struct findings findings;
};

/* Reads and judges a run, and writes all that is written of it. */
static void judge(struct judged *judged, const char *run)
{
    struct problem problem = {""};
    *judged = (struct judged){.findings = {0}};
    if (results_open(&judged->results, path_of("%s", run), &problem) < 0)
        fail_msg("%s", problem.text);
    results_prove(&judged->results);
    assert_int_equal(findings_gather(&judged->findings, &judged->results), 0);
    assert_int_equal(write_chart_data(&judged->findings), 0);
    assert_int_equal(write_hyperfine_json(&judged->results), 0);
    assert_int_equal(write_summary_json(&judged->findings), 0);
    assert_int_equal(write_summary_md(&judged->findings), 0);
}

static void done(struct judged *judged)
{
    findings_free(&judged->findings);
    results_close(&judged->results);
}

static bool notes(const struct judged *judged, const char *words)
{
    size_t i;
    json_t *note;
    for (i = 0; (note = json_array_get(judged->results.notes, i)); i++)
        if (strstr(json_string_value(note), words))
            return true;
    return false;
}

/* Fails unless the file holds these words. */
static void assert_holds(const char *run, const char *name, const char *words)
{
    const char *text = text_of(path_of("%s/%s", run, name));
    if (!strstr(text, words))
        fail_msg("%s does not hold \"%s\":\n%.2000s", name, words, text);
}

/* Every experiment that there is. ------------------------------------------------------------ */

/* The experiment with two rounds of at most three values, as a file of the test's own. */
static char *shortened(const char *file)
{
    json_error_t error;
    json_t *e = json_load_file(file, 0, &error);
    assert_non_null(e);
    json_t *full = json_object_get(json_object_get(e, "profiles"), "full");
    json_t *values = json_array(), *all = json_object_get(full, "values");
    assert_true(json_is_object(full));
    for (size_t i = 0; i < json_array_size(all) && i < 3; i++)
        json_array_append(values, json_array_get(all, i));
    json_t *quick = json_pack("{s:i}", "rounds", is(e, "kind", "traced") ? 1 : 2);
    if (all)
        json_object_set(quick, "values", values);
    json_object_set_new(e, "profiles", json_pack("{s:o}", "quick", quick));
    json_decref(values);
    char *path = strdup(path_of("%s.json", json_string_at(e, "name")));
    assert_non_null(path);
    put_json(path, e);
    return path;
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* A chart whose data nobody writes would be found by the one who looks for it at the end. */
static void each_experiment_leaves_the_data_of_its_chart(void **unused)
{
    (void)unused;
    glob_t all;
    char *files[64];
    struct judged judged;
    size_t i;
    json_t *experiment;
    assert_int_equal(glob("scripts/experiments/*.json", 0, NULL, &all), 0);
    assert_true(all.gl_pathc > 10 && all.gl_pathc < 64);
    for (i = 0; i < all.gl_pathc; i++)
        files[i] = shortened(all.gl_pathv[i]);
    write_run("run", files, all.gl_pathc);
    judge(&judged, "run");
    for (i = 0; i < judged.results.cell_count; i++) {
        const struct cell *cell = &judged.results.cells[i];
        if (cell_verdict(cell) != VALID)
            fail_msg("%s: %s", cell->id, json_string_value(json_array_get(cell->reasons, 0)));
    }
    for (i = 0; (experiment = json_array_get(judged.findings.experiments, i)); i++) {
        const char *chart = json_string_at(experiment, "chart");
        if (!chart)
            continue; /* tables only */
        const char *data = text_of(path_of("run/data/%s.csv", chart));
        if (lines_of(data) < 3)
            fail_msg("%s: hardly any data:\n%s", chart, data);
    }
    assert_int_equal(json_array_size(judged.findings.experiments), all.gl_pathc);
    done(&judged);
    for (i = 0; i < all.gl_pathc; i++)
        free(files[i]);
    globfree(&all);
}

/* One by one. ------------------------------------------------------------------------------- */

static char *write_experiment(const char *name, const char *text)
{
    char *path = strdup(path_of("%s.json", name));
    assert_non_null(path);
    put_text(path, text);
    return path;
}

#define HEAD(name, chart)                                                              \
    "{\"schema\": \"waitbench-experiment/1\", \"question\": \"Q?\", \"name\": \"" name \
    "\", \"chart\": \"" chart "\", \"placement\": \"apart\", "
#define LANE(name) "{\"name\": \"" name "\", \"model\": \"" name "\"}"
#define AGAIN(name) \
    "{\"name\": \"" name " (again)\", \"model\": \"" name "\", \"again\": \"" name "\"}"

/* The file of the first visit of a cell. */
static const char *visit_path(const struct judged *judged, const char *run, const char *cell,
                              const char *file)
{
    for (size_t i = 0; i < judged->results.cell_count; i++)
        if (strcmp(judged->results.cells[i].id, cell) == 0)
            return path_of("%s/raw/%04d/%s", run, judged->results.cells[i].visits[0]->number, file);
    fail_msg("there is no cell %s", cell);
    return NULL;
}

static void spoil(const struct judged *judged, const char *run, const char *cell, const char *file,
                  const char *text)
{
    put_text(visit_path(judged, run, cell, file), text);
}

/* Who is fastest where: decided beyond noise, or not, or not measured at all. */
static void the_winner_of_a_place_is_decided_or_not(void **unused)
{
    (void)unused;
    struct judged judged;
    char *file = write_experiment(
        "crossover",
        HEAD(
            "crossover",
            "crossover") "\"axis\": \"variant\", \"variants\": {"
                         "\"near\": {\"fixed\": {\"count\": 10}}, \"far\": {\"fixed\": {\"count\": "
                         "20}}}, \"lanes\": [" LANE("async") ", " LANE("threads") ", " AGAIN(
                             "async") "], \"fixed\": {\"concurrency\": 10}, \"origin\": {\"size\": "
                                      "\"1KiB\", "
                                      "\"delay\": \"50ms\"}, \"profiles\": {\"quick\": "
                                      "{\"rounds\": 8, \"values\": "
                                      "[\"near\", \"far\"]}}}");
    write_run("run", &file, 1);
    judge(&judged, "run");
    assert_holds("run", "data/crossover.csv", "\nnear,0.05,10,10,async,");
    assert_holds("run", "data/crossover.csv", ",threads,1.18181818,1\n");
    assert_holds("run", "summary.md", "async and threads: at variant near to far async takes less");
    /* One lane is left at one place: nobody to be faster than. */
    spoil(&judged, "run", "crossover/threads/variant=far", "run.json", "{}");
    done(&judged);
    judge(&judged, "run");
    assert_holds("run", "data/crossover.csv", "\nfar,0.05,20,10,async,0.110495,,,0\n");
    assert_holds("run", "data/crossover.csv", ",threads,1.18181818,1\n");
    assert_holds("run", "summary.md", "- invalid: crossover/threads/variant=far: round");
    /* Then none. */
    spoil(&judged, "run", "crossover/async/variant=far", "visit.json", "{}");
    spoil(&judged, "run", "crossover/async (again)/variant=far", "visit.json", "[]");
    done(&judged);
    judge(&judged, "run");
    assert_holds("run", "data/crossover.csv", "\nfar,0.05,20,10,,,,,0\n");
    done(&judged);
    free(file);
}

static void a_gain_ends_where_there_are_no_more_processors(void **unused)
{
    (void)unused;
    struct judged judged;
    char *file = shortened("scripts/experiments/scaling.json");
    write_run("run", &file, 1);
    judge(&judged, "run");
    /* 0.64 s of processor by one, and 5 ms of waiting. */
    assert_holds("run", "data/scaling.csv", "\nhybrid,1,0.66,0.66,0.66,0.645,1,1.02325581,1\n");
    assert_holds("run", "data/scaling.csv", "\nhybrid,2,0.33,0.33,0.33,0.325,1,1.01538462,1\n");
    assert_true(notes(&judged, "scaling: the gain stops being linear at 3 processes: 1.56 times"));
    /* A machine that cannot tell says nothing. */
    done(&judged);
    put_text(path_of("run/metadata.json"),
             "{\"schema\": \"waitbench-metadata/1\", \"machine\": {\"two_busy_processes\": 1.1}}");
    judge(&judged, "run");
    assert_holds("run", "data/scaling.csv", "\nhybrid,2,0.33,0.33,0.33,0.325,1,1.01538462,0\n");
    assert_false(notes(&judged, "scaling: the gain"));
    assert_holds("run", "summary.md", "# waitbench: ? profile, seed nan");
    assert_holds("run", "summary.md", "not decided, since this machine has no two processors");
    /* Without the one process there is nothing to divide; its own row stands without a figure. */
    spoil(&judged, "run", "scaling/hybrid-1", "run.json", "{}");
    done(&judged);
    judge(&judged, "run");
    assert_holds("run", "data/scaling.csv", "\nhybrid,2,0.33,0.33,0.33,,1,,0\n");
    assert_holds("run", "data/scaling.csv", "\nhybrid,1,,,,,1,,0\n");
    done(&judged);
    free(file);
}

/* A lane beside its twin that deals beforehand; rates; memory of another experiment in the bill. */
static void twins_rates_and_memory_stand_in_their_columns(void **unused)
{
    (void)unused;
    struct judged judged;
    char *files[] = {
        shortened("scripts/experiments/tail.json"),
        shortened("scripts/experiments/open-loop.json"),
        shortened("scripts/experiments/memory-per-worker.json"),
        shortened("scripts/experiments/total-time.json"),
        shortened("scripts/experiments/timeline.json"),
        shortened("scripts/experiments/resolver-threads.json"),
    };
    write_run("run", files, 6);
    judge(&judged, "run");
    /* Ten waves of 20 ms at a pace of 1.3, in rounds 1 and 2; half as long again by the twin. */
    assert_holds("run", "data/tail.csv",
                 "\nthreads,fixed,0.26039,0.26026,0.26052,0.390585,0.39039,0.39078,1\n");
    assert_holds("run", "data/latency.csv", "\nasync,50 %,500,80,80,80,20,20,20,1\n");
    assert_null(strstr(text_of(path_of("run/data/latency.csv")), "capacity"));
    assert_holds("run", "data/memory-per-worker.csv", "\nthreads,pss,50,50,50,2,1\n");
    assert_holds("run", "data/memory-per-worker.csv", "\nprocesses,kernel,10,10,10,2,1\n");
    assert_holds("run", "data/resolver-threads.csv", "\nthreads,addresses,65,65,1\n");
    assert_holds("run", "data/bill.csv", ",50,50,1\n"); /* the meter's, in a timed run's row */
    assert_holds("run", "data/timeline.csv", "\nasync,2,7,waiting,0.001000000,0.021000000\n");
    assert_holds("run", "data/timeline.csv", "\nasync,2,,cpu,0.000500000,0.000750000\n");
    assert_holds("run", "summary.md", "of memory (PSS) for each one more in flight");
    /* What cannot be read is said, and draws nothing. */
    spoil(&judged, "run", "timeline/async", "trace.json", "{}");
    spoil(&judged, "run", "tail/threads (static)/variant=fixed", "hyperfine.json", "{}");
    done(&judged);
    judge(&judged, "run");
    assert_true(notes(&judged, "timeline/async: its trace could not be read."));
    assert_null(strstr(text_of(path_of("run/data/timeline.csv")), "async"));
    assert_holds("run", "data/tail.csv", "\nthreads,fixed,0.26039,0.26026,0.26052,,,,1\n");
    /* A kernel whose memory nobody knows has no rows, the rest has. */
    for (size_t i = 0; i < judged.results.made; i++)
        if (judged.results.visits[i].meter) {
            int visit = judged.results.visits[i].number;
            json_t *meter = json_incref(judged.results.visits[i].meter);
            json_object_del(meter, "kernel_kib");
            put_json(path_of("run/raw/%04d/meter.json", visit), meter);
        }
    done(&judged);
    judge(&judged, "run");
    assert_null(strstr(text_of(path_of("run/data/memory-per-worker.csv")), "kernel"));
    assert_holds("run", "data/memory-per-worker.csv", "\nthreads,pss,50,50,50,2,1\n");
    done(&judged);
    for (size_t i = 0; i < 6; i++)
        free(files[i]);
}

/* The ceiling is C over the delay; the fastest client the better of the two load generators. */
static void the_fastest_client_stands_beside_the_models(void **unused)
{
    (void)unused;
    struct judged judged;
    char *file = write_experiment(
        "rate",
        HEAD(
            "rate",
            "rate-by-concurrency") "\"axis\": \"concurrency\", \"ceiling\": "
                                   "[\"wrk\", \"h2load\"], \"lanes\": [" LANE(
                                       "sequential") ", " LANE("async") "], \"fixed\": {\"count\": "
                                                                        "80}, \"origin\": "
                                                                        "{\"size\": \"1KiB\", "
                                                                        "\"delay\": "
                                                                        "\"10ms\"}, \"profiles\": "
                                                                        "{\"quick\": {\"rounds\": "
                                                                        "2, \"values\": [1, 8]}}}");
    write_run("run", &file, 1);
    judge(&judged, "run");
    assert_holds("run", "data/rate-by-concurrency.csv",
                 "\nfastest-client,8,9000.5,9000.5,9000.5,1\n");
    assert_holds("run", "data/rate-by-concurrency.csv", "\nceiling,8,800,,,1\n");
    assert_holds("run", "data/rate-by-concurrency.csv", "\nsequential,1,");
    assert_null(strstr(text_of(path_of("run/data/rate-by-concurrency.csv")), "\nsequential,8,"));
    /* Where one of them failed, the other is the fastest; where both did, there is none. */
    spoil(&judged, "run", "rate/wrk/concurrency=8", "stdout.txt", "unable to connect\n");
    spoil(&judged, "run", "rate/wrk/concurrency=8", "stderr.txt", "wrk: no more\r\n\n");
    done(&judged);
    judge(&judged, "run");
    assert_holds("run", "data/rate-by-concurrency.csv", "\nfastest-client,8,8000,8000,8000,1\n");
    assert_holds("run", "summary.md", "the load generator reported no rate: wrk: no more\n");
    spoil(&judged, "run", "rate/h2load/concurrency=8", "stdout.txt", "");
    done(&judged);
    judge(&judged, "run");
    assert_null(strstr(text_of(path_of("run/data/rate-by-concurrency.csv")), "fastest-client,8"));
    done(&judged);
    free(file);
}

/* What is too long for the profile is drawn as the cost model has it, and said not to be measured.
 */
static void a_prediction_is_no_measurement(void **unused)
{
    (void)unused;
    struct judged judged;
    char *file = write_experiment(
        "count",
        HEAD("count", "time-by-count") "\"axis\": \"count\", \"lanes\": [" LANE("async") ", " LANE(
            "threads") ", " AGAIN("async") "], \"fixed\": {\"concurrency\": 10}, "
                                           "\"origin\": {\"size\": \"1KiB\", \"delay\": \"10ms\"}, "
                                           "\"profiles\": {\"quick\": "
                                           "{\"rounds\": 7, \"values\": [10, 20, 40, 400000], "
                                           "\"longest_s\": 5}}}");
    write_run("run", &file, 1);
    judge(&judged, "run");
    /* 0.1 ms of processor a fetch: less than the 40,000 waves of 10 ms. */
    assert_holds("run", "data/time-by-count.csv", "\nasync,400000,,,,400,0\n");
    assert_holds("run", "data/time-by-count.csv", "\nasync,10,0.011044,");
    assert_null(strstr(text_of(path_of("run/data/time-by-count.csv")), "again"));
    assert_holds("run", "summary.md",
                 "- not measured: count/async/count=400000 would take about 401 s, too long");
    assert_holds("run", "summary.md", "of time for each further URL");
    assert_holds("run", "summary.json", "\"verdict\": \"predicted\"");
    /* An invalid cell is there by name, without a figure. */
    spoil(&judged, "run", "count/async/count=20", "run.json", "{}");
    done(&judged);
    judge(&judged, "run");
    assert_holds("run", "data/time-by-count.csv", "\nasync,20,,,,0.02");
    assert_holds("run", "data/time-by-count.csv", ",1\nthreads,20,0.0");
    /* Visits that were not made leave no row, and are said. */
    for (size_t i = 0; i < judged.results.cell_count; i++) {
        const struct cell *cell = &judged.results.cells[i];
        for (size_t v = 0; v < cell->made && strcmp(cell->id, "count/threads/count=20") == 0; v++) {
            char raw[4096];
            snprintf(raw, sizeof raw, "%s", path_of("run/raw/%04d", cell->visits[v]->number));
            assert_int_equal(rename(raw, path_of("gone-%zu", v)), 0);
        }
    }
    done(&judged);
    judge(&judged, "run");
    assert_null(strstr(text_of(path_of("run/data/time-by-count.csv")), "\nthreads,20,"));
    assert_holds("run", "summary.md", "**Incomplete: 56 of 63 visits were made.**");
    assert_holds("run", "summary.md",
                 "- not measured: count/threads/count=20: the run ended before\n");
    done(&judged);
    free(file);
}

/* Where the axis is how many at one time, its line ends before, and why is said. */
static void a_line_ends_before_what_takes_too_long(void **unused)
{
    (void)unused;
    struct judged judged;
    char *file = write_experiment(
        "rate", HEAD("rate", "rate-by-concurrency") "\"axis\": \"concurrency\", \"lanes\": [" LANE(
                    "processes") ", " LANE("async") "], \"fixed\": {\"count_each\": 2}, "
                                                    "\"origin\": {\"size\": \"1KiB\"}, "
                                                    "\"profiles\": {\"quick\": {\"rounds\": 2, "
                                                    "\"values\": [8, 2000], \"longest_s\": 5}}}");
    write_run("run", &file, 1);
    judge(&judged, "run");
    assert_holds("run", "data/rate-by-concurrency.csv", "\nprocesses,8,");
    assert_holds("run", "data/rate-by-concurrency.csv", "\nasync,2000,");
    assert_null(strstr(text_of(path_of("run/data/rate-by-concurrency.csv")), "\nprocesses,2000,"));
    assert_holds("run", "summary.md", "- not measured: rate/processes/concurrency=2000 would take");
    done(&judged);
    free(file);
}

/* Changes between two runs. ------------------------------------------------------------------- */

static char *total_time(const char *concurrency)
{
    char text[1024];
    snprintf(
        text, sizeof text,
        HEAD("total", "total-time") "\"lanes\": [" LANE("async") ", " LANE("threads") ", " LANE(
            "processes") ", " AGAIN("async") "], \"fixed\": {\"count\": 100, "
                                             "\"concurrency\": %s}, \"origin\": {\"size\": "
                                             "\"1KiB\", \"delay\": \"50ms\"}, "
                                             "\"profiles\": {\"quick\": {\"rounds\": 7}}}",
        concurrency);
    return write_experiment("total", text);
}

static const struct change *change_of(const struct change *changes, size_t count, const char *cell)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(changes[i].base->id, cell) == 0)
            return &changes[i];
    fail_msg("nothing is said of %s", cell);
    return NULL;
}

static void what_cannot_be_compared_says_why(void **unused)
{
    (void)unused;
    struct judged base, now;
    struct change *changes;
    size_t count;
    char *file = total_time("20");
    write_run("base", &file, 1);
    threads_pace = 2;
    write_run("now", &file, 1);
    judge(&base, "base");
    judge(&now, "now");
    assert_int_equal(changes_between(&base.results, &now.results, NULL, &changes, &count), 0);
    assert_int_equal(count, 3); /* a lane that stands twice is compared once */
    const struct change *threads = change_of(changes, count, "total/threads");
    assert_int_equal(threads->verdict, GOT_SLOWER);
    assert_true(threads->low > 1.4 && threads->high < 1.6);
    assert_int_equal(change_of(changes, count, "total/processes")->verdict, NO_CHANGE_SEEN);
    assert_string_equal(change_of(changes, count, "total/async")->why, "it is the reference");
    free(changes);
    /* Spoilt on either side; then the reference itself, and another takes its place. */
    spoil(&now, "now", "total/processes", "run.json", "{}");
    done(&now);
    judge(&now, "now");
    assert_int_equal(changes_between(&base.results, &now.results, NULL, &changes, &count), 0);
    assert_string_equal(change_of(changes, count, "total/processes")->why, "not valid in NEW");
    free(changes);
    assert_int_equal(changes_between(&now.results, &base.results, NULL, &changes, &count), 0);
    assert_string_equal(change_of(changes, count, "total/processes")->why, "not valid in BASE");
    free(changes);
    assert_int_equal(changes_between(&base.results, &now.results, "processes", &changes, &count),
                     0);
    assert_string_equal(change_of(changes, count, "total/threads")->why,
                        "no lane to refer to that is valid in both");
    free(changes);
    /* Without a lane that stands twice nothing says what a change is worth. */
    spoil(&now, "now", "total/async (again)", "run.json", "{}");
    done(&now);
    judge(&now, "now");
    assert_int_equal(changes_between(&base.results, &now.results, NULL, &changes, &count), 0);
    assert_string_equal(change_of(changes, count, "total/threads")->why,
                        "no lane stands twice in NEW");
    free(changes);
    assert_int_equal(changes_between(&now.results, &base.results, NULL, &changes, &count), 0);
    assert_string_equal(change_of(changes, count, "total/threads")->why,
                        "no lane stands twice in BASE");
    free(changes);
    done(&now);
    free(file);
    /* Other work is no change. */
    file = total_time("10");
    write_run("other", &file, 1);
    judge(&now, "other");
    assert_int_equal(changes_between(&base.results, &now.results, NULL, &changes, &count), 0);
    assert_string_equal(change_of(changes, count, "total/threads")->why,
                        "other work, concurrency, placement or settings");
    free(changes);
    done(&now);
    done(&base);
    free(file);
}

/* Few rounds cannot decide, however far apart they are. */
static void few_rounds_of_two_runs_decide_nothing(void **unused)
{
    (void)unused;
    struct judged base, now;
    struct change *changes;
    size_t count;
    char *file = total_time("20");
    write_run("base", &file, 1);
    threads_pace = 2.5;
    write_run("now", &file, 1);
    judge(&base, "base");
    judge(&now, "now");
    for (size_t i = 0; i < now.results.cell_count; i++)
        now.results.cells[i].made = 3;
    for (size_t i = 0; i < base.results.cell_count; i++)
        base.results.cells[i].made = 3;
    assert_int_equal(changes_between(&base.results, &now.results, NULL, &changes, &count), 0);
    const struct change *threads = change_of(changes, count, "total/threads");
    assert_int_equal(threads->verdict, CANNOT_TELL);
    assert_string_equal(threads->why, "too few rounds to decide: 3 and 3");
    free(changes);
    done(&base);
    done(&now);
    free(file);
}

/* What cannot be written. ------------------------------------------------------------------------
 */

/* A full disk takes the file that it meets; what stood there before still stands. */
static void a_full_disk_leaves_what_was_there(void **unused)
{
    (void)unused;
    static const char *const names[] = {"summary.json", "summary.md", "hyperfine.json",
                                        "data/total-time.csv"};
    struct judged judged;
    char *file = total_time("20");
    if (access("/dev/full", W_OK) < 0)
        skip();
    write_run("run", &file, 1);
    judge(&judged, "run");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char part[4096];
        snprintf(part, sizeof part, "%s.part", path_of("run/%s", names[i]));
        put_text(path_of("run/%s", names[i]), "kept");
        assert_int_equal(symlink("/dev/full", part), 0);
        int errors[] = {write_summary_json(&judged.findings), write_summary_md(&judged.findings),
                        write_hyperfine_json(&judged.results), write_chart_data(&judged.findings)};
        for (size_t k = 0; k < 4; k++)
            if (k == i ? errors[k] >= 0 : errors[k] != 0)
                fail_msg("%s on a full disk, %s: %d", names[i], names[k], errors[k]);
        assert_string_equal(text_of(path_of("run/%s", names[i])), "kept");
        assert_true(access(part, F_OK) < 0);
    }
    done(&judged);
    free(file);
}

static void a_folder_that_cannot_be_written_to_is_an_error(void **unused)
{
    (void)unused;
    struct judged judged;
    struct output output;
    char *file = total_time("20");
    write_run("run", &file, 1);
    judge(&judged, "run");
    assert_int_equal(remove(path_of("run/data/total-time.csv")), 0);
    assert_int_equal(remove(path_of("run/data/bill.csv")), 0);
    assert_int_equal(remove(path_of("run/data/switches-and-cpu.csv")), 0);
    assert_int_equal(rmdir(path_of("run/data")), 0);
    put_text(path_of("run/data"), "a file");
    assert_int_equal(write_chart_data(&judged.findings), -ENOTDIR);
    char *dir = judged.results.dir;
    char nowhere[4200];
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", root);
    judged.results.dir = nowhere;
    assert_int_equal(write_chart_data(&judged.findings), -ENOENT);
    assert_int_equal(write_summary_json(&judged.findings), -ENOENT);
    assert_int_equal(write_summary_md(&judged.findings), -ENOENT);
    assert_int_equal(write_hyperfine_json(&judged.results), -ENOENT);
    memset(nowhere, 'x', sizeof nowhere - 1);
    nowhere[4090] = '\0';
    assert_int_equal(result_open(&output, &judged.results, "summary.md"), -ENAMETOOLONG);
    judged.results.dir = dir;
    assert_int_equal(write_json(&judged.results, "summary.json", NULL), -ENOMEM);
    done(&judged);
    free(file);
}

/* Plans that are none. ------------------------------------------------------------------------- */

static void a_plan_that_cannot_be_read_is_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *plan, *metadata, *words;
    } cases[] = {
        {NULL, "{\"schema\": \"waitbench-metadata/1\"}", "No such file"},
        {"", "{\"schema\": \"waitbench-metadata/1\"}", "holds no visit"},
        {"[]\n", "{\"schema\": \"waitbench-metadata/1\"}", "line 1: must be an object of schema"},
        {"{\"schema\": \"waitbench-plan/1\", \"experiment\": \"e\"}\n",
         "{\"schema\": \"waitbench-metadata/1\"}", "line 1: has no \"question\""},
        {"", "{\"schema\": 1}", "it is missing"},
        {"", "{", "a result without metadata is no result"},
        {"", "{\"schema\": \"waitbench-metadata/1\", \"build\": {\"sanitize\": \"thread\"}}",
         "sanitizer's build (thread)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct results results;
        struct problem problem = {""};
        put_text(path_of("metadata.json"), cases[i].metadata);
        if (cases[i].plan)
            put_text(path_of("plan.jsonl"), cases[i].plan);
        assert_int_equal(results_open(&results, root, &problem), -EINVAL);
        if (!strstr(problem.text, cases[i].words))
            fail_msg("case %zu: %s", i, problem.text);
        results_close(&results);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_experiment_leaves_the_data_of_its_chart),
        TEST(the_winner_of_a_place_is_decided_or_not),
        TEST(a_gain_ends_where_there_are_no_more_processors),
        TEST(twins_rates_and_memory_stand_in_their_columns),
        TEST(the_fastest_client_stands_beside_the_models),
        TEST(a_prediction_is_no_measurement),
        TEST(a_line_ends_before_what_takes_too_long),
        TEST(what_cannot_be_compared_says_why),
        TEST(few_rounds_of_two_runs_decide_nothing),
        TEST(a_full_disk_leaves_what_was_there),
        TEST(a_folder_that_cannot_be_written_to_is_an_error),
        TEST(a_plan_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests_name("charts", tests, NULL, NULL);
}
