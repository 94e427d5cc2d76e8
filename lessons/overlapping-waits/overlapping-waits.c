/*
 * overlapping-waits: three waits, of 3, 1 and 1 units. Do they add up?
 *
 *   one after another  [---3---][1][1]        5 units
 *   all at once        [---3---]
 *                      [1]                    3 units and a bit
 *                      [1]
 *
 * A wait needs no processor. Who waits may be a process, a thread, or a
 * line in a loop's list: the clock cannot tell.
 */
#include "lessons/overlapping-waits/overlapping-waits.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static struct timespec timespec_of(double seconds)
{
    time_t whole = (time_t)seconds;
    return (struct timespec){whole, (long)(1e9 * (seconds - (double)whole))};
}

/* Waits as any blocking call does: whoever calls can do nothing else. */
static void block(struct wait *waits, int i)
{
    struct timespec rest = timespec_of(waits[i].seconds);
    wait_starts(waits, i);
    while (nanosleep(&rest, &rest) != 0)
        ;
    wait_ends(waits, i);
}

int one_after_another(struct wait *waits)
{
    for (int i = 0; i < WAITS; i++)
        block(waits, i);
    return 0;
}

/* A process a wait: the kernel lets all of them sleep side by side. */
int as_processes(struct wait *waits)
{
    pid_t child[WAITS];
    int made = 0, failed = 0;
    for (; made < WAITS; made++) {
        child[made] = lesson_fork();
        if (child[made] < 0) {
            failed = child[made];
            break;
        }
        if (child[made] == 0) {
            block(waits, made);
            _exit(0);
        }
    }
    while (made > 0) {
        int bad = lesson_reap(child[--made]);
        failed = failed ? failed : bad;
    }
    return failed;
}

struct task {
    struct wait *waits;
    int i;
};

static void *blocking_thread(void *argument)
{
    struct task *task = argument;
    block(task->waits, task->i);
    return NULL;
}

/* A thread a wait: the same, in one memory. */
int as_threads(struct wait *waits)
{
    pthread_t thread[WAITS];
    struct task task[WAITS];
    int made = 0, failed = 0;
    for (; made < WAITS && !failed; made++) {
        task[made] = (struct task){waits, made};
        failed =
            -pthread_create(&thread[made], NULL, blocking_thread, &task[made]);
        if (failed)
            break;
    }
    while (made > 0)
        pthread_join(thread[--made], NULL);
    return failed;
}

/* Starts wait i without waiting: a descriptor that is readable when over. */
static int start_timer(struct wait *waits, int i)
{
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer < 0)
        return -errno;
    struct itimerspec due = {.it_value = timespec_of(waits[i].seconds)};
    wait_starts(waits, i);
    if (timerfd_settime(timer, 0, &due, NULL) != 0) {
        int failed = -errno;
        close(timer);
        return failed;
    }
    return timer;
}

/* One thread, a list of waits, and one question: which of you is over? */
int on_a_loop(struct wait *waits)
{
    struct pollfd waiting[WAITS];
    int left = 0, failed = 0;
    for (; left < WAITS && !failed; left++) {
        int timer = start_timer(waits, left);
        if (timer < 0) {
            failed = timer;
            break;
        }
        waiting[left] = (struct pollfd){.fd = timer, .events = POLLIN};
    }
    int started = left;
    while (left > 0 && !failed) {
        if (poll(waiting, WAITS, -1) < 0 && errno != EINTR)
            failed = -errno;
        for (int i = 0; i < WAITS && !failed; i++) {
            if (!(waiting[i].revents & POLLIN))
                continue;
            wait_ends(waits, i);
            close(waiting[i].fd);
            /* poll passes over it from now on */
            waiting[i] = (struct pollfd){.fd = -1};
            left--;
        }
    }
    for (int i = 0; i < started; i++)
        if (waiting[i].fd >= 0)
            close(waiting[i].fd);
    return failed;
}
