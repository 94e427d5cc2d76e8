/* Processes, and inside each a pool of threads or an event loop. */
#ifndef WAITBENCH_HYBRID_H
#define WAITBENCH_HYBRID_H

#include "common/model.h"

extern const struct model hybrid_model;

#endif
