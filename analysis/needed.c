#include "analysis/needed.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_end(void *memory)
{
    if (!memory) {
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, strerror(ENOMEM));
        exit(3);
    }
    return memory;
}

void *needed(size_t count, size_t size)
{
    return or_end(calloc(count, size));
}

char *needed_vtext(const char *format, va_list arguments)
{
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    return or_end(length < 0 ? NULL : text);
}

char *needed_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = needed_vtext(format, arguments);
    va_end(arguments);
    return text;
}

char *needed_replaced(const char *text, const char *name, const char *value)
{
    char *out = needed_text("%s", text);
    for (char *at = out; (at = strstr(at, name));) {
        size_t done = (size_t)(at - out) + strlen(value);
        *at = '\0';
        char *longer = needed_text("%s%s%s", out, value, at + strlen(name));
        free(out);
        out = longer;
        at = out + done; /* a value may hold the name */
    }
    return out;
}

void needed_arguments(const struct argp *parser, int argc, char **argv, void *input)
{
    /* Wrong usage ends it by itself: what is left is want of memory. */
    bool read = argp_parse(parser, argc, argv, 0, NULL, input) == 0;
    or_end(read ? input : NULL);
}

void needed_memory(void)
{
    or_end(errno == ENOMEM ? NULL : &errno);
}

static void *needed_bytes(size_t size)
{
    return or_end(malloc(size));
}

void needed_by_json(void)
{
    json_set_alloc_funcs(needed_bytes, free);
}
