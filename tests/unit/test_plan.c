/* benchstat plan: budgets, rounds, orders, and every mistake in an experiment. */
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/plan.h"

static char *experiments[] = {
    "scripts/experiments/total-time.json",
    "scripts/experiments/time-by-count.json",
    "scripts/experiments/rate-by-concurrency.json",
    "scripts/experiments/timeline.json",
};

static json_t *plan_of(const char *profile, uint32_t seed, char **files, size_t count)
{
    struct plan_request request = {.profile = profile,
                                   .seed = seed,
                                   .build = "build",
                                   .files = files,
                                   .file_count = count};
    struct problem problem = {""};
    json_t *plan;
    int error = plan_make(&request, &plan, &problem);
    if (error)
        fail_msg("%s", problem.text);
    return plan;
}

static const char *text_of(json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static json_int_t number_of(json_t *line, const char *key)
{
    return json_integer_value(json_object_get(line, key));
}

static double predicted_total(json_t *plan)
{
    struct plan_request request = {.profile = "quick"};
    double seconds = plan_fixed_s(&request);
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i);
        if (json_is_integer(json_object_get(line, "visit")))
            seconds += json_real_value(json_object_get(line, "predicted_s"));
    }
    return seconds;
}

/* Every experiment that `make bench` takes, held by all. */
static json_t *plan_of_all(const char *profile)
{
    glob_t all;
    assert_int_equal(glob("scripts/experiments/*.json", 0, NULL, &all), 0);
    assert_true(all.gl_pathc > 4);
    json_t *plan = plan_of(profile, 1, all.gl_pathv, all.gl_pathc);
    globfree(&all);
    return plan;
}

/* quick is two minutes, talk fifteen, both at seven rounds or more. */
static void profiles_keep_their_budgets(void **unused)
{
    (void)unused;
    static const struct {
        const char *profile;
        double most;
    } budgets[] = {{"quick", 120}, {"talk", 15 * 60}, {"full", 4 * 3600}};
    for (size_t b = 0; b < 3; b++) {
        json_t *plan = plan_of_all(budgets[b].profile);
        double predicted = predicted_total(plan);
        if (predicted > budgets[b].most)
            fail_msg("%s takes %.0f s, more than %.0f s", budgets[b].profile, predicted,
                     budgets[b].most);
        json_t *visits = json_object();
        for (size_t i = 0; i < json_array_size(plan); i++) {
            json_t *line = json_array_get(plan, i);
            const char *cell = text_of(line, "cell");
            if (strcmp(text_of(line, "kind"), "timed") == 0)
                json_object_set_new(visits, cell, json_integer(number_of(visits, cell) + 1));
        }
        for (void *at = json_object_iter(visits); at; at = json_object_iter_next(visits, at))
            assert_true(json_integer_value(json_object_iter_value(at)) >= 7);
        json_decref(visits);
        json_decref(plan);
    }
}

static void each_round_visits_each_cell_once(void **unused)
{
    (void)unused;
    json_t *plan = plan_of("quick", 7, experiments, 4);
    size_t size = json_array_size(plan);
    for (size_t i = 0; i < size; i++)
        for (size_t k = i + 1; k < size; k++) {
            json_t *a = json_array_get(plan, i), *b = json_array_get(plan, k);
            assert_false(number_of(a, "round") == number_of(b, "round") &&
                         strcmp(text_of(a, "cell"), text_of(b, "cell")) == 0);
        }
    for (size_t i = 0; i + 1 < size; i++) {
        json_t *line = json_array_get(plan, i), *next = json_array_get(plan, i + 1);
        if (!json_is_integer(json_object_get(line, "visit")))
            continue;
        assert_int_equal(number_of(line, "visit"), i + 1);
        if (json_is_integer(json_object_get(next, "visit")))
            assert_true(number_of(next, "round") >= number_of(line, "round"));
    }
    json_decref(plan);
}

/* The order of the cells in one round, as one string. */
static void order_of(json_t *plan, int round, char *buffer, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i);
        if (number_of(line, "round") == round && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%s\n", text_of(line, "cell"));
    }
    assert_true(used > 0 && used < size);
}

static void the_seed_alone_makes_the_order(void **unused)
{
    (void)unused;
    json_t *one = plan_of("quick", 12345, experiments, 4);
    json_t *same = plan_of("quick", 12345, experiments, 4);
    json_t *other = plan_of("quick", 12346, experiments, 4);
    assert_true(json_equal(one, same));
    assert_false(json_equal(one, other));
    static char first[8192], second[8192];
    order_of(one, 1, first, sizeof first);
    order_of(one, 2, second, sizeof second);
    assert_string_not_equal(first, second);
    json_decref(one);
    json_decref(same);
    json_decref(other);
}

/* The first numbers for seed 1234567, as in the reference C code's published
 * output (Vigna, splitmix64.c; rosettacode.org, "Pseudo-random numbers/Splitmix64"). */
static void splitmix64_as_published(void **unused)
{
    (void)unused;
    uint64_t state = 1234567;
    assert_true(splitmix64(&state) == 6457827717110365317u);
    assert_true(splitmix64(&state) == 3203168211198807973u);
    assert_true(splitmix64(&state) == 9817491932198370423u);
    assert_true(splitmix64(&state) == 4593380528125082431u);
    assert_true(splitmix64(&state) == 16408922859458223821u);
}

