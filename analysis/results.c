#include "analysis/results.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/needed.h"

/* A whole file that is expected to be small, as a string to be freed, or NULL. */
static char *read_text(const char *path)
{
    enum { MOST = 64 << 10 };
    errno = 0;
    FILE *file = fopen(path, "re");
    char *text = file ? needed(1, MOST + 1) : NULL;
    if (text)
        (void)fread(text, 1, MOST, file); /* what cannot be read says nothing */
    needed_memory();
    if (file)
        fclose(file);
    return text;
}

static json_t *load(const struct results *results, json_int_t visit, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/raw/%04lld/%s", results->dir, (long long)visit, name);
    errno = 0;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    needed_memory();
    return root;
}

/* What a command said last on standard error goes with its visit, for messages. */
static void add_error(const struct results *results, json_int_t number, json_t *visit)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/raw/%04lld/stderr.txt", results->dir, (long long)number);
    char *text = read_text(path);
    if (!text)
        return;
    size_t length = strlen(text);
    while (length > 0 && strchr(" \r\n", text[length - 1]))
        text[--length] = '\0';
    const char *line = strrchr(text, '\n');
    json_t *error = json_string(line ? line + 1 : text);
    if (error)
        json_object_set_new(visit, "error", error);
    free(text);
}

static bool load_visit(struct results *results, json_t *plan)
{
    json_int_t number = json_integer_value(json_object_get(plan, "visit"));
    struct stat status;
    char path[4096];
    snprintf(path, sizeof path, "%s/raw/%04lld", results->dir, (long long)number);
    if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
        return false;
    struct visit_seen *seen = &results->visits[results->made];
    *seen = (struct visit_seen){
        .plan = plan,
        .visit = load(results, number, "visit.json"),
        .run = load(results, number, "run.json"),
        .hyperfine = load(results, number, "hyperfine.json"),
        .meter = load(results, number, "meter.json"),
        .number = (int)number,
        .round = (int)json_integer_value(json_object_get(plan, "round")),
    };
    if (seen->visit)
        add_error(results, number, seen->visit);
    const char *kind = json_string_at(plan, "kind");
    if (kind && strcmp(kind, "ceiling") == 0) {
        snprintf(path, sizeof path, "%s/raw/%04lld/stdout.txt", results->dir, (long long)number);
        results->outputs[results->made] = read_text(path);
        seen->output = results->outputs[results->made];
    }
    visit_read(seen);
    snprintf(path, sizeof path, "%s/raw/%04lld/records.csv", results->dir, (long long)number);
    visit_read_small(seen, path);
    results->made++;
    return true;
}

static struct cell *find_cell(struct results *results, json_t *plan)
{
    const char *id = json_string_at(plan, "cell");
    for (size_t i = 0; i < results->cell_count; i++)
        if (id && results->cells[i].id && strcmp(results->cells[i].id, id) == 0)
            return &results->cells[i];
    struct cell *cell = &results->cells[results->cell_count++];
    *cell = (struct cell){
        .plan = plan,
        .id = id,
        .experiment = json_string_at(plan, "experiment"),
        .kind = json_string_at(plan, "kind"),
        .lane = json_string_at(plan, "lane"),
        .model = json_string_at(plan, "model"),
        .again_of = json_string_at(plan, "again_of"),
        .against = json_string_at(plan, "against"),
        .axis = json_string_at(plan, "axis"),
        .chart = json_string_at(plan, "chart"),
        .reasons = json_array(),
    };
    return cell;
}

static int check_line(const char *file, int number, json_t *line, struct problem *problem)
{
    static const char *const strings[] = {"experiment", "question", "cell", "lane",
                                          "kind",       "axis",     "work", "placement"};
    char key[64];
    const char *schema = json_string_at(line, "schema");
    snprintf(key, sizeof key, "line %d", number);
    if (!schema || strcmp(schema, "waitbench-plan/1") != 0)
        return say_problem(problem, file, key, "must be an object of schema waitbench-plan/1");
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (!json_string_at(line, strings[i]))
            return say_problem(problem, file, key, "has no \"%s\"", strings[i]);
    return 0;
}

static int read_plan(struct results *results, struct problem *problem)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/plan.jsonl", results->dir);
    errno = 0;
    FILE *file = fopen(path, "re");
    needed_memory();
    if (!file)
        return say_problem(problem, path, NULL, "%s", strerror(errno));
    char *text = NULL;
    size_t size = 0;
    int error = 0;
    results->plan = json_array();
    for (int number = 1; !error && getline(&text, &size, file) >= 0; number++) {
        json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        error = check_line(path, number, line, problem);
        json_array_append_new(results->plan, line);
    }
    needed_memory(); /* half a plan would be a whole one of less */
    free(text);
    fclose(file);
    if (!error && json_array_size(results->plan) == 0)
        error = say_problem(problem, path, NULL, "holds no visit");
    return error;
}

