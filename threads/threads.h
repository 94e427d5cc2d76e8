/* A pool of POSIX threads. */
#ifndef WAITBENCH_THREADS_H
#define WAITBENCH_THREADS_H

#include "common/model.h"

extern const struct model threads_model;

/* Its own options, for a model that runs it inside. */
extern const struct argp threads_options;

#endif
