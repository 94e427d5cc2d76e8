/* The rules that one visit has to keep by itself. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/ledger.h"
#include "analysis/needed.h"
#include "common/units.h"

/* The origin stamps its last byte after the kernel took it, which may be a
 * moment after the client has it on another processor. */
static const double SLACK_S = 1e-3;

static void add_words(json_t *list, const char *format, va_list arguments)
{
    char *text = needed_vtext(format, arguments);
    json_array_append_new(list, json_string(text));
    free(text);
}

void add_sentence(json_t *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_words(list, format, arguments);
    va_end(arguments);
}

void visit_broken(struct visit_seen *seen, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_words(seen->reasons, format, arguments);
    va_end(arguments);
}

/* Rule 1: the whole work, and nothing else. */
static void prove_work(struct visit_seen *seen)
{
    double count = seen->planned_count;
    if (seen->exit_status != 0) {
        const char *error = json_string_at(seen->visit, "error");
        visit_broken(seen, "the model ended with status %g%s%s", seen->exit_status,
                     error ? ": " : "", error ? error : "");
    }
    if (json_is_true(json_object_get(seen->run, "interrupted")))
        visit_broken(seen, "the run was interrupted");
    if (isnan(seen->failed) || isnan(seen->ok)) {
        visit_broken(seen, "the run does not say what was fetched");
        return;
    }
    if (seen->failed != 0)
        visit_broken(seen, "%g of %g fetches failed", seen->failed, count);
    if (seen->ok + seen->failed != count)
        visit_broken(seen, "%g records for %g URLs", seen->ok + seen->failed, count);
    if (!seen->digest)
        visit_broken(seen, "the run has no digest");
    uint64_t size;
    const char *planned_size = json_string_at(seen->plan, "origin.size");
    bool faults = json_string_at(seen->plan, "origin.fault") != NULL;
    bool alike = json_string_at(seen->plan, "origin.big") == NULL;
    if (planned_size && alike && !faults && parse_size(planned_size, &size) == 0 &&
        seen->bytes != (double)size * count)
        visit_broken(seen, "%.0f bytes came, %.0f were planned", seen->bytes, (double)size * count);
    if (!seen->origin_known)
        return;
    if (seen->served != count + seen->retried)
        visit_broken(seen, "the origin served %g responses for %g URLs", seen->served, count);
    if (!faults && seen->body_bytes != seen->bytes)
        visit_broken(seen, "the origin sent %.0f bytes, the client counted %.0f", seen->body_bytes,
                     seen->bytes);
}

/* Rules 2 and 3: as many in flight and as many connections as planned. */
static void prove_concurrency(struct visit_seen *seen)
{
    double planned = fmin(seen->planned_concurrency, seen->planned_count);
    bool keep_alive = json_is_true(json_object_get(seen->plan, "keep_alive"));
    double made = json_number_at(seen->run, "workers.made");
    double asked = json_number_at(seen->run, "workers.asked");
    double lost = json_number_at(seen->run, "workers.lost");
    if (isnan(made) || isnan(asked) || isnan(lost))
        visit_broken(seen, "the run does not say how many workers were asked for, made and lost");
    if (made < asked)
        visit_broken(seen, "%g of %g workers could be made", made, asked);
    if (lost > 0)
        visit_broken(seen, "%g workers were lost", lost);
    if (!(seen->peak <= seen->planned_concurrency))
        visit_broken(seen, "%g fetches were in flight at once, %g were planned", seen->peak,
                     seen->planned_concurrency);
    double connections = keep_alive ? planned : seen->planned_count + seen->retried;
    if (!seen->origin_known)
        return;
    if (seen->open != 0)
        visit_broken(seen, "the origin still held %g connections after the run", seen->open);
    if (seen->origin_connections != seen->connections)
        visit_broken(seen, "the origin saw %g connections, the client made %g",
                     seen->origin_connections, seen->connections);
    /* At a rate not every lane need ever have been wanted; with several hosts each lane keeps a
     * connection to more than one, and how many are made is a result. */
    if (json_is_object(json_object_get(seen->plan, "rate"))) {
        if (seen->open_peak > planned)
            visit_broken(seen,
                         "the origin saw %g connections open at once, at most %g were planned",
                         seen->open_peak, planned);
        return;
    }
    if (json_number_at(seen->plan, "hosts") > 1) {
        if (seen->in_flight_peak > planned)
            visit_broken(seen,
                         "the origin saw %g requests in flight at once, at most %g were planned",
                         seen->in_flight_peak, planned);
        return;
    }
    if (seen->open_peak != planned && keep_alive)
        visit_broken(seen, "the origin saw %g connections open at once, %g were planned",
                     seen->open_peak, planned);
    if (!keep_alive && !(seen->open_peak <= planned))
        visit_broken(seen, "the origin saw %g connections open at once, at most %g were planned",
                     seen->open_peak, planned);
    if (seen->connections != connections)
        visit_broken(seen, "%g connections were made, %g were planned", seen->connections,
                     connections);
    if (visit_waits(seen) && seen->in_flight_peak != planned)
        visit_broken(seen, "the origin saw %g requests in flight at once, %g were planned",
                     seen->in_flight_peak, planned);
}

