/* One fetch, start to record: every way it can end, retries, saving, stopping;
 * by the models that block and by the one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <curl/curl.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "async/async.h"
#include "async/loop.h"
#include "async/transfers.h"
#include "common/resolve.h"
#include "common/transfer.h"
#include "coroutines/coroutines.h"
#include "sequential/sequential.h"
#include "tests/unit/server.h"
#include "threads/threads.h"

/* ---- Names that are looked up, counted ---------------------------------- */

static _Atomic int lookups;

/* libcurl finds this one before the C library's. Whatever this machine's
 * resolver knows: NAME.test is 127.0.0.1, and no other name has an address.
 * (libcurl 7.88.1 answers for localhost itself, and asks nobody.) */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node == NULL || node[strspn(node, "0123456789.:")] == '\0')
        return real(node, service, hints, found);
    lookups++;
    const char *domain = strrchr(node, '.');
    if (domain == NULL || strcasecmp(domain, ".test") != 0)
        return EAI_NONAME;
    return real("127.0.0.1", service, hints, found);
}

/* ---- Memory that runs out ----------------------------------------------- */

static _Atomic int adds_until_none; /* 0: there is memory enough */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    CURLMcode (*real)(CURLM *, CURL *);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_add_handle");
    if (adds_until_none > 0 && --adds_until_none == 0)
        return CURLM_OUT_OF_MEMORY;
    return real(multi, easy);
}

static _Atomic int actions_until_none; /* likewise */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int events, int *running)
{
    CURLMcode (*real)(CURLM *, curl_socket_t, int, int *);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_socket_action");
    CURLMcode code = real(multi, fd, events, running);
    return actions_until_none > 0 && --actions_until_none == 0 ? CURLM_OUT_OF_MEMORY : code;
}

/* What the program's own code allocates, and not its libraries: their code lies elsewhere. Under a
 * sanitizer memory is the sanitizer's. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define OWN_MEMORY
extern const char __executable_start[], etext[];
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
static _Atomic int allocations_until_none; /* 0: there is memory enough */

