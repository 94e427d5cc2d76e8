/*
 * run_model: every interleaving of a small run, by the atomic steps of common/run.c.
 *
 * Workers of one lane each take URLs; any of them may die between any two steps; their parent reaps
 * it and replaces it or gives it up; one may stand still; the stop word may come at any time. All
 * states that can be reached are visited, breadth first, so that what is reported broken has the
 * shortest history, which is printed. A step is one atomic operation of run.c in its order there,
 * and bears a name that says which: whoever changes the order in run.c changes it here.
 *
 * What must hold: no URL is taken twice or gets two final outcomes; a taken one is never forgotten
 * with its worker; the gate opens when every lane is built or lost, not before; nobody leaves
 * before every lane was done or was given up, unless the run is stopped; and from every state the
 * run ends, with each URL fetched unless a death or the stop took it.
 *
 * The steps follow one another as in one memory (sequential consistency). What a weaker one would
 * allow is the thread sanitizer's to find.
 */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES_MOST = 3, URLS_MOST = 4, DRY = 15 };

/* As in run.c. */
enum lane_state { BUILDING, VACANT, READY, DONE, GIVEN_UP };
enum outcome { UNTAKEN, TAKEN, FETCHED, WORKER_LOST, INTERRUPTED };

/* What an actor does next. */
enum step {
    ABSENT, /* no process: not made, ended well, or reaped */
    DEAD,   /* killed and not reaped yet */
    FROZEN, /* by SIGSTOP, for good */
    /* run_ready */
    READY_STATE,
    READY_COUNT,
    GATE_COUNT,
    GATE_BEREFT,
    GATE_LOOK,
    GATE_TIME,
    GATE_OPEN,
    GATE_WAIT,
    /* run_take */
    TAKE_STOP,
    TAKE_DRAWN,
    TAKE_CURSOR,
    TAKE_RETURN,
    FOR_LOST_BEREFT,
    FOR_LOST_STATE,
    FOR_LOST_DRAWN,
    TAKE_HELD,
    TAKE_TAKEN,
    /* run_finish */
    FINISH_OUTCOME,
    FINISH_HELD,
    /* run_done */
    DONE_STATE,
    DONE_COUNT,
    END_COUNT,
    END_BEREFT,
    END_LOOK,
    END_WRITE,
    END_WAIT,
    LEAVE,
    /* The parent: waitpid, run_lost, fork, and at the end run_close. */
    REAP,
    LOST_STATE,
    LOST_HELD,
    LOST_READ,
    LOST_WRITE,
    LOST_BEREFT,
    START,
    ENDED,
    STEPS
};

static const char *const step_names[STEPS] = {
    [ABSENT] = "absent",
    [DEAD] = "dead",
    [FROZEN] = "frozen",
    [READY_STATE] = "run_ready: state = READY",
    [READY_COUNT] = "run_ready: building - 1",
    [GATE_COUNT] = "gate: reads building",
    [GATE_BEREFT] = "gate: reads bereft",
    [GATE_LOOK] = "gate: reads a lane's state",
    [GATE_TIME] = "gate: opened_ns, if none",
    [GATE_OPEN] = "gate: opens",
    [GATE_WAIT] = "run_ready: passes the gate",
    [TAKE_STOP] = "run_take: reads the stop word",
    [TAKE_DRAWN] = "run_take: drawn + 1",
    [TAKE_CURSOR] = "run_take: cursor + 1",
    [TAKE_RETURN] = "run_take: dry, drawn - 1",
    [FOR_LOST_BEREFT] = "draw_for_the_lost: reads bereft",
    [FOR_LOST_STATE] = "draw_for_the_lost: reads a lane's state",
    [FOR_LOST_DRAWN] = "draw_for_the_lost: drawn = 1, if 0",
    [TAKE_HELD] = "run_take: held = index",
    [TAKE_TAKEN] = "run_take: outcome = TAKEN",
    [FINISH_OUTCOME] = "run_finish: outcome = FETCHED",
    [FINISH_HELD] = "run_finish: held = RUN_DRY",
    [DONE_STATE] = "run_done: state = DONE",
    [DONE_COUNT] = "run_done: fetching - 1",
    [END_COUNT] = "end: reads fetching",
    [END_BEREFT] = "end: reads bereft",
    [END_LOOK] = "end: reads a lane's state",
    [END_WRITE] = "end: writes done_fd",
    [END_WAIT] = "run_done: returns",
    [LEAVE] = "ends",
    [REAP] = "waitpid, or run_close",
    [LOST_STATE] = "run_lost: state = VACANT or GIVEN_UP",
    [LOST_HELD] = "run_lost: held = RUN_DRY",
    [LOST_READ] = "run_lost: reads the outcome",
    [LOST_WRITE] = "run_lost: outcome = WORKER_LOST",
    [LOST_BEREFT] = "run_lost: bereft = 1",
    [START] = "fork",
    [ENDED] = "ended",
};

