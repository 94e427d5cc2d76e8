#include "common/transfer.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY /* the state as a member, not on the heap */
#include <xxhash.h>

#include "common/digest.h"
#include "common/output.h"
#include "common/resolve.h"

/* Back-off before the second attempt; it doubles from there. */
static const uint64_t BACK_OFF_FIRST_NS = 100u * 1000 * 1000;
static const uint64_t BACK_OFF_MAX_NS = 10u * 1000 * 1000 * 1000ull;

/* Likewise before it is asked again for a local port. Short: on Linux's loopback
 * one is back a second after it was used. Not shorter: who asks in vain looks
 * at every port that there is. */
static const uint64_t PORT_WAIT_FIRST_NS = 10u * 1000 * 1000;
static const uint64_t PORT_WAIT_MAX_NS = 160u * 1000 * 1000;
enum { PORTS_REFUSED_MAX = 3 }; /* see no_port_yet */

/* libcurl's receive buffer, in bytes. What it holds is touched and stays, so a
 * small one is what keeps a lane small; a lane that meets a body beyond it gets
 * the large one for all that follow. docs/decisions.md has the figures. */
enum { BUFFER_SMALL = 2048, BUFFER_LARGE = 65536 };

/* The most header bytes of one attempt, interim answers and trailers included:
 * libcurl 7.88.1 keeps what it has read of them. A line it bounds by 100 KiB. */
enum { HEAD_MAX = 256 * 1024 };

/* Passes of --cpu-work between two looks at the stop word: some 20 ms. */
enum { WORK_SLICE = 1 << 16 };

struct transfer {
    alignas(64) XXH3_state_t hash; /* of a body that comes in more than one piece */
    struct run run;
    uint32_t lane;
    uint32_t attempts;
    CURL *easy;
    char *url; /* room for a pattern's URL */

    /* Where requests go: libcurl's own parse of `front`, kept from URL to URL. */
    CURLU *server;
    char *front; /* scheme://authority; NULL: `server` is of one URL only */
    size_t front_length;

    /* Only of a transfer that blocks: its own connection cache. */
    CURLM *multi;
    struct transfer_names *names;
    struct curl_slist *resolve_list; /* what libcurl was last told of names */
    int64_t telling;          /* the host that it is told of when the transfer starts, or -1 */
    uint64_t computing_since; /* traced runs: when the last wait ended */

    /* The URL under way. */
    uint64_t index;
    struct record *record;
    uint64_t first_byte_ns, body_bytes, body_hash;
    uint64_t asked_ns; /* when first, of an attempt that was asked for again; else 0 */
    uint64_t portless_since_ns, port_wait_ns; /* while it has no local port */
    uint32_t ports_refused;
    size_t head_bytes;
    int save_fd;     /* -1: none */
    bool head_whole; /* its empty line has come */
    bool in_pieces;  /* `hash` is in use, not body_hash */
    bool too_large, not_saved;
    bool owns_names;
    bool wide;                   /* has the large receive buffer */
    char error[CURL_ERROR_SIZE]; /* libcurl's words for what went wrong */
};

/* ---- The library -------------------------------------------------------- */

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static CURLcode library_state = CURLE_FAILED_INIT;

/* CURLOPT_USERAGENT's text would be printed twice for each request, a line of
 * this list is printed once. The empty line takes libcurl's own out: without
 * Accept anything is welcome as well (RFC 9110, section 12.5.1). */
static const char *const HEADERS[] = {"User-Agent: waitbench/" WAITBENCH_VERSION, "Accept:"};
static struct curl_slist *headers;

static void library_init(void)
{
    library_state = curl_global_init(CURL_GLOBAL_ALL);
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS && library_state == CURLE_OK; i++) {
        struct curl_slist *longer = curl_slist_append(headers, HEADERS[i]);
        if (longer != NULL)
            headers = longer;
        else
            library_state = CURLE_OUT_OF_MEMORY;
    }
}

int transfer_library(void)
{
    pthread_once(&library_once, library_init);
    return library_state == CURLE_OK ? 0 : -ENOMEM;
}

void transfer_library_close(void)
{
    curl_slist_free_all(headers);
    headers = NULL;
    if (library_state == CURLE_OK)
        curl_global_cleanup();
}

/* curl_version() would tell of OpenLDAP too, and start it to ask: with it SASL, which reads its
 * plug-ins from disk and, where memory is short, crashes. */
const char *transfer_version(void)
{
    static char text[160];
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    snprintf(text, sizeof text, "libcurl/%s %s zlib/%s nghttp2/%s", about->version,
             about->ssl_version != NULL ? about->ssl_version : "no-tls",
             about->libz_version != NULL ? about->libz_version : "none",
             about->nghttp2_version != NULL ? about->nghttp2_version : "none");
    return text;
}

