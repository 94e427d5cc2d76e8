/*
 * one-big-lock: what an interpreter's lock does to its threads.
 *
 *   computing   A [run][ask]        [run]      one at a time, whoever
 *               B           [run][ask]         else there is
 *   waiting     A [drop ....... take]          all at one time: the lock
 *               B [drop ....... take]          is dropped before a wait
 *
 * CPython's is like this one: who wants the lock waits 5 ms for it, and then
 * asks; who holds it looks, between two steps, whether somebody asked.
 */
#include "lessons/one-big-lock/one-big-lock.h"

#include <errno.h>
#include <time.h>

int big_lock_init(struct big_lock *lock)
{
    *lock = (struct big_lock){0};
    pthread_condattr_t monotonic;
    int failed = -pthread_mutex_init(&lock->guard, NULL);
    if (failed)
        return failed;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    failed = -pthread_cond_init(&lock->free, &monotonic);
    if (!failed)
        failed = -pthread_cond_init(&lock->taken_over, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return failed;
}

void big_lock_destroy(struct big_lock *lock)
{
    pthread_cond_destroy(&lock->free);
    pthread_cond_destroy(&lock->taken_over);
    pthread_mutex_destroy(&lock->guard);
}

static struct timespec in_5_ms(void)
{
    struct timespec then;
    clock_gettime(CLOCK_MONOTONIC, &then);
    then.tv_nsec += 5000000;
    if (then.tv_nsec >= 1000000000) {
        then.tv_nsec -= 1000000000;
        then.tv_sec++;
    }
    return then;
}

void big_lock_take(struct big_lock *lock)
{
    pthread_mutex_lock(&lock->guard);
    while (lock->taken) {
        struct timespec until = in_5_ms();
        int waited = pthread_cond_timedwait(&lock->free, &lock->guard, &until);
        if (waited == ETIMEDOUT && lock->taken)
            __atomic_store_n(&lock->wanted, 1, __ATOMIC_RELAXED);
    }
    lock->taken = true;
    lock->takings++;
    __atomic_store_n(&lock->wanted, 0, __ATOMIC_RELAXED);
    pthread_cond_signal(&lock->taken_over);
    pthread_mutex_unlock(&lock->guard);
}

void big_lock_drop(struct big_lock *lock)
{
    pthread_mutex_lock(&lock->guard);
    lock->taken = false;
    pthread_cond_signal(&lock->free);
    pthread_mutex_unlock(&lock->guard);
}

/* Somebody asked: let go, and do not come back before they have had it. */
static void give_way(struct big_lock *lock)
{
    pthread_mutex_lock(&lock->guard);
    long takings = lock->takings;
    lock->taken = false;
    pthread_cond_signal(&lock->free);
    while (lock->takings == takings)
        pthread_cond_wait(&lock->taken_over, &lock->guard);
    pthread_mutex_unlock(&lock->guard);
    big_lock_take(lock);
}

/* One step of a program, a microsecond or so of an interpreter's work. */
static void step(struct program *program)
{
    for (volatile int i = 0; i < 500; i++)
        ;
    program->result++;
}

void compute(struct program *program)
{
    struct big_lock *lock = program->lock;
    if (lock)
        big_lock_take(lock);
    for (long i = 0; i < program->steps; i++) {
        if (lock && __atomic_load_n(&lock->wanted, __ATOMIC_RELAXED))
            give_way(lock);
        step(program);
    }
    if (lock)
        big_lock_drop(lock);
}

/* Before it waits, a program lets go of the lock: that is the whole trick. */
void wait_often(struct program *program)
{
    struct big_lock *lock = program->lock;
    const struct timespec a_while = {0, (long)(1e9 * program->wait_s)};
    if (lock)
        big_lock_take(lock);
    for (int i = 0; i < program->waits; i++) {
        step(program);
        if (lock)
            big_lock_drop(lock);
        nanosleep(&a_while, NULL);
        if (lock)
            big_lock_take(lock);
    }
    if (lock)
        big_lock_drop(lock);
}

/*
 * What a lock costs a thread that is alone. A step touches eight things; under
 * the big lock they need no locks of their own, else each has a small one.
 */
static struct {
    pthread_mutex_t lock;
    volatile long count;
} things[THINGS] = {[0 ... THINGS - 1] = {PTHREAD_MUTEX_INITIALIZER, 0}};

void touch_under_the_big_lock(struct program *program)
{
    struct big_lock *lock = program->lock;
    big_lock_take(lock);
    for (long i = 0; i < program->steps; i++) {
        if (__atomic_load_n(&lock->wanted, __ATOMIC_RELAXED))
            give_way(lock);
        for (long j = i; j < i + 8; j++)
            things[j % THINGS].count++;
        program->result++;
    }
    big_lock_drop(lock);
}

void touch_under_small_locks(struct program *program)
{
    for (long i = 0; i < program->steps; i++) {
        for (long j = i; j < i + 8; j++) {
            pthread_mutex_lock(&things[j % THINGS].lock);
            things[j % THINGS].count++;
            pthread_mutex_unlock(&things[j % THINGS].lock);
        }
        program->result++;
    }
}
