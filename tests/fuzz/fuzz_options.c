/*
 * The command line of a model, an argument a line. The parser ends its process
 * where it refuses something; here it goes on and leaves word. What it takes is
 * within the bounds that --help states.
 */
#include <argp.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/transfer.h"
#include "tests/fuzz/fuzz.h"

static bool refused;

/* Stands in for argp's and err's ways to end the process: comes back, and leaves word. */
__attribute__((format(printf, 2, 3))) static void refuse(const struct argp_state *state,
                                                         const char *format, ...)
{
    char line[512];
    va_list arguments;
    (void)state;
    va_start(arguments, format);
    fuzz_check(vsnprintf(line, sizeof line, format, arguments) > 0);
    va_end(arguments);
    refused = true;
}

static void help(unsigned flags)
{
    fuzz_check(flags != 0);
    refused = true;
}

static error_t leave(void)
{
    refused = true;
    return 0;
}

static error_t parse_quietly(const struct argp *argp, int argc, char **argv, unsigned flags,
                             int *index, void *input)
{
    return argp_parse(argp, argc, argv, flags | ARGP_SILENT, index, input);
}

#define argp_error                            refuse
#define argp_state_help(state, stream, flags) help(flags)
#define argp_parse                            parse_quietly
#define errx(status, ...)                     refuse(NULL, __VA_ARGS__)
#define exit(status)                          return leave()
#define printf(...)                           ((void)0)
#include "common/driver/options.c" // NOLINT(bugprone-suspicious-include)

const char *transfer_version(void)
{
    return "none";
}

static void check_options(const struct options *options)
{
    const struct workload *workload = &options->workload;
    fuzz_check(workload->concurrency >= 1 && workload->concurrency <= 1000000);
    fuzz_check(workload->timeout_ns >= 1000000 && workload->timeout_ns <= 86400000000000ull);
    fuzz_check(workload->retries <= 1000 && workload->cpu_passes <= 1000000000);
    fuzz_check(options->slice_k <= options->slice_m && !options->slice_k == !options->slice_m);
    fuzz_check(options->pattern == NULL || options->count > 0);
    fuzz_check((options->input != NULL) + (options->pattern != NULL) + (options->url_count > 0) ==
               1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 64 };
    static const struct model model = {.name = "fuzzed", .summary = "fuzzed"};
    struct options options;
    char *text = fuzz_string(data, size), *argv[MOST + 1] = {(char *)"fuzzed"};
    int argc = 1;
    for (char *line = text, *rest; argc < MOST && (line = strtok_r(line, "\n", &rest)); line = NULL)
        argv[argc++] = line;
    refused = false;
    options_parse(&options, &model, argc, argv);
    fuzz_taken += !refused;
    if (!refused)
        check_options(&options);
    free(text);
    return 0;
}
