/*
 * The ledger: what each visit did, and whether it proves what was planned.
 *
 * A visit is read from its own files (plan line, visit.json, run.json,
 * hyperfine.json) into plain figures; then every rule that it breaks is worded
 * as one sentence. A cell with one broken visit is invalid: it is shown as such
 * with its reason, and never becomes a point. The rules are those of
 * docs/method.md.
 *
 * ledger.c and small.c read, prove.c holds one visit to its rules, agree.c all of them to each
 * other's. Only visit_read_small reads a file. Single-threaded.
 */
#ifndef WAITBENCH_LEDGER_H
#define WAITBENCH_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What one visit's files say. A figure that is not known is NAN. */
struct visit_seen {
    /* Borrowed; NULL where the file is not there. */
    json_t *plan, *visit, *run, *hyperfine, *meter;
    const char *output; /* a load generator's standard output, or NULL */
    json_t *reasons;    /* owned: an array of sentences, empty for a visit that stands */
    const char *work, *cell, *experiment; /* of the plan: equal work, the cell, its experiment */

    int number, round;
    double planned_count, planned_concurrency, delay_s, shortest_delay_s;
    double wall_s, user_s, system_s, exit_status; /* hyperfine's */
    double run_cpu_s; /* the run's own, workers' included: from before they are made to their end */
    double spawn_s, makespan_s, ok, failed, retried, bytes, connections, peak;
    double rate;     /* fetches a second from the gate to the last record; a load generator's own */
    double first_ms; /* when the first result was there */
    /* Of the small bodies, where the visit kept its records, from being taken to their end; p99
     * of a thousand or more. */
    double small_p50_ms, small_p99_ms, small_max_ms;
    double switches_voluntary, switches_involuntary;
    const char *digest;
    /* The origin's. */
    double served, asked, origin_connections, open_peak, open, in_flight_peak, body_bytes;
    double origin_span_s, origin_cpu_s, in_flight_mean;
    double other_cpu_s, steal_s, verify_s;
    bool origin_known;
};

/*
 * Reads what there is into seen (which it overwrites, but for the borrowed
 * files and number and round). seen->reasons becomes a new empty array.
 */
void visit_read(struct visit_seen *seen);

/* Reads the small bodies' latencies from the visit's records.csv, NAN where there is none. A body
 * is small that is not one of the origin's big ones. Call it after visit_read. */
void visit_read_small(struct visit_seen *seen, const char *path);

/*
 * Adds to seen->reasons every rule of one visit that it breaks: work done,
 * concurrency, connections, what is timed, physics, leftovers.
 */
void visit_prove(struct visit_seen *seen);

/* Adds a sentence to an array, as long as it is: one that was cut within a character would be no
 * JSON, and missing. What it is made of is UTF-8. */
__attribute__((format(printf, 2, 3))) void add_sentence(json_t *list, const char *format, ...);

/* Adds the sentence of one broken rule to seen->reasons. */
__attribute__((format(printf, 2, 3))) void visit_broken(struct visit_seen *seen, const char *format,
                                                        ...);

/*
 * Rules that hold between the visits of one workload and one setting of
 * libcurl: equal digests, equal options, one libcurl. visits are all of a run.
 * Returns a new array of notes: what could not be judged, and why.
 */
json_t *visits_agree(struct visit_seen **visits, size_t count);

/* In which regime rule 2 was judged: whether the delay is at least five times
 * what the slower side needs for min(C, N) requests. False where unknown. */
bool visit_waits(const struct visit_seen *seen);

/* What bounded the visit: "origin", "client", "latency", or "unknown". */
const char *visit_bound(const struct visit_seen *seen);

/* CPU shares of a processor during the visit, NAN where unknown. */
double visit_client_share(const struct visit_seen *seen);
double visit_origin_share(const struct visit_seen *seen);

/* The ideal: ⌈N/C⌉·T. NAN without an origin or without a delay. */
double visit_ideal_s(const struct visit_seen *seen);

/* A number at a path such as "time.makespan_s"; NAN where there is none. */
double json_number_at(const json_t *root, const char *path);

/* A string likewise, borrowed; NULL where there is none. */
const char *json_string_at(const json_t *root, const char *path);

/* A number as JSON; null for NAN. */
json_t *json_known(double value);

#endif
