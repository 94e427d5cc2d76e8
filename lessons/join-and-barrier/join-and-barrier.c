/*
 * join-and-barrier: four workers make a hundred results. When may they be
 * read?
 *
 *   no join      start ---- read           too early
 *   join         start ---- wait for the end of each ---- read
 *   barrier      start ---- meet all of them --- read     they live on
 *   queue        put --- wait till each is marked done -- read  they live on
 *   background   start tasks -- my own part is done: the loop ends, and
 *                what nobody awaits ends with it
 */
#include "lessons/join-and-barrier/join-and-barrier.h"
#include "lessons/lesson.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static void make(struct results *r, int i)
{
    struct timespec rest = {0, (long)(1e9 * r->pause)};
    while (nanosleep(&rest, &rest) != 0)
        ;
    r->result[i] = (long)i * i;
    __atomic_store_n(&r->there[i], 1, __ATOMIC_RELEASE);
}

/* --- threads: no join, join, barrier ----------------------------------- */

struct worker {
    struct results *results;
    int first;
    pthread_barrier_t *meeting; /* or NULL */
};

static void *worker(void *argument)
{
    struct worker *w = argument;
    for (int i = 0; i < EACH; i++)
        make(w->results, w->first + i);
    if (w->meeting) {
        pthread_barrier_wait(w->meeting);
        for (;;)
            pause(); /* beyond the barrier it lives on, with other work */
    }
    return NULL;
}

static struct worker part[WORKERS];

static int start(struct results *r, pthread_t *thread,
                 pthread_barrier_t *meeting)
{
    int failed = 0;
    for (int k = 0; k < WORKERS && !failed; k++) {
        part[k] = (struct worker){r, k * EACH, meeting};
        failed = -pthread_create(&thread[k], NULL, worker, &part[k]);
    }
    return failed;
}

int without_join(struct results *r)
{
    pthread_t thread[WORKERS];
    int failed = start(r, thread, NULL);
    look(r);
    for (int k = 0; k < WORKERS && !failed; k++)
        failed = -pthread_detach(thread[k]);
    return failed;
}

int with_join(struct results *r)
{
    pthread_t thread[WORKERS];
    int failed = start(r, thread, NULL);
    for (int k = 0; k < WORKERS && !failed; k++)
        failed = -pthread_join(thread[k], NULL);
    look(r);
    return failed;
}

int with_a_barrier(struct results *r)
{
    static pthread_barrier_t meeting;
    pthread_t thread[WORKERS];
    int failed = -pthread_barrier_init(&meeting, NULL, WORKERS + 1);
    if (!failed)
        failed = start(r, thread, &meeting);
    if (failed)
        return failed;
    pthread_barrier_wait(&meeting); /* the last to come lets all go on */
    look(r);
    for (int k = 0; k < WORKERS && !failed; k++)
        failed = -pthread_detach(thread[k]);
    return failed;
}

/* --- a queue that counts ----------------------------------------------- */

/* Its workers never end: daemons. `open` counts what is not done yet. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more, none_open;
    int next, put, open;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .more = PTHREAD_COND_INITIALIZER,
           .none_open = PTHREAD_COND_INITIALIZER};

static void *daemon_worker(void *results)
{
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        while (queue.next == queue.put)
            pthread_cond_wait(&queue.more, &queue.lock);
        int i = queue.next++;
        pthread_mutex_unlock(&queue.lock);

        make(results, i);

        pthread_mutex_lock(&queue.lock);
        if (--queue.open == 0) /* not when taken, but when done */
            pthread_cond_signal(&queue.none_open);
    }
    return NULL;
}

int with_a_counted_queue(struct results *r)
{
    pthread_t thread;
    for (int k = 0; k < WORKERS; k++) {
        int failed = -pthread_create(&thread, NULL, daemon_worker, r);
        if (!failed)
            failed = -pthread_detach(thread); /* never to be joined */
        if (failed)
            return failed;
    }
    pthread_mutex_lock(&queue.lock);
    queue.put = queue.open = RESULTS;
    pthread_cond_broadcast(&queue.more);
    while (queue.open > 0)
        pthread_cond_wait(&queue.none_open, &queue.lock);
    pthread_mutex_unlock(&queue.lock);
    look(r);
    return 0;
}

/* --- tasks on a loop --------------------------------------------------- */

/* The loop runs until its main task is done, and no longer. A task here is a
 * due time; task k makes result k. The main task is done at `until`. */
static void run_loop(struct results *r, double until)
{
    double began = lesson_now();
    for (int k = 0; k < RESULTS; k++) {
        double due = began + r->pause * (k + 1);
        if (due > until)
            break; /* the tasks that are left end with the loop */
        while (lesson_now() < due)
            usleep(100);
        r->result[k] = (long)k * k;
        __atomic_store_n(&r->there[k], 1, __ATOMIC_RELEASE);
    }
}

/* The main task starts the others, does a bit itself, and returns. */
int tasks_nobody_awaits(struct results *r)
{
    run_loop(r, lesson_now() + r->pause * (RESULTS / 10.0 + 0.5));
    look(r);
    return 0;
}

/* The main task awaits them: it is not done before they are. */
int tasks_awaited(struct results *r)
{
    run_loop(r, lesson_now() + 1e9);
    look(r);
    return 0;
}
