/* cpu-in-loop.h: tasks that compute, tasks that wait, and who runs them. */
#ifndef CPU_IN_LOOP_H
#define CPU_IN_LOOP_H

enum { TASKS = 8, STEP = 200 };

/*
 * A task counts the primes from `next` up to, not including, `end`. It can be
 * left after any step of STEP numbers and taken up again, as a coroutine can.
 */
struct counting {
    long next, end, primes, steps;
};

/* Each finishes all TASKS tasks: 0, or -errno. */
int one_after_another(struct counting *);
int on_a_loop(struct counting *);
int on_two_threads(struct counting *);

/* TASKS waits of so many seconds, in two ways: 0, or -errno. */
int waits_one_after_another(double seconds);
int waits_on_a_loop(double seconds);

#endif
