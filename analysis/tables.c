#include "analysis/tables.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Files. -------------------------------------------------------------------------- */

/* A file under the run's folder, written as NAME.part until it is whole. */
struct output {
    char path[4096], part[4104];
    FILE *stream;
};

__attribute__((format(printf, 3, 4))) static int output_open(struct output *output,
                                                             const struct results *results,
                                                             const char *format, ...)
{
    char name[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    int length = snprintf(output->path, sizeof output->path, "%s/%s", results->dir, name);
    if (length < 0 || (size_t)length >= sizeof output->path)
        return -ENAMETOOLONG;
    snprintf(output->part, sizeof output->part, "%s.part", output->path);
    output->stream = fopen(output->part, "we");
    return output->stream ? 0 : -errno;
}

static int output_close(struct output *output)
{
    bool failed = ferror(output->stream) != 0;
    if (fclose(output->stream) != 0 || failed) {
        int error = errno ? -errno : -EIO;
        remove(output->part);
        return error;
    }
    return rename(output->part, output->path) < 0 ? -errno : 0;
}

static int write_json(const struct results *results, const char *name, json_t *root)
{
    struct output output;
    int error = root ? output_open(&output, results, "%s", name) : -ENOMEM;
    if (error)
        return error;
    if (json_dumpf(root, output.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) < 0)
        error = -EIO;
    fputc('\n', output.stream);
    int closed = output_close(&output);
    return error ? error : closed;
}

/* Findings. ------------------------------------------------------------------------- */

/* The greatest of a plan line's number over the lanes of an experiment, and whether
 * every lane but sequential has it. */
static double planned_most(const struct results *results, const char *experiment, const char *key,
                           bool *constant)
{
    double most = NAN;
    *constant = true;
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        double value = json_number_at(cell->plan, key);
        if (strcmp(cell->experiment, experiment) != 0 || strcmp(cell->kind, "ceiling") == 0 ||
            (cell->model && strcmp(cell->model, "sequential") == 0))
            continue;
        *constant = *constant && (isnan(most) || value == most);
        most = fmax(most, value);
    }
    return most;
}

/* Adds to a line of text, as far as it has room. */
__attribute__((format(printf, 3, 4))) static void append(char *buffer, size_t size,
                                                         const char *format, ...)
{
    size_t used = strlen(buffer);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer + used, size - used, format, arguments);
    va_end(arguments);
}

/* What the models were asked to do, in a line that a chart can carry:
 * "100 URLs of 1KiB, 20 at a time, each answered after 20ms". */
static void say_setup(const struct results *results, const struct cell *cell, char *buffer,
                      size_t size)
{
    bool same_count, same_concurrency;
    double count = planned_most(results, cell->experiment, "count", &same_count);
    double concurrency = planned_most(results, cell->experiment, "concurrency", &same_concurrency);
    const char *body = json_string_at(cell->plan, "origin.size");
    const char *delay = json_string_at(cell->plan, "origin.delay");
    const char *jitter = json_string_at(cell->plan, "origin.jitter");
    buffer[0] = '\0';
    bool each = !same_count && strcmp(cell->axis, "concurrency") == 0;
    if (same_count)
        append(buffer, size, "%.0f ", count);
    else if (each)
        append(buffer, size, "%.0f ", count / concurrency);
    append(buffer, size, "URLs");
    if (body && strcmp(cell->axis, "size") != 0)
        append(buffer, size, " of %s", body);
    if (each)
        append(buffer, size, " for each one in flight");
    if (same_concurrency && isfinite(concurrency))
        append(buffer, size, ", %.0f at a time", concurrency);
    if (delay && strcmp(cell->axis, "delay") != 0)
        append(buffer, size, ", each answered after %s%s%s", delay, jitter ? " ± " : "",
               jitter ? jitter : "");
}

static void add_experiment(json_t *experiments, const struct results *results,
                           const struct cell *cell)
{
    char setup[512];
    size_t i;
    json_t *known;
    for (i = 0; (known = json_array_get(experiments, i)); i++) {
        if (strcmp(json_string_at(known, "name"), cell->experiment) == 0)
            return;
    }
    json_t *experiment = json_object();
    json_object_set_new(experiment, "name", json_string(cell->experiment));
    static const char *const keys[] = {"question", "chart", "axis", "placement"};
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set(experiment, keys[i], json_object_get(cell->plan, keys[i]));
    json_object_set_new(experiment, "compared_by",
                        json_string(compared_figure(cell) == WALL ? "wall_s" : "makespan_s"));
    say_setup(results, cell, setup, sizeof setup);
    json_object_set_new(experiment, "setup", json_string(setup));
    json_array_append_new(experiments, experiment);
}

