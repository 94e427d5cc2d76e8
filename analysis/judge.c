#include "analysis/judge.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"
#include "analysis/tables.h"

struct request {
    const char *dir;
    bool quiet;
};

/* What the reader should know of the machine while it measured; nothing is dropped for it. */
static void note_surroundings(struct results *results)
{
    size_t disturbed = 0, stolen = 0, slow = 0;
    for (size_t i = 0; i < results->made; i++) {
        const struct visit_seen *seen = &results->visits[i];
        double wall = json_number_at(seen->visit, "wall_s");
        /* The kernel counts in ticks of 10 ms: a short visit's share needs several. */
        disturbed += seen->other_cpu_s > fmax(0.03, 0.1 * wall);
        stolen += seen->steal_s > fmax(0.02, 0.05 * wall);
        slow += seen->verify_s > 0.02;
    }
    if (disturbed)
        add_sentence(results->notes,
                     "In %zu of %zu visits other processes used over 10 %% of a processor.",
                     disturbed, results->made);
    if (stolen)
        add_sentence(results->notes,
                     "In %zu of %zu visits the hypervisor took over 5 %% of a processor.", stolen,
                     results->made);
    if (slow)
        add_sentence(results->notes, "In %zu of %zu visits settling and verifying took over 20 ms.",
                     slow, results->made);
    double processors = json_number_at(results->metadata, "machine.two_busy_processes");
    if (processors < 1.6)
        add_sentence(
            results->notes,
            "Two busy processes get %.2f times the work of one done: this machine has no two "
            "processors to give, and claims about processors are not decided.",
            processors);
    for (size_t i = 0; i < results->made; i++) {
        const char *why = json_string_at(results->visits[i].meter, "kernel_kib.why_unknown");
        if (why) {
            add_sentence(results->notes, "The kernel's own memory is not known: %s.", why);
            break;
        }
    }
    const char *placement = json_string_at(results->metadata, "placement.apart");
    if (placement && strcmp(placement, "shared") == 0)
        add_sentence(results->notes,
                     "Client and origin could not be put on processors of their own.");
}

static int judge(struct results *results, bool quiet, bool *all_valid)
{
    struct findings findings = {0};
    results_prove(results);
    note_surroundings(results);
    int error = findings_gather(&findings, results);
    if (!error)
        error = write_chart_data(&findings);
    if (!error)
        error = write_hyperfine_json(results);
    if (!error)
        error = write_summary_json(&findings);
    if (!error)
        error = write_summary_md(&findings);
    if (!error && !quiet)
        print_summary(&findings, stdout);
    *all_valid = results->made == results->planned;
    for (size_t i = 0; i < results->cell_count; i++)
        *all_valid = *all_valid && cell_verdict(&results->cells[i]) != INVALID;
    findings_free(&findings);
    return error;
}

static const struct argp_option options[] = {{"quiet", 'q', 0, 0, "write the files only", 0}, {0}};

/* argp decides the type of argument. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'q':
        request->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (request->dir)
            argp_error(state, "one folder at a time");
        request->dir = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name the folder of a run, such as results/2026-01-31-host-quick");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int judge_main(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        parse,
        "RESULTS",
        "Prove each cell of the run in RESULTS and write its summary.json, summary.md, "
        "hyperfine.json and data/*.csv. Exit status 1 where a cell is invalid or a visit missing.",
        0,
        0,
        0};
    struct request request = {0};
    needed_arguments(&parser, argc, argv, &request);
    struct problem problem = {""};
    struct results results;
    bool all_valid = false;
    int error = results_open(&results, request.dir, &problem);
    if (error == -EINVAL)
        fprintf(stderr, "benchstat judge: %s\n", problem.text);
    int status = error == -EINVAL ? 2 : 3;
    if (!error) {
        error = judge(&results, request.quiet, &all_valid);
        status = error ? 3 : all_valid ? 0 : 1;
    }
    if (error && error != -EINVAL)
        fprintf(stderr, "benchstat judge: %s: %s\n", request.dir, strerror(-error));
    results_close(&results);
    return status;
}
