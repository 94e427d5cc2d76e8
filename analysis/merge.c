#include "analysis/merge.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/experiment.h"
#include "analysis/json_file.h"
#include "analysis/ledger.h"
#include "analysis/needed.h"

enum { MOST_SLICES = 4096 };

/* A JSON number holds every whole number up to here: 2 to the 53rd. No list is longer. */
static const double MOST_URLS = 9007199254740992;

struct slice {
    const char *file;
    json_t *run;
    int64_t first, urls, whole;
};

struct merge {
    const char *json; /* where to; "-" is standard output */
    struct slice slices[MOST_SLICES];
    size_t count;
};

/* Reading. ----------------------------------------------------------------------------- */

/* How many failures an entry of `errors` tells of; 0 where it does not tell what of. */
static double failures_of(const json_t *error)
{
    double count = json_number_at(error, "count");
    return json_string_at(error, "reason") && count > 0 && count <= MOST_URLS ? count : 0;
}

/* How many a slice lists, of whatever reason. */
static double failures(const struct slice *slice)
{
    double sum = 0;
    size_t i;
    json_t *error;
    for (i = 0; (error = json_array_get(json_object_get(slice->run, "errors"), i)); i++)
        sum += failures_of(error);
    return sum;
}

static int read_slice(struct slice *slice, struct problem *problem)
{
    json_error_t error;
    slice->run = json_load_file(slice->file, JSON_REJECT_DUPLICATES, &error);
    if (!slice->run)
        return say_problem(problem, slice->file, NULL, "%s", error.text);
    const char *schema = json_string_at(slice->run, "schema");
    if (!schema || strcmp(schema, "waitbench-run/1") != 0)
        return say_problem(problem, slice->file, "schema", "must be waitbench-run/1; it is %s",
                           schema ? schema : "missing");
    double first = json_number_at(slice->run, "workload.first");
    double urls = json_number_at(slice->run, "workload.urls");
    double whole = json_number_at(slice->run, "workload.whole");
    const char *digest = json_string_at(slice->run, "fetches.digest");
    if (!(first >= 1 && urls >= 1 && whole <= MOST_URLS && first + urls - 1 <= whole))
        return say_problem(problem, slice->file, "workload",
                           "does not say which part of which list it is");
    if (!digest || strlen(digest) != 32 || strspn(digest, "0123456789abcdef") != 32)
        return say_problem(problem, slice->file, "fetches.digest", "must be 32 hex digits");
    if (failures(slice) > urls)
        return say_problem(problem, slice->file, "errors", "are more than its URLs");
    slice->first = (int64_t)first;
    slice->urls = (int64_t)urls;
    slice->whole = (int64_t)whole;
    return 0;
}

static int by_first(const void *left, const void *right)
{
    const struct slice *a = left, *b = right;
    return (a->first > b->first) - (a->first < b->first);
}

/* Equal, where 30000 and 30000.0 are: other programs write numbers in their own way. */
static bool alike(const json_t *one, const json_t *other)
{
    if (json_is_number(one) && json_is_number(other))
        return json_number_value(one) == json_number_value(other);
    return one && other && json_equal(one, other);
}

/* What has to be the same for the parts to be one run. */
static int check_alike(const struct slice *a, const struct slice *b, struct problem *problem)
{
    static const char *const paths[][2] = {
        {"model", "name"},
        {"model", "options"},
        {"workload", "dispatch"},
        {"workload", "timeout_ms"},
        {"workload", "retries"},
        {"workload", "keep_alive"},
        {"workload", "resolve"},
        {"workload", "whole"},
        {"workload", "cpu_work_passes"},
        {"libcurl_options_digest", NULL},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        json_t *one = json_object_get(a->run, paths[i][0]);
        json_t *other = json_object_get(b->run, paths[i][0]);
        if (paths[i][1]) {
            one = json_object_get(one, paths[i][1]);
            other = json_object_get(other, paths[i][1]);
        }
        char key[64];
        snprintf(key, sizeof key, "%s%s%s", paths[i][0], paths[i][1] ? "." : "",
                 paths[i][1] ? paths[i][1] : "");
        if (!alike(one, other))
            return say_problem(problem, b->file, key, "is not that of %s", a->file);
    }
    return 0;
}

/* Sorted by their first URL, the slices have to follow each other from 1 to the whole. */
static int check_cover(const struct merge *merge, struct problem *problem)
{
    int64_t next = 1, whole = merge->slices[0].whole;
    for (size_t i = 0; i < merge->count; i++) {
        const struct slice *slice = &merge->slices[i];
        if (slice->first < next)
            return say_problem(problem, slice->file, NULL,
                               "begins at URL %lld, which %s holds already",
                               (long long)slice->first, merge->slices[i - 1].file);
        if (slice->first > next)
            return say_problem(problem, slice->file, NULL,
                               "URLs %lld to %lld before it are missing", (long long)next,
                               (long long)slice->first - 1);
        next = slice->first + slice->urls;
    }
    if (next <= whole)
        return say_problem(problem, merge->slices[merge->count - 1].file, NULL,
                           "URLs %lld to %lld after it are missing", (long long)next,
                           (long long)whole);
    return 0;
}

