/* accept-policy_measure.c: the client, the runs, and the verdict. */
#include "lessons/accept-policy/accept-policy.h"
#include "lessons/lesson.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 9, WAYS = 6, WAVES = (REQUESTS + WORKERS - 1) / WORKERS };

struct way {
    const char *name;
    enum policy policy;
    bool blocks;
    int runs;
    double total[RUNS], most[RUNS], cpu[RUNS], wakeups[RUNS];
};

static struct way ways[WAYS] = {
    {.name = "one at a time", .policy = ONE, .blocks = true},
    {.name = "all that wait", .policy = ALL, .blocks = true},
    {.name = "all with EPOLLEXCLUSIVE",
     .policy = ALL_EXCLUSIVE,
     .blocks = true},
    {.name = "all with SO_REUSEPORT", .policy = ALL_REUSEPORT, .blocks = true},
    {.name = "one not blocking", .policy = ONE},
    {.name = "all not blocking", .policy = ALL},
};

static struct lesson_run *table;
static double block;

/* --- the workers ------------------------------------------------------- */

struct crew {
    struct hall *hall;
    unsigned short port;
    int made;
    pid_t pid[WORKERS];
    int doors, door[WORKERS];
};

static int open_doors(struct crew *c, enum policy policy)
{
    int wanted = policy == ALL_REUSEPORT ? WORKERS : 1;
    while (c->doors < wanted) {
        int door = open_door(policy, &c->port);
        if (door < 0)
            return door;
        c->door[c->doors++] = door;
    }
    return 0;
}

static int hire(struct crew *c, const struct way *way, bool first_alone)
{
    int failed = open_doors(c, way->policy);
    for (; c->made < WORKERS && !failed; c->made++) {
        pid_t child = lesson_fork();
        if (child < 0)
            return child;
        if (child == 0) {
            struct worker w = {.hall = c->hall,
                               .policy = way->policy,
                               .number = c->made,
                               .door = c->door[c->made % c->doors],
                               .block = way->blocks ? block : 0,
                               .may_wait = first_alone && c->made > 0};
            prctl(PR_SET_TIMERSLACK, 1000); /* ns: a wait ends when it should */
            _exit(serve(&w) ? 1 : 0);
        }
        c->pid[c->made] = child;
    }
    const struct timespec moment = {0, 1000000};
    while (!failed &&
           __atomic_load_n(&c->hall->ready, __ATOMIC_ACQUIRE) < WORKERS) {
        nanosleep(&moment, NULL);
        failed = lesson_all_there(c->pid, c->made);
    }
    nanosleep(&moment, NULL); /* from "ready" to asleep at the door */
    return failed;
}

/* Ends all workers; adds up the processor time that they used. */
static void dismiss(struct crew *c, double *cpu)
{
    struct rusage used;
    *cpu = 0;
    for (int i = 0; i < c->made; i++)
        kill(c->pid[i], SIGKILL);
    for (int i = 0; i < c->made; i++)
        if (wait4(c->pid[i], NULL, 0, &used) == c->pid[i])
            *cpu +=
                (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    while (c->doors > 0)
        close(c->door[--c->doors]);
}

/* --- the client -------------------------------------------------------- */

static int connect_all(struct pollfd *request, unsigned short port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < REQUESTS; i++) {
        request[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        request[i].events = POLLIN;
        if (request[i].fd < 0 ||
            connect(request[i].fd, (struct sockaddr *)&at, sizeof at) != 0)
            return -errno;
    }
    return 0;
}

static volatile sig_atomic_t lost; /* a worker; no call is needed to see it */

static void lose_one(int signal_number)
{
    lost = signal_number;
}

/* Reads every answer; by[k] counts those of worker k. */
static int await_all(struct pollfd *request, int by[WORKERS])
{
    for (int left = REQUESTS; left > 0;) {
        if (lost)
            return -ECHILD;
        int ready = poll(request, REQUESTS, 20000);
        if (ready == 0)
            return -ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < REQUESTS && ready > 0; i++) {
            unsigned char worker;
            if (request[i].fd < 0 || !request[i].revents)
                continue;
            ready--;
            if (recv(request[i].fd, &worker, 1, 0) != 1 || worker < 1 ||
                worker > WORKERS)
                return -ECHILD; /* who had it in hand is gone */
            by[worker - 1]++;
            close(request[i].fd);
            request[i].fd = -1;
            left--;
        }
    }
    return 0;
}

/* --- a run ------------------------------------------------------------- */

struct outcome {
    double total, cpu;
    int by[WORKERS], most, busy, wakeups, in_vain;
};

static int serve_all(struct crew *c, bool first_alone, struct outcome *o)
{
    struct pollfd request[REQUESTS];
    for (int i = 0; i < REQUESTS; i++)
        request[i].fd = -1;
    double began = lesson_now();
    int failed = connect_all(request, c->port);
    /* The others come once the first has taken everything in. */
    const struct timespec moment = {0, 1000000};
    while (!failed && first_alone && !lost &&
           __atomic_load_n(&c->hall->accepted, __ATOMIC_ACQUIRE) < REQUESTS)
        nanosleep(&moment, NULL);
    __atomic_store_n(&c->hall->open, 1, __ATOMIC_RELEASE);
    if (!failed)
        failed = await_all(request, o->by);
    o->total = lesson_now() - began;
    for (int i = 0; i < REQUESTS; i++)
        if (request[i].fd >= 0)
            close(request[i].fd);
    return failed;
}

