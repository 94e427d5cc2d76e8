/* time-slicing.h: busy tasks that write down when they were running. */
#ifndef TIME_SLICING_H
#define TIME_SLICING_H

#include <stdint.h>

enum { SLICES = 20000 };

/* One stretch of time in which a task ran without a break, on one processor. */
struct slice {
    double start, end;
    int cpu;
};

/* A task and what it saw. In shared memory. */
struct task {
    double seconds;     /* of processor time: how much it computes */
    int nice;           /* 0, or how much it steps back for others */
    int alone_on;       /* k: only on the k-th processor; 0: where all are */
    int slices;         /* how many it noted */
    double finished;    /* when it was done, by the common clock */
    double processor_s; /* what the kernel says it used */
    long switched;      /* how often the kernel took the processor away */
    long looks;         /* at the clock: as many pieces of work were done */
    struct sight {      /* the last look, for who watches from outside; */
        long ns;        /* only by __atomic */
        int cpu;
    } sight;
    struct slice slice[SLICES];
};

/*
 * Computes until the task has had its share of the processor, or the clock says
 * `deadline` (lesson_now); notes each slice. 0, or -errno.
 */
int compute(struct task *, double deadline);

/*
 * A hole of more than this many seconds between two looks at the clock ends a
 * slice: ten times what lies between two looks, and less than a slice of the
 * kernel's, so that no other task can have run inside one.
 */
#define GAP 0.00002

#endif
