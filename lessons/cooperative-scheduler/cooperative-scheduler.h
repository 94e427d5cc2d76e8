/* cooperative-scheduler.h: tasks, their traps, and who runs next. */
#ifndef COOPERATIVE_SCHEDULER_H
#define COOPERATIVE_SCHEDULER_H

#include "coroutines/coroutine.h"

/* What a task asks the scheduler for, by yielding its address. */
enum trap_kind { GET_TID, NEW_TASK, KILL_TASK };
struct trap {
    enum trap_kind kind;
    bool (*program)(struct coroutine *); /* NewTask: what it runs */
    int id;                              /* KillTask: whom */
};

/* A task is a coroutine (first in it) and what its program has to keep. */
struct task {
    struct coroutine coroutine;
    struct task *next; /* in the ready queue */
    struct machine *machine;
    int id;
    bool killed;
    intptr_t answer; /* to its last trap, given when it runs again */
    struct trap trap;
    int me, i, other; /* its program's own */
};

/* What happened: which task, in which turn (from 1), and a word about it. */
struct event {
    int turn, task;
    enum event_kind { SAYS, STEP, TRAP, ENDED, OVERRAN } kind;
    char text[20];
};
enum { EVENTS_MOST = 256 };

struct machine {
    struct task *first, **last; /* those that are ready, in their order */
    struct task *running;       /* or NULL between two turns */
    int most;                   /* ids are 1 to most */
    int last_id, turn;
    int foo_steps;      /* how many steps foo takes */
    int yields;         /* how often a silent task yields or asks */
    bool kill_is_empty; /* KillTask does nothing, and says that it did */
    double patience_s;  /* of processor time a turn; 0: without end */
    bool silent;        /* nothing is noted: for measuring */
    long right_answers; /* that only_asks() was given */
    int events;         /* noted; those beyond EVENTS_MOST are counted only */
    struct event event[EVENTS_MOST];
};

/* Makes the queue empty. `most`: how many tasks there may be at one time. */
void machine_begin(struct machine *, int most);

/* A task at the queue's end: its id, or 0 where no id or memory is left. */
int machine_start(struct machine *, bool (*program)(struct coroutine *));

/* Runs until nobody is left. 0 or -errno: the timer could not be had. */
int machine_run(struct machine *);

/* Notes what a task says, or that it takes step i. */
void note(struct task *, enum event_kind, const char *text);
void note_step(struct task *);

/* Yields the trap; what it was answered is in co->in afterwards. */
#define CO_TRAP(co, ...)                                          \
    do {                                                          \
        ((struct task *)(co))->trap = (struct trap){__VA_ARGS__}; \
        CO_YIELD(co, (intptr_t) & ((struct task *)(co))->trap);   \
    } while (0)

/* The programs. cooperative-scheduler.c: */
bool foo(struct coroutine *);
bool bar(struct coroutine *);
/* odd-tasks.c: */
bool kills_who_is_gone(struct coroutine *);
bool kills_itself(struct coroutine *);
bool meets_an_id_again(struct coroutine *);
bool starts_too_many(struct coroutine *);
bool yields_late(struct coroutine *);
bool never_yields(struct coroutine *);
bool only_yields(struct coroutine *);
bool only_asks(struct coroutine *);

#endif
