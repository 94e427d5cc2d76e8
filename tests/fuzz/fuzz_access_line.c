/*
 * An access log: whatever the bytes are, its lines come one after another and
 * whole, cut only where one is too long; and each has the address that awk
 * would see, and is in the format only where there are blanks and quotes enough for it.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lessons/dataflow/access_line.h"
#include "tests/fuzz/fuzz.h"

/* Of a line said over and over, the first few tell. */
enum { CHECKED = 16 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A line of the format has eight blanks at least, six quotes, and a status. */
static void check_format(const char *line, size_t length, const struct access_line *parsed)
{
    size_t blanks = 0, quotes = 0;
    for (size_t i = 0; i < length; i++) {
        blanks += line[i] == ' ';
        quotes += line[i] == '"';
    }
    if (!parsed->combined)
        return;
    fuzz_taken++;
    fuzz_check(blanks >= 8 && quotes >= 6 && line[length - 1] == '"');
    fuzz_check(parsed->address == line && parsed->address_length > 0);
    fuzz_check(parsed->status >= 0 && parsed->status <= 999);
}

static void check_line(const char *line, size_t length)
{
    struct access_line parsed, again;
    size_t begin = 0, end;
    access_line_parse(line, length, &parsed);
    while (begin < length && is_blank(line[begin]))
        begin++;
    for (end = begin; end < length && !is_blank(line[end]);)
        end++;
    fuzz_check(parsed.address == line + begin && parsed.address_length == end - begin);
    check_format(line, length, &parsed);

    /* The same bytes elsewhere read the same, and no byte behind them is looked at. */
    char *copy = malloc(length + (length == 0));
    if (copy == NULL)
        abort();
    memcpy(copy, line, length);
    access_line_parse(copy, length, &again);
    fuzz_check(again.combined == parsed.combined && again.status == parsed.status &&
               again.address_length == parsed.address_length);
    free(copy);

    char *address = fuzz_string((const uint8_t *)parsed.address, parsed.address_length);
    bool has_nul = strlen(address) < parsed.address_length;
    fuzz_check(access_line_is_from(&parsed, address) == !has_nul);
    free(address);
}

/* What the log should hand out next, by the whole of its bytes. */
static void check_next(const uint8_t **rest, size_t *left, const char *line, size_t length)
{
    const uint8_t *newline = *left > 0 ? memchr(*rest, '\n', *left) : NULL;
    size_t whole = newline != NULL ? (size_t)(newline - *rest) : *left;
    fuzz_check(length == (whole < ACCESS_LINE_MOST ? whole : ACCESS_LINE_MOST));
    fuzz_check(memcmp(line, *rest, length) == 0);
    *rest += whole + (newline != NULL);
    *left -= whole + (newline != NULL);
}

static void check_log(const uint8_t *bytes, size_t size)
{
    static struct access_log log;
    struct fuzz_file file;
    size_t length, lines = 0;
    fuzz_file_open(&file, bytes, size);
    fuzz_check(lseek(file.fd, 0, SEEK_SET) == 0);
    access_log_begin(&log, file.fd);
    for (const char *line; (line = access_log_next(&log, &length)) != NULL;) {
        check_next(&bytes, &size, line, length);
        if (lines++ < CHECKED)
            check_line(line, length);
    }
    fuzz_check(log.error == 0 && size == 0);
    fuzz_file_close(&file);
}

/*
 * A first line `xN` has what follows repeated N times: so small an input
 * reaches what only long lines and more than one filling do.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { DIGITS = 4 };
    const uint8_t *newline = size > 1 && data[0] == 'x' ? memchr(data, '\n', size) : NULL;
    size_t times = 1, head = newline != NULL ? (size_t)(newline - data) + 1 : 0;
    if (head > 2 && head <= DIGITS + 2 && isdigit(data[1]))
        times = strtoul((const char *)data + 1, NULL, 10);
    else
        head = 0;
    size -= head;
    if (times * size > 8 * (size_t)ACCESS_LINE_MOST)
        times = 1;
    uint8_t *bytes = malloc(times * size + 1);
    if (bytes == NULL)
        abort();
    for (size_t i = 0; i < times && size > 0; i++)
        memcpy(bytes + i * size, data + head, size);
    check_log(bytes, times * size);
    free(bytes);
    return 0;
}
