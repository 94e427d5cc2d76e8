/*
 * lesson_json.c: writes waitbench-lesson/1, and reads its figures back.
 *
 * Written by hand, so that a lesson needs no library. Strings are UTF-8 and
 * are escaped as RFC 8259, section 7 asks; a number is written with the digits
 * that give the same double back; what is not known is null.
 */
#include "lessons/lesson.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#ifdef __clang__
#define COMPILER __VERSION__ /* begins with its name */
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Writing. ---------------------------------------------------------------- */

static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void write_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.17g", value);
    else
        fputs("null", out);
}

static void write_member(FILE *out, const char *key, const char *text)
{
    fprintf(out, "  \"%s\": ", key);
    write_string(out, text);
    fputs(",\n", out);
}

static void write_figure(FILE *out, const struct lesson_figure *f)
{
    fputs("    {\"name\": ", out);
    write_string(out, f->name);
    fputs(", \"value\": ", out);
    write_number(out, f->value);
    fputs(", \"unit\": ", out);
    write_string(out, f->unit);
    fputs(", \"low\": ", out);
    write_number(out, f->low);
    fputs(", \"high\": ", out);
    write_number(out, f->high);
    fprintf(out, ", \"rounds\": %u, \"coverage\": ", f->rounds);
    write_number(out, f->rounds ? f->coverage : NAN);
    fputc('}', out);
}

/* The processor's name as /proc/cpuinfo gives it, or an empty text. */
static void processor_name(char *name, size_t room)
{
    char line[256];
    name[0] = '\0';
    FILE *in = fopen("/proc/cpuinfo", "re");
    if (!in)
        return;
    while (name[0] == '\0' && fgets(line, sizeof line, in)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(name, room, "%s", colon + 1 + strspn(colon + 1, " "));
    }
    fclose(in);
}

static void write_environment(FILE *out)
{
    struct utsname system = {0};
    char cpu[128];
    uname(&system);
    processor_name(cpu, sizeof cpu);
    fputs("  \"environment\": {\"kernel\": ", out);
    write_string(out, system.release);
    fputs(", \"machine\": ", out);
    write_string(out, system.machine);
    fputs(", \"cpu\": ", out);
    write_string(out, cpu);
    fprintf(out, ", \"processors\": %d, \"compiler\": ", lesson_processors());
    write_string(out, COMPILER);
    fputs("}\n", out);
}

void lesson_write_json(FILE *out, const struct lesson *of,
                       const struct lesson_run *run, const char *answer,
                       const char *started_at)
{
    const struct lesson_figures *figures = &run->figures;
    struct lesson_judgement judgement = lesson_judge(of, figures);
    fputs("{\n", out);
    write_member(out, "schema", "waitbench-lesson/1");
    write_member(out, "name", of->name);
    write_member(out, "claim", of->claim);
    write_member(out, "about", of->about);
    write_member(out, "source", of->source);
    write_member(out, "answer", answer);
    fputs("  \"figures\": [\n", out);
    for (size_t i = 0; i < figures->count; i++) {
        write_figure(out, &figures->figure[i]);
        fputs(i + 1 < figures->count ? ",\n" : "\n", out);
    }
    fputs("  ],\n", out);
    write_member(out, "rule", of->rule);
    fputs("  \"judged\": [", out);
    for (size_t i = 0; of->judged[i]; i++) {
        fputs(i ? ", " : "", out);
        write_string(out, of->judged[i]);
    }
    if (of->needs_two_processors) {
        fputs(of->judged[0] ? ", " : "", out);
        write_string(out, LESSON_TWO_PROCESSORS);
    }
    fputs("],\n", out);
    write_member(out, "verdict", lesson_verdicts[judgement.verdict]);
    write_member(out, "reason", judgement.reason);
    if (started_at) {
        fprintf(out, "  \"quick\": %s,\n", run->quick ? "true" : "false");
        write_member(out, "started_at", started_at);
        write_environment(out);
    } else {
        fputs("  \"quick\": null,\n  \"started_at\": null,\n"
              "  \"environment\": null\n",
              out);
    }
    fputs("}\n", out);
}

/* Reading. ---------------------------------------------------------------- */

