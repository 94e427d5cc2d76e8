/* await-race.h: coroutines on one thread that add one to a counter. */
#ifndef AWAIT_RACE_H
#define AWAIT_RACE_H

enum { TASKS_MOST = 1000 };

/* How one coroutine adds one; each is a function of its own. */
enum way { NO_AWAIT, AWAIT_BETWEEN, AWAIT_BEFORE, LOCKED, WAYS };

/*
 * Runs `tasks` coroutines in turn, each adding one `times` times, and returns
 * what the counter holds then. Stores how often a coroutine was resumed.
 */
long run_coroutines(enum way, int tasks, int times, long *resumed);

#endif
