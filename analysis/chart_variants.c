/* data/CHART.csv of the charts that compare whole sets of settings, and of the receipts. */
#include "analysis/chart_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cells.h"
#include "analysis/needed.h"
#include "analysis/trends.h"

void put_number(FILE *stream, double value)
{
    fputc(',', stream);
    if (isfinite(value))
        fprintf(stream, "%.9g", value);
}

static void put_ends(FILE *stream, struct spread spread, double scale)
{
    put_number(stream, spread.low * scale);
    put_number(stream, spread.high * scale);
}

static void put_three(FILE *stream, struct spread spread, double scale)
{
    put_number(stream, spread.median * scale);
    put_ends(stream, spread, scale);
}

static struct spread nothing(void)
{
    return spread_of(NULL, 0);
}

static struct spread valid_spread(const struct cell *cell, enum figure figure)
{
    return cell && cell_verdict(cell) == VALID ? cell_spread(cell, figure) : nothing();
}

/* Of a figure in each visit's run.json, such as "latency_ms.p99". */
static struct spread spread_at(const struct cell *cell, const char *path)
{
    if (!cell || cell_verdict(cell) != VALID)
        return nothing();
    double *values = needed(cell->made + 1, sizeof *values);
    for (size_t i = 0; i < cell->made; i++)
        values[i] = json_number_at(cell->visits[i]->run, path);
    struct spread spread = spread_of(values, cell->made);
    free(values);
    return spread;
}

static bool belongs(const struct cell *cell, const char *experiment)
{
    /* A lane of another build stands in the tables, beside the one that it is held against. */
    return strcmp(cell->experiment, experiment) == 0 && strcmp(cell->kind, "ceiling") != 0 &&
           !cell->against;
}

/* The axis's value as text, for a panel's heading. */
static void put_value(FILE *stream, const struct cell *cell)
{
    json_t *value = json_object_get(cell->plan, "value");
    if (json_is_string(value))
        fprintf(stream, ",%s", json_string_value(value));
    else
        put_number(stream, json_number_value(value));
}

/* 1 is a figure, 0 is none and the reason stands in the tables; empty is not measured. */
static void put_verdict(FILE *stream, const struct cell *cell)
{
    enum verdict verdict = cell_verdict(cell);
    if (verdict == VALID || verdict == INVALID)
        fprintf(stream, ",%d\n", verdict == VALID);
    else
        fputs(",\n", stream);
}

/* A column of such a table: a number of the plan; the most that the meter saw in any visit; or a
 * figure's median over the visits, from struct visit_seen or from their run.json, with its interval
 * in the two columns after it. */
struct column {
    enum { OF_PLAN, OF_METER, OF_VISIT, OF_RUN } from;
    const char *path;   /* of all but OF_VISIT */
    enum figure figure; /* of OF_VISIT */
    bool interval;
};

static void put_column(FILE *stream, const struct cell *cell, const struct column *column)
{
    if (column->from == OF_PLAN) {
        put_number(stream, json_number_at(cell->plan, column->path));
        return;
    }
    if (column->from == OF_METER) {
        put_number(stream,
                   cell_verdict(cell) == VALID ? cell_most_metered(cell, column->path) : NAN);
        return;
    }
    struct spread spread = column->from == OF_VISIT ? valid_spread(cell, column->figure)
                                                    : spread_at(cell, column->path);
    if (column->interval)
        put_three(stream, spread, 1);
    else
        put_number(stream, spread.median);
}

/* A row a cell, where wanted() is none or says so: its lane, where it stands on the axis, the
 * columns, its verdict. */
static void put_rows(const struct results *results, const char *name, const char *header,
                     bool (*wanted)(const struct cell *), const struct column *columns,
                     size_t count, FILE *stream)
{
    fprintf(stream, "%s\n", header);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (!belongs(cell, name) || (wanted && !wanted(cell)))
            continue;
        fputs(cell->lane, stream);
        put_value(stream, cell);
        for (size_t k = 0; k < count; k++)
            put_column(stream, cell, &columns[k]);
        put_verdict(stream, cell);
    }
}

