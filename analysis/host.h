/*
 * What the host says of itself, as far as a visit notes it. Linux's /proc.
 *
 * Every function reads a file anew, allocates nothing, and may be called by any
 * one thread.
 */
#ifndef WAITBENCH_HOST_H
#define WAITBENCH_HOST_H

#include <sched.h>
#include <stdint.h>

/* Seconds since boot that all processors together spent; -1 where unreadable.
 * Their grain is one tick (10 ms on most kernels). */
struct host_cpu {
    double busy_s;  /* user, nice, system, interrupts */
    double steal_s; /* taken by the hypervisor */
};
struct host_cpu host_cpu(void);

int64_t host_time_wait(void); /* TCP sockets in TIME_WAIT, or -1 */
double host_load(void);       /* runnable tasks, mean over a minute, or -1 */

/* Seconds of CLOCK_MONOTONIC. */
double host_now(void);

/* A list as taskset reads it, "0,2-3", into set. Returns 0 or -EINVAL. */
int host_parse_cpus(const char *list, cpu_set_t *set);

#endif