/* ---- The options -------------------------------------------------------- */

static size_t on_header(char *data, size_t size, size_t count, void *data_of);
static size_t on_body(char *data, size_t size, size_t count, void *data_of);

/* Where options go: to a handle, or, to be compared between runs, to a hash. */
struct sink {
    CURL *easy;
    XXH3_state_t *log;
    CURLcode failed;
};

static void log_option(struct sink *sink, const char *name, const char *value)
{
    if (sink->log != NULL) {
        XXH3_64bits_update(sink->log, name, strlen(name) + 1);
        XXH3_64bits_update(sink->log, value, strlen(value) + 1);
    }
}

static void set_long(struct sink *sink, CURLoption option, const char *name, long value)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", value);
    log_option(sink, name, text);
    if (sink->easy != NULL && sink->failed == CURLE_OK)
        sink->failed = curl_easy_setopt(sink->easy, option, value);
}

static void set_text(struct sink *sink, CURLoption option, const char *name, const char *value)
{
    log_option(sink, name, value != NULL ? value : "(null)");
    if (sink->easy != NULL && sink->failed == CURLE_OK)
        sink->failed = curl_easy_setopt(sink->easy, option, value);
}

static void set_offset(struct sink *sink, CURLoption option, const char *name, curl_off_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" CURL_FORMAT_CURL_OFF_T, value);
    log_option(sink, name, text);
    if (sink->easy != NULL && sink->failed == CURLE_OK)
        sink->failed = curl_easy_setopt(sink->easy, option, value);
}

static void set_headers(struct sink *sink)
{
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++)
        log_option(sink, "CURLOPT_HTTPHEADER", HEADERS[i]);
    if (sink->easy != NULL && sink->failed == CURLE_OK)
        sink->failed = curl_easy_setopt(sink->easy, CURLOPT_HTTPHEADER, headers);
}

#define SET_LONG(option, value) set_long(sink, option, #option, value)
#define SET_TEXT(option, value) set_text(sink, option, #option, value)

static long timeout_ms(const struct workload *workload)
{
    return (long)((workload->timeout_ns + 999999) / 1000000);
}

