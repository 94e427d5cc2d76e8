/* creation-cost_measure.c: rounds, a large parent, pools, and the verdict. */
#include "lessons/creation-cost/creation-cost.h"
#include "lessons/lesson.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROUNDS = 15 };

/* One way and how many of it are made in one measurement. */
struct making {
    const char *name;
    int (*make)(void);
    int batch;
};

static double batches = 1; /* --quick makes fewer of each */
static long asked;         /* how many were asked to run, over all ways */

static int batch_of(const struct making *making)
{
    return (int)ceil(making->batch * batches);
}

/* Microseconds for one, as the mean of a batch. */
static double make_some(const void *argument)
{
    const struct making *making = argument;
    int batch = batch_of(making);
    double began = lesson_now();
    for (int i = 0; i < batch; i++) {
        int failed = making->make();
        if (failed) {
            errno = -failed;
            return NAN;
        }
    }
    asked += batch;
    return 1e6 * (lesson_now() - began) / batch;
}

static int measure_makings(struct lesson_run *run, const char *group,
                           const struct making *making, int count)
{
    struct lesson_way ways[8] = {0};
    for (int i = 0; i < count; i++)
        ways[i] =
            (struct lesson_way){making[i].name, "µs", make_some, &making[i]};
    int failed = lesson_rounds(run, ways, (size_t)count, ROUNDS);
    for (int i = 0; i < count && !failed; i++) {
        const struct lesson_figure *f =
            lesson_figure(&run->figures, making[i].name);
        lesson_row(run, "%s,%s,%.6f,%.6f,%.6f,%d", group, making[i].name,
                   f->value, f->low, f->high, ROUNDS * batch_of(&making[i]));
    }
    return failed;
}

/* What the kernel says of this process's page tables, in KiB. */
static double page_tables(void)
{
    char line[128];
    double kib = NAN;
    FILE *status = fopen("/proc/self/status", "re");
    if (!status)
        return NAN;
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "VmPTE:", 6) == 0)
            kib = strtod(line + 6, NULL);
    fclose(status);
    return kib;
}

/* A small parent, then one whose every page is there. --------------------- */

static int measure_new(struct lesson_run *run)
{
    static const struct making makings[] = {
        {"a process by fork", a_forked_process, 100},
        {"a process by posix_spawn", a_spawned_process, 40},
        {"a thread", a_thread, 400},
        {"a coroutine with a stack", a_stackful_coroutine, 20000},
        {"a coroutine without a stack", a_stackless_coroutine, 200000},
    };
    lesson_count(run, "page tables of the small parent", page_tables(), "KiB");
    return measure_makings(run, "made anew", makings, 5);
}

static int measure_large_parent(struct lesson_run *run)
{
    static const struct making makings[] = {
        {"large parent: a process by fork", a_forked_process, 3},
        {"large parent: a process by posix_spawn", a_spawned_process, 20},
        {"large parent: a thread", a_thread, 200},
    };
    size_t size = (size_t)lesson_setting(run, "parent") << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    /* Small pages: huge ones would hide what the page tables cost. Where the
     * kernel knows no huge pages this fails, and is not needed. */
    (void)madvise(memory, size, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < size; at += 4096)
        memory[at] = 1;
    lesson_count(run, "page tables of the large parent", page_tables(), "KiB");
    int failed = measure_makings(run, "with a large parent", makings, 3);
    munmap(memory, size);
    return failed;
}

/* From a pool. ------------------------------------------------------------ */

static void *serve_in_thread(void *nothing)
{
    serve();
    return nothing;
}

static const struct making pooled = {"pool: a process", hand_to_waiting, 2000};

/* Nobody will say "done" any more: as often as one may still wait for it, it is
 * said here. That this process is gone, lesson_reap() tells. */
static void let_go(int signal_number)
{
    (void)signal_number;
    for (int i = 0; i < ROUNDS * batch_of(&pooled); i++)
        sem_post(&ledger->done);
}

/* The one who serves is told to go home; whoever waits for it then may. */
static void close_pool(void)
{
    __atomic_store_n(&ledger->closing, 1, __ATOMIC_RELAXED);
    sem_post(&ledger->task);
}

static int measure_pools(struct lesson_run *run)
{
    static const struct making thread = {"pool: a thread", hand_to_waiting,
                                         2000};
    static const struct making coroutine = {"pool: a coroutine without a stack",
                                            hand_to_coroutine, 200000};
    lesson_when_one_ends(let_go);
    pid_t child = lesson_fork();
    if (child < 0)
        return child;
    if (child == 0) {
        serve();
        _exit(0);
    }
    int failed = measure_makings(run, "from a pool", &pooled, 1);
    lesson_when_one_ends(NULL);
    close_pool();
    int bad = lesson_reap(child);
    failed = failed ? failed : bad;
    if (failed)
        return failed;

    ledger->closing = 0;
    pthread_t server;
    failed = -pthread_create(&server, NULL, serve_in_thread, NULL);
    if (failed)
        return failed;
    failed = measure_makings(run, "from a pool", &thread, 1);
    close_pool();
    pthread_join(server, NULL);
    if (!failed)
        failed = measure_makings(run, "from a pool", &coroutine, 1);
    return failed;
}

/* With libcurl. ----------------------------------------------------------- */

static int (*curl_init)(long);

/* A child that makes libcurl ready for itself, after fork. */
static int a_process_that_inits(void)
{
    pid_t child = lesson_fork();
    if (child < 0)
        return child;
    if (child == 0) {
        __atomic_fetch_add(&ledger->ran, 1, __ATOMIC_RELAXED);
        _exit(curl_init(3) == 0 ? 0 : 1); /* 3: CURL_GLOBAL_ALL */
    }
    return lesson_reap(child);
}

