/* access_line.c: lines of an access log, and what stands in them. */
#include "lessons/dataflow/access_line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* One line. --------------------------------------------------------------- */

struct rest {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool take(struct rest *rest, char c)
{
    if (rest->at == rest->end || *rest->at != c)
        return false;
    rest->at++;
    return true;
}

/* A field without blanks; at least one byte. */
static bool take_word(struct rest *rest)
{
    const char *began = rest->at;
    while (rest->at < rest->end && !is_blank(*rest->at))
        rest->at++;
    return rest->at > began;
}

/* What stands between `opening` and `closing`; \" does not close. */
static bool take_quoted(struct rest *rest, char opening, char closing)
{
    if (!take(rest, opening))
        return false;
    while (rest->at < rest->end && *rest->at != closing)
        rest->at +=
            *rest->at == '\\' && rest->end - rest->at > 1 && opening == '"' ? 2
                                                                            : 1;
    return take(rest, closing);
}

static bool take_status(struct rest *rest, int *status)
{
    *status = 0;
    for (int i = 0; i < 3; i++) {
        if (rest->at == rest->end || *rest->at < '0' || *rest->at > '9')
            return false;
        *status = 10 * *status + (*rest->at++ - '0');
    }
    return true;
}

/* A number, or - for none. */
static bool take_bytes(struct rest *rest)
{
    const char *began = rest->at;
    if (take(rest, '-'))
        return true;
    while (rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9')
        rest->at++;
    return rest->at > began;
}

void access_line_parse(const char *line, size_t length,
                       struct access_line *parsed)
{
    struct rest rest = {line, line + length};
    *parsed = (struct access_line){0};
    while (rest.at < rest.end && is_blank(*rest.at))
        rest.at++;
    bool at_the_start = rest.at == line;
    parsed->address = rest.at;
    take_word(&rest);
    parsed->address_length = (size_t)(rest.at - parsed->address);
    parsed->combined =
        at_the_start && parsed->address_length > 0 && take(&rest, ' ') &&
        take_word(&rest) && take(&rest, ' ') && take_word(&rest) &&
        take(&rest, ' ') && take_quoted(&rest, '[', ']') && take(&rest, ' ') &&
        take_quoted(&rest, '"', '"') && take(&rest, ' ') &&
        take_status(&rest, &parsed->status) && take(&rest, ' ') &&
        take_bytes(&rest) && take(&rest, ' ') && take_quoted(&rest, '"', '"') &&
        take(&rest, ' ') && take_quoted(&rest, '"', '"') && rest.at == rest.end;
}

bool access_line_is_from(const struct access_line *line, const char *address)
{
    return strncmp(line->address, address, line->address_length) == 0 &&
           strlen(address) == line->address_length;
}

/* Line by line. ----------------------------------------------------------- */

void access_log_begin(struct access_log *log, int fd)
{
    log->fd = fd;
    log->error = 0;
    log->begin = log->end = 0;
    log->skipping = log->over = false;
}

/* Moves what is left to the front and reads behind it. */
static void fill(struct access_log *log)
{
    memmove(log->buffer, log->buffer + log->begin, log->end - log->begin);
    log->end -= log->begin;
    log->begin = 0;
    ssize_t got;
    do
        got = read(log->fd, log->buffer + log->end,
                   sizeof log->buffer - log->end);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        log->error = -errno;
    if (got <= 0)
        log->over = true;
    else
        log->end += (size_t)got;
}

const char *access_log_next(struct access_log *log, size_t *length)
{
    for (;;) {
        char *line = log->buffer + log->begin;
        size_t there = log->end - log->begin;
        char *newline = there > 0 ? memchr(line, '\n', there) : NULL;
        if (newline == NULL && there < ACCESS_LINE_MOST && !log->over) {
            fill(log);
            continue;
        }
        if (newline == NULL && there == 0)
            return NULL;
        bool skipped = log->skipping;
        log->skipping = newline == NULL && !log->over;
        size_t long_as = newline ? (size_t)(newline - line) : there;
        log->begin += long_as + (newline != NULL);
        if (skipped) /* the rest of a long line */
            continue;
        *length = long_as < ACCESS_LINE_MOST ? long_as : ACCESS_LINE_MOST;
        return log->error ? NULL : line;
    }
}
