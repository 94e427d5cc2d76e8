/* dataflow.h: stages that hand lines on to one another. */
#ifndef DATAFLOW_H
#define DATAFLOW_H

#include "coroutines/coroutine.h"
#include "lessons/dataflow/access_line.h"

#include <stdatomic.h>

enum { ADDRESSES_MOST = 256 };

/* Coroutines (dataflow.c). ------------------------------------------------ */

/* A coroutine with a name, which one at a time may enter. */
struct stage {
    struct coroutine coroutine; /* first: the one is found from the other */
    char name[64];
    atomic_bool running;
    struct stage *refused_by; /* the one that it could not enter, if any */
    struct flow *flow;
    struct stage *output; /* a filter's */
    const char *address;  /* a filter's */
    int index;            /* a filter's: which of the counts */
};

/* From the log to the counts. Give it addresses; the rest is flow_begin()'s. */
struct flow {
    const char *const *addresses;
    int filters;
    bool by_prefix; /* as on the slide: the line begins with the address */
    struct access_log log;
    struct access_line line; /* the one that is on its way */
    struct stage source, broadcast, filter[ADDRESSES_MOST], reducer;
    long lines;            /* that the source read */
    long malformed;        /* of them not in the combined format */
    int failed;            /* -EBUSY once a stage was refused, */
    struct stage *refused; /* and which one: see its refused_by */
    long counting[ADDRESSES_MOST];
    long count[ADDRESSES_MOST]; /* the result: handed over at the end */
};

/*
 * Sends a value from one stage to another: 0, or -EBUSY where that one runs
 * already, in another thread or further up in a cycle; from->refused_by is then
 * the stage that refused. Any thread.
 */
int stage_send(struct stage *from, struct stage *to, intptr_t value);

/* A stage is ready to be sent to from the first yield of its step on. */
void stage_begin(struct stage *, struct flow *,
                 bool (*step)(struct coroutine *), const char *name);

/* Puts the stages together, to read from fd. */
void flow_begin(struct flow *, int fd, const char *const *addresses,
                int filters);

/* Lets at most so many lines flow (-1: all), ends all stages. 0 or -errno. */
int flow_run(struct flow *, long most);

/* Threads (dataflow_threads.c). ------------------------------------------- */

/* When the result is read, and when a stage fed by several ends. */
enum ending {
    READ_AT_ONCE,      /* while the source is in the middle of the log */
    FIRST_CLOSES,      /* all are joined; the first to close ends the reducer */
    FIRST_CLOSES_SLOW, /* the same, and the last filter is the slowest */
    ALL_CLOSED,        /* all are joined; the reducer ends with its last */
    ENDINGS
};

/* The counts of the first `most` lines, as they are at that time. 0, -errno. */
int count_by_threads(int fd, long most, const char *const *addresses,
                     int filters, enum ending, long count[]);

/* A log (dataflow_log.c). ------------------------------------------------- */

/*
 * A file without a name with so many lines: the first ones written by the
 * origin beside this program, where there is one, or else by this program;
 * then the same again. Its descriptor, or -errno. *by_origin: of how many.
 */
int make_log(long lines, long *by_origin);

#endif
