#include "processes/workers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t worker_fork(struct worker *worker)
{
    pid_t parent = getpid();
    worker->drawn = run_drawn(&worker->run);
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        int error = run_forked(&worker->run, parent);
        if (error < 0)
            _exit(-error);
    }
    worker->pid = pid;
    return pid;
}

/* A worker died. What it held is lost; a successor takes its lanes, unless two
 * in a row died before they finished a single URL. True: one was started. */
static bool replace(struct worker *worker, int (*start)(struct worker *))
{
    uint64_t drawn = run_drawn(&worker->run) - worker->drawn;
    bool barren = drawn <= worker->run.lanes; /* each lane's first, at most */
    worker->barren = barren ? worker->barren + 1 : 0;
    bool again = worker->barren < 2 && !run_stopping(&worker->run);
    run_lost(&worker->run, again);
    if (!again)
        return false;
    if (start(worker) == 0)
        return true;
    run_lost(&worker->run, false);
    return false;
}

static struct worker *with_pid(struct worker *workers, uint32_t count,
                               pid_t pid)
{
    for (uint32_t i = 0; i < count; i++) {
        if (workers[i].pid == pid)
            return &workers[i];
    }
    return NULL;
}

/* Whether no lane ever had a worker, though nobody pressed Ctrl-C. */
static bool none_served(const struct run *run)
{
    struct run_totals totals = run_totals(run);
    return totals.made == 0 && totals.rebuilt == 0 && !run_stopping(run);
}

int workers_reap(struct worker *workers, uint32_t count,
                 int (*start)(struct worker *))
{
    uint32_t alive = count;
    int error = 0;
    while (alive > 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            break;
        struct worker *worker = with_pid(workers, count, pid);
        if (worker == NULL)
            continue; /* the driver's child, not one of ours */
        worker->pid = 0;
        bool well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
        if (WIFEXITED(status) && !well)
            error = -WEXITSTATUS(status);
        if (well || !replace(worker, start))
            alive--;
    }
    return count > 0 && none_served(&workers[0].run) ? error : 0;
}

struct run workers_share(const struct run *run, uint32_t number, uint32_t count)
{
    uint32_t each = run->lanes / count, more = run->lanes % count;
    uint32_t first = number * each + (number < more ? number : more);
    return run_part(run, first, each + (number < more ? 1 : 0));
}
