/* download-two-ways_measure.c: the server, the bill, and the source counted. */
#include "lessons/download-two-ways/download-two-ways.h"
#include "lessons/lesson.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "async/loop.h"

enum { WAYS = 3, LOADS = 2, ROUNDS = 11, LINE = 16, BYTES_MOST = 32768 };

static const char *const ways[WAYS] = {"select loop", "coroutines",
                                       "coroutines on epoll"};
static const char *const loads[LOADS] = {"all there", "as it comes"};

static struct download all[DOWNLOADS_MOST];
static int count, bytes;

/* --- the source, counted ----------------------------------------------- */

/* The file that is read aloud, as text, inside the program. */
__asm__(".pushsection .rodata\n"
        "source_begins: .incbin \"lessons/download-two-ways/"
        "download-two-ways.c\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char source_begins[];

/* How often any of the words stands in the text. */
static int words_in(const char *text, const char *const *words)
{
    int n = 0;
    for (; *words; words++)
        for (const char *at = text; (at = strstr(at, *words)); n++)
            at += strlen(*words);
    return n;
}

/* What stands between two of the file's headings: lines that are not blank,
 * and words at which the program may go one way or another. */
static void count_source(struct lesson_run *run, const char *name,
                         const char *from, const char *to)
{
    static const char *const branches[] = {
        "if (", "for (", "while (", " ? ", "CO_AWAIT", "&& ", "|| ", NULL};
    const char *begin = strstr(source_begins, from);
    const char *end = begin ? strstr(begin, to) : NULL;
    int lines = 0, forks = 0;
    for (const char *line = begin; end && line < end;) {
        const char *next = strchr(line, '\n') + 1;
        char text[128];
        snprintf(text, sizeof text, "%.*s", (int)(next - line - 1), line);
        if (text[0] != '\0' && strncmp(text, "/*", 2) != 0) {
            lines++;
            forks += words_in(text, branches);
        }
        line = next;
    }
    char figure[72];
    snprintf(figure, sizeof figure, "%s: lines", name);
    lesson_count(run, figure, lines, "");
    snprintf(figure, sizeof figure, "%s: branches", name);
    lesson_count(run, figure, forks, "");
}

/* Both rows of coroutines are one source. */
static double counted(const struct lesson_run *run, int way, const char *what)
{
    char figure[72];
    snprintf(figure, sizeof figure, "%s: %s", ways[way == 2 ? 1 : way], what);
    return lesson_value(&run->figures, figure);
}

/* --- the server -------------------------------------------------------- */

/* File k is lines of 16 bytes: its number and the line's. */
static void write_line(char *to, int file, int line)
{
    char text[LINE + 1];
    snprintf(text, sizeof text, "%07u %07u\n", (unsigned)file % 10000000,
             (unsigned)line % 10000000);
    memcpy(to, text, LINE);
}

static bool send_piece(int socket, int file, int from, int length)
{
    char piece[BYTES_MOST];
    for (int at = 0; at < length; at += LINE)
        write_line(piece + at, file, (from + at) / LINE);
    return send(socket, piece, (size_t)length, MSG_NOSIGNAL) == length;
}

/* A kibibyte to one, then to another; a rest after every eighth. */
static bool send_in_turns(const int *socket)
{
    const struct timespec rest = {0, 200000};
    for (int from = 0, n = 0; from < bytes; from += CHUNK)
        for (int i = 0; i < count; i++, n++) {
            int k = from / CHUNK % 2 ? count - 1 - i : i;
            if (!send_piece(socket[k], k, from, CHUNK))
                return false;
            if (n % 8 == 7)
                nanosleep(&rest, NULL);
        }
    return true;
}

static bool send_all(const int *socket)
{
    for (int k = 0; k < count; k++)
        if (!send_piece(socket[k], k, 0, bytes))
            return false;
    return true;
}

/* A child: takes `count` connections, sends a file to each, and ends. */
static _Noreturn void serve(int door, int load)
{
    static int socket[DOWNLOADS_MOST];
    for (int k = 0; k < count; k++) {
        socket[k] = accept(door, NULL, NULL);
        if (socket[k] < 0)
            _exit(1);
    }
    _exit((load == 0 ? send_all(socket) : send_in_turns(socket)) ? 0 : 1);
}

/* --- a run ------------------------------------------------------------- */

static int open_door(struct sockaddr_in *at)
{
    socklen_t size = sizeof *at;
    *at = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (door < 0)
        return -errno;
    if (bind(door, (struct sockaddr *)at, size) == 0 &&
        listen(door, DOWNLOADS_MOST) == 0 &&
        getsockname(door, (struct sockaddr *)at, &size) == 0)
        return door;
    int failed = -errno;
    close(door);
    return failed;
}

static int connect_one(struct download *d, const struct sockaddr_in *at)
{
    d->file = memfd_create("download", MFD_CLOEXEC);
    d->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d->file < 0 || d->socket < 0 ||
        connect(d->socket, (const struct sockaddr *)at, sizeof *at) != 0)
        return -errno;
    if (d->socket >= FD_SETSIZE) /* an fd_set has no room for it */
        return lesson_cannot(-EMFILE, "select() watches descriptors below 1024 "
                                      "alone, and others are open");
    return 0;
}

