/* race_measure.c: how much is lost, what the cures cost, and the verdict. */
#include "lessons/lesson.h"
#include "lessons/race/race.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { HANDS = 2, ROUNDS = 5, ENOUGH = 1000000 };

/* On how many processors two hands can be, of the two that they should. */
static int processors_for(int hands)
{
    int there = lesson_processors();
    return there < hands ? there : hands;
}

/* Threads. ---------------------------------------------------------------- */

enum { WAIT, GO, CALLED_OFF };

/* What the threads (or children) of one race share. */
struct arena {
    const struct way *way;
    volatile long *counter;
    long times;
    int processors;
    int ready, signal, failed; /* only by __atomic: they are never raced for */
};

struct hand {
    struct arena *arena;
    int k;
};

/* Takes a place, waits for the signal with all the others, and counts. */
static void take_part(struct arena *arena, int k)
{
    int signal, failed = lesson_stay_on(k % arena->processors);
    if (failed)
        __atomic_store_n(&arena->failed, failed, __ATOMIC_RELAXED);
    __atomic_fetch_add(&arena->ready, 1, __ATOMIC_RELEASE);
    while ((signal = __atomic_load_n(&arena->signal, __ATOMIC_ACQUIRE)) == WAIT)
        sched_yield();
    if (signal == CALLED_OFF)
        return;
    arena->way->count(arena->counter, arena->times);
    if (arena->way->sum)
        arena->way->sum(arena->counter);
}

/* Lets all hands begin once all are ready; returns when they did. */
static double give_the_signal(struct arena *arena, int n)
{
    while (__atomic_load_n(&arena->ready, __ATOMIC_ACQUIRE) < n)
        sched_yield();
    double began = lesson_now();
    __atomic_store_n(&arena->signal, GO, __ATOMIC_RELEASE);
    return began;
}

static void *thread_hand(void *argument)
{
    struct hand *hand = argument;
    take_part(hand->arena, hand->k);
    return NULL;
}

int race_threads(const struct way *way, int n, long times, int processors,
                 long *counted, double *seconds)
{
    volatile long counter = 0;
    struct arena arena = {.way = way,
                          .counter = &counter,
                          .times = times,
                          .processors = processors};
    pthread_t thread[HANDS];
    struct hand hand[HANDS];
    int made = 0, failed = 0;
    double began = 0;
    for (; made < n; made++) {
        hand[made] = (struct hand){&arena, made};
        failed = -pthread_create(&thread[made], NULL, thread_hand, &hand[made]);
        if (failed)
            break;
    }
    if (failed)
        __atomic_store_n(&arena.signal, CALLED_OFF, __ATOMIC_RELEASE);
    else
        began = give_the_signal(&arena, n);
    while (made > 0)
        pthread_join(thread[--made], NULL);
    *seconds = lesson_now() - began;
    *counted = counter;
    return failed ? failed : arena.failed;
}

/* Children. --------------------------------------------------------------- */

int race_children(const struct way *way, int n, long times, int shared,
                  long *counted)
{
    static volatile long mine; /* each child gets a copy of this one */
    struct {
        struct arena arena;
        volatile long counter;
    } *both = lesson_shared(sizeof *both);
    if (!both)
        return -errno;
    mine = 0;
    both->arena = (struct arena){.way = way,
                                 .counter = shared ? &both->counter : &mine,
                                 .times = times,
                                 .processors = lesson_processors()};
    pid_t child[HANDS];
    int made = 0, failed = 0;
    for (; made < n; made++) {
        child[made] = lesson_fork();
        if (child[made] < 0) {
            failed = child[made];
            break;
        }
        if (child[made] == 0) {
            take_part(&both->arena, made);
            _exit(0);
        }
    }
    while (!failed &&
           __atomic_load_n(&both->arena.ready, __ATOMIC_ACQUIRE) < n) {
        sched_yield();
        failed = lesson_all_there(child, made);
    }
    if (failed)
        __atomic_store_n(&both->arena.signal, CALLED_OFF, __ATOMIC_RELEASE);
    else
        give_the_signal(&both->arena, n);
    while (made > 0) {
        int bad = lesson_reap(child[--made]);
        failed = failed ? failed : bad;
    }
    *counted = *both->arena.counter;
    failed = failed ? failed : both->arena.failed;
    munmap(both, sizeof *both);
    return failed;
}

