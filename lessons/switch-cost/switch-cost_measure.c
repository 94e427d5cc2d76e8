/*
 * switch-cost_measure.c: the games, on one processor and on two, their
 * baselines, and the verdict.
 *
 * Each game is played in a child of its own, so that what it pins and maps is
 * gone with it; the child says through shared memory how long it took.
 */
#include "lessons/lesson.h"
#include "lessons/switch-cost/switch-cost.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 31, WORKING_SET_ROUNDS = 9, MOST = 1 << 20 };

enum who { PROCESSES, THREADS, ONE_ALONE };

/* A game: who plays it how. baseline is played alone and subtracted. */
struct game {
    const char *name;
    enum who who;
    int processors;
    int (*play)(struct court *, int me, long turns);
    int (*alone)(struct court *, long turns);
    long turns;
    size_t working_set;
};

static struct shared {
    struct court court;
    double seconds[2]; /* with the other, alone */
    long switched;     /* how often the first player gave way */
    int failed;        /* what a child could not do: -errno */
} * shared;
static double turns_share = 1; /* --quick plays fewer */
static long most_switches, least_switches;

/* Playing. ---------------------------------------------------------------- */

struct second_player {
    const struct game *game;
    long turns;
    int failed;
};

static void *second_thread(void *argument)
{
    struct second_player *second = argument;
    second->failed = lesson_stay_on(second->game->processors - 1);
    if (!second->failed)
        second->failed = second->game->play(&shared->court, 1, second->turns);
    return NULL;
}

/* 0, or why the child could not play. */
static int reap_player(pid_t child)
{
    int bad = lesson_reap(child);
    return bad && shared->failed ? shared->failed : bad;
}

/* The second process, and the first one's alarm: long after a game is over, it
 * asks whether the other one is gone in mid-game. */
static pid_t second_process;

static void look_for_it(int signal_number)
{
    (void)signal_number;
    siginfo_t ended = {0};
    /* One system call, like waitpid(), which would reap it. */
    // NOLINTNEXTLINE(bugprone-signal-handler)
    waitid(P_PID, (id_t)second_process, &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0 && ended.si_status != 0)
        _exit(1);
    alarm(1);
}

/* Both players play; the first one's clock and switches are kept. */
static int play_both(const struct game *game, long turns)
{
    struct second_player second = {game, turns, 0};
    struct rusage before, after;
    pthread_t thread;
    pid_t child = 0;
    int failed = lesson_stay_on(0);
    if (failed)
        return failed;
    if (game->who == PROCESSES) {
        child = lesson_fork();
        if (child < 0)
            return child;
        if (child == 0) {
            second_thread(&second);
            shared->failed = second.failed;
            _exit(second.failed ? 1 : 0);
        }
        second_process = child;
        signal(SIGALRM, look_for_it);
        alarm(1);
    } else {
        failed = -pthread_create(&thread, NULL, second_thread, &second);
        if (failed)
            return failed;
    }
    getrusage(RUSAGE_THREAD, &before);
    double began = lesson_now();
    failed = game->play(&shared->court, 0, turns);
    shared->seconds[0] = lesson_now() - began;
    getrusage(RUSAGE_THREAD, &after);
    /* By its own wish, or sent away by the one it has just woken. */
    shared->switched =
        after.ru_nvcsw - before.ru_nvcsw + after.ru_nivcsw - before.ru_nivcsw;
    if (game->who == PROCESSES) {
        alarm(0);
        int bad = reap_player(child);
        return failed ? failed : bad;
    }
    pthread_join(thread, NULL);
    return failed ? failed : second.failed;
}

static int play_alone(const struct game *game, long turns)
{
    double began = lesson_now();
    int failed = lesson_stay_on(0);
    if (!failed)
        failed = game->alone(&shared->court, turns);
    shared->seconds[game->who == ONE_ALONE ? 0 : 1] = lesson_now() - began;
    return failed;
}

