/* Names looked up once a host: the table, the look-ups, and slow ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/resolve.h"

/* ---- A resolver whose answers the test knows ---------------------------- */

/* Look-ups made, in memory that the resolver processes share. */
static _Atomic int *lookups;

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* slow…: never ends. bad…: no address. crash…: takes its process down. six…:
 * ::1. Any other is 127.0.0.1. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo numeric = *hints;
    numeric.ai_flags = AI_NUMERICHOST;
    (*lookups)++;
    while (begins(node, "slow"))
        pause();
    if (begins(node, "crash"))
        _exit(77);
    if (begins(node, "bad"))
        return EAI_NONAME;
    return real(begins(node, "six") ? "::1" : "127.0.0.1", service, &numeric, found);
}

/* ---- Help --------------------------------------------------------------- */

static int share_lookups(void **state)
{
    (void)state;
    lookups =
        mmap(NULL, sizeof *lookups, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return lookups == MAP_FAILED ? -1 : 0;
}

static int unshare_lookups(void **state)
{
    (void)state;
    return munmap((void *)lookups, sizeof *lookups);
}

static void load(struct workload *workload, const char *const urls[], size_t count)
{
    struct workload_error error = {""};
    *workload = (struct workload){.timeout_ns = 30ull * 1000000000};
    if (workload_list(workload, (char *const *)urls, count, 0, &error) != 0)
        fail_msg("%s", error.message);
    *lookups = 0;
}

static const struct host *host_of(const struct workload *workload, const char *url)
{
    struct url_host wanted = workload_host(url);
    int64_t place = hosts_find(workload->hosts, &wanted);
    return place < 0 ? NULL : hosts_at(workload->hosts, (uint32_t)place);
}

static void unload(struct workload *workload)
{
    hosts_free(workload);
    assert_null(workload->hosts);
    hosts_free(workload); /* a second time is nothing */
    workload_free(workload);
    /* Every resolver was reaped. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The table ---------------------------------------------------------- */

static void test_a_host_is_a_name_and_a_port_whatever_the_case(void **state)
{
    static const char *const urls[] = {"http://a/1",        "http://A:80/2",    "HTTP://a:/3",
                                       "https://a/",        "http://a:81/",     "http://b/",
                                       "https://a:443/",    "http://u:p@a/",    "http://127.0.0.1/",
                                       "http://127.0.0.1/", "http://[::1]:80/", "http://ab/"};
    struct workload workload;
    (void)state;
    load(&workload, urls, COUNT_OF(urls));
    assert_int_equal(hosts_resolve(&workload, false), 0);
    assert_int_equal(hosts_count(workload.hosts), 7);
    assert_int_equal(hosts_names(workload.hosts), 5);
    assert_int_equal(*lookups, 0); /* it was not asked to look up */
    assert_ptr_equal(host_of(&workload, "http://A/"), host_of(&workload, "http://a:80"));
    assert_ptr_not_equal(host_of(&workload, "http://a/"), host_of(&workload, "http://a:81"));
    assert_null(host_of(&workload, "http://c/"));
    assert_null(host_of(&workload, "http://a:82/"));
    unload(&workload);
}

static void test_numbers_are_not_looked_up(void **state)
{
    static const char *const urls[] = {"http://127.0.0.1/", "http://[::1]/"};
    struct workload workload;
    (void)state;
    load(&workload, urls, COUNT_OF(urls));
    assert_int_equal(hosts_resolve(&workload, true), 0);
    assert_int_equal(*lookups, 0);
    assert_int_equal(hosts_names(workload.hosts), 0);
    assert_true(host_of(&workload, urls[1])->numeric);
    unload(&workload);
}

static void test_names_get_addresses_or_none(void **state)
{
    static const char *const urls[] = {"http://four/", "http://six:81/", "http://bad/",
                                       "http://127.0.0.2/"};
    struct workload workload;
    (void)state;
    load(&workload, urls, COUNT_OF(urls));
    assert_int_equal(hosts_resolve(&workload, true), 0);
    assert_int_equal(*lookups, 3);
    assert_true(host_of(&workload, urls[0])->known);
    assert_string_equal(host_of(&workload, urls[0])->addresses, "127.0.0.1");
    assert_string_equal(host_of(&workload, urls[1])->addresses, "[::1]"); /* as libcurl wants it */
    assert_false(host_of(&workload, urls[2])->known);
    unload(&workload);
}

/* More names than resolvers, and more than the table begins with. */
static void test_many_hosts(void **state)
{
    enum { HOSTS = 1000 };
    static char text[HOSTS][32];
    static const char *urls[HOSTS];
    struct workload workload;
    (void)state;
    for (int i = 0; i < HOSTS; i++) {
        snprintf(text[i], sizeof text[i], "http://%s%d.test/", i % 10 ? "good" : "bad", i);
        urls[i] = text[i];
    }
    load(&workload, urls, HOSTS);
    assert_int_equal(hosts_resolve(&workload, true), 0);
    assert_int_equal(hosts_count(workload.hosts), HOSTS);
    assert_int_equal(*lookups, HOSTS); /* once each */
    for (int i = 0; i < HOSTS; i++) {
        const struct host *host = host_of(&workload, urls[i]);
        assert_non_null(host);
        assert_int_equal(host->known, i % 10 != 0);
        assert_true(begins(urls[i] + 7, host->name));
    }
    unload(&workload);
}

/* ---- Patterns ----------------------------------------------------------- */

static void check_pattern(const char *pattern, uint64_t count, uint32_t hosts)
{
    struct workload workload = {0};
    struct workload_error error = {""};
    assert_int_equal(workload_pattern(&workload, pattern, count, &error), 0);
    assert_int_equal(hosts_resolve(&workload, false), 0);
    if (hosts_count(workload.hosts) != hosts)
        fail_msg("%s: %u hosts", pattern, hosts_count(workload.hosts));
    unload(&workload);
}

static void test_a_pattern_with_one_host_is_not_walked(void **state)
{
    const uint64_t endless = UINT64_MAX >> 8; /* walking it would take years */
    (void)state;
    check_pattern("http://a/{}", endless, 1);
    check_pattern("http://a?{}", endless, 1);
    check_pattern("http://a#{}", endless, 1);
    check_pattern("http://a:80/x", endless, 1);
    check_pattern("http://a", endless, 1);
}

static void test_a_pattern_with_many_hosts_is(void **state)
{
    (void)state;
    check_pattern("http://a{}/", 100, 100);
    check_pattern("http://a:{}/", 100, 100);
    check_pattern("http://{}@a/", 100, 1);
    check_pattern("http://a{}?x", 100, 100);
}

/* ---- Look-ups that do not end ------------------------------------------- */

/* There are more slow names than resolvers, and each name has its own time. */
static void test_a_slow_name_takes_no_other_with_it(void **state)
{
    enum { HOSTS = 60 };
    static char text[HOSTS][32];
    static const char *urls[HOSTS];
    struct workload workload;
    (void)state;
    for (int i = 0; i < HOSTS; i++) {
        snprintf(text[i], sizeof text[i], "http://%s%d.test/", i < HOSTS / 2 ? "slow" : "good", i);
        urls[i] = text[i];
    }
    load(&workload, urls, HOSTS);
    /* It is a good one's as well, whose process may have to wait for a processor that long. */
    workload.timeout_ns = 1000 * 1000000;
    assert_int_equal(hosts_resolve(&workload, true), 0);
    for (int i = 0; i < HOSTS; i++) {
        if (host_of(&workload, urls[i])->known != begins(urls[i] + 7, "good"))
            fail_msg("%s: %sknown", urls[i], begins(urls[i] + 7, "good") ? "not " : "");
    }
    unload(&workload);
}

static void test_a_resolver_that_dies_takes_no_other_name_with_it(void **state)
{
    enum { HOSTS = 60 };
    static char text[HOSTS][32];
    static const char *urls[HOSTS];
    struct workload workload;
    (void)state;
    for (int i = 0; i < HOSTS; i++) {
        snprintf(text[i], sizeof text[i], "http://%s%d.test/", i < HOSTS / 2 ? "crash" : "good", i);
        urls[i] = text[i];
    }
    load(&workload, urls, HOSTS);
    assert_int_equal(hosts_resolve(&workload, true), 0);
    for (int i = 0; i < HOSTS; i++)
        assert_int_equal(host_of(&workload, urls[i])->known, begins(urls[i] + 7, "good"));
    unload(&workload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_is_a_name_and_a_port_whatever_the_case),
        cmocka_unit_test(test_numbers_are_not_looked_up),
        cmocka_unit_test(test_names_get_addresses_or_none),
        cmocka_unit_test(test_many_hosts),
        cmocka_unit_test(test_a_pattern_with_one_host_is_not_walked),
        cmocka_unit_test(test_a_pattern_with_many_hosts_is),
        cmocka_unit_test(test_a_slow_name_takes_no_other_with_it),
        cmocka_unit_test(test_a_resolver_that_dies_takes_no_other_name_with_it),
    };
    return cmocka_run_group_tests_name("resolve", tests, share_lookups, unshare_lookups);
}
