/*
 * The batches model: C fetches at one time, and none of the next C before the
 * slowest of these is done. See batches.c for the idea.
 */
#ifndef WAITBENCH_BATCHES_H
#define WAITBENCH_BATCHES_H

#include "common/model.h"

extern const struct model batches_model;

#endif
