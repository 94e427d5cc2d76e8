#include "async/backend.h"

#include <errno.h>

#include "async/transfers.h"

static const struct loop_backend *backend = &loop_epoll;

const struct loop_backend *backend_chosen(void)
{
    return backend;
}

enum { OPTION_BACKEND = 256 };

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key != OPTION_BACKEND)
        return ARGP_ERR_UNKNOWN;
    backend = loop_backend_named(value);
    if (backend == NULL)
        argp_error(state,
                   "--backend=%s: it is select, poll, epoll, uring or libuv",
                   value);
    return 0;
}

static const struct argp_option options[] = {
    {"backend", OPTION_BACKEND, "NAME", 0,
     "How the loop waits: select, poll, uring, libuv or epoll (default)", 0},
    {0},
};

const struct argp backend_options = {.options = options, .parser = parse};

const char *const *backend_settings(void)
{
    static const char *settings[] = {"backend", NULL, NULL};
    settings[1] = loop_backend_name(backend);
    return settings;
}

void backend_needs(const struct run *run, struct needs *needs)
{
    needs->refused = loop_backend_refused(backend);
    /* The loop's own (libuv has four), and the transfers'. */
    needs->descriptors += 4 + transfers_descriptors(run);
    needs->descriptor_max = (uint64_t)loop_backend_max(backend);
    needs->descriptor_max_why = "select() watches descriptors below 1,024";
}
