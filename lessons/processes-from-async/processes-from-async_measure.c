/* processes-from-async_measure.c: the two ways in pairs, and the verdict. */
#include "lessons/lesson.h"
#include "lessons/processes-from-async/processes-from-async.h"

#include <errno.h>
#include <unistd.h>

enum { WAYS = 3, ROUNDS = 21 };

static const struct way {
    const char *name;
    int (*run)(struct jobs *);
} ways[WAYS] = {
    {"one after another", one_after_another},
    {"blocking wait", blocking_wait},
    {"event loop", event_loop},
};

static double seconds[WAYS][ROUNDS];

static int run_once(struct lesson_run *run, int k, int round)
{
    struct jobs j = {.count = (int)lesson_setting(run, "jobs"),
                     .at_once = (int)lesson_setting(run, "at-once"),
                     .seconds = lesson_setting(run, "sleep")};
    int done = 0;
    double began = lesson_now();
    int failed = ways[k].run(&j);
    seconds[k][round] = lesson_now() - began;
    for (int i = 0; i < j.count; i++)
        done += j.done[i];
    lesson_row(run, "%s,%d,%.6f,%d,%d,%d", ways[k].name, round + 1,
               seconds[k][round], j.started, done, j.most_at_once);
    return failed ? failed : done == j.count ? 0 : -ECHILD;
}

static int measure(struct lesson_run *run)
{
    double ratio[ROUNDS];
    int rounds = run->quick ? 11 : ROUNDS;
    /* However many are to sleep however long, only what hangs is ended. */
    alarm(LESSON_SECONDS +
          (unsigned)(rounds * WAYS * lesson_setting(run, "jobs") *
                     lesson_setting(run, "sleep")));
    lesson_table(run, "way,round,seconds,started,done,most_at_once");
    for (int round = 0; round < rounds; round++) {
        /* The two that are compared follow each other, in either order. */
        int failed = run_once(run, 1 + round % 2, round);
        if (!failed)
            failed = run_once(run, 2 - round % 2, round);
        if (!failed)
            failed = run_once(run, 0, round);
        if (failed)
            return failed;
        ratio[round] = seconds[2][round] / seconds[1][round];
    }
    for (int k = 0; k < WAYS; k++)
        lesson_median(run, ways[k].name, seconds[k], (size_t)rounds, "s");
    lesson_median(run, "event loop to blocking wait", ratio, (size_t)rounds,
                  "times");
    lesson_count(run, "blocking wait: lines of code", blocking_lines, "");
    lesson_count(run, "event loop: lines of code", loop_lines, "");
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "To start processes and wait for them an event loop takes %.2f "
            "times as long as a blocking wait, and %.0f lines of code instead "
            "of %.0f.",
            lesson_value(f, "event loop to blocking wait"),
            lesson_value(f, "event loop: lines of code"),
            lesson_value(f, "blocking wait: lines of code"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *ratio =
        lesson_figure(f, "event loop to blocking wait");
    return lesson_judgement(ratio->low >= 0.95   ? LESSON_HOLDS
                            : ratio->high < 0.95 ? LESSON_DOES_NOT_HOLD
                                                 : LESSON_NOT_DECIDED,
                            "with the loop it takes %.3f to %.3f times as "
                            "long as without",
                            ratio->low, ratio->high);
}

static struct lesson_option options[] = {
    {"jobs", "N", "How many processes are started (default 40)", 40, 40, 1,
     JOBS_MOST},
    {"at-once", "N", "How many run at one time (default 8)", 8, 8, 1,
     AT_ONCE_MOST},
    {"sleep", "SECONDS", "How long each sleeps (default 0.01, quick 0.002)",
     0.01, 0.002, 0, 0.1},
    {0},
};

static const char *const judged[] = {"event loop to blocking wait", NULL};

const struct lesson lesson = {
    .name = "processes-from-async",
    .claim = "An event loop that is used only to start processes brings "
             "nothing",
    .about = "the operating system",
    .source = "all that you do not want to know about async",
    .rule = "the time with a loop, divided by the time with a blocking wait "
            "in the same round, is at least 0.95 (low end); it does not hold "
            "when the high end is below, and is not decided between",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
