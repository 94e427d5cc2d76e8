/*
 * dataflow_measure.c: the counts against awk's, by coroutines and by threads;
 * what may not enter; how fast; and the verdict. With addresses on its command
 * line, it counts them and is done.
 */
#include "lessons/dataflow/dataflow.h"
#include "lessons/lesson.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHOSEN_MOST = ADDRESSES_MOST, /* as many of the log's as there may be */
    FEW = 16, /* so many awk counts one by one, and have rows of their own */
    THREAD_LINES = 10000, /* threads count in the first so many lines, */
    THREAD_FILTERS = 4,   /* for so many addresses */
    EMPTY_LINES = 100000,
    ROUNDS = 9,
    LARGE = 500000, /* with more lines awk counts in one pass, and what is */
    VERY_LARGE = 2000000, /* timed is timed three times; with more, once */
};

static struct flow flow;
static int log_fd = -1;
static char chosen_text[CHOSEN_MOST][INET6_ADDRSTRLEN];
static const char *chosen[CHOSEN_MOST];
static int chosen_count;
static long lines_of_log;

/* Is it an IPv4 or IPv6 address, in full? */
static bool is_address(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 ||
           inet_pton(AF_INET6, text, bytes) == 1;
}

/* The tool. --------------------------------------------------------------- */

static struct lesson_tool tool;

static int open_log(long lines, long *by_origin)
{
    *by_origin = 0;
    if (tool.given == NULL)
        return make_log(lines, by_origin);
    int fd = open(tool.given, O_RDONLY | O_CLOEXEC);
    struct stat file;
    if (fd >= 0 && fstat(fd, &file) == 0 && !S_ISREG(file.st_mode)) {
        close(fd);
        fprintf(stderr, "dataflow: %s: is not a regular file\n", tool.given);
        return -EINVAL;
    }
    if (fd < 0) {
        int failed = -errno;
        fprintf(stderr, "dataflow: %s: %s\n", tool.given, strerror(errno));
        return failed;
    }
    return fd;
}

static int count_for(const char *const *addresses, int filters, long most)
{
    if (lseek(log_fd, 0, SEEK_SET) < 0)
        return -errno;
    flow_begin(&flow, log_fd, addresses, filters);
    return flow_run(&flow, most);
}

/* ADDRESS: COUNT, a line each, in the order of the addresses. */
static int use(const char *const *addresses, int count, FILE *out)
{
    long by_origin;
    if (count > ADDRESSES_MOST) {
        fprintf(stderr, "dataflow: at most %d addresses, not %d\n",
                ADDRESSES_MOST, count);
        return -E2BIG;
    }
    log_fd = open_log((long)lesson_setting(NULL, "lines"), &by_origin);
    if (log_fd < 0)
        return log_fd;
    int failed = count_for(addresses, count, -1);
    if (failed)
        fprintf(stderr, "dataflow: %s: %s\n", tool.given ? tool.given : "log",
                strerror(-failed));
    for (int i = 0; i < count && !failed; i++)
        fprintf(out, "%s: %ld\n", addresses[i], flow.count[i]);
    close(log_fd);
    return failed;
}

static struct lesson_tool tool = {
    .words = "[ADDRESS]...",
    .help = "With addresses it prints a line for each, ADDRESS: COUNT, how "
            "many lines of an access log in the combined format begin with "
            "it, and measures nothing.",
    .file = "log",
    .file_help = "Count in this log (default: one of --lines lines, written "
                 "by the origin if it is built, else by the lesson itself)",
    .takes = is_address,
    .expected = "an IPv4 or IPv6 address",
    .use = use,
};

/* Which addresses. -------------------------------------------------------- */

static bool is_chosen(const struct access_line *line)
{
    for (int i = 0; i < chosen_count; i++)
        if (access_line_is_from(line, chosen[i]))
            return true;
    return false;
}

