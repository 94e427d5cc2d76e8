/*
 * The plan of a run: every visit of every cell, in the order in which they are
 * made, decided before the first is made.
 *
 * A cell is one lane at one value of its experiment's axis (or one load
 * generator there, the "fastest client seen"). A round visits each cell of each
 * experiment once, in an order of its own. The orders come from the printed
 * seed alone: a Fisher–Yates shuffle fed by SplitMix64 (Steele, Lea, Flood,
 * Fast splittable pseudorandom number generators, OOPSLA 2014), bounded without
 * bias by rejection. The same seed, profile and experiments give the same plan,
 * byte for byte, on any machine.
 *
 * Single-threaded; nothing here is called while anything is measured.
 */
#ifndef WAITBENCH_PLAN_H
#define WAITBENCH_PLAN_H

#include <jansson.h>
#include <stdint.h>

#include "analysis/experiment.h"
#include "common/random.h"

struct plan_request {
    const char *profile; /* quick, talk, full */
    uint32_t seed;
    const char *build;  /* where the models are: "build" */
    const char *base;   /* where those of another build are, to be run beside them, or NULL */
    double process_s;   /* what it takes here to start a small program, in seconds */
    const char *urls;   /* a list of one's own URLs instead of the origin, or NULL */
    char *const *files; /* the experiments */
    size_t file_count;
};

/*
 * Makes the plan: a new array with one object a visit (keys in
 * results/README.md), followed by one for each cell that is too long for the
 * profile and drawn as a prediction only. Returns 0, or -EINVAL with the problem
 * worded. The caller owns *plan.
 */
int plan_make(const struct plan_request *request, json_t **plan, struct problem *problem);

/* What a run costs beside its visits: start, checks, tables and charts, in seconds. */
double plan_fixed_s(const struct plan_request *request);

/* A number from 0 to bound - 1, each as likely as any other; bound is not 0. */
uint64_t random_below(uint64_t *state, uint64_t bound);

/* `benchstat plan`; returns an exit status. */
int plan_main(int argc, char **argv);

#endif
