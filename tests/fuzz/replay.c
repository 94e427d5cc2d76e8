/*
 * Runs a fuzz target over files: each argument is one, or a folder of them. What
 * comes after --good has to be taken whole by the reader, or is a failed point.
 * Says how many as TAP; a target that finds something aborts.
 */
#include <dirent.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static int number, bad;

static void replay_file(const char *path, bool good)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &about) < 0)
        err(1, "%s", path);
    if (S_ISDIR(about.st_mode)) { /* a folder within one: an argument of its own */
        fclose(file);
        return;
    }
    /* Just as long as the input: one byte beyond it is found. */
    uint8_t *bytes = malloc((size_t)about.st_size + (about.st_size == 0));
    if (bytes == NULL || fread(bytes, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
        err(1, "%s", path);
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    unsigned long taken = fuzz_taken;
    (void)LLVMFuzzerTestOneInput(bytes, (size_t)about.st_size);
    bool fails = good && fuzz_taken == taken;
    bad += fails;
    printf("%s %d - %s%s\n", fails ? "not ok" : "ok", ++number, path, good ? " is taken" : "");
    free(bytes);
}

static void replay(const char *path, bool good)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        replay_file(path, good);
        return;
    }
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay_file(inner, good);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    bool good = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--good") == 0)
            good = true;
        else
            replay(argv[i], good);
    }
    printf("1..%d\n", number);
    return bad > 0;
}
