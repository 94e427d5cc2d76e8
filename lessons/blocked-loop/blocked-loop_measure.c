/* blocked-loop_measure.c: how late the beat comes, and the verdict. */
#include "lessons/blocked-loop/blocked-loop.h"
#include "lessons/lesson.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WAYS = 3, BEFORE = 10, AFTER = 10 };

static struct way {
    const char *name, *short_name;
    int (*ask)(struct showing *);
    int rounds;
} ways[WAYS] = {
    {"nobody asks: worst lag", "nobody asks", ask_nobody, 0},
    {"answered in the loop: worst lag", "answered in the loop",
     answer_in_the_loop, 0},
    {"handed to a thread pool: worst lag", "handed to a thread pool",
     hand_to_the_pool, 0},
};

static struct showing showing;
static struct lesson_run *table;
static int answers, wrong;

/* --- the beat ---------------------------------------------------------- */

static void beat_shown(void)
{
    fputs(".", stdout);
    fflush(stdout);
}

static void question_shown(void)
{
    fputs("?", stdout);
    fflush(stdout);
}

static void answer_shown(void)
{
    fputs("!", stdout);
    fflush(stdout);
}

/* Ten beats, the question, beats for twice its time, and ten more. */
static void prepare(double period, double block)
{
    int beats = BEFORE + (int)ceil(2 * block / period) + AFTER;
    assert(beats <= BEATS_MOST);
    showing = (struct showing){.period = period,
                               .block = block,
                               .beats = beats,
                               .ask_at = BEFORE};
}

static double worst_lag(const void *argument)
{
    struct way *way = &ways[(const struct way *)argument - ways];
    int failed = keep_the_beat(&showing, way->ask);
    errno = -failed;
    if (failed)
        return NAN;
    double worst = 0;
    way->rounds++;
    answers += showing.answers;
    wrong += showing.answers > 0 && showing.answer != THE_ANSWER;
    for (int k = 0; k < showing.beaten; k++) {
        worst = fmax(worst, showing.lag[k]);
        lesson_row(table, "%s,%d,%d,%.6f,%.9f", way->short_name, way->rounds,
                   k + 1, k * showing.period, showing.lag[k]);
    }
    return worst;
}

static int show_live(void)
{
    prepare(0.1, 2);
    showing.on_beat = beat_shown;
    showing.on_question = question_shown;
    showing.on_answer = answer_shown;
    puts("A dot every 0.1 s; ? is a question that takes 2 s, ! its answer.");
    for (int i = 0; i < WAYS; i++) {
        printf("  %-24s ", ways[i].short_name);
        fflush(stdout);
        int failed = keep_the_beat(&showing, ways[i].ask);
        if (failed)
            return failed;
        putchar('\n');
    }
    putchar('\n');
    return 0;
}

/* --- files ------------------------------------------------------------- */

enum { FILE_PAGES = 64, PAGE = 4096 };

/*
 * What epoll says to watching fd: 0, or EPERM; or -errno where it was not to be
 * asked. To "is there anything to read?" a regular file always answers yes, so
 * epoll does not watch it; the read may then block all the same.
 */
static int epoll_refuses(int fd)
{
    struct epoll_event readable = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return -errno;
    int refused = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &readable) ? errno : 0;
    close(epoll);
    return refused == EPERM ? EPERM : -refused;
}

/* A file without a name, written to the disk and dropped from memory. */
static int make_file(void)
{
    int fd = lesson_file(O_NONBLOCK);
    if (fd < 0)
        return fd;
    static char page[PAGE];
    memset(page, 'x', sizeof page);
    for (int i = 0; i < FILE_PAGES; i++)
        if (write(fd, page, PAGE) != PAGE) {
            int failed = errno ? -errno : -EIO;
            close(fd);
            return failed;
        }
    if (fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0 ||
        posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) != 0) /* no read-ahead */
        errno = 0; /* then the pages stay in memory, and no read would wait */
    return fd;
}

/*
 * Reads the file page by page, first asking (RWF_NOWAIT, Linux 4.14) whether
 * the read would wait. Counts what would have waited, and how often the read
 * itself, on a descriptor marked O_NONBLOCK, came back to say so.
 */
