/*
 * meter: what a command and every process below it hold and use.
 *
 *   sampled   memory (virtual, summed RSS, PSS, page tables), processes and
 *             threads: the peaks of their sums over the tree (analysis/tree.h)
 *   counted   processor time, context switches, page faults: by the kernel, for
 *             each process that was waited for (getrusage(2)); exact
 *
 *
 *   kernel    what the kernel holds for them, where a control group can be had
 *             (analysis/kernel.h): the peaks, sampled with the rest
 *
 * Sampling costs processor time, and smaps_rollup walks the page tables of who is
 * read. So nothing is timed under the meter; what it used itself is part of the
 * result, and it keeps still nine times as long as the last sample computed.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analysis/json_file.h"
#include "analysis/kernel.h"
#include "analysis/tree.h"
#include "common/units.h"

const char *argp_program_version = "waitbench " WAITBENCH_VERSION;

/* A sample's own processor time, so many times, passes before the next: a tenth at most is ours. */
static const double STILL = 9;

struct request {
    const char *json; /* a file, "-" for standard output, or NULL */
    bool quiet;
    uint64_t interval_ns;
    char **command;
};

/* The highest value that a sum had, and when, in seconds since the start. */
struct peak {
    uint64_t value;
    double at_s;
};

struct meter {
    pid_t command;
    double began, ended;
    char started_at[32];
    int status; /* of the command, as waitpid gives it */
    struct rusage usage;
    uint64_t reaped; /* processes that their own parent left to us */
    uint64_t left;   /* processes that still run when the command has ended */
    struct tree_pids pids;
    struct peak virtual_kib, rss_kib, pss_kib, page_tables_kib, processes, threads;
    bool pss_known;
    struct kernel_group group;
    struct peak kernel_kib, stacks_kib, kernel_tables_kib, sockets_kib;
    uint64_t samples;
    double longest_gap_s, last_sample;
    double cost_s; /* the meter's own processor time */
};

static double clock_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t); /* cannot fail with the clocks used here */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int fail(const char *what, int error)
{
    fprintf(stderr, "meter: %s: %s\n", what, strerror(-error));
    return 3;
}

/* Sampling. ------------------------------------------------------------------------- */

static void raise_peak(struct peak *peak, uint64_t value, double at_s)
{
    if (value > peak->value)
        *peak = (struct peak){value, at_s};
}

/* Nothing at all: the command never came into its group. */
static bool kernel_known(const struct meter *meter)
{
    return meter->kernel_kib.value > 0;
}

static void take_kernel(struct meter *meter, double at_s)
{
    struct kernel_sample sample;
    if (!kernel_group_take(&meter->group, &sample))
        return;
    raise_peak(&meter->kernel_kib, sample.total, at_s);
    raise_peak(&meter->stacks_kib, sample.stacks, at_s);
    raise_peak(&meter->kernel_tables_kib, sample.page_tables, at_s);
    raise_peak(&meter->sockets_kib, sample.sockets, at_s);
}

/* Takes one sample; returns 0 or -errno. *cost_s becomes the processor time that it took: while
 * a busy machine lets the meter wait, the meter costs nobody anything. */
static int take(struct meter *meter, double *cost_s)
{
    struct tree_sample sample;
    double start = now(), at_s = start - meter->began, used = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    int error = tree_take(&sample, &meter->pids);
    take_kernel(meter, at_s);
    *cost_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - used;
    if (error || sample.processes == 0)
        return error;
    raise_peak(&meter->virtual_kib, sample.virtual_kib, at_s);
    raise_peak(&meter->rss_kib, sample.rss_kib, at_s);
    raise_peak(&meter->pss_kib, sample.pss_kib, at_s);
    raise_peak(&meter->page_tables_kib, sample.page_tables_kib, at_s);
    raise_peak(&meter->processes, sample.processes, at_s);
    raise_peak(&meter->threads, sample.threads, at_s);
    meter->pss_known = meter->pss_known && sample.pss_known;
    meter->longest_gap_s = fmax(meter->longest_gap_s, start - meter->last_sample);
    meter->last_sample = start;
    meter->samples++;
    return 0;
}

