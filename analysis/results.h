/*
 * A run's folder, read: its plan, the files of each visit that was made, and
 * the cells that these visits belong to.
 *
 * What has no metadata, another schema or a plan that cannot be read is
 * refused with one line; a visit without its files is not: it is a visit that
 * was not made, or one that did not prove itself.
 */
#ifndef WAITBENCH_RESULTS_H
#define WAITBENCH_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/experiment.h"
#include "analysis/ledger.h"

struct cell {
    json_t *plan; /* the plan line of its first visit, or of its prediction; borrowed */
    const char *id, *experiment, *kind, *lane, *model, *again_of, *axis, *chart;
    const char *against;        /* the lane that another build of it is held against, or NULL */
    struct visit_seen **visits; /* made ones, by round; the array is owned */
    size_t made, planned;
    json_int_t last_round; /* of the planned visits */
    json_t *reasons;       /* owned: why it is invalid; empty otherwise */
};

struct results {
    char *dir;
    json_t *metadata, *plan;
    struct visit_seen *visits; /* made ones */
    char **outputs;            /* load generators' outputs, one a visit, or NULL */
    size_t made, planned;
    struct cell *cells; /* in the order the experiments are written in */
    size_t cell_count;
    json_t *notes; /* owned: sentences on what is not judged */
};

/*
 * Reads dir. Returns 0, or -EINVAL with the problem worded (no metadata, another
 * schema, a plan that is none). results_close frees what was read,
 * also after an error.
 */
int results_open(struct results *results, const char *dir, struct problem *problem);
void results_close(struct results *results);

/* Proves every visit and gathers the reasons of each cell. Call it once. */
void results_prove(struct results *results);

enum verdict { VALID, INVALID, PREDICTED, NOT_MEASURED };
enum verdict cell_verdict(const struct cell *cell);
const char *verdict_name(enum verdict verdict);

#endif
