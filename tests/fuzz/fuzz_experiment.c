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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_file file;
    struct experiment experiment = {0};
    struct problem problem = {""};
    json_t *plan = NULL;
    fuzz_file_open(&file, data, size);
    int error = experiment_open(&experiment, file.path, "quick", &problem);
    if (error)
        check_problem(error, &problem);
    else
        check_values(&experiment);
    experiment_close(&experiment);
    char *files[] = {file.path};
    struct plan_request request = {.profile = "quick",
                                   .seed = 1,
                                   .build = "build",
                                   .files = files,
                                   .file_count = 1};
    if (!error) {
        error = plan_make(&request, &plan, &problem);
        if (error)
            check_problem(error, &problem);
        else
            check_plan(plan);
        json_decref(plan);
    }
    fuzz_file_close(&file);
    return 0;
}
