/*
 * dataflow_log.c: a log to count in. The origin writes it, if it stands beside
 * the lessons: one connection from each of some addresses of this machine
 * (127.0.0.0/8 is all ours), and so many requests. A lesson is built with a C
 * compiler alone, so where there is no origin, the lines are made here.
 */
#include "lessons/dataflow/dataflow.h"
#include "lessons/lesson.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 16, BY_ORIGIN = 10000, WAIT_MS = 5000 };

/* Who sends request k: the smaller numbers more often, 127.0.0.1 most. */
static int client_of(long k)
{
    unsigned mixed = (unsigned)k * 2654435761u >> 16;
    return (int)(mixed % CLIENTS * (mixed / CLIENTS % CLIENTS) / CLIENTS);
}

/* By the origin. ---------------------------------------------------------- */

/* build/lessons/dataflow has it at build/origin. */
static bool find_origin(char path[], size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            return false;
        *slash = '\0';
    }
    size_t used = strlen(path);
    snprintf(path + used, size - used, "/origin");
    return access(path, X_OK) == 0;
}

/* Starts it, writing its log to `log`. Its pid and *port, or -errno. */
static pid_t start_origin(int log, unsigned *port)
{
    char path[4096], said[256] = "";
    int says[2];
    if (!find_origin(path, sizeof path))
        return -ENOENT;
    if (pipe2(says, O_CLOEXEC) != 0)
        return -errno;
    pid_t child = lesson_fork();
    if (child == 0) {
        if (dup2(log, 1) == 1 && dup2(says[1], 2) == 2)
            execl(path, "origin", "--port=0", "--access-log=-", (char *)NULL);
        _exit(127);
    }
    close(says[1]);
    /* "origin: listening on port 40123" */
    size_t used = 0;
    const char *number = NULL;
    while (child > 0 && used < sizeof said - 1 && strchr(said, '\n') == NULL) {
        struct pollfd ready = {.fd = says[0], .events = POLLIN};
        ssize_t got = poll(&ready, 1, WAIT_MS) > 0
                          ? read(says[0], said + used, sizeof said - 1 - used)
                          : 0;
        if (got <= 0)
            break;
        used += (size_t)got;
        said[used] = '\0';
    }
    close(says[0]);
    number = strstr(said, "port ");
    *port = number ? (unsigned)strtoul(number + 5, NULL, 10) : 0;
    return child;
}

static int connect_from(int client, unsigned port)
{
    const struct timeval patience = {.tv_sec = WAIT_MS / 1000};
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr.s_addr =
                                   htonl(INADDR_LOOPBACK + (unsigned)client)};
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
        bind(fd, (struct sockaddr *)&here, sizeof here) ||
        connect(fd, (struct sockaddr *)&there, sizeof there)) {
        int failed = -errno;
        close(fd);
        return failed;
    }
    return fd;
}

/* One request, and the head that answers it: a HEAD has no body. */
static int ask(int fd, long k)
{
    char text[512];
    int length = snprintf(text, sizeof text,
                          "HEAD /item/%ld?size=1KiB HTTP/1.1\r\n"
                          "Host: localhost\r\nUser-Agent: dataflow\r\n\r\n",
                          k);
    if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length)
        return -EPIPE;
    size_t used = 0;
    while (used < 4 || memcmp(text + used - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = used < sizeof text
                          ? recv(fd, text + used, sizeof text - used, 0)
                          : 0;
        if (got <= 0)
            return -EPIPE;
        used += (size_t)got;
    }
    return 0;
}

static int ask_all(unsigned port, long lines)
{
    int fd[CLIENTS], made = 0, failed = 0;
    for (; made < CLIENTS && !failed; made++) {
        fd[made] = connect_from(made, port);
        if (fd[made] < 0) {
            failed = fd[made];
            break;
        }
    }
    for (long k = 0; k < lines && !failed; k++)
        failed = ask(fd[client_of(k)], k);
    while (made > 0)
        close(fd[--made]);
    return failed;
}

static int written_by_origin(int log, long lines)
{
    unsigned port = 0;
    pid_t origin = start_origin(log, &port);
    if (origin < 0)
        return origin;
    int failed = port > 0 ? ask_all(port, lines) : -ENOENT;
    kill(origin, SIGTERM); /* it writes what is left of its log */
    int ended = lesson_reap(origin);
    return failed ? failed : ended;
}

/* By this program. -------------------------------------------------------- */

static int written_here(int log, long lines)
{
    char when[40];
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S %z",
             localtime_r(&now, &local));
    int fd = dup(log);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL) {
        int failed = -errno;
        if (fd >= 0)
            close(fd);
        return failed;
    }
    for (long k = 0; k < lines; k++)
        fprintf(out,
                "127.0.0.%d - - [%s] \"HEAD /item/%ld?size=1KiB HTTP/1.1\" "
                "200 0 \"-\" \"dataflow\"\n",
                client_of(k) + 1, when, k);
    bool cut_off = ferror(out) != 0; /* it may have ended well all the same */
    return fclose(out) != 0 ? -errno : cut_off ? -EIO : 0;
}

/* As many as are asked for. ----------------------------------------------- */

/* Appends the file's first `bytes` bytes to it. */
static int repeat(int log, off_t bytes)
{
    char buffer[1 << 16];
    for (off_t at = 0; at < bytes;) {
        size_t want = sizeof buffer;
        if (bytes - at < (off_t)want)
            want = (size_t)(bytes - at);
        ssize_t got = pread(log, buffer, want, at);
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        ssize_t put = write(log, buffer, (size_t)got);
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        at += put; /* where the disk is full, the next one says so */
    }
    return 0;
}

/* Where line number `lines` ends, in bytes. */
static off_t end_of_line(int log, long lines)
{
    char buffer[1 << 16];
    ssize_t got;
    for (off_t at = 0; (got = pread(log, buffer, sizeof buffer, at)) > 0;
         at += got)
        for (ssize_t i = 0; i < got; i++)
            if (buffer[i] == '\n' && --lines == 0)
                return at + i + 1;
    return -1;
}

int make_log(long lines, long *by_origin)
{
    long first = lines < BY_ORIGIN ? lines : BY_ORIGIN;
    struct stat file;
    const char *folder = getenv("TMPDIR");
    int log = open(folder && *folder ? folder : "/tmp",
                   O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (log < 0)
        log = memfd_create("log", MFD_CLOEXEC);
    if (log < 0)
        return -errno;
    int failed = written_by_origin(log, first);
    *by_origin = failed ? 0 : first;
    if (failed) {
        failed = ftruncate(log, 0) != 0 || lseek(log, 0, SEEK_SET) != 0
                     ? -errno
                     : written_here(log, first);
    }
    if (!failed && fstat(log, &file) != 0)
        failed = -errno;
    for (long k = first; k + first <= lines && !failed; k += first)
        failed = repeat(log, file.st_size);
    if (!failed && lines % first > 0)
        failed = repeat(log, end_of_line(log, lines % first));
    if (failed) {
        close(log);
        return failed;
    }
    return log;
}
