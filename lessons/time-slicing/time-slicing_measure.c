/* time-slicing_measure.c: tasks on one processor and on all, and nice. */
#include "lessons/lesson.h"
#include "lessons/time-slicing/time-slicing.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 4, EVENTS = 2 * TASKS * SLICES, TICKS = 60 };

/* What is shared with the tasks: the gate, and what they saw. */
static struct shared {
    int ready, open; /* only by __atomic */
    struct task task[TASKS];
} * shared;

#define SIBLINGS "two hardware threads of a core against one"

/* What the parent does while they compute: nothing, or watch (--live). */
static void (*meanwhile)(void);

/*
 * Lets n tasks compute on the first `processors` processors, or each alone on
 * one of its own, all from one instant; returns that instant, or NAN and errno.
 */
static double run_tasks(int n, int processors, double deadline_s)
{
    pid_t child[TASKS];
    int made = 0, failed = 0;
    __atomic_store_n(&shared->ready, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->open, 0, __ATOMIC_RELAXED);
    for (; made < n; made++) {
        child[made] = lesson_fork();
        if (child[made] < 0) {
            failed = child[made];
            break;
        }
        if (child[made] > 0)
            continue;
        int place = shared->task[made].alone_on;
        if ((place > 0 ? lesson_stay_on(place - 1)
                       : lesson_stay_among(processors)) != 0)
            _exit(1);
        __atomic_fetch_add(&shared->ready, 1, __ATOMIC_RELEASE);
        while (!__atomic_load_n(&shared->open, __ATOMIC_ACQUIRE))
            sched_yield();
        _exit(compute(&shared->task[made], lesson_now() + deadline_s) ? 1 : 0);
    }
    while (!failed && __atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < n) {
        sched_yield();
        failed = lesson_all_there(child, made);
    }
    double began = lesson_now();
    if (failed)
        for (int i = 0; i < n; i++)
            shared->task[i].seconds = 0; /* the made ones end at once */
    __atomic_store_n(&shared->open, 1, __ATOMIC_RELEASE);
    if (!failed && meanwhile)
        meanwhile();
    while (made > 0) {
        int bad = lesson_reap(child[--made]);
        failed = failed ? failed : bad;
    }
    errno = -failed;
    return failed ? NAN : began;
}

/* Slices. ----------------------------------------------------------------- */

struct event {
    double when;
    int change; /* a slice begins: 1; ends: -1 */
};

static int by_time(const void *one, const void *other)
{
    const struct event *a = one, *b = other;
    if (a->when != b->when)
        return a->when < b->when ? -1 : 1;
    return a->change - b->change; /* what ends at an instant, ends first */
}

/*
 * How many of n tasks ran at one instant. A slice reaches from the first to the
 * last look at the clock, so what is found was really running; a slice shorter
 * than two looks is a point, and counts nowhere.
 */
static int most_at_once(int n)
{
    struct event *events = calloc(EVENTS, sizeof *events);
    size_t count = 0;
    int running = 0, most = 0;
    if (!events)
        return -ENOMEM;
    for (int i = 0; i < n; i++)
        for (int s = 0; s < shared->task[i].slices; s++) {
            const struct slice *slice = &shared->task[i].slice[s];
            if (slice->end <= slice->start)
                continue;
            events[count++] = (struct event){slice->start, 1};
            events[count++] = (struct event){slice->end, -1};
        }
    qsort(events, count, sizeof *events, by_time);
    for (size_t i = 0; i < count; i++) {
        running += events[i].change;
        most = running > most ? running : most;
    }
    free(events);
    return most;
}

/* How many tasks' lifetimes, first look to last, hold one instant. */
static int most_alive(int n)
{
    int most = 0;
    for (int i = 0; i < n; i++) {
        int alive = 0;
        double start = shared->task[i].slice[0].start;
        for (int j = 0; j < n; j++)
            alive += shared->task[j].slice[0].start <= start &&
                     start < shared->task[j].finished;
        most = alive > most ? alive : most;
    }
    return most;
}

static void note_slices(struct lesson_run *run, const char *part, int n,
                        double began)
{
    for (int i = 0; i < n; i++)
        for (int s = 0; s < shared->task[i].slices; s++) {
            const struct slice *slice = &shared->task[i].slice[s];
            if (slice->end > slice->start)
                lesson_row(run, "%s,%d,%d,%d,%.6f,%.6f", part, i + 1,
                           shared->task[i].nice, slice->cpu,
                           slice->start - began, slice->end - began);
        }
}