/* Every order of three is drawn about as often as any other: chi-squared with five
 * degrees of freedom stays below its 99.99 % point, for a fixed seed. */
static void bounded_draws_are_even(void **unused)
{
    (void)unused;
    enum { DRAWS = 60000 };
    uint64_t state = 42;
    double seen[6] = {0}, chi = 0;
    for (int i = 0; i < DRAWS; i++)
        seen[random_below(&state, 3) * 2 + random_below(&state, 2)]++;
    for (int k = 0; k < 6; k++)
        chi += (seen[k] - DRAWS / 6.0) * (seen[k] - DRAWS / 6.0) / (DRAWS / 6.0);
    assert_true(chi < 25.7);
}

static void a_lane_entered_twice_has_the_same_command(void **unused)
{
    (void)unused;
    json_t *plan = plan_of("quick", 1, experiments, 1);
    int twins = 0;
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i);
        const char *of = text_of(line, "again_of");
        for (size_t k = 0; of && k < json_array_size(plan); k++) {
            json_t *other = json_array_get(plan, k);
            if (strcmp(text_of(other, "lane"), of) != 0)
                continue;
            assert_true(
                json_equal(json_object_get(line, "command"), json_object_get(other, "command")));
            twins++;
        }
    }
    assert_true(twins > 0);
    json_decref(plan);
}

static void sequential_is_one_in_flight(void **unused)
{
    (void)unused;
    json_t *plan = plan_of("quick", 1, experiments, 4);
    int met = 0;
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i);
        if (strcmp(text_of(line, "lane"), "sequential") != 0)
            continue;
        assert_int_equal(number_of(line, "concurrency"), 1);
        met++;
    }
    assert_true(met > 0);
    json_decref(plan);
}

/* A lane that cannot hold more has no cell beyond; the others have. */
static void a_lane_ends_at_the_most_it_can_hold(void **unused)
{
    (void)unused;
    static char *files[] = {"scripts/experiments/loop-backends.json"};
    json_t *plan = plan_of("full", 1, files, 1);
    json_int_t most[2] = {0, 0}; /* of select, and of all others */
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i);
        json_int_t *of = &most[strcmp(text_of(line, "lane"), "select") != 0];
        *of = number_of(line, "concurrency") > *of ? number_of(line, "concurrency") : *of;
    }
    assert_int_equal(most[0], 900);
    assert_int_equal(most[1], 10000);
    json_decref(plan);
}

/* What a too long cell costs is not measured, and says so. */
static void long_cells_are_predictions(void **unused)
{
    (void)unused;
    json_t *plan = plan_of("quick", 1, &experiments[1], 1);
    json_t *last = json_array_get(plan, json_array_size(plan) - 1);
    assert_string_equal(text_of(last, "cell"), "time-by-count/sequential/count=1000");
    assert_string_equal(text_of(last, "kind"), "predicted");
    assert_true(json_is_null(json_object_get(last, "visit")));
    json_decref(plan);
}

/* Nothing that is metered is timed: the meter runs the model, in rounds of its own kind. */
static void a_metered_lane_is_run_by_the_meter(void **unused)
{
    (void)unused;
    static char *files[] = {"scripts/experiments/memory-per-worker.json"};
    json_t *plan = plan_of("talk", 5, files, 1);
    json_int_t rounds = 0;
    size_t i;
    json_t *line;
    for (i = 0; (line = json_array_get(plan, i)); i++) {
        json_t *command = json_object_get(line, "command");
        char program[64];
        snprintf(program, sizeof program, "build/%s", text_of(line, "model"));
        assert_string_equal(text_of(line, "kind"), "metered");
        assert_string_equal(json_string_value(json_array_get(command, 0)), "build/meter");
        assert_string_equal(json_string_value(json_array_get(command, 2)),
                            "--json={visit}/meter.json");
        assert_string_equal(json_string_value(json_array_get(command, 3)), "--");
        assert_string_equal(json_string_value(json_array_get(command, 4)), program);
        /* All wait at once, and once. */
        assert_int_equal(number_of(line, "count"), number_of(line, "concurrency"));
        rounds = number_of(line, "round") > rounds ? number_of(line, "round") : rounds;
    }
    assert_true(i > 0 && rounds >= 6); /* six: the least that an interval of 95 % needs */
    json_decref(plan);
    /* No other build beside it. */
    struct plan_request request = {.profile = "talk",
                                   .build = "build",
                                   .base = "base",
                                   .files = files,
                                   .file_count = 1};
    struct problem problem = {""};
    assert_int_equal(plan_make(&request, &plan, &problem), 0);
    assert_int_equal(json_array_size(plan), i);
    json_decref(plan);
}

/* Mistakes. ------------------------------------------------------------------------ */

static const char *const good =
    "{\"schema\": \"waitbench-experiment/1\", \"name\": \"x\", \"question\": \"?\", "
    "\"placement\": \"apart\", \"axis\": \"count\", "
    "\"lanes\": [{\"name\": \"a\", \"model\": \"threads\"}, "
    "{\"name\": \"b\", \"model\": \"threads\", \"again\": \"a\"}], "
    "\"fixed\": {\"concurrency\": 4, \"keep_alive\": true}, \"origin\": {\"size\": \"1KiB\"}, "
    "\"profiles\": {\"quick\": {\"rounds\": 7, \"values\": [4, 40]}}}";

