/*
 * build/origin: the server that the models are compared against.
 *
 *   main's thread: listeners --accept--> deals each connection to one of
 *   K loops in turn; loop 0 is its own, the others have a thread each.
 *
 * request.c reads a head, route.c finds what it is to get, item.c says what an
 * item is, connection.c sends it when it is due, loop.c waits for all of them.
 */
#include <errno.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/output.h"
#include "origin/connection.h"
#include "origin/listen.h"
#include "origin/loop.h"
#include "origin/options.h"

enum {
    EXIT_CANNOT_RUN = 3,
    DESCRIPTORS_KEPT = 64, /* for listeners, loops, logs and what libraries open */
    PAUSE_US = 10000,      /* without a descriptor to spare, connections wait in the backlog */
};

struct server {
    struct options options;
    struct origin origin;
    struct listening listening;
    unsigned loop_count, thread_count, listener_count, next;
    struct loop *loops[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    struct evconnlistener *listeners[LISTEN_MAX];
    struct event *resume, *terminated, *interrupted;
};

static int say(const char *what, int error)
{
    fprintf(stderr, "origin: %s: %s\n", what, strerror(-error));
    return error;
}

/* Accepting -------------------------------------------------------------------------------- */

static void pause_accepting(struct server *server)
{
    if (event_add(server->resume, &(struct timeval){0, PAUSE_US}))
        return; /* no memory for it: a pause would have no end */
    for (unsigned i = 0; i < server->listener_count; i++)
        evconnlistener_disable(server->listeners[i]);
}

static void on_resume(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct server *server = argument;
    if (atomic_load(&server->origin.connections) >= server->origin.max_connections) {
        pause_accepting(server);
        return;
    }
    bool deaf = false; /* one without memory to watch it; the next time may be better */
    for (unsigned i = 0; i < server->listener_count; i++)
        deaf |= evconnlistener_enable(server->listeners[i]) != 0;
    if (deaf)
        pause_accepting(server);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *argument)
{
    (void)listener, (void)address, (void)length;
    struct server *server = argument;
    struct loop *loop = server->loops[server->next];
    server->next = (server->next + 1) % server->loop_count;
    if (atomic_fetch_add(&server->origin.connections, 1) + 1 >= server->origin.max_connections)
        pause_accepting(server);
    if (loop == server->loops[0])
        connection_open(loop, fd);
    else
        loop_hand(loop, fd);
}

/* No descriptor or no memory: it passes, and a retry at once would only spin. */
static void on_accept_error(struct evconnlistener *listener, void *argument)
{
    (void)listener;
    pause_accepting(argument);
}

static int start_listening(struct server *server)
{
    struct event_base *base = server->loops[0]->base;
    int backlog = listen_backlog(&server->options);
    server->resume = evtimer_new(base, on_resume, server);
    if (!server->resume)
        return -ENOMEM;
    while (server->listening.count) {
        int fd = server->listening.fds[server->listening.count - 1];
        errno = 0;
        struct evconnlistener *listener = evconnlistener_new(
            base, on_accept, server,
            LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, backlog, fd);
        if (!listener)
            return errno ? -errno : -ENOMEM;
        evconnlistener_set_error_cb(listener, on_accept_error);
        server->listening.count--;
        server->listeners[server->listener_count++] = listener;
        /* It would not say so by itself, and let everybody wait. */
        if (evconnlistener_enable(listener))
            return -ENOMEM;
    }
    return 0;
}

/* Starting and ending ---------------------------------------------------------------------- */

/* As many connections as descriptors allow, the hard limit included. */
static unsigned raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 1024 - DESCRIPTORS_KEPT;
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        limit.rlim_cur = soft;
    rlim_t usable = limit.rlim_cur < 1 << 24 ? limit.rlim_cur : 1 << 24;
    return usable > 2 * DESCRIPTORS_KEPT ? (unsigned)usable - DESCRIPTORS_KEPT : DESCRIPTORS_KEPT;
}

