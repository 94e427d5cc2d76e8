/*
 * A run's folder, as `benchstat judge` and `benchstat compare` read it: refused
 * with one line, or judged, and then its summary is JSON.
 *
 * Each part of the input is a file: its first line is the name, as plan.jsonl or
 * 0001/visit.json (of raw/), and what follows is in it. Other names are passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/compare.h"
#include "tests/fuzz/fuzz.h"

#include "analysis/judge.c" // NOLINT(bugprone-suspicious-include)

enum { VISITS = 9 };
static const char *const of_run[] = {"metadata.json", "plan.jsonl"};
static const char *const of_visit[] = {"visit.json", "run.json",   "hyperfine.json", "meter.json",
                                       "trace.json", "stdout.txt", "stderr.txt",     "records.csv"};

/* Where the files lie while they are read. */
static char folder[128];
enum { PATH = sizeof folder + 64 };

static void remove_folder(void)
{
    char command[PATH];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    (void)!system(command); // NOLINT(cert-env33-c): nothing of the input is in it
}

static void make_folder(void)
{
    char raw[PATH];
    const char *parent = getenv("TMPDIR");
    if (folder[0] != '\0')
        return;
    snprintf(folder, sizeof folder, "%s/fuzz-results-XXXXXX", parent != NULL ? parent : "/tmp");
    fuzz_check(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    snprintf(raw, sizeof raw, "%s/raw", folder);
    fuzz_check(mkdir(raw, 0700) == 0);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The path that a part's name stands for; false if for none. Makes its visit's folder. */
static bool place(const char *name, char path[PATH])
{
    if (is_one_of(name, of_run, sizeof of_run / sizeof *of_run)) {
        snprintf(path, PATH, "%s/%s", folder, name);
        return true;
    }
    if (strncmp(name, "000", 3) != 0 || name[3] < '1' || name[3] > '0' + VISITS || name[4] != '/' ||
        !is_one_of(name + 5, of_visit, sizeof of_visit / sizeof *of_visit))
        return false;
    snprintf(path, PATH, "%s/raw/%.4s", folder, name);
    fuzz_check(mkdir(path, 0700) == 0 || errno == EEXIST);
    snprintf(path, PATH, "%s/raw/%s", folder, name);
    return true;
}

static void write_part(const uint8_t *part, size_t length)
{
    char name[32], path[PATH];
    const uint8_t *newline = length > 0 ? memchr(part, '\n', length) : NULL;
    size_t head = newline != NULL ? (size_t)(newline - part) : length;
    if (newline == NULL || head >= sizeof name)
        return;
    memcpy(name, part, head);
    name[head] = '\0';
    if (!place(name, path))
        return;
    FILE *file = fopen(path, "we");
    fuzz_check(file != NULL);
    fuzz_check(fwrite(newline + 1, 1, length - head - 1, file) == length - head - 1);
    fuzz_check(fclose(file) == 0);
}

static void remove_parts(void)
{
    char path[PATH];
    for (size_t i = 0; i < sizeof of_run / sizeof *of_run; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, of_run[i]);
        unlink(path);
    }
    for (int visit = 1; visit <= VISITS; visit++) {
        for (size_t i = 0; i < sizeof of_visit / sizeof *of_visit; i++) {
            snprintf(path, sizeof path, "%s/raw/%04d/%s", folder, visit, of_visit[i]);
            unlink(path);
        }
        snprintf(path, sizeof path, "%s/raw/%04d", folder, visit);
        rmdir(path);
    }
}

static void check_summary(void)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/summary.json", folder);
    json_t *summary = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    fuzz_check(json_is_object(summary));
    json_decref(summary);
    unlink(path);
}

/* Against itself nothing of a run may be missing, but something may not be comparable. */
static void compare(const struct results *results)
{
    struct change *changes = NULL;
    size_t count = 0;
    int error = changes_between(results, results, NULL, &changes, &count);
    fuzz_check(error == 0 || error == -EINVAL);
    free(changes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct results results;
    struct problem problem = {""};
    bool all_valid = false;
    make_folder();
    while (size > 0) {
        size_t length;
        const uint8_t *part = fuzz_part(&data, &size, &length);
        write_part(part, length);
    }
    int error = results_open(&results, folder, &problem);
    if (error) {
        fuzz_check(error == -EINVAL && problem.text[0] != '\0');
    } else {
        fuzz_check(judge(&results, true, &all_valid) == 0);
        check_summary();
        compare(&results);
        fuzz_taken += all_valid;
    }
    results_close(&results);
    remove_parts();
    return 0;
}
