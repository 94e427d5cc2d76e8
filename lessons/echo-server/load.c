/* load.c: many clients on one thread: coroutines, as in the server. */
#include "lessons/echo-server/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "async/loop.h"
#include "coroutines/coroutine.h"
#include "lessons/lesson.h"

static struct sockaddr_in address_of(unsigned short port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int load_connect(unsigned short port)
{
    struct sockaddr_in at = address_of(port);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return -errno;
    if (connect(s, (struct sockaddr *)&at, sizeof at) == 0)
        return s;
    int failed = -errno;
    close(s);
    return failed;
}

void load_hang_up(int s)
{
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(s);
}

/* --- one client -------------------------------------------------------- */

struct visitor {
    struct coroutine coroutine; /* first: the one is found from the other */
    int socket;
    long number;
    double began;
    size_t got;
    ssize_t last;
    char request[LOAD_REQUEST + 1], answer[LOAD_REQUEST + 16];
};

static struct {
    struct loop *loop;
    struct load *load;
    struct loop_timer patience; /* anew whenever one is served */
    long begun;
    int here, failed;
} now;

static void give_up(void *data)
{
    (void)data;
    now.failed = -ETIMEDOUT;
}

/* For 15 seconds in which nobody is served: a slow machine is no fault. */
static int be_patient(void)
{
    return loop_timer_set(now.loop, &now.patience, loop_now() + 15000000000u);
}

static void resume(void *data, int fd, unsigned events)
{
    (void)fd, (void)events;
    if (!coroutine_resume(data, 0))
        now.here--;
}

static bool ready(struct visitor *self, enum loop_event event)
{
    int failed = loop_watch(now.loop, self->socket, event, resume, self);
    now.failed = failed ? failed : now.failed;
    return failed == 0;
}

/* Connects, and says all that there is to say: it fits into the buffers. */
static bool start(struct visitor *self)
{
    struct sockaddr_in at = address_of(now.load->port);
    self->got = 0;
    self->began = lesson_now();
    snprintf(self->request, sizeof self->request, "visitor %-*ld\n\n",
             LOAD_REQUEST - 10, self->number);
    self->socket =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->socket < 0 ||
        (connect(self->socket, (struct sockaddr *)&at, sizeof at) != 0 &&
         errno != EINPROGRESS)) {
        now.failed = -errno;
        return false;
    }
    return true;
}

static bool has_ended(struct visitor *self)
{
    size_t room = sizeof self->answer - self->got;
    self->last = recv(self->socket, self->answer + self->got, room, 0);
    if (self->last > 0)
        self->got += (size_t)self->last;
    return self->last == 0 || room == 0 ||
           (self->last < 0 && errno != EAGAIN && errno != EINTR);
}

static void finish(struct visitor *self)
{
    struct load *load = now.load;
    load->latency[self->number] = lesson_now() - self->began;
    load->answered +=
        self->last == 0 && self->got == LOAD_REQUEST + 6 &&
        memcmp(self->answer, "Hello ", 6) == 0 &&
        memcmp(self->answer + 6, self->request, LOAD_REQUEST) == 0;
    loop_forget(now.loop, self->socket);
    load_hang_up(self->socket);
    self->socket = -1;
    int failed = be_patient();
    now.failed = failed ? failed : now.failed;
}

static bool visit(struct coroutine *co)
{
    struct visitor *self = (struct visitor *)co;
    CO_BEGIN(co);
    while (now.begun < now.load->requests && !now.failed) {
        self->number = now.begun++;
        if (!start(self))
            break;
        CO_AWAIT(co, ready(self, LOOP_WRITE));
        if (send(self->socket, self->request, LOAD_REQUEST, MSG_NOSIGNAL) < 0)
            self->last = -1; /* the answer that does not come will tell */
        do {
            CO_AWAIT(co, ready(self, LOOP_READ));
        } while (!has_ended(self));
        finish(self);
    }
    CO_END(co);
}

/* --- all of them ------------------------------------------------------- */

/* Until the last has left. */
static int run_all(struct visitor *visitor)
{
    now.patience = (struct loop_timer){.fire = give_up};
    int failed = be_patient();
    for (int i = 0; i < now.load->clients; i++) {
        visitor[i].socket = -1;
        visitor[i].coroutine = (struct coroutine){.step = visit};
        now.here++;
        resume(&visitor[i], -1, 0);
    }
    while (now.here > 0 && !failed && !now.failed)
        failed = loop_once(now.loop);
    for (int i = 0; i < now.load->clients; i++)
        if (visitor[i].socket >= 0)
            load_hang_up(visitor[i].socket);
    return failed ? failed : now.failed;
}

int load_run(struct load *load)
{
    struct visitor *visitor = calloc((size_t)load->clients, sizeof *visitor);
    if (!visitor)
        return -ENOMEM;
    memset(&now, 0, sizeof now);
    now.load = load;
    load->answered = 0;
    int failed = loop_open(&now.loop, &loop_epoll);
    if (!failed) {
        double began = lesson_now();
        failed = run_all(visitor);
        load->seconds = lesson_now() - began;
        loop_close(now.loop);
    }
    free(visitor);
    return failed;
}
