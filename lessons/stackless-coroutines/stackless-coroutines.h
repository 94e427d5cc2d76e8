/* stackless-coroutines.h: functions that keep their place. */
#ifndef STACKLESS_COROUTINES_H
#define STACKLESS_COROUTINES_H

#include "coroutines/coroutine.h"

#include <stdio.h>

/* Each part says what comes out of it: words, each with a blank behind. */
struct part {
    const char *name;
    void (*play)(FILE *out);
};
enum { FIRST_PARTS = 6, MORE_PARTS = 7 };
extern const struct part first_parts[FIRST_PARTS]; /* stackless-coroutines.c */
extern const struct part more_parts[MORE_PARTS];   /* delegation.c */

/* What one resume is measured with. ----------------------------------------*/

/* A place and a number, by hand. */
struct counter {
    int place, i;
};
int counter_next(struct counter *);

/* To compare with: no place, the number alone. */
int plain_next(int *i);

/* The numbers from next to end - 1, by coroutine.h. */
struct range {
    struct coroutine coroutine;
    int next, end;
};
bool range_step(struct coroutine *);

#endif
