/*
 * What the statistics of a run come to, gathered once and written several times,
 * and how it is said in words.
 */
#ifndef WAITBENCH_FINDINGS_H
#define WAITBENCH_FINDINGS_H

#include "analysis/evidence.h"

struct findings {
    const struct results *results;
    struct noise_floor noise;
    struct pair *pairs; /* of all experiments; owned */
    size_t pair_count;
    /* Owned, in the form of summary.json. */
    json_t *experiments; /* one object an experiment, in the plan's order */
    json_t *slopes, *crossovers;
    json_t *sentences; /* each finding in words */
};

/* Returns 0, -ENOMEM or -E2BIG; findings_free frees what was gathered, also after an error. */
int findings_gather(struct findings *findings, const struct results *results);
void findings_free(struct findings *findings);

/* A spread as JSON; null for one of no values. */
json_t *spread_json(struct spread spread);

#endif
