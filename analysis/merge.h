/*
 * Joins the results of several machines that shared one list (--slice=K/M) into the
 * result of the whole list.
 *
 * Added up: fetches, bytes, workers, concurrency, connections, processor time, switches,
 * faults, errors, and the digest modulo 2^128, which is therefore that of one run over
 * the whole list. Of times the longest stands: as if all gates had opened at once, since
 * clocks of several machines do not say more. Unknown (null) become what no sum gives:
 * percentiles and the peak in flight.
 */
#ifndef WAITBENCH_MERGE_H
#define WAITBENCH_MERGE_H

/* `benchstat merge RUN.json...`; returns an exit status. */
int merge_main(int argc, char **argv);

#endif
