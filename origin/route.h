/*
 * What a request is to get: the item it names, the statistics, or a refusal.
 */
#ifndef WAITBENCH_ORIGIN_ROUTE_H
#define WAITBENCH_ORIGIN_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "origin/item.h"
#include "origin/request.h"
#include "origin/stats.h"

struct route {
    char *text; /* the body, to be freed; NULL: it is that of item `number` */
    uint64_t number, size, delay_ns, pace_ns;
    const char *type, *allow; /* of response_head */
    uint16_t status;
    enum fault fault;
    bool chunked, close;
    bool counts; /* in the statistics; their own requests do not */
};

/* Finds it; a reset is done at once. */
void route_find(struct route *route, const struct request *request, struct stats *stats);

/* A refusal with that status and sentence. */
void route_refuse(struct route *route, unsigned status, const char *reason);

#endif
