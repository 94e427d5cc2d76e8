/* CLOCK_MONOTONIC in nanoseconds: the origin's only clock but for dates. */
#ifndef WAITBENCH_ORIGIN_CLOCK_H
#define WAITBENCH_ORIGIN_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t monotonic_ns(void)
{
    struct timespec now;
    /* Cannot fail: the clock is there, the address is ours. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
