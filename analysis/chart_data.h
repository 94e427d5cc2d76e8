/*
 * What each chart draws: one writer a chart, of its experiment's cells, to a
 * CSV whose columns results/README.md describes. chart_data.c says which writes
 * which file; the writers of charts over whole sets of settings are in
 * chart_variants.c. A cell that is not valid gets empty figures: it cannot
 * become a point.
 */
#ifndef WAITBENCH_CHART_DATA_H
#define WAITBENCH_CHART_DATA_H

#include <stdio.h>

#include "analysis/findings.h"

void cpu_mix_csv(const struct results *, const char *name, FILE *);
void tail_csv(const struct results *, const char *name, FILE *);
void latency_csv(const struct results *, const char *name, FILE *);
void variants_csv(const struct results *, const char *name, FILE *);
void small_csv(const struct results *, const char *name, FILE *);
void resolver_csv(const struct results *, const char *name, FILE *);
void scaling_csv(const struct results *, const char *name, FILE *);
void bill_csv(const struct results *, const char *name, FILE *);
void memory_csv(const struct results *, const char *name, FILE *);

/* Needs the pairs too. */
void crossover_csv(const struct findings *, const char *name, FILE *);

/* A comma and the number with nine digits, or a comma alone where it is not known. */
void put_number(FILE *, double);

#endif
