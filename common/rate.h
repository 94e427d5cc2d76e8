/*
 * An open loop: URLs fall due at a rate, however long the answers take.
 *
 * Without a rate a run is a closed loop: a lane takes its next URL when its
 * last is done, so that a slow answer also holds back the next question, and
 * the worst moments are asked about least ("coordinated omission", Gil Tene,
 * How NOT to Measure Latency, 2013). With one, every URL's due time is fixed
 * before the run. No fetch begins before it is due, at most C are under way,
 * and latency counts from the due time: what waits for a free lane is late, and
 * that is part of its latency.
 *
 * The waiting is the fetching layer's (transfer_fetch, transfers_start), so that
 * models do not know of it: a lane draws its next URL and waits for it to fall
 * due as it waits for everything else.
 */
#ifndef WAITBENCH_RATE_H
#define WAITBENCH_RATE_H

#include "common/workload.h"

/* Of --rate's random arrivals, and stated in the summary: every model and every run meets the same.
 */
#define RATE_SEED 1

/*
 * Reads `R`, `R,poisson` or `R,burst=K`: R a second from 0.001 to 10000000, with a
 * fraction if need be; K from 1 to 1000000. 0, or -EINVAL: then *rate is untouched.
 */
int rate_parse(struct rate *, const char *text);

/*
 * Fixes when each URL of the list falls due, by workload->rate: 8 bytes a URL,
 * shared like the list. The first of an even rate is due at once, of bursts
 * the first K. Nothing to do without a rate. 0, or -ERANGE (the last would be
 * due in more than a week) or -ENOMEM, each with a message. workload_free frees it.
 */
int rate_plan(struct workload *, struct workload_error *);

/* "even", "poisson", "burst" */
const char *arrivals_name(enum arrivals);

#endif
