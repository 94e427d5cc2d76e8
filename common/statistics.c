#include "common/statistics.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 8, VALUES = 256 }; /* a key is eight digits of one byte */

static size_t digit(uint64_t key, int place)
{
    return (key >> (8 * place)) & 0xff;
}

/* One pass: from's keys go to to, stably ordered by the digit at place. */
static void scatter(const uint64_t *from, uint64_t *to, size_t n, int place, const size_t *count)
{
    size_t next[VALUES];
    size_t sum = 0;
    for (int v = 0; v < VALUES; v++) {
        next[v] = sum;
        sum += count[v];
    }
    for (size_t i = 0; i < n; i++)
        to[next[digit(from[i], place)]++] = from[i];
}

void sort_u64(uint64_t *values, uint64_t *scratch, size_t n)
{
    size_t count[DIGITS][VALUES] = {{0}};
    for (size_t i = 0; i < n; i++)
        for (int place = 0; place < DIGITS; place++)
            count[place][digit(values[i], place)]++;

    uint64_t *from = values, *to = scratch;
    for (int place = 0; place < DIGITS; place++) {
        /* Where every key has the same digit the pass would move nothing. */
        if (n == 0 || count[place][digit(values[0], place)] == n)
            continue;
        scatter(from, to, n, place, count[place]);
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != values)
        memcpy(values, from, n * sizeof *values);
}

