/*
 * time-slicing: more busy tasks than processors. Who runs when?
 *
 *   processor 0   A A A C C C A A A C C C
 *   processor 1   B B B D D D B B B D D D     time ->
 *
 * concurrent: their lifetimes overlap      (all four)
 * parallel:   they run at the same instant (never more than two)
 *
 * No kernel tells a task that it was stopped. But one that looks at the
 * clock all the time sees the hole in it: "a moment ago it was 10:00:00.001,
 * and now it is .005; somebody else was here."
 */
#include "lessons/time-slicing/time-slicing.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

/* Seconds of processor time that this task has had. */
static double processor_time(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

/* A new slice begins: now, on this processor. */
static struct slice *begin_slice(struct task *task, double now)
{
    static struct slice nowhere;
    if (task->slices == SLICES)
        return &nowhere; /* enough was noted */
    struct slice *slice = &task->slice[task->slices++];
    *slice = (struct slice){now, now, sched_getcpu()};
    return slice;
}

/* "I was running just now": for those who watch (--live). */
static void tell(struct task *task, const struct slice *slice)
{
    long ns = (long)(1e9 * slice->end);
    __atomic_store_n(&task->sight.cpu, slice->cpu, __ATOMIC_RELAXED);
    __atomic_store_n(&task->sight.ns, ns, __ATOMIC_RELAXED);
}

int compute(struct task *task, double deadline)
{
    struct rusage before, after;
    /* nice: "let the others go first"; nobody may take it back. */
    if ((task->nice > 0 && setpriority(PRIO_PROCESS, 0, task->nice) != 0) ||
        getrusage(RUSAGE_SELF, &before) != 0)
        return -errno;
    double now = lesson_now(), began = processor_time();
    struct slice *slice = begin_slice(task, now);
    while (now < deadline && processor_time() - began < task->seconds) {
        for (volatile int i = 0; i < 1000; i++)
            ; /* the computing: a microsecond or two of it */
        now = lesson_now();
        if (now - slice->end > GAP || sched_getcpu() != slice->cpu)
            slice = begin_slice(task, now);
        slice->end = now;
        task->looks++;
        tell(task, slice);
    }
    task->finished = now;
    task->processor_s = processor_time() - began;
    if (getrusage(RUSAGE_SELF, &after) != 0)
        return -errno;
    task->switched = after.ru_nivcsw - before.ru_nivcsw;
    return 0;
}