static void set_options(struct sink *sink, const struct workload *workload)
{
    /* The request: plain HTTP/1.1 GET, nothing taken from the user's home or
     * environment, the body as it was sent. */
    SET_TEXT(CURLOPT_PROTOCOLS_STR, "http,https");
    SET_LONG(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    SET_LONG(CURLOPT_HTTP09_ALLOWED, 0);
    SET_LONG(CURLOPT_HTTPGET, 1);
    set_headers(sink);
    SET_LONG(CURLOPT_FOLLOWLOCATION, 0);
    SET_LONG(CURLOPT_FAILONERROR, 0);
    SET_LONG(CURLOPT_NETRC, CURL_NETRC_IGNORED);
    SET_TEXT(CURLOPT_ACCEPT_ENCODING, NULL);
    SET_LONG(CURLOPT_HTTP_CONTENT_DECODING, 0);
    SET_LONG(CURLOPT_HTTP_TRANSFER_DECODING, 1);
    SET_LONG(CURLOPT_IGNORE_CONTENT_LENGTH, 0);
    SET_LONG(CURLOPT_PATH_AS_IS, 1);
    /* on_body bounds the body as well; this refuses what is announced. A length
     * beyond 64 bits libcurl 7.88.1 would take for none without it. */
    set_offset(sink, CURLOPT_MAXFILESIZE_LARGE, "CURLOPT_MAXFILESIZE_LARGE",
               workload->max_body < INT64_MAX ? (curl_off_t)workload->max_body : INT64_MAX);

    /* The connection. No proxy, and no reading of the environment at each
     * transfer to find one, nor copies of the files that would prove it. */
    SET_TEXT(CURLOPT_NOPROXY, "*");
    SET_TEXT(CURLOPT_PROXY_CAINFO, NULL);
    SET_TEXT(CURLOPT_PROXY_CAPATH, NULL);
    SET_LONG(CURLOPT_FRESH_CONNECT, workload->keep_alive ? 0 : 1);
    SET_LONG(CURLOPT_FORBID_REUSE, workload->keep_alive ? 0 : 1);
    SET_LONG(CURLOPT_MAXAGE_CONN, 118);
    SET_LONG(CURLOPT_PIPEWAIT, 0);
    SET_LONG(CURLOPT_TCP_NODELAY, 1);
    SET_LONG(CURLOPT_TCP_KEEPALIVE, 0);
    SET_LONG(CURLOPT_IPRESOLVE, CURL_IPRESOLVE_WHATEVER);
    SET_LONG(CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, CURL_HET_DEFAULT);
    /* -1 keeps names for good, and keeps libcurl 7.88.1 from walking its cache
     * of names at each transfer. */
    SET_LONG(CURLOPT_DNS_CACHE_TIMEOUT, workload->resolve == RESOLVE_ONCE ? -1 : 0);
    SET_LONG(CURLOPT_BUFFERSIZE, BUFFER_SMALL); /* at first: see widen_buffer */

    /* The time. NOSIGNAL keeps libcurl from calling sigaction around each
     * transfer, and from SIGALRM; the driver ignores SIGPIPE instead. */
    SET_LONG(CURLOPT_TIMEOUT_MS, timeout_ms(workload));
    /* 0 is libcurl's 300 s: a bound of its own, and a timer less to keep, as
     * long as the one above ends the attempt first. */
    SET_LONG(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms(workload) < 300000 ? 0 : timeout_ms(workload));
    SET_LONG(CURLOPT_NOSIGNAL, 1);
    SET_LONG(CURLOPT_NOPROGRESS, 1);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A look-up that takes too long is left to end by itself. Else libcurl
     * 7.88.1 would wait for it, and a loop with all its other fetches too. */
    SET_LONG(CURLOPT_QUICK_EXIT, 1);
#endif

    SET_LONG(CURLOPT_SSL_VERIFYPEER, workload->insecure ? 0 : 1);
    SET_LONG(CURLOPT_SSL_VERIFYHOST, workload->insecure ? 0 : 2);
    if (workload->ca_file != NULL)
        SET_TEXT(CURLOPT_CAINFO, workload->ca_file);
}

char *transfer_options_digest(const struct workload *workload, char text[static 17])
{
    XXH3_state_t *log = XXH3_createState();
    if (log == NULL)
        return NULL;
    XXH3_64bits_reset(log);
    set_options(&(struct sink){.log = log}, workload);
    snprintf(text, 17, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(log));
    XXH3_freeState(log);
    return text;
}

uint32_t transfer_kept(const struct workload *workload)
{
    /* One host needs one. With several, a lane that could keep only one would
     * hardly ever find it again. */
    uint32_t hosts = workload->hosts != NULL ? hosts_count(workload->hosts) : 1;
    return hosts < 4 ? hosts : 4;
}

uint32_t transfer_descriptors(const struct workload *workload)
{
    /* A look-up: libcurl's pair to be woken by, and what getaddrinfo opens. */
    bool names = workload->hosts == NULL || hosts_names(workload->hosts) > 0;
    uint32_t look_up = workload->resolve == RESOLVE_EACH && names ? 4 : 0;
    /* Where the first address does not answer at once, one of the other family is tried as well. */
    uint32_t beside = workload->hosts != NULL && hosts_mixed(workload->hosts) ? 1 : 0;
    return transfer_kept(workload) + look_up + beside + (workload->save != NULL ? 1 : 0);
}

/* ---- Names -------------------------------------------------------------- */

struct transfer_names {
    const struct hosts *hosts;
    uint8_t told[]; /* a bit a host */
};

struct transfer_names *transfer_names_open(const struct workload *workload)
{
    uint32_t hosts = workload->hosts != NULL ? hosts_count(workload->hosts) : 0;
    struct transfer_names *names = calloc(1, sizeof *names + (hosts + 7) / 8);
    bool needed = hosts > 0 && hosts_names(workload->hosts) > 0;
    if (names != NULL && needed && workload->resolve == RESOLVE_ONCE)
        names->hosts = workload->hosts;
    return names;
}

void transfer_names_forget(struct transfer_names *names)
{
    if (names->hosts != NULL)
        memset(names->told, 0, (hosts_count(names->hosts) + 7) / 8);
}

void transfer_names_close(struct transfer_names *names)
{
    free(names);
}

/* Tells this transfer's connection cache the addresses of the URL's host, the
 * first time one of its URLs comes along. False: the host has none. */
static bool tell_names(struct transfer *transfer, const char *url)
{
    struct transfer_names *names = transfer->names;
    if (names->hosts == NULL)
        return true;
    struct url_host wanted = workload_host(url);
    int64_t place = hosts_find(names->hosts, &wanted);
    assert(place >= 0); /* the table was made from this very list */
    const struct host *host = hosts_at(names->hosts, (uint32_t)place);
    if (host->numeric)
        return true;
    if (!atomic_load_explicit(&host->known, memory_order_acquire))
        return false;
    uint8_t bit = (uint8_t)(1u << (place % 8));
    if (names->told[place / 8] & bit)
        return true;

    char entry[sizeof host->name + sizeof host->addresses + 16];
    snprintf(entry, sizeof entry, "%s:%u:%s", host->name, (unsigned)host->port, host->addresses);
    struct curl_slist *list = curl_slist_append(NULL, entry);
    if (list == NULL)
        return true; /* then libcurl looks it up itself, late but right */
    /* libcurl reads the list when the transfer starts and keeps what it says
     * in the multi handle; it is freed with the transfer's next list. */
    curl_slist_free_all(transfer->resolve_list);
    transfer->resolve_list = list;
    if (curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, list) == CURLE_OK)
        transfer->telling = place;
    return true;
}

