#include "analysis/findings.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

const char *pair_verdict(const struct pair *pair)
{
    static const char *const names[] = {"faster", "slower", "no difference seen",
                                        "too few rounds to decide"};
    return names[pair->verdict];
}
