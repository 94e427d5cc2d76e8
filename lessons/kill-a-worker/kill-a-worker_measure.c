/* kill-a-worker_measure.c: who is left, what got done, and the verdict. */
#include "lessons/kill-a-worker/kill-a-worker.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAYS = 5, CANCEL, KILL };

static const struct way {
    const char *name;
    int processes, end_by;
    enum care care;
} ways[WAYS] = {
    {"a process killed", 1, KILL, NOTHING},
    {"a thread killed", 0, KILL, NOTHING},
    {"a thread cancelled", 0, CANCEL, NOTHING},
    {"the same with a cleanup handler", 0, CANCEL, CLEANUP_HANDLER},
    {"the same with a robust mutex", 0, CANCEL, ROBUST_MUTEX},
};

static void nap(double seconds)
{
    struct timespec rest = {(time_t)seconds,
                            (long)(1e9 * (seconds - floor(seconds)))};
    nanosleep(&rest, NULL);
}

/* Whoever ends first comes first: what he held, if he ended in mid-work, the
 * others would wait for, and they would not end. */
int reap_all(pid_t *child, int children, int failed)
{
    pid_t ended = 0;
    do {
        int status = 0;
        for (int i = 0; i < children; i++) {
            if (child[i] == ended)
                child[i] = 0;
            if (child[i] > 0 && failed)
                kill(child[i], SIGKILL);
        }
        ended = waitpid(-1, &status, 0);
        if (status != 0 && !failed)
            failed = -ECHILD;
    } while (ended > 0);
    return failed;
}

/* The watchdog: waits until all is done, or nothing has moved for long. */
static void watch(const struct bench *b, int expected, double patience)
{
    int seen = -1;
    double since = lesson_now();
    while (__atomic_load_n(&b->ended, __ATOMIC_ACQUIRE) < expected) {
        int done = __atomic_load_n(&b->done, __ATOMIC_ACQUIRE);
        if (done != seen) {
            seen = done;
            since = lesson_now();
        }
        if (lesson_now() - since > patience)
            return;
        nap(1e-3);
    }
}

/*
 * Threads on the bench; the victim is ended as it holds the lock. Those that
 * hang then hang for ever, so this is called in a child, which the caller of
 * this leaves by _exit(). 0 or -errno.
 */
static int with_threads(struct bench *b, const struct way *way, double patience)
{
    static struct thread worker[WORKERS];
    pthread_t thread[WORKERS];
    int failed = make_lock(b, way->care);
    for (int i = 0; i < WORKERS && !failed; i++) {
        worker[i] = (struct thread){b, i, 0, way->care};
        failed = -pthread_create(&thread[i], NULL, worker_thread, &worker[i]);
        if (!failed && i != VICTIM) /* who hangs can never be joined */
            failed = -pthread_detach(thread[i]);
    }
    if (failed)
        return failed;
    while (!__atomic_load_n(&b->at_it, __ATOMIC_ACQUIRE))
        nap(1e-3);
    if (way->end_by == KILL) {
        int tid = __atomic_load_n(&worker[VICTIM].tid, __ATOMIC_ACQUIRE);
        syscall(SYS_tgkill, getpid(), tid, SIGKILL);
    } else {
        failed = -pthread_cancel(thread[VICTIM]);
    }
    if (!failed)
        failed = -pthread_join(thread[VICTIM], NULL);
    watch(b, WORKERS - 1, patience);
    return failed;
}

/* Runs a way in a child of its own; *killed: it took the child with it. */
static int run_way(struct bench *b, const struct way *way, double patience,
                   int *killed)
{
    pid_t child = lesson_fork();
    if (child < 0)
        return child;
    if (child == 0) {
        int failed =
            way->processes ? with_processes(b) : with_threads(b, way, patience);
        _exit(failed ? 1 : 0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    /* By what the lesson did, or by somebody else, of which nothing follows? */
    bool ours = !way->processes && way->end_by == KILL &&
                __atomic_load_n(&b->at_it, __ATOMIC_ACQUIRE);
    *killed = WIFSIGNALED(status);
    if (WIFSIGNALED(status))
        return ours && WTERMSIG(status) == SIGKILL ? 0 : -ECHILD;
    return WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static void add(struct lesson_run *run, const struct way *way, const char *what,
                double value, const char *unit)
{
    char name[72];
    snprintf(name, sizeof name, "%s: %s", way->name, what);
    lesson_count(run, name, value, unit);
}

static int measure(struct lesson_run *run)
{
    struct bench *b = lesson_shared(sizeof *b);
    if (!b)
        return -errno;
    int failed = 0;
    lesson_table(run, "way,item,times,worker");
    for (int k = 0; k < WAYS && !failed; k++) {
        int killed = 0, did = 0;
        memset(b, 0, sizeof *b);
        b->item_seconds = lesson_setting(run, "item");
        failed = run_way(b, &ways[k], lesson_setting(run, "patience"), &killed);
        for (int i = 0; i < ITEMS; i++) {
            did += b->times[i] == 1;
            lesson_row(run, "%s,%d,%d,%d", ways[k].name, i + 1, b->times[i],
                       b->done_by[i]);
        }
        add(run, &ways[k], "items done once", did, "of 40");
        add(run, &ways[k], "items given again", b->again, "");
        add(run, &ways[k], "others that ended well", b->ended, "of 3");
        add(run, &ways[k], "others that hang",
            killed ? 0 : WORKERS - 1 - b->ended, "of 3");
    }
    munmap(b, sizeof *b);
    return failed;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "One of four workers ends in mid-work: of processes the other "
            "three do %.0f of 40 items; of threads that share a lock %.0f of "
            "the other three hang, after %.0f items, or %.0f with a robust "
            "mutex.",
            lesson_value(f, "a process killed: items done once"),
            lesson_value(f, "a thread cancelled: others that hang"),
            lesson_value(f, "a thread cancelled: items done once"),
            lesson_value(f, "the same with a robust mutex: others that hang"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double done = lesson_value(f, "a process killed: items done once");
    double hang = lesson_value(f, "a thread cancelled: others that hang");
    double left = lesson_value(f, "a thread killed: others that ended well");
    return lesson_judgement(
        done == ITEMS && hang > 0 && left == 0 ? LESSON_HOLDS
                                               : LESSON_DOES_NOT_HOLD,
        "a killed process: %.0f of 40 items done all the same; a cancelled "
        "thread: %.0f of 3 hang; a killed thread: %.0f of 3 are left",
        done, hang, left);
}

static struct lesson_option options[] = {
    {"item", "SECONDS", "How long an item's work is (default 0.005)", 0.005,
     0.002, 0.0005, 0.05},
    {"patience", "SECONDS",
     "How long nothing moves before a thread counts as hanging (default 1, "
     "quick 0.5)",
     1, 0.5, 0.1, 10},
    {0},
};

static const char *const judged[] = {
    "a process killed: items done once",
    "a thread cancelled: others that hang",
    "a thread killed: others that ended well",
    NULL,
};

const struct lesson lesson = {
    .name = "kill-a-worker",
    .claim = "A process can be killed and the rest goes on; a thread cannot "
             "be killed safely, it may hold a lock",
    .about = "the operating system",
    .source = "course notes on operating systems and concurrency",
    .rule = "after one process of four is killed in mid-work each of the 40 "
            "items is done once; after one thread of four is cancelled with "
            "the lock in its hands others hang; and a signal that kills one "
            "thread leaves none",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
