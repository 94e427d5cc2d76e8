#include "origin/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "origin/clock.h"
#include "origin/response.h"
#include "origin/route.h"

enum state { READING, WAITING, SENDING, DRIPPING, STALLED, LINGERING };

enum {
    TURN = 1 << 20, /* bytes sent before other connections get their turn */
    LINGER_NS = 2000000000,
};

/* What FAULT_GARBAGE sends: no version of HTTP begins like this. */
static const char garbage[] = "\x01\x02 this is not HTTP \xff\xfe\r\n\r\n";

struct connection {
    struct event input, output;
    struct due due; /* WAITING: answer; DRIPPING: next byte; STALLED, LINGERING: close */
    struct loop *loop;
    struct connection *next, *previous;
    int fd;
    enum state state;
    bool counted;   /* it carried a request that counts */
    bool in_flight; /* so does the request under way */
    bool late_open; /* its lateness is yet to be measured */
    bool http_1_0, head_only, keep_alive, say_keep_alive;
    bool deaf; /* its input is not watched */
    bool half_closed;
    bool refused;        /* what the client sends behind this is not read */
    uint64_t since_ns;   /* when the client last did, or was given, something */
    uint64_t request_ns; /* when the request's head had been read */
    uint64_t due_ns;     /* when its answer, or the next byte of it, is due */
    uint64_t until;      /* bytes of the answer that may leave by now */
    size_t saved_length, saved_room;
    char *saved;      /* bytes behind the request under way */
    char *remembered; /* for the access log */
    struct route route;
    struct response response;
};

/* Opening and closing ------------------------------------------------------------------ */

static void end_request(struct connection *c, bool answered)
{
    struct origin *origin = c->loop->origin;
    uint64_t body = response_body_sent(&c->response);
    if (c->in_flight) {
        stats_body(c->loop->lane, body);
        stats_request_ended(origin->stats);
    }
    if (origin->log)
        log_write(origin->log, c->remembered, answered ? c->route.status : 0, body);
    free(c->route.text);
    c->route.text = NULL;
    c->remembered = NULL;
    c->in_flight = false;
}

static bool under_way(const struct connection *c)
{
    return c->state != READING && c->state != LINGERING;
}

static void give_back(struct loop *loop, struct connection *c)
{
    c->next = loop->spare;
    loop->spare = c;
}

/* Memory for one more connection, and room for it in the queue; NULL if there is none. */
static struct connection *take_memory(struct loop *loop)
{
    struct connection *c = loop->spare;
    if (c)
        loop->spare = c->next;
    else
        c = malloc(sizeof *c);
    if (c && due_reserve(&loop->due, loop->count + 1)) {
        give_back(loop, c);
        return NULL;
    }
    return c;
}

static void connection_close(struct connection *c)
{
    struct loop *loop = c->loop;
    if (under_way(c))
        end_request(c, c->response.sent > 0);
    if (c->counted)
        stats_connection_ended(loop->origin->stats);
    event_del(&c->input);
    event_del(&c->output);
    due_remove(&loop->due, &c->due);
    close(c->fd);
    free(c->saved);
    *(c->previous ? &c->previous->next : &loop->connections) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    loop->count--;
    atomic_fetch_sub(&loop->origin->connections, 1);
    give_back(loop, c);
}

/* The peer gets a reset instead of an orderly end. */
static void connection_reset(struct connection *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    connection_close(c);
}

/* Ends the connection behind an answer. Closing a socket with unread bytes
 * resets it, which can destroy the answer on its way (RFC 9112, 9.6): then the
 * sending half is closed and the rest read away. False: it is gone. */
static bool hang_up(struct connection *c)
{
    char byte;
    bool unread =
        c->saved_length || c->refused || recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (!unread || c->half_closed || shutdown(c->fd, SHUT_WR)) {
        connection_close(c);
        return false;
    }
    c->state = LINGERING;
    c->saved_length = 0;
    if (c->deaf && event_add(&c->input, NULL)) {
        connection_close(c);
        return false;
    }
    c->deaf = false;
    loop_schedule(c->loop, &c->due, monotonic_ns() + LINGER_NS);
    return true;
}

/* Goes on at that time. Who has closed its sending half has gone, and would not be seen to leave:
 * its input has ended. False: the connection is gone. */
static bool wait_until(struct connection *c, enum state state, uint64_t at_ns)
{
    c->state = state;
    if (c->half_closed) {
        connection_close(c);
        return false;
    }
    loop_schedule(c->loop, &c->due, at_ns);
    return true;
}

/* Sending -------------------------------------------------------------------------------- */

static void measure_lateness(struct connection *c, uint64_t now)
{
    if (c->late_open)
        stats_late(c->loop->origin->stats, c->loop->lane, now - c->due_ns);
    c->late_open = false;
}

/* Hands the kernel what may leave. 0 when all of it has, -EAGAIN when the
 * connection has to wait for its next turn, else why it is broken. */
