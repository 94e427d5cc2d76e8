/*
 * processes-from-async: forty jobs, each a process, eight at one time.
 *
 *   blocking     start eight; wait() until any of them ends; start one more
 *   event loop   start eight, watch a descriptor of each; whichever is
 *                readable has ended: collect it, start one more
 *
 * Both sleep until a process ends, and the kernel wakes both as it does. A
 * loop is for those who have something else to watch meanwhile.
 */
#include "lessons/processes-from-async/processes-from-async.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- a job ------------------------------------------------------------- */

/* A process of its own; its exit status says which job it was. */
static pid_t start_job(struct jobs *j)
{
    int k = j->started;
    pid_t child = lesson_fork();
    if (child < 0)
        return child;
    if (child == 0) {
        struct timespec rest = {
            (time_t)j->seconds,
            (long)(1e9 * (j->seconds - (time_t)j->seconds))};
        while (nanosleep(&rest, &rest) != 0)
            ;
        _exit(k);
    }
    j->started++;
    if (j->started - j->ended > j->most_at_once)
        j->most_at_once = j->started - j->ended;
    return child;
}

static void collect(struct jobs *j, int exited, int status)
{
    j->ended++;
    if (exited && status < j->count)
        j->done[status] = true;
}

int one_after_another(struct jobs *j)
{
    j->at_once = 1;
    return blocking_wait(j);
}

/* --- the plain way ----------------------------------------------------- */

enum { BLOCKING_BEGINS = __LINE__ };

int blocking_wait(struct jobs *j)
{
    int failed = 0;
    while (j->ended < j->started || (j->started < j->count && !failed)) {
        while (!failed && j->started < j->count &&
               j->started - j->ended < j->at_once) {
            pid_t child = start_job(j);
            failed = child < 0 ? child : 0;
        }
        if (j->ended == j->started)
            break; /* not one could be started: nobody to wait for */
        int status;
        if (waitpid(-1, &status, 0) > 0)
            collect(j, WIFEXITED(status), WEXITSTATUS(status));
        else if (errno != EINTR)
            return -errno;
    }
    return failed;
}

const int blocking_lines = __LINE__ - BLOCKING_BEGINS - 3;

/* --- on an event loop -------------------------------------------------- */

enum { LOOP_BEGINS = __LINE__ };

/* Starts a job and lets the loop watch it. */
static int start_watched(struct jobs *j, int epoll)
{
    pid_t child = start_job(j);
    if (child < 0)
        return child;
    int job = (int)syscall(SYS_pidfd_open, child, 0);
    struct epoll_event ends = {.events = EPOLLIN, .data.fd = job};
    if (job >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, job, &ends) == 0)
        return 0;
    int failed = -errno, status;
    if (job >= 0)
        close(job);
    waitpid(child, &status, 0); /* it ends soon by itself */
    j->ended++;
    return failed;
}

/* The loop called: this job has ended. */
static int job_ended(struct jobs *j, int epoll, int job)
{
    siginfo_t how;
    if (waitid(P_PIDFD, (id_t)job, &how, WEXITED) != 0)
        return -errno;
    /* Closing is not enough: children forked meanwhile hold it open, too. */
    epoll_ctl(epoll, EPOLL_CTL_DEL, job, NULL);
    close(job);
    collect(j, how.si_code == CLD_EXITED, how.si_status);
    return 0;
}

int event_loop(struct jobs *j)
{
    int failed = 0, epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return -errno;
    while (j->ended < j->started || (j->started < j->count && !failed)) {
        while (!failed && j->started < j->count &&
               j->started - j->ended < j->at_once)
            failed = start_watched(j, epoll);
        if (j->ended == j->started)
            break; /* not one could be started: nobody to wait for */
        struct epoll_event ended[AT_ONCE_MOST];
        int n = epoll_wait(epoll, ended, AT_ONCE_MOST, -1);
        for (int i = 0; i < n && failed != -ECHILD; i++) {
            int bad = job_ended(j, epoll, ended[i].data.fd);
            failed = failed ? failed : bad;
        }
        if (n < 0 && errno != EINTR) {
            failed = -errno;
            break;
        }
    }
    close(epoll);
    return failed;
}

const int loop_lines = __LINE__ - LOOP_BEGINS - 3;