/* The transfer starts, and libcurl reads the list: now others need not say it again. (In an open
 * loop they may well start before it.) */
static void names_are_told(struct transfer *transfer)
{
    if (transfer->telling >= 0)
        transfer->names->told[transfer->telling / 8] |= (uint8_t)(1u << (transfer->telling % 8));
    transfer->telling = -1;
}

/* ---- Where a request goes ----------------------------------------------- */

static CURLcode set_server(struct transfer *transfer, const char *url)
{
    CURLUcode code = curl_url_set(transfer->server, CURLUPART_URL, url, CURLU_PATH_AS_IS);
    if (code != CURLUE_OK)
        return code == CURLUE_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_URL_MALFORMAT;
    return curl_easy_setopt(transfer->easy, CURLOPT_CURLU, transfer->server);
}

/* "http://host:80", of a URL that goes on with a path and has no fragment; else 0. */
static size_t plain_front(const char *url)
{
    size_t front = (size_t)(strstr(url, "://") - url) + 3;
    front += strcspn(url + front, "/?#");
    return url[front] == '/' && strchr(url + front, '#') == NULL ? front : 0;
}

/* libcurl would parse and print each URL anew, a seventh of a fetch's work.
 * Most go to the server of the one before: then only the rest of the URL, which
 * is the request's target to the letter, is handed over. */
static CURLcode set_url(struct transfer *transfer, const char *url)
{
    size_t known = transfer->front_length;
    if (transfer->front != NULL && strncmp(url, transfer->front, known) == 0 && url[known] == '/' &&
        strchr(url + known, '#') == NULL)
        return curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, url + known);

    free(transfer->front);
    size_t front = plain_front(url);
    transfer->front = front > 0 ? strndup(url, front) : NULL;
    transfer->front_length = front;
    CURLcode code = set_server(transfer, transfer->front != NULL ? transfer->front : url);
    if (code != CURLE_OK) { /* or the next URL would be asked of the server before this one */
        free(transfer->front);
        transfer->front = NULL;
        return code;
    }
    return curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET,
                            transfer->front != NULL ? url + front : NULL);
}

/* ---- Opening and closing ------------------------------------------------ */

struct transfer *transfer_open_easy(const struct run *run, uint32_t lane,
                                    struct transfer_names *names)
{
    if (transfer_library() < 0)
        return NULL;
    struct transfer *transfer = aligned_alloc(alignof(struct transfer), sizeof *transfer);
    if (transfer == NULL)
        return NULL;
    *transfer =
        (struct transfer){.run = *run, .lane = lane, .names = names, .telling = -1, .save_fd = -1};
    transfer->url = malloc(workload_url_room(run->workload));
    transfer->easy = curl_easy_init();
    transfer->server = curl_url();
    if (transfer->url == NULL || transfer->easy == NULL || transfer->server == NULL) {
        transfer_close(transfer);
        return NULL;
    }
    struct sink sink = {.easy = transfer->easy};
    set_options(&sink, run->workload);
    CURL *easy = transfer->easy;
    bool set = sink.failed == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK;
    if (!set) {
        transfer_close(transfer);
        return NULL;
    }
    return transfer;
}

struct transfer *transfer_open(const struct run *run, uint32_t lane)
{
    struct transfer_names *names = transfer_names_open(run->workload);
    if (names == NULL)
        return NULL;
    struct transfer *transfer = transfer_open_easy(run, lane, names);
    if (transfer == NULL) {
        transfer_names_close(names);
        return NULL;
    }
    transfer->owns_names = true;
    transfer->multi = curl_multi_init();
    if (transfer->multi == NULL ||
        curl_multi_setopt(transfer->multi, CURLMOPT_MAXCONNECTS,
                          (long)transfer_kept(run->workload)) != CURLM_OK) {
        transfer_close(transfer);
        return NULL;
    }
    return transfer;
}

