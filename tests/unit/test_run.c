/* The scoreboard: drawing under contention, the gate, deaths, the stop word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/run.h"

/* ---- Help --------------------------------------------------------------- */

/* A run of a pattern: nothing is fetched here. */
struct fixture {
    struct workload workload;
    struct run run;
};

static void open_spans(struct fixture *fixture, uint64_t count, uint32_t lanes, uint32_t spans)
{
    *fixture = (struct fixture){.workload = {.pattern = "http://a/{}", .count = count}};
    fixture->workload.whole = count;
    assert_int_equal(run_open(&fixture->run, &fixture->workload, lanes, spans), 0);
}

static void open_fixture(struct fixture *fixture, uint64_t count, uint32_t lanes)
{
    open_spans(fixture, count, lanes, 0);
}

static enum outcome outcome_of(const struct run *run, uint64_t index)
{
    return run_record(run, index)->outcome;
}

static bool is_open(const struct run *run)
{
    return run_totals(run).opened_ns != 0;
}

static void reap(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0)
        assert_int_equal(errno, EINTR);
}

/* ---- Each index once ---------------------------------------------------- */

/* The sanitizers watch the code, not the instants: fewer do for them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DRAWS = 50000, KILLS = 10 };
#else
enum { DRAWS = 200000, KILLS = 300 };
#endif
enum { WORKERS = 5 };

struct drawer {
    const struct run *run;
    uint32_t lane;
    _Atomic uint8_t *drawn; /* how often, by index; shared by all drawers */
    pthread_t thread;
};

/* Takes and finishes until dry. False: an index came from beyond the list. */
static bool draw_all(const struct drawer *drawer)
{
    const struct run *run = drawer->run;
    for (uint64_t index; (index = run_take(run, drawer->lane)) != RUN_DRY;) {
        if (index >= DRAWS || outcome_of(run, index) != TAKEN)
            return false;
        atomic_fetch_add(&drawer->drawn[index], 1);
        run_record(run, index)->body_bytes = index;
        run_finish(run, index, FETCHED);
    }
    return true;
}

static void *draw_in_thread(void *data)
{
    struct run own = run_part(((struct drawer *)data)->run, ((struct drawer *)data)->lane, 1);
    return run_ready(&own) == 0 && draw_all(data) ? data : NULL;
}

static void check_each_once(const struct fixture *fixture, const _Atomic uint8_t *drawn)
{
    const struct run *run = &fixture->run;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const struct record *record = run_record(run, i);
        if (drawn[i] != 1 || record->outcome != FETCHED || record->body_bytes != i)
            fail_msg("index %d drawn %d times", (int)i, drawn[i]);
        assert_true(record->lane < WORKERS);
        if (fixture->workload.dispatch == DISPATCH_STATIC)
            assert_int_equal(record->lane, i % WORKERS);
    }
    assert_int_equal(run_totals(run).taken, DRAWS);
    assert_int_equal(run_drawn(run), DRAWS);
    assert_int_equal(run_totals(run).made, WORKERS);
    assert_int_equal(run_totals(run).lost, 0);
}

static _Atomic uint8_t *shared_marks(void)
{
    void *marks = mmap(NULL, DRAWS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(marks, MAP_FAILED);
    return marks;
}

static void check_threads(enum dispatch dispatch)
{
    struct fixture fixture;
    struct drawer drawers[WORKERS];
    _Atomic uint8_t *drawn = shared_marks();
    open_fixture(&fixture, DRAWS, WORKERS);
    fixture.workload.dispatch = dispatch;
    for (uint32_t i = 0; i < WORKERS; i++) {
        drawers[i] = (struct drawer){.run = &fixture.run, .lane = i, .drawn = drawn};
        assert_int_equal(pthread_create(&drawers[i].thread, NULL, draw_in_thread, &drawers[i]), 0);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        void *well = NULL;
        assert_int_equal(pthread_join(drawers[i].thread, &well), 0);
        assert_non_null(well);
    }
    check_each_once(&fixture, drawn);
    munmap((void *)drawn, DRAWS);
    run_free(&fixture.run);
}

static void check_processes(enum dispatch dispatch)
{
    struct fixture fixture;
    pid_t pids[WORKERS], parent = getpid();
    _Atomic uint8_t *drawn = shared_marks();
    open_fixture(&fixture, DRAWS, WORKERS);
    fixture.workload.dispatch = dispatch;
    for (uint32_t i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct run own = run_part(&fixture.run, i, 1);
            struct drawer drawer = {.run = &own, .lane = i, .drawn = drawn};
            _exit(run_forked(&own, parent) == 0 && run_ready(&own) == 0 && draw_all(&drawer) ? 0
                                                                                             : 1);
        }
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        int status = -1;
        reap(pids[i], &status);
        assert_int_equal(status, 0);
    }
    check_each_once(&fixture, drawn);
    munmap((void *)drawn, DRAWS);
    run_free(&fixture.run);
}

