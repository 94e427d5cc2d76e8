/*
 * Asks the origin what it has seen: GET /stats and POST /stats/reset, over a
 * connection of their own that the origin counts nowhere.
 */
#ifndef WAITBENCH_STATS_CLIENT_H
#define WAITBENCH_STATS_CLIENT_H

#include <jansson.h>

/*
 * Both take HOST:PORT with a numeric IPv4 address. stats_get stores a new
 * reference to the answer's object. Each returns 0, or -EPROTO where the
 * answer is not what an origin gives, -EINVAL for a malformed address, or
 * -errno of the connection; they give up (-EAGAIN) after five seconds' silence.
 */
int stats_get(const char *origin, json_t **stats);
int stats_reset(const char *origin);

#endif
