/*
 * --backend, for every model that runs the event loop: the option, what it
 * says of a run, and what the loop needs of the machine.
 */
#ifndef WAITBENCH_BACKEND_H
#define WAITBENCH_BACKEND_H

#include <argp.h>

#include "async/loop.h"
#include "common/model.h"

extern const struct argp backend_options;

/* What was chosen: epoll, unless the user said otherwise. */
const struct loop_backend *backend_chosen(void);

/* For struct model. `backend_needs` is of one loop and its transfers. */
const char *const *backend_settings(void);
void backend_needs(const struct run *, struct needs *);

#endif
