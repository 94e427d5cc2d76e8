/* How late the small bodies of a visit were, from the records that the model kept of each fetch. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/ledger.h"
#include "analysis/needed.h"
#include "common/statistics.h"
#include "common/units.h"

/* Latencies in nanoseconds, of so many small bodies as were planned at most. */
struct latencies {
    uint64_t *ns;
    size_t count, room;
    bool *met;   /* each URL, by its index from 1 */
    size_t urls; /* that were planned */
};

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

/* Rows that are none, the header among them, are passed over. False: not as many as there is room
 * for were small and fetched, so some are missing, or more than were asked for; or one is of
 * nobody, or of a URL that has one already. */
static bool read_rows(FILE *file, uint64_t every, struct latencies *latencies)
{
    char *text = NULL;
    size_t size = 0, seen = 0;
    errno = 0;
    while (getline(&text, &size, file) >= 0) {
        uint64_t index, taken, end;
        if (!read_row(text, &index, &taken, &end) || (every > 0 && index % every == 0))
            continue;
        if (index < 1 || index > latencies->urls || latencies->met[index])
            seen = latencies->room; /* it is one too many in place of another */
        else
            latencies->met[index] = true;
        if (seen++ < latencies->room)
            latencies->ns[latencies->count++] = end - taken;
    }
    needed_memory();
    free(text);
    return !ferror(file) && seen == latencies->room;
}

static double percentile_ms(const struct latencies *latencies, double p)
{
    uint64_t ns;
    return percentile_u64(latencies->ns, latencies->count, p, &ns) ? (double)ns / 1e6 : NAN;
}

void visit_read_small(struct visit_seen *seen, const char *path)
{
    seen->small_p50_ms = seen->small_p99_ms = seen->small_max_ms = NAN;
    errno = 0;
    FILE *file = fopen(path, "re");
    needed_memory();
    if (!file)
        return;
    bool big = json_string_at(seen->plan, "origin.big");
    double every = json_number_at(seen->plan, "origin.every");
    uint64_t step = !big ? 0 : every >= 1 && every < 0x1p63 ? (uint64_t)every : 1;
    /* A row is longer than a byte: what was planned and cannot be there needs no room. */
    struct stat about;
    double planned = seen->planned_count > 0 ? seen->planned_count : 0;
    if (fstat(fileno(file), &about) < 0 || planned > (double)about.st_size) {
        fclose(file);
        return;
    }
    struct latencies latencies = {.room = (size_t)planned, .urls = (size_t)planned};
    if (step > 0)
        latencies.room -= latencies.room / step;
    latencies.met = needed(latencies.urls + 1, sizeof *latencies.met);
    latencies.ns = needed(2 * latencies.room + 1, sizeof *latencies.ns); /* half of it to sort in */
    if (read_rows(file, step, &latencies) && latencies.count > 0) {
        sort_u64(latencies.ns, latencies.ns + latencies.room, latencies.count);
        seen->small_p50_ms = percentile_ms(&latencies, 50);
        seen->small_p99_ms = percentile_ms(&latencies, 99);
        seen->small_max_ms = (double)latencies.ns[latencies.count - 1] / 1e6;
    }
    fclose(file);
    free(latencies.met);
    free(latencies.ns);
}
