/*
 * A file under a run's folder, written as NAME.part until it is whole and then
 * renamed, so that no one ever reads half a result.
 *
 * Single-threaded. All functions return 0 or -errno.
 */
#ifndef WAITBENCH_OUTPUT_H
#define WAITBENCH_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/results.h"

struct output {
    char path[4096], part[4104];
    FILE *stream; /* to write to, between open and close */
};

/* Opens the file of this name (a format) under the run's folder. */
__attribute__((format(printf, 3, 4))) int output_open(struct output *output,
                                                      const struct results *results,
                                                      const char *format, ...);

/* Renames what was written; where it could not be written whole it is removed instead. */
int output_close(struct output *output);

/* A whole JSON file; -ENOMEM where root is NULL. root stays the caller's. */
int write_json(const struct results *results, const char *name, json_t *root);

#endif
