/* The tables for people: Markdown, or plain columns for a terminal. */
#include "analysis/tables.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cells.h"
#include "analysis/needed.h"
#include "analysis/result_file.h"

enum { COLUMNS = 9, WIDTH = 56 };

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
    double share = cell_share_of_ideal(cell), first = cell_spread(cell, FIRST).median;
    json_t *value = json_object_get(cell->plan, "value");
    char time[WIDTH];
    snprintf(row[0], WIDTH, "%.40s", cell->lane);
    if (json_is_string(value))
        snprintf(row[0], WIDTH, "%.24s, %.16s", cell->lane, json_string_value(value));
    else if (json_is_integer(value))
        snprintf(row[0], WIDTH, "%.24s, %lld", cell->lane, (long long)json_integer_value(value));
    range_text(time, cell_spread(cell, compared_figure(cell)));
    snprintf(row[1], WIDTH, "%s%.50s", compared_figure(cell) == LATE ? "p99 " : "", time);
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
static void put_experiment(const struct findings *findings, const char *name, bool markdown,
                           FILE *stream)
{
    const struct results *results = findings->results;
    char(*rows)[COLUMNS][WIDTH] = needed(results->cell_count + 1, sizeof *rows);
    int widths[COLUMNS] = {0};
    size_t count = 1;
    for (int c = 0; c < COLUMNS; c++)
        snprintf(rows[0][c], WIDTH, "%s", headings[c]);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) == 0 && cell_is_timed(cell) &&
            cell_verdict(cell) == VALID)
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
            fprintf(stream, "%snot measured: %s: %s%s\n", bullet, cell->id,
                    first ? first : "the run ended before", more);
    }
}

/* Every finding of an experiment but its answer, which stands above the table. */
static void put_findings(const struct findings *findings, const char *name, FILE *stream)
{
    size_t i;
    json_t *sentence;
    for (i = 0; (sentence = json_array_get(findings->sentences, i)); i++)
        if (strcmp(json_string_at(sentence, "experiment"), name) == 0 &&
            strcmp(json_string_at(sentence, "about"), "answer") != 0)
            fprintf(stream, "- %s\n", json_string_at(sentence, "text"));
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

/* How many rounds the figures of this experiment are made of, and the coverage that their intervals
 * have: of an incomplete run's both may differ from lane to lane, then the least is said as that.
 */
static void put_coverage(const struct findings *findings, const char *name, FILE *stream)
{
    const struct results *results = findings->results;
    const struct cell *first = NULL;
    struct spread least = {0}, most = {0};
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, name) != 0 || !cell_is_timed(cell) ||
            cell_verdict(cell) != VALID)
            continue;
        struct spread spread = cell_spread(cell, compared_figure(cell));
        if (spread.n == 0)
            continue;
        if (!first || spread.coverage < least.coverage)
            least.coverage = spread.coverage;
        if (!first || spread.n < least.n)
            least.n = spread.n;
        most.n = spread.n > most.n ? spread.n : most.n;
        first = first ? first : cell;
    }
    if (!first)
        return;
    char rounds[WIDTH];
    snprintf(rounds, sizeof rounds, least.n < most.n ? "%zu to %zu" : "%zu", least.n, most.n);
    fprintf(stream, "%s: median of %s rounds and its exact interval (coverage %s%.1f %%); %s.\n",
            compared_figure(first) == WALL ? "time: process start to exit, by hyperfine"
                                           : "time: from the gate to the last record",
            rounds, least.n < most.n ? "at least " : "", 100 * least.coverage,
            placement_words(results, first));
}

/* What the meter saw: each finding in words, on the terminal too, since there is no table. */
static void put_memory(const struct findings *findings, const char *name, FILE *stream)
{
    size_t i;
    json_t *sentence;
    fputs("Metered runs, never timed. What one more in flight takes is by regression within each "
          "round.\n\n",
          stream);
    for (i = 0; (sentence = json_array_get(findings->sentences, i)); i++) {
        const char *about = json_string_at(sentence, "about");
        if (strcmp(json_string_at(sentence, "experiment"), name) == 0 &&
            (strcmp(about, "slope") == 0 || strcmp(about, "tasks") == 0))
            fprintf(stream, "- %s\n", json_string_at(sentence, "text"));
    }
}

static bool is_of_kind(const struct results *results, const char *name, const char *kind)
{
    for (size_t i = 0; i < results->cell_count; i++)
        if (strcmp(results->cells[i].experiment, name) == 0)
            return strcmp(results->cells[i].kind, kind) == 0;
    return false;
}

