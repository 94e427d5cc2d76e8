#include "analysis/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cells.h"
#include "analysis/needed.h"

/* Takes away the part of a character that a full buffer has cut off: with it the text would be no
 * JSON, and missing. */
static void end_whole(char *text)
{
    size_t length = strlen(text), start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xc0)
        return;
    unsigned char first = (unsigned char)text[start - 1];
    size_t whole = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length - (start - 1) < whole)
        text[start - 1] = '\0';
}

void append(char *buffer, size_t size, const char *format, ...)
{
    size_t used = strlen(buffer);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer + used, size - used, format, arguments);
    va_end(arguments);
    end_whole(buffer);
}

const char *verdict_words(enum pair_verdict verdict)
{
    static const char *const names[] = {"faster",
                                        "slower",
                                        "no difference seen",
                                        "too few rounds to decide",
                                        "not decided: no lane stands twice",
                                        "not decided: no two processors"};
    return names[verdict];
}

/* "takes", or "take" for what ends in s before any bracket. */
static const char *takes(const char *lane)
{
    size_t length = strcspn(lane, "(");
    while (length > 0 && lane[length - 1] == ' ')
        length--;
    return length > 0 && lane[length - 1] == 's' ? "take" : "takes";
}

static const char *value_of(const struct cell *cell, char buffer[32])
{
    json_t *value = json_object_get(cell->plan, "value");
    if (json_is_string(value))
        snprintf(buffer, 32, "%s", json_string_value(value));
    else
        snprintf(buffer, 32, "%lld", (long long)json_integer_value(value));
    end_whole(buffer);
    return buffer;
}

static bool has_axis(const struct cell *cell)
{
    return strcmp(cell->axis, "none") != 0;
}

/* Latency is said as what it is; everything else is time that a lane takes. */
static bool is_late(const struct cell *cell)
{
    return compared_figure(cell) == LATE;
}

/* A pair with the slower lane first, so that its ratio is 1 or more. */
struct slower_first {
    const char *slower, *faster;
    double ratio, low, high;
};

static struct slower_first order(const struct pair *pair)
{
    double ratio = pair->ratio.median;
    if (ratio >= 1)
        return (struct slower_first){pair->b->lane, pair->a->lane, ratio, pair->ratio.low,
                                     pair->ratio.high};
    return (struct slower_first){pair->a->lane, pair->b->lane, 1 / ratio, 1 / pair->ratio.high,
                                 1 / pair->ratio.low};
}

/* What a difference that was not seen is smaller than, in percent. */
static double unseen_percent(const struct pair *pair)
{
    struct slower_first o = order(pair);
    return 100 * (fmax(pair->floor.ratio, fmax(o.high, 1 / o.low)) - 1);
}

char *pair_sentence(const struct pair *pair, char *buffer, size_t size)
{
    char value[32];
    struct slower_first o = order(pair);
    buffer[0] = '\0';
    if (has_axis(pair->a))
        append(buffer, size, "at %s %s: ", pair->a->axis, value_of(pair->a, value));
    bool differ = pair->verdict == FASTER || pair->verdict == SLOWER;
    if (differ && is_late(pair->a))
        append(buffer, size, "the p99 of %s is %.3g times that of %s (%.3g to %.3g; p = %.3g)",
               o.slower, o.ratio, o.faster, o.low, o.high, pair->p_holm);
    else if (differ)
        append(buffer, size, "%s %s %.3g times as long as %s (%.3g to %.3g; p = %.3g)", o.slower,
               takes(o.slower), o.ratio, o.faster, o.low, o.high, pair->p_holm);
    else
        append(buffer, size, "%s and %s: ", o.faster, o.slower);
    if (pair->verdict == NO_DIFFERENCE)
        append(buffer, size, "no difference seen above %.1f %% (p = %.3g)", unseen_percent(pair),
               pair->p_holm);
    if (pair->verdict == NO_PROCESSORS)
        append(buffer, size, "not decided, since this machine has no two processors to give");
    if (pair->verdict == NO_TWINS)
        append(buffer, size, "no lane stands twice, so nothing says what a difference is worth");
    else if (pair->verdict == TOO_FEW)
        append(buffer, size, "too few rounds to decide: %zu (ratio %.3g, %.3g to %.3g)",
               pair->ratio.n, o.ratio, o.low, o.high);
    return buffer;
}

