#include "analysis/output.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "analysis/json_file.h"

int output_open(struct output *output, const struct results *results, const char *format, ...)
{
    char name[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    int length = snprintf(output->path, sizeof output->path, "%s/%s", results->dir, name);
    if (length < 0 || (size_t)length >= sizeof output->path)
        return -ENAMETOOLONG;
    snprintf(output->part, sizeof output->part, "%s.part", output->path);
    output->stream = fopen(output->part, "we");
    return output->stream ? 0 : -errno;
}

int output_close(struct output *output)
{
    bool failed = ferror(output->stream) != 0;
    if (fclose(output->stream) != 0 || failed) {
        int error = errno ? -errno : -EIO;
        remove(output->part);
        return error;
    }
    return rename(output->part, output->path) < 0 ? -errno : 0;
}

int write_json(const struct results *results, const char *name, json_t *root)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", results->dir, name);
    if (!root)
        return -ENOMEM;
    return (size_t)length < sizeof path
               ? json_file_write(path, root, JSON_INDENT(1) | JSON_REAL_PRECISION(12))
               : -ENAMETOOLONG;
}