/* Plans good with the first occurrence of from replaced by to; the problem's words, or the plan. */
static int plan_made_with(const char *from, const char *to, const char *base,
                          struct problem *problem, json_t **plan)
{
    char name[] = "/tmp/waitbench-plan-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    const char *at = strstr(good, from);
    assert_non_null(at);
    dprintf(fd, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    close(fd);
    char *files[] = {name};
    struct plan_request request = {.profile = "quick",
                                   .seed = 1,
                                   .build = "build",
                                   .base = base,
                                   .files = files,
                                   .file_count = 1};
    *plan = NULL;
    int error = plan_make(&request, plan, problem);
    unlink(name);
    return error;
}

static int plan_with(const char *from, const char *to, struct problem *problem)
{
    json_t *plan;
    int error = plan_made_with(from, to, NULL, problem, &plan);
    json_decref(plan);
    return error;
}

static void mistakes_name_file_key_and_remedy(void **unused)
{
    (void)unused;
    static const struct {
        const char *from, *to, *key, *remedy;
    } mistakes[] = {
        {"experiment/1", "experiment/2", ": schema: ", "must be \"waitbench-experiment/1\""},
        {"\"question\"", "\"qestion\"", ": qestion: ", "no such key"},
        {"\"name\": \"x\", ", "", ": name: ", "is missing"},
        {"\"apart\"", "\"appart\"", ": placement: ", "apart|together"},
        {"\"count\"", "\"cuont\"", ": axis: ", "count|concurrency"},
        {"[{\"name\": \"a\"", "[{\"name\": \"a,b\"", ": lanes[0].name: ", "comma"},
        {"\"name\": \"b\"", "\"name\": \"a\"", ": lanes[1].name: ", "twice"},
        {"\"again\": \"a\"", "\"again\": \"c\"", ": lanes[1].again: ", "stands before"},
        {"\"again\": \"a\"", "\"again\": \"a\", \"at\": [77]",
         ": lanes[1].at: ", "that a profile has"},
        {"\"model\": \"threads\", \"again\"", "\"model\": \"async\", \"again\"",
         ": lanes[1].again: ", "same model"},
        {"\"model\": \"threads\"}", "\"model\": \"../threads\"}", ": lanes[0].name: ", "no slash"},
        {"{\"name\": \"b\", \"model\": \"threads\"",
         "{\"name\": \"b\", \"peer\": [], \"model\": \"threads\"",
         ": lanes[1].peer: ", "a command"},
        {"\"model\": \"threads\", \"again\"", "\"peer\": [\"x\"], \"again\"",
         ": lanes[1].peer: ", "goes without"},
        {"4, \"keep", "0, \"keep", ": fixed.concurrency: ", "whole number from 1"},
        {"\"concurrency\": 4, ", "", ": fixed.concurrency: ", "is missing"},
        {"true}", "\"yes\"}", ": fixed.keep_alive: ", "true or false"},
        {"\"keep_alive\": true", "\"count_each\": 3", ": fixed.count_each: ", "instead"},
        {"1KiB", "1KB", ": origin.size: ", "such as \"1KiB\""},
        {"{\"size\"", "{\"delay\": \"5\", \"size\"", ": origin.delay: ", "such as \"100ms\""},
        {"\"rounds\": 7", "\"rounds\": 0", ": profiles.quick.rounds: ", "whole number from 1"},
        {"\"rounds\": 7, ", "", ": profiles.quick.rounds: ", "is missing"},
        {"[4, 40]", "[4, 4]", ": profiles.quick.values: ", "twice"},
        {"[4, 40]", "[4, \"40\"]", ": profiles.quick.values: ", "whole numbers"},
        {"[4, 40]", "[]", ": profiles.quick.values: ", "1 to 64"},
        {"\"quick\"", "\"quack\"", ": profiles.quack: ", "no such key"},
        {"\"question\"", "\"kind\": \"metred\", \"question\"", ": kind: ", "timed|traced|metered"},
        {"\"question\"", "\"kind\": \"metered\", \"ceiling\": [\"wrk\"], \"question\"",
         ": kind: ", "without a ceiling"},
        {"\"question\"", "\"kind\": \"metered\", \"question\"", ": origin.delay: ", "has to wait"},
        {"[4, 40]", "[4, 40", "line 1: ", "expected"},
        {"\"name\": \"x\"", "\"name\": \"x\", \"name\": \"y\"", "line 1: ", "duplicate"},
        /* The head. */
        {"\"waitbench-experiment/1\"", "1", ": schema: ", "must be"},
        {"\"?\"", "1", ": question: ", "a string that is not empty"},
        {"\"?\"", "\"\"", ": question: ", "a string that is not empty"},
        {"\"question\": \"?\", ", "", ": question: ", "is missing"},
        {"\"x\"", "\"x/y\"", ": name: ", "no slash"},
        {"\"x\"", "\"x.y\"", ": name: ", "no slash, dot"},
        {"\"x\"", "\"x\", \"chart\": \"a.b\"", ": chart: ", "must be one of total-time|"},
        {"\"placement\": \"apart\", ", "", ": placement: ", "is missing"},
        {"\"apart\"", "2", ": placement: ", "apart|together"},
        {"\"question\"", "\"kind\": \"traced\", \"question\"", ": kind: ", "without an axis"},
        {"\"question\"", "\"ceiling\": 3, \"question\"", ": ceiling: ", "an array"},
        {"\"question\"", "\"ceiling\": [\"ab\"], \"question\"", ": ceiling: ", "an array"},
        {"\"question\"", "\"ceiling\": [1], \"question\"", ": ceiling: ", "an array"},
        {"\"question\"", "\"variants\": {}, \"question\"", ": variants: ", "goes with the axis"},
        {"\"axis\": \"count\"", "\"axis\": \"variant\", \"variants\": 3",
         ": variants: ", "must be an object"},
        {"\"axis\": \"count\"", "\"axis\": \"variant\"", ": variants: ", "is missing"},
        /* Lanes. */
        {"{\"name\": \"a\", \"model\": \"threads\"}", "3", ": lanes[0].: ", "must be an object"},
        {"\"name\": \"a\", ", "", ": lanes[0].name: ", "is missing"},
        {", \"model\": \"threads\"}", "}", ": lanes[0].model: ", "is missing"},
        {"\"a\"", "7", ": lanes[0].name: ", "not empty"},
        {"\"threads\"", "\"\"", ": lanes[0].model: ", "not empty"},
        {"\"again\": \"a\"", "\"again\": 1", ": lanes[1].again: ", "not empty"},
        {"\"b\"", "\"b\\u001fc\"", ": lanes[1].name: ", "control"},
        {"\"again\": \"a\"", "\"options\": [\"--x=\\n\"]", ": lanes[1].options: ", "control"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": [\"x\", \"\\n\"]",
         ": lanes[1].peer: ", "control"},
        {"\"axis\": \"count\"", "\"axis\": \"variant\", \"variants\": {\"\\u0001\": {}}",
         ": variants.?: ", "control"},
        {"\"again\": \"a\"}]",
         "\"again\": \"a\"}, {\"name\": \"wrk\", \"model\": \"async\"}], "
         "\"ceiling\": [\"wrk\"]",
         ": ceiling: ", "name of a lane"},
        {"\"again\": \"a\"}]",
         "\"again\": \"a\"}, {\"name\": \"h2load\", \"model\": \"async\"}], "
         "\"ceiling\": [\"h2load\"]",
         ": ceiling: ", "name of a lane"},
        {"\"again\": \"a\"", "\"colour\": 1", ": lanes[1].colour: ", "no such key"},
        {"\"again\": \"a\"", "\"most\": 0", ": lanes[1].most: ", "whole number from 1"},
        {"\"again\": \"a\"", "\"options\": 3", ": lanes[1].options: ", "an array of strings"},
        {"\"again\": \"a\"", "\"options\": [3]", ": lanes[1].options: ", "strings such as"},
        {"\"again\": \"a\"", "\"options\": [\"x\"]", ": lanes[1].options: ", "strings such as"},
        {"\"again\": \"a\"", "\"again\": \"a\", \"options\": [\"--x\"]",
         ": lanes[1].again: ", "same model and options"},
        {"\"again\": \"a\"", "\"against\": \"z\"", ": lanes[1].against: ", "stands before"},
        {"\"again\": \"a\"", "\"again\": \"a\", \"against\": \"a\"",
         ": lanes[1].against: ", "without again"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": [\"x\", 1]",
         ": lanes[1].peer: ", "an array of strings"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": \"x\"",
         ": lanes[1].peer: ", "an array of strings"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": [\"x\"], \"options\": []",
         ": lanes[1].peer: ", "goes without"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": [\"x\"], \"concurrency\": 0",
         ": lanes[1].concurrency: ", "whole number from 1"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": [\"x\"], \"start_ms\": -1",
         ": lanes[1].start_ms: ", "whole number from 0"},
        {"\"model\": \"threads\", \"again\": \"a\"", "\"peer\": [\"x\"], \"each_processes\": 1001",
         ": lanes[1].each_processes: ", "whole number from 0 to 1000"},
        {"[{\"name\": \"a\", \"model\": \"threads\"}, "
         "{\"name\": \"b\", \"model\": \"threads\", \"again\": \"a\"}]",
         "[]", ": lanes: ", "1 to 64 lanes"},
        /* What the models are told. */
        {"{\"concurrency\": 4, \"keep_alive\": true}", "4", ": fixed.: ", "must be an object"},
        {"\"keep_alive\": true", "\"save\": 1", ": fixed.save: ", "true or false"},
        {"\"keep_alive\": true", "\"colour\": 1, \"save\": 1", ": fixed.colour: ", "no such key"},
        {"\"keep_alive\": true", "\"timeout\": 5", ": fixed.timeout: ", "a duration"},
        {"\"keep_alive\": true", "\"dispatch\": \"fifo\"", ": fixed.dispatch: ", "counter|static"},
        {"\"keep_alive\": true", "\"resolve\": 3", ": fixed.resolve: ", "once|each"},
        {"\"keep_alive\": true", "\"retries\": 101", ": fixed.retries: ", "number from 0 to 100"},
        {"\"keep_alive\": true", "\"retries\": 1.5", ": fixed.retries: ", "whole number"},
        {"\"keep_alive\": true", "\"cpu_work\": -1", ": fixed.cpu_work: ", "whole number"},
        {"\"keep_alive\": true", "\"count_each\": 0", ": fixed.count_each: ", "whole number"},
        {"\"keep_alive\": true", "\"hosts\": 0", ": fixed.hosts: ", "whole number from 1"},
        {"\"keep_alive\": true", "\"rate_share\": 0.5", ": fixed.rate_share: ", "in a variant"},
        {"\"keep_alive\": true", "\"rate_share\": \"x\"", ": fixed.rate_share: ", "a number"},
        {"\"keep_alive\": true", "\"rate_share\": 11", ": fixed.rate_share: ", "a number"},
        {"\"keep_alive\": true", "\"rate_of\": \"all\"", ": fixed.rate_of: ", "own|slowest"},
        {"\"keep_alive\": true", "\"rate_from\": 1", ": fixed.rate_from: ", "not empty"},
        {"\"keep_alive\": true", "\"arrivals\": \"odd\"", ": fixed.arrivals: ", "even|poisson"},
        /* What the origin is told, and what the client is kept within. */
        {"{\"size\": \"1KiB\"}", "[]", ": origin.: ", "must be an object"},
        {"{\"size\"", "{\"colour\": 1, \"size\"", ": origin.colour: ", "no such key"},
        {"\"1KiB\"", "1", ": origin.size: ", "a size"},
        {"{\"size\"", "{\"big\": 7, \"size\"", ": origin.big: ", "a size"},
        {"{\"size\"", "{\"jitter\": 1, \"size\"", ": origin.jitter: ", "a duration"},
        {"{\"size\"", "{\"dist\": \"normal\", \"size\"", ": origin.dist: ", "fixed|uniform"},
        {"{\"size\"", "{\"status\": 199, \"size\"", ": origin.status: ", "from 200 to 599"},
        {"{\"size\"", "{\"fault\": \"x\", \"size\"", ": origin.fault: ", "reset|truncate"},
        {"{\"size\"", "{\"every\": 0, \"size\"", ": origin.every: ", "whole number from 1"},
        {"\"question\"", "\"client\": 3, \"question\"", ": client.: ", "must be an object"},
        {"\"question\"", "\"client\": {\"cpus\": 1}, \"question\"", ": client.cpus: ", "no such"},
        {"\"question\"", "\"client\": {\"quota\": 0}, \"question\"",
         ": client.quota: ", "a number from 0.01"},
        {"\"question\"", "\"client\": {\"network\": \"\"}, \"question\"",
         ": client.network: ", "not empty"},
        /* Profiles. */
        {"{\"quick\": {\"rounds\": 7, \"values\": [4, 40]}}", "3", ": profiles: ", "an object"},
        {"{\"quick\": {\"rounds\": 7, \"values\": [4, 40]}}", "{}", ": profiles: ", "an object"},
        {"{\"rounds\": 7, \"values\": [4, 40]}", "7", ": profiles.quick.: ", "an object"},
        {"\"rounds\": 7", "\"rounds\": 7, \"longest_s\": 0",
         ": profiles.quick.longest_s: ", "above 0"},
        {"\"rounds\": 7", "\"rounds\": 7, \"longest_s\": \"1s\"",
         ": profiles.quick.longest_s: ", "a number of seconds"},
        {"\"rounds\": 7", "\"rounds\": 7, \"ceiling_s\": 61",
         ": profiles.quick.ceiling_s: ", "at most 60"},
        {"\"rounds\": 7", "\"rounds\": 7, \"fixed\": 1", ": profiles.quick.fixed.: ", "an object"},
        {"\"rounds\": 7", "\"rounds\": 7, \"origin\": {\"size\": 1}",
         ": profiles.quick.origin.size: ", "a size"},
        {"[4, 40]", "[0]", ": profiles.quick.values: ", "1 or more"},
        {"[4, 40]", "[100000001]", ": profiles.quick.values: ", "a hundred million"},
        {"[4, 40]", "3", ": profiles.quick.values: ", "1 to 64"},
        {"\"axis\": \"count\", ", "", ": profiles.quick.values: ", "needs an \"axis\""},
        {"\"count\"", "\"concurrency\"", ": fixed.count: ", "is missing"},
        {"\"count\"", "\"delay\"", ": profiles.quick.values: ", "durations such as"},
        {"\"count\"", "\"size\"", ": profiles.quick.values: ", "sizes such as"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct problem problem = {""};
        assert_int_equal(plan_with(mistakes[i].from, mistakes[i].to, &problem), -EINVAL);
        if (!strstr(problem.text, "/tmp/waitbench-plan-") ||
            !strstr(problem.text, mistakes[i].key) || !strstr(problem.text, mistakes[i].remedy) ||
            strchr(problem.text, '\n'))
            fail_msg("\"%s\" for \"%s\" gave: %s", mistakes[i].to, mistakes[i].from, problem.text);
    }
    struct problem problem = {""};
    assert_int_equal(plan_with("\"x\"", "\"y\"", &problem), 0);
    assert_int_equal(plan_with(good, "[1]", &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "must be a JSON object"));
}

static const char *const from_fixed = "\"keep_alive\": true}, \"origin\": {\"size\": \"1KiB\"}";

static bool has_argument(json_t *line, const char *argument)
{
    json_t *command = json_object_get(line, "command");
    for (size_t i = 0; i < json_array_size(command); i++)
        if (strcmp(json_string_value(json_array_get(command, i)), argument) == 0)
            return true;
    return false;
}

/* Every setting reaches the model's command line, the origin's query, and the work's name. */
static void settings_reach_the_command(void **unused)
{
    (void)unused;
    static const char *const arguments[] = {
        "--keep-alive=no",       "--dispatch=static",
        "--resolve=each",        "--cpu-work=5",
        "--retries=2",           "--timeout=5s",
        "--save={visit}/bodies", "--url-pattern={origin}/item/{}?delay=5ms&status=404&every=3",
    };
    struct problem problem = {""};
    json_t *plan;
    assert_int_equal(
        plan_made_with(from_fixed,
                       "\"keep_alive\": false, \"dispatch\": \"static\", \"resolve\": \"each\", "
                       "\"cpu_work\": 5, \"retries\": 2, \"timeout\": \"5s\", \"save\": true}, "
                       "\"origin\": {\"delay\": \"5ms\", \"status\": 404, \"every\": 3}",
                       NULL, &problem, &plan),
        0);
    json_t *line = json_array_get(plan, 0);
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
        if (!has_argument(line, arguments[i]))
            fail_msg("%s is not in the command", arguments[i]);
    assert_string_equal(text_of(line, "dispatch"), "static");
    assert_int_equal(number_of(json_object_get(line, "origin"), "status"), 404);
    assert_true(json_is_false(json_object_get(line, "keep_alive")));
    json_decref(plan);
    /* A status alone begins the query. */
    assert_int_equal(plan_made_with("\"size\": \"1KiB\"", "\"status\": 503", NULL, &problem, &plan),
                     0);
    assert_true(has_argument(json_array_get(plan, 0), "--url-pattern={origin}/item/{}?status=503"));
    json_decref(plan);
}

/* No delay can be shorter than this: what rule 7 holds a makespan against. */
static void the_shortest_delay_is_that_of_its_distribution(void **unused)
{
    (void)unused;
    static const struct {
        const char *dist;
        double least;
    } dists[] = {{"", 0.03}, {"uniform", 0.03}, {"fixed", 0.04}, {"lognormal", 0}, {"pareto", 0}};
    for (size_t i = 0; i < sizeof dists / sizeof *dists; i++) {
        struct problem problem = {""};
        char origin[128];
        json_t *plan;
        snprintf(origin, sizeof origin, "\"delay\": \"40ms\", \"jitter\": \"10ms\"%s%s%s",
                 dists[i].dist[0] ? ", \"dist\": \"" : "", dists[i].dist,
                 dists[i].dist[0] ? "\"" : "");
        assert_int_equal(plan_made_with("\"size\": \"1KiB\"", origin, NULL, &problem, &plan), 0);
        double least =
            json_real_value(json_object_get(json_array_get(plan, 0), "shortest_delay_s"));
        if (least < dists[i].least - 1e-12 || least > dists[i].least + 1e-12)
            fail_msg("%s: %g", dists[i].dist, least);
        json_decref(plan);
    }
}

/* Another build stands beside each lane once: not beside its repetition, nor beside a peer. */
static void another_build_stands_beside_each_lane_once(void **unused)
{
    (void)unused;
    static const struct {
        const char *to;
        int bases;
    } lanes[] = {{"\"again\": \"a\"", 1}, {"\"most\": 9", 2}, {"\"against\": \"a\"", 1}};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        struct problem problem = {""};
        json_t *plan, *line;
        int bases = 0;
        size_t k;
        assert_int_equal(plan_made_with("\"again\": \"a\"", lanes[i].to, "base", &problem, &plan),
                         0);
        for (k = 0; (line = json_array_get(plan, k)); k++) {
            if (number_of(line, "round") != 1 || number_of(line, "count") != 4)
                continue;
            bool base = strstr(text_of(line, "lane"), " (BASE)") != NULL;
            assert_int_equal(has_argument(line, "base/threads"), base);
            bases += base;
        }
        assert_int_equal(bases, lanes[i].bases);
        json_decref(plan);
    }
}

/* A peer's line: its own concurrency, its command filled in, and everybody timed as a whole. */
static void a_peer_has_its_own_command(void **unused)
{
    (void)unused;
    static char *files[] = {"peers/experiments/peers.json"};
    json_t *plan = plan_of("talk", 3, files, 1);
    int peers = 0;
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i);
        assert_true(json_is_true(json_object_get(line, "beside_peers")));
        if (strcmp(text_of(line, "kind"), "peer") != 0)
            continue;
        peers++;
        assert_true(json_is_null(json_object_get(line, "model")));
        json_t *command = json_object_get(line, "command");
        for (size_t k = 0; k < json_array_size(command); k++) {
            const char *argument = json_string_value(json_array_get(command, k));
            assert_null(strstr(argument, "{count}"));
            assert_null(strstr(argument, "{concurrency}"));
            assert_null(strstr(argument, "{build}"));
        }
        if (strcmp(text_of(line, "lane"), "wget2 (16 threads)") == 0)
            assert_int_equal(number_of(line, "concurrency"), 16);
        if (strcmp(text_of(line, "lane"), "xargs -P curl (batches)") == 0)
            assert_string_equal(json_string_value(json_array_get(command, 4)),
                                "63"); /* 4,000 / 64 */
        if (strcmp(text_of(line, "lane"), "curl -Z") == 0) {
            assert_int_equal(number_of(line, "concurrency"), 64);
            assert_string_equal(json_string_value(json_array_get(command, 5)), "64");
        }
    }
    assert_true(peers > 0);
    json_decref(plan);
}

