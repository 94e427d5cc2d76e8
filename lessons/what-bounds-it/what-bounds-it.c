/*
 * what-bounds-it: what does a task spend its time with?
 *
 *   computing         user     its own instructions
 *                     system   the kernel's, on its behalf
 *   not computing     ready    it could, but another one has the processor
 *                     waiting  it could not, even with one to itself
 *
 * Bound by the processor: a faster one helps, a second one may. Bound by
 * input and output: neither does, but something else can run meanwhile.
 */
#include "lessons/what-bounds-it/what-bounds-it.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- said to be bound by the processor --------------------------------- */

int arithmetic(struct material *m)
{
    unsigned long x = 1;
    for (int i = 0; i < 10000000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    m->result = (long)(x >> 1);
    return 0;
}

static int by_size(const void *one, const void *other)
{
    long a = *(const long *)one, b = *(const long *)other;
    return (a > b) - (a < b);
}

int sorting(struct material *m)
{
    memcpy(m->sorted, m->numbers, NUMBERS * sizeof *m->sorted);
    qsort(m->sorted, NUMBERS, sizeof *m->sorted, by_size);
    m->result = 0; /* how many stand in their order: all but the first */
    for (int i = 1; i < NUMBERS; i++)
        m->result += m->sorted[i - 1] <= m->sorted[i];
    return 0;
}

int searching(struct material *m)
{
    m->result = 0; /* how many were found: all of them */
    for (int i = 0; i < NUMBERS; i++)
        m->result += bsearch(&m->numbers[i], m->sorted, NUMBERS,
                             sizeof *m->sorted, by_size) != NULL;
    return 0;
}

/* Each point becomes the mean of the nine around it. */
int image_filter(struct material *m)
{
    m->result = 0; /* how many points were done */
    for (int y = 1; y + 1 < SIDE; y++)
        for (int x = 1; x + 1 < SIDE; x++) {
            int sum = 0;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    sum += m->image[(y + dy) * SIDE + x + dx];
            m->blurred[y * SIDE + x] = (unsigned char)(sum / 9);
            m->result++;
        }
    return 0;
}

/* --- said to be bound by input and output ------------------------------ */

/* sync: 1 MiB at a time down to the disk, as a careful program does. */
static int copy(struct material *m, int sync)
{
    static char block[65536];
    m->result = 0; /* how many bytes were copied */
    for (off_t at = 0; at < COPY_BYTES; at += (off_t)sizeof block) {
        ssize_t got = pread(m->from, block, sizeof block, at);
        if (got < 0 || pwrite(m->to, block, (size_t)got, at) != got)
            return errno ? -errno : -EIO;
        m->result += got;
        if (sync && m->result % (1 << 20) == 0 && fdatasync(m->to) != 0)
            return -errno;
    }
    return 0;
}

int copy_cached(struct material *m)
{
    return copy(m, 0);
}

int copy_synced(struct material *m)
{
    return copy(m, 1);
}

/* A server next door that takes 100 ms to answer. */
int http_answer(struct material *m)
{
    static const char question[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[256];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)m->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int failed = 0, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    m->result = 0; /* how many bytes came */
    if (server < 0)
        return -errno;
    if (connect(server, (struct sockaddr *)&at, sizeof at) != 0 ||
        send(server, question, sizeof question - 1, MSG_NOSIGNAL) < 0)
        failed = -errno;
    for (ssize_t got = 1; got > 0 && !failed; m->result += got) {
        got = recv(server, answer, sizeof answer, 0);
        if (got < 0)
            failed = -errno;
    }
    close(server);
    return failed;
}

/* A database in a file next door, which is not remote at all. */
int database_query(struct material *m)
{
    return m->query(&m->result);
}