static int read_all(struct merge *merge, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; i < merge->count && !error; i++)
        error = read_slice(&merge->slices[i], problem);
    for (size_t i = 1; i < merge->count && !error; i++)
        error = check_alike(&merge->slices[0], &merge->slices[i], problem);
    if (error)
        return error;
    qsort(merge->slices, merge->count, sizeof *merge->slices, by_first);
    return check_cover(merge, problem);
}

/* Joining. ------------------------------------------------------------------------------- */

enum how { ADDED, LEAST, LONGEST };

/* One figure of all slices; null where one of them does not know it. Counts stay whole. */
static json_t *joined(const struct merge *merge, const char *path, enum how how)
{
    double value = json_number_at(merge->slices[0].run, path);
    for (size_t i = 1; i < merge->count; i++) {
        double next = json_number_at(merge->slices[i].run, path);
        if (isnan(value) || isnan(next))
            return json_null();
        value = how == ADDED ? value + next : how == LEAST ? fmin(value, next) : fmax(value, next);
    }
    return json_known(value);
}

/* Every key of one object in the run, added up. */
static json_t *joined_object(const struct merge *merge, const char *name)
{
    json_t *object = json_object(), *model = json_object_get(merge->slices[0].run, name);
    for (void *at = json_object_iter(model); at; at = json_object_iter_next(model, at)) {
        char path[96];
        snprintf(path, sizeof path, "%s.%s", name, json_object_iter_key(at));
        json_object_set_new(object, json_object_iter_key(at), joined(merge, path, ADDED));
    }
    return object;
}

static json_t *joined_digest(const struct merge *merge)
{
    unsigned __int128 sum = 0;
    char text[33];
    for (size_t i = 0; i < merge->count; i++) {
        const char *digest = json_string_at(merge->slices[i].run, "fetches.digest");
        unsigned __int128 value = 0;
        for (int k = 0; k < 32; k++)
            value =
                value << 4 | (unsigned)(digest[k] <= '9' ? digest[k] - '0' : digest[k] - 'a' + 10);
        sum += value;
    }
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)(sum >> 64),
             (unsigned long long)sum);
    return json_string(text);
}

static json_t *joined_errors(const struct merge *merge)
{
    json_t *counts = json_object(), *errors = json_array(), *error;
    size_t i;
    for (size_t s = 0; s < merge->count; s++)
        for (i = 0; (error = json_array_get(json_object_get(merge->slices[s].run, "errors"), i));
             i++) {
            const char *reason = json_string_at(error, "reason");
            double count = failures_of(error);
            if (count == 0)
                continue;
            json_object_set_new(counts, reason,
                                json_integer((json_int_t)count +
                                             json_integer_value(json_object_get(counts, reason))));
        }
    for (void *at = json_object_iter(counts); at; at = json_object_iter_next(counts, at))
        json_array_append_new(errors, json_pack("{s:s, s:O}", "reason", json_object_iter_key(at),
                                                "count", json_object_iter_value(at)));
    json_decref(counts);
    return errors;
}

/* Percentiles of parts give none of the whole; the mean is weighed by what they fetched. Failures
 * have no latency, and so nor has a slice of nothing else. */
static json_t *joined_latency(const struct merge *merge)
{
    struct merge fetched = {.count = 0};
    json_t *latency = json_object();
    json_t *model = json_object_get(merge->slices[0].run, "latency_ms");
    double sum = 0, all = 0;
    for (size_t i = 0; i < merge->count; i++) {
        double ok = json_number_at(merge->slices[i].run, "fetches.ok");
        if (ok == 0)
            continue;
        fetched.slices[fetched.count++] = merge->slices[i];
        sum += json_number_at(merge->slices[i].run, "latency_ms.mean") * ok;
        all += ok;
    }
    for (void *at = json_object_iter(model); at; at = json_object_iter_next(model, at))
        json_object_set_new(latency, json_object_iter_key(at), json_null());
    json_object_set_new(latency, "min", joined(&fetched, "latency_ms.min", LEAST));
    json_object_set_new(latency, "max", joined(&fetched, "latency_ms.max", LONGEST));
    json_object_set_new(latency, "first", joined(&fetched, "latency_ms.first", LEAST));
    json_object_set_new(latency, "mean", json_known(sum / all));
    return latency;
}