/* Adds what a process, and those that it waited for, used. */
static void add_usage(struct rusage *sum, const struct rusage *usage)
{
    timeradd(&sum->ru_utime, &usage->ru_utime, &sum->ru_utime);
    timeradd(&sum->ru_stime, &usage->ru_stime, &sum->ru_stime);
    if (usage->ru_maxrss > sum->ru_maxrss)
        sum->ru_maxrss = usage->ru_maxrss;
    sum->ru_minflt += usage->ru_minflt;
    sum->ru_majflt += usage->ru_majflt;
    sum->ru_nvcsw += usage->ru_nvcsw;
    sum->ru_nivcsw += usage->ru_nivcsw;
}

/* Reaps whatever has ended; true once the command itself has. */
static bool reap(struct meter *meter)
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
        add_usage(&meter->usage, &usage);
        if (pid == meter->command) {
            ended = true;
            meter->status = status;
        } else {
            meter->reaped++;
        }
    }
}

/* Samples until the command has ended. A terminal's Ctrl-C reaches the command itself,
 * and the meter waits for what it makes of that; a SIGTERM or SIGHUP is handed on. */
static int watch(struct meter *meter, const struct request *request, const sigset_t *signals)
{
    double interval_s = (double)request->interval_ns / 1e9, next = now();
    int error = 0;
    while (!reap(meter)) {
        double cost_s = 0;
        if (now() >= next && !error) {
            error = take(meter, &cost_s);
            next = now() + fmax(interval_s, STILL * cost_s);
        }
        double wait = error ? 1 : fmax(next - now(), 1e-6);
        struct timespec patience = {.tv_sec = (time_t)wait,
                                    .tv_nsec = (long)((wait - floor(wait)) * 1e9)};
        int caught = sigtimedwait(signals, NULL, &patience);
        if (caught == SIGTERM || caught == SIGHUP)
            kill(meter->command, caught);
    }
    meter->ended = now();
    meter->longest_gap_s = fmax(meter->longest_gap_s, meter->ended - meter->last_sample);
    /* What has been left behind runs on; it is not ours to end. */
    struct tree_sample left = {0};
    if (!error)
        error = tree_take(&left, &meter->pids);
    meter->left = left.processes;
    return error;
}

/* The descriptor closes as the command is executed, which is what the meter waits for:
 * before that the child is a copy of the meter, and not to be sampled. */
__attribute__((noreturn)) static void become_command(const struct request *request, pid_t parent,
                                                     const sigset_t *before, const int start[2],
                                                     const struct kernel_group *group)
{
    close(start[0]);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        _exit(126);
    (void)kernel_group_enter(group); /* outside of it the kernel's memory is unknown, no more */
    sigprocmask(SIG_SETMASK, before, NULL);
    execvp(request->command[0], request->command);
    int error = errno;
    fprintf(stderr, "meter: %s: %s\n", request->command[0], strerror(error));
    fflush(stderr);
    _exit(error == ENOENT ? 127 : 126);
}

/* A process that still runs keeps the group, which goes with the next start of the machine. */
static void leave_group(struct meter *meter)
{
    struct kernel_group *group = &meter->group;
    if (group->folder[0] && !kernel_known(meter))
        snprintf(group->why, sizeof group->why, "%s counted nothing", group->folder);
    char folder[sizeof group->folder];
    snprintf(folder, sizeof folder, "%s", group->folder);
    int error = kernel_group_remove(group);
    if (error)
        fprintf(stderr, "meter: %s is left behind: %s\n", folder, strerror(-error));
}

