#include "analysis/experiment.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/needed.h"
#include "common/units.h"

static const char *const axis_names[] = {"none", "count",    "concurrency", "delay",
                                         "size", "cpu_work", "variant"};
static const char *const profile_names[] = {"quick", "talk", "full"};

enum { AXES = sizeof axis_names / sizeof *axis_names };

/* Of settings that may be an axis too. */
enum { MOST_URLS = 100000000, MOST_AT_ONCE = 1000000, MOST_WORK = 1000000 };

const char *axis_name(enum axis axis)
{
    return axis_names[axis];
}

const char *placement_name(enum placement placement)
{
    return placement == APART ? "apart" : "together";
}

void tame(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (*at < ' ' || *at == 0x7f)
            *at = '?';
        else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) /* those of ISO 6429, in UTF-8 */
            at[0] = at[1] = '?';
    }
}

int say_problem(struct problem *problem, const char *file, const char *key, const char *format, ...)
{
    int used = snprintf(problem->text, sizeof problem->text, "%s: %s%s", file, key ? key : "",
                        key ? ": " : "");
    if (used < 0 || (size_t)used >= sizeof problem->text) {
        tame(problem->text);
        return -EINVAL;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text + used, sizeof problem->text - (size_t)used, format, arguments);
    va_end(arguments);
    tame(problem->text);
    return -EINVAL;
}

/* Where an object stands, for messages: "profiles.quick." before its key. */
struct place {
    const char *file, *prefix;
    struct problem *problem;
};

static int wrong(const struct place *place, const char *key, const char *right)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s", place->prefix, key);
    return say_problem(place->problem, place->file, path, "%s", right);
}

/* Every key of object must be in the space-separated list known. */
static int only_keys(const struct place *place, json_t *object, const char *known)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        size_t length = strlen(key);
        const char *found = known;
        /* The empty key is everywhere, also behind the end. */
        while (length > 0 && (found = strstr(found, key))) {
            bool starts = found == known || found[-1] == ' ';
            if (starts && (found[length] == ' ' || found[length] == '\0'))
                break;
            found++;
        }
        if (!found || length == 0) {
            char right[256];
            snprintf(right, sizeof right, "no such key; there are: %s", known);
            return wrong(place, key, right);
        }
    }
    return 0;
}

static int want_integer(const struct place *place, json_t *object, const char *key, int64_t least,
                        int64_t most, int64_t *out)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most) {
        char right[96];
        snprintf(right, sizeof right, "must be a whole number from %lld to %lld", (long long)least,
                 (long long)most);
        return wrong(place, key, right);
    }
    *out = json_integer_value(value);
    return 0;
}

static int want_number(const struct place *place, json_t *object, const char *key, double least,
                       double most, double *out)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= least && number <= most)) {
        char right[96];
        snprintf(right, sizeof right, "must be a number from %g to %g", least, most);
        return wrong(place, key, right);
    }
    *out = number;
    return 0;
}

static int want_boolean(const struct place *place, json_t *object, const char *key, bool *out)
{
    json_t *value = json_object_get(object, key);
    if (value && !json_is_boolean(value))
        return wrong(place, key, "must be true or false");
    if (value)
        *out = json_is_true(value);
    return 0;
}

static int want_seconds(const struct place *place, json_t *object, const char *key, double most,
                        double *out)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds > 0 && seconds <= most)) {
        char right[96];
        snprintf(right, sizeof right, "must be a number of seconds above 0, at most %g", most);
        return wrong(place, key, right);
    }
    *out = seconds;
    return 0;
}

/* A plan's lines and fields are parted by such. */
static bool has_control(const char *text)
{
    while (*text && (unsigned char)*text >= ' ')
        text++;
    return *text != '\0';
}

/* A string out of a list separated by '|'; an empty list allows any that is not empty. */
static int want_word(const struct place *place, json_t *object, const char *key, const char *words,
                     const char **out)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    const char *text = json_string_value(value);
    char right[512];
    if (!words[0]) {
        if (!text || !text[0] || has_control(text))
            return wrong(place, key,
                         "must be a string that is not empty, without control characters");
        *out = text;
        return 0;
    }
    snprintf(right, sizeof right, "must be one of %s", words);
    size_t length = text ? strlen(text) : 0;
    for (const char *word = words; length > 0; word++) {
        size_t span = strcspn(word, "|");
        if (span == length && strncmp(word, text, span) == 0) {
            *out = text;
            return 0;
        }
        word += span;
        if (!*word)
            break;
    }
    return wrong(place, key, right);
}

