/* The rules that hold between visits: equal work has equal digests, by one libcurl. */
#include <stdio.h>
#include <string.h>

#include "analysis/ledger.h"

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool same_work(const struct visit_seen *a, const struct visit_seen *b)
{
    return a->digest && b->digest && same(a->work, b->work);
}

/* Whether some lane met equal bodies in all of its rounds of this work. If not
 * one did, the server's bodies change from fetch to fetch. */
static bool bodies_are_constant(struct visit_seen **visits, size_t count,
                                const struct visit_seen *example)
{
    for (size_t i = 0; i < count; i++) {
        if (!same_work(visits[i], example))
            continue;
        bool constant = true;
        int rounds = 0;
        for (size_t k = 0; k < count && constant; k++) {
            if (!same_work(visits[k], example) || !same(visits[k]->cell, visits[i]->cell))
                continue;
            constant = same(visits[k]->digest, visits[i]->digest);
            rounds++;
        }
        if (constant && rounds > 1)
            return true;
    }
    return false;
}

/* The digest that most visits of the same work have; NULL where two tie for it. */
static const char *usual_digest(struct visit_seen **visits, size_t count,
                                const struct visit_seen *example)
{
    const char *usual = NULL;
    size_t most = 0;
    bool tie = false;
    for (size_t i = 0; i < count; i++) {
        if (!same_work(visits[i], example))
            continue;
        size_t alike = 0;
        for (size_t k = 0; k < count; k++)
            alike += same_work(visits[k], example) && same(visits[k]->digest, visits[i]->digest);
        if (alike == most && !same(usual, visits[i]->digest))
            tie = true;
        if (alike > most) {
            most = alike;
            usual = visits[i]->digest;
            tie = false;
        }
    }
    return tie ? NULL : usual;
}

static void agree_on_digest(struct visit_seen **visits, size_t count, size_t i, json_t *notes)
{
    const char *work = visits[i]->work;
    const char *usual = usual_digest(visits, count, visits[i]);
    bool own_urls = !visits[i]->origin_known;
    bool differ = false;
    for (size_t k = i; k < count; k++)
        differ = differ || (same_work(visits[k], visits[i]) && !same(visits[k]->digest, usual));
    if (!differ)
        return;
    if (own_urls && !bodies_are_constant(visits, count, visits[i])) {
        add_sentence(notes,
                     "The server's bodies change from fetch to fetch (%s): digests are not judged.",
                     work ? work : "");
        return;
    }
    for (size_t k = i; k < count; k++) {
        if (!same_work(visits[k], visits[i]) || same(visits[k]->digest, usual))
            continue;
        if (usual)
            visit_broken(visits[k], "its digest is %s, that of the same work elsewhere %s",
                         visits[k]->digest, usual);
        else
            visit_broken(visits[k], "its digest is %s, and equal work has others",
                         visits[k]->digest);
    }
}

/* Another build may well set libcurl otherwise: that can be what it is measured for. */
static bool same_build(const struct visit_seen *a, const struct visit_seen *b)
{
    return !json_string_at(a->plan, "against") == !json_string_at(b->plan, "against");
}

/* Where libcurl is to look names up itself it is told so, in cells of their own. */
static bool looks_up(const struct visit_seen *seen)
{
    const char *resolve = json_string_at(seen->plan, "resolve");
    return resolve && strcmp(resolve, "each") == 0;
}

static bool same_setting(const struct visit_seen *a, const struct visit_seen *b)
{
    return same(a->experiment, b->experiment) && looks_up(a) == looks_up(b);
}

/* libcurl was told the same and is the same throughout one setting and build. */
static void agree_on_libcurl(struct visit_seen **visits, size_t count, size_t i, json_t *notes)
{
    static const char *const paths[] = {"libcurl_options_digest", "environment.libcurl"};
    static const char *const names[] = {"its libcurl options' digest", "its libcurl"};
    for (int p = 0; p < 2; p++) {
        const char *first = json_string_at(visits[i]->run, paths[p]);
        bool builds_differ = false;
        for (size_t k = i + 1; k < count; k++) {
            const char *other = json_string_at(visits[k]->run, paths[p]);
            if (!visits[k]->run || !same_setting(visits[k], visits[i]))
                continue;
            if (!first || !other || same(first, other))
                continue;
            if (!same_build(visits[k], visits[i]))
                builds_differ = true;
            else
                visit_broken(visits[k], "%s is %s, elsewhere %s", names[p], other, first);
        }
        if (builds_differ)
            add_sentence(notes, "In %s one build's runs have another %s than the other's.",
                         visits[i]->experiment, names[p] + strlen("its "));
        if (!first)
            add_sentence(notes, "The runs of %s do not say %s: it is not judged.",
                         visits[i]->experiment, paths[p]);
    }
}

json_t *visits_agree(struct visit_seen **visits, size_t count)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < count; i++) {
        bool first_of_work = visits[i]->digest != NULL,
             first_of_experiment = visits[i]->run != NULL;
        for (size_t k = 0; k < i; k++) {
            first_of_work = first_of_work && !same_work(visits[k], visits[i]);
            if (visits[k]->run && same_build(visits[k], visits[i]) &&
                same_setting(visits[k], visits[i]))
                first_of_experiment = false;
        }
        if (first_of_work)
            agree_on_digest(visits, count, i, notes);
        if (first_of_experiment)
            agree_on_libcurl(visits, count, i, notes);
    }
    return notes;
}
