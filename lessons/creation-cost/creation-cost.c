/*
 * creation-cost: what does it cost to make somebody who does the work?
 *
 *   process     a copy of all page tables, a pid, a place among the others
 *   thread      a stack and a place, in the memory that is there
 *   coroutine   a piece of memory; the kernel hears nothing of it
 *
 * All do the same work, which is next to none: they say "one more ran".
 * A pool pays for the making once, and from then on for handing over.
 */
#include "lessons/creation-cost/creation-cost.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

struct ledger *ledger;

static void work(void)
{
    __atomic_fetch_add(&ledger->ran, 1, __ATOMIC_RELAXED);
}

/* --- processes --------------------------------------------------------- */

int a_forked_process(void)
{
    pid_t child = fork(); /* lives for microseconds: needs no watching */
    if (child < 0)
        return -errno;
    if (child == 0) {
        work();
        _exit(0);
    }
    return lesson_reap(child);
}

/* Another program, without copying this one first. It only says "true". */
int a_spawned_process(void)
{
    char *arguments[] = {"true", NULL}, *environment[] = {NULL};
    pid_t child;
    int failed =
        posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environment);
    if (failed)
        return -failed;
    failed = lesson_reap(child);
    if (!failed)
        work(); /* what it cannot do itself: it has none of our memory */
    return failed;
}

/* --- threads ----------------------------------------------------------- */

static void *thread_work(void *nothing)
{
    work();
    return nothing;
}

int a_thread(void)
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, thread_work, NULL);
    if (failed)
        return -failed;
    return -pthread_join(thread, NULL);
}

/* --- coroutines -------------------------------------------------------- */

/* With a stack: it could stop in the middle of any function it calls. */
enum { STACK = 64 * 1024 };

int a_stackful_coroutine(void)
{
    ucontext_t here, coroutine;
    char *stack = malloc(STACK);
    if (!stack)
        return -ENOMEM;
    if (getcontext(&coroutine) != 0) {
        free(stack);
        return -errno;
    }
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = STACK;
    coroutine.uc_link = &here; /* where it goes when it ends */
    makecontext(&coroutine, work, 0);
    int failed = swapcontext(&here, &coroutine) == 0 ? 0 : -errno;
    free(stack);
    return failed;
}

/* Without: all it keeps is the place where it stopped. */
struct coroutine {
    int place;
};

static void resume(struct coroutine *coroutine)
{
    switch (coroutine->place) {
    case 0:
        for (;;) {
            work();
            coroutine->place = 1;
            return; /* suspended; the next resume() goes on from here */
        case 1:;
        }
    }
}

/* noinline: or the compiler would see that nobody needs the memory. */
__attribute__((noinline)) int a_stackless_coroutine(void)
{
    struct coroutine *coroutine = malloc(sizeof *coroutine);
    if (!coroutine)
        return -ENOMEM;
    coroutine->place = 0;
    resume(coroutine);
    free(coroutine);
    return 0;
}

/* --- from a pool ------------------------------------------------------- */

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ; /* a signal came in between */
}

/* The same for a process and a thread: only their memory differs. */
void serve(void)
{
    for (;;) {
        wait_for(&ledger->task);
        if (__atomic_load_n(&ledger->closing, __ATOMIC_RELAXED))
            return;
        work();
        sem_post(&ledger->done);
    }
}

int hand_to_waiting(void)
{
    if (sem_post(&ledger->task) != 0)
        return -errno;
    wait_for(&ledger->done);
    return 0;
}

int hand_to_coroutine(void)
{
    static struct coroutine waiting;
    resume(&waiting);
    return 0;
}
