/*
 * An event loop: one thread that waits for many descriptors and timers at
 * once and calls back what is due. How it waits is a backend, a table of
 * functions, one file each (loop_select.c, loop_poll.c, loop_epoll.c, …).
 *
 * Level-triggered: a callback comes again as long as its event holds. A
 * callback may watch, forget and set timers as it likes, and must not block:
 * while it runs, nothing else does. A callback may be spurious (a descriptor
 * number that was closed and came back), so descriptors should not block.
 *
 * All of a loop's functions are for the thread that runs it. They return 0 or
 * -errno unless said otherwise.
 */
#ifndef WAITBENCH_LOOP_H
#define WAITBENCH_LOOP_H

#include <stddef.h>
#include <stdint.h>

enum loop_event { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop;
struct loop_backend;

extern const struct loop_backend loop_select, loop_poll, loop_epoll, loop_uring,
    loop_libuv;

/* The backend of that name, or NULL. */
const struct loop_backend *loop_backend_named(const char *name);
const char *loop_backend_name(const struct loop_backend *);
/* Descriptors must be below it; 0: no such bound. */
int loop_backend_max(const struct loop_backend *);
/* NULL, or why this machine does not let it be used, in one line. */
const char *loop_backend_refused(const struct loop_backend *);

int loop_open(struct loop **, const struct loop_backend *);
void loop_close(struct loop *);

/*
 * Calls ready(data, fd, events) when one of `events` holds, from now on, until
 * told otherwise; `events` 0 ends it. A call that changes nothing costs
 * nothing. -ERANGE: the backend cannot watch a number so high.
 */
int loop_watch(struct loop *, int fd, unsigned events,
               void (*ready)(void *data, int fd, unsigned events), void *data);

/* `fd` is about to be closed. Never fails; fine for one that is not watched. */
void loop_forget(struct loop *, int fd);

/* What is watched for at `fd` now; 0: nothing. */
unsigned loop_watched(const struct loop *, int fd);

/* A timer belongs to the caller, starts as zeros with `fire` and `data` set,
 * and must stay where it is while it is set. */
struct loop_timer {
    uint64_t due_ns; /* CLOCK_MONOTONIC */
    void (*fire)(void *data);
    void *data;
    uint32_t place; /* the loop's own: in its heap, from 1; 0: not set */
};

/* Fires once, at due_ns or soon after, from the loop. Setting it again moves
 * it. One that is due now fires before the loop next waits. */
int loop_timer_set(struct loop *, struct loop_timer *, uint64_t due_ns);
/* Room for so many timers at one time: setting one of these cannot fail. */
int loop_timers_reserve(struct loop *, uint32_t timers);
void loop_timer_cancel(struct loop *, struct loop_timer *);

/* Waits once, then calls back what is ready and due. -errno if waiting failed.
 */
int loop_once(struct loop *);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t loop_now(void);

/* Calls wait(data, true) before each wait and wait(data, false) after it. */
void loop_on_wait(struct loop *, void (*wait)(void *data, int begins),
                  void *data);

#endif
