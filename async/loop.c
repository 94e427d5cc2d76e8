#include "async/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "async/loop_backend.h"

/* ---- The loop ----------------------------------------------------------- */

static int64_t time_to_next_timer(const struct loop *loop)
{
    if (loop->timers == 0)
        return -1;
    uint64_t now = loop_now(), due = loop->heap[0]->due_ns;
    return due > now ? (int64_t)(due - now) : 0;
}

static void call_back(struct loop *loop, const struct loop_ready *ready)
{
    /* A copy: the callback may grow the table, or forget this descriptor. An
     * earlier callback may have forgotten it already. */
    struct loop_watch watch = loop->watches[ready->fd];
    if (watch.events & ready->events)
        watch.ready(watch.data, ready->fd, watch.events & ready->events);
}

static void fire_due_timers(struct loop *loop)
{
    uint64_t now = loop->timers > 0 ? loop_now() : 0;
    /* One that fires may set another for now: that waits until the sockets had
     * their turn. */
    for (uint32_t most = loop->timers;
         most > 0 && loop->timers > 0 && loop->heap[0]->due_ns <= now; most--) {
        struct loop_timer *timer = loop->heap[0];
        loop_timer_cancel(loop, timer);
        timer->fire(timer->data);
    }
}

int loop_once(struct loop *loop)
{
    if (loop->on_wait != NULL)
        loop->on_wait(loop->on_wait_data, 1);
    int ready = loop->backend->wait(loop, time_to_next_timer(loop));
    if (loop->on_wait != NULL)
        loop->on_wait(loop->on_wait_data, 0);

    for (int i = 0; i < ready; i++)
        call_back(loop, &loop->ready[i]);
    fire_due_timers(loop);
    return ready < 0 ? ready : 0;
}

uint64_t loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- Descriptors -------------------------------------------------------- */

static int make_room(struct loop *loop, int fd)
{
    size_t room = loop->watch_room > 0 ? loop->watch_room : 64;
    while (room <= (size_t)fd)
        room *= 2;
    if (room == loop->watch_room)
        return 0;
    struct loop_watch *watches = realloc(loop->watches, room * sizeof *watches);
    if (watches == NULL)
        return -ENOMEM;
    memset(watches + loop->watch_room, 0,
           (room - loop->watch_room) * sizeof *watches);
    loop->watches = watches;
    loop->watch_room = room;
    return 0;
}

int loop_watch(struct loop *loop, int fd, unsigned events,
               void (*ready)(void *data, int fd, unsigned events), void *data)
{
    if (fd < 0)
        return -EBADF;
    if (loop->backend->max_fd > 0 && fd >= loop->backend->max_fd)
        return -ERANGE;
    int error = make_room(loop, fd);
    if (error < 0)
        return error;
    struct loop_watch *watch = &loop->watches[fd];
    if (watch->events != events)
        error = loop->backend->watch(loop, fd, watch->events, events);
    if (error < 0)
        return error;
    *watch = (struct loop_watch){events, ready, data};
    return 0;
}

void loop_forget(struct loop *loop, int fd)
{
    unsigned before = loop_watched(loop, fd);
    if (before == 0)
        return;
    loop->backend->forget(loop, fd, before);
    loop->watches[fd] = (struct loop_watch){0};
}

unsigned loop_watched(const struct loop *loop, int fd)
{
    bool known = fd >= 0 && (size_t)fd < loop->watch_room;
    return known ? loop->watches[fd].events : 0;
}

void loop_on_wait(struct loop *loop, void (*wait)(void *data, int begins),
                  void *data)
{
    loop->on_wait = wait;
    loop->on_wait_data = data;
}

/* ---- Timers: a binary heap, the earliest at its root -------------------- */

static void put(struct loop *loop, uint32_t place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place + 1;
}

static void sift_up(struct loop *loop, uint32_t place, struct loop_timer *timer)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (loop->heap[parent]->due_ns <= timer->due_ns)
            break;
        put(loop, place, loop->heap[parent]);
        place = parent;
    }
    put(loop, place, timer);
}

static void sift_down(struct loop *loop, uint32_t place,
                      struct loop_timer *timer)
{
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child >= loop->timers)
            break;
        if (child + 1 < loop->timers &&
            loop->heap[child + 1]->due_ns < loop->heap[child]->due_ns)
            child++;
        if (timer->due_ns <= loop->heap[child]->due_ns)
            break;
        put(loop, place, loop->heap[child]);
        place = child;
    }
    put(loop, place, timer);
}

int loop_timers_reserve(struct loop *loop, uint32_t timers)
{
    if (timers <= loop->timer_room)
        return 0;
    struct loop_timer **heap = realloc(loop->heap, timers * sizeof *heap);
    if (heap == NULL)
        return -ENOMEM;
    loop->heap = heap;
    loop->timer_room = timers;
    return 0;
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ns)
{
    loop_timer_cancel(loop, timer);
    int error = 0;
    if (loop->timers == loop->timer_room)
        error = loop_timers_reserve(
            loop, loop->timer_room > 0 ? 2 * loop->timer_room : 16);
    if (error < 0)
        return error;
    timer->due_ns = due_ns;
    sift_up(loop, loop->timers++, timer);
    return 0;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    if (timer->place == 0)
        return;
    uint32_t hole = timer->place - 1;
    struct loop_timer *last = loop->heap[--loop->timers];
    timer->place = 0;
    if (last == timer)
        return;
    /* The last fills the hole, and moves to where it belongs from there. */
    sift_down(loop, hole, last);
    sift_up(loop, last->place - 1, last);
}

/* ---- Opening and closing ------------------------------------------------ */

int loop_open(struct loop **opened, const struct loop_backend *backend)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return -ENOMEM;
    loop->backend = backend;
    int error = backend->open(loop);
    if (error < 0) {
        free(loop);
        return error;
    }
    *opened = loop;
    return 0;
}

void loop_close(struct loop *loop)
{
    if (loop == NULL)
        return;
    loop->backend->close(loop);
    free(loop->watches);
    free(loop->heap);
    free(loop);
}

const char *loop_backend_name(const struct loop_backend *backend)
{
    return backend->name;
}

int loop_backend_max(const struct loop_backend *backend)
{
    return backend->max_fd;
}

const char *loop_backend_refused(const struct loop_backend *backend)
{
    return backend->refused != NULL ? backend->refused() : NULL;
}
