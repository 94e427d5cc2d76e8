/*
 * --progress: a process of its own that only reads the scoreboard, so that
 * the driver has no threads and what is timed is not touched.
 */
#ifndef WAITBENCH_PROGRESS_H
#define WAITBENCH_PROGRESS_H

#include <sys/types.h>

#include "common/run.h"

/* Forks it. Its pid, or -errno. Every interval_ns (0: 200 ms on a terminal, else 1 s) it says on
 * standard error how many URLs are done, on a terminal on one line that is written over, elsewhere
 * as `3 of 12 done, 40/s, 0:01 left`, a line each time: the bars of scripts/race are fed by these.
 */
pid_t progress_start(const struct run *, uint64_t interval_ns);

/* Ends and reaps it. */
void progress_stop(pid_t);

#endif