/* The log's first fields that are IP addresses, in their order. */
static int choose_addresses(void)
{
    static struct access_log log;
    const char *text;
    size_t length;
    if (lseek(log_fd, 0, SEEK_SET) < 0)
        return -errno;
    access_log_begin(&log, log_fd);
    while (chosen_count < CHOSEN_MOST &&
           (text = access_log_next(&log, &length)) != NULL) {
        struct access_line line;
        char *name = chosen_text[chosen_count];
        access_line_parse(text, length, &line);
        if (line.address_length == 0 ||
            line.address_length >= INET6_ADDRSTRLEN || is_chosen(&line))
            continue;
        snprintf(name, INET6_ADDRSTRLEN, "%.*s", (int)line.address_length,
                 line.address);
        if (is_address(name))
            chosen[chosen_count++] = name;
    }
    if (log.error)
        return log.error;
    if (chosen_count == 0) {
        fprintf(stderr, "dataflow: no line of the log begins with an IP "
                        "address\n");
        return -ENODATA;
    }
    return 0;
}

/* awk. -------------------------------------------------------------------- */

static const char one_by_awk[] = "$1 == ip {n++} END {print n + 0}";
static const char all_by_awk[] =
    "BEGIN {k = split(ip, a, \" \"); for (i in a) n[a[i]] = 0} "
    "$1 in n {n[$1]++} END {for (i = 1; i <= k; i++) print n[a[i]]}";

/* Lets awk count: `count` numbers, a line each. 0 or -errno. */
static int ask_awk(const char *program, const char *ip, long count[], int n)
{
    char variable[CHOSEN_MOST * INET6_ADDRSTRLEN + 8];
    int result[2];
    snprintf(variable, sizeof variable, "ip=%s", ip);
    if (lseek(log_fd, 0, SEEK_SET) < 0 || pipe2(result, O_CLOEXEC) != 0)
        return -errno;
    pid_t child = lesson_fork();
    if (child == 0) {
        if (dup2(log_fd, 0) == 0 && dup2(result[1], 1) == 1)
            execlp("awk", "awk", "-v", variable, program, (char *)NULL);
        _exit(127);
    }
    close(result[1]);
    FILE *in = fdopen(result[0], "r");
    int read = 0;
    char line[32];
    while (child > 0 && in && read < n && fgets(line, sizeof line, in))
        count[read++] = strtol(line, NULL, 10);
    if (in)
        fclose(in);
    else
        close(result[0]);
    if (child < 0)
        return child;
    int failed = lesson_reap(child);
    return failed ? failed : read == n ? 0 : -EBADMSG;
}

static const char *all_chosen(void)
{
    static char text[CHOSEN_MOST * INET6_ADDRSTRLEN];
    size_t used = 0;
    for (int i = 0; i < chosen_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                                 i > 0 ? " " : "", chosen[i]);
    return text;
}

/* The counts. ------------------------------------------------------------- */

/* How many addresses were counted as awk counts `$1 == ip`, one by one. */
static int measure_counts(struct lesson_run *run)
{
    long sum = 0, by_prefix = 0;
    int equal = 0, longer = 0;
    bool unknown = false; /* where awk did not count one of them */
    int failed = count_for(chosen, chosen_count, -1);
    if (failed)
        return failed;
    long count[CHOSEN_MOST];
    memcpy(count, flow.count, sizeof count);
    long lines = flow.lines, malformed = flow.malformed;
    long awks[CHOSEN_MOST] = {0};
    bool in_one_pass = lines > LARGE || chosen_count > FEW;
    if (in_one_pass)
        failed = ask_awk(all_by_awk, all_chosen(), awks, chosen_count);
    for (int i = 0; i < chosen_count; i++) {
        if (!in_one_pass)
            failed = ask_awk(one_by_awk, chosen[i], &awks[i], 1);
        unknown = unknown || failed != 0;
        equal += awks[i] == count[i];
        sum += count[i];
        if (i >= FEW)
            continue;
        lesson_row(run, "count,%s,coroutines,%ld", chosen[i], count[i]);
        if (!failed)
            lesson_row(run, "count,%s,awk,%ld", chosen[i], awks[i]);
    }
    flow.by_prefix = true;
    failed = count_for(chosen, chosen_count, -1);
    flow.by_prefix = false;
    for (int i = 0; i < chosen_count && !failed; i++) {
        by_prefix += flow.count[i];
        longer += flow.count[i] != count[i];
        if (i < FEW)
            lesson_row(run, "count,%s,by prefix,%ld", chosen[i], flow.count[i]);
    }
    lesson_count(run, "log: lines", (double)lines, "");
    lesson_count(run, "log: lines not in the combined format",
                 (double)malformed, "");
    lesson_count(run, "addresses", chosen_count, "");
    lesson_count(run, "coroutines: requests from them", (double)sum, "");
    lesson_count(run, "coroutines: addresses counted as awk does",
                 unknown ? NAN : equal, "");
    lesson_count(run, "by prefix: requests from them", (double)by_prefix, "");
    lesson_count(run, "by prefix: addresses miscounted", longer, "");
    return failed;
}