int findings_gather(struct findings *findings, const struct results *results)
{
    *findings = (struct findings){.results = results, .experiments = json_array()};
    findings->noise = noise_floor_of(results);
    for (size_t i = 0; i < results->cell_count; i++)
        add_experiment(findings->experiments, results, &results->cells[i]);
    size_t i;
    json_t *experiment;
    for (i = 0; (experiment = json_array_get(findings->experiments, i)); i++) {
        struct pair *pairs;
        size_t count;
        int error =
            pairs_of(results, json_string_at(experiment, "name"), findings->noise, &pairs, &count);
        if (error)
            return error;
        struct pair *all =
            realloc(findings->pairs, (findings->pair_count + count + 1) * sizeof *all);
        if (all) {
            memcpy(all + findings->pair_count, pairs, count * sizeof *pairs);
            findings->pairs = all;
            findings->pair_count += count;
        }
        free(pairs);
        if (!all)
            return -ENOMEM;
    }
    return 0;
}

void findings_free(struct findings *findings)
{
    free(findings->pairs);
    json_decref(findings->experiments);
    *findings = (struct findings){0};
}

/* Sentences. ------------------------------------------------------------------------- */

/* "at count = 400" in brackets behind a lane's name; nothing without an axis. */
static const char *at_value(const struct cell *cell, char *buffer, size_t size)
{
    json_t *value = json_object_get(cell->plan, "value");
    buffer[0] = '\0';
    if (json_is_integer(value))
        snprintf(buffer, size, "at %s %lld: ", cell->axis, (long long)json_integer_value(value));
    else if (json_is_string(value))
        snprintf(buffer, size, "at %s %s: ", cell->axis, json_string_value(value));
    return buffer;
}

char *pair_sentence(const struct pair *pair, struct noise_floor noise, char *buffer, size_t size)
{
    char where[64];
    const char *a = pair->a->lane, *b = pair->b->lane;
    double ratio = pair->ratio.median, low = pair->ratio.low, high = pair->ratio.high;
    at_value(pair->a, where, sizeof where);
    if (ratio < 1) { /* the faster one is named first */
        const char *swap = a;
        a = b;
        b = swap;
        ratio = 1 / ratio;
        double lowest = 1 / high;
        high = 1 / low;
        low = lowest;
    }
    if (pair->verdict == TOO_FEW && isnan(noise.ratio))
        snprintf(buffer, size,
                 "%s%s and %s: no lane stands twice, so nothing says what a difference is worth",
                 where, a, b);
    else if (pair->verdict == TOO_FEW)
        snprintf(buffer, size,
                 "%s%s and %s: %zu rounds are too few to decide (ratio %.3g, %.3g to %.3g)", where,
                 a, b, pair->ratio.n, ratio, low, high);
    else if (pair->verdict == NO_DIFFERENCE)
        snprintf(buffer, size, "%s%s and %s: no difference seen above %.1f %% (p = %.3g)", where, a,
                 b, 100 * (fmax(noise.ratio, fmax(high, 1 / low)) - 1), pair->p_holm);
    else
        snprintf(buffer, size, "%s%s is %.3g times as fast as %s (%.3g to %.3g; p = %.3g)", where,
                 a, ratio, b, low, high, pair->p_holm);
    return buffer;
}

static const char *verdict_of(const struct pair *pair)
{
    static const char *const names[] = {"faster", "slower", "no difference seen",
                                        "too few rounds to decide"};
    return names[pair->verdict];
}

/* summary.json. ------------------------------------------------------------------------ */

static json_t *spread_json(struct spread spread)
{
    if (spread.n == 0)
        return json_null();
    return json_pack("{s:I, s:f, s:f, s:f, s:f}", "rounds", (json_int_t)spread.n, "median",
                     spread.median, "low", spread.low, "high", spread.high, "coverage",
                     spread.coverage);
}

/* The greatest of a figure that each visit has; NAN where one is unknown. */
static double extreme(const struct cell *cell, size_t offset)
{
    double most = cell->made ? -INFINITY : NAN;
    for (size_t i = 0; i < cell->made; i++) {
        double value;
        memcpy(&value, (const char *)cell->visits[i] + offset, sizeof value);
        if (isnan(value))
            return NAN;
        most = fmax(most, value);
    }
    return most;
}

#define EXTREME(cell, member) json_known(extreme(cell, offsetof(struct visit_seen, member)))

/* As the origin saw it, over all visits; NAN where one is unknown. */
static double mean_in_flight(const struct cell *cell)
{
    double sum = 0;
    for (size_t i = 0; i < cell->made; i++)
        sum += cell->visits[i]->in_flight_mean / (double)cell->made;
    return cell->made ? sum : NAN;
}

/* Whether rule 2 was judged by the origin's peak in every visit. */
static bool all_wait(const struct cell *cell)
{
    bool waits = cell->made > 0;
    for (size_t i = 0; i < cell->made; i++)
        waits = waits && visit_waits(cell->visits[i]);
    return waits;
}

