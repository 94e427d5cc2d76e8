/*
 * echo-server: a coroutine for each connection, all on one thread.
 *
 *   client 1   read, await [== wait ==] read, write, write, hang up
 *   client 2   read, await [============== wait ==============] read, write
 *   loop       waits for all of them, resumes whoever has news
 *
 * talk() is about one client, from the first byte to the last, as if there
 * were no other. At `await` it returns to the loop. Who is slow is waited for
 * by a struct, not by a thread; who leaves, or is out of time, is let go.
 */
#include "lessons/echo-server/echo-server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "async/loop.h"
#include "coroutines/coroutine.h"

struct client {
    struct coroutine coroutine; /* first: the one is found from the other */
    struct request request;
    struct loop_timer patience;
    enum step step;
};

static struct {
    struct loop *loop;
    int door;
    bool full; /* no descriptor is left: the door is not looked at */
    int failed;
} server;

/* --- one client -------------------------------------------------------- */

static bool ready(struct client *self, enum loop_event event);
static void leave(struct client *self);

static bool talk(struct coroutine *co)
{
    struct client *self = (struct client *)co;

    CO_BEGIN(co);
    self->step = NOT_YET;
    while (self->step < DONE) {
        CO_AWAIT(co, self->step == NOT_YET && ready(self, LOOP_READ));
        self->step = read_piece(&self->request);
    }
    while (self->step != GONE && self->request.sent < self->request.length) {
        CO_AWAIT(co, self->step == NOT_YET && ready(self, LOOP_WRITE));
        self->step = write_piece(&self->request);
    }
    CO_FINALLY(co);
    leave(self);
    CO_END(co);
}

static void resume(struct client *self)
{
    if (!coroutine_resume(&self->coroutine, 0))
        free(self);
}

/* The loop calls it: this client has news. */
static void has_news(void *data, int fd, unsigned events)
{
    (void)fd, (void)events;
    resume(data);
}

/* The loop calls it: this client has had its time. What follows CO_FINALLY is
 * done all the same. */
static void out_of_patience(void *data)
{
    struct client *self = data;
    coroutine_close(&self->coroutine);
    free(self);
}

static bool ready(struct client *self, enum loop_event event)
{
    int socket = self->request.socket;
    if (loop_watch(server.loop, socket, event, has_news, self) == 0)
        return true;
    shutdown(socket, SHUT_RDWR); /* it cannot be waited for: it is let go */
    return false;
}

/* --- the door ---------------------------------------------------------- */

static void welcome(void *data, int door, unsigned events);

static void look_at_door(bool look)
{
    int failed = loop_watch(server.loop, server.door, look ? LOOP_READ : 0,
                            welcome, NULL);
    server.full = !look;
    server.failed = failed ? failed : server.failed;
}

static void leave(struct client *self)
{
    loop_timer_cancel(server.loop, &self->patience);
    loop_forget(server.loop, self->request.socket);
    request_ends(&self->request);
    if (server.full)
        look_at_door(true); /* a descriptor is free again */
}

static void start_client(int socket)
{
    struct client *client = malloc(sizeof *client);
    if (client == NULL) {
        close(socket); /* no memory for this one */
        return;
    }
    client->coroutine = (struct coroutine){.step = talk};
    client->patience =
        (struct loop_timer){.fire = out_of_patience, .data = client};
    request_begins(&client->request, socket);
    uint64_t until = loop_now() + (uint64_t)(1e9 * hall->patience);
    if (loop_timer_set(server.loop, &client->patience, until) != 0)
        shutdown(socket, SHUT_RDWR);
    resume(client);
}

/* The loop calls it: somebody stands at the door. */
static void welcome(void *data, int door, unsigned events)
{
    (void)data, (void)events;
    for (int i = 0; i < 64; i++) { /* then the others have their turn */
        // cppcheck-suppress nullPointer
        int socket = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            start_client(socket);
            continue;
        }
        /* Whoever looks on at a full table is called again at once, and
         * again: so it does not look until somebody has left. */
        if (errno == EMFILE || errno == ENFILE) {
            look_at_door(false);
            if (__atomic_load_n(&hall->held, __ATOMIC_RELAXED) == 0)
                server.failed = -EMFILE; /* there is nobody to wait for */
        }
        return;
    }
}

/* --- the loop ---------------------------------------------------------- */

static void count_wait(void *data, int begins)
{
    (void)data;
    if (!begins)
        __atomic_add_fetch(&hall->waits, 1, __ATOMIC_RELEASE);
}

int serve_by_coroutines(int door)
{
    int failed = loop_open(&server.loop, &loop_epoll);
    if (failed)
        return failed;
    loop_on_wait(server.loop, count_wait, NULL);
    server.door = door;
    look_at_door(true);
    while (!failed && !server.failed)
        failed = loop_once(server.loop);
    loop_close(server.loop);
    return failed ? failed : server.failed;
}
