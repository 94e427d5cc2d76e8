/* creation-cost.h: making somebody who does a piece of work, and is gone. */
#ifndef CREATION_COST_H
#define CREATION_COST_H

#include <semaphore.h>

/* What the work is: one more has run. In memory shared with all processes. */
struct ledger {
    long ran;         /* only by __atomic */
    sem_t task, done; /* the pool's: a task is there, a task is done */
    int closing;      /* the pool's: the next task is to go home */
};
extern struct ledger *ledger;

/* Each makes one, waits until it ran and is gone: 0, or -errno. */
int a_forked_process(void);
int a_spawned_process(void);
int a_thread(void);
int a_stackful_coroutine(void);
int a_stackless_coroutine(void);

/* Somebody made beforehand. The work is handed over and waited for. */
int hand_to_waiting(void);   /* a process or thread in serve() */
int hand_to_coroutine(void); /* one stackless coroutine, resumed again */

/* What a process or thread of the pool does until the pool is closing. */
void serve(void);

#endif