static void test_threads_draw_each_index_once_from_the_counter(void **state)
{
    (void)state;
    check_threads(DISPATCH_COUNTER);
}

static void test_threads_draw_each_index_once_by_static_dispatch(void **state)
{
    (void)state;
    check_threads(DISPATCH_STATIC);
}

static void test_processes_draw_each_index_once_from_the_counter(void **state)
{
    (void)state;
    check_processes(DISPATCH_COUNTER);
}

static void test_processes_draw_each_index_once_by_static_dispatch(void **state)
{
    (void)state;
    check_processes(DISPATCH_STATIC);
}

static void test_a_dry_run_stays_dry(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 2, 1);
    assert_int_equal(run_ready(&fixture.run), 0);
    for (uint64_t i = 0; i < 2; i++) {
        assert_int_equal(run_take(&fixture.run, 0), i);
        run_finish(&fixture.run, i, FETCHED);
    }
    assert_true(run_take(&fixture.run, 0) == RUN_DRY);
    assert_true(run_take(&fixture.run, 0) == RUN_DRY);
    assert_int_equal(run_totals(&fixture.run).taken, 2);
    run_free(&fixture.run);
}

/* ---- The gate ----------------------------------------------------------- */

struct waiter {
    struct run own;
    _Atomic int passed; /* 0 waits, 1 passed, 2 was turned away */
    pthread_t thread;
};

static void *wait_at_gate(void *data)
{
    struct waiter *waiter = data;
    waiter->passed = run_ready(&waiter->own) == 0 ? 1 : 2;
    return NULL;
}

static void start_waiter(struct waiter *waiter, const struct run *run, uint32_t lane)
{
    waiter->own = run_part(run, lane, 1);
    waiter->passed = 0;
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_at_gate, waiter), 0);
}

static void await_made(const struct run *run, uint32_t made)
{
    while (run_totals(run).made < made)
        sched_yield();
}

static void test_the_gate_stays_shut_until_the_last_is_ready(void **state)
{
    enum { LANES = 4 };
    struct fixture fixture;
    struct waiter waiters[LANES];
    (void)state;
    open_fixture(&fixture, 10, LANES);
    for (uint32_t i = 0; i < LANES; i++) {
        for (uint32_t k = 0; k < i; k++)
            assert_int_equal(waiters[k].passed, 0);
        assert_false(is_open(&fixture.run));
        start_waiter(&waiters[i], &fixture.run, i);
        await_made(&fixture.run, i + 1);
    }
    for (uint32_t i = 0; i < LANES; i++) {
        assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
        assert_int_equal(waiters[i].passed, 1);
    }
    assert_true(is_open(&fixture.run));
    run_free(&fixture.run);
}

static void test_the_gate_opens_for_the_others_when_one_cannot_be_made(void **state)
{
    (void)state;
    /* Before, between and after those that could be made. */
    for (uint32_t missing = 0; missing < 3; missing++) {
        struct fixture fixture;
        struct waiter waiters[3];
        open_fixture(&fixture, 10, 3);
        for (uint32_t i = 0; i < 3; i++) {
            struct run own = run_part(&fixture.run, i, 1);
            if (i == missing)
                run_lost(&own, false);
            else
                start_waiter(&waiters[i], &fixture.run, i);
        }
        for (uint32_t i = 0; i < 3; i++) {
            if (i == missing)
                continue;
            assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
            assert_int_equal(waiters[i].passed, 1);
        }
        assert_int_equal(run_totals(&fixture.run).made, 2);
        assert_int_equal(run_totals(&fixture.run).lost, 1);
        run_free(&fixture.run);
    }
}

