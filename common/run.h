/*
 * A run, as a model sees it: what to fetch, and a scoreboard to write to.
 *
 * A lane is one unit of concurrency: a process, a thread, or one transfer of
 * an event loop. A run is a small value, a view of the scoreboard that covers
 * some lanes; run_part narrows it, so that models nest: each thread of
 * `threads` runs the sequential model on one lane, a child of `hybrid` runs
 * `threads` or `async` on its share.
 *
 * The scoreboard is one mapping shared by every process of a run: a cursor, a
 * gate, a stop word, counters, one entry a lane, one record a URL. Nothing in
 * it is a pointer into a process's own memory.
 *
 * Who writes a record: the lane that drew it, until it is final. When a lane's
 * worker has died and been reaped, its parent (run_lost). When every worker is
 * gone, the driver (run_close). There is never a second writer at one time.
 */
#ifndef WAITBENCH_RUN_H
#define WAITBENCH_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/record.h"
#include "common/workload.h"

struct scoreboard;

struct run {
    const struct workload *workload;
    struct scoreboard *scoreboard;
    uint32_t first_lane, lanes; /* the lanes this view covers */
};

/* There is nothing more to take. */
#define RUN_DRY UINT64_MAX

/* ---- What a model calls ------------------------------------------------- */

/* The same run, narrowed to `lanes` lanes from `first`, counted in the view. */
struct run run_part(const struct run *, uint32_t first, uint32_t lanes);

/*
 * "The workers of these lanes are built": counts the view's lanes in and waits
 * until every lane of the run is built or lost. Time zero is that moment, and
 * no connection may have been opened before it. A lane that comes later (its
 * worker was replaced) does not wait. 0, or -ECANCELED where the run was
 * stopped first: then run_take is dry.
 */
int run_ready(const struct run *);

/*
 * Draws the next URL for a lane (first_lane <= lane < first_lane + lanes): its
 * index, or RUN_DRY when none is left or the run is stopping. Its record is
 * TAKEN from now on, and the lane must make it final before it draws again.
 * Each index is drawn once in a run, by any number of threads and processes.
 *
 * A lane's first URL has the lane's own number, so that C lanes are C fetches
 * under way however late one of them gets a processor; the others come from
 * the shared counter, or by --dispatch=static every C-th. The first URL of a
 * lane that was given up before it drew falls to whoever runs dry.
 */
uint64_t run_take(const struct run *, uint32_t lane);

/*
 * "These lanes are dry": waits until every lane of the run is, or is given up,
 * or the run is stopping. Until then a worker keeps what it holds, since on a
 * busy processor taking itself apart (closing connections, freeing memory,
 * ending a process) would be paid for by those who still fetch. What that
 * costs stands in the time from start to exit, not in the makespan.
 */
void run_done(const struct run *);

/*
 * For the parent of workers, after it has reaped them (or could not make
 * them): what the view's lanes held becomes WORKER_LOST. With `again` the lanes
 * are to get a new worker; without, they are given up (also after an earlier
 * call with it). Either way the gate no longer waits for them. Counts each lane
 * as lost once a worker.
 */
void run_lost(const struct run *, bool again);

/*
 * The first call of a forked worker: it will be killed when its parent (given
 * by pid) dies, and the scoreboard's pages are mapped in, so that processes
 * alone do not pay a page fault a record. 0, or -errno: then it should _exit.
 */
int run_forked(const struct run *, pid_t parent);

/* How many URLs the view's lanes have drawn so far, by all their workers. */
uint64_t run_drawn(const struct run *);

/* True once the run is to end early (SIGINT, SIGTERM). Async-signal-safe. */
bool run_stopping(const struct run *);

/* A descriptor that becomes readable at that moment, and stays so. -1: none. */
int run_stop_fd(const struct run *);

/* ---- What the fetching layer calls -------------------------------------- */

/* Nanoseconds since the gate opened (CLOCK_MONOTONIC). */
uint64_t run_now(const struct run *);

struct record *run_record(const struct run *, uint64_t index);

/* Writes the outcome, last: the record is final and its lane is free. */
void run_finish(const struct run *, uint64_t index, enum outcome outcome);

/* Adds to what the whole run counts. Any thread or process. A port wait is a
 * connection that found no local port to be made from. */
enum run_count { RUN_CONNECTIONS, RUN_RETRIED, RUN_PORT_WAITS, RUN_COUNTS };
void run_count(const struct run *, enum run_count, uint64_t more);

/* One stretch of computing, from the end of a wait to the next, or to the end
 * of a fetch; kept only in a traced run. Times are run_now()'s. `lane` is the
 * lane it was for, or the view's first. */
bool run_tracing(const struct run *);
void run_computed(const struct run *, uint32_t lane, uint64_t begin_ns, uint64_t end_ns);

/* ---- What the driver calls ---------------------------------------------- */

/*
 * Maps a scoreboard for `workload` and `lanes` lanes and makes *run the view of
 * all of it. `trace_spans` is the number of spans that a traced run keeps, 0
 * for an untraced one. 0 or -errno. Fork only after it.
 */
int run_open(struct run *, const struct workload *, uint32_t lanes, uint32_t trace_spans);

/* Sets the stop word and makes run_stop_fd readable. Async-signal-safe. */
void run_stop(const struct run *);

/* After the last worker is gone: every record that is not final becomes
 * INTERRUPTED, where the run was stopped, or WORKER_LOST. */
void run_close(const struct run *);

struct run_span {
    uint64_t begin_ns, end_ns;
    uint32_t lane;
};

/* What the run's workers counted; any process may ask at any time. */
struct run_totals {
    uint64_t count[RUN_COUNTS];
    uint64_t taken;     /* drawn so far */
    uint64_t opened_ns; /* CLOCK_MONOTONIC at the gate's opening, 0 before */
    uint32_t made;      /* workers that reached the gate, replacements not counted */
    uint32_t lost;      /* lanes whose worker died or could not be made */
    uint32_t rebuilt;   /* lanes that got a new worker */
    uint64_t spans, spans_lost;
};
struct run_totals run_totals(const struct run *);
const struct run_span *run_spans(const struct run *);

void run_free(struct run *);

#endif
