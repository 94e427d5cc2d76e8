/* locks_measure.c: rounds, a watchdog, and the verdict. */
#include "lessons/lesson.h"
#include "lessons/locks/locks.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 15 };

/* Two threads that book. -------------------------------------------------- */

struct booking {
    const char *name;
    void (*book)(int me, long times);
    int threads;
    long times;
};

struct clerk {
    const struct booking *booking;
    int me, *ready, *gate, failed;
};

static void *clerk_thread(void *argument)
{
    struct clerk *clerk = argument;
    clerk->failed = lesson_stay_on(clerk->me % lesson_processors());
    __atomic_fetch_add(clerk->ready, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(clerk->gate, __ATOMIC_ACQUIRE))
        sched_yield();
    if (__atomic_load_n(clerk->gate, __ATOMIC_RELAXED) == 1)
        clerk->booking->book(clerk->me, clerk->booking->times);
    return NULL;
}

/* Lets the clerks book; stores what is missing in the books. Seconds or NAN. */
static double book_once(const struct booking *booking, long *missing)
{
    pthread_t thread[2];
    struct clerk clerk[2];
    int gate = 0, ready = 0, made = 0, failed = 0;
    for (int i = 0; i < ACCOUNTS; i++)
        accounts[i].balance = 0;
    for (; made < booking->threads; made++) {
        clerk[made] = (struct clerk){booking, made, &ready, &gate, 0};
        failed =
            -pthread_create(&thread[made], NULL, clerk_thread, &clerk[made]);
        if (failed)
            break;
    }
    while (!failed &&
           __atomic_load_n(&ready, __ATOMIC_ACQUIRE) < booking->threads)
        sched_yield();
    double began = lesson_now();
    __atomic_store_n(&gate, failed ? 2 : 1, __ATOMIC_RELEASE);
    while (made > 0) {
        pthread_join(thread[--made], NULL);
        failed = failed ? failed : clerk[made].failed;
    }
    double took = lesson_now() - began;
    *missing = booking->threads * booking->times;
    for (int i = 0; i < ACCOUNTS; i++)
        *missing -= accounts[i].balance;
    errno = -failed;
    return failed ? NAN : took;
}

static long missing_in_all; /* over all rounds of those who obey */

/* Millions of bookings a second. */
static double bookings_per_second(const void *argument)
{
    const struct booking *booking = argument;
    long missing;
    double seconds = book_once(booking, &missing);
    missing_in_all += missing;
    return 1e-6 * (double)(booking->threads * booking->times) / seconds;
}

static int measure_throughput(struct lesson_run *run, long times)
{
    static struct booking bookings[] = {
        {"one lock, 1 thread", book_under_one_lock, 1, 0},
        {"one lock, 2 threads", book_under_one_lock, 2, 0},
        {"16 locks, 1 thread", book_under_striped_locks, 1, 0},
        {"16 locks, 2 threads", book_under_striped_locks, 2, 0},
        {"nothing shared, 1 thread", book_own_accounts, 1, 0},
        {"nothing shared, 2 threads", book_own_accounts, 2, 0},
    };
    static const char *const ways[] = {"one lock", "16 locks",
                                       "nothing shared"};
    struct lesson_way timed[6];
    for (int i = 0; i < 6; i++) {
        bookings[i].times = times;
        timed[i] = (struct lesson_way){bookings[i].name, "million/s",
                                       bookings_per_second, &bookings[i]};
    }
    int failed = lesson_rounds(run, timed, 6, ROUNDS);
    for (int i = 0; i < 6 && !failed; i++) {
        const struct lesson_figure *f =
            lesson_figure(&run->figures, bookings[i].name);
        lesson_row(run, "bookings,%s,%d,%.4f,%.4f,%.4f", ways[i / 2],
                   bookings[i].threads, f->value, f->low, f->high);
    }
    lesson_count(run, "missing when all obey", (double)missing_in_all,
                 "bookings");
    return failed;
}

/* One obeys, one does not: what is missing of all rounds, in percent. */
static int measure_ignoring(struct lesson_run *run, long times)
{
    const struct booking ignoring = {"", book_first_ignoring, 2, times};
    long all_missing = 0;
    for (int round = 0; round < ROUNDS; round++) {
        long missing;
        if (isnan(book_once(&ignoring, &missing)))
            return -errno;
        all_missing += missing;
    }
    lesson_count(run, "missing when one ignores the lock",
                 100.0 * (double)all_missing / (double)(ROUNDS * 2 * times),
                 "%");
    return 0;
}

/* Deadlock. --------------------------------------------------------------- */

