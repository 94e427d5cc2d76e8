/*
 * event-loop: a clock ticks while somebody types, on one thread.
 *
 *   wait for the next tick or for input  <-----------+
 *      tick due?   call on_tick, set the next tick   |
 *      input?      read it, call on_line             |
 *      +---------------------------------------------+
 *
 * Four lines make the program: open a loop, watch an input, set a timer, and
 * go round. Everything else is a plain function that the loop calls back.
 * The loop is the one that this project's `async` model runs on.
 */
#include "lessons/event-loop/event-loop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* --- callbacks: plain functions, each soon over ------------------------ */

static void tick(void *data)
{
    struct showing *s = data;
    uint64_t due = s->tick.due_ns;
    s->on_tick(s, due);
    /* The next is due a period after this one was, however late it came. */
    int failed = loop_timer_set(s->loop, &s->tick, due + s->period_ns);
    s->failed = s->failed ? s->failed : failed;
}

/* Calls on_line for each whole line of what was typed; keeps the rest. */
static void take_lines(struct showing *s)
{
    char *end;
    while ((end = memchr(s->text, '\n', s->typed)) != NULL) {
        *end = '\0';
        s->on_line(s, s->text);
        size_t taken = (size_t)(end + 1 - s->text);
        s->typed -= taken;
        memmove(s->text, end + 1, s->typed);
    }
    if (s->typed == sizeof s->text)
        s->typed = 0; /* nobody types so long a line */
}

static void input_came(void *data, int fd, unsigned events)
{
    struct showing *s = data;
    (void)events;
    ssize_t got = read(fd, s->text + s->typed, sizeof s->text - s->typed);
    if (got > 0) {
        s->typed += (size_t)got;
        take_lines(s);
    } else if (got == 0) {
        s->closed = true;
        loop_forget(s->loop, fd); /* it would be ready for ever */
        int failed = loop_watch(s->loop, fd, 0, input_came, s);
        s->failed = s->failed ? s->failed : failed;
    } else if (errno != EAGAIN && errno != EINTR) {
        s->failed = -errno;
    }
}

/* --- the loop ---------------------------------------------------------- */

int tick_and_listen(struct showing *s)
{
    s->tick = (struct loop_timer){.fire = tick, .data = s};

    int failed = loop_open(&s->loop, s->backend);
    if (failed)
        return failed;
    failed = loop_watch(s->loop, s->input, LOOP_READ, input_came, s);
    if (!failed)
        failed = loop_timer_set(s->loop, &s->tick, s->first_tick_ns);
    while (!failed && !s->failed && !s->over)
        failed = loop_once(s->loop);

    loop_close(s->loop);
    return failed ? failed : s->failed;
}

/* --- functions that take their time ------------------------------------ */

/* The second half of the function, called when its wait is over. */
static void add_now(void *data)
{
    struct adding *a = data;
    a->value += a->add;
    a->then(a);
}

/* The first half: it returns at once, and the loop knows the rest. */
static int add_later(struct adding *a)
{
    a->timer = (struct loop_timer){.fire = add_now, .data = a};
    return loop_timer_set(a->loop, &a->timer, loop_now() + a->wait_ns);
}

static int waiting_for;    /* how many are not done */
static int could_not_wait; /* -errno of one that could not be begun */

static void one_is_done(struct adding *a)
{
    (void)a;
    waiting_for--;
}

static void start_the_next(struct adding *a)
{
    waiting_for--;
    a->next->value = a->value;
    could_not_wait = add_later(a->next);
}

static int until_all_are_done(struct loop *loop)
{
    int failed = 0;
    while (!failed && !could_not_wait && waiting_for > 0)
        failed = loop_once(loop);
    return failed ? failed : could_not_wait;
}

int add_together(struct adding *one, struct adding *other)
{
    struct loop *loop;
    int failed = loop_open(&loop, &loop_epoll);
    if (failed)
        return failed;
    one->loop = other->loop = loop;
    one->then = other->then = one_is_done;
    waiting_for = 2;
    failed = add_later(one);
    if (!failed)
        failed = add_later(other);
    if (!failed)
        failed = until_all_are_done(loop);
    loop_close(loop);
    return failed;
}

int add_in_turn(struct adding *one, struct adding *other)
{
    struct loop *loop;
    int failed = loop_open(&loop, &loop_epoll);
    if (failed)
        return failed;
    one->loop = other->loop = loop;
    one->then = start_the_next;
    one->next = other;
    other->then = one_is_done;
    waiting_for = 2;
    could_not_wait = 0;
    failed = add_later(one);
    if (!failed)
        failed = until_all_are_done(loop);
    loop_close(loop);
    return failed;
}
