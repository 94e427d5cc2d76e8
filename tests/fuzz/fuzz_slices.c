/*
 * What `benchstat merge` reads: runs of several slices of a list. Refused with
 * status 2, or joined, and then what it writes is JSON.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#include "analysis/merge.c" // NOLINT(bugprone-suspicious-include)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 4 };
    static struct merge merge;
    static struct fuzz_file files[MOST];
    struct problem problem = {""};
    merge = (struct merge){.json = "-"};
    do {
        size_t length;
        const uint8_t *part = fuzz_part(&data, &size, &length);
        fuzz_file_open(&files[merge.count], part, length);
        merge.slices[merge.count].file = files[merge.count].path;
        merge.count++;
    } while (size > 0 && merge.count < MOST);
    size_t opened = merge.count;
    int error = read_all(&merge, &problem);
    if (error) {
        fuzz_check(problem.text[0] != '\0');
    } else {
        fuzz_taken++;
        json_t *root = join(&merge);
        fuzz_check(json_is_object(root));
        char *text = json_dumps(root, 0);
        fuzz_check(text != NULL);
        free(text);
        json_decref(root);
    }
    for (size_t i = 0; i < opened; i++) {
        json_decref(merge.slices[i].run);
        fuzz_file_close(&files[i]);
    }
    return 0;
}