static int run(struct meter *meter, const struct request *request)
{
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGQUIT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &signals, &before) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return -errno;
    /* A parent that ignores SIGCHLD hands that down, and the kernel would reap for us. */
    signal(SIGCHLD, SIG_DFL);
    time_t clock = time(NULL);
    struct tm utc;
    if (!gmtime_r(&clock, &utc) ||
        !strftime(meter->started_at, sizeof meter->started_at, "%Y-%m-%dT%H:%M:%SZ", &utc))
        return -EOVERFLOW;
    pid_t parent = getpid();
    int start[2];
    char none;
    if (pipe2(start, O_CLOEXEC) < 0)
        return -errno;
    (void)kernel_group_make(&meter->group, "/sys/fs/cgroup", "/proc/self"); /* or it says why */
    meter->began = now();
    meter->command = fork();
    if (meter->command < 0) {
        int error = -errno;
        (void)kernel_group_remove(&meter->group);
        return error;
    }
    if (meter->command == 0)
        become_command(request, parent, &before, start, &meter->group);
    close(start[1]);
    while (read(start[0], &none, 1) < 0 && errno == EINTR)
        ;
    close(start[0]);
    meter->last_sample = now();
    int error = watch(meter, request, &signals);
    leave_group(meter);
    struct rusage own;
    if (getrusage(RUSAGE_SELF, &own) < 0)
        return -errno;
    meter->cost_s = seconds(own.ru_utime) + seconds(own.ru_stime);
    return error;
}

/* What comes out. --------------------------------------------------------------------- */

static json_t *peak_json(const struct meter *meter, const struct peak *peak, bool known)
{
    return meter->samples && known ? json_integer((json_int_t)peak->value) : json_null();
}

static json_t *peak_at_json(const struct meter *meter, const struct peak *peak, bool known)
{
    return meter->samples && known ? json_real(peak->at_s) : json_null();
}

static json_t *peaks_json(const struct meter *m,
                          json_t *(*as)(const struct meter *, const struct peak *, bool))
{
    return json_pack("{s:o, s:o, s:o, s:o}", "virtual", as(m, &m->virtual_kib, true), "rss",
                     as(m, &m->rss_kib, true), "pss", as(m, &m->pss_kib, m->pss_known),
                     "page_tables", as(m, &m->page_tables_kib, true));
}

static json_t *kernel_json(const struct meter *m)
{
    bool known = kernel_known(m);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "total", peak_json(m, &m->kernel_kib, known),
                     "stacks", peak_json(m, &m->stacks_kib, known), "page_tables",
                     peak_json(m, &m->kernel_tables_kib, known), "sockets",
                     peak_json(m, &m->sockets_kib, known), "why_unknown",
                     known ? json_null() : json_string(m->group.why));
}

static json_t *sampling_json(const struct meter *meter, const struct request *request)
{
    return json_pack("{s:f, s:I, s:f, s:f}", "interval_ms", (double)request->interval_ns / 1e6,
                     "samples", (json_int_t)meter->samples, "longest_gap_ms",
                     meter->longest_gap_s * 1e3, "own_cpu_s", meter->cost_s);
}

static json_t *meter_json(const struct meter *meter, const struct request *request)
{
    json_t *command = json_array();
    for (char **argument = request->command; *argument; argument++)
        json_array_append_new(command, json_string(*argument) ?: json_string("(not UTF-8)"));
    const struct rusage *usage = &meter->usage;
    bool exited = WIFEXITED(meter->status);
    json_t *memory = peaks_json(meter, peak_json);
    if (memory)
        json_object_set_new(memory, "largest_process_rss", json_integer(usage->ru_maxrss));
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:{s:f, s:f, s:f}, s:o, s:o, s:o, s:{s:o, s:o, s:I, s:I}, "
        "s:{s:I, s:I}, s:{s:I, s:I}, s:o}",
        "schema", "waitbench-meter/1", "version", WAITBENCH_VERSION, "started_at",
        meter->started_at, "command", command, "exit_status",
        exited ? json_integer(WEXITSTATUS(meter->status)) : json_null(), "signal",
        exited ? json_null() : json_integer(WTERMSIG(meter->status)), "time", "wall_s",
        meter->ended - meter->began, "user_s", seconds(usage->ru_utime), "system_s",
        seconds(usage->ru_stime), "memory_kib", memory, "peak_at_s",
        peaks_json(meter, peak_at_json), "kernel_kib", kernel_json(meter), "tasks", "processes",
        peak_json(meter, &meter->processes, true), "threads",
        peak_json(meter, &meter->threads, true), "orphans_reaped", (json_int_t)meter->reaped,
        "left_running", (json_int_t)meter->left, "switches", "voluntary",
        (json_int_t)usage->ru_nvcsw, "involuntary", (json_int_t)usage->ru_nivcsw, "faults", "minor",
        (json_int_t)usage->ru_minflt, "major", (json_int_t)usage->ru_majflt, "sampling",
        sampling_json(meter, request));
}

