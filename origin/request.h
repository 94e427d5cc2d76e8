/*
 * The head of an HTTP request, read from bytes.
 *
 * A pure function: no connection, no memory of its own, so that it can be
 * tested and fuzzed alone. It follows RFC 9112 and is strict where that lets a
 * server be: lines end in CRLF, a field name is followed by its colon at once,
 * a folded line, a bare CR or any other control character is an error.
 */
#ifndef WAITBENCH_ORIGIN_REQUEST_H
#define WAITBENCH_ORIGIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* The longest head that is read, with the empty line at its end. */
enum { REQUEST_HEAD_MAX = 8192 };

/* A stretch of somebody else's bytes, not terminated. */
struct slice {
    const char *start;
    size_t length;
};

/* The slices point into the bytes that were read; an absent field is {NULL, 0}. */
struct request {
    struct slice method, target, referer, user_agent;
    int minor;            /* of HTTP/1.minor */
    bool keep_alive;      /* what version and Connection fields ask for together */
    bool keep_alive_said; /* a Connection field names keep-alive, which HTTP/1.1 need not */
    bool has_body;        /* a body follows: Transfer-Encoding, or Content-Length above 0 */
    size_t length;        /* of the whole head: the next request begins behind it */
};

/*
 * Reads the request head at the start of `bytes`. Empty lines before it are
 * skipped (RFC 9112, 2.2).
 *
 * Returns 1 when a whole head was read into *request; 0 when more bytes are
 * needed; else the status to refuse it with, 400, 431 (longer than
 * REQUEST_HEAD_MAX) or 505, with *reason a static text that says why.
 */
int request_read(const char *bytes, size_t length, struct request *request, const char **reason);

/* Whether the slice is this text. */
bool slice_is(struct slice slice, const char *text);

#endif
