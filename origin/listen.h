/* Listening sockets: several addresses, one port. */
#ifndef WAITBENCH_ORIGIN_LISTEN_H
#define WAITBENCH_ORIGIN_LISTEN_H

#include "origin/options.h"

struct listening {
    int fds[LISTEN_MAX]; /* bound, not yet listening; as many as there are addresses */
    unsigned count;
    uint16_t port; /* what port 0 has become */
};

/* Binds all addresses to one port and says on standard error what is wrong, and
 * which of them can be reached from other machines. 0, or -errno, -EINVAL for
 * what is no address. */
int listen_bind(struct listening *listening, const struct options *options);

void listen_close(struct listening *listening);

/* Writes the port into a file beside, then renames it. 0 or -errno. */
int listen_write_port(const char *path, uint16_t port);

#endif
