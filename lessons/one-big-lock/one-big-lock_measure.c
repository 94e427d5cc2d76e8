/* one-big-lock_measure.c: two programs, in four ways, and the verdict. */
#include "lessons/lesson.h"
#include "lessons/one-big-lock/one-big-lock.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROGRAMS = 2, ROUNDS = 11 };

enum way { IN_TURN, BIG_LOCK, NO_LOCK, PROCESSES, WAYS };
static const char *const way_names[] = {"one after another",
                                        "threads under one big lock",
                                        "threads without it", "processes"};

/* Two equal programs, run in one of the ways. */
struct job {
    const char *name;
    void (*run)(struct program *);
    enum way way;
    struct program program;
};

static long *done; /* steps that all programs say they did; shared */
static long asked; /* steps that they were asked for */

static void run_program(const struct job *job, struct big_lock *lock)
{
    struct program program = job->program;
    program.lock = lock;
    job->run(&program);
    __atomic_fetch_add(done, program.result, __ATOMIC_RELAXED);
}

struct program_thread {
    const struct job *job;
    struct big_lock *lock;
};

static void *program_thread(void *argument)
{
    const struct program_thread *p = argument;
    run_program(p->job, p->lock);
    return NULL;
}

static int run_threads(const struct job *job, struct big_lock *lock)
{
    pthread_t thread[PROGRAMS];
    struct program_thread argument = {job, lock};
    int made = 0, failed = 0;
    for (; made < PROGRAMS; made++) {
        failed =
            -pthread_create(&thread[made], NULL, program_thread, &argument);
        if (failed)
            break;
    }
    while (made > 0)
        pthread_join(thread[--made], NULL);
    return failed;
}

/* Each has a big lock, but its own: nobody else asks for it. */
static int run_processes(const struct job *job)
{
    pid_t child[PROGRAMS];
    int made = 0, failed = 0;
    for (; made < PROGRAMS; made++) {
        child[made] = lesson_fork();
        if (child[made] < 0) {
            failed = child[made];
            break;
        }
        if (child[made] == 0) {
            struct big_lock lock;
            if (big_lock_init(&lock) != 0)
                _exit(1);
            run_program(job, &lock);
            _exit(0);
        }
    }
    while (made > 0) {
        int bad = lesson_reap(child[--made]);
        failed = failed ? failed : bad;
    }
    return failed;
}

/* Milliseconds until both programs are done, or NAN and errno. */
static double run_job(const void *argument)
{
    const struct job *job = argument;
    struct big_lock lock;
    int failed = big_lock_init(&lock);
    if (failed) {
        errno = -failed;
        return NAN;
    }
    double began = lesson_now();
    if (job->way == IN_TURN)
        for (int i = 0; i < PROGRAMS; i++)
            run_program(job, &lock);
    else if (job->way == PROCESSES)
        failed = run_processes(job);
    else
        failed = run_threads(job, job->way == BIG_LOCK ? &lock : NULL);
    double took = lesson_now() - began;
    big_lock_destroy(&lock);
    asked += PROGRAMS * (job->program.steps + job->program.waits);
    errno = -failed;
    return failed ? NAN : 1e3 * took;
}

static int measure_jobs(struct lesson_run *run, const char *kind,
                        void (*program)(struct program *),
                        struct program settings)
{
    static char names[2 * WAYS][72]; /* of both kinds */
    static int used;
    struct job jobs[WAYS];
    struct lesson_way ways[WAYS];
    for (int i = 0; i < WAYS; i++) {
        char *name = names[used++ % (2 * WAYS)];
        snprintf(name, sizeof names[0], "%s: %s", kind, way_names[i]);
        jobs[i] = (struct job){name, program, (enum way)i, settings};
        ways[i] = (struct lesson_way){name, "ms", run_job, &jobs[i]};
    }
    int failed = lesson_rounds(run, ways, WAYS, ROUNDS);
    for (int i = 0; i < WAYS && !failed; i++) {
        const struct lesson_figure *f =
            lesson_figure(&run->figures, jobs[i].name);
        lesson_row(run, "%s,%s,%.4f,%.4f,%.4f", kind, way_names[i], f->value,
                   f->low, f->high);
    }
    return failed;
}

/* Nanoseconds a step for a thread that is alone. */
static double alone(const void *argument)
{
    struct program program = {.steps = 100000};
    void (*const *touch)(struct program *) = argument;
    struct big_lock lock;
    int failed = big_lock_init(&lock);
    if (failed) {
        errno = -failed;
        return NAN;
    }
    program.lock = &lock;
    double began = lesson_now();
    (*touch)(&program);
    double took = lesson_now() - began;
    big_lock_destroy(&lock);
    return 1e9 * took / (double)program.steps;
}

