/*
 * The command line, equal for every model.
 */
#ifndef WAITBENCH_OPTIONS_H
#define WAITBENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/model.h"

struct options {
    struct workload workload; /* its settings; the list is not loaded yet */
    const char *input, *pattern;
    char **urls; /* the arguments; on argv */
    size_t url_count;
    uint64_t count;            /* 0: not given */
    uint64_t slice_k, slice_m; /* 0: not given */
    const char *json, *records, *trace, *save;
    bool concurrency_given, progress, quiet;
    uint64_t progress_ns; /* 0: as suits a terminal or a file */
    bool concurrency_cut; /* more was asked than the model can do at a time */
};

/* Parses, or ends the process: 0 after --help and --version, 2 on wrong usage.
 * Everything pointed at lies on argv. */
void options_parse(struct options *, const struct model *, int argc, char **argv);

/* Loads the list that the options name. Ends the process with 2 if it is
 * refused. */
void options_load(struct options *);

#endif
