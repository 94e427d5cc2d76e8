/* lesson.c: main of every lesson: options, the report, the verdict. */
#include "lessons/lesson.h"
#include "common/output.h"

#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const lesson_verdicts[] = {
    [LESSON_HOLDS] = "holds here",
    [LESSON_DOES_NOT_HOLD] = "does not hold here",
    [LESSON_NOT_DECIDED] = "not decided here",
};

enum { OWN_OPTIONS = 16 };

/* What the command line asked for. "-" is standard output. */
struct wish {
    struct lesson_run *run;
    const char *json, *csv, *judge;
    bool verbose;
    bool given[OWN_OPTIONS];  /* which of the lesson's own options were given */
    const char *const *words; /* for its tool */
    int word_count;
};

/* The verdict. ------------------------------------------------------------ */

struct lesson_judgement lesson_judgement(enum lesson_verdict verdict,
                                         const char *reason, ...)
{
    struct lesson_judgement judgement = {.verdict = verdict};
    va_list arguments;
    va_start(arguments, reason);
    vsnprintf(judgement.reason, sizeof judgement.reason, reason, arguments);
    va_end(arguments);
    return judgement;
}

/* With an end of its interval missing, "is it below?" is answered by no, as if
 * it were above. What is infinite was divided by nothing; JSON has no word for
 * it. */
static bool is_known(const struct lesson_figures *figures, const char *name)
{
    const struct lesson_figure *f = lesson_figure(figures, name);
    return isfinite(f->value) && isfinite(f->low) && isfinite(f->high);
}

struct lesson_judgement lesson_judge(const struct lesson *of,
                                     const struct lesson_figures *figures)
{
    const char *unknown = NULL;
    if (of->needs_two_processors && !is_known(figures, LESSON_TWO_PROCESSORS))
        unknown = LESSON_TWO_PROCESSORS;
    for (size_t i = 0; of->judged[i] && !unknown; i++)
        if (!is_known(figures, of->judged[i]))
            unknown = of->judged[i];
    if (unknown)
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "the figure \"%s\" is not known", unknown);
    if (of->needs_two_processors) {
        double given = lesson_value(figures, LESSON_TWO_PROCESSORS);
        if (!(given >= 1.6))
            return lesson_judgement(
                LESSON_NOT_DECIDED,
                "two busy processes do only %.2f times the work of one, so "
                "this machine has no two processors to give just now",
                given);
    }
    return of->judge(figures);
}

/* Text in memory. --------------------------------------------------------- */

static ssize_t add_text(void *cookie, const char *bytes, size_t size)
{
    struct lesson_text *to = cookie;
    if (to->room - to->length <= size) {
        size_t room = 2 * to->room + size;
        char *larger = realloc(to->text, room);
        if (!larger) {
            to->failed = -ENOMEM;
            return 0;
        }
        to->text = larger;
        to->room = room;
    }
    memcpy(to->text + to->length, bytes, size);
    to->length += size;
    to->text[to->length] = '\0';
    return (ssize_t)size;
}

FILE *lesson_open_text(struct lesson_text *to)
{
    const cookie_io_functions_t functions = {.write = add_text};
    *to = (struct lesson_text){.text = calloc(1, BUFSIZ), .room = BUFSIZ};
    FILE *out = to->text ? fopencookie(to, "w", functions) : NULL;
    if (!out) {
        free(to->text);
        to->text = NULL;
    }
    return out;
}

int lesson_close_text(FILE *out, struct lesson_text *to)
{
    if (fclose(out) != 0 && !to->failed)
        to->failed = -ENOMEM;
    if (to->failed) {
        free(to->text);
        to->text = NULL;
    }
    return to->failed;
}

/* Figures and the table. -------------------------------------------------- */

const struct lesson_figure *lesson_figure(const struct lesson_figures *figures,
                                          const char *name)
{
    static const struct lesson_figure unknown = {.value = NAN,
                                                 .low = NAN,
                                                 .high = NAN};
    for (size_t i = 0; i < figures->count; i++)
        if (strcmp(figures->figure[i].name, name) == 0)
            return &figures->figure[i];
    return &unknown;
}

