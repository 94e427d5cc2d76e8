/* What a visit asks of the host and of the origin: lists of processors, and /stats from a server
 * that answers anything. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/host.h"
#include "analysis/stats_client.h"
#include "tests/unit/server.h"

static void lists_of_processors(void **unused)
{
    (void)unused;
    static const struct {
        const char *list;
        int count, one;
    } good[] = {{"0", 1, 0}, {"7", 1, 7}, {"0,2-3", 3, 3}, {"1-1,1", 1, 1}, {"1020-1023", 4, 1021}};
    static const char *const bad[] = {"",     "-1",   "+1",  " 1",   "1-",     "1-x",
                                      "1- 2", "1-+2", "3-2", "1024", "0-1024", "1;2",
                                      "1,,",  "1,",   "x",   "1,-2", "2-3-4"};
    cpu_set_t set;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(host_parse_cpus(good[i].list, &set), 0);
        assert_int_equal(CPU_COUNT(&set), good[i].count);
        assert_true(CPU_ISSET(good[i].one, &set));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (host_parse_cpus(bad[i], &set) != -EINVAL)
            fail_msg("\"%s\" is no list", bad[i]);
    /* Beyond 64 bits, alone and as the end of a range. */
    assert_int_equal(host_parse_cpus("99999999999999999999", &set), -EINVAL);
    assert_int_equal(host_parse_cpus("0-99999999999999999999", &set), -EINVAL);
}

/* This machine's own figures: known, and never going back. */
static void figures_of_this_host(void **unused)
{
    (void)unused;
    struct host_cpu before = host_cpu();
    assert_true(before.busy_s > 0 && before.steal_s >= 0);
    struct host_cpu after = host_cpu();
    assert_true(after.busy_s >= before.busy_s && after.steal_s >= before.steal_s);
    assert_true(host_load() >= 0);
    assert_true(host_time_wait() >= 0);
}

#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

/* What is no answer of an origin is an error, and leaves nothing to free. */
static void answers_that_are_none(void **unused)
{
    (void)unused;
    static char endless[70000];
    snprintf(endless, sizeof endless, "%s%*s", HEAD, 69000, "");
    static const struct answer none[] = {
        {"/stats", "HTTP/1.1 404 Not Found\r\n\r\n", CLOSE, 1},
        {"/stats", "SSH-2.0-none\r\n\r\n", CLOSE, 1},
        {"/stats", "HTTP/1.1 200 OK\r\n", CLOSE, 1}, /* a head without an end */
        {"/stats", HEAD "not JSON", CLOSE, 1},
        {"/stats", HEAD "{\"schema\": \"waitbench-origin/2\"}", CLOSE, 1},
        {"/stats", HEAD "{\"schema\": 1}", CLOSE, 1},
        {"/stats", endless, CLOSE, 1},
        {"/stats", HEAD "{\"schema\": \"waitbench-origin/1\", \"open\": 3}", CLOSE, 1},
        {"/stats/reset", "HTTP/1.1 500 No\r\n\r\n", CLOSE, 1},
        {"/stats/reset", "HTTP/1.1 204 Yes\r\n\r\n", CLOSE, 1},
        {"/stats", "", RESET_IT, 1},
        {"/stats/reset", "", RESET_IT, 1},
        {0},
    };
    struct server server;
    char origin[32];
    json_t *stats;
    assert_int_equal(server_open(&server, none), 0);
    snprintf(origin, sizeof origin, "127.0.0.1:%u", server.port);
    for (int i = 0; i < 7; i++) {
        stats = (json_t *)&server;
        if (stats_get(origin, &stats) != -EPROTO)
            fail_msg("answer %d is none", i);
        if (i != 6) /* that was not even looked at */
            assert_null(stats);
    }
    assert_int_equal(stats_get(origin, &stats), 0);
    assert_int_equal(json_integer_value(json_object_get(stats, "open")), 3);
    json_decref(stats);
    assert_int_equal(stats_reset(origin), -EPROTO);
    assert_int_equal(stats_reset(origin), 0);
    assert_int_equal(stats_get(origin, &stats), -ECONNRESET);
    assert_int_equal(stats_reset(origin), -ECONNRESET);
    server_close(&server);
}

static void addresses_that_are_none(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "127.0.0.1",
        ":80",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "localhost:80",
        "127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1:80"};
    char closed[32];
    json_t *stats;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (stats_get(bad[i], &stats) != -EINVAL || stats_reset(bad[i]) != -EINVAL)
            fail_msg("\"%s\" is no address", bad[i]);
    snprintf(closed, sizeof closed, "127.0.0.1:%u", server_closed_port());
    assert_int_equal(stats_get(closed, &stats), -ECONNREFUSED);
    assert_int_equal(stats_reset(closed), -ECONNREFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_processors),
        cmocka_unit_test(figures_of_this_host),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(addresses_that_are_none),
    };
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
