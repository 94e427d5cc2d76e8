/* queue-or-future.h: eight jobs, by threads and processes, queue and futures.
 */
#ifndef QUEUE_OR_FUTURE_H
#define QUEUE_OR_FUTURE_H

enum { JOBS = 8 };

/* A job is a function of its number, work(job); it may run anywhere. */

/* Each does all JOBS at once and stores their results: 0, or -errno. */
int threads_with_a_queue(long (*work)(int), long result[JOBS]);
int threads_with_futures(long (*work)(int), long result[JOBS]);
int processes_with_a_queue(long (*work)(int), long result[JOBS]);
int processes_with_futures(long (*work)(int), long result[JOBS]);

/* How many lines of code each of the four takes, in this order. */
extern const int lines_of_code[4];

#endif
