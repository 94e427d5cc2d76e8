/*
 * One event loop: a thread's share of the connections and what is due on them.
 *
 * Everything in it belongs to the thread that runs it; only loop_hand and
 * loop_stop may be called by another. Connections are dealt out by the thread
 * that accepts, one loop after the other, so that every loop has the same
 * number of them, which SO_REUSEPORT's hashing does not give.
 */
#ifndef WAITBENCH_ORIGIN_LOOP_H
#define WAITBENCH_ORIGIN_LOOP_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "origin/due.h"
#include "origin/log.h"
#include "origin/stats.h"

enum {
    LOOP_INPUT = 16384,  /* bytes of requests that a connection may send ahead */
    LOOP_OUTPUT = 65536, /* bytes that one call hands to the kernel */
};

/* What all loops share. */
struct origin {
    uint64_t idle_ns; /* how long a client may keep a connection waiting */
    unsigned max_connections;
    _Atomic unsigned connections;
    struct stats *stats;
    struct access_log *log; /* NULL for none */
};

struct connection;

struct loop {
    struct origin *origin;
    struct stats_lane *lane;
    struct event_base *base;
    struct due_queue due;
    uint64_t armed_ns; /* when the timer descriptor fires; UINT64_MAX for never */
    int timer_fd, mail_in, mail_out;
    struct event timer, mail, sweep;
    struct connection *connections, *spare; /* lists: open; closed and kept for the next */
    size_t count;                           /* of the open ones */
    time_t date_s;
    char date[30];
    char input[LOOP_INPUT];
    char output[LOOP_OUTPUT];
};

/* The loop of thread number `thread`. 0 or -errno. */
int loop_new(struct loop **result, struct origin *origin, unsigned thread);

/* Runs until loop_stop. 0, or -EIO if libevent gave up. */
int loop_run(struct loop *loop);

/* From any thread: gives the loop an accepted socket; makes it return. */
void loop_hand(struct loop *loop, int fd);
void loop_stop(struct loop *loop);

/* Closes its connections and frees it; NULL is fine. It does not run any more. */
void loop_free(struct loop *loop);

/* Has the connection's due entry called at that time, never before. */
void loop_schedule(struct loop *loop, struct due *due, uint64_t at_ns);

/* Calls what is due. Only where no connection is being served. */
void loop_run_due(struct loop *loop);

/* The time as the Date field wants it; valid until the next call. */
const char *loop_date(struct loop *loop);

#endif
