/*
 * arrivals: open-loop load for the origin, to see whether delayed answers leave when due.
 *
 * Usage: arrivals PORT COUNT SPAN DELAY [OPTION=VALUE&...]
 *
 * Opens COUNT connections to 127.0.0.1:PORT, then sends one request on each, evenly over
 * SPAN, for /item/K?size=0&delay=DELAY with the further options, whatever has or has not
 * been answered; one thread, epoll. Prints
 *
 *   sent N answered N early N p50_ms X p99_ms X max_ms X
 *
 * where the times are from due (DELAY after the request was about to be sent) to the answer
 * read, on this side of the connection; early are those that came before. Exit status: 0 all
 * answered, 1 not, 2 wrong usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/units.h"
#include "origin/clock.h"

enum { AT_ONCE = 256, GRACE_MS = 30000 };

struct plan {
    uint16_t port;
    uint64_t count, span_ns, delay_ns;
    const char *delay, *further; /* as they go into the URL */
};

struct client {
    int fd;
    uint64_t due_ns;
    char end[4]; /* the last bytes read: an answer without a body ends in an empty line */
    bool answered;
};

struct crowd {
    const struct plan *plan;
    struct client *clients;
    int64_t *late_ns; /* in the order of the answers */
    uint64_t sent, answered, early, gone;
    int epoll;
};

static int fail(const char *what)
{
    fprintf(stderr, "arrivals: %s: %s\n", what, strerror(errno));
    return -1;
}

static int connect_one(struct crowd *crowd, uint64_t i)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(crowd->plan->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client *client = &crowd->clients[i];
    int on = 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&to, sizeof to) ||
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
        return fail("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
    return epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, client->fd, &event) ? fail("epoll") : 0;
}

static int send_one(struct crowd *crowd)
{
    const struct plan *plan = crowd->plan;
    struct client *client = &crowd->clients[crowd->sent++];
    char request[512];
    int length =
        snprintf(request, sizeof request,
                 "GET /item/%" PRIu64 "?size=0&delay=%s%s HTTP/1.1\r\nHost: arrivals\r\n\r\n",
                 crowd->sent, plan->delay, plan->further);
    client->due_ns = monotonic_ns() + plan->delay_ns;
    if (send(client->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        return fail("send");
    return 0;
}

static void receive_one(struct crowd *crowd, struct client *client)
{
    char bytes[4096];
    memcpy(bytes, client->end, sizeof client->end);
    ssize_t got = recv(client->fd, bytes + 4, sizeof bytes - 4, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        epoll_ctl(crowd->epoll, EPOLL_CTL_DEL, client->fd, NULL);
        crowd->gone += !client->answered;
        return;
    }
    memcpy(client->end, bytes + got, sizeof client->end);
    if (client->answered || memcmp(client->end, "\r\n\r\n", 4) != 0)
        return;
    int64_t late = (int64_t)(monotonic_ns() - client->due_ns);
    client->answered = true;
    crowd->early += late < 0;
    crowd->late_ns[crowd->answered++] = late;
}

/* Sends what is due to be sent, and sets the timer for the next. */
static int send_due(struct crowd *crowd, uint64_t start, int timer)
{
    const struct plan *plan = crowd->plan;
    uint64_t next = 0;
    while (crowd->sent < plan->count) {
        next = start + plan->span_ns / plan->count * crowd->sent;
        if (next > monotonic_ns())
            break;
        if (send_one(crowd))
            return -1;
    }
    if (crowd->sent == plan->count)
        return 0;
    struct itimerspec when = {.it_value = {(time_t)(next / 1000000000), (long)(next % 1000000000)}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) ? fail("timer") : 0;
}

static int converse(struct crowd *crowd, int timer)
{
    const struct plan *plan = crowd->plan;
    uint64_t start = monotonic_ns();
    uint64_t end = start + plan->span_ns + plan->delay_ns + GRACE_MS * UINT64_C(1000000);
    struct epoll_event events[AT_ONCE], tick = {.events = EPOLLIN, .data.u64 = plan->count};
    if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, timer, &tick))
        return fail("epoll");
    while (crowd->answered + crowd->gone < plan->count && monotonic_ns() < end) {
        if (send_due(crowd, start, timer))
            return -1;
        int count = epoll_wait(crowd->epoll, events, AT_ONCE, GRACE_MS);
        if (count < 0 && errno != EINTR)
            return fail("epoll_wait");
        uint64_t ticks;
        for (int i = 0; i < count; i++)
            if (events[i].data.u64 < plan->count)
                receive_one(crowd, &crowd->clients[events[i].data.u64]);
            else if (read(timer, &ticks, sizeof ticks) != sizeof ticks)
                return fail("timer");
    }
    return 0;
}

static int by_size(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Nearest rank. */
static double percentile_ms(const struct crowd *crowd, unsigned percent)
{
    uint64_t rank = (crowd->answered * percent + 99) / 100;
    return rank ? (double)crowd->late_ns[rank - 1] / 1e6 : 0;
}

static void report(struct crowd *crowd)
{
    qsort(crowd->late_ns, crowd->answered, sizeof *crowd->late_ns, by_size);
    printf("sent %" PRIu64 " answered %" PRIu64 " early %" PRIu64
           " p50_ms %.3f p99_ms %.3f max_ms %.3f\n",
           crowd->sent, crowd->answered, crowd->early, percentile_ms(crowd, 50),
           percentile_ms(crowd, 99), percentile_ms(crowd, 100));
}

static int run(const struct plan *plan)
{
    struct crowd crowd = {.plan = plan, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    crowd.clients = calloc(plan->count, sizeof *crowd.clients);
    crowd.late_ns = calloc(plan->count, sizeof *crowd.late_ns);
    int error = 0;
    if (crowd.epoll < 0 || timer < 0 || !crowd.clients || !crowd.late_ns)
        error = fail("start");
    uint64_t connected = 0;
    while (!error && connected < plan->count)
        error = connect_one(&crowd, connected++);
    if (!error)
        error = converse(&crowd, timer);
    if (connected)
        report(&crowd);
    while (connected)
        close(crowd.clients[--connected].fd);
    free(crowd.clients);
    free(crowd.late_ns);
    close(timer);
    close(crowd.epoll);
    return error || crowd.answered < plan->count ? 1 : 0;
}

int main(int argc, char *argv[])
{
    struct plan plan = {0};
    uint64_t port;
    if (argc < 5 || argc > 6 || parse_count(argv[1], &port) || port > UINT16_MAX ||
        parse_count(argv[2], &plan.count) || !plan.count ||
        parse_duration(argv[3], &plan.span_ns) || parse_duration(argv[4], &plan.delay_ns)) {
        fputs("Usage: arrivals PORT COUNT SPAN DELAY [OPTION=VALUE&...]\n", stderr);
        return 2;
    }
    char further[128] = "";
    if (argc == 6)
        snprintf(further, sizeof further, "&%s", argv[5]);
    plan.port = (uint16_t)port;
    plan.delay = argv[4];
    plan.further = further;
    struct rlimit limit;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit))
            return 1;
    }
    return run(&plan);
}
