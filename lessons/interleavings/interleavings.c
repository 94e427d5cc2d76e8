/*
 * interleavings: two tasks of five steps each. In which order do they run?
 *
 *   AAAAABBBBB   A was done before B began
 *   ABABABABAB   turn by turn
 *   AABBBABABA   ...
 *
 * There are 10! / (5! 5!) = 252 orders that keep each task's own. A program
 * of threads is right only if it is right in all of them. Coroutines switch
 * where the program says so: theirs is one order, and the same every time.
 */
#include "lessons/interleavings/interleavings.h"

/* What a step does: a microsecond or so of work, then its letter. */
static void step(struct trial *trial, char letter)
{
    for (volatile int i = 0; i < 500; i++)
        ;
    int place = __atomic_fetch_add(&trial->next, 1, __ATOMIC_RELAXED);
    trial->order[place] = letter;
}

/* As a thread: nothing here says when the other one runs. */
void take_steps(struct trial *trial, char letter)
{
    for (int i = 0; i < STEPS; i++)
        step(trial, letter);
}

/* As a coroutine: "return" is where the other one runs, and only there. */
struct coroutine {
    int place, i;
    char letter;
};

static void resume(struct coroutine *c, struct trial *trial)
{
    switch (c->place) {
    case 0:
        for (c->i = 0; c->i < STEPS; c->i++) {
            step(trial, c->letter);
            c->place = 1;
            return;
        case 1:;
        }
        c->place = 2; /* ended */
    }
}

void take_steps_in_turn(struct trial *trial)
{
    struct coroutine a = {.letter = 'A'}, b = {.letter = 'B'};
    while (a.place != 2 || b.place != 2) {
        resume(&a, trial);
        resume(&b, trial);
    }
}
