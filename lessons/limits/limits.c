/*
 * limits: how many can there be, before something refuses?
 *
 *   one more, please  ->  fork()            -1, EAGAIN   "try again later"
 *                         pthread_create()  EAGAIN       the same words,
 *                                                        for two reasons
 *                         open()            -1, EMFILE   "too many files"
 *                         malloc()          NULL, ENOMEM "no memory"
 *
 * The kernel counts what it manages. What it does not know, it cannot count:
 * coroutines end where the memory ends.
 */
#include "lessons/limits/limits.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct refusal make_processes(long most)
{
    static pid_t child[MOST_PROCESSES];
    struct refusal r = {0, 0};
    while (r.made < most && r.made < MOST_PROCESSES && !r.told) {
        pid_t made = lesson_fork();
        if (made == 0)
            for (;;)
                pause();
        if (made < 0)
            r.told = -made;
        else
            child[r.made++] = made;
    }
    for (long i = 0; i < r.made; i++) {
        kill(child[i], SIGKILL);
        waitpid(child[i], NULL, 0);
    }
    return r;
}

static void *waiting_thread(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

struct refusal make_threads(long most, size_t stack)
{
    struct refusal r = {0, 0};
    pthread_attr_t attributes;
    pthread_t thread;
    r.told = pthread_attr_init(&attributes);
    if (!r.told && stack > 0)
        r.told = pthread_attr_setstacksize(&attributes, stack);
    while (r.made < most && !r.told) {
        r.told = pthread_create(&thread, &attributes, waiting_thread, NULL);
        if (!r.told)
            r.made++;
    }
    pthread_attr_destroy(&attributes);
    return r; /* the threads end with their process */
}

struct refusal open_descriptors(long most)
{
    struct refusal r = {0, 0};
    while (r.made < most && !r.told) {
        if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
            r.told = errno;
        else
            r.made++;
    }
    return r; /* they are closed when their process ends */
}

/* What a coroutine with a stack of its own needs: the stack. */
struct refusal make_coroutines_with_stacks(long most)
{
    struct refusal r = {0, 0};
    while (r.made < most && !r.told) {
        char *stack = mmap(NULL, OWN_STACK, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack == MAP_FAILED)
            r.told = errno;
        else
            stack[OWN_STACK - 1] = (char)++r.made; /* it has begun to run */
    }
    return r;
}

/* What one without needs: a place to keep its place. */
struct coroutine {
    int place;
    double due;
    struct coroutine *next;
};
static struct coroutine *all;

struct refusal make_coroutines_without(long most)
{
    struct refusal r = {0, 0};
    while (r.made < most && !r.told) {
        struct coroutine *c = calloc(1, sizeof *c);
        if (!c) {
            r.told = ENOMEM;
            continue;
        }
        c->next = all;
        all = c;
        r.made++;
    }
    return r;
}
