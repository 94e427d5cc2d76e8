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
#include <sys/wait.h>
#include <unistd.h>

#include "common/transfer.h"
#include "sequential/sequential.h"

/* libcurl does not promise to work in a child when it was initialised in the
 * parent; --init=parent shows what doing so would save. */
static bool init_in_parent = false;

struct worker {
    pid_t pid;       /* 0: none is running */
    uint64_t drawn;  /* by its lane, before this worker began */
    uint32_t barren; /* workers in a row that died before finishing a URL */
};

static _Noreturn void work(const struct run *run, uint32_t lane, pid_t parent)
{
    struct run own = run_part(run, lane, 1);
    if (run_forked(&own, parent) < 0)
        _exit(EXIT_FAILURE);
    _exit(sequential_model.run(&own) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int start(const struct run *run, uint32_t lane, struct worker *worker)
{
    struct run own = run_part(run, lane, 1);
    pid_t parent = getpid();
    worker->drawn = run_drawn(&own);
    pid_t pid = fork();
    if (pid == 0)
        work(run, lane, parent);
    if (pid < 0)
        return -errno;
    worker->pid = pid;
    return 0;
}

/* A worker died. Its URL is lost; a successor takes the lane, unless two in a
 * row died before they finished a single URL. True: one was started. */
static bool replace(const struct run *run, uint32_t lane, struct worker *worker)
{
    struct run own = run_part(run, lane, 1);
    bool barren = run_drawn(&own) - worker->drawn <= 1;
    worker->barren = barren ? worker->barren + 1 : 0;
    bool again = worker->barren < 2 && !run_stopping(run);
    run_lost(&own, again);
    if (!again)
        return false;
    if (start(run, lane, worker) == 0)
        return true;
    run_lost(&own, false);
    return false;
}

static uint32_t lane_of(const struct worker *workers, uint32_t lanes, pid_t pid)
{
    uint32_t lane = 0;
    while (lane < lanes && workers[lane].pid != pid)
        lane++;
    return lane;
}

static void reap(const struct run *run, struct worker *workers, uint32_t alive)
{
    while (alive > 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            return;
        uint32_t lane = lane_of(workers, run->lanes, pid);
        if (lane == run->lanes)
            continue; /* the driver's child, not one of ours */
        workers[lane].pid = 0;
        bool well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
        if (well || !replace(run, lane, &workers[lane]))
            alive--;
    }
}

static int processes_run(const struct run *run)
{
    struct worker *workers = calloc(run->lanes, sizeof *workers);
    if (workers == NULL)
        return -ENOMEM;
    int error = init_in_parent ? transfer_library() : 0;
    uint32_t made = 0;
    for (; made < run->lanes && error == 0; made++) {
        error = start(run, made, &workers[made]);
        if (error < 0)
            break;
    }
    if (made < run->lanes) { /* those that could be made fetch it all */
        struct run missing = run_part(run, made, run->lanes - made);
        run_lost(&missing, false);
    }
    reap(run, workers, made);
    free(workers);
    return made > 0 ? 0 : error;
}

static void processes_needs(const struct run *run, struct needs *needs)
{
    needs->processes += run->lanes;
    needs->descriptors += 2 + transfer_kept(run->workload);
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
