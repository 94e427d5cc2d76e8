/*
 * One fetch through libcurl, start to record. This file and async/transfers.c
 * are the only two that see libcurl; the options are set here alone, every one
 * explicitly, so that all models make the same request in the same way.
 *
 * A transfer belongs to one lane and is used again for each URL that the lane
 * draws. One thread at a time may use it.
 */
#ifndef WAITBENCH_TRANSFER_H
#define WAITBENCH_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/run.h"

struct transfer;

/* ---- For models: a fetch that blocks ------------------------------------ */

/*
 * Builds what a lane needs to fetch; opens no connection. The first call in a
 * process initialises libcurl there (so: after fork). NULL: no memory.
 */
struct transfer *transfer_open(const struct run *, uint32_t lane);

/*
 * Fetches the URL at `index`, which the lane has taken, and returns when its
 * record is final: the wait until it is due, attempts, back-off and all. Ends within moments as
 * INTERRUPTED when the run is stopped.
 */
void transfer_fetch(struct transfer *, uint64_t index);

void transfer_close(struct transfer *);

/* Initialises libcurl in this process now rather than at the first
 * transfer_open. 0 or -ENOMEM. Any thread. */
int transfer_library(void);

/* Connections that one lane keeps open between its fetches, at most: in total
 * the same for every model. */
uint32_t transfer_kept(const struct workload *);

/* Descriptors that one lane's fetches hold at most: those, and a saved body's. */
uint32_t transfer_descriptors(const struct workload *);

/* ---- For the driver ----------------------------------------------------- */

/* libcurl's version and that of its TLS library, "libcurl/7.88.1 OpenSSL/…". */
const char *transfer_version(void);

/* XXH3-64 over the name and value of every option set, as 16 hex digits. */
char *transfer_options_digest(const struct workload *, char text[static 17]);

/* Frees what libcurl keeps for the process. No transfer may be open. */
void transfer_library_close(void);

/* ---- For async/transfers.c: one attempt at a time ----------------------- */

/* Which names a connection cache (a multi handle) has been told of. */
struct transfer_names;
struct transfer_names *transfer_names_open(const struct workload *);
/* That connection cache is gone, and a new one knows none of them. */
void transfer_names_forget(struct transfer_names *);
void transfer_names_close(struct transfer_names *);

/* Like transfer_open, for a transfer that some multi handle will perform. */
struct transfer *transfer_open_easy(const struct run *, uint32_t lane, struct transfer_names *);

/* Its CURL easy handle. */
void *transfer_easy(struct transfer *);

/*
 * Readies the easy handle for `index`. False: there is nothing to attempt and
 * the record is final (its host has no address).
 */
bool transfer_begin(struct transfer *, uint64_t index);

/* Each attempt begins with it: the first when the URL is due, at once without a rate. */
void transfer_attempt(struct transfer *);

/*
 * Takes an attempt's end; `code` is its CURLcode. True: the record is final.
 * False: it is to be tried again (transfer_attempt) at *again_ns, in run_now's time.
 */
bool transfer_end(struct transfer *, int code, uint64_t *again_ns);

/* The run is stopping: the record is final, INTERRUPTED. The easy handle must
 * not be in a multi handle any more. */
void transfer_interrupt(struct transfer *);

#endif
