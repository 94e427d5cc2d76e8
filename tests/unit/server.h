/*
 * A server for unit tests: a process that answers requests on 127.0.0.1 with
 * exactly the bytes that the test says, and then keeps, closes, resets or
 * holds the connection. It ends with server_close, or with the test.
 */
#ifndef WAITBENCH_TESTS_SERVER_H
#define WAITBENCH_TESTS_SERVER_H

#include <stdint.h>
#include <sys/types.h>

enum after { KEEP, CLOSE, RESET_IT, HOLD };

/* What is answered to a request for `path`. Of several with one path the first
 * that was not given `times` yet counts; 0 is no limit. The last entry of a
 * table has no path. */
struct answer {
    const char *path;
    const char *bytes; /* ended by NUL */
    enum after after;
    uint32_t times;
};

enum { SERVER_ANSWERS = 64 };

/* In memory shared with the server. */
struct server_counts {
    _Atomic uint32_t connections, requests, unknown;
    _Atomic uint32_t given[SERVER_ANSWERS]; /* by place in the table */
};

struct server {
    pid_t pid;
    uint16_t port;
    struct server_counts *counts;
};

/* Serves the answers, which must outlive it. 0 or -errno. */
int server_open(struct server *, const struct answer *answers);

void server_close(struct server *);

/* A port on 127.0.0.1 that this process holds and does not listen at; 0: there is none. */
uint16_t server_closed_port(void);

#endif
