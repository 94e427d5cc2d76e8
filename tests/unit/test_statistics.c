/* common/statistics against worked examples; each names where it was published. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/statistics.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A small generator of its own (xorshift64), so that every run sees the same keys. */
static uint64_t next_key(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int compare_u64(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void sorts_as_qsort_does(void **unused)
{
    (void)unused;
    enum { MOST = 3000 };
    static uint64_t values[MOST], scratch[MOST], expected[MOST];
    uint64_t state = 88172645463325252u;
    /* Few and many bytes in play, so that odd and even numbers of passes occur. */
    static const uint64_t masks[] = {
        0, 0xff, 0xffff, 0xff00ff, 0xffffffffffffffff, 0xff00000000000000};
    static const size_t sizes[] = {0, 1, 2, 255, 256, 257, MOST};
    for (size_t m = 0; m < COUNT(masks); m++)
        for (size_t s = 0; s < COUNT(sizes); s++) {
            for (size_t i = 0; i < sizes[s]; i++)
                expected[i] = values[i] = next_key(&state) & masks[m];
            qsort(expected, sizes[s], sizeof *expected, compare_u64);
            sort_u64(values, scratch, sizes[s]);
            assert_memory_equal(values, expected, sizes[s] * sizeof *values);
        }
}

/* Wikipedia, "Percentile", the nearest-rank method, examples 1 and 2. */
static void percentiles_by_nearest_rank(void **unused)
{
    (void)unused;
    static const double five[] = {15, 20, 35, 40, 50};
    assert_true(percentile_f64(five, 5, 5) == 15);
    assert_true(percentile_f64(five, 5, 30) == 20);
    assert_true(percentile_f64(five, 5, 40) == 20);
    assert_true(percentile_f64(five, 5, 50) == 35);
    static const double ten[] = {3, 6, 7, 8, 8, 10, 13, 15, 16, 20};
    assert_true(percentile_f64(ten, 10, 25) == 7);
    assert_true(percentile_f64(ten, 10, 50) == 8);
    assert_true(percentile_f64(ten, 10, 75) == 15);
}

static void percentile_needs_ten_beyond(void **unused)
{
    (void)unused;
    static uint64_t sorted[10000];
    for (size_t i = 0; i < COUNT(sorted); i++)
        sorted[i] = i + 1;
    uint64_t seen = 77;
    assert_false(percentile_u64(sorted, 0, 50, &seen));
    assert_false(percentile_u64(sorted, 19, 50, &seen)); /* rank 10, nine above */
    assert_int_equal(seen, 77);
    assert_true(percentile_u64(sorted, 20, 50, &seen));
    assert_int_equal(seen, 10);
    assert_false(percentile_u64(sorted, 99, 90, &seen));
    assert_true(percentile_u64(sorted, 100, 90, &seen));
    assert_int_equal(seen, 90);
    assert_false(percentile_u64(sorted, 999, 99, &seen));
    assert_true(percentile_u64(sorted, 1000, 99, &seen));
    assert_int_equal(seen, 990);
    assert_false(percentile_u64(sorted, 9999, 99.9, &seen));
    assert_true(percentile_u64(sorted, 10000, 99.9, &seen));
    assert_int_equal(seen, 9990);                         /* not 9991: 99.9 has no exact double */
    assert_false(percentile_u64(sorted, 100, 10, &seen)); /* nine below */
    assert_true(percentile_u64(sorted, 110, 10, &seen));
    assert_int_equal(seen, 11);
}

static void medians(void **unused)
{
    (void)unused;
    static const double sorted[] = {1, 2, 4, 9};
    assert_true(median_f64(sorted, 1) == 1);
    assert_true(median_f64(sorted, 2) == 1.5);
    assert_true(median_f64(sorted, 3) == 2);
    assert_true(median_f64(sorted, 4) == 3);
}

static void counts_overlaps(void **unused)
{
    (void)unused;
    assert_int_equal(peak_overlap(NULL, NULL, 0), 0);
    /* One after another, touching: never two. */
    static const uint64_t a[] = {0, 10, 20}, b[] = {10, 20, 30};
    assert_int_equal(peak_overlap(a, b, 3), 1);
    /* [0,100) holds [10,20) and [15,30): three at 15. */
    static const uint64_t c[] = {0, 10, 15}, d[] = {20, 30, 100};
    assert_int_equal(peak_overlap(c, d, 3), 3);
    static const uint64_t e[] = {0, 0, 0, 0}, f[] = {1, 1, 1, 1};
    assert_int_equal(peak_overlap(e, f, 4), 4);
    /* Empty intervals overlap nothing, not even each other. */
    static const uint64_t g[] = {5, 5, 5}, h[] = {5, 5, 5};
    assert_int_equal(peak_overlap(g, h, 3), 0);
    static const uint64_t i[] = {0, 5, 5}, j[] = {5, 5, 9};
    assert_int_equal(peak_overlap(i, j, 3), 1);
}

/*
 * Ranks and coverages of the two-sided 95 % interval as tabled by K. R. Nair,
 * Table of confidence interval for the median in samples from any continuous
 * population, Sankhyā 4 (1940); the coverages are 1 − 2·Σ C(n,i)/2ⁿ by hand.
 */
static void median_intervals_as_tabled(void **unused)
{
    (void)unused;
    static const struct {
        size_t n, low;
        double coverage;
    } table[] = {
        {6, 1, 1 - 2.0 / 64},
        {7, 1, 1 - 2.0 / 128}, /* 98.4 % */
        {8, 1, 1 - 2.0 / 256},
        {9, 2, 1 - 2.0 * (1 + 9) / 512},         /* 96.1 % */
        {10, 2, 1 - 2.0 * (1 + 10) / 1024},      /* 97.9 % */
        {11, 2, 1 - 2.0 * (1 + 11) / 2048},      /* 98.8 % */
        {12, 3, 1 - 2.0 * (1 + 12 + 66) / 4096}, /* 96.1 % */
        {15, 4, 1 - 2.0 * (1 + 15 + 105 + 455) / 32768},
        {20, 6, 1 - 2.0 * (1 + 20 + 190 + 1140 + 4845 + 15504) / 1048576}, /* 95.9 % */
    };
    double sorted[20];
    for (size_t i = 0; i < COUNT(sorted); i++)
        sorted[i] = (double)(i + 1) * 10;
    for (size_t t = 0; t < COUNT(table); t++) {
        struct median_interval got = median_interval(sorted, table[t].n, 0.95);
        assert_int_equal(got.low_rank, table[t].low);
        assert_int_equal(got.high_rank, table[t].n + 1 - table[t].low);
        assert_true(got.low == sorted[got.low_rank - 1]);
        assert_true(got.high == sorted[got.high_rank - 1]);
        assert_true(fabs(got.coverage - table[t].coverage) < 1e-12);
    }
}

static void short_samples_say_their_coverage(void **unused)
{
    (void)unused;
    static const double sorted[] = {1, 2, 3, 4, 5};
    struct median_interval got = median_interval(sorted, 5, 0.95);
    assert_int_equal(got.low_rank, 1);
    assert_int_equal(got.high_rank, 5);
    assert_true(fabs(got.coverage - 0.9375) < 1e-12);
    assert_true(median_interval(sorted, 1, 0.95).coverage == 0);
    assert_true(fabs(median_interval(sorted, 2, 0.95).coverage - 0.5) < 1e-12);
}

/*
 * Hamilton's depression scale before and after a tranquilizer, nine patients:
 * Hollander and Wolfe, Nonparametric Statistical Methods (1973), 29 f., example
 * 3.1; also in R's help of wilcox.test (V = 40, one-sided p = 0.01953 = 10/512).
 */
static void signed_rank_of_hollander_and_wolfe(void **unused)
{
    (void)unused;
    static const double before[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    static const double after[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double differences[COUNT(before)];
    for (size_t i = 0; i < COUNT(before); i++)
        differences[i] = before[i] - after[i];
    struct signed_rank got;
    assert_int_equal(signed_rank_test(differences, COUNT(before), &got), 0);
    assert_int_equal(got.used, 9);
    assert_true(got.w_plus == 40);
    assert_true(got.w_minus == 5);
    assert_true(fabs(got.p - 2 * 10.0 / 512) < 1e-12);
}

/*
 * Darwin's maize, crossed less self-fertilised, in eighths of an inch: R. A.
 * Fisher, The Design of Experiments (1935), chapter III. W = 24, exact two-sided
 * p = 0.0413 (R: wilcox.test(x)$p.value = 0.04126).
 */
static void signed_rank_of_darwins_maize(void **unused)
{
    (void)unused;
    static const double differences[] = {49, -67, 8,  16, 6,  23, 28, 41,
                                         14, 29,  56, 24, 75, 60, -48};
    struct signed_rank got;
    assert_int_equal(signed_rank_test(differences, COUNT(differences), &got), 0);
    assert_true(got.w_plus == 96);
    assert_true(got.w_minus == 24);
    assert_true(fabs(got.p - 0.04126) < 0.000005);
}

static void signed_rank_by_hand(void **unused)
{
    (void)unused;
    struct signed_rank got;
    /* Three equal sizes share rank 2. The sums 0, 2, 4, 6 have 1, 3, 3, 1 of
     * eight signs: P(W ≤ 2) = 4/8, twice that is 1. */
    static const double ties[] = {1, -1, 1};
    assert_int_equal(signed_rank_test(ties, 3, &got), 0);
    assert_true(got.w_plus == 4 && got.w_minus == 2 && got.p == 1);
    /* All on one side: the least that n differences can say. */
    static const double same[] = {0.1, 0, 0.2, 0.2, 0.5, 0.7};
    assert_int_equal(signed_rank_test(same, 6, &got), 0);
    assert_int_equal(got.used, 5);
    assert_true(got.w_minus == 0 && got.w_plus == 15);
    assert_true(fabs(got.p - 2.0 / 32) < 1e-15 && got.p == got.least_p);
    static const double none[] = {0, 0};
    assert_int_equal(signed_rank_test(none, 2, &got), 0);
    assert_true(got.used == 0 && got.p == 1 && got.least_p == 1);
    assert_int_equal(signed_rank_test(none, 0, &got), 0);
    assert_true(got.p == 1);
}

static void signed_rank_at_its_bound(void **unused)
{
    (void)unused;
    static double differences[1001];
    for (size_t i = 0; i < COUNT(differences); i++)
        differences[i] = (double)(i + 1) * (i % 2 ? 1 : -1);
    struct signed_rank got;
    assert_int_equal(signed_rank_test(differences, 1001, &got), -E2BIG);
    assert_int_equal(signed_rank_test(differences, 1000, &got), 0);
    assert_true(got.p > 0.9 && got.p <= 1);
}

/* Wikipedia, "Holm–Bonferroni method", the example of four hypotheses. */
static void holm_of_four(void **unused)
{
    (void)unused;
    double p[] = {0.01, 0.04, 0.03, 0.005};
    static const double adjusted[] = {0.03, 0.06, 0.06, 0.02};
    assert_int_equal(holm_adjust(p, 4), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(p[i] - adjusted[i]) < 1e-12);
    double high[] = {0.9, 0.8};
    assert_int_equal(holm_adjust(high, 2), 0);
    assert_true(high[0] == 1 && high[1] == 1);
    assert_int_equal(holm_adjust(high, 0), 0);
}

/*
 * Efron (1979), section 3: of 13 values the bootstrap median is the k-th smallest with
 * these probabilities (k = 2 to 7, and the same from the other end).
 */
static void bootstrap_median_of_efron(void **unused)
{
    (void)unused;
    static const double tabled[] = {.0015, .0142, .0550, .1242, .1936, .2230};
    for (size_t i = 0; i < COUNT(tabled); i++) {
        double k = (double)i + 2;
        double chance = bootstrap_median(13, k / 13) - bootstrap_median(13, (k - 1) / 13);
        assert_true(fabs(chance - tabled[i]) < 0.00011);
    }
    assert_true(bootstrap_median(13, 0) == 0 && bootstrap_median(13, 1) == 1);
    assert_true(fabs(bootstrap_median(7, 0.5) - 0.5) < 1e-12);
}

static void noise_of_a_median_by_hand(void **unused)
{
    (void)unused;
    static const double sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    /* One value stays within the largest size only: F has to reach 0.975. */
    assert_true(median_noise(sizes, 14, 1) == 14);
    /* Of three: 3F² − 2F³ ≥ 0.975 from F = 0.9057 on, so ⌈0.8114 · 14⌉ = 12. */
    assert_true(median_noise(sizes, 14, 3) == 12);
    /* More rounds, less noise. */
    assert_true(median_noise(sizes, 14, 7) == 9 && median_noise(sizes, 14, 11) == 8);
    assert_true(median_noise(sizes, 1, 99) == 1);
}

/* F. J. Anscombe, Graphs in statistical analysis, The American Statistician 27 (1973): two
 * of his four sets, each with the line y = 3 + 0.5 x. */
static void lines_of_anscombe(void **unused)
{
    (void)unused;
    static const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
    static const double y[] = {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
    static const double x4[] = {8, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8};
    static const double y4[] = {6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89};
    struct line line;
    assert_true(fit_line(x, y, COUNT(x), &line));
    assert_true(fabs(line.slope - 0.5001) < 0.00005 && fabs(line.intercept - 3.0001) < 0.00005);
    assert_true(fit_line(x4, y4, COUNT(x4), &line));
    assert_true(fabs(line.slope - 0.4999) < 0.00005 && fabs(line.intercept - 3.0017) < 0.00005);
    assert_false(fit_line(x4, y4, 5, &line)); /* all at 8 */
    static const double unknown[] = {1, NAN, 3};
    assert_false(fit_line(x, unknown, 3, &line));
    assert_false(fit_line(x, y, 0, &line));
}

/*
 * Permeability of the human placenta at term and at 12 to 26 weeks: Hollander and
 * Wolfe (1973), 69 f., example 4.1; in R's help of wilcox.test W = 35, and one-sided
 * p = 0.1272.
 */
static void rank_sum_of_hollander_and_wolfe(void **unused)
{
    (void)unused;
    static const double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    static const double y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    struct rank_sum got;
    assert_int_equal(rank_sum_test(x, COUNT(x), y, COUNT(y), &got), 0);
    assert_true(got.w == 35);
    assert_true(fabs(got.p - 2 * 0.1272) < 0.0001);
    assert_true(fabs(got.least_p - 2.0 / 3003) < 1e-12); /* 15 choose 5 */
}

static void rank_sum_by_hand(void **unused)
{
    (void)unused;
    static const double low[] = {1, 2, 3}, high[] = {4, 5, 6}, equal[] = {7, 7, 7};
    struct rank_sum got;
    assert_int_equal(rank_sum_test(low, 3, high, 3, &got), 0);
    assert_true(got.w == 0 && fabs(got.p - 2.0 / 20) < 1e-12 && got.p == got.least_p);
    assert_int_equal(rank_sum_test(high, 3, low, 3, &got), 0);
    assert_true(got.w == 9 && fabs(got.p - 2.0 / 20) < 1e-12);
    /* Ties: of 1, 2 against 2, 3 the doubled ranks are 2, 5, 5, 8; of the six sums two of
     * 7 are as low as ours: 2 · 2/6. */
    static const double a[] = {1, 2}, b[] = {2, 3};
    assert_int_equal(rank_sum_test(a, 2, b, 2, &got), 0);
    assert_true(got.w == 0.5 && fabs(got.p - 2 * 2.0 / 6) < 1e-12);
    assert_int_equal(rank_sum_test(equal, 3, equal, 3, &got), 0);
    assert_true(got.p == 1);
    assert_int_equal(rank_sum_test(low, 0, high, 3, &got), -EDOM);
    static double many[201];
    assert_int_equal(rank_sum_test(many, 101, many, 100, &got), -E2BIG);
    assert_int_equal(rank_sum_test(many, 100, many + 100, 100, &got), 0);
    assert_true(got.p == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_as_qsort_does),
        cmocka_unit_test(percentiles_by_nearest_rank),
        cmocka_unit_test(percentile_needs_ten_beyond),
        cmocka_unit_test(medians),
        cmocka_unit_test(counts_overlaps),
        cmocka_unit_test(median_intervals_as_tabled),
        cmocka_unit_test(short_samples_say_their_coverage),
        cmocka_unit_test(signed_rank_of_hollander_and_wolfe),
        cmocka_unit_test(signed_rank_of_darwins_maize),
        cmocka_unit_test(signed_rank_by_hand),
        cmocka_unit_test(signed_rank_at_its_bound),
        cmocka_unit_test(holm_of_four),
        cmocka_unit_test(bootstrap_median_of_efron),
        cmocka_unit_test(noise_of_a_median_by_hand),
        cmocka_unit_test(lines_of_anscombe),
        cmocka_unit_test(rank_sum_of_hollander_and_wolfe),
        cmocka_unit_test(rank_sum_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
