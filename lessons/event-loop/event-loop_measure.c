/* event-loop_measure.c: in what order ticks and lines come, and how late. */
#include "lessons/event-loop/event-loop.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TICKS = 11, LINES = 10, BLOCKS = 3, ROUNDS = 9 };

struct event {
    bool is_tick;
    uint64_t due_ns, called_ns;
};

/* One showing's log, in the order in which the loop called. */
struct record {
    struct event event[TICKS + LINES];
    int events, ticks, lines;
    uint64_t block_ns; /* for which the third line's callback sleeps */
};

static struct way {
    const char *name;
    bool blocks;
    struct lesson_run *run;
    double worst_ms[ROUNDS];
    int rounds;
} ways[2] = {{.name = "nothing blocks"},
             {.name = "one callback blocks", .blocks = true}};

static uint64_t period_ns;

static void sleep_until(uint64_t ns)
{
    struct timespec at = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

/* --- what the loop calls ----------------------------------------------- */

static void log_event(struct showing *s, bool is_tick, uint64_t due_ns)
{
    struct record *r = s->data;
    if (r->events < TICKS + LINES)
        r->event[r->events++] = (struct event){is_tick, due_ns, loop_now()};
    s->over = r->ticks >= TICKS && (r->lines >= LINES || s->closed);
}

static void tick_logged(struct showing *s, uint64_t due_ns)
{
    struct record *r = s->data;
    if (r->ticks++ < TICKS)
        log_event(s, true, due_ns);
    else
        s->over = s->closed || r->lines >= LINES;
}

/* A line of the typist says when it was typed. */
static void line_logged(struct showing *s, const char *line)
{
    struct record *r = s->data;
    r->lines++;
    log_event(s, false, strtoull(line, NULL, 10));
    if (r->lines == BLOCKS && r->block_ns > 0)
        sleep_until(loop_now() + r->block_ns);
}

/* --- the typist -------------------------------------------------------- */

/* A child that types a line in the middle between any two ticks. */
static pid_t start_typist(uint64_t first_tick_ns, int *input)
{
    int end[2];
    if (pipe2(end, O_CLOEXEC) != 0)
        return -errno;
    if (fcntl(end[0], F_SETFL, O_NONBLOCK) != 0) {
        int failed = -errno;
        close(end[0]);
        close(end[1]);
        return failed;
    }
    pid_t typist = lesson_fork();
    if (typist == 0) {
        for (int k = 0; k < LINES; k++) {
            sleep_until(first_tick_ns + k * period_ns + period_ns / 2);
            if (dprintf(end[1], "%llu\n", (unsigned long long)loop_now()) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(end[1]);
    *input = end[0];
    if (typist < 0)
        close(end[0]);
    return typist;
}

/* An event is out of place if one that was due after it came before it. */
static double out_of_place(const struct record *r)
{
    int n = 0;
    uint64_t latest = 0;
    for (int i = 0; i < r->events; i++) {
        n += r->event[i].due_ns < latest;
        if (r->event[i].due_ns > latest)
            latest = r->event[i].due_ns;
    }
    return n;
}

static void write_rows(struct way *way, const struct record *r,
                       const struct loop_backend *backend, uint64_t first)
{
    double worst = 0;
    for (int i = 0; i < r->events; i++) {
        const struct event *e = &r->event[i];
        double due = 1e-9 * (double)(int64_t)(e->due_ns - first);
        double lag = 1e-9 * (double)(int64_t)(e->called_ns - e->due_ns);
        worst = fmax(worst, 1e3 * lag);
        lesson_row(way->run, "%s,%s,%d,%s,%.9f,%.9f", way->name,
                   loop_backend_name(backend), way->rounds + 1,
                   e->is_tick ? "tick" : "line", due, due + lag);
    }
    way->worst_ms[way->rounds++] = worst;
}

static double show_once(const void *argument)
{
    struct way *way = &ways[(const struct way *)argument - ways];
    static const struct loop_backend *const backends[] = {
        &loop_epoll, &loop_poll, &loop_select};
    struct record record = {.block_ns = way->blocks ? BLOCKS * period_ns : 0};
    struct showing s = {.backend = backends[way->rounds % 3],
                        .first_tick_ns = loop_now() + period_ns,
                        .period_ns = period_ns,
                        .on_tick = tick_logged,
                        .on_line = line_logged,
                        .data = &record};
    uint64_t first = s.first_tick_ns;
    pid_t typist = start_typist(first, &s.input);
    if (typist < 0) {
        errno = -typist;
        return NAN;
    }
    int failed = tick_and_listen(&s);
    close(s.input);
    int bad = lesson_reap(typist);
    failed = failed ? failed : bad;
    if (!failed && record.events != TICKS + LINES)
        failed = -EIO;
    errno = -failed;
    if (failed)
        return NAN;
    write_rows(way, &record, s.backend, first);
    return out_of_place(&record);
}

/* --- for a person ------------------------------------------------------ */

enum { LIVE_TICKS = 60 };

static void tick_shown(struct showing *s, uint64_t due_ns)
{
    int *ticks = s->data;
    printf("tick %d, %.1f ms late\n", ++*ticks,
           1e-6 * (double)(loop_now() - due_ns));
    fflush(stdout);
    s->over = s->over || s->closed || *ticks == LIVE_TICKS;
}

static void line_shown(struct showing *s, const char *line)
{
    printf("you typed: %s\n", line);
    fflush(stdout);
    if (strcmp(line, "block") == 0)
        sleep_until(loop_now() + 3 * s->period_ns);
    s->over = s->over || strcmp(line, "end") == 0;
}

static int show_live(double seconds)
{
    int ticks = 0;
    struct showing s = {.backend = &loop_poll, /* epoll refuses a file */
                        .input = STDIN_FILENO,
                        .period_ns = (uint64_t)(1e9 * seconds),
                        .on_tick = tick_shown,
                        .on_line = line_shown,
                        .data = &ticks};
    puts("A clock ticks. Type lines meanwhile; the line \"block\" makes its "
         "callback block\nfor three ticks, \"end\" ends.");
    fflush(stdout);
    s.first_tick_ns = loop_now() + s.period_ns;
    return tick_and_listen(&s);
}

/* --- functions that take their time ------------------------------------ */

static int measure_adding(struct lesson_run *run, double unit)
{
    uint64_t wait = (uint64_t)(1e9 * unit);
    struct adding one = {.value = 1, .add = 1, .wait_ns = wait},
                  other = {.value = 1, .add = 666, .wait_ns = wait};
    double began = lesson_now();
    int failed = add_together(&one, &other);
    if (failed)
        return failed;
    lesson_count(run, "together: it took", (lesson_now() - began) / unit,
                 "waits");
    lesson_count(run, "together: 1 plus 1", one.value, "");
    lesson_count(run, "together: 1 plus 666", other.value, "");
    one.value = other.value = 1;
    began = lesson_now();
    failed = add_in_turn(&one, &other);
    if (failed)
        return failed;
    lesson_count(run, "in turn: it took", (lesson_now() - began) / unit,
                 "waits");
    lesson_count(run, "in turn: 1 plus 1 plus 666", other.value, "");
    return 0;
}

/* --- the lesson -------------------------------------------------------- */

static int measure(struct lesson_run *run)
{
    int failed = 0;
    if (run->live)
        failed = show_live(lesson_setting(run, "tick"));
    period_ns = (uint64_t)(1e9 * lesson_setting(run, "period"));
    lesson_table(run, "way,backend,round,event,due_s,called_s");
    struct lesson_way timed[2];
    char name[2][72];
    for (int i = 0; i < 2; i++) {
        snprintf(name[i], sizeof name[i], "%s: out of place", ways[i].name);
        ways[i].run = run;
        timed[i] =
            (struct lesson_way){name[i], "of 21 events", show_once, &ways[i]};
    }
    if (!failed)
        failed = lesson_rounds(run, timed, 2, run->quick ? 6 : ROUNDS);
    for (int i = 0; i < 2 && !failed; i++) {
        snprintf(name[i], sizeof name[i], "%s: worst lag", ways[i].name);
        lesson_median(run, name[i], ways[i].worst_ms, (size_t)ways[i].rounds,
                      "ms");
    }
    return failed ? failed : measure_adding(run, lesson_setting(run, "wait"));
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Of 21 ticks and typed lines on one loop %.0f come out of place, "
            "%.2g ms late at most; when one callback blocks for three ticks, "
            "%.0f come out of place and up to %.3g ms late.",
            lesson_value(f, "nothing blocks: out of place"),
            lesson_value(f, "nothing blocks: worst lag"),
            lesson_value(f, "one callback blocks: out of place"),
            lesson_value(f, "one callback blocks: worst lag"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double calm = lesson_value(f, "nothing blocks: out of place");
    double low = lesson_figure(f, "one callback blocks: out of place")->low;
    return lesson_judgement(
        calm == 0 && low > 0 ? LESSON_HOLDS : LESSON_DOES_NOT_HOLD,
        "%.3g events come out of place where nothing blocks, and at least "
        "%.3g where a callback does",
        calm, low);
}

static struct lesson_option options[] = {
    {"period", "SECONDS", "Between two ticks (default 0.05, quick 0.02)", 0.05,
     0.02, 0.002, 0.2},
    {"wait", "SECONDS",
     "How long the functions that add 1 and 666 wait (default 1, quick 0.1)", 1,
     0.1, 0.001, 2},
    {"tick", "SECONDS", "Between two ticks of --live (default 1)", 1, 1, 0.05,
     1.5},
    {0},
};

static const char *const judged[] = {
    "nothing blocks: out of place",
    "one callback blocks: out of place",
    NULL,
};

const struct lesson lesson = {
    .name = "event-loop",
    .claim = "On an event loop with callbacks, timers and input events "
             "interleave as long as no callback blocks",
    .about = "the operating system",
    .source = "a gentle introduction to async",
    .rule = "no event comes out of place where nothing blocks (the median of "
            "the rounds), and at least one does (low end) where a callback "
            "blocks for three ticks",
    .live = "First let you type while a clock ticks (\"end\" ends it)",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
