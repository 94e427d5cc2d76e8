#include "analysis/plan.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"
#include "common/units.h"

/*
 * What a visit is expected to cost, for the budget only: no figure of a result
 * comes from here. Seconds of one core, read off quick runs on the two-core
 * virtual machine that the first release was made on, rounded up; one more
 * process took 2 ms on a quiet day and 6 to 8 ms on a slow one.
 */
struct cost {
    const char *model;
    double start;  /* process start to exit, beside what follows */
    double worker; /* one more worker or transfer */
    double first;  /* a fetch that opens its connection */
    double kept;   /* a fetch on a kept connection */
};

static const struct cost costs[] = {
    {"sequential", 0.015, 0, 200e-6, 80e-6},
    {"processes", 0.015, 4e-3, 250e-6, 80e-6},
    {"threads", 0.015, 0.15e-3, 200e-6, 70e-6},
    {"async", 0.015, 0.03e-3, 150e-6, 45e-6},
    {"hybrid", 0.02, 0.03e-3, 150e-6, 50e-6},
    {"coroutines", 0.015, 0.03e-3, 150e-6, 45e-6},
    {"", 0.02, 4e-3, 250e-6, 80e-6}, /* any other */
};

static const double PASS_S = 1e-6;        /* one of --cpu-work's passes */
static const double ASSUMED_RATE = 10000; /* fetches a second of one processor */
static const double ASSUMED_BYTES_PER_S = 500e6;

enum {
    VISIT_MS = 25,         /* settling, proving, hyperfine and the files of one visit */
    RUN_MS = 12000,        /* checks at the start; tables and charts at the end */
    ASSUMED_FETCH_MS = 100 /* of a server that nobody has met */
};

uint64_t random_below(uint64_t *state, uint64_t bound)
{
    /* The first 2⁶⁴ mod bound numbers would make low results likelier. */
    uint64_t least = -bound % bound, drawn;
    do
        drawn = splitmix64(state);
    while (drawn < least);
    return drawn % bound;
}

double plan_fixed_s(const struct plan_request *request)
{
    (void)request;
    return RUN_MS / 1e3;
}

static double seconds_of(const char *duration)
{
    uint64_t ns = 0;
    if (duration)
        (void)parse_duration(duration, &ns); /* checked when the experiment was read */
    return (double)ns / 1e9;
}

/* No delay of the origin is shorter; 0 where its distribution begins there, or near it. */
static double shortest_delay(const struct settings *s)
{
    double delay = seconds_of(s->delay), jitter = seconds_of(s->jitter);
    if (s->dist && strcmp(s->dist, "fixed") == 0)
        return delay;
    if (!s->dist || strcmp(s->dist, "uniform") == 0)
        return fmax(0, delay - jitter);
    return 0;
}

/* The bytes of all bodies. */
static double bodies_of(const struct settings *s)
{
    uint64_t size = 0, big = 0;
    double count = (double)s->count,
           many = s->big && s->every > 0 ? floor(count / (double)s->every) : 0;
    if (s->size)
        (void)parse_size(s->size, &size);
    if (s->big)
        (void)parse_size(s->big, &big);
    return (count - many) * (double)size + many * (double)big;
}

static bool is_static(const struct lane *lane, const struct settings *s)
{
    size_t i;
    json_t *option;
    for (i = 0; (option = json_array_get(lane->options, i)); i++)
        if (strcmp(json_string_value(option), "--dispatch=static") == 0)
            return true;
    return s->dispatch && strcmp(s->dispatch, "static") == 0;
}

