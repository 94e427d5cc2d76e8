/*
 * hybrid: a few processes, and inside each many that wait.
 *
 *   process 0   thread or transfer 0  [== wait ==|get][== wait ==|get] …
 *               thread or transfer 1  [== wait ==|get][== wait ==|get] …
 *   process 1   thread or transfer 2  [== wait ==|get][== wait ==|get] …
 *               thread or transfer 3  [== wait ==|get][== wait ==|get] …
 *
 * P processes use P processors, and the H lanes inside each wait at the same
 * time: N/(P·H) x T. One that dies takes its H fetches along, not the others'.
 */
#include "hybrid/hybrid.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "async/async.h"
#include "async/backend.h"
#include "common/units.h"
#include "processes/workers.h"
#include "threads/threads.h"

static uint64_t processes_asked = 0; /* 0: one for each processor */
static uint32_t processes_used = 0;
static const struct model *inside = &async_model;

/* Processors that we may run on. */
static uint32_t allowed_processors(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return (uint32_t)CPU_COUNT(&allowed);
    return 1; /* more processors than the set has room for: let the user say */
}

/* No process is made that would have nothing to serve. */
static uint32_t processes_for(const struct run *run)
{
    uint64_t asked =
        processes_asked > 0 ? processes_asked : allowed_processors();
    return asked < run->lanes ? (uint32_t)asked : run->lanes;
}

static int start(struct worker *worker)
{
    pid_t pid = worker_fork(worker);
    if (pid == 0) /* the child: a whole pool, or a whole loop */
        _exit(-inside->run(&worker->run));
    return pid < 0 ? pid : 0;
}

static int hybrid_run(const struct run *run)
{
    uint32_t count = processes_for(run), made = 0;
    processes_used = count;
    struct worker *workers = calloc(count, sizeof *workers);
    if (workers == NULL)
        return -ENOMEM;
    int error = 0;
    for (; made < count; made++) {
        workers[made].run = workers_share(run, made, count);
        error = start(&workers[made]);
        if (error < 0)
            break;
    }
    for (uint32_t i = made; i < count; i++) { /* the others fetch it all */
        struct run missing = workers_share(run, i, count);
        run_lost(&missing, false);
    }
    int none_served = workers_reap(workers, made, start);
    free(workers);
    return made > 0 ? none_served : error;
}

static void hybrid_needs(const struct run *run, struct needs *needs)
{
    uint32_t count = processes_for(run);
    struct run largest = workers_share(run, 0, count);
    inside->needs(&largest, needs); /* of one process */
    needs->processes += count;
    if (needs->threads > 0)
        needs->threads = run->lanes; /* of all */
}

enum { OPTION_PROCESSES = 256, OPTION_INSIDE };

static error_t parse(int key, char *value, struct argp_state *state)
{
    switch (key) {
    case OPTION_PROCESSES:
        if (parse_count(value, &processes_asked) < 0 || processes_asked < 1 ||
            processes_asked > UINT32_MAX)
            argp_error(state, "--processes=%s: not a number from 1", value);
        return 0;
    case OPTION_INSIDE:
        inside = strcmp(value, "threads") == 0 ? &threads_model : &async_model;
        if (strcmp(value, inside->name) != 0)
            argp_error(state, "--inside=%s: it is threads or async", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"processes", OPTION_PROCESSES, "P", 0,
     "Processes that share the lanes (default: one for each processor)", 0},
    {"inside", OPTION_INSIDE, "threads|async", 0,
     "What serves a process's lanes (default async)", 0},
    {0},
};

/* What may be said of a pool or a loop may be said of those inside. */
static const struct argp_child inside_options[] = {
    {&threads_options, 0, NULL, 0}, {&backend_options, 0, NULL, 0}, {0}};

static const char *const *hybrid_settings(void)
{
    static char number[12];
    static const char *settings[16] = {"processes", number, "inside"};
    const char *const *more = inside->settings();
    snprintf(number, sizeof number, "%" PRIu32, processes_used);
    settings[3] = inside->name;
    for (int i = 0; more[i] != NULL; i++)
        settings[4 + i] = more[i];
    return settings;
}

const struct model hybrid_model = {
    .name = "hybrid",
    .summary = "processes, and inside each threads or an event loop",
    .options = &(const struct argp){.options = options,
                                    .parser = parse,
                                    .children = inside_options},
    .settings = hybrid_settings,
    .needs = hybrid_needs,
    .run = hybrid_run,
};
