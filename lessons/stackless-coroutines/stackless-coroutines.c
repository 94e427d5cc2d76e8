/*
 * stackless-coroutines: functions that stop in the middle, and go on there.
 *
 *   a function    begins at the top, returns once, and forgets everything
 *   a coroutine   yields 0 | goes on, yields 1 | goes on, yields 2 | ...
 *
 * In C this is a number for the place, and a `switch` that jumps to it. Kept
 * in static variables there is only one of it; kept in a struct, one a struct.
 * coroutines/coroutine.h writes the switch for us, in a hundred lines; what it
 * adds to that (an end, values in, delegating, closing) is in delegation.c.
 */
#include "lessons/stackless-coroutines/stackless-coroutines.h"

static void say(FILE *out, long number)
{
    fprintf(out, "%ld ", number);
}

/* --- 1. the place is static: there is one for all ---------------------- */

static int static_next(void)
{
    static int place, i;
    switch (place) {
    case 0:
        for (i = 0;; i++) {
            place = 1;
            return i;
        case 1:; /* here it goes on */
        }
    }
    return -1;
}

static void static_one_caller(FILE *out)
{
    for (int k = 0; k < 5; k++)
        say(out, static_next());
}

/* Each wants to count from 0. Neither does: they share place and number. */
static void static_two_callers(FILE *out)
{
    for (int k = 0; k < 3; k++) {
        fprintf(out, "A:%d ", static_next());
        fprintf(out, "B:%d ", static_next());
    }
}

static int static_fibonacci(void)
{
    static int place, now, next, sum;
    switch (place) {
    case 0:
        for (now = 0, next = 1;; sum = now + next, now = next, next = sum) {
            place = 1;
            return now;
        case 1:;
        }
    }
    return -1;
}

static void fibonacci_static(FILE *out)
{
    for (int k = 0; k < 10; k++)
        say(out, static_fibonacci());
}

/* --- 2. the place is in a struct: as many as there are structs --------- */

int counter_next(struct counter *self)
{
    switch (self->place) {
    case 0:
        for (self->i = 0;; self->i++) {
            self->place = 1;
            return self->i;
        case 1:;
        }
    }
    return -1;
}

int plain_next(int *i)
{
    return (*i)++;
}

static void struct_two_callers(FILE *out)
{
    struct counter a = {0}, b = {0};
    for (int k = 0; k < 3; k++) {
        fprintf(out, "A:%d ", counter_next(&a));
        fprintf(out, "B:%d ", counter_next(&b));
    }
}

struct fibonacci {
    int place, now, next, sum;
};

static int fibonacci_next(struct fibonacci *f)
{
    switch (f->place) {
    case 0:
        for (f->now = 0, f->next = 1;;) {
            f->place = 1;
            return f->now;
        case 1:
            f->sum = f->now + f->next, f->now = f->next, f->next = f->sum;
        }
    }
    return -1;
}

static void fibonacci_struct(FILE *out)
{
    struct fibonacci numbers = {0};
    for (int k = 0; k < 10; k++)
        say(out, fibonacci_next(&numbers));
}

/* --- 3. the same switch, written by coroutine.h ------------------------ */

struct fibonacci_co {
    struct coroutine coroutine;
    int now, next;
};

static bool fibonacci_step(struct coroutine *co)
{
    struct fibonacci_co *self = (struct fibonacci_co *)co;
    CO_BEGIN(co);
    for (self->now = 0, self->next = 1;;) {
        CO_YIELD(co, self->now);
        self->next += self->now;
        self->now = self->next - self->now;
    }
    CO_END(co);
}

static void fibonacci_coroutine(FILE *out)
{
    struct fibonacci_co numbers = {.coroutine.step = fibonacci_step};
    for (int k = 0; k < 10 && coroutine_resume(&numbers.coroutine, 0); k++)
        say(out, numbers.coroutine.out);
}

const struct part first_parts[FIRST_PARTS] = {
    {"static counter, one caller", static_one_caller},
    {"static counter, two callers", static_two_callers},
    {"struct counter, two callers", struct_two_callers},
    {"Fibonacci, static", fibonacci_static},
    {"Fibonacci, struct", fibonacci_struct},
    {"Fibonacci, coroutine.h", fibonacci_coroutine},
};
