/* event-loop.h: a clock that ticks and a person who types, on one thread. */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include "async/loop.h"

#include <stdbool.h>

/*
 * One clock and one input on one loop. The caller sets the first block;
 * on_tick and on_line are called by the loop and may set `over`.
 */
struct showing {
    const struct loop_backend *backend;
    int input;                         /* read from; should not block */
    uint64_t first_tick_ns, period_ns; /* CLOCK_MONOTONIC */
    void (*on_tick)(struct showing *, uint64_t due_ns);
    void (*on_line)(struct showing *, const char *line);
    void *data;
    bool over; /* the loop ends once this is set */

    struct loop *loop;
    struct loop_timer tick;
    char text[256]; /* what was typed of a line so far */
    size_t typed;
    bool closed; /* the input has ended */
    int failed;
};

/* Runs the loop until `over`. 0 or -errno. */
int tick_and_listen(struct showing *);

/*
 * A function that takes its time: value += add, wait_ns from now. `then` is
 * called with it when that is done.
 */
struct adding {
    int value, add;
    uint64_t wait_ns;
    void (*then)(struct adding *);

    struct adding *next; /* for whoever sets `then` */
    struct loop *loop;
    struct loop_timer timer;
};

/* Both at once from `value`; or the second on the result of the first. */
int add_together(struct adding *one, struct adding *other);
int add_in_turn(struct adding *one, struct adding *other);

#endif