/* Threads. ---------------------------------------------------------------- */

static const char *const endings[ENDINGS] = {
    [READ_AT_ONCE] = "threads: read at once",
    [FIRST_CLOSES] = "threads: joined; the first close ends",
    [FIRST_CLOSES_SLOW] = "threads: the same with a slow filter",
    [ALL_CLOSED] = "threads: joined; the last close ends",
};

static const char *threaded[THREAD_FILTERS];
static int filters;
static long thread_lines;

/*
 * The first few addresses that are in the lines that threads read. There are
 * two at least, the last one with requests: it is the one that is slow.
 */
static int choose_for_threads(bool quick, long right[])
{
    long most = quick ? THREAD_LINES / 4 : THREAD_LINES;
    thread_lines = lines_of_log < most ? lines_of_log : most;
    int failed = count_for(chosen, chosen_count, thread_lines);
    if (failed)
        return failed;
    filters = 0;
    for (int i = 0; i < chosen_count && filters < THREAD_FILTERS; i++)
        if (flow.count[i] > 0) {
            threaded[filters] = chosen[i];
            right[filters++] = flow.count[i];
        }
    if (filters == 1) { /* an address kept for documents: nobody's */
        threaded[1] = threaded[0];
        threaded[0] = "192.0.2.1";
        right[1] = right[0];
        right[0] = 0;
        filters = 2;
    }
    return filters > 0 ? 0 : -ENODATA;
}

static int measure_threads(struct lesson_run *run)
{
    long right[THREAD_FILTERS], count[THREAD_FILTERS] = {0};
    int rounds = run->quick ? 5 : ROUNDS, different = 0;
    int failed = choose_for_threads(run->quick, right);
    if (failed)
        return failed;
    double all = 0;
    for (int i = 0; i < filters; i++)
        all += (double)right[i];
    lesson_count(run, "threads: lines", (double)thread_lines, "");
    lesson_count(run, "threads: addresses", filters, "");
    lesson_count(run, "threads: requests that there are", all, "");
    for (enum ending ending = 0; ending < ENDINGS; ending++) {
        double counted[ROUNDS] = {0};
        for (int k = 0; k < rounds; k++) {
            if (lseek(log_fd, 0, SEEK_SET) < 0)
                return -errno;
            failed = count_by_threads(log_fd, thread_lines, threaded, filters,
                                      ending, count);
            if (failed)
                return failed;
            for (int i = 0; i < filters; i++) {
                counted[k] += (double)count[i];
                different += ending == ALL_CLOSED && count[i] != right[i];
            }
            lesson_row(run, "threads,%d,%s,%.0f", k + 1, endings[ending] + 9,
                       counted[k]);
        }
        lesson_median(run, endings[ending], counted, (size_t)rounds,
                      "requests");
    }
    lesson_count(run, "threads: addresses miscounted in the end", different,
                 "");
    return 0;
}

/* Who may not enter. ------------------------------------------------------ */

static sem_t inside, leave;

