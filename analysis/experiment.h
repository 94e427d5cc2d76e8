/*
 * An experiment is data: scripts/experiments/NAME.json says which lanes are
 * compared, over which axis, with which settings of the models and the origin,
 * in which rounds of each profile. results/README.md has every key.
 *
 * Reading is strict. An unknown key, a wrong type or a value out of range
 * fails with one line that names file and key and says what would be right,
 * since a misspelt setting that is passed over would measure something else.
 *
 * Single-threaded; nothing here is called while anything is measured.
 */
#ifndef WAITBENCH_EXPERIMENT_H
#define WAITBENCH_EXPERIMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What went wrong, as one line without a newline. */
struct problem {
    char text[640];
};

/* Writes file, key (NULL for none) and the sentence into problem; returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int say_problem(struct problem *problem, const char *file,
                                                      const char *key, const char *format, ...);

/* Puts a question mark in place of each control character: what others wrote comes to terminals and
 * into tables, where it must be neither a command nor a line more. */
void tame(char *text);

/* The charts that an experiment may name: chart_data.c writes what each draws, and scripts/peers
 * its own. */
#define CHARTS                                                                                   \
    "total-time|time-by-count|rate-by-concurrency|loop-backends|timeline|cpu-mix|tail|latency|"  \
    "crossover|big-bodies|many-hosts|quota|memory-limit|far|memory-per-worker|resolver-threads|" \
    "scaling|peers"

enum placement { APART, TOGETHER };

enum axis {
    NO_AXIS,
    BY_COUNT,
    BY_CONCURRENCY,
    BY_DELAY,
    BY_SIZE,
    BY_CPU_WORK,
    BY_VARIANT /* whole sets of settings, each under a name of its own */
};

/* What the models are told, and what the origin is told. Strings are borrowed
 * from the experiment's JSON; NULL and -1 stand for "not said". */
struct settings {
    int64_t count, concurrency, retries, cpu_work;
    int64_t count_each; /* count is this times the concurrency */
    const char *timeout, *dispatch, *resolve;
    bool keep_alive;
    const char *size, *delay, *jitter, *dist, *fault;
    int64_t status, every;
    const char *slow, *big; /* delay and size of every `every`-th item */
    /* The open loop: URLs fall due at rate_share of a rate that this run measured, the lane's
     * own or that of the slowest lane, in the cells of the variant rate_from. 0: closed. */
    double rate_share;
    const char *rate_of, *rate_from, *arrivals;
    /* Several hosts: loopback addresses that the items are spread over, or -1. */
    int64_t hosts;
    bool records; /* what became of each fetch is kept as CSV */
    bool save;    /* bodies are kept on disk, and removed after the visit */
    /* What the client is kept within, NULL or 0 where it is not. */
    double quota; /* processors */
    bool names;   /* hosts by name, from a file of the run's own in place of /etc/hosts */
    const char *memory, *network;
};

struct lane {
    const char *name, *model;
    const char *again;   /* the lane that this one repeats (A/A), or NULL */
    const char *against; /* the lane that this one is another build or setting of, or NULL */
    json_t *options;     /* further options of the model, an array of strings, or NULL */
    /* Another tool that does the same job: its command line instead of a model's, else NULL. */
    json_t *peer;
    int64_t concurrency;    /* what it does at one time, or -1: as the experiment says */
    double start_s, each_s; /* what it is expected to cost, for the plan only */
    int64_t processes;      /* likewise: how many a peer starts for each URL */
    json_t *at;             /* the values of the axis that it is measured at, or NULL: all */
    int64_t most;           /* in flight that it can hold at all: no cells beyond; or -1 */
};

struct experiment {
    json_t *json; /* owner of every string below */
    const char *name, *question, *chart;
    bool traced;  /* one traced visit a lane, never timed */
    bool metered; /* memory is measured, by the meter; nothing is timed */
    bool peers;   /* some lane is a peer: all lanes are compared by the whole command's time */
    enum placement placement;
    enum axis axis;
    struct lane *lanes;
    size_t lane_count;
    /* Of the chosen profile. */
    int rounds;
    double longest_s; /* a cell predicted to take longer is drawn as a prediction only */
    struct settings settings;
    /* Of the axis: numbers, or strings for delay, size and variant; NULL without axis. */
    json_t *values;
    json_t *variants; /* name to {"fixed", "origin", "client"}; checked when read */
    /* The fastest client seen: which of wrk and h2load are run, and for how long. */
    bool wrk, h2load;
    double ceiling_s;
};

/*
 * Reads file for one profile (quick, talk or full). Returns 0, or -EINVAL with
 * the problem worded. An experiment that does not name the profile
 * is left with rounds 0. experiment_close frees what was read, also after an
 * error.
 */
int experiment_open(struct experiment *experiment, const char *file, const char *profile,
                    struct problem *problem);
void experiment_close(struct experiment *experiment);

/* Whether a lane is measured at a value of the axis. */
bool lane_is_at(const struct lane *lane, const json_t *value);

/* The settings at the axis's i-th value, and that value as text: the experiment's own, or a number
 * in the buffer. */
struct settings experiment_at(const struct experiment *experiment, size_t i);
const char *experiment_value(const struct experiment *experiment, size_t i, char buffer[static 32]);
size_t experiment_values(const struct experiment *experiment); /* 1 without an axis */

const char *axis_name(enum axis axis); /* "count", …; "none" */
const char *placement_name(enum placement placement);

#endif
