/*
 * coroutines: one thread, C workers that read like sequential's loop.
 *
 *   worker 0  take, await [== wait ==|get] take, await [== wait ==|get] …
 *   worker 1  take, await [== wait ==|get] take, await [== wait ==|get] …
 *   loop      waits for all of them, resumes the one whose fetch is done
 *
 * At `await` a worker is suspended: it returns to the loop, and goes on from
 * that line later. It costs what async costs, a struct of a few words, and a
 * jump for each fetch: the loop is the same, only its callbacks are gone.
 */
#include "coroutines/coroutines.h"

#include <errno.h>
#include <stdlib.h>

#include "async/backend.h"
#include "async/transfers.h"
#include "coroutines/coroutine.h"

struct worker {
    struct coroutine coroutine; /* first: the one is found from the other */
    const struct crew *crew;
    uint32_t lane;
    uint64_t url; /* kept here, since locals do not survive an await */
};

struct crew {
    const struct run *run;
    struct transfers *transfers;
    struct worker *workers; /* one a lane */
    uint32_t busy;          /* that have not ended */
};

static bool work(struct coroutine *coroutine)
{
    struct worker *self = (struct worker *)coroutine;
    const struct crew *crew = self->crew;

    CO_BEGIN(coroutine);
    while ((self->url = run_take(crew->run, self->lane)) != RUN_DRY)
        CO_AWAIT(coroutine,
                 transfers_start(crew->transfers, self->lane, self->url));
    CO_END(coroutine);
}

static void resume(struct crew *crew, struct worker *worker)
{
    if (!coroutine_resume(&worker->coroutine, 0))
        crew->busy--;
}

/* The loop calls it: what this lane awaits is done. */
static void fetched(void *data, uint32_t lane)
{
    struct crew *crew = data;
    resume(crew, &crew->workers[lane - crew->run->first_lane]);
}

static int serve(struct crew *crew, struct loop *loop)
{
    uint32_t lanes = crew->run->lanes;
    crew->workers = calloc(lanes, sizeof *crew->workers);
    if (crew->workers == NULL)
        return -ENOMEM;
    run_ready(crew->run);
    for (uint32_t i = 0; i < lanes; i++) {
        crew->workers[i] = (struct worker){.coroutine = {.step = work},
                                           .crew = crew,
                                           .lane = crew->run->first_lane + i};
        resume(crew, &crew->workers[i]);
    }
    int error = 0;
    while (crew->busy > 0 && error == 0)
        error = loop_once(loop);
    free(crew->workers);
    return error;
}

static int coroutines_run(const struct run *run)
{
    struct loop *loop = NULL;
    struct crew crew = {.run = run, .busy = run->lanes};
    int error = loop_open(&loop, backend_chosen());
    if (error < 0)
        return error;
    error = transfers_open(&crew.transfers, run, loop, fetched, &crew);
    if (error == 0) {
        error = serve(&crew, loop);
        transfers_close(crew.transfers);
    }
    loop_close(loop);
    return error;
}

const struct model coroutines_model = {
    .name = "coroutines",
    .summary = "straight-line workers suspended on one event loop",
    .options = &backend_options,
    .settings = backend_settings,
    .needs = backend_needs,
    .run = coroutines_run,
};