void transfer_close(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    curl_easy_cleanup(transfer->easy);
    curl_multi_cleanup(transfer->multi);
    curl_slist_free_all(transfer->resolve_list);
    if (transfer->owns_names)
        transfer_names_close(transfer->names);
    curl_url_cleanup(transfer->server);
    free(transfer->front);
    free(transfer->url);
    free(transfer);
}

void *transfer_easy(struct transfer *transfer)
{
    return transfer->easy;
}

/* ---- Bodies on disk ----------------------------------------------------- */

/* DIR/000001 for the first URL of the list, or what it is written as until it
 * is whole. No part of the URL ever enters a path. */
static void save_path(const struct transfer *transfer, bool whole, char path[static PATH_MAX])
{
    const struct workload *workload = transfer->run.workload;
    snprintf(path, PATH_MAX, whole ? "%s/%06" PRIu64 : "%s/.%06" PRIu64 ".part", workload->save,
             workload_number(workload, transfer->index));
}

static void save_begin(struct transfer *transfer)
{
    char path[PATH_MAX];
    if (transfer->run.workload->save == NULL)
        return;
    save_path(transfer, false, path);
    transfer->save_fd = output_make_new(path);
    transfer->not_saved = transfer->save_fd < 0;
}

static bool save_more(struct transfer *transfer, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(transfer->save_fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

/* Gives a whole body its name, and takes anything less away. */
static void save_end(struct transfer *transfer, bool whole)
{
    char part[PATH_MAX], path[PATH_MAX];
    if (transfer->save_fd < 0)
        return;
    /* Some file systems report a full disk only when the file is closed. */
    bool closed = close(transfer->save_fd) == 0;
    transfer->save_fd = -1;
    save_path(transfer, false, part);
    save_path(transfer, true, path);
    if (whole && closed && rename(part, path) == 0)
        return;
    transfer->not_saved |= whole;
    (void)unlink(part);
}

/* ---- What libcurl hands us ---------------------------------------------- */

static void note_first_byte(struct transfer *transfer)
{
    if (transfer->first_byte_ns == 0)
        transfer->first_byte_ns = run_now(&transfer->run);
}

/* A line of the head, of one before it (a 1xx), or of a trailer. Whether the
 * head was whole libcurl 7.88.1 does not tell: to it, an answer that is cut off
 * behind its status line has an empty body. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_header(char *data, size_t size, size_t count, void *data_of)
{
    struct transfer *transfer = data_of;
    size_t length = size * count;
    note_first_byte(transfer);
    transfer->head_bytes += length;
    if (transfer->head_bytes > HEAD_MAX) {
        transfer->too_large = true;
        return length + 1; /* any other number ends the transfer */
    }
    if (data[0] == '\r' || data[0] == '\n')
        transfer->head_whole = true;
    else if (length > 5 && memcmp(data, "HTTP/", 5) == 0)
        transfer->head_whole = false;
    return length;
}

/* The same hashes by the widest vectors that this processor has: Debian's
 * libxxhash chooses at run time, in functions of their own. Elsewhere it may
 * lack them, and they are null. */
__attribute__((weak)) XXH64_hash_t XXH3_64bits_dispatch(const void *data, size_t length);
__attribute__((weak)) XXH_errorcode XXH3_64bits_update_dispatch(XXH3_state_t *state,
                                                                const void *data, size_t length);

static uint64_t hash_whole(const char *data, size_t length)
{
    return XXH3_64bits_dispatch != NULL ? XXH3_64bits_dispatch(data, length)
                                        : XXH3_64bits(data, length);
}

static void hash_piece(XXH3_state_t *state, const char *data, size_t length)
{
    if (XXH3_64bits_update_dispatch != NULL)
        XXH3_64bits_update_dispatch(state, data, length);
    else
        XXH3_64bits_update(state, data, length);
}

/* A body that comes whole, as small ones do, is hashed in one call; else the
 * pieces go through the streaming state. */
static void hash_more(struct transfer *transfer, const char *data, size_t length)
{
    if (transfer->body_bytes == 0) {
        curl_off_t announced = -1;
        curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        if (announced == (curl_off_t)length) {
            transfer->body_hash = hash_whole(data, length);
            return;
        }
        XXH3_64bits_reset(&transfer->hash);
        transfer->in_pieces = true;
    }
    if (transfer->in_pieces)
        hash_piece(&transfer->hash, data, length);
}

static size_t on_body(char *data, size_t size, size_t count, void *data_of)
{
    struct transfer *transfer = data_of;
    size_t length = size * count;
    const size_t refuse = length + 1; /* any other number ends the transfer */
    note_first_byte(transfer);
    if (length > transfer->run.workload->max_body - transfer->body_bytes) {
        transfer->too_large = true;
        return refuse;
    }
    if (transfer->run.workload->save != NULL &&
        (transfer->not_saved || !save_more(transfer, data, length))) {
        transfer->not_saved = true;
        return refuse;
    }
    hash_more(transfer, data, length);
    transfer->body_bytes += length;
    return length;
}