static int check_duration(const char *text)
{
    uint64_t ns;
    return text ? parse_duration(text, &ns) : -EINVAL;
}

static int check_size(const char *text)
{
    uint64_t bytes;
    return text ? parse_size(text, &bytes) : -EINVAL;
}

static int want_duration(const struct place *place, json_t *object, const char *key,
                         const char **out)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    if (check_duration(json_string_value(value)) < 0)
        return wrong(place, key, "must be a duration such as \"100ms\"");
    *out = json_string_value(value);
    return 0;
}

static int want_size(const struct place *place, json_t *object, const char *key, const char **out)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    if (check_size(json_string_value(value)) < 0)
        return wrong(place, key, "must be a size such as \"1KiB\"");
    *out = json_string_value(value);
    return 0;
}

/* The names of a word's values, for keys of the two settings objects. */
static int read_fixed(const struct place *place, json_t *object, struct settings *s)
{
    if (!object)
        return 0;
    if (!json_is_object(object))
        return wrong(place, "", "must be an object");
    int error = only_keys(
        place, object,
        "count count_each concurrency timeout retries keep_alive dispatch resolve cpu_work "
        "rate_share rate_of rate_from arrivals hosts save records");
    if (!error)
        error = want_boolean(place, object, "keep_alive", &s->keep_alive);
    if (!error)
        error = want_boolean(place, object, "save", &s->save);
    if (!error)
        error = want_boolean(place, object, "records", &s->records);
    if (!error)
        error = want_number(place, object, "rate_share", 0.01, 10, &s->rate_share);
    if (!error)
        error = want_word(place, object, "rate_of", "own|slowest", &s->rate_of);
    if (!error)
        error = want_word(place, object, "rate_from", "", &s->rate_from);
    if (!error)
        error = want_word(place, object, "arrivals", "even|poisson", &s->arrivals);
    if (!error)
        error = want_integer(place, object, "hosts", 1, 50000, &s->hosts);
    if (!error)
        error = want_integer(place, object, "count", 1, MOST_URLS, &s->count);
    if (!error)
        error = want_integer(place, object, "count_each", 1, 1000000, &s->count_each);
    if (!error)
        error = want_integer(place, object, "concurrency", 1, MOST_AT_ONCE, &s->concurrency);
    if (!error)
        error = want_integer(place, object, "retries", 0, 100, &s->retries);
    if (!error)
        error = want_integer(place, object, "cpu_work", 0, MOST_WORK, &s->cpu_work);
    if (!error)
        error = want_duration(place, object, "timeout", &s->timeout);
    if (!error)
        error = want_word(place, object, "dispatch", "counter|static", &s->dispatch);
    return error ? error : want_word(place, object, "resolve", "once|each", &s->resolve);
}

static int read_origin(const struct place *place, json_t *object, struct settings *s)
{
    if (!object)
        return 0;
    if (!json_is_object(object))
        return wrong(place, "", "must be an object");
    int error = only_keys(place, object, "size delay jitter dist status fault every slow big");
    if (!error)
        error = want_duration(place, object, "slow", &s->slow);
    if (!error)
        error = want_size(place, object, "big", &s->big);
    if (!error)
        error = want_size(place, object, "size", &s->size);
    if (!error)
        error = want_duration(place, object, "delay", &s->delay);
    if (!error)
        error = want_duration(place, object, "jitter", &s->jitter);
    if (!error)
        error = want_word(place, object, "dist", "fixed|uniform|lognormal|pareto", &s->dist);
    if (!error)
        error = want_integer(place, object, "status", 200, 599, &s->status);
    if (!error)
        error = want_word(place, object, "fault", "reset|truncate|stall|drip|garbage", &s->fault);
    return error ? error : want_integer(place, object, "every", 1, 1000000000, &s->every);
}