/* `make bench` takes every experiment of its folder: none of them needs a peer's tools. */
static void peers_are_none_of_the_benchmarks_own(void **unused)
{
    (void)unused;
    const char *const profiles[] = {"quick", "talk", "full"};
    for (size_t p = 0; p < 3; p++) {
        json_t *plan = plan_of_all(profiles[p]);
        for (size_t i = 0; i < json_array_size(plan); i++)
            assert_string_not_equal(text_of(json_array_get(plan, i), "kind"), "peer");
        json_decref(plan);
    }
}

/* A variant's settings go over the experiment's, and a rate is taken from cells that each round
 * visits before the one that needs it. */
static void an_open_loop_follows_what_it_is_taken_from(void **unused)
{
    (void)unused;
    static char *files[] = {"scripts/experiments/open-loop.json"};
    json_t *plan = plan_of("talk", 11, files, 1);
    int shares = 0;
    for (size_t i = 0; i < json_array_size(plan); i++) {
        json_t *line = json_array_get(plan, i), *rate = json_object_get(line, "rate"), *cell;
        const char *rate_option = NULL;
        json_t *argument;
        size_t k;
        for (k = 0; (argument = json_array_get(json_object_get(line, "command"), k)); k++)
            if (strncmp(json_string_value(argument), "--rate=", 7) == 0)
                rate_option = json_string_value(argument);
        if (strcmp(text_of(line, "value"), "capacity") == 0) {
            assert_null(rate);
            assert_null(rate_option);
            continue;
        }
        assert_string_equal(rate_option, "--rate={rate},poisson");
        bool own = strcmp(text_of(rate, "of"), "own") == 0;
        assert_int_equal(json_array_size(json_object_get(rate, "cells")), own ? 1 : 5);
        for (k = 0; (cell = json_array_get(json_object_get(rate, "cells"), k)); k++) {
            bool before = false;
            for (size_t v = 0; v < i; v++) {
                json_t *other = json_array_get(plan, v);
                before |= number_of(other, "round") == number_of(line, "round") &&
                          strcmp(text_of(other, "cell"), json_string_value(cell)) == 0;
            }
            assert_true(before);
        }
        shares++;
    }
    /* Five lanes at four rates, and twins of two where the lanes are compared. */
    assert_int_equal(shares, (4 * 5 + 2) * 11);
    json_decref(plan);
}

