/*
 * What one cell says as a whole, over its visits: the ledger's columns that both
 * summary.json and the tables show.
 */
#ifndef WAITBENCH_CELLS_H
#define WAITBENCH_CELLS_H

#include <stddef.h>

#include "analysis/evidence.h"

/* The greatest of a figure of struct visit_seen, by its offset there; NAN where a
 * visit does not know it. */
double cell_extreme(const struct cell *cell, size_t offset);
#define CELL_MOST(cell, member) cell_extreme(cell, offsetof(struct visit_seen, member))

/* The most of a figure that the meter saw, such as "tasks.threads"; NAN where a visit has none. */
double cell_most_metered(const struct cell *cell, const char *path);

/* The digest that every visit has; NULL where they differ or one has none. */
const char *cell_digest(const struct cell *cell);

/* The most of "asked", "made", "lost" or "rebuilt" workers in a visit; NAN where no run says. */
double cell_workers(const struct cell *cell, const char *key);

/* As the origin saw it, the mean over all visits; NAN where one is unknown. */
double cell_mean_in_flight(const struct cell *cell);

/* Whether rule 2 was judged by the origin's peak in every visit. */
bool cell_waits(const struct cell *cell);

/* What most visits say bounded them; the first named of origin, client, latency wins a tie. */
const char *cell_bound(const struct cell *cell);

/* The share of the ideal: ⌈N/C⌉·T over the median time. */
double cell_share_of_ideal(const struct cell *cell);

/* By hyperfine: a model, or a peer beside it. */
bool cell_is_timed(const struct cell *cell);

/* How many times as long as async: what a peer is held against. n is 0 without an async. */
struct spread ratio_to_async(const struct results *results, const struct cell *cell);

/* How many times as long sequential takes. */
struct spread ratio_to_sequential(const struct results *results, const struct cell *cell);

#endif
