/* The origin's request head reader: what it takes, what it refuses and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "origin/request.h"

/* Reads from memory of exactly that length, so that the sanitizer sees a byte too far. */
static int read_exactly(const char *bytes, size_t length, struct request *request,
                        const char **reason)
{
    static char *copy;
    free(copy);
    copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    return request_read(copy, length, request, reason);
}

static int read_text(const char *text, struct request *request)
{
    const char *reason = NULL;
    return read_exactly(text, strlen(text), request, &reason);
}

static void assert_slice(struct slice slice, const char *text)
{
    if (!slice_is(slice, text))
        fail_msg("\"%.*s\" is not \"%s\"", (int)slice.length, slice.start, text);
}

static void test_a_whole_head_is_read(void **state)
{
    (void)state;
    struct request request;
    const char *head = "GET /item/7?size=1KiB HTTP/1.1\r\n"
                       "Host: here\r\n"
                       "user-agent: \t a client \t\r\n"
                       "REFERER:x\r\n"
                       "Empty:\r\n"
                       "\r\n"
                       "GET /next";
    assert_int_equal(read_text(head, &request), 1);
    assert_slice(request.method, "GET");
    assert_slice(request.target, "/item/7?size=1KiB");
    assert_slice(request.user_agent, "a client");
    assert_slice(request.referer, "x");
    assert_int_equal(request.minor, 1);
    assert_true(request.keep_alive);
    assert_false(request.has_body);
    assert_int_equal(request.length, strlen(head) - strlen("GET /next"));
}

static void test_every_beginning_asks_for_more(void **state)
{
    (void)state;
    const char *head = "\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (size_t length = 0; length < strlen(head); length++) {
        struct request request;
        const char *reason = NULL;
        assert_int_equal(read_exactly(head, length, &request, &reason), 0);
    }
    struct request request;
    assert_int_equal(read_text(head, &request), 1);
    assert_false(request.keep_alive);
}

static void test_keep_alive_follows_version_and_connection(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: CLOSE\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade , close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: closer\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
        {"GET / HTTP/1.9\r\nHost: x\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request;
        assert_int_equal(read_text(cases[i].head, &request), 1);
        if (request.keep_alive != cases[i].keep_alive)
            fail_msg("%s", cases[i].head);
    }
}

static void test_a_body_is_noticed(void **state)
{
    (void)state;
    struct request request;
    assert_int_equal(read_text("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", &request),
                     1);
    assert_false(request.has_body);
    assert_int_equal(
        read_text("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", &request), 1);
    assert_true(request.has_body);
    assert_int_equal(
        read_text("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", &request), 1);
    assert_true(request.has_body);
}

static void test_what_is_malformed_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *head, *reason;
    } cases[] = {
        {400, "GET / HTTP/1.1\n", "CRLF"},
        {400, "\n", "CRLF"},
        {400, " GET / HTTP/1.1\r\n", "method"},
        {400, "GET\r\n", "method"},
        {400, "G(T / HTTP/1.1\r\n", "method"},
        {400, "GET /\r\n", "target"},
        {400, "GET  / HTTP/1.1\r\n", "target"},
        {400, "GET /\t HTTP/1.1\r\n", "target"},
        {400, "GET /\xc3\xa4 HTTP/1.1\r\n", "target"},
        {400, "GET / \r\n", "version"},
        {400, "GET / HTTP/1.1 \r\n", "version"},
        {400, "GET / http/1.1\r\n", "version"},
        {400, "GET / HTTP/11\r\n", "version"},
        {400, "GET / x HTTP/1.1\r\n", "version"},
        {505, "GET / HTTP/2.0\r\n", "1.1"},
        {400, "GET / HTTP/1.1\r\n\r\n", "Host"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "twice"},
        {400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "twice"},
        {400, "GET / HTTP/1.1\r\nHost : a\r\n", "name"},
        {400, "GET / HTTP/1.1\r\n: a\r\n", "name"},
        {400, "GET / HTTP/1.1\r\nHost\r\n", "name"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "folded"},
        {400, "GET / HTTP/1.1\r\nHost: a\rb\r\n", "control"},
        {400, "GET / HTTP/1.1\r\nHost: a\x7f\r\n", "control"},
        {400, "GET / HTTP/1.1\r\nContent-Length: 1x\r\n", "number"},
        {400, "GET / HTTP/1.1\r\nContent-Length:\r\n", "number"},
        {400, "GET / HTTP/1.1\r\nContent-Length: -1\r\n", "number"},
        {400, "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", "twice"},
        {400,
         "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "exclude"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request;
        const char *reason = "";
        int status = read_exactly(cases[i].head, strlen(cases[i].head), &request, &reason);
        if (status != cases[i].status || !strstr(reason, cases[i].reason))
            fail_msg("%s: %d, \"%s\"", cases[i].head, status, reason);
    }
}

static void test_a_nul_byte_is_refused(void **state)
{
    (void)state;
    struct request request;
    const char *reason = "";
    static const char in_target[] = "GET /\0 HTTP/1.1\r\n",
                      in_field[] = "GET / HTTP/1.1\r\na: \0\r\n";
    assert_int_equal(read_exactly(in_target, sizeof in_target - 1, &request, &reason), 400);
    assert_int_equal(read_exactly(in_field, sizeof in_field - 1, &request, &reason), 400);
}

/* A head of exactly that length; "GET / HTTP/1.1\r\nHost: x\r\na: " "\r\n\r\n" are 32 of it. */
static char *head_of(size_t length)
{
    char *head = malloc(length + 1);
    assert_non_null(head);
    assert_int_equal(snprintf(head, length + 1, "GET / HTTP/1.1\r\nHost: x\r\na: %*s\r\n\r\n",
                              (int)length - 32, "y"),
                     (int)length);
    return head;
}

static void test_the_head_is_bounded(void **state)
{
    (void)state;
    struct request request;
    char *longest = head_of(REQUEST_HEAD_MAX);
    assert_int_equal(read_text(longest, &request), 1);
    assert_int_equal(request.length, REQUEST_HEAD_MAX);
    free(longest);
    char *too_long = head_of(REQUEST_HEAD_MAX + 1);
    assert_int_equal(read_text(too_long, &request), 431);
    free(too_long);
    /* Nor does it wait for the end of a line that can no longer fit. */
    static char one_line[REQUEST_HEAD_MAX];
    const char *reason = NULL;
    memset(one_line, 'G', sizeof one_line);
    assert_int_equal(read_exactly(one_line, sizeof one_line, &request, &reason), 431);
    assert_int_equal(read_exactly(one_line, sizeof one_line - 1, &request, &reason), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_head_is_read),
        cmocka_unit_test(test_every_beginning_asks_for_more),
        cmocka_unit_test(test_keep_alive_follows_version_and_connection),
        cmocka_unit_test(test_a_body_is_noticed),
        cmocka_unit_test(test_what_is_malformed_is_refused_with_its_reason),
        cmocka_unit_test(test_a_nul_byte_is_refused),
        cmocka_unit_test(test_the_head_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