/* Parts of the lesson. ---------------------------------------------------- */

enum { ALIVE, AT_ONCE, TOOK, COMPUTING, AGAINST, TAKEN_OFF, EQUAL };

static void note_equal(struct lesson_run *run, const char *part,
                       const double value[EQUAL])
{
    static const char *const what[EQUAL][2] = {
        {"alive at one time", "tasks"},
        {"running at one time", "tasks"},
        {"took", "s"},
        {"computing, in all", "s"},
        {"against K·t/M", "times"},
        {"taken off the processor", "times"},
    };
    char name[72];
    for (int i = 0; i < EQUAL; i++) {
        snprintf(name, sizeof name, "%s: %s", part, what[i][0]);
        lesson_count(run, name, value[i], what[i][1]);
    }
}

/* Equal tasks on some processors: how long, how many at one time. Where there
 * are fewer processors, that is not known. */
static int measure_equal(struct lesson_run *run, const char *part,
                         int processors, double each_s)
{
    const int n = TASKS;
    double value[EQUAL] = {NAN, NAN, NAN, NAN, NAN, NAN};
    if (lesson_processors() < processors) {
        note_equal(run, part, value);
        return 0;
    }
    for (int i = 0; i < n; i++)
        shared->task[i] = (struct task){.seconds = each_s};
    double began = run_tasks(n, processors, 30);
    if (isnan(began))
        return -errno;
    double last = 0, used = 0, switched = 0;
    for (int i = 0; i < n; i++) {
        last = fmax(last, shared->task[i].finished - began);
        used += shared->task[i].processor_s;
        switched += (double)shared->task[i].switched;
    }
    int at_once = most_at_once(n);
    if (at_once < 0)
        return at_once;
    value[ALIVE] = most_alive(n);
    value[AT_ONCE] = at_once;
    value[TOOK] = last;
    value[COMPUTING] = used;
    value[AGAINST] = last / (n * each_s / processors);
    value[TAKEN_OFF] = switched;
    note_equal(run, part, value);
    note_slices(run, part, n, began);
    return 0;
}

static void note_share(struct lesson_run *run, int nice, double percent)
{
    char name[72];
    snprintf(name, sizeof name, "nice %d: share of one processor", nice);
    lesson_count(run, name, percent, "%");
}

/* Four tasks of nice 0, 5, 10, 19 share one processor for a while. Where we
 * are nice ourselves nobody can be 0: nobody may take it back. */
static int measure_nice(struct lesson_run *run, double for_s)
{
    static const int nices[] = {0, 5, 10, 19};
    double used = 0;
    if (getpriority(PRIO_PROCESS, 0) != 0) {
        for (int i = 0; i < 4; i++)
            note_share(run, nices[i], NAN);
        return 0;
    }
    for (int i = 0; i < 4; i++)
        shared->task[i] = (struct task){.seconds = 1e9, .nice = nices[i]};
    double began = run_tasks(4, 1, for_s);
    if (isnan(began))
        return -errno;
    for (int i = 0; i < 4; i++)
        used += shared->task[i].processor_s;
    for (int i = 0; i < 4; i++)
        note_share(run, nices[i], 100 * shared->task[i].processor_s / used);
    note_slices(run, "nice", 4, began);
    return 0;
}

/* SMT: two hardware threads on one core. ------------------------------------
 */

/* 1 if hardware threads share cores here, 0 if none do, NAN if it is unknown.
 * (/sys/devices/system/cpu/smt: the kernel's
 * ABI/testing/sysfs-devices-system-cpu) */
static double smt_active(void)
{
    FILE *in = fopen("/sys/devices/system/cpu/smt/active", "re");
    if (!in)
        return NAN;
    int first = fgetc(in);
    fclose(in);
    return first == '1' ? 1 : first == '0' ? 0 : NAN;
}

/* Which core a processor belongs to: the first processor of it, or -1. */
static int core_of(int cpu)
{
    char path[96], text[32] = "";
    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
             cpu);
    FILE *in = fopen(path, "re");
    if (!in)
        return -1;
    char *end = text;
    long first = fgets(text, sizeof text, in) ? strtol(text, &end, 10) : -1;
    fclose(in);
    return end == text ? -1 : (int)first;
}

