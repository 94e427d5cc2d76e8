/* `waitbench-run/1`. Keys are only ever added to it; unknown is null. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "common/driver/environment.h"
#include "common/driver/summary.h"
#include "common/rate.h"
#include "common/transfer.h"

static json_t *known(struct figure figure)
{
    return figure.known ? json_real(figure.value) : json_null();
}

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* A list that lacks what there was no memory for must not look whole: without it nothing is packed.
 */
static json_t *none_if(int failed, json_t *list)
{
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *model_json(const struct model *model)
{
    json_t *options = json_object();
    const char *const *setting = model->settings != NULL ? model->settings() : NULL;
    int failed = options == NULL;
    for (; setting != NULL && *setting != NULL; setting += 2)
        failed |= json_object_set_new(options, setting[0], json_string(setting[1]));
    return json_pack("{s:s, s:o}", "name", model->name, "options", none_if(failed, options));
}

/* Arguments are bytes and JSON is UTF-8: what is not becomes null. No password is kept. */
static json_t *command_json(const struct summary *summary)
{
    json_t *command = json_array();
    int failed = command == NULL;
    for (int i = 0; i < summary->command_length; i++) {
        struct url_shown text = workload_shown(summary->command[i]);
        json_t *argument =
            json_sprintf("%.*s%s%s", text.front, summary->command[i], text.mark, text.rest);
        failed |= json_array_append_new(command, argument != NULL ? argument : json_null());
    }
    return none_if(failed, command);
}

static json_t *started_json(const struct timespec *when)
{
    char text[64], whole[80];
    struct tm utc;
    gmtime_r(&when->tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(whole, sizeof whole, "%s.%03ldZ", text, when->tv_nsec / 1000000);
    return json_string(whole);
}

/* Where the gate never opened, nobody knows how long opening it took. */
static json_t *time_json(const struct summary *summary)
{
    bool opened = summary->totals.opened_ns > 0;
    return json_pack("{s:o, s:o, s:f, s:f}", "spawn_s",
                     known((struct figure){opened, summary->spawn_s}), "makespan_s",
                     known((struct figure){opened, summary->makespan_s}), "user_s", summary->user_s,
                     "system_s", summary->system_s);
}

/* Of the open loop; null in a closed one. */
static json_t *rate_json(const struct rate *rate)
{
    if (rate->per_second <= 0)
        return json_null();
    return json_pack("{s:f, s:s, s:o, s:o}", "per_s", rate->per_second, "arrivals",
                     arrivals_name(rate->arrivals), "burst",
                     rate->arrivals == BURST ? integer(rate->burst) : json_null(), "seed",
                     rate->arrivals == POISSON ? integer(RATE_SEED) : json_null());
}

static json_t *workload_json(const struct run *run)
{
    const struct workload *workload = run->workload;
    return json_pack("{s:o, s:o, s:s, s:f, s:i, s:b, s:s, s:i, s:o, s:o, s:o}", "urls",
                     integer(workload->count), "concurrency", integer(run->lanes), "dispatch",
                     workload->dispatch == DISPATCH_COUNTER ? "counter" : "static", "timeout_ms",
                     (double)workload->timeout_ns / 1e6, "retries", (int)workload->retries,
                     "keep_alive", (int)workload->keep_alive, "resolve",
                     workload->resolve == RESOLVE_ONCE ? "once" : "each", "cpu_work_passes",
                     (int)workload->cpu_passes, "first", integer(workload->first + 1), "whole",
                     integer(workload->whole), "rate", rate_json(&workload->rate));
}

static json_t *fetches_json(const struct summary *summary)
{
    char digest[33];
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "ok",
                     integer(summary->outcomes[FETCHED]), "failed",
                     integer(summary_failed(summary)), "retried",
                     integer(summary->totals.count[RUN_RETRIED]), "bytes", integer(summary->bytes),
                     "digest", digest_text(&summary->digest, digest), "connections",
                     integer(summary->totals.count[RUN_CONNECTIONS]), "peak_in_flight",
                     integer(summary->peak_in_flight), "port_waits",
                     integer(summary->totals.count[RUN_PORT_WAITS]));
}

static json_t *latency_json(const struct summary *summary)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "min", known(summary->min_ms),
                     "p50", known(summary->p50_ms), "p90", known(summary->p90_ms), "p99",
                     known(summary->p99_ms), "p999", known(summary->p999_ms), "max",
                     known(summary->max_ms), "mean", known(summary->mean_ms), "first",
                     known(summary->first_ms));
}

static json_t *throughput_json(const struct summary *summary)
{
    bool ran = summary->makespan_s > 0;
    struct figure fetches = {ran, 0}, bytes = {ran, 0};
    if (ran) {
        fetches.value = (double)summary->outcomes[FETCHED] / summary->makespan_s;
        bytes.value = (double)summary->bytes / summary->makespan_s;
    }
    return json_pack("{s:o, s:o}", "fetches_per_s", known(fetches), "bytes_per_s", known(bytes));
}

static json_t *errors_json(const struct summary *summary)
{
    json_t *errors = json_array();
    int failed = errors == NULL;
    for (int i = FETCHED + 1; i < OUTCOMES; i++) {
        if (summary->outcomes[i] > 0)
            failed |=
                json_array_append_new(errors, json_pack("{s:s, s:o}", "reason", outcome_name(i),
                                                        "count", integer(summary->outcomes[i])));
    }
    return none_if(failed, errors);
}

int summary_write_json(const struct summary *summary, FILE *out)
{
    char options[17];
    const struct run_totals *totals = &summary->totals;
    json_t *root =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:b, s:s?, s:o, s:o}", "schema", "waitbench-run/1",
                  "model", model_json(summary->model), "version", WAITBENCH_VERSION, "started_at",
                  started_json(&summary->started_at), "command", command_json(summary),
                  "interrupted", (int)run_stopping(summary->run), "libcurl_options_digest",
                  transfer_options_digest(summary->run->workload, options), "workload",
                  workload_json(summary->run), "time", time_json(summary));
    json_t *rest = json_pack(
        "{s:{s:i, s:i, s:i, s:i}, s:o, s:o, s:o, s:{s:I, s:I}, s:{s:I, s:I}, s:o, s:o}", "workers",
        "asked", (int)summary->run->lanes, "made", (int)totals->made, "lost", (int)totals->lost,
        "rebuilt", (int)totals->rebuilt, "fetches", fetches_json(summary), "latency_ms",
        latency_json(summary), "throughput", throughput_json(summary), "switches", "voluntary",
        (json_int_t)summary->voluntary, "involuntary", (json_int_t)summary->involuntary, "faults",
        "minor", (json_int_t)summary->minor_faults, "major", (json_int_t)summary->major_faults,
        "errors", errors_json(summary), "environment", environment_json());
    int result = -ENOMEM;
    if (root != NULL && rest != NULL && json_object_update(root, rest) == 0)
        result = json_dumpf(root, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF ? 0 : -EIO;
    json_decref(root);
    json_decref(rest);
    return result;
}