static double predict(const struct plan_request *request, const struct lane *lane,
                      const struct settings *s)
{
    const struct cost *cost = costs;
    while (cost->model[0] && strcmp(cost->model, lane->model) != 0)
        cost++;
    double n = (double)s->count, c = fmin((double)s->concurrency, n), t = seconds_of(s->delay);
    if (lane->peer) {
        double each = lane->each_s + (double)lane->processes * request->process_s;
        return lane->start_s + fmax(ceil(n / c) * t, n * each + t);
    }
    double work = s->cpu_work > 0 ? (double)s->cpu_work * PASS_S : 0;
    double fetching = fmax(ceil(n / c) * t + c * cost->first, n * (cost->kept + work) + t);
    if (strcmp(lane->model, "sequential") == 0)
        fetching += n * work;
    bool heavy = s->dist && strcmp(s->dist, "pareto") == 0;
    fetching += (heavy ? 8 : 3) * seconds_of(s->dist ? s->jitter : NULL);
    /* Lane k may well get two of the slow ones where URLs are dealt out beforehand. */
    if (s->slow)
        fetching += seconds_of(s->slow) * (is_static(lane, s) ? 2 : 1);
    if (s->rate_share > 0)
        fetching = n / (s->rate_share * ASSUMED_RATE) + t;
    fetching += bodies_of(s) / ASSUMED_BYTES_PER_S;
    return cost->start + c * cost->worker + fetching;
}

/* What the origin is told in words; a value is NULL where it is not told. */
enum { ORIGIN_WORDS = 7 };
struct origin_words {
    const char *names[ORIGIN_WORDS], *values[ORIGIN_WORDS];
};

static struct origin_words origin_words(const struct settings *s)
{
    return (struct origin_words){
        {"size", "delay", "jitter", "dist", "fault", "slow", "big"},
        {s->size, s->delay, s->jitter, s->dist, s->fault, s->slow, s->big}};
}

/* The origin's query, which also names the work: equal work has equal digests. To be freed. */
static char *query_of(const struct settings *s)
{
    struct origin_words words = origin_words(s);
    char *query = needed_text("%s", "");
    for (size_t i = 0; i < ORIGIN_WORDS; i++) {
        if (!words.values[i])
            continue;
        char *longer =
            needed_text("%s%s%s=%s", query, *query ? "&" : "?", words.names[i], words.values[i]);
        free(query);
        query = longer;
    }
    char status[32] = "", every[32] = "";
    if (s->status >= 0)
        snprintf(status, sizeof status, "%sstatus=%lld", *query ? "&" : "?", (long long)s->status);
    if (s->every >= 0)
        snprintf(every, sizeof every, "%severy=%lld", *query || *status ? "&" : "?",
                 (long long)s->every);
    char *whole = needed_text("%s%s%s", query, status, every);
    free(query);
    return whole;
}

/* A text as a JSON string. What of it comes from outside is known to be UTF-8. */
__attribute__((format(printf, 1, 2))) static json_t *text_json(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = needed_vtext(format, arguments);
    va_end(arguments);
    json_t *json = json_string(text);
    free(text);
    return json;
}

#define add_argument(command, ...) json_array_append_new(command, text_json(__VA_ARGS__))

/* The model's whole command line; {origin} and {visit} are filled in when it is run. */
static json_t *model_command(const struct plan_request *request, const struct experiment *e,
                             const struct lane *lane, const struct settings *s)
{
    json_t *command = json_array();
    if (e->metered) {
        add_argument(command, "%s/meter", request->build);
        add_argument(command, "--quiet");
        add_argument(command, "--json={visit}/meter.json");
        add_argument(command, "--");
    }
    add_argument(command, "%s/%s", request->build, lane->model);
    add_argument(command, "--quiet");
    add_argument(command, "--concurrency=%lld", (long long)s->concurrency);
    add_argument(command, "--timeout=%s", s->timeout ? s->timeout : "30s");
    add_argument(command, "--retries=%lld", (long long)(s->retries < 0 ? 0 : s->retries));
    add_argument(command, "--keep-alive=%s", s->keep_alive ? "yes" : "no");
    if (s->dispatch)
        add_argument(command, "--dispatch=%s", s->dispatch);
    if (s->resolve)
        add_argument(command, "--resolve=%s", s->resolve);
    if (s->cpu_work > 0)
        add_argument(command, "--cpu-work=%lld", (long long)s->cpu_work);
    if (s->rate_share > 0)
        add_argument(command, "--rate={rate}%s%s", s->arrivals && *s->arrivals == 'p' ? "," : "",
                     s->arrivals && *s->arrivals == 'p' ? s->arrivals : "");
    if (s->save)
        add_argument(command, "--save={visit}/bodies");
    if (s->records)
        add_argument(command, "--records={visit}/records.csv");
    size_t i;
    json_t *option;
    for (i = 0; (option = json_array_get(lane->options, i)); i++)
        json_array_append(command, option);
    add_argument(command, "--json={visit}/run.json");
    if (e->traced)
        add_argument(command, "--trace={visit}/trace.json");
    if (request->urls) {
        add_argument(command, "--input=%s", request->urls);
    } else if (s->hosts > 0) {
        add_argument(command, "--input={list}");
    } else {
        add_argument(command, "--count=%lld", (long long)s->count);
        char *query = query_of(s);
        add_argument(command, "--url-pattern={origin}/item/{}%s", query);
        free(query);
    }
    return command;
}