static void test_the_gate_opens_when_all_are_lost(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 10, 3);
    run_lost(&fixture.run, false);
    assert_true(is_open(&fixture.run));
    assert_int_equal(run_totals(&fixture.run).made, 0);
    assert_int_equal(run_totals(&fixture.run).lost, 3);
    run_free(&fixture.run);
}

/* Where in its life a worker ends itself. */
enum death { AT_BIRTH, AFTER_FORKED, WITH_A_URL, WELL };

static _Noreturn void live(const struct run *run, uint32_t lane, pid_t parent, enum death death)
{
    struct run own = run_part(run, lane, 1);
    if (death == AT_BIRTH)
        _exit(1);
    if (run_forked(&own, parent) < 0)
        _exit(2);
    if (death == AFTER_FORKED)
        raise(SIGKILL);
    if (run_ready(&own) < 0)
        _exit(3);
    for (uint64_t index; (index = run_take(&own, lane)) != RUN_DRY;) {
        if (death == WITH_A_URL)
            raise(SIGKILL);
        run_finish(&own, index, FETCHED);
    }
    _exit(0);
}

static void check_death(enum death death, uint32_t who)
{
    enum { LANES = 3, COUNT = 50 };
    struct fixture fixture;
    pid_t pids[LANES], parent = getpid();
    open_fixture(&fixture, COUNT, LANES);
    for (uint32_t i = 0; i < LANES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            live(&fixture.run, i, parent, i == who ? death : WELL);
    }
    for (int left = LANES; left > 0; left--) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        assert_true(pid > 0);
        if (pid != pids[who]) {
            assert_int_equal(status, 0);
            continue;
        }
        struct run own = run_part(&fixture.run, who, 1);
        run_lost(&own, false);
    }
    run_close(&fixture.run);
    uint64_t lost = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        lost += outcome_of(&fixture.run, i) == WORKER_LOST;
        assert_true(outcome_is_final(outcome_of(&fixture.run, i)));
    }
    /* It may also have come too late to draw one. */
    assert_true(death == WITH_A_URL ? lost <= 1 : lost == 0);
    assert_int_equal(run_totals(&fixture.run).lost, 1);
    run_free(&fixture.run);
}

static void test_the_gate_opens_when_a_worker_dies_before_it(void **state)
{
    (void)state;
    for (int death = AT_BIRTH; death < WELL; death++) {
        for (uint32_t who = 0; who < 3; who++)
            check_death((enum death)death, who);
    }
}

static void test_the_gate_opens_when_a_worker_dies_waiting_at_it(void **state)
{
    struct fixture fixture;
    pid_t parent = getpid();
    (void)state;
    open_fixture(&fixture, 10, 2);
    struct run here = run_part(&fixture.run, 0, 1), there = run_part(&fixture.run, 1, 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        live(&fixture.run, 1, parent, WELL);
    await_made(&fixture.run, 1);
    kill(pid, SIGKILL);
    reap(pid, NULL);
    run_lost(&there, false);
    assert_false(is_open(&fixture.run)); /* lane 0 is not there yet */
    assert_int_equal(run_ready(&here), 0);
    assert_true(is_open(&fixture.run));
    run_free(&fixture.run);
}

/* A worker killed at any instant: the others pass the gate, each URL is drawn
 * once at most, and what the dead one held is told from what it had done. */
static void test_a_worker_killed_at_any_instant(void **state)
{
    enum { COUNT = 20000 };
    unsigned seed = 4711;
    (void)state;
    for (int round = 0; round < KILLS; round++) {
        struct fixture fixture;
        pid_t parent = getpid(), pids[2];
        open_fixture(&fixture, COUNT, 2);
        for (uint32_t i = 0; i < 2; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);
            if (pids[i] == 0)
                live(&fixture.run, i, parent, WELL);
        }
        /* A third of the rounds aims at the gate, the rest at the drawing. */
        if (round % 3 != 0) {
            while (!is_open(&fixture.run))
                sched_yield();
        }
        for (int spin = rand_r(&seed) % 20000; spin > 0; spin--)
            (void)run_stopping(&fixture.run);
        kill(pids[0], SIGKILL);
        reap(pids[0], NULL);
        struct run own = run_part(&fixture.run, 0, 1);
        run_lost(&own, false);
        int status = -1;
        reap(pids[1], &status);
        assert_int_equal(status, 0);

        uint64_t lost = 0;
        for (uint64_t i = 0; i < COUNT; i++) {
            const struct record *record = run_record(&fixture.run, i);
            if (record->outcome == FETCHED)
                continue;
            /* Drawn, but not yet held: nobody can know it but run_close. */
            lost++;
            if (record->outcome == UNTAKEN)
                continue;
            assert_int_equal(record->outcome, WORKER_LOST);
            assert_int_equal(record->lane, 0);
            assert_true(record->taken_ns > 0 && record->taken_ns <= record->end_ns);
        }
        assert_true(lost <= 1);
        run_free(&fixture.run);
    }
}

