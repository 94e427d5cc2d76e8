/* what-bounds-it_measure.c: where the time of each task goes, and the verdict.
 */
#include "lessons/lesson.h"
#include "lessons/what-bounds-it/what-bounds-it.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 8, JUDGED = 7, ROUNDS = 7 };

static const struct task {
    const char *name, *claimed;
    int (*run)(struct material *);
    long expected; /* its result, where it is known beforehand */
} tasks[TASKS] = {
    {"arithmetic", "processor", arithmetic, 0},
    {"sorting", "processor", sorting, NUMBERS - 1},
    {"searching", "processor", searching, NUMBERS},
    {"image filter", "processor", image_filter, (SIDE - 2L) * (SIDE - 2)},
    {"cached file copy", "input and output", copy_cached, COPY_BYTES},
    {"synced file copy", "input and output", copy_synced, COPY_BYTES},
    {"HTTP answer", "input and output", http_answer, 0},
    {"local database", "input and output if remote", database_query, 100000},
};

/* --- a server ---------------------------------------------------------- */

static void serve(int door)
{
    static const char answer[] =
        "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n";
    const struct timespec rest = {0, 100000000};
    char question[256];
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client < 0 || recv(client, question, sizeof question, 0) <= 0)
            _exit(1);
        nanosleep(&rest, NULL);
        if (send(client, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
            _exit(1);
        close(client);
    }
}

static pid_t start_server(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t child = 0;
    if (door < 0)
        return -errno;
    if (bind(door, (struct sockaddr *)&at, size) != 0 ||
        listen(door, 16) != 0 ||
        getsockname(door, (struct sockaddr *)&at, &size) != 0)
        child = -errno;
    if (child == 0)
        child = lesson_fork();
    if (child == 0)
        serve(door);
    close(door);
    *port = ntohs(at.sin_port);
    return child;
}

/* --- a database, where there is one ------------------------------------ */

/*
 * SQLite is not built in: it is asked for as the lesson runs, and where it is
 * not there the query is left out. "" is a database in a file without a name.
 */
static int (*sqlite_exec)(void *, const char *,
                          int (*)(void *, int, char **, char **), void *,
                          char **);
static void *sqlite;

static int take_number(void *number, int columns, char **value, char **name)
{
    (void)name;
    *(long *)number = columns > 0 && value[0] ? strtol(value[0], NULL, 10) : 0;
    return 0;
}

static int query(long *rows)
{
    /* As many rows as there are come out, whatever their sums are. */
    static const char text[] =
        "SELECT count(*) FROM (SELECT a, sum(b) OVER (ORDER BY b) FROM t)";
    return sqlite_exec(sqlite, text, take_number, rows, NULL) ? -EIO : 0;
}

static bool find_sqlite(void)
{
    static void *library; /* stays open as long as the lesson runs */
    library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
    int (*sqlite_open)(const char *, void **) = NULL;
    *(void **)&sqlite_open = dlsym(library, "sqlite3_open");
    *(void **)&sqlite_exec = dlsym(library, "sqlite3_exec");
    return sqlite_open && sqlite_exec && sqlite_open("", &sqlite) == 0 &&
           sqlite_exec(sqlite,
                       "CREATE TABLE t (a, b); WITH RECURSIVE n(i) AS (SELECT "
                       "1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
                       "INSERT INTO t SELECT i, i * 7919 % 100003 FROM n",
                       NULL, NULL, NULL) == 0;
}

/* --- material ---------------------------------------------------------- */

/* A write into what is left of a full disk is cut short, and says no error; so
 * we ask beforehand. 0 or -errno. */
static int reserve(const struct material *m)
{
    int error = posix_fallocate(m->from, 0, COPY_BYTES);
    if (!error)
        error = posix_fallocate(m->to, 0, COPY_BYTES);
    if (error)
        return lesson_cannot(-error, "it needs two files of 16 MiB in $TMPDIR,"
                                     " or else in /tmp");
    /* What is copied to begins empty, as it does in other programs. */
    return ftruncate(m->to, 0) == 0 ? 0 : -errno;
}

static int make_material(struct material *m)
{
    m->numbers = lesson_shared(NUMBERS * sizeof *m->numbers);
    m->sorted = lesson_shared(NUMBERS * sizeof *m->sorted);
    m->image = lesson_shared((size_t)SIDE * SIDE);
    m->blurred = lesson_shared((size_t)SIDE * SIDE);
    char *bytes = lesson_shared(COPY_BYTES);
    if (!m->numbers || !m->sorted || !m->image || !m->blurred || !bytes)
        return -errno;
    for (long i = 0; i < NUMBERS; i++)
        m->numbers[i] = i * 7919 % 300007;
    for (int i = 0; i < SIDE * SIDE; i++)
        m->image[i] = (unsigned char)(i * 31);
    memset(bytes, 'x', COPY_BYTES);
    m->from = lesson_file(0);
    m->to = lesson_file(0);
    if (m->from < 0 || m->to < 0)
        return m->from < 0 ? m->from : m->to;
    int failed = reserve(m);
    if (failed)
        return failed;
    if (write(m->from, bytes, COPY_BYTES) != COPY_BYTES)
        return -EIO;
    m->query = find_sqlite() ? query : NULL;
    return sorting(m);
}

/* --- where the time goes ----------------------------------------------- */

