/*
 * memory-per-task_measure.c: bytes a task by regression, and the verdict.
 *
 * A host, a child of ours, makes some tasks and stops. We read what the kernel
 * says of it (and of its children), kill it, and let another host make more of
 * them. The slope of bytes over tasks is what one task takes.
 */
#include "lessons/lesson.h"
#include "lessons/memory-per-task/memory-per-task.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 9, QUICK_ROUNDS = 5, POINTS = 4, KINDS = 5, CHILDREN = 64 };

/* What is measured of tasks, in bytes (or, the last two, in numbers). */
enum measure {
    VIRTUAL,
    RESIDENT,
    PROPORTIONAL,
    PAGE_TABLES,
    KERNEL,
    KERNEL_TASKS,
    ADDRESS_SPACES,
    MEASURES
};
static const char *const measure_names[] = {
    "virtual",       "resident (RSS)",      "proportional (PSS)", "page tables",
    "kernel memory", "tasks of the kernel", "address spaces"};

static const struct kind {
    const char *name;
    int most; /* tasks at once: the bound of this lesson */
} kinds[KINDS] = {
    {"process", 60},
    {"thread", 300},
    {"thread, small stack", 300},
    {"coroutine with a stack", 3000},
    {"coroutine without a stack", 30000},
};

static struct shared {
    int ready; /* only by __atomic: 1, or -errno */
    pid_t child[CHILDREN];
} * shared;

/* The host. --------------------------------------------------------------- */

static void host(int kind, int n)
{
    int failed = 0;
    if (kind == 0)
        failed = wait_as_processes(n, shared->child);
    else if (kind == 1 || kind == 2)
        failed = wait_as_threads(n, kind == 2 ? SMALL_STACK : 0);
    else if (kind == 3)
        failed = wait_with_stacks(n);
    else
        failed = wait_without_stacks(n);
    __atomic_store_n(&shared->ready, failed ? failed : 1, __ATOMIC_RELEASE);
    for (;;)
        pause();
}

/* What the kernel says. --------------------------------------------------- */

/* Adds the KiB of a line `key   123 kB` in a file of /proc, in bytes. */
static int add_line(const char *path, const char *key, double *bytes)
{
    char line[256];
    size_t length = strlen(key);
    bool found = false;
    FILE *in = fopen(path, "re");
    if (!in)
        return -errno;
    while (!found && fgets(line, sizeof line, in)) {
        if (strncmp(line, key, length) != 0)
            continue;
        *bytes += 1024 * strtod(line + length, NULL);
        found = true;
    }
    fclose(in);
    return found ? 0 : -ENOENT;
}

static int cannot_read(int error)
{
    return lesson_cannot(error, "what a process takes stands in /proc/PID/"
                                "status, smaps_rollup and task");
}

static int add_tasks(pid_t pid, double *tasks)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    if (!folder)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(folder));)
        *tasks += entry->d_name[0] != '.';
    closedir(folder);
    return 0;
}

static int add_process(pid_t pid, double measured[MEASURES])
{
    char status[64], maps[64];
    snprintf(status, sizeof status, "/proc/%d/status", (int)pid);
    snprintf(maps, sizeof maps, "/proc/%d/smaps_rollup", (int)pid);
    int failed = add_line(status, "VmSize:", &measured[VIRTUAL]);
    if (!failed)
        failed = add_line(maps, "Rss:", &measured[RESIDENT]);
    if (!failed)
        failed = add_line(maps, "Pss:", &measured[PROPORTIONAL]);
    if (!failed)
        failed = add_line(status, "VmPTE:", &measured[PAGE_TABLES]);
    if (!failed)
        failed = add_tasks(pid, &measured[KERNEL_TASKS]);
    measured[ADDRESS_SPACES]++;
    return failed ? cannot_read(failed) : 0;
}

/* Of the whole machine: others' coming and going is in it. */
static double kernel_memory(void)
{
    double bytes = 0;
    int failed = add_line("/proc/meminfo", "KernelStack:", &bytes);
    if (!failed)
        failed = add_line("/proc/meminfo", "SUnreclaim:", &bytes);
    return failed ? NAN : bytes;
}

