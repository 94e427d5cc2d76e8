/* echo-server_measure.c: who serves how many, who is hurt, and the verdict. */
#include "common/statistics.h"
#include "lessons/echo-server/echo-server.h"
#include "lessons/echo-server/load.h"
#include "lessons/lesson.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZES = 5, ROUNDS_MOST = 5, TROUBLES = 5, BAD = 40, GOOD = 50 };

static const char *const ways[WAYS] = {
    [ONE_AFTER_ANOTHER] = "one after another",
    [PROCESSES] = "processes",
    [THREADS] = "threads",
    [COROUTINES] = "coroutines",
};

static struct lesson_run *table;
static double *latency; /* a place for each request of a load */

/* --- a server ---------------------------------------------------------- */

struct server {
    pid_t pid;
    unsigned short port;
};

static int open_door(unsigned short *port, bool blocks)
{
    int one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int door = socket(
        AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0);
    if (door < 0)
        return -errno;
    if (setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(door, (struct sockaddr *)&at, size) != 0 ||
        listen(door, LOAD_CLIENTS_MOST) != 0 ||
        getsockname(door, (struct sockaddr *)&at, &size) != 0) {
        int failed = -errno;
        close(door);
        return failed;
    }
    *port = ntohs(at.sin_port);
    return door;
}

/* Forks a server; with `descriptors` it may have no more than those. */
static int start_server(struct server *s, enum way way, int descriptors)
{
    memset(hall, 0, offsetof(struct hall, patience));
    int door = open_door(&s->port, way != COROUTINES);
    if (door < 0)
        return door;
    s->pid = lesson_fork();
    if (s->pid == 0) {
        struct rlimit few = {(rlim_t)descriptors, (rlim_t)descriptors};
        if (descriptors > 0 && setrlimit(RLIMIT_NOFILE, &few) != 0)
            _exit(1);
        int failed = serve(way, door);
        fprintf(stderr, "%s: the server ended: %s\n", ways[way],
                strerror(-failed));
        _exit(1);
    }
    close(door);
    return s->pid < 0 ? s->pid : 0;
}

/* Its processes, if it has any, end with it. */
static void stop_server(struct server *s)
{
    kill(s->pid, SIGKILL);
    lesson_reap(s->pid);
}

/* --- what the server takes --------------------------------------------- */

/* The server's own process and those that it has forked. */
static int processes_of(const struct server *s, pid_t *pid, int most)
{
    char name[64], *word = NULL;
    size_t room = 0;
    int n = 0;
    pid[n++] = s->pid;
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", s->pid, s->pid);
    FILE *children = fopen(name, "re");
    while (children && n < most && getdelim(&word, &room, ' ', children) > 1)
        pid[n++] = (pid_t)strtol(word, NULL, 10);
    free(word);
    if (children)
        fclose(children);
    return n;
}

/* KiB, or NAN where it cannot be known. */
static double pss_of(pid_t pid)
{
    char name[64], line[160];
    double kib = NAN;
    snprintf(name, sizeof name, "/proc/%d/smaps_rollup", pid);
    FILE *rollup = fopen(name, "re");
    while (rollup && fgets(line, sizeof line, rollup))
        if (strncmp(line, "Pss:", 4) == 0)
            kib = strtod(line + 4, NULL);
    if (rollup)
        fclose(rollup);
    return kib;
}

/* KiB, each page shared among those that have it; or NAN. */
static double memory_of(const struct server *s)
{
    static pid_t pid[PROCESSES_MOST + 2];
    int n = processes_of(s, pid, PROCESSES_MOST + 2);
    double kib = pss_of(pid[0]);
    for (int i = 1; i < n; i++) {
        double more = pss_of(pid[i]);
        kib += isnan(more) ? 0 : more; /* it has ended meanwhile */
    }
    return kib;
}

