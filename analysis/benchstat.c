/*
 * benchstat: plans a run, makes its visits, and judges what came out.
 *
 * Each subcommand has a file of its own and its own --help. Exit status: 0 done,
 * 1 judged, but not everything could stand as a result, 2 wrong usage or
 * unreadable input, 3 could not, 130 interrupted.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/judge.h"
#include "analysis/merge.h"
#include "analysis/needed.h"
#include "analysis/plan.h"
#include "analysis/processors.h"
#include "analysis/visit.h"

const char *argp_program_version = "waitbench " WAITBENCH_VERSION;

struct subcommand {
    const char *name, *summary;
    int (*main)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
    {"plan", "experiments, a profile and a seed become a plan, one visit a line", plan_main},
    {"visit", "run one command as one visit, and note what happened around it", visit_main},
    {"processors", "how many processors' worth of work two busy processes get done",
     processors_main},
    {"judge", "prove each cell of a run and write its tables", judge_main},
    {"compare", "what got faster, slower, or cannot be told between two runs", compare_main},
    {"merge", "join the results of all slices of one list", merge_main},
};

static void usage(FILE *stream)
{
    fputs("Usage: benchstat SUBCOMMAND [OPTION...]\n\n", stream);
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
        fprintf(stream, "  %-12s %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\n`benchstat SUBCOMMAND --help` says more.\n", stream);
}

/* The status, if what was said arrived: a full disk takes nothing without a word. */
static int said(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "benchstat: standard output: %s\n", strerror(errno ? errno : EIO));
    return status < 2 ? 3 : status;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = 2;
    needed_by_json();
    for (size_t i = 0; argc > 1 && i < sizeof subcommands / sizeof *subcommands; i++) {
        if (strcmp(argv[1], subcommands[i].name) != 0)
            continue;
        static char name[64];
        snprintf(name, sizeof name, "benchstat %s", argv[1]);
        argv[1] = name;
        return said(subcommands[i].main(argc - 1, argv + 1));
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage(stdout);
        return said(0);
    }
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts(argp_program_version);
        return said(0);
    }
    usage(stderr);
    return 2;
}