static json_t *seen_json(const struct cell *cell)
{
    json_t *seen = json_object();
    const char *digest = cell->made ? cell->visits[0]->digest : NULL;
    for (size_t i = 0; i < cell->made; i++) {
        const char *other = cell->visits[i]->digest;
        if (!digest || !other || strcmp(digest, other) != 0)
            digest = NULL;
    }
    json_object_set_new(seen, "in_flight", EXTREME(cell, peak));
    json_object_set_new(seen, "origin_in_flight", EXTREME(cell, in_flight_peak));
    json_object_set_new(seen, "origin_in_flight_judged", json_boolean(all_wait(cell)));
    json_object_set_new(seen, "origin_in_flight_mean", json_known(mean_in_flight(cell)));
    json_object_set_new(seen, "origin_open", EXTREME(cell, open_peak));
    json_object_set_new(seen, "connections", EXTREME(cell, connections));
    json_object_set_new(seen, "origin_connections", EXTREME(cell, origin_connections));
    json_object_set_new(seen, "bytes", EXTREME(cell, bytes));
    json_object_set_new(seen, "digest", digest ? json_string(digest) : json_null());
    json_object_set_new(seen, "failed", EXTREME(cell, failed));
    json_object_set_new(seen, "retried", EXTREME(cell, retried));
    json_object_set_new(seen, "served", EXTREME(cell, served));
    return seen;
}

/* What most visits say bounded them; the first named wins a tie. */
static const char *cell_bound(const struct cell *cell)
{
    static const char *const names[] = {"origin", "client", "latency", "unknown"};
    size_t count[4] = {0}, best = 3;
    for (size_t i = 0; i < cell->made; i++)
        for (size_t k = 0; k < 4; k++)
            count[k] += strcmp(visit_bound(cell->visits[i]), names[k]) == 0;
    for (size_t k = 4; k-- > 0;)
        if (count[k] >= count[best] && count[k] > 0)
            best = k;
    return names[best];
}

static json_t *workers_json(const struct cell *cell)
{
    json_t *workers = json_object();
    static const char *const keys[] = {"asked", "made", "lost", "rebuilt"};
    for (size_t k = 0; k < 4; k++) {
        char path[32];
        double most = NAN;
        snprintf(path, sizeof path, "workers.%s", keys[k]);
        for (size_t i = 0; i < cell->made; i++)
            most = fmax(most, json_number_at(cell->visits[i]->run, path));
        json_object_set_new(workers, keys[k], json_known(most));
    }
    return workers;
}

/* The share of the ideal: ⌈N/C⌉·T over the median time. */
static double share_of_ideal(const struct cell *cell)
{
    return cell->made
               ? visit_ideal_s(cell->visits[0]) / cell_spread(cell, compared_figure(cell)).median
               : NAN;
}

/* By hyperfine: a model, or a peer beside it. */
static bool is_timed(const struct cell *cell)
{
    return strcmp(cell->kind, "timed") == 0 || strcmp(cell->kind, "peer") == 0;
}

/* How many times as long as async: what a peer is held against. */
static struct spread ratio_to_async(const struct results *results, const struct cell *cell)
{
    const struct cell *base = beside(results, cell, "async");
    if (!base || base == cell || cell_verdict(base) != VALID || cell_verdict(cell) != VALID)
        return spread_of(NULL, 0);
    return ratio_within_rounds(base, cell);
}

static struct spread ratio_to_sequential(const struct results *results, const struct cell *cell)
{
    const struct cell *base = beside(results, cell, "sequential");
    if (!base || base == cell || cell_verdict(base) != VALID || cell_verdict(cell) != VALID)
        return spread_of(NULL, 0);
    return ratio_within_rounds(cell, base);
}

static json_t *planned_json(const struct cell *cell)
{
    double count = json_number_at(cell->plan, "count");
    double concurrency = json_number_at(cell->plan, "concurrency");
    json_t *planned = json_object();
    json_object_set(planned, "count", json_object_get(cell->plan, "count"));
    json_object_set(planned, "concurrency", json_object_get(cell->plan, "concurrency"));
    bool keep_alive = json_is_true(json_object_get(cell->plan, "keep_alive"));
    json_object_set_new(planned, "connections",
                        json_known(keep_alive ? fmin(count, concurrency) : count));
    json_object_set(planned, "delay_s", json_object_get(cell->plan, "delay_s"));
    json_object_set(planned, "predicted_s", json_object_get(cell->plan, "predicted_s"));
    return planned;
}

