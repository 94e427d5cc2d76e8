/*
 * await-race: a thousand coroutines on one thread add one to one counter.
 *
 *   no await     A: read 0, write 1   B: read 1, write 2    nothing lost
 *   await        A: read 0 -await-    B: read 0 -await-
 *   between      A: write 1           B: write 1            one lost
 *
 * Coroutines switch only where the code says `await`. Between two awaits
 * nobody else runs; across one, anything may have changed. A coroutine here
 * is a function with a saved place, to which `switch` jumps back.
 */
#include "lessons/await-race/await-race.h"

#include <stdbool.h>

struct task {
    int place;    /* where it goes on: a line number; 0: at the start */
    int left;     /* how often it has yet to add */
    long seen;    /* what must outlive an await is kept here */
    bool waiting; /* for the lock */
    bool finished;
};

#define COROUTINE(t)      \
    switch ((t)->place) { \
    case 0:
#define AWAIT(t)               \
    do {                       \
        (t)->place = __LINE__; \
        return;                \
    case __LINE__:;            \
    } while (0)
#define END(t) \
    }          \
    (t)->finished = true

static long counter;

/* --- the coroutines ---------------------------------------------------- */

static void add_without_await(struct task *t)
{
    COROUTINE(t);
    for (; t->left > 0; t->left--) {
        t->seen = counter;
        counter = t->seen + 1; /* nobody came between */
        AWAIT(t);
    }
    END(t);
}

static void add_with_await_between(struct task *t)
{
    COROUTINE(t);
    for (; t->left > 0; t->left--) {
        t->seen = counter;
        AWAIT(t); /* all the others run here */
        counter = t->seen + 1;
    }
    END(t);
}

/* The cure that costs nothing: await first, then read and write at once. */
static void add_with_await_before(struct task *t)
{
    COROUTINE(t);
    for (; t->left > 0; t->left--) {
        AWAIT(t);
        t->seen = counter;
        counter = t->seen + 1;
    }
    END(t);
}

/* --- a lock for coroutines --------------------------------------------- */

/* Who cannot have it waits in a queue; the owner hands it to the first. */
static struct {
    struct task *owner, *queue[TASKS_MOST];
    int first, waiting;
} lock;

static void ask_for_lock(struct task *t)
{
    if (!lock.owner) {
        lock.owner = t;
        return;
    }
    t->waiting = true;
    lock.queue[(lock.first + lock.waiting++) % TASKS_MOST] = t;
}

static void release_lock(void)
{
    lock.owner = lock.waiting > 0 ? lock.queue[lock.first] : 0;
    if (!lock.owner)
        return;
    lock.owner->waiting = false;
    lock.first = (lock.first + 1) % TASKS_MOST;
    lock.waiting--;
}

/* The cure for when the await in between has to be. */
static void add_under_lock(struct task *t)
{
    COROUTINE(t);
    for (; t->left > 0; t->left--) {
        ask_for_lock(t);
        while (lock.owner != t)
            AWAIT(t);
        t->seen = counter;
        AWAIT(t);
        counter = t->seen + 1;
        release_lock();
    }
    END(t);
}

/* --- the scheduler ----------------------------------------------------- */

static void (*const coroutines[WAYS])(struct task *) = {
    [NO_AWAIT] = add_without_await,
    [AWAIT_BETWEEN] = add_with_await_between,
    [AWAIT_BEFORE] = add_with_await_before,
    [LOCKED] = add_under_lock,
};

/* In turn, always in the same order: there is no chance in it. */
long run_coroutines(enum way way, int tasks, int times, long *resumed)
{
    static struct task task[TASKS_MOST];
    counter = 0;
    *resumed = 0;
    for (int i = 0; i < tasks; i++)
        task[i] = (struct task){.left = times};
    for (int unfinished = tasks; unfinished > 0;)
        for (int i = 0; i < tasks; i++) {
            if (task[i].finished || task[i].waiting)
                continue;
            coroutines[way](&task[i]);
            ++*resumed;
            unfinished -= task[i].finished;
        }
    return counter;
}