static json_t *parts(const struct merge *merge)
{
    json_t *list = json_array();
    for (size_t i = 0; i < merge->count; i++) {
        const struct slice *slice = &merge->slices[i];
        json_t *part = json_object();
        json_object_set_new(part, "first", json_integer(slice->first));
        json_object_set_new(part, "urls", json_integer(slice->urls));
        json_object_set_new(part, "makespan_s",
                            json_known(json_number_at(slice->run, "time.makespan_s")));
        json_object_set(part, "started_at", json_object_get(slice->run, "started_at"));
        json_object_set(part, "environment", json_object_get(slice->run, "environment"));
        json_array_append_new(list, part);
    }
    return list;
}

/* The rate of the whole: all that the slices fetched over the time of the longest. */
static json_t *joined_rate(json_t *root)
{
    double time = json_number_at(root, "time.makespan_s");
    double fetched = json_number_at(root, "fetches.ok");
    return json_pack("{s:o, s:o}", "fetches_per_s", json_known(fetched / time), "bytes_per_s",
                     json_known(json_number_at(root, "fetches.bytes") / time));
}

static json_t *join(const struct merge *merge)
{
    json_t *root = json_deep_copy(merge->slices[0].run), *command = json_array();
    json_t *workload = json_object_get(root, "workload"), *fetches;
    bool interrupted = false;
    const char *started = NULL;
    json_array_append_new(command, json_string("benchstat"));
    json_array_append_new(command, json_string("merge"));
    for (size_t i = 0; i < merge->count; i++) {
        const char *at = json_string_at(merge->slices[i].run, "started_at");
        interrupted |= json_is_true(json_object_get(merge->slices[i].run, "interrupted"));
        if (at && (!started || strcmp(at, started) < 0)) /* ISO 8601 in UTC sorts by time */
            started = at;
        json_array_append_new(command, json_string(merge->slices[i].file));
    }
    json_object_set_new(root, "command", command);
    json_object_set_new(root, "started_at", started ? json_string(started) : json_null());
    json_object_set_new(root, "interrupted", json_boolean(interrupted));
    json_object_set_new(workload, "first", json_integer(1));
    json_object_set_new(workload, "urls", json_integer(merge->slices[0].whole));
    json_object_set_new(workload, "concurrency", joined(merge, "workload.concurrency", ADDED));
    json_object_set_new(root, "time",
                        json_pack("{s:o, s:o, s:o, s:o}", "spawn_s",
                                  joined(merge, "time.spawn_s", LONGEST), "makespan_s",
                                  joined(merge, "time.makespan_s", LONGEST), "user_s",
                                  joined(merge, "time.user_s", ADDED), "system_s",
                                  joined(merge, "time.system_s", ADDED)));
    json_object_set_new(root, "workers", joined_object(merge, "workers"));
    fetches = joined_object(merge, "fetches");
    json_object_set_new(fetches, "digest", joined_digest(merge));
    json_object_set_new(fetches, "peak_in_flight", json_null());
    json_object_set_new(root, "fetches", fetches);
    json_object_set_new(root, "latency_ms", joined_latency(merge));
    json_object_set_new(root, "throughput", joined_rate(root));
    json_object_set_new(root, "switches", joined_object(merge, "switches"));
    json_object_set_new(root, "faults", joined_object(merge, "faults"));
    json_object_set_new(root, "errors", joined_errors(merge));
    json_object_set_new(root, "environment", json_null());
    json_object_set_new(root, "slices", parts(merge));
    return root;
}

static const struct argp_option options[] = {
    {"json", 'j', "FILE", 0, "where the result goes (default -, standard output)", 0}, {0}};

/* argp decides the type of argument. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct merge *merge = state->input;
    switch (key) {
    case 'j':
        merge->json = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (merge->count == MOST_SLICES)
            argp_error(state, "at most %d slices", MOST_SLICES);
        merge->slices[merge->count++] = (struct slice){.file = argument};
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name the results of the slices, as models wrote them with --json");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int merge_main(int argc, char **argv)
{
    static const struct argp parser = {options,
                                       parse,
                                       "RUN.json...",
                                       "Join the results of all slices of a list (--slice=K/M) "
                                       "into that of the whole list. Refused "
                                       "with exit status 2: slices that overlap or are missing, "
                                       "other models, settings or schemas.",
                                       0,
                                       0,
                                       0};
    static struct merge merge = {.json = "-"};
    struct problem problem = {""};
    needed_arguments(&parser, argc, argv, &merge);
    int error = read_all(&merge, &problem), status = error ? 2 : 0;
    if (error)
        fprintf(stderr, "benchstat merge: %s\n", problem.text);
    if (!error) {
        json_t *root = join(&merge);
        error = root ? json_file_write(merge.json, root, JSON_INDENT(2)) : -ENOMEM;
        json_decref(root);
        if (error)
            fprintf(stderr, "benchstat merge: %s: %s\n", merge.json, strerror(-error));
        status = error ? 3 : 0;
    }
    for (size_t i = 0; i < merge.count; i++)
        json_decref(merge.slices[i].run);
    return status;
}
