/*
 * The statistics that results are made of.
 *
 * Everything here is exact or says its coverage; nothing assumes a normal
 * distribution, since run times have none. All functions are pure: they may be
 * called from any thread, allocate nothing unless said, and touch only what
 * they are handed.
 */
#ifndef WAITBENCH_STATISTICS_H
#define WAITBENCH_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sorts n keys in ascending order, in time linear in n (radix sort, least
 * significant byte first). scratch has room for n keys and holds nothing
 * useful afterwards.
 */
void sort_u64(uint64_t *values, uint64_t *scratch, size_t n);

/* Sorts n numbers in ascending order; none may be a NaN. */
void sort_f64(double *values, size_t n);

/*
 * The p-th percentile by nearest rank: the ⌈p/100 · n⌉-th smallest of n values.
 * p is in percent, 0 < p < 100 (99.9, not 0.999). Returns false, and leaves out
 * alone, where fewer than ten values lie beyond that rank on its far side:
 * above it for p ≥ 50, below it otherwise. Such a percentile would be the
 * story of a few values.
 */
bool percentile_u64(const uint64_t *sorted, size_t n, double p, uint64_t *out);

/*
 * The p-th percentile by nearest rank as above, for any n ≥ 1 and without the
 * rule of ten: for noise floors, where the caller says how many values it saw.
 */
double percentile_f64(const double *sorted, size_t n, double p);

/* The median of n ≥ 1 sorted numbers; of an even count the middle two's mean. */
double median_f64(const double *sorted, size_t n);

/*
 * How many of n half-open intervals [start, end) hold one same instant, at
 * most. Both arrays are sorted, each by itself; an interval that ends at t does
 * not overlap one that starts at t, and an empty one overlaps nothing.
 */
uint64_t peak_overlap(const uint64_t *starts, const uint64_t *ends, size_t n);

/* A confidence interval of a median, between two order statistics. */
struct median_interval {
    size_t low_rank, high_rank; /* 1-based ranks in the sorted sample */
    double low, high;           /* the values there */
    double coverage;            /* exact probability that it holds the median */
};

/*
 * The narrowest symmetric order-statistic interval of the median whose coverage
 * is at least level (0 < level < 1). With ranks k and n+1−k the coverage is
 * 1 − 2·P(B ≤ k−1), B binomial(n, ½), whatever the continuous distribution
 * (Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2):
 * for 0.95, 7 values give lowest to highest, 98.4 %; 9 give second to eighth,
 * 96.1 %. Below 6 values no interval reaches 0.95: the result is then lowest
 * to highest, with the lower coverage it has. n ≥ 1.
 */
struct median_interval median_interval(const double *sorted, size_t n, double level);

/* What the Wilcoxon signed-rank test found. */
struct signed_rank {
    size_t used;    /* differences that are not zero */
    double w_plus;  /* sum of the ranks of positive differences */
    double w_minus; /* of negative ones */
    double p;       /* exact, two-sided; 1 where none was used */
    double least_p; /* the smallest p that so many differences can reach */
};

/*
 * The Wilcoxon signed-rank test of n paired differences against "their median
 * is zero". Zero differences are left out (Wilcoxon's own rule); equal sizes
 * share their mean rank, and the distribution is that of the ranks at hand,
 * enumerated exactly by convolution, with or without ties (Hollander, Wolfe,
 * Chicken, Nonparametric Statistical Methods, 3rd edition, section 3.1).
 * p is the two-sided probability min(1, 2·P(W ≤ min(w_plus, w_minus))).
 * Returns 0, -E2BIG for more than 1,000 differences, -ENOMEM.
 */
int signed_rank_test(const double *differences, size_t n, struct signed_rank *out);

/*
 * Holm's adjustment, in place: p[i] becomes the smallest error rate over the
 * whole family at which hypothesis i is still rejected (S. Holm, A simple
 * sequentially rejective multiple test procedure, Scandinavian Journal of
 * Statistics 6, 1979). Returns 0 or -ENOMEM.
 */
int holm_adjust(double *p, size_t n);

/*
 * How far from 0 the median of n values stays with probability 95 %, where each value
 * is one of m known sizes with either sign: what a median over n rounds comes to when
 * there is no difference at all. It is the exact bootstrap distribution of a median,
 * which needs no random numbers: P(median* ≤ x) = P(B ≥ n/2 + 1), B binomial(n, F(x))
 * (B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7,
 * 1979, section 3). Of an even n the upper middle value is taken. sizes are sorted and
 * not negative, n and m at least 1.
 */
double median_noise(const double *sizes, size_t m, size_t n);

/* P(median* ≤ x) as above, where F(x) is share. */
double bootstrap_median(size_t n, double share);

/* A line by least squares: y = intercept + slope · x. */
struct line {
    double intercept, slope;
};

/* Through n points; false where all x are equal, or a value is not finite. */
bool fit_line(const double *x, const double *y, size_t n, struct line *out);

/* What the rank-sum test found. */
struct rank_sum {
    double w;       /* Mann and Whitney's statistic: pairs with x above y, ties half */
    double p;       /* exact, two-sided */
    double least_p; /* the smallest p that samples of these sizes can reach */
};

/*
 * The Wilcoxon–Mann–Whitney rank-sum test of two independent samples of n and m
 * values against "one is not shifted against the other". Equal values share their
 * mean rank, and the distribution is that of the ranks at hand, counted exactly,
 * with or without ties (Hollander, Wolfe, Chicken, Nonparametric Statistical
 * Methods, 3rd edition, section 4.1). p is twice the smaller tail, at most 1.
 * Returns 0, -EDOM without values on either side, -E2BIG for more than 200
 * together, -ENOMEM.
 */
int rank_sum_test(const double *x, size_t n, const double *y, size_t m, struct rank_sum *out);

#endif
