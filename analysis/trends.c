#include "analysis/trends.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"

/* Slopes. ----------------------------------------------------------------------------- */

static double cpu_s(const struct visit_seen *seen)
{
    return seen->user_s + seen->system_s;
}

static double makespan_s(const struct visit_seen *seen)
{
    return seen->makespan_s;
}

static double spawn_s(const struct visit_seen *seen)
{
    return seen->spawn_s;
}

static double meter_kib(const struct visit_seen *seen, const char *path)
{
    return json_number_at(seen->meter, path);
}

static double virtual_kib(const struct visit_seen *seen)
{
    return meter_kib(seen, "memory_kib.virtual");
}

static double rss_kib(const struct visit_seen *seen)
{
    return meter_kib(seen, "memory_kib.rss");
}

static double pss_kib(const struct visit_seen *seen)
{
    return meter_kib(seen, "memory_kib.pss");
}

static double page_tables_kib(const struct visit_seen *seen)
{
    return meter_kib(seen, "memory_kib.page_tables");
}

static double kernel_kib(const struct visit_seen *seen)
{
    return meter_kib(seen, "kernel_kib.total");
}

/* What is looked for, by the axis and the kind of the experiment. */
static const struct law {
    const char *axis, *kind, *figure, *unit, *words;
    double (*of)(const struct visit_seen *);
} laws[] = {
    {"count", "timed", "cpu_s_per_url", "s", "of processor time for each further URL", cpu_s},
    {"count", "timed", "makespan_s_per_url", "s", "of time for each further URL", makespan_s},
    {"concurrency", "timed", "spawn_s_per_lane", "s", "of start-up for each one more in flight",
     spawn_s},
    {"concurrency", "metered", "virtual_kib_per_lane", "KiB",
     "of address space for each one more in flight", virtual_kib},
    {"concurrency", "metered", "rss_kib_per_lane", "KiB",
     "of summed RSS for each one more in flight", rss_kib},
    {"concurrency", "metered", "pss_kib_per_lane", "KiB",
     "of memory (PSS) for each one more in flight", pss_kib},
    {"concurrency", "metered", "page_tables_kib_per_lane", "KiB",
     "of page tables for each one more in flight", page_tables_kib},
    {"concurrency", "metered", "kernel_kib_per_lane", "KiB",
     "of kernel memory for each one more in flight", kernel_kib},
};

enum { LAWS = sizeof laws / sizeof *laws, MOST_VALUES = 64 };

/* The lane's slope in one round; NAN without three values. *cells is how many there were. */
static double round_slope(const struct results *results, const struct cell *lane,
                          const struct law *law, int round, size_t *cells)
{
    double x[MOST_VALUES], y[MOST_VALUES];
    size_t n = 0;
    for (size_t i = 0; i < results->cell_count && n < MOST_VALUES; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, lane->experiment) != 0 ||
            strcmp(cell->lane, lane->lane) != 0 || cell_verdict(cell) != VALID)
            continue;
        for (size_t v = 0; v < cell->made; v++) {
            if (cell->visits[v]->round != round)
                continue;
            x[n] = json_number_at(cell->plan, law->axis);
            y[n++] = law->of(cell->visits[v]);
            break;
        }
    }
    struct line line;
    *cells = n;
    return n >= 3 && fit_line(x, y, n, &line) ? line.slope : NAN;
}

static struct slope slope_of(const struct results *results, const struct cell *lane,
                             const struct law *law, double *values)
{
    struct slope slope = {.lane = lane,
                          .figure = law->figure,
                          .unit = law->unit,
                          .words = law->words,
                          .spread = spread_of(NULL, 0)};
    size_t count = 0;
    for (size_t v = 0; v < lane->planned; v++) {
        size_t cells;
        double value = round_slope(results, lane, law, (int)v + 1, &cells);
        if (!isfinite(value))
            continue;
        values[count++] = value;
        slope.cells = cells > slope.cells ? cells : slope.cells;
    }
    slope.spread = spread_of(values, count);
    return slope;
}

/* Whether no cell before this one is of the same lane and experiment. */
static bool is_first(const struct results *results, const struct cell *cell)
{
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *other = &results->cells[i];
        if (strcmp(other->experiment, cell->experiment) == 0 &&
            strcmp(other->lane, cell->lane) == 0)
            return other == cell;
    }
    return true;
}

void slopes_of(const struct results *results, const char *experiment, struct slope **slopes,
               size_t *count)
{
    struct slope *all = needed(results->cell_count * LAWS + 1, sizeof *all);
    double *values = needed(results->made + 1, sizeof *values);
    *count = 0;
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, experiment) != 0 || cell->again_of || !is_first(results, cell))
            continue;
        for (size_t k = 0; k < LAWS; k++) {
            if (strcmp(laws[k].axis, cell->axis) != 0 || strcmp(laws[k].kind, cell->kind) != 0)
                continue;
            struct slope slope = slope_of(results, cell, &laws[k], values);
            if (slope.spread.n > 0)
                all[(*count)++] = slope;
        }
    }
    free(values);
    *slopes = all;
}

/* Crossovers. ------------------------------------------------------------------------- */

static bool same_lanes(const struct pair *one, const struct pair *other)
{
    return strcmp(one->a->lane, other->a->lane) == 0 && strcmp(one->b->lane, other->b->lane) == 0 &&
           compared_figure(one->a) == compared_figure(other->a);
}

static void follow(const struct pair *pairs, size_t pair_count, size_t first, struct crossover *out)
{
    size_t values = 0;
    *out = (struct crossover){.first = &pairs[first],
                              .segments = needed(pair_count, sizeof(struct segment))};
    for (size_t i = first; i < pair_count; i++) {
        if (!same_lanes(&pairs[i], &pairs[first]))
            continue;
        struct segment *last = out->count ? &out->segments[out->count - 1] : NULL;
        if (last && last->verdict == pairs[i].verdict)
            last->to = pairs[i].a;
        else
            out->segments[out->count++] =
                (struct segment){pairs[i].a, pairs[i].a, pairs[i].verdict};
        values++;
    }
    if (values < 2)
        out->count = 0;
}

void crossovers_of(const struct pair *pairs, size_t pair_count, struct crossover **crossovers,
                   size_t *count)
{
    struct crossover *all = needed(pair_count + 1, sizeof *all);
    *count = 0;
    for (size_t i = 0; i < pair_count; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known = known || same_lanes(&pairs[k], &pairs[i]);
        if (known)
            continue;
        follow(pairs, pair_count, i, &all[*count]);
        if (all[*count].count > 0)
            (*count)++;
        else
            free(all[*count].segments);
    }
    *crossovers = all;
}

void crossovers_free(struct crossover *crossovers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(crossovers[i].segments);
    free(crossovers);
}