static const struct making after = {"", a_process_that_inits, 5};
static const struct making before = {"", a_forked_process, 50};

/* What the child that tries libcurl out tells its parent. */
struct curl_times {
    bool there;
    long asked;
    double after[ROUNDS], before[ROUNDS];
};

/*
 * In a child of its own, since what libcurl has made ready stays so. libcurl is
 * loaded while this runs: the lesson is built without it, and where there is
 * none these figures are not known.
 */
static void try_curl(struct curl_times *times)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library)
        *(void **)&curl_init = dlsym(library, "curl_global_init");
    if (!curl_init)
        _exit(0);
    long ran_before = __atomic_load_n(&ledger->ran, __ATOMIC_RELAXED);
    asked = 0;
    bool there = true; /* one round without a figure is one too many */
    for (int round = 0; round < ROUNDS && there; round++) {
        times->after[round] = make_some(&after);
        there = !isnan(times->after[round]);
    }
    there = there && curl_init(3) == 0;
    for (int round = 0; round < ROUNDS && there; round++) {
        times->before[round] = make_some(&before);
        there = !isnan(times->before[round]);
    }
    if (!there) { /* nor do those count that ran for it: all have ended */
        asked = 0;
        __atomic_store_n(&ledger->ran, ran_before, __ATOMIC_RELAXED);
    }
    times->there = there;
    times->asked = asked;
    _exit(0);
}

static int measure_curl(struct lesson_run *run)
{
    static const char *const names[] = {"libcurl set up in the child, by each",
                                        "libcurl set up in the parent, before"};
    struct curl_times *times = lesson_shared(sizeof *times);
    if (!times)
        return -errno;
    pid_t child = lesson_fork();
    if (child == 0)
        try_curl(times);
    int failed = child < 0 ? child : lesson_reap(child);
    for (int i = 0; i < 2 && !failed && times->there; i++) {
        lesson_median(run, names[i], i ? times->before : times->after, ROUNDS,
                      "µs");
        const struct lesson_figure *f = lesson_figure(&run->figures, names[i]);
        lesson_row(run, "forked with libcurl,%s,%.6f,%.6f,%.6f,%d",
                   i ? "set up in the parent before" : "set up by each child",
                   f->value, f->low, f->high,
                   ROUNDS * batch_of(i ? &before : &after));
    }
    for (int i = 0; i < 2 && !failed && !times->there; i++)
        lesson_count(run, names[i], NAN, "µs");
    asked += times->asked;
    munmap(times, sizeof *times);
    return failed;
}

static int measure(struct lesson_run *run)
{
    batches = run->quick ? 0.15 : 1;
    ledger = lesson_shared(sizeof *ledger);
    if (!ledger || sem_init(&ledger->task, 1, 0) != 0 ||
        sem_init(&ledger->done, 1, 0) != 0)
        return -errno;
    lesson_table(run, "group,way,median_us,low_us,high_us,made");
    int failed = measure_new(run);
    if (!failed)
        failed = measure_pools(run);
    if (!failed)
        failed = measure_large_parent(run);
    if (!failed)
        failed = measure_curl(run);
    lesson_count(run, "asked to run", (double)asked, "");
    lesson_count(run, "ran", (double)ledger->ran, "");
    sem_destroy(&ledger->task);
    sem_destroy(&ledger->done);
    munmap(ledger, sizeof *ledger);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "To make somebody, let it run and see it gone takes %s µs for a "
            "process, %s µs for a thread and %.2g µs for a coroutine; a "
            "process forked from a large parent takes %s µs.",
            LESSON_NUMBER(lesson_value(f, "a process by fork")),
            LESSON_NUMBER(lesson_value(f, "a thread")),
            lesson_value(f, "a coroutine without a stack"),
            LESSON_NUMBER(lesson_value(f, "large parent: a process by fork")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *process = lesson_figure(f, "a process by fork");
    const struct lesson_figure *thread = lesson_figure(f, "a thread");
    const struct lesson_figure *coroutine =
        lesson_figure(f, "a coroutine without a stack");
    if (lesson_value(f, "asked to run") != lesson_value(f, "ran"))
        return lesson_judgement(
            LESSON_NOT_DECIDED, "%.0f were asked to run and %.0f did",
            lesson_value(f, "asked to run"), lesson_value(f, "ran"));
    int first = lesson_compare(process, thread);
    int second = lesson_compare(thread, coroutine);
    bool reversed = first < 0 || second<0, apart = first> 0 && second > 0;
    return lesson_judgement(
        reversed ? LESSON_DOES_NOT_HOLD
        : apart  ? LESSON_HOLDS
                 : LESSON_NOT_DECIDED,
        "a process takes %s to %s µs, a thread %s to %s, a coroutine %.2g to "
        "%.2g%s",
        LESSON_NUMBER(process->low), LESSON_NUMBER(process->high),
        LESSON_NUMBER(thread->low), LESSON_NUMBER(thread->high), coroutine->low,
        coroutine->high,
        reversed || apart ? "" : ": the intervals lie over one another");
}

static struct lesson_option options[] = {
    {"parent", "MIB", "How large the large parent is (default 512)", 512, 512,
     16, 1024},
    {0},
};

static const char *const judged[] = {
    "a process by fork", "a thread", "a coroutine without a stack",
    "asked to run",      "ran",      NULL,
};

const struct lesson lesson = {
    .name = "creation-cost",
    .claim = "Making processes costs; threads are lighter to make, and "
             "coroutines lighter still",
    .about = "the operating system",
    .source = "a talk on threads, processes and asyncio; course notes on "
              "operating systems and concurrency",
    .rule = "the intervals of a forked process, a thread and a coroutine "
            "without a stack lie apart, in that order; it is not decided "
            "where two lie over one another, or not all ran that were asked "
            "to",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
