/*
 * limits_measure.c: sets a limit, lets a child run into it, and the verdict.
 *
 * Each case is a child of its own that lowers its own limits, so that nothing
 * else of the machine is near one. RLIMIT_NPROC never stops root: as root, the
 * child becomes an ordinary user first, one that has nothing else running.
 */
#include "lessons/lesson.h"
#include "lessons/limits/limits.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 }; /* its runtime needs terabytes of addresses */
#else
enum { SANITIZED = 0 };
#endif

enum { TASKS = 64, DESCRIPTORS = 64, ADDRESSES = 64 << 20 };
enum what {
    PROCESSES,
    THREADS,
    THREADS_SMALL,
    OPEN_FILES,
    WITH_STACKS,
    WITHOUT_STACKS
};

static const struct limit_case {
    const char *name;          /* of the figures */
    const char *group, *label; /* in the chart */
    enum what what;
    int resource;
    long most; /* the bound of this lesson */
    bool as_root;
} cases[] = {
    {"processes under RLIMIT_NPROC", "64 tasks of a user (RLIMIT_NPROC)",
     "processes", PROCESSES, RLIMIT_NPROC, 400, false},
    {"threads under RLIMIT_NPROC", "64 tasks of a user (RLIMIT_NPROC)",
     "threads", THREADS, RLIMIT_NPROC, 400, false},
    {"coroutines under RLIMIT_NPROC", "64 tasks of a user (RLIMIT_NPROC)",
     "coroutines without stacks", WITHOUT_STACKS, RLIMIT_NPROC, 10000, false},
    {"root's processes under RLIMIT_NPROC", "64 tasks of a user (RLIMIT_NPROC)",
     "processes of root", PROCESSES, RLIMIT_NPROC, 200, true},
    {"threads under RLIMIT_AS", "64 MiB of addresses (RLIMIT_AS)",
     "threads with usual stacks", THREADS, RLIMIT_AS, 4000, false},
    {"threads with small stacks under RLIMIT_AS",
     "64 MiB of addresses (RLIMIT_AS)", "threads with stacks of 32 KiB",
     THREADS_SMALL, RLIMIT_AS, 4000, false},
    {"coroutines with stacks under RLIMIT_AS",
     "64 MiB of addresses (RLIMIT_AS)", "coroutines with stacks of 64 KiB",
     WITH_STACKS, RLIMIT_AS, 4000, false},
    {"coroutines without stacks under RLIMIT_AS",
     "64 MiB of addresses (RLIMIT_AS)", "coroutines without stacks",
     WITHOUT_STACKS, RLIMIT_AS, 10000000, false},
    {"descriptors under RLIMIT_NOFILE", "64 open descriptors (RLIMIT_NOFILE)",
     "open files", OPEN_FILES, RLIMIT_NOFILE, 4000, false},
};
enum { CASES = sizeof cases / sizeof *cases };

/* What the child tells: what it saw, and the limit that it had set. */
struct outcome {
    struct refusal refusal;
    double limit;
};

/* How many tasks (threads too) this user has already: RLIMIT_NPROC counts. */
static long tasks_of_user(void)
{
    long tasks = 0;
    DIR *all = opendir("/proc");
    if (!all)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(all));) {
        char path[300];
        struct stat about;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/task", entry->d_name);
        if (stat(path, &about) == 0 && about.st_uid == getuid())
            tasks += (long)about.st_nlink - 2; /* a folder for each task */
    }
    closedir(all);
    return tasks;
}

static double address_space(void)
{
    double pages = NAN;
    FILE *in = fopen("/proc/self/statm", "re");
    if (!in)
        return NAN;
    if (fscanf(in, "%lf", &pages) != 1) /* NOLINT(cert-err34-c): a number */
        pages = NAN;
    fclose(in);
    return pages * (double)sysconf(_SC_PAGESIZE);
}

/* From root to a user who has nothing else running. 0 or -errno. */
static int become_ordinary(pid_t parent)
{
    uid_t user = (uid_t)(600000 + getpid());
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) != 0 || setgid(user) != 0 || setuid(user) != 0)
        return -errno;
    /* A new user forgets whose death was to be its own. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

/* The limit that leaves room for what is there already, or NAN. */
static double limit_for(int resource)
{
    if (resource == RLIMIT_NOFILE)
        return DESCRIPTORS;
    if (resource == RLIMIT_NPROC) {
        long tasks = tasks_of_user(); /* it is one itself, if /proc is there */
        return tasks < 1 ? NAN : (double)(tasks - 1 + TASKS);
    }
    return address_space() + ADDRESSES;
}

static struct refusal make(const struct limit_case *c)
{
    switch (c->what) {
    case PROCESSES:
        return make_processes(c->most);
    case THREADS:
        return make_threads(c->most, 0);
    case THREADS_SMALL:
        return make_threads(c->most, SMALL_STACK);
    case OPEN_FILES:
        return open_descriptors(c->most);
    case WITH_STACKS:
        return make_coroutines_with_stacks(c->most);
    case WITHOUT_STACKS:
        return make_coroutines_without(c->most);
    }
    return (struct refusal){0, EINVAL};
}

/* Sets the limit and runs into it. */
static int run_into(const struct limit_case *c, pid_t parent,
                    struct outcome *outcome)
{
    int failed = c->as_root ? 0 : become_ordinary(parent);
    if (failed)
        return failed;
    outcome->limit = limit_for(c->resource);
    if (!(outcome->limit > 0))
        return -EIO;
    struct rlimit limit;
    if (getrlimit(c->resource, &limit) != 0)
        return -errno;
    limit.rlim_cur = (rlim_t)outcome->limit;
    if (setrlimit(c->resource, &limit) != 0)
        return -errno;
    outcome->refusal = make(c);
    return 0;
}