/* A worker, or the parent, and the locals of the function that it is in. */
struct actor {
    uint8_t at;
    uint8_t index; /* the URL in hand */
    uint8_t was;   /* what an exchange or a read gave; in the parent: `again` */
    uint8_t lane;  /* the lane of a loop over lanes */
};

/* Bytes only: states are compared and hashed as they lie in memory. */
struct state {
    uint8_t cursor, building, fetching, bereft;
    uint8_t stop; /* 1: the word is set, 2: the descriptor is readable too */
    uint8_t timed, gate, done;
    uint8_t lane[LANES_MOST], held[LANES_MOST], drawn[LANES_MOST];
    uint8_t outcome[URLS_MOST];
    struct actor actor[LANES_MOST + 1]; /* the parent last */
    uint8_t lost_first, lost_end;       /* the lanes that the parent's run_lost is about */
    uint8_t deaths;                     /* so far */
    uint8_t was_done[LANES_MOST];       /* some worker of the lane ran dry */
};

static int lanes = 3, urls = 3, deaths_most = 1;
static bool may_stop = true, may_freeze = false, by_lane = false;

/* A mistake that run.c does not make: the checker must find each. */
enum mutation {
    NONE,
    NO_BEREFT,
    BEREFT_LAST,
    COUNT_BEFORE_STATE,
    COUNT_AFTER_BEREFT,
    COUNTS_ONLY,
    GATE_BY_THE_FIRST,
    TAKEN_BEFORE_HELD,
    FREE_BEFORE_FINAL,
    CURSOR_FROM_ZERO,
    DRAWN_UNASKED,
    DRY_DRAW_KEPT,
    FIRST_OF_LOST_LEFT,
    LOST_UNREAD,
    GATE_UNSTOPPED,
    END_UNSTOPPED,
    MUTATIONS
};

static const struct {
    const char *name, *what;
} mutations[MUTATIONS] = {
    [NONE] = {"none", "as it is"},
    [NO_BEREFT] = {"no-bereft", "run_lost does not say that a lane was lost"},
    [BEREFT_LAST] = {"bereft-last", "run_lost looks at gate and end, and then says so"},
    [COUNT_BEFORE_STATE] = {"count-before-state",
                            "counts are taken down before the state says why"},
    [COUNT_AFTER_BEREFT] = {"count-after-bereft", "gate and end read bereft first, then the count"},
    [COUNTS_ONLY] = {"counts-only", "the states never decide"},
    [GATE_BY_THE_FIRST] = {"gate-by-the-first", "only who set the time opens the gate"},
    [TAKEN_BEFORE_HELD] = {"taken-before-held", "run_take writes the record before what it holds"},
    [FREE_BEFORE_FINAL] = {"free-before-final", "run_finish frees the lane before the outcome"},
    [CURSOR_FROM_ZERO] = {"cursor-from-zero", "the cursor does not begin behind the first URLs"},
    [DRAWN_UNASKED] = {"drawn-unasked", "draw_for_the_lost does not see who was first"},
    [DRY_DRAW_KEPT] = {"dry-draw-kept", "a draw that found nothing is counted"},
    [FIRST_OF_LOST_LEFT] = {"first-of-lost-left", "nobody draws the first URL of a lost lane"},
    [LOST_UNREAD] = {"lost-unread", "run_lost does not look whether the outcome is final"},
    [GATE_UNSTOPPED] = {"gate-unstopped", "who waits at the gate does not look at the stop word"},
    [END_UNSTOPPED] = {"end-unstopped", "who waits for the end does not look at stop_fd"},
};
static enum mutation mutation = NONE;

/* What the last step broke, or NULL. */
static const char *broken = NULL;
static int breach = -1; /* by whose step; -1: by nobody's */

static void must(bool holds, const char *what)
{
    if (!holds && broken == NULL)
        broken = what;
}

