/*
 * select: three bit sets, copied to the kernel and back at each wait, which
 * looks at every number up to the highest. A set has 1,024 bits: a descriptor
 * with a higher number cannot be watched at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>

#include "async/loop_backend.h"

struct state {
    fd_set read, write;
    int end;  /* one beyond the highest number watched */
    int next; /* where the last batch ended */
};

static int select_open(struct loop *loop)
{
    loop->state = calloc(1, sizeof(struct state));
    return loop->state != NULL ? 0 : -ENOMEM;
}

static void select_close(struct loop *loop)
{
    free(loop->state);
}

static int select_watch(struct loop *loop, int fd, unsigned before,
                        unsigned events)
{
    struct state *state = loop->state;
    (void)before;
    FD_CLR(fd, &state->read);
    FD_CLR(fd, &state->write);
    if (events & LOOP_READ)
        FD_SET(fd, &state->read);
    if (events & LOOP_WRITE)
        FD_SET(fd, &state->write);
    if (events != 0 && fd >= state->end)
        state->end = fd + 1;
    while (state->end > 0 && !FD_ISSET(state->end - 1, &state->read) &&
           !FD_ISSET(state->end - 1, &state->write))
        state->end--;
    return 0;
}

static void select_forget(struct loop *loop, int fd, unsigned before)
{
    select_watch(loop, fd, before, 0);
}

static int select_wait(struct loop *loop, int64_t timeout_ns)
{
    struct state *state = loop->state;
    struct timespec timeout = {timeout_ns / 1000000000,
                               timeout_ns % 1000000000};
    fd_set read = state->read, write = state->write;
    int left = pselect(state->end, &read, &write, NULL,
                       timeout_ns < 0 ? NULL : &timeout, NULL);
    if (left < 0)
        return errno == EINTR ? 0 : -errno;
    int ready = 0;
    for (int seen = 0; seen < state->end && left > 0; seen++) {
        if (ready == LOOP_BATCH)
            break;
        if (++state->next >= state->end)
            state->next = 0;
        unsigned events = 0;
        if (FD_ISSET(state->next, &read))
            events |= LOOP_READ;
        if (FD_ISSET(state->next, &write))
            events |= LOOP_WRITE;
        if (events == 0)
            continue;
        loop->ready[ready++] = (struct loop_ready){state->next, events};
        left -= (events & LOOP_READ ? 1 : 0) + (events & LOOP_WRITE ? 1 : 0);
    }
    return ready;
}

const struct loop_backend loop_select = {
    .name = "select",
    .max_fd = FD_SETSIZE,
    .open = select_open,
    .close = select_close,
    .watch = select_watch,
    .forget = select_forget,
    .wait = select_wait,
};
