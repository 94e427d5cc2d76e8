/* The list of URLs: what is read, what is refused and how, what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/workload.h"

/* ---- Help --------------------------------------------------------------- */

/* Each test's file, in a folder of the test's own. */
struct scratch {
    char folder[PATH_MAX - 16], file[PATH_MAX];
};

static int make_scratch(void **state)
{
    struct scratch *scratch = calloc(1, sizeof *scratch);
    const char *folder = getenv("TMPDIR");
    assert_non_null(scratch);
    snprintf(scratch->folder, sizeof scratch->folder, "%s/test_workload-XXXXXX",
             folder != NULL ? folder : "/tmp");
    assert_non_null(mkdtemp(scratch->folder));
    snprintf(scratch->file, sizeof scratch->file, "%s/list", scratch->folder);
    *state = scratch;
    return 0;
}

static int remove_scratch(void **state)
{
    struct scratch *scratch = *state;
    (void)unlink(scratch->file);
    assert_int_equal(rmdir(scratch->folder), 0);
    free(scratch);
    return 0;
}

static void write_list(const struct scratch *scratch, const char *bytes, size_t length)
{
    FILE *file = fopen(scratch->file, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void check_url(const struct workload *workload, uint64_t index, const char *want)
{
    char buffer[256];
    assert_true(workload_url_room(workload) <= sizeof buffer);
    assert_string_equal(workload_url(workload, index, buffer), want);
}

/* Reads a list and compares it with the URLs, NULL-ended. */
static void check_read(const struct scratch *scratch, const char *text, uint64_t most,
                       const char *const want[])
{
    struct workload workload = {0};
    struct workload_error error = {""};
    write_list(scratch, text, strlen(text));
    if (workload_read(&workload, scratch->file, most, &error) != 0)
        fail_msg("%s", error.message);
    uint64_t count = 0;
    while (want[count] != NULL)
        count++;
    assert_int_equal(workload.count, count);
    assert_int_equal(workload.whole, count);
    assert_int_equal(workload.first, 0);
    for (uint64_t i = 0; i < count; i++)
        check_url(&workload, i, want[i]);
    workload_free(&workload);
}

static bool is_printable(const char *message)
{
    for (const unsigned char *c = (const unsigned char *)message; *c != '\0'; c++) {
        if (*c < ' ' || *c == 127)
            return false;
    }
    return true;
}

/* The list is refused, and the message has these words and no control byte. */
static void check_refused(const struct scratch *scratch, const char *bytes, size_t length, int want,
                          const char *const words[])
{
    struct workload workload = {0};
    struct workload_error error = {""};
    write_list(scratch, bytes, length);
    assert_int_equal(workload_read(&workload, scratch->file, 0, &error), want);
    assert_null(workload.text);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strstr(error.message, words[i]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", error.message, words[i]);
    }
    assert_true(is_printable(error.message));
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- Lines -------------------------------------------------------------- */

static void test_every_way_to_end_a_line(void **state)
{
    check_read(*state, "http://a/1\nhttp://a/2\n", 0, WORDS("http://a/1", "http://a/2"));
    check_read(*state, "http://a/1\r\nhttp://a/2\r\n", 0, WORDS("http://a/1", "http://a/2"));
    check_read(*state, "http://a/1\nhttp://a/2", 0, WORDS("http://a/1", "http://a/2"));
    check_read(*state, "http://a/1\r\nhttp://a/2\r", 0, WORDS("http://a/1", "http://a/2"));
}

static void test_blank_lines_and_comments_are_passed_over(void **state)
{
    check_read(
        *state,
        "# a list\n\n   \n\t\r\n  # indented\n  http://a/1 \t\n#http://a/no\n\nhttp://a/#x\n", 0,
        WORDS("http://a/1", "http://a/#x"));
}

static void test_the_first_so_many(void **state)
{
    const char *text = "http://a/1\nhttp://a/2\nnot looked at\n";
    check_read(*state, text, 1, WORDS("http://a/1"));
    check_read(*state, text, 2, WORDS("http://a/1", "http://a/2"));
}

static void test_an_input_without_urls_is_refused(void **state)
{
    check_refused(*state, "", 0, -ENODATA, WORDS("/list: ", "holds no URL"));
    check_refused(*state, "\n\r\n# http://a/\n", 15, -ENODATA, WORDS("holds no URL"));
}

static void test_no_file_no_list(void **state)
{
    const struct scratch *scratch = *state;
    struct workload workload = {0};
    struct workload_error error = {""};
    assert_int_equal(workload_read(&workload, scratch->file, 0, &error), -ENOENT);
    assert_non_null(strstr(error.message, scratch->file));
    assert_non_null(strstr(error.message, strerror(ENOENT)));
    assert_int_equal(workload_read(&workload, scratch->folder, 0, &error), -EISDIR);
}

static void test_a_message_names_file_and_line(void **state)
{
    const char text[] = "http://a/1\n\n# c\r\nftp://a/\nhttp://a/2\n";
    check_refused(*state, text, strlen(text), -EINVAL, WORDS("/list:4: ", "ftp://a/", "http://"));
}

static void test_a_nul_byte_is_refused_by_its_line(void **state)
{
    check_refused(*state, "http://a/1\nhttp://a/\0b\n", 23, -EINVAL, WORDS("/list:2: ", "NUL"));
    check_refused(*state, "\0", 1, -EINVAL, WORDS("/list:1: ", "NUL"));
}

static void test_bytes_outside_ascii_are_refused(void **state)
{
    const char utf8[] = "http://a/\xc3\xa9\n", latin1[] = "http://a/1\nhttp://a/\xe9\n";
    check_refused(*state, utf8, strlen(utf8), -EINVAL, WORDS("/list:1: ", "outside ASCII"));
    check_refused(*state, latin1, strlen(latin1), -EINVAL, WORDS("/list:2: ", "outside ASCII"));
}

static void test_space_inside_is_refused(void **state)
{
    const char space[] = "http://a/b c\n", tab[] = "http://a/b\tc\n", cr[] = "http://a/\rb\n";
    check_refused(*state, space, strlen(space), -EINVAL, WORDS("/list:1: ", "space"));
    check_refused(*state, tab, strlen(tab), -EINVAL, WORDS("/list:1: ", "control"));
    check_refused(*state, cr, strlen(cr), -EINVAL, WORDS("/list:1: ", "control"));
}

static void test_control_bytes_never_reach_the_message(void **state)
{
    const char line[] = "http://a/\x1b[31m\x07\x7f\n";
    check_refused(*state, line, strlen(line), -EINVAL, WORDS("/list:1: ", "http://a/?[31m??"));
}

static void test_nor_those_of_arguments_patterns_and_file_names(void **state)
{
    char url[] = "http://a/\x1b[31m", *urls[] = {url};
    struct workload workload = {0};
    struct workload_error error = {""};
    (void)state;
    assert_int_equal(workload_list(&workload, urls, 1, 0, &error), -EINVAL);
    assert_non_null(strstr(error.message, "argument 1: "));
    assert_true(is_printable(error.message));
    assert_int_equal(workload_pattern(&workload, url, 1, &error), -EINVAL);
    assert_true(is_printable(error.message));
    assert_int_equal(workload_read(&workload, "/no/\x1b[31m", 0, &error), -ENOENT);
    assert_true(is_printable(error.message));
}

static void test_a_line_of_a_mebibyte(void **state)
{
    enum { MEBIBYTE = 1 << 20 };
    static char text[MEBIBYTE + 32];
    /* As a URL it is too long, and the message does not repeat it. */
    int begin = sprintf(text, "http://a/1\nhttp://a/");
    memset(text + begin, 'x', MEBIBYTE);
    check_refused(*state, text, (size_t)begin + MEBIBYTE, -EINVAL,
                  WORDS("/list:2: ", "longer than a URL", "…"));
    /* As a comment it is passed over. */
    memset(text, 'x', MEBIBYTE);
    text[0] = '#';
    snprintf(text + MEBIBYTE, 32, "\nhttp://a/1\n");
    check_read(*state, text, 0, WORDS("http://a/1"));
}

static void test_the_longest_url_is_taken_and_one_more_is_not(void **state)
{
    char *url = malloc(WORKLOAD_URL_MAX + 1);
    (void)state;
    assert_non_null(url);
    int begin = snprintf(url, WORKLOAD_URL_MAX, "http://a/");
    memset(url + begin, 'x', WORKLOAD_URL_MAX - (size_t)begin);
    assert_null(workload_check(url, WORKLOAD_URL_MAX - 1));
    assert_non_null(workload_check(url, WORKLOAD_URL_MAX));
    free(url);
}

static void test_standard_input(void **state)
{
    struct workload workload = {0};
    struct workload_error error = {""};
    int ends[2], before = dup(STDIN_FILENO);
    (void)state;
    assert_true(before >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "http://a/1\nhttp://a/2", 21), 21);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    int result = workload_read(&workload, "-", 0, &error);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(before);
    assert_int_equal(result, 0);
    assert_int_equal(workload.count, 2);
    check_url(&workload, 1, "http://a/2");
    workload_free(&workload);
}

/* ---- What a URL is ------------------------------------------------------ */

static void test_urls_that_are_taken(void **state)
{
    static const char *const good[] = {
        "http://a",
        "HTTP://A/",
        "https://a",
        "http://127.0.0.1:1/",
        "http://a:65535",
        "http://a:/",
        "http://[::1]/",
        "http://[::1]:8080/x",
        "http://user:pass%40word@a:80/",
        "http://user@[::1]:80?x",
        "http://a?x=/",
        "http://a#f",
        "http://a/../..//%00",
        "http://a_b.example./",
        "http://xn--bcher-kva.example/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *wrong = workload_check(good[i], strlen(good[i]));
        if (wrong != NULL)
            fail_msg("%s is refused: %s", good[i], wrong);
    }
}

static void test_urls_that_are_not(void **state)
{
    static const struct {
        const char *url, *why;
    } bad[] = {
        {"", "http://"},
        {"a.example", "http://"},
        {"http:/a", "http://"},
        {"//a/", "http://"},
        {"file:///etc/passwd", "http://"},
        {"httpx://a/", "http://"},
        {"http://", "no host"},
        {"http:///path", "no host"},
        {"http://?a", "no host"},
        {"http://#a", "no host"},
        {"http://:80/", "no host"},
        {"http://user@/", "no host"},
        {"http://user:pass@word@a:80/", "an @"}, /* libcurl would not take it */
        {"http://a:0/", "port"},
        {"http://a:65536/", "port"},
        {"http://a:4294967376/", "port"}, /* 80 in 32 bits */
        {"http://a:18446744073709551696/", "port"},
        {"http://a:-1/", "port"},
        {"http://a:8o/", "port"},
        {"http://a:80:80/", "port"},
        {"http://::1/", "port"},
        {"http://[::1/", "HOST:PORT"},
        {"http://[::1]80/", "HOST:PORT"},
        {"http://[::1]x:80/", "HOST:PORT"},
        {"http://[]/", "no host"},
        {"http://[127.0.0.1]/", "IPv6"},
        {"http://[::g]/", "IPv6"},
        {"http://a\\b/", "character"},
        {"http://a{}/", "character"},
        {"http://a|b/", "character"},
        {"http://<a>/", "character"},
        {"http://a%2fb/", "character"}, /* libcurl would decode it */
        {"http://a!b/", "character"},
        {"http://a,b/", "character"},
        {"http://(a)/", "character"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *wrong = workload_check(bad[i].url, strlen(bad[i].url));
        if (wrong == NULL || strstr(wrong, bad[i].why) == NULL)
            fail_msg("%s: %s", bad[i].url, wrong != NULL ? wrong : "is taken");
    }
}

static void test_a_host_name_of_254_bytes_is_too_long(void **state)
{
    char url[300] = "http://";
    (void)state;
    memset(url + 7, 'a', 253);
    assert_null(workload_check(url, strlen(url)));
    url[7 + 253] = 'a';
    assert_non_null(strstr(workload_check(url, strlen(url)), "253"));
}

static void test_where_host_and_port_stand(void **state)
{
    static const struct {
        const char *url, *name;
        uint16_t port;
        bool numeric;
    } cases[] = {
        {"http://a", "a", 80, false},
        {"HTTPS://a/", "a", 443, false},
        {"http://a:81/", "a", 81, false},
        {"https://a:?x", "a", 443, false},
        {"http://127.0.0.1:9/", "127.0.0.1", 9, true},
        {"http://127.0.0.256/", "127.0.0.256", 80, false},
        {"http://[::1]:8/", "::1", 8, true},
        {"http://me:pw@b:7/@c:9", "b", 7, false},
        {"http://me@you@b?q=@c", "b", 80, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct url_host host = workload_host(cases[i].url);
        if (host.length != strlen(cases[i].name) ||
            memcmp(host.name, cases[i].name, host.length) != 0 || host.port != cases[i].port ||
            host.numeric != cases[i].numeric)
            fail_msg("%s: %.*s, %u, %d", cases[i].url, (int)host.length, host.name, host.port,
                     host.numeric);
    }
}

/* ---- Arguments, patterns, slices ---------------------------------------- */

static void test_arguments_are_copied(void **state)
{
    char one[] = "http://a/1", two[] = "http://a/2", *urls[] = {one, two};
    struct workload workload = {0};
    struct workload_error error = {""};
    (void)state;
    assert_int_equal(workload_list(&workload, urls, 2, 0, &error), 0);
    one[9] = two[9] = 'x';
    check_url(&workload, 0, "http://a/1");
    check_url(&workload, 1, "http://a/2");
    workload_free(&workload);
    assert_int_equal(workload_list(&workload, urls, 2, 1, &error), 0);
    assert_int_equal(workload.count, 1);
    workload_free(&workload);
}

static void test_the_wrong_argument_is_named(void **state)
{
    char one[] = "http://a/1", two[] = "nonsense", *urls[] = {one, two};
    struct workload workload = {0};
    struct workload_error error = {""};
    (void)state;
    assert_int_equal(workload_list(&workload, urls, 2, 0, &error), -EINVAL);
    assert_non_null(strstr(error.message, "argument 2: "));
    assert_non_null(strstr(error.message, "nonsense"));
}

static void test_a_refused_url_keeps_its_password_to_itself(void **state)
{
    static const struct {
        const char *url, *said;
    } cases[] = {
        {"http://user:s3cret@host:x/", " http://***@host:x/: "},
        {"http://user:s3c@ret@host/", " http://***@host/: "},
        {"http://user:pa/s3cret@host/", " http://***@host/: "},
        {"http://user:pa?#s3cret@host/", " http://***@host/: "},
        {"user:s3cret@host/", " ***@host/: "},
        {"ftp://s3cret@host/", " ftp://***@host/: "},
        {"http://user:s3cret-that-is-longer-than-what-is-shown-of-it-in-a-message@h:x",
         "***@h:x: "},
        {"http://host:x/a", " http://host:x/a: "},
        {"http://host/ /@scope", " http://host/?/@scope: "},
        {"http://host/\xff?to=me@host", " http://host/??to=me@host: "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[128], *urls[] = {url};
        struct workload workload = {0};
        struct workload_error error = {""};
        snprintf(url, sizeof url, "%s", cases[i].url);
        assert_int_equal(workload_list(&workload, urls, 1, 0, &error), -EINVAL);
        if (strstr(error.message, cases[i].said) == NULL || strstr(error.message, "s3c") != NULL)
            fail_msg("%s: %s", url, error.message);
    }
}

static void test_what_is_shown_of_a_url_is_without_its_password(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"http://host/", "http://host/"},
        {"http://me:s3cret@host:7/a@b:c", "http://***@host:7/a@b:c"},
        {"https://t0ken@[::1]?q", "https://***@[::1]?q"},
        {"http://host:7/@scope", "http://host:7/@scope"},
        {"http://host?to=me@host", "http://host?to=me@host"},
        {"--url-pattern=http://me:{}@host/{}", "--url-pattern=http://***@host/{}"},
        {"--save=me@home", "--save=me@home"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct url_shown shown = workload_shown(cases[i].text);
        snprintf(text, sizeof text, "%.*s%s%s", shown.front, cases[i].text, shown.mark, shown.rest);
        assert_string_equal(text, cases[i].shown);
    }
}

static void test_a_pattern_counts_from_one_in_every_place(void **state)
{
    struct workload workload = {0};
    struct workload_error error = {""};
    (void)state;
    assert_int_equal(workload_pattern(&workload, "http://a/{}?k={}&{}{}&{", 1200, &error), 0);
    assert_int_equal(workload.count, 1200);
    check_url(&workload, 0, "http://a/1?k=1&11&{");
    check_url(&workload, 8, "http://a/9?k=9&99&{");
    check_url(&workload, 9, "http://a/10?k=10&1010&{");
    check_url(&workload, 1199, "http://a/1200?k=1200&12001200&{");
}

static void test_a_pattern_has_room_for_the_longest_number(void **state)
{
    const char *pattern = "http://a/{}{}";
    struct workload workload = {.pattern = pattern, .first = UINT64_MAX - 1, .count = 1};
    (void)state;
    assert_int_equal(workload_url_room(&workload), strlen("http://a/") + 40 + 1);
    check_url(&workload, 0, "http://a/1844674407370955161518446744073709551615");
}

static void test_a_pattern_without_braces_is_one_url_many_times(void **state)
{
    struct workload workload = {0};
    struct workload_error error = {""};
    (void)state;
    assert_int_equal(workload_pattern(&workload, "http://a/", 3, &error), 0);
    check_url(&workload, 0, "http://a/");
    check_url(&workload, 2, "http://a/");
}

static void test_a_pattern_must_give_urls_from_first_to_last(void **state)
{
    struct workload workload = {0};
    struct workload_error error = {""};
    (void)state;
    assert_int_equal(workload_pattern(&workload, "http://a/{}", 0, &error), -ENODATA);
    assert_int_equal(workload_pattern(&workload, "http://a:{}/", 65535, &error), 0);
    assert_int_equal(workload_pattern(&workload, "http://a:{}/", 65536, &error), -EINVAL);
    assert_non_null(strstr(error.message, "port"));
    assert_int_equal(workload_pattern(&workload, "gopher://{}", 2, &error), -EINVAL);
    assert_non_null(strstr(error.message, "gopher://"));
}

static void test_slices_hold_the_list_once(void **state)
{
    enum { MOST = 40 };
    (void)state;
    for (uint64_t whole = 1; whole <= MOST; whole++) {
        for (uint64_t m = 1; m <= MOST + 2; m++) {
            uint64_t next = 0, least = UINT64_MAX, most = 0;
            for (uint64_t k = 1; k <= m; k++) {
                struct workload workload = {.pattern = "http://a/{}", .count = whole};
                struct workload_error error = {""};
                workload.whole = whole;
                int result = workload_slice(&workload, k, m, &error);
                uint64_t count = result == 0 ? workload.count : 0;
                least = count < least ? count : least;
                most = count > most ? count : most;
                if (result != 0) {
                    assert_int_equal(result, -ENODATA);
                    assert_non_null(strstr(error.message, "empty"));
                    continue;
                }
                assert_int_equal(workload.first, next);
                assert_int_equal(workload_number(&workload, 0), next + 1);
                next += count;
            }
            assert_int_equal(next, whole);
            assert_true(most - least <= 1);
        }
    }
}

static void test_a_slice_of_a_huge_list_does_not_overflow(void **state)
{
    struct workload workload = {.pattern = "http://a/{}", .whole = UINT64_MAX >> 8};
    struct workload_error error = {""};
    (void)state;
    workload.count = workload.whole;
    assert_int_equal(workload_slice(&workload, UINT64_MAX, UINT64_MAX, &error), 0);
    assert_int_equal(workload.first + workload.count, UINT64_MAX >> 8);
}

static void test_a_slice_of_a_read_list(void **state)
{
    const struct scratch *scratch = *state;
    struct workload workload = {0};
    struct workload_error error = {""};
    char text[2048] = "", url[32];
    for (int i = 1; i <= 100; i++)
        sprintf(text + strlen(text), "http://a/%d\n", i);
    write_list(scratch, text, strlen(text));
    assert_int_equal(workload_read(&workload, scratch->file, 0, &error), 0);
    assert_int_equal(workload_slice(&workload, 2, 3, &error), 0);
    for (uint64_t i = 0; i < workload.count; i++) {
        sprintf(url, "http://a/%d", 34 + (int)i);
        check_url(&workload, i, url);
    }
    assert_int_equal(workload.count, 33);
    workload_free(&workload);
}

/* ---- The index, and what a list costs ----------------------------------- */

static void test_every_position_is_found(void **state)
{
    enum { COUNT = 5 * WORKLOAD_STRIDE + 3 };
    const struct scratch *scratch = *state;
    for (int count = 1; count <= COUNT; count++) {
        struct workload workload = {0};
        struct workload_error error = {""};
        char text[COUNT * 24] = "", url[24];
        for (int i = 0; i < count; i++) /* of unlike lengths */
            sprintf(text + strlen(text), "http://a/%0*d\n", i % 7 + 1, i);
        write_list(scratch, text, strlen(text));
        assert_int_equal(workload_read(&workload, scratch->file, 0, &error), 0);
        assert_int_equal(workload.count, count);
        for (int i = 0; i < count; i++) {
            sprintf(url, "http://a/%0*d", i % 7 + 1, i);
            check_url(&workload, (uint64_t)i, url);
        }
        workload_free(&workload);
    }
}

/* Bytes of the list's mappings that this process has, as the kernel tells. */
static uint64_t list_bytes_mapped(void)
{
    char line[PATH_MAX + 128];
    uint64_t sum = 0, begin, end;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, "waitbench-urls") != NULL &&
            sscanf(line, "%" SCNx64 "-%" SCNx64, &begin, &end) == 2) /* NOLINT(cert-err34-c) */
            sum += end - begin;
    }
    fclose(maps);
    return sum;
}

static void test_a_million_urls_cost_less_than_twice_their_size(void **state)
{
    enum { COUNT = 1000000 };
    const struct scratch *scratch = *state;
    struct workload workload = {0};
    struct workload_error error = {""};
    FILE *file = fopen(scratch->file, "we");
    assert_non_null(file);
    for (int i = 1; i <= COUNT; i++)
        fprintf(file, "http://127.0.0.1:8080/item/%d\n", i);
    uint64_t size = (uint64_t)ftell(file);
    assert_int_equal(fclose(file), 0);

    assert_int_equal(workload_read(&workload, scratch->file, 0, &error), 0);
    assert_int_equal(workload.count, COUNT);
    check_url(&workload, 0, "http://127.0.0.1:8080/item/1");
    check_url(&workload, COUNT - 1, "http://127.0.0.1:8080/item/1000000");
    uint64_t mapped = list_bytes_mapped();
    assert_true(mapped >= size && mapped < 2 * size);
    assert_true(workload.text_bytes + workload.places_bytes <= mapped);
    workload_free(&workload);
    assert_int_equal(list_bytes_mapped(), 0);
}

static void test_a_refused_list_leaves_no_memory_mapped(void **state)
{
    check_refused(*state, "http://a/\nx\n", 12, -EINVAL, WORDS("/list:2: "));
    assert_int_equal(list_bytes_mapped(), 0);
}

/* The rest of a list that is mostly comment is given back. */
static void test_what_comments_took_is_given_back(void **state)
{
    enum { SIZE = 1 << 20 };
    const struct scratch *scratch = *state;
    struct workload workload = {0};
    struct workload_error error = {""};
    char *text = malloc(SIZE);
    assert_non_null(text);
    int begin = snprintf(text, SIZE, "http://a/1\n");
    memset(text + begin, '#', SIZE - (size_t)begin);
    write_list(scratch, text, SIZE);
    free(text);
    assert_int_equal(workload_read(&workload, scratch->file, 0, &error), 0);
    check_url(&workload, 0, "http://a/1");
    assert_true(list_bytes_mapped() <= 16 * 4096);
    workload_free(&workload);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scratch, remove_scratch)
    const struct CMUnitTest tests[] = {
        TEST(test_every_way_to_end_a_line),
        TEST(test_blank_lines_and_comments_are_passed_over),
        TEST(test_the_first_so_many),
        TEST(test_an_input_without_urls_is_refused),
        TEST(test_no_file_no_list),
        TEST(test_a_message_names_file_and_line),
        TEST(test_a_nul_byte_is_refused_by_its_line),
        TEST(test_bytes_outside_ascii_are_refused),
        TEST(test_space_inside_is_refused),
        TEST(test_control_bytes_never_reach_the_message),
        TEST(test_a_line_of_a_mebibyte),
        TEST(test_a_slice_of_a_read_list),
        TEST(test_every_position_is_found),
        TEST(test_a_million_urls_cost_less_than_twice_their_size),
        TEST(test_a_refused_list_leaves_no_memory_mapped),
        TEST(test_what_comments_took_is_given_back),
        cmocka_unit_test(test_nor_those_of_arguments_patterns_and_file_names),
        cmocka_unit_test(test_the_longest_url_is_taken_and_one_more_is_not),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_urls_that_are_taken),
        cmocka_unit_test(test_urls_that_are_not),
        cmocka_unit_test(test_a_host_name_of_254_bytes_is_too_long),
        cmocka_unit_test(test_where_host_and_port_stand),
        cmocka_unit_test(test_arguments_are_copied),
        cmocka_unit_test(test_the_wrong_argument_is_named),
        cmocka_unit_test(test_a_refused_url_keeps_its_password_to_itself),
        cmocka_unit_test(test_what_is_shown_of_a_url_is_without_its_password),
        cmocka_unit_test(test_a_pattern_counts_from_one_in_every_place),
        cmocka_unit_test(test_a_pattern_has_room_for_the_longest_number),
        cmocka_unit_test(test_a_pattern_without_braces_is_one_url_many_times),
        cmocka_unit_test(test_a_pattern_must_give_urls_from_first_to_last),
        cmocka_unit_test(test_slices_hold_the_list_once),
        cmocka_unit_test(test_a_slice_of_a_huge_list_does_not_overflow),
    };
    return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
