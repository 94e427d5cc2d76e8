/* ipc-cost.h: a message to somebody else, and the answer. */
#ifndef IPC_COST_H
#define IPC_COST_H

#include <stddef.h>
#include <stdint.h>

enum { WORDS_MOST = 2 * 1024 * 1024 }; /* of 8 bytes: 16 MiB */

enum way { PIPE, SOCKET, SERIALISED, SHARED, THREAD, WAYS };

/* What both sides of a conversation know. */
struct channel {
    enum way way;
    int out[2], back[2]; /* descriptors, from here and to here */
    struct desk *desk;   /* shared memory, or the threads' own */
    uint64_t *buffer;    /* the other side's, for WORDS_MOST words */
    char *text;          /* for SERIALISED: room for a message as text */
};

/* One message at a time lies on it. turn is a futex. */
struct desk {
    uint32_t turn; /* 0: nobody's, 1: the other side's to read */
    size_t words;
    uint64_t sum;
    const uint64_t *message; /* for THREAD: where it lies */
    uint64_t copy[];         /* for SHARED: the message itself */
};

/* Sends a message, waits for the answer: the sum of its words. */
int ask(struct channel *, const uint64_t *message, size_t words, uint64_t *sum);

/* The other side: answers until a message of no words comes. 0 or -errno. */
int answer_all(struct channel *);

#endif