static json_t *cell_json(const struct results *results, const struct cell *cell)
{
    static const struct {
        const char *key;
        enum figure figure;
    } figures[] = {
        {"wall_s", WALL},
        {"makespan_s", MAKESPAN},
        {"spawn_s", SPAWN},
        {"fetches_per_s", RATE},
        {"first_ms", FIRST},
        {"cpu_s_per_fetch", CPU_EACH},
        {"voluntary_switches_per_fetch", VOLUNTARY_EACH},
        {"involuntary_switches_per_fetch", INVOLUNTARY_EACH},
        {"client_cpu_share", CLIENT_SHARE},
        {"origin_cpu_share", ORIGIN_SHARE},
    };
    json_t *root = json_object();
    json_object_set_new(root, "cell", json_string(cell->id));
    static const char *const keys[] = {"experiment", "lane",  "model",     "again_of",
                                       "axis",       "value", "placement", "kind"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set(root, keys[i], json_object_get(cell->plan, keys[i]));
    json_object_set_new(root, "verdict", json_string(verdict_name(cell_verdict(cell))));
    json_object_set(root, "reasons", cell->reasons);
    json_object_set_new(root, "rounds_planned", json_integer((json_int_t)cell->planned));
    json_object_set_new(root, "rounds", json_integer((json_int_t)cell->made));
    json_object_set_new(root, "planned", planned_json(cell));
    json_object_set_new(root, "seen", seen_json(cell));
    json_object_set_new(root, "workers", workers_json(cell));
    json_object_set_new(root, "bounded_by", json_string(cell_bound(cell)));
    json_object_set_new(root, "ideal_s",
                        json_known(cell->made ? visit_ideal_s(cell->visits[0]) : NAN));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        json_object_set_new(root, figures[i].key,
                            spread_json(cell_spread(cell, figures[i].figure)));
    json_object_set_new(root, "ratio_to_sequential",
                        spread_json(ratio_to_sequential(results, cell)));
    json_object_set_new(root, "time_over_async", spread_json(ratio_to_async(results, cell)));
    json_object_set_new(root, "share_of_ideal", json_known(share_of_ideal(cell)));
    return root;
}

static json_t *pair_json(const struct findings *findings, const struct pair *pair)
{
    char sentence[512];
    pair_sentence(pair, findings->noise, sentence, sizeof sentence);
    return json_pack("{s:s, s:O, s:s, s:s, s:o, s:f, s:f, s:s, s:s}", "experiment",
                     pair->a->experiment, "value", json_object_get(pair->a->plan, "value"), "a",
                     pair->a->lane, "b", pair->b->lane, "ratio", spread_json(pair->ratio), "p",
                     pair->test.p, "p_holm", pair->p_holm, "verdict", verdict_of(pair), "sentence",
                     sentence);
}

int write_summary_json(const struct findings *findings)
{
    const struct results *results = findings->results;
    json_t *root = json_object(), *cells = json_array(), *pairs = json_array();
    json_object_set_new(root, "schema", json_string("waitbench-result/1"));
    json_object_set(root, "profile", json_object_get(results->metadata, "profile"));
    json_object_set(root, "seed", json_object_get(results->metadata, "seed"));
    json_object_set_new(root, "complete", json_boolean(results->made == results->planned));
    json_object_set_new(root, "visits_planned", json_integer((json_int_t)results->planned));
    json_object_set_new(root, "visits_made", json_integer((json_int_t)results->made));
    json_object_set(root, "experiments", findings->experiments);
    json_object_set_new(root, "noise_floor",
                        json_pack("{s:o, s:I}", "ratio", json_known(findings->noise.ratio),
                                  "values", (json_int_t)findings->noise.values));
    for (size_t i = 0; i < results->cell_count; i++)
        json_array_append_new(cells, cell_json(results, &results->cells[i]));
    for (size_t i = 0; i < findings->pair_count; i++)
        json_array_append_new(pairs, pair_json(findings, &findings->pairs[i]));
    json_object_set_new(root, "cells", cells);
    json_object_set_new(root, "pairs", pairs);
    json_object_set(root, "notes", results->notes);
    int error = write_json(results, "summary.json", root);
    json_decref(root);
    return error;
}

/* hyperfine.json: one result a cell, as if hyperfine had made all its runs at once. -------- */

static json_t *merged(const struct cell *cell)
{
    json_t *times = json_array(), *codes = json_array();
    double *values = calloc(cell->made + 1, sizeof *values);
    double sum = 0, squares = 0, user = 0, system = 0, n = (double)cell->made;
    for (size_t i = 0; values && i < cell->made; i++) {
        const struct visit_seen *seen = cell->visits[i];
        values[i] = seen->wall_s;
        sum += seen->wall_s;
        user += seen->user_s / n;
        system += seen->system_s / n;
        json_array_append_new(times, json_real(seen->wall_s));
        json_array_append_new(codes, json_known(seen->exit_status));
    }
    for (size_t i = 0; values && i < cell->made; i++)
        squares += (values[i] - sum / n) * (values[i] - sum / n);
    json_t *result = NULL;
    if (values) {
        sort_f64(values, cell->made);
        result = json_pack(
            "{s:s, s:f, s:o, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "command", cell->id, "mean",
            sum / n, "stddev", cell->made > 1 ? json_real(sqrt(squares / (n - 1))) : json_null(),
            "median", median_f64(values, cell->made), "user", user, "system", system, "min",
            values[0], "max", values[cell->made - 1], "times", times, "exit_codes", codes);
    }
    json_t *value = json_object_get(cell->plan, "value");
    if (result && !json_is_null(value)) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        json_object_set_new(result, "parameters",
                            json_pack("{s:s}", cell->axis,
                                      json_is_string(value) ? json_string_value(value) : text));
    }
    free(values);
    return result;
}

