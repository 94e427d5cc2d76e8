/* Straight-line workers that are suspended on one event loop. */
#ifndef WAITBENCH_COROUTINES_H
#define WAITBENCH_COROUTINES_H

#include "common/model.h"

extern const struct model coroutines_model;

#endif
