/*
 * The digest of a run's work: equal work gives an equal digest in every model
 * and in every order; a body left out, doubled or swapped changes it.
 *
 * It is the sum, modulo 2^128, over all records, of XXH3-128 (seed 0) of 32
 * bytes: four little-endian uint64, namely the URL's place in the whole list
 * from 1, the HTTP status, the body's length in bytes, and the body's hash
 * (XXH3-64, seed 0). A record without a whole response (neither FETCHED nor
 * BAD_STATUS) counts with 0 for the last three. Digests of the slices of one
 * list add up to the digest of the list.
 *
 * XXH3: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
#ifndef WAITBENCH_DIGEST_H
#define WAITBENCH_DIGEST_H

#include <stdint.h>

#include "common/record.h"

struct digest {
    uint64_t low, high;
};

/* Adds one final record; `number` is its place in the whole list, from 1. */
void digest_add(struct digest *, uint64_t number, const struct record *);

/* Adds another digest, of other records. */
void digest_merge(struct digest *, const struct digest *more);

/* 32 hex digits, the high half first, and NUL. */
char *digest_text(const struct digest *, char text[static 33]);

/* --cpu-work: `passes` chained hash passes over 4 KiB, begun from `seed`. The
 * result depends on every pass, so none can be left out. */
uint64_t digest_work(uint64_t seed, uint32_t passes);

#endif