/* What the client is kept within; scripts/confine does it. */
static int read_client(const struct place *place, json_t *object, struct settings *s)
{
    if (!object)
        return 0;
    if (!json_is_object(object))
        return wrong(place, "", "must be an object");
    int error = only_keys(place, object, "quota memory network names");
    if (!error)
        error = want_boolean(place, object, "names", &s->names);
    if (!error)
        error = want_number(place, object, "quota", 0.01, 1024, &s->quota);
    if (!error)
        error = want_size(place, object, "memory", &s->memory);
    return error ? error : want_word(place, object, "network", "", &s->network);
}

/* One set of settings: over what the experiment says, in an order that its values name. */
static int read_variant(const struct place *outer, const char *name, json_t *object,
                        struct settings *s)
{
    char prefix[96], inner[128];
    snprintf(prefix, sizeof prefix, "%s%s.", outer->prefix, name);
    struct place place = {outer->file, prefix, outer->problem};
    if (!json_is_object(object))
        return wrong(outer, name, "must be an object with fixed, origin or client");
    if (strpbrk(name, ",\"|") || has_control(name))
        return wrong(outer, name, "must hold no comma, bar, quote or control character");
    int error = only_keys(&place, object, "fixed origin client");
    place.prefix = inner;
    snprintf(inner, sizeof inner, "%sfixed.", prefix);
    if (!error)
        error = read_fixed(&place, json_object_get(object, "fixed"), s);
    snprintf(inner, sizeof inner, "%sorigin.", prefix);
    if (!error)
        error = read_origin(&place, json_object_get(object, "origin"), s);
    snprintf(inner, sizeof inner, "%sclient.", prefix);
    return error ? error : read_client(&place, json_object_get(object, "client"), s);
}

/* All are read once, so that a mistake in one shows in every profile. */
static int read_variants(const struct place *top, struct experiment *e)
{
    struct place place = {top->file, "variants.", top->problem};
    e->variants = json_object_get(e->json, "variants");
    if (!e->variants)
        return e->axis == BY_VARIANT ? wrong(top, "variants", "is missing") : 0;
    if (e->axis != BY_VARIANT || !json_is_object(e->variants))
        return wrong(top, "variants", "must be an object, and goes with the axis \"variant\"");
    int error = 0;
    void *at = json_object_iter(e->variants);
    for (; at && !error; at = json_object_iter_next(e->variants, at)) {
        struct settings s = {0};
        error = read_variant(&place, json_object_iter_key(at), json_object_iter_value(at), &s);
        json_t *from = s.rate_from ? json_object_get(e->variants, s.rate_from) : NULL;
        if (!error && s.rate_share > 0 && (!from || from == json_object_iter_value(at)))
            error = wrong(&place, json_object_iter_key(at),
                          "rate_from must name another variant that the rate is taken from");
    }
    return error;
}

/* A lane that repeats another must name one that stands before it and be equal to it. */
static int check_again(const struct place *place, const struct experiment *e, size_t lane)
{
    const struct lane *self = &e->lanes[lane];
    for (size_t i = 0; i < lane; i++) {
        if (e->lanes[i].name && strcmp(e->lanes[i].name, self->name) == 0)
            return wrong(place, "name", "stands twice; a lane repeated needs a name of its own");
    }
    if (!self->again)
        return 0;
    for (size_t i = 0; i < lane; i++) {
        const struct lane *other = &e->lanes[i];
        if (!other->name || strcmp(other->name, self->again) != 0)
            continue;
        bool same_options = other->options == self->options ||
                            (other->options && json_equal(other->options, self->options));
        if (strcmp(other->model, self->model) == 0 && same_options)
            return 0;
        return wrong(place, "again", "must name a lane of the same model and options");
    }
    return wrong(place, "again", "must name a lane that stands before this one");
}

/* A peer's lane: {"name", "peer": [command…], "concurrency", "start_ms", "each_us",
 * "each_processes"}. */
