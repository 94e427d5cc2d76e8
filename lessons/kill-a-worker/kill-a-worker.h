/* kill-a-worker.h: one of four workers ends in the middle of its work. */
#ifndef KILL_A_WORKER_H
#define KILL_A_WORKER_H

#include <pthread.h>
#include <sys/types.h>

enum { ITEMS = 40, WORKERS = 4, VICTIM = 1, FATAL = 3 };

/*
 * What the workers share. The victim ends at the FATAL-th item that it takes,
 * when it has said so in `at_it`. What is _Atomic here would not need to be,
 * under the lock; but no sanitizer sees the kernel unlock it for the dead.
 */
struct bench {
    pthread_mutex_t lock;
    _Atomic int next;    /* under the lock: the next item to be taken */
    _Atomic int taking;  /* under the lock: 1 + the item being taken, or 0 */
    _Atomic int again;   /* items given a second time */
    int at_it;           /* the victim is in the middle of its work */
    int holder[ITEMS];   /* 1 + the worker that has it; 0: free */
    int times[ITEMS];    /* how often it was done */
    int done_by[ITEMS];  /* 1 + the worker that did it */
    int done, ended;     /* items done; workers that saw it through */
    double item_seconds; /* an item's work, a sleep */
};

/* Forked workers; the victim is killed. 0 or -errno. */
int with_processes(struct bench *);

/* Reaps all of the caller's children, these (0: reaped already); where one
 * failed, or `failed` says so, it ends the rest. 0 or -errno. */
int reap_all(pid_t *child, int children, int failed);

/* What is done about the lock that the victim takes with it. */
enum care { NOTHING, CLEANUP_HANDLER, ROBUST_MUTEX };

/* A thread of the pool: takes items under the lock until there are none. */
struct thread {
    struct bench *bench;
    int worker, tid;
    enum care care;
};
void *worker_thread(void *thread);

int make_lock(struct bench *, enum care);

#endif
