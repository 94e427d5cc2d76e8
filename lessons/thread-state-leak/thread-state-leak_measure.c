/* thread-state-leak_measure.c: counts who found what is not theirs. */
#include "lessons/lesson.h"
#include "lessons/thread-state-leak/thread-state-leak.h"

#include <errno.h>
#include <math.h>

static const char *const names[WAYS] = {
    [THREADS] = "a thread each",
    [COROUTINES] = "coroutines",
    [PASSED_ALONG] = "coroutines: passed along",
    [SAVED_AND_RESTORED] = "coroutines: saved and restored",
    [STRTOK] = "coroutines with strtok",
    [STRTOK_R] = "coroutines with strtok_r",
    [ERRNO] = "coroutines with errno",
    [ERRNO_KEPT] = "coroutines with errno kept",
    [LOCALE] = "coroutines with a locale",
    [LOCALE_SET_AGAIN] = "coroutines with a locale set again",
};

static int measure(struct lesson_run *run)
{
    lesson_table(run, "way,request,expected,found");
    for (enum way way = 0; way < WAYS; way++) {
        long found[REQUESTS], expected[REQUESTS];
        int wrong = 0;
        char name[72];
        snprintf(name, sizeof name, "%s: wrong", names[way]);
        int failed = handle_requests(way, found, expected);
        if (failed == -ENOTSUP) { /* no such locale here */
            lesson_count(run, name, NAN, "of 100");
            continue;
        }
        if (failed)
            return failed;
        for (int i = 0; i < REQUESTS; i++) {
            wrong += found[i] != expected[i];
            lesson_row(run, "%s,%d,%ld,%ld", names[way], i + 1, expected[i],
                       found[i]);
        }
        lesson_count(run, name, wrong, "of 100");
    }
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Of 100 requests that ask a library for the current user, %.0f "
            "get somebody else's when they are coroutines on one thread, %.0f "
            "when each has a thread, and %.0f when the user is passed along.",
            lesson_value(f, "coroutines: wrong"),
            lesson_value(f, "a thread each: wrong"),
            lesson_value(f, "coroutines: passed along: wrong"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    static const char *const right[] = {
        "a thread each: wrong", "coroutines: passed along: wrong",
        "coroutines: saved and restored: wrong"};
    double wrong = lesson_value(f, "coroutines: wrong");
    for (int i = 0; i < 3; i++)
        if (lesson_value(f, right[i]) != 0)
            return lesson_judgement(LESSON_DOES_NOT_HOLD, "%s %.0f of 100",
                                    right[i], lesson_value(f, right[i]));
    return lesson_judgement(
        wrong > 0 ? LESSON_HOLDS : LESSON_DOES_NOT_HOLD,
        "%.0f of 100 coroutines found another one's user; with a thread each, "
        "passed along, or saved and restored, none did",
        wrong);
}

static const char *const judged[] = {
    "coroutines: wrong",
    "a thread each: wrong",
    "coroutines: passed along: wrong",
    "coroutines: saved and restored: wrong",
    NULL,
};

const struct lesson lesson = {
    .name = "thread-state-leak",
    .claim = "A library that keeps state per thread leaks it between "
             "coroutines",
    .about = "C, and coroutines in any language",
    .source = "all that you do not want to know about async",
    .rule = "of 100 coroutines on one thread some find another one's user, "
            "and none does with a thread each, with the user passed along, "
            "or with it saved and restored at each switch",
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