/* A peer's own command line. {urls}, {curl} and {scratch} are filled in by scripts/bench,
 * {origin} and {visit} by the visit. */
static json_t *peer_command(const struct plan_request *request, const struct lane *lane,
                            const struct settings *s)
{
    char *query = query_of(s), numbers[4][24];
    snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)s->count);
    snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)s->concurrency);
    snprintf(numbers[2], sizeof numbers[2], "%lld", (long long)(s->cpu_work < 0 ? 0 : s->cpu_work));
    /* So that each of as many processes as run at one time gets an equal share. */
    snprintf(numbers[3], sizeof numbers[3], "%lld",
             (long long)((s->count + s->concurrency - 1) / s->concurrency));
    const char *const names[] = {"{batch}",    "{count}", "{concurrency}",
                                 "{cpu_work}", "{query}", "{build}"};
    const char *const values[] = {numbers[3], numbers[0], numbers[1],
                                  numbers[2], query,      request->build};
    json_t *command = json_array(), *argument;
    size_t i;
    for (i = 0; (argument = json_array_get(lane->peer, i)); i++) {
        char *text = needed_text("%s", json_string_value(argument));
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            char *next = needed_replaced(text, names[k], values[k]);
            free(text);
            text = next;
        }
        json_array_append_new(command, json_string(text));
        free(text);
    }
    free(query);
    return command;
}

/* wrk measures whole seconds only; it is interrupted, which ends it in good order
 * with the rate over the time that passed. h2load ends after so many requests. */
static json_t *ceiling_command(const char *tool, const struct settings *s)
{
    json_t *command = json_array();
    add_argument(command, "%s", tool);
    if (strcmp(tool, "wrk") == 0) {
        add_argument(command, "--threads=1");
        add_argument(command, "--connections=%lld", (long long)s->concurrency);
        add_argument(command, "--duration=60s");
        add_argument(command, "--timeout=30s");
    } else {
        add_argument(command, "--h1");
        add_argument(command, "--threads=1");
        add_argument(command, "--clients=%lld", (long long)s->concurrency);
        add_argument(command, "--requests=%lld", (long long)s->count);
    }
    char *query = query_of(s);
    add_argument(command, "{origin}/item/1%s", query);
    free(query);
    return command;
}

static json_t *origin_settings(const struct settings *s)
{
    json_t *origin = json_object();
    struct origin_words words = origin_words(s);
    for (size_t i = 0; i < ORIGIN_WORDS; i++)
        json_object_set_new(origin, words.names[i],
                            words.values[i] ? json_string(words.values[i]) : json_null());
    json_object_set_new(origin, "status", s->status >= 0 ? json_integer(s->status) : json_null());
    json_object_set_new(origin, "every", s->every >= 0 ? json_integer(s->every) : json_null());
    return origin;
}