static int write_json(const struct meter *meter, const struct request *request)
{
    json_t *root = meter_json(meter, request);
    if (!root)
        return -ENOMEM;
    int error = json_file_write(request->json, root, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    json_decref(root);
    return error;
}

static void put_kib(const char *what, const struct meter *meter, const struct peak *peak,
                    bool known)
{
    if (meter->samples && known)
        fprintf(stderr, "  %-12s %10llu KiB\n", what, (unsigned long long)peak->value);
    else
        fprintf(stderr, "  %-12s %14s\n", what, "unknown");
}

static void tell(const struct meter *meter)
{
    const struct rusage *usage = &meter->usage;
    fprintf(stderr, "meter: peaks of %llu samples, the longest gap %.1f ms\n",
            (unsigned long long)meter->samples, meter->longest_gap_s * 1e3);
    put_kib("virtual", meter, &meter->virtual_kib, true);
    put_kib("RSS, summed", meter, &meter->rss_kib, true);
    put_kib("PSS", meter, &meter->pss_kib, meter->pss_known);
    put_kib("page tables", meter, &meter->page_tables_kib, true);
    if (kernel_known(meter))
        put_kib("kernel", meter, &meter->kernel_kib, true);
    else
        fprintf(stderr, "  kernel       unknown: %s\n", meter->group.why);
    fprintf(stderr, "  processes %llu, threads %llu at most; %.3f s of time\n",
            (unsigned long long)meter->processes.value, (unsigned long long)meter->threads.value,
            meter->ended - meter->began);
    fprintf(stderr,
            "  processor %.3f s user, %.3f s system; switches %ld voluntary, %ld not; "
            "faults %ld minor, %ld major\n",
            seconds(usage->ru_utime), seconds(usage->ru_stime), usage->ru_nvcsw, usage->ru_nivcsw,
            usage->ru_minflt, usage->ru_majflt);
    fprintf(stderr, "  the meter itself used %.3f s of processor\n", meter->cost_s);
    if (meter->left)
        fprintf(stderr, "  %llu processes still run, and are not part of the counts\n",
                (unsigned long long)meter->left);
}

static const struct argp_option options[] = {
    {"json", 'j', "FILE", 0, "the result, schema waitbench-meter/1; - is standard output", 0},
    {"interval", 'i', "DURATION", 0,
     "time between samples, 1ms or more (default 10ms); never less than nine times the "
     "processor time that a sample takes",
     0},
    {"quiet", 'q', 0, 0, "print nothing on standard error", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'j':
        request->json = argument;
        return 0;
    case 'i':
        if (parse_duration(argument, &request->interval_ns) < 0 || request->interval_ns < 1000000 ||
            request->interval_ns > 3600000000000)
            argp_error(state, "--interval=%s: must be a duration from 1ms to 60min", argument);
        return 0;
    case 'q':
        request->quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        request->command = state->argv + state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "needs a command after --");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        parse,
        "-- COMMAND [ARGUMENT...]",
        "Run COMMAND and tell what it and all processes below it held and used: virtual memory, "
        "summed RSS, PSS and page tables at their peaks, processes and threads; processor time, "
        "context switches, page faults.\vPSS counts a page that several processes share once; "
        "summed RSS counts it for each. The exit status is the command's own (128 + N where "
        "signal N ended it); 2 is wrong usage, 3 the meter could not measure, 126 and 127 that "
        "the command could not be run or found.",
        0,
        0,
        0};
    argp_err_exit_status = 2;
    struct request request = {.interval_ns = 10000000};
    /* Wrong usage ends it inside: what is left is want of memory. */
    int error = -argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &request);
    if (error)
        return fail("cannot read its options", error);
    struct meter meter = {.pss_known = true};
    error = run(&meter, &request);
    if (error)
        return fail("could not measure", error);
    if (!request.quiet)
        tell(&meter);
    if (request.json)
        error = write_json(&meter, &request);
    tree_free(&meter.pids);
    if (error)
        return fail(request.json, error);
    return WIFEXITED(meter.status) ? WEXITSTATUS(meter.status) : 128 + WTERMSIG(meter.status);
}