/* Finds two processors that this process may use on one core, counted from 1
 * as `alone_on` is. */
static bool find_siblings(int pair[2])
{
    cpu_set_t mine;
    int core[CPU_SETSIZE], count = 0;
    if (sched_getaffinity(0, sizeof mine, &mine) != 0)
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mine))
            continue;
        core[count++] = core_of(cpu);
        for (int i = 0; i < count - 1; i++)
            if (core[i] >= 0 && core[i] == core[count - 1]) {
                pair[0] = i + 1;
                pair[1] = count;
                return true;
            }
    }
    return false;
}

/* How much more two siblings do in the same time than one of them alone. */
static double siblings_against_one(const int pair[2], double for_s)
{
    double done[3] = {0};
    for (int n = 1; n <= 2; n++) {
        for (int i = 0; i < n; i++)
            shared->task[i] =
                (struct task){.seconds = 1e9, .alone_on = pair[i]};
        if (isnan(run_tasks(n, 1, for_s)))
            return NAN;
        for (int i = 0; i < n; i++)
            done[n] += (double)shared->task[i].looks;
    }
    return done[2] / done[1];
}

static int measure_siblings(struct lesson_run *run, double for_s)
{
    enum { PAIRS = 5 };
    double active = smt_active(), more[PAIRS];
    int pair[2];
    lesson_count(run, "hardware threads share a core", active, "");
    if (!(active == 1) || !find_siblings(pair)) {
        lesson_count(run, SIBLINGS, NAN, "times");
        return 0;
    }
    for (int i = 0; i < PAIRS; i++) {
        more[i] = siblings_against_one(pair, for_s / PAIRS);
        if (isnan(more[i]))
            return -errno;
    }
    lesson_median(run, SIBLINGS, more, PAIRS, "times");
    return 0;
}

/* --live: who runs now? --------------------------------------------------- */

/* A look at all tasks: the processor of each that runs, '.' for who waits. */
static void see(char seen[TASKS])
{
    const long recent = 2000000; /* ns */
    long now = (long)(1e9 * lesson_now()), last[TASKS];
    int cpu[TASKS];
    for (int i = 0; i < TASKS; i++) {
        const struct sight *sight = &shared->task[i].sight;
        last[i] = __atomic_load_n(&sight->ns, __ATOMIC_RELAXED);
        cpu[i] = __atomic_load_n(&sight->cpu, __ATOMIC_RELAXED);
    }
    for (int i = 0; i < TASKS; i++) {
        bool running = now - last[i] < recent;
        for (int j = 0; j < TASKS; j++) { /* has another come after it? */
            bool before = j < i;
            if (j != i && cpu[j] == cpu[i] &&
                (last[j] > last[i] || (last[j] == last[i] && before)))
                running = false;
        }
        seen[i] = (char)(running ? '0' + cpu[i] % 10 : '.');
    }
}

/* Looks every 25 ms: on a terminal a row for each task grows, else a line for
 * each look is written. */
static void watch(void)
{
    const struct timespec tick = {0, 25000000};
    bool terminal = isatty(STDOUT_FILENO);
    char row[TASKS][TICKS + 1] = {{0}}, seen[TASKS];
    double until = lesson_now() + 0.025 * TICKS; /* then they are done */
    for (int i = 0; terminal && i < TASKS; i++)
        putchar('\n');
    for (int k = 0; k < TICKS && lesson_now() < until; k++) {
        nanosleep(&tick, NULL);
        see(seen);
        if (terminal)
            printf("\033[%dA", TASKS); /* up again, over what stands there */
        for (int i = 0; i < TASKS; i++) {
            row[i][k] = seen[i];
            if (terminal)
                printf("  task %d  %s\n", i + 1, row[i]);
        }
        if (!terminal)
            printf("  %5d ms  %c %c %c %c\n", 25 * (k + 1), seen[0], seen[1],
                   seen[2], seen[3]);
        fflush(stdout);
    }
}

static int show_live(void)
{
    int most = lesson_processors() >= 2 ? 2 : 1, failed = 0;
    meanwhile = watch;
    for (int processors = 1; processors <= most && !failed; processors++) {
        printf("Four tasks on %d processor%s. Each column is a look at all: "
               "the number of its processor for who runs, a dot for who "
               "waits.\n",
               processors, processors > 1 ? "s" : "");
        fflush(stdout);
        for (int i = 0; i < TASKS; i++)
            shared->task[i] = (struct task){.seconds = 1e9};
        if (isnan(run_tasks(TASKS, processors, 0.025 * (TICKS + 4))))
            failed = -errno;
        putchar('\n');
    }
    meanwhile = NULL;
    return failed;
}

