#include "origin/due.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int due_reserve(struct due_queue *queue, size_t entries)
{
    if (entries <= queue->room)
        return 0;
    size_t room = queue->room ? queue->room : 64;
    while (room < entries)
        room *= 2;
    struct due_slot *slots = reallocarray(queue->slots, room, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    queue->slots = slots;
    queue->room = room;
    return 0;
}

static void put(struct due_queue *queue, size_t index, struct due_slot slot)
{
    queue->slots[index] = slot;
    slot.entry->place = index + 1;
}

/* Fills the hole at `index` with the slot, or with a parent that is later. */
static void sift_up(struct due_queue *queue, size_t index, struct due_slot slot)
{
    while (index) {
        size_t parent = (index - 1) / 2;
        if (queue->slots[parent].at_ns <= slot.at_ns)
            break;
        put(queue, index, queue->slots[parent]);
        index = parent;
    }
    put(queue, index, slot);
}

/* Fills the hole at `index` with the slot, or with a child that is earlier. */
static void sift_down(struct due_queue *queue, size_t index, struct due_slot slot)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= queue->count)
            break;
        if (child + 1 < queue->count && queue->slots[child + 1].at_ns < queue->slots[child].at_ns)
            child++;
        if (slot.at_ns <= queue->slots[child].at_ns)
            break;
        put(queue, index, queue->slots[child]);
        index = child;
    }
    put(queue, index, slot);
}

void due_add(struct due_queue *queue, struct due *entry, uint64_t at_ns)
{
    assert(queue->count < queue->room && !entry->place);
    sift_up(queue, queue->count++, (struct due_slot){at_ns, entry});
}

void due_remove(struct due_queue *queue, struct due *entry)
{
    if (!entry->place)
        return;
    size_t hole = entry->place - 1;
    entry->place = 0;
    struct due_slot last = queue->slots[--queue->count];
    if (hole == queue->count)
        return;
    if (hole && last.at_ns < queue->slots[(hole - 1) / 2].at_ns)
        sift_up(queue, hole, last);
    else
        sift_down(queue, hole, last);
}

void due_free(struct due_queue *queue)
{
    free(queue->slots);
    *queue = (struct due_queue){0};
}
