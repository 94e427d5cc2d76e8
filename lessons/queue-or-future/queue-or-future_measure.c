/* queue-or-future_measure.c: time and lines of the four, and the verdict. */
#include "lessons/lesson.h"
#include "lessons/queue-or-future/queue-or-future.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { WAYS = 4, KINDS = 2, ROUNDS = 11 };

static const struct way {
    const char *name;
    int (*run)(long (*work)(int), long result[JOBS]);
} ways[WAYS] = {
    {"threads with a queue", threads_with_a_queue},
    {"threads with futures", threads_with_futures},
    {"processes with a queue", processes_with_a_queue},
    {"processes with futures", processes_with_futures},
};

static const char *const kinds[KINDS] = {"computing", "waiting"};
static double seconds[KINDS][WAYS][ROUNDS];
static double wait_s, below;

/* How many numbers below `below` leave the job's number when divided by 8. */
static long compute(int job)
{
    long n = 0;
    for (volatile long i = 0; i < (long)below; i = i + 1)
        n += i % JOBS == job;
    return n;
}

static long wait_for_it(int job)
{
    struct timespec rest = {0, (long)(1e9 * wait_s)};
    while (nanosleep(&rest, &rest) != 0)
        ;
    return 100 + job;
}

static int run_once(struct lesson_run *run, int kind, int k, int round)
{
    long result[JOBS] = {0}, sum = 0;
    double began = lesson_now();
    int failed = ways[k].run(kind == 0 ? compute : wait_for_it, result);
    seconds[kind][k][round] = lesson_now() - began;
    for (int i = 0; i < JOBS; i++)
        sum += result[i];
    lesson_row(run, "%s,%s,%d,%.9f,%ld", kinds[kind], ways[k].name, round + 1,
               seconds[kind][k][round], sum);
    return failed;
}

/* Processes to threads in the same round, queue to queue and futures to
 * futures; of the two that which is less in favour of the claim. */
static double worse_ratio(int kind, int round)
{
    double queue = seconds[kind][2][round] / seconds[kind][0][round];
    double future = seconds[kind][3][round] / seconds[kind][1][round];
    return kind == 0 ? (queue > future ? queue : future)
                     : (queue < future ? queue : future);
}

static int measure(struct lesson_run *run)
{
    int rounds = run->quick ? 7 : ROUNDS;
    double ratio[KINDS][ROUNDS];
    wait_s = lesson_setting(run, "wait");
    below = lesson_setting(run, "numbers");
    lesson_table(run, "kind,way,round,seconds,sum");
    for (int round = 0; round < rounds; round++)
        for (int kind = 0; kind < KINDS; kind++) {
            for (int i = 0; i < WAYS; i++) {
                /* Each round begins with another one. */
                int failed = run_once(run, kind, (i + round) % WAYS, round);
                if (failed)
                    return failed;
            }
            ratio[kind][round] = worse_ratio(kind, round);
        }
    char name[72];
    for (int kind = 0; kind < KINDS; kind++) {
        for (int k = 0; k < WAYS; k++) {
            snprintf(name, sizeof name, "%s: %s", kinds[kind], ways[k].name);
            lesson_median(run, name, seconds[kind][k], (size_t)rounds, "s");
        }
        snprintf(name, sizeof name, "%s: processes to threads", kinds[kind]);
        lesson_median(run, name, ratio[kind], (size_t)rounds, "times");
    }
    for (int k = 0; k < WAYS; k++) {
        snprintf(name, sizeof name, "%s: lines of code", ways[k].name);
        lesson_count(run, name, lines_of_code[k], "");
    }
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "In C, processes take %.2f times as long as threads for eight jobs "
            "that compute, and %.2f times for eight that wait.",
            lesson_value(f, "computing: processes to threads"),
            lesson_value(f, "waiting: processes to threads"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *cpu =
        lesson_figure(f, "computing: processes to threads");
    const struct lesson_figure *io =
        lesson_figure(f, "waiting: processes to threads");
    enum lesson_verdict verdict = LESSON_NOT_DECIDED;
    if (cpu->high < 1 && io->low > 1)
        verdict = LESSON_HOLDS;
    else if (cpu->low >= 0.95 || io->high <= 1.05)
        verdict = LESSON_DOES_NOT_HOLD;
    return lesson_judgement(verdict,
                            "in C, processes take %.2f to %.2f times as long "
                            "as threads to compute, %.2f to %.2f to wait",
                            cpu->low, cpu->high, io->low, io->high);
}

static struct lesson_option options[] = {
    {"wait", "SECONDS",
     "How long a waiting job waits (default 0.05, quick "
     "0.02)",
     0.05, 0.02, 0.001, 0.5},
    {"numbers", "N", "How far a computing job counts (default 1e7, quick 2e6)",
     1e7, 2e6, 1000, 1e8},
    {0},
};

static const char *const judged[] = {"computing: processes to threads",
                                     "waiting: processes to threads", NULL};

const struct lesson lesson = {
    .name = "queue-or-future",
    .claim = "Work that computes: processes; work that waits: threads; with "
             "queues or futures (said of CPython, looked at here in C)",
    .about = "C; CPython's interpreter lock is not in it",
    .source = "course notes on operating systems and concurrency",
    .rule = "processes take less time than threads to compute (high end of "
            "their ratio in each round below 1, the larger of queue's and "
            "futures') and more to wait (low end above 1, the smaller); it "
            "does not hold when they do not compute quicker by 5 % (low end "
            "at least 0.95) or do not wait longer by 5 %; else not decided",
    .options = options,
    .needs_two_processors = true,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
