#include "origin/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char plain[] = "text/plain";

/* The text, if any, is the route's from here on. */
static void set_text(struct route *route, unsigned status, const char *type,
                     char *text /* NOLINT(readability-non-const-parameter): it is freed later */,
                     size_t length)
{
    *route = (struct route){
        .text = text,
        .size = text ? length : 0, /* without memory the status has to do */
        .type = type,
        .status = (uint16_t)status,
        .counts = true,
    };
}

void route_refuse(struct route *route, unsigned status, const char *reason)
{
    char *text = NULL;
    int length = asprintf(&text, "%s\n", reason);
    set_text(route, status, plain, length < 0 ? NULL : text, length < 0 ? 0 : (size_t)length);
}

static void refuse_method(struct route *route, const char *allow)
{
    char reason[64];
    snprintf(reason, sizeof reason, "only %s can be asked for here", allow);
    route_refuse(route, 405, reason);
    route->allow = allow;
}

static void give_item(struct route *route, struct slice number, struct slice query)
{
    struct item item;
    char reason[ITEM_REASON];
    if (item_read(number, query, &item, reason)) {
        route_refuse(route, 400, reason);
        return;
    }
    *route = (struct route){
        .number = item.number,
        .size = item.size,
        .delay_ns = item.delay_ns,
        .pace_ns = item.pace_ns,
        .type = plain,
        .status = item.status,
        .fault = item.fault,
        .chunked = item.chunked,
        .close = item.close,
        .counts = true,
    };
}

static void give_stats(struct route *route, struct stats *stats)
{
    size_t length = 0;
    char *text = stats_json(stats, &length);
    if (text)
        set_text(route, 200, "application/json", text, length);
    else
        route_refuse(route, 500, "there is no memory for the statistics");
}

static void find_stats(struct route *route, struct slice path, bool reading, bool posting,
                       struct stats *stats)
{
    if (slice_is(path, "/stats")) {
        if (reading)
            give_stats(route, stats);
        else
            refuse_method(route, "GET, HEAD");
    } else if (posting) {
        stats_reset(stats);
        set_text(route, 204, plain, NULL, 0);
    } else {
        refuse_method(route, "POST");
    }
    route->counts = false;
}

/* The absolute form names scheme and host first (RFC 9112, 3.2.2); any host is ours. */
static struct slice without_authority(struct slice target)
{
    static const char scheme[] = "http://";
    size_t skip = sizeof scheme - 1;
    if (target.length < skip || strncasecmp(target.start, scheme, skip) != 0)
        return target;
    /* A host may well be followed by its query. */
    while (skip < target.length && target.start[skip] != '/' && target.start[skip] != '?')
        skip++;
    return (struct slice){target.start + skip, target.length - skip};
}

void route_find(struct route *route, const struct request *request, struct stats *stats)
{
    static const char items[] = "/item/";
    const size_t prefix = sizeof items - 1;
    struct slice path = without_authority(request->target), query = {NULL, 0};
    const char *mark = memchr(path.start, '?', path.length);
    if (mark) {
        query = (struct slice){mark + 1, (size_t)(path.start + path.length - mark) - 1};
        path.length = (size_t)(mark - path.start);
    }
    bool reading = slice_is(request->method, "GET") || slice_is(request->method, "HEAD");
    bool posting = slice_is(request->method, "POST");
    bool item = path.length >= prefix && !memcmp(path.start, items, prefix);
    bool statistics = slice_is(path, "/stats") || slice_is(path, "/stats/reset");

    if (request->has_body)
        route_refuse(route, 413, "a request with a body is not taken");
    else if (statistics && mark)
        route_refuse(route, 400, "the statistics have no options");
    else if (statistics)
        find_stats(route, path, reading, posting, stats);
    else if (!reading)
        refuse_method(route, "GET, HEAD");
    else if (!item)
        route_refuse(route, 404, "there is /item/K, /stats and /stats/reset, and nothing else");
    else
        give_item(route, (struct slice){path.start + prefix, path.length - prefix}, query);
}
