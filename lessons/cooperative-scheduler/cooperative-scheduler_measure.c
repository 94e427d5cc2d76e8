/* cooperative-scheduler_measure.c: what must happen in which order, what a
 * turn and a trap cost, and the verdict. */
#include "lessons/cooperative-scheduler/cooperative-scheduler.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, TEXT = 2048, FEW = 2, MANY = 1000 };

/* Each begins with the programs given, as tasks 1, 2, ... */
static const struct scenario {
    const char *name;
    bool (*program[2])(struct coroutine *);
    int most, foo_steps;
    bool kill_is_empty;
    double patience_s;
    const char *expected; /* all that was said, each with a blank behind */
} scenarios[] = {
    {"5 steps",
     {foo, bar},
     8,
     5,
     false,
     0,
     "1 greets; 1:0; 2 greets; 1:1; 2:0; 1:2; 3 greets; 3:0; 2:1; 1:3; 3:1; "
     "2:2; 1:4; 3:2; 1 ended; 3:3; 2 ended; 3:4; 3 ended; "},
    {"8 steps",
     {foo, bar},
     8,
     8,
     false,
     0,
     "1 greets; 1:0; 2 greets; 1:1; 2:0; 1:2; 3 greets; 3:0; 2:1; 1:3; 3:1; "
     "2:2; 1:4; 3:2; 1 ended; 3:3; 2 ended; 3:4; 3:5; 3:6; 3:7; 3 ended; "},
    {"5 steps without kill",
     {foo, bar},
     8,
     5,
     true,
     0,
     "1 greets; 1:0; 2 greets; 1:1; 2:0; 1:2; 3 greets; 3:0; 2:1; 1:3; 3:1; "
     "2:2; 1:4; 3:2; 1 ended; 3:3; 2 ended; 3:4; 3 ended; "},
    {"8 steps without kill",
     {foo, bar},
     8,
     8,
     true,
     0,
     "1 greets; 1:0; 2 greets; 1:1; 2:0; 1:2; 3 greets; 3:0; 2:1; 1:3; 3:1; "
     "2:2; 1:4; 3:2; 1:5; 3:3; 2 ended; 1:6; 3:4; 1:7; 3:5; 1 ended; 3:6; "
     "3:7; 3 ended; "},
    {"who is gone",
     {kills_who_is_gone},
     8,
     0,
     false,
     0,
     "2 ended; 1 kill 2=0; 1 kill 99=0; 1 ended; "},
    {"itself",
     {kills_itself},
     8,
     0,
     false,
     0,
     "1 kills itself; 1 cleans up; 1 ended; "},
    {"an id again",
     {meets_an_id_again},
     4,
     6,
     false,
     0,
     "2 ended; 1 after 3=3; 3 greets; 3:0; 3:1; 1 after 4=4; 3:2; 4 greets; "
     "4:0; 3:3; 4:1; 1 after 2=2; 3:4; 4:2; 2 ended; 1 kill 2=1; 1 ended; "
     "3:5; 4:3; 3 ended; 4:4; 4:5; 4 ended; "},
    {"too many",
     {starts_too_many},
     3,
     1,
     false,
     0,
     "1 new 1=2; 2 greets; 2:0; 1 new 2=3; 2 ended; 3 greets; 3:0; "
     "1 new 3=0; 1 ended; 3 ended; "},
    {"yields late",
     {foo, yields_late},
     8,
     2,
     false,
     0,
     "2:0; 2:1; 2:2; 2 ended; 1 greets; 1:0; 1:1; 1 ended; "},
    {"never yields",
     {foo, never_yields},
     8,
     2,
     false,
     0.02,
     "2 overran; 2 ended; 1 greets; 1:0; 1:1; 1 ended; "},
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0], ODD = 4 };

/* The orders. ------------------------------------------------------------- */

static struct machine machine;

/* All that was said, in one text: "1 greets; 1:0; ". Traps are not said. */
static void write_transcript(const struct machine *m, char text[TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < m->events && i < EVENTS_MOST && used < TEXT; i++) {
        const struct event *e = &m->event[i];
        if (e->kind != TRAP)
            used +=
                (size_t)snprintf(text + used, TEXT - used, "%d%s%s; ", e->task,
                                 e->kind == STEP ? ":" : " ", e->text);
    }
}

