/* race.h: adding to a counter that others add to at the same time. */
#ifndef RACE_H
#define RACE_H

/*
 * One way of adding. `count` adds one, `times` times. It is called by every
 * thread (or child) with the same counter; `sum`, where a way has one, is
 * called by each of them once it is done with counting.
 */
struct way {
    const char *name;
    void (*count)(volatile long *counter, long times);
    void (*sum)(volatile long *counter);
};

/* The faulty one first; then with a yield and with a sleep in the middle. */
extern const struct way careless, careless_yielding, careless_sleeping;

/* The faulty one as everybody writes it, left to the optimiser. */
extern const struct way optimised;

/* The cures. */
extern const struct way under_mutex, under_spinlock, atomic, own_copy;

/*
 * Lets n threads (or forked children) add one, `times` times each, to a counter
 * that starts at 0, all beginning at once. They are spread over the first
 * `processors` processors. Stores what the counter then holds and the seconds
 * it took: 0, or -errno.
 */
int race_threads(const struct way *, int n, long times, int processors,
                 long *counted, double *seconds);

/*
 * The same with children. Their counter lies in memory that is shared with
 * the parent, or in the parent's own, of which fork() gives each a copy.
 */
int race_children(const struct way *, int n, long times, int shared,
                  long *counted);

#endif
