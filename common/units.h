/*
 * Durations, sizes and counts as people write them.
 *
 *   duration  DIGITS[.DIGITS] and one of ns us ms s min h; a plain 0 needs no unit
 *   size      DIGITS[.DIGITS] and one of B KiB MiB GiB; without a unit it is bytes
 *   count     DIGITS
 *
 * Reading is strict: the whole text must be used, no blank, no sign, no unit
 * in another case. A fraction is read in integers and has to come out whole
 * (1.5KiB is 1536 bytes, 0.1KiB is nothing), so that what was read is exactly
 * what was written. Every function may be called by any thread at any time.
 */
#ifndef WAITBENCH_UNITS_H
#define WAITBENCH_UNITS_H

#include <stdint.h>

/* Each returns 0 and sets the result, or leaves it alone and returns -EINVAL
 * (malformed) or -ERANGE (more than 64 bits hold). */
int parse_duration(const char *text, uint64_t *ns);
int parse_size(const char *text, uint64_t *bytes);
int parse_count(const char *text, uint64_t *count);

/* Each fills the caller's buffer and returns it. The text is exact: read back
 * it gives the same value. 1500000000 is "1.5s", 1024 is "1KiB", 1500 "1500B". */
char *format_duration(char buffer[static 24], uint64_t ns);
char *format_size(char buffer[static 24], uint64_t bytes);

#endif
