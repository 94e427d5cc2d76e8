/*
 * epoll: the kernel keeps the list of what is watched, and a wait is handed
 * only what is ready. It costs a system call for each change, and a wait costs
 * what is ready, however many are watched.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "async/loop_backend.h"

struct state {
    int fd;
    bool coarse; /* epoll_pwait2 is not there: kernels before 5.11, valgrind */
    struct epoll_event events[LOOP_BATCH];
};

static int epoll_open(struct loop *loop)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return -ENOMEM;
    state->fd = epoll_create1(EPOLL_CLOEXEC);
    if (state->fd < 0) {
        int error = -errno;
        free(state);
        return error;
    }
    loop->state = state;
    return 0;
}

static void epoll_close(struct loop *loop)
{
    struct state *state = loop->state;
    close(state->fd);
    free(state);
}

static int epoll_watch(struct loop *loop, int fd, unsigned before,
                       unsigned events)
{
    struct state *state = loop->state;
    struct epoll_event event = {.data.fd = fd};
    if (events & LOOP_READ)
        event.events |= EPOLLIN;
    if (events & LOOP_WRITE)
        event.events |= EPOLLOUT;
    int change = before == 0   ? EPOLL_CTL_ADD
                 : events == 0 ? EPOLL_CTL_DEL
                               : EPOLL_CTL_MOD;
    return epoll_ctl(state->fd, change, fd, &event) < 0 ? -errno : 0;
}

static void epoll_forget(struct loop *loop, int fd, unsigned before)
{
    /* Closing the last descriptor of a socket takes it off the list. */
    (void)loop, (void)fd, (void)before;
}

/* Milliseconds, rounded up: a wait that ends too early would be for nothing. */
static int coarse_wait(struct state *state, int64_t timeout_ns)
{
    int64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 > 0);
    return epoll_wait(state->fd, state->events, LOOP_BATCH,
                      timeout_ns < 0 ? -1
                      : ms < INT_MAX ? (int)ms
                                     : INT_MAX);
}

static int fine_wait(struct state *state, int64_t timeout_ns)
{
    struct timespec timeout = {timeout_ns / 1000000000,
                               timeout_ns % 1000000000};
    return epoll_pwait2(state->fd, state->events, LOOP_BATCH,
                        timeout_ns < 0 ? NULL : &timeout, NULL);
}

static int epoll_wait_for(struct loop *loop, int64_t timeout_ns)
{
    struct state *state = loop->state;
    int ready = state->coarse ? -1 : fine_wait(state, timeout_ns);
    if (ready < 0 && (state->coarse || errno == ENOSYS)) {
        state->coarse = true;
        ready = coarse_wait(state, timeout_ns);
    }
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < ready; i++) {
        uint32_t got = state->events[i].events;
        unsigned events = 0;
        if (got & (EPOLLIN | EPOLLERR | EPOLLHUP))
            events |= LOOP_READ;
        if (got & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            events |= LOOP_WRITE;
        loop->ready[i] = (struct loop_ready){state->events[i].data.fd, events};
    }
    return ready;
}

const struct loop_backend loop_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .watch = epoll_watch,
    .forget = epoll_forget,
    .wait = epoll_wait_for,
};
