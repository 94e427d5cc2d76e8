/*
 * poll: the whole list goes to the kernel at each wait, which looks at every
 * entry. A change costs nothing, a wait costs what is watched.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "async/loop_backend.h"

struct state {
    struct pollfd *list;
    nfds_t count, room, next; /* next: where the last batch ended */
    int *place;               /* by descriptor: in the list, from 1; 0: none */
    size_t place_room;
};

static int poll_open(struct loop *loop)
{
    loop->state = calloc(1, sizeof(struct state));
    return loop->state != NULL ? 0 : -ENOMEM;
}

static void poll_close(struct loop *loop)
{
    struct state *state = loop->state;
    free(state->list);
    free(state->place);
    free(state);
}

static int make_room(struct state *state, int fd)
{
    if (state->count == state->room) {
        nfds_t room = state->room > 0 ? 2 * state->room : 64;
        struct pollfd *list = realloc(state->list, room * sizeof *list);
        if (list == NULL)
            return -ENOMEM;
        state->list = list;
        state->room = room;
    }
    if ((size_t)fd >= state->place_room) {
        size_t room = 2 * (size_t)fd + 64;
        int *place = realloc(state->place, room * sizeof *place);
        if (place == NULL)
            return -ENOMEM;
        memset(place + state->place_room, 0,
               (room - state->place_room) * sizeof *place);
        state->place = place;
        state->place_room = room;
    }
    return 0;
}

static void poll_forget(struct loop *loop, int fd, unsigned before)
{
    struct state *state = loop->state;
    (void)before;
    int place = state->place[fd];
    struct pollfd last = state->list[--state->count];
    state->list[place - 1] = last;
    state->place[last.fd] = place;
    state->place[fd] = 0;
}

static int poll_watch(struct loop *loop, int fd, unsigned before,
                      unsigned events)
{
    struct state *state = loop->state;
    if (events == 0) {
        poll_forget(loop, fd, before);
        return 0;
    }
    int error = make_room(state, fd);
    if (error < 0)
        return error;
    if (before == 0)
        state->place[fd] = (int)++state->count;
    short wanted = (short)((events & LOOP_READ ? POLLIN : 0) |
                           (events & LOOP_WRITE ? POLLOUT : 0));
    state->list[state->place[fd] - 1] = (struct pollfd){fd, wanted, 0};
    return 0;
}

static int poll_wait(struct loop *loop, int64_t timeout_ns)
{
    struct state *state = loop->state;
    struct timespec timeout = {timeout_ns / 1000000000,
                               timeout_ns % 1000000000};
    int left = ppoll(state->list, state->count,
                     timeout_ns < 0 ? NULL : &timeout, NULL);
    if (left < 0)
        return errno == EINTR ? 0 : -errno;
    /* Begin where the last batch ended, so that the front of a long list does
     * not starve its end. */
    int ready = 0;
    for (nfds_t seen = 0; seen < state->count && left > 0; seen++) {
        if (ready == LOOP_BATCH)
            break;
        if (++state->next >= state->count)
            state->next = 0;
        const struct pollfd *entry = &state->list[state->next];
        if (entry->revents == 0)
            continue;
        unsigned events = 0;
        if (entry->revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
            events |= LOOP_READ;
        if (entry->revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL))
            events |= LOOP_WRITE;
        loop->ready[ready++] = (struct loop_ready){entry->fd, events};
        left--;
    }
    return ready;
}

const struct loop_backend loop_poll = {
    .name = "poll",
    .open = poll_open,
    .close = poll_close,
    .watch = poll_watch,
    .forget = poll_forget,
    .wait = poll_wait,
};