/* Processor milliseconds of all its threads and processes up to now. */
static double processor_of(const struct server *s)
{
    static pid_t pid[PROCESSES_MOST + 2];
    int n = processes_of(s, pid, PROCESSES_MOST + 2);
    double ms = 0;
    for (int i = 0; i < n; i++) {
        clockid_t clock;
        struct timespec used;
        if (clock_getcpuclockid(pid[i], &clock) == 0 &&
            clock_gettime(clock, &used) == 0)
            ms += 1e3 * (double)used.tv_sec + 1e-6 * (double)used.tv_nsec;
    }
    return ms;
}

/* --- waiting for the server -------------------------------------------- */

static void rest(double seconds)
{
    struct timespec moment = {0, (long)(1e9 * seconds)};
    while (nanosleep(&moment, &moment) != 0)
        ;
}

static int held(void)
{
    return __atomic_load_n(&hall->held, __ATOMIC_ACQUIRE);
}

/* Until so many are held, or it no longer gets nearer for half a second. */
static void await_held(int wanted)
{
    int before = -1;
    for (int tries = 0; tries < 250 && held() != wanted; tries++) {
        int now = held();
        tries = now == before ? tries : 0;
        before = now;
        rest(0.002);
    }
}

static void await_received(long wanted)
{
    for (int tries = 0; tries < 5000; tries++) {
        if (__atomic_load_n(&hall->received, __ATOMIC_ACQUIRE) >= wanted)
            return;
        rest(0.0002);
    }
}

/* --- one client by hand ------------------------------------------------ */

