#include "analysis/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cells.h"
#include "analysis/needed.h"
#include "analysis/result_file.h"
#include "analysis/words.h"

#define MOST_SEEN(cell, member) json_known(CELL_MOST(cell, member))

static json_t *seen_json(const struct cell *cell)
{
    json_t *seen = json_object();
    const char *digest = cell_digest(cell);
    json_object_set_new(seen, "in_flight", MOST_SEEN(cell, peak));
    json_object_set_new(seen, "origin_in_flight", MOST_SEEN(cell, in_flight_peak));
    json_object_set_new(seen, "origin_in_flight_judged", json_boolean(cell_waits(cell)));
    json_object_set_new(seen, "origin_in_flight_mean", json_known(cell_mean_in_flight(cell)));
    json_object_set_new(seen, "origin_open", MOST_SEEN(cell, open_peak));
    json_object_set_new(seen, "connections", MOST_SEEN(cell, connections));
    json_object_set_new(seen, "origin_connections", MOST_SEEN(cell, origin_connections));
    json_object_set_new(seen, "bytes", MOST_SEEN(cell, bytes));
    json_object_set_new(seen, "digest", digest ? json_string(digest) : json_null());
    json_object_set_new(seen, "failed", MOST_SEEN(cell, failed));
    json_object_set_new(seen, "retried", MOST_SEEN(cell, retried));
    json_object_set_new(seen, "served", MOST_SEEN(cell, served));
    return seen;
}

static json_t *workers_json(const struct cell *cell)
{
    json_t *workers = json_object();
    static const char *const keys[] = {"asked", "made", "lost", "rebuilt"};
    for (size_t k = 0; k < 4; k++)
        json_object_set_new(workers, keys[k], json_known(cell_workers(cell, keys[k])));
    return workers;
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

/* The small bodies' latencies, where the visits kept their records; null for any other cell. */
static json_t *small_json(const struct cell *cell)
{
    if (cell_spread(cell, SMALL_MAX).n == 0)
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "p50", spread_json(cell_spread(cell, SMALL_P50)), "p99",
                     spread_json(cell_spread(cell, SMALL_P99)), "max",
                     spread_json(cell_spread(cell, SMALL_MAX)));
}

/* A metered cell's peaks, in KiB; null for any other cell. */
static json_t *memory_json(const struct cell *cell)
{
    static const char *const keys[] = {"virtual", "rss", "pss", "page_tables", "kernel"};
    if (strcmp(cell->kind, "metered") != 0)
        return json_null();
    json_t *memory = json_object();
    double *values = needed(cell->made + 1, sizeof *values);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        char path[32];
        snprintf(path, sizeof path, "memory_kib.%s", keys[k]);
        if (strcmp(keys[k], "kernel") == 0)
            snprintf(path, sizeof path, "kernel_kib.total");
        for (size_t i = 0; i < cell->made; i++)
            values[i] = json_number_at(cell->visits[i]->meter, path);
        json_object_set_new(memory, keys[k], spread_json(spread_of(values, cell->made)));
    }
    free(values);
    return memory;
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
    json_object_set_new(root, "against", cell->against ? json_string(cell->against) : json_null());
    json_object_set_new(root, "compared_by",
                        has_common_rate(cell) ? json_string(compared_name(cell)) : json_null());
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
    /* A closed loop has no latency to compare. */
    bool open_loop = compared_figure(cell) == LATE;
    json_object_set_new(root, "p99_s",
                        open_loop ? spread_json(cell_spread(cell, LATE)) : json_null());
    json_object_set_new(root, "small_s", small_json(cell));
    json_object_set_new(root, "ratio_to_sequential",
                        spread_json(ratio_to_sequential(results, cell)));
    json_object_set_new(root, "time_over_async", spread_json(ratio_to_async(results, cell)));
    json_object_set_new(root, "memory_kib", memory_json(cell));
    json_object_set_new(root, "share_of_ideal", json_known(cell_share_of_ideal(cell)));
    return root;
}

static json_t *floor_json(struct noise_floor floor)
{
    static const char *const sources[] = {"value", "experiment", "run"};
    return json_pack("{s:o, s:I, s:s}", "ratio", json_known(floor.ratio), "values",
                     (json_int_t)floor.values, "twins_of", sources[floor.source]);
}

static json_t *pair_json(const struct pair *pair)
{
    char sentence[512];
    pair_sentence(pair, sentence, sizeof sentence);
    return json_pack("{s:s, s:s, s:O, s:s, s:s, s:s, s:o, s:f, s:f, s:o, s:s, s:s}", "experiment",
                     pair->a->experiment, "compared_by", compared_name(pair->a), "value",
                     json_object_get(pair->a->plan, "value"), "family",
                     pair->builds ? "builds" : "lanes", "a", pair->a->lane, "b", pair->b->lane,
                     "ratio", spread_json(pair->ratio), "p", pair->test.p, "p_holm", pair->p_holm,
                     "noise_floor", floor_json(pair->floor), "verdict",
                     verdict_words(pair->verdict), "sentence", sentence);
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
        json_array_append_new(pairs, pair_json(&findings->pairs[i]));
    json_object_set_new(root, "cells", cells);
    json_object_set_new(root, "pairs", pairs);
    json_object_set(root, "slopes", findings->slopes);
    json_object_set(root, "crossovers", findings->crossovers);
    json_object_set(root, "sentences", findings->sentences);
    json_object_set(root, "notes", results->notes);
    int error = write_json(results, "summary.json", root);
    json_decref(root);
    return error;
}
