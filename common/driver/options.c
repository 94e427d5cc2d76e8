#include "common/driver/options.h"

#include <argp.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/driver/exit.h"
#include "common/output.h"
#include "common/rate.h"
#include "common/transfer.h"
#include "common/units.h"

enum {
    KEEP_ALIVE = 0x1000,
    CA_FILE,
    INSECURE,
    RESOLVE,
    DISPATCH,
    CPU_WORK,
    RATE,
    JSON,
    RECORDS,
    TRACE,
    SLICE,
    MAX_BODY,
    PROGRESS,
    USAGE,
};

static const struct argp_option table[] = {
    {0, 0, 0, 0, "What to fetch:", 1},
    {"input", 'i', "FILE", 0,
     "Read one URL a line; blank lines and # comments are passed over; - is standard input", 0},
    {"url-pattern", 'u', "URL", 0, "Fetch --count URLs; {} in it stands for 1…N", 0},
    {"count", 'n', "N", 0, "How many URLs of the pattern, or the first N of the list", 0},
    {"slice", SLICE, "K/M", 0, "Only the K-th of M equal parts of the list", 0},
    {0, 0, 0, 0, "How:", 2},
    {"concurrency", 'c', "C", 0, "Fetches at one time (default 64; sequential always 1)", 0},
    {"timeout", 't', "DURATION", 0, "For one attempt, such as 500ms (default 30s)", 0},
    {"retries", 'r', "N", 0,
     "Try again up to N times after a failure that may pass (default 0); the first time after "
     "100ms, then after twice as long each, at most 10s",
     0},
    {"keep-alive", KEEP_ALIVE, "yes|no", 0, "Use connections again (default yes)", 0},
    {"ca-file", CA_FILE, "FILE", 0, "Trust the certificates in it, not the system's", 0},
    {"insecure", INSECURE, 0, 0, "Do not verify the server's certificate", 0},
    {"resolve", RESOLVE, "once|each", 0,
     "Look names up once a host, before the clock starts (default), or for each new connection", 0},
    {"dispatch", DISPATCH, "counter|static", 0,
     "Lanes draw from a shared counter (default), or lane k gets k, k+C, k+2C, …", 0},
    {"rate", RATE, "R[,poisson|burst=K]", 0,
     "R URLs fall due a second, evenly, at random or K at a time, however long answers take; "
     "latency counts from then (default: the next when one is done)",
     0},
    {"cpu-work", CPU_WORK, "PASSES", 0,
     "Work on each response: so many hash passes over 4 KiB (default 0)", 0},
    {"max-body", MAX_BODY, "SIZE", 0, "A longer body is a failure (default 1GiB)", 0},
    {0, 0, 0, 0, "What comes out:", 3},
    {"save", 'o', "DIR", 0, "Keep the bodies as DIR/000001…; - prints them in the list's order", 0},
    {"json", JSON, "FILE", 0, "The summary as JSON (waitbench-run/1); - is standard output", 0},
    {"records", RECORDS, "FILE", 0, "One CSV row a URL; - is standard output", 0},
    {"trace", TRACE, "FILE", 0, "Chrome trace events; slows the run, not for timing", 0},
    {"progress", PROGRESS, "INTERVAL", OPTION_ARG_OPTIONAL,
     "Show rate and time left on standard error (every 200ms, or 1s in a file)", 0},
    {"quiet", 'q', 0, 0, "No summary", 0},
    {0, 0, 0, 0, "The model's own:", 4},
    {0, 0, 0, 0, "Help:", -1},
    {"help", 'h', 0, 0, "Show this list", 0},
    {0, '?', 0, OPTION_HIDDEN, 0, 0},
    {"usage", USAGE, 0, 0, "Show a short form of it", 0},
    {"version", 'V', 0, 0, "Show the version", 0},
    {0},
};

static uint64_t count_of(struct argp_state *state, const char *name, const char *text, uint64_t low,
                         uint64_t high)
{
    uint64_t value = 0;
    if (parse_count(text, &value) < 0 || value < low || value > high)
        argp_error(state, "--%s=%s: not a number from %" PRIu64 " to %" PRIu64, name, text, low,
                   high);
    return value;
}