static int steps_of(const struct machine *m, int task)
{
    int steps = 0;
    for (int i = 0; i < m->events && i < EVENTS_MOST; i++)
        steps += m->event[i].task == task && m->event[i].kind == STEP;
    return steps;
}

static void note_events(struct lesson_run *run, const char *name)
{
    static const char *const kinds[] = {"says", "step", "trap", "ended",
                                        "overran"};
    for (int i = 0; i < machine.events && i < EVENTS_MOST; i++) {
        const struct event *e = &machine.event[i];
        lesson_row(run, "%s,%d,%d,%s,%s", name, e->turn, e->task,
                   kinds[e->kind], e->text);
    }
}

/* Plays it; *right: whether the order is the one that it must be. */
static int play(const struct scenario *scenario, bool kill_works, bool *right)
{
    static char text[TEXT];
    machine_begin(&machine, scenario->most);
    machine.foo_steps = scenario->foo_steps;
    machine.kill_is_empty = scenario->kill_is_empty || !kill_works;
    machine.patience_s = scenario->patience_s;
    for (int i = 0; i < 2 && scenario->program[i]; i++)
        if (machine_start(&machine, scenario->program[i]) == 0)
            return -ENOMEM;
    int failed = machine_run(&machine);
    write_transcript(&machine, text);
    *right = strcmp(text, scenario->expected) == 0;
    return failed;
}

static int play_all(struct lesson_run *run, bool kill_works)
{
    char name[72];
    int odd_right = 0;
    for (int i = 0; i < SCENARIOS; i++) {
        bool right = false;
        int failed = play(&scenarios[i], kill_works, &right);
        if (failed)
            return failed;
        note_events(run, scenarios[i].name);
        if (i >= ODD) {
            odd_right += right;
            continue;
        }
        snprintf(name, sizeof name, "%s: in the order that must be",
                 scenarios[i].name);
        lesson_count(run, name, right, "");
        snprintf(name, sizeof name, "%s: steps of task 1", scenarios[i].name);
        lesson_count(run, name, steps_of(&machine, 1), "");
        snprintf(name, sizeof name, "%s: turns", scenarios[i].name);
        lesson_count(run, name, machine.turn, "");
    }
    lesson_count(run, "odd tasks", SCENARIOS - ODD, "");
    lesson_count(run, "odd tasks: answered as defined", odd_right, "");
    return 0;
}

/* What it costs. ---------------------------------------------------------- */

static int turns_asked;
static long wrong_rounds;

struct load {
    int tasks;
    bool (*program)(struct coroutine *);
};

/* Nanoseconds a turn: so many tasks, all of which only yield, or only ask. */
static double one_turn(const void *argument)
{
    const struct load *load = argument;
    machine_begin(&machine, load->tasks);
    machine.silent = true;
    machine.yields = turns_asked / load->tasks;
    for (int i = 0; i < load->tasks; i++)
        if (machine_start(&machine, load->program) == 0) {
            errno = ENOMEM;
            return NAN;
        }
    double began = lesson_now();
    int failed = machine_run(&machine);
    double took = lesson_now() - began;
    errno = -failed;
    /* Each task yields so often, and has one turn more, in which it ends. */
    wrong_rounds += machine.turn != load->tasks * (machine.yields + 1);
    if (load->program == only_asks)
        wrong_rounds +=
            machine.right_answers != (long)load->tasks * machine.yields;
    return failed ? NAN : 1e9 * took / machine.turn;
}

static double one_system_call(const void *argument)
{
    (void)argument;
    double began = lesson_now();
    for (int i = 0; i < turns_asked; i++)
        syscall(SYS_gettid);
    return 1e9 * (lesson_now() - began) / turns_asked;
}

static int measure_cost(struct lesson_run *run)
{
    static const struct load two = {FEW, only_yields},
                             many = {MANY, only_yields},
                             asking = {FEW, only_asks};
    static const struct lesson_way ways[] = {
        {"a turn among 2 tasks", "ns", one_turn, &two},
        {"a turn among 1000 tasks", "ns", one_turn, &many},
        {"a turn with a trap, GetTid", "ns", one_turn, &asking},
        {"the kernel's own, gettid", "ns", one_system_call, NULL},
    };
    turns_asked = (int)lesson_setting(run, "turns");
    wrong_rounds = 0;
    int failed = lesson_rounds(run, ways, sizeof ways / sizeof ways[0],
                               run->quick ? 7 : ROUNDS);
    lesson_count(run, "rounds with a turn or an answer too few",
                 (double)wrong_rounds, "");
    return failed;
}