static bool say(int s, const char *text, size_t length)
{
    return send(s, text, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Is `expected` all that comes, within a second, before the server hangs up?
 */
static bool hears(int s, const char *expected, size_t length)
{
    char text[LINE_MOST + 64];
    size_t got = 0;
    struct pollfd news = {.fd = s, .events = POLLIN};
    while (got < sizeof text && poll(&news, 1, 1000) == 1) {
        ssize_t n = recv(s, text + got, sizeof text - got, 0);
        if (n < 0 && errno != ECONNRESET)
            return false;
        if (n <= 0)
            return got == length && memcmp(text, expected, length) == 0;
        got += (size_t)n;
    }
    return false;
}

static bool is_served(const struct server *server)
{
    int s = load_connect(server->port);
    bool served =
        s >= 0 && say(s, "world\n\n", 7) && hears(s, "Hello world\n\n", 13);
    if (s >= 0)
        load_hang_up(s);
    return served;
}

/* --- the empty line, split --------------------------------------------- */

/* `length` bytes and an empty line; after each of `cut` bytes the client waits
 * until the server has read them. */
static bool is_answered(const struct server *server, int length, int cut)
{
    char text[GREETING + LINE_MOST];
    memcpy(text, "Hello ", GREETING);
    memset(text + GREETING, 'x', (size_t)length);
    memset(text + GREETING + length, '\n', 2);
    int s = load_connect(server->port), whole = length + 2;
    bool said = s >= 0;
    for (int at = 0; at < whole && said; at += cut) {
        long before = __atomic_load_n(&hall->received, __ATOMIC_ACQUIRE);
        int n = whole - at < cut ? whole - at : cut;
        said = say(s, text + GREETING + at, (size_t)n);
        if (at + n < whole)
            await_received(before + n);
    }
    said = said && hears(s, text, GREETING + (size_t)whole);
    if (s >= 0)
        load_hang_up(s);
    return said;
}

/* The empty line at each offset of two reads and more, cut in its middle; then
 * byte by byte. */
static int try_splits(struct lesson_run *run, enum way way)
{
    struct server server = {0};
    char name[72];
    int tries = 0, answered = 0, failed = start_server(&server, way, 0);
    if (failed)
        return failed;
    for (int offset = 0; offset <= 2 * PIECE + 2; offset++, tries++)
        answered += is_answered(&server, offset, offset + 1);
    for (int offset = 0; offset <= 2 * PIECE + 2; offset += 13, tries++)
        answered += is_answered(&server, offset, 1);
    stop_server(&server);
    if (way == 0)
        lesson_count(run, "splits of the empty line", tries, "");
    snprintf(name, sizeof name, "%s: splits answered", ways[way]);
    lesson_count(run, name, answered, "");
    return 0;
}

/* --- rate and latency -------------------------------------------------- */

static struct {
    double rate[ROUNDS_MOST], p50[ROUNDS_MOST], p99[ROUNDS_MOST];
} loads[WAYS][SIZES];

static int load_once(enum way way, int clients, long requests, int size,
                     int round)
{
    struct server server = {0};
    int failed = start_server(&server, way, 0);
    if (failed)
        return failed;
    struct load load = {.port = server.port,
                        .clients = clients,
                        .requests = requests,
                        .latency = latency};
    failed = load_run(&load);
    stop_server(&server);
    if (!failed && load.answered != requests)
        failed = -EPROTO;
    if (failed)
        return failed;
    sort_f64(latency, (size_t)requests);
    double rate = (double)requests / load.seconds;
    double p50 = 1e3 * percentile_f64(latency, (size_t)requests, 50);
    double p99 = 1e3 * percentile_f64(latency, (size_t)requests, 99);
    lesson_row(table, "load,%s,%d,%d,%ld,%.9g,%.9g,%.9g,,,,,", ways[way],
               clients, round + 1, load.answered, rate, p50, p99);
    loads[way][size].rate[round] = rate;
    loads[way][size].p50[round] = p50;
    loads[way][size].p99[round] = p99;
    return 0;
}

static int measure_loads(struct lesson_run *run, int most, long requests,
                         int rounds)
{
    char name[72];
    int sizes = 0, clients[SIZES];
    for (int n = 1; n < most && sizes < SIZES - 1; n *= 10)
        clients[sizes++] = n;
    clients[sizes++] = most;
    for (int round = 0; round < rounds; round++)
        for (int size = 0; size < sizes; size++)
            for (int i = 0; i < WAYS; i++) {
                enum way way = (enum way)((i + round) % WAYS);
                long n = requests > clients[size] ? requests : clients[size];
                int failed = load_once(way, clients[size], n, size, round);
                if (failed)
                    return failed;
            }
    for (int size = 0; size < sizes; size++)
        for (int way = 0; way < WAYS; way++) {
            const char *at = size == sizes - 1 ? "most" : NULL;
            char number[16];
            snprintf(number, sizeof number, "%d", clients[size]);
            at = at ? at : number;
            snprintf(name, sizeof name, "%s, %s clients: rate", ways[way], at);
            lesson_median(run, name, loads[way][size].rate, (size_t)rounds,
                          "a second");
            snprintf(name, sizeof name, "%s, %s clients: p99", ways[way], at);
            lesson_median(run, name, loads[way][size].p99, (size_t)rounds,
                          "ms");
        }
    return 0;
}

/* --- clients held ------------------------------------------------------ */

/* All come and say half of what they want; then one more comes and says all. */
static int measure_held(struct lesson_run *run, enum way way, int most)
{
    static int here[LOAD_CLIENTS_MOST];
    struct server server = {0};
    int failed = start_server(&server, way, 0), came = 0;
    if (failed)
        return failed;
    is_served(&server); /* what is made once has been made */
    await_held(0);
    double before = memory_of(&server);
    for (; came < most; came++) {
        /* Beyond what the door holds, connecting would wait: not needed. */
        if (came - held() >= 1000)
            await_held(came);
        if (came - held() >= 1000)
            break;
        here[came] = load_connect(server.port);
        if (here[came] < 0)
            break;
        if (!say(here[came], "half", 4)) {
            load_hang_up(here[came]);
            break;
        }
    }
    await_held(came);
    int most_held = __atomic_load_n(&hall->most_held, __ATOMIC_ACQUIRE);
    double kib = (memory_of(&server) - before) / (held() > 0 ? held() : 1);
    bool served = is_served(&server);
    stop_server(&server);
    while (came > 0)
        load_hang_up(here[--came]);
    lesson_row(table, "held,%s,%d,1,%d,,,,%d,%.9g,,,", ways[way], most, served,
               most_held, kib);
    char name[72];
    snprintf(name, sizeof name, "%s: clients held", ways[way]);
    lesson_count(run, name, most_held, "");
    snprintf(name, sizeof name, "%s: one more is answered", ways[way]);
    lesson_count(run, name, served, "");
    snprintf(name, sizeof name, "%s: memory a client", ways[way]);
    lesson_count(run, name, kib, "KiB");
    return 0;
}

/* --- troubles ---------------------------------------------------------- */

/* Each brings its clients in; `drip` is done between two good requests. */
static bool slow_come(int s)
{
    return say(s, "s", 1);
}

static bool half_closed_come(int s)
{
    return say(s, "half", 4) && shutdown(s, SHUT_WR) == 0;
}

static bool leaving_come(int s)
{
    return say(s, "whole\n\n", 7); /* and hears nothing of the answer */
}

static bool endless_come(int s)
{
    char line[LINE_MOST];
    memset(line, 'e', sizeof line);
    return say(s, line, sizeof line);
}

static bool silent_come(int s)
{
    return say(s, "s", 1);
}

static const struct trouble {
    const char *name;
    bool (*come)(int s);
    bool stays, drips;
    int descriptors;   /* that the server may have; 0: as many as we may */
    const char *hears; /* what each hears at last, NULL: nothing */
} troubles[TROUBLES] = {
    {"slow", slow_come, true, true, 0, NULL},
    {"half-closed", half_closed_come, true, false, 0, ""},
    {"leaving", leaving_come, false, false, 0, NULL},
    {"endless", endless_come, true, false, 0, "Too long\n\n"},
    {"full", silent_come, true, false, 32, NULL},
};

/* How many of the good ones are answered; the first that is not ends it, for
 * the others would wait as long. Or -errno, where a bad one cannot drip. */
static int good_ones(const struct server *server, const struct trouble *t,
                     const int *bad)
{
    int answered = 0;
    for (int i = 0; i < GOOD; i++) {
        for (int k = 0; t->drips && k < BAD; k++)
            if (bad[k] >= 0 && !say(bad[k], "s", 1))
                return lesson_cannot(-errno, "a slow client was hung up on");
        if (!is_served(server))
            break;
        answered++;
    }
    return answered;
}

struct hurt {
    int answered, ended; /* good ones; bad ones that got what they should */
    double waits, busy;  /* wake-ups of the loop and ms in a quiet 50 ms */
};

/* Nothing happens: what does the server do? On a busy machine what was asked
 * before may be done only now, so the quietest of five looks counts: a loop
 * that wakes for nothing does so in each. */
static void look_on(const struct server *server, struct hurt *h)
{
    h->waits = INFINITY;
    for (int look = 0; look < 5 && h->waits > 0; look++) {
        rest(0.02); /* what has begun ends */
        long before = __atomic_load_n(&hall->waits, __ATOMIC_ACQUIRE);
        double busy = processor_of(server);
        rest(0.05);
        busy = processor_of(server) - busy;
        long after = __atomic_load_n(&hall->waits, __ATOMIC_ACQUIRE);
        if ((double)(after - before) < h->waits) {
            h->waits = (double)(after - before);
            h->busy = busy;
        }
    }
}

static void bring_in(const struct server *server, const struct trouble *t,
                     int *bad)
{
    for (int i = 0; i < BAD; i++) {
        bad[i] = load_connect(server->port);
        bool came = bad[i] >= 0 && t->come(bad[i]);
        if (bad[i] >= 0 && (!came || !t->stays)) {
            load_hang_up(bad[i]);
            bad[i] = -1;
        }
    }
}

/* The bad ones end what they have begun; how many got what is right? */
static int bad_ones(const struct trouble *t, const int *bad)
{
    int ended = 0;
    for (int i = 0; i < BAD; i++) {
        char text[LINE_MOST];
        int length = 1 + (t->drips ? GOOD : 0);
        memcpy(text, "Hello ", GREETING);
        memset(text + GREETING, 's', (size_t)length);
        memset(text + GREETING + length, '\n', 2);
        if (bad[i] < 0)
            continue;
        if (t->hears)
            ended += hears(bad[i], t->hears, strlen(t->hears));
        else
            ended += say(bad[i], "\n\n", 2) &&
                     hears(bad[i], text, GREETING + 2 + (size_t)length);
    }
    return ended;
}

static int meet(enum way way, const struct trouble *t, struct hurt *h)
{
    struct server server = {0};
    int bad[BAD], failed = start_server(&server, way, t->descriptors);
    if (failed)
        return failed;
    *h = (struct hurt){0};
    bring_in(&server, t, bad);
    /* While the table is full the good ones wait too: they come afterwards. */
    if (t->descriptors == 0)
        h->answered = good_ones(&server, t, bad);
    if (h->answered >= 0) {
        look_on(&server, h);
        h->ended = bad_ones(t, bad);
    }
    for (int i = 0; i < BAD; i++)
        if (bad[i] >= 0)
            load_hang_up(bad[i]);
    if (t->descriptors > 0)
        h->answered = good_ones(&server, t, bad);
    stop_server(&server);
    return h->answered < 0 ? h->answered : 0;
}

static int measure_troubles(struct lesson_run *run, enum way way)
{
    char name[72];
    for (int k = 0; k < TROUBLES; k++) {
        struct hurt h;
        int failed = meet(way, &troubles[k], &h);
        if (failed)
            return failed;
        lesson_row(table, "%s,%s,%d,1,%d,,,,,,%d,%.0f,%.9g", troubles[k].name,
                   ways[way], BAD, h.answered, h.ended, h.waits, h.busy);
        snprintf(name, sizeof name, "%s, %s clients: others answered",
                 ways[way], troubles[k].name);
        lesson_count(run, name, h.answered, "of 50");
        if (way != COROUTINES)
            continue;
        snprintf(name, sizeof name, "%s, %s clients: idle wake-ups", ways[way],
                 troubles[k].name);
        lesson_count(run, name, h.waits, "in 50 ms");
    }
    return 0;
}

/* --- the lesson -------------------------------------------------------- */

/* Room for both ends of all connections, as far as one is let. */
static int raise_descriptors(int clients)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return -errno;
    rlim_t wanted = (rlim_t)clients + 200;
    if (files.rlim_cur >= wanted)
        return 0;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        return -errno;
    if (files.rlim_cur >= wanted)
        return 0;
    fprintf(stderr,
            "echo-server: %d clients need %llu descriptors, and the limit is "
            "%llu: raise it (ulimit -Hn), or let fewer come (--clients=N)\n",
            clients, (unsigned long long)wanted,
            (unsigned long long)files.rlim_cur);
    return -EMFILE;
}

/* Serves the class until it presses Enter. */
static int show_live(unsigned short port)
{
    struct server server = {.port = port};
    hall->tells = true;
    alarm(600);
    int failed = start_server(&server, COROUTINES, 0);
    if (failed)
        return failed;
    printf("A coroutine for each who comes to 127.0.0.1 port %d: try "
           "nc 127.0.0.1 %d in two terminals, type, end with an empty line. "
           "Enter ends it here.\n",
           server.port, server.port);
    fflush(stdout);
    for (int c = getchar(); c != '\n' && c != EOF; c = getchar())
        ;
    stop_server(&server);
    hall->tells = false;
    alarm(LESSON_SECONDS);
    return 0;
}

static int measure(struct lesson_run *run)
{
    int most = (int)lesson_setting(run, "clients");
    long requests = (long)lesson_setting(run, "requests");
    int rounds = ROUNDS_MOST; /* fewer give no interval (93.75 %) */
    long room = requests > most ? requests : most;
    table = run;
    hall = lesson_shared(sizeof *hall);
    latency = calloc((size_t)room, sizeof *latency);
    if (!hall || !latency)
        return -ENOMEM;
    hall->patience = 10;
    int failed = raise_descriptors(most);
    if (!failed && run->live)
        failed = show_live((unsigned short)lesson_setting(run, "port"));
    lesson_table(run, "what,way,clients,round,answered,rate,p50_ms,p99_ms,held,"
                      "kib,ended,waits,busy_ms");
    lesson_count(run, "clients that come", most, "");
    if (!failed)
        failed = measure_loads(run, most, requests, rounds);
    for (int way = 0; way < WAYS && !failed; way++)
        failed = measure_held(run, (enum way)way, most);
    for (int way = 0; way < WAYS && !failed; way++)
        failed = try_splits(run, (enum way)way);
    for (int way = 0; way < WAYS && !failed; way++)
        failed = measure_troubles(run, (enum way)way);
    free(latency);
    return failed;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(
        out,
        "With %s clients at once the server of coroutines answers %s a "
        "second, threads %s, processes %s, one after another %s; it holds "
        "%s of them at one time, threads %s.",
        LESSON_NUMBER(lesson_value(f, "clients that come")),
        LESSON_NUMBER(lesson_value(f, "coroutines, most clients: rate")),
        LESSON_NUMBER(lesson_value(f, "threads, most clients: rate")),
        LESSON_NUMBER(lesson_value(f, "processes, most clients: rate")),
        LESSON_NUMBER(lesson_value(f, "one after another, most clients: rate")),
        LESSON_NUMBER(lesson_value(f, "coroutines: clients held")),
        LESSON_NUMBER(lesson_value(f, "threads: clients held")));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *ours =
        lesson_figure(f, "coroutines, most clients: rate");
    const struct lesson_figure *theirs =
        lesson_figure(f, "threads, most clients: rate");
    double came = lesson_value(f, "clients that come");
    double held_here = lesson_value(f, "coroutines: clients held");
    double held_there = lesson_value(f, "threads: clients held");
    if (came < 2000)
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "only %.0f clients came, too few for one to "
                                "hold a thousand more than the other",
                                came);
    enum lesson_verdict verdict = LESSON_DOES_NOT_HOLD;
    if (held_here - held_there >= 1000)
        verdict = lesson_compare(ours, theirs) > 0   ? LESSON_HOLDS
                  : lesson_compare(ours, theirs) < 0 ? LESSON_DOES_NOT_HOLD
                                                     : LESSON_NOT_DECIDED;
    return lesson_judgement(
        verdict,
        "coroutines hold %.0f clients, threads %.0f; coroutines answer %.0f "
        "to %.0f requests a second, threads %.0f to %.0f",
        held_here, held_there, ours->low, ours->high, theirs->low,
        theirs->high);
}

static struct lesson_option options[] = {
    {"clients", "N", "The most at one time (default 2500, quick 300)", 2500,
     300, 10, LOAD_CLIENTS_MOST},
    {"requests", "N", "At least so many a load (default 400, quick 200)", 400,
     200, 10, 20000},
    {"port", "N", "Where --live serves; 0: anywhere (default 7007)", 7007, 7007,
     0, 65535},
    {0},
};

static const char *const judged[] = {
    "clients that come",           "coroutines, most clients: rate",
    "threads, most clients: rate", "coroutines: clients held",
    "threads: clients held",       NULL,
};

const struct lesson lesson = {
    .name = "echo-server",
    .claim = "Async servers beat threaded ones by thousands",
    .about = "the operating system; C",
    .source = "course notes on operating systems and concurrency; the server "
              "is that of an article on event loops and coroutines",
    .rule =
        "of the clients that come (2,500 by default), the server of coroutines "
        "holds at least 1,000 more at one time than that of threads, and "
        "answers more a second (disjoint intervals); it does not hold "
        "when threads hold as many or answer more, and is not decided "
        "where fewer than 2,000 come or the rates are not told apart",
    .live = "First serve who comes to --port, telling what each one does "
            "(Enter ends it)",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
