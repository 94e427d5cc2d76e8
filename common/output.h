/*
 * A file that is written aside, under its name with ".part" behind, and gets
 * its name only once it is whole: what stood there before is lost only to what
 * takes its place. Standard output and error, for "-" or by a name such as
 * /dev/stdout, and what is no regular file (a device, a pipe) are written where
 * they are. Single-threaded.
 */
#ifndef WAITBENCH_OUTPUT_H
#define WAITBENCH_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
    FILE *file;          /* to write to, between open and close; NULL: not asked for */
    char path[PATH_MAX]; /* as the user gave it; `-` is standard output */
    char part[PATH_MAX]; /* what it is written as; empty: written in place */
};

/* What is opened gets the lowest number that is free. Where one of the standard three is closed,
 * that would be a file of ours, and every word said there would be written into it. What takes the
 * place here can be neither read nor written, as if it were closed still. Before anything else is
 * opened. */
void output_keep_standard_descriptors(void);

/* Where standard output does not take what was said, a program that would end with 0 says so and
 * ends with this: that of argp, which ends it after --help and --version, too. 3 unless the program
 * sets another, as it sets argp_err_exit_status. */
extern int output_err_exit_status;

/* Opens a file that is made here for writing, never what lies there: a FIFO would be waited for,
 * and a link of either kind leads elsewhere. A regular file, as a killed run leaves it, makes room.
 * A descriptor, or -1 with errno. Safe in any thread. */
int output_make_new(const char *path);

/* `path` NULL is no output. 0, or -errno: then the file cannot be written. */
int output_open(struct output *, const char *path);

/* The same; where `path` is a pipe that nobody reads yet, only until stop_fd becomes readable
 * (-1: for ever): then -ECANCELED. */
int output_open_until(struct output *, const char *path, int stop_fd);

/* Whether two open outputs would be one file, by whatever names. */
bool output_clashes(const struct output *, const struct output *);

/* Gives the file its name. 0, or -errno: the file is then not there. */
int output_close(struct output *);

/* Takes back what was opened. */
void output_abandon(struct output *);

#endif