static int read_peer(const struct place *place, json_t *object, struct lane *lane)
{
    int64_t start_ms = 50, each_us = 200;
    size_t i;
    json_t *argument;
    lane->peer = json_object_get(object, "peer");
    for (i = 0; (argument = json_array_get(lane->peer, i)); i++)
        if (!json_is_string(argument) || has_control(json_string_value(argument)))
            break;
    if (!json_is_array(lane->peer) || i == 0 || argument)
        return wrong(place, "peer",
                     "must be an array of strings without control characters: "
                     "a command and its arguments");
    if (lane->model || lane->again || lane->options)
        return wrong(place, "peer", "goes without model, options and again");
    int error = want_integer(place, object, "concurrency", 1, 1000000, &lane->concurrency);
    if (!error)
        error = want_integer(place, object, "start_ms", 0, 3600000, &start_ms);
    if (!error)
        error = want_integer(place, object, "each_us", 0, 3600000000, &each_us);
    if (!error)
        error = want_integer(place, object, "each_processes", 0, 1000, &lane->processes);
    lane->model = "";
    lane->start_s = (double)start_ms / 1e3;
    lane->each_s = (double)each_us / 1e6;
    return error;
}

/* A lane that is held against another names one that stands before it. */
static int check_against(const struct place *place, const struct experiment *e, size_t lane)
{
    const char *against = e->lanes[lane].against;
    for (size_t i = 0; against && i < lane; i++)
        if (e->lanes[i].name && strcmp(e->lanes[i].name, against) == 0 && !e->lanes[lane].again)
            return 0;
    return against ? wrong(place, "against",
                           "must name a lane that stands before this one, and "
                           "goes without again")
                   : 0;
}

static int read_lane(const struct place *outer, struct experiment *e, size_t i, json_t *object)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "lanes[%zu].", i);
    struct place place = {outer->file, prefix, outer->problem};
    struct lane *lane = &e->lanes[i];
    if (!json_is_object(object))
        return wrong(&place, "", "must be an object with name and model");
    lane->concurrency = lane->most = -1;
    int error = only_keys(&place, object,
                          "name model again against options peer concurrency start_ms each_us "
                          "each_processes at most");
    if (!error)
        error = want_word(&place, object, "name", "", &lane->name);
    if (!error)
        error = want_word(&place, object, "model", "", &lane->model);
    if (!error)
        error = want_word(&place, object, "again", "", &lane->again);
    if (!error)
        error = want_word(&place, object, "against", "", &lane->against);
    if (!error)
        error = want_integer(&place, object, "most", 1, 1000000, &lane->most);
    lane->at = json_object_get(object, "at");
    if (error)
        return error;
    if (lane->name && json_object_get(object, "peer")) {
        lane->options = json_object_get(object, "options");
        error = read_peer(&place, object, lane);
        e->peers = true;
    }
    if (error)
        return error;
    if (!lane->name || !lane->model)
        return wrong(&place, lane->name ? "model" : "name", "is missing");
    /* The name is a path below build/, a column of tables and a key of charts. */
    if (strpbrk(lane->model, "/ \t\n") || strpbrk(lane->name, ",/\"\t\n|"))
        return wrong(&place, "name",
                     "must hold no comma, slash, bar, quote, tab or newline, the "
                     "model no slash or blank");
    lane->options = json_object_get(object, "options");
    if (lane->options && !json_is_array(lane->options))
        return wrong(&place, "options", "must be an array of strings");
    size_t k;
    json_t *option;
    for (k = 0; (option = json_array_get(lane->options, k)); k++) {
        const char *text = json_string_value(option);
        if (!text || text[0] != '-' || has_control(text))
            return wrong(&place, "options",
                         "must be strings such as \"--backend=poll\", without control characters");
    }
    int again = check_again(&place, e, i);
    return again ? again : check_against(&place, e, i);
}

static int read_lanes(const struct place *place, struct experiment *e)
{
    json_t *lanes = json_object_get(e->json, "lanes");
    e->lane_count = json_array_size(lanes);
    if (e->lane_count == 0 || e->lane_count > 64)
        return wrong(place, "lanes", "must be an array of 1 to 64 lanes");
    e->lanes = needed(e->lane_count, sizeof *e->lanes);
    int error = 0;
    for (size_t i = 0; i < e->lane_count && !error; i++)
        error = read_lane(place, e, i, json_array_get(lanes, i));
    return error;
}

static bool holds(const json_t *values, const json_t *value)
{
    bool held = false;
    for (size_t i = 0; i < json_array_size(values); i++)
        held = held || json_equal(json_array_get(values, i), value);
    return held;
}

