/*
 * Memory that nothing can be said without. A reason, a figure or an argument that there was no
 * room for would be missing from what is written, and nobody the wiser: so where there is none the
 * program says so and ends with status 3. What was being written is still aside.
 *
 * For benchstat's own process, which holds nothing that an exit would leave behind.
 * Single-threaded.
 */
#ifndef WAITBENCH_NEEDED_H
#define WAITBENCH_NEEDED_H

#include <argp.h>
#include <stdarg.h>
#include <stddef.h>

/* count elements of so many bytes, all zero; for the caller to free. Neither is 0. */
__attribute__((returns_nonnull)) void *needed(size_t count, size_t size);

/* A text, for the caller to free. */
__attribute__((returns_nonnull, format(printf, 1, 2))) char *needed_text(const char *format, ...);

__attribute__((returns_nonnull, format(printf, 1, 0))) char *needed_vtext(const char *format,
                                                                          va_list arguments);

/* text with every name in it replaced by its value, once; for the caller to free. */
__attribute__((returns_nonnull)) char *needed_replaced(const char *text, const char *name,
                                                       const char *value);

/* Reads a command line, into what parser takes for its input. */
void needed_arguments(const struct argp *parser, int argc, char **argv, void *input);

/* Where errno says that something failed for want of memory. Else it does nothing: a file that is
 * not there may be missing, one that there was no room to read is not. */
void needed_memory(void);

/* From now on jansson takes its memory so, too. */
void needed_by_json(void);

#endif