enum { FILE_MOST = 1 << 20 }; /* a lesson's file is some kilobytes */

/* The next byte that is no white space; *at then stands on it. */
static char next(const char **at)
{
    while (isspace((unsigned char)**at))
        (*at)++;
    return **at;
}

/* Reads a string; of the escapes only \" and \\ occur in names and units. */
static bool read_string(const char **at, char *text, size_t room)
{
    if (next(at) != '"')
        return false;
    size_t n = 0;
    for ((*at)++; **at != '"'; (*at)++) {
        if (**at == '\\' && *++*at != '"' && **at != '\\')
            return false;
        if (**at == '\0' || n + 1 >= room)
            return false;
        text[n++] = **at;
    }
    text[n] = '\0';
    (*at)++;
    return true;
}

/* A number of JSON's, or null: strtod() takes 0x1p3, inf and nan, too. */
static bool read_number(const char **at, double *value)
{
    next(at);
    if (strncmp(*at, "null", 4) == 0) {
        *value = NAN;
        *at += 4;
        return true;
    }
    const char *digits = *at + (**at == '-');
    if (!isdigit((unsigned char)*digits) || digits[1] == 'x' ||
        digits[1] == 'X')
        return false;
    char *end;
    *value = strtod(*at, &end);
    *at = end;
    return isfinite(*value);
}

/* One flat object of strings and numbers: { "name": …, "value": …, … } */
static bool read_figure(const char **at, struct lesson_figure *f)
{
    *f = (struct lesson_figure){.value = NAN, .low = NAN, .high = NAN};
    char key[32];
    double rounds;
    if (next(at) != '{')
        return false;
    do {
        (*at)++;
        if (!read_string(at, key, sizeof key) || next(at) != ':')
            return false;
        (*at)++;
        bool good = false;
        if (strcmp(key, "name") == 0)
            good = read_string(at, f->name, sizeof f->name);
        else if (strcmp(key, "unit") == 0)
            good = read_string(at, f->unit, sizeof f->unit);
        else if (strcmp(key, "value") == 0)
            good = read_number(at, &f->value);
        else if (strcmp(key, "low") == 0)
            good = read_number(at, &f->low);
        else if (strcmp(key, "high") == 0)
            good = read_number(at, &f->high);
        else if (strcmp(key, "coverage") == 0)
            good = read_number(at, &f->coverage);
        else if (strcmp(key, "rounds") == 0) {
            good = read_number(at, &rounds) && rounds >= 0 && rounds < 1e9;
            f->rounds = good ? (unsigned)rounds : 0;
        }
        if (!good)
            return false;
    } while (next(at) == ',');
    return *(*at)++ == '}';
}

/* What is not known (NAN) may be anywhere; an interval that is upside down
 * holds nothing. */
static bool is_possible(const struct lesson_figure *f)
{
    char what[128];
    bool outside = f->value < f->low || f->value > f->high || f->low > f->high;
    snprintf(what, sizeof what, "\"%s\" lies outside its own interval",
             f->name);
    if (outside)
        lesson_cannot(-EBADMSG, what);
    return !outside;
}

int lesson_read_figures(FILE *in, struct lesson_figures *figures)
{
    char *text = malloc(FILE_MOST);
    if (!text)
        return -ENOMEM;
    size_t length = fread(text, 1, FILE_MOST - 1, in);
    text[length] = '\0';
    int failed = ferror(in) ? -EIO : -EBADMSG;
    const char *at = strstr(text, "\"figures\"");
    if (!at || ferror(in) || length == FILE_MOST - 1)
        goto done;
    at += strlen("\"figures\"");
    if (next(&at) != ':' || (at++, next(&at)) != '[')
        goto done;
    at++;
    figures->count = 0;
    bool empty = next(&at) == ']';
    while (!empty && figures->count < LESSON_FIGURES) {
        struct lesson_figure *f = &figures->figure[figures->count];
        if (!read_figure(&at, f) || !is_possible(f))
            goto done;
        figures->count++;
        if (next(&at) != ',')
            break;
        at++;
    }
    if (*at == ']')
        failed = 0;
done:
    free(text);
    return failed;
}
