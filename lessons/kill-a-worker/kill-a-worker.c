/*
 * kill-a-worker: four workers share forty items; one ends in mid-work.
 *
 *   processes   A . . .    killed: its memory goes with it. The parent is
 *               B . X      told, puts its item back, and the rest go on.
 *               C . . . B's
 *
 *   threads     A . . ? ? ?    cancelled while it holds the lock: the lock
 *               B . [X         stays locked. Nobody is told, all wait.
 *               C . ? ? ?
 */
#include "lessons/kill-a-worker/kill-a-worker.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void nap(double seconds)
{
    time_t whole = (time_t)seconds;
    struct timespec rest = {whole, (long)(1e9 * (seconds - (double)whole))};
    nanosleep(&rest, NULL);
}

static void finish(struct bench *b, int item, int worker)
{
    __atomic_add_fetch(&b->times[item], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&b->done_by[item], worker + 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&b->done, 1, __ATOMIC_RELEASE);
}

/* The victim's last item: it says that it has begun, and works for ever. */
static void get_stuck(struct bench *b)
{
    __atomic_store_n(&b->at_it, 1, __ATOMIC_RELEASE);
    for (;;) {
        pthread_testcancel(); /* a thread is cancelled only where it asks */
        sched_yield();
    }
}

/* Nobody takes as many as the victim before it is stuck: it is to end in
 * mid-work, however late it comes to it, and not when all is done. */
static void let_the_victim_come(const struct bench *b, int worker, int taken)
{
    while (worker != VICTIM && taken == FATAL &&
           !__atomic_load_n(&b->at_it, __ATOMIC_ACQUIRE))
        nap(b->item_seconds);
}

/* --- processes --------------------------------------------------------- */

static bool all_done(const struct bench *b)
{
    return __atomic_load_n(&b->done, __ATOMIC_ACQUIRE) == ITEMS;
}

/* Takes whatever item is free, until all are done. */
static void process(struct bench *b, int worker)
{
    int taken = 0;
    while (!all_done(b)) {
        for (int i = 0; i < ITEMS; i++) {
            int nobody = 0;
            let_the_victim_come(b, worker, taken + 1);
            if (!__atomic_compare_exchange_n(&b->holder[i], &nobody, worker + 1,
                                             false, __ATOMIC_ACQ_REL,
                                             __ATOMIC_RELAXED))
                continue;
            if (++taken == FATAL && worker == VICTIM)
                get_stuck(b);
            nap(b->item_seconds);
            finish(b, i, worker);
        }
        nap(b->item_seconds); /* nothing is free just now */
    }
    __atomic_add_fetch(&b->ended, 1, __ATOMIC_RELAXED);
}

/* What the dead worker had not done is free again. */
static void give_again(struct bench *b, int worker)
{
    for (int i = 0; i < ITEMS; i++) {
        if (__atomic_load_n(&b->holder[i], __ATOMIC_RELAXED) != worker + 1 ||
            __atomic_load_n(&b->times[i], __ATOMIC_RELAXED) > 0)
            continue;
        b->again++;
        __atomic_store_n(&b->holder[i], 0, __ATOMIC_RELEASE);
    }
}

int with_processes(struct bench *b)
{
    pid_t child[WORKERS];
    int made = 0, failed = 0;
    for (; made < WORKERS && !failed; made++) {
        child[made] = lesson_fork();
        if (child[made] == 0) {
            process(b, made);
            _exit(0);
        }
        if (child[made] < 0) {
            failed = child[made];
            break;
        }
    }
    while (!failed && !__atomic_load_n(&b->at_it, __ATOMIC_ACQUIRE)) {
        nap(b->item_seconds);
        failed = lesson_all_there(child, made);
    }
    if (!failed) {
        kill(child[VICTIM], SIGKILL);
        lesson_reap(child[VICTIM]); /* now it surely does nothing more */
        child[VICTIM] = 0;
        give_again(b, VICTIM);
    }
    return reap_all(child, made, failed);
}

/* --- threads ----------------------------------------------------------- */

/* The holder is gone in mid-work: put right what it left half done. */
static void repair(struct bench *b)
{
    if (b->taking > 0) {
        b->next = b->taking - 1;
        b->taking = 0;
        b->again++;
    }
}

static void repair_and_unlock(void *bench)
{
    struct bench *b = bench;
    repair(b);
    pthread_mutex_unlock(&b->lock);
}

/* Takes the next item, under the lock; -1 when there is none. */
static int take(const struct thread *t, int taken)
{
    struct bench *b = t->bench;
    let_the_victim_come(b, t->worker, taken);
    if (pthread_mutex_lock(&b->lock) == EOWNERDEAD) { /* robust mutexes only */
        repair(b);
        pthread_mutex_consistent(&b->lock);
    }
    int item = b->next < ITEMS ? b->next++ : -1;
    b->taking = item + 1;
    if (t->worker == VICTIM && taken == FATAL && item >= 0) {
        if (t->care == CLEANUP_HANDLER) {
            pthread_cleanup_push(repair_and_unlock, b);
            get_stuck(b);
            pthread_cleanup_pop(0);
        }
        get_stuck(b);
    }
    b->taking = 0;
    pthread_mutex_unlock(&b->lock);
    return item;
}

void *worker_thread(void *thread)
{
    struct thread *t = thread;
    int item, taken = 0;
    __atomic_store_n(&t->tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
    while ((item = take(t, ++taken)) >= 0) {
        nap(t->bench->item_seconds);
        finish(t->bench, item, t->worker);
    }
    __atomic_add_fetch(&t->bench->ended, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* The lock of the careless is any lock; a robust one knows its holder. */
int make_lock(struct bench *b, enum care care)
{
    pthread_mutexattr_t kind;
    int failed = pthread_mutexattr_init(&kind);
    if (!failed && care == ROBUST_MUTEX)
        failed = pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    if (!failed)
        failed = pthread_mutex_init(&b->lock, &kind);
    pthread_mutexattr_destroy(&kind);
    return -failed;
}
