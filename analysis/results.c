#include "analysis/results.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
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

/* Tames every string in it; nested no deeper than jansson reads. */
static void tame_all(json_t *value)
{
    size_t i, size = json_array_size(value);
    for (i = 0; i < size; i++)
        tame_all(json_array_get(value, i));
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at))
        tame_all(json_object_iter_value(at));
    if (!json_is_string(value))
        return;
    char *text = needed_text("%s", json_string_value(value));
    tame(text);
    if (strcmp(text, json_string_value(value)) != 0)
        json_string_set(value, text);
    free(text);
}

static json_t *load(const struct results *results, json_int_t visit, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/raw/%04lld/%s", results->dir, (long long)visit, name);
    errno = 0;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    needed_memory();
    tame_all(root);
    return root;
}

/* The last line that is not blank; what follows it is cut off. */
static char *last_line(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" \r\n", text[length - 1]))
        text[--length] = '\0';
    char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

/* What a command said last on standard error goes with its visit, for messages. */
static void add_error(const struct results *results, json_int_t number, json_t *visit)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/raw/%04lld/stderr.txt", results->dir, (long long)number);
    char *text = read_text(path);
    if (!text)
        return;
    static const char warning[] = "  Warning: ";
    char *line = last_line(text);
    /* hyperfine's word that the command failed comes after the command's own, which says why. */
    if (line > text && strncmp(line, warning, strlen(warning)) == 0) {
        line[-1] = '\0';
        char *own = last_line(text);
        line = *own ? own : line;
    }
    tame(line);
    json_t *error = json_string(line);
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

static bool is_kind(const char *kind)
{
    static const char *const kinds[] = {"timed",  "peer",    "ceiling",
                                        "traced", "metered", "predicted"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

/* A whole number within an int. */
static bool is_from(const json_t *value, int least)
{
    return json_is_integer(value) && json_integer_value(value) >= least &&
           json_integer_value(value) <= INT_MAX;
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
    /* What a line is not understood in would be left out, or not proved, without a word. */
    const char *kind = json_string_at(line, "kind"), *lane = json_string_at(line, "lane");
    if (!is_kind(kind))
        return say_problem(problem, file, key, "is of no kind that this program knows: %s", kind);
    if (strpbrk(lane, ",/\"|"))
        return say_problem(problem, file, key, "\"lane\" must hold no comma, slash, bar or quote");
    json_t *visit = json_object_get(line, "visit"), *round = json_object_get(line, "round");
    bool none = strcmp(kind, "predicted") == 0 && json_is_null(visit);
    if (!none && (!is_from(visit, 1) || !is_from(round, 0)))
        return say_problem(problem, file, key, "\"visit\" and \"round\" must be whole numbers");
    if (!is_from(json_object_get(line, "count"), 1) ||
        !is_from(json_object_get(line, "concurrency"), 1))
        return say_problem(problem, file, key,
                           "\"count\" and \"concurrency\" must be whole numbers from 1");
    return 0;
}

/* A plan names a visit once, in their order: who was counted twice would be two rounds. */
static int check_order(const char *file, int number, json_t *line, json_int_t *last,
                       struct problem *problem)
{
    char key[64];
    json_t *visit = json_object_get(line, "visit");
    if (json_is_integer(visit) && json_integer_value(visit) <= *last) {
        snprintf(key, sizeof key, "line %d", number);
        return say_problem(problem, file, key, "visit %lld stands behind visit %lld",
                           (long long)json_integer_value(visit), (long long)*last);
    }
    if (json_is_integer(visit))
        *last = json_integer_value(visit);
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
    json_int_t last = 0;
    results->plan = json_array();
    for (int number = 1; !error && getline(&text, &size, file) >= 0; number++) {
        json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        tame_all(line);
        error = check_line(path, number, line, problem);
        if (!error)
            error = check_order(path, number, line, &last, problem);
        json_array_append_new(results->plan, line);
    }
    needed_memory(); /* half a plan would be a whole one of less */
    if (!error && ferror(file))
        error = say_problem(problem, path, NULL, "%s", strerror(errno));
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
    tame_all(results->metadata);
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

/* Its visits are one in a round, and of one and the same task: medians and pairs rest on that. */
static int check_cell(const struct results *results, struct cell *cell, json_t *line,
                      struct problem *problem)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/plan.jsonl", results->dir);
    json_int_t round = json_integer_value(json_object_get(line, "round"));
    for (void *at = json_object_iter(line); at; at = json_object_iter_next(line, at)) {
        const char *key = json_object_iter_key(at);
        json_t *first = json_object_get(cell->plan, key);
        if (strcmp(key, "visit") != 0 && strcmp(key, "round") != 0 &&
            !(first && json_equal(first, json_object_iter_value(at))))
            return say_problem(problem, path, cell->id, "has more than one \"%s\"", key);
    }
    if (cell->planned > 0 && round <= cell->last_round)
        return say_problem(problem, path, cell->id, "round %lld stands behind round %lld",
                           (long long)round, (long long)cell->last_round);
    cell->last_round = round;
    return 0;
}

/* Hands each made visit to its cell; they are in the order of the plan, so of rounds. */
static int fill_cells(struct results *results, struct problem *problem)
{
    size_t i, next = 0;
    json_t *line;
    for (i = 0; (line = json_array_get(results->plan, i)); i++) {
        struct cell *cell = find_cell(results, line);
        int error = check_cell(results, cell, line, problem);
        if (error)
            return error;
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
    return 0;
}

/* What was measured beyond the plan says that the plan has lost its end, or is another run's. */
static int check_raw(const struct results *results, struct problem *problem)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/raw", results->dir);
    errno = 0;
    DIR *raw = opendir(path);
    needed_memory();
    if (!raw)
        return errno == ENOENT ? 0 : say_problem(problem, path, NULL, "%s", strerror(errno));
    /* Of several the first is named: a folder lists them in any order. */
    char first[NAME_MAX + 1] = "";
    struct dirent *entry;
    while ((entry = readdir(raw))) {
        bool known = strspn(entry->d_name, "0123456789") < strlen(entry->d_name);
        long number = strtol(entry->d_name, NULL, 10);
        for (size_t i = 0; i < results->made && !known; i++)
            known = results->visits[i].number == number;
        if (!known && (!first[0] || strcmp(entry->d_name, first) < 0))
            snprintf(first, sizeof first, "%s", entry->d_name);
    }
    closedir(raw);
    return first[0] ? say_problem(problem, path, first, "is no visit of plan.jsonl") : 0;
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
    error = fill_cells(results, problem);
    if (!error)
        error = check_raw(results, problem);
    if (error)
        return error;
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
