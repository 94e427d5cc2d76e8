/*
 * access_line.h: reads an access log in the combined format, line by line:
 *
 *     address ident user [time] "request" status bytes "referer" "agent"
 *
 * The address is the first field as awk sees it: what stands before the second
 * run of blanks and tabs. So any line has one, be the rest what it may; whether
 * the rest is in the format is said beside it. Nothing is allocated, and no
 * byte is refused: a NUL or a line without an end is taken as it comes.
 */
#ifndef ACCESS_LINE_H
#define ACCESS_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct access_line {
    const char *address;   /* in the line that was read, with no NUL behind */
    size_t address_length; /* 0: the line is empty, or blank */
    bool combined;         /* the whole line is in the format */
    int status;            /* if it is */
};

/* Reads one line, without its newline. Never fails. Pure. */
void access_line_parse(const char *line, size_t length, struct access_line *);

/* Whether its address is this text, all of it. */
bool access_line_is_from(const struct access_line *, const char *address);

/* A line is read up to so many bytes; the rest of a longer one is skipped. */
enum { ACCESS_LINE_MOST = 1 << 16 };

struct access_log {
    int fd, error; /* error: -errno of the read that failed, or 0 */
    size_t begin, end;
    bool skipping, over;
    char buffer[4 * ACCESS_LINE_MOST];
};

/* Reads from fd, from where it is; the caller closes it. */
void access_log_begin(struct access_log *, int fd);

/*
 * The next line, with its length and without its newline, valid until the
 * next call; NULL at the end of the file, or with ->error set.
 */
const char *access_log_next(struct access_log *, size_t *length);

#endif
