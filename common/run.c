#include "common/run.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A lane's worker, as the gate and the end see it. The gate waits for the
 * first of these, the end for the first three. */
enum lane_state {
    LANE_BUILDING, /* not at the gate yet */
    LANE_VACANT,   /* its worker is gone and is to be replaced */
    LANE_READY,    /* reached the gate */
    LANE_DONE,     /* found nothing more to take */
    LANE_GIVEN_UP, /* its worker is gone for good */
};

/* A cache line each, since every lane writes its own at each URL. */
struct lane {
    alignas(64) _Atomic uint64_t held; /* the index it is fetching, or RUN_DRY */
    _Atomic uint64_t drawn;            /* how many it has drawn */
    _Atomic uint8_t state;
};

struct scoreboard {
    /* Drawn from at every URL, and alone on its cache line. */
    alignas(64) _Atomic uint64_t cursor;

    alignas(64) _Atomic uint32_t stop;
    _Atomic uint32_t gate;     /* 0 shut, 1 open; waited for as a futex */
    _Atomic uint32_t building; /* lanes not at the gate yet, while none was lost */
    _Atomic uint32_t fetching; /* lanes not done yet, while none was lost */
    _Atomic uint32_t bereft;   /* a lane was lost: look at the states instead */
    _Atomic uint64_t opened_ns;
    _Atomic uint32_t made, lost, rebuilt;
    _Atomic uint64_t count[RUN_COUNTS];
    _Atomic uint64_t spans; /* asked for; those beyond span_room are lost */

    /* Fixed when the run is opened. Offsets are in bytes from the scoreboard. */
    size_t bytes, records_at, spans_at;
    uint32_t lanes, span_room;
    int stop_fd, done_fd;

    struct lane lane[];
};

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock and the address are good */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct record *records(const struct scoreboard *board)
{
    return (struct record *)((char *)board + board->records_at);
}

static struct run_span *spans(const struct scoreboard *board)
{
    return (struct run_span *)((char *)board + board->spans_at);
}

static size_t round_up(size_t value, size_t unit)
{
    return (value + unit - 1) / unit * unit;
}

int run_open(struct run *run, const struct workload *workload, uint32_t lanes, uint32_t trace_spans)
{
    assert(lanes > 0);
    size_t records_at = round_up(sizeof(struct scoreboard) + lanes * sizeof(struct lane), 4096);
    size_t spans_at = round_up(records_at + workload->count * sizeof(struct record), 64);
    size_t bytes = spans_at + trace_spans * sizeof(struct run_span);

    struct scoreboard *board =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED)
        return -errno;
    int error = 0, done_fd = -1;
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd >= 0)
        done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (done_fd < 0) {
        error = -errno;
        goto close_stop_fd;
    }
    /* Pages are made now, so that no fetch pays for one. Kernels before 5.14
     * do not know this advice; there the first write to a page makes it. */
    (void)madvise(board, bytes, MADV_POPULATE_WRITE);

    board->bytes = bytes;
    board->records_at = records_at;
    board->spans_at = spans_at;
    board->lanes = lanes;
    board->span_room = trace_spans;
    board->stop_fd = stop_fd;
    board->done_fd = done_fd;
    /* Each lane's first URL is its own: the counter begins behind those. */
    atomic_store(&board->cursor, lanes);
    atomic_store(&board->building, lanes);
    atomic_store(&board->fetching, lanes);
    for (uint32_t i = 0; i < lanes; i++)
        atomic_store_explicit(&board->lane[i].held, RUN_DRY, memory_order_relaxed);
    *run = (struct run){.workload = workload, .scoreboard = board, .lanes = lanes};
    return 0;

close_stop_fd:
    if (stop_fd >= 0)
        close(stop_fd);
    munmap(board, bytes);
    return error;
}

void run_free(struct run *run)
{
    if (run->scoreboard == NULL)
        return;
    close(run->scoreboard->stop_fd);
    close(run->scoreboard->done_fd);
    munmap(run->scoreboard, run->scoreboard->bytes);
    run->scoreboard = NULL;
}

