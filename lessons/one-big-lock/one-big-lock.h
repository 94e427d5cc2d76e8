/* one-big-lock.h: a lock that an interpreter holds while it runs anything. */
#ifndef ONE_BIG_LOCK_H
#define ONE_BIG_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/* The lock; `wanted` asks whoever holds it to let go at the next step. */
struct big_lock {
    pthread_mutex_t guard;
    pthread_cond_t free, taken_over;
    bool taken;
    long takings;
    int wanted; /* only by __atomic */
};

int big_lock_init(struct big_lock *);
void big_lock_destroy(struct big_lock *);
void big_lock_take(struct big_lock *);
void big_lock_drop(struct big_lock *);

/*
 * One program's thread: so many steps of computing, or so many waits. The lock
 * may be NULL: then everybody runs as the machine lets them.
 */
struct program {
    struct big_lock *lock;
    long steps;    /* of computing */
    int waits;     /* or of waiting, */
    double wait_s; /* each this long */
    long result;   /* what was computed: one for each step */
};

void compute(struct program *);
void wait_often(struct program *);

/* Steps that touch eight of so many things each, in one thread. */
enum { THINGS = 64 };
void touch_under_the_big_lock(struct program *);
void touch_under_small_locks(struct program *);

#endif