static bool is_final(uint8_t outcome)
{
    return outcome >= FETCHED;
}

/* The actor's next step; its locals are forgotten, so that equal states are equal. */
static void go(struct actor *self, enum step at)
{
    *self = (struct actor){.at = (uint8_t)at, .index = self->index};
}

static bool is_parent(const struct state *s, const struct actor *self)
{
    return self == &s->actor[LANES_MOST];
}

/* ---- The gate, and the end ---------------------------------------------- */

/* Where maybe_open_gate goes on, and maybe_end. `again` of the parent outlives both. */
static void move(struct actor *self, enum step at, uint8_t was, uint8_t lane)
{
    self->at = (uint8_t)at;
    self->was = (uint8_t)((self->was & 2) | was);
    self->lane = lane;
}

static void look_step(struct state *s, struct actor *self)
{
    bool gate = self->at < GATE_WAIT;
    enum step base = gate ? GATE_COUNT : END_COUNT, then = gate ? GATE_TIME : END_WRITE;
    enum step on = gate ? (is_parent(s, self) ? END_COUNT : GATE_WAIT)
                        : (is_parent(s, self) ? START : END_WAIT);
    uint8_t last = gate ? BUILDING : READY;
    uint8_t zero = (gate ? s->building : s->fetching) == 0;
    bool late = mutation == COUNT_AFTER_BEREFT;
    switch (self->at - base) {
    case 0:                          /* the count */
        if (late && (self->was & 1)) /* bereft was read before, and was 0 */
            move(self, zero ? then : on, 0, 0);
        else if (late) /* not yet */
            move(self, base + 1, 0, 0);
        else
            move(self, base + 1, zero, 0);
        return;
    case 1: /* bereft */
        if (s->bereft && mutation != COUNTS_ONLY)
            move(self, base + 2, 0, 0);
        else if (late)
            move(self, base, 1, 0);
        else
            move(self, self->was & 1 ? then : on, 0, 0);
        return;
    case 2: /* one lane's state */
        if (s->lane[self->lane] <= last)
            move(self, on, 0, 0);
        else if (self->lane + 1 < lanes)
            move(self, base + 2, 0, (uint8_t)(self->lane + 1));
        else
            move(self, then, 0, 0);
        return;
    default:
        break;
    }
    if (self->at == GATE_TIME) {
        bool first = !s->timed;
        s->timed = 1;
        move(self, first || mutation != GATE_BY_THE_FIRST ? GATE_OPEN : on, 0, 0);
        for (int i = 0; i < lanes; i++)
            must(s->lane[i] != BUILDING, "the gate opens before a lane is built or lost");
    } else if (self->at == GATE_OPEN) {
        s->gate = 1;
        move(self, on, 0, 0);
    } else { /* END_WRITE */
        s->done = 1;
        move(self, on, 0, 0);
        for (int i = 0; i < lanes; i++)
            must(s->was_done[i] || s->lane[i] == GIVEN_UP, "the end comes before a lane is done");
    }
}

/* ---- A worker ----------------------------------------------------------- */

static void ready_step(struct state *s, struct actor *self, int lane)
{
    bool swapped = mutation == COUNT_BEFORE_STATE;
    if (self->at == READY_STATE) {
        uint8_t was = s->lane[lane];
        if (!swapped || (self->was & 1))
            s->lane[lane] = READY;
        if (swapped && !(self->was & 1))
            *self = (struct actor){.at = was == BUILDING ? READY_COUNT : READY_STATE, .was = 1};
        else
            go(self, was == BUILDING && !swapped ? READY_COUNT : GATE_COUNT);
    } else {
        s->building--;
        *self = (struct actor){.at = swapped ? READY_STATE : GATE_COUNT, .was = swapped};
    }
}

static void done_step(struct state *s, struct actor *self, int lane)
{
    bool swapped = mutation == COUNT_BEFORE_STATE;
    if (self->at == DONE_STATE) {
        uint8_t was = s->lane[lane];
        if (swapped && !(self->was & 1) && was == READY) {
            *self = (struct actor){.at = DONE_COUNT};
            return;
        }
        s->lane[lane] = DONE;
        s->was_done[lane] = 1;
        go(self, was == READY && !swapped ? DONE_COUNT : END_COUNT);
    } else {
        s->fetching--;
        *self = (struct actor){.at = swapped ? DONE_STATE : END_COUNT, .was = swapped};
    }
}