/* Lets a host make n tasks, and measures them. 0 or -errno. */
static int look_at(int kind, int n, double measured[MEASURES])
{
    memset(measured, 0, MEASURES * sizeof *measured);
    __atomic_store_n(&shared->ready, 0, __ATOMIC_RELAXED);
    double before = kernel_memory();
    pid_t child = lesson_fork();
    if (child < 0)
        return child;
    if (child == 0)
        host(kind, n);
    int ready = 0, failed = 0;
    double until = lesson_now() + 30;
    while (!(ready = __atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE)) &&
           !failed && lesson_now() < until) {
        usleep(200);
        failed = lesson_all_there(&child, 1);
    }
    if (!failed)
        failed = ready == 1 ? 0 : ready < 0 ? ready : -ETIMEDOUT;
    measured[KERNEL] = kernel_memory() - before;
    if (!failed)
        failed = add_process(child, measured);
    for (int i = 0; kind == 0 && i < n && !failed; i++)
        failed = add_process(shared->child[i], measured);
    kill(child, SIGKILL); /* its tasks end with it */
    (void)lesson_reap(child);
    return failed;
}

/* Regression. ------------------------------------------------------------- */

/* The slope of the least-squares line through the points. */
static double slope(const double x[POINTS], const double y[POINTS])
{
    double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (int i = 0; i < POINTS; i++) {
        mean_x += x[i] / POINTS;
        mean_y += y[i] / POINTS;
    }
    for (int i = 0; i < POINTS; i++) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
    }
    return xy / xx;
}

static int measure_kind(struct lesson_run *run, int kind)
{
    double slopes[MEASURES][ROUNDS];
    int rounds = run->quick ? QUICK_ROUNDS : ROUNDS;
    for (int round = 0; round < rounds; round++) {
        double x[POINTS], y[MEASURES][POINTS], measured[MEASURES];
        for (int point = 0; point < POINTS; point++) {
            int n = kinds[kind].most * point / (POINTS - 1);
            int failed = look_at(kind, n, measured);
            if (failed)
                return failed;
            x[point] = n;
            for (int m = 0; m < MEASURES; m++)
                y[m][point] = measured[m];
        }
        for (int m = 0; m < MEASURES; m++)
            slopes[m][round] = slope(x, y[m]);
    }
    for (int m = 0; m < MEASURES; m++) {
        char name[72];
        snprintf(name, sizeof name, "%s: %s", kinds[kind].name,
                 measure_names[m]);
        lesson_median(run, name, slopes[m], (size_t)rounds,
                      m < KERNEL_TASKS ? "bytes" : "a task");
        const struct lesson_figure *f = lesson_figure(&run->figures, name);
        if (m < KERNEL_TASKS)
            lesson_row(run, "%s,%s,%.2f,%.2f,%.2f",
                       kind == 2 ? "thread with a small stack"
                                 : kinds[kind].name,
                       measure_names[m], f->value, f->low, f->high);
    }
    return 0;
}

/* The stack that a thread gets when nothing is said. */
static double default_stack(void)
{
    pthread_attr_t attributes;
    size_t size = 0;
    if (pthread_attr_init(&attributes) != 0)
        return NAN;
    int failed = pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
    return failed ? NAN : (double)size;
}

static int measure(struct lesson_run *run)
{
    shared = lesson_shared(sizeof *shared);
    if (!shared)
        return -errno;
    lesson_table(run, "kind,measure,bytes,low,high");
    lesson_count(run, "the usual stack of a thread", default_stack(), "bytes");
    int failed = 0;
    for (int kind = 0; kind < KINDS && !failed; kind++)
        failed = measure_kind(run, kind);
    munmap(shared, sizeof *shared);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

/* What is really taken: pages, page tables, and what the kernel keeps. */
static double taken(const struct lesson_figures *f, const char *kind)
{
    static const enum measure parts[] = {PROPORTIONAL, PAGE_TABLES, KERNEL};
    double bytes = 0;
    for (int i = 0; i < 3; i++) {
        char name[72];
        snprintf(name, sizeof name, "%s: %s", kind, measure_names[parts[i]]);
        double part = lesson_value(f, name);
        bytes += part < 0 ? 0 : part; /* fmax() would make 0 of NAN, too */
    }
    return bytes;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "A task that waits takes %s bytes as a process, %s as a thread "
            "(which reserves %s), %s as a coroutine with a stack and %s "
            "without.",
            LESSON_NUMBER(round(taken(f, "process"))),
            LESSON_NUMBER(round(taken(f, "thread"))),
            LESSON_NUMBER(lesson_value(f, "thread: virtual")),
            LESSON_NUMBER(round(taken(f, "coroutine with a stack"))),
            LESSON_NUMBER(round(lesson_value(f, "coroutine without a stack: "
                                                "proportional (PSS)"))));
}

