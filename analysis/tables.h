/*
 * What a judged run leaves: summary.json (schema waitbench-result/1),
 * hyperfine.json (the visits merged into hyperfine's own form), summary.md,
 * data/EXPERIMENT.csv for each chart, and the table on the terminal.
 * results/README.md has every key and column.
 *
 * Each file is written aside and renamed. All functions return 0 or -errno.
 */
#ifndef WAITBENCH_TABLES_H
#define WAITBENCH_TABLES_H

#include <stdio.h>

#include "analysis/evidence.h"

/* What the statistics of a run come to, gathered once and written several times. */
struct findings {
    const struct results *results;
    struct noise_floor noise;
    struct pair *pairs; /* of all experiments; owned */
    size_t pair_count;
    json_t *experiments; /* owned: one object an experiment, in the plan's order */
};

int findings_gather(struct findings *findings, const struct results *results);
void findings_free(struct findings *findings);

/* One sentence on a pair, such as "threads is 1.32 times as fast as processes (1.28 to 1.40)". */
char *pair_sentence(const struct pair *pair, struct noise_floor noise, char *buffer, size_t size);

int write_summary_json(const struct findings *findings);
int write_hyperfine_json(const struct results *results);
int write_chart_data(const struct findings *findings);

/* The tables for people: Markdown, or plain columns for a terminal. */
int write_summary_md(const struct findings *findings);
void print_summary(const struct findings *findings, FILE *stream);

#endif