int write_hyperfine_json(const struct results *results)
{
    json_t *list = json_array();
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        bool whole = cell->made > 0 && is_timed(cell);
        for (size_t v = 0; v < cell->made; v++)
            whole = whole && isfinite(cell->visits[v]->wall_s + cell->visits[v]->user_s +
                                      cell->visits[v]->system_s);
        if (whole)
            json_array_append_new(list, merged(cell));
    }
    json_t *root = json_pack("{s:o}", "results", list);
    int error = write_json(results, "hyperfine.json", root);
    json_decref(root);
    return error;
}

/* data/EXPERIMENT.csv. --------------------------------------------------------------------- */

/* A comma and the number with nine digits, or a comma alone where it is not known. */
static void put(FILE *stream, double value)
{
    fputc(',', stream);
    if (isfinite(value))
        fprintf(stream, "%.9g", value);
}

static void put_spread(FILE *stream, const struct cell *cell, enum figure figure)
{
    struct spread spread = spread_of(NULL, 0);
    if (cell_verdict(cell) == VALID)
        spread = cell_spread(cell, figure);
    put(stream, spread.median);
    put(stream, spread.low);
    put(stream, spread.high);
}

static bool is_lane(const struct cell *cell)
{
    return strcmp(cell->kind, "ceiling") != 0;
}

static void total_time_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,median_s,low_s,high_s,spawn_s,ideal_s,rounds,valid\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) != 0 || !is_lane(cell))
            continue;
        bool valid = cell_verdict(cell) == VALID;
        fputs(cell->lane, stream);
        put_spread(stream, cell, WALL);
        put(stream, valid ? cell_spread(cell, SPAWN).median : NAN);
        put(stream, cell->made ? visit_ideal_s(cell->visits[0]) : NAN);
        fprintf(stream, ",%zu,%d\n", cell->made, valid);
    }
}

static void time_by_count_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,count,median_s,low_s,high_s,model_s,measured\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) != 0 || !is_lane(cell) || cell->again_of)
            continue;
        double count = json_number_at(cell->plan, "count");
        double predicted =
            model_makespan(count, json_number_at(cell->plan, "concurrency"),
                           json_number_at(cell->plan, "delay_s"), costs_of(results, cell));
        /* An invalid cell is left to the tables: here it would be a point. */
        if (cell_verdict(cell) == INVALID || cell_verdict(cell) == NOT_MEASURED)
            continue;
        fprintf(stream, "%s,%.0f", cell->lane, count);
        put_spread(stream, cell, MAKESPAN);
        put(stream, predicted);
        fprintf(stream, ",%d\n", cell_verdict(cell) == VALID);
    }
}

/* The better of the load generators at this cell's value: the fastest client seen. */
static const struct cell *fastest_beside(const struct results *results, const struct cell *cell)
{
    const char *const tools[] = {"wrk", "h2load"};
    const struct cell *best = NULL;
    for (int i = 0; i < 2; i++) {
        const struct cell *tool = beside(results, cell, tools[i]);
        if (!tool || is_lane(tool) || cell_verdict(tool) != VALID)
            continue;
        if (!best || cell_spread(tool, RATE).median > cell_spread(best, RATE).median)
            best = tool;
    }
    return best;
}

static void rate_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,concurrency,median_per_s,low_per_s,high_per_s,valid\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) != 0)
            continue;
        double concurrency = json_number_at(cell->plan, "concurrency");
        if (is_lane(cell)) {
            fprintf(stream, "%s,%.0f", cell->lane, concurrency);
            put_spread(stream, cell, RATE);
            fprintf(stream, ",%d\n", cell_verdict(cell) == VALID);
            continue;
        }
        if (fastest_beside(results, cell) == cell) {
            fprintf(stream, "fastest-client,%.0f", concurrency);
            put_spread(stream, cell, RATE);
            fputs(",1\n", stream);
        }
        /* Where responses wait, no client with C in flight gets more than C/T. */
        double delay = json_number_at(cell->plan, "delay_s");
        if (delay > 0 && strcmp(cell->lane, "wrk") == 0) {
            fprintf(stream, "ceiling,%.0f,%.9g,,,1\n", concurrency, concurrency / delay);
        }
    }
}

