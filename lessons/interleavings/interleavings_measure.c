/* interleavings_measure.c: many trials, each order counted, and the verdict. */
#include "lessons/interleavings/interleavings.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

/* How often each of the 252 orders was seen. */
struct tally {
    long seen[ORDERS];
};

/* Ways to choose k places out of n. */
static int choose(int n, int k)
{
    int ways = 1;
    for (int i = 1; i <= k; i++)
        ways = ways * (n - k + i) / i;
    return k < 0 || k > n ? 0 : ways;
}

/* The place of an order among all in the alphabet's order, from 0; or -1. */
static int index_of(const char *order)
{
    int left[2] = {STEPS, STEPS}, index = 0;
    for (int i = 0; i < 2 * STEPS; i++) {
        int letter = order[i] - 'A';
        if (letter < 0 || letter > 1 || left[letter] == 0)
            return -1;
        if (letter == 1) /* all that have an A here come before */
            index += choose(2 * STEPS - i - 1, left[1]);
        left[letter]--;
    }
    return index;
}

/* The order at that place. */
static void order_of(int index, char order[2 * STEPS + 1])
{
    int left_b = STEPS;
    for (int i = 0; i < 2 * STEPS; i++) {
        int with_a = choose(2 * STEPS - i - 1, left_b);
        order[i] = index < with_a ? 'A' : 'B';
        if (index >= with_a) {
            index -= with_a;
            left_b--;
        }
    }
    order[2 * STEPS] = '\0';
}

/* Threads. ---------------------------------------------------------------- */

/* Two threads that meet before each trial; the last to come clears the table.
 */
struct arena {
    struct trial trial;
    struct tally *tally;
    long trials;
    int processors;
    int arrived, round, failed; /* only by __atomic */
};

/* Both wait here; the last to come keeps score and starts the next trial. */
static void meet(struct arena *arena, bool score)
{
    int round = __atomic_load_n(&arena->round, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&arena->arrived, 1, __ATOMIC_ACQ_REL) < 2) {
        while (__atomic_load_n(&arena->round, __ATOMIC_ACQUIRE) == round)
            sched_yield();
        return;
    }
    if (score) {
        int index = index_of(arena->trial.order);
        if (index >= 0)
            arena->tally->seen[index]++;
        else
            __atomic_store_n(&arena->failed, -EPROTO, __ATOMIC_RELAXED);
    }
    memset(&arena->trial, 0, sizeof arena->trial);
    arena->arrived = 0;
    __atomic_store_n(&arena->round, round + 1, __ATOMIC_RELEASE);
}

struct racer {
    struct arena *arena;
    int k;
};

static void *racer_thread(void *argument)
{
    struct racer *racer = argument;
    struct arena *arena = racer->arena;
    int failed = lesson_stay_on(racer->k % arena->processors);
    if (failed)
        __atomic_store_n(&arena->failed, failed, __ATOMIC_RELAXED);
    meet(arena, false);
    for (long i = 0; i < arena->trials; i++) {
        take_steps(&arena->trial, racer->k ? 'B' : 'A');
        meet(arena, true);
    }
    return NULL;
}

static int try_threads(int processors, long trials, struct tally *tally)
{
    struct arena arena = {.tally = tally,
                          .trials = trials,
                          .processors = processors};
    pthread_t thread[2];
    struct racer racer[2];
    for (int k = 0; k < 2; k++) {
        racer[k] = (struct racer){&arena, k};
        int failed = pthread_create(&thread[k], NULL, racer_thread, &racer[k]);
        if (!failed)
            continue;
        if (k == 1) { /* the first one waits for a second: we come instead */
            arena.trials = 0;
            meet(&arena, false);
            pthread_join(thread[0], NULL);
        }
        return -failed;
    }
    for (int k = 0; k < 2; k++)
        pthread_join(thread[k], NULL);
    return arena.failed;
}

/* Coroutines. ------------------------------------------------------------- */

static int try_coroutines(long trials, struct tally *tally)
{
    for (long i = 0; i < trials; i++) {
        struct trial trial = {0};
        take_steps_in_turn(&trial);
        int index = index_of(trial.order);
        if (index < 0)
            return -EPROTO;
        tally->seen[index]++;
    }
    return 0;
}

/* What is counted. -------------------------------------------------------- */

static void count_orders(struct lesson_run *run, const char *who, long trials,
                         const struct tally *tally)
{
    char name[72], order[2 * STEPS + 1];
    int orders = 0;
    long most = 0;
    for (int i = 0; i < ORDERS; i++) {
        order_of(i, order);
        lesson_row(run, "%s,%d,%s,%ld,%ld", who, i, order, tally->seen[i],
                   trials);
        orders += tally->seen[i] > 0;
        most = tally->seen[i] > most ? tally->seen[i] : most;
    }
    snprintf(name, sizeof name, "%s: orders seen, of 252", who);
    lesson_count(run, name, orders, "");
    snprintf(name, sizeof name, "%s: the most frequent order", who);
    lesson_count(run, name, 100.0 * (double)most / (double)trials,
                 "% of trials");
}

static int measure(struct lesson_run *run)
{
    long trials = (long)lesson_setting(run, "trials");
    struct tally two = {{0}}, one = {{0}}, coroutines = {{0}};
    lesson_table(run, "who,index,order,seen,trials");
    lesson_count(run, "trials of each", (double)trials, "");
    int failed = try_threads(1, trials, &one);
    if (!failed && lesson_processors() >= 2) {
        failed = try_threads(2, trials, &two);
        if (!failed)
            count_orders(run, "threads on 2 processors", trials, &two);
    }
    if (!failed)
        count_orders(run, "threads on 1 processor", trials, &one);
    if (!failed)
        failed = try_coroutines(trials, &coroutines);
    if (!failed)
        count_orders(run, "coroutines", trials, &coroutines);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    double two =
        lesson_value(f, "threads on 2 processors: orders seen, of 252");
    fprintf(out,
            "Of the 252 orders in which two tasks of five steps can run, "
            "threads showed %.0f on one processor",
            lesson_value(f, "threads on 1 processor: orders seen, of 252"));
    if (!isnan(two))
        fprintf(out, " and %.0f on two", two);
    fprintf(out, "; coroutines showed %.0f, the same in each of %s trials.",
            lesson_value(f, "coroutines: orders seen, of 252"),
            LESSON_NUMBER(lesson_value(f, "trials of each")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double one = lesson_value(f, "threads on 1 processor: orders seen, of 252");
    double two =
        lesson_value(f, "threads on 2 processors: orders seen, of 252");
    double coroutines = lesson_value(f, "coroutines: orders seen, of 252");
    bool several = one > 1 || two > 1;
    return lesson_judgement(
        several && coroutines == 1 ? LESSON_HOLDS : LESSON_DOES_NOT_HOLD,
        "coroutines ran in %.0f order%s, threads in %.0f", coroutines,
        coroutines == 1 ? "" : "s", fmax(one, two));
}

static struct lesson_option options[] = {
    {"trials", "N", "How often each pair runs (default 50000, quick 10000)",
     50000, 10000, 100, 1e6},
    {0},
};

static const char *const judged[] = {
    "threads on 1 processor: orders seen, of 252",
    "coroutines: orders seen, of 252",
    NULL,
};

const struct lesson lesson = {
    .name = "interleavings",
    .claim = "Cooperative scheduling is deterministic, preemptive is not",
    .about = "the operating system",
    .source = "a gentle introduction to async",
    .rule = "of the 252 orders of two five-step tasks coroutines show one, and "
            "threads (on one processor or on two) more than one",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
