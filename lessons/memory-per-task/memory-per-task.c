/*
 * memory-per-task: a thousand tasks wait. What does one of them take?
 *
 *   process     page tables and pages of its own, a stack in the kernel
 *   thread      a stack reserved, a few pages of it used, one in the kernel
 *   coroutine   a small stack, or none: a struct that keeps its place
 *
 * Reserved is not used: a stack of 8 MiB takes up addresses, and memory only
 * where it was touched.
 */
#include "lessons/memory-per-task/memory-per-task.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

int wait_as_processes(int n, pid_t *child)
{
    for (int i = 0; i < n; i++) {
        pid_t made = lesson_fork();
        if (made < 0)
            return made;
        if (made == 0)
            for (;;)
                pause();
        child[i] = made;
    }
    return 0;
}

static sem_t waiting; /* how many threads have begun to wait */

static void *waiting_thread(void *nothing)
{
    sem_post(&waiting);
    for (;;)
        pause();
    return nothing;
}

int wait_as_threads(int n, size_t stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int failed = -pthread_attr_init(&attributes);
    if (failed)
        return failed;
    if (stack > 0)
        failed = -pthread_attr_setstacksize(&attributes, stack);
    if (sem_init(&waiting, 0, 0) != 0)
        failed = -errno;
    for (int i = 0; i < n && !failed; i++)
        failed = -pthread_create(&thread, &attributes, waiting_thread, NULL);
    for (int i = 0; i < n && !failed; i++)
        while (sem_wait(&waiting) != 0)
            ; /* a signal came in between */
    pthread_attr_destroy(&attributes);
    return failed;
}

/* --- coroutines with stacks -------------------------------------------- */

struct with_stack {
    ucontext_t place;
    char *stack;
    struct with_stack *next; /* in the list of those who wait */
};
static ucontext_t caller;
static struct with_stack *running, *suspended;

static void wait_on_own_stack(void)
{
    for (;;)
        swapcontext(&running->place, &caller);
}

/* A stack of its own, in which it runs until it waits. */
static int begin(struct with_stack *c)
{
    c->stack = mmap(NULL, COROUTINE_STACK, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->stack == MAP_FAILED || getcontext(&c->place) != 0)
        return -errno;
    c->place.uc_stack.ss_sp = c->stack;
    c->place.uc_stack.ss_size = COROUTINE_STACK;
    makecontext(&c->place, wait_on_own_stack, 0);
    running = c;
    return swapcontext(&caller, &c->place) == 0 ? 0 : -errno;
}

int wait_with_stacks(int n)
{
    int failed = 0;
    for (int i = 0; i < n && !failed; i++) {
        struct with_stack *c = calloc(1, sizeof *c);
        if (!c)
            return -ENOMEM;
        c->next = suspended;
        suspended = c;
        failed = begin(c);
    }
    return failed;
}

/* --- coroutines without ------------------------------------------------ */

struct without_stack {
    int place;                  /* where it goes on */
    double due;                 /* what it waits for */
    struct without_stack *next; /* in the loop's list of those who wait */
};
static struct without_stack *all_waiting;

static void resume(struct without_stack *c)
{
    switch (c->place) {
    case 0:
        c->due = lesson_now() + 3600;
        c->place = 1;
        return; /* it waits */
    case 1:;
    }
}

int wait_without_stacks(int n)
{
    for (int i = 0; i < n; i++) {
        struct without_stack *c = calloc(1, sizeof *c);
        if (!c)
            return -ENOMEM;
        c->next = all_waiting;
        all_waiting = c;
        resume(c);
    }
    return 0;
}
