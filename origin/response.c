#include "origin/response.h"

#include <stdio.h>
#include <string.h>

#include "origin/item.h"

/* RFC 9110, 15; RFC 6585. Others may stand without a phrase. */
static const char *const phrases[600] = {
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [408] = "Request Timeout",
    [410] = "Gone",
    [413] = "Content Too Large",
    [418] = "I'm a teapot",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
};

const char *response_phrase(unsigned status)
{
    return status < 600 && phrases[status] ? phrases[status] : "";
}

/* The head is put together by hand: a formatted print took longer than all the
 * rest of a small response. The caller's room is RESPONSE_HEAD_MAX. */
static char *put(char *at, const char *text)
{
    return stpcpy(at, text);
}

static char *put_number(char *at, uint64_t value)
{
    char digits[20];
    char *first = digits + sizeof digits;
    do
        *--first = (char)('0' + value % 10);
    while (value /= 10);
    size_t length = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, length);
    return at + length;
}

/* How a chunk begins; its length goes into the first bytes: "1000\r\n". */
static size_t chunk_prefix(char prefix[static 8], uint64_t size)
{
    return (size_t)snprintf(prefix, 8, "%x\r\n", (unsigned)size);
}

enum { FULL_CHUNK = 6 + RESPONSE_CHUNK + 2, LAST_CHUNK = 5 };
_Static_assert(RESPONSE_CHUNK == 0x1000, "the prefix of a full chunk has four digits");

/* The body's length on the wire. */
static uint64_t coded_size(const struct response *response)
{
    if (!response->chunked)
        return response->size;
    char prefix[8];
    uint64_t rest = response->size % RESPONSE_CHUNK;
    return response->size / RESPONSE_CHUNK * FULL_CHUNK +
           (rest ? chunk_prefix(prefix, rest) + rest + 2 : 0) + LAST_CHUNK;
}

void response_begin(struct response *response, const struct response_head *head)
{
    bool bodiless = head->status == 204 || head->status == 304;
    if (bodiless)
        response->size = 0;
    bool until_close = response->chunked && head->http_1_0;
    if (bodiless || head->http_1_0)
        response->chunked = false;

    char *at = put_number(put(response->head, "HTTP/1.1 "), head->status);
    at = put(put(put(at, " "), response_phrase(head->status)), "\r\nDate: ");
    at = put(at, head->date);
    if (!bodiless)
        at = put(put(at, "\r\nContent-Type: "), head->type);
    if (response->chunked)
        at = put(at, "\r\nTransfer-Encoding: chunked");
    else if (!bodiless && !until_close)
        at = put_number(put(at, "\r\nContent-Length: "), response->size);
    if (head->allow)
        at = put(put(at, "\r\nAllow: "), head->allow);
    if (!head->keep_alive)
        at = put(at, "\r\nConnection: close");
    else if (head->http_1_0 || head->say_keep_alive)
        at = put(at, "\r\nConnection: keep-alive");
    at = put(at, "\r\n\r\n");
    response->head_length = (uint16_t)(at - response->head);
    response->sent = 0;
    response->end = response->head_length;
    if (!head->head_only && !bodiless)
        response->end += coded_size(response);
}

static void fill_body(const struct response *response, uint64_t offset, char *buffer, size_t length)
{
    if (response->text)
        memcpy(buffer, response->text + offset, length);
    else
        item_body(response->number, offset, buffer, length);
}

/* Copies what of a short text lies behind `skip`. Returns how much. */
static size_t fill_text(const char *text, size_t length, uint64_t skip, char *buffer, size_t room)
{
    if (skip >= length)
        return 0;
    size_t part = length - (size_t)skip < room ? length - (size_t)skip : room;
    memcpy(buffer, text + skip, part);
    return part;
}

/* The chunk that a byte of the coded body belongs to. What ends all belongs to the last chunk, and
 * with it may be longer than a full one. */
struct chunk {
    uint64_t start; /* of its data within the body */
    uint64_t size;  /* of its data */
    uint64_t at;    /* the byte's place in it, its prefix included */
};

static struct chunk chunk_at(const struct response *response, uint64_t offset)
{
    uint64_t full = response->size / RESPONSE_CHUNK, number = offset / FULL_CHUNK;
    if (number > full)
        number = full;
    uint64_t start = number * RESPONSE_CHUNK, left = response->size - start;
    return (struct chunk){start, left < RESPONSE_CHUNK ? left : RESPONSE_CHUNK,
                          offset - number * FULL_CHUNK};
}

/* Writes from `offset` of the chunked body to at most the end of one chunk. */
static size_t fill_chunk(const struct response *response, uint64_t offset, char *buffer,
                         size_t room)
{
    struct chunk chunk = chunk_at(response, offset);
    uint64_t size = chunk.size, at = chunk.at;
    char prefix[8];
    size_t prefix_length = size ? chunk_prefix(prefix, size) : 0;
    uint64_t data_end = prefix_length + size;
    if (at < prefix_length)
        return fill_text(prefix, prefix_length, at, buffer, room);
    if (at < data_end) {
        size_t part = data_end - at < room ? (size_t)(data_end - at) : room;
        fill_body(response, chunk.start + at - prefix_length, buffer, part);
        return part;
    }
    /* A last chunk that is not full has the end of all behind it. */
    if (!size)
        return fill_text("0\r\n\r\n", 5, at, buffer, room);
    if (size < RESPONSE_CHUNK)
        return fill_text("\r\n0\r\n\r\n", 7, at - data_end, buffer, room);
    return fill_text("\r\n", 2, at - data_end, buffer, room);
}

size_t response_fill(const struct response *response, uint64_t until, char *buffer, size_t room)
{
    uint64_t at = response->sent;
    if (until - at < room)
        room = (size_t)(until - at);
    size_t filled = fill_text(response->head, response->head_length, at, buffer, room);
    while (filled < room) {
        uint64_t offset = at + filled - response->head_length;
        if (!response->chunked) {
            fill_body(response, offset, buffer + filled, room - filled);
            return room;
        }
        filled += fill_chunk(response, offset, buffer + filled, room - filled);
    }
    return filled;
}

uint64_t response_body_sent(const struct response *response)
{
    if (response->sent <= response->head_length)
        return 0;
    uint64_t offset = response->sent - response->head_length;
    if (!response->chunked)
        return offset;
    struct chunk chunk = chunk_at(response, offset);
    char prefix[8];
    uint64_t prefix_length = chunk.size ? chunk_prefix(prefix, chunk.size) : 0;
    uint64_t data = chunk.at < prefix_length ? 0 : chunk.at - prefix_length;
    return chunk.start + (data < chunk.size ? data : chunk.size);
}