double lesson_value(const struct lesson_figures *figures, const char *name)
{
    return lesson_figure(figures, name)->value;
}

double lesson_setting(const struct lesson_run *run, const char *name)
{
    (void)run;
    for (struct lesson_option *o = lesson.options; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o->value;
    assert(!"a lesson asks only for options that it has");
    return NAN;
}

void lesson_table(struct lesson_run *run, const char *header)
{
    fprintf(run->table, "%s\n", header);
}

void lesson_row(struct lesson_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(run->table, format, arguments);
    va_end(arguments);
    fputc('\n', run->table);
}

int lesson_compare(const struct lesson_figure *one,
                   const struct lesson_figure *other)
{
    return one->low > other->high ? 1 : one->high < other->low ? -1 : 0;
}

const char *lesson_number(char text[32], double value)
{
    if (isnan(value)) {
        snprintf(text, 32, "unknown");
        return text;
    }
    if (fabs(value) < 1000 || fabs(value) >= 1e15) {
        bool whole = value == floor(value) && fabs(value) < 1000;
        snprintf(text, 32, whole ? "%.0f" : "%.4g", value);
        return text;
    }
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%.0f", fabs(value));
    char *to = text;
    if (value < 0)
        *to++ = '-';
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

/* The report. ------------------------------------------------------------- */

/* How many columns a UTF-8 text takes, for names and units like ours. */
static int columns(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static void print_figure(const struct lesson_figure *f, int width, bool verbose)
{
    char value[32], low[32], high[32];
    lesson_number(value, f->value);
    printf("  %s%*s  %13s %s", f->name, width - columns(f->name), "", value,
           f->unit);
    if (verbose && f->rounds > 0) {
        lesson_number(low, f->low);
        lesson_number(high, f->high);
        printf("%*s %s to %s (%u rounds, %.1f %%)",
               12 - columns(f->unit) > 0 ? 12 - columns(f->unit) : 0, "", low,
               high, f->rounds, 100 * f->coverage);
    }
    putchar('\n');
}

static void print_report(const struct lesson_figures *figures,
                         const char *answer,
                         const struct lesson_judgement *judgement, bool verbose)
{
    int width = 0;
    for (size_t i = 0; i < figures->count; i++)
        if (columns(figures->figure[i].name) > width)
            width = columns(figures->figure[i].name);
    printf("%s\n\n", answer);
    for (size_t i = 0; i < figures->count; i++)
        print_figure(&figures->figure[i], width, verbose);
    printf("\nClaim (about %s): %s\n", lesson.about, lesson.claim);
    printf("Rule: holds when %s.\n", lesson.rule);
    printf("Verdict: %s: %s.\n", lesson_verdicts[judgement->verdict],
           judgement->reason);
}

/* A table of its own, or the figures where the lesson drew none. */
static void print_csv(FILE *out, const struct lesson_figures *figures,
                      const char *table)
{
    if (table[0] != '\0') {
        fputs(table, out);
        return;
    }
    fputs("name,value,unit,low,high\n", out);
    for (size_t i = 0; i < figures->count; i++) {
        const struct lesson_figure *f = &figures->figure[i];
        fprintf(out, "\"%s\",%.9g,%s,%.9g,%.9g\n", f->name, f->value, f->unit,
                f->low, f->high);
    }
}

/* Opens "-" as standard output; says on standard error what it could not do. */
static int open_output(struct output *to, const char *file)
{
    int failed = output_open(to, file);
    if (failed)
        fprintf(stderr, "%s: %s: %s\n", lesson.name, file, strerror(-failed));
    return failed;
}

/* Says before anything is measured what could not be written after it, and
 * leaves nothing behind. A pipe is let be: who reads it would see its end. */
static int try_output(const char *option, const char *file)
{
    struct output to;
    struct stat about;
    if (file && stat(file, &about) == 0 && S_ISFIFO(about.st_mode))
        return 0;
    int failed = output_open(&to, file);
    if (failed)
        fprintf(stderr, "%s: --%s=%s: cannot be written: %s\n", lesson.name,
                option, file, strerror(-failed));
    else
        output_abandon(&to);
    return failed;
}

static int could_not_write(const char *file, int error)
{
    fprintf(stderr, "%s: %s: could not be written: %s\n", lesson.name, file,
            strerror(-error));
    return error;
}

/* Closes what open_output() opened; a full disk shows only here. */
static int close_output(struct output *to)
{
    int failed = output_close(to);
    return failed ? could_not_write(to->path, failed) : 0;
}

/* The same of the text. */
static int end_text(void)
{
    struct output text = {.file = stdout};
    int failed = output_close(&text);
    return failed ? could_not_write("standard output", failed) : 0;
}

static const char one_output[] = "--json and --csv cannot share one output";

/* Of two names of one file the second would lose what the first was given. */
static bool is_one_file(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Writes the answer into memory, for the text and the JSON alike. */
static char *answer_of(const struct lesson_figures *figures)
{
    struct lesson_text answer;
    FILE *out = lesson_open_text(&answer);
    if (!out)
        return NULL;
    lesson.answer(figures, out);
    return lesson_close_text(out, &answer) == 0 ? answer.text : NULL;
}

/* The command line. ------------------------------------------------------- */

enum {
    OPTION_JSON = 256,
    OPTION_CSV,
    OPTION_LIVE,
    OPTION_JUDGE,
    OPTION_FILE,
    OPTION_OWN
};

/* An option that counts something: its own four numbers have no fraction. */
static bool is_whole(const struct lesson_option *o)
{
    return o->value == floor(o->value) &&
           o->quick_value == floor(o->quick_value) &&
           o->least == floor(o->least) && o->most == floor(o->most);
}

static error_t own_option(struct wish *wish, int index, const char *text,
                          struct argp_state *state)
{
    struct lesson_option *o = &lesson.options[index];
    bool whole = is_whole(o);
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || end == text || *end || !(value >= o->least) ||
        !(value <= o->most) || (whole && value != floor(value)))
        argp_error(state, "--%s is a %s from %g to %g, not '%s'", o->name,
                   whole ? "whole number" : "number", o->least, o->most, text);
    o->value = value;
    wish->given[index] = true;
    return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct wish *wish = state->input;
    switch (key) {
    case 'q':
        wish->run->quick = true;
        return 0;
    case 'v':
        wish->verbose = true;
        return 0;
    case OPTION_JSON:
        wish->json = argument ? argument : "-";
        return 0;
    case OPTION_CSV:
        wish->csv = argument ? argument : "-";
        return 0;
    case OPTION_LIVE:
        wish->run->live = true;
        return 0;
    case OPTION_JUDGE:
        wish->judge = argument;
        return 0;
    case OPTION_FILE:
        lesson.tool->given = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (lesson.tool == NULL)
            argp_error(state, "'%s' is not an option", argument);
        return ARGP_ERR_UNKNOWN; /* all of them: ARGP_KEY_ARGS */
    case ARGP_KEY_ARGS:
        wish->words = (const char *const *)state->argv + state->next;
        wish->word_count = state->argc - state->next;
        for (int i = 0; i < wish->word_count; i++)
            if (!lesson.tool->takes(wish->words[i]))
                argp_error(state, "'%s' is not %s", wish->words[i],
                           lesson.tool->expected);
        return 0;
    case ARGP_KEY_END:
        if (wish->json && wish->csv &&
            (strcmp(wish->json, wish->csv) == 0 ||
             is_one_file(wish->json, wish->csv)))
            argp_error(state, "%s", one_output);
        if (wish->run->live && ((wish->json && strcmp(wish->json, "-") == 0) ||
                                (wish->csv && strcmp(wish->csv, "-") == 0)))
            argp_error(state, "--live shows on standard output: give --json "
                              "and --csv a FILE");
        return 0;
    default:
        if (key >= OPTION_OWN && key < OPTION_OWN + OWN_OPTIONS)
            return own_option(wish, key - OPTION_OWN, argument, state);
        return ARGP_ERR_UNKNOWN;
    }
}

static void read_command_line(int argc, char **argv, struct wish *wish)
{
    struct argp_option options[9 + OWN_OPTIONS] = {
        {"quick", 'q', NULL, 0, "Measure for under 5 seconds", 0},
        {"json", OPTION_JSON, "FILE", OPTION_ARG_OPTIONAL,
         "Write waitbench-lesson/1 (to standard output instead of the text)",
         0},
        {"csv", OPTION_CSV, "FILE", OPTION_ARG_OPTIONAL,
         "Write what the chart draws (to standard output instead of the text)",
         0},
        {"verbose", 'v', NULL, 0, "Show each figure's interval and rounds", 0},
        {"judge", OPTION_JUDGE, "FILE", 0,
         "Measure nothing: put the figures in FILE (waitbench-lesson/1, - is "
         "standard input) before the rule",
         0},
    };
    size_t n = 5;
    if (lesson.live)
        options[n++] = (struct argp_option){.name = "live",
                                            .key = OPTION_LIVE,
                                            .doc = lesson.live};
    if (lesson.tool)
        options[n++] = (struct argp_option){.name = lesson.tool->file,
                                            .key = OPTION_FILE,
                                            .arg = "FILE",
                                            .doc = lesson.tool->file_help};
    int own = OPTION_OWN;
    for (struct lesson_option *o = lesson.options; o && o->name; o++)
        options[n++] = (struct argp_option){.name = o->name,
                                            .key = own++,
                                            .arg = o->argument,
                                            .doc = o->help};

    char about[2048];
    snprintf(about, sizeof about,
             "%s%s%s\v"
             "Claimed by %s, about %s. Holds when %s.\n\n"
             "What to watch and what the figures mean: lessons/%s/README.md\n\n"
             "Exit status: 0 done; 1 could not; 2 wrong usage, or a FILE that "
             "cannot be written.",
             lesson.claim, lesson.tool ? ".\n\n" : "",
             lesson.tool ? lesson.tool->help : "", lesson.source, lesson.about,
             lesson.rule, lesson.name);
    struct argp argp = {.options = options,
                        .parser = parse,
                        .args_doc = lesson.tool ? lesson.tool->words : NULL,
                        .doc = about};
    argp_err_exit_status = 2;
    output_err_exit_status = 1;
    error_t failed = argp_parse(&argp, argc, argv, 0, NULL, wish);
    if (failed) {
        fprintf(stderr, "%s: %s\n", lesson.name, strerror(failed));
        exit(2);
    }
    for (int i = 0; wish->run->quick && i < own - OPTION_OWN; i++)
        if (!wish->given[i])
            lesson.options[i].value = lesson.options[i].quick_value;
}

/* Measures, or reads the figures that --judge names. 0 or -errno. */
static int obtain_figures(const struct wish *wish)
{
    struct lesson_run *run = wish->run;
    if (!wish->judge) {
        int failed = 0;
        if (lesson.needs_two_processors)
            failed = lesson_needs_two_processors(run);
        return failed ? failed : lesson.measure(run);
    }
    FILE *in = stdin;
    if (strcmp(wish->judge, "-") != 0)
        in = fopen(wish->judge, "re");
    if (!in)
        return -errno;
    int failed = lesson_read_figures(in, &run->figures);
    if (in != stdin)
        fclose(in);
    return failed;
}

/* Text, JSON and CSV, wherever they were asked for. 0 or -errno. */
static int write_everything(const struct wish *wish, const char *table,
                            const char *started_at)
{
    const struct lesson_figures *figures = &wish->run->figures;
    struct lesson_judgement judgement = lesson_judge(&lesson, figures);
    char *answer = answer_of(figures);
    if (!answer) {
        fprintf(stderr, "%s: %s\n", lesson.name, strerror(ENOMEM));
        return -ENOMEM;
    }
    struct output to;
    bool text = true;
    int failed = 0;
    if (wish->json)
        failed = open_output(&to, wish->json);
    if (wish->json && !failed) {
        text = to.file != stdout;
        lesson_write_json(to.file, &lesson, wish->run, answer,
                          wish->judge ? NULL : started_at);
        failed = close_output(&to);
    }
    if (wish->json && wish->csv && !failed &&
        is_one_file(wish->json, wish->csv)) {
        fprintf(stderr, "%s: %s: %s\n", lesson.name, wish->csv, one_output);
        failed = -EINVAL;
    }
    if (wish->csv && !failed)
        failed = open_output(&to, wish->csv);
    if (wish->csv && !failed) {
        text = text && to.file != stdout;
        print_csv(to.file, figures, table);
        failed = close_output(&to);
    }
    if (text && !failed) {
        print_report(figures, answer, &judgement, wish->verbose);
        failed = end_text();
    }
    free(answer);
    return failed;
}

/* What lesson_cannot() was told. */
static char stopped_by[160];

int lesson_cannot(int error, const char *what)
{
    snprintf(stopped_by, sizeof stopped_by, "%s: ", what);
    return error;
}

/* ECHILD is what lesson_reap() makes of a child's failure; the C library's
 * words for it, "No child processes", would say something else. */
static const char *words_for(int error)
{
    return error == ECHILD ? "a process that it started failed"
                           : strerror(error);
}

/* The last resort: a lesson that is not done in time. --------------------- */

static char too_late[400];
static size_t too_late_length;

/* Its children end with it (lesson_fork). */
static void end_too_late(int signal_number)
{
    (void)signal_number;
    (void)!write(STDERR_FILENO, too_late, too_late_length);
    _exit(1);
}

static void add_words(const char *words)
{
    strncat(too_late, words, sizeof too_late - strlen(too_late) - 1);
}

/* The words are made beforehand: a handler may not. They name what was given,
 * since that may be what asks for too much. */
static void limit_time(const struct wish *wish)
{
    const struct sigaction action = {.sa_handler = end_too_late};
    const char *before = ": ask for less with --";
    add_words(lesson.name);
    add_words(": not done in the time that a lesson has");
    for (int i = 0; lesson.options && lesson.options[i].name; i++)
        if (wish->given[i]) {
            add_words(before);
            add_words(lesson.options[i].name);
            before = ", --";
        }
    if (!wish->run->quick) {
        add_words(before);
        add_words("quick");
    }
    add_words("\n");
    too_late_length = strlen(too_late);
    sigaction(SIGALRM, &action, NULL);
    alarm(LESSON_SECONDS);
}

/* Who starts a lesson may have signals ignored or blocked, and it inherits
 * that. */
static void set_signals(void)
{
    sigset_t ours;
    signal(SIGCHLD, SIG_DFL); /* ignored, no child could be waited for */
    signal(SIGXFSZ, SIG_IGN); /* beyond `ulimit -f`, to write is an error */
    sigemptyset(&ours);
    sigaddset(&ours, SIGALRM); /* the bound of each lesson */
    sigaddset(&ours, SIGVTALRM);
    sigaddset(&ours, SIGCHLD); /* lesson_when_one_ends() */
    sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

int main(int argc, char **argv)
{
    static struct lesson_run run;
    struct wish wish = {.run = &run};
    set_signals();
    output_keep_standard_descriptors();
    read_command_line(argc, argv, &wish);

    char started_at[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(started_at, sizeof started_at, "%FT%TZ", gmtime_r(&now, &utc));

    limit_time(&wish);
    if (wish.word_count > 0) {
        int unable = lesson.tool->use(wish.words, wish.word_count, stdout);
        return unable || end_text() ? 1 : 0;
    }
    if (try_output("json", wish.json) || try_output("csv", wish.csv))
        return 2;
    struct lesson_text table = {0};
    run.table = lesson_open_text(&table);
    int failed = run.table ? obtain_figures(&wish) : -ENOMEM;
    int cut_short = run.table ? lesson_close_text(run.table, &table) : 0;
    failed = failed ? failed : cut_short;
    if (failed)
        fprintf(stderr, "%s: %s%s\n", lesson.name, stopped_by,
                words_for(-failed));
    else
        failed = write_everything(&wish, table.text, started_at);
    free(table.text);
    return failed ? 1 : 0;
}