static json_t *maybe_string(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* Names as long as they are: of two that were cut, one cell would become of both. */
static json_t *cell_id(const struct experiment *e, const char *lane_name, const char *value)
{
    return text_json("%s/%s/%s=%s", e->name, lane_name, axis_name(e->axis), value);
}

/* What every line says of the cell's place and work; the caller adds the rest. */
static json_t *begin_line(const struct plan_request *request, const struct experiment *e, size_t i,
                          const char *lane_name, const struct settings *s)
{
    char number[32], *query = query_of(s);
    json_t *cell = e->axis == NO_AXIS ? text_json("%s/%s", e->name, lane_name)
                                      : cell_id(e, lane_name, experiment_value(e, i, number));
    json_t *work = request->urls ? text_json("%lld URLs of %s", (long long)s->count, request->urls)
                                 : text_json("count=%lld cpu_work=%lld %s", (long long)s->count,
                                             (long long)(s->cpu_work < 0 ? 0 : s->cpu_work), query);
    free(query);
    json_t *line = json_object();
    json_object_set_new(line, "schema", json_string("waitbench-plan/1"));
    json_object_set_new(line, "profile", json_string(request->profile));
    json_object_set_new(line, "seed", json_integer(request->seed));
    json_object_set_new(line, "visit", json_null());
    json_object_set_new(line, "round", json_null());
    json_object_set_new(line, "kind", json_null());
    json_object_set_new(line, "experiment", json_string(e->name));
    json_object_set_new(line, "question", json_string(e->question));
    json_object_set_new(line, "chart", maybe_string(e->chart));
    json_object_set_new(line, "cell", cell);
    json_object_set_new(line, "lane", json_string(lane_name));
    json_object_set_new(line, "model", json_null());
    json_object_set_new(line, "again_of", json_null());
    json_object_set_new(line, "axis", json_string(axis_name(e->axis)));
    json_object_set_new(line, "value",
                        e->axis == NO_AXIS ? json_null()
                                           : json_deep_copy(json_array_get(e->values, i)));
    json_object_set_new(line, "work", work);
    json_object_set_new(line, "count", json_integer(s->count));
    json_object_set_new(line, "concurrency", json_integer(s->concurrency));
    json_object_set_new(line, "keep_alive", json_boolean(s->keep_alive));
    json_object_set_new(line, "delay_s",
                        request->urls ? json_null() : json_real(seconds_of(s->delay)));
    json_object_set_new(line, "shortest_delay_s",
                        request->urls ? json_null() : json_real(shortest_delay(s)));
    json_object_set_new(line, "placement", json_string(placement_name(e->placement)));
    json_object_set_new(line, "origin", request->urls ? json_null() : origin_settings(s));
    if (e->peers)
        json_object_set_new(line, "beside_peers", json_true());
    if (s->cpu_work > 0)
        json_object_set_new(line, "cpu_work", json_integer(s->cpu_work));
    if (s->dispatch)
        json_object_set_new(line, "dispatch", json_string(s->dispatch));
    if (s->resolve)
        json_object_set_new(line, "resolve", json_string(s->resolve));
    if (s->hosts > 0)
        json_object_set_new(line, "hosts", json_integer(s->hosts));
    if (s->quota > 0 || s->memory || s->network || s->names)
        json_object_set_new(line, "client",
                            json_pack("{s:o, s:o, s:o, s:o}", "quota",
                                      s->quota > 0 ? json_real(s->quota) : json_null(), "memory",
                                      maybe_string(s->memory), "network", maybe_string(s->network),
                                      "names", s->names ? json_string("{names}") : json_null()));
    return line;
}

/* Where an open loop's rate comes from: a share of what the cells named by it have measured so
 * far in this run, the lane's own cell or all lanes' (the slowest counts). */
static json_t *rate_of(const struct experiment *e, const struct lane *lane,
                       const struct settings *s)
{
    if (s->rate_share <= 0)
        return NULL;
    json_t *cells = json_array(), *from = json_string(s->rate_from);
    bool own = !s->rate_of || strcmp(s->rate_of, "own") == 0;
    for (size_t k = 0; k < e->lane_count; k++) {
        if (own ? &e->lanes[k] != lane : !lane_is_at(&e->lanes[k], from))
            continue;
        json_array_append_new(cells, cell_id(e, e->lanes[k].name, s->rate_from));
    }
    json_decref(from);
    return json_pack("{s:f, s:s, s:s, s:o}", "share", s->rate_share, "of", own ? "own" : "slowest",
                     "arrivals", s->arrivals ? s->arrivals : "even", "cells", cells);
}

/* Work on the responses that a lane's own options ask for is in its digest as well. */
static void add_lane_work(json_t *line, const struct lane *lane)
{
    size_t i;
    json_t *option;
    for (i = 0; (option = json_array_get(lane->options, i)); i++)
        if (strncmp(json_string_value(option), "--cpu-work=", strlen("--cpu-work=")) == 0)
            json_object_set_new(line, "work",
                                text_json("%s %s", json_string_value(json_object_get(line, "work")),
                                          json_string_value(option)));
}

static json_t *lane_line(const struct plan_request *request, const struct experiment *e, size_t i,
                         const struct lane *lane)
{
    struct settings s = experiment_at(e, i);
    /* One fetch after another is one in flight, whatever was asked. */
    if (strcmp(lane->model, "sequential") == 0) {
        if (e->axis == BY_CONCURRENCY && s.concurrency != 1)
            return NULL;
        s.concurrency = 1;
    }
    if (lane->concurrency > 0)
        s.concurrency = lane->concurrency;
    if (lane->most > 0 && s.concurrency > lane->most)
        return NULL;
    if (e->axis != NO_AXIS && !lane_is_at(lane, json_array_get(e->values, i)))
        return NULL;
    double predicted = predict(request, lane, &s);
    json_t *line = begin_line(request, e, i, lane->name, &s);
    bool too_long = predicted > e->longest_s;
    json_object_set_new(line, "kind",
                        json_string(too_long     ? "predicted"
                                    : e->traced  ? "traced"
                                    : e->metered ? "metered"
                                    : lane->peer ? "peer"
                                                 : "timed"));
    json_object_set_new(line, "model", lane->peer ? json_null() : json_string(lane->model));
    json_object_set_new(line, "again_of", maybe_string(lane->again));
    json_object_set_new(line, "against", maybe_string(lane->against));
    add_lane_work(line, lane);
    if (s.rate_share > 0)
        json_object_set_new(line, "rate", rate_of(e, lane, &s));
    json_object_set_new(line, "command",
                        lane->peer ? peer_command(request, lane, &s)
                                   : model_command(request, e, lane, &s));
    json_object_set_new(line, "interrupt_s", json_null());
    json_object_set_new(line, "predicted_s", json_real(predicted + VISIT_MS / 1e3));
    return line;
}

static json_t *ceiling_line(const struct plan_request *request, const struct experiment *e,
                            size_t i, const char *tool)
{
    struct settings s = experiment_at(e, i);
    bool wrk = strcmp(tool, "wrk") == 0;
    /* h2load ends after a number of requests: as many as it can be expected to
     * make in the time, at 20,000 a second or as fast as the delay lets it. */
    double delay = seconds_of(s.delay), rate = 20000;
    if (delay > 0)
        rate = fmin(rate, (double)s.concurrency / delay);
    s.count = wrk ? s.count : (int64_t)fmax((double)s.concurrency, e->ceiling_s * rate);
    json_t *line = begin_line(request, e, i, tool, &s);
    json_object_set_new(line, "kind", json_string("ceiling"));
    json_object_set_new(line, "command", ceiling_command(tool, &s));
    json_object_set_new(line, "interrupt_s", wrk ? json_real(e->ceiling_s) : json_null());
    json_object_set_new(line, "predicted_s", json_real(e->ceiling_s + VISIT_MS / 1e3));
    return line;
}

/* One cell more: its line, its place in the written order, the rounds that visit it. */
static void add_cell(json_t *cells, json_t *line, int rounds)
{
    json_object_set_new(line, "place", json_integer((json_int_t)json_array_size(cells) + 1));
    json_array_append_new(cells, json_pack("{s:i, s:o}", "rounds", rounds, "line", line));
}

/* The same lane by the programs of another build, which it is held against. */
static void add_base_cell(const struct plan_request *request, const struct experiment *e, size_t i,
                          const struct lane *lane, json_t *cells)
{
    struct plan_request base = *request;
    struct lane other = *lane;
    if (lane->peer || lane->again || lane->against || e->traced || e->metered)
        return;
    char *name = needed_text("%s (BASE)", lane->name);
    base.build = request->base;
    other.name = name;
    other.against = lane->name;
    json_t *line = lane_line(&base, e, i, &other);
    if (line)
        add_cell(cells, line, e->rounds);
    free(name);
}

/* All cells of one experiment, appended to cells. */
static void add_cells(const struct plan_request *request, const struct experiment *e, json_t *cells)
{
    for (size_t i = 0; i < experiment_values(e); i++) {
        for (size_t k = 0; k < e->lane_count; k++) {
            json_t *line = lane_line(request, e, i, &e->lanes[k]);
            if (line)
                add_cell(cells, line, e->rounds);
            if (line && request->base)
                add_base_cell(request, e, i, &e->lanes[k], cells);
        }
        if (e->wrk && !request->urls)
            add_cell(cells, ceiling_line(request, e, i, "wrk"), e->rounds);
        if (e->h2load && !request->urls)
            add_cell(cells, ceiling_line(request, e, i, "h2load"), e->rounds);
    }
}

static const char *kind_of(json_t *line)
{
    return json_string_value(json_object_get(line, "kind"));
}

static void add_visit(json_t *plan, json_t *line, int round)
{
    json_t *visit = json_copy(line);
    json_object_set_new(visit, "visit", json_integer((json_int_t)json_array_size(plan) + 1));
    json_object_set_new(visit, "round", json_integer(round));
    json_array_append_new(plan, visit);
}

/* One round: the cells that it visits, in an order drawn for it alone. */
static void add_round(json_t *plan, json_t *cells, int round, uint64_t *random)
{
    size_t count = 0, i;
    json_t **order = needed(json_array_size(cells) + 1, sizeof(json_t *));
    json_t *cell;
    for (i = 0; (cell = json_array_get(cells, i)); i++) {
        json_t *line = json_object_get(cell, "line");
        if (json_integer_value(json_object_get(cell, "rounds")) >= round &&
            strcmp(kind_of(line), "traced") != 0 && strcmp(kind_of(line), "predicted") != 0)
            order[count++] = line;
    }
    for (size_t left = count; left > 1; left--) {
        size_t drawn = random_below(random, left);
        json_t *line = order[drawn];
        order[drawn] = order[left - 1];
        order[left - 1] = line;
    }
    /* What takes its rate from this round's cells comes after them. */
    for (int late = 0; late <= 1; late++)
        for (i = 0; i < count; i++)
            if (json_is_object(json_object_get(order[i], "rate")) == late)
                add_visit(plan, order[i], round);
    free(order);
}

/* Traced visits come first, as round 0, in their written order; predictions last. */
static void lay_out(json_t *plan, json_t *cells, uint32_t seed)
{
    size_t i;
    json_t *cell;
    json_int_t rounds = 0;
    for (i = 0; (cell = json_array_get(cells, i)); i++) {
        json_t *line = json_object_get(cell, "line");
        if (strcmp(kind_of(line), "traced") == 0)
            add_visit(plan, line, 0);
        else if (json_integer_value(json_object_get(cell, "rounds")) > rounds)
            rounds = json_integer_value(json_object_get(cell, "rounds"));
    }
    uint64_t random = seed;
    for (int round = 1; round <= rounds; round++)
        add_round(plan, cells, round, &random);
    for (i = 0; (cell = json_array_get(cells, i)); i++) {
        json_t *line = json_object_get(cell, "line");
        if (strcmp(kind_of(line), "predicted") == 0)
            json_array_append(plan, line);
    }
}

/* How many URLs a list holds: its lines that are neither blank nor a comment. The
 * models judge each line; this only sizes the plan. */
static int64_t count_urls(const char *file, struct problem *problem)
{
    FILE *stream = fopen(file, "re");
    if (!stream)
        return say_problem(problem, file, NULL, "%s", strerror(errno));
    char *line = NULL;
    size_t size = 0;
    int64_t count = 0;
    while (getline(&line, &size, stream) >= 0) {
        size_t blank = strspn(line, " \t\r\n");
        count += line[blank] != '\0' && line[blank] != '#';
    }
    bool failed = ferror(stream);
    free(line);
    fclose(stream);
    if (failed)
        return say_problem(problem, file, NULL, "cannot be read");
    return count ? count : say_problem(problem, file, NULL, "holds no URL");
}

/* One's own list: the experiment's lanes and rounds, but none of the origin's settings. */
static int take_urls(struct experiment *e, int64_t count, const char *file, struct problem *problem)
{
    static char assumed[16];
    if (e->peers)
        return say_problem(problem, file, "peers", "are measured against the origin only");
    if (e->axis != NO_AXIS || e->traced || e->metered)
        return say_problem(problem, file, "axis",
                           "one's own URLs are measured by a timed experiment without an axis");
    snprintf(assumed, sizeof assumed, "%dms", ASSUMED_FETCH_MS);
    struct settings *s = &e->settings;
    s->count = count;
    s->count_each = -1;
    s->delay = assumed; /* for the prediction only: lines of such a plan hold no delay */
    s->size = s->jitter = s->dist = s->fault = NULL;
    s->status = s->every = -1;
    e->longest_s = INFINITY;
    return 0;
}

/* Two of one name would be one, with twice as many rounds as there are; of two of one chart the
 * second would be drawn under what the page says of the first. */
static int check_new(const struct experiment *e, const char *file, const json_t *cells,
                     struct problem *problem)
{
    size_t i;
    json_t *cell;
    for (i = 0; (cell = json_array_get(cells, i)); i++) {
        json_t *line = json_object_get(cell, "line"), *chart = json_object_get(line, "chart");
        if (strcmp(json_string_value(json_object_get(line, "experiment")), e->name) == 0)
            return say_problem(problem, file, "name", "is that of an experiment before it: %s",
                               e->name);
        if (e->chart && json_is_string(chart) && strcmp(json_string_value(chart), e->chart) == 0)
            return say_problem(problem, file, "chart", "is that of an experiment before it: %s",
                               e->chart);
    }
    return 0;
}

static int add_experiment(const struct plan_request *request, const char *file, int64_t urls,
                          json_t *cells, struct problem *problem)
{
    struct experiment e;
    int error = experiment_open(&e, file, request->profile, problem);
    if (!error)
        error = check_new(&e, file, cells, problem);
    if (!error && request->urls)
        error = take_urls(&e, urls, file, problem);
    if (!error && e.rounds > 0)
        add_cells(request, &e, cells);
    experiment_close(&e);
    return error;
}

/* These names get into the plan, which is JSON. */
static int check_names(const struct plan_request *request, struct problem *problem)
{
    const char *const names[] = {request->urls, request->build, request->base};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *json = names[i] ? json_string(names[i]) : json_null();
        if (!json)
            return say_problem(problem, names[i], NULL, "its name must be UTF-8");
        json_decref(json);
    }
    return 0;
}

