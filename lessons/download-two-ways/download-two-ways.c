/*
 * download-two-ways: many sockets are open, a file comes from each, in pieces.
 *
 *   select loop   wait for any of them; look which; read 1,024 bytes of it;
 *                 and so on, until all have ended: all files in one function
 *   coroutines    await mine; read 1,024 bytes of it; and so on, until it has
 *                 ended: one file in one function, which is there many times
 *
 * Both wait once for all sockets, in one thread, and make the same calls.
 */
#include "lessons/download-two-ways/download-two-ways.h"

#include <errno.h>
#include <sys/select.h>
#include <unistd.h>

#include "async/loop.h"

struct calls calls;

/* --- what both do ------------------------------------------------------ */

static int keep(const struct download *d, const char *chunk, ssize_t length)
{
    while (length > 0) {
        ssize_t written = write(d->file, chunk, (size_t)length);
        calls.writes++;
        if (written < 0 && errno != EINTR)
            return -errno;
        chunk += written > 0 ? written : 0;
        length -= written > 0 ? written : 0;
    }
    return 0;
}

/* One piece: 1 if there may be more, 0 at the end, or -errno. */
static int read_piece(const struct download *d)
{
    char chunk[CHUNK];
    ssize_t length = read(d->socket, chunk, sizeof chunk);
    calls.reads++;
    if (length < 0)
        return errno == EINTR ? 1 : -errno;
    int failed = keep(d, chunk, length);
    return failed ? failed : length > 0;
}

static void end(struct download *d)
{
    close(d->socket);
    d->socket = -1;
}

/* --- a select loop ----------------------------------------------------- */

int by_select_loop(struct download *all, int count)
{
    int open = count;
    while (open > 0) {
        fd_set readable;
        int highest = -1;
        FD_ZERO(&readable);
        for (int i = 0; i < count; i++) {
            if (all[i].socket < 0)
                continue;
            FD_SET(all[i].socket, &readable);
            if (all[i].socket > highest)
                highest = all[i].socket;
        }
        calls.waits++;
        int ready = select(highest + 1, &readable, NULL, NULL, NULL);
        if (ready < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; ready > 0 && i < count; i++) {
            if (all[i].socket < 0 || !FD_ISSET(all[i].socket, &readable))
                continue;
            ready--;
            int more = read_piece(&all[i]);
            if (more < 0)
                return more;
            if (more == 0) {
                end(&all[i]);
                open--;
            }
        }
    }
    return 0;
}

/* --- coroutines -------------------------------------------------------- */

static struct {
    struct loop *loop;
    int open, failed;
} now;

static void resume(void *data, int fd, unsigned events)
{
    (void)fd, (void)events;
    coroutine_resume(data, 0);
}

/* Where the loop cannot watch, nothing is awaited: the read itself waits. */
static bool readable(struct download *self)
{
    return loop_watch(now.loop, self->socket, LOOP_READ, resume, self) == 0;
}

static bool download(struct coroutine *co)
{
    struct download *self = (struct download *)co;
    CO_BEGIN(co);
    do {
        CO_AWAIT(co, readable(self));
        self->more = read_piece(self);
    } while (self->more > 0);
    loop_forget(now.loop, self->socket);
    end(self);
    now.open--;
    now.failed = self->more < 0 ? self->more : now.failed;
    CO_END(co);
}

/* --- who runs them ----------------------------------------------------- */

static void count_wait(void *data, int begins)
{
    (void)data;
    calls.waits += begins;
}

int by_coroutines(struct download *all, int count,
                  const struct loop_backend *backend)
{
    int failed = loop_open(&now.loop, backend);
    if (failed)
        return failed;
    loop_on_wait(now.loop, count_wait, NULL);
    now.open = count;
    now.failed = 0;
    for (int i = 0; i < count; i++) {
        all[i].coroutine = (struct coroutine){.step = download};
        coroutine_resume(&all[i].coroutine, 0);
    }
    while (!failed && !now.failed && now.open > 0)
        failed = loop_once(now.loop);
    loop_close(now.loop);
    return failed ? failed : now.failed;
}
