/* ipc-cost_measure.c: messages of every size in every way, and the verdict. */
#include "lessons/ipc-cost/ipc-cost.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 7, SIZES = 6, TEXT_WORD = 21, TEXT_WORDS_MOST = 131072 };

static const char *const names[WAYS] = {
    [PIPE] = "pipe",
    [SOCKET] = "socket pair",
    [SERIALISED] = "pipe as text",
    [SHARED] = "shared memory",
    [THREAD] = "threads",
};

static const struct size {
    const char *name;
    size_t words;
} sizes[SIZES] = {{"8 B", 1},       {"512 B", 64},     {"4 KiB", 512},
                  {"64 KiB", 8192}, {"1 MiB", 131072}, {"16 MiB", WORDS_MOST}};

/* One cell of the table: a way and a size. */
struct cell {
    enum way way;
    const struct size *size;
};

static struct lesson_run *table;
static struct channel channel;
static uint64_t *message; /* WORDS_MOST words, each with a number of its own */
static double budget;     /* bytes to send in one measurement */
static double wrong;

/* --- setting up -------------------------------------------------------- */

static int prepare(void)
{
    message = lesson_shared(WORDS_MOST * sizeof *message);
    channel.buffer = lesson_shared(WORDS_MOST * sizeof *message);
    channel.text = lesson_shared((size_t)TEXT_WORDS_MOST * TEXT_WORD + 1);
    if (!message || !channel.buffer || !channel.text)
        return -errno;
    for (size_t i = 0; i < WORDS_MOST; i++)
        message[i] = 0x9e3779b97f4a7c15u * (i + 1);
    return 0;
}

static void close_ends(int end[2])
{
    for (int i = 0; i < 2; i++) {
        if (end[i] >= 0)
            close(end[i]);
        end[i] = -1;
    }
}

/* The other side of pipes or sockets holds only its own ends, and we ours: if
 * one of the two is gone, the other one is told by the end of file. */
static void keep_ends(struct channel *c, bool ours)
{
    int *not_mine[2] = {&c->out[ours ? 0 : 1], &c->back[ours ? 1 : 0]};
    for (int i = 0; i < 2; i++) {
        if (*not_mine[i] >= 0)
            close(*not_mine[i]);
        *not_mine[i] = -1;
    }
}

static int open_channel(struct channel *c, enum way way, struct desk *desk)
{
    c->way = way;
    c->desk = way == SHARED || way == THREAD ? desk : NULL;
    c->out[0] = c->out[1] = c->back[0] = c->back[1] = -1;
    if (c->desk)
        *c->desk = (struct desk){.turn = 0};
    else if (way == SOCKET) {
        int kind = SOCK_STREAM | SOCK_CLOEXEC;
        if (socketpair(AF_UNIX, kind, 0, c->out) != 0 ||
            socketpair(AF_UNIX, kind, 0, c->back) != 0)
            return -errno;
    } else if (pipe2(c->out, O_CLOEXEC) != 0 || pipe2(c->back, O_CLOEXEC) != 0)
        return -errno;
    return 0;
}

static void *other_thread(void *c)
{
    answer_all(c);
    return NULL;
}

/* --- one measurement --------------------------------------------------- */

/* Sends the message again and again; the first time does not count. */
static int converse(struct channel *c, size_t words, int times, double *each)
{
    uint64_t sum, expected = 0;
    for (size_t i = 0; i < words; i++)
        expected += message[i];
    double began = 0;
    int failed = 0;
    for (int i = -1; i < times && !failed; i++) {
        if (i == 0)
            began = lesson_now();
        failed = ask(c, message, words, &sum);
        wrong += !failed && sum != expected;
    }
    *each = 1e6 * (lesson_now() - began) / times;
    if (!failed)
        failed = ask(c, message, 0, &sum);
    return failed;
}

