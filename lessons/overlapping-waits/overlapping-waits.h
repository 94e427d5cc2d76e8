/* overlapping-waits.h: the same waits, in four ways. */
#ifndef OVERLAPPING_WAITS_H
#define OVERLAPPING_WAITS_H

enum { WAITS = 3 };

/* One wait. start and end are what it saw of the clock (lesson_now). */
struct wait {
    double seconds, start, end;
};

/*
 * Each waits for all WAITS waits and returns when the last is over: 0, or
 * -errno. The waits are in shared memory, since processes write to them too.
 */
int one_after_another(struct wait *waits);
int as_processes(struct wait *waits);
int as_threads(struct wait *waits);
int on_a_loop(struct wait *waits);

/* Called as wait i starts and ends, in whatever process or thread it is. */
void wait_starts(struct wait *waits, int i);
void wait_ends(struct wait *waits, int i);

#endif
