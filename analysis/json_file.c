#include "analysis/json_file.h"

#include <errno.h>

#include "common/output.h"

int json_file_write(const char *path, const json_t *root, size_t flags)
{
    struct output output;
    int error = output_open(&output, path);
    if (error)
        return error;
    /* Of what the disk refuses, closing tells. */
    if (json_dumpf(root, output.file, flags) < 0 && !ferror(output.file)) {
        output_abandon(&output);
        return -ENOMEM;
    }
    fputc('\n', output.file);
    return output_close(&output);
}