struct spent {
    double wall, user, system, ready;
};

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* ready: the second number that the kernel keeps for each thread, in ns; NAN
 * where there is no /proc, or where it keeps none and says "0 0 0". */
static struct spent spent_by_now(void)
{
    struct rusage used = {0};
    double ran = 0, ready = NAN;
    getrusage(RUSAGE_THREAD, &used);
    FILE *in = fopen("/proc/thread-self/schedstat", "re");
    if (in) {
        char line[128];
        char *end = line;
        if (fgets(line, sizeof line, in)) {
            ran = strtod(line, &end);
            ready = ran > 0 ? strtod(end, NULL) : NAN;
        }
        fclose(in);
    }
    double user = seconds_of(used.ru_utime), sys = seconds_of(used.ru_stime);
    /* What ran is known to the nanosecond, its two parts are not. */
    double scale = user + sys > 0 && ran > 0 ? 1e-9 * ran / (user + sys) : 1;
    return (struct spent){lesson_now(), user * scale, sys * scale,
                          1e-9 * ready};
}

static int measure_task(struct lesson_run *run, struct material *m,
                        const struct task *task, int rounds)
{
    double share[4][ROUNDS];
    bool known = true;
    static const char *const parts[4] = {"user", "system", "ready", "waiting"};
    for (int k = 0; k < rounds; k++) {
        struct spent a = spent_by_now();
        int failed = task->run(m);
        struct spent b = spent_by_now();
        if (!failed && task->expected && m->result != task->expected)
            failed = -EBADMSG;
        if (failed)
            return failed;
        double wall = b.wall - a.wall;
        double part[4] = {b.user - a.user, b.system - a.system,
                          b.ready - a.ready, 0};
        part[3] = wall - part[0] - part[1] - part[2];
        known = known && !isnan(part[3]);
        if (part[3] < 0) /* fmax() would make 0 of NAN, too */
            part[3] = 0;
        /* What it waited while another one had the processor is set apart. */
        double own = part[0] + part[1] + part[3];
        for (int i = 0; i < 4; i++)
            share[i][k] = 100 * fmax(0, part[i]) / (i == 2 ? wall : own);
        lesson_row(run, "%s,%s,%d,%.9f,%.9f,%.9f,%.9f,%.9f,%ld", task->name,
                   task->claimed, k + 1, wall, part[0], part[1], part[2],
                   part[3], m->result);
    }
    for (int i = 0; i < 4; i++) {
        char name[72];
        snprintf(name, sizeof name, "%s: %s", task->name, parts[i]);
        if (known)
            lesson_median(run, name, share[i], (size_t)rounds, "%");
        else /* nor is its own time, of which they are shares */
            lesson_count(run, name, NAN, "%");
    }
    return 0;
}

static int measure(struct lesson_run *run)
{
    struct material m = {0};
    int failed = make_material(&m);
    pid_t server = failed ? 0 : start_server(&m.port);
    if (server < 0)
        failed = server;
    lesson_table(run, "task,claimed,round,wall_s,user_s,system_s,ready_s,"
                      "waiting_s,result");
    for (int i = 0; i < TASKS && !failed; i++)
        if (tasks[i].run != database_query || m.query)
            failed = measure_task(run, &m, &tasks[i], run->quick ? 5 : ROUNDS);
    if (!failed && !m.query)
        lesson_count(run, "local database: waiting", NAN, "%");
    if (server > 0) {
        kill(server, SIGKILL);
        lesson_reap(server);
    }
    return failed;
}

static double waiting(const struct lesson_figures *f, int i)
{
    char name[72];
    snprintf(name, sizeof name, "%s: waiting", tasks[i].name);
    return lesson_value(f, name);
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Sorting waits for %s %% of its time, an HTTP answer for %s %%, a "
            "file copy for %s %% when it is synced to the disk and for %s %% "
            "when it is not.",
            LESSON_NUMBER(round(waiting(f, 1))),
            LESSON_NUMBER(round(waiting(f, 6))),
            LESSON_NUMBER(round(waiting(f, 5))),
            LESSON_NUMBER(round(waiting(f, 4))));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    for (int i = 0; i < JUDGED; i++) {
        bool computes = strcmp(tasks[i].claimed, "processor") == 0;
        if ((waiting(f, i) < 50) != computes)
            return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                    "%s is said to be bound by %s and waits "
                                    "for %.3g %% of its time",
                                    tasks[i].name, tasks[i].claimed,
                                    waiting(f, i));
    }
    return lesson_judgement(LESSON_HOLDS, "all seven are as they are said to "
                                          "be");
}

static const char *const judged[] = {
    "arithmetic: waiting",       "sorting: waiting",
    "searching: waiting",        "image filter: waiting",
    "cached file copy: waiting", "synced file copy: waiting",
    "HTTP answer: waiting",      NULL,
};

const struct lesson lesson = {
    .name = "what-bounds-it",
    .claim = "Arithmetic, sorting and searching in memory and images are bound "
             "by the processor; network, file copy, remote database and HTTP "
             "by input and output",
    .about = "the operating system",
    .source = "threads, processes and asyncio",
    .rule = "arithmetic, sorting, searching and the image filter wait for less "
            "than half of their own time (the median), and both file copies "
            "and the HTTP answer for at least half; own time is without that "
            "in which another one had the processor; the database here is "
            "not remote and is not judged",
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
