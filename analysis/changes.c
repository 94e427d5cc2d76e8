/* The changes between two runs, by the method of analysis/compare.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/needed.h"

static const double ALPHA = 0.05;

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool same_value(const struct cell *a, const struct cell *b)
{
    json_t *one = json_object_get(a->plan, "value"), *other = json_object_get(b->plan, "value");
    return one && other && json_equal(one, other);
}

/* A lane that another run may hold as well. */
static bool is_comparable(const struct cell *cell)
{
    return strcmp(cell->kind, "timed") == 0 && !cell->again_of && !cell->against;
}

static const struct cell *counterpart(const struct results *results, const struct cell *cell)
{
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *other = &results->cells[i];
        if (is_comparable(other) && strcmp(other->experiment, cell->experiment) == 0 &&
            strcmp(other->lane, cell->lane) == 0 && same_value(other, cell))
            return other;
    }
    return NULL;
}

/* Both did the same, in the same place. */
static bool same_task(const struct cell *base, const struct cell *now)
{
    static const char *const keys[] = {"work", "placement", "keep_alive", "concurrency"};
    /* Where a plan does not name these, they are as usual. */
    static const char *const settings[] = {"dispatch", "resolve", "hosts", "client", "rate"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *a = json_object_get(base->plan, keys[i]), *b = json_object_get(now->plan, keys[i]);
        if (!a || !b || !json_equal(a, b))
            return false;
    }
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        json_t *a = json_object_get(base->plan, settings[i]);
        json_t *b = json_object_get(now->plan, settings[i]);
        if (a != b && !(a && b && json_equal(a, b)))
            return false;
    }
    /* And both are held against others by one and the same time. */
    return compared_figure(base) == compared_figure(now);
}

/* Finds the reference of a change in both runs; false where they do not share one. */
static bool find_reference(const struct results *base, const struct results *now,
                           const char *reference, struct change *change)
{
    for (size_t i = 0; i < base->cell_count; i++) {
        const struct cell *cell = &base->cells[i];
        if (!is_comparable(cell) || strcmp(cell->experiment, change->base->experiment) != 0 ||
            !same_value(cell, change->base) || (reference && !same(cell->lane, reference)))
            continue;
        const struct cell *other = counterpart(now, cell);
        if (!other || cell_verdict(cell) != VALID || cell_verdict(other) != VALID ||
            !same_task(cell, other))
            continue;
        change->base_reference = cell;
        change->now_reference = other;
        return true;
    }
    return false;
}

/* The logarithms of a lane's time over the reference's, round by round; to be freed. */
static double *log_ratios(const struct cell *lane, const struct cell *reference, size_t *count)
{
    double *logs = needed(lane->made + 1, sizeof *logs);
    enum figure figure = compared_figure(lane);
    *count = 0;
    for (size_t i = 0; i < lane->made; i++)
        for (size_t k = 0; k < reference->made; k++) {
            if (lane->visits[i]->round != reference->visits[k]->round)
                continue;
            logs[(*count)++] =
                log(figure_of(lane->visits[i], figure) / figure_of(reference->visits[k], figure));
            break;
        }
    return logs;
}

static int measure(struct change *change, double base_floor, double now_floor)
{
    size_t n, m;
    double *x = log_ratios(change->base, change->base_reference, &n);
    double *y = log_ratios(change->now, change->now_reference, &m);
    struct rank_sum test = {.p = 1, .least_p = 1};
    int error = 0;
    struct spread before = spread_of(x, n), after = spread_of(y, m);
    bool known = before.n == n && after.n == m;
    if (known)
        error = rank_sum_test(y, m, x, n, &test);
    else
        snprintf(change->why, sizeof change->why, "a round's figure is not known");
    if (error == -E2BIG)
        snprintf(change->why, sizeof change->why, "more rounds than can be ranked: %zu and %zu", n,
                 m);
    if (known && !error) {
        double between = base_floor * base_floor + now_floor * now_floor;
        double d = after.median - before.median;
        double down = after.median - after.low, up = after.high - after.median;
        double base_down = before.median - before.low, base_up = before.high - before.median;
        change->ratio = exp(d);
        change->low = exp(d - sqrt(down * down + base_up * base_up + between));
        change->high = exp(d + sqrt(up * up + base_down * base_down + between));
    }
    change->p = test.p;
    change->least_p = test.least_p;
    free(x);
    free(y);
    return error == -EDOM || error == -E2BIG ? 0 : error;
}

static int fill(const struct results *base, const struct results *now, const char *reference,
                struct change *change)
{
    change->verdict = CANNOT_TELL;
    change->ratio = change->low = change->high = NAN;
    change->p = NAN;
    const char *why = NULL;
    if (cell_verdict(change->base) != VALID || cell_verdict(change->now) != VALID)
        why = cell_verdict(change->base) != VALID ? "not valid in BASE" : "not valid in NEW";
    else if (!same_task(change->base, change->now))
        why = "other work, concurrency, placement or settings";
    else if (!find_reference(base, now, reference, change))
        why = "no lane to refer to that is valid in both";
    else if (same(change->base->lane, change->base_reference->lane))
        why = "it is the reference";
    if (why) {
        snprintf(change->why, sizeof change->why, "%s", why);
        return 0;
    }
    struct noise_floor before = noise_floor_at(base, change->base, change->base->made);
    struct noise_floor after = noise_floor_at(now, change->now, change->now->made);
    if (isnan(before.ratio) || isnan(after.ratio))
        snprintf(change->why, sizeof change->why, "no lane stands twice in %s",
                 isnan(before.ratio) ? "BASE" : "NEW");
    return measure(change, log(before.ratio), log(after.ratio));
}

static int decide(struct change *changes, size_t count)
{
    double *p = needed(count + 1, sizeof *p);
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (!changes[i].why[0])
            p[used++] = changes[i].p;
    int error = holm_adjust(p, used);
    double family = (double)used;
    used = 0;
    for (size_t i = 0; i < count && !error; i++) {
        struct change *change = &changes[i];
        if (change->why[0])
            continue;
        change->p_holm = p[used++];
        if (change->p_holm <= ALPHA && change->low > 1)
            change->verdict = GOT_SLOWER;
        else if (change->p_holm <= ALPHA && change->high < 1)
            change->verdict = GOT_FASTER;
        else if (change->least_p * family > ALPHA)
            snprintf(change->why, sizeof change->why, "too few rounds to decide: %zu and %zu",
                     change->base->made, change->now->made);
        else
            change->verdict = NO_CHANGE_SEEN;
    }
    free(p);
    return error;
}

int changes_between(const struct results *base, const struct results *now, const char *reference,
                    struct change **changes, size_t *count)
{
    struct change *all = needed(base->cell_count + 1, sizeof *all);
    int error = 0;
    *count = 0;
    for (size_t i = 0; i < base->cell_count && !error; i++) {
        const struct cell *cell = &base->cells[i];
        const struct cell *other = is_comparable(cell) ? counterpart(now, cell) : NULL;
        if (!other)
            continue;
        all[*count] = (struct change){.base = cell, .now = other};
        error = fill(base, now, reference, &all[(*count)++]);
    }
    if (!error)
        error = decide(all, *count);
    if (error) {
        free(all);
        return error;
    }
    *changes = all;
    return 0;
}
