/*
 * lesson.h: what every lesson on this shelf has in common.
 *
 * A lesson takes one claim about concurrency and measures it here. It says what
 * is claimed and by whom, adds its figures while it measures, and states a
 * rule; the verdict is what the rule makes of the figures, never an opinion.
 *
 *     measure()  adds figures, and rows for the chart
 *     answer()   one plain sentence, made of the figures
 *     judge()    the rule: figures in, verdict out, nothing else read
 *
 * lesson.c holds main and the options; lesson_measure.c what measuring needs;
 * lesson_json.c writes waitbench-lesson/1 and reads figures back, so that
 * `--judge=FILE` can put any figures, doctored ones too, before the rule.
 *
 * No lesson harms the machine: each ends after LESSON_SECONDS, done or not (by
 * SIGALRM: a line that says so, and status 1), its children die with it
 * (lesson_fork), and it makes no file that has a name once it is open.
 *
 * Functions that can fail return -errno. Unless said, they are for the
 * lesson's first thread.
 */
#ifndef WAITBENCH_LESSON_H
#define WAITBENCH_LESSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* What a lesson is. ------------------------------------------------------- */

enum { LESSON_FIGURES = 160, LESSON_SECONDS = 120 };

/*
 * One figure. value is a median and low to high its interval where the lesson
 * repeated the measurement `rounds` times; a count or a sum has low = high =
 * value and 0 rounds. Not known is NAN (null in JSON).
 */
struct lesson_figure {
    char name[72], unit[16];
    double value, low, high;
    unsigned rounds;
    double coverage; /* the probability that low to high holds the median */
};

struct lesson_figures {
    size_t count;
    struct lesson_figure figure[LESSON_FIGURES];
};

enum lesson_verdict { LESSON_HOLDS, LESSON_DOES_NOT_HOLD, LESSON_NOT_DECIDED };

struct lesson_judgement {
    enum lesson_verdict verdict;
    char reason[400];
};

/*
 * A number that a lesson lets its user set, as --name=VALUE. Where none of its
 * own four has a fraction, none may be given either.
 */
struct lesson_option {
    const char *name, *argument, *help;
    double value, quick_value; /* unless given; quick_value with --quick */
    double least, most;        /* what is accepted: the bound of the lesson */
};

struct lesson_run {
    bool quick, live;
    struct lesson_figures figures;
    FILE *table; /* the chart's rows; write them by lesson_row() */
};

/*
 * A lesson that is of use by itself: words on its command line make it do its
 * work instead of measuring; without words its file option is measured with.
 */
struct lesson_tool {
    const char *words, *help;     /* "[ADDRESS]...", and what it does then */
    const char *file, *file_help; /* an option that names a file: --log=FILE */
    const char *given;            /* that file, once given; else NULL */
    bool (*takes)(const char *word); /* whether it is such a word */
    const char *expected;            /* what it should be: "an IP address" */
    int (*use)(const char *const *words, int count, FILE *out); /* or -errno */
};

/* Each lesson defines one of these, called `lesson`, in NAME_measure.c. */
struct lesson {
    const char *name;   /* its folder */
    const char *claim;  /* one sentence, as it is claimed */
    const char *about;  /* the operating system, C, or CPython */
    const char *source; /* who says so */
    const char *rule;   /* when it holds, in words, exactly as judge() does */
    const char *live;   /* what --live shows, or NULL where nothing moves */
    struct lesson_option *options; /* ends with a NULL name; may be NULL */
    struct lesson_tool *tool;      /* or NULL: it takes no words */
    bool needs_two_processors;     /* first time one busy process, then two */
    const char *const *judged;     /* the figures judge() reads, then NULL */
    int (*measure)(struct lesson_run *); /* 0 or -errno */
    void (*answer)(const struct lesson_figures *, FILE *);
    struct lesson_judgement (*judge)(const struct lesson_figures *);
};
extern const struct lesson lesson;

/* The value of one of the lesson's own options; the name must be there. */
double lesson_setting(const struct lesson_run *, const char *name);

/* Figures. ---------------------------------------------------------------- */

/* Adds a figure that was counted or summed. The name is copied. */
void lesson_count(struct lesson_run *, const char *name, double value,
                  const char *unit);

/* Adds the median of n ≥ 1 values, with its interval; sorts the values. */
void lesson_median(struct lesson_run *, const char *name, double *values,
                   size_t n, const char *unit);

/*
 * The figure of that name. Where there is none, one whose numbers are NAN, so
 * that every comparison with it is false; judge() never meets one among its
 * `judged`: the shelf then says "not decided" by itself.
 */
const struct lesson_figure *lesson_figure(const struct lesson_figures *,
                                          const char *name);
double lesson_value(const struct lesson_figures *, const char *name);

/* Verdicts, with a reason in printf's way. */
__attribute__((format(printf, 2, 3))) struct lesson_judgement lesson_judgement(
    enum lesson_verdict, const char *reason, ...);