static const char *const good_variants =
    "\"variants\": {\"a\": {}, \"b\": {\"fixed\": {\"rate_share\": 0.5, "
    "\"rate_from\": \"a\"}, \"origin\": {\"slow\": \"1s\", \"every\": 9}, "
    "\"client\": {\"memory\": \"128MiB\"}}}, ";

static void mistakes_in_variants_are_named(void **unused)
{
    (void)unused;
    static const struct {
        const char *from, *to, *key, *remedy;
    } mistakes[] = {
        {"\"a\": {}", "\"a\": 3", ": variants.a: ", "must be an object"},
        {"\"a\": {}", "\"a\": {\"fxd\": 1}", ": variants.a.fxd: ", "no such key"},
        {"0.5", "-1", ": variants.b.fixed.rate_share: ", "a number from"},
        {"\"rate_from\": \"a\"", "\"rate_from\": \"c\"", ": variants.b: ", "another variant"},
        {"\"rate_from\": \"a\"", "\"rate_from\": \"b\"", ": variants.b: ", "another variant"},
        {"\"1s\"", "\"1\"", ": variants.b.origin.slow: ", "a duration"},
        {"128MiB", "much", ": variants.b.client.memory: ", "a size"},
        {"\"a\": {}", "\"a,\": {}", ": variants.a,: ", "no comma"},
        {"{\"memory\": \"128MiB\"}", "7", ": variants.b.client.: ", "must be an object"},
        {"{\"slow\": \"1s\", \"every\": 9}", "7", ": variants.b.origin.: ", "must be an object"},
        {"\"a\": {}", "\"c\": {}", ": variants.b: ", "another variant"},
    };
    static const char frame[] =
        "\"axis\": \"variant\", %s\"lanes\": [{\"name\": \"x\", \"model\": \"threads\"}], "
        "\"fixed\": {\"concurrency\": 4, \"count\": 8}, "
        "\"profiles\": {\"quick\": {\"rounds\": 7, \"values\": [\"a\", \"b\"]}}}";
    static const char *const from_axis = "\"axis\": \"count\", ";
    for (size_t i = 0; i <= sizeof mistakes / sizeof *mistakes; i++) {
        bool sound = i == sizeof mistakes / sizeof *mistakes;
        char variants[512], rest[1024];
        const char *at = sound ? NULL : strstr(good_variants, mistakes[i].from);
        assert_true(sound || at != NULL);
        if (sound)
            snprintf(variants, sizeof variants, "%s", good_variants);
        else
            snprintf(variants, sizeof variants, "%.*s%s%s", (int)(at - good_variants),
                     good_variants, mistakes[i].to, at + strlen(mistakes[i].from));
        snprintf(rest, sizeof rest, frame, variants);
        struct problem problem = {""};
        int error = plan_with(strstr(good, from_axis), rest, &problem);
        assert_int_equal(error, sound ? 0 : -EINVAL);
        if (!sound &&
            (!strstr(problem.text, mistakes[i].key) || !strstr(problem.text, mistakes[i].remedy)))
            fail_msg("\"%s\" gave: %s", mistakes[i].to, problem.text);
    }
}

