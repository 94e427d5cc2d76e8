#include "analysis/evidence.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"

static const double LEVEL = 0.95; /* of every interval, at least */
static const double ALPHA = 0.05; /* error rate over all pairs of a chart */

struct spread spread_of(double *values, size_t n)
{
    struct spread none = {0, NAN, NAN, NAN, NAN};
    if (n == 0)
        return none;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return none;
    sort_f64(values, n);
    struct median_interval interval = median_interval(values, n, LEVEL);
    return (struct spread){n, median_f64(values, n), interval.low, interval.high,
                           interval.coverage};
}

double figure_of(const struct visit_seen *seen, enum figure figure)
{
    switch (figure) {
    case WALL:
        return seen->wall_s;
    case MAKESPAN:
        return seen->makespan_s;
    case SPAWN:
        return seen->spawn_s;
    case RATE:
        return seen->rate;
    case FIRST:
        return seen->first_ms;
    case LATE:
        return json_number_at(seen->run, "latency_ms.p99") / 1e3;
    case SMALL_P50:
        return seen->small_p50_ms / 1e3;
    case SMALL_P99:
        return seen->small_p99_ms / 1e3;
    case SMALL_MAX:
        return seen->small_max_ms / 1e3;
    case CPU_EACH:
        return (seen->user_s + seen->system_s) / seen->planned_count;
    case VOLUNTARY_EACH:
        return seen->switches_voluntary / seen->planned_count;
    case INVOLUNTARY_EACH:
        return seen->switches_involuntary / seen->planned_count;
    case CLIENT_SHARE:
        return visit_client_share(seen);
    case ORIGIN_SHARE:
        return visit_origin_share(seen);
    }
    return NAN;
}

struct spread cell_spread(const struct cell *cell, enum figure figure)
{
    double *values = needed(cell->made + 1, sizeof *values);
    for (size_t i = 0; i < cell->made; i++)
        values[i] = figure_of(cell->visits[i], figure);
    struct spread spread = spread_of(values, cell->made);
    free(values);
    return spread;
}

enum figure compared_figure(const struct cell *cell)
{
    /* A peer has no gate: beside one, everybody is timed from process start to exit. */
    bool whole = json_is_true(json_object_get(cell->plan, "beside_peers"));
    if (json_object_get(cell->plan, "rate"))
        return LATE;
    return whole || strcmp(cell->axis, "none") == 0 ? WALL : MAKESPAN;
}

const char *compared_name(const struct cell *cell)
{
    enum figure figure = compared_figure(cell);
    return figure == WALL ? "wall_s" : figure == LATE ? "p99_s" : "makespan_s";
}

bool has_common_rate(const struct cell *cell)
{
    const char *of = json_string_at(cell->plan, "rate.of");
    return !json_object_get(cell->plan, "rate") || (of && strcmp(of, "slowest") == 0);
}

const struct cell *beside(const struct results *results, const struct cell *cell, const char *lane)
{
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *other = &results->cells[i];
        if (strcmp(other->experiment, cell->experiment) == 0 && strcmp(other->lane, lane) == 0 &&
            json_equal(json_object_get(other->plan, "value"), json_object_get(cell->plan, "value")))
            return other;
    }
    return NULL;
}

/* base's figure over cell's in each round that holds both; how many there are. */
static size_t round_ratios(const struct cell *cell, const struct cell *base, double *ratios)
{
    enum figure figure = compared_figure(cell);
    size_t count = 0;
    for (size_t i = 0; i < cell->made; i++)
        for (size_t k = 0; k < base->made; k++)
            if (cell->visits[i]->round == base->visits[k]->round) {
                ratios[count++] =
                    figure_of(base->visits[k], figure) / figure_of(cell->visits[i], figure);
                break; /* a round holds a cell once */
            }
    return count;
}

struct spread ratio_within_rounds(const struct cell *cell, const struct cell *base)
{
    double *ratios = needed(cell->made + 1, sizeof *ratios);
    struct spread spread = spread_of(ratios, round_ratios(cell, base, ratios));
    free(ratios);
    return spread;
}

/* What the twins of a run, of one experiment or at one value of it say. */
struct twins {
    size_t count;  /* ratios */
    double *sizes; /* |log ratio| of each, sorted; to be freed */
    double apart;  /* the largest |median log ratio| of one pair of twins */
};

/* like is NULL for the run as a whole, whose floor is one of times. */
static bool is_within(const struct cell *cell, const struct cell *like, enum floor_source source)
{
    bool late = like && compared_figure(like) == LATE;
    if (!has_common_rate(cell) || (compared_figure(cell) == LATE) != late)
        return false;
    if (source == WHOLE_RUN || !like)
        return true;
    return strcmp(cell->experiment, like->experiment) == 0 &&
           (source == SAME_EXPERIMENT ||
            json_equal(json_object_get(cell->plan, "value"), json_object_get(like->plan, "value")));
}

