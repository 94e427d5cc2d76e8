/*
 * faults: a server that is wrong in every way that docs/faults.md lists, for tests.
 *
 * Usage: faults PORT_FILE LOG_FILE
 *
 * Listens on 127.0.0.1 and writes five ports to PORT_FILE: where it serves, where it refuses
 * every connection, where it lets the kernel accept and never looks, where it begins to answer
 * a TLS greeting and stops in the middle, and where the queue is full: nobody gets in. What it does
 * wrong is chosen by the path (a query is only for the log); the table `faults` below is the list.
 * To a TLS greeting at the first port it answers in plain HTTP. Each path that is asked for becomes
 * a line of LOG_FILE when its request has been read. Ends on SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 8192, BLOCK = 16384, STACK = 128 * 1024 };
enum { KIB = 1024, MIB = 1024 * KIB };
#define GIB     ((uint64_t)1024 * MIB)
#define FOREVER UINT64_MAX

/* What follows the answer: the next request on the connection, its end, its reset, nothing, or
 * the next request and then its end. */
enum after { KEEP, CLOSE, RESET_IT, HOLD, KEEP_AND_DIE };

struct fault {
    const char *path;
    const char *head;  /* sent first */
    const char *again; /* then this, over and over … */
    uint64_t times;    /* … so often … */
    const char *tail;  /* sent last */
    uint32_t pace_ms;  /* `again` once in so many milliseconds, or as fast as it goes */
    enum after after;
};

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define HELLO   OK "Content-Length: 5\r\n\r\nhello"
#define A64     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct fault faults[] = {
    {"/sound", .head = HELLO, .after = KEEP},
    {"/breaks-promise", .head = OK "Connection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
     .after = CLOSE},
    {"/dies-when-kept", .head = HELLO, .after = KEEP_AND_DIE},
    {"/dies-late-when-kept", .head = HELLO, .pace_ms = 150, .after = KEEP_AND_DIE},
    {"/resets-behind", .head = HELLO, .after = RESET_IT},
    /* Before the head, in it, behind it. */
    {"/reset-before", .after = RESET_IT},
    {"/close-before", .after = CLOSE},
    {"/reset-in-head", .head = OK "Content-Le", .after = RESET_IT},
    {"/close-in-head", .head = OK "Content-Le", .after = CLOSE},
    {"/close-behind-status", .head = OK, .after = CLOSE},
    {"/close-in-status", .head = "HTTP/1.1 20", .after = CLOSE},
    {"/reset-behind-head", .head = OK "Content-Length: 10\r\n\r\n", .after = RESET_IT},
    /* Bodies of another length than was said. */
    {"/short", .head = OK "Content-Length: 10\r\n\r\nhello", .after = CLOSE},
    {"/empty", .head = OK "Content-Length: 10\r\n\r\n", .after = CLOSE},
    {"/long", .head = HELLO " and more", .after = KEEP},
    {"/long-reply", .head = HELLO "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", .after = KEEP},
    {"/no-number", .head = OK "Content-Length: five\r\n\r\nhello", .after = CLOSE},
    {"/negative", .head = OK "Content-Length: -5\r\n\r\nhello", .after = CLOSE},
    {"/beyond-64-bits", .head = OK "Content-Length: 18446744073709551621\r\n\r\nhello",
     .after = CLOSE},
    /* Chunks. */
    {"/chunk-no-number", .head = CHUNKED "zz\r\nhello\r\n", .after = CLOSE},
    {"/chunk-beyond-64-bits", .head = CHUNKED "fffffffffffffffff\r\nhello\r\n", .after = CLOSE},
    {"/chunk-short", .head = CHUNKED "5\r\nhel", .after = CLOSE},
    {"/chunk-no-end", .head = CHUNKED "5\r\nhello\r\n", .after = CLOSE},
    {"/chunk-no-line-end", .head = CHUNKED "5\r\nhelloXX0\r\n\r\n", .after = CLOSE},
    {"/chunk-extension", .head = CHUNKED "5;", .again = A64, .times = FOREVER, .pace_ms = 1},
    {"/trailers", .head = CHUNKED "5\r\nhello\r\n0\r\n", .again = "X-" A64 ": " A64 "\r\n",
     .times = FOREVER},
    /* Heads that do not end, or are too large. */
    {"/header-line", .head = OK "X-Long: ", .again = A64, .times = GIB / 64,
     .tail = "\r\nContent-Length: 5\r\n\r\nhello"},
    {"/headers", .head = OK, .again = "X-" A64 ": " A64 "\r\n", .times = FOREVER},
    {"/continues", .again = "HTTP/1.1 100 Continue\r\n\r\n", .times = FOREVER},
    {"/hints", .again = "HTTP/1.1 103 Early Hints\r\nLink: </" A64 ">\r\n\r\n", .times = FOREVER},
    {"/one-continue", .head = "HTTP/1.1 100 Continue\r\n\r\n" HELLO, .after = KEEP},
    {"/late", .again = "HTTP/1.1 100 Continue\r\n\r\n", .times = 1, .pace_ms = 250, .tail = HELLO,
     .after = KEEP},
    {"/only-continue", .head = "HTTP/1.1 100 Continue\r\n\r\n", .after = CLOSE},
    {"/switches",
     .head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
             "Connection: Upgrade\r\n\r\n",
     .after = CLOSE},
    {"/switches-and-talks",
     .head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
             "Connection: Upgrade\r\n\r\nnot HTTP any more",
     .after = CLOSE},
    /* No HTTP. */
    {"/garbage", .head = "SSH-2.0-OpenSSH_9.2\r\n", .after = CLOSE},
    {"/zeros", .again = "\x01\x02\x7f\xff", .times = MIB, .after = CLOSE},
    {"/http09", .head = "hello", .after = CLOSE},
    {"/http9", .head = "HTTP/9.9 200 OK\r\nContent-Length: 5\r\n\r\nhello", .after = CLOSE},
    {"/no-status", .head = "HTTP/1.1 OK\r\nContent-Length: 5\r\n\r\nhello", .after = CLOSE},
    {"/no-colon", .head = OK "no colon in this line\r\nContent-Length: 5\r\n\r\nhello",
     .after = CLOSE},
    /* Bodies without end, and much too slow ones. */
    {"/endless", .head = OK "\r\n", .again = A64, .times = FOREVER},
    {"/endless-chunks", .head = CHUNKED, .again = "40\r\n" A64 "\r\n", .times = FOREVER},
    {"/announced-1-TiB", .head = OK "Content-Length: 1099511627776\r\n\r\n", .again = A64,
     .times = FOREVER},
    {"/byte-a-second", .head = OK "Content-Length: 1000000\r\n\r\n", .again = "a", .times = 1000000,
     .pace_ms = 1000},
    {"/header-byte-a-second", .head = OK "X-Slow: ", .again = "a", .times = FOREVER,
     .pace_ms = 1000},
    {"/continue-a-second", .again = "HTTP/1.1 100 Continue\r\n\r\n", .times = FOREVER,
     .pace_ms = 1000},
    /* Nothing. */
    {"/silent", .after = HOLD},
    {"/stalls-in-head", .head = OK "Content-Le", .after = HOLD},
    {"/stalls-in-body", .head = OK "Content-Length: 10\r\n\r\nhello", .after = HOLD},
    {"/stalls-in-chunk", .head = CHUNKED "5\r\nhel", .after = HOLD},
    /* For retries: failures that pass and that do not. */
    {"/busy", .head = "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy", .after = KEEP},
    {"/missing", .head = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", .after = KEEP},
    {NULL},
};

