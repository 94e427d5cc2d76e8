#include "origin/log.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct access_log {
    FILE *file;
    _Atomic int error; /* of the first line that was lost */
};

enum { BUFFER = 1 << 16 };

int log_open(struct access_log **log, const char *path)
{
    struct access_log *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return -ENOMEM;
    fresh->file = strcmp(path, "-") ? fopen(path, "ae") : stdout;
    if (!fresh->file) {
        int error = -errno;
        free(fresh);
        return error;
    }
    setvbuf(fresh->file, NULL, _IOFBF, BUFFER);
    *log = fresh;
    return 0;
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

void log_write(struct access_log *log, char *remembered, unsigned status, uint64_t bytes)
{
    if (!remembered)
        return;
    const char *behind = remembered + strlen(remembered) + 1;
    /* One call a line: stdio's lock keeps the lines of several threads apart. */
    if (fprintf(log->file, "%s %03u %" PRIu64 "%s", remembered, status, bytes, behind) < 0)
        log->error = errno;
    free(remembered);
}

void log_flush(struct access_log *log)
{
    if (log && fflush(log->file))
        log->error = errno;
}

int log_close(struct access_log *log)
{
    if (!log)
        return 0;
    log_flush(log);
    if (log->file != stdout && fclose(log->file))
        log->error = errno;
    int error = -log->error;
    free(log);
    return error;
}
