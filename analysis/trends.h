/*
 * What an experiment's axis shows beyond its single cells: how much one more URL or
 * worker costs (slopes), and where one lane takes over from another (crossovers).
 */
#ifndef WAITBENCH_TRENDS_H
#define WAITBENCH_TRENDS_H

#include "analysis/evidence.h"

/* What grows by how much with each further unit of an axis. */
struct slope {
    const struct cell *lane; /* its cell at the first value */
    const char *figure;      /* "cpu_s_per_url", …: results/README.md lists them */
    const char *unit;        /* "s" or "KiB" */
    const char *words;       /* "of processor time for each further URL" */
    struct spread spread;    /* of the rounds' slopes */
    size_t cells;            /* the values that they go through */
};

/*
 * All slopes of one experiment. A round is the unit here too: within each round a line is
 * fitted by least squares through the lane's cells, and the spread is that of the rounds'
 * slopes. A lane needs three valid values in a round. Since the squares of the largest
 * value weigh most, a slope is what the further unit costs where there are many.
 * Stores an array for the caller to free and its length.
 */
void slopes_of(const struct results *results, const char *experiment, struct slope **slopes,
               size_t *count);

/* Values of the axis next to each other at which a pair had one verdict. */
struct segment {
    const struct cell *from, *to;
    enum pair_verdict verdict;
};

/* A pair of lanes along its axis. */
struct crossover {
    const struct pair *first;
    struct segment *segments; /* owned */
    size_t count;
};

/*
 * Each pair of lanes that was compared at two or more values. pairs are those of one
 * experiment, as pairs_of stores them. Stores an array of *count; crossovers_free frees
 * it.
 */
void crossovers_of(const struct pair *pairs, size_t pair_count, struct crossover **crossovers,
                   size_t *count);
void crossovers_free(struct crossover *crossovers, size_t count);

#endif
