/*
 * io_uring: what is to be watched is written into a ring in shared memory, and
 * one system call a turn hands all of it over and waits. A poll request
 * answers once; it is put in again when its callback has run, which is what
 * makes it level-triggered, and costs an entry in the ring, not a call.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "async/loop_backend.h"

/* Submissions that fit before a call must be made; the answers' ring is
 * larger, and the kernel keeps what does not fit (IORING_FEAT_NODROP). */
enum { SUBMISSIONS = 256, ANSWERS = 4096 };

struct watch {
    unsigned armed;      /* what the request that is under way asks for */
    uint32_t generation; /* of that request: answers to older ones are void */
    bool listed;         /* in `changed` */
};

struct state {
    struct io_uring ring;
    struct watch *watches; /* by descriptor */
    int *changed;          /* those whose request is to be looked at */
    size_t room, changes;  /* of both tables; in `changed` */
};

static int open_ring(struct io_uring *ring)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
                 IORING_SETUP_DEFER_TASKRUN,
        .cq_entries = ANSWERS,
    };
    int error = io_uring_queue_init_params(SUBMISSIONS, ring, &params);
    if (error != -EINVAL)
        return error;
    /* Before Linux 6.1: without the promise that one thread uses the ring. */
    params = (struct io_uring_params){.flags = IORING_SETUP_CQSIZE,
                                      .cq_entries = ANSWERS};
    return io_uring_queue_init_params(SUBMISSIONS, ring, &params);
}

/* Before Linux 5.19 the kernel takes no requests while it keeps answers for
 * which the ring had no room: next_entry() would hand them over for ever. That
 * version was also the first to make sockets by request, which can be asked. */
static bool is_recent(struct io_uring *ring)
{
    struct {
        struct io_uring_probe head;
        struct io_uring_probe_op operations[IORING_OP_SOCKET + 1];
    } answer = {0};
    return io_uring_register_probe(ring, &answer.head, IORING_OP_SOCKET + 1) >=
               0 &&
           io_uring_opcode_supported(&answer.head, IORING_OP_SOCKET);
}

static const char *uring_refused(void)
{
    static char why[160];
    struct io_uring ring;
    int error = open_ring(&ring);
    if (error == 0) {
        bool recent = is_recent(&ring);
        io_uring_queue_exit(&ring);
        return recent ? NULL
                      : "io_uring of a Linux before 5.19 may wait for ever: "
                        "take another --backend";
    }
    snprintf(why, sizeof why,
             "io_uring is refused by the kernel (sysctl "
             "kernel.io_uring_disabled) or a seccomp filter: %s: take another "
             "--backend",
             strerror(-error));
    return why;
}

static int uring_open(struct loop *loop)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return -ENOMEM;
    int error = open_ring(&state->ring);
    if (error < 0) {
        free(state);
        return error;
    }
    loop->state = state;
    return 0;
}

static void uring_close(struct loop *loop)
{
    struct state *state = loop->state;
    io_uring_queue_exit(&state->ring);
    free(state->watches);
    free(state->changed);
    free(state);
}

static struct io_uring_sqe *next_entry(struct state *state)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&state->ring);
    while (entry == NULL) { /* full: hand over what is there */
        io_uring_submit(&state->ring);
        entry = io_uring_get_sqe(&state->ring);
    }
    return entry;
}

static uint64_t name_of(int fd, const struct watch *watch)
{
    return (uint64_t)watch->generation << 32 | (uint32_t)fd;
}

static void disarm(struct state *state, int fd)
{
    struct watch *watch = &state->watches[fd];
    if (watch->armed == 0)
        return;
    struct io_uring_sqe *entry = next_entry(state);
    io_uring_prep_poll_remove(entry, name_of(fd, watch));
    io_uring_sqe_set_data64(entry, 0);
    watch->generation++;
    watch->armed = 0;
}

static void arm(struct state *state, int fd, unsigned events)
{
    struct watch *watch = &state->watches[fd];
    struct io_uring_sqe *entry = next_entry(state);
    io_uring_prep_poll_add(entry, fd,
                           (events & LOOP_READ ? POLLIN : 0) |
                               (events & LOOP_WRITE ? POLLOUT : 0));
    watch->generation++;
    watch->armed = events;
    io_uring_sqe_set_data64(entry, name_of(fd, watch));
}