static void on_stop(evutil_socket_t signal, short what, void *argument)
{
    (void)signal, (void)what;
    struct server *server = argument;
    event_base_loopbreak(server->loops[0]->base);
}

static int watch_signals(struct server *server)
{
    struct event_base *base = server->loops[0]->base;
    server->terminated = evsignal_new(base, SIGTERM, on_stop, server);
    server->interrupted = evsignal_new(base, SIGINT, on_stop, server);
    if (!server->terminated || !server->interrupted || event_add(server->terminated, NULL) ||
        event_add(server->interrupted, NULL))
        return -ENOMEM;
    return 0;
}

static void *run_thread(void *argument)
{
    int error = loop_run(argument);
    if (error)
        say("an event loop ended", error);
    return NULL;
}

/* The signals are for main's thread alone: the others are made with them blocked. */
static int start_threads(struct server *server)
{
    sigset_t all, before;
    sigfillset(&all);
    int error = -pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 1; i < server->loop_count && !error; i++) {
        error = -pthread_create(&server->threads[i], NULL, run_thread, server->loops[i]);
        server->thread_count += !error;
    }
    int unblocked = -pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error ? error : unblocked;
}

static int make_loops(struct server *server)
{
    server->origin.stats = stats_new(server->options.threads);
    if (!server->origin.stats)
        return -ENOMEM;
    for (unsigned i = 0; i < server->options.threads; i++) {
        int error = loop_new(&server->loops[i], &server->origin, i);
        if (error)
            return error;
        server->loop_count++;
    }
    return 0;
}

static int say_log(const char *path, int error)
{
    if (error != -ENXIO)
        return say(path, error);
    fprintf(stderr, "origin: %s: nobody reads that pipe; start its reader first\n", path);
    return error;
}

static int start(struct server *server)
{
    const struct options *options = &server->options;
    int error = listen_bind(&server->listening, options);
    if (error)
        return error; /* said already */
    if (options->access_log && (error = log_open(&server->origin.log, options->access_log)))
        return say_log(options->access_log, error);
    if ((error = make_loops(server)) || (error = watch_signals(server)) ||
        (error = start_threads(server)) || (error = start_listening(server)))
        return say("cannot start", error);
    if (options->port_file &&
        (error = listen_write_port(options->port_file, server->listening.port)))
        return say(options->port_file, error);
    if (!options->port && !options->port_file) /* nobody could know it otherwise */
        fprintf(stderr, "origin: listening on port %u\n", server->listening.port);
    return 0;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

/* Whatever there is of it; nothing is accepted from here on. */
static int stop(struct server *server)
{
    for (unsigned i = 0; i < server->listener_count; i++)
        evconnlistener_free(server->listeners[i]);
    listen_close(&server->listening);
    free_event(server->resume);
    free_event(server->terminated);
    free_event(server->interrupted);
    for (unsigned i = 1; i <= server->thread_count; i++) {
        loop_stop(server->loops[i]);
        pthread_join(server->threads[i], NULL);
    }
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i]);
    stats_free(server->origin.stats);
    uint64_t lost;
    int error = log_close(server->origin.log, &lost);
    if (lost)
        fprintf(stderr,
                "origin: the access log is not whole: its reader left no room for %" PRIu64
                " lines\n",
                lost);
    if (error)
        say("the access log is not whole", error);
    return error || lost;
}

int main(int argc, char *argv[])
{
    static struct server server;
    output_keep_standard_descriptors();
    options_read(&server.options, argc, argv);
    server.origin.idle_ns = server.options.idle_ns;
    server.origin.max_connections = raise_limit();
    signal(SIGPIPE, SIG_IGN);

    int error = start(&server);
    bool started = !error;
    if (started && (error = loop_run(server.loops[0])))
        say("the event loop ended", error);
    if (started && server.options.port_file && unlink(server.options.port_file) && errno != ENOENT)
        error = say(server.options.port_file, -errno);
    int unclean = stop(&server);
    return error || unclean ? EXIT_CANNOT_RUN : 0;
}
