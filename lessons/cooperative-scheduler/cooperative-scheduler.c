/*
 * cooperative-scheduler: coroutines make a small operating system.
 *
 *   ready:  [task 1] [task 2] [task 3]
 *            the first one runs, to its next yield; then it is put at the end
 *
 * A task that yields a trap asks for what only the system may do: GetTid,
 * NewTask, KillTask. It is answered when its turn comes again. Nobody takes
 * the processor from a task: it gives way, or it does not.
 */
#include "lessons/cooperative-scheduler/cooperative-scheduler.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

/* --- two programs ------------------------------------------------------ */

bool foo(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    CO_TRAP(co, GET_TID);
    self->me = (int)co->in;
    note(self, SAYS, "greets");
    for (self->i = 0; self->i < self->machine->foo_steps; self->i++) {
        note_step(self);
        CO_YIELD(co, 0);
    }
    CO_END(co);
}

bool bar(struct coroutine *co)
{
    struct task *self = (struct task *)co;
    CO_BEGIN(co);
    CO_TRAP(co, GET_TID);
    self->me = (int)co->in;
    note(self, SAYS, "greets");
    CO_TRAP(co, NEW_TASK, .program = foo);
    for (self->i = 0; self->i < 3; self->i++) {
        note_step(self);
        CO_YIELD(co, 0);
    }
    CO_TRAP(co, KILL_TASK, .id = 1);
    CO_END(co);
}

/* --- the queue --------------------------------------------------------- */

static void put_at_the_end(struct machine *m, struct task *task)
{
    task->next = NULL;
    *m->last = task;
    m->last = &task->next;
}

static struct task *take_the_first(struct machine *m)
{
    struct task *task = m->first;
    m->first = task->next;
    if (m->first == NULL)
        m->last = &m->first;
    return task;
}

/* The one that runs is in no queue. */
static struct task *find(struct machine *m, int id)
{
    if (m->running != NULL && m->running->id == id)
        return m->running;
    for (struct task *task = m->first; task != NULL; task = task->next)
        if (task->id == id)
            return task;
    return NULL;
}

/* --- what the system does for a task ----------------------------------- */

/* The next id that nobody has, so that one comes again as late as it can. */
int machine_start(struct machine *m, bool (*program)(struct coroutine *))
{
    for (int tried = 0; tried < m->most; tried++) {
        m->last_id = m->last_id % m->most + 1;
        if (find(m, m->last_id) != NULL)
            continue;
        struct task *task = calloc(1, sizeof *task);
        if (task == NULL)
            return 0;
        task->coroutine.step = program;
        task->machine = m;
        task->id = m->last_id;
        put_at_the_end(m, task);
        return task->id;
    }
    return 0;
}

/* It cleans up at once, and is gone when its turn comes. */
static bool kill_task(struct machine *m, int id)
{
    if (m->kill_is_empty)
        return true;
    struct task *task = find(m, id);
    if (task == NULL || task->killed)
        return false;
    coroutine_close(&task->coroutine);
    task->killed = true;
    return true;
}

static intptr_t answer_to(struct machine *m, struct task *asker)
{
    const struct trap *trap = &asker->trap;
    static const char *const names[] = {"GetTid", "NewTask", "KillTask"};
    note(asker, TRAP, names[trap->kind]);
    switch (trap->kind) {
    case GET_TID:
        return asker->id;
    case NEW_TASK:
        return machine_start(m, trap->program);
    case KILL_TASK:
        return kill_task(m, trap->id);
    }
    return 0;
}

/* --- a task that never yields ------------------------------------------ */

/* Only a timer can take the processor away. What the task was in the midst
 * of, nobody knows: it is not cleaned up. */
static sigjmp_buf taken_away;

static void take_away(int signal)
{
    (void)signal;
    siglongjmp(taken_away, 1);
}

/* Begins to count the processor's time, or stops counting, with 0. */
static void set_timer(double seconds)
{
    struct itimerval timer = {.it_value.tv_usec = (suseconds_t)(1e6 * seconds)};
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

/* Runs a task to its next yield. False: it will not run again. */
static bool run_a_turn(struct machine *m, struct task *task)
{
    if (m->patience_s == 0)
        return coroutine_resume(&task->coroutine, task->answer);
    if (sigsetjmp(taken_away, 1) != 0) {
        note(task, OVERRAN, "overran");
        return false;
    }
    set_timer(m->patience_s);
    bool stopped = coroutine_resume(&task->coroutine, task->answer);
    set_timer(0);
    return stopped;
}

/* --- the system -------------------------------------------------------- */

int machine_run(struct machine *m)
{
    struct sigaction alarmed = {.sa_handler = take_away}, before;
    if (sigaction(SIGVTALRM, &alarmed, &before) != 0)
        return -errno;
    while (m->first != NULL) {
        struct task *task = m->running = take_the_first(m);
        m->turn++;
        if (run_a_turn(m, task)) {
            bool trapped = task->coroutine.out != 0;
            task->answer = trapped ? answer_to(m, task) : 0;
            put_at_the_end(m, task); /* behind one that it started */
        } else {
            note(task, ENDED, "ended");
            free(task);
        }
        m->running = NULL;
    }
    return sigaction(SIGVTALRM, &before, NULL) == 0 ? 0 : -errno;
}