/* A value that is nobody's would leave the lane out without a word. */
static int check_at(const struct place *place, const struct experiment *e)
{
    static const char right[] = "must be an array of variants, or of values that a profile has";
    json_t *profiles = json_object_get(e->json, "profiles"), *value;
    for (size_t k = 0; k < e->lane_count; k++) {
        const json_t *at = e->lanes[k].at;
        char key[32];
        size_t i;
        snprintf(key, sizeof key, "lanes[%zu].at", k);
        if (at && json_array_size(at) == 0)
            return wrong(place, key, right);
        for (i = 0; (value = json_array_get(at, i)); i++) {
            bool known = json_is_string(value) &&
                         json_object_get(e->variants, json_string_value(value)) != NULL;
            void *one = json_object_iter(profiles);
            for (; one; one = json_object_iter_next(profiles, one))
                known =
                    known || holds(json_object_get(json_object_iter_value(one), "values"), value);
            if (!known)
                return wrong(place, key, right);
        }
    }
    return 0;
}

static bool value_fits(const struct experiment *e, json_t *value)
{
    enum axis axis = e->axis;
    if (axis == BY_VARIANT)
        return json_is_string(value) && json_object_get(e->variants, json_string_value(value));
    if (axis == BY_CPU_WORK)
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= MOST_WORK;
    if (axis == BY_DELAY)
        return check_duration(json_string_value(value)) == 0;
    if (axis == BY_SIZE)
        return check_size(json_string_value(value)) == 0;
    return json_is_integer(value) && json_integer_value(value) >= 1 &&
           json_integer_value(value) <= (axis == BY_COUNT ? MOST_URLS : MOST_AT_ONCE);
}

/* A load generator's cell is named after it. */
static int check_ceiling(const struct place *place, const struct experiment *e)
{
    for (size_t k = 0; k < e->lane_count; k++)
        if ((e->wrk && strcmp(e->lanes[k].name, "wrk") == 0) ||
            (e->h2load && strcmp(e->lanes[k].name, "h2load") == 0))
            return wrong(place, "ceiling", "has the name of a lane");
    return 0;
}

static int read_values(const struct place *place, struct experiment *e, json_t *profile)
{
    e->values = json_object_get(profile, "values");
    if (e->axis == NO_AXIS)
        return e->values ? wrong(place, "values", "needs an \"axis\" beside the lanes") : 0;
    size_t count = json_array_size(e->values);
    if (count == 0 || count > 64)
        return wrong(place, "values", "must be an array of 1 to 64 values of the axis");
    size_t i;
    json_t *value;
    for (i = 0; (value = json_array_get(e->values, i)); i++) {
        if (!value_fits(e, value))
            return wrong(place, "values",
                         e->axis == BY_DELAY  ? "must be durations such as \"100ms\""
                         : e->axis == BY_SIZE ? "must be sizes such as \"1KiB\""
                         : e->axis == BY_CPU_WORK
                             ? "must be whole numbers of 0 or more, up to a million"
                         : e->axis == BY_VARIANT ? "must be names of \"variants\""
                         : e->axis == BY_COUNT
                             ? "must be whole numbers of 1 or more, up to a hundred million"
                             : "must be whole numbers of 1 or more, up to a million");
        for (size_t before = 0; before < i; before++)
            if (json_equal(value, json_array_get(e->values, before)))
                return wrong(place, "values", "holds a value twice");
    }
    return 0;
}

static int read_profile(const struct place *outer, struct experiment *e, const char *name)
{
    json_t *profiles = json_object_get(e->json, "profiles");
    if (!json_is_object(profiles) || json_object_size(profiles) == 0)
        return wrong(outer, "profiles", "must be an object with quick, talk or full");
    struct place all = {outer->file, "profiles.", outer->problem};
    int error = only_keys(&all, profiles, "quick talk full");
    json_t *profile = json_object_get(profiles, name);
    if (error || !profile)
        return error;
    char prefix[48], inner[64];
    snprintf(prefix, sizeof prefix, "profiles.%s.", name);
    struct place place = {outer->file, prefix, outer->problem};
    if (!json_is_object(profile))
        return wrong(&place, "", "must be an object");
    int64_t rounds = 0;
    error = only_keys(&place, profile, "rounds values longest_s ceiling_s fixed origin");
    if (!error && !json_object_get(profile, "rounds"))
        error = wrong(&place, "rounds", "is missing");
    if (!error)
        error = want_integer(&place, profile, "rounds", 1, 1000, &rounds);
    if (!error)
        error = want_seconds(&place, profile, "longest_s", 86400, &e->longest_s);
    if (!error)
        error = want_seconds(&place, profile, "ceiling_s", 60, &e->ceiling_s);
    if (!error)
        error = read_values(&place, e, profile);
    e->rounds = (int)rounds;
    snprintf(inner, sizeof inner, "%sfixed.", prefix);
    place.prefix = inner;
    if (!error)
        error = read_fixed(&place, json_object_get(profile, "fixed"), &e->settings);
    snprintf(inner, sizeof inner, "%sorigin.", prefix);
    return error ? error : read_origin(&place, json_object_get(profile, "origin"), &e->settings);
}

