/* Proves each cell of a run and writes what follows from it. */
#ifndef WAITBENCH_JUDGE_H
#define WAITBENCH_JUDGE_H

/* `benchstat judge RESULTS`; returns an exit status. */
int judge_main(int argc, char **argv);

#endif