static void test_a_forked_worker_ends_with_its_parent(void **state)
{
    struct fixture fixture;
    int ends[2];
    char byte;
    (void)state;
    open_fixture(&fixture, 1, 1);
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        pid_t own = getpid(), worker = fork();
        if (worker == 0) {
            if (run_forked(&fixture.run, own) == 0 && write(ends[1], "r", 1) == 1)
                pause();
            _exit(1);
        }
        pause();
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1); /* the worker is bound to its parent */
    kill(parent, SIGKILL);
    reap(parent, NULL);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* and nobody holds the other end */
    close(ends[0]);
    run_free(&fixture.run);
}

static void test_a_worker_whose_parent_is_gone_is_told(void **state)
{
    struct fixture fixture;
    int status = -1;
    (void)state;
    open_fixture(&fixture, 1, 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) /* no process is its own parent */
        _exit(run_forked(&fixture.run, getpid()) == -ESRCH ? 0 : 1);
    reap(pid, &status);
    assert_int_equal(status, 0);
    run_free(&fixture.run);
}

/* ---- Lost and replaced -------------------------------------------------- */

static void test_only_what_the_lost_lanes_held_is_lost(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 8, 4);
    const struct run *run = &fixture.run;
    assert_int_equal(run_ready(run), 0);
    for (uint32_t lane = 0; lane < 4; lane++)
        assert_int_equal(run_take(run, lane), lane);
    run_finish(run, 1, FETCHED); /* lane 1 holds nothing now */
    struct run middle = run_part(run, 1, 2);
    run_lost(&middle, false);

    static const enum outcome want[8] = {TAKEN,   FETCHED, WORKER_LOST, TAKEN,
                                         UNTAKEN, UNTAKEN, UNTAKEN,     UNTAKEN};
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(outcome_of(run, i), want[i]);
    assert_int_equal(run_record(run, 2)->lane, 2);
    assert_int_equal(run_totals(run).lost, 2);
    /* Lost twice is lost once: nothing is held any more. */
    assert_int_equal(run_take(run, 0), 4); /* the lanes that live go on */
    run_lost(&middle, false);
    assert_int_equal(outcome_of(run, 4), TAKEN);
    assert_int_equal(run_totals(run).lost, 2);
    run_free(&fixture.run);
}

static void test_a_part_of_a_part_is_counted_from_the_whole(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 20, 10);
    struct run part = run_part(&fixture.run, 3, 6), inner = run_part(&part, 2, 2);
    assert_int_equal(inner.first_lane, 5);
    assert_int_equal(inner.lanes, 2);
    assert_int_equal(run_take(&inner, 6), 6);
    assert_int_equal(run_drawn(&inner), 1);
    assert_int_equal(run_drawn(&part), 1);
    struct run others = run_part(&fixture.run, 0, 6);
    assert_int_equal(run_drawn(&others), 0);
    run_lost(&inner, false);
    assert_int_equal(outcome_of(&fixture.run, 6), WORKER_LOST);
    run_free(&fixture.run);
}