static int read_ceiling(const struct place *place, struct experiment *e)
{
    json_t *tools = json_object_get(e->json, "ceiling");
    if (tools && !json_is_array(tools))
        return wrong(place, "ceiling", "must be an array of \"wrk\" and \"h2load\"");
    size_t i;
    json_t *tool;
    for (i = 0; (tool = json_array_get(tools, i)); i++) {
        const char *name = json_string_value(tool);
        if (name && strcmp(name, "wrk") == 0)
            e->wrk = true;
        else if (name && strcmp(name, "h2load") == 0)
            e->h2load = true;
        else
            return wrong(place, "ceiling", "must be an array of \"wrk\" and \"h2load\"");
    }
    return 0;
}

static int read_axis(const struct place *place, struct experiment *e)
{
    const char *axis = NULL;
    int error = want_word(place, e->json, "axis",
                          "count|concurrency|delay|size|cpu_work|variant|none", &axis);
    for (int i = 0; axis && i < AXES; i++)
        if (strcmp(axis, axis_names[i]) == 0)
            e->axis = (enum axis)i;
    return error;
}

static int read_head(const struct place *place, struct experiment *e)
{
    const char *schema = json_string_value(json_object_get(e->json, "schema"));
    if (!schema || strcmp(schema, "waitbench-experiment/1") != 0)
        return wrong(place, "schema", "must be \"waitbench-experiment/1\"");
    const char *placement = NULL, *kind = NULL;
    int error = only_keys(place, e->json,
                          "schema name question chart kind placement axis lanes fixed origin "
                          "ceiling variants client profiles");
    if (!error)
        error = want_word(place, e->json, "name", "", &e->name);
    if (!error)
        error = want_word(place, e->json, "question", "", &e->question);
    if (!error)
        error = want_word(place, e->json, "chart", CHARTS, &e->chart);
    if (!error)
        error = want_word(place, e->json, "kind", "timed|traced|metered", &kind);
    if (!error)
        error = want_word(place, e->json, "placement", "apart|together", &placement);
    if (error)
        return error;
    if (!e->name || !e->question)
        return wrong(place, e->name ? "question" : "name", "is missing");
    if (strpbrk(e->name, "/ \t\n."))
        return wrong(place, "name", "must hold no slash, dot or blank");
    if (!placement)
        return wrong(place, "placement",
                     "is missing: \"apart\" (client and origin on a processor "
                     "each) or \"together\" (client on all)");
    e->traced = kind && strcmp(kind, "traced") == 0;
    e->metered = kind && strcmp(kind, "metered") == 0;
    e->placement = strcmp(placement, "apart") == 0 ? APART : TOGETHER;
    return read_axis(place, e);
}

/* The settings at a value, in which count_each is not reckoned yet. */
static struct settings settings_at(const struct experiment *experiment, size_t i)
{
    struct settings s = experiment->settings;
    json_t *value = json_array_get(experiment->values, i);
    switch (experiment->axis) {
    case NO_AXIS:
        break;
    case BY_COUNT:
        s.count = json_integer_value(value);
        break;
    case BY_CONCURRENCY:
        s.concurrency = json_integer_value(value);
        break;
    case BY_DELAY:
        s.delay = json_string_value(value);
        break;
    case BY_SIZE:
        s.size = json_string_value(value);
        break;
    case BY_CPU_WORK:
        s.cpu_work = json_integer_value(value);
        break;
    case BY_VARIANT: {
        /* Checked when it was read: nothing can be wrong with it here. */
        const struct place place = {"", "", &(struct problem){""}};
        const char *name = json_string_value(value);
        (void)read_variant(&place, name, json_object_get(experiment->variants, name), &s);
        break;
    }
    }
    return s;
}