/* One lane's trace as rows of the timeline. */
static int trace_rows(const struct results *results, const struct cell *cell, FILE *stream)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/raw/%04d/trace.json", results->dir, cell->visits[0]->number);
    json_t *trace = json_load_file(path, 0, NULL), *event;
    json_t *events = json_object_get(trace, "traceEvents");
    size_t i;
    int error = json_is_array(events) ? 0 : -EPROTO;
    for (i = 0; (event = json_array_get(events, i)); i++) {
        const char *phase = json_string_at(event, "ph"), *category = json_string_at(event, "cat");
        double start = json_number_at(event, "ts") / 1e6;
        double end = start + json_number_at(event, "dur") / 1e6;
        if (!phase || strcmp(phase, "X") != 0 || !category || !isfinite(end))
            continue;
        bool cpu = strcmp(category, "cpu") == 0;
        const char *name = cpu ? "cpu" : json_string_at(event, "name");
        if (!name)
            continue;
        fprintf(stream, "%s,%.0f,", cell->lane, json_number_at(event, "tid"));
        if (!cpu)
            fprintf(stream, "%.0f", json_number_at(event, "args.index"));
        fprintf(stream, ",%s,%.9f,%.9f\n", name, start, end);
    }
    json_decref(trace);
    return error;
}

static void timeline_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,lane,index,phase,start_s,end_s\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) != 0 || cell_verdict(cell) != VALID)
            continue;
        if (trace_rows(results, cell, stream) != 0) {
            char text[256];
            snprintf(text, sizeof text, "%s: its trace could not be read.", cell->id);
            json_array_append_new(results->notes, json_string(text));
        }
    }
}

int write_chart_data(const struct findings *findings)
{
    static const struct {
        const char *chart;
        void (*write)(const struct results *, const char *, FILE *);
    } writers[] = {
        {"total-time", total_time_csv},
        {"time-by-count", time_by_count_csv},
        {"rate-by-concurrency", rate_csv},
        {"timeline", timeline_csv},
    };
    const struct results *results = findings->results;
    char path[4096];
    snprintf(path, sizeof path, "%s/data", results->dir);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return -errno;
    size_t i;
    json_t *experiment;
    for (i = 0; (experiment = json_array_get(findings->experiments, i)); i++) {
        const char *name = json_string_at(experiment, "name");
        const char *chart = json_string_at(experiment, "chart");
        for (size_t k = 0; k < sizeof writers / sizeof *writers; k++) {
            struct output output;
            if (!chart || strcmp(chart, writers[k].chart) != 0)
                continue;
            int error = output_open(&output, results, "data/%s.csv", name);
            if (error)
                return error;
            writers[k].write(results, name, output.stream);
            error = output_close(&output);
            if (error)
                return error;
        }
    }
    return 0;
}

/* Tables for people. ------------------------------------------------------------------------ */

enum { COLUMNS = 9, WIDTH = 48 };

static const char *const headings[COLUMNS] = {
    "lane",         "time",        "to sequential",    "of ideal",   "start-up",
    "first result", "CPU a fetch", "switches a fetch", "bounded by",
};

/* A time with a unit that keeps it readable: 12.3 ms, 4.05 s, 86 µs. */
static char *seconds_text(char *buffer, double seconds)
{
    if (!isfinite(seconds))
        snprintf(buffer, WIDTH, "–");
    else if (seconds >= 1)
        snprintf(buffer, WIDTH, "%.3g s", seconds);
    else if (seconds >= 1e-3)
        snprintf(buffer, WIDTH, "%.3g ms", seconds * 1e3);
    else
        snprintf(buffer, WIDTH, "%.3g µs", seconds * 1e6);
    return buffer;
}

static char *range_text(char *buffer, struct spread spread)
{
    char median[WIDTH], low[WIDTH], high[WIDTH];
    if (spread.n == 0)
        return seconds_text(buffer, NAN);
    snprintf(buffer, WIDTH, "%.14s (%.12s to %.12s)", seconds_text(median, spread.median),
             seconds_text(low, spread.low), seconds_text(high, spread.high));
    return buffer;
}

static void fill_row(const struct results *results, const struct cell *cell,
                     char row[COLUMNS][WIDTH])
{
    struct spread ratio = ratio_to_sequential(results, cell);
    double switches =
        cell_spread(cell, VOLUNTARY_EACH).median + cell_spread(cell, INVOLUNTARY_EACH).median;
    double share = share_of_ideal(cell), first = cell_spread(cell, FIRST).median;
    json_t *value = json_object_get(cell->plan, "value");
    snprintf(row[0], WIDTH, "%.40s", cell->lane);
    if (json_is_string(value))
        snprintf(row[0], WIDTH, "%.24s, %.16s", cell->lane, json_string_value(value));
    else if (json_is_integer(value))
        snprintf(row[0], WIDTH, "%.24s, %lld", cell->lane, (long long)json_integer_value(value));
    range_text(row[1], cell_spread(cell, compared_figure(cell)));
    snprintf(row[2], WIDTH, ratio.n ? "%.3g×" : "–", ratio.median);
    snprintf(row[3], WIDTH, isfinite(share) ? "%.0f %%" : "–", 100 * share);
    seconds_text(row[4], cell_spread(cell, SPAWN).median);
    seconds_text(row[5], first / 1e3);
    seconds_text(row[6], cell_spread(cell, CPU_EACH).median);
    snprintf(row[7], WIDTH, isfinite(switches) ? "%.3g" : "–", switches);
    snprintf(row[8], WIDTH, "%s", cell_bound(cell));
}

