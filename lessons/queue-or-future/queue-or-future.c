/*
 * queue-or-future: eight jobs, and two ways to hand them out.
 *
 *   queue     put 1 2 3 .. 8 in; whoever is free takes the next; results
 *             come back in the order in which they are done
 *   future    start 1, start 2, ..; each start returns a promise at once;
 *             asking the promise waits for that one result
 *
 * Both ways with threads, which share memory, and with processes, which need
 * a pipe for every word.
 */
#include "lessons/queue-or-future/queue-or-future.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* --- threads, queue ---------------------------------------------------- */
enum { THREADS_QUEUE = __LINE__ };

struct queue {
    long (*work)(int);
    int next; /* by __atomic: the queue is just a number here */
    long *result;
};

static void *queue_thread(void *argument)
{
    struct queue *q = argument;
    int job;
    while ((job = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED)) < JOBS)
        q->result[job] = q->work(job);
    return NULL;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the threads write to it. */
int threads_with_a_queue(long (*work)(int), long result[JOBS])
{
    struct queue q = {work, 0, result};
    pthread_t thread[JOBS];
    int made = 0, failed = 0;
    for (; made < JOBS && !failed; made += !failed)
        failed = -pthread_create(&thread[made], NULL, queue_thread, &q);
    while (made > 0)
        pthread_join(thread[--made], NULL);
    return failed;
}

/* --- threads, futures -------------------------------------------------- */
enum { THREADS_FUTURE = __LINE__ };

struct future {
    long (*work)(int);
    int job;
    long result;
    pthread_t thread;
};

static void *future_thread(void *argument)
{
    struct future *f = argument;
    f->result = f->work(f->job);
    return NULL;
}

int threads_with_futures(long (*work)(int), long result[JOBS])
{
    struct future f[JOBS];
    int made = 0, failed = 0;
    for (; made < JOBS && !failed; made += !failed) {
        f[made] = (struct future){.work = work, .job = made};
        failed =
            -pthread_create(&f[made].thread, NULL, future_thread, &f[made]);
    }
    for (int i = 0; i < made; i++) {
        pthread_join(f[i].thread, NULL);
        result[i] = f[i].result;
    }
    return failed;
}

/* --- processes, queue -------------------------------------------------- */
enum { PROCESSES_QUEUE = __LINE__ };

struct done {
    int job;
    long result;
};

/* Reads job numbers from one pipe, writes results to the other; a line of
 * either is small enough to come whole (PIPE_BUF). */
static void queue_process(long (*work)(int), const int jobs[2],
                          const int results[2])
{
    int job;
    close(jobs[1]); /* or the queue would never end */
    while (read(jobs[0], &job, sizeof job) == sizeof job) {
        struct done done = {.job = job, .result = work(job)};
        if (write(results[1], &done, sizeof done) != sizeof done)
            _exit(1);
    }
    _exit(0);
}

int processes_with_a_queue(long (*work)(int), long result[JOBS])
{
    int jobs[2], results[2], made = 0, failed = 0;
    pid_t child[JOBS];
    if (pipe2(jobs, O_CLOEXEC) != 0)
        return -errno;
    if (pipe2(results, O_CLOEXEC) != 0) {
        failed = -errno;
        close(jobs[0]);
        close(jobs[1]);
        return failed;
    }
    for (; made < JOBS && !failed; made += !failed) {
        child[made] = lesson_fork();
        if (child[made] == 0)
            queue_process(work, jobs, results);
        failed = child[made] < 0 ? child[made] : 0;
    }
    for (int job = 0; job < JOBS && !failed; job++)
        if (write(jobs[1], &job, sizeof job) != sizeof job)
            failed = -EIO;
    close(jobs[0]);
    close(jobs[1]);
    close(results[1]);
    struct done done;
    while (read(results[0], &done, sizeof done) == sizeof done)
        result[done.job] = done.result;
    close(results[0]);
    while (made > 0) {
        int bad = lesson_reap(child[--made]);
        failed = failed ? failed : bad;
    }
    return failed;
}

/* --- processes, futures ------------------------------------------------ */
enum { PROCESSES_FUTURE = __LINE__ };

int processes_with_futures(long (*work)(int), long result[JOBS])
{
    int promise[JOBS][2], made = 0, failed = 0;
    pid_t child[JOBS];
    for (; made < JOBS && !failed; made += !failed) {
        if (pipe2(promise[made], O_CLOEXEC) != 0) {
            failed = -errno;
            break;
        }
        child[made] = lesson_fork();
        if (child[made] == 0) {
            long value = work(made);
            if (write(promise[made][1], &value, sizeof value) != sizeof value)
                _exit(1);
            _exit(0);
        }
        close(promise[made][1]);
        failed = child[made] < 0 ? child[made] : 0;
        if (failed)
            close(promise[made][0]);
    }
    for (int i = 0; i < made; i++) {
        if (read(promise[i][0], &result[i], sizeof result[i]) !=
                sizeof result[i] &&
            !failed)
            failed = -EIO;
        close(promise[i][0]);
        int bad = lesson_reap(child[i]);
        failed = failed ? failed : bad;
    }
    return failed;
}

enum { THE_END = __LINE__ };

const int lines_of_code[4] = {
    THREADS_FUTURE - THREADS_QUEUE - 4, PROCESSES_QUEUE - THREADS_FUTURE - 4,
    PROCESSES_FUTURE - PROCESSES_QUEUE - 4, THE_END - PROCESSES_FUTURE - 3};
