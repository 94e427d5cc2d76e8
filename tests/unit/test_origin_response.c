/* The origin's responses on the wire: however they are cut into pieces, the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "origin/item.h"
#include "origin/response.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static struct response_head plain_head(unsigned status)
{
    return (struct response_head){.status = status,
                                  .date = DATE,
                                  .type = "text/plain",
                                  .keep_alive = true};
}

static char *wire(struct response *response, size_t step)
{
    char *bytes = calloc(1, response->end + 1);
    assert_non_null(bytes);
    for (response->sent = 0; response->sent < response->end;) {
        size_t filled = response_fill(response, response->end, bytes + response->sent, step);
        assert_in_range(filled, 1, step);
        response->sent += filled;
    }
    assert_int_equal(response->sent, response->end);
    return bytes;
}

static void test_a_plain_response(void **state)
{
    (void)state;
    struct response response = {.text = "hello\n", .size = 6};
    struct response_head head = plain_head(200);
    response_begin(&response, &head);
    char *bytes = wire(&response, 4096);
    assert_string_equal(bytes, "HTTP/1.1 200 OK\r\nDate: " DATE "\r\nContent-Type: text/plain\r\n"
                               "Content-Length: 6\r\n\r\nhello\n");
    assert_int_equal(response_body_sent(&response), 6);
    free(bytes);
}

static void test_heads_say_what_they_have_to(void **state)
{
    (void)state;
    static const struct {
        struct response_head head;
        bool chunked;
        const char *has, *has_not;
        size_t body;
    } cases[] = {
        {{.status = 405, .allow = "GET, HEAD"}, false, "\r\nAllow: GET, HEAD\r\n", "keep", 5},
        {{.status = 200}, false, "\r\nConnection: close\r\n", "chunked", 5},
        {{.status = 200, .keep_alive = true}, false, "Content-Length: 5", "Connection", 5},
        {{.status = 200, .keep_alive = true, .http_1_0 = true},
         false,
         "\r\nConnection: keep-alive\r\n",
         "chunked",
         5},
        {{.status = 200, .http_1_0 = true}, true, "Connection: close", "Content-Length", 5},
        {{.status = 200, .head_only = true}, false, "Content-Length: 5", "hello", 0},
        {{.status = 200, .head_only = true}, true, "Transfer-Encoding: chunked", "hello", 0},
        {{.status = 204}, true, "204 No Content", "Content-", 0},
        {{.status = 304}, false, "304 Not Modified", "Content-", 0},
        {{.status = 599}, false, "HTTP/1.1 599 \r\n", "chunked", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct response response = {.text = "hello", .size = 5, .chunked = cases[i].chunked};
        struct response_head head = cases[i].head;
        head.date = DATE;
        head.type = "text/plain";
        response_begin(&response, &head);
        char *bytes = wire(&response, 4096);
        if (!strstr(bytes, cases[i].has) || strstr(bytes, cases[i].has_not) ||
            response_body_sent(&response) != cases[i].body)
            fail_msg("case %zu:\n%s", i, bytes);
        free(bytes);
    }
}

/* Takes the chunks apart as RFC 9112, 7.1 has them. Returns the body's length. */
static size_t decode_chunks(const char *at, const char *end, char *body)
{
    size_t total = 0;
    for (;;) {
        char *digits_end;
        unsigned long size = strtoul(at, &digits_end, 16);
        assert_memory_equal(digits_end, "\r\n", 2);
        at = digits_end + 2;
        memcpy(body + total, at, size);
        total += size;
        at += size;
        assert_memory_equal(at, "\r\n", 2);
        at += 2;
        if (!size)
            break;
    }
    assert_ptr_equal(at, end);
    return total;
}

