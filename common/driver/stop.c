#include "common/driver/stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const struct run *stopped_run;
static pid_t driver;

static void on_signal(int signal_number)
{
    if (getpid() != driver)
        return;
    if (run_stopping(stopped_run)) {
        signal(signal_number, SIG_DFL);
        raise(signal_number); /* pending until this handler returns */
        return;
    }
    run_stop(stopped_run);
}

int stop_on_signals(const struct run *run)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    stopped_run = run;
    driver = getpid();
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) < 0)
            return -errno;
        if (signals[i] == SIGHUP && before.sa_handler == SIG_IGN)
            continue; /* nohup: the terminal may go */
        if (sigaction(signals[i], &action, NULL) < 0)
            return -errno;
    }
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}
