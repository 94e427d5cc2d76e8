/*
 * What a run needs, held against what the machine gives.
 */
#ifndef WAITBENCH_LIMITS_H
#define WAITBENCH_LIMITS_H

#include "common/model.h"

enum { LIMITS_WARNINGS = 2 };

/* Each text says the limit, what was asked, and the command that lifts it. */
struct limits_error {
    char message[512];
    char warning[LIMITS_WARNINGS][512]; /* the run can begin, and may not go well */
    int warnings;
};

/* Raises soft limits where that is enough. 0, or -ERANGE with a message. *error is
 * all zeros before; what it warns of stands there in either case. */
int limits_meet(const struct model *, const struct run *, struct limits_error *error);

#endif
