#include "origin/item.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/units.h"

enum {
    NAME_SIZE = 16,  /* longer than any option's name */
    VALUE_SIZE = 64, /* longer than any sensible value */
    NUMBER_DIGITS = 20,
    LINE_DIGITS = 10,
};

enum distribution { UNSAID, FIXED, UNIFORM, LOGNORMAL, PARETO };

/* The options as they were written, before they are weighed together. */
struct wish {
    uint64_t size, delay, jitter, pace, every, status, slow, big;
    unsigned dist, fault, chunked, close;
    unsigned given; /* a bit for each entry of options[] */
};

/* How a value is read; WORD looks it up in the option's words. */
enum reading { SIZE, DURATION, COUNT, WORD };

struct option {
    const char *name;
    enum reading reading;
    size_t member;
    uint64_t least, most;
    const char *const *words; /* "" stands for a value that cannot be asked for */
    const char *expected;
};

static const char *const yes_no[] = {"no", "yes", NULL};
static const char *const dists[] = {"", "fixed", "uniform", "lognormal", "pareto", NULL};
static const char *const faults[] = {"", "reset", "truncate", "stall", "drip", "garbage", NULL};

enum {
    O_SIZE,
    O_DELAY,
    O_JITTER,
    O_DIST,
    O_STATUS,
    O_FAULT,
    O_SLOW,
    O_BIG,
    O_EVERY,
    O_PACE,
    O_CHUNKED,
    O_CLOSE,
    OPTIONS
};

#define DURATION_EXPECTED "a duration up to 1h, as 100ms"

static const struct option options[OPTIONS] = {
    [O_SIZE] = {"size", SIZE, offsetof(struct wish, size), 0, ITEM_SIZE_MAX, NULL,
                "a size up to 64GiB, as 1KiB"},
    [O_DELAY] = {"delay", DURATION, offsetof(struct wish, delay), 0, ITEM_DELAY_MAX_NS, NULL,
                 DURATION_EXPECTED},
    [O_JITTER] = {"jitter", DURATION, offsetof(struct wish, jitter), 0, ITEM_DELAY_MAX_NS, NULL,
                  DURATION_EXPECTED},
    [O_DIST] = {"dist", WORD, offsetof(struct wish, dist), 0, 0, dists,
                "fixed, uniform, lognormal or pareto"},
    [O_STATUS] = {"status", COUNT, offsetof(struct wish, status), 200, 599, NULL,
                  "a status from 200 to 599"},
    [O_FAULT] = {"fault", WORD, offsetof(struct wish, fault), 0, 0, faults,
                 "reset, truncate, stall, drip or garbage"},
    [O_SLOW] = {"slow", DURATION, offsetof(struct wish, slow), 0, ITEM_DELAY_MAX_NS, NULL,
                DURATION_EXPECTED},
    [O_BIG] = {"big", SIZE, offsetof(struct wish, big), 0, ITEM_SIZE_MAX, NULL,
               "a size up to 64GiB, as 64MiB"},
    [O_EVERY] = {"every", COUNT, offsetof(struct wish, every), 1, UINT64_MAX, NULL,
                 "a count from 1"},
    [O_PACE] = {"pace", DURATION, offsetof(struct wish, pace), 1000, ITEM_DELAY_MAX_NS, NULL,
                DURATION_EXPECTED},
    [O_CHUNKED] = {"chunked", WORD, offsetof(struct wish, chunked), 0, 0, yes_no, "yes or no"},
    [O_CLOSE] = {"close", WORD, offsetof(struct wish, close), 0, 0, yes_no, "yes or no"},
};

static const struct wish nothing_asked = {
    .size = 1024, .pace = 10000000, .every = 1, .status = 200};