/* The lesson. ------------------------------------------------------------- */

static int measure(struct lesson_run *run)
{
    double each = run->quick ? 0.15 : 0.5;
    shared = lesson_shared(sizeof *shared);
    if (!shared)
        return -errno;
    lesson_table(run, "part,task,nice,cpu,start_s,end_s");
    int failed = run->live ? show_live() : 0;
    if (!failed)
        failed = measure_equal(run, "1 processor", 1, each);
    if (!failed)
        failed = measure_equal(run, "2 processors", 2, each);
    if (!failed)
        failed = measure_nice(run, run->quick ? 1 : 4);
    if (!failed)
        failed = measure_siblings(run, run->quick ? 0.5 : 2);
    munmap(shared, sizeof *shared);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    double two = lesson_value(f, "2 processors: running at one time");
    fprintf(out,
            "Of four busy tasks %s were alive at one time; on one processor "
            "%s ran at any instant",
            LESSON_NUMBER(lesson_value(f, "1 processor: alive at one time")),
            LESSON_NUMBER(lesson_value(f, "1 processor: running at one time")));
    if (!isnan(two))
        fprintf(out, ", on two %.0f", two);
    fprintf(out, ", and they took %.2f",
            lesson_value(f, "1 processor: against K·t/M"));
    if (!isnan(two))
        fprintf(out, " and %.2f",
                lesson_value(f, "2 processors: against K·t/M"));
    fputs(" times K·t/M", out);
    double nicest = lesson_value(f, "nice 19: share of one processor");
    if (!isnan(nicest))
        fprintf(out, "; nice 19 left a task %.2g %% of the processor", nicest);
    double siblings = lesson_value(f, SIBLINGS);
    if (!isnan(siblings))
        fprintf(out,
                "; two hardware threads of a core did %.2f times the work "
                "of one.",
                siblings);
    else if (lesson_value(f, "hardware threads share a core") == 0)
        fprintf(out, "; no SMT here: what it brings is not decided.");
    else
        fprintf(out, "; what SMT brings is not decided: two hardware threads "
                     "of one core were not to be had.");
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double one = lesson_value(f, "1 processor: running at one time");
    double two = lesson_value(f, "2 processors: running at one time");
    double slower = lesson_value(f, "1 processor: against K·t/M");
    double slower_two = lesson_value(f, "2 processors: against K·t/M");
    if (one > 1 || two > 2)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "%.0f ran at one instant on one processor, "
                                "%.0f on two",
                                one, two);
    if (slower < 0.99 || slower_two < 0.99)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "the tasks were done in %.2f and %.2f times "
                                "K·t/M, sooner than processors can",
                                slower, slower_two);
    if (lesson_value(f, "1 processor: alive at one time") < TASKS || two < 2 ||
        slower > 1.15 || slower_two > 1.15)
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "the tasks took %.2f and %.2f times K·t/M: "
                                "others used the processors meanwhile",
                                slower, slower_two);
    return lesson_judgement(LESSON_HOLDS,
                            "at most one ran on one processor and two on two, "
                            "in %.2f and %.2f times K·t/M",
                            slower, slower_two);
}

static const char *const judged[] = {
    "1 processor: alive at one time", "1 processor: running at one time",
    "1 processor: against K·t/M",     "2 processors: running at one time",
    "2 processors: against K·t/M",    NULL,
};

const struct lesson lesson = {
    .name = "time-slicing",
    .claim = "Of K busy tasks on M < K processors at most M run at any "
             "instant, and the rest wait their turn: K·t/M in all, plus "
             "switching; on one processor they are concurrent, never parallel",
    .about = "the operating system",
    .source = "a gentle introduction to async",
    .rule = "four tasks' measured slices show at most one running at any "
            "instant on one processor and at most two on two, all four were "
            "alive at one time, and the total is 0.99 to 1.15 times K·t/M "
            "(above that others used the processors, and it is not decided)",
    .live = "First show, look by look, which of four tasks run and which wait",
    .needs_two_processors = true,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
