/*
 * What a run needs, held against what the machine gives.
 */
#ifndef WAITBENCH_LIMITS_H
#define WAITBENCH_LIMITS_H

#include "common/model.h"

struct limits_error {
    char message[512]; /* the limit, what was asked, the command that lifts it */
};

/* Raises soft limits where that is enough. 0, or -ERANGE with a message. A message
 * beside 0 warns: the run can begin, and may not end well. */
int limits_meet(const struct model *, const struct run *, struct limits_error *);

#endif