struct taker {
    struct scene *scene;
    int me;
    bool same_order;
};

static void *taker_thread(void *argument)
{
    struct taker *taker = argument;
    take_both(taker->scene, taker->me, taker->same_order);
    return NULL;
}

/* In a child, since threads that wait for each other cannot be ended. */
static void take_in_threads(struct scene *scene, bool same_order)
{
    pthread_t thread[2];
    struct taker taker[2];
    for (int me = 0; me < 2; me++) {
        taker[me] = (struct taker){scene, me, same_order};
        if (pthread_create(&thread[me], NULL, taker_thread, &taker[me]) != 0)
            _exit(1);
    }
    for (int me = 0; me < 2; me++)
        pthread_join(thread[me], NULL);
    _exit(0);
}

/* Each holds what the other wants: neither will ever go on. */
static bool in_a_circle(const struct scene *scene)
{
    int holds[2], wants[2];
    for (int me = 0; me < 2; me++) {
        holds[me] = __atomic_load_n(&scene->holds[me], __ATOMIC_SEQ_CST);
        wants[me] = __atomic_load_n(&scene->wants[me], __ATOMIC_SEQ_CST);
    }
    return holds[0] && holds[1] && wants[0] == holds[1] &&
           wants[1] == holds[0] && wants[0] != holds[0];
}

/*
 * The watchdog: looks at who holds and wants what until the child is done or a
 * circle is there. 1 for a deadlock, 0 for none, or -errno.
 */
static int deadlocks(bool same_order)
{
    struct scene *scene = lesson_shared(sizeof *scene);
    if (!scene)
        return -errno;
    pid_t child = lesson_fork();
    if (child == 0)
        take_in_threads(scene, same_order);
    int result = child < 0 ? child : -ETIMEDOUT, status = 0;
    double until = lesson_now() + 20;
    while (child > 0 && result == -ETIMEDOUT && lesson_now() < until) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            result = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
        else if (in_a_circle(scene))
            result = 1;
        else
            usleep(500);
    }
    if (child > 0 && (result == 1 || result == -ETIMEDOUT)) {
        kill(child, SIGKILL);
        (void)lesson_reap(child); /* killed, as it had to be */
    }
    munmap(scene, sizeof *scene);
    return result;
}

static int measure_deadlocks(struct lesson_run *run, int tries)
{
    static const char *const names[] = {"deadlocks in opposite order",
                                        "deadlocks in the same order"};
    for (int same_order = 0; same_order < 2; same_order++) {
        int found = 0;
        for (int i = 0; i < tries; i++) {
            int result = deadlocks(same_order);
            if (result < 0)
                return result;
            found += result;
        }
        lesson_count(run, names[same_order], 100.0 * found / tries, "%");
    }
    return 0;
}

/* Coroutines. ------------------------------------------------------------- */

static double nap; /* seconds that each coroutine sleeps */

/* Milliseconds until all have slept; NAN and errno. */
static double sleep_all(const void *argument)
{
    void (*const *resume)(struct coroutine *) = argument;
    struct lock lock = {NULL};
    struct coroutine all[COROUTINES];
    for (int i = 0; i < COROUTINES; i++)
        all[i] =
            (struct coroutine){.resume = *resume, .first = &lock, .nap = nap};
    double began = lesson_now();
    errno = -run_coroutines(all, COROUTINES);
    return errno ? NAN : 1e3 * (lesson_now() - began);
}

/* 1 for a deadlock of two coroutines, 0 for none. */
static int coroutines_deadlock(bool same_order)
{
    struct lock lock[2] = {{NULL}, {NULL}};
    struct coroutine both[2];
    for (int i = 0; i < 2; i++) {
        int first = same_order ? 0 : i;
        both[i] = (struct coroutine){.resume = take_first_then_second,
                                     .first = &lock[first],
                                     .second = &lock[1 - first]};
    }
    return run_coroutines(both, 2) == -EDEADLK;
}

static int measure_coroutines(struct lesson_run *run)
{
    static void (*const holding)(struct coroutine *) = sleep_holding;
    static void (*const released)(struct coroutine *) = sleep_released;
    static const char *const names[] = {"lock held across the await",
                                        "lock released before the await"};
    const struct lesson_way ways[] = {
        {names[0], "ms", sleep_all, &holding},
        {names[1], "ms", sleep_all, &released},
    };
    nap = run->quick ? 0.005 : 0.02;
    lesson_count(run, "one coroutine's wait", 1e3 * nap, "ms");
    lesson_count(run, "coroutines", COROUTINES, "");
    int failed = lesson_rounds(run, ways, 2, ROUNDS);
    for (int i = 0; i < 2 && !failed; i++) {
        const struct lesson_figure *f = lesson_figure(&run->figures, names[i]);
        lesson_row(run, "coroutines,%s,1,%.4f,%.4f,%.4f", names[i], f->value,
                   f->low, f->high);
    }
    lesson_count(run, "deadlocks of coroutines in opposite order",
                 coroutines_deadlock(false), "");
    lesson_count(run, "deadlocks of coroutines in the same order",
                 coroutines_deadlock(true), "");
    return failed;
}

