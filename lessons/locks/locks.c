/*
 * locks: what they cost, what they do not do, and how they lock up.
 *
 *   contention   A [held]      [held]        one lock: they take turns
 *                B       [held]      [held]
 *   deadlock     A holds 1, wants 2  <-->  B holds 2, wants 1
 *
 * A lock is a promise among those who keep it; it guards no memory.
 */
#include "lessons/locks/locks.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>

struct account accounts[ACCOUNTS];

/* --- one lock, many locks, none ---------------------------------------- */

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static struct {
    _Alignas(64) pthread_mutex_t lock;
} striped[STRIPES] = {[0 ... STRIPES - 1] = {PTHREAD_MUTEX_INITIALIZER}};

/* Which account the i-th payment goes to: all over the place. */
static unsigned some_account(int me, long i)
{
    return ((unsigned)i * 2654435761u + (unsigned)me * 40503u) >> 26;
}

void book_under_one_lock(int me, long times)
{
    for (long i = 0; i < times; i++) {
        pthread_mutex_lock(&one);
        accounts[some_account(me, i)].balance++;
        pthread_mutex_unlock(&one);
    }
}

/* Two who book to different accounts seldom meet at the same lock. */
void book_under_striped_locks(int me, long times)
{
    for (long i = 0; i < times; i++) {
        unsigned account = some_account(me, i);
        pthread_mutex_lock(&striped[account % STRIPES].lock);
        accounts[account].balance++;
        pthread_mutex_unlock(&striped[account % STRIPES].lock);
    }
}

/* Thread 0 has the even accounts, thread 1 the odd ones: nothing to lock. */
void book_own_accounts(int me, long times)
{
    for (long i = 0; i < times; i++)
        accounts[(some_account(me, i) & ~1u) + (unsigned)me].balance++;
}

/* --- one who ignores it ------------------------------------------------ */

__attribute__((noinline)) void book_first_obeying(int me, long times)
{
    (void)me;
    for (long i = 0; i < times; i++) {
        pthread_mutex_lock(&one);
        accounts[0].balance++;
        pthread_mutex_unlock(&one);
    }
}

__attribute__((noinline)) void book_first_ignoring(int me, long times)
{
    if (me == 0) {
        book_first_obeying(me, times);
        return;
    }
    for (long i = 0; i < times; i++)
        accounts[0].balance++; /* "I am in a hurry" */
}

/* --- deadlock between two threads -------------------------------------- */

static pthread_mutex_t pair[2] = {PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};

/* Writes down, for the watchdog, what a thread holds or wants. */
#define NOTE(what, value) __atomic_store_n(&(what), value, __ATOMIC_SEQ_CST)

/* Waits a moment (50 ms at most) until the other one holds a lock, too. */
static void let_the_other_come(const struct scene *scene, int me)
{
    double until = lesson_now() + 0.05;
    while (!__atomic_load_n(&scene->holds[1 - me], __ATOMIC_SEQ_CST) &&
           lesson_now() < until)
        ;
}

void take_both(struct scene *scene, int me, bool same_order)
{
    int first = same_order ? 0 : me, second = 1 - first;
    NOTE(scene->wants[me], first + 1);
    pthread_mutex_lock(&pair[first]);
    NOTE(scene->holds[me], first + 1);
    let_the_other_come(scene, me);
    NOTE(scene->wants[me], second + 1);
    pthread_mutex_lock(&pair[second]); /* here they may sit for ever */
    NOTE(scene->wants[me], 0);
    NOTE(scene->holds[me], 0);
    pthread_mutex_unlock(&pair[second]);
    pthread_mutex_unlock(&pair[first]);
}

/* --- the same among coroutines, on one thread -------------------------- */

/* What a coroutine does at an await: notes its place and lets others run. */
#define AWAIT(c, how)          \
    do {                       \
        (c)->state = (how);    \
        (c)->place = __LINE__; \
        return;                \
    case __LINE__:;            \
    } while (0)

#define TAKE(c, lock)         \
    while ((lock)->holder) {  \
        (c)->wanted = (lock); \
        AWAIT(c, WAITING);    \
    }                         \
    (lock)->holder = (c)

void sleep_holding(struct coroutine *c)
{
    switch (c->place) {
    case 0:
        TAKE(c, c->first);
        c->due = lesson_now() + c->nap;
        AWAIT(c, SLEEPING); /* all the others wait for the lock meanwhile */
        c->first->holder = NULL;
        c->state = ENDED;
    }
}

void sleep_released(struct coroutine *c)
{
    switch (c->place) {
    case 0:
        TAKE(c, c->first);
        c->due = lesson_now() + c->nap;
        c->first->holder = NULL; /* what needed the lock is done */
        AWAIT(c, SLEEPING);
        c->state = ENDED;
    }
}

void take_first_then_second(struct coroutine *c)
{
    switch (c->place) {
    case 0:
        TAKE(c, c->first);
        AWAIT(c, READY); /* the other one comes, and takes its first */
        TAKE(c, c->second);
        c->second->holder = c->first->holder = NULL;
        c->state = ENDED;
    }
}

static bool can_go_on(const struct coroutine *c)
{
    return c->state == READY || (c->state == WAITING && !c->wanted->holder) ||
           (c->state == SLEEPING && c->due <= lesson_now());
}

int run_coroutines(struct coroutine *all, int count)
{
    for (;;) {
        int ended = 0, went_on = 0;
        double next = INFINITY;
        for (int i = 0; i < count; i++) {
            if (can_go_on(&all[i])) {
                all[i].resume(&all[i]);
                went_on++;
            }
            ended += all[i].state == ENDED;
            if (all[i].state == SLEEPING)
                next = fmin(next, all[i].due);
        }
        if (ended == count)
            return 0;
        if (went_on)
            continue;
        if (isinf(next))
            return -EDEADLK; /* nobody can run, and nobody will wake */
        double rest = fmax(next - lesson_now(), 0);
        poll(NULL, 0, (int)ceil(1e3 * rest)); /* sleeps so many ms */
    }
}
