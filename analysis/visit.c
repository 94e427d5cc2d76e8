#include "analysis/visit.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analysis/host.h"
#include "analysis/json_file.h"
#include "analysis/needed.h"
#include "analysis/stats_client.h"

/* How long the origin may take to let go of a visit's connections. */
static const double SETTLE_S = 10;
/* How long a command that was told to stop may take before it is killed. */
static const double STOP_S = 3;

struct request {
    const char *dir, *origin, *cpus;
    double limit_s, interrupt_s; /* 0 for none */
    char **command;
};

/* Where a visit's files are while it is under way: PARENT/.NAME for PARENT/NAME. */
struct visit {
    const struct request *request;
    char aside[512];
    cpu_set_t cpus;
    /* What came out. */
    int status; /* as waitpid gives it */
    struct rusage usage;
    double wall_s, settle_s, verify_s;
    bool timed_out, interrupted;
    unsigned left_running, left_dead; /* children that the command left to its subreaper */
    struct host_cpu before, after;
    int64_t time_wait;
    double load;
    json_t *origin;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int fail(const char *what, int error)
{
    fprintf(stderr, "benchstat visit: %s: %s\n", what, strerror(-error));
    return 3;
}

/* Waits until the origin holds no connection; stores its last word in *stats. */
static int settle(const char *origin, json_t **stats)
{
    double deadline = host_now() + SETTLE_S;
    for (;;) {
        json_t *now = NULL;
        int error = stats_get(origin, &now);
        if (error)
            return error;
        bool still = json_integer_value(json_object_get(now, "open")) == 0 &&
                     json_integer_value(json_object_get(now, "in_flight")) == 0;
        if (still || host_now() > deadline) {
            *stats = now;
            return still ? 0 : -ETIMEDOUT;
        }
        json_decref(now);
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

/* {origin} and {visit} in an argument stand for what only the run knows. The new
 * string lives as long as the process. */
static char *filled(const struct visit *visit, const char *argument)
{
    char url[96];
    snprintf(url, sizeof url, "http://%s", visit->request->origin ? visit->request->origin : "");
    char *with_origin = needed_replaced(argument, "{origin}", url);
    char *text = needed_replaced(with_origin, "{visit}", visit->aside);
    free(with_origin);
    return text;
}

/* The child: a group of its own, so that a terminal's Ctrl-C reaches the command
 * through its parent only, and dies with it. */
__attribute__((noreturn)) static void become_command(const struct visit *visit, pid_t parent,
                                                     const sigset_t *signals)
{
    char path[600];
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(126);
    static const char *const names[] = {"stdin", "stdout.txt", "stderr.txt"};
    for (int fd = 0; fd <= 2; fd++) {
        snprintf(path, sizeof path, "%s/%s", visit->aside, names[fd]);
        int file =
            fd == 0 ? open("/dev/null", O_RDONLY) : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (file < 0 || dup2(file, fd) < 0)
            _exit(126);
        if (file > 2)
            close(file);
    }
    if (visit->request->cpus && sched_setaffinity(0, sizeof visit->cpus, &visit->cpus) < 0)
        _exit(126);
    sigprocmask(SIG_UNBLOCK, signals, NULL);
    execvp(visit->request->command[0], visit->request->command);
    dprintf(2, "%s: %s\n", visit->request->command[0], strerror(errno));
    _exit(127);
}

/* Reaps everything that has ended; true once the command itself has. */
static bool reap(struct visit *visit, pid_t command)
{
    bool ended = false;
    for (;;) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG, &usage);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return ended;
        if (pid == command) {
            ended = true;
            visit->status = status;
            visit->usage = usage;
        } else {
            visit->left_dead++;
        }
    }
}

/* Waits for the command, begun then, for its time limit, its interruption, or a signal to us. */
static void watch(struct visit *visit, pid_t command, double began, const sigset_t *signals)
{
    const struct request *request = visit->request;
    double kill_at = INFINITY;
    double limit_at = request->limit_s > 0 ? began + request->limit_s : INFINITY;
    double interrupt_at = request->interrupt_s > 0 ? began + request->interrupt_s : INFINITY;
    while (!reap(visit, command)) {
        double now = host_now();
        if (now >= interrupt_at) {
            kill(-command, SIGINT);
            interrupt_at = INFINITY;
        }
        if (now >= limit_at) {
            visit->timed_out = true;
            kill(-command, SIGTERM);
            limit_at = INFINITY;
            kill_at = now + STOP_S;
        }
        if (now >= kill_at)
            kill(-command, SIGKILL);
        double next = fmin(fmin(kill_at, limit_at), fmin(interrupt_at, now + 1));
        double wait = fmax(next - now, 1e-3);
        struct timespec patience = {.tv_sec = (time_t)wait,
                                    .tv_nsec = (long)((wait - floor(wait)) * 1e9)};
        int caught = sigtimedwait(signals, NULL, &patience);
        if (caught > 0 && caught != SIGCHLD) {
            visit->interrupted = true;
            kill(-command, SIGINT);
            kill_at = host_now() + STOP_S;
        }
    }
    visit->wall_s = host_now() - began;
}

/* Sends SIGKILL to every child that we have, adopted ones included. */
static void kill_children(void)
{
    char path[64], *number = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    /* One whole number after another: what a full buffer cuts off one is somebody else's. */
    while (getdelim(&number, &room, ' ', file) > 1) {
        long pid = strtol(number, NULL, 10);
        if (pid > 0)
            kill((pid_t)pid, SIGKILL);
    }
    free(number);
    fclose(file);
}

/*
 * Nothing that the command started may outlive it. What is left has been adopted
 * by us: what had ended is only counted; what runs is killed, and so is whatever
 * its death hands us in turn. Only an interrupted command's workers are given time
 * to leave by themselves.
 */
static void clear_leftovers(struct visit *visit)
{
    bool lenient = visit->interrupted || visit->timed_out;
    double kill_at = host_now() + (lenient ? STOP_S : 0);
    for (;;) {
        int status;
        bool killing = host_now() >= kill_at;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno != EINTR)
            return; /* ECHILD: none is left */
        if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            visit->left_running++;
        else if (pid > 0)
            visit->left_dead++;
        if (pid != 0)
            continue;
        if (killing)
            kill_children();
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

static json_t *known(double value)
{
    return value < 0 ? json_null() : json_real(value);
}

static int write_visit(const struct visit *visit)
{
    const struct request *request = visit->request;
    json_t *command = json_array();
    for (char **argument = request->command; *argument; argument++)
        json_array_append_new(command, json_string(*argument) ?: json_string("(not UTF-8)"));
    bool exited = WIFEXITED(visit->status);
    double used = seconds(visit->usage.ru_utime) + seconds(visit->usage.ru_stime);
    double origin_used = json_number_value(json_object_get(visit->origin, "cpu_user_s")) +
                         json_number_value(json_object_get(visit->origin, "cpu_system_s"));
    double others = visit->before.busy_s < 0
                        ? -1
                        : fmax(0, visit->after.busy_s - visit->before.busy_s - used - origin_used);
    json_t *root = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:b, s:i, s:i, s:o, s:o, s:o, s:o, "
        "s:o}",
        "schema", "waitbench-visit/1", "command", command, "cpus",
        request->cpus ? json_string(request->cpus) : json_null(), "exit_status",
        exited ? json_integer(WEXITSTATUS(visit->status)) : json_null(), "signal",
        exited ? json_null() : json_integer(WTERMSIG(visit->status)), "wall_s", visit->wall_s,
        "user_s", seconds(visit->usage.ru_utime), "system_s", seconds(visit->usage.ru_stime),
        "settle_s", visit->settle_s, "verify_s", visit->verify_s, "timed_out", visit->timed_out,
        "children_left", (int)visit->left_running, "children_unreaped", (int)visit->left_dead,
        "time_wait", visit->time_wait < 0 ? json_null() : json_integer(visit->time_wait), "load",
        known(visit->load), "steal_s",
        visit->before.steal_s < 0 ? json_null()
                                  : json_real(visit->after.steal_s - visit->before.steal_s),
        "other_cpu_s", known(others), "origin",
        visit->origin ? json_incref(visit->origin) : json_null());
    if (!root)
        return -ENOMEM;
    char path[600];
    snprintf(path, sizeof path, "%s/visit.json", visit->aside);
    int error = json_file_write(path, root, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(root);
    return error;
}

static void remove_aside(const struct visit *visit)
{
    static const char *const names[] = {"stdout.txt", "stderr.txt", "run.json",    "hyperfine.json",
                                        "visit.json", "trace.json", "records.csv", "meter.json"};
    char path[600];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", visit->aside, names[i]);
        unlink(path);
    }
    rmdir(visit->aside);
}

/* A file that holds nothing says nothing. */
static void drop_empty(const struct visit *visit, const char *name)
{
    char path[600];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", visit->aside, name);
    if (stat(path, &status) == 0 && status.st_size == 0)
        unlink(path);
}

static int make_aside(struct visit *visit)
{
    const char *slash = strrchr(visit->request->dir, '/');
    int parent = slash ? (int)(slash - visit->request->dir) + 1 : 0;
    int length = snprintf(visit->aside, sizeof visit->aside, "%.*s.%s", parent, visit->request->dir,
                          visit->request->dir + parent);
    if (length < 0 || (size_t)length >= sizeof visit->aside)
        return -ENAMETOOLONG;
    if (mkdir(visit->aside, 0777) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    remove_aside(visit); /* left by a visit that was killed */
    return mkdir(visit->aside, 0777) < 0 ? -errno : 0;
}

/* The part of a visit that runs the command. */
static int run(struct visit *visit, const sigset_t *signals)
{
    visit->before = host_cpu();
    visit->load = host_load();
    pid_t self = getpid();
    double began = host_now(); /* the command may be done before we go on */
    pid_t command = fork();
    if (command < 0)
        return -errno;
    if (command == 0)
        become_command(visit, self, signals);
    setpgid(command, command); /* whoever comes first; the child does it too */
    watch(visit, command, began, signals);
    double ended = host_now();
    clear_leftovers(visit);
    visit->after = host_cpu();
    visit->time_wait = host_time_wait();
    int error = 0;
    if (visit->request->origin && !visit->interrupted) {
        error = settle(visit->request->origin, &visit->origin);
        if (error == -ETIMEDOUT)
            error = 0; /* the stats say so themselves: open is not 0 */
    }
    visit->verify_s += host_now() - ended;
    return error;
}

static int prepare(struct visit *visit)
{
    double began = host_now();
    if (visit->request->origin) {
        json_t *stats = NULL;
        int error = settle(visit->request->origin, &stats);
        json_decref(stats);
        visit->settle_s = host_now() - began;
        if (!error)
            error = stats_reset(visit->request->origin);
        if (error)
            return error;
    }
    visit->verify_s = host_now() - began;
    return 0;
}

static int make_visit(struct visit *visit, const sigset_t *signals)
{
    int error = make_aside(visit);
    if (error)
        return fail(visit->request->dir, error);
    for (char **argument = visit->request->command; *argument; argument++)
        *argument = filled(visit, *argument);
    error = prepare(visit);
    if (!error)
        error = run(visit, signals);
    if (visit->interrupted) {
        remove_aside(visit);
        return 130;
    }
    if (error) {
        remove_aside(visit);
        return fail(visit->request->origin ? visit->request->origin : "command", error);
    }
    drop_empty(visit, "stdout.txt");
    drop_empty(visit, "stderr.txt");
    error = write_visit(visit);
    if (!error && rename(visit->aside, visit->request->dir) < 0)
        error = -errno;
    if (error)
        remove_aside(visit);
    return error ? fail(visit->request->dir, error) : 0;
}

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "the visit's folder, made when it is whole", 0},
    {"origin", 'o', "ADDR:PORT", 0, "settle, reset and read this origin", 0},
    {"cpus", 'c', "LIST", 0, "processors for the command, such as 0,2-3", 0},
    {"limit", 'l', "SECONDS", 0, "stop the command after so long", 0},
    {"interrupt", 'i', "SECONDS", 0, "send SIGINT after so long, as its regular end", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    char *end;
    switch (key) {
    case 'd':
        request->dir = argument;
        return 0;
    case 'o':
        request->origin = argument;
        return 0;
    case 'c':
        request->cpus = argument;
        return 0;
    case 'l':
    case 'i':
        errno = 0;
        double value = strtod(argument, &end);
        if (errno || end == argument || *end || !(value > 0 && value < 1e6))
            argp_error(state, "%s: must be a number of seconds", argument);
        *(key == 'l' ? &request->limit_s : &request->interrupt_s) = value;
        return 0;
    case ARGP_KEY_ARGS:
        request->command = state->argv + state->next;
        return 0;
    case ARGP_KEY_END:
        if (!request->dir || !request->command)
            argp_error(state, "needs --dir and a command after --");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int visit_main(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        parse,
        "-- COMMAND [ARGUMENT...]",
        "Run COMMAND once and note what happened around it. {origin} in an argument stands for "
        "the origin's URL, {visit} for the folder that its files go to.",
        0,
        0,
        0};
    struct request request = {0};
    needed_arguments(&parser, argc, argv, &request);
    struct visit visit = {.request = &request};
    if (request.cpus && host_parse_cpus(request.cpus, &visit.cpus) < 0) {
        fprintf(stderr, "benchstat visit: --cpus=%s: must be a list such as 0,2-3\n", request.cpus);
        return 2;
    }
    const char *slash = strrchr(request.dir, '/'), *name = slash ? slash + 1 : request.dir;
    /* Aside of these stands what is not ours to clear. */
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        fprintf(stderr, "benchstat visit: --dir=%s: must end in the name of a new folder\n",
                request.dir);
        return 2;
    }
    sigset_t signals;
    signal(SIGCHLD, SIG_DFL); /* ignored, as it may come to us, it would reap the command unseen */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    pid_t parent = getppid();
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return fail("signals", -errno);
    if (getppid() != parent)
        return 130; /* whoever asked is gone */
    int status = make_visit(&visit, &signals);
    json_decref(visit.origin);
    return status;
}
