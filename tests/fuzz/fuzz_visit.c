/*
 * The files of one visit (plan line, visit.json, run.json, hyperfine.json,
 * meter.json and a load generator's output), as benchstat reads and proves them: a broken one is
 * a visit with a reason, and never one that stands on what is not known.
 */
#include <math.h>
#include <stdlib.h>

#include "analysis/ledger.h"
#include "tests/fuzz/fuzz.h"

static json_t *read_part(const uint8_t **data, size_t *size)
{
    size_t length;
    const uint8_t *part = fuzz_part(data, size, &length);
    return json_loadb((const char *)part, length, JSON_REJECT_DUPLICATES, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct visit_seen seen = {.number = 1, .round = 1};
    seen.plan = read_part(&data, &size);
    seen.visit = read_part(&data, &size);
    seen.run = read_part(&data, &size);
    seen.hyperfine = read_part(&data, &size);
    seen.meter = read_part(&data, &size);
    char *output = fuzz_string(data, size);
    seen.output = output;
    /* A plan that is none is refused before any visit is read. */
    if (json_is_object(seen.plan)) {
        struct visit_seen *both[] = {&seen, &seen};
        visit_read(&seen);
        visit_prove(&seen);
        for (size_t i = 0; i < json_array_size(seen.reasons); i++) {
            const json_t *reason = json_array_get(seen.reasons, i);
            fuzz_check(json_is_string(reason) && json_string_length(reason) > 0);
        }
        fuzz_taken += json_array_size(seen.reasons) == 0;
        /* Without its own files no visit of a model stands. */
        if (!seen.visit && !seen.run && !seen.hyperfine)
            fuzz_check(json_array_size(seen.reasons) > 0);
        json_decref(visits_agree(both, 2));
        (void)visit_waits(&seen);
        (void)visit_bound(&seen);
        (void)visit_ideal_s(&seen);
        json_decref(seen.reasons);
    }
    json_decref(seen.plan);
    json_decref(seen.visit);
    json_decref(seen.run);
    json_decref(seen.hyperfine);
    json_decref(seen.meter);
    free(output);
    return 0;
}
