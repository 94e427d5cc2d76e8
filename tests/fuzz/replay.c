/*
 * Runs a fuzz target over files: each argument is one, or a folder of them.
 * Says how many as TAP; a target that finds something aborts.
 */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static int number;

static void replay_file(const char *path)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &about) < 0)
        err(1, "%s", path);
    /* Just as long as the input: one byte beyond it is found. */
    uint8_t *bytes = malloc((size_t)about.st_size + (about.st_size == 0));
    if (bytes == NULL || fread(bytes, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
        err(1, "%s", path);
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(bytes, (size_t)about.st_size);
    printf("ok %d - %s\n", ++number, path);
    free(bytes);
}

static void replay(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        replay_file(path);
        return;
    }
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay_file(inner);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("1..%d\n", number);
    return 0;
}
