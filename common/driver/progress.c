#include "common/driver/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void time_left(char text[static 32], double seconds)
{
    uint64_t whole = (uint64_t)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, whole / 3600, whole / 60 % 60,
                 whole % 60);
    else
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64, whole / 60, whole % 60);
}

/* How many records are final. All before *settled are, which keeps the look at them short: what is
 * under way lies close together. */
static uint64_t count_done(const struct run *run, uint64_t taken, uint64_t *settled)
{
    uint64_t done = *settled, drawn = *settled;
    for (uint64_t i = *settled; i < run->workload->count && drawn < taken; i++) {
        enum outcome outcome =
            atomic_load_explicit(&run_record(run, i)->outcome, memory_order_acquire);
        drawn += outcome != UNTAKEN;
        done += outcome_is_final(outcome);
        if (i == *settled && outcome_is_final(outcome))
            *settled = i + 1;
    }
    return done;
}

static void print_line(const struct run *run, bool terminal, uint64_t *settled)
{
    struct run_totals totals = run_totals(run);
    if (totals.opened_ns == 0) {
        fprintf(stderr, terminal ? "\r\033[Kbuilding workers" : "building workers\n");
        return;
    }
    char left[32] = "?";
    double spent = (double)run_now(run) / 1e9;
    uint64_t count = run->workload->count, done = count_done(run, totals.taken, settled);
    double rate = spent > 0 ? (double)done / spent : 0;
    if (rate > 0)
        time_left(left, (double)(count - done) / rate);
    fprintf(stderr,
            terminal ? "\r\033[K%" PRIu64 " of %" PRIu64 " done, %.0f/s, %s left"
                     : "%" PRIu64 " of %" PRIu64 " done, %.0f/s, %s left\n",
            done, count, rate, left);
}

static _Noreturn void watch(const struct run *run, uint64_t interval_ns, pid_t parent)
{
    bool terminal = isatty(STDERR_FILENO);
    uint64_t settled = 0;
    if (interval_ns == 0)
        interval_ns = terminal ? 200000000u : 1000000000u;
    const struct timespec pause = {.tv_sec = (time_t)(interval_ns / 1000000000u),
                                   .tv_nsec = (long)(interval_ns % 1000000000u)};
    signal(SIGINT, SIG_IGN); /* the driver ends us, after its own last word */
    signal(SIGTERM, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    for (;;) {
        nanosleep(&pause, NULL);
        print_line(run, terminal, &settled);
    }
}

pid_t progress_start(const struct run *run, uint64_t interval_ns)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        watch(run, interval_ns, parent);
    return pid < 0 ? -errno : pid;
}

void progress_stop(pid_t pid)
{
    if (pid <= 0)
        return;
    /* If it died before, a model that waits for any child has reaped it, and
     * its number may be somebody else's by now. */
    if (waitpid(pid, NULL, WNOHANG) == 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}