/* How much is lost. ------------------------------------------------------- */

struct sweep {
    const struct way *way;
    const char *name;
    int processors;
    long most; /* increments: what the way can do in a moment */
};

/* Races a way with 10, 100, … increments; adds how much the largest lost. */
static int sweep_losses(struct lesson_run *run, const struct sweep *sweep,
                        long most, double *fewest)
{
    int failed = 0;
    char name[72];
    double percent[ROUNDS];
    snprintf(name, sizeof name, "%s: lost", sweep->name);
    if (sweep->processors > lesson_processors()) {
        lesson_count(run, name, NAN, "%"); /* it is not known then */
        return 0;
    }
    if (most > sweep->most)
        most = sweep->most;
    for (long increments = 10; increments <= most; increments *= 10)
        for (int round = 0; round < ROUNDS; round++) {
            long counted;
            double seconds;
            failed = race_threads(sweep->way, HANDS, increments / HANDS,
                                  sweep->processors, &counted, &seconds);
            if (failed)
                return failed;
            long lost = increments - counted;
            if (lost > 0 && (double)increments < *fewest)
                *fewest = (double)increments;
            percent[round] = 100.0 * (double)lost / (double)increments;
            lesson_row(run, "%s,%d,%d,%ld,%ld,%ld,%.3f", sweep->name, HANDS,
                       sweep->processors, increments, counted, lost,
                       1e9 * seconds / (double)increments);
        }
    lesson_median(run, name, percent, ROUNDS, "%");
    return 0;
}

static int measure_losses(struct lesson_run *run, long most)
{
    const struct sweep sweeps[] = {
        {&careless, "no lock on 2 processors", 2, 100000000},
        {&careless, "no lock on 1 processor", 1, 100000000},
        {&optimised, "no lock but optimised", 2, 100000000},
        {&careless_yielding, "no lock with a yield", 1, 100000},
        {&careless_sleeping, "no lock with a sleep", 1, 1000},
    };
    double fewest[5];
    for (int i = 0; i < 5; i++) {
        fewest[i] = INFINITY;
        int failed = sweep_losses(run, &sweeps[i], most, &fewest[i]);
        if (failed)
            return failed;
    }
    for (int i = 0; i < 2; i++) {
        char name[72];
        snprintf(name, sizeof name, "%s: fewest that lost one", sweeps[i].name);
        lesson_count(run, name, isinf(fewest[i]) ? NAN : fewest[i],
                     "increments");
    }
    return 0;
}

/* What the cures cost. ---------------------------------------------------- */

struct price {
    const struct way *way;
    int threads;
    long increments;
    struct lesson_run *run;
    long *lost; /* added up over the rounds */
};

static double price_once(const void *argument)
{
    const struct price *p = argument;
    long counted;
    double seconds;
    int processors = processors_for(p->threads);
    int failed = race_threads(p->way, p->threads, p->increments / p->threads,
                              processors, &counted, &seconds);
    errno = -failed;
    if (failed)
        return NAN;
    *p->lost += p->increments - counted;
    double ns = 1e9 * seconds / (double)p->increments;
    lesson_row(p->run, "%s,%d,%d,%ld,%ld,%ld,%.3f", p->way->name, p->threads,
               processors, p->increments, counted, p->increments - counted, ns);
    return ns;
}