static double measure_cell(const void *argument)
{
    static struct desk *desk;
    const struct cell *cell = argument;
    double each = NAN;
    if (!desk)
        desk = lesson_shared(sizeof *desk + WORDS_MOST * sizeof *message);
    if (!desk)
        return NAN;
    int failed = open_channel(&channel, cell->way, desk), bad = 0;
    double size = 8.0 * (double)cell->size->words;
    int times = (int)fmin(fmax(budget / size, 1), budget / 16384);
    if (cell->way == THREAD) {
        pthread_t other;
        failed = -pthread_create(&other, NULL, other_thread, &channel);
        if (!failed) {
            failed = converse(&channel, cell->size->words, times, &each);
            pthread_join(other, NULL);
        }
    } else if (!failed) {
        pid_t other = lesson_fork();
        if (other == 0) {
            keep_ends(&channel, false);
            _exit(answer_all(&channel) ? 1 : 0);
        }
        if (other > 0)
            keep_ends(&channel, true);
        failed = other < 0
                     ? other
                     : converse(&channel, cell->size->words, times, &each);
        close_ends(channel.out); /* whatever happened, the other one ends */
        if (other > 0)
            bad = lesson_reap(other);
    }
    close_ends(channel.out);
    close_ends(channel.back);
    errno = failed ? -failed : -bad;
    if (errno)
        return NAN;
    lesson_row(table, "%s,%.0f,%d,%.6f", names[cell->way], size, times, each);
    return each;
}

/* --- the lesson -------------------------------------------------------- */

static int measure(struct lesson_run *run)
{
    table = run;
    signal(SIGPIPE, SIG_IGN); /* that the other one is gone, write() says */
    budget = 1048576 * lesson_setting(run, "send");
    int failed = prepare();
    if (failed)
        return failed;
    lesson_table(run, "way,bytes,messages,us_each");
    static struct cell cell[WAYS * SIZES];
    static struct lesson_way timed[WAYS * SIZES];
    static char name[WAYS * SIZES][72];
    size_t n = 0;
    for (enum way way = 0; way < WAYS; way++)
        for (int i = 0; i < (run->quick ? SIZES - 1 : SIZES); i++) {
            if (way == SERIALISED && sizes[i].words > TEXT_WORDS_MOST)
                continue;
            cell[n] = (struct cell){.way = way, .size = &sizes[i]};
            snprintf(name[n], sizeof name[n], "%s: %s", names[way],
                     sizes[i].name);
            timed[n] =
                (struct lesson_way){name[n], "µs", measure_cell, &cell[n]};
            n++;
        }
    failed = lesson_rounds(run, timed, n, run->quick ? 5 : ROUNDS);
    if (!failed)
        lesson_count(run, "wrong sums", wrong, "");
    return failed;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "A message of 8 bytes and its answer take %.3g µs between "
            "processes by a pipe and %.3g µs between threads; of 1 MiB %.4g "
            "and %.4g µs.",
            lesson_value(f, "pipe: 8 B"), lesson_value(f, "threads: 8 B"),
            lesson_value(f, "pipe: 1 MiB"), lesson_value(f, "threads: 1 MiB"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    int large = lesson_compare(lesson_figure(f, "pipe: 1 MiB"),
                               lesson_figure(f, "threads: 1 MiB"));
    return lesson_judgement(
        large > 0   ? LESSON_HOLDS
        : large < 0 ? LESSON_DOES_NOT_HOLD
                    : LESSON_NOT_DECIDED,
        "a pipe takes %.2f times as long as a hand-over "
        "between threads for 1 MiB, and %.2f times for 8 "
        "bytes",
        lesson_value(f, "pipe: 1 MiB") / lesson_value(f, "threads: 1 MiB"),
        lesson_value(f, "pipe: 8 B") / lesson_value(f, "threads: 8 B"));
}

static struct lesson_option options[] = {
    {"send", "MIB",
     "How much to send in one measurement, at most 64 messages a MiB "
     "(default 8, quick 2)",
     8, 2, 0.25, 64},
    {0},
};

static const char *const judged[] = {
    "pipe: 1 MiB", "threads: 1 MiB", "pipe: 8 B", "threads: 8 B", NULL,
};

const struct lesson lesson = {
    .name = "ipc-cost",
    .claim = "Processes do not share memory, so talking between them is dear",
    .about = "the operating system",
    .source = "threads, processes and asyncio; course notes on operating "
              "systems and concurrency",
    .rule = "a message of 1 MiB with its answer takes longer by a pipe between "
            "processes than handed over between threads (disjoint intervals); "
            "it does not hold when it takes less; else not decided",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
