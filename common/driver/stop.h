/*
 * Ending early. The first SIGINT, SIGTERM or SIGHUP stops the run: what is
 * under way ends as INTERRUPTED, and results are written. A second one kills
 * at once. SIGPIPE is ignored, since libcurl is told to leave signals alone.
 */
#ifndef WAITBENCH_STOP_H
#define WAITBENCH_STOP_H

#include "common/run.h"

/* From now on, signals to this process stop `run`, which must stay. Forked
 * workers inherit the handler, and there it does nothing: a Ctrl-C reaches
 * every process of the terminal, and the stop word them all. 0 or -errno. */
int stop_on_signals(const struct run *run);

#endif
