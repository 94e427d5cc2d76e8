/*
 * odd-tasks.c: tasks that do what a system has to have an answer to, and two
 * to measure with.
 */
#include "lessons/cooperative-scheduler/cooperative-scheduler.h"

#include <stdio.h>

/* --- notes ------------------------------------------------------------- */

void machine_begin(struct machine *m, int most)
{
    *m = (struct machine){.most = most, .foo_steps = 5};
    m->last = &m->first;
}

void note(struct task *task, enum event_kind kind, const char *text)
{
    struct machine *m = task->machine;
    if (m->silent)
        return;
    if (m->events < EVENTS_MOST) {
        struct event *e = &m->event[m->events];
        *e = (struct event){.turn = m->turn, .task = task->id, .kind = kind};
        snprintf(e->text, sizeof e->text, "%s", text);
    }
    m->events++;
}

void note_step(struct task *task)
{
    char text[20];
    snprintf(text, sizeof text, "%d", task->i);
    note(task, STEP, text);
}

/* "kill 2=1": what was asked for, and the answer. */
static void note_answer(struct task *task, const char *what, int id)
{
    char text[20];
    snprintf(text, sizeof text, "%s %d=%d", what, id, (int)task->coroutine.in);
    note(task, SAYS, text);
}

/* --- kills that miss --------------------------------------------------- */

static bool ends_at_once(struct coroutine *co)
{
    CO_BEGIN(co);
    CO_END(co);
}

/* Task 2 has ended by the second yield; there never was a 99. Answer: 0. */
bool kills_who_is_gone(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    CO_TRAP(co, NEW_TASK, .program = ends_at_once);
    self->other = (int)co->in;
    CO_YIELD(co, 0);
    CO_TRAP(co, KILL_TASK, .id = self->other);
    note_answer(self, "kill", self->other);
    CO_TRAP(co, KILL_TASK, .id = 99);
    note_answer(self, "kill", 99);
    CO_END(co);
}

/* It cleans up, and never comes to what follows the trap. */
bool kills_itself(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    CO_TRAP(co, GET_TID);
    self->me = (int)co->in;
    note(self, SAYS, "kills itself");
    CO_TRAP(co, KILL_TASK, .id = self->me);
    note(self, SAYS, "is still here");
    CO_FINALLY(co)
    note(self, SAYS, "cleans up");
    CO_END(co);
}

/* --- ids --------------------------------------------------------------- */

/*
 * Remembers an id and starts tasks until one has it again. The kill meets the
 * new one: an id is a name for a while, here as in any system.
 */
bool meets_an_id_again(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    CO_TRAP(co, NEW_TASK, .program = ends_at_once);
    self->other = (int)co->in;
    do {
        CO_YIELD(co, 0);
        CO_TRAP(co, NEW_TASK, .program = foo);
        note_answer(self, "after", self->machine->last_id);
    } while (co->in != self->other);
    CO_TRAP(co, KILL_TASK, .id = self->other);
    note_answer(self, "kill", self->other);
    CO_END(co);
}

/* All ids are taken, or there is no memory: the answer is 0, no task. */
bool starts_too_many(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    for (self->i = 1; self->i <= self->machine->most; self->i++) {
        CO_TRAP(co, NEW_TASK, .program = foo);
        note_answer(self, "new", self->i);
    }
    CO_END(co);
}

/* --- tasks that do not give way ---------------------------------------- */

bool yields_late(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    for (self->i = 0; self->i < 3; self->i++)
        note_step(self); /* and no yield between */
    CO_END(co);
}

bool never_yields(struct coroutine *co)
{
    volatile unsigned long turns = 0;
    CO_BEGIN(co);
    for (;;)
        turns++;
    CO_FINALLY(co)
    note((struct task *)co, SAYS, "cleans up");
    CO_END(co);
}

/* --- to measure with --------------------------------------------------- */

bool only_yields(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    for (; self->i < self->machine->yields; self->i++)
        CO_YIELD(co, 0);
    CO_END(co);
}

bool only_asks(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    for (; self->i < self->machine->yields; self->i++) {
        CO_TRAP(co, GET_TID);
        self->other += co->in == self->id;
    }
    self->machine->right_answers += self->other;
    CO_END(co);
}
