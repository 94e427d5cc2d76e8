/*
 * One JSON file that a command was asked for by name, whole or not at all: see common/output.h.
 */
#ifndef WAITBENCH_JSON_FILE_H
#define WAITBENCH_JSON_FILE_H

#include <jansson.h>

/* Writes root, laid out by jansson's flags, and a newline. 0 or -errno; root stays the caller's. */
int json_file_write(const char *path, const json_t *root, size_t flags);

#endif