int plan_make(const struct plan_request *request, json_t **plan, struct problem *problem)
{
    int error = check_names(request, problem);
    if (error)
        return error;
    int64_t urls = request->urls ? count_urls(request->urls, problem) : 0;
    if (urls < 0)
        return (int)urls;
    json_t *cells = json_array();
    *plan = json_array();
    for (size_t i = 0; i < request->file_count && !error; i++)
        error = add_experiment(request, request->files[i], urls, cells, problem);
    if (!error)
        lay_out(*plan, cells, request->seed);
    if (!error && json_array_size(*plan) == 0)
        error = say_problem(problem, request->profile, NULL,
                            "none of these experiments has anything in this profile");
    json_decref(cells);
    if (error) {
        json_decref(*plan);
        *plan = NULL;
    }
    return error;
}

/* The budget: a line an experiment, then the whole. -------------------------------- */

struct total {
    const char *experiment;
    long long cells, visits;
    double seconds;
};

static size_t count_totals(json_t *plan, struct total *totals, size_t room)
{
    size_t used = 0, i;
    json_t *line;
    for (i = 0; (line = json_array_get(plan, i)); i++) {
        const char *name = json_string_value(json_object_get(line, "experiment"));
        size_t k = 0;
        while (k < used && strcmp(totals[k].experiment, name) != 0)
            k++;
        if (k == room || strcmp(kind_of(line), "predicted") == 0)
            continue;
        if (k == used)
            totals[used++] = (struct total){.experiment = name};
        long long round = json_integer_value(json_object_get(line, "round"));
        totals[k].cells += round <= 1;
        totals[k].visits++;
        totals[k].seconds += json_real_value(json_object_get(line, "predicted_s"));
    }
    return used;
}