static int compare_f64(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void sort_f64(double *values, size_t n)
{
    if (n > 0)
        qsort(values, n, sizeof *values, compare_f64);
}

/* ⌈p/100 · n⌉, at least 1. 99.9 has no exact double, so that 99.9 % of 1,000
 * comes out a hair above 999; the hair is taken off before rounding up. */
static size_t nearest_rank(size_t n, double p)
{
    double exact = p / 100 * (double)n;
    double rank = ceil(exact - exact * 1e-12);
    return rank < 1 ? 1 : rank > (double)n ? n : (size_t)rank;
}

bool percentile_u64(const uint64_t *sorted, size_t n, double p, uint64_t *out)
{
    assert(p > 0 && p < 100);
    if (n == 0)
        return false;
    size_t rank = nearest_rank(n, p);
    size_t beyond = p >= 50 ? n - rank : rank - 1;
    if (beyond < 10)
        return false;
    *out = sorted[rank - 1];
    return true;
}

double percentile_f64(const double *sorted, size_t n, double p)
{
    assert(n > 0 && p > 0 && p < 100);
    return sorted[nearest_rank(n, p) - 1];
}

double median_f64(const double *sorted, size_t n)
{
    assert(n > 0);
    if (n % 2 == 1)
        return sorted[n / 2];
    return sorted[n / 2 - 1] + (sorted[n / 2] - sorted[n / 2 - 1]) / 2;
}

uint64_t peak_overlap(const uint64_t *starts, const uint64_t *ends, size_t n)
{
    uint64_t peak = 0;
    size_t ended = 0;
    for (size_t started = 1; started <= n; started++) {
        while (ended < n && ends[ended] <= starts[started - 1])
            ended++;
        /* Empty intervals may have ended before all of their like were counted
         * as started; they overlap nothing. */
        if (started > ended && started - ended > peak)
            peak = started - ended;
    }
    return peak;
}

/* P(B = i) for B binomial(n, ½), by logarithms so that a large n stays finite. */
static double binomial_half(size_t n, size_t i)
{
    double m = (double)n, k = (double)i;
    return exp(lgamma(m + 1) - lgamma(k + 1) - lgamma(m - k + 1) - m * M_LN2);
}

struct median_interval median_interval(const double *sorted, size_t n, double level)
{
    assert(n > 0);
    size_t k = 1;
    double outside = 2 * binomial_half(n, 0);
    while (k + 1 <= (n + 1) / 2) {
        double wider = outside + 2 * binomial_half(n, k);
        if (1 - wider < level)
            break;
        outside = wider;
        k++;
    }
    return (struct median_interval){
        .low_rank = k,
        .high_rank = n + 1 - k,
        .low = sorted[k - 1],
        .high = sorted[n - k],
        .coverage = n == 1 ? 0 : 1 - outside,
    };
}

struct magnitude {
    double size;
    bool positive;
    unsigned twice_rank; /* mean ranks are halves: doubled, they are whole */
};

static int compare_magnitudes(const void *left, const void *right)
{
    const struct magnitude *a = left, *b = right;
    return (a->size > b->size) - (a->size < b->size);
}

/* Gives n sorted magnitudes their ranks, equal ones their mean rank. */
static void rank_magnitudes(struct magnitude *m, size_t n)
{
    for (size_t first = 0, last; first < n; first = last + 1) {
        for (last = first; last + 1 < n && m[last + 1].size == m[first].size; last++)
            ;
        for (size_t i = first; i <= last; i++)
            m[i].twice_rank = (unsigned)(first + 1 + last + 1);
    }
}

/* P(W ≤ limit) where each doubled rank is in the sum W with probability ½.
 * chance has room for total + 1 probabilities, total the sum of all ranks. */
static double lower_tail(const struct magnitude *m, size_t n, double *chance, size_t total,
                         size_t limit)
{
    memset(chance, 0, (total + 1) * sizeof *chance);
    chance[0] = 1;
    size_t reach = 0;
    for (size_t i = 0; i < n; i++) {
        size_t rank = m[i].twice_rank;
        reach += rank;
        for (size_t sum = reach + 1; sum-- > 0;)
            chance[sum] = 0.5 * (chance[sum] + (sum >= rank ? chance[sum - rank] : 0));
    }
    double tail = 0;
    for (size_t sum = 0; sum <= limit; sum++)
        tail += chance[sum];
    return tail;
}

int signed_rank_test(const double *differences, size_t n, struct signed_rank *out)
{
    if (n > 1000)
        return -E2BIG;
    *out = (struct signed_rank){.p = 1, .least_p = 1};
    struct magnitude *m = calloc(n + 1, sizeof *m);
    if (!m)
        return -ENOMEM;
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        if (differences[i] != 0)
            m[used++] =
                (struct magnitude){.size = fabs(differences[i]), .positive = differences[i] > 0};
    qsort(m, used, sizeof *m, compare_magnitudes);
    rank_magnitudes(m, used);

    size_t plus = 0, total = used * (used + 1); /* doubled, as the ranks are */
    for (size_t i = 0; i < used; i++)
        plus += m[i].positive ? m[i].twice_rank : 0;
    size_t minus = total - plus;

    double *chance = malloc((total + 1) * sizeof *chance);
    if (!chance) {
        free(m);
        return -ENOMEM;
    }
    out->used = used;
    out->w_plus = (double)plus / 2;
    out->w_minus = (double)minus / 2;
    out->p = fmin(1, 2 * lower_tail(m, used, chance, total, plus < minus ? plus : minus));
    out->least_p = fmin(1, ldexp(2, -(int)used));
    free(chance);
    free(m);
    return 0;
}

struct hypothesis {
    double p;
    size_t place;
};

static int compare_hypotheses(const void *left, const void *right)
{
    const struct hypothesis *a = left, *b = right;
    return (a->p > b->p) - (a->p < b->p);
}

int holm_adjust(double *p, size_t n)
{
    struct hypothesis *order = malloc((n + 1) * sizeof *order);
    if (!order)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        order[i] = (struct hypothesis){.p = p[i], .place = i};
    qsort(order, n, sizeof *order, compare_hypotheses);
    double highest = 0;
    for (size_t i = 0; i < n; i++) {
        double adjusted = fmin(1, (double)(n - i) * order[i].p);
        highest = fmax(highest, adjusted);
        p[order[i].place] = highest;
    }
    free(order);
    return 0;
}

double bootstrap_median(size_t n, double share)
{
    if (!(share > 0))
        return 0;
    if (share >= 1)
        return 1;
    double m = (double)n, tail = 0;
    for (size_t i = n / 2 + 1; i <= n; i++) {
        double k = (double)i;
        tail += exp(lgamma(m + 1) - lgamma(k + 1) - lgamma(m - k + 1) + k * log(share) +
                    (m - k) * log(1 - share));
    }
    return tail;
}

double median_noise(const double *sizes, size_t m, size_t n)
{
    assert(m > 0 && n > 0);
    size_t rank = 1;
    /* Half of the values are below 0, so that F at the rank-th size is ½ + rank/2m. */
    while (rank < m && bootstrap_median(n, 0.5 + 0.5 * (double)rank / (double)m) < 0.975)
        rank++;
    return sizes[rank - 1];
}

bool fit_line(const double *x, const double *y, size_t n, struct line *out)
{
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mean_x += x[i] / (double)n;
        mean_y += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    if (!(xx > 0) || !isfinite(xx) || !isfinite(xy))
        return false;
    *out = (struct line){.slope = xy / xx, .intercept = mean_y - xy / xx * mean_x};
    return true;
}

/* ways[k][s]: how many choices of k of the doubled ranks have the sum s. Rows of width
 * entries; the choice of none is made by the caller. */
static void count_choices(const struct magnitude *all, size_t count, double *ways, size_t most,
                          size_t width)
{
    for (size_t i = 0; i < count; i++) {
        size_t rank = all[i].twice_rank;
        for (size_t k = i + 1 < most ? i + 1 : most; k > 0; k--)
            for (size_t sum = rank; sum < width; sum++)
                ways[k * width + sum] += ways[(k - 1) * width + sum - rank];
    }
}

int rank_sum_test(const double *x, size_t n, const double *y, size_t m, struct rank_sum *out)
{
    size_t count = n + m, width = count * (count + 1) + 1;
    if (n == 0 || m == 0)
        return -EDOM;
    if (count > 200)
        return -E2BIG;
    struct magnitude *all = calloc(count, sizeof *all);
    double *ways = calloc((n + 1) * width, sizeof *ways);
    if (!all || !ways) {
        free(all);
        free(ways);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        all[i] = (struct magnitude){.size = i < n ? x[i] : y[i - n], .positive = i < n};
    qsort(all, count, sizeof *all, compare_magnitudes);
    rank_magnitudes(all, count);
    size_t seen = 0;
    for (size_t i = 0; i < count; i++)
        seen += all[i].positive ? all[i].twice_rank : 0;
    ways[0] = 1;
    count_choices(all, count, ways, n, width);
    double below = 0, above = 0, every = 0;
    for (size_t sum = 0; sum < width; sum++) {
        double these = ways[n * width + sum];
        every += these;
        below += sum <= seen ? these : 0;
        above += sum >= seen ? these : 0;
    }
    free(all);
    free(ways);
    out->w = (double)seen / 2 - (double)(n * (n + 1)) / 2;
    out->p = fmin(1, 2 * fmin(below, above) / every);
    out->least_p = fmin(1, 2 / every);
    return 0;
}
