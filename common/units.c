#include "common/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t worth;
};

/* Largest first, for the formatters. */
static const struct unit durations[] = {
    {"h", 3600000000000}, {"min", 60000000000}, {"s", 1000000000},
    {"ms", 1000000},      {"us", 1000},         {"ns", 1},
};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

enum {
    DURATIONS = sizeof durations / sizeof durations[0],
    SIZES = sizeof sizes / sizeof sizes[0],
    SECONDS = 2,             /* where durations begin to be formatted: 90s stays 90s */
    MAX_FRACTION_DIGITS = 18 /* 10^18 fits in 64 bits */
};

/* Reads the digits at *text and moves it behind them. */
static int parse_digits(const char **text, uint64_t *value, unsigned *digits)
{
    uint64_t sum = 0;
    unsigned seen = 0;
    for (; **text >= '0' && **text <= '9'; ++*text, ++seen)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(**text - '0'), &sum))
            return -ERANGE;
    *value = sum;
    *digits = seen;
    return seen ? 0 : -EINVAL;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(units[i].name, name))
            return &units[i];
    return NULL;
}

/* whole + fraction / 10^digits, in units: bytes or nanoseconds, if that is whole. */
static int combine(uint64_t whole, uint64_t fraction, unsigned digits, uint64_t worth,
                   uint64_t *result)
{
    uint64_t scale = 1, sum;
    for (unsigned i = 0; i < digits; i++)
        scale *= 10;
    unsigned __int128 part = (unsigned __int128)fraction * worth;
    if (part % scale)
        return -EINVAL;
    if (__builtin_mul_overflow(whole, worth, &sum) ||
        __builtin_add_overflow(sum, (uint64_t)(part / scale), &sum))
        return -ERANGE;
    *result = sum;
    return 0;
}

/* `bare` is the unit of a number that names none, or NULL if only 0 may do so. */
static int parse_quantity(const char *text, const struct unit *units, size_t count,
                          const struct unit *bare, uint64_t *result)
{
    uint64_t whole, fraction = 0;
    unsigned digits = 0;
    int error = parse_digits(&text, &whole, &digits);
    if (error)
        return error;
    digits = 0;
    if (*text == '.') {
        text++;
        error = parse_digits(&text, &fraction, &digits);
        if (error)
            return error == -ERANGE ? -EINVAL : error;
        if (digits > MAX_FRACTION_DIGITS)
            return -EINVAL;
    }
    const struct unit *unit;
    if (*text)
        unit = find_unit(units, count, text);
    else
        unit = bare || whole || fraction ? bare : &units[count - 1];
    return unit ? combine(whole, fraction, digits, unit->worth, result) : -EINVAL;
}

int parse_duration(const char *text, uint64_t *ns)
{
    return parse_quantity(text, durations, DURATIONS, NULL, ns);
}

int parse_size(const char *text, uint64_t *bytes)
{
    return parse_quantity(text, sizes, SIZES, &sizes[SIZES - 1], bytes);
}

int parse_count(const char *text, uint64_t *count)
{
    uint64_t value;
    unsigned digits;
    int error = parse_digits(&text, &value, &digits);
    if (error)
        return error;
    if (*text)
        return -EINVAL;
    *count = value;
    return 0;
}

/* The longest text is 18446744073.709551615s: 22 bytes and the end. */
char *format_duration(char buffer[static 24], uint64_t ns)
{
    size_t i = SECONDS;
    while (i < DURATIONS - 1 && ns && ns < durations[i].worth)
        i++;
    uint64_t worth = durations[i].worth, fraction = ns % worth;
    int length = snprintf(buffer, 24, "%" PRIu64, ns / worth);
    if (fraction) {
        buffer[length++] = '.';
        for (; fraction; fraction %= worth) {
            worth /= 10;
            buffer[length++] = (char)('0' + fraction / worth);
        }
    }
    snprintf(buffer + length, 24 - (size_t)length, "%s", durations[i].name);
    return buffer;
}

/* The longest text is 18446744073709551615B: 21 bytes and the end. */
char *format_size(char buffer[static 24], uint64_t bytes)
{
    size_t i = 0;
    while (i < SIZES - 1 && (!bytes || bytes % sizes[i].worth))
        i++;
    snprintf(buffer, 24, "%" PRIu64 "%s", bytes / sizes[i].worth, sizes[i].name);
    return buffer;
}
