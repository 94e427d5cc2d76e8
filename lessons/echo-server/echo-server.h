/* echo-server.h: one small protocol, served in four ways. */
#ifndef ECHO_SERVER_H
#define ECHO_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PIECE = 64,           /* bytes of a read, and of a write, at most */
    LINE_MOST = 1024,     /* bytes of a request, its empty line included */
    GREETING = 6,         /* "Hello " */
    PROCESSES_MOST = 500, /* that talk at one time; others wait at the door */
    THREADS_MOST = 6000,
};

enum way { ONE_AFTER_ANOTHER, PROCESSES, THREADS, COROUTINES, WAYS };

/* What the server and who looks on share. Written by __atomic alone. */
struct hall {
    int held;        /* clients that are being talked with */
    int most_held;   /* the most at one time */
    long comes;      /* clients that were let in, ever */
    long received;   /* bytes read, ever */
    long waits;      /* waits of the coroutines' loop that have ended */
    double patience; /* seconds that a client may take; set before */
    bool tells;      /* what happens, on standard output; set before */
};

/* A request on its way in, then out. It begins with the greeting. */
struct request {
    int socket;
    size_t length, sent; /* of text */
    char text[GREETING + LINE_MOST];
};

/* How it stands after a piece. */
enum step {
    MORE,    /* more to read, or to write */
    NOT_YET, /* nothing can be read or written just now */
    DONE,    /* read up to the empty line; written to the end */
    GONE,    /* the client is gone, or gave up */
};

void request_begins(struct request *, int socket);
void request_ends(struct request *);

/* Each makes one system call, of at most 64 bytes. */
enum step read_piece(struct request *);
enum step write_piece(struct request *);

/*
 * Serves whoever comes to the door, a listening socket, until it is killed;
 * -errno if it cannot. The door must not block for COROUTINES alone.
 */
int serve(enum way, int door);
int serve_by_coroutines(int door);

extern struct hall *hall;

#endif
