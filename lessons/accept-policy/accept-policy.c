/*
 * accept-policy: eighty workers stand at one door; a request keeps its worker
 * for a while, in which the worker waits and computes nothing.
 *
 *   one at a time     A:1  B:2  C:3  D:4  ...   the rest waits at the door,
 *                     A:81 B:82 ...             where any free worker finds it
 *
 *   all that wait     A:1 2 3 4 5 6 7 8 9 ...   the rest waits in A's hands,
 *                     B:  (nothing to do)       where nobody else finds it
 */
#include "lessons/accept-policy/accept-policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- a request --------------------------------------------------------- */

/* Blocks, as a handler does that asks a database and waits for the answer. */
static void handle(const struct worker *w, int request)
{
    struct timespec rest = {(time_t)w->block,
                            (long)(1e9 * (w->block - (time_t)w->block))};
    while (w->block > 0 && nanosleep(&rest, &rest) != 0)
        ;
    char answer = (char)(w->number + 1);
    /* A client that is gone has its own reasons; the worker goes on. */
    ssize_t sent = send(request, &answer, 1, MSG_NOSIGNAL);
    (void)sent;
    close(request);
}

static int accept_one(const struct worker *w)
{
    int request = accept(w->door, NULL, NULL);
    if (request >= 0)
        __atomic_add_fetch(&w->hall->accepted, 1, __ATOMIC_RELEASE);
    return request >= 0 ? request : -errno;
}

/* --- the two policies -------------------------------------------------- */

static int one_at_a_time(const struct worker *w)
{
    for (;;) {
        int request = accept_one(w); /* sleeps here while there is none */
        __atomic_add_fetch(&w->hall->wakeups, 1, __ATOMIC_RELAXED);
        if (request < 0 && request != -EINTR && request != -ECONNABORTED)
            return request;
        if (request >= 0)
            handle(w, request);
    }
}

static int all_that_wait(const struct worker *w)
{
    static int in_hand[REQUESTS];
    struct epoll_event event = {
        .events = EPOLLIN | (w->policy == ALL_EXCLUSIVE ? EPOLLEXCLUSIVE : 0)};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, w->door, &event) != 0)
        return -errno;
    for (;;) {
        if (epoll_wait(epoll, &event, 1, -1) < 0 && errno != EINTR)
            return -errno;
        __atomic_add_fetch(&w->hall->wakeups, 1, __ATOMIC_RELAXED);

        int n = 0, request = 0;
        while (n < REQUESTS && (request = accept_one(w)) >= 0)
            in_hand[n++] = request;
        if (n == 0) /* another one was quicker */
            __atomic_add_fetch(&w->hall->in_vain, 1, __ATOMIC_RELAXED);
        for (int i = 0; i < n; i++)
            handle(w, in_hand[i]);
    }
}

/* --- a worker and the door --------------------------------------------- */

int serve(const struct worker *w)
{
    const struct timespec moment = {0, 500000};
    __atomic_add_fetch(&w->hall->ready, 1, __ATOMIC_RELEASE);
    while (w->may_wait && !__atomic_load_n(&w->hall->open, __ATOMIC_ACQUIRE))
        nanosleep(&moment, NULL);
    return w->policy == ONE ? one_at_a_time(w) : all_that_wait(w);
}

/* All that come at once must find room to wait. */
enum { BACKLOG = 2 * REQUESTS };

int open_door(enum policy policy, unsigned short *port)
{
    int one = 1, kind = SOCK_STREAM | SOCK_CLOEXEC;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    /* Who takes all that wait must be told when there are no more. */
    if (policy != ONE)
        kind |= SOCK_NONBLOCK;
    int door = socket(AF_INET, kind, 0);
    if (door < 0)
        return -errno;
    if ((policy == ALL_REUSEPORT &&
         setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) ||
        bind(door, (struct sockaddr *)&at, size) != 0 ||
        listen(door, BACKLOG) != 0 ||
        getsockname(door, (struct sockaddr *)&at, &size) != 0) {
        int failed = -errno;
        close(door);
        return failed;
    }
    *port = ntohs(at.sin_port);
    return door;
}
