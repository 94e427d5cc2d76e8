/* hyperfine.json: one result a cell, as if hyperfine had made all its runs at once. */
#include "analysis/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cells.h"
#include "analysis/needed.h"
#include "analysis/result_file.h"

static json_t *merged(const struct cell *cell)
{
    json_t *times = json_array(), *codes = json_array();
    double *values = needed(cell->made + 1, sizeof *values);
    double sum = 0, squares = 0, user = 0, system = 0, n = (double)cell->made;
    for (size_t i = 0; i < cell->made; i++) {
        const struct visit_seen *seen = cell->visits[i];
        values[i] = seen->wall_s;
        sum += seen->wall_s;
        user += seen->user_s / n;
        system += seen->system_s / n;
        json_array_append_new(times, json_real(seen->wall_s));
        json_array_append_new(codes, json_known(seen->exit_status));
    }
    for (size_t i = 0; i < cell->made; i++)
        squares += (values[i] - sum / n) * (values[i] - sum / n);
    sort_f64(values, cell->made);
    json_t *result = json_pack(
        "{s:s, s:f, s:o, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "command", cell->id, "mean", sum / n,
        "stddev", cell->made > 1 ? json_real(sqrt(squares / (n - 1))) : json_null(), "median",
        median_f64(values, cell->made), "user", user, "system", system, "min", values[0], "max",
        values[cell->made - 1], "times", times, "exit_codes", codes);
    json_t *value = json_object_get(cell->plan, "value");
    if (!json_is_null(value)) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        json_object_set_new(result, "parameters",
                            json_pack("{s:s}", cell->axis,
                                      json_is_string(value) ? json_string_value(value) : text));
    }
    free(values);
    return result;
}

int write_hyperfine_json(const struct results *results)
{
    json_t *list = json_array();
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        /* There it has no word beside it: what does not stand would be drawn as if it did. */
        bool whole = cell_verdict(cell) == VALID && cell_is_timed(cell);
        for (size_t v = 0; v < cell->made; v++)
            whole = whole && isfinite(cell->visits[v]->wall_s + cell->visits[v]->user_s +
                                      cell->visits[v]->system_s);
        if (whole)
            json_array_append_new(list, merged(cell));
    }
    json_t *root = json_pack("{s:o}", "results", list);
    int error = write_json(results, "hyperfine.json", root);
    json_decref(root);
    return error;
}
