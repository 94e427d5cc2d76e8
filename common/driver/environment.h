/*
 * Where a run took place, as far as the process itself can tell. A result's
 * metadata.json holds the machine's part.
 */
#ifndef WAITBENCH_ENVIRONMENT_H
#define WAITBENCH_ENVIRONMENT_H

#include <jansson.h>

/* A new reference: an object, or NULL where there is no memory. */
json_t *environment_json(void);

#endif
