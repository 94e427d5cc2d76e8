/*
 * batches: C threads for the first C URLs, then C more for the next.
 *
 *   thread  [== wait ==|get]           | [== wait ==|get]      |
 *   thread  [====== wait ======|get]   | [=== wait ===|get]    | …
 *   thread  [= wait =|get]             | [====== wait ====|get]|
 *
 * Whoever is done early waits for the slowest of its batch. It costs the sum
 * of the batches' slowest fetches, and a thread for each URL.
 */
#include "batches/batches.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/transfer.h"

/* One lane of the run: what fetches, and the URL that it has drawn. */
struct place {
    struct transfer *transfer;
    pthread_t thread;
    uint64_t url;
    bool started; /* a thread is to be joined */
};

static void *fetch(void *data)
{
    struct place *place = data;
    transfer_fetch(place->transfer, place->url);
    return NULL;
}

/* Draws a URL for each lane and fetches them side by side. False: the list is
 * dry, or the run is stopping. */
static bool fetch_batch(const struct run *run, struct place *places)
{
    uint32_t drawn = 0;
    for (; drawn < run->lanes; drawn++) {
        struct place *place = &places[drawn];
        place->url = run_take(run, run->first_lane + drawn);
        if (place->url == RUN_DRY)
            break;
        int error = pthread_create(&place->thread, NULL, fetch, place);
        place->started = error == 0;
        if (!place->started) /* what was drawn is fetched all the same */
            fetch(place);
    }
    for (uint32_t i = 0; i < drawn; i++) {
        if (places[i].started)
            pthread_join(places[i].thread, NULL);
    }
    return drawn == run->lanes;
}

static int batches_run(const struct run *run)
{
    int error = -ENOMEM;
    uint32_t made = 0;
    struct place *places = calloc(run->lanes, sizeof *places);
    if (places == NULL)
        return error;
    error = transfer_library(); /* before the first thread */
    for (; made < run->lanes && error == 0; made++) {
        places[made].transfer = transfer_open(run, run->first_lane + made);
        if (places[made].transfer == NULL) {
            error = -ENOMEM;
            break;
        }
    }

    /* Everything is built; time begins when the gate opens. */
    if (error == 0) {
        run_ready(run);
        while (fetch_batch(run, places))
            continue;
    }

    for (uint32_t i = 0; i < made; i++)
        transfer_close(places[i].transfer);
    free(places);
    return error;
}

static void batches_needs(const struct run *run, struct needs *needs)
{
    needs->threads += run->lanes;
    needs->descriptors += run->lanes * (2 + transfer_kept(run->workload));
}

const struct model batches_model = {
    .name = "batches",
    .summary = "threads, a batch of URLs at a time",
    .needs = batches_needs,
    .run = batches_run,
};
