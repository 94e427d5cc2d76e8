#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

unsigned long fuzz_taken;

void fuzz_check(int holds)
{
    if (!holds)
        abort();
}

char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    fuzz_check(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

void fuzz_file_open(struct fuzz_file *file, const void *bytes, size_t size)
{
    file->fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_check(file->fd >= 0);
    const char *next = bytes;
    while (size > 0) {
        ssize_t written = write(file->fd, next, size);
        fuzz_check(written > 0);
        next += written;
        size -= (size_t)written;
    }
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

void fuzz_file_close(struct fuzz_file *file)
{
    fuzz_check(close(file->fd) == 0);
}

const uint8_t *fuzz_part(const uint8_t **data, size_t *size, size_t *length)
{
    static const char border[] = "----\n";
    const uint8_t *part = *data;
    const uint8_t *cut = *size > 0 ? memmem(part, *size, border, strlen(border)) : NULL;
    *length = cut != NULL ? (size_t)(cut - part) : *size;
    size_t used = cut != NULL ? *length + strlen(border) : *size;
    *data += used;
    *size -= used;
    return part;
}
