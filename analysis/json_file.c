#include "analysis/json_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int write_to(FILE *file, const json_t *root, size_t flags)
{
    errno = 0;
    bool whole =
        json_dumpf(root, file, flags) == 0 && fputc('\n', file) != EOF && fflush(file) == 0;
    return whole ? 0 : errno ? -errno : -EIO;
}

int json_file_write(const char *path, const json_t *root, size_t flags)
{
    struct stat about;
    char *part = NULL;
    if (strcmp(path, "-") == 0)
        return write_to(stdout, root, flags);
    bool in_place = stat(path, &about) == 0 && !S_ISREG(about.st_mode);
    if (!in_place && asprintf(&part, "%s.part", path) < 0)
        return -ENOMEM;
    const char *target = in_place ? path : part;
    FILE *file = fopen(target, "we");
    int error = file ? write_to(file, root, flags) : -errno;
    if (file && fclose(file) != 0 && !error)
        error = -errno;
    if (!error && !in_place && rename(part, path) < 0)
        error = -errno;
    if (error && file && !in_place)
        remove(part);
    free(part);
    return error;
}