static int read_metadata(struct results *results, struct problem *problem)
{
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/metadata.json", results->dir);
    errno = 0;
    results->metadata = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    needed_memory();
    if (!results->metadata)
        return say_problem(problem, path, NULL, "%s; a result without metadata is no result",
                           error.text);
    const char *schema = json_string_at(results->metadata, "schema");
    if (!schema || strcmp(schema, "waitbench-metadata/1") != 0)
        return say_problem(problem, path, "schema",
                           "must be waitbench-metadata/1, which this program reads; it is %s",
                           schema ? schema : "missing");
    const char *sanitizer = json_string_at(results->metadata, "build.sanitize");
    if (sanitizer && sanitizer[0])
        return say_problem(problem, path, "build.sanitize",
                           "measured with a sanitizer's build (%s), whose times mean nothing",
                           sanitizer);
    return 0;
}

/* Hands each made visit to its cell; they are in the order of the plan, so of rounds. */
static void fill_cells(struct results *results)
{
    size_t i, next = 0;
    json_t *line;
    for (i = 0; (line = json_array_get(results->plan, i)); i++) {
        struct cell *cell = find_cell(results, line);
        if (json_is_integer(json_object_get(line, "visit"))) {
            cell->planned++;
            results->planned++;
        }
    }
    for (i = 0; i < results->cell_count; i++) {
        struct cell *cell = &results->cells[i];
        cell->visits = needed(cell->planned + 1, sizeof(struct visit_seen *));
    }
    for (i = 0; (line = json_array_get(results->plan, i)); i++) {
        if (next == results->made || results->visits[next].plan != line)
            continue;
        struct cell *cell = find_cell(results, line);
        assert(cell->visits != NULL);
        cell->visits[cell->made++] = &results->visits[next++];
    }
}

static int by_place(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    json_int_t first = json_integer_value(json_object_get(a->plan, "place"));
    json_int_t second = json_integer_value(json_object_get(b->plan, "place"));
    return (first > second) - (first < second);
}

int results_open(struct results *results, const char *dir, struct problem *problem)
{
    *results = (struct results){.dir = needed_text("%s", dir), .notes = json_array()};
    int error = read_metadata(results, problem);
    if (!error)
        error = read_plan(results, problem);
    if (error)
        return error;
    size_t lines = json_array_size(results->plan), i;
    results->visits = needed(lines, sizeof *results->visits);
    results->outputs = needed(lines, sizeof *results->outputs);
    results->cells = needed(lines, sizeof *results->cells);
    json_t *line;
    for (i = 0; (line = json_array_get(results->plan, i)); i++)
        if (json_is_integer(json_object_get(line, "visit")))
            load_visit(results, line);
    fill_cells(results);
    qsort(results->cells, results->cell_count, sizeof *results->cells, by_place);
    return 0;
}

void results_close(struct results *results)
{
    for (size_t i = 0; i < results->made; i++) {
        struct visit_seen *seen = &results->visits[i];
        json_decref(seen->visit);
        json_decref(seen->run);
        json_decref(seen->hyperfine);
        json_decref(seen->meter);
        json_decref(seen->reasons);
        free(results->outputs[i]);
    }
    for (size_t i = 0; i < results->cell_count; i++) {
        free(results->cells[i].visits);
        json_decref(results->cells[i].reasons);
    }
    free(results->visits);
    free(results->outputs);
    free(results->cells);
    json_decref(results->metadata);
    json_decref(results->plan);
    json_decref(results->notes);
    free(results->dir);
    *results = (struct results){0};
}

/* Each broken rule of each visit, once, with the number of rounds it was seen in. */
static void gather_reasons(struct cell *cell)
{
    for (size_t v = 0; v < cell->made; v++) {
        size_t i;
        json_t *reason;
        for (i = 0; (reason = json_array_get(cell->visits[v]->reasons, i)); i++) {
            add_sentence(cell->reasons, "round %d (visit %04d): %s", cell->visits[v]->round,
                         cell->visits[v]->number, json_string_value(reason));
        }
    }
}

void results_prove(struct results *results)
{
    struct visit_seen **all = needed(results->made + 1, sizeof(struct visit_seen *));
    for (size_t i = 0; i < results->made; i++) {
        all[i] = &results->visits[i];
        visit_prove(all[i]);
    }
    json_t *notes = visits_agree(all, results->made);
    json_array_extend(results->notes, notes);
    json_decref(notes);
    free(all);
    for (size_t i = 0; i < results->cell_count; i++)
        gather_reasons(&results->cells[i]);
}

/* This machine could not make it: the reason stands in each of its visits. */
static bool is_skipped(const struct cell *cell)
{
    for (size_t i = 0; i < cell->made; i++)
        if (!json_string_at(cell->visits[i]->visit, "skipped"))
            return false;
    return cell->made > 0;
}

enum verdict cell_verdict(const struct cell *cell)
{
    if (strcmp(cell->kind, "predicted") == 0)
        return PREDICTED;
    if (cell->made == 0 || is_skipped(cell))
        return NOT_MEASURED;
    return json_array_size(cell->reasons) == 0 ? VALID : INVALID;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"valid", "invalid", "predicted", "not measured"};
    return names[verdict];
}