static bool no_memory(const char *caller)
{
    bool own = caller >= __executable_start && caller < etext;
    if (!own || allocations_until_none <= 0 || --allocations_until_none > 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
void *calloc(size_t count, size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
#endif

/* ---- Help --------------------------------------------------------------- */

#define OK_HELLO    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define UNAVAILABLE "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy"
enum { HEADERS = 400000 };
static char huge_header[HEADERS + 64];

static const struct answer answers[] = {
    {"/ok", OK_HELLO, KEEP, 0},
    {"/chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", KEEP,
     0},
    {"/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/until-close", "HTTP/1.1 200 OK\r\n\r\nhello", CLOSE, 0},
    {"/missing", "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", KEEP, 0},
    {"/moved", "HTTP/1.1 302 Go\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/nothing", "", CLOSE, 0},
    {"/reset", "", RESET_IT, 0},
    {"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", CLOSE, 0},
    {"/truncated-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", CLOSE, 0},
    {"/garbage", "SSH-2.0-OpenSSH_9.2\r\n", CLOSE, 0},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", CLOSE,
     0},
    {"/large", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", KEEP, 0},
    {"/large-chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
     KEEP, 0},
    {"/huge-header", huge_header, KEEP, 0},
    {"/silent", "", HOLD, 0},
    {"/stalls", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", HOLD, 0},
    {"/recovers", UNAVAILABLE, KEEP, 2},
    {"/recovers", OK_HELLO, KEEP, 0},
    {"/unavailable", UNAVAILABLE, KEEP, 0},
    {"/408", "HTTP/1.1 408 No\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/429", "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/500", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/501", "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/502", "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/504", "HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n", KEEP, 0},
    {"/sinks", UNAVAILABLE, KEEP, 1},
    {"/sinks", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", CLOSE, 0},
    {NULL, NULL, KEEP, 0},
};

static const uint64_t hello_hash = 0x9555e8555c62dcfd; /* printf hello | xxhsum -H3 */
static const uint64_t empty_hash = 0x2d06800538d394c2;

/* One run against a server of its own. */
struct fixture {
    struct server server;
    uint16_t closed_port;
    struct workload workload;
    struct run run;
};

static const struct model *const models[3] = {&sequential_model, &threads_model, &async_model};

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.closed_port = server_closed_port()};
    assert_int_equal(server_open(&fixture->server, answers), 0);
    fixture->workload = (struct workload){.timeout_ns = 30ull * 1000000000,
                                          .keep_alive = true,
                                          .max_body = 1 << 20};
}

/* Opens the run over a list of paths; one that holds `://` is a URL. */
static void load(struct fixture *fixture, const char *const paths[], size_t count, uint32_t lanes)
{
    char *urls[16];
    struct workload_error error = {""};
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        bool whole = strstr(paths[i], "://") != NULL;
        int length =
            whole ? asprintf(&urls[i], "%s", paths[i])
                  : asprintf(&urls[i], "http://127.0.0.1:%u%s", fixture->server.port, paths[i]);
        assert_true(length > 0);
    }
    if (workload_list(&fixture->workload, urls, count, 0, &error) != 0)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < count; i++)
        free(urls[i]);
    assert_int_equal(hosts_resolve(&fixture->workload, fixture->workload.resolve == RESOLVE_ONCE),
                     0);
    assert_int_equal(run_open(&fixture->run, &fixture->workload, lanes, 0), 0);
}

/* Forgets the list, so that another can be loaded. */
static void unload(struct fixture *fixture)
{
    run_free(&fixture->run);
    hosts_free(&fixture->workload);
    workload_free(&fixture->workload);
}

static void close_fixture(struct fixture *fixture)
{
    assert_int_equal(fixture->server.counts->unknown, 0);
    server_close(&fixture->server);
}

static void check_outcome(const struct fixture *fixture, uint64_t index, enum outcome outcome,
                          unsigned status)
{
    const struct record *record = run_record(&fixture->run, index);
    if (record->outcome != outcome || record->status != status)
        fail_msg("URL %d: %s, status %u; want %s, %u", (int)index + 1,
                 outcome_name(record->outcome), record->status, outcome_name(outcome), status);
}

/* ---- Every way to end --------------------------------------------------- */

static void test_every_outcome_by_every_model(void **state)
{
    static const struct {
        const char *path;
        enum outcome outcome;
        unsigned status;
        uint64_t bytes, hash; /* of a whole body */
    } cases[] = {
        {"/ok", FETCHED, 200, 5, hello_hash},
        {"/chunked", FETCHED, 200, 5, hello_hash},
        {"/empty", FETCHED, 200, 0, empty_hash},
        {"/until-close", FETCHED, 200, 5, hello_hash},
        {"/moved", FETCHED, 302, 0, empty_hash},
        {"/missing", BAD_STATUS, 404, 2, 0x9d08fc5ab702aae8},
        {"/nothing", RESET, 0, 0, 0},
        {"/reset", RESET, 0, 0, 0},
        {"/truncated", TRUNCATED, 200, 0, 0},
        {"/truncated-chunk", TRUNCATED, 200, 0, 0},
        {"/garbage", GARBAGE, 0, 0, 0},
        {"/bad-chunk", GARBAGE, 200, 0, 0},
        {"/large", TOO_LARGE, 200, 0, 0},
        {"/large-chunked", TOO_LARGE, 200, 0, 0},
        {"/huge-header", TOO_LARGE, 200, 0, 0},
        {"https://127.0.0.1:PORT/ok", TLS_FAILED, 0, 0, 0},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    const char *paths[CASES];
    char tls[64];
    (void)state;
    snprintf(huge_header, sizeof huge_header, "HTTP/1.1 200 OK\r\nX: %0*d\r\n\r\n", HEADERS, 0);
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        open_fixture(&fixture);
        fixture.workload.max_body = 10;
        for (size_t i = 0; i < CASES; i++)
            paths[i] = cases[i].path;
        snprintf(tls, sizeof tls, "https://127.0.0.1:%u/ok", fixture.server.port);
        paths[CASES - 1] = tls;
        load(&fixture, paths, CASES, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        for (size_t i = 0; i < CASES; i++) {
            const struct record *record = run_record(&fixture.run, i);
            check_outcome(&fixture, i, cases[i].outcome, cases[i].status);
            assert_int_equal(record->attempts, 1);
            assert_true(record->taken_ns <= record->end_ns);
            if (record->outcome != FETCHED && record->outcome != BAD_STATUS)
                continue;
            assert_int_equal(record->body_bytes, cases[i].bytes);
            assert_true(record->body_hash == cases[i].hash);
            assert_true(record->first_byte_ns >= record->taken_ns &&
                        record->first_byte_ns <= record->end_ns);
        }
        unload(&fixture);
        close_fixture(&fixture);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        char closed[64];
        open_fixture(&fixture);
        snprintf(closed, sizeof closed, "http://127.0.0.1:%u/", fixture.closed_port);
        /* The second finds nothing left of the first in the handle; nor does
         * the last take the refusal's error for its own. */
        load(&fixture, (const char *const[]){"/ok", closed, "/bad-chunk"}, 3, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        check_outcome(&fixture, 0, FETCHED, 200);
        check_outcome(&fixture, 1, REFUSED, 0);
        check_outcome(&fixture, 2, GARBAGE, 200);
        assert_int_equal(run_record(&fixture.run, 1)->first_byte_ns, 0);
        assert_int_equal(run_record(&fixture.run, 1)->body_bytes, 0);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

static void test_timed_out(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        open_fixture(&fixture);
        fixture.workload.timeout_ns = 400 * 1000000; /* enough for a header on a busy machine */
        load(&fixture, (const char *const[]){"/silent", "/stalls"}, 2,
             models[m] == &sequential_model ? 1 : 2);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        check_outcome(&fixture, 0, TIMED_OUT, 0);
        check_outcome(&fixture, 1, TIMED_OUT, 200);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

static void test_connections_are_kept_or_not(void **state)
{
    static const char *const paths[6] = {"/ok", "/ok", "/chunked", "/missing", "/empty", "/ok"};
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        for (int keep = 0; keep < 2; keep++) {
            struct fixture fixture;
            open_fixture(&fixture);
            fixture.workload.keep_alive = keep;
            load(&fixture, paths, 6, 1);
            assert_int_equal(models[m]->run(&fixture.run), 0);
            assert_int_equal(fixture.server.counts->connections, keep ? 1 : 6);
            assert_int_equal(run_totals(&fixture.run).count[RUN_CONNECTIONS], keep ? 1 : 6);
            assert_int_equal(fixture.server.counts->requests, 6);
            unload(&fixture);
            close_fixture(&fixture);
        }
    }
}

static void test_no_memory_for_one_fetch_is_that_ones_loss(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        for (int nth = 1; nth <= 3; nth++) {
            struct fixture fixture;
            open_fixture(&fixture);
            fixture.workload.retries = 1;
            /* The third attempt is the second of /unavailable. */
            load(&fixture, (const char *const[]){"/ok", "/unavailable", "/ok"}, 3, 1);
            adds_until_none = nth;
            assert_int_equal(models[m]->run(&fixture.run), 0);
            check_outcome(&fixture, 0, nth == 1 ? WORKER_LOST : FETCHED, nth == 1 ? 0 : 200);
            assert_int_equal(run_record(&fixture.run, 1)->outcome,
                             nth == 1 ? BAD_STATUS : WORKER_LOST);
            check_outcome(&fixture, 2, FETCHED, 200);
            unload(&fixture);
            close_fixture(&fixture);
        }
    }
    adds_until_none = 0;
}

/* libcurl could not watch some socket, and does not say which. */
static void test_no_memory_for_a_multi_handle_is_the_loss_of_those_in_it(void **state)
{
    enum { LANES = 3, URLS = 12 };
    (void)state;
    for (int nth = 1; nth <= 30; nth++) {
        struct fixture fixture;
        char url[64];
        const char *paths[URLS];
        uint64_t lost = 0;
        open_fixture(&fixture);
        snprintf(url, sizeof url, "http://server.test:%u/ok", fixture.server.port);
        for (size_t i = 0; i < URLS; i++)
            paths[i] = url;
        load(&fixture, paths, URLS, LANES);
        lookups = 0;
        actions_until_none = nth;
        assert_int_equal(async_model.run(&fixture.run), 0);
        for (uint64_t i = 0; i < URLS; i++) {
            enum outcome outcome = run_record(&fixture.run, i)->outcome;
            lost += outcome == WORKER_LOST;
            assert_true(outcome == WORKER_LOST || outcome == FETCHED);
        }
        /* Whoever was in it, and nobody else; if it came to that at all. */
        assert_true(lost <= LANES && (actions_until_none > 0) == (lost == 0));
        assert_int_equal(run_drawn(&fixture.run), URLS);
        assert_int_equal(lookups, 0); /* the new handle is told the address as well */
        unload(&fixture);
        close_fixture(&fixture);
    }
    actions_until_none = 0;
}

/* ---- Trying again ------------------------------------------------------- */

static void test_a_failure_that_may_pass_is_tried_again(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        open_fixture(&fixture);
        fixture.workload.retries = 5;
        load(&fixture, (const char *const[]){"/recovers", "/missing"}, 2, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        const struct record *record = run_record(&fixture.run, 0);
        check_outcome(&fixture, 0, FETCHED, 200);
        assert_int_equal(record->attempts, 3);
        /* Of the last attempt alone, though the others' answers had bodies too. */
        assert_int_equal(record->body_bytes, strlen("hello"));
        assert_true(record->body_hash == hello_hash);
        /* 100 ms, then 200: the back-off lies between taken and end. */
        assert_true(record->end_ns - record->taken_ns >= 300 * 1000000);
        check_outcome(&fixture, 1, BAD_STATUS, 404);
        assert_int_equal(run_record(&fixture.run, 1)->attempts, 1);
        assert_int_equal(run_totals(&fixture.run).count[RUN_RETRIED], 2);
        assert_int_equal(fixture.server.counts->requests, 4);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

/* Statuses that pass, as curl's --retry has them; what the server cannot do it will not do later.
 */
static void test_statuses_that_may_pass(void **state)
{
    static const char *const paths[7] = {"/408", "/429", "/500",    "/502",
                                         "/504", "/501", "/missing"};
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture);
    fixture.workload.retries = 1;
    load(&fixture, paths, 7, 7);
    assert_int_equal(threads_model.run(&fixture.run), 0);
    for (uint64_t i = 0; i < 7; i++) {
        assert_int_equal(run_record(&fixture.run, i)->outcome, BAD_STATUS);
        assert_int_equal(run_record(&fixture.run, i)->attempts, i < 5 ? 2 : 1);
    }
    assert_int_equal(run_totals(&fixture.run).count[RUN_RETRIED], 5);
    unload(&fixture);
    close_fixture(&fixture);
}

static void test_so_often_and_no_more(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        open_fixture(&fixture);
        fixture.workload.retries = 1;
        load(&fixture, (const char *const[]){"/unavailable", "/truncated"}, 2,
             models[m] == &sequential_model ? 1 : 2);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        check_outcome(&fixture, 0, BAD_STATUS, 503);
        check_outcome(&fixture, 1, TRUNCATED, 200);
        assert_int_equal(run_record(&fixture.run, 0)->attempts, 2);
        assert_int_equal(run_record(&fixture.run, 1)->attempts, 2);
        assert_int_equal(fixture.server.counts->requests, 4);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

/* ---- Names -------------------------------------------------------------- */

static void test_names_are_looked_up_once_before_the_gate(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        char lower[64], upper[64];
        const char *paths[16];
        open_fixture(&fixture);
        fixture.workload.keep_alive = false;
        snprintf(lower, sizeof lower, "http://server.test:%u/ok", fixture.server.port);
        snprintf(upper, sizeof upper, "http://Server.TEST:%u/ok", fixture.server.port);
        for (size_t i = 0; i < 16; i++)
            paths[i] = i % 2 ? lower : upper;
        load(&fixture, paths, 16, models[m] == &sequential_model ? 1 : 8);
        assert_int_equal(hosts_count(fixture.workload.hosts), 1);
        lookups = 0;
        assert_int_equal(models[m]->run(&fixture.run), 0);
        for (uint64_t i = 0; i < 16; i++)
            check_outcome(&fixture, i, FETCHED, 200);
        assert_int_equal(lookups, 0);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

static void test_names_are_looked_up_by_each_fetch(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        char url[64];
        const char *paths[16];
        open_fixture(&fixture);
        fixture.workload.keep_alive = false;
        fixture.workload.resolve = RESOLVE_EACH;
        snprintf(url, sizeof url, "http://server.test:%u/ok", fixture.server.port);
        for (size_t i = 0; i < 16; i++)
            paths[i] = url;
        load(&fixture, paths, 16, models[m] == &sequential_model ? 1 : 8);
        lookups = 0;
        assert_int_equal(models[m]->run(&fixture.run), 0);
        for (uint64_t i = 0; i < 16; i++)
            check_outcome(&fixture, i, FETCHED, 200);
        assert_int_equal(lookups, 16);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

static void test_a_name_without_an_address(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        open_fixture(&fixture);
        load(&fixture, (const char *const[]){"/ok", "http://name.invalid/", "/ok"}, 3, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        check_outcome(&fixture, 0, FETCHED, 200);
        check_outcome(&fixture, 1, NOT_RESOLVED, 0);
        check_outcome(&fixture, 2, FETCHED, 200);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

/* ---- Saving ------------------------------------------------------------- */

static void make_folder(char path[static PATH_MAX])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, PATH_MAX, "%s/test_transfer-XXXXXX", folder != NULL ? folder : "/tmp");
    assert_non_null(mkdtemp(path));
}

static int count_files(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

/* The file's bytes, and away with it. */
static void check_saved(const char *folder, const char *name, const char *want)
{
    char path[PATH_MAX + 16], got[64] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("there is no %s", name);
    assert_true(read(fd, got, sizeof got - 1) >= 0);
    close(fd);
    assert_string_equal(got, want);
    assert_int_equal(unlink(path), 0);
}

static void test_whole_bodies_are_saved_under_their_number(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        char folder[PATH_MAX];
        make_folder(folder);
        open_fixture(&fixture);
        fixture.workload.save = folder;
        fixture.workload.timeout_ns = 200 * 1000000;
        load(&fixture,
             (const char *const[]){"/ok", "/truncated", "/empty", "/stalls", "/missing", "/reset",
                                   "/chunked"},
             7, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        assert_int_equal(count_files(folder), 4); /* and nothing half */
        check_saved(folder, "000001", "hello");
        check_saved(folder, "000003", "");
        check_saved(folder, "000005", "no");
        check_saved(folder, "000007", "hello");
        unload(&fixture);
        close_fixture(&fixture);
        assert_int_equal(rmdir(folder), 0);
    }
}

static void test_an_attempt_that_did_not_count_leaves_no_body(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        char folder[PATH_MAX];
        make_folder(folder);
        open_fixture(&fixture);
        fixture.workload.save = folder;
        fixture.workload.retries = 1;
        /* "busy" comes whole, and is tried again; the second ends too soon. */
        load(&fixture, (const char *const[]){"/sinks"}, 1, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        check_outcome(&fixture, 0, TRUNCATED, 200);
        assert_int_equal(run_record(&fixture.run, 0)->attempts, 2);
        assert_int_equal(count_files(folder), 0);
        unload(&fixture);
        close_fixture(&fixture);
        assert_int_equal(rmdir(folder), 0);
    }
}

static void test_a_body_that_cannot_be_saved(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        struct fixture fixture;
        open_fixture(&fixture);
        fixture.workload.save = "/proc/no such folder";
        load(&fixture, (const char *const[]){"/ok", "/empty"}, 2, 1);
        assert_int_equal(models[m]->run(&fixture.run), 0);
        check_outcome(&fixture, 0, NOT_SAVED, 200);
        check_outcome(&fixture, 1, NOT_SAVED, 200);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

/* ---- Stopping ----------------------------------------------------------- */

struct stopper {
    const struct fixture *fixture;
    uint64_t retried;  /* stops when so many were, */
    uint32_t requests; /* and the server has seen so many requests */
};

static void *stop_then(void *data)
{
    const struct stopper *stopper = data;
    while (run_totals(&stopper->fixture->run).count[RUN_RETRIED] < stopper->retried ||
           stopper->fixture->server.counts->requests < stopper->requests)
        sched_yield();
    run_stop(&stopper->fixture->run);
    return NULL;
}

static void check_stopped(const struct model *model, const char *path, uint64_t retried,
                          uint32_t requests)
{
    struct fixture fixture;
    char folder[PATH_MAX];
    pthread_t thread;
    make_folder(folder);
    open_fixture(&fixture);
    fixture.workload.save = folder;
    fixture.workload.retries = 1000;
    load(&fixture, (const char *const[]){path, "/ok"}, 2, 1);
    struct stopper stopper = {&fixture, retried, requests};
    assert_int_equal(pthread_create(&thread, NULL, stop_then, &stopper), 0);
    assert_int_equal(model->run(&fixture.run), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(run_record(&fixture.run, 0)->outcome, INTERRUPTED);
    run_close(&fixture.run);
    assert_int_equal(run_record(&fixture.run, 1)->outcome, INTERRUPTED);
    assert_int_equal(count_files(folder), 0);
    unload(&fixture);
    close_fixture(&fixture);
    assert_int_equal(rmdir(folder), 0);
}

static void test_stopped_while_it_waits_receives_or_backs_off(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        check_stopped(models[m], "/silent", 0, 1);
        check_stopped(models[m], "/stalls", 0, 1);
        check_stopped(models[m], "/unavailable", 3, 3); /* the fourth is 800 ms away */
    }
}

/* ---- Once each, by the event loop --------------------------------------- */

struct window {
    struct run run;
    struct transfers *transfers;
    uint32_t busy;
    int done[16]; /* by index */
    uint64_t holds[16];
    bool early; /* `done` came before the record was final */
};

static void go_on(void *data, uint32_t lane)
{
    struct window *window = data;
    for (;;) {
        uint64_t before = window->holds[lane];
        if (before != RUN_DRY) {
            window->done[before]++;
            window->early |= !outcome_is_final(run_record(&window->run, before)->outcome);
        }
        uint64_t index = window->holds[lane] = run_take(&window->run, lane);
        if (index == RUN_DRY) {
            window->busy--;
            return;
        }
        if (transfers_start(window->transfers, lane, index))
            return;
    }
}

static void test_done_is_called_once_for_each(void **state)
{
    static const struct loop_backend *const backends[5] = {&loop_select, &loop_poll, &loop_epoll,
                                                           &loop_uring, &loop_libuv};
    static const char *const paths[16] = {
        "/ok",      "/chunked",     "/reset", "/truncated", "/garbage",
        "/missing", "/nothing",     "/ok",    "/bad-chunk", "http://name.invalid/",
        "/silent",  "/until-close", "/empty", "/stalls",    "/ok",
        "/ok"};
    (void)state;
    for (size_t b = 0; b < 5; b++) {
        struct fixture fixture;
        struct loop *loop = NULL;
        if (loop_backend_refused(backends[b]) != NULL)
            continue; /* not on this machine */
        open_fixture(&fixture);
        fixture.workload.timeout_ns = 100 * 1000000;
        fixture.workload.retries = 1;
        load(&fixture, paths, 16, 4);
        struct window window = {.run = fixture.run, .busy = 4};
        for (int i = 0; i < 16; i++)
            window.holds[i] = RUN_DRY;
        assert_int_equal(loop_open(&loop, backends[b]), 0);
        assert_int_equal(transfers_open(&window.transfers, &fixture.run, loop, go_on, &window), 0);
        assert_int_equal(run_ready(&fixture.run), 0);
        for (uint32_t lane = 0; lane < 4; lane++)
            go_on(&window, lane);
        while (window.busy > 0)
            assert_int_equal(loop_once(loop), 0);
        for (int i = 0; i < 16; i++)
            assert_int_equal(window.done[i], 1);
        assert_false(window.early);
        transfers_close(window.transfers);
        loop_close(loop);
        unload(&fixture);
        close_fixture(&fixture);
    }
}

#ifdef OWN_MEMORY
static int by_backend(const struct run *run, const struct loop_backend *backend)
{
    struct loop *loop = NULL;
    struct window window = {.run = *run, .busy = run->lanes};
    for (int i = 0; i < 16; i++)
        window.holds[i] = RUN_DRY;
    int error = loop_open(&loop, backend);
    if (error < 0)
        return error;
    error = transfers_open(&window.transfers, run, loop, go_on, &window);
    if (error == 0) {
        error = run_ready(run);
        for (uint32_t lane = 0; lane < run->lanes && error == 0; lane++)
            go_on(&window, lane);
        while (window.busy > 0 && error == 0)
            error = loop_once(loop);
        transfers_close(window.transfers);
    }
    loop_close(loop);
    return error;
}

/* Whichever of our own allocations fails, alone: the run could not be, or each URL that was begun
 * has its outcome, and one lane's loss is not another's. */
static void test_whichever_allocation_fails(void **state)
{
    static const struct loop_backend *const backends[4] = {&loop_select, &loop_poll, &loop_epoll,
                                                           &loop_uring}; /* libuv aborts */
    static const struct model *const all[4] = {&sequential_model, &threads_model, &async_model,
                                               &coroutines_model};
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture);
    for (int m = 0; m < 8; m++) {
        const struct loop_backend *backend = m < 4 ? NULL : backends[m - 4];
        bool met = true;
        if (backend != NULL && loop_backend_refused(backend) != NULL)
            continue;
        for (int k = 1; met; k++) {
            int refused = 0;
            load(&fixture, (const char *const[]){"/ok", "/chunked", "/ok", "/ok"}, 4,
                 m == 0 ? 1 : 2);
            allocations_until_none = k;
            int error = m < 4 ? all[m]->run(&fixture.run) : by_backend(&fixture.run, backend);
            met = allocations_until_none <= 0;
            allocations_until_none = 0;
            for (uint64_t i = 0; i < 4; i++)
                refused += run_record(&fixture.run, i)->outcome != FETCHED;
            if (error < 0)
                assert_int_equal(error, -ENOMEM);
            else if (refused > (met && m != 1))
                fail_msg("run %d, allocation %d: %d URLs were not fetched", m, k, refused);
            assert_true(met || error == 0);
            unload(&fixture);
        }
    }
    close_fixture(&fixture);
}
#endif

/* ---- What a lane needs, and the options --------------------------------- */

static void test_looking_up_by_each_fetch_needs_descriptors(void **state)
{
    struct fixture fixture;
    uint32_t needed[2];
    (void)state;
    for (int each = 0; each < 2; each++) {
        open_fixture(&fixture);
        fixture.workload.resolve = each ? RESOLVE_EACH : RESOLVE_ONCE;
        load(&fixture, (const char *const[]){"http://server.test/"}, 1, 1);
        needed[each] = transfer_descriptors(&fixture.workload);
        if (!each) { /* with two addresses of one family, and of both */
            char *addresses = (char *)hosts_at(fixture.workload.hosts, 0)->addresses;
            strcpy(addresses, "127.0.0.1,127.0.0.2");
            assert_int_equal(transfer_descriptors(&fixture.workload), needed[0]);
            strcpy(addresses, "[::1],127.0.0.1");
            assert_int_equal(transfer_descriptors(&fixture.workload), needed[0] + 1);
        }
        unload(&fixture);
        close_fixture(&fixture);
    }
    assert_int_equal(needed[0], 1);
    assert_true(needed[1] > needed[0]);
}

static void test_the_options_digest_tells_settings_apart(void **state)
{
    struct workload plain = {.timeout_ns = 1000000, .keep_alive = true}, other = plain;
    char one[17], two[17];
    (void)state;
    assert_string_equal(transfer_options_digest(&plain, one), transfer_options_digest(&other, two));
    other.keep_alive = false;
    assert_string_not_equal(one, transfer_options_digest(&other, two));
    other = plain;
    other.timeout_ns = 2000000;
    assert_string_not_equal(one, transfer_options_digest(&other, two));
    other = plain;
    other.insecure = true;
    assert_string_not_equal(one, transfer_options_digest(&other, two));
    assert_int_equal(strlen(one), 16);
}

int main(void)
{
    /* As the driver does: libcurl is told to leave signals alone. */
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_outcome_by_every_model),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_timed_out),
        cmocka_unit_test(test_connections_are_kept_or_not),
        cmocka_unit_test(test_no_memory_for_one_fetch_is_that_ones_loss),
        cmocka_unit_test(test_no_memory_for_a_multi_handle_is_the_loss_of_those_in_it),
        cmocka_unit_test(test_a_failure_that_may_pass_is_tried_again),
        cmocka_unit_test(test_statuses_that_may_pass),
        cmocka_unit_test(test_so_often_and_no_more),
        cmocka_unit_test(test_names_are_looked_up_once_before_the_gate),
        cmocka_unit_test(test_names_are_looked_up_by_each_fetch),
        cmocka_unit_test(test_a_name_without_an_address),
        cmocka_unit_test(test_whole_bodies_are_saved_under_their_number),
        cmocka_unit_test(test_an_attempt_that_did_not_count_leaves_no_body),
        cmocka_unit_test(test_a_body_that_cannot_be_saved),
        cmocka_unit_test(test_stopped_while_it_waits_receives_or_backs_off),
        cmocka_unit_test(test_done_is_called_once_for_each),
#ifdef OWN_MEMORY
        cmocka_unit_test(test_whichever_allocation_fails),
#endif
        cmocka_unit_test(test_looking_up_by_each_fetch_needs_descriptors),
        cmocka_unit_test(test_the_options_digest_tells_settings_apart),
    };
    return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