static void print_table(const struct plan_request *request, json_t *plan)
{
    struct total totals[64];
    size_t used = count_totals(plan, totals, 64);
    double seconds = plan_fixed_s(request);
    long long visits = 0;
    printf("%-24s %7s %9s %9s %11s\n", "experiment", "cells", "rounds", "visits", "predicted");
    for (size_t i = 0; i < used; i++) {
        printf("%-24s %7lld %9.3g %9lld %9.1f s\n", totals[i].experiment, totals[i].cells,
               totals[i].cells ? (double)totals[i].visits / (double)totals[i].cells : 0,
               totals[i].visits, totals[i].seconds);
        seconds += totals[i].seconds;
        visits += totals[i].visits;
    }
    printf("%-24s %7s %9s %9s %9.1f s\n", "checks, tables, charts", "", "", "",
           plan_fixed_s(request));
    printf("%-24s %7s %9s %9lld %9.1f s\n", "all", "", "", visits, seconds);
    printf("profile %s, seed %u\n", request->profile, request->seed);
    if (request->urls)
        printf("The server is not known: %d ms a fetch are assumed.\n", ASSUMED_FETCH_MS);
}

struct plan_options {
    struct plan_request request;
    bool table;
};

static const struct argp_option plan_options[] = {
    {"profile", 'p', "NAME", 0, "quick (default), talk or full", 0},
    {"seed", 's', "N", 0, "orders the rounds, 0 to 4294967295 (default 1)", 0},
    {"build", 'b', "DIR", 0, "where the models are (default build)", 0},
    {"base", 'B', "DIR", 0, "where the models of another build are, to run beside these", 0},
    {"process-us", 'P', "N", 0,
     "what it takes here to start a small program, in microseconds (default 8000)", 0},
    {"urls", 'u', "FILE", 0, "a list of one's own instead of the origin", 0},
    {"table", 't', 0, 0, "print what the plan costs instead of the plan", 0},
    {0}};

