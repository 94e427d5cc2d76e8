/* Whether two processors are two: work done by two busy processes at one time. */
#ifndef WAITBENCH_PROCESSORS_H
#define WAITBENCH_PROCESSORS_H

/* `benchstat processors FIRST SECOND`; returns an exit status. */
int processors_main(int argc, char **argv);

#endif