static struct twins twins_of(const struct results *results, const struct cell *like,
                             enum floor_source source)
{
    struct twins twins = {.sizes = needed(results->made + 1, sizeof(double))};
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        const struct cell *twin = cell->again_of ? beside(results, cell, cell->again_of) : NULL;
        if (!twin || cell_verdict(cell) != VALID || cell_verdict(twin) != VALID ||
            !is_within(cell, like, source))
            continue;
        double *logs = twins.sizes + twins.count;
        size_t count = round_ratios(cell, twin, logs);
        for (size_t k = 0; k < count; k++)
            logs[k] = log(logs[k]);
        struct spread spread = spread_of(logs, count);
        if (spread.n == 0)
            continue; /* a time is missing: such a cell is not valid */
        twins.apart = fmax(twins.apart, fabs(spread.median));
        for (size_t k = 0; k < count; k++)
            logs[k] = fabs(logs[k]);
        twins.count += count;
    }
    sort_f64(twins.sizes, twins.count);
    return twins;
}

static struct noise_floor floor_of_run(const struct results *results, const struct cell *like)
{
    struct twins twins = twins_of(results, like, WHOLE_RUN);
    struct noise_floor noise = {twins.count, NAN, WHOLE_RUN};
    if (twins.count > 0)
        noise.ratio = exp(percentile_f64(twins.sizes, twins.count, 95));
    free(twins.sizes);
    return noise;
}

struct noise_floor noise_floor_of(const struct results *results)
{
    return floor_of_run(results, NULL);
}

struct noise_floor noise_floor_at(const struct results *results, const struct cell *cell,
                                  size_t rounds)
{
    enum { ENOUGH = 14 };
    double own = 1; /* of the twins at the same value, if there are any */
    for (enum floor_source source = SAME_VALUE; rounds > 0 && source < WHOLE_RUN; source++) {
        struct twins twins = twins_of(results, cell, source);
        struct noise_floor noise = {twins.count, own, source};
        if (twins.count > 0)
            noise.ratio =
                fmax(own, exp(fmax(twins.apart, median_noise(twins.sizes, twins.count, rounds))));
        free(twins.sizes);
        if (twins.count >= ENOUGH)
            return noise;
        own = noise.ratio;
    }
    struct noise_floor noise = floor_of_run(results, cell);
    if (isfinite(noise.ratio))
        noise.ratio = fmax(noise.ratio, own);
    return noise;
}

static int test_pair(struct pair *pair)
{
    double *logs = needed(pair->a->made + 1, sizeof *logs);
    size_t count = round_ratios(pair->a, pair->b, logs);
    for (size_t i = 0; i < count; i++)
        logs[i] = log(logs[i]);
    int error = signed_rank_test(logs, count, &pair->test);
    pair->ratio = spread_of(logs, count);
    /* The median and its interval are order statistics, so exp keeps them; an
     * even count's median becomes the geometric mean of the middle two. */
    pair->ratio.median = exp(pair->ratio.median);
    pair->ratio.low = exp(pair->ratio.low);
    pair->ratio.high = exp(pair->ratio.high);
    free(logs);
    return error;
}

static bool compares(const struct cell *cell, const char *experiment)
{
    /* Fewer than a thousand fetches have no 99th percentile. */
    if (compared_figure(cell) == LATE && cell_spread(cell, LATE).n == 0)
        return false;
    return strcmp(cell->experiment, experiment) == 0 && strcmp(cell->kind, "timed") == 0 &&
           !cell->again_of && cell_verdict(cell) == VALID && has_common_rate(cell);
}

/* Whether two lanes are a pair, and of which family. */
static bool are_pair(const struct cell *a, const struct cell *b, bool *builds)
{
    *builds = (a->against && strcmp(a->against, b->lane) == 0) ||
              (b->against && strcmp(b->against, a->lane) == 0);
    return *builds || (!a->against && !b->against);
}

/* What is said of lanes that share processors needs a machine that has them to give. */
static bool lacks_processors(const struct results *results, const struct cell *cell)
{
    const char *placement = json_string_at(cell->plan, "placement");
    return placement && strcmp(placement, "together") == 0 &&
           !(json_number_at(results->metadata, "machine.two_busy_processes") >= 1.6);
}