/*
 * The whole judgement: not decided where a judged figure is missing, or where
 * two processors are needed and not given; else what judge() says. Pure.
 */
struct lesson_judgement lesson_judge(const struct lesson *,
                                     const struct lesson_figures *);

/* 1 if one figure's interval lies wholly above the other's, -1 below, else 0.
 */
int lesson_compare(const struct lesson_figure *, const struct lesson_figure *);

/*
 * Writes a number for people, 1,234,567 or 0.3012 (four digits), and returns
 * text: fprintf(out, "%s", LESSON_NUMBER(value)).
 */
const char *lesson_number(char text[32], double value);
#define LESSON_NUMBER(value) lesson_number((char[32]){0}, value)

/* The chart's table: the header line once, then rows. Fields need no quotes. */
void lesson_table(struct lesson_run *, const char *header);
__attribute__((format(printf, 2, 3))) void lesson_row(struct lesson_run *,
                                                      const char *format, ...);

/*
 * A stream into memory. It knows when there was no room for all of it, whoever
 * wrote to it: open_memstream() leaves bytes out then, and neither ferror() nor
 * fclose() says so (glibc 2.36).
 */
struct lesson_text {
    char *text; /* ends with a NUL; the caller's to free */
    size_t length, room;
    int failed;
};

/* Opens it, or NULL where there is no memory. */
FILE *lesson_open_text(struct lesson_text *);

/* Closes it: 0, or -ENOMEM where a part is missing, and the text is NULL. */
int lesson_close_text(FILE *, struct lesson_text *);

/* Measuring. -------------------------------------------------------------- */

/* Says, where the lesson then ends for it, what the -errno is about: "no room
 * for a file in /tmp". Returns the -errno. The lesson's first process. */
int lesson_cannot(int error, const char *what);

/* Seconds on CLOCK_MONOTONIC; any thread or child. */
double lesson_now(void);

/* One way of doing the thing: returns its figure, or NAN and errno. */
struct lesson_way {
    const char *name, *unit;
    double (*once)(const void *argument);
    const void *argument;
};

/*
 * Measures every way once a round, in an order shuffled anew each round (from a
 * fixed seed), so that a slow moment of the machine does not fall on one way
 * alone; adds one median figure a way. At most 64 rounds of 64 ways.
 */
int lesson_rounds(struct lesson_run *, const struct lesson_way *ways,
                  size_t count, unsigned rounds);

/*
 * Does the machine have two processors to give? Times one busy process against
 * two (best of five) and adds LESSON_TWO_PROCESSORS: how much more work two do
 * in the same time, 2 at best, and 1 where there is one. Lessons about
 * parallelism are not decided below 1.6: a machine may list two processors and
 * yet share one.
 */
#define LESSON_TWO_PROCESSORS "two busy processes against one"
int lesson_needs_two_processors(struct lesson_run *);

/* How many processors this process may use; any thread. */
int lesson_processors(void);

/* Keeps the calling thread on the k-th processor it may use (k from 0). */
int lesson_stay_on(int k);

/* Keeps it among the first n processors that it may use. */
int lesson_stay_among(int n);

/* Processes and memory. --------------------------------------------------- */

/*
 * fork(), but the child is killed when the thread that forked it ends, however
 * it ends. The child must leave by _exit(). Returns as fork does, or -errno.
 */
pid_t lesson_fork(void);

/* Waits for a child. 0 if it ended by _exit(0), -ECHILD otherwise: the lesson
 * then says that a process failed. */
int lesson_reap(pid_t child);

/*
 * 0 as long as all of these children are there, -ECHILD once one has ended: to
 * ask while one waits for them to be ready, which that one will never be. They
 * are reaped afterwards all the same.
 */
int lesson_all_there(const pid_t *child, int children);

/*
 * Calls `call` as a signal handler when a child ends; NULL: no longer. For who
 * waits for a child in what is timed, where asking would be timed, too.
 */
void lesson_when_one_ends(void (*call)(int signal_number));

/* Zeroed memory shared with children forked later, or NULL and errno. */
void *lesson_shared(size_t bytes);

/*
 * A new file without a name in $TMPDIR, or in /tmp, to read and write, with
 * further flags of open(2), or 0: its descriptor, or what lesson_cannot() says.
 */
int lesson_file(int flags);

/* Inside the shelf. ------------------------------------------------------- */

/* started_at is NULL of figures that were read back: when, where and how long
 * they were measured is not known. */
void lesson_write_json(FILE *, const struct lesson *, const struct lesson_run *,
                       const char *answer, const char *started_at);

/* Reads the figures out of a waitbench-lesson/1 file: 0, -errno, or -EBADMSG,
 * also where a value lies outside its own interval. */
int lesson_read_figures(FILE *, struct lesson_figures *);

extern const char *const lesson_verdicts[]; /* by enum lesson_verdict */

#endif