/* ---- One attempt -------------------------------------------------------- */

void transfer_attempt(struct transfer *transfer)
{
    transfer->first_byte_ns = transfer->body_bytes = transfer->body_hash = 0;
    /* In an open loop a lane draws before its URL is due: under way it is from now on. */
    if (transfer->attempts == 0 && transfer->run.workload->due != NULL)
        transfer->record->taken_ns = run_now(&transfer->run);
    transfer->in_pieces = transfer->too_large = transfer->not_saved = false;
    transfer->head_bytes = transfer->head_whole = 0;
    transfer->error[0] = '\0';
    transfer->record->status = 0;
    transfer->attempts++;
    names_are_told(transfer);
    save_begin(transfer);
}

static void finish(struct transfer *transfer, enum outcome outcome)
{
    struct record *record = transfer->record;
    record->first_byte_ns = transfer->first_byte_ns;
    record->body_bytes = transfer->body_bytes;
    record->body_hash = transfer->body_hash;
    record->attempts = (uint8_t)(transfer->attempts < 255 ? transfer->attempts : 255);
    record->end_ns = run_now(&transfer->run);
    run_finish(&transfer->run, transfer->index, outcome);
    transfer->record = NULL;
}

static void found_port(struct transfer *transfer)
{
    transfer->portless_since_ns = 0;
    transfer->port_wait_ns = PORT_WAIT_FIRST_NS;
    transfer->ports_refused = 0;
}

/* Of an attempt that is asked for again, uncounted: the time is that of the first asking. False: it
 * is over. */
static bool has_time_left(struct transfer *transfer)
{
    curl_off_t took_us = 0;
    uint64_t now = run_now(&transfer->run), timeout_ns = transfer->run.workload->timeout_ns;
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    if (transfer->asked_ns == 0)
        transfer->asked_ns = now - (uint64_t)took_us * 1000;
    uint64_t spent_ns = now - transfer->asked_ns;
    if (spent_ns >= timeout_ns)
        return false;
    long left_ms = (long)((timeout_ns - spent_ns + 999999) / 1000000);
    return curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, left_ms) == CURLE_OK;
}

/* The next attempt has all of it. */
static void whole_time_again(struct transfer *transfer)
{
    if (transfer->asked_ns != 0)
        curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, timeout_ms(transfer->run.workload));
    transfer->asked_ns = 0;
}

bool transfer_begin(struct transfer *transfer, uint64_t index)
{
    const char *url = workload_url(transfer->run.workload, index, transfer->url);
    transfer->index = index;
    transfer->record = run_record(&transfer->run, index);
    transfer->attempts = 0;
    whole_time_again(transfer);
    found_port(transfer);
    transfer->first_byte_ns = transfer->body_bytes = transfer->body_hash = 0;
    if (!tell_names(transfer, url)) {
        finish(transfer, NOT_RESOLVED);
        return false;
    }
    CURLcode code = set_url(transfer, url);
    if (code != CURLE_OK) {
        finish(transfer, code == CURLE_OUT_OF_MEMORY ? WORKER_LOST : GARBAGE);
        return false;
    }
    return true;
}

static enum outcome judge(const struct transfer *transfer, CURLcode code, long status)
{
    if (transfer->not_saved)
        return NOT_SAVED;
    if (transfer->too_large)
        return TOO_LARGE;
    switch (code) {
    case CURLE_OK:
        if (!transfer->head_whole)
            return TRUNCATED;
        if (status < 200)
            return GARBAGE; /* a switch of protocols that nobody asked for */
        return status >= 400 ? BAD_STATUS : FETCHED;
    case CURLE_OPERATION_TIMEDOUT:
        return TIMED_OUT;
    case CURLE_COULDNT_CONNECT:
        return REFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return NOT_RESOLVED;
    case CURLE_PARTIAL_FILE:
        return TRUNCATED;
    case CURLE_FILESIZE_EXCEEDED:
        return TOO_LARGE;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
        return RESET;
    case CURLE_RECV_ERROR:
        /* libcurl 7.88.1 ends a badly chunked body so too, and only its words
         * tell them apart: CURLINFO_OS_ERRNO may be of an earlier fetch. */
        return strstr(transfer->error, "chunked-encoding") != NULL ? GARBAGE : RESET;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return TLS_FAILED;
    case CURLE_OUT_OF_MEMORY:
        /* libcurl 7.88.1 says so too of a header beyond its own bounds. */
        return transfer->first_byte_ns != 0 && !transfer->head_whole ? TOO_LARGE : WORKER_LOST;
    default:
        return GARBAGE;
    }
}

