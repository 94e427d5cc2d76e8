/*
 * What became of one URL.
 *
 * A record is written in place in memory that all workers share. Its outcome
 * goes UNTAKEN -> TAKEN -> one of the final values, and never back. Whoever
 * makes it final (see common/run.h) writes every other member first and the
 * outcome last, with a release store; a reader that loads a final outcome with
 * acquire therefore reads a whole record.
 */
#ifndef WAITBENCH_RECORD_H
#define WAITBENCH_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum outcome {
    UNTAKEN, /* no lane has drawn it */
    TAKEN,   /* a lane holds it */
    /* All below are final. */
    FETCHED,      /* a whole response, status below 400 (redirects are not followed) */
    BAD_STATUS,   /* a whole response, status 400 or above */
    TIMED_OUT,    /* an attempt took longer than --timeout */
    REFUSED,      /* no connection could be made */
    RESET,        /* the connection broke, or closed before an answer began */
    TRUNCATED,    /* the answer ended before its end */
    GARBAGE,      /* the answer was not HTTP */
    TOO_LARGE,    /* the answer was larger than is allowed */
    TLS_FAILED,   /* no trusted TLS connection could be made */
    NOT_RESOLVED, /* the host has no address */
    NOT_SAVED,    /* --save could not write the body */
    INTERRUPTED,  /* the run was stopped first */
    WORKER_LOST,  /* the worker that held it died */
    OUTCOMES
};

/* 48 bytes, no pointer: the whole cost of remembering a URL's fate. */
struct record {
    /* Nanoseconds of CLOCK_MONOTONIC since the gate opened. first_byte_ns is 0
     * where no byte of a response came. Taken is the draw, so that retries and
     * their back-off lie between taken_ns and end_ns. */
    uint64_t taken_ns, first_byte_ns, end_ns;
    /* Of the last attempt: the body's length in bytes as received, and its
     * XXH3-64 (seed 0; with --cpu-work the result of that work). */
    uint64_t body_bytes, body_hash;
    uint32_t lane;    /* who fetched it */
    uint16_t status;  /* HTTP status of the last attempt, 0 for none */
    uint8_t attempts; /* 1 without retries; 255 stands for 255 or more */
    _Atomic uint8_t outcome;
};

_Static_assert(sizeof(struct record) == 48, "a record is 48 bytes");

static inline bool outcome_is_final(enum outcome outcome)
{
    return outcome >= FETCHED;
}

/* The outcome's name in files and messages: "fetched", "bad_status", … */
const char *outcome_name(enum outcome outcome);

#endif
