#include "origin/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_TRIES = 32 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* A numeric address; [::1] as in a URL is taken too. */
static int read_address(const char *text, union address *address, socklen_t *length)
{
    char host[64];
    size_t size = strlen(text);
    bool brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (size >= sizeof host)
        return -EINVAL;
    snprintf(host, sizeof host, "%.*s", (int)(brackets ? size - 2 : size), text + brackets);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;
    int result = getaddrinfo(host, NULL, &hints, &found);
    if (result)
        return result == EAI_MEMORY ? -ENOMEM : -EINVAL;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

bool listen_is_address(const char *text)
{
    union address address;
    socklen_t length;
    return read_address(text, &address, &length) != -EINVAL;
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

/* 0 with *port what the socket was bound to, or -errno. */
static int bind_one(int *result, union address *address, socklen_t length, uint16_t *port)
{
    int on = 1, error;
    int family = address->any.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* Linux: accepted sockets inherit TCP_NODELAY. Both families number their ports apart. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ||
        (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)))
        goto fail;
    if (family == AF_INET6)
        address->v6.sin6_port = htons(*port);
    else
        address->v4.sin_port = htons(*port);
    /* Two may be bound to one port as long as neither listens: whether it is taken shows then. */
    if (bind(fd, &address->any, length) || getsockname(fd, &address->any, &length) || listen(fd, 1))
        goto fail;
    *port = ntohs(family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
    *result = fd;
    return 0;
fail:
    error = -errno;
    close(fd);
    return error;
}

void listen_close(struct listening *listening)
{
    while (listening->count)
        close(listening->fds[--listening->count]);
}

int listen_backlog(const struct options *options)
{
    enum { USUAL = 4096 }; /* somaxconn since Linux 5.4 */
    char line[32] = "";
    /* At once: stdio without memory reads a byte at a time, and of such a file only the first. */
    int fd = open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, line, sizeof line - 1) < 0)
            line[0] = '\0';
        close(fd);
    }
    unsigned long most = strtoul(line, NULL, 10);
    if (most == 0 || most > BACKLOG_MAX) /* nobody says, or more than anyone asks for */
        most = BACKLOG_MAX;
    unsigned long wanted = options->backlog ? options->backlog : most < USUAL ? USUAL : most;
    if (wanted > most)
        fprintf(stderr,
                "origin: %lu connections were to wait to be accepted (--backlog), and this machine "
                "lets %lu (net.core.somaxconn): lift it as root with `sysctl "
                "net.core.somaxconn=%lu`, and start the origin again\n",
                wanted, most, wanted);
    return (int)wanted;
}

/* One try at all of them; *failed is the address that could not be had. */
static int bind_all(struct listening *listening, const struct options *options, unsigned *failed)
{
    listening->port = options->port;
    for (unsigned i = 0; i < options->address_count; i++) {
        union address address;
        socklen_t length;
        *failed = i;
        int error = read_address(options->addresses[i], &address, &length);
        if (!error)
            error = bind_one(&listening->fds[i], &address, length, &listening->port);
        if (error) {
            listen_close(listening);
            return error;
        }
        listening->count++;
    }
    return 0;
}

static void complain(const char *address, uint16_t port, int error)
{
    if (error == -EADDRINUSE && !port)
        fprintf(
            stderr,
            "origin: no port is free on %s beside the addresses before it: name none twice, nor "
            "beside one that holds it (0.0.0.0, ::)\n",
            address);
    else if (error == -EADDRINUSE)
        fprintf(stderr,
                "origin: port %u of %s is taken: end who listens there, or choose "
                "another with --port (0 takes a free one)\n",
                port, address);
    else
        fprintf(stderr, "origin: cannot listen on %s, port %u: %s\n", address, port,
                strerror(-error));
}

static void say_what_is_open(const struct options *options)
{
    for (unsigned i = 0; i < options->address_count; i++) {
        union address address;
        socklen_t length;
        if (!read_address(options->addresses[i], &address, &length) && !is_loopback(&address))
            fprintf(stderr,
                    "origin: listening on %s: whoever reaches this machine there can use it\n",
                    options->addresses[i]);
    }
}

int listen_bind(struct listening *listening, const struct options *options)
{
    unsigned failed = 0;
    int error = -EADDRINUSE;
    *listening = (struct listening){0};
    /* A port that is free on the first address may be taken on the second. */
    unsigned tries = options->port ? 1 : PORT_TRIES;
    for (unsigned i = 0; i < tries && error == -EADDRINUSE; i++)
        error = bind_all(listening, options, &failed);
    if (error)
        complain(options->addresses[failed], options->port, error);
    else
        say_what_is_open(options);
    return error;
}

int listen_write_port(const char *path, uint16_t port)
{
    char *aside;
    if (asprintf(&aside, "%s.%ld", path, (long)getpid()) < 0)
        return -ENOMEM;
    FILE *file = fopen(aside, "we");
    int error = file ? 0 : -errno;
    if (file) {
        bool failed = fprintf(file, "%u\n", port) < 0;
        failed |= fclose(file) != 0;
        if (failed || rename(aside, path)) {
            error = errno ? -errno : -EIO;
            unlink(aside);
        }
    }
    free(aside);
    return error;
}
