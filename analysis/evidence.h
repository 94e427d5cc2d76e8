/*
 * What the proven visits say: medians with their exact intervals, pairs of
 * lanes compared within rounds, the noise floors of lanes that stand twice, and
 * the costs of a fetch that the cost models are drawn with.
 *
 * A round is the unit: each lane gives one value a round, and pairs are formed
 * within it. Nothing is averaged over rounds before, and no value is left out.
 */
#ifndef WAITBENCH_EVIDENCE_H
#define WAITBENCH_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/results.h"
#include "common/statistics.h"

/* A median with its exact interval; all NAN and n 0 where a value is unknown. */
struct spread {
    size_t n;
    double median, low, high, coverage;
};

/* Of n values, which it sorts. */
struct spread spread_of(double *values, size_t n);

/* One figure of a visit, by its place in struct visit_seen. */
enum figure {
    WALL,     /* hyperfine's: process start to exit */
    MAKESPAN, /* the gate to the last record */
    SPAWN,    /* the call of run() to the gate */
    RATE,     /* fetches a second */
    FIRST,    /* milliseconds from the gate to the first result */
    LATE,     /* seconds from due to done that 99 % of fetches keep to; of an open loop only */
    SMALL_P50,
    SMALL_P99,
    SMALL_MAX, /* seconds that small bodies took; known where the visit kept its records */
    CPU_EACH,  /* processor seconds a fetch, the whole process and its children */
    VOLUNTARY_EACH,
    INVOLUNTARY_EACH, /* context switches a fetch */
    CLIENT_SHARE,
    ORIGIN_SHARE /* of one processor */
};
double figure_of(const struct visit_seen *seen, enum figure figure);
struct spread cell_spread(const struct cell *cell, enum figure figure);

/*
 * What a cell is compared by: WALL without an axis or beside peers, LATE in an open loop,
 * whose time is the rate's, else MAKESPAN. How that stands in summary.json: "wall_s", "p99_s",
 * "makespan_s".
 */
enum figure compared_figure(const struct cell *cell);
const char *compared_name(const struct cell *cell);

/* Whether lanes can be compared here at all: in an open loop only at a rate that all of them
 * have in common. */
bool has_common_rate(const struct cell *cell);

/* The cell of another lane in the same experiment at the same value, or NULL. */
const struct cell *beside(const struct results *results, const struct cell *cell, const char *lane);

/*
 * How many times as long base takes as cell, within rounds: the spread of the
 * ratios. n is 0 where no round holds both.
 */
struct spread ratio_within_rounds(const struct cell *cell, const struct cell *base);

/* Whose twins a noise floor rests on. */
enum floor_source { SAME_VALUE, SAME_EXPERIMENT, WHOLE_RUN };

/* A noise floor: how far apart two lanes that are the same come out. */
struct noise_floor {
    size_t values; /* within-round ratios of twins that it rests on */
    double ratio;  /* the larger over the smaller; NAN without any */
    enum floor_source source;
};

/* Of single rounds: the 95th percentile of the within-round ratios of times, all twins of the
 * run together. It is what the run as a whole was worth, and is printed beside each floor. */
struct noise_floor noise_floor_of(const struct results *results);

/*
 * The floor that a median over so many rounds is held against, for cells like this one.
 *
 * Noise differs from cell to cell: a few in flight that wait scatter by a hundredth where
 * hundreds that compete for a processor scatter by a third. So the twins at the same
 * value of the same experiment decide. And what is compared is a median of rounds, not a
 * round: so the floor is how far a median of so many ratios of twins stays from 1 with
 * probability 95 % (median_noise), and at least how far apart the twins' own medians are.
 *
 * Fewer than 14 ratios (two twins in seven rounds) are too few to be alone: then the
 * floor is the larger of theirs and of all twins of the experiment; where those are too
 * few as well, of theirs and of all twins of the run (noise_floor_of). Only twins of the
 * figure that the cell is compared by count. The choice is by counts alone, before any
 * value is looked at.
 */
struct noise_floor noise_floor_at(const struct results *results, const struct cell *cell,
                                  size_t rounds);

enum pair_verdict { FASTER, SLOWER, NO_DIFFERENCE, TOO_FEW, NO_TWINS, NO_PROCESSORS };

/* Two lanes at one value of an experiment. */
struct pair {
    const struct cell *a, *b;
    struct spread ratio; /* b's time over a's: above 1 where a is faster */
    struct signed_rank test;
    double p_holm;
    struct noise_floor floor;
    enum pair_verdict verdict; /* a, said of b */
    bool builds;               /* one lane by two builds (against), not two lanes of one build */
};

/*
 * All pairs of valid cells of one experiment, each lane once (lanes repeated for the
 * floor are left out). A lane that stands against another is paired with that one only,
 * and no other lane with it: such pairs are a family of their own. Each family is
 * adjusted by Holm. "Faster" needs an adjusted p of at most 0.05 and a median ratio
 * beyond its floor; where so few rounds could not reach that p at all the verdict is
 * TOO_FEW, where no lane of the run stands twice NO_TWINS. Where the client had all processors and
 * the machine has no two to give, it is NO_PROCESSORS. Stores an array for the caller to free and
 * its length; returns 0 or -E2BIG.
 */
int pairs_of(const struct results *results, const char *experiment, struct pair **pairs,
             size_t *count);

/* CPU seconds of the client: start once, first a connection, kept a further fetch. */
struct fetch_costs {
    bool known;
    double start, first, kept;
};

/*
 * Least squares of the client's CPU time over all visits of one lane in one
 * experiment, on the fetches that opened a connection and those that did not.
 * The CPU time is that of the run less spawn_s: what workers use before the gate
 * cannot be read apart from the rest where they are processes, but on one
 * processor it is at most the time that passes, and nearly that. What they use
 * to end is still in it. A lane whose connections never vary (sequential) has
 * its first fetch's extra cost in start: first is then 0. Unknown where all
 * counts are one.
 */
struct fetch_costs costs_of(const struct results *results, const struct cell *lane);

/*
 * The cost model's makespan (docs/method.md):
 * max(⌈N/C⌉·T + min(C,N)·first, N·kept + T).
 */
double model_makespan(double count, double concurrency, double delay_s, struct fetch_costs costs);

#endif
