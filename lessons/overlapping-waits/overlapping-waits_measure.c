/* overlapping-waits_measure.c: seven rounds of each way, and the verdict. */
#include "lessons/lesson.h"
#include "lessons/overlapping-waits/overlapping-waits.h"

#include <errno.h>
#include <math.h>
#include <sys/mman.h>

enum { WAYS = 4, ROUNDS = 7 };

static const int units[WAITS] = {3, 1, 1};

static struct way {
    const char *name;
    int (*run)(struct wait *);
} ways[WAYS] = {
    {"one after another", one_after_another},
    {"as processes", as_processes},
    {"as threads", as_threads},
    {"on a loop", on_a_loop},
};

/* The waits of each way, as its last round saw them; shared with children. */
static struct wait (*seen)[WAITS];
static double began[WAYS];
static double unit;
static bool live;

void wait_starts(struct wait *waits, int i)
{
    waits[i].start = lesson_now();
    if (live)
        printf("    wait %d starts, to wait %.1f s\n", i + 1, waits[i].seconds);
}

void wait_ends(struct wait *waits, int i)
{
    waits[i].end = lesson_now();
    if (live)
        printf("    wait %d is over after %.1f s\n", i + 1,
               waits[i].end - waits[i].start);
    if (live)
        fflush(stdout);
}

static double run_once(const void *argument)
{
    const struct way *way = argument;
    long k = way - ways;
    for (int i = 0; i < WAITS; i++)
        seen[k][i] = (struct wait){.seconds = units[i] * unit};
    began[k] = lesson_now();
    int failed = way->run(seen[k]);
    if (failed) {
        errno = -failed;
        return NAN;
    }
    return lesson_now() - began[k];
}

/* How many of a way's waits lay over one another, from their own clocks. */
static int most_at_once(const struct wait *waits)
{
    int most = 0;
    for (int i = 0; i < WAITS; i++) {
        int at_once = 0;
        for (int j = 0; j < WAITS; j++)
            at_once += waits[j].start <= waits[i].start &&
                       waits[i].start < waits[j].end;
        most = at_once > most ? at_once : most;
    }
    return most;
}

static int show_live(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int k = 0; k < WAYS; k++) {
        printf("  %s:\n", ways[k].name);
        double seconds = run_once(&ways[k]);
        if (isnan(seconds))
            return -errno;
        printf("  %s took %.2f s\n\n", ways[k].name, seconds);
    }
    return 0;
}

static int measure(struct lesson_run *run)
{
    unit = lesson_setting(run, "unit");
    seen = lesson_shared(WAYS * sizeof *seen);
    if (!seen)
        return -errno;
    live = run->live;
    int failed = live ? show_live() : 0;
    live = false;

    struct lesson_way timed[WAYS];
    int sum = 0;
    for (int i = 0; i < WAITS; i++)
        sum += units[i];
    lesson_count(run, "the longest wait", units[0] * unit, "s");
    lesson_count(run, "the sum of the waits", sum * unit, "s");
    for (int k = 0; k < WAYS; k++)
        timed[k] = (struct lesson_way){ways[k].name, "s", run_once, &ways[k]};
    if (!failed)
        failed = lesson_rounds(run, timed, WAYS, ROUNDS);

    lesson_table(run, "way,wait,start_s,end_s");
    for (int k = 0; k < WAYS && !failed; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s: waits at one time", ways[k].name);
        lesson_count(run, name, most_at_once(seen[k]), "waits");
        for (int i = 0; i < WAITS; i++)
            lesson_row(run, "%s,%d,%.6f,%.6f", ways[k].name, i + 1,
                       seen[k][i].start - began[k], seen[k][i].end - began[k]);
    }
    munmap(seen, WAYS * sizeof *seen);
    return failed;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Waits of 3, 1 and 1 units take %.2f units one after another, and "
            "%.2f as processes, %.2f as threads, %.2f on a loop.",
            lesson_value(f, "one after another") /
                lesson_value(f, "the longest wait") * units[0],
            lesson_value(f, "as processes") /
                lesson_value(f, "the longest wait") * units[0],
            lesson_value(f, "as threads") /
                lesson_value(f, "the longest wait") * units[0],
            lesson_value(f, "on a loop") / lesson_value(f, "the longest wait") *
                units[0]);
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double longest = lesson_value(f, "the longest wait");
    double most = -INFINITY;
    const char *slowest = NULL;
    for (int k = 1; k < WAYS; k++) {
        double high = lesson_figure(f, ways[k].name)->high;
        if (!(high <= most)) {
            most = high;
            slowest = ways[k].name;
        }
    }
    return lesson_judgement(
        most <= 1.1 * longest ? LESSON_HOLDS : LESSON_DOES_NOT_HOLD,
        "the slowest of the three, %s, took at most %.3f of the longest wait",
        slowest, most / longest);
}

static struct lesson_option options[] = {
    {"unit", "SECONDS", "One unit of waiting (default 0.1, quick 0.02)", 0.1,
     0.02, 0.001, 1},
    {0},
};

static const char *const judged[] = {
    "the longest wait", "as processes", "as threads", "on a loop", NULL,
};

const struct lesson lesson = {
    .name = "overlapping-waits",
    .claim = "Waits of 3 s, 1 s and 1 s together take a bit over 3 s",
    .about = "the operating system",
    .source = "course notes on operating systems and concurrency",
    .rule = "for processes, threads and the loop alike, the upper end of the "
            "time's interval is at most 1.1 times the longest wait",
    .live = "First show each wait as it starts and ends",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