static void has_drawn(struct actor *self, int index)
{
    if (index < urls)
        *self = (struct actor){.at = mutation == TAKEN_BEFORE_HELD ? TAKE_TAKEN : TAKE_HELD,
                               .index = (uint8_t)index};
    else
        *self = (struct actor){.at = TAKE_RETURN};
}

/* The lane that draw_for_the_lost looks at after `before`. */
static void look_for_lost(struct actor *self, int next)
{
    bool more = next < lanes && next < urls;
    *self =
        (struct actor){.at = more ? FOR_LOST_STATE : DONE_STATE, .lane = more ? (uint8_t)next : 0};
}

static void take_step(struct state *s, struct actor *self, int lane)
{
    int before;
    switch (self->at) {
    case TAKE_STOP:
        *self = (struct actor){.at = s->stop ? DONE_STATE : TAKE_DRAWN};
        return;
    case TAKE_DRAWN:
        must(s->gate, "a URL is drawn before the gate is open");
        before = s->drawn[lane]++;
        if (before == 0)
            has_drawn(self, lane);
        else if (by_lane)
            has_drawn(self, lane + before * lanes);
        else
            self->at = TAKE_CURSOR;
        return;
    case TAKE_CURSOR:
        has_drawn(self, s->cursor++);
        return;
    case TAKE_RETURN:
        if (mutation != DRY_DRAW_KEPT)
            s->drawn[lane]--;
        self->at = by_lane || mutation == FIRST_OF_LOST_LEFT ? DONE_STATE : FOR_LOST_BEREFT;
        return;
    case FOR_LOST_BEREFT:
        look_for_lost(self, s->bereft ? 0 : lanes);
        return;
    case FOR_LOST_STATE:
        if (s->lane[self->lane] == GIVEN_UP && (mutation != DRAWN_UNASKED || !s->drawn[self->lane]))
            self->at = FOR_LOST_DRAWN;
        else
            look_for_lost(self, self->lane + 1);
        return;
    case FOR_LOST_DRAWN:
        if (s->drawn[self->lane] == 0 || mutation == DRAWN_UNASKED) {
            s->drawn[self->lane] = 1;
            has_drawn(self, self->lane);
        } else {
            look_for_lost(self, self->lane + 1);
        }
        return;
    case TAKE_HELD:
        s->held[lane] = self->index;
        self->at = mutation == TAKEN_BEFORE_HELD ? FINISH_OUTCOME : TAKE_TAKEN;
        return;
    default: /* TAKE_TAKEN */
        must(s->outcome[self->index] == UNTAKEN, "a URL is taken twice");
        s->outcome[self->index] = TAKEN;
        self->at = mutation == TAKEN_BEFORE_HELD   ? TAKE_HELD
                   : mutation == FREE_BEFORE_FINAL ? FINISH_HELD
                                                   : FINISH_OUTCOME;
    }
}

static void finish_step(struct state *s, struct actor *self, int lane)
{
    bool swapped = mutation == FREE_BEFORE_FINAL;
    if (self->at == FINISH_OUTCOME) {
        must(!is_final(s->outcome[self->index]), "a URL gets two final outcomes");
        s->outcome[self->index] = FETCHED;
        self->at = swapped ? TAKE_STOP : FINISH_HELD;
    } else {
        s->held[lane] = DRY;
        self->at = swapped ? FINISH_OUTCOME : TAKE_STOP;
    }
    if (self->at == TAKE_STOP)
        self->index = 0;
}

/* False: it waits, or there is no such worker. */
static bool worker_step(struct state *s, int lane)
{
    struct actor *self = &s->actor[lane];
    if (self->at <= FROZEN)
        return false;
    if (self->at == GATE_WAIT) {
        if (!s->gate && (!s->stop || mutation == GATE_UNSTOPPED))
            return false;
        go(self, TAKE_STOP);
    } else if (self->at == END_WAIT) {
        if (!s->done && (s->stop < 2 || mutation == END_UNSTOPPED))
            return false;
        go(self, LEAVE);
    } else if (self->at == LEAVE) {
        *self = (struct actor){.at = ABSENT};
    } else if (self->at <= READY_COUNT) {
        ready_step(s, self, lane);
    } else if (self->at < GATE_WAIT || (self->at >= END_COUNT && self->at < END_WAIT)) {
        look_step(s, self);
    } else if (self->at < FINISH_OUTCOME) {
        take_step(s, self, lane);
    } else if (self->at < DONE_STATE) {
        finish_step(s, self, lane);
    } else {
        done_step(s, self, lane);
    }
    return true;
}

