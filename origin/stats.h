/*
 * What the origin did, counted exactly over all its threads.
 *
 * Each thread counts in a lane of its own that nobody else writes, so that
 * counting costs no shared cache line; what only all threads together can know
 * (how many are open or in flight at one instant, and the peaks of that) stands
 * in shared atomics. A reset takes a snapshot that later reports subtract: no
 * count is lost between two threads.
 *
 * What is counted where: docs/origin.md.
 */
#ifndef WAITBENCH_ORIGIN_STATS_H
#define WAITBENCH_ORIGIN_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATS_STATUSES = 600,
    /* Lateness: whole nanoseconds below 64, then 32 buckets an octave (each
     * 1/32 wide), up to 2^42 ns, over an hour. */
    STATS_BUCKETS = 64 + 36 * 32,
};

/* Written by one thread, read by any. */
struct stats_lane {
    _Atomic uint64_t requests, responses, connections, body_bytes, residence_ns;
    _Atomic uint64_t last_byte_ns; /* CLOCK_MONOTONIC */
    _Atomic uint64_t by_status[STATS_STATUSES];
    _Atomic uint64_t late[STATS_BUCKETS];
};

struct stats;

/* For so many threads. NULL if there is no memory. */
struct stats *stats_new(unsigned threads);
void stats_free(struct stats *stats);
struct stats_lane *stats_lane(struct stats *stats, unsigned thread);

/* A connection carries its first request; it ends. */
void stats_connection(struct stats *stats, struct stats_lane *lane);
void stats_connection_ended(struct stats *stats);

/* A request's head was read at `now`; it ended, with or without a response. */
void stats_request(struct stats *stats, struct stats_lane *lane, uint64_t now);
void stats_request_ended(struct stats *stats);

/* The last byte of a whole response had left by `now`. `handed_ns` was read
 * before the kernel was given it: on a shared processor a client may be done
 * with an answer before its server runs again, and "last byte" must not be
 * later than that. */
void stats_response(struct stats_lane *lane, unsigned status, uint64_t request_ns,
                    uint64_t handed_ns, uint64_t now);

/* Bytes of a body were handed to the kernel, of a whole response or not. */
void stats_body(struct stats_lane *lane, uint64_t bytes);

/* A delayed answer's first byte left so long after it was due. */
void stats_late(struct stats *stats, struct stats_lane *lane, uint64_t late_ns);

/* The JSON document of GET /stats, to be freed; NULL if there is no memory. */
char *stats_json(struct stats *stats, size_t *length);

/* Every count begins at zero again; what is open or in flight stays so. */
void stats_reset(struct stats *stats);

/* The histogram's bucket for a value, and the largest value a bucket holds. */
unsigned stats_bucket(uint64_t ns);
uint64_t stats_bucket_top(unsigned bucket);

#endif
