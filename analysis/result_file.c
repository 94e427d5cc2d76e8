#include "analysis/result_file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "analysis/json_file.h"

int result_open(struct output *output, const struct results *results, const char *format, ...)
{
    char name[512], path[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    int length = snprintf(path, sizeof path, "%s/%s", results->dir, name);
    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : output_open(output, path);
}

int write_json(const struct results *results, const char *name, json_t *root)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", results->dir, name);
    if (!root)
        return -ENOMEM;
    return length < PATH_MAX ? json_file_write(path, root, JSON_INDENT(1) | JSON_REAL_PRECISION(12))
                             : -ENAMETOOLONG;
}