static void list(struct state *state, int fd)
{
    if (!state->watches[fd].listed)
        state->changed[state->changes++] = fd;
    state->watches[fd].listed = true;
}

static int make_room(struct state *state, int fd)
{
    if ((size_t)fd < state->room)
        return 0;
    size_t room = 2 * (size_t)fd + 64;
    struct watch *watches =
        realloc(state->watches, room * sizeof *state->watches);
    if (watches == NULL)
        return -ENOMEM;
    state->watches = watches;
    int *changed = realloc(state->changed, room * sizeof *changed);
    if (changed == NULL)
        return -ENOMEM;
    state->changed = changed;
    memset(watches + state->room, 0, (room - state->room) * sizeof *watches);
    state->room = room;
    return 0;
}

static int uring_watch(struct loop *loop, int fd, unsigned before,
                       unsigned events)
{
    (void)before; /* loop->watches tells, at the next wait */
    if (events == 0) {
        /* Not later: it may be closed next, and its number come back. */
        disarm(loop->state, fd);
        return 0;
    }
    int error = make_room(loop->state, fd);
    if (error == 0)
        list(loop->state, fd);
    return error;
}

static void uring_forget(struct loop *loop, int fd, unsigned before)
{
    /* The request holds on to the file: without this the socket would stay
     * open after its descriptor is closed. */
    (void)before;
    disarm(loop->state, fd);
}

static void hand_over_changes(struct loop *loop, struct state *state)
{
    for (size_t i = 0; i < state->changes; i++) {
        int fd = state->changed[i];
        unsigned wanted = loop->watches[fd].events;
        state->watches[fd].listed = false;
        if (state->watches[fd].armed == wanted)
            continue;
        disarm(state, fd);
        if (wanted != 0)
            arm(state, fd, wanted);
    }
    state->changes = 0;
}

/* False: it answers a request that was taken back, or the taking back. */
static bool take_answer(struct state *state, const struct io_uring_cqe *answer,
                        struct loop_ready *ready)
{
    int fd = (int)(uint32_t)answer->user_data, got = answer->res;
    struct watch *watch = &state->watches[fd];
    if (answer->user_data == 0 || answer->user_data != name_of(fd, watch))
        return false;
    watch->armed = 0;
    list(state, fd); /* to be armed anew, if it is still wanted then */
    unsigned events = 0;
    if (got < 0 || got & (POLLIN | POLLERR | POLLHUP))
        events |= LOOP_READ;
    if (got < 0 || got & (POLLOUT | POLLERR | POLLHUP))
        events |= LOOP_WRITE;
    *ready = (struct loop_ready){fd, events};
    return true;
}

static int uring_wait(struct loop *loop, int64_t timeout_ns)
{
    struct state *state = loop->state;
    struct io_uring_cqe *answers[LOOP_BATCH];
    struct __kernel_timespec timeout = {timeout_ns / 1000000000,
                                        timeout_ns % 1000000000};
    hand_over_changes(loop, state);
    int result = io_uring_submit_and_wait_timeout(
        &state->ring, answers, 1, timeout_ns < 0 ? NULL : &timeout, NULL);
    /* Busy: the kernel wants answers taken first, as is about to happen. */
    if (result < 0 && result != -ETIME && result != -EINTR && result != -EBUSY)
        return result;
    int ready = 0;
    unsigned count = io_uring_peek_batch_cqe(&state->ring, answers, LOOP_BATCH);
    for (unsigned i = 0; i < count; i++)
        ready += take_answer(state, answers[i], &loop->ready[ready]);
    io_uring_cq_advance(&state->ring, count);
    return ready;
}

const struct loop_backend loop_uring = {
    .name = "uring",
    .refused = uring_refused,
    .open = uring_open,
    .close = uring_close,
    .watch = uring_watch,
    .forget = uring_forget,
    .wait = uring_wait,
};