static void check_replacement(enum dispatch dispatch, uint64_t first, uint64_t second)
{
    struct fixture fixture;
    open_fixture(&fixture, 10, 2);
    fixture.workload.dispatch = dispatch;
    const struct run *run = &fixture.run;
    struct run own = run_part(run, 1, 1);
    assert_int_equal(run_ready(run), 0);
    assert_int_equal(run_take(run, 1), first);
    run_lost(&own, true);
    assert_int_equal(outcome_of(run, first), WORKER_LOST);
    assert_int_equal(run_totals(run).rebuilt, 0);
    assert_int_equal(run_ready(&own), 0); /* it does not wait */
    assert_int_equal(run_totals(run).rebuilt, 1);
    assert_int_equal(run_totals(run).made, 2);
    assert_int_equal(run_totals(run).lost, 1);
    assert_int_equal(run_take(run, 1), second); /* not the lost one again */
    run_free(&fixture.run);
}

static void test_a_successor_goes_on_with_the_next_url(void **state)
{
    (void)state;
    check_replacement(DISPATCH_COUNTER, 1, 2);
    check_replacement(DISPATCH_STATIC, 1, 3);
}

static void test_a_successor_that_cannot_be_made_is_not_lost_again(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 10, 2);
    assert_int_equal(run_ready(&fixture.run), 0);
    struct run own = run_part(&fixture.run, 1, 1);
    run_lost(&own, true);
    run_lost(&own, false);
    assert_int_equal(run_totals(&fixture.run).lost, 1);
    assert_int_equal(run_totals(&fixture.run).rebuilt, 0);
    /* Nor one that a worker of many gave up by itself, when that worker dies. */
    run_lost(&own, true);
    run_lost(&fixture.run, false);
    assert_int_equal(run_totals(&fixture.run).lost, 2);
    run_free(&fixture.run);
}

static void test_one_replaced_before_the_gate_does_not_hold_it_up(void **state)
{
    struct fixture fixture;
    struct waiter waiter;
    (void)state;
    open_fixture(&fixture, 10, 2);
    start_waiter(&waiter, &fixture.run, 0);
    await_made(&fixture.run, 1);
    struct run own = run_part(&fixture.run, 1, 1);
    run_lost(&own, true);
    assert_int_equal(pthread_join(waiter.thread, NULL), 0);
    assert_int_equal(waiter.passed, 1);
    assert_int_equal(run_ready(&own), 0);
    assert_int_equal(run_totals(&fixture.run).rebuilt, 1);
    run_free(&fixture.run);
}

/* ---- A lane's first URL ------------------------------------------------- */

static void test_a_lane_that_comes_late_still_finds_its_first(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 6, 3);
    const struct run *run = &fixture.run;
    static const uint64_t quick[] = {0, 3, 4, 5};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(run_take(run, 0), quick[i]);
    assert_true(run_take(run, 0) == RUN_DRY);
    assert_int_equal(run_take(run, 2), 2);
    assert_int_equal(run_take(run, 1), 1);
    assert_true(run_take(run, 1) == RUN_DRY);
    assert_int_equal(run_totals(run).taken, 6);
    run_free(&fixture.run);
}

static void test_the_first_of_a_lane_given_up_falls_to_another(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 5, 4);
    const struct run *run = &fixture.run;
    struct run missing = run_part(run, 2, 2);
    assert_int_equal(run_take(run, 3), 3); /* it drew, and then died */
    run_lost(&missing, false);
    static const uint64_t want[] = {0, 4, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(run_take(run, 0), want[i]);
        run_finish(run, want[i], FETCHED);
    }
    assert_int_equal(run_record(run, 2)->lane, 0);
    assert_true(run_take(run, 0) == RUN_DRY); /* not the one that was drawn, nor lane 1's */
    assert_int_equal(outcome_of(run, 3), WORKER_LOST);
    assert_int_equal(run_take(run, 1), 1);
    run_free(&fixture.run);
}

/* ---- The end ------------------------------------------------------------ */

struct lingerer {
    pthread_t thread;
    struct run own;
    _Atomic bool left;
};

static void *linger(void *data)
{
    struct lingerer *lingerer = data;
    run_done(&lingerer->own);
    lingerer->left = true;
    return NULL;
}

static void start_lingerer(struct lingerer *lingerer, const struct run *run, uint32_t lane)
{
    *lingerer = (struct lingerer){.own = run_part(run, lane, 1)};
    assert_int_equal(pthread_create(&lingerer->thread, NULL, linger, lingerer), 0);
}

