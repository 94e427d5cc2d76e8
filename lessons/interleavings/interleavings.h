/* interleavings.h: two tasks of five steps, and the order that they ran in. */
#ifndef INTERLEAVINGS_H
#define INTERLEAVINGS_H

enum { STEPS = 5, ORDERS = 252 }; /* 10 over 5 */

/* One trial: both write their letter at each step, to the next free place. */
struct trial {
    char order[2 * STEPS + 1];
    int next; /* only by __atomic */
};

/* Task 'A' or 'B' takes its five steps. */
void take_steps(struct trial *, char letter);

/* Two coroutines take theirs, each letting the other go on after a step. */
void take_steps_in_turn(struct trial *);

#endif