static void test_chunks_hold_the_body(void **state)
{
    (void)state;
    /* The coding of 4092 to 4095 bytes with the end behind it is longer than that of 4096. */
    static const uint64_t sizes[] = {0,    1,    15,   16,   4091, 4092, 4093, 4094,
                                     4095, 4096, 4097, 8192, 8188, 8191, 20000};
    for (size_t n = 0; n < 2 * sizeof sizes / sizeof sizes[0]; n++) {
        size_t i = n / 2, step = n % 2 ? 1 : 65536;
        struct response response = {.number = 7, .size = sizes[i], .chunked = true};
        struct response_head head = plain_head(200);
        response_begin(&response, &head);
        char *bytes = wire(&response, step);
        assert_int_equal(response_body_sent(&response), sizes[i]);
        char *body = malloc(sizes[i] + 1), *want = malloc(sizes[i] + 1);
        assert_non_null(body);
        assert_non_null(want);
        item_body(7, 0, want, sizes[i]);
        assert_int_equal(decode_chunks(bytes + response.head_length, bytes + response.end, body),
                         sizes[i]);
        assert_memory_equal(body, want, sizes[i]);
        free(want);
        free(body);
        free(bytes);
    }
}

static void check_cuts(bool chunked)
{
    struct response response = {.number = 9, .size = 9000, .chunked = chunked};
    struct response_head head = plain_head(200);
    response_begin(&response, &head);
    char *whole = wire(&response, 65536);
    for (size_t step = 1; step < 5000; step = step * 3 / 2 + 1) {
        char *bytes = wire(&response, step);
        assert_memory_equal(bytes, whole, response.end);
        free(bytes);
    }
    free(whole);
}

static void test_every_cut_gives_the_same_bytes(void **state)
{
    (void)state;
    check_cuts(false);
    check_cuts(true);
}

static void test_nothing_is_written_beyond_until(void **state)
{
    (void)state;
    struct response response = {.number = 9, .size = 5000, .chunked = true};
    struct response_head head = plain_head(200);
    response_begin(&response, &head);
    char buffer[64];
    for (uint64_t until = 1; until <= response.end; until++) {
        response.sent = until - 1;
        assert_int_equal(response_fill(&response, until, buffer, sizeof buffer), 1);
    }
    response.sent = response.end;
    assert_int_equal(response_fill(&response, response.end, buffer, sizeof buffer), 0);
}

/* Counted byte by byte: head, prefixes and line ends are no body. */
static void test_the_body_sent_is_counted_without_its_coding(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {4092, 4093, 4094, 4095, 8191, 8300};
    struct response response;
    struct response_head head = plain_head(200);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        response = (struct response){.number = 9, .size = sizes[i], .chunked = true};
        response_begin(&response, &head);
        uint64_t before = 0;
        for (response.sent = 0; response.sent <= response.end; response.sent++) {
            uint64_t body = response_body_sent(&response);
            assert_in_range(body, before, before + 1);
            before = body;
        }
        assert_int_equal(before, sizes[i]);
    }
    response.sent = response.head_length + 6 + 4096;
    assert_int_equal(response_body_sent(&response), 4096);
    response.sent += 2 + 6;
    assert_int_equal(response_body_sent(&response), 4096);
    response.sent += 1;
    assert_int_equal(response_body_sent(&response), 4097);
}

static void test_the_longest_head_fits(void **state)
{
    (void)state;
    for (unsigned status = 200; status < 600; status++) {
        struct response response = {.size = UINT64_MAX / 2};
        struct response_head head = {.status = status,
                                     .date = DATE,
                                     .type = "application/json",
                                     .allow = "GET, HEAD",
                                     .http_1_0 = true,
                                     .keep_alive = true,
                                     .head_only = true};
        response_begin(&response, &head);
        assert_in_range(response.head_length, 1, RESPONSE_HEAD_MAX - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plain_response),
        cmocka_unit_test(test_heads_say_what_they_have_to),
        cmocka_unit_test(test_chunks_hold_the_body),
        cmocka_unit_test(test_every_cut_gives_the_same_bytes),
        cmocka_unit_test(test_nothing_is_written_beyond_until),
        cmocka_unit_test(test_the_body_sent_is_counted_without_its_coding),
        cmocka_unit_test(test_the_longest_head_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
