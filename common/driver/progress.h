/*
 * --progress: a process of its own that only reads the scoreboard, so that
 * the driver has no threads and what is timed is not touched.
 */
#ifndef WAITBENCH_PROGRESS_H
#define WAITBENCH_PROGRESS_H

#include <sys/types.h>

#include "common/run.h"

/* Forks it. Its pid, or -errno. Its lines go to standard error. */
pid_t progress_start(const struct run *);

/* Ends and reaps it. */
void progress_stop(pid_t);

#endif
