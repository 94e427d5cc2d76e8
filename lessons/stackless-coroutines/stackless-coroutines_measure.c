/* stackless-coroutines_measure.c: what must come out, what a resume costs. */
#include "lessons/lesson.h"
#include "lessons/stackless-coroutines/stackless-coroutines.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 31, DEEPEST = 16 };

#define FIBONACCI "0 1 1 2 3 5 8 13 21 34 "

/* What each part must say, word for word, in the order of the parts. */
static const char *const expected[FIRST_PARTS + MORE_PARTS] = {
    "0 1 2 3 4 ",
    "A:5 B:6 A:7 B:8 A:9 B:10 ",
    "A:0 B:0 A:1 B:1 A:2 B:2 ",
    FIBONACCI,
    FIBONACCI,
    FIBONACCI,
    "C Java Python ended ended ",
    "Starting | Consume data | Hello World | ",
    "opened 1 2 3 closed ",
    "opened 1 closed ended ",
    "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ",
    "7 8 1 2 9 10 3 0 4 5 6 ",
    "0 1 1 1 1 ",
};

/* The transcripts. -------------------------------------------------------- */

/* What a part says, to be freed; NULL where there is no memory. */
static char *said_by(const struct part *part)
{
    struct lesson_text said;
    FILE *out = lesson_open_text(&said);
    if (!out)
        return NULL;
    part->play(out);
    return lesson_close_text(out, &said) == 0 ? said.text : NULL;
}

static int play_part(struct lesson_run *run, const struct part *part,
                     const char *must, bool *right)
{
    char *said = said_by(part);
    if (!said)
        return -ENOMEM;
    *right = strcmp(said, must) == 0;
    if (run->live)
        printf("  %-28s %s\n", part->name, said);
    /* A comma would be a field's end. */
    char name[72];
    snprintf(name, sizeof name, "%s", part->name);
    for (char *comma = name; (comma = strchr(comma, ',')) != NULL;)
        *comma = ':';
    lesson_row(run, "transcript,%s,,,,,%s", name, said);
    free(said);
    return 0;
}

static int play_all(struct lesson_run *run)
{
    int right = 0;
    bool apart = false, shared = false;
    for (int i = 0; i < FIRST_PARTS + MORE_PARTS; i++) {
        bool this_one = false;
        int failed = play_part(run,
                               i < FIRST_PARTS ? &first_parts[i]
                                               : &more_parts[i - FIRST_PARTS],
                               expected[i], &this_one);
        if (failed)
            return failed;
        right += this_one;
        shared = shared || (i == 1 && this_one);
        apart = apart || (i == 2 && this_one);
    }
    if (run->live)
        putchar('\n');
    lesson_count(run, "transcripts", FIRST_PARTS + MORE_PARTS, "");
    lesson_count(run, "transcripts that are as they must be", right, "");
    lesson_count(run, "static: two callers share one count", shared, "");
    lesson_count(run, "struct: two callers have one each", apart, "");
    return 0;
}

/* What a resume costs. ---------------------------------------------------- */

static int resumes; /* in one round */
static long expected_sum;
static int wrong_sums;

/* Nanoseconds for one of `resumes`, which yielded `sum` in all. */
static double each(double began, long sum)
{
    double took = lesson_now() - began;
    wrong_sums += sum != expected_sum;
    return 1e9 * took / resumes;
}

static double call_functions(const void *argument)
{
    (void)argument;
    int state = 0;
    long sum = 0;
    double began = lesson_now();
    for (int k = 0; k < resumes; k++)
        sum += plain_next(&state);
    return each(began, sum);
}

/* Through a pointer that the compiler does not know, as a resume is. */
static double call_by_pointer(const void *argument)
{
    (void)argument;
    int (*volatile function)(int *) = plain_next;
    int state = 0;
    long sum = 0;
    double began = lesson_now();
    for (int k = 0; k < resumes; k++)
        sum += function(&state);
    return each(began, sum);
}

static double resume_by_hand(const void *argument)
{
    (void)argument;
    struct counter counter = {0};
    long sum = 0;
    double began = lesson_now();
    for (int k = 0; k < resumes; k++)
        sum += counter_next(&counter);
    return each(began, sum);
}

/* Yields what `to` yields: one more on the way from the range to its caller. */
struct relay {
    struct coroutine coroutine, *to;
};

static bool relay_step(struct coroutine *co)
{
    struct relay *self = (struct relay *)co;
    CO_BEGIN(co);
    CO_DELEGATE(co, self->to);
    CO_END(co);
}

