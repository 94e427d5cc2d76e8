/*
 * Findings in words, as summary.json and the tables have them. Lane names are taken as
 * they stand; one that ends in s is a plural ("threads take", "async takes").
 *
 * Each function writes one line without a newline into buffer, cut off where it has no
 * room, and returns buffer. Single-threaded.
 */
#ifndef WAITBENCH_WORDS_H
#define WAITBENCH_WORDS_H

#include "analysis/trends.h"

/* Adds to a line of text, as far as it has room. */
__attribute__((format(printf, 3, 4))) void append(char *buffer, size_t size, const char *format,
                                                  ...);

/* "threads take 1.32 times as long as async (1.28 to 1.40; p = 0.0059)", and what else a
 * verdict can be. The slower lane is named first; where the axis has values, where it is. */
char *pair_sentence(const struct pair *pair, char *buffer, size_t size);

/* A pair's verdict in the words of summary.json: "faster", "no difference seen", … */
const char *verdict_words(enum pair_verdict verdict);

/* "async and threads: at concurrency 1 to 64 no difference seen, at 256 async is faster". */
char *crossover_sentence(const struct crossover *crossover, char *buffer, size_t size);

/* "threads: 66.1 µs of processor time for each further URL (65.2 to 67 µs; …)". */
char *slope_sentence(const struct slope *slope, char *buffer, size_t size);

/* "async: 99 % of the small bodies took at most 7.1 ms at variant 1KiB (the slowest 9.2 ms), 130 ms
 * at 64MiB (…)": over all values of the axis of a lane's first cell. Empty where no visit of it
 * kept its records. */
char *small_sentence(const struct results *results, const struct cell *lane, char *buffer,
                     size_t size);

/* "async: the meter saw up to 1 thread in 1 process with addresses, 9 in 1 with names (each)", of a
 * metered lane over all values of its axis; a task that ended between two looks is not in it. Empty
 * where nothing was metered. */
char *tasks_sentence(const struct results *results, const struct cell *lane, char *buffer,
                     size_t size);

/*
 * What an experiment found, the answer first: which lane is fastest, from which no
 * difference was seen, how much longer the others take, and how sure that is. Along an
 * axis that is said of the first and the last value at which lanes were compared; of
 * builds, which lanes the base differs in. pairs are those of the experiment.
 */
char *answer(const struct results *results, const char *experiment, const struct pair *pairs,
             size_t count, char *buffer, size_t size);

#endif
