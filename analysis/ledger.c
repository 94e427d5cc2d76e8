#include "analysis/ledger.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"

/* The origin stamps its last byte after the kernel took it, which may be a
 * moment after the client has it on another processor. */
static const double SLACK_S = 1e-3;
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

__attribute__((format(printf, 2, 3))) static void broken(struct visit_seen *seen,
                                                         const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(seen->reasons, json_string(text));
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

/* The number that stands in text right behind, or before, the first occurrence of
 * a label; 0 where there is none. */
static double number_behind(const char *text, const char *label)
{
    const char *found = strstr(text, label);
    return found ? strtod(found + strlen(label), NULL) : 0;
}

static double number_before(const char *text, const char *label)
{
    const char *found = strstr(text, label);
    while (found && found > text && found[-1] >= '0' && found[-1] <= '9')
        found--;
    return found ? strtod(found, NULL) : 0;
}

/* Failures in a load generator's report, or NAN where it has none to read. wrk
 * mentions them only where there are any: "Socket errors: connect 0, read 3,
 * write 0, timeout 0", "Non-2xx or 3xx responses: 12". h2load always:
 * "requests: 64 total, …, 64 succeeded, 0 failed, 0 errored, 0 timeout". */
static double ceiling_failures(const char *output)
{
    const char *h2load = output ? strstr(output, "requests: ") : NULL;
    if (h2load && strstr(h2load, " succeeded"))
        return number_before(h2load, " failed") + number_before(h2load, " errored") +
               number_before(h2load, " timeout");
    if (!output || !strstr(output, "Requests/sec:"))
        return NAN;
    const char *sockets = strstr(output, "Socket errors:");
    double sum = number_behind(output, "Non-2xx or 3xx responses:");
    if (sockets)
        sum += number_behind(sockets, "connect ") + number_behind(sockets, "read ") +
               number_behind(sockets, "write ") + number_behind(sockets, "timeout ");
    return sum;
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
    if (seen->output)
        seen->rate = ceiling_rate(seen->output);
    const char *kind = json_string_at(seen->plan, "kind");
    if (kind && strcmp(kind, "peer") == 0)
        seen->rate = seen->planned_count / seen->wall_s;
    seen->other_cpu_s = json_number_at(seen->visit, "other_cpu_s");
    seen->steal_s = json_number_at(seen->visit, "steal_s");
    seen->verify_s = json_number_at(seen->visit, "verify_s");
}

static double lesser(double a, double b)
{
    return a < b ? a : b;
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
    double first = lesser(seen->planned_concurrency, seen->planned_count);
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

/* Rule 1: the whole work, and nothing else. */
static void prove_work(struct visit_seen *seen)
{
    double count = seen->planned_count;
    if (seen->exit_status != 0) {
        const char *error = json_string_at(seen->visit, "error");
        broken(seen, "the model ended with status %g%s%s", seen->exit_status, error ? ": " : "",
               error ? error : "");
    }
    if (json_is_true(json_object_get(seen->run, "interrupted")))
        broken(seen, "the run was interrupted");
    if (isnan(seen->failed) || isnan(seen->ok)) {
        broken(seen, "the run does not say what was fetched");
        return;
    }
    if (seen->failed != 0)
        broken(seen, "%g of %g fetches failed", seen->failed, count);
    if (seen->ok + seen->failed != count)
        broken(seen, "%g records for %g URLs", seen->ok + seen->failed, count);
    if (!seen->digest)
        broken(seen, "the run has no digest");
    uint64_t size;
    const char *planned_size = json_string_at(seen->plan, "origin.size");
    bool faults = json_string_at(seen->plan, "origin.fault") != NULL;
    if (planned_size && !faults && parse_size(planned_size, &size) == 0 &&
        seen->bytes != (double)size * count)
        broken(seen, "%.0f bytes came, %.0f were planned", seen->bytes, (double)size * count);
    if (!seen->origin_known)
        return;
    if (seen->served != count + seen->retried)
        broken(seen, "the origin served %g responses for %g URLs", seen->served, count);
    if (!faults && seen->body_bytes != seen->bytes)
        broken(seen, "the origin sent %.0f bytes, the client counted %.0f", seen->body_bytes,
               seen->bytes);
}

/* Rules 2 and 3: as many in flight and as many connections as planned. */
static void prove_concurrency(struct visit_seen *seen)
{
    double planned = lesser(seen->planned_concurrency, seen->planned_count);
    bool keep_alive = json_is_true(json_object_get(seen->plan, "keep_alive"));
    double made = json_number_at(seen->run, "workers.made");
    double asked = json_number_at(seen->run, "workers.asked");
    double lost = json_number_at(seen->run, "workers.lost");
    if (made < asked)
        broken(seen, "%g of %g workers could be made", made, asked);
    if (lost > 0)
        broken(seen, "%g workers were lost", lost);
    if (!(seen->peak <= seen->planned_concurrency))
        broken(seen, "%g fetches were in flight at once, %g were planned", seen->peak,
               seen->planned_concurrency);
    double connections = keep_alive ? planned : seen->planned_count + seen->retried;
    if (!seen->origin_known)
        return;
    if (seen->open_peak != planned && keep_alive)
        broken(seen, "the origin saw %g connections open at once, %g were planned", seen->open_peak,
               planned);
    if (!keep_alive && !(seen->open_peak <= planned))
        broken(seen, "the origin saw %g connections open at once, at most %g were planned",
               seen->open_peak, planned);
    if (seen->connections != connections)
        broken(seen, "%g connections were made, %g were planned", seen->connections, connections);
    if (seen->origin_connections != connections)
        broken(seen, "the origin saw %g connections, %g were planned", seen->origin_connections,
               connections);
    if (visit_waits(seen) && seen->in_flight_peak != planned)
        broken(seen, "the origin saw %g requests in flight at once, %g were planned",
               seen->in_flight_peak, planned);
    if (seen->open != 0)
        broken(seen, "the origin still held %g connections after the run", seen->open);
}

/* Rules 7 and 9: physics, and that what is timed lies inside of what is timed around it. */
static void prove_time(struct visit_seen *seen)
{
    if (!(seen->makespan_s > 0) || !(seen->spawn_s >= 0) || !(seen->wall_s > 0)) {
        broken(seen, "a time is missing or not positive");
        return;
    }
    if (seen->spawn_s + seen->makespan_s > seen->wall_s + SLACK_S)
        broken(seen, "spawn and makespan are %.6f s, hyperfine saw %.6f s",
               seen->spawn_s + seen->makespan_s, seen->wall_s);
    if (!seen->origin_known)
        return;
    double floor_s = ceil(seen->planned_count / seen->planned_concurrency) * seen->shortest_delay_s;
    if (seen->makespan_s < floor_s)
        broken(seen, "impossible: the makespan is %.6f s, the delays alone take %.6f s",
               seen->makespan_s, floor_s);
    if (seen->ok > seen->served)
        broken(seen, "impossible: %g fetched, the origin served %g", seen->ok, seen->served);
    if (!(seen->origin_span_s <= seen->makespan_s + SLACK_S))
        broken(seen, "the origin was at work for %.6f s, the makespan is %.6f s",
               seen->origin_span_s, seen->makespan_s);
}

/* Nothing is left behind, and the placement is what it is called. */
static void prove_host(struct visit_seen *seen)
{
    double left = json_number_at(seen->visit, "children_left");
    if (left > 0)
        broken(seen, "%g processes were left behind", left);
    double dead = json_number_at(seen->visit, "children_unreaped");
    if (dead > 0)
        broken(seen, "%g children were not reaped", dead);
    if (json_is_true(json_object_get(seen->visit, "timed_out")))
        broken(seen, "stopped after the time limit of a visit");
    const char *placement = json_string_at(seen->plan, "placement");
    if (placement && strcmp(placement, "together") == 0 && visit_origin_share(seen) >= 0.1)
        broken(seen, "client and origin share processors, and the origin used %.0f %% of one",
               100 * visit_origin_share(seen));
}

/*
 * A peer says nothing of itself: the origin's counters say whether it asked for each URL
 * and took each answer whole. That no URL was asked for twice in another's place is seen
 * by scripts/peers, in the origin's access log of a visit that is not timed.
 */
static void prove_peer(struct visit_seen *seen)
{
    double count = seen->planned_count;
    const char *error = json_string_at(seen->visit, "error");
    if (seen->exit_status != 0)
        broken(seen, "it ended with status %g%s%s", seen->exit_status, error ? ": " : "",
               error ? error : "");
    if (!(seen->wall_s > 0))
        broken(seen, "a time is missing or not positive");
    if (!seen->origin_known)
        return;
    if (seen->asked != count)
        broken(seen, "it asked %g times for %g URLs", seen->asked, count);
    else if (seen->served != count)
        broken(seen, "the origin served %g responses for %g URLs", seen->served, count);
    uint64_t size;
    const char *planned_size = json_string_at(seen->plan, "origin.size");
    if (planned_size && !json_string_at(seen->plan, "origin.fault") &&
        parse_size(planned_size, &size) == 0 && seen->body_bytes != (double)size * count)
        broken(seen, "the origin sent %.0f bytes of bodies, %.0f were planned", seen->body_bytes,
               (double)size * count);
    if (seen->in_flight_peak > seen->planned_concurrency)
        broken(seen, "%g requests were in flight at once, %g were planned", seen->in_flight_peak,
               seen->planned_concurrency);
    double floor_s = ceil(count / seen->planned_concurrency) * seen->shortest_delay_s;
    if (seen->wall_s < floor_s)
        broken(seen, "impossible: it took %.6f s, the delays alone take %.6f s", seen->wall_s,
               floor_s);
}

static void prove_ceiling(struct visit_seen *seen)
{
    double failures = ceiling_failures(seen->output);
    const char *error = json_string_at(seen->visit, "error");
    if (!(seen->rate > 0))
        broken(seen, "the load generator reported no rate%s%s", error ? ": " : "",
               error ? error : "");
    else if (failures != 0)
        broken(seen, "the load generator reported %g failures", failures);
}

void visit_prove(struct visit_seen *seen)
{
    const char *kind = json_string_at(seen->plan, "kind");
    const char *visit_schema = json_string_at(seen->visit, "schema");
    if (!visit_schema || strcmp(visit_schema, "waitbench-visit/1") != 0) {
        broken(seen, "the visit left no visit.json of schema waitbench-visit/1");
        return;
    }
    if (json_is_object(json_object_get(seen->plan, "origin")) && !seen->origin_known)
        broken(seen, "the origin's counters are missing");
    prove_host(seen);
    if (kind && strcmp(kind, "ceiling") == 0) {
        prove_ceiling(seen);
        return;
    }
    if (kind && strcmp(kind, "peer") == 0) {
        prove_peer(seen);
        return;
    }
    const char *schema = json_string_at(seen->run, "schema");
    if (!schema || strcmp(schema, "waitbench-run/1") != 0) {
        const char *error = json_string_at(seen->visit, "error");
        broken(seen, "no run.json of schema waitbench-run/1%s%s", error ? ": " : "",
               error ? error : "");
        return;
    }
    const char *sanitizer = json_string_at(seen->run, "environment.sanitizer");
    if (sanitizer)
        broken(seen, "measured with a sanitizer's build (%s), whose times mean nothing", sanitizer);
    prove_work(seen);
    prove_concurrency(seen);
    if (kind && strcmp(kind, "timed") == 0)
        prove_time(seen);
}

/* Between visits. --------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool same_work(const struct visit_seen *a, const struct visit_seen *b)
{
    return a->digest && b->digest && same(a->work, b->work);
}

/* Whether some lane met equal bodies in all of its rounds of this work. If not
 * one did, the server's bodies change from fetch to fetch. */
static bool bodies_are_constant(struct visit_seen **visits, size_t count,
                                const struct visit_seen *example)
{
    for (size_t i = 0; i < count; i++) {
        if (!same_work(visits[i], example))
            continue;
        bool constant = true;
        int rounds = 0;
        for (size_t k = 0; k < count && constant; k++) {
            if (!same_work(visits[k], example) || !same(visits[k]->cell, visits[i]->cell))
                continue;
            constant = same(visits[k]->digest, visits[i]->digest);
            rounds++;
        }
        if (constant && rounds > 1)
            return true;
    }
    return false;
}

/* The digest that most visits of the same work have; NULL where two tie for it. */
static const char *usual_digest(struct visit_seen **visits, size_t count,
                                const struct visit_seen *example)
{
    const char *usual = NULL;
    size_t most = 0;
    bool tie = false;
    for (size_t i = 0; i < count; i++) {
        if (!same_work(visits[i], example))
            continue;
        size_t alike = 0;
        for (size_t k = 0; k < count; k++)
            alike += same_work(visits[k], example) && same(visits[k]->digest, visits[i]->digest);
        if (alike == most && !same(usual, visits[i]->digest))
            tie = true;
        if (alike > most) {
            most = alike;
            usual = visits[i]->digest;
            tie = false;
        }
    }
    return tie ? NULL : usual;
}

static void agree_on_digest(struct visit_seen **visits, size_t count, size_t i, json_t *notes)
{
    const char *work = visits[i]->work;
    const char *usual = usual_digest(visits, count, visits[i]);
    bool own_urls = !visits[i]->origin_known;
    bool differ = false;
    for (size_t k = i; k < count; k++)
        differ = differ || (same_work(visits[k], visits[i]) && !same(visits[k]->digest, usual));
    if (!differ)
        return;
    if (own_urls && !bodies_are_constant(visits, count, visits[i])) {
        char text[512];
        snprintf(text, sizeof text,
                 "The server's bodies change from fetch to fetch (%s): digests are not judged.",
                 work ? work : "");
        json_array_append_new(notes, json_string(text));
        return;
    }
    for (size_t k = i; k < count; k++) {
        if (!same_work(visits[k], visits[i]) || same(visits[k]->digest, usual))
            continue;
        if (usual)
            broken(visits[k], "its digest is %s, that of the same work elsewhere %s",
                   visits[k]->digest, usual);
        else
            broken(visits[k], "its digest is %s, and equal work has others", visits[k]->digest);
    }
}

/* libcurl was told the same and is the same throughout one experiment. */
static void agree_on_libcurl(struct visit_seen **visits, size_t count, size_t i, json_t *notes)
{
    static const char *const paths[] = {"libcurl_options_digest", "environment.libcurl"};
    static const char *const names[] = {"its libcurl options' digest", "its libcurl"};
    for (int p = 0; p < 2; p++) {
        const char *first = json_string_at(visits[i]->run, paths[p]);
        for (size_t k = i + 1; k < count; k++) {
            const char *other = json_string_at(visits[k]->run, paths[p]);
            if (!visits[k]->run || !same(visits[k]->experiment, visits[i]->experiment))
                continue;
            if (first && other && !same(first, other))
                broken(visits[k], "%s is %s, elsewhere %s", names[p], other, first);
        }
        if (!first) {
            char text[256];
            snprintf(text, sizeof text, "The runs of %s do not say %s: it is not judged.",
                     visits[i]->experiment, paths[p]);
            json_array_append_new(notes, json_string(text));
        }
    }
}

json_t *visits_agree(struct visit_seen **visits, size_t count)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < count; i++) {
        bool first_of_work = visits[i]->digest != NULL,
             first_of_experiment = visits[i]->run != NULL;
        for (size_t k = 0; k < i; k++) {
            first_of_work = first_of_work && !same_work(visits[k], visits[i]);
            if (visits[k]->run && same(visits[k]->experiment, visits[i]->experiment))
                first_of_experiment = false;
        }
        if (first_of_work)
            agree_on_digest(visits, count, i, notes);
        if (first_of_experiment)
            agree_on_libcurl(visits, count, i, notes);
    }
    return notes;
}
