/*
 * One visit: a command is run once, and what happened around it is noted.
 *
 *   settle   wait until the origin has no connection and nothing in flight,
 *            then reset its counters
 *   run      the command in a process group of its own, on the processors
 *            asked for, under a time limit
 *   prove    no child is left; the origin's counters; steal time, other
 *            processes' CPU, sockets in TIME_WAIT
 *
 * Everything goes into a folder that is made aside and renamed at the end, so
 * that a visit is there whole or not at all. The process makes itself the
 * subreaper of whatever the command leaves behind, so that nothing escapes.
 */
#ifndef WAITBENCH_VISIT_H
#define WAITBENCH_VISIT_H

/* `benchstat visit`; returns an exit status. Changes the process's signal mask. */
int visit_main(int argc, char **argv);

#endif
