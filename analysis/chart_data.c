/* data/CHART.csv: what each chart draws. */
#include "analysis/tables.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/cells.h"
#include "analysis/chart_data.h"
#include "analysis/result_file.h"

static void put_spread(FILE *stream, const struct cell *cell, enum figure figure)
{
    struct spread spread = spread_of(NULL, 0);
    if (cell_verdict(cell) == VALID)
        spread = cell_spread(cell, figure);
    put_number(stream, spread.median);
    put_number(stream, spread.low);
    put_number(stream, spread.high);
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
        if (cell->against || strcmp(cell->experiment, name) != 0 || !is_lane(cell))
            continue;
        bool valid = cell_verdict(cell) == VALID;
        fputs(cell->lane, stream);
        put_spread(stream, cell, WALL);
        put_number(stream, valid ? cell_spread(cell, SPAWN).median : NAN);
        put_number(stream, cell->made ? visit_ideal_s(cell->visits[0]) : NAN);
        fprintf(stream, ",%zu,%d\n", cell->made, valid);
    }
}

static void time_by_count_csv(const struct results *results, const char *name, FILE *stream)
{
    fputs("model,count,median_s,low_s,high_s,model_s,measured\n", stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (cell->against || strcmp(cell->experiment, name) != 0 || !is_lane(cell) ||
            cell->again_of)
            continue;
        double count = json_number_at(cell->plan, "count");
        double predicted =
            model_makespan(count, json_number_at(cell->plan, "concurrency"),
                           json_number_at(cell->plan, "delay_s"), costs_of(results, cell));
        if (cell_verdict(cell) == NOT_MEASURED)
            continue;
        /* Of an invalid cell a row without figures: a word in the chart, and no point. */
        fprintf(stream, "%s,%.0f", cell->lane, count);
        put_spread(stream, cell, MAKESPAN);
        put_number(stream, predicted);
        fprintf(stream, ",%d\n", cell_verdict(cell) != PREDICTED);
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
        if (cell->against || strcmp(cell->experiment, name) != 0)
            continue;
        double concurrency = json_number_at(cell->plan, "concurrency");
        if (cell_verdict(cell) == PREDICTED)
            continue; /* too long to be run: no line goes there */
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
        if (cell->against || strcmp(cell->experiment, name) != 0 || cell_verdict(cell) != VALID)
            continue;
        if (trace_rows(results, cell, stream) != 0)
            add_sentence(results->notes, "%s: its trace could not be read.", cell->id);
    }
}

/* One chart's file, by a writer of either kind. */
struct writer {
    const char *of;    /* the chart that the experiment names, one of CHARTS */
    const char *chart; /* the chart that this draws: its own, or one more of the same cells */
    void (*write)(const struct results *, const char *, FILE *);
    void (*write_pairs)(const struct findings *, const char *, FILE *);
};

static const struct writer writers[] = {
    {"total-time", "total-time", total_time_csv, NULL},
    {"total-time", "bill", bill_csv, NULL},
    {"total-time", "switches-and-cpu", bill_csv, NULL},
    {"time-by-count", "time-by-count", time_by_count_csv, NULL},
    {"rate-by-concurrency", "rate-by-concurrency", rate_csv, NULL},
    {"loop-backends", "loop-backends", rate_csv, NULL},
    {"timeline", "timeline", timeline_csv, NULL},
    {"cpu-mix", "cpu-mix", cpu_mix_csv, NULL},
    {"tail", "tail", tail_csv, NULL},
    {"latency", "latency", latency_csv, NULL},
    {"crossover", "crossover", NULL, crossover_csv},
    {"big-bodies", "big-bodies", variants_csv, NULL},
    {"big-bodies", "small-bodies", small_csv, NULL},
    {"many-hosts", "many-hosts", variants_csv, NULL},
    {"quota", "quota", variants_csv, NULL},
    {"memory-limit", "memory-limit", variants_csv, NULL},
    {"far", "far", variants_csv, NULL},
    {"memory-per-worker", "memory-per-worker", memory_csv, NULL},
    {"resolver-threads", "resolver-threads", resolver_csv, NULL},
    {"scaling", "scaling", scaling_csv, NULL},
};

static int write_one(const struct findings *findings, const struct writer *writer, const char *name)
{
    struct output output;
    int error = result_open(&output, findings->results, "data/%s.csv", writer->chart);
    if (error)
        return error;
    if (writer->write)
        writer->write(findings->results, name, output.file);
    else
        writer->write_pairs(findings, name, output.file);
    return output_close(&output);
}

int write_chart_data(const struct findings *findings)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/data", findings->results->dir);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return -errno;
    size_t i;
    json_t *experiment;
    for (i = 0; (experiment = json_array_get(findings->experiments, i)); i++) {
        const char *chart = json_string_at(experiment, "chart");
        for (size_t k = 0; k < sizeof writers / sizeof *writers; k++) {
            int error = chart && strcmp(chart, writers[k].of) == 0
                            ? write_one(findings, &writers[k], json_string_at(experiment, "name"))
                            : 0;
            if (error)
                return error;
        }
    }
    return 0;
}
