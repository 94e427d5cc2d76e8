#include "analysis/stats_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int parse_address(const char *origin, struct sockaddr_in *address)
{
    char host[64];
    const char *colon = strrchr(origin, ':');
    if (!colon || (size_t)(colon - origin) >= sizeof host)
        return -EINVAL;
    memcpy(host, origin, (size_t)(colon - origin));
    host[colon - origin] = '\0';
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (end == colon + 1 || *end || port == 0 || port > 65535 ||
        inet_pton(AF_INET, host, &address->sin_addr) != 1)
        return -EINVAL;
    return 0;
}

static int send_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        text += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* Reads to the end of the connection; the answer's length, or -errno. */
static ssize_t receive_all(int fd, char *buffer, size_t size)
{
    size_t length = 0;
    for (;;) {
        if (length == size)
            return -EPROTO;
        ssize_t got = recv(fd, buffer + length, size - length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return (ssize_t)length;
        length += (size_t)got;
    }
}

/* One request, one answer, one connection. */
static ssize_t ask(const char *origin, const char *head, char *buffer, size_t size)
{
    struct sockaddr_in address;
    int error = parse_address(origin, &address);
    if (error)
        return error;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct timeval patience = {.tv_sec = 5};
    char request[256];
    int length = snprintf(
        request, sizeof request,
        "%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", head, origin);
    ssize_t got;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        got = -errno;
    else if ((error = send_all(fd, request, (size_t)length)) < 0)
        got = error;
    else
        got = receive_all(fd, buffer, size);
    close(fd);
    return got;
}

/* The body of a whole 2xx answer, or NULL. */
static const char *body_of(char *answer, size_t length)
{
    answer[length] = '\0';
    if (strncmp(answer, "HTTP/1.1 2", 10) != 0)
        return NULL;
    const char *body = strstr(answer, "\r\n\r\n");
    return body ? body + 4 : NULL;
}

int stats_get(const char *origin, json_t **stats)
{
    char answer[65536];
    ssize_t length = ask(origin, "GET /stats", answer, sizeof answer - 1);
    if (length < 0)
        return (int)length;
    const char *body = body_of(answer, (size_t)length);
    *stats = body ? json_loads(body, 0, NULL) : NULL;
    const char *schema = json_string_value(json_object_get(*stats, "schema"));
    if (schema && strcmp(schema, "waitbench-origin/1") == 0)
        return 0;
    json_decref(*stats);
    *stats = NULL;
    return -EPROTO;
}

int stats_reset(const char *origin)
{
    char answer[4096];
    ssize_t length = ask(origin, "POST /stats/reset", answer, sizeof answer - 1);
    if (length < 0)
        return (int)length;
    return body_of(answer, (size_t)length) ? 0 : -EPROTO;
}