/* ---- The parent --------------------------------------------------------- */

/* After the last worker: what run_close finds, and makes of it. */
static void close_run(struct state *s)
{
    int lost = 0, given_up = 0, drawn = 0, taken = 0;
    for (int i = 0; i < urls; i++) {
        must(s->outcome[i] != TAKEN, "a taken URL is forgotten with its worker");
        taken += s->outcome[i] != UNTAKEN;
        if (!is_final(s->outcome[i]))
            s->outcome[i] = s->stop ? INTERRUPTED : WORKER_LOST;
        lost += s->outcome[i] == WORKER_LOST;
    }
    for (int i = 0; i < lanes; i++) {
        given_up += s->lane[i] == GIVEN_UP;
        drawn += s->drawn[i];
    }
    if (s->deaths == 0)
        must(drawn == taken, "the count of what was drawn is wrong");
    if (s->deaths == 0 && !by_lane)
        must(lost == 0, "a URL is lost though nobody died");
    if (!by_lane && given_up == 0)
        must(lost <= s->deaths, "more URLs are lost than workers died");
    s->actor[LANES_MOST] = (struct actor){.at = ENDED};
}

static bool reap(struct state *s, int choice)
{
    int lane = choice / 2;
    bool all_gone = true;
    for (int i = 0; i < lanes; i++)
        all_gone = all_gone && s->actor[i].at == ABSENT;
    if (all_gone && choice == 0) {
        close_run(s);
        return true;
    }
    if (lane >= lanes || s->actor[lane].at != DEAD)
        return false;
    s->actor[lane] = (struct actor){.at = ABSENT};
    s->lost_first = (uint8_t)lane;
    s->lost_end = (uint8_t)(lane + 1);
    s->actor[LANES_MOST] =
        (struct actor){.at = LOST_STATE, .was = choice % 2 ? 2 : 0, .lane = (uint8_t)lane};
    return true;
}

static void next_lost(const struct state *s, struct actor *self)
{
    bool more = self->lane + 1 < s->lost_end;
    enum step then = mutation == BEREFT_LAST || mutation == NO_BEREFT ? GATE_COUNT : LOST_BEREFT;
    self->at = (uint8_t)(more ? LOST_STATE : then);
    self->lane = more ? (uint8_t)(self->lane + 1) : 0;
    self->index = 0;
}

static void lost_step(struct state *s, struct actor *self)
{
    switch (self->at) {
    case LOST_STATE:
        s->lane[self->lane] = self->was & 2 ? VACANT : GIVEN_UP;
        self->at = LOST_HELD;
        return;
    case LOST_HELD:
        self->index = s->held[self->lane];
        s->held[self->lane] = DRY;
        if (self->index == DRY)
            next_lost(s, self);
        else
            self->at = LOST_READ;
        return;
    case LOST_READ:
        if (is_final(s->outcome[self->index]) && mutation != LOST_UNREAD)
            next_lost(s, self);
        else
            self->at = LOST_WRITE;
        return;
    case LOST_WRITE:
        must(!is_final(s->outcome[self->index]), "a URL gets two final outcomes");
        s->outcome[self->index] = WORKER_LOST;
        next_lost(s, self);
        return;
    default: /* LOST_BEREFT */
        s->bereft = 1;
        self->at = mutation == BEREFT_LAST ? START : GATE_COUNT;
    }
}

/* A successor, where there is to be one: the fork succeeds, or fails. */
static bool start(struct state *s, struct actor *self, int choice)
{
    int again = (self->was & 2) != 0;
    if (choice > again)
        return false;
    if (again && choice == 0) {
        s->actor[s->lost_first] = (struct actor){.at = READY_STATE};
    } else if (again) {
        *self = (struct actor){.at = LOST_STATE, .lane = s->lost_first};
        return true;
    }
    s->lost_first = s->lost_end = 0;
    *self = (struct actor){.at = REAP};
    return true;
}

