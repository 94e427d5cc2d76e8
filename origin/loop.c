#include "origin/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "origin/clock.h"
#include "origin/connection.h"

enum { MAIL_AT_ONCE = 256, STOP = -1 };

static void arm(struct loop *loop, uint64_t at_ns)
{
    /* All zero would disarm it: a time that has passed is still a time. */
    struct itimerspec when = {
        .it_value = {(time_t)(at_ns / 1000000000), (long)(at_ns % 1000000000)}};
    if (at_ns != UINT64_MAX && !timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL))
        loop->armed_ns = at_ns;
}

void loop_schedule(struct loop *loop, struct due *due, uint64_t at_ns)
{
    due_add(&loop->due, due, at_ns);
    if (at_ns < loop->armed_ns)
        arm(loop, at_ns);
}

void loop_run_due(struct loop *loop)
{
    uint64_t now = monotonic_ns();
    while (due_next(&loop->due) <= now) {
        struct due *due = due_top(&loop->due);
        due_remove(&loop->due, due);
        connection_due(due);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *argument)
{
    (void)what;
    struct loop *loop = argument;
    uint64_t fired;
    if (read(fd, &fired, sizeof fired) != sizeof fired)
        return; /* it was armed anew meanwhile and has not fired */
    loop->armed_ns = UINT64_MAX;
    loop_run_due(loop);
    if (due_next(&loop->due) < loop->armed_ns)
        arm(loop, due_next(&loop->due));
}

static void on_mail(evutil_socket_t fd, short what, void *argument)
{
    (void)what;
    struct loop *loop = argument;
    int mail[MAIL_AT_ONCE];
    /* Writes of one int are atomic (pipe(7)), so reads give whole ones. */
    ssize_t got = read(fd, mail, sizeof mail);
    for (ssize_t i = 0; i < got / (ssize_t)sizeof *mail; i++) {
        if (mail[i] == STOP)
            event_base_loopbreak(loop->base);
        else
            connection_open(loop, mail[i]);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct loop *loop = argument;
    connection_sweep(loop, monotonic_ns());
    log_flush(loop->origin->log);
}

static void send_mail(struct loop *loop, int mail)
{
    ssize_t put;
    do /* The pipe blocks when 16,384 wait in it, and its reader never waits for us. */
        put = write(loop->mail_in, &mail, sizeof mail);
    while (put < 0 && errno == EINTR);
    if (put != sizeof mail && mail >= 0)
        close(mail);
}

void loop_hand(struct loop *loop, int fd)
{
    send_mail(loop, fd);
}

void loop_stop(struct loop *loop)
{
    send_mail(loop, STOP);
}

int loop_run(struct loop *loop)
{
    return event_base_dispatch(loop->base) < 0 ? -EIO : 0;
}

const char *loop_date(struct loop *loop)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != loop->date_s) {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(loop->date, sizeof loop->date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        loop->date_s = now.tv_sec;
    }
    return loop->date;
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    /* One thread a base needs no locks; the environment chooses no other backend. */
    struct event_base *base = NULL;
    if (!event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV))
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static int open_descriptors(struct loop *loop)
{
    int mail[2];
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->timer_fd < 0 || pipe2(mail, O_CLOEXEC))
        return -errno;
    loop->mail_out = mail[0];
    loop->mail_in = mail[1];
    return 0;
}

/* Idle connections are looked for four times in the time they may be idle. */
static struct timeval sweep_interval(uint64_t idle_ns)
{
    uint64_t us = idle_ns / 4000 < 1000000 ? idle_ns / 4000 : 1000000;
    return (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
}

static int add_events(struct loop *loop)
{
    struct timeval interval = sweep_interval(loop->origin->idle_ns);
    bool failed = event_assign(&loop->timer, loop->base, loop->timer_fd, EV_READ | EV_PERSIST,
                               on_timer, loop) ||
                  event_assign(&loop->mail, loop->base, loop->mail_out, EV_READ | EV_PERSIST,
                               on_mail, loop) ||
                  event_assign(&loop->sweep, loop->base, -1, EV_PERSIST, on_sweep, loop) ||
                  event_add(&loop->timer, NULL) || event_add(&loop->mail, NULL) ||
                  event_add(&loop->sweep, &interval);
    return failed ? -ENOMEM : 0;
}

int loop_new(struct loop **result, struct origin *origin, unsigned thread)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    loop->origin = origin;
    loop->lane = stats_lane(origin->stats, thread);
    loop->armed_ns = UINT64_MAX;
    loop->timer_fd = loop->mail_in = loop->mail_out = -1;
    loop->base = new_base();
    int error = loop->base ? open_descriptors(loop) : -ENOMEM;
    if (!error)
        error = add_events(loop);
    if (error)
        loop_free(loop);
    else
        *result = loop;
    return error;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    connection_close_all(loop);
    if (loop->base)
        event_base_free(loop->base);
    due_free(&loop->due);
    close_if_open(loop->timer_fd);
    close_if_open(loop->mail_in);
    close_if_open(loop->mail_out);
    free(loop);
}