void cpu_mix_csv(const struct results *results, const char *name, FILE *stream)
{
    static const struct column columns[] = {
        {.from = OF_VISIT, .figure = CPU_EACH},
        {.from = OF_VISIT, .figure = MAKESPAN, .interval = true},
    };
    put_rows(results, name, "model,passes,cpu_s_per_answer,median_s,low_s,high_s,valid", NULL,
             columns, sizeof columns / sizeof *columns, stream);
}

/* A lane and its twin that deals URLs out beforehand, in one row. */
void tail_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,delays,counter_s,counter_s_low,counter_s_high,static_s,static_s_low,static_s_high,"
          "valid\n",
          stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        char twin[128];
        if (!belongs(cell, name) || strstr(cell->lane, " (static)"))
            continue;
        snprintf(twin, sizeof twin, "%s (static)", cell->lane);
        fputs(cell->lane, stream);
        put_value(stream, cell);
        put_three(stream, valid_spread(cell, MAKESPAN), 1);
        put_three(stream, valid_spread(beside(results, cell, twin), MAKESPAN), 1);
        put_verdict(stream, cell);
    }
}

/* A closed loop has no latency to compare. */
static bool has_rate(const struct cell *cell)
{
    return json_object_get(cell->plan, "rate") != NULL;
}

void latency_csv(const struct results *results, const char *name, FILE *stream)
{
    static const struct column columns[] = {
        {.from = OF_RUN, .path = "workload.rate.per_s"},
        {.from = OF_RUN, .path = "latency_ms.p99", .interval = true},
        {.from = OF_RUN, .path = "latency_ms.p50", .interval = true},
    };
    put_rows(results, name,
             "model,load,rate_per_s,p99_ms,p99_ms_low,p99_ms_high,p50_ms,p50_ms_low,p50_ms_high,"
             "valid",
             has_rate, columns, sizeof columns / sizeof *columns, stream);
}

/* Makespans by variant, with what else a chart may say of them. */
void variants_csv(const struct results *results, const char *name, FILE *stream)
{
    static const struct column columns[] = {
        {.from = OF_PLAN, .path = "count"},
        {.from = OF_PLAN, .path = "concurrency"},
        {.from = OF_PLAN, .path = "delay_s"},
        {.from = OF_VISIT, .figure = MAKESPAN, .interval = true},
        {.from = OF_RUN, .path = "latency_ms.p50", .interval = true},
        {.from = OF_RUN, .path = "fetches.connections"},
    };
    put_rows(results, name,
             "model,variant,count,concurrency,delay_s,median_s,median_s_low,median_s_high,p50_ms,"
             "p50_ms_low,p50_ms_high,connections,valid",
             NULL, columns, sizeof columns / sizeof *columns, stream);
}

/* How late small bodies were, beside what else was fetched. */
void small_csv(const struct results *results, const char *name, FILE *stream)
{
    static const struct column columns[] = {
        {.from = OF_VISIT, .figure = SMALL_P99, .interval = true},
        {.from = OF_VISIT, .figure = SMALL_P50, .interval = true},
        {.from = OF_VISIT, .figure = SMALL_MAX},
    };
    put_rows(results, name,
             "model,variant,p99_s,p99_s_low,p99_s_high,p50_s,p50_s_low,p50_s_high,slowest_s,valid",
             NULL, columns, sizeof columns / sizeof *columns, stream);
}

/* How many tasks the meter saw at the peak, by what has to be looked up. */
void resolver_csv(const struct results *results, const char *name, FILE *stream)
{
    static const struct column columns[] = {
        {.from = OF_METER, .path = "tasks.threads"},
        {.from = OF_METER, .path = "tasks.processes"},
    };
    put_rows(results, name, "model,variant,threads,processes,valid", NULL, columns,
             sizeof columns / sizeof *columns, stream);
}

/* Which lane is fastest at each place of a grid, and whether that is more than noise: "no
 * difference" unless it was seen to be faster than every other lane. */
