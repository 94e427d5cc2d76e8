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

#include <argp.h>
#include <errno.h>

#include "async/loop.h"
#include "async/transfers.h"

static const struct loop_backend *backend = &loop_epoll;

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
    int error = loop_open(&loop, backend);
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

    transfers_close(window.transfers);
close_loop:
    loop_close(loop);
    return error;
}

static void async_needs(const struct run *run, struct needs *needs)
{
    needs->descriptors += 2 + transfers_descriptors(run);
    needs->descriptor_max = (uint64_t)loop_backend_max(backend);
    needs->descriptor_max_why = "select() watches descriptors below 1,024";
}

enum { OPTION_BACKEND = 256 };

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key != OPTION_BACKEND)
        return ARGP_ERR_UNKNOWN;
    backend = loop_backend_named(value);
    if (backend == NULL)
        argp_error(state, "--backend=%s: it is select, poll or epoll", value);
    return 0;
}

static const struct argp_option table[] = {
    {"backend", OPTION_BACKEND, "NAME", 0,
     "How the loop waits: select, poll or epoll (default)", 0},
    {0},
};

const struct argp async_options = {.options = table, .parser = parse};

static const char *const *async_settings(void)
{
    static const char *settings[] = {"backend", NULL, NULL};
    settings[1] = loop_backend_name(backend);
    return settings;
}

const struct model async_model = {
    .name = "async",
    .summary = "one thread, one event loop",
    .options = &async_options,
    .settings = async_settings,
    .needs = async_needs,
    .run = async_run,
};
