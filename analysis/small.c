/* How late the small bodies of a visit were, from the records that the model kept of each fetch. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/ledger.h"
#include "common/statistics.h"
#include "common/units.h"

/* The latencies of a growing list; false where there is no room for one more. */
struct latencies {
    uint64_t *ns;
    size_t count, room;
};

static bool add(struct latencies *latencies, uint64_t ns)
{
    if (latencies->count == latencies->room) {
        size_t room = latencies->room ? 2 * latencies->room : 1024;
        uint64_t *more = realloc(latencies->ns, room * sizeof *more);
        if (!more)
            return false;
        latencies->ns = more;
        latencies->room = room;
    }
    latencies->ns[latencies->count++] = ns;
    return true;
}

/* A row's index and when it was taken and ended; false if it is none, or of a fetch that failed. */
static bool read_row(char *row, uint64_t *index, uint64_t *taken, uint64_t *end)
{
    enum { INDEX, OUTCOME, TAKEN = 5, END = 7, FIELDS };
    const char *field[FIELDS];
    for (int i = 0; i < FIELDS; i++) {
        if (row == NULL)
            return false;
        field[i] = strsep(&row, ",\n");
    }
    return strcmp(field[OUTCOME], "fetched") == 0 && parse_count(field[INDEX], index) == 0 &&
           parse_count(field[TAKEN], taken) == 0 && parse_count(field[END], end) == 0 &&
           *end >= *taken;
}

/* Rows that are none, the header among them, are passed over: a file that lacks some has fewer
 * records than fetches, which the caller sees. */
static bool read_rows(FILE *file, uint64_t every, struct latencies *latencies)
{
    char *text = NULL;
    size_t size = 0;
    bool whole = true;
    while (whole && getline(&text, &size, file) >= 0) {
        uint64_t index, taken, end;
        if (read_row(text, &index, &taken, &end) && (every == 0 || index % every != 0))
            whole = add(latencies, end - taken);
    }
    whole = whole && !ferror(file);
    free(text);
    return whole;
}

static double percentile_ms(const struct latencies *latencies, double p)
{
    uint64_t ns;
    return percentile_u64(latencies->ns, latencies->count, p, &ns) ? (double)ns / 1e6 : NAN;
}

void visit_read_small(struct visit_seen *seen, const char *path)
{
    seen->small_p50_ms = seen->small_p99_ms = seen->small_max_ms = NAN;
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    bool big = json_string_at(seen->plan, "origin.big");
    double every = json_number_at(seen->plan, "origin.every");
    uint64_t step = !big ? 0 : every >= 1 ? (uint64_t)every : 1;
    struct latencies latencies = {0};
    bool whole = read_rows(file, step, &latencies);
    double smalls = seen->planned_count - (step ? floor(seen->planned_count / (double)step) : 0);
    fclose(file);
    uint64_t *scratch = calloc(latencies.count + 1, sizeof *scratch);
    if (whole && scratch && latencies.count > 0 && (double)latencies.count == smalls) {
        sort_u64(latencies.ns, scratch, latencies.count);
        seen->small_p50_ms = percentile_ms(&latencies, 50);
        seen->small_p99_ms = percentile_ms(&latencies, 99);
        seen->small_max_ms = (double)latencies.ns[latencies.count - 1] / 1e6;
    }
    free(scratch);
    free(latencies.ns);
}