/* No faults: they make others wait as long as a test wants. */
static const struct fault held = {.path = "/held", .head = HELLO, .after = KEEP};
static const struct fault release = {.path = "/release", .head = HELLO, .after = KEEP};
static pthread_mutex_t release_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t release_news = PTHREAD_COND_INITIALIZER;
static bool released;

static int log_fd;

static bool send_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false; /* the client has had enough */
        data += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Many in one call, where nothing slows it down. */
static bool send_over_and_over(int fd, const struct fault *fault)
{
    char block[BLOCK];
    const size_t each = strlen(fault->again);
    const uint64_t fit = fault->pace_ms > 0 ? 1 : BLOCK / each;
    const struct timespec pace = {.tv_sec = fault->pace_ms / 1000,
                                  .tv_nsec = (long)fault->pace_ms % 1000 * 1000000};
    for (uint64_t i = 0; i < fit; i++)
        memcpy(block + i * each, fault->again, each);
    for (uint64_t left = fault->times; left > 0;) {
        uint64_t now = left < fit ? left : fit;
        if (!send_all(fd, block, now * each))
            return false;
        if (fault->times != FOREVER)
            left -= now;
        if (fault->pace_ms > 0)
            nanosleep(&pace, NULL);
    }
    return true;
}

/* Until the client closes. */
static void hold(int fd)
{
    char nothing[256];
    while (recv(fd, nothing, sizeof nothing, 0) > 0)
        ;
}

/* False: the connection has ended. */
static bool give(int fd, const struct fault *fault)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (fault->head != NULL && !send_all(fd, fault->head, strlen(fault->head)))
        return false;
    if (fault->again != NULL && !send_over_and_over(fd, fault))
        return false;
    if (fault->tail != NULL && !send_all(fd, fault->tail, strlen(fault->tail)))
        return false;
    if (fault->after == HOLD)
        hold(fd);
    if (fault->after == RESET_IT)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return fault->after == KEEP || fault->after == KEEP_AND_DIE;
}

/* Reads one request's head. Its length, or 0 at the connection's end. */
static size_t read_request(int fd, char request[static REQUEST])
{
    size_t length = 0;
    while (length < REQUEST - 1) {
        ssize_t got = recv(fd, request + length, REQUEST - 1 - length, 0);
        if (got <= 0)
            return 0;
        length += (size_t)got;
        request[length] = '\0';
        if (request[0] == 0x16 || strstr(request, "\r\n\r\n") != NULL)
            return length;
    }
    return 0;
}

