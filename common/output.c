#include "common/output.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int output_open(struct output *output, const char *path)
{
    output->file = NULL;
    output->path[0] = output->part[0] = '\0';
    if (path == NULL)
        return 0;
    int length = snprintf(output->path, sizeof output->path, "%s", path);
    if (strcmp(path, "-") == 0) {
        output->file = stdout;
        return 0;
    }
    struct stat about;
    bool in_place = stat(path, &about) == 0 && !S_ISREG(about.st_mode);
    if (!in_place)
        length = snprintf(output->part, sizeof output->part, "%s.part", path);
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    output->file = fopen(in_place ? path : output->part, "we");
    return output->file != NULL ? 0 : -errno;
}

int output_close(struct output *output)
{
    FILE *file = output->file;
    int error = 0;
    output->file = NULL;
    if (file == NULL)
        return 0;
    /* What was not written when a buffer was full, closing does not tell. */
    if (ferror(file) != 0)
        error = errno != 0 ? -errno : -EIO;
    if ((file == stdout ? fflush(file) : fclose(file)) != 0)
        error = -errno;
    if (output->part[0] == '\0')
        return error;
    if (error == 0 && rename(output->part, output->path) < 0)
        error = -errno;
    if (error < 0)
        (void)unlink(output->part);
    return error;
}

void output_abandon(struct output *output)
{
    if (output->file == NULL || output->file == stdout)
        return;
    fclose(output->file);
    output->file = NULL;
    if (output->part[0] != '\0')
        (void)unlink(output->part);
}