static int play_game(const struct game *game, long turns)
{
    struct court *court = &shared->court;
    court->turn = 0;
    court->working_set = game->working_set;
    if (pipe(court->pipe[0]) != 0 || pipe(court->pipe[1]) != 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        court->own[i] = calloc(1, MOST);
        if (!court->own[i])
            return -ENOMEM;
        memset(court->own[i], 1, game->working_set);
    }
    int failed = 0;
    if (game->play)
        failed = play_both(game, turns);
    return failed || !game->alone ? failed : play_alone(game, turns);
}

static long turns_of(const struct game *game)
{
    return (long)ceil((double)game->turns * turns_share);
}

/* Plays in a child. 0 or -errno; what it took is then in `shared`. */
static int play_in_a_child(const struct game *game)
{
    memset(shared->seconds, 0, sizeof shared->seconds);
    shared->failed = 0;
    pid_t child = lesson_fork();
    if (child < 0)
        return child;
    if (child == 0) {
        shared->failed = play_game(game, turns_of(game));
        _exit(shared->failed ? 1 : 0);
    }
    return reap_player(child);
}

/* Nanoseconds for one switch: a turn of both is two, less what it is alone. */
static double one_switch(const void *argument)
{
    const struct game *game = argument;
    int failed = play_in_a_child(game);
    if (failed) {
        errno = -failed;
        return NAN;
    }
    double turns = (double)turns_of(game);
    if (game->who == ONE_ALONE)
        return 1e9 * shared->seconds[0] / turns;
    return 1e9 * (shared->seconds[0] / 2 - shared->seconds[1]) / turns;
}

/* Microseconds for a round trip by pipe: what perf measures, too. */
static double round_trip(const void *argument)
{
    const struct game *game = argument;
    int failed = play_in_a_child(game);
    errno = -failed;
    if (failed)
        return NAN;
    double switches = (double)shared->switched / (double)turns_of(game);
    most_switches = (long)fmax((double)most_switches, 1000 * switches);
    least_switches = (long)fmin((double)least_switches, 1000 * switches);
    return 1e6 * shared->seconds[0] / (double)turns_of(game);
}

/* By another tool. -------------------------------------------------------- */

struct perf {
    const char *threads; /* "-T", or "-l" once more, which changes nothing */
    long turns;
};

/*
 * Runs `perf bench sched pipe` on our first processor: microseconds a round
 * trip, as it says them, or -1 where it cannot.
 */