/* Until each socket holds its whole file: five seconds, then it never will. */
static int await_arrival(void)
{
    const struct timespec moment = {0, 500000};
    int arrived = 0;
    for (int tries = 0; tries < 10000; tries++, nanosleep(&moment, NULL))
        for (int here; arrived < count; arrived++) {
            if (ioctl(all[arrived].socket, FIONREAD, &here) != 0)
                return -errno;
            if (here < bytes)
                break;
            if (arrived == count - 1)
                return 0;
        }
    return -ETIMEDOUT;
}

static double processor_now(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

/* POSIX's cksum over all files in turn, by file and byte. */
static int checksum(uint32_t *sum)
{
    static char content[BYTES_MOST];
    uint32_t crc = 0;
    uint64_t length = 0;
    for (int k = 0; k < count; k++) {
        ssize_t n = pread(all[k].file, content, sizeof content, 0);
        if (n < 0)
            return -errno;
        length += (uint64_t)n;
        for (ssize_t i = 0; i < n; i++) {
            crc ^= (uint32_t)(unsigned char)content[i] << 24;
            for (int bit = 0; bit < 8; bit++)
                crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
        }
    }
    for (; length > 0; length >>= 8) {
        crc ^= (uint32_t)(length & 0xff) << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
    }
    *sum = ~crc;
    return 0;
}

struct bill {
    double seconds, processor;
    struct calls calls;
    uint32_t sum;
};

/* Connects to the door, and leaves it to a server alone: were that one gone,
 * who waits at a door of ours would wait for ever. Its pid, or -errno. */
static pid_t start_server(int load)
{
    struct sockaddr_in at;
    int door = open_door(&at), failed = 0;
    if (door < 0)
        return door;
    for (int k = 0; k < count && !failed; k++)
        failed = connect_one(&all[k], &at);
    pid_t server = failed ? failed : lesson_fork();
    if (server == 0)
        serve(door, load);
    close(door);
    return server;
}

static int download_all(int way, int load, struct bill *bill)
{
    int failed = 0;
    pid_t server = start_server(load);
    if (server < 0)
        return server;
    if (load == 0) {
        failed = lesson_reap(server);
        failed = failed ? failed : await_arrival();
    }
    calls = (struct calls){0};
    double began = lesson_now(), used = processor_now();
    if (!failed)
        failed = way == 0
                     ? by_select_loop(all, count)
                     : by_coroutines(all, count,
                                     way == 1 ? &loop_select : &loop_epoll);
    bill->seconds = lesson_now() - began;
    bill->processor = processor_now() - used;
    bill->calls = calls;
    for (int k = 0; k < count; k++)
        if (all[k].socket >= 0)
            close(all[k].socket); /* or the server would wait for us */
    if (load != 0) {
        int bad = lesson_reap(server);
        if (!failed || (bad && failed == -ECONNRESET)) /* by whose end? */
            failed = bad;
    }
    return failed ? failed : checksum(&bill->sum);
}

static int run_once(int way, int load, struct bill *bill)
{
    for (int k = 0; k < count; k++)
        all[k] = (struct download){.socket = -1, .file = -1};
    int failed = download_all(way, load, bill);
    for (int k = 0; k < count; k++)
        if (all[k].file >= 0)
            close(all[k].file);
    return failed;
}

/* --- the lesson -------------------------------------------------------- */

static struct {
    double processor[ROUNDS], made[ROUNDS];
} bills[WAYS][LOADS];

static void add_figures(struct lesson_run *run, size_t rounds)
{
    char name[72];
    for (int load = 0; load < LOADS; load++)
        for (int way = 0; way < WAYS; way++) {
            snprintf(name, sizeof name, "%s, %s: system calls", ways[way],
                     loads[load]);
            lesson_median(run, name, bills[way][load].made, rounds, "calls");
            snprintf(name, sizeof name, "%s, %s: processor", ways[way],
                     loads[load]);
            lesson_median(run, name, bills[way][load].processor, rounds,
                          "µs a KiB");
        }
}

static void add_bill(struct lesson_run *run, int way, int load, int round,
                     const struct bill *b)
{
    double kib = (double)count * bytes / 1024;
    long made = b->calls.waits + b->calls.reads + b->calls.writes;
    if (way == 2) /* epoll's own: one to open it, one for each socket */
        made += count + 1;
    bills[way][load].processor[round] = 1e6 * b->processor / kib;
    bills[way][load].made[round] = (double)made;
    lesson_row(run, "%s,%s,%d,%.9f,%.9f,%ld,%ld,%ld,%ld,%.0f,%.0f,%.0f,%u",
               loads[load], ways[way], round + 1, b->seconds, b->processor,
               b->calls.waits, b->calls.reads, b->calls.writes, made, kib,
               counted(run, way, "lines"), counted(run, way, "branches"),
               b->sum);
}

static int measure(struct lesson_run *run)
{
    int rounds = run->quick ? 7 : ROUNDS, sums = 0;
    uint32_t sum = 0;
    count = (int)lesson_setting(run, "files");
    bytes = CHUNK * (int)lesson_setting(run, "kibibytes");
    lesson_table(run, "load,way,round,seconds,cpu_s,waits,reads,writes,calls,"
                      "kib,lines,branches,sum");
    count_source(run, "select loop", "/* --- a select loop", "/* --- corout");
    count_source(run, "coroutines", "/* --- coroutines", "/* --- who runs");
    for (int round = 0; round < rounds; round++)
        for (int load = 0; load < LOADS; load++)
            for (int i = 0; i < WAYS; i++) {
                int way = (i + round) % WAYS; /* each round begins anew */
                struct bill b = {0};
                int failed = run_once(way, load, &b);
                if (failed)
                    return failed;
                add_bill(run, way, load, round, &b);
                sums += sums == 0 || b.sum != sum;
                sum = b.sum;
            }
    lesson_count(run, "files", count, "");
    lesson_count(run, "bytes of all files", (double)count * bytes, "bytes");
    lesson_count(run, "checksum of all files", sum, "");
    lesson_count(run, "different checksums", sums, "");
    add_figures(run, (size_t)rounds);
    return 0;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "Both ways store the same %.0f files; a select loop takes %.0f "
            "lines, %.0f branches and %.2f µs of processor a kibibyte, "
            "coroutines take %.0f, %.0f and %.2f.",
            lesson_value(f, "files"), lesson_value(f, "select loop: lines"),
            lesson_value(f, "select loop: branches"),
            lesson_value(f, "select loop, as it comes: processor"),
            lesson_value(f, "coroutines: lines"),
            lesson_value(f, "coroutines: branches"),
            lesson_value(f, "coroutines, as it comes: processor"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    double sums = lesson_value(f, "different checksums");
    if (sums != 1)
        return lesson_judgement(LESSON_DOES_NOT_HOLD,
                                "what was stored has %.0f different checksums",
                                sums);
    return lesson_judgement(
        LESSON_NOT_DECIDED,
        "the bytes are the same; which way to prefer is no figure: "
        "%.0f lines and %.0f branches against %.0f and %.0f, and with "
        "everything there %.0f system calls against %.0f",
        lesson_value(f, "select loop: lines"),
        lesson_value(f, "select loop: branches"),
        lesson_value(f, "coroutines: lines"),
        lesson_value(f, "coroutines: branches"),
        lesson_value(f, "select loop, all there: system calls"),
        lesson_value(f, "coroutines, all there: system calls"));
}

static struct lesson_option options[] = {
    {"files", "N", "How many are downloaded at once (default 64)", 64, 64, 1,
     DOWNLOADS_MOST},
    {"kibibytes", "N", "How long each is (default 16, quick 8)", 16, 8, 1, 32},
    {0},
};

static const char *const judged[] = {
    "different checksums",
    "select loop: lines",
    "select loop: branches",
    "coroutines: lines",
    "coroutines: branches",
    "select loop, all there: system calls",
    "coroutines, all there: system calls",
    NULL,
};

const struct lesson lesson = {
    .name = "download-two-ways",
    .claim = "The same download over many open sockets, 1,024 bytes a read, "
             "can be written as a select loop and as coroutines",
    .about = "C",
    .source = "all that you do not want to know about async",
    .rule = "the reader says so: cost and lines stand side by side, without "
            "a verdict; only where the two store different bytes it does not "
            "hold",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
