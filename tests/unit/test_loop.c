/* The event loop, once with each backend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "async/loop.h"
#include "async/loop_backend.h"

/* ---- Help --------------------------------------------------------------- */

/* A watched descriptor, and what the loop said of it. */
struct seen {
    int calls;
    unsigned events; /* of the last call */
    int fd;
};

static void note(void *data, int fd, unsigned events)
{
    struct seen *seen = data;
    seen->calls++;
    seen->events = events;
    seen->fd = fd;
}

static struct loop *open_loop(void **state)
{
    struct loop *loop = NULL;
    assert_int_equal(loop_open(&loop, *state), 0);
    return loop;
}

static void nothing(void *data)
{
    (void)data;
}

/* One turn of the loop that does not wait for long: a timer that is due. */
static void turn(struct loop *loop)
{
    struct loop_timer now = {.fire = nothing};
    assert_int_equal(loop_timer_set(loop, &now, 0), 0);
    assert_int_equal(loop_once(loop), 0);
    loop_timer_cancel(loop, &now);
}

static void make_pair(int ends[static 2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void fill(int fd)
{
    static const char block[65536];
    while (write(fd, block, sizeof block) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static void drain(int fd)
{
    static char block[65536];
    while (read(fd, block, sizeof block) > 0)
        ;
}

/* ---- Descriptors -------------------------------------------------------- */

static void test_readable_as_long_as_it_holds(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    int ends[2];
    make_pair(ends);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
    assert_int_equal(loop_watched(loop, ends[0]), LOOP_READ);
    turn(loop);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn(loop);
    turn(loop);
    assert_int_equal(seen.calls, 2); /* level-triggered */
    assert_int_equal(seen.events, LOOP_READ);
    assert_int_equal(seen.fd, ends[0]);
    drain(ends[0]);
    turn(loop);
    assert_int_equal(seen.calls, 2);
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

static void test_writable_until_the_buffer_is_full(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    int ends[2];
    make_pair(ends);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_WRITE, note, &seen), 0);
    turn(loop);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.events, LOOP_WRITE);
    fill(ends[0]);
    turn(loop);
    assert_int_equal(seen.calls, 1);
    drain(ends[1]);
    turn(loop);
    assert_int_equal(seen.calls, 2);
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

static void test_both_are_told_at_once(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    int ends[2];
    make_pair(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ | LOOP_WRITE, note, &seen), 0);
    turn(loop);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.events, LOOP_READ | LOOP_WRITE);
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

static void test_what_is_watched_for_can_change(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0}, other = {0};
    int ends[2];
    make_pair(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_WRITE, note, &seen), 0);
    turn(loop);
    assert_int_equal(seen.events, LOOP_WRITE);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &other), 0);
    turn(loop);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(other.events, LOOP_READ);
    /* The same events for somebody else. */
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
    turn(loop);
    assert_int_equal(seen.calls, 2);
    assert_int_equal(other.calls, 1);
    /* And for nobody. */
    assert_int_equal(loop_watch(loop, ends[0], 0, NULL, NULL), 0);
    assert_int_equal(loop_watched(loop, ends[0]), 0);
    turn(loop);
    assert_int_equal(seen.calls, 2);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

static void test_a_hang_up_wakes_whoever_watches(void **state)
{
    static const unsigned watched[] = {LOOP_READ, LOOP_WRITE, LOOP_READ | LOOP_WRITE};
    for (size_t i = 0; i < 3; i++) {
        struct loop *loop = open_loop(state);
        struct seen seen = {0};
        int ends[2];
        make_pair(ends);
        fill(ends[0]); /* so that only the hang-up can make it writable */
        assert_int_equal(loop_watch(loop, ends[0], watched[i], note, &seen), 0);
        turn(loop);
        assert_int_equal(seen.calls, 0);
        close(ends[1]);
        turn(loop);
        assert_int_equal(seen.calls, 1);
        assert_int_equal(seen.events, watched[i]);
        loop_forget(loop, ends[0]);
        close(ends[0]);
        loop_close(loop);
    }
}

static void test_what_cannot_be_watched_is_refused(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    assert_int_equal(loop_watch(loop, -1, LOOP_READ, note, &seen), -EBADF);
    assert_int_equal(loop_watched(loop, -1), 0);
    assert_int_equal(loop_watched(loop, 1 << 20), 0);
    loop_forget(loop, -1);
    loop_forget(loop, 1 << 20);
    loop_close(loop);
    loop_close(NULL);
}