/* Which of two words it is: true for the first. */
static bool first_of(struct argp_state *state, const char *name, const char *text,
                     const char *first, const char *second)
{
    bool is_first = strcmp(text, first) == 0;
    if (!is_first && strcmp(text, second) != 0)
        argp_error(state, "--%s=%s: it is %s or %s", name, text, first, second);
    return is_first;
}

static void parse_timeout(struct argp_state *state, const char *text, uint64_t *ns)
{
    const uint64_t day_ns = 24ull * 3600 * 1000000000, millisecond_ns = 1000000;
    if (parse_duration(text, ns) < 0 || *ns < millisecond_ns || *ns > day_ns)
        argp_error(state, "--timeout=%s: not a duration from 1ms to 24h, such as 500ms", text);
}

static void parse_slice(struct argp_state *state, const char *text, struct options *options)
{
    char k[24] = "";
    const char *slash = strchr(text, '/');
    if (slash != NULL && (size_t)(slash - text) < sizeof k)
        memcpy(k, text, (size_t)(slash - text));
    if (slash == NULL || parse_count(k, &options->slice_k) < 0 ||
        parse_count(slash + 1, &options->slice_m) < 0 || options->slice_k < 1 ||
        options->slice_k > options->slice_m)
        argp_error(state, "--slice=%s: not of the form K/M with 1 <= K <= M, such as 2/3", text);
}

/* What makes sense only together, or not together. */
static void check_whole(struct argp_state *state, struct options *options)
{
    int sources = (options->input != NULL) + (options->pattern != NULL) + (options->url_count > 0);
    if (sources == 0)
        argp_error(state, "nothing to fetch: give URLs, --input=FILE or --url-pattern=URL");
    if (sources > 1)
        argp_error(state, "URLs come from the arguments, --input or --url-pattern: give only one");
    if (options->pattern != NULL && options->count == 0)
        argp_error(state, "--url-pattern needs --count=N, the number of URLs");
    enum { OUTPUTS = 4 }; /* a device may well take two */
    const char *outputs[OUTPUTS] = {options->json, options->records, options->trace, options->save};
    for (int i = 0; i < OUTPUTS; i++) {
        for (int k = 0; k < i; k++) {
            if (outputs[i] != NULL && outputs[k] != NULL && strcmp(outputs[i], outputs[k]) == 0 &&
                strncmp(outputs[i], "/dev/", 5) != 0)
                argp_error(state, "only one of --json, --records, --trace and --save may be %s",
                           outputs[i]);
        }
    }
}