static double perf_says(const char *threads, long turns)
{
    char count[32], text[512] = "";
    int result[2];
    snprintf(count, sizeof count, "%ld", turns);
    if (pipe2(result, O_CLOEXEC) != 0)
        return -1;
    pid_t child = lesson_fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (lesson_stay_on(0) == 0 && dup2(result[1], 1) == 1 &&
            dup2(nowhere, 2) == 2)
            execlp("perf", "perf", "bench", "sched", "pipe", "-l", count,
                   threads, (char *)NULL);
        _exit(127);
    }
    close(result[1]);
    size_t n = 0;
    ssize_t got;
    while (child > 0 && n < sizeof text - 1 &&
           (got = read(result[0], text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    close(result[0]);
    if (child < 0 || lesson_reap(child) != 0)
        return -1;
    /* A line of it reads: 5.438000 usecs/op */
    char *unit = strstr(text, "usecs/op");
    if (!unit)
        return -1;
    *unit = '\0';
    char *line = strrchr(text, '\n');
    double said = line ? strtod(line, NULL) : 0;
    return said > 0 ? said : -1;
}

static double perf_round_trip(const void *argument)
{
    const struct perf *perf = argument;
    double said =
        perf_says(perf->threads, (long)ceil((double)perf->turns * turns_share));
    errno = EIO;
    return said > 0 ? said : NAN;
}

/* What is measured. ------------------------------------------------------- */

static const struct game games[] = {
    {"2 processes by pipe", PROCESSES, 1, play_by_pipe, alone_by_pipe, 600, 0},
    {"2 threads by pipe", THREADS, 1, play_by_pipe, alone_by_pipe, 600, 0},
    {"2 processes by futex", PROCESSES, 1, play_by_futex, alone_by_futex, 600,
     0},
    {"2 threads by futex", THREADS, 1, play_by_futex, alone_by_futex, 600, 0},
    {"2 coroutines with stacks", ONE_ALONE, 1, NULL, play_with_stacks, 20000,
     0},
    {"2 coroutines without stacks", ONE_ALONE, 1, NULL, play_without_stacks,
     300000, 0},
    {"a function call", ONE_ALONE, 1, NULL, call_functions, 300000, 0},
    {"a system call", ONE_ALONE, 1, NULL, call_system, 20000, 0},
    {"a write to a file", ONE_ALONE, 1, NULL, write_lines, 10000, 0},
    {"2 processes by pipe on 2 processors", PROCESSES, 2, play_by_pipe,
     alone_by_pipe, 60, 0},
    {"2 threads by pipe on 2 processors", THREADS, 2, play_by_pipe,
     alone_by_pipe, 60, 0},
    {"2 threads by futex on 2 processors", THREADS, 2, play_by_futex,
     alone_by_futex, 60, 0},
};
enum { GAMES = 12, ON_ONE = 9 };

static int measure_games(struct lesson_run *run)
{
    struct lesson_way ways[GAMES];
    size_t n = lesson_processors() >= 2 ? GAMES : ON_ONE;
    for (size_t i = 0; i < n; i++)
        ways[i] =
            (struct lesson_way){games[i].name, "ns", one_switch, &games[i]};
    int failed = lesson_rounds(run, ways, n, run->quick ? ROUNDS : 2 * ROUNDS);
    for (size_t i = 0; i < n && !failed; i++) {
        const struct lesson_figure *f =
            lesson_figure(&run->figures, games[i].name);
        lesson_row(run, "switch,%s,0,%.4f,%.4f,%.4f", games[i].name, f->value,
                   f->low, f->high);
    }
    return failed;
}

/* Round trips by pipe, beside perf's in the same rounds. */
static int measure_beside_perf(struct lesson_run *run)
{
    static const struct perf processes = {"--", 3000}, threads = {"-T", 3000};
    static const char *const names[] = {"a round trip of 2 processes",
                                        "a round trip of 2 threads",
                                        "a round trip of 2 processes, by perf",
                                        "a round trip of 2 threads, by perf"};
    const struct lesson_way ways[] = {
        {names[0], "µs", round_trip, &games[0]},
        {names[1], "µs", round_trip, &games[1]},
        {names[2], "µs", perf_round_trip, &processes},
        {names[3], "µs", perf_round_trip, &threads},
    };
    bool there = perf_says("-T", 100) > 0;
    least_switches = 1000000;
    int failed = lesson_rounds(run, ways, there ? 4 : 2, ROUNDS);
    for (int i = 2; i < 4 && !there; i++)
        lesson_count(run, names[i], NAN, "µs");
    lesson_count(run, "switches in 1,000 turns, at least",
                 (double)least_switches, "");
    lesson_count(run, "switches in 1,000 turns, at most", (double)most_switches,
                 "");
    return failed;
}

/* The more memory each touches, the more has left the cache meanwhile. */
static int measure_working_sets(struct lesson_run *run)
{
    static const struct {
        const char *name;
        enum who who;
    } kinds[] = {{"2 processes", PROCESSES}, {"2 threads", THREADS}};
    for (size_t size = 0; size <= MOST; size = size ? 4 * size : 4096)
        for (int k = 0; k < 2; k++) {
            struct game game = games[k];
            game.working_set = size;
            game.turns = size > 65536 ? 200 : 1000;
            double ns[WORKING_SET_ROUNDS];
            for (int round = 0; round < WORKING_SET_ROUNDS; round++) {
                ns[round] = one_switch(&game);
                if (isnan(ns[round]))
                    return -errno;
            }
            char name[72];
            snprintf(name, sizeof name, "%s touching %zu KiB each",
                     kinds[k].name, size / 1024);
            lesson_median(run, name, ns, WORKING_SET_ROUNDS, "ns");
            const struct lesson_figure *f = lesson_figure(&run->figures, name);
            lesson_row(run, "working set,%s,%zu,%.4f,%.4f,%.4f", kinds[k].name,
                       size / 1024, f->value, f->low, f->high);
        }
    return 0;
}

/* Does printing switch? Counted, not timed. */
static int measure_writing(struct lesson_run *run)
{
    enum { WRITES = 1000 };
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    int failed = write_lines(NULL, WRITES);
    getrusage(RUSAGE_THREAD, &after);
    lesson_count(run, "voluntary switches in 1,000 writes to a file",
                 (double)(after.ru_nvcsw - before.ru_nvcsw), "");
    return failed;
}

static int measure(struct lesson_run *run)
{
    turns_share = run->quick ? 0.2 : 1;
    shared = lesson_shared(sizeof *shared);
    if (!shared)
        return -errno;
    int file = lesson_file(0); /* as each child will: but we can say why not */
    if (file < 0)
        return file;
    close(file);
    lesson_table(run, "part,way,kib,median_ns,low_ns,high_ns");
    int failed = measure_games(run);
    if (!failed)
        failed = measure_beside_perf(run);
    if (!failed)
        failed = measure_working_sets(run);
    if (!failed)
        failed = measure_writing(run);
    munmap(shared, sizeof *shared);
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "To change who runs on one processor costs %s ns between two "
            "processes, %s ns between two threads, %s ns between two "
            "coroutines with stacks and %.2g ns without; a function call costs "
            "%.2g ns.",
            LESSON_NUMBER(lesson_value(f, "2 processes by pipe")),
            LESSON_NUMBER(lesson_value(f, "2 threads by pipe")),
            LESSON_NUMBER(lesson_value(f, "2 coroutines with stacks")),
            lesson_value(f, "2 coroutines without stacks"),
            lesson_value(f, "a function call"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *order[] = {
        lesson_figure(f, "2 processes by pipe"),
        lesson_figure(f, "2 threads by pipe"),
        lesson_figure(f, "2 coroutines with stacks"),
        lesson_figure(f, "2 coroutines without stacks"),
    };
    if (lesson_value(f, "switches in 1,000 turns, at least") < 950)
        return lesson_judgement(
            LESSON_NOT_DECIDED,
            "only %.0f switches were counted in 1,000 turns",
            lesson_value(f, "switches in 1,000 turns, at least"));
    enum lesson_verdict verdict = LESSON_HOLDS;
    for (int i = 0; i < 3; i++) {
        if (lesson_compare(order[i], order[i + 1]) > 0)
            continue;
        if (order[i]->high <= 1.1 * order[i + 1]->low)
            verdict = LESSON_DOES_NOT_HOLD;
        else if (verdict == LESSON_HOLDS)
            verdict = LESSON_NOT_DECIDED;
    }
    return lesson_judgement(
        verdict,
        "processes %s to %s ns, threads %s to %s, coroutines with stacks %s to "
        "%s, without %.2g to %.2g%s",
        LESSON_NUMBER(order[0]->low), LESSON_NUMBER(order[0]->high),
        LESSON_NUMBER(order[1]->low), LESSON_NUMBER(order[1]->high),
        LESSON_NUMBER(order[2]->low), LESSON_NUMBER(order[2]->high),
        order[3]->low, order[3]->high,
        verdict == LESSON_NOT_DECIDED ? ": the machine is too unquiet to tell"
                                      : "");
}

static const char *const judged[] = {
    "2 processes by pipe",
    "2 threads by pipe",
    "2 coroutines with stacks",
    "2 coroutines without stacks",
    "switches in 1,000 turns, at least",
    NULL,
};

const struct lesson lesson = {
    .name = "switch-cost",
    .claim = "Switching between processes costs more than between threads, and "
             "between threads more than between coroutines",
    .about = "the operating system and C",
    .source = "a gentle introduction to async; course notes on operating "
              "systems and concurrency",
    .rule = "the intervals of two processes and two threads (by pipe, on one "
            "processor) and of two coroutines with and without stacks lie "
            "apart, in that order; it does not hold where one of them costs "
            "at most a tenth more than the next, and is not decided where "
            "that cannot be told, or fewer than 950 switches were counted in "
            "1,000 turns",
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