/* A callback that forgets and closes another ready descriptor, and opens a new
 * one, which gets the same number. */
struct reuse {
    struct loop *loop;
    int pair[2];  /* closed by the callback that comes first */
    int replaced; /* what came instead */
    int far_end;  /* of the new one */
    struct seen fresh;
    int first_calls;
};

static void close_and_reuse(void *data, int fd, unsigned events)
{
    struct reuse *reuse = data;
    int ends[2];
    (void)events;
    if (reuse->first_calls++ > 0)
        return;
    int other = fd == reuse->pair[0] ? reuse->pair[1] : reuse->pair[0];
    loop_forget(reuse->loop, other);
    close(other);
    make_pair(ends);
    reuse->replaced = ends[0];
    reuse->far_end = ends[1];
    loop_watch(reuse->loop, ends[0], LOOP_READ, note, &reuse->fresh);
}

static void test_a_number_that_comes_back_is_another_descriptor(void **state)
{
    struct loop *loop = open_loop(state);
    struct reuse reuse = {.loop = loop};
    make_pair(reuse.pair);
    /* Both are writable, and both are in the same batch. */
    for (int i = 0; i < 2; i++)
        assert_int_equal(loop_watch(loop, reuse.pair[i], LOOP_WRITE, close_and_reuse, &reuse), 0);
    turn(loop);
    /* The old one's event (writable) was not handed to the new one's watch. */
    assert_int_equal(reuse.first_calls, 1);
    assert_int_equal(reuse.fresh.calls, 0);
    assert_true(reuse.replaced == reuse.pair[0] || reuse.replaced == reuse.pair[1]);
    turn(loop);
    assert_int_equal(reuse.fresh.calls, 0);
    assert_int_equal(write(reuse.far_end, "x", 1), 1);
    turn(loop);
    assert_int_equal(reuse.fresh.calls, 1);
    loop_close(loop);
    close(reuse.pair[0]);
    close(reuse.pair[1]);
    close(reuse.far_end);
}

static void test_a_descriptor_that_was_dropped_can_be_watched_again(void **state)
{
    struct loop *loop = open_loop(state);
    for (int round = 0; round < 5; round++) {
        struct seen seen = {0};
        int ends[2];
        make_pair(ends); /* the same numbers each round */
        assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
        assert_int_equal(write(ends[1], "x", 1), 1);
        turn(loop);
        assert_int_equal(seen.calls, 1);
        loop_forget(loop, ends[0]);
        assert_int_equal(loop_watched(loop, ends[0]), 0);
        close(ends[0]);
        close(ends[1]);
        turn(loop);
        assert_int_equal(seen.calls, 1);
    }
    loop_close(loop);
}

/* As libcurl does with its resolver's sockets: no longer watched, then closed,
 * and the number comes back before the loop has waited again. */