/* Trends. ------------------------------------------------------------------------------ */

char *crossover_sentence(const struct crossover *crossover, char *buffer, size_t size)
{
    const char *a = crossover->first->a->lane, *b = crossover->first->b->lane;
    const char *winner = NULL;
    bool changes = false;
    buffer[0] = '\0';
    append(buffer, size, "%s and %s:", a, b);
    for (size_t i = 0; i < crossover->count; i++) {
        const struct segment *segment = &crossover->segments[i];
        char from[32], to[32];
        value_of(segment->from, from);
        value_of(segment->to, to);
        append(buffer, size, "%s at %s%s%s", i ? "," : "", i ? "" : segment->from->axis,
               i ? "" : " ", from);
        if (segment->from != segment->to)
            append(buffer, size, " to %s", to);
        if (segment->verdict != FASTER && segment->verdict != SLOWER) {
            append(buffer, size, " %s", verdict_words(segment->verdict));
            continue;
        }
        const char *now = segment->verdict == FASTER ? a : b;
        append(buffer, size, " %s %s less time", now, takes(now));
        changes = changes || (winner && winner != now);
        winner = now;
    }
    append(buffer, size,
           changes  ? "; the winner changes"
           : winner ? "; the winner does not change"
                    : "; no winner");
    return buffer;
}

char *slope_sentence(const struct slope *slope, char *buffer, size_t size)
{
    struct spread s = slope->spread;
    double scale = 1, most = fmax(fabs(s.median), fmax(fabs(s.low), fabs(s.high)));
    const char *unit = slope->unit;
    if (strcmp(unit, "s") == 0) {
        scale = most >= 1 ? 1 : most >= 1e-3 ? 1e3 : 1e6;
        unit = most >= 1 ? "s" : most >= 1e-3 ? "ms" : "µs";
    } else if (strcmp(unit, "KiB") == 0 && most >= 1000) {
        scale = 1.0 / 1024;
        unit = "MiB";
    }
    buffer[0] = '\0';
    append(buffer, size, "%s: %.3g %s %s (%.3g to %.3g; %zu rounds, %.1f %%)", slope->lane->lane,
           s.median * scale, unit, slope->words, s.low * scale, s.high * scale, s.n,
           100 * s.coverage);
    return buffer;
}

/* Whether a cell is a valid one of this lane, at whatever value. */
static bool is_of_lane(const struct cell *cell, const struct cell *lane)
{
    return strcmp(cell->experiment, lane->experiment) == 0 && strcmp(cell->lane, lane->lane) == 0 &&
           cell_verdict(cell) == VALID;
}

char *tasks_sentence(const struct results *results, const struct cell *lane, char *buffer,
                     size_t size)
{
    char value[32];
    buffer[0] = '\0';
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        double threads = cell_most_metered(cell, "tasks.threads");
        double processes = cell_most_metered(cell, "tasks.processes");
        if (!is_of_lane(cell, lane) || !isfinite(threads + processes))
            continue;
        if (buffer[0])
            append(buffer, size, ", %.0f in %.0f with %s", threads, processes,
                   value_of(cell, value));
        else
            append(buffer, size, "%s: the meter saw up to %.0f thread%s in %.0f process%s with %s",
                   lane->lane, threads, threads == 1 ? "" : "s", processes,
                   processes == 1 ? "" : "es", value_of(cell, value));
    }
    return buffer;
}

char *small_sentence(const struct results *results, const struct cell *lane, char *buffer,
                     size_t size)
{
    char value[32];
    buffer[0] = '\0';
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        struct spread p99 = cell_spread(cell, SMALL_P99), most = cell_spread(cell, SMALL_MAX);
        if (!is_of_lane(cell, lane) || p99.n == 0)
            continue;
        if (buffer[0])
            append(buffer, size, ", ");
        else
            append(buffer, size, "%s: 99 %% of the small bodies took at most ", lane->lane);
        append(buffer, size, "%.3g ms (%.3g to %.3g) at %s (the slowest %.3g ms)", p99.median * 1e3,
               p99.low * 1e3, p99.high * 1e3, value_of(cell, value), most.median * 1e3);
    }
    return buffer;
}

