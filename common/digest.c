#include "common/digest.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

void digest_add(struct digest *digest, uint64_t number, const struct record *record)
{
    bool whole = record->outcome == FETCHED || record->outcome == BAD_STATUS;
    const uint64_t fields[4] = {
        htole64(number),
        htole64(whole ? record->status : 0),
        htole64(whole ? record->body_bytes : 0),
        htole64(whole ? record->body_hash : 0),
    };
    XXH128_hash_t hash = XXH3_128bits(fields, sizeof fields);
    digest_merge(digest, &(struct digest){.low = hash.low64, .high = hash.high64});
}

void digest_merge(struct digest *digest, const struct digest *more)
{
    digest->low += more->low;
    digest->high += more->high + (digest->low < more->low); /* the carry */
}

char *digest_text(const struct digest *digest, char text[static 33])
{
    snprintf(text, 33, "%016" PRIx64 "%016" PRIx64, digest->high, digest->low);
    return text;
}

uint64_t digest_work(uint64_t seed, uint32_t passes)
{
    uint64_t block[4096 / sizeof(uint64_t)];
    for (uint64_t i = 0; i < sizeof block / sizeof *block; i++)
        block[i] = htole64(i);
    for (uint32_t i = 0; i < passes; i++)
        seed = XXH3_64bits_withSeed(block, sizeof block, seed);
    return seed;
}
