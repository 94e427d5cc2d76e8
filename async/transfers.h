/*
 * Many fetches at once on one event loop: libcurl's multi interface, driven by
 * sockets and timers (curl_multi_socket_action). Models see start and done.
 */
#ifndef WAITBENCH_TRANSFERS_H
#define WAITBENCH_TRANSFERS_H

#include <stdbool.h>
#include <stdint.h>

#include "async/loop.h"
#include "common/run.h"

struct transfers;

/*
 * Builds one transfer for each lane of the run; opens no connection. `done`
 * is called from the loop when a started fetch's record is final, and may
 * start the lane's next. When the run is stopped, all that are under way end
 * so, as INTERRUPTED. 0 or -errno. The loop must outlive the transfers.
 */
int transfers_open(struct transfers **, const struct run *, struct loop *,
                   void (*done)(void *data, uint32_t lane), void *data);

/* Only when no fetch is under way. */
void transfers_close(struct transfers *);

/*
 * Starts to fetch the URL at `index`, which `lane` has taken. False: there was
 * nothing to wait for, its record is final, and `done` will not be called.
 */
bool transfers_start(struct transfers *, uint32_t lane, uint64_t index);

/* Descriptors that a run's transfers need beside the loop's own. */
uint64_t transfers_descriptors(const struct run *);

#endif
