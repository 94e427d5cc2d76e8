/*
 * A file under a run's folder, whole or not at all: see common/output.h.
 *
 * Single-threaded. All functions return 0 or -errno.
 */
#ifndef WAITBENCH_RESULT_FILE_H
#define WAITBENCH_RESULT_FILE_H

#include <jansson.h>

#include "analysis/results.h"
#include "common/output.h"

/* Opens the file of this name (a format) under the run's folder, for output_close. */
__attribute__((format(printf, 3, 4))) int result_open(struct output *output,
                                                      const struct results *results,
                                                      const char *format, ...);

/* A whole JSON file; -ENOMEM where root is NULL. root stays the caller's. */
int write_json(const struct results *results, const char *name, json_t *root);

#endif