static error_t parse_source(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'i':
        options->input = value;
        return 0;
    case 'u':
        options->pattern = value;
        return 0;
    case 'n':
        options->count = count_of(state, "count", value, 1, UINT64_MAX >> 8);
        return 0;
    case SLICE:
        parse_slice(state, value, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse_interval(struct argp_state *state, const char *text, uint64_t *ns)
{
    if (parse_duration(text, ns) < 0 || *ns < 10000000u || *ns > 3600000000000u)
        argp_error(state, "--progress=%s: not an interval from 10ms to 1h", text);
}

static error_t parse_output(int key, const char *value, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'o':
        options->save = value;
        return 0;
    case JSON:
        options->json = value;
        return 0;
    case RECORDS:
        options->records = value;
        return 0;
    case TRACE:
        options->trace = value;
        return 0;
    case PROGRESS:
        options->progress = true;
        if (value != NULL)
            parse_interval(state, value, &options->progress_ns);
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_fetching(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    struct workload *workload = &options->workload;
    switch (key) {
    case 'c':
        workload->concurrency = (uint32_t)count_of(state, "concurrency", value, 1, 1000000);
        options->concurrency_given = true;
        return 0;
    case 't':
        parse_timeout(state, value, &workload->timeout_ns);
        return 0;
    case 'r':
        workload->retries = (uint32_t)count_of(state, "retries", value, 0, 1000);
        return 0;
    case KEEP_ALIVE:
        workload->keep_alive = first_of(state, "keep-alive", value, "yes", "no");
        return 0;
    case CA_FILE:
        workload->ca_file = value;
        return 0;
    case INSECURE:
        workload->insecure = true;
        return 0;
    case RESOLVE:
        workload->resolve =
            first_of(state, "resolve", value, "once", "each") ? RESOLVE_ONCE : RESOLVE_EACH;
        return 0;
    case DISPATCH:
        workload->dispatch = first_of(state, "dispatch", value, "counter", "static")
                                 ? DISPATCH_COUNTER
                                 : DISPATCH_STATIC;
        return 0;
    case CPU_WORK:
        workload->cpu_passes = (uint32_t)count_of(state, "cpu-work", value, 0, 1000000000);
        return 0;
    case RATE:
        if (rate_parse(&workload->rate, value) < 0)
            argp_error(state,
                       "--rate=%s: not URLs a second from 0.001 to 10000000, and ,poisson or "
                       ",burst=K with K from 1 to 1000000, such as 500 or 500,poisson",
                       value);
        return 0;
    case MAX_BODY:
        if (parse_size(value, &workload->max_body) < 0)
            argp_error(state, "--max-body=%s: not a size, such as 64MiB", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'h':
    case '?':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case USAGE:
        argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
        return 0;
    case 'V':
        printf("%s (waitbench) " WAITBENCH_VERSION "\n%s\n", program_invocation_short_name,
               transfer_version());
        exit(EXIT_FETCHED);
    case ARGP_KEY_ARGS:
        options->urls = state->argv + state->next;
        options->url_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        check_whole(state, options);
        return 0;
    default:
        break;
    }
    error_t result = parse_source(key, value, state);
    if (result == ARGP_ERR_UNKNOWN)
        result = parse_fetching(key, value, state);
    if (result == ARGP_ERR_UNKNOWN)
        result = parse_output(key, value, state);
    return result;
}

void options_parse(struct options *options, const struct model *model, int argc, char **argv)
{
    *options = (struct options){
        .workload = {.concurrency = 64,
                     .timeout_ns = 30ull * 1000000000,
                     .keep_alive = true,
                     .max_body = 1u << 30},
    };
    char doc[256];
    snprintf(doc, sizeof doc,
             "Fetch URLs with %s, and say what it cost.\v"
             "Exit status: 0 every URL fetched; 1 some failed; 2 wrong usage or unreadable "
             "input; 3 the model could not run; 130 interrupted.",
             model->summary);
    const struct argp_child children[] = {{model->options, 0, NULL, 4}, {0}};
    const struct argp argp = {.options = table,
                              .parser = parse,
                              .args_doc = "[URL]...",
                              .doc = doc,
                              .children = model->options != NULL ? children : NULL};
    argp_err_exit_status = EXIT_USAGE;
    output_err_exit_status = EXIT_SOME_FAILED;
    error_t error = argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, options);
    if (error != 0)
        errx(EXIT_USAGE, "%s", strerror(error));
    if (model->max_concurrency > 0 && options->workload.concurrency > model->max_concurrency) {
        options->workload.concurrency = model->max_concurrency;
        options->concurrency_cut = options->concurrency_given;
    }
}

void options_load(struct options *options)
{
    struct workload *workload = &options->workload;
    workload->save = options->save; /* `-` until the driver has a folder for it */
    struct workload_error error = {""};
    int result;
    /* Else each https fetch would fail for a reason that is none of its server's. */
    if (workload->ca_file != NULL && access(workload->ca_file, R_OK) < 0)
        errx(EXIT_USAGE, "--ca-file=%s: %s", workload->ca_file, strerror(errno));
    if (options->input != NULL)
        result = workload_read(workload, options->input, options->count, &error);
    else if (options->pattern != NULL)
        result = workload_pattern(workload, options->pattern, options->count, &error);
    else
        result = workload_list(workload, options->urls, options->url_count, options->count, &error);
    if (result == 0 && options->slice_m > 0)
        result = workload_slice(workload, options->slice_k, options->slice_m, &error);
    if (result == 0)
        result = rate_plan(workload, &error);
    if (result < 0)
        errx(EXIT_USAGE, "%s", error.message);
}