/* A failure that a later attempt may not meet again. The statuses are those
 * that curl's --retry takes for passing. */
static bool may_pass(enum outcome outcome, long status)
{
    switch (outcome) {
    case TIMED_OUT:
    case REFUSED:
    case RESET:
    case TRUNCATED:
    case NOT_RESOLVED:
        return true;
    case BAD_STATUS:
        return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
               status == 504;
    default:
        return false;
    }
}

static uint64_t back_off_ns(uint32_t attempts)
{
    uint64_t doubled = attempts > 7 ? BACK_OFF_MAX_NS : BACK_OFF_FIRST_NS << (attempts - 1);
    return doubled < BACK_OFF_MAX_NS ? doubled : BACK_OFF_MAX_NS;
}

/* From the next attempt on, since libcurl takes a new buffer for each. */
static void widen_buffer(struct transfer *transfer)
{
    transfer->wide =
        curl_easy_setopt(transfer->easy, CURLOPT_BUFFERSIZE, (long)BUFFER_LARGE) == CURLE_OK;
}

/* Whether every local port is in use or rests after use: then a socket that
 * would take any of them, at any address of either family, gets none. */
static bool ports_are_out(void)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6};
    struct sockaddr_in any4 = {.sin_family = AF_INET};
    int both = 0, error = 0;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both) == 0) {
        error = bind(fd, (struct sockaddr *)&any6, sizeof any6) < 0 ? errno : 0;
    } else {
        if (fd >= 0)
            close(fd);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        error = bind(fd, (struct sockaddr *)&any4, sizeof any4) < 0 ? errno : 0;
    }
    if (fd >= 0)
        close(fd);
    return error == EADDRINUSE;
}

/*
 * Whether an attempt found no local port and should ask again at *again_ns: a
 * resource that comes back, and nothing that happened to this URL. The kernel
 * says the same where it has no address to connect from (::1 without IPv6);
 * then ports are free. They also are when one came back just now: so that is
 * believed only when it is seen a few times in a row.
 */
static bool no_port_yet(struct transfer *transfer, CURLcode code, uint64_t *again_ns)
{
    long os_error = 0;
    if (code != CURLE_COULDNT_CONNECT || run_stopping(&transfer->run))
        return false;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
    if (os_error != EADDRNOTAVAIL)
        return false;
    uint64_t now = run_now(&transfer->run);
    if (transfer->portless_since_ns == 0)
        transfer->portless_since_ns = now;
    *again_ns = now;
    if (!ports_are_out())
        return ++transfer->ports_refused <= PORTS_REFUSED_MAX;
    run_count(&transfer->run, RUN_PORT_WAITS, 1);
    if (now - transfer->portless_since_ns >= transfer->run.workload->timeout_ns)
        return false;
    transfer->ports_refused = 0;
    *again_ns += transfer->port_wait_ns;
    if (transfer->port_wait_ns < PORT_WAIT_MAX_NS)
        transfer->port_wait_ns *= 2;
    return true;
}

/* --cpu-work on the answer. False: the run was stopped first. */
static bool work(struct transfer *transfer)
{
    uint32_t left = transfer->run.workload->cpu_passes;
    while (left > 0 && !run_stopping(&transfer->run)) {
        uint32_t slice = left < WORK_SLICE ? left : WORK_SLICE;
        transfer->body_hash = digest_work(transfer->body_hash, slice);
        left -= slice;
    }
    return left == 0;
}