static int measure_file(struct lesson_run *run)
{
    int fd = make_file();
    if (fd < 0)
        return fd;
    static char page[PAGE];
    double would_wait = 0, said_so = 0, bytes = 0;
    for (off_t at = 0; at < (off_t)FILE_PAGES * PAGE; at += PAGE) {
        struct iovec part = {page, PAGE};
        ssize_t got = preadv2(fd, &part, 1, at, RWF_NOWAIT);
        if (got < 0)
            would_wait += errno == EAGAIN ? 1 : NAN; /* not every file can */
        got = pread(fd, page, PAGE, at);
        if (got > 0)
            bytes += (double)got;
        else
            said_so += errno == EAGAIN;
    }
    int refused = epoll_refuses(fd);
    close(fd);
    if (refused < 0)
        return refused;
    lesson_count(run, "epoll on a regular file: error", refused, "");
    lesson_count(run, "reads of the file that would wait", would_wait, "of 64");
    lesson_count(run, "reads of the file that said EAGAIN", said_so, "of 64");
    lesson_count(run, "bytes read from the file", bytes, "B");
    return 0;
}

static int measure_pipe(struct lesson_run *run)
{
    int end[2];
    if (pipe2(end, O_CLOEXEC | O_NONBLOCK) != 0)
        return -errno;
    char byte;
    bool again = read(end[0], &byte, 1) < 0 && errno == EAGAIN;
    int refused = epoll_refuses(end[0]);
    close(end[0]);
    close(end[1]);
    if (refused < 0)
        return refused;
    lesson_count(run, "epoll on a pipe: error", refused, "");
    lesson_count(run, "reads of the empty pipe that said EAGAIN", again,
                 "of 1");
    return 0;
}

/* --- the lesson -------------------------------------------------------- */

static int measure(struct lesson_run *run)
{
    int failed = run->live ? show_live() : 0;
    double block = lesson_setting(run, "block");
    prepare(block / 40, block);
    table = run;
    lesson_table(run, "way,round,beat,due_s,lag_s");
    struct lesson_way timed[WAYS];
    for (int i = 0; i < WAYS; i++)
        timed[i] = (struct lesson_way){ways[i].name, "s", worst_lag, &ways[i]};
    lesson_count(run, "the question blocks for", block, "s");
    unsigned rounds = run->quick ? 5 : 7;
    if (!failed)
        failed = lesson_rounds(run, timed, WAYS, rounds);
    if (failed)
        return failed;
    lesson_count(run, "answers", answers, "");
    lesson_count(run, "wrong answers", wrong, "");
    failed = measure_pipe(run);
    return failed ? failed : measure_file(run);
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "A call that blocks for %.0f ms makes everything else on the loop "
            "up to %.0f ms late; handed to a thread pool, %.2g ms; and epoll "
            "%s a regular file.",
            1e3 * lesson_value(f, "the question blocks for"),
            1e3 * lesson_value(f, ways[1].name),
            1e3 * lesson_value(f, ways[2].name),
            lesson_value(f, "epoll on a regular file: error") == EPERM
                ? "refuses to watch"
                : "watches");
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double block = lesson_value(f, "the question blocks for");
    const struct lesson_figure *calm = lesson_figure(f, ways[0].name);
    const struct lesson_figure *blocked = lesson_figure(f, ways[1].name);
    const struct lesson_figure *healed = lesson_figure(f, ways[2].name);
    if (!(blocked->low >= block))
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "the loop stood still for only %.3g of the "
                                "call's time",
                                blocked->low / block);
    if (lesson_value(f, "epoll on a regular file: error") == 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "epoll watches a regular file here");
    if (lesson_value(f, "epoll on a regular file: error") != EPERM)
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "what epoll says to a regular file is neither "
                                "yes nor EPERM");
    if (!(calm->high < 0.05 * block))
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "even with no question the beat comes up to "
                                "%.3g ms late: this machine is too busy now",
                                1e3 * calm->high);
    return lesson_judgement(
        healed->high < 0.05 * block ? LESSON_HOLDS : LESSON_DOES_NOT_HOLD,
        "the loop is late by %.3g of the call's time, and by %.3g with a pool",
        blocked->value / block, healed->high / block);
}

static struct lesson_option options[] = {
    {"block", "SECONDS",
     "How long the question blocks (default 0.2, quick 0.1)", 0.2, 0.1, 0.02,
     1},
    {0},
};

static const char *const judged[] = {
    "the question blocks for",         "nobody asks: worst lag",
    "answered in the loop: worst lag", "handed to a thread pool: worst lag",
    "epoll on a regular file: error",  NULL,
};

const struct lesson lesson = {
    .name = "blocked-loop",
    .claim = "A blocking call stops the whole event loop; a thread pool for "
             "it heals that; and files can only be read by blocking",
    .about = "the operating system",
    .source = "a gentle introduction to async; all that you do not want to "
              "know about async; course notes on operating systems and "
              "concurrency",
    .rule = "with the call in the loop the worst lag (low end) is at least "
            "the call's time, with a thread pool (high end) under 5 % of it, "
            "and epoll refuses a regular file; not decided where the beat "
            "lags that much without any call",
    .live = "First show the beat as dots, with a question of 2 s in it",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
