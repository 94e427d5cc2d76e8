/*
 * A run in figures: what the terminal shows and what `waitbench-run/1` holds
 * (results/README.md describes its keys).
 */
#ifndef WAITBENCH_SUMMARY_H
#define WAITBENCH_SUMMARY_H

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "common/digest.h"
#include "common/model.h"

/* A percentile that rests on too few records is not known. */
struct figure {
    bool known;
    double value;
};

struct summary {
    const struct model *model;
    const struct run *run;
    char **command; /* argv */
    int command_length;
    bool concurrency_cut; /* the model serves fewer at a time than was asked */

    struct timespec started_at;  /* CLOCK_REALTIME at the call of run() */
    double spawn_s, makespan_s;  /* call of run() to the gate; gate to the last record */
    double user_s, system_s;     /* processor time of the run, children included */
    long voluntary, involuntary; /* context switches, likewise */
    long minor_faults, major_faults;

    struct run_totals totals;
    uint64_t outcomes[OUTCOMES]; /* how many of each */
    uint64_t bytes;              /* of bodies, as received */
    uint64_t peak_in_flight;     /* overlapping fetches, from the records */
    struct digest digest;
    struct figure min_ms, p50_ms, p90_ms, p99_ms, p999_ms, max_ms, mean_ms;
    struct figure first_ms; /* gate to the end of the first fetched one */
};

/*
 * Fills in all but the members above `started_at`, `started_at` itself and
 * spawn_s, from the closed run and the rusage of self and children before and
 * after it. Linear in the number of URLs. 0 or -ENOMEM.
 */
int summary_make(struct summary *, const struct rusage before[2], const struct rusage after[2]);

/* How many were not fetched. */
uint64_t summary_failed(const struct summary *);

/* For people. */
void summary_print(const struct summary *, FILE *);

/* For programs. 0, or -ENOMEM, or -EIO. */
int summary_write_json(const struct summary *, FILE *);

#endif
