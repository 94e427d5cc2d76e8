/*
 * Durations, sizes and counts: what is taken has only digits, one point and a
 * unit, and what is written comes back the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text, const char *const *units)
{
    size_t digits = strspn(text, "0123456789");
    fuzz_check(digits > 0);
    text += digits;
    if (*text == '.') {
        digits = strspn(++text, "0123456789");
        fuzz_check(digits > 0);
        text += digits;
    }
    for (; *units != NULL; units++) {
        if (strcmp(text, *units) == 0)
            return;
    }
    abort();
}

static void check_result(int result, uint64_t value)
{
    fuzz_check(result == 0 || result == -EINVAL || result == -ERANGE);
    fuzz_taken += result == 0;
    if (result < 0)
        fuzz_check(value == 42); /* left alone */
}

static void check_duration(const char *text)
{
    static const char *const units[] = {"ns", "us", "ms", "s", "min", "h", "", NULL};
    uint64_t value = 42, again = 0;
    char written[24];
    int result = parse_duration(text, &value);
    check_result(result, value);
    if (result == 0)
        check_text(text, units);
    fuzz_check(parse_duration(format_duration(written, value), &again) == 0 && again == value);
}

static void check_size(const char *text)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "", NULL};
    uint64_t value = 42, again = 0;
    char written[24];
    int result = parse_size(text, &value);
    check_result(result, value);
    if (result == 0)
        check_text(text, units);
    fuzz_check(parse_size(format_size(written, value), &again) == 0 && again == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    uint64_t count = 42;
    int result = parse_count(text, &count);
    check_result(result, count);
    if (result == 0)
        fuzz_check(*text != '\0' && strspn(text, "0123456789") == strlen(text));
    check_duration(text);
    check_size(text);
    free(text);
    return 0;
}