/* The timeline, event by event. ------------------------------------------- */

static void show_live(double pause_s)
{
    const struct timespec pause = {
        .tv_sec = (time_t)pause_s,
        .tv_nsec = (long)(1e9 * (pause_s - floor(pause_s)))};
    printf("%6s  %-14s%-14s%-14s\n", "turn", "task 1", "task 2", "task 3");
    for (int i = 0; i < machine.events && i < EVENTS_MOST; i++) {
        const struct event *e = &machine.event[i];
        printf("%6d  %*s%s%s\n", e->turn, 14 * (e->task - 1), "",
               e->kind == STEP ? "step " : "", e->text);
        fflush(stdout);
        nanosleep(&pause, NULL);
    }
    putchar('\n');
}

static int measure(struct lesson_run *run)
{
    bool kill_works = lesson_setting(run, "kill") != 0;
    bool right;
    lesson_table(run, "scenario,turn,task,kind,text");
    if (run->live) {
        int failed = play(&scenarios[1], kill_works, &right);
        if (failed)
            return failed;
        show_live(lesson_setting(run, "pause"));
    }
    int failed = play_all(run, kill_works);
    return failed ? failed : measure_cost(run);
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Three tasks take turns in one fixed order, in %.0f turns; "
            "KillTask ends task 1 after %.0f of 8 steps (%.0f when it is "
            "empty); a turn takes %s ns, one with a trap %s ns, and the "
            "kernel's own gettid %s ns.",
            lesson_value(f, "5 steps: turns"),
            lesson_value(f, "8 steps: steps of task 1"),
            lesson_value(f, "8 steps without kill: steps of task 1"),
            LESSON_NUMBER(lesson_value(f, "a turn among 2 tasks")),
            LESSON_NUMBER(lesson_value(f, "a turn with a trap, GetTid")),
            LESSON_NUMBER(lesson_value(f, "the kernel's own, gettid")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    static const char *const orders[] = {
        "5 steps: in the order that must be",
        "8 steps: in the order that must be",
        "8 steps without kill: in the order that must be",
    };
    for (int i = 0; i < 3; i++)
        if (lesson_value(f, orders[i]) != 1)
            return lesson_judgement(LESSON_DOES_NOT_HOLD, "this is not so: %s",
                                    orders[i]);
    double with = lesson_value(f, "8 steps: steps of task 1");
    double without = lesson_value(f, "8 steps without kill: steps of task 1");
    if (with != 5 || without != 8)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "task 1 took %.0f of 8 steps with KillTask "
                                "and %.0f without",
                                with, without);
    double odd = lesson_value(f, "odd tasks");
    double defined = lesson_value(f, "odd tasks: answered as defined");
    if (defined != odd)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "%.0f of %.0f odd tasks were answered as "
                                "defined",
                                defined, odd);
    return lesson_judgement(LESSON_HOLDS,
                            "both orders are exact, KillTask ends task 1 "
                            "after %.0f of 8 steps, and all %.0f odd tasks "
                            "are answered as defined",
                            with, odd);
}

static struct lesson_option options[] = {
    {"kill", "0|1", "0: KillTask does nothing (default 1)", 1, 1, 0, 1},
    {"turns", "N", "In one round of the measurement (default 100000)", 100000,
     20000, 2, 1e6},
    {"pause", "SECONDS", "Between two events of --live (default 0.15)", 0.15,
     0.15, 0, 2},
    {0},
};

static const char *const judged[] = {
    "5 steps: in the order that must be",
    "8 steps: in the order that must be",
    "8 steps without kill: in the order that must be",
    "8 steps: steps of task 1",
    "8 steps without kill: steps of task 1",
    "odd tasks",
    "odd tasks: answered as defined",
    NULL,
};

const struct lesson lesson = {
    .name = "cooperative-scheduler",
    .claim = "A scheduler of coroutines is a small operating system: tasks "
             "take turns, and trap to ask for their id, for a new task, or "
             "for the end of another",
    .about = "coroutines in any language",
    .source = "an article on event loops and coroutines",
    .rule = "both orders are exact, event by event; of 8 steps task 1 takes 5 "
            "where KillTask works and 8 where it is empty; and tasks that "
            "kill one that is gone or themselves, meet an id again, want too "
            "many, yield late or never are answered as defined",
    .live = "First show who does what, turn by turn",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
