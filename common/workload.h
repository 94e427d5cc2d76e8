/*
 * What is to be fetched, and how: a list of URLs and the settings that every
 * fetch shares. It is built once by the driver, before any worker exists, and
 * is read-only after. The list lies in shared memory (memfd), so that forked
 * workers read the same pages.
 *
 * A list of N URLs costs its own bytes, one more a URL, and 8 bytes for every
 * WORKLOAD_STRIDE URLs; a pattern costs nothing. Nothing here is worse than
 * linear in N.
 */
#ifndef WAITBENCH_WORKLOAD_H
#define WAITBENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest URL that is accepted, in bytes. RFC 9110, section 4.1, asks for
 * 8,000 at least; servers refuse far less than this. */
#define WORKLOAD_URL_MAX 65536

/* Every so many URLs the place of one is kept; the others are found from it. */
#define WORKLOAD_STRIDE 16

enum dispatch {
    DISPATCH_COUNTER, /* every lane draws the next index of one shared counter */
    DISPATCH_STATIC,  /* of C lanes, lane k gets k, k+C, k+2C, … */
};

enum resolve {
    RESOLVE_ONCE, /* names are looked up once a host, before the gate */
    RESOLVE_EACH, /* by each new connection */
};

/* --rate: how many URLs fall due a second, and how they come. See rate.h. */
enum arrivals { EVEN, POISSON, BURST };

struct rate {
    double per_second; /* 0: none, a closed loop */
    enum arrivals arrivals;
    uint64_t burst; /* of BURST: how many fall due at one time; else 1 */
};

struct hosts;

struct workload {
    /* The list. Exactly one of `text` and `pattern` is set. */
    uint64_t count;      /* URLs to fetch, at least 1 */
    uint64_t first;      /* place of the first in the whole list, 0-based: not 0 in a slice */
    uint64_t whole;      /* URLs in the whole list, of which this may be a slice */
    char *text;          /* URLs one after another, each ended by NUL; mapped, text_bytes long */
    size_t text_bytes;   /* bytes mapped at `text` */
    uint64_t *places;    /* where in `text` each WORKLOAD_STRIDE-th URL begins; mapped */
    size_t places_bytes; /* bytes mapped at `places` */
    const char *pattern; /* `{}` stands for the place in the whole list, from 1; not owned */

    /* How each is fetched. */
    uint32_t concurrency;
    enum dispatch dispatch;
    enum resolve resolve;
    uint64_t timeout_ns; /* of one attempt */
    uint32_t retries;    /* further attempts after a failure that may pass */
    bool keep_alive;
    bool insecure;       /* do not verify the server's certificate */
    const char *ca_file; /* NULL: the system's; not owned */
    const char *save;    /* folder for the bodies, or NULL; not owned */
    uint64_t max_body;   /* a longer body is TOO_LARGE; bytes */
    uint32_t cpu_passes; /* hash passes over 4 KiB for each response */
    struct rate rate;
    uint64_t *due;       /* when each URL falls due, in run_now's time; mapped; NULL: no rate */
    struct hosts *hosts; /* names looked up before the gate, or NULL; see resolve.h */
};

/* Why a list was refused: one line for the user, and it names the place. */
struct workload_error {
    char message[512];
};

/*
 * Reads the list from a file (`-` is standard input). Lines end in LF or CRLF;
 * blank lines and lines that begin with `#` are passed over, space around a
 * URL is cut off; the last line may lack its end. Any other line must be an
 * http or https URL. `most` stops after so many URLs (0: all).
 * Returns 0, or -EINVAL (the list is wrong), -ENODATA (it holds no URL), or
 * -errno of the failed read; each with a message.
 */
int workload_read(struct workload *, const char *file, uint64_t most, struct workload_error *);

/* The same for URLs given as arguments. The strings are copied. */
int workload_list(struct workload *, char *const urls[], size_t count, uint64_t most,
                  struct workload_error *);

/* `count` URLs from a pattern. The pattern must outlive the workload. */
int workload_pattern(struct workload *, const char *pattern, uint64_t count,
                     struct workload_error *);

/*
 * Keeps the k-th of m equal parts of the list, 1 <= k <= m. Parts are runs of
 * neighbours; they differ by one URL at most and together are the list.
 * -ENODATA where that part is empty.
 */
int workload_slice(struct workload *, uint64_t k, uint64_t m, struct workload_error *);

/*
 * The URL at `index` (0 <= index < count), ended by NUL. It points into the
 * list, or, for a pattern, into `buffer`, which must hold workload_url_room
 * bytes. Any thread may call it.
 */
const char *workload_url(const struct workload *, uint64_t index, char *buffer);
size_t workload_url_room(const struct workload *);

/* The place of `index` in the whole list, counted from 1: in a pattern's URL,
 * in --save's file names, in records and in the digest. */
static inline uint64_t workload_number(const struct workload *workload, uint64_t index)
{
    return workload->first + index + 1;
}

/* When the URL at `index` falls due, in nanoseconds since the gate; 0 without a rate. */
static inline uint64_t workload_due(const struct workload *workload, uint64_t index)
{
    return workload->due != NULL ? workload->due[index] : 0;
}

/*
 * Where the URL's host stands (not ended by NUL; IPv6 without its brackets)
 * and its port. `url` must have passed workload_check.
 */
struct url_host {
    const char *name;
    size_t length;
    uint16_t port;
    bool numeric; /* an IPv4 or IPv6 address: there is nothing to look up */
};
struct url_host workload_host(const char *url);

/*
 * A URL, or an argument with one in it, as messages and files show it: without
 * its user and password. Print the text's first `front` bytes, `mark`, `rest`.
 */
struct url_shown {
    int front;
    const char *mark, *rest; /* `rest` points into the text */
};
struct url_shown workload_shown(const char *text);

/* NULL if these bytes are an http or https URL, else what is wrong with them. */
const char *workload_check(const char *url, size_t length);

void workload_free(struct workload *);

#endif