static int send_until(struct connection *c)
{
    struct response *r = &c->response;
    struct loop *loop = c->loop;
    uint64_t turn = r->sent + TURN;
    while (r->sent < c->until) {
        if (r->sent >= turn)
            return -EAGAIN;
        size_t filled = response_fill(r, c->until, loop->output, sizeof loop->output);
        ssize_t put = send(c->fd, loop->output, filled, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        r->sent += (uint64_t)put;
        if ((size_t)put < filled)
            return -EAGAIN; /* a short write: the kernel has no more room */
    }
    return 0;
}

/* The answer's last byte was handed over, in a turn that began at `handed`, and
 * has left by now. False: the connection is gone. */
static bool finish(struct connection *c, uint64_t handed, uint64_t now)
{
    enum fault fault = c->route.fault;
    if (fault == FAULT_STALL)
        return wait_until(c, STALLED, now + ITEM_DELAY_MAX_NS);
    bool whole = fault != FAULT_TRUNCATE && fault != FAULT_GARBAGE;
    if (whole && c->in_flight)
        stats_response(c->loop->lane, c->route.status, c->request_ns, handed, now);
    end_request(c, fault != FAULT_GARBAGE);
    c->state = READING;
    c->since_ns = now;
    return whole && c->keep_alive ? true : hang_up(c);
}

/* Sends what may leave by now and decides how it goes on. False: the connection is gone. */
static bool advance(struct connection *c)
{
    uint64_t before = c->response.sent, handed = monotonic_ns();
    int error = send_until(c);
    uint64_t now = monotonic_ns();
    if (c->response.sent > before) {
        c->since_ns = now;
        measure_lateness(c, now);
    }
    if (error == -EAGAIN && !event_add(&c->output, NULL))
        return true;
    if (error) {
        connection_close(c);
        return false;
    }
    if (c->until == c->response.end)
        return finish(c, handed, now);
    c->due_ns += c->route.pace_ns;
    return wait_until(c, DRIPPING, c->due_ns);
}

/* The answer is due. False: the connection is gone. */
static bool answer(struct connection *c)
{
    struct response *r = &c->response;
    const struct route *route = &c->route;
    c->state = SENDING;
    if (route->fault == FAULT_RESET) {
        measure_lateness(c, monotonic_ns());
        connection_reset(c);
        return false;
    }
    struct response_head head = {
        .status = route->status,
        .date = loop_date(c->loop),
        .type = route->type,
        .allow = route->allow,
        .http_1_0 = c->http_1_0,
        .keep_alive = c->keep_alive,
        .say_keep_alive = c->say_keep_alive,
        .head_only = c->head_only,
    };
    response_begin(r, &head);
    if (route->fault == FAULT_GARBAGE) {
        memcpy(r->head, garbage, sizeof garbage - 1);
        r->head_length = sizeof garbage - 1;
        r->end = r->head_length;
    } else if (route->fault == FAULT_TRUNCATE || route->fault == FAULT_STALL) {
        r->end -= (r->end - r->head_length + 1) / 2;
    }
    c->until = route->fault == FAULT_DRIP ? r->head_length : r->end;
    return advance(c);
}

/* Requests ---------------------------------------------------------------------------------- */

static void count_request(struct connection *c)
{
    struct loop *loop = c->loop;
    struct stats *stats = loop->origin->stats;
    if (!c->counted)
        stats_connection(stats, loop->lane);
    c->counted = c->in_flight = true;
    stats_request(stats, loop->lane, c->request_ns);
}

/* A request head was read, or refused with a status. False: the connection is gone. */
static bool begin(struct connection *c, const struct request *request, int refused,
                  const char *reason)
{
    struct route *route = &c->route;
    c->request_ns = monotonic_ns();
    if (refused)
        route_refuse(route, (unsigned)refused, reason);
    else
        route_find(route, request, c->loop->origin->stats);
    if (route->counts)
        count_request(c);
    c->remembered = NULL;
    if (c->loop->origin->log)
        c->remembered = log_remember(c->fd, refused ? NULL : request);
    c->http_1_0 = !refused && !request->minor;
    c->head_only = !refused && slice_is(request->method, "HEAD");
    c->refused = refused || request->has_body;
    c->keep_alive =
        !c->refused && request->keep_alive && !route->close && !(c->http_1_0 && route->chunked);
    c->say_keep_alive = !refused && request->keep_alive_said;
    if (c->head_only && route->fault != FAULT_RESET && route->fault != FAULT_GARBAGE)
        route->fault = FAULT_NONE; /* they happen to a body */
    c->response.text = route->text;
    c->response.number = route->number;
    c->response.size = route->size;
    c->response.chunked = route->chunked;
    c->response.sent = c->response.head_length = 0;
    c->due_ns = c->request_ns + route->delay_ns;
    c->late_open = route->delay_ns > 0;
    if (!route->delay_ns)
        return answer(c);
    return wait_until(c, WAITING, c->due_ns);
}

/* Keeps bytes for later; they do not lie in c->saved. False: no memory. */
static bool save(struct connection *c, const char *bytes, size_t length)
{
    c->saved_length = length;
    if (!length)
        return true;
    if (!c->saved || length > c->saved_room) {
        char *room = realloc(c->saved, length);
        if (!room)
            return false;
        c->saved = room;
        c->saved_room = length;
    }
    memcpy(c->saved, bytes, length);
    return true;
}

/* Watches the input, or not: not while there is no room for more of it. */
static bool watch_input(struct connection *c)
{
    bool deaf = c->half_closed || c->saved_length == LOOP_INPUT;
    if (deaf == c->deaf)
        return true;
    c->deaf = deaf;
    return !(deaf ? event_del(&c->input) : event_add(&c->input, NULL));
}

/* Answers the requests in these bytes as far as they can be answered now, and
 * keeps the rest. The bytes lie in the loop's input. */
static void serve(struct connection *c, const char *bytes, size_t length)
{
    c->saved_length = 0;
    while (length && c->state == READING) {
        struct request request;
        const char *reason = NULL;
        int result = request_read(bytes, length, &request, &reason);
        if (!result)
            break;
        size_t used = result == 1 ? request.length : length;
        /* Whether more follows decides how the connection is ended. */
        c->saved_length = length - used;
        if (!begin(c, &request, result == 1 ? 0 : result, reason))
            return;
        bytes += used;
        length -= used;
    }
    if (c->state == LINGERING)
        return;
    if ((c->half_closed && c->state == READING) || !save(c, bytes, length) || !watch_input(c))
        connection_close(c);
}

/* An answer has ended outside of serve: what was sent ahead is next. */
static void resume(struct connection *c)
{
    if (c->state != READING)
        return;
    memcpy(c->loop->input, c->saved ? c->saved : "", c->saved_length);
    serve(c, c->loop->input, c->saved_length);
}

/* What the loop calls ---------------------------------------------------------------------- */

/* The client has closed at least its sending half. */
static void end_of_input(struct connection *c)
{
    c->half_closed = true;
    if (c->state != SENDING || !watch_input(c))
        connection_close(c);
}

static void on_input(evutil_socket_t fd, short what, void *argument)
{
    (void)what;
    struct connection *c = argument;
    struct loop *loop = c->loop;
    size_t saved = c->saved_length;
    if (saved)
        memcpy(loop->input, c->saved, saved);
    ssize_t got = recv(fd, loop->input + saved, sizeof loop->input - saved, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0)
        connection_close(c);
    else if (!got)
        end_of_input(c);
    else if (c->state != LINGERING)
        serve(c, loop->input, saved + (size_t)got);
    /* A turn with many requests must not make those late that wait. */
    if (due_next(&loop->due) != UINT64_MAX)
        loop_run_due(loop);
}

static void on_output(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct connection *c = argument;
    if (advance(c))
        resume(c);
}

void connection_due(struct due *due)
{
    struct connection *c = (void *)((char *)due - offsetof(struct connection, due));
    bool alive = true;
    switch (c->state) {
    case WAITING:
        alive = answer(c);
        break;
    case DRIPPING:
        c->state = SENDING;
        c->until++;
        alive = advance(c);
        break;
    default:
        connection_close(c);
        return;
    }
    if (alive)
        resume(c);
}

void connection_open(struct loop *loop, int fd)
{
    struct connection *c = take_memory(loop);
    if (!c) {
        close(fd);
        atomic_fetch_sub(&loop->origin->connections, 1);
        return;
    }
    *c = (struct connection){.loop = loop, .fd = fd, .since_ns = monotonic_ns()};
    c->next = loop->connections;
    if (c->next)
        c->next->previous = c;
    loop->connections = c;
    loop->count++;
    event_assign(&c->output, loop->base, fd, EV_WRITE, on_output, c);
    event_assign(&c->input, loop->base, fd, EV_READ | EV_PERSIST, on_input, c);
    if (event_add(&c->input, NULL))
        connection_close(c);
}

/* Its end stands behind what it has sent ahead, which is not read: the kernel is asked. */
static bool has_left(const struct connection *c)
{
    struct pollfd look = {.fd = c->fd, .events = POLLRDHUP};
    return c->deaf && poll(&look, 1, 0) > 0;
}

void connection_sweep(struct loop *loop, uint64_t now)
{
    struct connection *next;
    for (struct connection *c = loop->connections; c; c = next) {
        next = c->next;
        bool clients_turn = c->state == READING || c->state == SENDING;
        bool over = clients_turn ? now - c->since_ns > loop->origin->idle_ns : has_left(c);
        if (over)
            connection_close(c);
    }
}

void connection_close_all(struct loop *loop)
{
    while (loop->connections)
        connection_close(loop->connections);
    while (loop->spare) {
        struct connection *c = loop->spare;
        loop->spare = c->next;
        free(c);
    }
}