static bool stays_inside(struct coroutine *co)
{
    CO_BEGIN(co);
    for (;;) {
        CO_YIELD(co, 0);
        sem_post(&inside);
        while (sem_wait(&leave) != 0)
            ; /* a signal */
    }
    CO_END(co);
}

static struct stage busy, one_thread, another_thread;

static void *send_from_one(void *nothing)
{
    stage_send(&one_thread, &busy, 1);
    return nothing;
}

/* Two threads send to one stage: who comes second is refused. */
static int enter_from_two_threads(struct lesson_run *run)
{
    pthread_t thread;
    if (sem_init(&inside, 0, 0) != 0 || sem_init(&leave, 0, 0) != 0)
        return -errno;
    stage_begin(&busy, NULL, stays_inside, "busy stage");
    stage_begin(&one_thread, NULL, stays_inside, "one thread");
    stage_begin(&another_thread, NULL, stays_inside, "another thread");
    coroutine_resume(&busy.coroutine, 0);
    int failed = -pthread_create(&thread, NULL, send_from_one, NULL);
    if (failed)
        return failed;
    while (sem_wait(&inside) != 0)
        ;
    int refused = stage_send(&another_thread, &busy, 2);
    sem_post(&leave);
    pthread_join(thread, NULL);
    lesson_count(run, "entered from two threads: refused", refused == -EBUSY,
                 "");
    if (another_thread.refused_by != NULL)
        lesson_row(run, "refused,%s,%s,1", another_thread.name,
                   another_thread.refused_by->name);
    sem_post(&leave); /* once it is left it may be entered again */
    if (stage_send(&another_thread, &busy, 2) != 0)
        return -EBUSY;
    return 0;
}

/* A filter sends what it found back to the broadcast: that would not end. */
static int enter_through_a_cycle(struct lesson_run *run)
{
    if (lseek(log_fd, 0, SEEK_SET) < 0)
        return -errno;
    flow_begin(&flow, log_fd, chosen, 1);
    flow.filter[0].output = &flow.broadcast;
    int refused = flow_run(&flow, -1);
    lesson_count(run, "entered through a cycle: refused", refused == -EBUSY,
                 "");
    if (flow.refused != NULL)
        lesson_row(run, "refused,%s,%s,1", flow.refused->name,
                   flow.refused->refused_by->name);
    return 0;
}

/* How fast. --------------------------------------------------------------- */

static double seconds_since(double began, int failed)
{
    errno = -failed;
    return failed ? NAN : lesson_now() - began;
}

/* *argument: how many of the addresses. Lines a second. */
static double by_coroutines(const void *argument)
{
    double began = lesson_now();
    int failed = count_for(chosen, *(const int *)argument, -1);
    return (double)lines_of_log / seconds_since(began, failed);
}

static double by_awk(const void *argument)
{
    int n = *(const int *)argument;
    long count[CHOSEN_MOST];
    double began = lesson_now();
    int failed = ask_awk(n == 1 ? one_by_awk : all_by_awk,
                         n == 1 ? chosen[0] : all_chosen(), count, n);
    return (double)lines_of_log / seconds_since(began, failed);
}

/* What the slide timed: lines with nothing in them. */
static double by_coroutines_empty(const void *argument)
{
    int real = log_fd, failed = 0;
    log_fd = *(const int *)argument;
    double began = lesson_now();
    failed = count_for(chosen, 1, -1);
    double took = seconds_since(began, failed);
    log_fd = real;
    return EMPTY_LINES / took;
}

/* For threads that is fewer addresses, and fewer lines. */
static double by_threads(const void *argument)
{
    (void)argument;
    long count[THREAD_FILTERS];
    if (lseek(log_fd, 0, SEEK_SET) < 0)
        return NAN;
    double began = lesson_now();
    int failed = count_by_threads(log_fd, thread_lines, threaded, filters,
                                  ALL_CLOSED, count);
    return (double)thread_lines / seconds_since(began, failed);
}

