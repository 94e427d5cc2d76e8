/*
 * sequential: one worker, one URL after another.
 *
 *   worker  [== wait ==|get][== wait ==|get][== wait ==|get] …
 *
 * It costs the sum of all waits, N x T, and the processor idles meanwhile.
 * Nothing can be simpler, and the pools build on it: a thread, and a forked
 * process, runs this very loop on its own lane.
 */
#include "sequential/sequential.h"

#include <errno.h>

#include "common/transfer.h"

static void sequential_needs(const struct run *run, struct needs *needs)
{
    /* libcurl's wake-up pair, and what a fetch holds. */
    needs->descriptors += 2 + transfer_descriptors(run->workload);
}

static int sequential_run(const struct run *run)
{
    uint32_t lane = run->first_lane;
    struct transfer *transfer = transfer_open(run, lane);
    if (transfer == NULL)
        return -ENOMEM;

    run_ready(run);
    for (uint64_t url; (url = run_take(run, lane)) != RUN_DRY;)
        transfer_fetch(transfer, url);
    run_done(run);

    transfer_close(transfer);
    return 0;
}

const struct model sequential_model = {
    .name = "sequential",
    .summary = "one URL after another",
    .max_concurrency = 1,
    .needs = sequential_needs,
    .run = sequential_run,
};