void crossover_csv(const struct findings *findings, const char *name, FILE *stream)
{
    const struct results *results = findings->results;
    fputs("variant,delay_s,count,concurrency,model,median_s,against,ratio,decided\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i], *best = NULL;
        if (!belongs(cell, name) || (i > 0 && beside(results, cell, cell->lane) != cell))
            continue;
        bool first = true; /* of its place in the grid */
        for (size_t k = 0; k < i && first; k++)
            first = beside(results, &results->cells[k], cell->lane) != cell ||
                    !belongs(&results->cells[k], name);
        if (!first)
            continue;
        double concurrency = 0; /* as asked: sequential's is always one */
        for (size_t k = 0; k < results->cell_count; k++) {
            const struct cell *other = &results->cells[k];
            if (belongs(other, name) && beside(results, cell, other->lane) == other)
                concurrency = fmax(concurrency, json_number_at(other->plan, "concurrency"));
            if (!belongs(other, name) || other->again_of || cell_verdict(other) != VALID ||
                beside(results, cell, other->lane) != other)
                continue;
            if (!best || cell_spread(other, MAKESPAN).median < cell_spread(best, MAKESPAN).median)
                best = other;
        }
        /* The pair that is least decided says how sure it is. */
        double ratio = NAN;
        const char *against = "";
        bool decided = best != NULL;
        for (size_t k = 0; k < findings->pair_count && best; k++) {
            const struct pair *pair = &findings->pairs[k];
            if (pair->a != best && pair->b != best)
                continue;
            double times = pair->a == best ? pair->ratio.median : 1 / pair->ratio.median;
            bool faster = pair->verdict == (pair->a == best ? FASTER : SLOWER);
            decided = decided && faster;
            if (!(times >= ratio)) {
                ratio = times;
                against = pair->a == best ? pair->b->lane : pair->a->lane;
            }
        }
        const char *where = json_string_at(cell->plan, "value");
        fputs(where ? where : "", stream);
        put_number(stream, json_number_at(cell->plan, "delay_s"));
        put_number(stream, json_number_at(cell->plan, "count"));
        put_number(stream, concurrency);
        fprintf(stream, ",%s", best ? best->lane : "");
        put_number(stream, valid_spread(best, MAKESPAN).median);
        fprintf(stream, ",%s", against);
        put_number(stream, ratio);
        fprintf(stream, ",%d\n", decided && isfinite(ratio));
    }
}

/* What one more in flight takes of a kind of memory, where a metered experiment of this run says
 * so for the lane; n is 0 elsewhere. */
static struct spread memory_slope(const struct results *results, const struct cell *lane,
                                  const char *experiment, const char *figure)
{
    struct slope *slopes;
    struct spread found = nothing();
    size_t count;
    slopes_of(results, experiment, &slopes, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(slopes[i].figure, figure) == 0 &&
            strcmp(slopes[i].lane->lane, lane->lane) == 0 && slopes[i].lane->model && lane->model &&
            strcmp(slopes[i].lane->model, lane->model) == 0)
            found = slopes[i].spread;
    free(slopes);
    return found;
}

/* The same lane's, from whichever experiment metered it. PSS: a shared page counts once. */
static struct spread memory_of(const struct results *results, const struct cell *lane)
{
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->kind, "metered") != 0 || strcmp(cell->lane, lane->lane) != 0)
            continue;
        struct spread found = memory_slope(results, lane, cell->experiment, "pss_kib_per_lane");
        if (found.n > 0)
            return found;
    }
    return nothing();
}

/* A row a lane and kind of memory. Where no group could be had the kernel's has no rows at all. */
void memory_csv(const struct results *results, const char *name, FILE *stream)
{
    static const char *const kinds[] = {"virtual", "rss", "pss", "page_tables", "kernel"};
    fputs("model,memory,kib_per_worker,kib_per_worker_low,kib_per_worker_high,rounds,valid\n",
          stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        bool first = belongs(cell, name);
        for (size_t k = 0; k < i && first; k++)
            first = !belongs(&results->cells[k], name) ||
                    strcmp(results->cells[k].lane, cell->lane) != 0;
        for (size_t k = 0; first && k < sizeof kinds / sizeof *kinds; k++) {
            char figure[40];
            snprintf(figure, sizeof figure, "%s_kib_per_lane", kinds[k]);
            struct spread slope = memory_slope(results, cell, name, figure);
            if (slope.n == 0 && strcmp(kinds[k], "kernel") == 0)
                continue;
            fprintf(stream, "%s,%s", cell->lane, kinds[k]);
            put_three(stream, slope, 1);
            fprintf(stream, ",%zu,%d\n", slope.n, slope.n > 0);
        }
    }
}