/* Rules 7 and 9: physics, and that what is timed lies inside of what is timed around it. */
static void prove_time(struct visit_seen *seen)
{
    if (!(seen->makespan_s > 0) || !(seen->spawn_s >= 0) || !(seen->wall_s > 0)) {
        visit_broken(seen, "a time is missing or not positive");
        return;
    }
    if (!(seen->user_s >= 0) || !(seen->system_s >= 0))
        visit_broken(seen, "a processor time is missing or below zero");
    if (seen->switches_voluntary < 0 || seen->switches_involuntary < 0)
        visit_broken(seen, "a count of switches is below zero");
    if (seen->first_ms < 0 || seen->first_ms / 1e3 > seen->makespan_s + SLACK_S)
        visit_broken(seen, "the first result came after %g ms, the makespan is %.6f s",
                     seen->first_ms, seen->makespan_s);
    /* Written with fewer digits, it is still the same rate. */
    if (!(fabs(seen->rate * seen->makespan_s - seen->ok) <= 1e-3 * seen->ok))
        visit_broken(seen, "%g fetches a second are said, %g in %.6f s were made", seen->rate,
                     seen->ok, seen->makespan_s);
    if (seen->wall_s > json_number_at(seen->visit, "wall_s") + SLACK_S)
        visit_broken(seen, "hyperfine saw %.6f s, and the visit around it took %.6f s",
                     seen->wall_s, json_number_at(seen->visit, "wall_s"));
    if (seen->spawn_s + seen->makespan_s > seen->wall_s + SLACK_S)
        visit_broken(seen, "spawn and makespan are %.6f s, hyperfine saw %.6f s",
                     seen->spawn_s + seen->makespan_s, seen->wall_s);
    if (!seen->origin_known)
        return;
    double floor_s = ceil(seen->planned_count / seen->planned_concurrency) * seen->shortest_delay_s;
    if (seen->makespan_s < floor_s)
        visit_broken(seen, "impossible: the makespan is %.6f s, the delays alone take %.6f s",
                     seen->makespan_s, floor_s);
    if (seen->ok > seen->served)
        visit_broken(seen, "impossible: %g fetched, the origin served %g", seen->ok, seen->served);
    if (seen->origin_span_s < 0)
        visit_broken(seen, "impossible: the origin sent its last byte before it was asked");
    if (!(seen->origin_span_s <= seen->makespan_s + SLACK_S))
        visit_broken(seen, "the origin was at work for %.6f s, the makespan is %.6f s",
                     seen->origin_span_s, seen->makespan_s);
}

