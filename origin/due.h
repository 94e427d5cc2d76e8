/*
 * What is due when: a binary heap of points in time, the earliest on top.
 *
 * libevent's own timers count from a time that it read before the callbacks
 * of a turn, in microseconds; an answer has to leave at a nanosecond that was
 * fixed when its request came, and never before it.
 *
 * An entry is embedded in what waits; entry->place says where in the heap it
 * stands, so that taking it out early needs no search. One thread a queue.
 */
#ifndef WAITBENCH_ORIGIN_DUE_H
#define WAITBENCH_ORIGIN_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: in no queue. */
struct due {
    size_t place; /* 1 is the top; 0 is nowhere */
};

struct due_slot {
    uint64_t at_ns;
    struct due *entry;
};

/* All zero: an empty queue. */
struct due_queue {
    struct due_slot *slots;
    size_t count, room;
};

/* Makes room for so many entries. 0 or -ENOMEM. */
int due_reserve(struct due_queue *queue, size_t entries);

/* Room has been reserved, and the entry is in no queue. */
void due_add(struct due_queue *queue, struct due *entry, uint64_t at_ns);

/* Takes it out, wherever it stands; harmless if it is in no queue. */
void due_remove(struct due_queue *queue, struct due *entry);

/* When the earliest is due; UINT64_MAX if nothing is. */
static inline uint64_t due_next(const struct due_queue *queue)
{
    return queue->count ? queue->slots[0].at_ns : UINT64_MAX;
}

/* The earliest, which stays where it is; NULL if there is none. */
static inline struct due *due_top(const struct due_queue *queue)
{
    return queue->count ? queue->slots[0].entry : NULL;
}

void due_free(struct due_queue *queue);

#endif
