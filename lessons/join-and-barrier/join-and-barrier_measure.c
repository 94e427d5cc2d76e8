/* join-and-barrier_measure.c: what is there to be read, and the verdict. */
#include "lessons/join-and-barrier/join-and-barrier.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAYS = 6, ROUNDS = 7 };

static struct way {
    const char *name;
    int (*run)(struct results *);
    int complete; /* whether it is claimed to be */
    int rounds;
    double alive[ROUNDS], wrong;
} ways[WAYS] = {
    {.name = "no join", .run = without_join},
    {.name = "join", .run = with_join, .complete = 1},
    {.name = "a barrier", .run = with_a_barrier, .complete = 1},
    {.name = "a counted queue", .run = with_a_counted_queue, .complete = 1},
    {.name = "tasks nobody awaits", .run = tasks_nobody_awaits},
    {.name = "tasks awaited", .run = tasks_awaited, .complete = 1},
};

static struct lesson_run *table;
static struct results *results;
static double pause_s;

/* Threads of this process beside the one that asks, or -1 where that cannot be
 * known: the kernel's own list is a folder with two links of its own and one a
 * thread. */
static int others_alive(void)
{
    struct stat tasks;
    if (stat("/proc/self/task", &tasks) != 0)
        return -1;
    return (int)tasks.st_nlink - 3;
}

/* A thread that was joined leaves the kernel's list a moment later. */
static int others_that_stay(int threads_before)
{
    if (threads_before < 0)
        return -1;
    int n = others_alive() - threads_before;
    for (int i = 0; i < 100 && n > 0 && n < WORKERS; i++) {
        usleep(1000);
        n = others_alive() - threads_before;
    }
    return n > 0 ? n : 0;
}

static int threads_before;

void look(struct results *r)
{
    r->seen = 0;
    r->sum = 0;
    for (int i = 0; i < RESULTS; i++)
        if (__atomic_load_n(&r->there[i], __ATOMIC_ACQUIRE)) {
            r->seen++;
            r->sum += r->result[i];
        }
    r->alive = others_that_stay(threads_before);
}

/* In a child, since some ways leave workers behind that never end. */
static double run_once(const void *argument)
{
    struct way *way = &ways[(const struct way *)argument - ways];
    memset(results, 0, sizeof *results);
    results->pause = pause_s;
    pid_t child = lesson_fork();
    if (child == 0) {
        threads_before = others_alive();
        _exit(way->run(results) ? 1 : 0);
    }
    int failed = child < 0 ? child : lesson_reap(child);
    errno = -failed;
    if (failed)
        return NAN;
    double alive = results->alive < 0 ? NAN : results->alive;
    way->alive[way->rounds++] = alive;
    lesson_row(table, "%s,%d,%d,%ld,%.0f", way->name, way->rounds,
               results->seen, results->sum, alive);
    return results->seen;
}

static int measure(struct lesson_run *run)
{
    table = run;
    pause_s = lesson_setting(run, "pause");
    results = lesson_shared(sizeof *results);
    if (!results)
        return -errno;
    lesson_table(run, "way,round,results,sum,alive");
    struct lesson_way timed[WAYS];
    char name[WAYS][72];
    for (int i = 0; i < WAYS; i++) {
        snprintf(name[i], sizeof name[i], "%s: results", ways[i].name);
        timed[i] = (struct lesson_way){name[i], "of 100", run_once, &ways[i]};
    }
    int failed = lesson_rounds(run, timed, WAYS, ROUNDS);
    munmap(results, sizeof *results);
    for (int i = 0; i < 4 && !failed; i++) {
        snprintf(name[i], sizeof name[i], "%s: workers still there",
                 ways[i].name);
        if (others_alive() < 0)
            lesson_count(run, name[i], NAN, "of 4");
        else
            lesson_median(run, name[i], ways[i].alive, ROUNDS, "of 4");
    }
    return failed;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Of 100 results %.0f are there without a join, %.0f after a join, "
            "%.0f after a barrier, %.0f after a counted queue; of tasks on a "
            "loop that nobody awaits %.0f, awaited %.0f.",
            lesson_value(f, "no join: results"),
            lesson_value(f, "join: results"),
            lesson_value(f, "a barrier: results"),
            lesson_value(f, "a counted queue: results"),
            lesson_value(f, "tasks nobody awaits: results"),
            lesson_value(f, "tasks awaited: results"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    for (int i = 0; i < WAYS; i++) {
        char name[72];
        snprintf(name, sizeof name, "%s: results", ways[i].name);
        const struct lesson_figure *seen = lesson_figure(f, name);
        if (ways[i].complete && !(seen->low == RESULTS))
            return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                    "with %s only %.3g results were there",
                                    ways[i].name, seen->low);
        if (!ways[i].complete && !(seen->high < RESULTS))
            return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                    "with %s all results were there",
                                    ways[i].name);
    }
    return lesson_judgement(
        LESSON_HOLDS,
        "complete in the four ways that wait, %.3g and %.3g of "
        "100 in the two that do not",
        lesson_value(f, "no join: results"),
        lesson_value(f, "tasks nobody awaits: results"));
}

static struct lesson_option options[] = {
    {"pause", "SECONDS",
     "How long one result takes (default 0.002, quick 0.001)", 0.002, 0.001,
     0.0005, 0.005},
    {0},
};

static const char *const judged[] = {
    "no join: results",
    "join: results",
    "a barrier: results",
    "a counted queue: results",
    "tasks nobody awaits: results",
    "tasks awaited: results",
    NULL,
};

const struct lesson lesson = {
    .name = "join-and-barrier",
    .claim = "Results are complete only once every worker was waited for: by "
             "a join, a barrier, a queue that counts; and background tasks "
             "that nobody awaits end with the loop",
    .about = "the operating system and C; the queue and the loop as in CPython",
    .source = "course notes on operating systems and concurrency; all that "
              "you do not want to know about async",
    .rule = "all 100 results are there (low end) after a join, a barrier, a "
            "counted queue and with awaited tasks, and fewer (high end) "
            "without a join and with tasks that nobody awaits",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
