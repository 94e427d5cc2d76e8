/*
 * race: many hands add one to the same counter.
 *
 *   thread A   reads 41 ........ writes 42
 *   thread B       reads 41 ........ writes 42     one of the two is lost
 *
 * "Add one" is three steps: read, add, write. Whoever reads between the
 * other's reading and writing has missed an update and will undo it.
 *
 * The counter is volatile here so that each step really happens: a compiler
 * at -O2 turns the whole loop into one "add 1000000", which is as wrong but
 * has a window too small to be seen (the way `optimised` shows it).
 */
#include "lessons/race/race.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

/* Each way is a function of its own, so that a tool can name it. */
#define NAMED __attribute__((noinline))

/* --- the fault --------------------------------------------------------- */

NAMED static void add_carelessly(volatile long *counter, long times)
{
    for (long i = 0; i < times; i++) {
        long seen = *counter;
        *counter = seen + 1;
    }
}

NAMED static void add_with_a_yield(volatile long *counter, long times)
{
    for (long i = 0; i < times; i++) {
        long seen = *counter;
        sched_yield(); /* "somebody else, please", at the worst moment */
        *counter = seen + 1;
    }
}

NAMED static void add_with_a_sleep(volatile long *counter, long times)
{
    const struct timespec moment = {0, 1000};
    for (long i = 0; i < times; i++) {
        long seen = *counter;
        nanosleep(&moment, NULL);
        *counter = seen + 1;
    }
}

NAMED static void add_optimised(volatile long *counter, long times)
{
    long *plain = (long *)counter; /* the compiler may now merge the steps */
    for (long i = 0; i < times; i++)
        *plain = *plain + 1;
}

const struct way careless = {"no lock", add_carelessly, 0},
                 careless_yielding = {"no lock with a yield", add_with_a_yield,
                                      0},
                 careless_sleeping = {"no lock with a sleep", add_with_a_sleep,
                                      0},
                 optimised = {"no lock but optimised", add_optimised, 0};

/* --- the cures --------------------------------------------------------- */

/* Only who holds the lock may touch the counter; the others sleep. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

NAMED static void add_under_mutex(volatile long *counter, long times)
{
    for (long i = 0; i < times; i++) {
        pthread_mutex_lock(&mutex);
        *counter = *counter + 1;
        pthread_mutex_unlock(&mutex);
    }
}

/* The same, but the others keep asking instead of sleeping. */
static char taken;

NAMED static void add_under_spinlock(volatile long *counter, long times)
{
    for (long i = 0; i < times; i++) {
        while (__atomic_test_and_set(&taken, __ATOMIC_ACQUIRE))
            while (__atomic_load_n(&taken, __ATOMIC_RELAXED))
                ;
        *counter = *counter + 1;
        __atomic_clear(&taken, __ATOMIC_RELEASE);
    }
}

/* The processor does the three steps as one. */
/* NOLINTBEGIN(readability-non-const-parameter): all ways have one shape. */
NAMED static void add_atomically(volatile long *counter, long times)
{
    for (long i = 0; i < times; i++)
        __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Nothing is shared until the end: each thread has a counter of its own. */
static _Thread_local volatile long own;

NAMED static void add_to_own_copy(volatile long *counter, long times)
{
    (void)counter;
    own = 0;
    for (long i = 0; i < times; i++)
        own = own + 1;
}

NAMED static void add_own_copies_up(volatile long *counter)
{
    __atomic_fetch_add(counter, own, __ATOMIC_RELAXED);
}
/* NOLINTEND(readability-non-const-parameter) */

const struct way under_mutex = {"mutex", add_under_mutex, 0},
                 under_spinlock = {"spinlock", add_under_spinlock, 0},
                 atomic = {"atomic", add_atomically, 0},
                 own_copy = {"own copy", add_to_own_copy, add_own_copies_up};