static int measure_prices(struct lesson_run *run, long most)
{
    enum { WAYS = 5 };
    static const struct way *const ways[WAYS] = {
        &careless, &under_mutex, &under_spinlock, &atomic, &own_copy};
    struct price price[2 * WAYS];
    struct lesson_way timed[2 * WAYS];
    char name[2 * WAYS][72];
    long lost[WAYS] = {0};
    for (int i = 0; i < 2 * WAYS; i++) {
        int threads = 1 + i % 2;
        price[i] =
            (struct price){ways[i / 2], threads,
                           most < 2000000 ? most : 2000000, run, &lost[i / 2]};
        snprintf(name[i], sizeof name[i], "%s, %d thread%s: an increment",
                 ways[i / 2]->name, threads, threads > 1 ? "s" : "");
        timed[i] = (struct lesson_way){name[i], "ns", price_once, &price[i]};
    }
    int failed = lesson_rounds(run, timed, 2 * WAYS, ROUNDS);
    for (int i = 1; i < WAYS && !failed; i++) {
        snprintf(name[0], sizeof name[0], "%s: lost", ways[i]->name);
        lesson_count(run, name[0], (double)lost[i], "increments");
    }
    return failed;
}

static int measure_children(struct lesson_run *run, long most)
{
    long times = (most < 1000000 ? most : 1000000) / HANDS, counted = 0;
    int failed = race_children(&careless, HANDS, times, 0, &counted);
    if (failed)
        return failed;
    lesson_count(run, "children, own memory: the parent reads", (double)counted,
                 "");
    double percent[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        failed = race_children(&careless, HANDS, times, 1, &counted);
        if (failed)
            return failed;
        percent[round] =
            100.0 * (double)(HANDS * times - counted) / (double)(HANDS * times);
        lesson_row(run, "children sharing memory,%d,%d,%ld,%ld,%ld,", HANDS,
                   processors_for(HANDS), HANDS * times, counted,
                   HANDS * times - counted);
    }
    lesson_median(run, "children, shared memory: lost", percent, ROUNDS, "%");
    return 0;
}

/* --live: the counter falls behind. --------------------------------------- */

enum { STRETCHES = 20, BAR = 40 };

/* A line of one way: a bar of what was to be counted, filled as far as it was.
 * On a terminal each is drawn over the one before. */
static void show_counter(const struct way *way, long asked, long counted,
                         long all, bool terminal)
{
    char bar[BAR + 1] = "";
    for (int i = 0; i < BAR; i++)
        bar[i] = (double)i * (double)all < (double)counted * BAR ? '#'
                 : (double)i * (double)all < (double)asked * BAR ? '-'
                                                                 : ' ';
    printf("%s  %-22s [%s] to count %9ld, the counter says %9ld%s",
           terminal ? "\r" : "", way->name, bar, asked, counted,
           terminal ? "" : "\n");
    fflush(stdout);
}

/* One race in stretches: after each the counter is read, and goes on. */
static int live_race(const struct way *way, long all)
{
    const struct timespec moment = {0, 40000000};
    bool terminal = isatty(STDOUT_FILENO);
    long asked = 0, counted = 0, each = all / STRETCHES / HANDS;
    for (int i = 0; i < STRETCHES; i++) {
        long more;
        double seconds;
        int failed = race_threads(way, HANDS, each, processors_for(HANDS),
                                  &more, &seconds);
        if (failed)
            return failed;
        asked += HANDS * each;
        counted += more;
        show_counter(way, asked, counted, HANDS * each * STRETCHES, terminal);
        if (terminal)
            nanosleep(&moment, NULL);
    }
    if (terminal)
        putchar('\n');
    return 0;
}

static int show_live(long most)
{
    static const struct way *const ways[] = {
        &careless,    &careless_yielding, &optimised,
        &under_mutex, &under_spinlock,    &atomic,
        &own_copy};
    int failed = 0;
    puts("Two threads add one to one counter. # is counted, - is lost.");
    for (int i = 0; i < 7 && !failed; i++) {
        long all = ways[i] == &careless_yielding ? 10000 : 4000000;
        failed = live_race(ways[i], all < most ? all : most);
    }
    putchar('\n');
    return failed;
}