struct run run_part(const struct run *run, uint32_t first, uint32_t lanes)
{
    assert(first + lanes <= run->lanes);
    struct run part = *run;
    part.first_lane = run->first_lane + first;
    part.lanes = lanes;
    return part;
}

int run_forked(const struct run *run, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -errno;
    if (getppid() != parent)
        return -ESRCH; /* it died before we asked to be told */
    /* A fork copies no page table of a shared mapping: without this every
     * process, and no thread, would pay a fault for each page of records. */
    (void)madvise(run->scoreboard, run->scoreboard->bytes, MADV_POPULATE_WRITE);
    return 0;
}

/* ---- The gate, and the end -----------------------------------------------
 *
 * tests/model/run_model.c goes through every interleaving of what follows, one
 * atomic operation a step, a worker's death between any two. Who changes the
 * order here changes it there, and sees what breaks. */

static void open_gate(struct scoreboard *board)
{
    uint64_t shut = 0;
    atomic_compare_exchange_strong(&board->opened_ns, &shut, monotonic_ns());
    /* Also where the time was set before: who set it may have died here. */
    atomic_store(&board->gate, 1);
    syscall(SYS_futex, &board->gate, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static bool any_lane_up_to(struct scoreboard *board, enum lane_state last)
{
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (atomic_load(&board->lane[i].state) <= last)
            return true;
    }
    return false;
}

/* Once a lane was lost, `building` and `fetching` may be wrong: a worker can
 * die between its state and the count, and its successor counts again. The
 * states then decide. Both sides write first and look second, so the later one
 * sees the other; and the count is read before `bereft`, so that it is from
 * before the loss where there was none yet. */
static bool no_lane_up_to(struct scoreboard *board, enum lane_state last, _Atomic uint32_t *count)
{
    bool none_counted = atomic_load(count) == 0;
    return atomic_load(&board->bereft) ? !any_lane_up_to(board, last) : none_counted;
}

static void maybe_open_gate(struct scoreboard *board)
{
    if (no_lane_up_to(board, LANE_BUILDING, &board->building))
        open_gate(board);
}

static void maybe_end(struct scoreboard *board)
{
    const uint64_t one = 1;
    /* The write fails only when the counter is full, and then it is readable. */
    if (no_lane_up_to(board, LANE_READY, &board->fetching))
        (void)!write(board->done_fd, &one, sizeof one);
}

int run_ready(const struct run *run)
{
    struct scoreboard *board = run->scoreboard;
    for (uint32_t i = run->first_lane; i < run->first_lane + run->lanes; i++) {
        uint8_t was = atomic_exchange(&board->lane[i].state, LANE_READY);
        if (was == LANE_VACANT) {
            atomic_fetch_add(&board->rebuilt, 1);
        } else if (was == LANE_BUILDING) {
            atomic_fetch_add(&board->made, 1);
            atomic_fetch_sub(&board->building, 1);
        }
    }
    maybe_open_gate(board);

    /* The signal handler cannot wake a futex, so look at the stop word now and
     * then; nothing is being measured yet. */
    const struct timespec now_and_then = {.tv_nsec = 100 * 1000 * 1000};
    while (atomic_load(&board->gate) == 0) {
        if (run_stopping(run))
            return -ECANCELED;
        syscall(SYS_futex, &board->gate, FUTEX_WAIT, 0, &now_and_then, NULL, 0);
    }
    return 0;
}

void run_done(const struct run *run)
{
    struct scoreboard *board = run->scoreboard;
    for (uint32_t i = run->first_lane; i < run->first_lane + run->lanes; i++) {
        if (atomic_exchange(&board->lane[i].state, LANE_DONE) == LANE_READY)
            atomic_fetch_sub(&board->fetching, 1);
    }
    maybe_end(board);
    struct pollfd either[] = {{.fd = board->done_fd, .events = POLLIN},
                              {.fd = board->stop_fd, .events = POLLIN}};
    while (poll(either, 2, -1) < 0 && errno == EINTR)
        continue;
}

void run_lost(const struct run *run, bool again)
{
    struct scoreboard *board = run->scoreboard;
    for (uint32_t i = run->first_lane; i < run->first_lane + run->lanes; i++) {
        struct lane *lane = &board->lane[i];
        uint8_t was = atomic_exchange(&lane->state, again ? LANE_VACANT : LANE_GIVEN_UP);
        if (was != LANE_VACANT && was != LANE_GIVEN_UP) /* else counted, and no worker came */
            atomic_fetch_add(&board->lost, 1);
        uint64_t index = atomic_exchange(&lane->held, RUN_DRY);
        if (index == RUN_DRY)
            continue;
        struct record *record = &records(board)[index];
        if (!outcome_is_final(atomic_load(&record->outcome))) {
            record->lane = i;
            record->end_ns = run_now(run);
            if (record->taken_ns == 0) /* it died while it took the URL */
                record->taken_ns = record->end_ns;
            atomic_store_explicit(&record->outcome, WORKER_LOST, memory_order_release);
        }
    }
    atomic_store(&board->bereft, 1);
    maybe_open_gate(board);
    maybe_end(board);
}

/* ---- Taking and finishing ----------------------------------------------- */

/* The first URL of a lane that never drew and never will, or RUN_DRY. */
static uint64_t draw_for_the_lost(const struct run *run)
{
    struct scoreboard *board = run->scoreboard;
    if (run->workload->dispatch == DISPATCH_STATIC || !atomic_load(&board->bereft))
        return RUN_DRY;
    for (uint32_t i = 0; i < board->lanes && i < run->workload->count; i++) {
        uint64_t none = 0;
        if (atomic_load(&board->lane[i].state) == LANE_GIVEN_UP &&
            atomic_compare_exchange_strong(&board->lane[i].drawn, &none, 1))
            return i;
    }
    return RUN_DRY;
}

static uint64_t draw(const struct run *run, uint32_t lane)
{
    struct scoreboard *board = run->scoreboard;
    uint64_t before = atomic_fetch_add_explicit(&board->lane[lane].drawn, 1, memory_order_relaxed);
    if (before == 0)
        return lane;
    if (run->workload->dispatch == DISPATCH_STATIC)
        return lane + before * board->lanes;
    return atomic_fetch_add_explicit(&board->cursor, 1, memory_order_relaxed);
}

uint64_t run_take(const struct run *run, uint32_t lane)
{
    struct lane *own = &run->scoreboard->lane[lane];
    if (run_stopping(run))
        return RUN_DRY;
    uint64_t index = draw(run, lane);
    if (index >= run->workload->count) {
        atomic_fetch_sub_explicit(&own->drawn, 1, memory_order_relaxed);
        index = draw_for_the_lost(run);
        if (index == RUN_DRY)
            return RUN_DRY;
    }
    /* Held first, then taken: if this worker dies in between, run_lost finds
     * what it was about to fetch. */
    atomic_store_explicit(&own->held, index, memory_order_relaxed);
    struct record *record = &records(run->scoreboard)[index];
    record->lane = lane;
    record->taken_ns = run_now(run);
    atomic_store_explicit(&record->outcome, TAKEN, memory_order_release);
    return index;
}

uint64_t run_drawn(const struct run *run)
{
    uint64_t drawn = 0;
    for (uint32_t i = run->first_lane; i < run->first_lane + run->lanes; i++)
        drawn += atomic_load_explicit(&run->scoreboard->lane[i].drawn, memory_order_relaxed);
    return drawn;
}

void run_finish(const struct run *run, uint64_t index, enum outcome outcome)
{
    assert(outcome_is_final(outcome));
    struct record *record = &records(run->scoreboard)[index];
    struct lane *lane = &run->scoreboard->lane[record->lane];
    atomic_store_explicit(&record->outcome, outcome, memory_order_release);
    atomic_store_explicit(&lane->held, RUN_DRY, memory_order_release);
}

struct record *run_record(const struct run *run, uint64_t index)
{
    return &records(run->scoreboard)[index];
}

uint64_t run_now(const struct run *run)
{
    return monotonic_ns() - atomic_load_explicit(&run->scoreboard->opened_ns, memory_order_relaxed);
}

/* ---- Stopping ----------------------------------------------------------- */

bool run_stopping(const struct run *run)
{
    return atomic_load_explicit(&run->scoreboard->stop, memory_order_relaxed) != 0;
}

int run_stop_fd(const struct run *run)
{
    return run->scoreboard->stop_fd;
}

void run_stop(const struct run *run)
{
    int before = errno; /* the interrupted code may be about to read it */
    const uint64_t one = 1;
    atomic_store(&run->scoreboard->stop, 1);
    /* Fails only when its counter is full, and then it is readable anyway. */
    (void)!write(run->scoreboard->stop_fd, &one, sizeof one);
    errno = before;
}

void run_close(const struct run *run)
{
    enum outcome outcome = run_stopping(run) ? INTERRUPTED : WORKER_LOST;
    for (uint64_t i = 0; i < run->workload->count; i++) {
        struct record *record = run_record(run, i);
        if (!outcome_is_final(atomic_load_explicit(&record->outcome, memory_order_acquire)))
            atomic_store_explicit(&record->outcome, outcome, memory_order_release);
    }
}

/* ---- Counting ----------------------------------------------------------- */

void run_count(const struct run *run, enum run_count what, uint64_t more)
{
    atomic_fetch_add_explicit(&run->scoreboard->count[what], more, memory_order_relaxed);
}

bool run_tracing(const struct run *run)
{
    return run->scoreboard->span_room > 0;
}

void run_computed(const struct run *run, uint32_t lane, uint64_t begin_ns, uint64_t end_ns)
{
    struct scoreboard *board = run->scoreboard;
    uint64_t place = atomic_fetch_add_explicit(&board->spans, 1, memory_order_relaxed);
    if (place < board->span_room)
        spans(board)[place] = (struct run_span){begin_ns, end_ns, lane};
}

const struct run_span *run_spans(const struct run *run)
{
    return spans(run->scoreboard);
}

struct run_totals run_totals(const struct run *run)
{
    struct scoreboard *board = run->scoreboard;
    uint64_t asked = atomic_load(&board->spans);
    struct run_totals totals = {
        .opened_ns = atomic_load(&board->opened_ns),
        .made = atomic_load(&board->made),
        .lost = atomic_load(&board->lost),
        .rebuilt = atomic_load(&board->rebuilt),
        .spans = asked < board->span_room ? asked : board->span_room,
        .spans_lost = asked < board->span_room ? 0 : asked - board->span_room,
    };
    for (int i = 0; i < RUN_COUNTS; i++)
        totals.count[i] = atomic_load(&board->count[i]);
    totals.taken = run_drawn(&(struct run){.scoreboard = board, .lanes = board->lanes});
    return totals;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOMES] = {
        [UNTAKEN] = "untaken",
        [TAKEN] = "taken",
        [FETCHED] = "fetched",
        [BAD_STATUS] = "bad_status",
        [TIMED_OUT] = "timed_out",
        [REFUSED] = "refused",
        [RESET] = "reset",
        [TRUNCATED] = "truncated",
        [GARBAGE] = "garbage",
        [TOO_LARGE] = "too_large",
        [TLS_FAILED] = "tls_failed",
        [NOT_RESOLVED] = "not_resolved",
        [NOT_SAVED] = "not_saved",
        [INTERRUPTED] = "interrupted",
        [WORKER_LOST] = "worker_lost",
    };
    return (unsigned)outcome < OUTCOMES ? names[outcome] : "unknown";
}
