/*
 * Compares two runs: what got faster, slower, or cannot be told.
 *
 * Times of two runs are not comparable: the machine was another, or in another mood.
 * What is comparable are ratios within rounds to a lane that both runs hold. For each
 * lane at each value, with x the logarithms of its within-round ratios to the reference
 * in BASE, and y those in NEW:
 *
 *   change    d = median(y) − median(x)
 *   test      the rank-sum test of y against x, exact, adjusted by Holm over all lanes
 *   interval  d ∓ √((med y − end of y)² + (other end of x − med x)² + f² + g²): the exact
 *             order-statistic intervals of both medians, recovered into one of their
 *             difference (G. Y. Zou, A. Donner, Construction of confidence limits about
 *             effect measures, Statistics in Medicine 27, 2008), and f and g, the noise
 *             floors of both runs at that cell, for what differs from run to run
 *
 * Slower or faster needs the test and an interval that leaves out 1. Two runs cannot show
 * more of how runs differ than their equal lanes do, and a change of the reference
 * itself shows as the opposite change of all others: `make bench BASE=COMMIT`, both
 * builds in the same rounds, is the way to be sure.
 */
#ifndef WAITBENCH_COMPARE_H
#define WAITBENCH_COMPARE_H

#include "analysis/evidence.h"

enum change_verdict { GOT_SLOWER, GOT_FASTER, NO_CHANGE_SEEN, CANNOT_TELL };

/* One lane at one value, in two runs. */
struct change {
    const struct cell *base, *now;
    const struct cell *base_reference, *now_reference;
    double ratio, low, high; /* NEW's time over BASE's, both as ratios to the reference */
    double p, least_p, p_holm;
    enum change_verdict verdict;
    char why[96]; /* where it cannot be told */
};

/*
 * All changes between two proven runs, against the lane called reference or, where that
 * is NULL, the first lane in the plan that both have at a value. Stores an array for the
 * caller to free and its length; returns 0, -ENOMEM or -E2BIG.
 */
int changes_between(const struct results *base, const struct results *now, const char *reference,
                    struct change **changes, size_t *count);

/* `benchstat compare BASE NEW`; returns an exit status. */
int compare_main(int argc, char **argv);

#endif
