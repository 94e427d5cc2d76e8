/*
 * Forked workers, each with a share of a run's lanes: made, waited for, and
 * replaced when they die. For `processes`, where a share is one lane, and for
 * `hybrid`, where it is several.
 */
#ifndef WAITBENCH_WORKERS_H
#define WAITBENCH_WORKERS_H

#include <stdint.h>
#include <sys/types.h>

#include "common/run.h"

struct worker {
    struct run run;  /* the lanes that it serves */
    pid_t pid;       /* 0: none is running */
    uint64_t drawn;  /* by these lanes, before this worker began */
    uint32_t barren; /* workers in a row that died before finishing a URL */
};

/*
 * Like fork(): 0 in the child, which must end in _exit(EXIT_SUCCESS) when its
 * lanes are served, in _exit(errno) when they cannot be; else the child's pid,
 * or -errno. The child dies with its parent. `worker->run` must be set.
 */
pid_t worker_fork(struct worker *);

/*
 * Waits until the first `count` workers, which `start` has started, have all
 * ended. Where one died (a signal, another status), what its lanes held is
 * WORKER_LOST, and `start` is called to replace it, unless two in a row died
 * before they finished a single URL. `start` returns 0 or -errno. Where all
 * said that they could not serve a single lane, so does this: -errno; else 0.
 */
int workers_reap(struct worker *, uint32_t count,
                 int (*start)(struct worker *));

/* The lanes of worker `number` (from 0) when a run's lanes are dealt evenly to
 * `count` workers, count <= lanes: the first may get one more than the last. */
struct run workers_share(const struct run *, uint32_t number, uint32_t count);

#endif
