/* One fetch after another: what each worker of every pool does. */
#ifndef WAITBENCH_SEQUENTIAL_H
#define WAITBENCH_SEQUENTIAL_H

#include "common/model.h"

extern const struct model sequential_model;

#endif
