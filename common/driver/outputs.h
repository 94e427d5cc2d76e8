/*
 * What a run writes: records, a trace, bodies.
 */
#ifndef WAITBENCH_OUTPUTS_H
#define WAITBENCH_OUTPUTS_H

#include <stdio.h>

#include "common/run.h"

/* One CSV row a URL; results/README.md describes the columns. */
void records_write(const struct run *, FILE *);

/* Trace events (the format of chrome://tracing and Perfetto), from the records
 * and the spans of a traced run. */
void trace_write(const struct run *, const char *model, FILE *);

/* --save=DIR: makes the folder if need be. 0 or -errno. */
int bodies_folder(const char *path);

/* --save=-: a folder for the time of the run. `path` has room for 4,096. 0, or
 * -errno: then `path` is empty. */
int bodies_temporary(char *path);

/* Prints what is saved there in the list's order. 0 or -errno. */
int bodies_print(const struct run *, FILE *);

/* Takes away what workers that were lost had written of a body. */
void bodies_take_back(const struct run *);

/* Removes that folder with the bodies in it. */
void bodies_remove(const char *path);

#endif