/* A range, with so many between it and its caller as *argument says. */
static double resume_through(const void *argument)
{
    int relays = *(const int *)argument;
    struct range range = {{.step = range_step}, 0, resumes};
    struct relay relay[DEEPEST];
    struct coroutine *outermost = &range.coroutine;
    for (int i = 0; i < relays; i++) {
        relay[i] = (struct relay){{.step = relay_step}, outermost};
        outermost = &relay[i].coroutine;
    }
    long sum = 0;
    double began = lesson_now();
    while (coroutine_resume(outermost, 0))
        sum += outermost->out;
    return each(began, sum);
}

static const int depth[] = {0, 1, 4, DEEPEST};
static const struct lesson_way ways[] = {
    {"a function call", "ns", call_functions, NULL},
    {"a call by pointer", "ns", call_by_pointer, NULL},
    {"a resume by hand", "ns", resume_by_hand, NULL},
    {"a resume by coroutine.h", "ns", resume_through, &depth[0]},
    {"a resume through 1 delegate", "ns", resume_through, &depth[1]},
    {"a resume through 4 delegates", "ns", resume_through, &depth[2]},
    {"a resume through 16 delegates", "ns", resume_through, &depth[3]},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static int measure_cost(struct lesson_run *run)
{
    resumes = (int)lesson_setting(run, "resumes");
    expected_sum = (long)resumes * (resumes - 1) / 2;
    int failed = lesson_rounds(run, ways, WAYS, run->quick ? 7 : ROUNDS);
    if (failed)
        return failed;
    for (int i = 0; i < WAYS; i++) {
        const struct lesson_figure *f =
            lesson_figure(&run->figures, ways[i].name);
        lesson_row(run, "cost,%s,%.9g,%.9g,%.9g,ns,", f->name, f->value, f->low,
                   f->high);
    }
    lesson_count(run, "a resume by coroutine.h, in function calls",
                 lesson_value(&run->figures, "a resume by coroutine.h") /
                     lesson_value(&run->figures, "a function call"),
                 "times");
    lesson_count(run, "numbers yielded in one round", resumes, "");
    lesson_count(run, "their sum, expected", (double)expected_sum, "");
    lesson_count(run, "rounds with another sum", wrong_sums, "");
    return 0;
}

static void note_size(struct lesson_run *run, const char *name, size_t bytes)
{
    lesson_count(run, name, (double)bytes, "bytes");
    lesson_row(run, "size,%s,%zu,%zu,%zu,bytes,", name, bytes, bytes, bytes);
}

static int measure(struct lesson_run *run)
{
    lesson_table(run, "kind,name,value,low,high,unit,said");
    int failed = play_all(run);
    if (!failed)
        failed = measure_cost(run);
    note_size(run, "a counter by hand", sizeof(struct counter));
    note_size(run, "a coroutine without state", sizeof(struct coroutine));
    note_size(run, "a range by coroutine.h", sizeof(struct range));
    return failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "A coroutine in C is a saved place, of %.0f bytes by hand: two "
            "callers of a static one share its count, two structs count each "
            "from 0, and a resume by coroutine.h takes %.2f times what a "
            "call of a function takes.",
            lesson_value(f, "a counter by hand"),
            lesson_value(f, "a resume by coroutine.h, in function calls"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double all = lesson_value(f, "transcripts");
    double right = lesson_value(f, "transcripts that are as they must be");
    double shared = lesson_value(f, "static: two callers share one count");
    double apart = lesson_value(f, "struct: two callers have one each");
    double wrong = lesson_value(f, "rounds with another sum");
    if (shared != 1)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "two callers of the static counter did not "
                                "share one count");
    if (apart != 1)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "two callers with a struct each did not have "
                                "one count each");
    if (right != all || wrong != 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "%.0f of %.0f transcripts are as they must "
                                "be, and %.0f rounds had another sum",
                                right, all, wrong);
    return lesson_judgement(LESSON_HOLDS,
                            "all %.0f transcripts are as they must be, word "
                            "for word",
                            all);
}

static struct lesson_option options[] = {
    {"resumes", "N", "In one round (default 100000)", 100000, 20000, 1, 1e7},
    {0},
};

static const char *const judged[] = {
    "transcripts",
    "transcripts that are as they must be",
    "static: two callers share one count",
    "struct: two callers have one each",
    "rounds with another sum",
    NULL,
};

const struct lesson lesson = {
    .name = "stackless-coroutines",
    .claim = "A coroutine is a function that keeps its place, ends, takes "
             "values and delegates; in C a switch on a saved place does it: "
             "with static state there is one of it, with state in a struct "
             "there are many",
    .about = "C",
    .source = "an article on event loops and coroutines; a gentle "
              "introduction to async",
    .rule = "every transcript is what it must be, word for word; two callers "
            "of the static counter share one count, two with a struct each "
            "count each from 0; and every round of the measurement yielded "
            "its known sum",
    .live = "First show what each of them says",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