bool transfer_end(struct transfer *transfer, int code, uint64_t *again_ns)
{
    const struct workload *workload = transfer->run.workload;
    long status = 0, connections = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    if (connections > 0)
        run_count(&transfer->run, RUN_CONNECTIONS, (uint64_t)connections);

    if (transfer->in_pieces)
        transfer->body_hash = XXH3_64bits_digest(&transfer->hash);
    else if (transfer->body_bytes == 0)
        transfer->body_hash = XXH3_64bits(NULL, 0);
    if (!transfer->wide && transfer->body_bytes > BUFFER_SMALL)
        widen_buffer(transfer);
    enum outcome outcome = judge(transfer, (CURLcode)code, status);
    bool dead = outcome == RESET && connections == 0 && transfer->first_byte_ns == 0 &&
                !run_stopping(&transfer->run);
    if (dead && has_time_left(transfer)) {
        /* A kept connection had died, which is nothing that happened to this
         * URL: it is asked for again, uncounted. libcurl 7.88.1 does so itself,
         * but only five times in a handle's life. */
        save_end(transfer, false);
        transfer->attempts--;
        *again_ns = run_now(&transfer->run);
        return false;
    }
    if (no_port_yet(transfer, (CURLcode)code, again_ns)) {
        save_end(transfer, false);
        transfer->attempts--;
        return false;
    }
    found_port(transfer);
    if (dead)
        outcome = TIMED_OUT; /* by one dead connection after another */
    whole_time_again(transfer);
    transfer->record->status = (uint16_t)status;

    if (transfer->attempts <= workload->retries && may_pass(outcome, status) &&
        !run_stopping(&transfer->run)) {
        save_end(transfer, false);
        run_count(&transfer->run, RUN_RETRIED, 1);
        *again_ns = run_now(&transfer->run) + back_off_ns(transfer->attempts);
        return false;
    }
    if (code == CURLE_OK && !work(transfer))
        outcome = INTERRUPTED;
    save_end(transfer, outcome == FETCHED || outcome == BAD_STATUS);
    if (transfer->not_saved)
        outcome = NOT_SAVED;
    finish(transfer, outcome);
    return true;
}

void transfer_interrupt(struct transfer *transfer)
{
    save_end(transfer, false);
    finish(transfer, INTERRUPTED);
}

/* ---- A fetch that blocks ------------------------------------------------ */

/* What a traced run keeps: from where a wait ends to where the next begins, or the fetch ends. Who
 * has nothing left to fetch waits for the others, and does not compute. */
static void computing_begins(struct transfer *transfer)
{
    if (run_tracing(&transfer->run))
        transfer->computing_since = run_now(&transfer->run);
}

static void computing_ends(const struct transfer *transfer)
{
    if (run_tracing(&transfer->run))
        run_computed(&transfer->run, transfer->lane, transfer->computing_since,
                     run_now(&transfer->run));
}

/* Waits for the connection, the run's end, or libcurl's next timeout. This is
 * the place where a worker of a pool waits, and nearly all it does. */
static void wait_for_socket(struct transfer *transfer)
{
    struct curl_waitfd stop = {.fd = run_stop_fd(&transfer->run), .events = CURL_WAIT_POLLIN};
    computing_ends(transfer);
    curl_multi_poll(transfer->multi, &stop, 1, INT_MAX, NULL);
    computing_begins(transfer);
}

/* What curl_easy_perform does, and libcurl does it the same way inside; by
 * hand, so that a stopped run wakes it at once. False: stopped. */
static bool perform(struct transfer *transfer, CURLcode *code)
{
    int running = 0, left = 0;
    if (curl_multi_add_handle(transfer->multi, transfer->easy) != CURLM_OK) {
        *code = CURLE_OUT_OF_MEMORY;
        return true;
    }
    while (curl_multi_perform(transfer->multi, &running) == CURLM_OK && running > 0) {
        if (run_stopping(&transfer->run)) {
            curl_multi_remove_handle(transfer->multi, transfer->easy);
            return false;
        }
        wait_for_socket(transfer);
    }
    const CURLMsg *message = curl_multi_info_read(transfer->multi, &left);
    *code = message != NULL ? message->data.result : CURLE_OUT_OF_MEMORY;
    curl_multi_remove_handle(transfer->multi, transfer->easy);
    return true;
}

/* Sleeps until `due_ns`, or until the run is stopped: then false. */
static bool sleep_until(struct transfer *transfer, uint64_t due_ns)
{
    const struct run *run = &transfer->run;
    struct pollfd stop = {.fd = run_stop_fd(run), .events = POLLIN};
    for (uint64_t now = run_now(run); now < due_ns && !run_stopping(run); now = run_now(run)) {
        struct timespec left = {.tv_sec = (time_t)((due_ns - now) / 1000000000),
                                .tv_nsec = (long)((due_ns - now) % 1000000000)};
        computing_ends(transfer);
        ppoll(&stop, 1, &left, NULL);
        computing_begins(transfer);
    }
    return !run_stopping(run);
}

/* Until its outcome, whichever that is. */
static void fetch(struct transfer *transfer, uint64_t index)
{
    uint64_t due_ns = workload_due(transfer->run.workload, index);
    CURLcode code = CURLE_OK;
    if (!transfer_begin(transfer, index))
        return;
    while (sleep_until(transfer, due_ns)) {
        transfer_attempt(transfer);
        if (!perform(transfer, &code))
            break;
        if (transfer_end(transfer, (int)code, &due_ns))
            return;
    }
    transfer_interrupt(transfer);
}

void transfer_fetch(struct transfer *transfer, uint64_t index)
{
    computing_begins(transfer);
    fetch(transfer, index);
    computing_ends(transfer);
}
