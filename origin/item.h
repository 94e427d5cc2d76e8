/*
 * An item: what the origin sends for /item/K?OPTIONS, and when.
 *
 * All of it is a pure function of the URL, so that every client meets the same
 * server. docs/origin.md describes the options for users.
 */
#ifndef WAITBENCH_ORIGIN_ITEM_H
#define WAITBENCH_ORIGIN_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "origin/request.h"

#define ITEM_DELAY_MAX_NS UINT64_C(3600000000000) /* one hour */
#define ITEM_SIZE_MAX     (UINT64_C(64) << 30)    /* bytes: ten digits number every line */

enum {
    ITEM_LINE = 32,    /* bytes of one line of a body */
    ITEM_REASON = 160, /* bytes a refusal's text may take, its end included */
};

/* What goes wrong with an answer on purpose. */
enum fault {
    FAULT_NONE,
    FAULT_RESET,    /* the connection is reset instead of answered */
    FAULT_TRUNCATE, /* half the body, then the connection is closed */
    FAULT_STALL,    /* half the body, then nothing more */
    FAULT_DRIP,     /* the body byte by byte, one each pace_ns */
    FAULT_GARBAGE,  /* bytes that are not HTTP, then the connection is closed */
};

struct item {
    uint64_t number;   /* K */
    uint64_t size;     /* bytes of the body; 0 where the status allows none */
    uint64_t delay_ns; /* from the request head's last byte to the answer's first */
    uint64_t pace_ns;  /* of FAULT_DRIP */
    uint16_t status;
    enum fault fault;
    bool chunked; /* in chunked transfer coding */
    bool close;   /* the connection is closed behind it */
};

/*
 * Reads K and the options from the two parts of the target: what follows
 * "/item/", and what follows "?" (start NULL if there is none), both as they
 * came, percent-encoded. Returns 0, or -EINVAL with a sentence in `reason` that
 * names what is wrong.
 */
int item_read(struct slice number, struct slice query, struct item *item,
              char reason[static ITEM_REASON]);

/*
 * Writes bytes [offset, offset + length) of item `number`'s body. A body is
 * lines of 32 bytes: K in 20 digits, a blank, the line's number from 0 in 10
 * digits, a line feed; its last line is cut at the body's size.
 */
void item_body(uint64_t number, uint64_t offset, char *buffer, size_t length);

#endif
