/* await-race_measure.c: what is lost, in every run, and the verdict. */
#include "lessons/await-race/await-race.h"
#include "lessons/lesson.h"

#include <math.h>

enum { RUNS = 7 };

static const char *const names[WAYS] = {
    [NO_AWAIT] = "no await between",
    [AWAIT_BETWEEN] = "an await between",
    [AWAIT_BEFORE] = "the await before",
    [LOCKED] = "a coroutine lock",
};

/* Runs a way RUNS times; adds how much was lost in each of them. */
static void measure_way(struct lesson_run *run, enum way way, int tasks,
                        int times, bool figures)
{
    double lost[RUNS];
    long resumed = 0;
    for (int k = 0; k < RUNS; k++) {
        long counted = run_coroutines(way, tasks, times, &resumed);
        lost[k] = (double)((long)tasks * times - counted);
        lesson_row(run, "%s,%d,%d,%d,%ld,%.0f,%ld", names[way], tasks, times,
                   k + 1, counted, lost[k], resumed);
    }
    if (!figures)
        return;
    char name[72];
    snprintf(name, sizeof name, "%s: lost", names[way]);
    lesson_median(run, name, lost, RUNS, "updates");
    snprintf(name, sizeof name, "%s: resumed", names[way]);
    lesson_count(run, name, (double)resumed, "times");
}

static int measure(struct lesson_run *run)
{
    int tasks = (int)lesson_setting(run, "tasks");
    int times = (int)lesson_setting(run, "times");
    lesson_table(run, "way,tasks,times,run,counted,lost,resumed");
    lesson_count(run, "coroutines", tasks, "");
    lesson_count(run, "updates", (double)tasks * times, "");
    for (enum way way = 0; way < WAYS; way++) {
        for (int fewer = 1; fewer < tasks; fewer *= 10)
            measure_way(run, way, fewer, times, false);
        measure_way(run, way, tasks, times, true);
    }
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "%s coroutines that read, add and write lose %s of %s updates; "
            "with an await between reading and writing they lose %s, the same "
            "in every run.",
            LESSON_NUMBER(lesson_value(f, "coroutines")),
            LESSON_NUMBER(lesson_value(f, "no await between: lost")),
            LESSON_NUMBER(lesson_value(f, "updates")),
            LESSON_NUMBER(lesson_value(f, "an await between: lost")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *with =
        lesson_figure(f, "an await between: lost");
    static const char *const none[] = {"no await between: lost",
                                       "the await before: lost",
                                       "a coroutine lock: lost"};
    for (int i = 0; i < 3; i++)
        if (lesson_figure(f, none[i])->high != 0)
            return lesson_judgement(LESSON_DOES_NOT_HOLD, "%s %.0f", none[i],
                                    lesson_figure(f, none[i])->high);
    if (!(with->low > 0))
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "an await between lost nothing");
    if (with->low != with->high)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "an await between lost %.0f in one run and "
                                "%.0f in another",
                                with->low, with->high);
    return lesson_judgement(LESSON_HOLDS,
                            "nothing is lost without an await between, with "
                            "it %.0f in every run; both cures lose nothing",
                            with->value);
}

static struct lesson_option options[] = {
    {"tasks", "N", "How many coroutines (default 1000)", 1000, 1000, 2,
     TASKS_MOST},
    {"times", "N", "How often each adds one (default 10)", 10, 10, 1, 1000},
    {0},
};

static const char *const judged[] = {
    "no await between: lost",
    "an await between: lost",
    "the await before: lost",
    "a coroutine lock: lost",
    NULL,
};

const struct lesson lesson = {
    .name = "await-race",
    .claim = "Coroutines need no locks, since they switch only where the code "
             "says so; they still have races where it says so in the wrong "
             "place",
    .about = "coroutines in any language",
    .source = "course notes on operating systems and concurrency; all that "
              "you do not want to know about async",
    .rule = "no update is lost without an await between reading and writing, "
            "with the await before them, and with a lock; with an await "
            "between, some are lost, and as many in each run",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
