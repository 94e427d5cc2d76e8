#include "analysis/ledger.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"

/* A processor that is used this much is what bounds. */
static const double BUSY = 0.95;
/* The delay is this many times what sending the requests takes: all are in flight at once. */
static const double WAITING = 5;

static json_t *at(const json_t *root, const char *path)
{
    char key[64];
    const json_t *value = root;
    for (const char *from = path; value;) {
        size_t length = strcspn(from, ".");
        if (length >= sizeof key)
            return NULL;
        memcpy(key, from, length);
        key[length] = '\0';
        value = json_object_get(value, key);
        if (!from[length])
            return (json_t *)value;
        from += length + 1;
    }
    return NULL;
}

double json_number_at(const json_t *root, const char *path)
{
    json_t *value = at(root, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *json_string_at(const json_t *root, const char *path)
{
    return json_string_value(at(root, path));
}

json_t *json_known(double value)
{
    if (!isfinite(value))
        return json_null();
    if (value == floor(value) && fabs(value) < 1e15)
        return json_integer((json_int_t)value);
    return json_real(value);
}

/* The rate in a load generator's report, or NAN. wrk: "Requests/sec:  93411.12";
 * h2load: "finished in 10.12ms, 19762.85 req/s, 23.40MB/s". */
static double ceiling_rate(const char *output)
{
    const char *line = output ? strstr(output, "Requests/sec:") : NULL;
    if (line)
        return strtod(line + strlen("Requests/sec:"), NULL);
    line = output ? strstr(output, "finished in ") : NULL;
    line = line ? strstr(line, ", ") : NULL;
    if (!line)
        return NAN;
    char *end;
    double rate = strtod(line + 2, &end);
    return strncmp(end, " req/s", 6) == 0 ? rate : NAN;
}

static void read_run(struct visit_seen *seen)
{
    json_t *run = seen->run;
    seen->run_cpu_s = json_number_at(run, "time.user_s") + json_number_at(run, "time.system_s");
    seen->spawn_s = json_number_at(run, "time.spawn_s");
    seen->makespan_s = json_number_at(run, "time.makespan_s");
    seen->ok = json_number_at(run, "fetches.ok");
    seen->failed = json_number_at(run, "fetches.failed");
    seen->retried = json_number_at(run, "fetches.retried");
    seen->bytes = json_number_at(run, "fetches.bytes");
    seen->connections = json_number_at(run, "fetches.connections");
    seen->peak = json_number_at(run, "fetches.peak_in_flight");
    seen->digest = json_string_at(run, "fetches.digest");
    seen->first_ms = json_number_at(run, "latency_ms.first");
    seen->switches_voluntary = json_number_at(run, "switches.voluntary");
    seen->switches_involuntary = json_number_at(run, "switches.involuntary");
    seen->rate = json_number_at(run, "throughput.fetches_per_s");
}

static void read_origin(struct visit_seen *seen)
{
    json_t *origin = json_object_get(seen->visit, "origin");
    seen->origin_known = json_is_object(origin);
    seen->served = json_number_at(origin, "responses");
    seen->asked = json_number_at(origin, "requests");
    seen->origin_connections = json_number_at(origin, "connections");
    seen->open_peak = json_number_at(origin, "open_peak");
    seen->open = json_number_at(origin, "open");
    seen->in_flight_peak = json_number_at(origin, "in_flight_peak");
    seen->body_bytes = json_number_at(origin, "body_bytes");
    seen->origin_cpu_s =
        json_number_at(origin, "cpu_user_s") + json_number_at(origin, "cpu_system_s");
    seen->origin_span_s =
        (json_number_at(origin, "last_byte_ns") - json_number_at(origin, "first_request_ns")) / 1e9;
    /* Little's law: the mean in flight is the sum of all residence over the time. */
    seen->in_flight_mean = json_number_at(origin, "residence_ns") / 1e9 / seen->origin_span_s;
}

/* Under the meter nothing is timed: only what it used says how busy the client was. */
static void forget_times(struct visit_seen *seen)
{
    seen->spawn_s = seen->makespan_s = seen->rate = seen->first_ms = NAN;
    seen->user_s = json_number_at(seen->meter, "time.user_s");
    seen->system_s = json_number_at(seen->meter, "time.system_s");
}

void visit_read(struct visit_seen *seen)
{
    seen->reasons = json_array();
    seen->work = json_string_at(seen->plan, "work");
    seen->cell = json_string_at(seen->plan, "cell");
    seen->experiment = json_string_at(seen->plan, "experiment");
    seen->planned_count = json_number_at(seen->plan, "count");
    seen->planned_concurrency = json_number_at(seen->plan, "concurrency");
    seen->delay_s = json_number_at(seen->plan, "delay_s");
    seen->shortest_delay_s = json_number_at(seen->plan, "shortest_delay_s");
    json_t *timed = json_array_get(json_object_get(seen->hyperfine, "results"), 0);
    seen->wall_s = json_number_value(json_array_get(json_object_get(timed, "times"), 0));
    if (!timed)
        seen->wall_s = NAN;
    seen->user_s = json_number_at(timed, "user");
    seen->system_s = json_number_at(timed, "system");
    json_t *exit_code = json_array_get(json_object_get(timed, "exit_codes"), 0);
    seen->exit_status = json_is_integer(exit_code) ? json_number_value(exit_code) : NAN;
    if (!timed)
        seen->exit_status = json_number_at(seen->visit, "exit_status");
    read_run(seen);
    read_origin(seen);
    const char *kind = json_string_at(seen->plan, "kind");
    if (kind && strcmp(kind, "metered") == 0)
        forget_times(seen);
    if (kind && strcmp(kind, "ceiling") == 0)
        seen->rate = ceiling_rate(seen->output);
    if (kind && strcmp(kind, "peer") == 0)
        seen->rate = seen->planned_count / seen->wall_s;
    seen->other_cpu_s = json_number_at(seen->visit, "other_cpu_s");
    seen->steal_s = json_number_at(seen->visit, "steal_s");
    seen->verify_s = json_number_at(seen->visit, "verify_s");
}

double visit_ideal_s(const struct visit_seen *seen)
{
    if (!(seen->delay_s > 0))
        return NAN;
    return ceil(seen->planned_count / seen->planned_concurrency) * seen->delay_s;
}

double visit_origin_share(const struct visit_seen *seen)
{
    return seen->origin_cpu_s / (isnan(seen->makespan_s) ? seen->wall_s : seen->makespan_s);
}

double visit_client_share(const struct visit_seen *seen)
{
    return (seen->user_s + seen->system_s) / seen->wall_s;
}

bool visit_waits(const struct visit_seen *seen)
{
    if (!seen->origin_known || !(seen->shortest_delay_s > 0))
        return false;
    double origin_each = seen->origin_cpu_s / seen->planned_count;
    double client_each = (seen->user_s + seen->system_s) / seen->planned_count;
    double slower = fmax(origin_each, client_each);
    double first = fmin(seen->planned_concurrency, seen->planned_count);
    return seen->shortest_delay_s >= WAITING * slower * first;
}

const char *visit_bound(const struct visit_seen *seen)
{
    double origin = visit_origin_share(seen), client = visit_client_share(seen);
    if (origin >= BUSY)
        return "origin";
    if (client >= BUSY)
        return "client";
    return isnan(origin) || isnan(client) ? "unknown" : "latency";
}
