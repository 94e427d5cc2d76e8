#include "analysis/cells.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The greatest of a figure that each visit has; NAN where one is unknown. */
double cell_extreme(const struct cell *cell, size_t offset)
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

#define EXTREME(cell, member) json_known(cell_extreme(cell, offsetof(struct visit_seen, member)))

double cell_most_metered(const struct cell *cell, const char *path)
{
    double most = cell->made > 0 ? 0 : NAN;
    for (size_t i = 0; i < cell->made; i++) {
        double value = json_number_at(cell->visits[i]->meter, path);
        most = isnan(value) ? value : fmax(most, value);
    }
    return most;
}

const char *cell_digest(const struct cell *cell)
{
    const char *digest = cell->made ? cell->visits[0]->digest : NULL;
    for (size_t i = 0; i < cell->made; i++) {
        const char *other = cell->visits[i]->digest;
        if (!digest || !other || strcmp(digest, other) != 0)
            return NULL;
    }
    return digest;
}

double cell_workers(const struct cell *cell, const char *key)
{
    char path[32];
    double most = NAN;
    snprintf(path, sizeof path, "workers.%s", key);
    for (size_t i = 0; i < cell->made; i++)
        most = fmax(most, json_number_at(cell->visits[i]->run, path));
    return most;
}

/* As the origin saw it, over all visits; NAN where one is unknown. */
double cell_mean_in_flight(const struct cell *cell)
{
    double sum = 0;
    for (size_t i = 0; i < cell->made; i++)
        sum += cell->visits[i]->in_flight_mean / (double)cell->made;
    return cell->made ? sum : NAN;
}

/* Whether rule 2 was judged by the origin's peak in every visit. */
bool cell_waits(const struct cell *cell)
{
    bool waits = cell->made > 0;
    for (size_t i = 0; i < cell->made; i++)
        waits = waits && visit_waits(cell->visits[i]);
    return waits;
}

/* What most visits say bounded them; the first named wins a tie. */
const char *cell_bound(const struct cell *cell)
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

/* The share of the ideal: ⌈N/C⌉·T over the median time. */
double cell_share_of_ideal(const struct cell *cell)
{
    return cell->made && compared_figure(cell) != LATE
               ? visit_ideal_s(cell->visits[0]) / cell_spread(cell, compared_figure(cell)).median
               : NAN;
}

/* By hyperfine: a model, or a peer beside it. */
bool cell_is_timed(const struct cell *cell)
{
    return strcmp(cell->kind, "timed") == 0 || strcmp(cell->kind, "peer") == 0;
}

/* The lane that a cell is held against, or NULL where it cannot be. */
static const struct cell *base_of(const struct results *results, const struct cell *cell,
                                  const char *lane)
{
    const struct cell *base = beside(results, cell, lane);
    bool can = base && base != cell && cell_verdict(base) == VALID && cell_verdict(cell) == VALID &&
               compared_figure(cell) != LATE;
    return can ? base : NULL;
}

/* How many times as long as async: what a peer is held against. */
struct spread ratio_to_async(const struct results *results, const struct cell *cell)
{
    const struct cell *base = base_of(results, cell, "async");
    return base ? ratio_within_rounds(base, cell) : spread_of(NULL, 0);
}

struct spread ratio_to_sequential(const struct results *results, const struct cell *cell)
{
    const struct cell *base = base_of(results, cell, "sequential");
    return base ? ratio_within_rounds(cell, base) : spread_of(NULL, 0);
}