static int measure_alone(struct lesson_run *run)
{
    static void (*const big)(struct program *) = touch_under_the_big_lock;
    static void (*const small)(struct program *) = touch_under_small_locks;
    const struct lesson_way ways[] = {
        {"alone, a step under the big lock", "ns", alone, &big},
        {"alone, a step under eight small locks", "ns", alone, &small},
    };
    return lesson_rounds(run, ways, 2, ROUNDS);
}

static int measure(struct lesson_run *run)
{
    const struct program computing = {.steps = run->quick ? 15000 : 60000};
    const struct program waiting = {.waits = run->quick ? 10 : 20,
                                    .wait_s = 0.002};
    done = lesson_shared(sizeof *done);
    if (!done)
        return -errno;
    lesson_table(run, "kind,way,median_ms,low_ms,high_ms");
    int failed = measure_jobs(run, "computing", compute, computing);
    if (!failed)
        failed = measure_jobs(run, "waiting", wait_often, waiting);
    if (!failed)
        failed = measure_alone(run);
    lesson_count(run, "steps asked for", (double)asked, "");
    lesson_count(run, "steps done", (double)*done, "");
    munmap(done, sizeof *done);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

/* How long a way takes, against the same one after another. */
static double ratio(const struct lesson_figures *f, const char *way,
                    const char *in_turn)
{
    return lesson_value(f, way) / lesson_value(f, in_turn);
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Under one big lock two threads that compute take %.2f times as "
            "long as one after another, two that wait %.2f times; processes, "
            "each with its own, %.2f and %.2f times.",
            ratio(f, "computing: threads under one big lock",
                  "computing: one after another"),
            ratio(f, "waiting: threads under one big lock",
                  "waiting: one after another"),
            ratio(f, "computing: processes", "computing: one after another"),
            ratio(f, "waiting: processes", "waiting: one after another"));
}

/* 1 where a surely takes at most `most` times b, -1 where more, else 0. */
static int takes_at_most(const struct lesson_figures *f, const char *a,
                         const char *b, double most)
{
    const struct lesson_figure *one = lesson_figure(f, a);
    const struct lesson_figure *other = lesson_figure(f, b);
    return one->high <= most * other->low  ? 1
           : one->low > most * other->high ? -1
                                           : 0;
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    if (lesson_value(f, "steps asked for") != lesson_value(f, "steps done"))
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "not all steps asked for were done");
    const struct {
        const char *what;
        int found;
    } parts[] = {
        {"threads that compute under the big lock gain nothing",
         -takes_at_most(f, "computing: threads under one big lock",
                        "computing: one after another", 0.9)},
        {"threads that wait gain",
         takes_at_most(f, "waiting: threads under one big lock",
                       "waiting: one after another", 0.8)},
        {"processes that compute gain",
         takes_at_most(f, "computing: processes",
                       "computing: one after another", 0.8)},
        {"the big lock is cheaper for one thread than eight small ones",
         takes_at_most(f, "alone, a step under the big lock",
                       "alone, a step under eight small locks", 1)},
    };
    for (int wanted = -1; wanted <= 0; wanted++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (parts[i].found == wanted)
                return lesson_judgement(
                    wanted ? LESSON_DOES_NOT_HOLD : LESSON_NOT_DECIDED,
                    "that %s is %s", parts[i].what,
                    wanted ? "not so" : "not clear from the intervals");
    return lesson_judgement(
        LESSON_HOLDS, "computing takes %.2f times as long, waiting %.2f times",
        ratio(f, "computing: threads under one big lock",
              "computing: one after another"),
        ratio(f, "waiting: threads under one big lock",
              "waiting: one after another"));
}

static const char *const judged[] = {
    "computing: one after another",
    "computing: threads under one big lock",
    "computing: processes",
    "waiting: one after another",
    "waiting: threads under one big lock",
    "alone, a step under the big lock",
    "alone, a step under eight small locks",
    "steps asked for",
    "steps done",
    NULL,
};

const struct lesson lesson = {
    .name = "one-big-lock",
    .claim = "An interpreter lock lets one thread run at a time: threads that "
             "compute gain nothing, threads that wait do, processes escape it; "
             "and one big lock is cheaper for one thread than many small ones",
    .about = "C, in the way of CPython's lock",
    .source = "a talk on all that you do not want to know about async; course "
              "notes on operating systems and concurrency",
    .rule = "against the same one after another, two threads that compute "
            "under the big lock take more than 0.9 times as long, two that "
            "wait at most 0.8 times, two processes that compute at most 0.8 "
            "times, and one thread alone pays no more for the big lock than "
            "for eight small ones, each by the ends of the intervals",
    .needs_two_processors = true,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
