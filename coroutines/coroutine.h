/*
 * Coroutines without a stack of their own: functions that stop in the middle
 * and go on from there when resumed. The place is kept as a line number, and a
 * `switch` at the top jumps to it (Simon Tatham, "Coroutines in C", 2000).
 *
 *     struct range { struct coroutine coroutine; int next, end; };
 *
 *     static bool range(struct coroutine *co)
 *     {
 *         struct range *self = (struct range *)co;
 *         CO_BEGIN(co);
 *         for (; self->next < self->end; self->next++)
 *             CO_YIELD(co, self->next);
 *         CO_END(co);
 *     }
 *
 * The rule: a local variable does not survive a yield, an await or a delegate;
 * what must, lives in the struct, as `next` does. GCC refuses a local that is
 * initialised before one of them in its block, and, when it optimises, one set
 * before and read after. Nobody catches a local above CO_BEGIN that is changed
 * below it (each resume sets it anew, as `self`), nor one whose address was
 * handed on. One of them a line, and none in a `switch` of the function's own.
 */
#ifndef WAITBENCH_COROUTINE_H
#define WAITBENCH_COROUTINE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __clang__ /* for the rest of the file that includes this */
#pragma GCC diagnostic error "-Wjump-misses-init"
#pragma GCC diagnostic error "-Wmaybe-uninitialized"
#endif

/* Starts as {.step = function}. One thread at a time may resume it. */
struct coroutine {
    bool (*step)(struct coroutine *);
    struct coroutine *inner; /* what it delegates to now, or NULL */
    intptr_t in, out; /* last sent in, last yielded: a number or an address */
    int place;        /* a line, or one of these: */
};
enum { CO_NEW = 0, CO_RUNNING = -1, CO_CLOSING = -2, CO_ENDED = -3 };

/* Runs it to its next stop: true, `out` is what it yielded; or to its end:
 * false, now and ever after. */
static inline bool coroutine_resume(struct coroutine *co, intptr_t in)
{
    co->in = in;
    return co->step(co);
}

/* Ends it early: what it delegates to first, then what follows CO_FINALLY is
 * run. One that has not begun, or has ended, has nothing to clean up. */
static inline void coroutine_close(struct coroutine *co)
{
    assert(co->place != CO_RUNNING); /* it cannot close itself */
    if (co->inner != NULL)
        coroutine_close(co->inner);
    co->inner = NULL; /* the clean-up may free it */
    co->place = co->place > 0 ? CO_CLOSING : CO_ENDED;
    bool stopped = co->step(co);
    assert(!stopped); /* clean-up is done in one go */
}

static inline int coroutine_enter(struct coroutine *co)
{
    int place = co->place;
    assert(place != CO_RUNNING); /* it resumes itself, maybe through others */
    co->place = CO_RUNNING;
    return place;
}

// clang-format off
#define CO_BEGIN(co) const int co_place = coroutine_enter(co); \
    switch (co_place) { case CO_NEW:

/* `started`: true where something began that will resume this coroutine. */
#define CO_AWAIT(co, started) do { if (started) { \
    (co)->place = __LINE__; return true; case __LINE__:; } } while (0)

#define CO_YIELD(co, value) CO_AWAIT(co, ((co)->out = (value), true))

/* Yields what the other yields and sends in what it is sent, to its end. */
#define CO_DELEGATE(co, other) do { (co)->inner = (other); \
    while (coroutine_resume((co)->inner, (co)->in)) \
        CO_YIELD(co, (co)->inner->out); \
    (co)->inner = NULL; } while (0)

/* What follows is run at the end, also when closed early. May have a label. */
#define CO_FINALLY(co) ; __attribute__((fallthrough)); case CO_CLOSING:

#define CO_END(co) break; default: assert(co_place < 0); } \
    (co)->place = CO_ENDED; return false
// clang-format on

#endif
