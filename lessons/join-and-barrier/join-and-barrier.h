/* join-and-barrier.h: ways to know that others have done their part. */
#ifndef JOIN_AND_BARRIER_H
#define JOIN_AND_BARRIER_H

#include <stdbool.h>

enum { RESULTS = 100, WORKERS = 4, EACH = RESULTS / WORKERS };

/*
 * Where the results go: result[i] is i × i once it is there. In memory that
 * outlives the process that runs a way. pause: how long one result takes.
 */
struct results {
    int there[RESULTS];
    long result[RESULTS];
    double pause;

    /* What the way saw at the moment when it went on. */
    int seen, alive; /* results; workers that had not ended */
    long sum;
};

/*
 * Each makes all RESULTS results by workers or tasks, goes on at the moment at
 * which it believes them done, and then calls look(). It may leave workers
 * behind: to be called in a process of its own. 0 or -errno.
 */
int without_join(struct results *);
int with_join(struct results *);
int with_a_barrier(struct results *);
int with_a_counted_queue(struct results *);
int tasks_nobody_awaits(struct results *);
int tasks_awaited(struct results *);

/* Counts and adds up the results that are there, and the workers alive. */
void look(struct results *);

#endif
