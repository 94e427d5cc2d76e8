/*
 * protocol.c: what is said between client and server, a piece at a time.
 *
 *   client   any bytes, then an empty line: two newlines, "\n\n"
 *   server   "Hello " and those bytes, the empty line too, and hangs up
 *
 * The two newlines may come in two reads. A line that does not end is refused
 * before it fills the memory.
 */
#include "lessons/echo-server/echo-server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct hall *hall;

static void tell(const struct request *r, const char *what, long bytes)
{
    if (!hall->tells)
        return;
    printf("client %d: %s", r->socket, what);
    if (bytes > 0)
        printf(" %ld bytes", bytes);
    printf("; %d here\n", __atomic_load_n(&hall->held, __ATOMIC_RELAXED));
    fflush(stdout);
}

void request_begins(struct request *r, int socket)
{
    r->socket = socket;
    r->length = GREETING;
    r->sent = 0;
    memcpy(r->text, "Hello ", GREETING);
    int here = __atomic_add_fetch(&hall->held, 1, __ATOMIC_RELEASE);
    int most = __atomic_load_n(&hall->most_held, __ATOMIC_RELAXED);
    while (here > most &&
           !__atomic_compare_exchange_n(&hall->most_held, &most, here, true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    __atomic_add_fetch(&hall->comes, 1, __ATOMIC_RELEASE);
    tell(r, "comes", 0);
}

void request_ends(struct request *r)
{
    tell(r, "leaves", 0);
    close(r->socket);
    __atomic_sub_fetch(&hall->held, 1, __ATOMIC_RELEASE);
}

static enum step refuse(struct request *r)
{
    static const char words[] = "Too long\n\n";
    r->length = sizeof words - 1;
    memcpy(r->text, words, r->length);
    tell(r, "refused", 0);
    return DONE;
}

enum step read_piece(struct request *r)
{
    size_t room = sizeof r->text - r->length;
    ssize_t n =
        recv(r->socket, r->text + r->length, room < PIECE ? room : PIECE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR ? MORE : NOT_YET;
    if (n <= 0)
        return GONE;
    /* The first of the two newlines may have come with the last piece. */
    const char *from = r->text + r->length - (r->length > GREETING);
    r->length += (size_t)n;
    __atomic_add_fetch(&hall->received, n, __ATOMIC_RELEASE);
    tell(r, "sends", (long)n);
    const char *end =
        memmem(from, (size_t)(r->text + r->length - from), "\n\n", 2);
    if (end) {
        r->length = (size_t)(end + 2 - r->text);
        return DONE;
    }
    return r->length == sizeof r->text ? refuse(r) : MORE;
}

enum step write_piece(struct request *r)
{
    size_t left = r->length - r->sent;
    ssize_t n = send(r->socket, r->text + r->sent, left < PIECE ? left : PIECE,
                     MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR ? MORE : NOT_YET;
    if (n < 0)
        return GONE;
    tell(r, "is sent", (long)n);
    r->sent += (size_t)n;
    return r->sent == r->length ? DONE : MORE;
}