/* Columns that a reader sees, not bytes: "µ", "×" and "–" are two or three bytes each. */
static int columns_of(const char *text)
{
    int columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

static void put_row(FILE *stream, bool markdown, char row[COLUMNS][WIDTH], const int *widths)
{
    for (int c = 0; c < COLUMNS; c++) {
        int pad = widths[c] - columns_of(row[c]);
        if (markdown)
            fprintf(stream, "| %s%*s ", row[c], pad, "");
        else if (c == 0)
            fprintf(stream, "%s%*s", row[c], pad, "");
        else
            fprintf(stream, "  %*s%s", pad, "", row[c]);
    }
    fputs(markdown ? "|\n" : "\n", stream);
}

/* Lanes of one experiment that have figures, in rows; the others in sentences below. */
static int put_experiment(const struct findings *findings, const char *name, bool markdown,
                          FILE *stream)
{
    const struct results *results = findings->results;
    char(*rows)[COLUMNS][WIDTH] = calloc(results->cell_count + 1, sizeof *rows);
    if (!rows)
        return -ENOMEM;
    int widths[COLUMNS] = {0};
    size_t count = 1;
    for (int c = 0; c < COLUMNS; c++)
        snprintf(rows[0][c], WIDTH, "%s", headings[c]);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) == 0 && is_timed(cell) && cell_verdict(cell) == VALID)
            fill_row(results, cell, rows[count++]);
    }
    for (size_t r = 0; r < count; r++)
        for (int c = 0; c < COLUMNS; c++)
            if (columns_of(rows[r][c]) > widths[c])
                widths[c] = columns_of(rows[r][c]);
    for (size_t r = 0; r < count && count > 1; r++) {
        put_row(stream, markdown, rows[r], widths);
        if (r == 0 && markdown)
            fputs("|---|---:|---:|---:|---:|---:|---:|---:|---|\n", stream);
    }
    free(rows);
    return 0;
}

static void put_verdicts(const struct findings *findings, const char *name, bool markdown,
                         FILE *stream)
{
    const struct results *results = findings->results;
    const char *bullet = markdown ? "- " : "  ";
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        enum verdict verdict = cell_verdict(cell);
        if (strcmp(cell->experiment, name) != 0 || verdict == VALID)
            continue;
        size_t reasons = json_array_size(cell->reasons);
        const char *first = json_string_value(json_array_get(cell->reasons, 0));
        char more[64] = "", predicted[WIDTH];
        if (reasons > 1)
            snprintf(more, sizeof more, " (and %zu more in summary.json)", reasons - 1);
        seconds_text(predicted, json_number_at(cell->plan, "predicted_s"));
        if (verdict == INVALID)
            fprintf(stream, "%sinvalid: %s: %s%s\n", bullet, cell->id, first ? first : "", more);
        else if (verdict == PREDICTED)
            fprintf(stream, "%snot measured: %s would take about %s, too long for this profile\n",
                    bullet, cell->id, predicted);
        else
            fprintf(stream, "%snot measured: %s: the run ended before\n", bullet, cell->id);
    }
}

static void put_pairs(const struct findings *findings, const char *name, bool markdown,
                      FILE *stream)
{
    char sentence[512];
    for (size_t i = 0; i < findings->pair_count; i++)
        if (strcmp(findings->pairs[i].a->experiment, name) == 0)
            fprintf(stream, "%s%s\n", markdown ? "- " : "  ",
                    pair_sentence(&findings->pairs[i], findings->noise, sentence, sizeof sentence));
}

/* Where client and server really ran, whatever was planned. */
static const char *placement_words(const struct results *results, const struct cell *cell)
{
    const char *planned = json_string_at(cell->plan, "placement");
    const char *given = json_string_at(results->metadata, "placement.apart");
    if (json_is_null(json_object_get(cell->plan, "origin")))
        return "real servers";
    if (given && strcmp(given, "not pinned") == 0)
        return "client and origin wherever the kernel put them";
    if (given && strcmp(given, "shared") == 0)
        return "client and origin on the only processor";
    return strcmp(planned, "apart") == 0 ? "client on one processor, origin on another"
                                         : "client on all processors";
}

/* The coverage that the intervals of this experiment have, where they agree on one. */
static void put_coverage(const struct findings *findings, const char *name, FILE *stream)
{
    const struct results *results = findings->results;
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) != 0 || !is_timed(cell) || cell_verdict(cell) != VALID)
            continue;
        struct spread spread = cell_spread(cell, compared_figure(cell));
        fprintf(stream, "%s: median of %zu rounds and its exact interval (coverage %.1f %%); %s.\n",
                compared_figure(cell) == WALL ? "time: process start to exit, by hyperfine"
                                              : "time: from the gate to the last record",
                spread.n, 100 * spread.coverage, placement_words(results, cell));
        return;
    }
}