static bool is_path(const struct fault *fault, const char *path, size_t length)
{
    return strlen(fault->path) == length && memcmp(fault->path, path, length) == 0;
}

static void meet_release(const struct fault *fault)
{
    pthread_mutex_lock(&release_lock);
    if (fault == &release) {
        released = true;
        pthread_cond_broadcast(&release_news);
    }
    while (fault == &held && !released)
        pthread_cond_wait(&release_news, &release_lock);
    pthread_mutex_unlock(&release_lock);
}

static const struct fault *asked_for(const char *request)
{
    char line[128];
    const char *path = request + strcspn(request, " ");
    path += *path == ' ';
    size_t length = strcspn(path, "? \r\n");
    int written = snprintf(line, sizeof line, "%.*s\n", (int)strcspn(path, " \r\n"), path);
    if (write(log_fd, line, (size_t)written) != written)
        return NULL;
    for (const struct fault *fault = faults; fault->path != NULL; fault++) {
        if (is_path(fault, path, length))
            return fault;
    }
    return is_path(&held, path, length) ? &held : is_path(&release, path, length) ? &release : NULL;
}

static void *serve(void *data)
{
    int fd = (int)(intptr_t)data;
    char request[REQUEST];
    while (read_request(fd, request) > 0) {
        if (request[0] == 0x16) {
            (void)send_all(fd, HELLO, strlen(HELLO));
            break;
        }
        const struct fault *fault = asked_for(request);
        meet_release(fault);
        if (fault == NULL || !give(fd, fault))
            break;
        if (fault->after == KEEP_AND_DIE) {
            if (read_request(fd, request) > 0) {
                const struct fault *last = asked_for(request);
                usleep(last != NULL ? last->pace_ms * 1000 : 0);
            }
            break;
        }
    }
    close(fd);
    return NULL;
}

/* The head of a ServerHello of 118 bytes, and the first of them. */
static void *greet_halfway(void *data)
{
    static const char half[] = {0x16, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3};
    int fd = (int)(intptr_t)data;
    char greeting[REQUEST];
    if (read_request(fd, greeting) > 0 && greeting[0] == 0x16 && send_all(fd, half, sizeof half))
        hold(fd);
    close(fd);
    return NULL;
}

/* One of the ports that somebody looks at. */
struct listener {
    int fd;
    void *(*serve)(void *);
};

/* A thread a connection. Returns only where there can be none. */
static void *accept_all(void *data)
{
    const struct listener *listener = data;
    pthread_attr_t detached;
    if (pthread_attr_init(&detached) != 0 ||
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) != 0 ||
        pthread_attr_setstacksize(&detached, STACK) != 0)
        return NULL;
    for (;;) {
        pthread_t thread;
        int fd = accept(listener->fd, NULL, NULL);
        if (fd >= 0 &&
            pthread_create(&thread, &detached, listener->serve, (void *)(intptr_t)fd) != 0)
            close(fd);
    }
}

/* A socket bound to a free port of 127.0.0.1, or -1. */
static int bound(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -1;
    *port = ntohs(address.sin_port);
    return fd;
}

/* Nobody accepts at `fd`, and its queue for one is taken: what else connects waits. */
static int fill_queue(int fd, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(port)};
    if (listen(fd, 0) < 0)
        return -1;
    for (int i = 0; i < 4; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (client < 0 || (connect(client, (struct sockaddr *)&address, sizeof address) < 0 &&
                           errno != EINPROGRESS))
            return -1;
    }
    return 0;
}

static int tell_ports(const char *path, const uint16_t ports[static 5])
{
    char aside[PATH_MAX];
    snprintf(aside, sizeof aside, "%s.part", path);
    FILE *file = fopen(aside, "we");
    if (file == NULL)
        return -1;
    fprintf(file, "%u %u %u %u %u\n", ports[0], ports[1], ports[2], ports[3], ports[4]);
    return fclose(file) == 0 ? rename(aside, path) : -1;
}

int main(int argc, char **argv)
{
    uint16_t ports[5];
    pthread_t second;
    if (argc != 3) {
        fputs("Usage: faults PORT_FILE LOG_FILE\n", stderr);
        return 2;
    }
    log_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct listener server = {bound(&ports[0]), serve};
    int closed = bound(&ports[1]), deaf = bound(&ports[2]), full = bound(&ports[4]);
    struct listener midway = {bound(&ports[3]), greet_halfway};
    if (log_fd < 0 || server.fd < 0 || closed < 0 || deaf < 0 || midway.fd < 0 ||
        listen(server.fd, 1024) < 0 || listen(deaf, 1024) < 0 || listen(midway.fd, 1024) < 0 ||
        full < 0 || fill_queue(full, ports[4]) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        pthread_create(&second, NULL, accept_all, &midway) != 0 || tell_ports(argv[1], ports) < 0) {
        fprintf(stderr, "faults: %s\n", strerror(errno));
        return 3;
    }
    accept_all(&server);
    return 3;
}