static bool parent_step(struct state *s, int choice)
{
    struct actor *self = &s->actor[LANES_MOST];
    if (self->at == REAP)
        return reap(s, choice);
    if (self->at == START && !(mutation == BEREFT_LAST && !s->bereft))
        return start(s, self, choice);
    if (self->at == ENDED || choice > 0)
        return false;
    if (self->at == START) /* bereft-last: here it is, too late */
        self->at = LOST_BEREFT;
    if (self->at >= LOST_STATE)
        lost_step(s, self);
    else
        look_step(s, self);
    return true;
}

/* ---- All that can happen ------------------------------------------------ */

/* Every state met, in the order in which they were met, and how. */
struct met {
    struct state state;
    uint32_t from;
    uint8_t by; /* an actor, or one of these: */
};
enum { BY_FREEZING = 16, BY_DEATH = 32, BY_STOP = 64 };

enum { ROOM = 1 << 23 };
static struct met *met;
static uint32_t *table; /* of places in met, plus 1; twice as large */
static uint32_t met_count;

static uint64_t hash(const struct state *s)
{
    const uint8_t *bytes = (const uint8_t *)s;
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < sizeof *s; i++)
        h = (h ^ bytes[i]) * 1099511628211u;
    return h ^ h >> 29;
}

static void meet(const struct state *s, uint32_t from, int by)
{
    uint64_t mask = 2 * (uint64_t)ROOM - 1;
    for (uint64_t place = hash(s) & mask;; place = (place + 1) & mask) {
        if (table[place] == 0) {
            if (met_count == ROOM) {
                fprintf(stderr, "run_model: more than %d states; ask for fewer lanes or deaths\n",
                        ROOM);
                exit(3);
            }
            met[met_count] = (struct met){*s, from, (uint8_t)by};
            table[place] = ++met_count;
            return;
        }
        if (memcmp(&met[table[place] - 1].state, s, sizeof *s) == 0)
            return;
    }
}

/* The step that `who` takes next, or what happens to it. */
static void tell_step(const struct state *before, int by)
{
    int who = by & 15;
    const char *next = step_names[before->actor[who].at];
    if (by & BY_STOP)
        printf("  stop: %s\n", before->stop ? "its descriptor is readable" : "the word is set");
    else if (by & BY_DEATH)
        printf("  lane %d: dies before '%s'\n", who, next);
    else if (by & BY_FREEZING)
        printf("  lane %d: freezes before '%s'\n", who, next);
    else if (who == LANES_MOST)
        printf("  parent: %s\n", next);
    else
        printf("  lane %d: %s\n", who, next);
}

/* The history of a state, from the first one. */
static void tell(uint32_t place)
{
    uint32_t from = met[place].from;
    if (from == place)
        return;
    tell(from);
    tell_step(&met[from].state, met[place].by);
}

/* What may happen to a worker, and nobody can count on. */
static void strike(uint32_t place)
{
    const struct state from = met[place].state;
    for (int who = 0; who < lanes; who++) {
        struct state to = from;
        if (from.actor[who].at > DEAD && from.deaths < deaths_most) {
            to.actor[who] = (struct actor){.at = DEAD};
            to.deaths++;
            meet(&to, place, BY_DEATH | who);
        }
        to = from;
        if (may_freeze && who == 0 && from.actor[who].at > FROZEN) {
            to.actor[who] = (struct actor){.at = FROZEN};
            meet(&to, place, BY_FREEZING | who);
        }
    }
}

/* Nobody can go on: the run has ended, or one who stands still is waited for, by those who may. */
static void halted(const struct state *s)
{
    bool frozen = false, waiting = false;
    for (int i = 0; i < lanes; i++) {
        frozen = frozen || s->actor[i].at == FROZEN;
        waiting = waiting || s->actor[i].at > FROZEN;
    }
    if (frozen)
        must(s->stop == 0 || !waiting, "the stopped run hangs on one who stands still");
    else
        must(s->actor[LANES_MOST].at == ENDED, "the run hangs: nobody can go on");
}

/* Takes every step that can be taken next. False: one broke something. */
static bool expand(uint32_t place)
{
    const struct state from = met[place].state;
    bool moves = false;
    for (int who = 0; who <= LANES_MOST && broken == NULL; who++) {
        int choices = who == LANES_MOST ? 2 * lanes : 1;
        for (int choice = 0; choice < choices && broken == NULL; choice++) {
            struct state to = from;
            if (!(who == LANES_MOST ? parent_step(&to, choice) : worker_step(&to, who)))
                continue;
            moves = true;
            if (broken == NULL)
                meet(&to, place, who);
            else
                breach = who;
        }
    }
    if (broken != NULL)
        return false;
    bool ended = from.actor[LANES_MOST].at == ENDED;
    if (from.stop == 1 || (from.stop == 0 && may_stop && !ended)) {
        struct state to = from;
        to.stop++;
        moves = moves || from.stop == 1; /* nobody can count on a stop that may come */
        meet(&to, place, BY_STOP);
    }
    strike(place);
    if (!moves)
        halted(&from);
    return broken == NULL;
}

