/* The origin's command line. */
#ifndef WAITBENCH_ORIGIN_OPTIONS_H
#define WAITBENCH_ORIGIN_OPTIONS_H

#include <stdint.h>

enum { LISTEN_MAX = 16, THREADS_MAX = 256, BACKLOG_MAX = 1 << 20 };

struct options {
    const char *addresses[LISTEN_MAX]; /* as they were written; at least one */
    unsigned address_count, threads;
    uint16_t port;    /* 0: any that is free */
    unsigned backlog; /* 0: as many as the kernel allows */
    const char *port_file, *access_log;
    uint64_t idle_ns;
};

/* Reads the arguments; wrong usage says so on standard error and exits with 2, want of memory with
 * 3. */
void options_read(struct options *options, int argc, char *argv[]);

#endif