/* Is a cell of the table's y/n columns as claimed? */
static bool is_count(const struct lesson_figures *f, const char *name, int n)
{
    return fabs(lesson_value(f, name) - n) < 0.05;
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    enum { MB = 1000 * 1000, KB = 1000 };
    const struct {
        const char *claimed;
        bool holds;
    } cells[] = {
        {"a process takes at most 8 MB", taken(f, "process") <= 8 * MB},
        {"a thread takes at most 2 MB", taken(f, "thread") <= 2 * MB},
        {"the kernel knows each process and thread, and no coroutine",
         is_count(f, "process: tasks of the kernel", 1) &&
             is_count(f, "thread: tasks of the kernel", 1) &&
             is_count(f, "coroutine with a stack: tasks of the kernel", 0) &&
             is_count(f, "coroutine without a stack: tasks of the kernel", 0)},
        {"only a process has an address space of its own",
         is_count(f, "process: address spaces", 1) &&
             is_count(f, "thread: address spaces", 0) &&
             is_count(f, "coroutine with a stack: address spaces", 0) &&
             is_count(f, "coroutine without a stack: address spaces", 0)},
        {"a coroutine without a stack takes less than one with",
         lesson_value(f, "coroutine without a stack: proportional (PSS)") <
             lesson_value(f, "coroutine with a stack: proportional (PSS)")},
        {"a task with a stack of its own, not the kernel's, takes at least "
         "64 KB",
         taken(f, "coroutine with a stack") >= 64 * KB},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (!cells[i].holds)
            return lesson_judgement(
                LESSON_DOES_NOT_HOLD,
                "that %s is not so; taken here: process %s, thread %s, "
                "coroutine with a stack %s bytes",
                cells[i].claimed, LESSON_NUMBER(round(taken(f, "process"))),
                LESSON_NUMBER(round(taken(f, "thread"))),
                LESSON_NUMBER(round(taken(f, "coroutine with a stack"))));
    return lesson_judgement(LESSON_HOLDS, "each cell that can be measured here "
                                          "is as claimed");
}

static const char *const judged[] = {
    "process: proportional (PSS)",
    "process: page tables",
    "process: kernel memory",
    "process: tasks of the kernel",
    "process: address spaces",
    "thread: proportional (PSS)",
    "thread: page tables",
    "thread: kernel memory",
    "thread: tasks of the kernel",
    "thread: address spaces",
    "coroutine with a stack: proportional (PSS)",
    "coroutine with a stack: page tables",
    "coroutine with a stack: kernel memory",
    "coroutine with a stack: tasks of the kernel",
    "coroutine with a stack: address spaces",
    "coroutine without a stack: proportional (PSS)",
    "coroutine without a stack: tasks of the kernel",
    "coroutine without a stack: address spaces",
    NULL,
};

const struct lesson lesson = {
    .name = "memory-per-task",
    .claim = "A process takes up to 8 MB, a thread up to 2 MB, a green thread "
             "at least 64 KB, a coroutine next to nothing; the system manages "
             "the first two, and only processes have an address space each",
    .about = "the operating system, and C's coroutines",
    .source = "a talk on all that you do not want to know about async; an "
              "article on event loops and coroutines",
    .rule = "what one task takes (its share of pages, page tables, kernel "
            "memory) is at most 8 MB for a process and 2 MB for a thread, at "
            "least 64 KB for a coroutine with a stack and less for one "
            "without; the kernel counts a task for each process and thread "
            "alone, and an address space for each process alone",
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