/* Nothing is left behind, and the placement is what it is called. */
static void prove_host(struct visit_seen *seen)
{
    double left = json_number_at(seen->visit, "children_left");
    if (left > 0)
        visit_broken(seen, "%g processes were left behind", left);
    double dead = json_number_at(seen->visit, "children_unreaped");
    if (dead > 0)
        visit_broken(seen, "%g children were not reaped", dead);
    if (json_is_true(json_object_get(seen->visit, "timed_out")))
        visit_broken(seen, "stopped after the time limit of a visit");
    const char *placement = json_string_at(seen->plan, "placement");
    if (placement && strcmp(placement, "together") == 0 && visit_origin_share(seen) >= 0.1)
        visit_broken(seen, "client and origin share processors, and the origin used %.0f %% of one",
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
        visit_broken(seen, "it ended with status %g%s%s", seen->exit_status, error ? ": " : "",
                     error ? error : "");
    if (!(seen->wall_s > 0))
        visit_broken(seen, "a time is missing or not positive");
    if (!seen->origin_known)
        return;
    if (seen->asked != count)
        visit_broken(seen, "it asked %g times for %g URLs", seen->asked, count);
    else if (seen->served != count)
        visit_broken(seen, "the origin served %g responses for %g URLs", seen->served, count);
    uint64_t size;
    const char *planned_size = json_string_at(seen->plan, "origin.size");
    if (planned_size && !json_string_at(seen->plan, "origin.fault") &&
        parse_size(planned_size, &size) == 0 && seen->body_bytes != (double)size * count)
        visit_broken(seen, "the origin sent %.0f bytes of bodies, %.0f were planned",
                     seen->body_bytes, (double)size * count);
    if (seen->in_flight_peak > seen->planned_concurrency)
        visit_broken(seen, "%g requests were in flight at once, %g were planned",
                     seen->in_flight_peak, seen->planned_concurrency);
    double floor_s = ceil(count / seen->planned_concurrency) * seen->shortest_delay_s;
    if (seen->wall_s < floor_s)
        visit_broken(seen, "impossible: it took %.6f s, the delays alone take %.6f s", seen->wall_s,
                     floor_s);
}

/*
 * Rule 10: what the meter saw is what was held. It reads all of the tree again and again; a gap
 * longer than the wait could hide the moment at which all wait.
 */
static void prove_meter(struct visit_seen *seen)
{
    static const char *const peaks[] = {"virtual", "rss", "pss", "page_tables"};
    const char *schema = json_string_at(seen->meter, "schema");
    const char *model = json_string_at(seen->plan, "model");
    if (!schema || strcmp(schema, "waitbench-meter/1") != 0) {
        visit_broken(seen, "no meter.json of schema waitbench-meter/1");
        return;
    }
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++) {
        char path[48];
        snprintf(path, sizeof path, "memory_kib.%s", peaks[i]);
        if (!(json_number_at(seen->meter, path) > 0))
            visit_broken(seen, "the meter saw no %s", path);
    }
    double left = json_number_at(seen->meter, "tasks.left_running");
    if (left != 0)
        visit_broken(seen, "%g processes ran on, unmetered", left);
    double gap_s = json_number_at(seen->meter, "sampling.longest_gap_ms") / 1e3;
    double wait_s = ceil(seen->planned_count / seen->planned_concurrency) * seen->shortest_delay_s;
    if (!(gap_s <= wait_s))
        visit_broken(seen, "the meter looked away for %.3f s, and all waited for %.3f s", gap_s,
                     wait_s);
    /* A worker that is one of the system's own tasks is there to be counted. */
    double workers = fmin(seen->planned_concurrency, seen->planned_count);
    bool processes = model && strcmp(model, "processes") == 0;
    if (!processes && !(model && strcmp(model, "threads") == 0))
        return;
    double tasks = json_number_at(seen->meter, processes ? "tasks.processes" : "tasks.threads");
    /* libcurl looks a name up in a thread of its own: how many there are is a result. */
    const char *resolve = json_string_at(seen->plan, "resolve");
    bool more = !processes && resolve && strcmp(resolve, "each") == 0 && tasks > workers;
    if (tasks != workers + 1 && !more)
        visit_broken(seen, "the meter saw %g %s at once, %g workers and who made them were planned",
                     tasks, processes ? "processes" : "threads", workers);
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

static void prove_ceiling(struct visit_seen *seen)
{
    double failures = ceiling_failures(seen->output);
    const char *error = json_string_at(seen->visit, "error");
    if (!(seen->rate > 0))
        visit_broken(seen, "the load generator reported no rate%s%s", error ? ": " : "",
                     error ? error : "");
    else if (failures != 0)
        visit_broken(seen, "the load generator reported %g failures", failures);
}

void visit_prove(struct visit_seen *seen)
{
    const char *kind = json_string_at(seen->plan, "kind");
    const char *visit_schema = json_string_at(seen->visit, "schema");
    if (!visit_schema || strcmp(visit_schema, "waitbench-visit/1") != 0) {
        visit_broken(seen, "the visit left no visit.json of schema waitbench-visit/1");
        return;
    }
    const char *skipped = json_string_at(seen->visit, "skipped");
    if (skipped) {
        visit_broken(seen, "%s", skipped);
        return;
    }
    if (json_is_object(json_object_get(seen->plan, "origin")) && !seen->origin_known)
        visit_broken(seen, "the origin's counters are missing");
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
        visit_broken(seen, "no run.json of schema waitbench-run/1%s%s", error ? ": " : "",
                     error ? error : "");
        return;
    }
    const char *sanitizer = json_string_at(seen->run, "environment.sanitizer");
    if (sanitizer)
        visit_broken(seen, "measured with a sanitizer's build (%s), whose times mean nothing",
                     sanitizer);
    prove_work(seen);
    prove_concurrency(seen);
    if (kind && strcmp(kind, "timed") == 0)
        prove_time(seen);
    if (kind && strcmp(kind, "metered") == 0)
        prove_meter(seen);
}
