/*
 * What a judged run leaves: summary.json (schema waitbench-result/1),
 * hyperfine.json (the visits merged into hyperfine's own form), summary.md,
 * data/EXPERIMENT.csv for each chart, and the table on the terminal.
 * results/README.md has every key and column.
 *
 * A file each: summary_json.c, hyperfine_json.c, chart_data.c, summary_md.c. What is
 * written is written aside and renamed. All functions return 0 or -errno.
 */
#ifndef WAITBENCH_TABLES_H
#define WAITBENCH_TABLES_H

#include <stdio.h>

#include "analysis/findings.h"

int write_summary_json(const struct findings *findings);
int write_hyperfine_json(const struct results *results);
int write_chart_data(const struct findings *findings);

/* The tables for people: Markdown, or plain columns for a terminal. */
int write_summary_md(const struct findings *findings);
void print_summary(const struct findings *findings, FILE *stream);

#endif
