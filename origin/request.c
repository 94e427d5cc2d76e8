#include "origin/request.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { MORE = 0, WHOLE = 1 };

/* What is known while the fields go by. */
struct fields {
    unsigned hosts, lengths;
    bool close, keep_alive, encoded;
};

/* RFC 9110, 5.6.2: what a method or a field name is made of. */
static const bool token_byte[256] = {
    ['!'] = true,         ['#'] = true,         ['$'] = true,         ['%'] = true, ['&'] = true,
    ['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true, ['.'] = true,
    ['^'] = true,         ['_'] = true,         ['`'] = true,         ['|'] = true, ['~'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

bool slice_is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && !memcmp(slice.start, text, slice.length);
}

static bool is_name(struct slice slice, const char *name)
{
    return slice.length == strlen(name) && !strncasecmp(slice.start, name, slice.length);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct slice trim(struct slice slice)
{
    while (slice.length && is_blank(slice.start[0])) {
        slice.start++;
        slice.length--;
    }
    while (slice.length && is_blank(slice.start[slice.length - 1]))
        slice.length--;
    return slice;
}

/* Takes the line at *at out of bytes, without its end, and moves *at behind it. */
static int next_line(const char *bytes, size_t length, size_t *at, struct slice *line,
                     const char **reason)
{
    size_t limit = length < REQUEST_HEAD_MAX ? length : REQUEST_HEAD_MAX;
    const char *start = bytes + *at;
    const char *end = memchr(start, '\n', limit - *at);
    if (!end && limit == REQUEST_HEAD_MAX) {
        *reason = "the request head is longer than 8192 bytes";
        return 431;
    }
    if (!end)
        return MORE;
    if (end == start || end[-1] != '\r') {
        *reason = "a line of the request head does not end in CRLF";
        return 400;
    }
    *line = (struct slice){start, (size_t)(end - start) - 1};
    *at = (size_t)(end - bytes) + 1;
    return WHOLE;
}

static int read_version(struct slice version, struct request *request, const char **reason)
{
    const char *v = version.start;
    if (version.length != 8 || memcmp(v, "HTTP/", 5) != 0 || v[5] < '0' || v[5] > '9' ||
        v[6] != '.' || v[7] < '0' || v[7] > '9') {
        *reason = "the request line does not end in an HTTP version";
        return 400;
    }
    if (v[5] != '1') {
        *reason = "only HTTP/1.0 and HTTP/1.1 are spoken here";
        return 505;
    }
    request->minor = v[7] - '0';
    return WHOLE;
}

/* METHOD SP TARGET SP HTTP/1.x */
static int read_request_line(struct slice line, struct request *request, const char **reason)
{
    const char *end = line.start + line.length;
    const char *method_end = line.start;
    while (method_end < end && token_byte[(uint8_t)*method_end])
        method_end++;
    if (method_end == line.start || method_end == end || *method_end != ' ') {
        *reason = "the request line does not begin with a method";
        return 400;
    }
    const char *target = method_end + 1, *target_end = target;
    while (target_end<end && * target_end> ' ' && *target_end < 0x7f)
        target_end++;
    if (target_end == target || target_end == end || *target_end != ' ') {
        *reason = "the request line does not hold a target";
        return 400;
    }
    request->method = (struct slice){line.start, (size_t)(method_end - line.start)};
    request->target = (struct slice){target, (size_t)(target_end - target)};
    struct slice version = {target_end + 1, (size_t)(end - target_end) - 1};
    return read_version(version, request, reason);
}

/* Connection is a list of words (RFC 9110, 7.6.1); two of them matter here. */
static void read_connection(struct slice value, struct fields *fields)
{
    while (value.length) {
        const char *comma = memchr(value.start, ',', value.length);
        size_t length = comma ? (size_t)(comma - value.start) : value.length;
        struct slice word = trim((struct slice){value.start, length});
        if (is_name(word, "close"))
            fields->close = true;
        else if (is_name(word, "keep-alive"))
            fields->keep_alive = true;
        size_t used = comma ? length + 1 : length;
        value = (struct slice){value.start + used, value.length - used};
    }
}

static int read_content_length(struct slice value, struct request *request, struct fields *fields,
                               const char **reason)
{
    bool digits = value.length > 0;
    for (size_t i = 0; i < value.length; i++) {
        digits &= value.start[i] >= '0' && value.start[i] <= '9';
        request->has_body |= value.start[i] != '0';
    }
    if (!digits || fields->lengths++) {
        *reason = digits ? "Content-Length is there twice" : "Content-Length is not a number";
        return 400;
    }
    return WHOLE;
}

static int read_known_field(struct slice name, struct slice value, struct request *request,
                            struct fields *fields, const char **reason)
{
    /* By length first: most fields are none of ours. */
    switch (name.length) {
    case 4:
        if (is_name(name, "Host"))
            fields->hosts++;
        break;
    case 7:
        if (is_name(name, "Referer"))
            request->referer = value;
        break;
    case 10:
        if (is_name(name, "Connection"))
            read_connection(value, fields);
        else if (is_name(name, "User-Agent"))
            request->user_agent = value;
        break;
    case 14:
        if (is_name(name, "Content-Length"))
            return read_content_length(value, request, fields, reason);
        break;
    case 17:
        if (is_name(name, "Transfer-Encoding"))
            request->has_body = fields->encoded = true;
        break;
    default:
        break;
    }
    return WHOLE;
}

/* NAME: VALUE */
static int read_field(struct slice line, struct request *request, struct fields *fields,
                      const char **reason)
{
    size_t name = 0;
    while (name < line.length && token_byte[(uint8_t)line.start[name]])
        name++;
    if (!name || name == line.length || line.start[name] != ':') {
        *reason = is_blank(line.start[0]) ? "a header field is folded over two lines"
                                          : "a header field has no proper name";
        return 400;
    }
    for (size_t i = name + 1; i < line.length; i++) {
        uint8_t byte = (uint8_t)line.start[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
            *reason = "a header field holds a control character";
            return 400;
        }
    }
    struct slice value = {line.start + name + 1, line.length - name - 1};
    return read_known_field((struct slice){line.start, name}, trim(value), request, fields, reason);
}

/* What only the whole head can tell. */
static int conclude(struct request *request, const struct fields *fields, const char **reason)
{
    /* RFC 9112, 3.2 */
    if (fields->hosts > 1 || (request->minor >= 1 && !fields->hosts)) {
        *reason = fields->hosts ? "Host is there twice" : "an HTTP/1.1 request needs a Host field";
        return 400;
    }
    /* RFC 9112, 6.1: together they are how requests are smuggled. */
    if (fields->encoded && fields->lengths) {
        *reason = "Transfer-Encoding and Content-Length exclude each other";
        return 400;
    }
    request->keep_alive_said = fields->keep_alive;
    request->keep_alive = !fields->close && (request->minor >= 1 || fields->keep_alive);
    return WHOLE;
}

int request_read(const char *bytes, size_t length, struct request *request, const char **reason)
{
    *request = (struct request){0};
    struct fields fields = {0};
    struct slice line = {0};
    size_t at = 0;
    int result;
    do
        result = next_line(bytes, length, &at, &line, reason);
    while (result == WHOLE && !line.length);
    if (result == WHOLE)
        result = read_request_line(line, request, reason);
    while (result == WHOLE) {
        result = next_line(bytes, length, &at, &line, reason);
        if (result != WHOLE)
            break;
        if (!line.length) {
            request->length = at;
            return conclude(request, &fields, reason);
        }
        result = read_field(line, request, &fields, reason);
    }
    return result;
}
