#include "origin/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct access_log {
    int fd, error; /* error: of the first write that failed, or 0 */
    pthread_mutex_t lock;
    uint64_t lost; /* lines that did not fit */
    size_t used;
    char buffer[1 << 16]; /* room for the longest line */
};

enum {
    FLAGS = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
    LAST_MS = 1000, /* at the end a reader may take so long for the next bytes */
};

/* Opened anew, since whoever shares it would be told not to block as well; but a regular file,
 * which never blocks, has its place, and what cannot be opened has to do. */
static int open_standard_output(void)
{
    struct stat about;
    bool regular = !fstat(STDOUT_FILENO, &about) && S_ISREG(about.st_mode);
    int fd = regular ? -1 : open("/proc/self/fd/1", FLAGS);
    return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

int log_open(struct access_log **log, const char *path)
{
    struct access_log *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    fresh->fd = strcmp(path, "-") ? open(path, FLAGS | O_CREAT, 0666) : open_standard_output();
    int error = fresh->fd < 0 ? -errno : -pthread_mutex_init(&fresh->lock, NULL);
    if (error)
        free(fresh);
    else
        *log = fresh;
    return error;
}

/* Bytes that could end the field or the line are written \xHH, as nginx does. */
static void print_escaped(FILE *out, struct slice text)
{
    if (!text.length)
        fputc('-', out);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.start[i];
        if (byte < ' ' || byte >= 0x7f || byte == '"' || byte == '\\')
            fprintf(out, "\\x%02X", byte);
        else
            fputc(byte, out);
    }
}

static void print_address(FILE *out, int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[NI_MAXHOST];
    if (!getpeername(fd, (struct sockaddr *)&address, &length) &&
        !getnameinfo((struct sockaddr *)&address, length, host, sizeof host, NULL, 0,
                     NI_NUMERICHOST))
        fputs(host, out);
    else
        fputc('-', out);
}

static void print_time(FILE *out)
{
    char text[40];
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S %z", &local);
    fprintf(out, " - - [%s] ", text);
}

/* Two texts, each with its end: what stands before status and bytes, and behind. */
char *log_remember(int fd, const struct request *request)
{
    static const struct request unread;
    const struct request *r = request ? request : &unread;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    print_address(out, fd);
    print_time(out);
    fputc('"', out);
    print_escaped(out, r->method);
    if (r->target.length) {
        fputc(' ', out);
        print_escaped(out, r->target);
        fprintf(out, " HTTP/1.%d", r->minor);
    }
    fputc('"', out);
    fputc(0, out);
    fputs(" \"", out);
    print_escaped(out, r->referer);
    fputs("\" \"", out);
    print_escaped(out, r->user_agent);
    fputs("\"\n", out);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}

/* Writes what is taken now. What cannot be written at all is dropped, and the error remembered. */
static void drain(struct access_log *log)
{
    size_t done = 0;
    while (done < log->used) {
        ssize_t put = write(log->fd, log->buffer + done, log->used - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            break;
        if (put < 0 && !log->error)
            log->error = -errno;
        done = put < 0 ? log->used : done + (size_t)put;
    }
    log->used -= done;
    memmove(log->buffer, log->buffer + done, log->used);
}

/* False: there is no room for the whole line. */
static bool append(struct access_log *log, const char *remembered, unsigned status, uint64_t bytes)
{
    const char *behind = remembered + strlen(remembered) + 1;
    size_t room = sizeof log->buffer - log->used;
    int length = snprintf(log->buffer + log->used, room, "%s %03u %" PRIu64 "%s", remembered,
                          status, bytes, behind);
    if (length < 0 || (size_t)length >= room)
        return false;
    log->used += (size_t)length;
    return true;
}

void log_write(struct access_log *log, char *remembered, unsigned status, uint64_t bytes)
{
    pthread_mutex_lock(&log->lock);
    if (!remembered) {
        log->error = log->error ? log->error : -ENOMEM;
        pthread_mutex_unlock(&log->lock);
        return;
    }
    bool fits = append(log, remembered, status, bytes);
    if (!fits) {
        drain(log);
        fits = append(log, remembered, status, bytes);
    }
    log->lost += !fits;
    pthread_mutex_unlock(&log->lock);
    free(remembered);
}

void log_flush(struct access_log *log)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    drain(log);
    pthread_mutex_unlock(&log->lock);
}

int log_close(struct access_log *log, uint64_t *lost)
{
    *lost = 0;
    if (!log)
        return 0;
    struct pollfd takes = {.fd = log->fd, .events = POLLOUT};
    do
        drain(log);
    while (log->used && poll(&takes, 1, LAST_MS) > 0);
    *lost = log->lost;
    for (size_t i = 0; i < log->used; i++)
        *lost += log->buffer[i] == '\n';
    if (close(log->fd) && !log->error)
        log->error = -errno;
    int error = log->error;
    pthread_mutex_destroy(&log->lock);
    free(log);
    return error;
}