/* A run for each number of workers that could be made, at least one. */
static void begin(void)
{
    for (int made = lanes; made > 0; made--) {
        struct state s = {.cursor = mutation == CURSOR_FROM_ZERO ? 0 : (uint8_t)lanes,
                          .building = (uint8_t)lanes,
                          .fetching = (uint8_t)lanes,
                          .lost_first = (uint8_t)(made < lanes ? made : 0),
                          .lost_end = (uint8_t)(made < lanes ? lanes : 0)};
        memset(s.held, DRY, sizeof s.held);
        for (int i = 0; i < made; i++)
            s.actor[i].at = READY_STATE;
        s.actor[LANES_MOST] = made < lanes ? (struct actor){.at = LOST_STATE, .lane = (uint8_t)made}
                                           : (struct actor){.at = REAP};
        meet(&s, met_count, 0);
    }
}

/* ---- The command -------------------------------------------------------- */

static int number(const char *text, int least, int most, const char *option,
                  struct argp_state *argp)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most)
        argp_error(argp, "--%s=%s: must be a number from %d to %d", option, text, least, most);
    return (int)value;
}

static error_t parse(int key, char *value, struct argp_state *argp)
{
    switch (key) {
    case 'l':
        lanes = number(value, 1, LANES_MOST, "lanes", argp);
        return 0;
    case 'u':
        urls = number(value, 1, URLS_MOST, "urls", argp);
        return 0;
    case 'd':
        deaths_most = number(value, 0, 3, "deaths", argp);
        return 0;
    case 'n':
        may_stop = false;
        return 0;
    case 'f':
        may_freeze = true;
        return 0;
    case 's':
        by_lane = true;
        return 0;
    case 'L':
        for (int i = NONE + 1; i < MUTATIONS; i++)
            printf("%-22s%s\n", mutations[i].name, mutations[i].what);
        exit(0);
    case 'm':
        for (int i = NONE; i < MUTATIONS; i++) {
            if (strcmp(mutations[i].name, value) == 0) {
                mutation = (enum mutation)i;
                return 0;
            }
        }
        argp_error(argp, "--mutate=%s: must be one of those that --list tells", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"lanes", 'l', "N", 0, "Lanes, 1 to 3 (3)", 0},
    {"urls", 'u', "N", 0, "URLs, 1 to 4 (3)", 0},
    {"deaths", 'd', "N", 0, "Workers that may die, 0 to 3 (1)", 0},
    {"no-stop", 'n', NULL, 0, "The run is not interrupted", 0},
    {"freeze", 'f', NULL, 0, "The first lane's worker may stand still for good", 0},
    {"static", 's', NULL, 0, "Each lane has its own URLs, as by --dispatch=static", 0},
    {"mutate", 'm', "NAME", 0, "Make this mistake", 0},
    {"list", 'L', NULL, 0, "List the mistakes", 0},
    {0},
};

int main(int argc, char **argv)
{
    argp_err_exit_status = 2;
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Visits every interleaving of a small run, by the steps of common/run.c.\v"
               "Ends with 0 where all holds; 1 what does not, and its history; 2 wrong usage; "
               "3 too many states, or no memory."};
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    met = calloc(ROOM, sizeof *met);
    table = calloc(2 * (size_t)ROOM, sizeof *table);
    if (met == NULL || table == NULL) {
        fprintf(stderr, "run_model: no memory for %d states\n", ROOM);
        return 3;
    }
    begin();
    uint32_t place = 0;
    while (place < met_count && expand(place))
        place++;
    if (broken != NULL) {
        tell(place);
        if (breach >= 0)
            tell_step(&met[place].state, breach);
        printf("broken: %s\n", broken);
    } else {
        printf("%u states: all holds\n", met_count);
    }
    free(met);
    free(table);
    if (fflush(stdout) != 0)
        return 3;
    return broken != NULL;
}
