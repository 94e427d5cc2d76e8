/* cpu-in-loop_measure.c: the same steps in another order, timed in pairs. */
#include "lessons/cpu-in-loop/cpu-in-loop.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* A way's time in a round is the shortest of so many turns: a neighbour on the
 * machine can only lengthen one. */
enum { ROUNDS = 21, TURNS = 10 };

struct way {
    const char *kind, *name;
    int (*compute)(struct counting *);
    int (*wait)(double seconds);
};

enum { SEQUENTIAL, LOOP, THREADS, WAITS_SEQUENTIAL, WAITS_LOOP, WAYS };

static const struct way ways[WAYS] = {
    {"computing", "one after another", one_after_another, NULL},
    {"computing", "on a loop", on_a_loop, NULL},
    {"computing", "on two threads", on_two_threads, NULL},
    {"waiting", "one after another", NULL, waits_one_after_another},
    {"waiting", "on a loop", NULL, waits_on_a_loop},
};

static double seconds[WAYS][ROUNDS], processor[WAYS][ROUNDS];
static double primes[WAYS], steps[WAYS];
static long below;
static double unit;

/* What this program has had of the processor. Who computes and never waits is
 * done after so much, but for the time that others take from it meanwhile. */
static double processor_now(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

/* Runs a way once; notes in `primes` and `steps` what it did. */
static int run_once(int k, int round)
{
    struct counting task[TASKS];
    for (int i = 0; i < TASKS; i++)
        task[i] = (struct counting){.next = below * i / TASKS,
                                    .end = below * (i + 1) / TASKS};
    double began = lesson_now(), had = processor_now();
    int failed = ways[k].compute ? ways[k].compute(task) : ways[k].wait(unit);
    processor[k][round] = fmin(processor[k][round], processor_now() - had);
    seconds[k][round] = fmin(seconds[k][round], lesson_now() - began);
    if (ways[k].compute && !failed) {
        primes[k] = steps[k] = 0;
        for (int i = 0; i < TASKS; i++) {
            primes[k] += (double)task[i].primes;
            steps[k] += (double)task[i].steps;
        }
    }
    return failed;
}

/* The two that are compared follow each other at once, now in the one order
 * and now in the other, so that a slow moment falls on both. */
static int run_round(int round)
{
    int failed = 0;
    for (int k = 0; k < WAYS; k++)
        seconds[k][round] = processor[k][round] = INFINITY;
    for (int turn = 0; turn < TURNS && !failed; turn++) {
        int first = (turn + round) % 2;
        failed = run_once(first ? LOOP : SEQUENTIAL, round);
        if (!failed)
            failed = run_once(first ? SEQUENTIAL : LOOP, round);
        if (!failed)
            failed = run_once(THREADS, round);
    }
    for (int k = WAITS_SEQUENTIAL; k < WAYS && !failed; k++)
        failed = run_once(k, round);
    return failed;
}

static int measure(struct lesson_run *run)
{
    below = (long)lesson_setting(run, "below");
    unit = lesson_setting(run, "wait");
    double ratio[ROUNDS], by_the_clock[ROUNDS];
    int rounds = run->quick ? 7 : ROUNDS;
    for (int round = 0; round < rounds; round++) {
        int failed = run_round(round);
        if (failed)
            return failed;
        ratio[round] = processor[LOOP][round] / processor[SEQUENTIAL][round];
        by_the_clock[round] = seconds[LOOP][round] / seconds[SEQUENTIAL][round];
    }
    lesson_table(run, "kind,way,median_s,low_s,high_s");
    for (int k = 0; k < WAYS; k++) {
        char name[72];
        snprintf(name, sizeof name, "%s %s", ways[k].kind, ways[k].name);
        lesson_median(run, name, seconds[k], (size_t)rounds, "s");
        const struct lesson_figure *f = lesson_figure(&run->figures, name);
        lesson_row(run, "%s,%s,%.9f,%.9f,%.9f", ways[k].kind, ways[k].name,
                   f->value, f->low, f->high);
    }
    for (int k = 0; k < WAITS_SEQUENTIAL; k++) {
        char name[72];
        snprintf(name, sizeof name, "primes found %s", ways[k].name);
        lesson_count(run, name, primes[k], "");
        snprintf(name, sizeof name, "steps taken %s", ways[k].name);
        lesson_count(run, name, steps[k], "");
    }
    lesson_median(run, "computing: loop to one after another", ratio,
                  (size_t)rounds, "times");
    lesson_median(run, "computing: the same by the clock on the wall",
                  by_the_clock, (size_t)rounds, "times");
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Eight tasks that compute take %.2f times as much of the processor "
            "on a loop as one after another; eight that wait take %.2f times "
            "as long.",
            lesson_value(f, "computing: loop to one after another"),
            lesson_value(f, "waiting on a loop") /
                lesson_value(f, "waiting one after another"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *ratio =
        lesson_figure(f, "computing: loop to one after another");
    double found = lesson_value(f, "primes found one after another");
    if (lesson_value(f, "primes found on a loop") != found)
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "the two ways did not do the same work");
    if (ratio->low >= 0.95)
        return lesson_judgement(LESSON_HOLDS,
                                "on a loop the work takes at least %.3f of the "
                                "processor's time without one",
                                ratio->low);
    return lesson_judgement(
        ratio->high < 0.95 ? LESSON_DOES_NOT_HOLD : LESSON_NOT_DECIDED,
        "on a loop the work takes %.3f to %.3f of the processor's time without "
        "one",
        ratio->low, ratio->high);
}

static struct lesson_option options[] = {
    {"below", "N", "Count the primes below N (default 1e5, quick 5e4)", 1e5,
     5e4, 1000, 1e7},
    {"wait", "SECONDS", "How long a wait is (default 0.02, quick 0.01)", 0.02,
     0.01, 0.001, 0.1},
    {0},
};

static const char *const judged[] = {
    "computing: loop to one after another",
    "primes found one after another",
    "primes found on a loop",
    NULL,
};

const struct lesson lesson = {
    .name = "cpu-in-loop",
    .claim = "Work that computes gains nothing from an event loop",
    .about = "the operating system and the processor",
    .source = "all that you do not want to know about async",
    .rule = "the processor time of the work on a loop, divided by that of one "
            "after another in the same round (of each the shortest of ten "
            "turns), is at least 0.95 (low end); it does not hold when the "
            "high end is below, and is not decided between",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
