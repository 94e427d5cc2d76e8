/*
 * One connection: requests in, answers out, strictly one after the other.
 *
 *   READING -> WAITING -> SENDING -> READING …      (or closed, or LINGERING)
 *                          |   ^
 *                          v   |
 *              STALLED   DRIPPING
 *
 * A request that asks for no delay goes from READING to READING within one
 * callback, by one recv and one send. Requests sent ahead are kept, up to
 * LOOP_INPUT bytes, and answered in their order; the delay of each begins when
 * the answer before it has left. Bytes that the kernel does not take are made
 * again when it does (response.h).
 *
 * A client that closes its connection, or its sending half, while its answer
 * waits has gone: the answer is dropped. While an answer is being sent only the
 * receiving half decides.
 */
#ifndef WAITBENCH_ORIGIN_CONNECTION_H
#define WAITBENCH_ORIGIN_CONNECTION_H

#include <stdint.h>

#include "origin/loop.h"

/* Takes over a connected, non-blocking socket; closes it if there is no memory. */
void connection_open(struct loop *loop, int fd);

/* The loop's clock has reached what this entry was scheduled for. */
void connection_due(struct due *due);

/* Closes those whose client has kept them waiting longer than is allowed, or has left unseen. */
void connection_sweep(struct loop *loop, uint64_t now);

/* Closes all, and frees what was kept for later ones. */
void connection_close_all(struct loop *loop);

#endif