static void check_lingering(void (*last)(const struct run *), bool lost)
{
    struct fixture fixture;
    struct lingerer lingerers[2];
    open_fixture(&fixture, 10, 3);
    assert_int_equal(run_ready(&fixture.run), 0);
    struct run third = run_part(&fixture.run, 2, 1), first = run_part(&fixture.run, 0, 1);
    if (lost)
        run_lost(&first, true); /* its successor lingers as well */
    for (uint32_t i = 0; i < 2; i++)
        start_lingerer(&lingerers[i], &fixture.run, i);
    for (int i = 0; i < 100; i++) {
        sched_yield();
        assert_false(lingerers[0].left || lingerers[1].left);
    }
    last(&third);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(lingerers[i].thread, NULL), 0);
    run_free(&fixture.run);
}

static void give_up(const struct run *run)
{
    run_lost(run, false);
}

static void test_who_is_done_lingers_until_all_are(void **state)
{
    (void)state;
    check_lingering(run_done, false);
    check_lingering(run_done, true);
}

static void test_who_is_done_waits_for_no_lane_given_up(void **state)
{
    (void)state;
    check_lingering(give_up, false);
    check_lingering(give_up, true);
}

static void test_who_is_done_leaves_a_stopped_run(void **state)
{
    (void)state;
    check_lingering(run_stop, false);
}

/* ---- Stopping and closing ----------------------------------------------- */

static bool stop_is_readable(const struct run *run)
{
    struct pollfd stop = {.fd = run_stop_fd(run), .events = POLLIN};
    return poll(&stop, 1, 0) == 1 && (stop.revents & POLLIN);
}

static void test_a_stopped_run_is_dry_and_says_so(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 10, 1);
    assert_int_equal(run_ready(&fixture.run), 0);
    assert_false(run_stopping(&fixture.run));
    assert_false(stop_is_readable(&fixture.run));
    assert_int_equal(run_take(&fixture.run, 0), 0);
    errno = 4711;
    run_stop(&fixture.run);
    assert_int_equal(errno, 4711); /* a signal handler's caller may be about to read it */
    assert_true(run_stopping(&fixture.run));
    assert_true(stop_is_readable(&fixture.run));
    assert_true(stop_is_readable(&fixture.run));
    assert_true(run_take(&fixture.run, 0) == RUN_DRY);
    run_finish(&fixture.run, 0, FETCHED); /* what was under way may still end */
    run_close(&fixture.run);
    assert_int_equal(outcome_of(&fixture.run, 0), FETCHED);
    for (uint64_t i = 1; i < 10; i++)
        assert_int_equal(outcome_of(&fixture.run, i), INTERRUPTED);
    run_free(&fixture.run);
}

static void test_whoever_waits_at_the_gate_is_turned_away(void **state)
{
    struct fixture fixture;
    struct waiter waiter;
    (void)state;
    open_fixture(&fixture, 10, 2);
    start_waiter(&waiter, &fixture.run, 0);
    await_made(&fixture.run, 1);
    run_stop(&fixture.run);
    assert_int_equal(pthread_join(waiter.thread, NULL), 0);
    assert_int_equal(waiter.passed, 2);
    assert_false(is_open(&fixture.run));
    run_free(&fixture.run);
}

static void test_closing_leaves_no_record_open_and_changes_no_final_one(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, OUTCOMES + 2, 1);
    assert_int_equal(run_ready(&fixture.run), 0);
    for (uint64_t i = FETCHED; i < OUTCOMES; i++) {
        uint64_t index = run_take(&fixture.run, 0);
        run_finish(&fixture.run, index, (enum outcome)i);
    }
    uint64_t held = run_take(&fixture.run, 0);
    run_close(&fixture.run);
    for (uint64_t i = FETCHED; i < OUTCOMES; i++)
        assert_int_equal(outcome_of(&fixture.run, i - FETCHED), i);
    for (uint64_t i = held; i < OUTCOMES + 2; i++)
        assert_int_equal(outcome_of(&fixture.run, i), WORKER_LOST);
    run_free(&fixture.run);
}

/* ---- Counting ----------------------------------------------------------- */

static void *count_many(void *data)
{
    for (int i = 0; i < 10000; i++) {
        run_count(data, RUN_CONNECTIONS, 1);
        run_count(data, RUN_RETRIED, 3);
    }
    return NULL;
}

