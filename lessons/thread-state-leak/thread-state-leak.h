/* thread-state-leak.h: a library that keeps something per thread. */
#ifndef THREAD_STATE_LEAK_H
#define THREAD_STATE_LEAK_H

#include <stdbool.h>

enum { REQUESTS = 100 };

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
    LOCALE,             /* set before an await, asked after it */
    LOCALE_SET_AGAIN,   /* and set once more before it is asked */
    WAYS
};

/*
 * found[i] is what request i found, expected[i] what it should have: the number
 * of its user, the sum of the numbers in its text, the error of its own call,
 * the bytes that a letter has at most in its locale. Returns 0, or -errno;
 * -ENOTSUP where the system lacks a locale that is asked for.
 */
int handle_requests(enum way, long found[REQUESTS], long expected[REQUESTS]);

/* A request, as a coroutine. -----------------------------------------------*/

struct request {
    int place; /* where it goes on; 0: at the start */
    bool finished;
    long number, user, found;
    char text[32], *rest; /* rest: where strtok_r goes on */
    int kept;             /* an error number */
};

#define COROUTINE(r)      \
    switch ((r)->place) { \
    case 0:
#define AWAIT(r)               \
    do {                       \
        (r)->place = __LINE__; \
        return;                \
    case __LINE__:;            \
    } while (0)
#define END(r) \
    }          \
    (r)->finished = true

/* c_library.c: what C's own library remembers, and the cure of each. */
void add_words(struct request *);
void add_words_r(struct request *);
void read_errno_late(struct request *);
void read_errno_at_once(struct request *);
void ask_the_locale_late(struct request *);
void set_the_locale_again(struct request *);

/* What the request should find in those ways. */
long expected_of(const struct request *, enum way);

/* Before and after the two ways with locales; 0, or -ENOTSUP. */
int begin_locales(void);
void end_locales(void);

#endif
