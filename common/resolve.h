/*
 * Names looked up once a host, before the gate, so that no model's time holds
 * a look-up and all models connect to the same addresses.
 *
 * The look-ups are made by a few forked processes: getaddrinfo blocks, and the
 * driver has no threads. The table lies in shared memory and is read-only
 * when hosts_resolve has returned.
 */
#ifndef WAITBENCH_RESOLVE_H
#define WAITBENCH_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/workload.h"

/* One host and port that some URL names. */
struct host {
    char name[254];
    uint16_t port;
    bool numeric;        /* an address already */
    _Atomic bool known;  /* it has an address */
    char addresses[512]; /* "ADDRESS,ADDRESS" as curl's CURLOPT_RESOLVE wants them */
};

struct hosts;

/*
 * Finds every host of the list and, with `look_up_names`, its addresses; each has
 * `workload->timeout_ns`. Sets workload->hosts. 0 or -errno. A name without an
 * address is no error here: its URLs will be NOT_RESOLVED.
 */
int hosts_resolve(struct workload *, bool look_up_names);

/* How many distinct hosts (with port) the list names: at least 1. */
uint32_t hosts_count(const struct hosts *);

/* How many of them are names, not addresses. */
uint32_t hosts_names(const struct hosts *);

/* Whether one of these has addresses of both families: libcurl connects to one of each, side by
 * side. */
bool hosts_mixed(const struct hosts *);

const struct host *hosts_at(const struct hosts *, uint32_t place);

/* The place of a URL's host in the table, or -1. Any thread may call it. */
int64_t hosts_find(const struct hosts *, const struct url_host *);

void hosts_free(struct workload *);

#endif
