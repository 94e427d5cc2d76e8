/* limits.h: making more and more of something, until it is refused. */
#ifndef LIMITS_H
#define LIMITS_H

#include <stddef.h>

/* How many there were, and what was told instead of one more (0: nothing). */
struct refusal {
    long made;
    int told; /* an errno */
};

/* Each makes `most` at most, and stops at the first that is refused. */
struct refusal make_processes(long most);
struct refusal make_threads(long most, size_t stack); /* 0: what is usual */
struct refusal open_descriptors(long most);
struct refusal make_coroutines_with_stacks(long most);
struct refusal make_coroutines_without(long most);

enum { MOST_PROCESSES = 500, SMALL_STACK = 32 * 1024, OWN_STACK = 64 * 1024 };

#endif
