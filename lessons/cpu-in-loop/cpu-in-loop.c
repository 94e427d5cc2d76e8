/*
 * cpu-in-loop: eight tasks that compute, and eight that wait.
 *
 *   one after another   AAAA BBBB CCCC           12 steps of work
 *   on a loop           A B C A B C A B C A B C  12 steps of work
 *   two threads         AAAA CCCC                6, if there are two
 *                       BBBB                     processors
 *
 * A loop saves waiting. Where nobody waits there is nothing to save: one
 * thread does the same steps in another order.
 */
#include "lessons/cpu-in-loop/cpu-in-loop.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* --- the work ---------------------------------------------------------- */

/* By trial, on purpose: it is work, and its result can be looked up. */
static bool is_prime(long n)
{
    if (n < 4)
        return n >= 2;
    if (n % 2 == 0)
        return false;
    for (long d = 3; d * d <= n; d += 2)
        if (n % d == 0)
            return false;
    return true;
}

/* One step of a task; true when it has nothing left to do. noinline: all ways
 * go through the same instructions, at the same place. */
__attribute__((noinline)) static bool step(struct counting *task)
{
    for (int i = 0; i < STEP && task->next < task->end; i++)
        task->primes += is_prime(task->next++);
    task->steps++;
    return task->next >= task->end;
}

/* --- who runs it ------------------------------------------------------- */

int one_after_another(struct counting *task)
{
    for (int i = 0; i < TASKS; i++)
        while (!step(&task[i]))
            ;
    return 0;
}

/* One step of each in turn; between the turns a loop asks what else is due. */
int on_a_loop(struct counting *task)
{
    bool done[TASKS] = {false};
    int left = TASKS;
    while (left > 0) {
        if (poll(NULL, 0, 0) < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < TASKS; i++)
            if (!done[i] && step(&task[i])) {
                done[i] = true;
                left--;
            }
    }
    return 0;
}

static void *every_second(void *argument)
{
    struct counting *first = argument;
    for (int i = 0; i < TASKS; i += 2)
        while (!step(&first[i]))
            ;
    return NULL;
}

int on_two_threads(struct counting *task)
{
    pthread_t other;
    int failed = -pthread_create(&other, NULL, every_second, &task[1]);
    if (failed)
        return failed;
    every_second(&task[0]);
    pthread_join(other, NULL);
    return 0;
}

/* --- for comparison: tasks that wait ----------------------------------- */

int waits_one_after_another(double seconds)
{
    for (int i = 0; i < TASKS; i++) {
        struct timespec rest = {(time_t)seconds,
                                (long)(1e9 * (seconds - (time_t)seconds))};
        while (nanosleep(&rest, &rest) != 0)
            ;
    }
    return 0;
}

/* All are started, and the loop asks: which of you is over? */
static int wait_for_all(struct pollfd *timer, int left)
{
    while (left > 0) {
        if (poll(timer, TASKS, -1) < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < TASKS; i++)
            if (timer[i].revents & POLLIN) {
                close(timer[i].fd);
                timer[i] = (struct pollfd){.fd = -1};
                left--;
            }
    }
    return 0;
}

int waits_on_a_loop(double seconds)
{
    struct pollfd timer[TASKS];
    struct itimerspec due = {
        .it_value = {(time_t)seconds,
                     (long)(1e9 * (seconds - (time_t)seconds))}};
    int failed = 0;
    for (int i = 0; i < TASKS; i++) {
        timer[i] = (struct pollfd){.fd = -1, .events = POLLIN};
        if (failed)
            continue;
        timer[i].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
        if (timer[i].fd < 0 || timerfd_settime(timer[i].fd, 0, &due, NULL) != 0)
            failed = -errno;
    }
    if (!failed)
        failed = wait_for_all(timer, TASKS);
    for (int i = 0; i < TASKS; i++)
        if (timer[i].fd >= 0)
            close(timer[i].fd);
    return failed;
}
