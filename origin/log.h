/*
 * The access log, in the combined format of Apache and nginx:
 *
 *   ADDRESS - - [TIME] "METHOD TARGET HTTP/1.x" STATUS BYTES "REFERER" "USER-AGENT"
 *
 * STATUS is 000 where no status line was sent, BYTES are of the body. What a
 * client sent is escaped, so that no client can forge a line. Lines are
 * buffered; whole lines of several threads never mix. A pipe whose reader
 * stalls holds nobody up: lines that no longer fit are left out and counted.
 */
#ifndef WAITBENCH_ORIGIN_LOG_H
#define WAITBENCH_ORIGIN_LOG_H

#include <stdint.h>

#include "origin/request.h"

struct access_log;

/* Opens the file for appending; "-" is standard output. -errno if it cannot be: -ENXIO is a pipe
 * that nobody reads. */
int log_open(struct access_log **log, const char *path);

/* What a line needs of a request (NULL: none could be read) from the peer of
 * `fd`, kept until its answer has ended; NULL if there is no memory. */
char *log_remember(int fd, const struct request *request);

/* Writes the line and frees what was remembered: NULL is a line that there was no memory for, which
 * is an error at the end. */
void log_write(struct access_log *log, char *remembered, unsigned status, uint64_t bytes);

void log_flush(struct access_log *log);

/* Flushes and closes; *lost is how many lines the reader left no room for. 0, or -errno if others
 * could not be written. */
int log_close(struct access_log *log, uint64_t *lost);

#endif
