/*
 * async: one thread, one event loop, C transfers under way.
 *
 *   transfer 0  [== wait ==|get][== wait ==|get] …
 *   transfer 1  [== wait ==|get][== wait ==|get] …    one thread waits for
 *   transfer 2  [== wait ==|get][== wait ==|get] …    all of them at once
 *
 * Nobody blocks: the loop waits for whichever socket is ready first, lets
 * libcurl go on with that transfer, and starts the next URL when one is done.
 * It costs N/C x T, and for each transfer a few kilobytes; one processor.
 */
#include "async/async.h"

#include "async/backend.h"
#include "async/loop.h"
#include "async/transfers.h"

struct window {
    const struct run *run;
    struct transfers *transfers;
    uint32_t busy; /* lanes that fetch */
};

/* Gives the lane its next URL, or rests it when there is none. */
static void go_on(void *data, uint32_t lane)
{
    struct window *window = data;
    for (uint64_t url; (url = run_take(window->run, lane)) != RUN_DRY;) {
        if (transfers_start(window->transfers, lane, url))
            return; /* the loop calls us again when it is done */
    }
    window->busy--;
}

static int async_run(const struct run *run)
{
    struct loop *loop = NULL;
    struct window window = {.run = run, .busy = run->lanes};
    int error = loop_open(&loop, backend_chosen());
    if (error < 0)
        return error;
    error = transfers_open(&window.transfers, run, loop, go_on, &window);
    if (error < 0)
        goto close_loop;

    run_ready(run);
    for (uint32_t i = 0; i < run->lanes; i++)
        go_on(&window, run->first_lane + i);
    while (window.busy > 0 && error == 0)
        error = loop_once(loop);
    if (error == 0)
        run_done(run);

    transfers_close(window.transfers);
close_loop:
    loop_close(loop);
    return error;
}

const struct model async_model = {
    .name = "async",
    .summary = "one thread, one event loop",
    .options = &backend_options,
    .settings = backend_settings,
    .needs = backend_needs,
    .run = async_run,
};