static int measure(struct lesson_run *run)
{
    long most = (long)pow(10, floor(log10(lesson_setting(run, "most"))));
    lesson_table(run, "way,threads,processors,increments,counted,lost,"
                      "ns_per_increment");
    lesson_count(run, "increments at most", (double)most, "");
    int failed = run->live ? show_live(most) : 0;
    if (!failed)
        failed = measure_losses(run, most);
    if (!failed)
        failed = measure_prices(run, most);
    if (!failed)
        failed = measure_children(run, most);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    double two = lesson_value(f, "no lock on 2 processors: lost");
    fprintf(out,
            "Two threads that share a counter without a lock lose %.3g %% of "
            "%s increments on one processor",
            lesson_value(f, "no lock on 1 processor: lost"),
            LESSON_NUMBER(lesson_value(f, "increments at most")));
    if (!isnan(two))
        fprintf(out, " and %.3g %% on two", two);
    fprintf(out,
            "; a mutex loses %.0f and costs %.3g ns an increment instead of "
            "%.3g.",
            lesson_value(f, "mutex: lost"),
            lesson_value(f, "mutex, 2 threads: an increment"),
            lesson_value(f, "no lock, 2 threads: an increment"));
}

static const char *const cures[] = {"mutex: lost", "spinlock: lost",
                                    "atomic: lost", "own copy: lost"};

/* In a short race the first hand may be done before the second has begun. */
static struct lesson_judgement lost_nothing(const struct lesson_figures *f,
                                            const char *who)
{
    double most = lesson_value(f, "increments at most");
    return lesson_judgement(
        most < ENOUGH ? LESSON_NOT_DECIDED : LESSON_DOES_NOT_HOLD,
        "%s lost nothing%s", who,
        most < ENOUGH ? ": with so few increments they may never have met"
                      : "");
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    for (int i = 0; i < 4; i++)
        if (lesson_value(f, cures[i]) != 0)
            return lesson_judgement(LESSON_DOES_NOT_HOLD, "%s %.0f updates",
                                    cures[i], lesson_value(f, cures[i]));
    if (lesson_value(f, "children, own memory: the parent reads") != 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "the children's counting reached the parent");
    if (!(lesson_value(f, "children, shared memory: lost") > 0))
        return lost_nothing(f, "children that share memory");
    if (!(lesson_value(f, "no lock on 2 processors: lost") > 0))
        return lost_nothing(f, "threads without a lock");
    return lesson_judgement(
        LESSON_HOLDS,
        "without a lock %.3g %% is lost, with any of the four cures nothing",
        lesson_value(f, "no lock on 2 processors: lost"));
}

static struct lesson_option options[] = {
    {"most", "N", "The most increments of one race (default 1e8, quick 1e7)",
     1e8, 1e7, 100, 1e8},
    {0},
};

static const char *const judged[] = {
    "increments at most",
    "mutex: lost",
    "spinlock: lost",
    "atomic: lost",
    "own copy: lost",
    "children, own memory: the parent reads",
    "children, shared memory: lost",
    "no lock on 2 processors: lost",
    NULL,
};

const struct lesson lesson = {
    .name = "race",
    .claim = "Threads that share a counter lose updates; a lock, an atomic, "
             "a copy for each thread cure it at a price; processes need no "
             "locks, until they share memory",
    .about = "C and the processor",
    .source = "a gentle introduction to async; course notes on operating "
              "systems and concurrency",
    .rule = "threads without a lock lose updates and none of the four cures "
            "does; the parent of counting children still reads 0, and "
            "children that share memory lose updates too; it is not decided "
            "where nothing is lost of fewer than a million increments",
    .options = options,
    .live = "First show the counter fall behind, way by way",
    .needs_two_processors = true,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