static error_t parse_plan(int key, char *argument, struct argp_state *state)
{
    struct plan_options *options = state->input;
    uint64_t number;
    switch (key) {
    case 'p':
        options->request.profile = argument;
        return 0;
    case 's':
        if (parse_count(argument, &number) < 0 || number > UINT32_MAX)
            argp_error(state, "--seed=%s: must be a number from 0 to 4294967295", argument);
        else
            options->request.seed = (uint32_t)number;
        return 0;
    case 'b':
        options->request.build = argument;
        return 0;
    case 'B':
        options->request.base = argument;
        return 0;
    case 'P':
        if (parse_count(argument, &number) < 0 || number > 60000000)
            argp_error(state, "--process-us=%s: must be a number from 0 to 60000000", argument);
        else
            options->request.process_s = (double)number / 1e6;
        return 0;
    case 'u':
        options->request.urls = argument;
        return 0;
    case 't':
        options->table = true;
        return 0;
    case ARGP_KEY_ARGS:
        options->request.files = state->argv + state->next;
        options->request.file_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "name at least one experiment's JSON file");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int plan_main(int argc, char **argv)
{
    static const struct argp parser = {
        plan_options,
        parse_plan,
        "EXPERIMENT.json...",
        "Turn experiments into a plan: one visit a line, as JSON, on standard output.",
        0,
        0,
        0};
    struct plan_options options = {
        .request = {.profile = "quick", .seed = 1, .build = "build", .process_s = 0.008}};
    needed_arguments(&parser, argc, argv, &options);
    struct problem problem = {""};
    json_t *plan;
    int error = plan_make(&options.request, &plan, &problem);
    if (error) {
        fprintf(stderr, "benchstat: %s\n", problem.text);
        return 2;
    }
    if (options.table) {
        print_table(&options.request, plan);
    } else {
        size_t i;
        json_t *line;
        for (i = 0; (line = json_array_get(plan, i)); i++) {
            json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
            putchar('\n');
        }
    }
    json_decref(plan);
    return 0;
}
