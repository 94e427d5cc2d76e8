/* thread-state-leak.h: a library that keeps something per thread. */
#ifndef THREAD_STATE_LEAK_H
#define THREAD_STATE_LEAK_H

enum { REQUESTS = 100, TOKENS = 4 };

/* Each way handles all REQUESTS and stores what each of them found. */
enum way {
    THREADS,            /* a thread a request: what the library was made for */
    COROUTINES,         /* all requests on one thread */
    PASSED_ALONG,       /* the user is handed from call to call */
    SAVED_AND_RESTORED, /* the scheduler swaps it at each switch */
    STRTOK,             /* the C library's own: words of a text */
    STRTOK_R,           /* the same with a place handed along */
    ERRNO,              /* an error number read after an await */
    ERRNO_KEPT,         /* and kept before it */
    WAYS
};

/*
 * found[i] is what request i found, expected[i] what it should have: the number
 * of its user, the sum of the numbers in its text, the error of its own call.
 * Returns 0, or -errno.
 */
int handle_requests(enum way, long found[REQUESTS], long expected[REQUESTS]);

#endif
