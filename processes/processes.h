/* A pool of forked processes. */
#ifndef WAITBENCH_PROCESSES_H
#define WAITBENCH_PROCESSES_H

#include "common/model.h"

extern const struct model processes_model;

#endif
