/* locks.h: what locks cost, what they do not do, and how they lock up. */
#ifndef LOCKS_H
#define LOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum { ACCOUNTS = 64, STRIPES = 16, COROUTINES = 10 };

/* Each account has a cache line to itself. */
struct account {
    _Alignas(64) volatile long balance;
};
extern struct account accounts[ACCOUNTS];

/* Thread `me` of two books `times` payments of 1, each to some account. */
void book_under_one_lock(int me, long times);
void book_under_striped_locks(int me, long times);
void book_own_accounts(int me, long times); /* shares none, needs no lock */

/* Both book to account 0; only one of them takes the lock. */
void book_first_obeying(int me, long times);
void book_first_ignoring(int me, long times);

/*
 * Two locks, and who holds and wants which (1 or 2, 0 for none), written down
 * so that a watchdog can see it. In shared memory.
 */
struct scene {
    int holds[2], wants[2]; /* only by __atomic */
};

/* Thread `me` takes both locks, in its own order or in the same for all. */
void take_both(struct scene *, int me, bool same_order);

/* Coroutines on one thread. ------------------------------------------------ */

struct lock {
    struct coroutine *holder;
};

enum state { READY, SLEEPING, WAITING, ENDED };

struct coroutine {
    int place;
    enum state state;
    double due;          /* while SLEEPING */
    struct lock *wanted; /* while WAITING */
    struct lock *first, *second;
    double nap;
    void (*resume)(struct coroutine *);
};

/* Takes a lock, sleeps (an await) and ends; releases it after or before. */
void sleep_holding(struct coroutine *);
void sleep_released(struct coroutine *);

/* Takes `first`, lets others run, takes `second`. */
void take_first_then_second(struct coroutine *);

/* Runs them all. 0, or -EDEADLK where all that are left wait for each other. */
int run_coroutines(struct coroutine *, int count);

#endif
