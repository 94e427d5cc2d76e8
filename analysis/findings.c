#include "analysis/findings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"
#include "analysis/trends.h"
#include "analysis/words.h"

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
    append(buffer, size, each && count == concurrency ? "URL" : "URLs");
    if (body && strcmp(cell->axis, "size") != 0)
        append(buffer, size, " of %s", body);
    if (each)
        append(buffer, size, " for each one in flight");
    if (same_concurrency && isfinite(concurrency))
        append(buffer, size, ", %.0f at a time", concurrency);
    /* Where whole sets of settings vary, only what all have in common is said. */
    bool same_delay, varied = strcmp(cell->axis, "variant") == 0;
    (void)planned_most(results, cell->experiment, "delay_s", &same_delay);
    if (varied)
        jitter = NULL;
    if (delay && strcmp(cell->axis, "delay") != 0 && (same_delay || !varied))
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
    json_object_set_new(experiment, "compared_by", json_string(compared_name(cell)));
    say_setup(results, cell, setup, sizeof setup);
    json_object_set_new(experiment, "setup", json_string(setup));
    json_array_append_new(experiments, experiment);
}

/* One sentence more: of what kind, and at which value of the axis (NULL: along it). */
static void say(struct findings *findings, const char *experiment, const char *about,
                const struct cell *cell, const char *text)
{
    json_t *value = cell ? json_object_get(cell->plan, "value") : NULL;
    json_array_append_new(findings->sentences,
                          json_pack("{s:s, s:s, s:O, s:s}", "experiment", experiment, "about",
                                    about, "value", value ? value : json_null(), "text", text));
}

static void gather_slopes(struct findings *findings, const char *experiment)
{
    struct slope *slopes;
    size_t count;
    char text[512];
    slopes_of(findings->results, experiment, &slopes, &count);
    for (size_t i = 0; i < count; i++) {
        const struct slope *slope = &slopes[i];
        slope_sentence(slope, text, sizeof text);
        say(findings, experiment, "slope", NULL, text);
        json_array_append_new(findings->slopes,
                              json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s}", "experiment",
                                        experiment, "lane", slope->lane->lane, "figure",
                                        slope->figure, "unit", slope->unit, "cells",
                                        (json_int_t)slope->cells, "slope",
                                        spread_json(slope->spread), "sentence", text));
    }
    free(slopes);
}

/* What is said lane by lane. How late small bodies were beside large ones is not compared, since
 * a closed loop's latencies are not. */
static void gather_lanes(struct findings *findings, const char *experiment)
{
    const struct results *results = findings->results;
    char text[1024];
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        bool first = strcmp(cell->experiment, experiment) == 0 && !cell->again_of;
        for (size_t k = 0; k < i && first; k++)
            first = strcmp(results->cells[k].experiment, experiment) != 0 ||
                    strcmp(results->cells[k].lane, cell->lane) != 0;
        if (first && small_sentence(results, cell, text, sizeof text)[0])
            say(findings, experiment, "small", NULL, text);
        /* Along a number the slopes say more. */
        bool metered = strcmp(cell->kind, "metered") == 0 && strcmp(cell->axis, "variant") == 0;
        if (first && metered && tasks_sentence(results, cell, text, sizeof text)[0])
            say(findings, experiment, "tasks", NULL, text);
    }
}

static json_t *segments_json(const struct crossover *crossover)
{
    json_t *segments = json_array();
    for (size_t i = 0; i < crossover->count; i++) {
        const struct segment *segment = &crossover->segments[i];
        json_array_append_new(segments, json_pack("{s:O, s:O, s:s}", "from",
                                                  json_object_get(segment->from->plan, "value"),
                                                  "to", json_object_get(segment->to->plan, "value"),
                                                  "verdict", verdict_words(segment->verdict)));
    }
    return segments;
}

static void gather_crossovers(struct findings *findings, const char *experiment,
                              const struct pair *pairs, size_t pair_count)
{
    struct crossover *crossovers;
    size_t count;
    char text[1024];
    crossovers_of(pairs, pair_count, &crossovers, &count);
    for (size_t i = 0; i < count; i++) {
        const struct pair *pair = crossovers[i].first;
        crossover_sentence(&crossovers[i], text, sizeof text);
        say(findings, experiment, "crossover", NULL, text);
        json_array_append_new(findings->crossovers,
                              json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "experiment", experiment,
                                        "axis", pair->a->axis, "a", pair->a->lane, "b",
                                        pair->b->lane, "segments", segments_json(&crossovers[i]),
                                        "sentence", text));
    }
    crossovers_free(crossovers, count);
}

/* The widest floor that a pair of this experiment was held against: what its chart draws. */
static json_t *widest_floor(const struct pair *pairs, size_t count)
{
    double widest = NAN;
    for (size_t i = 0; i < count; i++)
        widest = fmax(widest, pairs[i].floor.ratio);
    return json_known(widest);
}

static int gather_experiment(struct findings *findings, json_t *experiment)
{
    const char *name = json_string_at(experiment, "name");
    char text[2048];
    struct pair *pairs;
    size_t count;
    int error = pairs_of(findings->results, name, &pairs, &count);
    if (error)
        return error;
    answer(findings->results, name, pairs, count, text, sizeof text);
    json_object_set_new(experiment, "answer", text[0] ? json_string(text) : json_null());
    json_object_set_new(experiment, "noise_floor", widest_floor(pairs, count));
    if (text[0])
        say(findings, name, "answer", NULL, text);
    for (size_t i = 0; i < count; i++)
        say(findings, name, pairs[i].builds ? "builds" : "pair", pairs[i].a,
            pair_sentence(&pairs[i], text, sizeof text));
    gather_crossovers(findings, name, pairs, count);
    gather_lanes(findings, name);
    gather_slopes(findings, name);
    struct pair *all = needed(findings->pair_count + count + 1, sizeof *all);
    if (findings->pair_count > 0)
        memcpy(all, findings->pairs, findings->pair_count * sizeof *all);
    memcpy(all + findings->pair_count, pairs, count * sizeof *all);
    free(findings->pairs);
    findings->pairs = all;
    findings->pair_count += count;
    free(pairs);
    return 0;
}

int findings_gather(struct findings *findings, const struct results *results)
{
    *findings = (struct findings){.results = results,
                                  .experiments = json_array(),
                                  .slopes = json_array(),
                                  .crossovers = json_array(),
                                  .sentences = json_array()};
    findings->noise = noise_floor_of(results);
    for (size_t i = 0; i < results->cell_count; i++)
        add_experiment(findings->experiments, results, &results->cells[i]);
    int error = 0;
    size_t i;
    json_t *experiment;
    for (i = 0; !error && (experiment = json_array_get(findings->experiments, i)); i++)
        error = gather_experiment(findings, experiment);
    return error;
}

void findings_free(struct findings *findings)
{
    free(findings->pairs);
    json_decref(findings->experiments);
    json_decref(findings->slopes);
    json_decref(findings->crossovers);
    json_decref(findings->sentences);
    *findings = (struct findings){0};
}

json_t *spread_json(struct spread spread)
{
    if (spread.n == 0)
        return json_null();
    return json_pack("{s:I, s:f, s:f, s:f, s:f}", "rounds", (json_int_t)spread.n, "median",
                     spread.median, "low", spread.low, "high", spread.high, "coverage",
                     spread.coverage);
}
