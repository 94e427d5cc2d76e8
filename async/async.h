/* One thread, one event loop. */
#ifndef WAITBENCH_ASYNC_H
#define WAITBENCH_ASYNC_H

#include "common/model.h"

extern const struct model async_model;

#endif