static int run_once(const struct way *way, bool first_alone, struct outcome *o)
{
    static struct hall *hall;
    if (!hall)
        hall = lesson_shared(sizeof *hall);
    if (!hall)
        return -errno;
    memset(hall, 0, sizeof *hall);
    *o = (struct outcome){0};
    struct crew crew = {.hall = hall};
    lost = 0;
    lesson_when_one_ends(lose_one);
    int failed = hire(&crew, way, first_alone);
    if (!failed)
        failed = serve_all(&crew, first_alone, o);
    lesson_when_one_ends(NULL);
    dismiss(&crew, &o->cpu);
    o->wakeups = hall->wakeups;
    o->in_vain = hall->in_vain;
    for (int i = 0; i < WORKERS; i++) {
        o->most = o->by[i] > o->most ? o->by[i] : o->most;
        o->busy += o->by[i] > 0;
    }
    return failed;
}

static void write_row(const char *name, int run, const struct outcome *o)
{
    int requests = 0;
    for (int i = 0; i < WORKERS; i++)
        requests += o->by[i];
    lesson_row(table, "%s,%d,%.6f,%d,%d,%d,%d,%d,%.6f", name, run, o->total,
               requests, o->most, o->busy, o->wakeups, o->in_vain, o->cpu);
}

static double run_way(const void *argument)
{
    struct way *way = &ways[(const struct way *)argument - ways];
    struct outcome o = {0};
    int failed = run_once(way, false, &o);
    errno = -failed;
    if (failed)
        return NAN;
    way->most[way->runs] = o.most;
    way->cpu[way->runs] = 1e3 * o.cpu;
    way->wakeups[way->runs++] = o.wakeups;
    write_row(way->name, way->runs, &o);
    return 1e3 * o.total;
}

/* --- the lesson -------------------------------------------------------- */

static int measure(struct lesson_run *run)
{
    table = run;
    double scale = lesson_setting(run, "scale");
    block = 0.1 * scale;
    if (scale > 0.1) /* it is to be ended only when it hangs */
        alarm((unsigned)(10 * scale * LESSON_SECONDS));
    lesson_table(run, "way,run,total_s,requests,most,busy,wakeups,in_vain,"
                      "cpu_s");
    lesson_count(run, "a request blocks for", 1e3 * block, "ms");
    lesson_count(run, "500 in 80 hands", WAVES * 1e3 * block, "ms");
    unsigned runs = run->quick ? 5 : RUNS;
    struct lesson_way timed[WAYS];
    char name[WAYS][72];
    for (int i = 0; i < WAYS; i++) {
        snprintf(name[i], sizeof name[i], "%s: total", ways[i].name);
        timed[i] = (struct lesson_way){name[i], "ms", run_way, &ways[i]};
    }
    int failed = lesson_rounds(run, timed, WAYS, runs);
    for (int i = 0; i < WAYS && !failed; i++) {
        snprintf(name[i], sizeof name[i], "%s: most for one", ways[i].name);
        lesson_median(run, name[i], ways[i].most, runs, "requests");
        snprintf(name[i], sizeof name[i], "%s: woken", ways[i].name);
        lesson_median(run, name[i], ways[i].wakeups, runs, "times");
        snprintf(name[i], sizeof name[i], "%s: processor", ways[i].name);
        lesson_median(run, name[i], ways[i].cpu, runs, "ms");
    }
    struct outcome o = {0};
    if (!failed)
        failed = run_once(&ways[1], true, &o);
    if (failed)
        return failed;
    write_row("all with one worker first", 1, &o);
    lesson_count(run, "all with one worker first: total", 1e3 * o.total, "ms");
    lesson_count(run, "all with one worker first: most for one", o.most,
                 "requests");
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "500 requests that block one of 80 workers for %.0f ms each take "
            "%.0f ms when workers accept one at a time, %.0f ms when they "
            "accept all that wait, and %.0f ms when one worker gets them all.",
            lesson_value(f, "a request blocks for"),
            lesson_value(f, "one at a time: total"),
            lesson_value(f, "all that wait: total"),
            lesson_value(f, "all with one worker first: total"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double ideal = lesson_value(f, "500 in 80 hands");
    double one = lesson_value(f, "one at a time: total");
    double all = lesson_value(f, "all that wait: total");
    double idle = lesson_value(f, "one not blocking: total");
    if (!(all > 2 * 1.1 * ideal))
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "all that wait takes only %.2f times what "
                                "seven requests a worker take",
                                all / ideal);
    if (one > 1.1 * ideal && idle > 0.1 * ideal)
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "500 requests that block nobody take %.3g ms "
                                "by themselves, more than the tenth of %.3g "
                                "ms that the rule leaves; try --scale=0.2",
                                idle, ideal);
    return lesson_judgement(
        one <= 1.1 * ideal ? LESSON_HOLDS : LESSON_DOES_NOT_HOLD,
        "one at a time takes %.2f, all that wait %.2f times what seven "
        "requests a worker take",
        one / ideal, all / ideal);
}

static struct lesson_option options[] = {
    {"scale", "FACTOR",
     "Shorten the blocking of 100 ms by this (default 0.1, quick 0.02; 1 is "
     "the claim's own and takes some minutes)",
     0.1, 0.02, 0.005, 1},
    {0},
};

static const char *const judged[] = {
    "500 in 80 hands",
    "one at a time: total",
    "all that wait: total",
    "one not blocking: total",
    NULL,
};

const struct lesson lesson = {
    .name = "accept-policy",
    .claim = "80 worker processes on one listening socket, 500 requests that "
             "each block a worker for 100 ms: accepting one at a time ends in "
             "about 600 ms, accepting all that wait takes up to 50 s",
    .about = "the operating system",
    .source = "all that you do not want to know about async",
    .rule = "with T the time that a request blocks, one at a time takes at "
            "most 1.1 x 7 x T (the median; 7 is 500/80 rounded up) and "
            "accepting all that wait more than twice that (the median); not "
            "decided where one at a time takes longer and 500 requests that "
            "block nobody need more than a tenth of 7 x T themselves",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