static void test_totals_add_up(void **state)
{
    enum { THREADS = 4 };
    struct fixture fixture;
    pthread_t threads[THREADS];
    (void)state;
    open_fixture(&fixture, 10, 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, &fixture.run), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct run_totals totals = run_totals(&fixture.run);
    assert_int_equal(totals.count[RUN_CONNECTIONS], THREADS * 10000);
    assert_int_equal(totals.count[RUN_RETRIED], THREADS * 30000);
    assert_int_equal(totals.taken, 0);
    assert_int_equal(totals.opened_ns, 0);
    run_free(&fixture.run);
}

static void test_spans_beyond_the_room_are_counted_not_kept(void **state)
{
    struct fixture fixture;
    (void)state;
    open_spans(&fixture, 1, 1, 3);
    assert_true(run_tracing(&fixture.run));
    for (uint64_t i = 0; i < 5; i++)
        run_computed(&fixture.run, 0, i, i + 1);
    assert_int_equal(run_totals(&fixture.run).spans, 3);
    assert_int_equal(run_totals(&fixture.run).spans_lost, 2);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(run_spans(&fixture.run)[i].begin_ns, i);
    run_free(&fixture.run);
    open_fixture(&fixture, 1, 1);
    assert_false(run_tracing(&fixture.run));
    run_free(&fixture.run);
    run_free(&fixture.run); /* a second time is nothing */
}

static void test_every_outcome_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < OUTCOMES; i++) {
        assert_non_null(outcome_name((enum outcome)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(outcome_name((enum outcome)i), outcome_name((enum outcome)k));
    }
    assert_string_equal(outcome_name(WORKER_LOST), "worker_lost");
    assert_string_equal(outcome_name(OUTCOMES), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_draw_each_index_once_from_the_counter),
        cmocka_unit_test(test_threads_draw_each_index_once_by_static_dispatch),
        cmocka_unit_test(test_processes_draw_each_index_once_from_the_counter),
        cmocka_unit_test(test_processes_draw_each_index_once_by_static_dispatch),
        cmocka_unit_test(test_a_dry_run_stays_dry),
        cmocka_unit_test(test_the_gate_stays_shut_until_the_last_is_ready),
        cmocka_unit_test(test_the_gate_opens_for_the_others_when_one_cannot_be_made),
        cmocka_unit_test(test_the_gate_opens_when_all_are_lost),
        cmocka_unit_test(test_the_gate_opens_when_a_worker_dies_before_it),
        cmocka_unit_test(test_the_gate_opens_when_a_worker_dies_waiting_at_it),
        cmocka_unit_test(test_a_worker_killed_at_any_instant),
        cmocka_unit_test(test_a_forked_worker_ends_with_its_parent),
        cmocka_unit_test(test_a_worker_whose_parent_is_gone_is_told),
        cmocka_unit_test(test_only_what_the_lost_lanes_held_is_lost),
        cmocka_unit_test(test_a_part_of_a_part_is_counted_from_the_whole),
        cmocka_unit_test(test_a_successor_goes_on_with_the_next_url),
        cmocka_unit_test(test_a_successor_that_cannot_be_made_is_not_lost_again),
        cmocka_unit_test(test_a_lane_that_comes_late_still_finds_its_first),
        cmocka_unit_test(test_the_first_of_a_lane_given_up_falls_to_another),
        cmocka_unit_test(test_who_is_done_lingers_until_all_are),
        cmocka_unit_test(test_who_is_done_waits_for_no_lane_given_up),
        cmocka_unit_test(test_who_is_done_leaves_a_stopped_run),
        cmocka_unit_test(test_one_replaced_before_the_gate_does_not_hold_it_up),
        cmocka_unit_test(test_a_stopped_run_is_dry_and_says_so),
        cmocka_unit_test(test_whoever_waits_at_the_gate_is_turned_away),
        cmocka_unit_test(test_closing_leaves_no_record_open_and_changes_no_final_one),
        cmocka_unit_test(test_totals_add_up),
        cmocka_unit_test(test_spans_beyond_the_room_are_counted_not_kept),
        cmocka_unit_test(test_every_outcome_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