static int read_all(struct experiment *e, const char *file, const char *profile,
                    struct problem *problem)
{
    struct place top = {file, "", problem};
    struct place fixed = {file, "fixed.", problem}, origin = {file, "origin.", problem};
    struct place client = {file, "client.", problem};
    if (!json_is_object(e->json))
        return say_problem(problem, file, NULL, "must be a JSON object");
    int error = read_head(&top, e);
    if (!error)
        error = read_lanes(&top, e);
    if (!error)
        error = read_fixed(&fixed, json_object_get(e->json, "fixed"), &e->settings);
    if (!error)
        error = read_origin(&origin, json_object_get(e->json, "origin"), &e->settings);
    if (!error)
        error = read_client(&client, json_object_get(e->json, "client"), &e->settings);
    if (!error)
        error = read_variants(&top, e);
    if (!error)
        error = read_ceiling(&top, e);
    if (!error)
        error = check_ceiling(&top, e);
    if (!error)
        error = check_at(&top, e);
    if (!error)
        error = read_profile(&top, e, profile);
    if (error || e->rounds == 0)
        return error;
    for (size_t i = 0; i < experiment_values(e); i++) {
        struct settings s = settings_at(e, i);
        if (s.count < 0 && s.count_each < 0)
            return wrong(&fixed, "count", "is missing");
        if (s.concurrency < 0)
            return wrong(&fixed, "concurrency", "is missing");
        if (s.count_each >= 0 && s.count >= 0)
            return wrong(&fixed, "count_each", "stands instead of a count");
    }
    if (e->settings.rate_share > 0)
        return wrong(&fixed, "rate_share", "stands in a variant, beside the one it is taken from");
    if (e->traced && (e->axis != NO_AXIS || e->rounds != 1))
        return wrong(&top, "kind", "traced goes without an axis and with one round");
    if (e->metered && (e->peers || e->wrk || e->h2load))
        return wrong(&top, "kind", "metered goes with lanes of models, and without a ceiling");
    if (e->metered && !(e->settings.delay || e->axis == BY_DELAY))
        return wrong(&origin, "delay", "is missing: what is metered has to wait");
    return 0;
}

int experiment_open(struct experiment *experiment, const char *file, const char *profile,
                    struct problem *problem)
{
    *experiment = (struct experiment){
        .longest_s = INFINITY,
        .ceiling_s = 0.5,
        .settings = {.count = -1,
                     .count_each = -1,
                     .concurrency = -1,
                     .retries = -1,
                     .cpu_work = -1,
                     .status = -1,
                     .every = -1,
                     .hosts = -1,
                     .keep_alive = true},
    };
    bool known = false;
    for (size_t i = 0; i < sizeof profile_names / sizeof *profile_names; i++)
        known = known || strcmp(profile, profile_names[i]) == 0;
    if (!known)
        return say_problem(problem, profile, NULL, "no such profile; there are quick, talk, full");
    json_error_t error;
    experiment->json = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!experiment->json && error.line < 0)
        return say_problem(problem, file, NULL, "%s", error.text);
    if (!experiment->json)
        return say_problem(problem, file, NULL, "line %d: %s", error.line, error.text);
    return read_all(experiment, file, profile, problem);
}

void experiment_close(struct experiment *experiment)
{
    free(experiment->lanes);
    json_decref(experiment->json);
    *experiment = (struct experiment){0};
}

bool lane_is_at(const struct lane *lane, const json_t *value)
{
    return !lane->at || holds(lane->at, value);
}

size_t experiment_values(const struct experiment *experiment)
{
    return experiment->axis == NO_AXIS ? 1 : json_array_size(experiment->values);
}

struct settings experiment_at(const struct experiment *experiment, size_t i)
{
    struct settings s = settings_at(experiment, i);
    if (s.count_each >= 0)
        s.count = s.count_each * s.concurrency;
    return s;
}

const char *experiment_value(const struct experiment *experiment, size_t i, char buffer[static 32])
{
    json_t *value = json_array_get(experiment->values, i);
    if (json_is_string(value))
        return json_string_value(value);
    snprintf(buffer, 32, "%lld", (long long)json_integer_value(value));
    return buffer;
}
