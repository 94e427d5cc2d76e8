/*
 * processes: a pool of forked processes.
 *
 *   parent    fork, fork, fork … then waits for its children
 *   child 0   [== wait ==|get][== wait ==|get] …
 *   child 1   [== wait ==|get][== wait ==|get] …     one shared cursor
 *
 * Each child runs the sequential loop. It costs N/C x T, and for each child a
 * fork, page tables and a libcurl of its own. They share no memory but the
 * run's: when one dies, the others go on, and it gets a successor.
 */
#include "processes/processes.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/transfer.h"
#include "processes/workers.h"
#include "sequential/sequential.h"

/* libcurl does not promise to work in a child when it was initialised in the
 * parent; --init=parent shows what doing so would save. */
static bool init_in_parent = false;

static int start(struct worker *worker)
{
    pid_t pid = worker_fork(worker);
    if (pid == 0) /* the child */
        _exit(-sequential_model.run(&worker->run));
    return pid < 0 ? pid : 0;
}

static int processes_run(const struct run *run)
{
    struct worker *workers = calloc(run->lanes, sizeof *workers);
    if (workers == NULL)
        return -ENOMEM;
    int error = init_in_parent ? transfer_library() : 0;
    uint32_t made = 0;
    for (; made < run->lanes && error == 0; made++) {
        workers[made].run = run_part(run, made, 1);
        error = start(&workers[made]);
        if (error < 0)
            break;
    }
    if (made < run->lanes) { /* those that could be made fetch it all */
        struct run missing = run_part(run, made, run->lanes - made);
        run_lost(&missing, false);
    }
    int none_served = workers_reap(workers, made, start);
    free(workers);
    return made > 0 ? none_served : error;
}

static void processes_needs(const struct run *run, struct needs *needs)
{
    needs->processes += run->lanes;
    needs->descriptors += 2 + transfer_descriptors(run->workload);
}

enum { OPTION_INIT = 256 };

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key != OPTION_INIT)
        return ARGP_ERR_UNKNOWN;
    init_in_parent = strcmp(value, "parent") == 0;
    if (!init_in_parent && strcmp(value, "child") != 0)
        argp_error(state, "--init=%s: it is child or parent", value);
    return 0;
}

static const struct argp_option options[] = {
    {"init", OPTION_INIT, "child|parent", 0,
     "Where libcurl is initialised (default child)", 0},
    {0},
};

static const char *const *processes_settings(void)
{
    static const char *const child[] = {"init", "child", NULL};
    static const char *const parent[] = {"init", "parent", NULL};
    return init_in_parent ? parent : child;
}

const struct model processes_model = {
    .name = "processes",
    .summary = "a pool of forked processes",
    .options = &(const struct argp){.options = options, .parser = parse},
    .settings = processes_settings,
    .needs = processes_needs,
    .run = processes_run,
};
