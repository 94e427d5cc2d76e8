/* Listening sockets: several addresses, one port. */
#ifndef WAITBENCH_ORIGIN_LISTEN_H
#define WAITBENCH_ORIGIN_LISTEN_H

#include <stdbool.h>

#include "origin/options.h"

struct listening {
    int fds[LISTEN_MAX]; /* bound, not yet listening; as many as there are addresses */
    unsigned count;
    uint16_t port; /* what port 0 has become */
};

/* Whether it is an IPv4 or IPv6 address; names are not looked up. */
bool listen_is_address(const char *text);

/* Binds all addresses to one port and says on standard error what is wrong, and
 * which of them can be reached from other machines. 0 or -errno. */
int listen_bind(struct listening *listening, const struct options *options);

void listen_close(struct listening *listening);

/* The backlog to listen with. The kernel cuts a longer one to net.core.somaxconn
 * without a word: so one is said on standard error, as is a limit below what
 * Linux itself sets. */
int listen_backlog(const struct options *options);

/* Writes the port into a file beside, then renames it. 0 or -errno. */
int listen_write_port(const char *path, uint16_t port);

#endif
