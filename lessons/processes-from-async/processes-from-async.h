/* processes-from-async.h: many jobs, each a process, a few at one time. */
#ifndef PROCESSES_FROM_ASYNC_H
#define PROCESSES_FROM_ASYNC_H

#include <stdbool.h>

enum { JOBS_MOST = 200, AT_ONCE_MOST = 16 };

/* The caller sets the first three; a way fills in the rest. */
struct jobs {
    int count, at_once;
    double seconds; /* how long one job sleeps */

    int started, ended, most_at_once;
    bool done[JOBS_MOST]; /* job k ended well and said that it was k */
};

/* Each runs all jobs, at most at_once at one time: 0, or -errno. */
int one_after_another(struct jobs *);
int blocking_wait(struct jobs *);
int event_loop(struct jobs *);

/* How many lines each of the two takes. */
extern const int blocking_lines, loop_lines;

#endif
