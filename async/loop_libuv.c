/*
 * libuv: a loop of its own inside ours, run for one turn at a time. On Linux
 * it waits with epoll, and sorts out between what changed and what the kernel
 * knows just before it waits. It costs a handle for each descriptor, and a
 * callback between its loop and ours; its timeouts are whole milliseconds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "async/loop_backend.h"

struct watch {
    uv_poll_t poll; /* freed by libuv's own last callback */
    struct state *state;
    int fd, wanted; /* UV_READABLE, UV_WRITABLE */
};

struct state {
    uv_loop_t uv;
    uv_timer_t timer;
    struct watch **watches; /* by descriptor */
    size_t room;

    /* What libuv reported and no wait has returned yet: in one turn it may
     * report more than one of our waits returns. */
    struct loop_ready *reports;
    size_t report_count, report_room, returned;
};

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* that the wait ends is all it is for */
}

static int libuv_open(struct loop *loop)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return -ENOMEM;
    int error = uv_loop_init(&state->uv);
    if (error < 0) {
        free(state);
        return error;
    }
    uv_timer_init(&state->uv, &state->timer);
    loop->state = state;
    return 0;
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static void libuv_forget(struct loop *loop, int fd, unsigned before)
{
    struct state *state = loop->state;
    (void)before;
    uv_close((uv_handle_t *)&state->watches[fd]->poll, free_watch);
    state->watches[fd] = NULL;
}

static void libuv_close(struct loop *loop)
{
    struct state *state = loop->state;
    for (size_t fd = 0; fd < state->room; fd++) {
        if (state->watches[fd] != NULL)
            libuv_forget(loop, (int)fd, 0);
    }
    uv_close((uv_handle_t *)&state->timer, NULL);
    uv_run(&state->uv, UV_RUN_DEFAULT); /* closes them, and returns */
    uv_loop_close(&state->uv);
    free(state->watches);
    free(state->reports);
    free(state);
}

static void report(struct state *state, int fd, unsigned events)
{
    if (state->report_count == state->report_room) {
        size_t room = 2 * state->report_room + LOOP_BATCH;
        struct loop_ready *reports =
            realloc(state->reports, room * sizeof *reports);
        if (reports == NULL)
            return; /* it is level-triggered: the next turn reports it anew */
        state->reports = reports;
        state->report_room = room;
    }
    state->reports[state->report_count++] = (struct loop_ready){fd, events};
}

static void on_poll(uv_poll_t *poll, int status, int got)
{
    struct watch *watch = poll->data;
    if (status < 0) { /* an error at the socket: libuv ceased to watch it */
        got = watch->wanted;
        uv_poll_start(poll, watch->wanted, on_poll);
    }
    report(watch->state, watch->fd,
           (got & UV_READABLE ? LOOP_READ : 0) |
               (got & UV_WRITABLE ? LOOP_WRITE : 0));
}

static int make_room(struct state *state, int fd)
{
    if ((size_t)fd < state->room)
        return 0;
    size_t room = 2 * (size_t)fd + 64;
    struct watch **watches = realloc(state->watches, room * sizeof *watches);
    if (watches == NULL)
        return -ENOMEM;
    memset(watches + state->room, 0, (room - state->room) * sizeof *watches);
    state->watches = watches;
    state->room = room;
    return 0;
}

static int make_watch(struct state *state, int fd)
{
    int error = make_room(state, fd);
    if (error < 0)
        return error;
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return -ENOMEM;
    *watch = (struct watch){.state = state, .fd = fd};
    error = uv_poll_init(&state->uv, &watch->poll, fd);
    if (error < 0) {
        free(watch);
        return error; /* libuv's errors are -errno */
    }
    watch->poll.data = watch;
    state->watches[fd] = watch;
    return 0;
}

static int libuv_watch(struct loop *loop, int fd, unsigned before,
                       unsigned events)
{
    struct state *state = loop->state;
    if (events == 0) {
        libuv_forget(loop, fd, before);
        return 0;
    }
    int error = before == 0 ? make_watch(state, fd) : 0;
    if (error < 0)
        return error;
    struct watch *watch = state->watches[fd];
    watch->wanted = (events & LOOP_READ ? UV_READABLE : 0) |
                    (events & LOOP_WRITE ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->poll, watch->wanted, on_poll);
}

static void run_once(struct state *state, int64_t timeout_ns)
{
    state->report_count = state->returned = 0;
    if (timeout_ns > 0) { /* rounded up, so as not to wake for nothing */
        uv_update_time(&state->uv);
        uv_timer_start(&state->timer, on_timer,
                       ((uint64_t)timeout_ns + 999999) / 1000000, 0);
    }
    uv_run(&state->uv, timeout_ns == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    if (timeout_ns > 0)
        uv_timer_stop(&state->timer);
}

static int libuv_wait(struct loop *loop, int64_t timeout_ns)
{
    struct state *state = loop->state;
    if (state->returned == state->report_count)
        run_once(state, timeout_ns);
    size_t left = state->report_count - state->returned;
    size_t ready = left < LOOP_BATCH ? left : LOOP_BATCH;
    if (ready > 0)
        memcpy(loop->ready, state->reports + state->returned,
               ready * sizeof *loop->ready);
    state->returned += ready;
    return (int)ready;
}

const struct loop_backend loop_libuv = {
    .name = "libuv",
    .open = libuv_open,
    .close = libuv_close,
    .watch = libuv_watch,
    .forget = libuv_forget,
    .wait = libuv_wait,
};
