/*
 * An experiment's file and the plan that is made of it: refused with one line,
 * or planned, and every visit of the plan says what it is to do.
 */
#include <errno.h>
#include <string.h>

#include "analysis/plan.h"
#include "tests/fuzz/fuzz.h"

static void check_problem(int error, const struct problem *problem)
{
    fuzz_check(error == -EINVAL);
    fuzz_check(memchr(problem->text, 0, sizeof problem->text) != NULL && problem->text[0]);
}

static void check_values(const struct experiment *experiment)
{
    char buffer[32];
    for (size_t i = 0; i < experiment_values(experiment) && i < 100; i++) {
        struct settings settings = experiment_at(experiment, i);
        fuzz_check(settings.count >= -1);
        fuzz_check(experiment_value(experiment, i, buffer) != NULL);
    }
}

static void check_plan(const json_t *plan)
{
    fuzz_check(json_is_array(plan));
    for (size_t i = 0; i < json_array_size(plan); i++) {
        const json_t *line = json_array_get(plan, i);
        fuzz_check(json_is_string(json_object_get(line, "cell")) &&
                   json_is_string(json_object_get(line, "lane")));
    }
}

/* Reads it for a profile, and plans it where it has one of that name. */
static void check_profile(char *path, const char *profile)
{
    struct experiment experiment = {0};
    struct problem problem = {""};
    json_t *plan = NULL;
    int error = experiment_open(&experiment, path, profile, &problem);
    if (error)
        check_problem(error, &problem);
    else
        check_values(&experiment);
    experiment_close(&experiment);
    if (error)
        return;
    struct plan_request request = {.profile = profile,
                                   .seed = 1,
                                   .build = "build",
                                   .files = &path,
                                   .file_count = 1};
    error = plan_make(&request, &plan, &problem);
    if (error)
        check_problem(error, &problem);
    else
        check_plan(plan);
    fuzz_taken += !error && json_array_size(plan) > 0;
    json_decref(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    check_profile(file.path, "quick");
    check_profile(file.path, "full");
    fuzz_file_close(&file);
    return 0;
}
