#include "analysis/compare.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"

struct request {
    const char *dirs[2], *reference;
    int count;
};

static const char *known(const struct results *results, const char *path)
{
    return json_string_at(results->metadata, path) ?: "unknown";
}

/* Where they were measured, and what is not the same. */
static void tell_runs(const struct results *base, const struct results *now)
{
    static const char *const paths[] = {"machine.host", "machine.cpu", "machine.kernel",
                                        "placement.apart", "versions.libcurl"};
    const struct results *const runs[] = {base, now};
    for (int i = 0; i < 2; i++)
        printf("%s: %s, commit %.12s%s, %s\n", i ? "NEW" : "BASE", runs[i]->dir,
               known(runs[i], "commit"),
               json_is_true(json_object_get(runs[i]->metadata, "dirty")) ? " and changes" : "",
               known(runs[i], "started_at"));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(known(base, paths[i]), known(now, paths[i])) != 0)
            printf("Not the same: %s was %s, is %s.\n", paths[i], known(base, paths[i]),
                   known(now, paths[i]));
}

/* Whether the reference is the very same program in both runs, as far as they say. */
static const char *reference_words(const struct results *base, const struct results *now,
                                   const struct change *change)
{
    char path[64];
    snprintf(path, sizeof path, "identity.programs.%.32s", change->base_reference->model ?: "");
    const char *before = json_string_at(base->metadata, path);
    const char *after = json_string_at(now->metadata, path);
    if (!before || !after)
        return "";
    return strcmp(before, after) == 0 ? " (the same program)" : " (another build of it)";
}

static void tell_change(const struct results *base, const struct results *now,
                        const struct change *change)
{
    static const char *const names[] = {"slower", "faster", "no difference seen", "cannot be told"};
    printf("%-19s %s: ", names[change->verdict], change->base->id);
    if (change->verdict == CANNOT_TELL) {
        puts(change->why);
        return;
    }
    if (change->verdict == NO_CHANGE_SEEN)
        printf("above %.1f %% (p = %.3g)", 100 * (fmax(change->high, 1 / change->low) - 1),
               change->p_holm);
    else
        printf("%.3g times as long (%.3g to %.3g; p = %.3g)", change->ratio, change->low,
               change->high, change->p_holm);
    printf(", held against %s%s\n", change->base_reference->lane,
           reference_words(base, now, change));
}

/* Returns the exit status. */
static int tell(const struct results *base, const struct results *now, const struct change *changes,
                size_t count)
{
    size_t of[4] = {0};
    tell_runs(base, now);
    for (int verdict = GOT_SLOWER; verdict <= CANNOT_TELL; verdict++)
        for (size_t i = 0; i < count; i++) {
            if ((int)changes[i].verdict != verdict)
                continue;
            tell_change(base, now, &changes[i]);
            of[verdict]++;
        }
    printf("%zu slower, %zu faster, %zu without a difference seen, %zu cannot be told.\n",
           of[GOT_SLOWER], of[GOT_FASTER], of[NO_CHANGE_SEEN], of[CANNOT_TELL]);
    puts("To be sure, measure both builds in the same rounds: make bench BASE=COMMIT");
    return of[GOT_SLOWER] > 0;
}

static int open_run(struct results *results, const char *dir, struct problem *problem)
{
    int error = results_open(results, dir, problem);
    if (!error && results->made == 0)
        error = say_problem(problem, dir, "raw", "holds no visit, so there is nothing to compare");
    if (!error)
        results_prove(results);
    return error;
}

static const struct argp_option options[] = {
    {"reference", 'r', "LANE", 0, "the lane that all others are ratios to", 0}, {0}};

/* argp decides the type of argument. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'r':
        request->reference = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (request->count == 2)
            argp_error(state, "two folders, not more");
        else
            request->dirs[request->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (request->count < 2)
            argp_error(state, "name the folders of two runs");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int compare_main(int argc, char **argv)
{
    static const struct argp parser = {
        options,
        parse,
        "BASE NEW",
        "Say what got faster, slower, or cannot be told from the run in BASE to that in NEW."
        "\vTimes of two runs are compared as ratios, within rounds, to a lane that both hold: the "
        "first one, or --reference. What differs from run to run is taken from the lanes that "
        "stand twice. Exit status: 0 nothing got slower beyond the noise, 1 something did, 2 "
        "wrong usage or results that cannot be compared, 3 could not. Both builds in the same "
        "rounds, make bench BASE=COMMIT, is the way to be sure.",
        0,
        0,
        0};
    struct request request = {0};
    needed_arguments(&parser, argc, argv, &request);
    struct problem problem = {""};
    struct results runs[2] = {0};
    struct change *changes = NULL;
    size_t count = 0;
    int error = open_run(&runs[0], request.dirs[0], &problem);
    if (!error)
        error = open_run(&runs[1], request.dirs[1], &problem);
    if (!error)
        error = changes_between(&runs[0], &runs[1], request.reference, &changes, &count);
    if (!error && count == 0)
        error = say_problem(&problem, request.dirs[1], NULL, "has no lane of %s at any value of it",
                            request.dirs[0]);
    int status = error == -EINVAL ? 2 : 3;
    if (error)
        fprintf(stderr, "benchstat compare: %s\n",
                error == -EINVAL ? problem.text : strerror(-error));
    else
        status = tell(&runs[0], &runs[1], changes, count);
    free(changes);
    results_close(&runs[0]);
    results_close(&runs[1]);
    return status;
}