static const char *error_name(int told)
{
    switch (told) {
    case 0:
        return "nothing";
    case EAGAIN:
        return "EAGAIN";
    case ENOMEM:
        return "ENOMEM";
    case EMFILE:
        return "EMFILE";
    default:
        return "another error";
    }
}

static int measure_case(struct lesson_run *run, const struct limit_case *c)
{
    char name[72];
    struct outcome *outcome = lesson_shared(sizeof *outcome);
    if (!outcome)
        return -errno;
    bool possible = !(c->as_root && geteuid() != 0) &&
                    !(SANITIZED && c->resource == RLIMIT_AS);
    pid_t parent = getpid();
    pid_t child = possible ? lesson_fork() : -ENOTSUP;
    if (child == 0)
        _exit(run_into(c, parent, outcome) ? 1 : 0);
    bool known = child > 0 && lesson_reap(child) == 0;
    lesson_count(run, c->name, known ? (double)outcome->refusal.made : NAN,
                 "made");
    snprintf(name, sizeof name, "%s: the limit", c->name);
    lesson_count(run, name, known ? outcome->limit : NAN,
                 c->resource == RLIMIT_AS ? "bytes" : "");
    snprintf(name, sizeof name, "%s: told", c->name);
    lesson_count(run, name, known ? outcome->refusal.told : NAN,
                 known ? error_name(outcome->refusal.told) : "");
    if (known)
        lesson_row(run, "%s,%s,%.0f,%ld,%s,%s", c->group, c->label,
                   outcome->limit, outcome->refusal.made,
                   error_name(outcome->refusal.told),
                   outcome->refusal.told ? strerror(outcome->refusal.told)
                                         : "nothing was refused");
    munmap(outcome, sizeof *outcome);
    return 0;
}

static int measure(struct lesson_run *run)
{
    int failed = 0;
    lesson_table(run, "group,what,limit,made,told,message");
    lesson_count(run, "tasks allowed beside those there were", TASKS - 1, "");
    for (int i = 0; i < CASES && !failed; i++)
        failed = measure_case(run, &cases[i]);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    double told = lesson_value(f, "processes under RLIMIT_NPROC: told");
    fprintf(out,
            "With room for 63 more tasks a user made %s processes or %s "
            "threads and then was ",
            LESSON_NUMBER(lesson_value(f, "processes under RLIMIT_NPROC")),
            LESSON_NUMBER(lesson_value(f, "threads under RLIMIT_NPROC")));
    if (told == 0)
        fputs("refused none", out);
    else
        fprintf(out, "told \"%s\"",
                told > 0 && told < 4096 ? strerror((int)told) : "unknown");
    fprintf(out, "; %s coroutines were made under the same limit.",
            LESSON_NUMBER(lesson_value(f, "coroutines under RLIMIT_NPROC")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    static const struct {
        const char *what, *limit, *told;
    } counted[] = {
        {"processes under RLIMIT_NPROC",
         "processes under RLIMIT_NPROC: the limit",
         "processes under RLIMIT_NPROC: told"},
        {"threads under RLIMIT_NPROC", "threads under RLIMIT_NPROC: the limit",
         "threads under RLIMIT_NPROC: told"},
    };
    for (int i = 0; i < 2; i++)
        if (lesson_value(f, counted[i].what) < 1)
            return lesson_judgement(LESSON_NOT_DECIDED,
                                    "not one of the %s was made, so the limit "
                                    "was passed beforehand",
                                    counted[i].what);
    for (int i = 0; i < 2; i++)
        if (lesson_value(f, counted[i].told) != EAGAIN ||
            lesson_value(f, counted[i].what) >=
                lesson_value(f, counted[i].limit))
            return lesson_judgement(
                LESSON_DOES_NOT_HOLD, "%.0f %s were made, and told was %.0f",
                lesson_value(f, counted[i].what), counted[i].what,
                lesson_value(f, counted[i].told));
    if (lesson_value(f, "coroutines under RLIMIT_NPROC: told") != 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "coroutines were refused, too");
    return lesson_judgement(
        LESSON_HOLDS,
        "one process more than %.0f and one thread more than %.0f were "
        "refused, and no coroutine was",
        lesson_value(f, "processes under RLIMIT_NPROC"),
        lesson_value(f, "threads under RLIMIT_NPROC"));
}

static const char *const judged[] = {
    "processes under RLIMIT_NPROC",
    "processes under RLIMIT_NPROC: the limit",
    "processes under RLIMIT_NPROC: told",
    "threads under RLIMIT_NPROC",
    "threads under RLIMIT_NPROC: the limit",
    "threads under RLIMIT_NPROC: told",
    "coroutines under RLIMIT_NPROC: told",
    NULL,
};

const struct lesson lesson = {
    .name = "limits",
    .claim = "The operating system limits how many processes and threads there "
             "can be; it does not limit coroutines",
    .about = "the operating system",
    .source = "a talk on threads, processes and asyncio; course notes on "
              "operating systems and concurrency",
    .rule = "under a limit on a user's tasks that the lesson sets for itself, "
            "fork and pthread_create are refused with EAGAIN before the limit "
            "is passed, and 10,000 coroutines are not",
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