/* The answer. ---------------------------------------------------------------------------- */

/* Whether a pair is of lanes of one build, at this cell's value. */
static bool is_here(const struct pair *pair, const struct cell *here)
{
    return !pair->builds && json_equal(json_object_get(pair->a->plan, "value"),
                                       json_object_get(here->plan, "value"));
}

static const struct cell *fastest_here(const struct pair *pairs, size_t count,
                                       const struct cell *here)
{
    const struct cell *fastest = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cell *both[] = {pairs[i].a, pairs[i].b};
        for (int k = 0; k < 2 && is_here(&pairs[i], here); k++)
            if (!fastest || cell_spread(both[k], compared_figure(both[k])).median <
                                cell_spread(fastest, compared_figure(fastest)).median)
                fastest = both[k];
    }
    return fastest;
}

/* The lanes that the fastest is held against and whose verdict is one of two, as a list. */
static size_t list(const struct pair *pairs, size_t count, const struct cell *fastest,
                   enum pair_verdict verdict, char *buffer, size_t size)
{
    size_t listed = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct pair *pair = &pairs[i];
        if (!is_here(pair, fastest) || pair->verdict != verdict ||
            (pair->a != fastest && pair->b != fastest))
            continue;
        append(buffer, size, "%s%s", listed++ ? ", " : "",
               pair->a == fastest ? pair->b->lane : pair->a->lane);
    }
    return listed;
}

static int by_ratio(const void *left, const void *right)
{
    double a = order(*(const struct pair *const *)left).ratio;
    double b = order(*(const struct pair *const *)right).ratio;
    return (a > b) - (a < b);
}

/* "; processes take 1.38 times as long as async (1.31 to 1.46)", the nearest first. */
static void say_slower(const struct pair *pairs, size_t count, const struct cell *fastest,
                       char *buffer, size_t size)
{
    const struct pair **slower = needed(count + 1, sizeof(const struct pair *));
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pair *pair = &pairs[i];
        if (is_here(pair, fastest) && (pair->a == fastest || pair->b == fastest) &&
            (pair->verdict == FASTER || pair->verdict == SLOWER))
            slower[used++] = pair;
    }
    if (used > 0)
        qsort(slower, used, sizeof(const struct pair *), by_ratio);
    for (size_t i = 0; i < used; i++) {
        struct slower_first o = order(slower[i]);
        if (is_late(fastest))
            append(buffer, size, "; %s%s%s %.3g times%s%s", i ? "of " : "the p99 of ", o.slower,
                   i ? "" : " is", o.ratio, i ? "" : " that of ", i ? "" : fastest->lane);
        else
            append(buffer, size, "; %s %s %.3g times as long%s%s", o.slower, takes(o.slower),
                   o.ratio, i ? "" : " as ", i ? "" : fastest->lane);
        append(buffer, size, " (%.3g to %.3g)", o.low, o.high);
    }
    free(slower);
}

/* The widest difference that was not seen between the fastest and any other here. */
static double most_unseen(const struct pair *pairs, size_t count, const struct cell *fastest)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        if (is_here(&pairs[i], fastest) && pairs[i].verdict == NO_DIFFERENCE &&
            (pairs[i].a == fastest || pairs[i].b == fastest))
            most = fmax(most, unseen_percent(&pairs[i]));
    return most;
}

/* "11 rounds, p at most 0.006 where a difference was seen", of the pairs of one value. */
static void say_how_sure(const struct pair *pairs, size_t count, const struct cell *fastest,
                         char *buffer, size_t size)
{
    double p = 0;
    size_t rounds = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pair *pair = &pairs[i];
        if (!is_here(pair, fastest) || (pair->a != fastest && pair->b != fastest))
            continue;
        rounds = pair->ratio.n > rounds ? pair->ratio.n : rounds;
        if (pair->verdict == FASTER || pair->verdict == SLOWER)
            p = fmax(p, pair->p_holm);
    }
    append(buffer, size, "; %zu rounds", rounds);
    if (p > 0)
        append(buffer, size, ", p at most %.2g adjusted for all pairs", p);
    append(buffer, size, ".");
}

