/* download-two-ways.h: many open sockets, a file each, in two ways. */
#ifndef DOWNLOAD_TWO_WAYS_H
#define DOWNLOAD_TWO_WAYS_H

#include "coroutines/coroutine.h"

struct loop_backend;

enum { CHUNK = 1024, DOWNLOADS_MOST = 256 };

struct download {
    struct coroutine coroutine; /* first: the one is found from the other */
    int socket;                 /* open; -1 once all was read */
    int file;                   /* open for writing */
    int more;                   /* there may be more to read; or -errno */
};

/* System calls, as they are made. */
struct calls {
    long waits, reads, writes;
};

/*
 * Each reads what comes at all sockets, 1,024 bytes at a time, writes it to
 * their files, and closes each socket at its end: 0, or -errno.
 */
int by_select_loop(struct download *, int count);
int by_coroutines(struct download *, int count, const struct loop_backend *);

/* What they have called so far. */
extern struct calls calls;

#endif
