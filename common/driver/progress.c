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

static void print_line(const struct run *run, bool terminal)
{
    struct run_totals totals = run_totals(run);
    if (totals.opened_ns == 0) {
        fprintf(stderr, terminal ? "\r\033[Kbuilding workers" : "building workers\n");
        return;
    }
    char left[32] = "?";
    double spent = (double)run_now(run) / 1e9;
    double rate = spent > 0 ? (double)totals.taken / spent : 0;
    uint64_t count = run->workload->count;
    if (rate > 0)
        time_left(left, (double)(count - totals.taken) / rate);
    fprintf(stderr,
            terminal ? "\r\033[K%" PRIu64 " of %" PRIu64 " begun, %.0f/s, %s left"
                     : "%" PRIu64 " of %" PRIu64 " begun, %.0f/s, %s left\n",
            totals.taken, count, rate, left);
}

static _Noreturn void watch(const struct run *run, pid_t parent)
{
    bool terminal = isatty(STDERR_FILENO);
    const struct timespec pause = {.tv_sec = terminal ? 0 : 1,
                                   .tv_nsec = terminal ? 200 * 1000 * 1000 : 0};
    signal(SIGINT, SIG_IGN); /* the driver ends us, after its own last word */
    signal(SIGTERM, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    for (;;) {
        nanosleep(&pause, NULL);
        print_line(run, terminal);
    }
}

pid_t progress_start(const struct run *run)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        watch(run, parent);
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
