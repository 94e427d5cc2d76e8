/*
 * What a backend of the event loop is. For async/loop.c and the backends.
 */
#ifndef WAITBENCH_LOOP_BACKEND_H
#define WAITBENCH_LOOP_BACKEND_H

#include "async/loop.h"

struct loop_watch {
    unsigned events; /* 0: not watched */
    void (*ready)(void *data, int fd, unsigned events);
    void *data;
};

struct loop_ready {
    int fd;
    unsigned events;
};

/* How many ready descriptors one wait reports, at most. */
enum { LOOP_BATCH = 256 };

struct loop_backend {
    const char *name;
    int max_fd; /* descriptors must be below it; 0: any */

    /* NULL, or why this machine does not let it: one line, with what to do.
     * May itself be NULL: it is let everywhere. */
    const char *(*refused)(void);

    /* Makes and frees loop->state. */
    int (*open)(struct loop *);
    void (*close)(struct loop *);

    /* From `before` to `events`, which differ; 0 is "not watched". */
    int (*watch)(struct loop *, int fd, unsigned before, unsigned events);

    /* `fd`, watched for `before`, is about to be closed. */
    void (*forget)(struct loop *, int fd, unsigned before);

    /*
     * Waits until something is ready or timeout_ns have passed (negative: no
     * limit) and fills loop->ready: how many, 0 also when a signal came, or
     * -errno. An error or hang-up at a descriptor counts as ready for all that
     * is watched there.
     */
    int (*wait)(struct loop *, int64_t timeout_ns);
};

struct loop {
    const struct loop_backend *backend;
    void *state; /* the backend's */

    struct loop_watch *watches; /* by descriptor number */
    size_t watch_room;
    struct loop_ready ready[LOOP_BATCH];

    struct loop_timer **heap; /* [0] is due first */
    uint32_t timers, timer_room;

    void (*on_wait)(void *data, int begins);
    void *on_wait_data;
};

#endif