/* The same work by coroutines. */
static double by_coroutines_as_threads(const void *argument)
{
    (void)argument;
    double began = lesson_now();
    int failed = count_for(threaded, filters, thread_lines);
    return (double)thread_lines / seconds_since(began, failed);
}

static int make_empty_lines(void)
{
    static char newlines[EMPTY_LINES];
    int fd = memfd_create("empty lines", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    memset(newlines, '\n', sizeof newlines);
    for (size_t at = 0; at < sizeof newlines;) {
        ssize_t put = write(fd, newlines + at, sizeof newlines - at);
        if (put < 0) {
            int failed = -errno;
            close(fd);
            return failed;
        }
        at += (size_t)put;
    }
    return fd;
}

static int measure_speed(struct lesson_run *run, bool awk_is_there)
{
    static const int one = 1;
    int empty = make_empty_lines();
    if (empty < 0)
        return empty;
    const struct lesson_way ways[] = {
        {"speed: coroutines, 1 address", "lines/s", by_coroutines, &one},
        {"speed: coroutines, every address", "lines/s", by_coroutines,
         &chosen_count},
        {"speed: coroutines, few addresses", "lines/s",
         by_coroutines_as_threads, NULL},
        {"speed: threads, few addresses", "lines/s", by_threads, NULL},
        {"speed: coroutines, empty lines", "lines/s", by_coroutines_empty,
         &empty},
        {"speed: awk, 1 address", "lines/s", by_awk, &one},
        {"speed: awk, every address", "lines/s", by_awk, &chosen_count},
    };
    const size_t n = awk_is_there ? 7 : 5;
    unsigned rounds = lines_of_log > VERY_LARGE ? 1
                      : lines_of_log > LARGE    ? 3
                      : run->quick              ? 5
                                                : ROUNDS;
    int failed = lesson_rounds(run, ways, n, rounds);
    for (size_t i = 0; i < n && !failed; i++)
        lesson_row(run, "speed,%s,%.*s,%.9g", strchr(ways[i].name, ',') + 2,
                   (int)strcspn(ways[i].name + 7, ","), ways[i].name + 7,
                   lesson_value(&run->figures, ways[i].name));
    close(empty);
    return failed;
}

/* Who reads a log while it is written to counts in another one each time. */
static int check_unchanged(const struct stat *before)
{
    struct stat now;
    if (fstat(log_fd, &now) != 0)
        return -errno;
    if (now.st_size == before->st_size &&
        now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
        return 0;
    return lesson_cannot(-EBUSY, "the log was written to meanwhile, so give "
                                 "it a copy");
}

static int measure(struct lesson_run *run)
{
    struct stat before;
    long by_origin, lines = (long)lesson_setting(run, "lines");
    if (lines > LARGE) /* it is to be ended only when it hangs */
        alarm((unsigned)(lines / LARGE * LESSON_SECONDS));
    log_fd = open_log(lines, &by_origin);
    if (log_fd < 0)
        return log_fd;
    if (fstat(log_fd, &before) != 0) {
        int failed = -errno;
        close(log_fd);
        return failed;
    }
    signal(SIGPIPE, SIG_IGN);
    lesson_table(run, "kind,what,way,value");
    if (tool.given == NULL)
        lesson_count(run, "log: lines that the origin wrote", (double)by_origin,
                     "");
    int failed = choose_addresses();
    if (!failed)
        failed = measure_counts(run);
    if (!failed) {
        lines_of_log = flow.lines;
        failed = measure_threads(run);
    }
    if (!failed)
        failed = enter_through_a_cycle(run);
    if (!failed)
        failed = enter_from_two_threads(run);
    bool awk_is_there = !isnan(lesson_value(
        &run->figures, "coroutines: addresses counted as awk does"));
    if (!failed)
        failed = measure_speed(run, awk_is_there);
    int changed = check_unchanged(&before);
    close(log_fd);
    return changed ? changed : failed;
}

/* What it says. ----------------------------------------------------------- */

static void answer(const struct lesson_figures *f, FILE *out)
{
    double all = lesson_value(f, "threads: requests that there are");
    double origin = lesson_value(f, "log: lines that the origin wrote");
    double equal = lesson_value(f, "coroutines: addresses counted as awk does");
    double addresses = lesson_value(f, "addresses");
    fprintf(out, "In a log of %s lines (%s) coroutines count ",
            LESSON_NUMBER(lesson_value(f, "log: lines")),
            origin > 0    ? "written by the origin"
            : origin == 0 ? "made by the lesson: no origin could write it"
                          : "given");
    if (isnan(equal))
        fprintf(out, "for %s addresses, and awk could not for all of them",
                LESSON_NUMBER(addresses));
    else
        fprintf(out, "%s of %s addresses as awk does", LESSON_NUMBER(equal),
                LESSON_NUMBER(addresses));
    fprintf(
        out,
        "; with a thread a stage the result is %s requests when read at once, "
        "at least %s short when the first close ends the reducer, and %s of %s "
        "when the last one does.",
        LESSON_NUMBER(lesson_value(f, endings[READ_AT_ONCE])),
        LESSON_NUMBER(all - lesson_figure(f, endings[FIRST_CLOSES_SLOW])->high),
        LESSON_NUMBER(lesson_value(f, endings[ALL_CLOSED])),
        LESSON_NUMBER(all));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double addresses = lesson_value(f, "addresses");
    double equal = lesson_value(f, "coroutines: addresses counted as awk does");
    double all = lesson_value(f, "threads: requests that there are");
    double wrong = lesson_value(f, "threads: addresses miscounted in the end");
    const struct lesson_figure *at_once =
        lesson_figure(f, endings[READ_AT_ONCE]);
    const struct lesson_figure *slow =
        lesson_figure(f, endings[FIRST_CLOSES_SLOW]);
    const struct lesson_figure *last = lesson_figure(f, endings[ALL_CLOSED]);
    if (equal != addresses)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "%.0f of %.0f addresses were counted as awk "
                                "counts them",
                                equal, addresses);
    if (at_once->high != 0)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "read at once, the result held %.0f requests",
                                at_once->high);
    if (!(slow->high < all))
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "nothing was lost when the first close ended "
                                "the reducer");
    if (wrong != 0 || last->low != all || last->high != all)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "ended by the last close, threads counted "
                                "%.0f to %.0f of %.0f requests",
                                last->low, last->high, all);
    if (lesson_value(f, "entered through a cycle: refused") != 1 ||
        lesson_value(f, "entered from two threads: refused") != 1)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "a stage was entered while it ran");
    return lesson_judgement(LESSON_HOLDS,
                            "all %.0f addresses are counted as awk counts "
                            "them; with threads the result is empty, then "
                            "short, then equal",
                            addresses);
}

static struct lesson_option options[] = {
    {"lines", "N", "Of the log that it makes (default 100000)", 100000, 20000,
     10, 1e7},
    {0},
};

static const char *const judged[] = {
    "addresses",
    "coroutines: addresses counted as awk does",
    "threads: requests that there are",
    "threads: read at once",
    "threads: the same with a slow filter",
    "threads: joined; the last close ends",
    "threads: addresses miscounted in the end",
    "entered through a cycle: refused",
    "entered from two threads: refused",
    NULL,
};

const struct lesson lesson = {
    .name = "dataflow",
    .claim = "Coroutines make a dataflow: a source, a broadcast, filters and a "
             "reducer count the requests in an access log; with a thread and a "
             "queue a stage the result is empty when read too early, and may "
             "lose counts when the first of several to close ends the reducer",
    .about = "coroutines and threads in any language",
    .source = "an article on event loops and coroutines",
    .rule = "every address is counted as awk counts $1 == ip; with threads the "
            "result is empty when read in the middle, short when the first "
            "close ends the reducer and one filter is slow, and equal, address "
            "by address, when the last one does; and a stage that runs is "
            "entered neither through a cycle nor from another thread",
    .options = options,
    .tool = &tool,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
