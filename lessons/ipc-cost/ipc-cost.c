/*
 * ipc-cost: a message goes to somebody else, who adds up its words.
 *
 *   pipe, socket    copied into the kernel, copied out again; two switches
 *   serialised      the same, written out as text and read in again
 *   shared memory   copied once, into memory that both see; two switches
 *   threads         not copied at all: only its address is handed over
 *
 * The two switches are there in all of them. What grows with the message is
 * the copying.
 */
#include "lessons/ipc-cost/ipc-cost.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t sum_of(const uint64_t *message, size_t words)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < words; i++)
        sum += message[i];
    return sum;
}

/* --- bytes through a descriptor ---------------------------------------- */

static int write_all(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EPIPE;
        at += put;
        size -= (size_t)put;
    }
    return 0;
}

static int read_all(int fd, void *bytes, size_t size)
{
    for (char *at = bytes; size > 0;) {
        ssize_t got = read(fd, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EPIPE;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

/* --- as text ----------------------------------------------------------- */

static size_t write_text(char *text, const uint64_t *message, size_t words)
{
    char *at = text;
    for (size_t i = 0; i < words; i++)
        at += sprintf(at, "%" PRIu64 " ", message[i]);
    return (size_t)(at - text);
}

static void read_text(uint64_t *message, char *text, size_t words)
{
    for (size_t i = 0; i < words; i++)
        message[i] = strtoull(text, &text, 10);
}

/* --- a desk that both sides see ---------------------------------------- */

static void wait_until_turn_is(struct desk *d, uint32_t wanted)
{
    uint32_t turn;
    while ((turn = __atomic_load_n(&d->turn, __ATOMIC_ACQUIRE)) != wanted)
        syscall(SYS_futex, &d->turn, FUTEX_WAIT, turn, NULL, NULL, 0);
}

static void give_turn(struct desk *d, uint32_t turn)
{
    __atomic_store_n(&d->turn, turn, __ATOMIC_RELEASE);
    syscall(SYS_futex, &d->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* --- this side --------------------------------------------------------- */

static int ask_over_desk(struct channel *c, const uint64_t *message,
                         size_t words, uint64_t *sum)
{
    c->desk->words = words;
    if (c->way == THREAD)
        c->desk->message = message; /* no copy: the memory is the same */
    else
        memcpy(c->desk->copy, message, words * sizeof *message);
    give_turn(c->desk, 1);
    wait_until_turn_is(c->desk, 0);
    *sum = c->desk->sum;
    return 0;
}

int ask(struct channel *c, const uint64_t *message, size_t words, uint64_t *sum)
{
    if (c->desk)
        return ask_over_desk(c, message, words, sum);
    const void *bytes = message;
    size_t head[2] = {words, words * sizeof *message};
    if (c->way == SERIALISED) {
        head[1] = write_text(c->text, message, words);
        bytes = c->text;
    }
    int failed = write_all(c->out[1], head, sizeof head);
    if (!failed)
        failed = write_all(c->out[1], bytes, head[1]);
    if (!failed)
        failed = read_all(c->back[0], sum, sizeof *sum);
    return failed;
}

/* --- the other side ---------------------------------------------------- */

static int answer_over_desk(struct channel *c)
{
    struct desk *d = c->desk;
    for (size_t words = 1; words > 0;) {
        wait_until_turn_is(d, 1);
        words = d->words;
        d->sum = sum_of(c->way == THREAD ? d->message : d->copy, words);
        give_turn(d, 0);
    }
    return 0;
}

int answer_all(struct channel *c)
{
    int failed = 0;
    if (c->desk)
        return answer_over_desk(c);
    for (size_t words = 1; words > 0 && !failed;) {
        size_t head[2] = {0, 0};
        failed = read_all(c->out[0], head, sizeof head);
        words = head[0];
        void *into = c->way == SERIALISED ? (void *)c->text : c->buffer;
        if (!failed)
            failed = read_all(c->out[0], into, head[1]);
        if (!failed && c->way == SERIALISED) {
            c->text[head[1]] = '\0';
            read_text(c->buffer, c->text, words);
        }
        uint64_t sum = sum_of(c->buffer, words);
        if (!failed)
            failed = write_all(c->back[1], &sum, sizeof sum);
    }
    return failed;
}
