#include "tests/unit/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 600, REQUEST = 2048 };

struct client {
    size_t length;
    char request[REQUEST];
};

static struct pollfd waits[CLIENTS]; /* [0] is the listening socket */
static struct client clients[CLIENTS];

/* Holds a port that the kernel chooses; unless it also listens there, who connects is refused. */
static int hold_loopback(uint16_t *port, bool listens)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || (listens && listen(fd, 512) < 0) ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

uint16_t server_closed_port(void)
{
    /* Let go, it would be the next that the kernel gives to another test beside this one. */
    static uint16_t port;
    if (port == 0)
        (void)hold_loopback(&port, false);
    return port;
}

static void drop(int place, bool reset)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        (void)setsockopt(waits[place].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(waits[place].fd);
    waits[place] = (struct pollfd){.fd = -1};
    clients[place].length = 0;
}

static void accept_client(struct server_counts *counts)
{
    int fd = accept(waits[0].fd, NULL, NULL);
    if (fd < 0)
        return;
    counts->connections++;
    for (int i = 1; i < CLIENTS; i++) {
        if (waits[i].fd < 0) {
            waits[i] = (struct pollfd){.fd = fd, .events = POLLIN};
            return;
        }
    }
    close(fd);
}

static const struct answer *answer_for(const char *request, const struct answer *answers,
                                       struct server_counts *counts)
{
    const char *path = request + strcspn(request, " ");
    path += *path == ' ';
    size_t length = strcspn(path, " \r\n");
    counts->requests++;
    for (int i = 0; answers[i].path != NULL; i++) {
        if (strlen(answers[i].path) != length || memcmp(answers[i].path, path, length) != 0 ||
            (answers[i].times > 0 && counts->given[i] >= answers[i].times))
            continue;
        counts->given[i]++;
        return &answers[i];
    }
    counts->unknown++;
    return NULL;
}

static void give(int place, const struct answer *answer)
{
    const char *next = answer->bytes;
    for (size_t left = strlen(next); left > 0;) {
        ssize_t sent = send(waits[place].fd, next, left, MSG_NOSIGNAL);
        if (sent < 0)
            break; /* the client has had enough */
        next += sent;
        left -= (size_t)sent;
    }
    if (answer->after == CLOSE || answer->after == RESET_IT)
        drop(place, answer->after == RESET_IT);
}

static void read_client(int place, const struct answer *answers, struct server_counts *counts)
{
    struct client *client = &clients[place];
    ssize_t got =
        recv(waits[place].fd, client->request + client->length, REQUEST - 1 - client->length, 0);
    if (got <= 0) {
        drop(place, false);
        return;
    }
    if (client->length == 0 && client->request[0] == 0x16) { /* a TLS greeting: not here */
        drop(place, false);
        return;
    }
    client->length += (size_t)got;
    client->request[client->length] = '\0';
    if (strstr(client->request, "\r\n\r\n") == NULL)
        return;
    const struct answer *answer = answer_for(client->request, answers, counts);
    client->length = 0;
    if (answer != NULL)
        give(place, answer);
    else
        drop(place, false);
}

static _Noreturn void serve(int listener, const struct answer *answers,
                            struct server_counts *counts, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    for (int i = 0; i < CLIENTS; i++)
        waits[i] = (struct pollfd){.fd = -1};
    waits[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(waits, CLIENTS, -1) < 0)
            continue;
        for (int i = 1; i < CLIENTS; i++) {
            if (waits[i].fd >= 0 && waits[i].revents != 0)
                read_client(i, answers, counts);
        }
        if (waits[0].revents != 0)
            accept_client(counts);
    }
}

int server_open(struct server *server, const struct answer *answers)
{
    struct server_counts *counts =
        mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return -errno;
    int listener = hold_loopback(&server->port, true);
    if (listener < 0) {
        munmap(counts, sizeof *counts);
        return listener;
    }
    pid_t parent = getpid();
    server->counts = counts;
    server->pid = fork();
    if (server->pid == 0)
        serve(listener, answers, counts, parent);
    int error = server->pid < 0 ? -errno : 0;
    close(listener);
    if (error < 0)
        munmap(counts, sizeof *counts);
    return error;
}

void server_close(struct server *server)
{
    kill(server->pid, SIGKILL);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    munmap(server->counts, sizeof *server->counts);
}