/* One's own URLs are counted, and go with a timed experiment without an axis only. */
static void ones_own_urls_are_counted(void **unused)
{
    (void)unused;
    static const struct {
        const char *file, *urls, *words;
    } cases[] = {
        {"scripts/experiments/total-time.json", "http://a/\n\n# no\n  \nhttp://b/", NULL},
        {"scripts/experiments/total-time.json", "# none\n", "holds no URL"},
        {"scripts/experiments/total-time.json", NULL, "No such file"},
        {"scripts/experiments/time-by-count.json", "http://a/\n", "without an axis"},
        {"scripts/experiments/timeline.json", "http://a/\n", "without an axis"},
        {"peers/experiments/peers.json", "http://a/\n", "against the origin only"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[] = "/tmp/waitbench-urls-XXXXXX";
        char *files[] = {strdup(cases[i].file)};
        int fd = mkstemp(name);
        assert_true(fd >= 0);
        struct plan_request request = {.profile = i == 5 ? "talk" : "quick",
                                       .build = "build",
                                       .urls = name,
                                       .files = files,
                                       .file_count = 1};
        struct problem problem = {""};
        json_t *plan = NULL;
        if (cases[i].urls)
            dprintf(fd, "%s", cases[i].urls);
        else
            unlink(name);
        close(fd);
        int error = plan_make(&request, &plan, &problem);
        assert_int_equal(error, cases[i].words ? -EINVAL : 0);
        if (cases[i].words && !strstr(problem.text, cases[i].words))
            fail_msg("case %zu: %s", i, problem.text);
        if (!cases[i].words) {
            assert_int_equal(number_of(json_array_get(plan, 0), "count"), 2);
            assert_true(json_is_null(json_object_get(json_array_get(plan, 0), "origin")));
        }
        json_decref(plan);
        free(files[0]);
        (void)unlink(name);
    }
}

static double predicted_of(json_t *plan, const char *lane)
{
    size_t i;
    json_t *line;
    json_array_foreach(plan, i, line)
    {
        if (strcmp(text_of(line, "lane"), lane) == 0)
            return json_real_value(json_object_get(line, "predicted_s"));
    }
    fail_msg("no lane %s", lane);
    return 0;
}

/* 32 URLs: what a process takes here counts as often as one is started. */
static void who_starts_processes_is_predicted_by_what_one_takes(void **unused)
{
    (void)unused;
    static const struct {
        const char *lane;
        double processes;
    } cases[] = {{"async", 0},
                 {"xargs -P curl (batches)", 0},
                 {"xargs -P curl (1 URL each)", 32},
                 {"GNU parallel (curl)", 64}};
    char *files[] = {"peers/experiments/peers-each.json"};
    json_t *plans[2];
    for (int s = 0; s < 2; s++) {
        struct plan_request request = {.profile = "quick",
                                       .build = "build",
                                       .process_s = s,
                                       .files = files,
                                       .file_count = 1};
        struct problem problem = {""};
        assert_int_equal(plan_make(&request, &plans[s], &problem), 0);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double more = predicted_of(plans[1], cases[i].lane) - predicted_of(plans[0], cases[i].lane);
        if (fabs(more - cases[i].processes) > 1e-6)
            fail_msg("%s: %f s more", cases[i].lane, more);
    }
    json_decref(plans[0]);
    json_decref(plans[1]);
}

static void what_is_not_there_is_said(void **unused)
{
    (void)unused;
    char *files[] = {"/nonexistent/experiment.json"};
    struct plan_request request = {.profile = "quick", .files = files, .file_count = 1};
    struct problem problem = {""};
    json_t *plan = NULL;
    assert_int_equal(plan_make(&request, &plan, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "/nonexistent/experiment.json"));
    request.profile = "quik";
    assert_int_equal(plan_make(&request, &plan, &problem), -EINVAL);
    assert_non_null(strstr(problem.text, "quick, talk, full"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_keep_their_budgets),
        cmocka_unit_test(each_round_visits_each_cell_once),
        cmocka_unit_test(the_seed_alone_makes_the_order),
        cmocka_unit_test(splitmix64_as_published),
        cmocka_unit_test(bounded_draws_are_even),
        cmocka_unit_test(a_lane_entered_twice_has_the_same_command),
        cmocka_unit_test(sequential_is_one_in_flight),
        cmocka_unit_test(a_lane_ends_at_the_most_it_can_hold),
        cmocka_unit_test(long_cells_are_predictions),
        cmocka_unit_test(a_metered_lane_is_run_by_the_meter),
        cmocka_unit_test(mistakes_name_file_key_and_remedy),
        cmocka_unit_test(a_peer_has_its_own_command),
        cmocka_unit_test(peers_are_none_of_the_benchmarks_own),
        cmocka_unit_test(an_open_loop_follows_what_it_is_taken_from),
        cmocka_unit_test(mistakes_in_variants_are_named),
        cmocka_unit_test(settings_reach_the_command),
        cmocka_unit_test(the_shortest_delay_is_that_of_its_distribution),
        cmocka_unit_test(another_build_stands_beside_each_lane_once),
        cmocka_unit_test(ones_own_urls_are_counted),
        cmocka_unit_test(who_starts_processes_is_predicted_by_what_one_takes),
        cmocka_unit_test(what_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