/* The lane NAME-1 beside a lane NAME-P, and P; NULL where the name does not end so. */
static const struct cell *alone(const struct results *results, const struct cell *cell, long *among)
{
    const char *dash = strrchr(cell->lane, '-');
    char *end, lane[128];
    *among = dash ? strtol(dash + 1, &end, 10) : 0;
    if (*among < 1 || *end)
        return NULL;
    snprintf(lane, sizeof lane, "%.*s-1", (int)(dash - cell->lane), cell->lane);
    return beside(results, cell, lane);
}

static void say_gain(const struct results *results, const char *name, long processes, double ratio)
{
    if (processes > 0)
        add_sentence(results->notes,
                     "%s: the gain stops being linear at %ld processes: %.2f times the cost model.",
                     name, processes, ratio);
    else
        add_sentence(results->notes,
                     "%s: the gain is linear throughout: within 1.1 times the cost model.", name);
}

/*
 * Lanes NAME-P: the same work by P processes. The cost model divides the processor time that one
 * process needs by P; what is measured leaves it (beyond 1.1) where there are no more processors.
 */
void scaling_csv(const struct results *results, const char *name, FILE *stream)
{
    /* Of a machine without two processors to give, nothing is said. */
    bool decided = json_number_at(results->metadata, "machine.two_busy_processes") >= 1.6;
    long ends_at = 0;
    double ends_with = NAN;
    bool seen = false;
    fputs("model,count,median_s,low_s,high_s,model_s,measured,ratio,decided\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        long among;
        if (!belongs(cell, name) || cell->again_of)
            continue;
        const struct cell *one = alone(results, cell, &among);
        if (!one || cell_verdict(cell) == NOT_MEASURED)
            continue;
        double each = valid_spread(one, CPU_EACH).median / (double)among;
        struct fetch_costs costs = {.known = isfinite(each), .first = each, .kept = each};
        double modelled = model_makespan(json_number_at(cell->plan, "count"),
                                         json_number_at(cell->plan, "concurrency"),
                                         json_number_at(cell->plan, "delay_s"), costs);
        struct spread time = valid_spread(cell, MAKESPAN);
        double ratio = time.median / modelled;
        fprintf(stream, "%.*s,%ld", (int)(strrchr(cell->lane, '-') - cell->lane), cell->lane,
                among);
        put_three(stream, time, 1);
        put_number(stream, modelled);
        fprintf(stream, ",%d", cell_verdict(cell) != PREDICTED);
        put_number(stream, ratio);
        fprintf(stream, ",%d\n", decided);
        seen = seen || isfinite(ratio);
        if (ratio > 1.1 && (ends_at == 0 || among < ends_at)) {
            ends_at = among;
            ends_with = ratio;
        }
    }
    if (decided && seen)
        say_gain(results, name, ends_at, ends_with);
}

void bill_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,time_s,cpu_us_per_fetch,switches_per_fetch,spawn_s,memory_kib_per_worker,"
          "time_s_low,time_s_high,cpu_us_per_fetch_low,cpu_us_per_fetch_high,spawn_s_low,"
          "spawn_s_high,memory_kib_per_worker_low,memory_kib_per_worker_high,valid\n",
          stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (!belongs(cell, name) || cell->again_of)
            continue;
        struct spread time = valid_spread(cell, WALL), cpu = valid_spread(cell, CPU_EACH);
        struct spread spawn = valid_spread(cell, SPAWN);
        /* Never measured in a timed run: another experiment's. */
        struct spread memory = memory_of(results, cell);
        fputs(cell->lane, stream);
        put_number(stream, time.median);
        put_number(stream, cpu.median * 1e6);
        put_number(stream, valid_spread(cell, VOLUNTARY_EACH).median +
                               valid_spread(cell, INVOLUNTARY_EACH).median);
        put_number(stream, spawn.median);
        put_number(stream, memory.median);
        put_ends(stream, time, 1);
        put_ends(stream, cpu, 1e6);
        put_ends(stream, spawn, 1);
        put_ends(stream, memory, 1);
        put_verdict(stream, cell);
    }
}