static int measure(struct lesson_run *run)
{
    long times = (long)lesson_setting(run, "bookings");
    lesson_table(run, "part,way,threads,median,low,high");
    int failed = measure_throughput(run, times);
    if (!failed)
        failed = measure_ignoring(run, times);
    if (!failed)
        failed = measure_deadlocks(run, run->quick ? 5 : 20);
    if (!failed)
        failed = measure_coroutines(run);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Two threads book %s million times a second under one lock, %s "
            "under 16 and %s sharing nothing; ten coroutines that hold a lock "
            "while they wait %s ms each take %s ms, %s if they let go of it "
            "before.",
            LESSON_NUMBER(lesson_value(f, "one lock, 2 threads")),
            LESSON_NUMBER(lesson_value(f, "16 locks, 2 threads")),
            LESSON_NUMBER(lesson_value(f, "nothing shared, 2 threads")),
            LESSON_NUMBER(lesson_value(f, "one coroutine's wait")),
            LESSON_NUMBER(lesson_value(f, "lock held across the await")),
            LESSON_NUMBER(lesson_value(f, "lock released before the await")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double nap_ms = lesson_value(f, "one coroutine's wait");
    double held = lesson_value(f, "lock held across the await");
    double released = lesson_value(f, "lock released before the await");
    if (lesson_value(f, "missing when all obey") != 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "bookings are missing though all obeyed");
    if (!(lesson_value(f, "missing when one ignores the lock") > 0))
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "nothing is missing though one ignored it");
    if (held < 0.95 * COROUTINES * nap_ms || released > 0.5 * held)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "holding the lock across the await took %.2f "
                                "ms, releasing it before %.2f",
                                held, released);
    if (!(lesson_value(f, "deadlocks in opposite order") > 0) ||
        lesson_value(f, "deadlocks in the same order") > 0 ||
        !(lesson_value(f, "deadlocks of coroutines in opposite order") > 0) ||
        lesson_value(f, "deadlocks of coroutines in the same order") > 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "the order of taking made no difference");
    int striped = lesson_compare(lesson_figure(f, "16 locks, 2 threads"),
                                 lesson_figure(f, "one lock, 2 threads"));
    return lesson_judgement(
        striped > 0   ? LESSON_HOLDS
        : striped < 0 ? LESSON_DOES_NOT_HOLD
                      : LESSON_NOT_DECIDED,
        "two threads book %.3g million times a second under 16 locks and %.3g "
        "under one%s",
        lesson_value(f, "16 locks, 2 threads"),
        lesson_value(f, "one lock, 2 threads"),
        striped ? "; the rest is as claimed"
                : ": the intervals lie over one another");
}

static struct lesson_option options[] = {
    {"bookings", "N", "How many each thread books (default 1e6, quick 2e5)",
     1e6, 2e5, 1000, 1e8},
    {0},
};

static const char *const judged[] = {
    "one lock, 2 threads",
    "16 locks, 2 threads",
    "missing when all obey",
    "missing when one ignores the lock",
    "deadlocks in opposite order",
    "deadlocks in the same order",
    "deadlocks of coroutines in opposite order",
    "deadlocks of coroutines in the same order",
    "one coroutine's wait",
    "lock held across the await",
    "lock released before the await",
    NULL,
};

const struct lesson lesson = {
    .name = "locks",
    .claim = "Locks everywhere are contention everywhere, among threads and "
             "coroutines alike; taken in different orders they can deadlock; "
             "and a lock protects nothing from code that ignores it",
    .about = "C and the operating system",
    .source = "a talk on all that you do not want to know about async; course "
              "notes on operating systems and concurrency",
    .rule = "two threads book more under 16 locks than under one (by their "
            "intervals); a lock held across an await takes ten coroutines at "
            "least 0.95 times all their waits added up, and at least twice as "
            "long as one released before; opposite order deadlocks and the "
            "same order never; nothing is missing when all obey, and something "
            "is when one ignores the lock",
    .options = options,
    .needs_two_processors = true,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