/* Reading the query ------------------------------------------------------------ */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Takes percent-encoding away into a text of `room` bytes. */
static int decode(struct slice in, char *out, size_t room)
{
    size_t length = 0;
    for (size_t i = 0; i < in.length; i++) {
        char byte = in.start[i];
        if (byte == '%') {
            int high = i + 2 < in.length ? hex_digit(in.start[i + 1]) : -1;
            int low = i + 2 < in.length ? hex_digit(in.start[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -EINVAL;
            byte = (char)(high << 4 | low);
            i += 2;
        }
        if (!byte || length + 1 >= room)
            return -EINVAL;
        out[length++] = byte;
    }
    out[length] = 0;
    return 0;
}

/* Says what is wrong with bytes that came from outside: shown up to 40, control characters as ?. */
static int refuse(char reason[static ITEM_REASON], const char *name, struct slice shown,
                  const char *problem)
{
    char text[41];
    size_t length = shown.length < sizeof text - 1 ? shown.length : sizeof text - 1;
    for (size_t i = 0; i < length; i++)
        text[i] = shown.start[i] > ' ' && shown.start[i] < 0x7f ? shown.start[i] : '?';
    text[length] = 0;
    snprintf(reason, ITEM_REASON, "%s%s\"%s\"%s %s", name, *name ? ": " : "", text,
             shown.length > length ? "..." : "", problem);
    return -EINVAL;
}

static int read_word(const char *text, const char *const *words, unsigned *word)
{
    for (unsigned i = 0; words[i]; i++)
        if (*words[i] && !strcmp(words[i], text)) {
            *word = i;
            return 0;
        }
    return -EINVAL;
}

static int read_value(const struct option *option, const char *text, struct wish *wish)
{
    void *member = (char *)wish + option->member;
    uint64_t value = 0;
    int error;
    switch (option->reading) {
    case SIZE:
        error = parse_size(text, &value);
        break;
    case DURATION:
        error = parse_duration(text, &value);
        break;
    case COUNT:
        error = parse_count(text, &value);
        break;
    default:
        return read_word(text, option->words, member);
    }
    if (error)
        return error;
    if (value < option->least || value > option->most)
        return -ERANGE;
    *(uint64_t *)member = value;
    return 0;
}

/* NAME=VALUE */
static int read_option(struct slice text, struct wish *wish, char reason[static ITEM_REASON])
{
    char name[NAME_SIZE], value[VALUE_SIZE];
    const char *equals = text.length ? memchr(text.start, '=', text.length) : NULL;
    struct slice left = {text.start, equals ? (size_t)(equals - text.start) : text.length};
    if (!left.length)
        return refuse(reason, "", text, "is not an option: OPTION=VALUE is");
    unsigned i = 0;
    if (decode(left, name, sizeof name))
        i = OPTIONS;
    while (i < OPTIONS && strcmp(options[i].name, name) != 0)
        i++;
    if (i == OPTIONS)
        return refuse(reason, "", left, "is not an option here");
    if (!equals)
        return refuse(reason, name, left, "has no value");
    struct slice right = {equals + 1, text.length - left.length - 1};
    if (wish->given & 1u << i)
        return refuse(reason, name, right, "is a second value");
    wish->given |= 1u << i;
    if (decode(right, value, sizeof value) || read_value(&options[i], value, wish)) {
        char problem[64];
        snprintf(problem, sizeof problem, "is not %s", options[i].expected);
        return refuse(reason, name, right, problem);
    }
    return 0;
}

static int read_query(struct slice query, struct wish *wish, char reason[static ITEM_REASON])
{
    while (query.length) {
        const char *end = memchr(query.start, '&', query.length);
        size_t length = end ? (size_t)(end - query.start) : query.length;
        int error = read_option((struct slice){query.start, length}, wish, reason);
        if (!error && end && length + 1 == query.length)
            error = refuse(reason, "", query, "ends in an empty option");
        if (error)
            return error;
        size_t used = end ? length + 1 : length;
        query = (struct slice){query.start + used, query.length - used};
    }
    return 0;
}

/* The delay ------------------------------------------------------------------------ */

/* splitmix64 (Steele, Lea, Flood 2014), its state seeded with the item's number. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform in (0, 1]: its logarithm is finite. */
static double next_uniform(uint64_t *state)
{
    return (double)((next_random(state) >> 11) + 1) * 0x1p-53;
}

/* Mean `delay` and standard deviation `jitter`, by Box and Muller's transform. */
static double lognormal(double delay, double jitter, uint64_t *state)
{
    double variance = log1p(jitter / delay * (jitter / delay));
    double radius = sqrt(-2 * log(next_uniform(state)));
    double normal = radius * cos(2 * M_PI * next_uniform(state));
    return exp(log(delay) - variance / 2 + sqrt(variance) * normal);
}

/* Mean `delay` and standard deviation `jitter`: with shape a, (jitter / delay)^2 is
 * 1 / (a (a - 2)) and the least value delay (a - 1) / a. */
static double pareto(double delay, double jitter, uint64_t *state)
{
    double shape = 1 + sqrt(1 + delay / jitter * (delay / jitter));
    return delay * (shape - 1) / shape * pow(next_uniform(state), -1 / shape);
}

static uint64_t draw_delay(const struct wish *wish, uint64_t number)
{
    double delay = (double)wish->delay, jitter = (double)wish->jitter, drawn;
    switch (wish->dist) {
    case UNIFORM:
        drawn = delay - jitter + 2 * jitter * next_uniform(&number);
        break;
    case LOGNORMAL:
        drawn = lognormal(delay, jitter, &number);
        break;
    case PARETO:
        drawn = pareto(delay, jitter, &number);
        break;
    default:
        return wish->delay;
    }
    return drawn < (double)ITEM_DELAY_MAX_NS ? (uint64_t)drawn : ITEM_DELAY_MAX_NS;
}

static int settle_delay(struct wish *wish, char reason[static ITEM_REASON])
{
    const char *problem = NULL;
    if (wish->dist == UNSAID)
        wish->dist = wish->jitter ? UNIFORM : FIXED;
    if (wish->dist == FIXED && wish->jitter)
        problem = "jitter: dist=fixed has none";
    else if (wish->dist != FIXED && !wish->jitter)
        problem = "dist: needs a jitter above 0";
    else if (wish->dist == UNIFORM && wish->jitter > wish->delay)
        problem = "jitter: more than the delay, which dist=uniform spreads both ways";
    else if (wish->dist != FIXED && !wish->delay)
        problem = "dist: needs a delay above 0";
    if (problem)
        snprintf(reason, ITEM_REASON, "%s", problem);
    return problem ? -EINVAL : 0;
}

/* The item --------------------------------------------------------------------------- */

static bool status_has_body(uint64_t status)
{
    return status != 204 && status != 205 && status != 304;
}

/* How many bytes a drip sends: of a chunked body its coding too, which is at most 8 bytes a chunk
 * of 4 KiB, and 5 behind the last. */
static uint64_t dripped(const struct wish *wish, uint64_t size)
{
    return wish->chunked ? size + (size / 4096 + 1) * 8 + 5 : size;
}

static int settle_fault(const struct wish *wish, char reason[static ITEM_REASON])
{
    unsigned given = wish->given;
    const char *problem = NULL;
    bool needs_body =
        wish->fault == FAULT_TRUNCATE || wish->fault == FAULT_STALL || wish->fault == FAULT_DRIP;
    uint64_t size = given & 1u << O_BIG ? wish->big : wish->size;
    if (needs_body && (!size || !status_has_body(wish->status)))
        problem = "fault: truncate, stall and drip need a body";
    else if (given & 1u << O_EVERY &&
             !(given & (1u << O_FAULT | 1u << O_STATUS | 1u << O_SLOW | 1u << O_BIG)))
        problem = "every: needs a fault, a status, slow or big to apply";
    else if (given & 1u << O_PACE && wish->fault != FAULT_DRIP)
        problem = "pace: only fault=drip has one";
    else if (wish->fault == FAULT_DRIP && dripped(wish, size) > ITEM_DELAY_MAX_NS / wish->pace)
        problem = "fault: drip would take longer than an hour; a smaller size or pace does not";
    if (problem)
        snprintf(reason, ITEM_REASON, "%s", problem);
    return problem ? -EINVAL : 0;
}

int item_read(struct slice number, struct slice query, struct item *item,
              char reason[static ITEM_REASON])
{
    char digits[NUMBER_DIGITS + 1];
    struct wish wish = nothing_asked;
    uint64_t k = 0;
    if (decode(number, digits, sizeof digits) || parse_count(digits, &k))
        return refuse(reason, "item", number, "is not a number up to 2^64 - 1");
    int error = read_query(query, &wish, reason);
    if (!error)
        error = settle_delay(&wish, reason);
    if (!error)
        error = settle_fault(&wish, reason);
    if (error)
        return error;
    bool hit = k % wish.every == 0;
    uint64_t status = hit ? wish.status : 200;
    uint64_t size = hit && wish.given & 1u << O_BIG ? wish.big : wish.size;
    bool slow = hit && wish.given & 1u << O_SLOW;
    *item = (struct item){
        .number = k,
        .size = status_has_body(status) ? size : 0,
        .delay_ns = slow ? wish.slow : draw_delay(&wish, k),
        .pace_ns = wish.pace,
        .status = (uint16_t)status,
        .fault = hit ? wish.fault : FAULT_NONE,
        .chunked = wish.chunked,
        .close = wish.close,
    };
    return 0;
}

/* The body ----------------------------------------------------------------------------- */

static void write_digits(char *end, unsigned digits, uint64_t value)
{
    for (; digits; digits--, value /= 10)
        *--end = (char)('0' + value % 10);
}

static void next_number(char *end)
{
    while (*--end == '9')
        *end = '0';
    ++*end;
}

void item_body(uint64_t number, uint64_t offset, char *buffer, size_t length)
{
    char line[ITEM_LINE];
    char *line_end = line + ITEM_LINE - 1;
    write_digits(line + NUMBER_DIGITS, NUMBER_DIGITS, number);
    line[NUMBER_DIGITS] = ' ';
    write_digits(line_end, LINE_DIGITS, offset / ITEM_LINE);
    *line_end = '\n';
    size_t skip = offset % ITEM_LINE;
    while (length) {
        size_t part = ITEM_LINE - skip < length ? ITEM_LINE - skip : length;
        if (part == ITEM_LINE)
            memcpy(buffer, line, ITEM_LINE); /* a known length: two moves, no call */
        else
            memcpy(buffer, line + skip, part);
        buffer += part;
        length -= part;
        skip = 0;
        next_number(line_end);
    }
}