static void put_all(const struct findings *findings, bool markdown, FILE *stream)
{
    const struct results *results = findings->results;
    size_t i;
    json_t *experiment, *note;
    if (results->made < results->planned)
        fprintf(stream, "%sIncomplete: %zu of %zu visits were made.%s\n\n", markdown ? "**" : "",
                results->made, results->planned, markdown ? "**" : "");
    for (i = 0; (experiment = json_array_get(findings->experiments, i)); i++) {
        const char *name = json_string_at(experiment, "name");
        fprintf(stream, "%s%s: %s\n\n", markdown ? "## " : "", name,
                json_string_at(experiment, "question"));
        fprintf(stream, "%s.\n\n", json_string_at(experiment, "setup"));
        const char *found = json_string_at(experiment, "answer");
        if (found)
            fprintf(stream, "%s%s%s\n\n", markdown ? "**" : "", found, markdown ? "**" : "");
        if (is_of_kind(results, name, "traced"))
            fputs("One traced run a lane, never timed: see the chart.\n", stream);
        if (is_of_kind(results, name, "metered"))
            put_memory(findings, name, stream);
        put_experiment(findings, name, markdown, stream);
        fputc('\n', stream);
        put_coverage(findings, name, stream);
        if (markdown)
            fputc('\n', stream);
        put_verdicts(findings, name, markdown, stream);
        if (markdown && !is_of_kind(results, name, "metered"))
            put_findings(findings, name, stream);
        fputc('\n', stream);
    }
    if (findings->noise.values > 0)
        fprintf(
            stream,
            "Lanes that stand twice differ by up to %.1f %% in a single round (95th percentile of "
            "%zu, all cells together). A median of rounds is held against the noise floor of "
            "its own cell, which each finding names.\n",
            100 * (findings->noise.ratio - 1), findings->noise.values);
    for (i = 0; (note = json_array_get(results->notes, i)); i++)
        fprintf(stream, "%s\n", json_string_value(note));
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

#define SEEN(buffer, cell, member) number_text(buffer, CELL_MOST(cell, member))

/* What was planned and what was seen, a row a cell: the proof behind every figure above. */
static void put_ledger(const struct results *results, FILE *stream)
{
    fputs(
        "## Ledger\n\nIn flight: planned, seen by the records, seen by the origin (its peak, or in "
        "brackets the mean where the delay is too short for the peak to be judged). Workers: made, "
        "lost. Digest: its first eight figures, where all rounds have one.\n\n"
        "| cell | verdict | in flight | connections planned | seen | bytes | digest | failed | "
        "workers | bounded by |\n|---|---|---:|---:|---:|---:|---|---:|---:|---|\n",
        stream);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        char planned[WIDTH], peak[WIDTH], origin[WIDTH], connections[WIDTH], seen[WIDTH];
        char bytes[WIDTH], failed[WIDTH], made[WIDTH], lost[WIDTH];
        double count = json_number_at(cell->plan, "count");
        double at_once = fmin(count, json_number_at(cell->plan, "concurrency"));
        bool keep_alive = json_is_true(json_object_get(cell->plan, "keep_alive"));
        if (strcmp(cell->kind, "ceiling") == 0)
            continue;
        if (cell_waits(cell))
            SEEN(origin, cell, in_flight_peak);
        else
            number_text(origin, cell_mean_in_flight(cell));
        fprintf(stream, "| %s | %s | %s, %s, %s%s%s | %s | %s | %s | %.8s | %s | %s, %s | %s |\n",
                cell->id, verdict_name(cell_verdict(cell)), number_text(planned, at_once),
                SEEN(peak, cell, peak), cell_waits(cell) ? "" : "(", origin,
                cell_waits(cell) ? "" : ")", number_text(connections, keep_alive ? at_once : count),
                SEEN(seen, cell, connections), SEEN(bytes, cell, bytes), cell_digest(cell) ?: "–",
                SEEN(failed, cell, failed), number_text(made, cell_workers(cell, "made")),
                number_text(lost, cell_workers(cell, "lost")), cell_bound(cell));
    }
}

int write_summary_md(const struct findings *findings)
{
    const struct results *results = findings->results;
    struct output output;
    int error = result_open(&output, results, "summary.md");
    if (error)
        return error;
    fprintf(output.file, "# waitbench: %s profile, seed %.0f\n\n",
            json_string_at(results->metadata, "profile") ?: "?",
            json_number_at(results->metadata, "seed"));
    fprintf(output.file, "%s, Linux %s, libcurl %s; %s\n\n",
            json_string_at(results->metadata, "machine.cpu") ?: "unknown processor",
            json_string_at(results->metadata, "machine.kernel") ?: "?",
            json_string_at(results->metadata, "versions.libcurl") ?: "?",
            json_string_at(results->metadata, "started_at") ?: "");
    put_all(findings, true, output.file);
    fputc('\n', output.file);
    put_ledger(results, output.file);
    return output_close(&output);
}

void print_summary(const struct findings *findings, FILE *stream)
{
    put_all(findings, false, stream);
}