static void say_value(const struct pair *pairs, size_t count, const struct cell *here, char *buffer,
                      size_t size)
{
    char lanes[256], value[32];
    const struct cell *fastest = fastest_here(pairs, count, here);
    if (!fastest)
        return;
    append(buffer, size, "%s", buffer[0] ? " " : "");
    if (has_axis(here))
        append(buffer, size, "At %s %s%s: ", here->axis, value_of(here, value),
               is_late(here) ? ", by the p99 of latency" : "");
    if (list(pairs, count, fastest, NO_DIFFERENCE, lanes, sizeof lanes))
        append(buffer, size, "%s and %s: no difference seen above %.*g %%", fastest->lane, lanes,
               most_unseen(pairs, count, fastest) < 99.5 ? 2 : 3,
               most_unseen(pairs, count, fastest));
    else if (!list(pairs, count, fastest, FASTER, lanes, sizeof lanes) &&
             !list(pairs, count, fastest, SLOWER, lanes, sizeof lanes))
        append(buffer, size, "nothing is decided; the lowest %s is that of %s",
               is_late(fastest) ? "p99" : "median", fastest->lane);
    else if (is_late(fastest))
        append(buffer, size, "the p99 of %s is the lowest", fastest->lane);
    else
        append(buffer, size, "%s %s the least time", fastest->lane, takes(fastest->lane));
    say_slower(pairs, count, fastest, buffer, size);
    if (list(pairs, count, fastest, TOO_FEW, lanes, sizeof lanes))
        append(buffer, size, "; too few rounds to decide on %s", lanes);
    if (list(pairs, count, fastest, NO_TWINS, lanes, sizeof lanes))
        append(buffer, size, "; not decided on %s: no lane stands twice", lanes);
    if (list(pairs, count, fastest, NO_PROCESSORS, lanes, sizeof lanes))
        append(buffer, size, "; not decided on %s: this machine has no two processors to give",
               lanes);
    say_how_sure(pairs, count, fastest, buffer, size);
}

/* Which lanes differ from their other build, each in its sentence; the rest in one. */
static void say_builds(const struct pair *pairs, size_t count, char *buffer, size_t size)
{
    char sentence[512];
    size_t builds = 0, alike = 0;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        if (!pairs[i].builds)
            continue;
        builds++;
        if (pairs[i].verdict == NO_DIFFERENCE) {
            alike++;
            most = fmax(most, unseen_percent(&pairs[i]));
        } else {
            append(buffer, size, "%s%s.", buffer[0] ? " " : "",
                   pair_sentence(&pairs[i], sentence, sizeof sentence));
        }
    }
    if (alike > 0)
        append(buffer, size,
               "%sIn %zu of %zu comparisons of two builds no difference was seen (above %.2g %%).",
               buffer[0] ? " " : "", alike, builds, most);
}

char *answer(const struct results *results, const char *experiment, const struct pair *pairs,
             size_t count, char *buffer, size_t size)
{
    const struct cell *first = NULL, *last = NULL;
    size_t invalid = 0;
    buffer[0] = '\0';
    say_builds(pairs, count, buffer, size);
    for (size_t i = 0; i < count; i++) {
        first = first || pairs[i].builds ? first : pairs[i].a;
        last = pairs[i].builds ? last : pairs[i].a;
    }
    if (first)
        say_value(pairs, count, first, buffer, size);
    if (last &&
        !json_equal(json_object_get(first->plan, "value"), json_object_get(last->plan, "value")))
        say_value(pairs, count, last, buffer, size);
    for (size_t i = 0; i < results->cell_count; i++) {
        const struct cell *cell = &results->cells[i];
        bool here = strcmp(cell->experiment, experiment) == 0 && cell_verdict(cell) == INVALID;
        invalid += here && strcmp(cell->kind, "ceiling") != 0;
    }
    if (invalid > 0)
        append(buffer, size, "%s%zu cell%s invalid, and in no comparison: see the ledger.",
               buffer[0] ? " " : "", invalid, invalid > 1 ? "s are" : " is");
    return buffer;
}