/* One family: adjusts its p and decides. */
static int decide(const struct results *results, struct pair *pairs, size_t count, bool builds)
{
    double *p = needed(count + 1, sizeof *p), family = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (pairs[i].builds == builds)
            p[used++] = pairs[i].test.p;
    int error = holm_adjust(p, used);
    family = (double)used;
    used = 0;
    for (size_t i = 0; i < count && !error; i++) {
        struct pair *pair = &pairs[i];
        if (pair->builds != builds)
            continue;
        double ratio = pair->ratio.median, floor = pair->floor.ratio;
        pair->p_holm = p[used++];
        if (lacks_processors(results, pair->a))
            pair->verdict = NO_PROCESSORS;
        else if (pair->p_holm <= ALPHA && fmax(ratio, 1 / ratio) > floor)
            pair->verdict = ratio > 1 ? FASTER : SLOWER;
        else if (fmin(1, ldexp(2, -(int)pair->ratio.n)) * family > ALPHA)
            pair->verdict = TOO_FEW;
        else if (!isfinite(floor))
            pair->verdict = NO_TWINS;
        else
            pair->verdict = NO_DIFFERENCE;
    }
    free(p);
    return error;
}

int pairs_of(const struct results *results, const char *experiment, struct pair **pairs,
             size_t *count)
{
    size_t cells = results->cell_count, used = 0;
    struct pair *all = needed(cells * cells + 1, sizeof *all);
    int error = 0;
    for (size_t i = 0; i < cells && !error; i++)
        for (size_t k = i + 1; k < cells && !error; k++) {
            const struct cell *a = &results->cells[i], *b = &results->cells[k];
            struct pair *pair = &all[used];
            if (!compares(a, experiment) || !compares(b, experiment) ||
                !are_pair(a, b, &pair->builds) || beside(results, a, b->lane) != b)
                continue;
            pair->a = a;
            pair->b = b;
            error = test_pair(pair);
            pair->floor = noise_floor_at(results, a, pair->ratio.n);
            used++;
        }
    if (!error)
        error = decide(results, all, used, false);
    if (!error)
        error = decide(results, all, used, true);
    if (error) {
        free(all);
        return error;
    }
    *pairs = all;
    *count = used;
    return 0;
}

/* Solves the symmetric 3×3 system for the normal equations; false where it has no
 * one solution. m is overwritten. */
static bool solve(double m[3][4], int size)
{
    for (int column = 0; column < size; column++) {
        int best = column;
        for (int row = column + 1; row < size; row++)
            if (fabs(m[row][column]) > fabs(m[best][column]))
                best = row;
        if (fabs(m[best][column]) < 1e-9)
            return false;
        for (int k = 0; k < 4; k++) {
            double swap = m[column][k];
            m[column][k] = m[best][k];
            m[best][k] = swap;
        }
        for (int row = 0; row < size; row++) {
            double factor = m[row][column] / m[column][column];
            for (int k = 0; k < 4 && row != column; k++)
                m[row][k] -= factor * m[column][k];
        }
    }
    for (int row = 0; row < size; row++)
        m[row][3] /= m[row][row];
    return true;
}

/* Adds one visit to the normal equations of CPU on (1, kept, first). */
static void add_equation(double m[3][4], const struct visit_seen *seen)
{
    double first = fmin(seen->planned_concurrency, seen->planned_count);
    const double x[] = {1, seen->planned_count - first, first};
    double cpu = fmax(0, seen->run_cpu_s - seen->spawn_s);
    if (!isfinite(seen->run_cpu_s) || !isfinite(seen->spawn_s))
        return;
    for (int row = 0; row < 3; row++) {
        for (int k = 0; k < 3; k++)
            m[row][k] += x[row] * x[k];
        m[row][3] += x[row] * cpu;
    }
}

struct fetch_costs costs_of(const struct results *results, const struct cell *lane)
{
    double m[3][4] = {{0}};
    double most = 0, least = INFINITY;
    bool one_count = true;
    double some_count = NAN;
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        if (strcmp(cell->experiment, lane->experiment) != 0 ||
            strcmp(cell->lane, lane->lane) != 0 || cell_verdict(cell) != VALID)
            continue;
        for (size_t v = 0; v < cell->made; v++) {
            const struct visit_seen *seen = cell->visits[v];
            double first = fmin(seen->planned_concurrency, seen->planned_count);
            most = fmax(most, first);
            least = fmin(least, first);
            one_count = one_count && !(seen->planned_count != some_count && isfinite(some_count));
            some_count = seen->planned_count;
            add_equation(m, seen);
        }
    }
    struct fetch_costs costs = {0};
    if (one_count || !solve(m, most > least ? 3 : 2))
        return costs;
    costs.known = true;
    costs.start = fmax(0, m[0][3]);
    costs.kept = fmax(0, m[1][3]);
    costs.first = most > least ? fmax(0, m[2][3]) : 0;
    return costs;
}

double model_makespan(double count, double concurrency, double delay_s, struct fetch_costs costs)
{
    double waves = ceil(count / concurrency);
    return fmax(waves * delay_s + fmin(concurrency, count) * costs.first,
                count * costs.kept + delay_s);
}
