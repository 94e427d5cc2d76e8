/*
 * What a model is: a way to wait for many answers at once. See CONTRIBUTING.md
 * for how to add one.
 *
 * A model file defines one `const struct model NAME_model`. It knows the run
 * (common/run.h) and how to fetch one URL (common/transfer.h); it does not
 * print, parse common options or see libcurl. The driver (common/driver) is
 * compiled once for each model and does all the rest.
 */
#ifndef WAITBENCH_MODEL_H
#define WAITBENCH_MODEL_H

#include <stdint.h>

#include "common/run.h"

struct argp;

/* What a run costs beyond the driver's own; the driver holds it against the
 * machine's limits and words what is refused. */
struct needs {
    const char *refused;            /* NULL, or why it cannot run here at all: one line */
    uint64_t processes;             /* besides the first */
    uint64_t threads;               /* of all processes, besides the first of each */
    uint64_t address_space;         /* bytes, in the process that needs most */
    uint64_t mappings;              /* of memory, likewise */
    uint64_t descriptors;           /* likewise */
    uint64_t descriptor_max;        /* no descriptor number may reach this; 0: no bound */
    const char *descriptor_max_why; /* "select() watches descriptors below 1,024" */
};

struct model {
    const char *name;
    const char *summary;        /* one line for --help */
    const struct argp *options; /* the model's own, or NULL */
    uint32_t max_concurrency;   /* 0: any */

    /* Adds what `run` needs of the machine. */
    void (*needs)(const struct run *run, struct needs *needs);

    /*
     * Serves every lane of the run until run_take is dry. Returns when no
     * worker of its own is left: 0, or -errno where not one could be made.
     * What happened to one URL stands in its record, not in this result.
     */
    int (*run)(const struct run *run);

    /* The model's own options as they are set: name, value, name, value, …,
     * NULL; for the summary. May be NULL. */
    const char *const *(*settings)(void);
};

#endif