static bool is_traced(const struct results *results, const char *name)
{
    for (size_t i = 0; i < results->cell_count; i++)
        if (strcmp(results->cells[i].experiment, name) == 0)
            return strcmp(results->cells[i].kind, "traced") == 0;
    return false;
}

static int put_all(const struct findings *findings, bool markdown, FILE *stream)
{
    const struct results *results = findings->results;
    size_t i;
    json_t *experiment, *note;
    int error = 0;
    if (results->made < results->planned)
        fprintf(stream, "%sIncomplete: %zu of %zu visits were made.%s\n\n", markdown ? "**" : "",
                results->made, results->planned, markdown ? "**" : "");
    for (i = 0; (experiment = json_array_get(findings->experiments, i)); i++) {
        const char *name = json_string_at(experiment, "name");
        fprintf(stream, "%s%s: %s\n\n", markdown ? "## " : "", name,
                json_string_at(experiment, "question"));
        fprintf(stream, "%s.\n\n", json_string_at(experiment, "setup"));
        if (is_traced(results, name))
            fputs("One traced run a lane, never timed: see the chart.\n", stream);
        if (!error)
            error = put_experiment(findings, name, markdown, stream);
        fputc('\n', stream);
        put_coverage(findings, name, stream);
        if (markdown)
            fputc('\n', stream);
        put_verdicts(findings, name, markdown, stream);
        if (markdown)
            put_pairs(findings, name, markdown, stream);
        fputc('\n', stream);
    }
    if (findings->noise.values > 0)
        fprintf(stream,
                "Noise floor: lanes that stand twice differ by up to %.1f %% (95th percentile of "
                "%zu rounds).\n",
                100 * (findings->noise.ratio - 1), findings->noise.values);
    for (i = 0; (note = json_array_get(results->notes, i)); i++)
        fprintf(stream, "%s\n", json_string_value(note));
    return error;
}

/* A number for the ledger, or a dash. */
static char *number_text(char *buffer, double value)
{
    if (isfinite(value))
        snprintf(buffer, WIDTH, value == floor(value) ? "%.0f" : "%.1f", value);
    else
        snprintf(buffer, WIDTH, "–");
    return buffer;
}

#define SEEN(buffer, cell, member) \
    number_text(buffer, extreme(cell, offsetof(struct visit_seen, member)))

/* What was planned and what was seen, a row a cell: the proof behind every figure above. */
static void put_ledger(const struct results *results, FILE *stream)
{
    fputs(
        "## Ledger\n\nIn flight: planned, seen by the records, seen by the origin (its peak, or in "
        "brackets the mean where the delay is too short for the peak to be judged).\n\n"
        "| cell | verdict | in flight | connections planned | seen | bytes | failed | bounded by "
        "|\n|---|---|---:|---:|---:|---:|---:|---|\n",
        stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        char planned[WIDTH], peak[WIDTH], origin[WIDTH], connections[WIDTH], seen[WIDTH];
        char bytes[WIDTH], failed[WIDTH];
        double count = json_number_at(cell->plan, "count");
        double at_once = fmin(count, json_number_at(cell->plan, "concurrency"));
        bool keep_alive = json_is_true(json_object_get(cell->plan, "keep_alive"));
        if (strcmp(cell->kind, "ceiling") == 0)
            continue;
        if (all_wait(cell))
            SEEN(origin, cell, in_flight_peak);
        else
            number_text(origin, mean_in_flight(cell));
        fprintf(stream, "| %s | %s | %s, %s, %s%s%s | %s | %s | %s | %s | %s |\n", cell->id,
                verdict_name(cell_verdict(cell)), number_text(planned, at_once),
                SEEN(peak, cell, peak), all_wait(cell) ? "" : "(", origin,
                all_wait(cell) ? "" : ")", number_text(connections, keep_alive ? at_once : count),
                SEEN(seen, cell, connections), SEEN(bytes, cell, bytes), SEEN(failed, cell, failed),
                cell_bound(cell));
    }
}

int write_summary_md(const struct findings *findings)
{
    const struct results *results = findings->results;
    struct output output;
    int error = output_open(&output, results, "summary.md");
    if (error)
        return error;
    fprintf(output.stream, "# waitbench: %s profile, seed %.0f\n\n",
            json_string_at(results->metadata, "profile") ?: "?",
            json_number_at(results->metadata, "seed"));
    fprintf(output.stream, "%s, Linux %s, libcurl %s; %s\n\n",
            json_string_at(results->metadata, "machine.cpu") ?: "unknown processor",
            json_string_at(results->metadata, "machine.kernel") ?: "?",
            json_string_at(results->metadata, "versions.libcurl") ?: "?",
            json_string_at(results->metadata, "started_at") ?: "");
    error = put_all(findings, true, output.stream);
    fputc('\n', output.stream);
    put_ledger(results, output.stream);
    int closed = output_close(&output);
    return error ? error : closed;
}

void print_summary(const struct findings *findings, FILE *stream)
{
    put_all(findings, false, stream);
}