static void test_a_number_that_was_let_go_comes_back_at_once(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    int ends[2], number;
    make_pair(ends);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
    turn(loop);
    number = ends[0];
    assert_int_equal(loop_watch(loop, number, 0, NULL, NULL), 0);
    close(ends[0]);
    close(ends[1]);
    make_pair(ends);
    assert_int_equal(ends[0], number);
    assert_int_equal(loop_watch(loop, number, LOOP_READ, note, &seen), 0);
    turn(loop);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn(loop);
    assert_int_equal(seen.calls, 1);
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

/* More are ready than one wait reports: none may starve. */
static void test_all_are_served_when_more_are_ready_than_a_batch_holds(void **state)
{
    enum { PAIRS = LOOP_BATCH + 100 };
    static int ends[PAIRS][2];
    static struct seen seen[PAIRS];
    struct loop *loop = open_loop(state);
    for (int i = 0; i < PAIRS; i++) {
        seen[i] = (struct seen){0};
        make_pair(ends[i]);
        assert_int_equal(loop_watch(loop, ends[i][0], LOOP_WRITE, note, &seen[i]), 0);
    }
    turn(loop);
    turn(loop);
    for (int i = 0; i < PAIRS; i++)
        assert_true(seen[i].calls >= 1 && seen[i].calls <= 2);
    for (int round = 0; round < 30; round++)
        turn(loop);
    int least = seen[0].calls, most = seen[0].calls;
    for (int i = 0; i < PAIRS; i++) {
        least = seen[i].calls < least ? seen[i].calls : least;
        most = seen[i].calls > most ? seen[i].calls : most;
        loop_forget(loop, ends[i][0]);
        close(ends[i][0]);
        close(ends[i][1]);
    }
    assert_true(most - least <= 1);
    loop_close(loop);
}

static void test_numbers_up_to_the_backends_bound(void **state)
{
    const struct loop_backend *backend = *state;
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    int ends[2], bound = loop_backend_max(backend) > 0 ? loop_backend_max(backend) : 1024;
    make_pair(ends);
    /* The last number that may be watched, and the one after it. */
    for (int number = bound - 1; number <= bound; number++) {
        int fd = fcntl(ends[0], F_DUPFD_CLOEXEC, number);
        assert_int_equal(fd, number);
        int want = number == loop_backend_max(backend) ? -ERANGE : 0;
        assert_int_equal(loop_watch(loop, fd, LOOP_WRITE, note, &seen), want);
        seen.calls = 0;
        turn(loop);
        assert_int_equal(seen.calls, want == 0);
        assert_int_equal(loop_watch(loop, fd, 0, NULL, NULL), want);
        close(fd);
    }
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

/* What a model that watches many at random should be told, against what the
 * loop tells. */
static void test_random_watching_against_a_naive_table(void **state)
{
    enum { PAIRS = 40, STEPS = 2000 };
    struct loop *loop = open_loop(state);
    struct seen seen[PAIRS] = {0};
    unsigned watched[PAIRS] = {0}, seed = 4711;
    bool readable[PAIRS] = {0}, full[PAIRS] = {0};
    int ends[PAIRS][2];
    for (int i = 0; i < PAIRS; i++)
        make_pair(ends[i]);
    for (int step = 0; step < STEPS; step++) {
        int i = rand_r(&seed) % PAIRS;
        switch (rand_r(&seed) % 6) {
        case 0:
            readable[i] = true;
            assert_true(write(ends[i][1], "x", 1) == 1);
            break;
        case 1:
            readable[i] = false;
            drain(ends[i][0]);
            break;
        case 2:
            full[i] = !full[i];
            full[i] ? fill(ends[i][0]) : drain(ends[i][1]);
            break;
        case 3: /* closed, and its number comes back with another */
            loop_forget(loop, ends[i][0]);
            close(ends[i][0]);
            close(ends[i][1]);
            make_pair(ends[i]);
            watched[i] = 0;
            readable[i] = full[i] = false;
            break;
        default:
            watched[i] = (unsigned)rand_r(&seed) % 4;
            assert_int_equal(loop_watch(loop, ends[i][0], watched[i], note, &seen[i]), 0);
        }
        for (int k = 0; k < PAIRS; k++)
            seen[k] = (struct seen){0};
        turn(loop);
        for (int k = 0; k < PAIRS; k++) {
            unsigned want = watched[k] & ((readable[k] ? LOOP_READ : 0u) |
                                          (full[k] ? 0u : (unsigned)LOOP_WRITE));
            assert_int_equal(seen[k].events, want);
            assert_int_equal(seen[k].calls, want != 0);
        }
    }
    for (int i = 0; i < PAIRS; i++) {
        loop_forget(loop, ends[i][0]);
        close(ends[i][0]);
        close(ends[i][1]);
    }
    loop_close(loop);
}

static void test_without_a_timer_it_waits_for_a_descriptor(void **state)
{
    struct loop *loop = open_loop(state);
    struct seen seen = {0};
    int ends[2];
    make_pair(ends);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_once(loop), 0);
    assert_int_equal(seen.calls, 1);
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

static volatile sig_atomic_t signals_seen;

static void on_alarm(int number)
{
    (void)number;
    signals_seen++;
}

/* A signal that is handled may end a wait early, and is no error. */
static void test_a_signal_is_no_error(void **state)
{
    const struct sigaction handled = {.sa_handler = on_alarm};
    const struct itimerval often = {{.tv_usec = 5000}, {.tv_usec = 5000}}, never = {{0}, {0}};
    struct sigaction before;
    struct loop *loop = open_loop(state);
    struct loop_timer end = {.fire = nothing};
    struct seen seen = {0};
    int ends[2];
    make_pair(ends);
    assert_int_equal(loop_watch(loop, ends[0], LOOP_READ, note, &seen), 0);
    assert_int_equal(sigaction(SIGALRM, &handled, &before), 0);
    signals_seen = 0;
    assert_int_equal(loop_timer_set(loop, &end, loop_now() + 40 * 1000 * 1000), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (end.place != 0)
        assert_int_equal(loop_once(loop), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(signals_seen > 0);
    assert_int_equal(seen.calls, 0);
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    loop_close(loop);
}

/* ---- Timers ------------------------------------------------------------- */

enum { TIMERS = 300 };

struct alarm {
    struct loop_timer timer;
    bool set;
    uint64_t due;
};

struct alarms {
    struct loop *loop;
    struct alarm all[TIMERS];
    uint64_t last_due; /* of the last that fired */
    int fired;
    bool in_order, known;
};

static struct alarms alarms;

static void fired(void *data)
{
    struct alarm *alarm = data;
    alarms.in_order &= alarm->due >= alarms.last_due;
    alarms.known &= alarm->set && alarm->timer.place == 0;
    alarms.last_due = alarm->due;
    alarms.fired++;
    alarm->set = false;
}

static void open_alarms(void **state)
{
    alarms = (struct alarms){.loop = open_loop(state), .in_order = true, .known = true};
    for (int i = 0; i < TIMERS; i++)
        alarms.all[i].timer = (struct loop_timer){.fire = fired, .data = &alarms.all[i]};
}

static void set_alarm(struct alarm *alarm, uint64_t due)
{
    assert_int_equal(loop_timer_set(alarms.loop, &alarm->timer, due), 0);
    alarm->set = true;
    alarm->due = due;
}

static void test_timers_fire_in_order_and_once(void **state)
{
    unsigned seed = 1;
    open_alarms(state);
    for (int i = 0; i < TIMERS; i++) /* all are due, many at the same instant */
        set_alarm(&alarms.all[i], 1 + (uint64_t)rand_r(&seed) % 50);
    assert_int_equal(loop_once(alarms.loop), 0);
    assert_int_equal(alarms.fired, TIMERS);
    assert_true(alarms.in_order && alarms.known);
    turn(alarms.loop);
    assert_int_equal(alarms.fired, TIMERS);
    loop_close(alarms.loop);
}

/* Against a naive list: random setting, moving and cancelling; what is due
 * fires in order, and nothing else does. */
static void test_random_timers_against_a_naive_list(void **state)
{
    const uint64_t never = UINT64_MAX / 2; /* years away */
    unsigned seed = 4711;
    open_alarms(state);
    for (int round = 0; round < 200; round++) {
        for (int step = 0; step < 200; step++) {
            struct alarm *alarm = &alarms.all[rand_r(&seed) % TIMERS];
            if (rand_r(&seed) % 3 == 0) {
                loop_timer_cancel(alarms.loop, &alarm->timer);
                alarm->set = false;
            } else {
                uint64_t due = 1 + (uint64_t)rand_r(&seed) % 1000;
                set_alarm(alarm, rand_r(&seed) % 2 ? due : never + due);
            }
        }
        int due = 0, later = 0;
        for (int i = 0; i < TIMERS; i++) {
            assert_int_equal(alarms.all[i].set, alarms.all[i].timer.place != 0);
            due += alarms.all[i].set && alarms.all[i].due < never;
            later += alarms.all[i].set && alarms.all[i].due >= never;
        }
        alarms.fired = 0;
        alarms.last_due = 0;
        turn(alarms.loop);
        assert_int_equal(alarms.fired, due);
        assert_true(alarms.in_order && alarms.known);
        for (int i = 0; i < TIMERS; i++)
            later -= alarms.all[i].set;
        assert_int_equal(later, 0);
    }
    loop_close(alarms.loop);
}

static void cancel_the_next(void *data)
{
    struct alarm *alarm = data;
    fired(alarm);
    loop_timer_cancel(alarms.loop, &alarm[1].timer);
    alarm[1].set = false;
}

static void test_a_timer_may_cancel_another_that_is_due(void **state)
{
    open_alarms(state);
    alarms.all[0].timer.fire = cancel_the_next;
    for (int i = 0; i < 3; i++)
        set_alarm(&alarms.all[i], 1 + (uint64_t)i);
    assert_int_equal(loop_once(alarms.loop), 0);
    assert_int_equal(alarms.fired, 2);
    assert_true(alarms.in_order && alarms.known);
    loop_close(alarms.loop);
}

static void set_again_far_away(void *data)
{
    struct alarm *alarm = data;
    fired(alarm);
    set_alarm(alarm, UINT64_MAX / 2);
}

static void test_a_timer_may_set_itself_again(void **state)
{
    open_alarms(state);
    alarms.all[0].timer.fire = set_again_far_away;
    set_alarm(&alarms.all[0], 1);
    assert_int_equal(loop_once(alarms.loop), 0);
    turn(alarms.loop);
    assert_int_equal(alarms.fired, 1);
    assert_true(alarms.all[0].timer.place != 0);
    loop_close(alarms.loop);
}

static void set_again_for_now(void *data)
{
    struct alarm *alarm = data;
    fired(alarm);
    set_alarm(alarm, 0);
}

/* As a fetch that fails at once, whose lane takes the next. */
static void test_a_timer_that_sets_itself_for_now_lets_the_others_in(void **state)
{
    int ends[2];
    struct seen seen = {0};
    open_alarms(state);
    make_pair(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_watch(alarms.loop, ends[0], LOOP_READ, note, &seen), 0);
    alarms.all[0].timer.fire = set_again_for_now;
    set_alarm(&alarms.all[0], 0);
    for (int turns = 0; turns < 3; turns++)
        assert_int_equal(loop_once(alarms.loop), 0);
    assert_true(alarms.fired <= 3 && seen.calls > 0);
    loop_close(alarms.loop);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_timer_is_not_early(void **state)
{
    open_alarms(state);
    uint64_t due = loop_now() + 3 * 1000 * 1000;
    set_alarm(&alarms.all[0], due);
    while (alarms.fired == 0) {
        assert_int_equal(loop_once(alarms.loop), 0);
        assert_true(alarms.fired == 0 || loop_now() >= due);
    }
    loop_close(alarms.loop);
}

/* ---- Who is told of the waits, and the table of backends ---------------- */

static void count_waits(void *data, int begins)
{
    int *balance = data;
    balance[0] += begins ? 1 : -1;
    balance[1] += 1;
}

static void test_each_wait_is_told_before_and_after(void **state)
{
    struct loop *loop = open_loop(state);
    int told[2] = {0, 0};
    loop_on_wait(loop, count_waits, told);
    turn(loop);
    turn(loop);
    assert_int_equal(told[0], 0);
    assert_int_equal(told[1], 4);
    loop_close(loop);
}

static void test_a_backend_is_found_by_its_name(void **state)
{
    const struct loop_backend *backend = *state;
    assert_ptr_equal(loop_backend_named(loop_backend_name(backend)), backend);
    assert_null(loop_backend_named("kqueue"));
    assert_null(loop_backend_named(""));
}

int main(void)
{
    enum { BACKENDS = 5 };
    const struct loop_backend *const backends[BACKENDS] = {&loop_select, &loop_poll, &loop_epoll,
                                                           &loop_uring, &loop_libuv};
    struct rlimit limit;
    int failed = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1100) {
        limit.rlim_cur = 1100;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (size_t i = 0; i < BACKENDS; i++) {
        void *backend = (void *)backends[i];
        if (loop_backend_refused(backend) != NULL)
            continue; /* not on this machine */
#define WITH(name)                       \
    {                                    \
#name, name, NULL, NULL, backend \
    }
        const struct CMUnitTest tests[] = {
            WITH(test_readable_as_long_as_it_holds),
            WITH(test_writable_until_the_buffer_is_full),
            WITH(test_both_are_told_at_once),
            WITH(test_what_is_watched_for_can_change),
            WITH(test_a_hang_up_wakes_whoever_watches),
            WITH(test_what_cannot_be_watched_is_refused),
            WITH(test_a_number_that_comes_back_is_another_descriptor),
            WITH(test_a_descriptor_that_was_dropped_can_be_watched_again),
            WITH(test_a_number_that_was_let_go_comes_back_at_once),
            WITH(test_all_are_served_when_more_are_ready_than_a_batch_holds),
            WITH(test_numbers_up_to_the_backends_bound),
            WITH(test_random_watching_against_a_naive_table),
            WITH(test_without_a_timer_it_waits_for_a_descriptor),
            WITH(test_a_signal_is_no_error),
            WITH(test_timers_fire_in_order_and_once),
            WITH(test_random_timers_against_a_naive_list),
            WITH(test_a_timer_may_cancel_another_that_is_due),
            WITH(test_a_timer_may_set_itself_again),
            WITH(test_a_timer_that_sets_itself_for_now_lets_the_others_in),
            WITH(test_a_timer_is_not_early),
            WITH(test_each_wait_is_told_before_and_after),
            WITH(test_a_backend_is_found_by_its_name),
        };
        failed += cmocka_run_group_tests_name(loop_backend_name(backends[i]), tests, NULL, NULL);
    }
    return failed;
}
