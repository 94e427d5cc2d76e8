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
    json_t *experiments; /* owned: one object an experiment, in the plan's order */
};

/* Returns 0, -ENOMEM or -E2BIG; findings_free frees what was gathered, also after an error. */
int findings_gather(struct findings *findings, const struct results *results);
void findings_free(struct findings *findings);

/* One sentence on a pair, such as "threads is 1.32 times as fast as processes (1.28 to 1.40)". */
char *pair_sentence(const struct pair *pair, struct noise_floor noise, char *buffer, size_t size);

/* Its verdict in the words of summary.json: "faster", "no difference seen", … */
const char *pair_verdict(const struct pair *pair);

#endif
