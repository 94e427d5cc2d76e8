#include "origin/stats.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "origin/clock.h"

/* The sum of all lanes at one time. */
struct totals {
    uint64_t requests, responses, connections, body_bytes, residence_ns;
    uint64_t by_status[STATS_STATUSES];
    uint64_t late[STATS_BUCKETS];
    double cpu_user_s, cpu_system_s;
};

/* A gauge and the highest it has been. */
struct gauge {
    alignas(64) _Atomic uint64_t now;
    _Atomic uint64_t peak;
};

struct stats {
    struct gauge open, in_flight;
    alignas(64) _Atomic uint64_t first_request_ns; /* 0 for none */
    _Atomic uint64_t late_max_ns;
    pthread_mutex_t reporting; /* guards what is below */
    uint64_t reset_ns;
    struct totals base, sum;
    unsigned threads;
    alignas(64) struct stats_lane lanes[];
};

/* Counting -------------------------------------------------------------------------- */

/* The lane's only writer adds: no lock, no lost update, and a reader sees whole values. */
static void add(_Atomic uint64_t *count, uint64_t more)
{
    uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, now + more, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void raise_to(_Atomic uint64_t *highest, uint64_t value)
{
    uint64_t seen = get(highest);
    while (seen < value && !atomic_compare_exchange_weak(highest, &seen, value))
        continue;
}

static void gauge_up(struct gauge *gauge)
{
    raise_to(&gauge->peak, atomic_fetch_add(&gauge->now, 1) + 1);
}

static void gauge_down(struct gauge *gauge)
{
    atomic_fetch_sub(&gauge->now, 1);
}

static void gauge_reset(struct gauge *gauge)
{
    atomic_store(&gauge->peak, 0);
    /* In this order: whoever goes up meanwhile raises the peak after its own step. */
    raise_to(&gauge->peak, atomic_load(&gauge->now));
}

void stats_connection(struct stats *stats, struct stats_lane *lane)
{
    add(&lane->connections, 1);
    gauge_up(&stats->open);
}

void stats_connection_ended(struct stats *stats)
{
    gauge_down(&stats->open);
}

void stats_request(struct stats *stats, struct stats_lane *lane, uint64_t now)
{
    uint64_t first = get(&stats->first_request_ns);
    while ((!first || now < first) &&
           !atomic_compare_exchange_weak(&stats->first_request_ns, &first, now))
        continue;
    add(&lane->requests, 1);
    gauge_up(&stats->in_flight);
}

void stats_request_ended(struct stats *stats)
{
    gauge_down(&stats->in_flight);
}

void stats_response(struct stats_lane *lane, unsigned status, uint64_t request_ns,
                    uint64_t handed_ns, uint64_t now)
{
    add(&lane->responses, 1);
    add(&lane->by_status[status], 1);
    add(&lane->residence_ns, now - request_ns);
    atomic_store_explicit(&lane->last_byte_ns, handed_ns, memory_order_relaxed);
}

void stats_body(struct stats_lane *lane, uint64_t bytes)
{
    add(&lane->body_bytes, bytes);
}

void stats_late(struct stats *stats, struct stats_lane *lane, uint64_t late_ns)
{
    add(&lane->late[stats_bucket(late_ns)], 1);
    raise_to(&stats->late_max_ns, late_ns);
}

/* The histogram ---------------------------------------------------------------------- */

unsigned stats_bucket(uint64_t ns)
{
    if (ns < 64)
        return (unsigned)ns;
    unsigned shift = (unsigned)(63 - __builtin_clzll(ns)) - 5;
    unsigned bucket = 64 + (shift - 1) * 32 + (unsigned)(ns >> shift) - 32;
    return bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS - 1;
}

uint64_t stats_bucket_top(unsigned bucket)
{
    if (bucket < 64)
        return bucket;
    unsigned shift = (bucket - 64) / 32 + 1;
    uint64_t steps = 32 + (bucket - 64) % 32;
    return ((steps + 1) << shift) - 1;
}

/* The nearest rank: the least value that at least this share of them does not exceed. */
static uint64_t percentile(const uint64_t late[static STATS_BUCKETS], uint64_t count,
                           unsigned percent, uint64_t max)
{
    uint64_t rank = (count * percent + 99) / 100, seen = 0;
    unsigned bucket = 0;
    while ((seen += late[bucket]) < rank)
        bucket++;
    uint64_t top = stats_bucket_top(bucket);
    return top < max ? top : max;
}

/* Reporting ------------------------------------------------------------------------------ */

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void sum_up(struct stats *stats, struct totals *sum)
{
    *sum = (struct totals){0};
    for (unsigned i = 0; i < stats->threads; i++) {
        const struct stats_lane *lane = &stats->lanes[i];
        sum->requests += get(&lane->requests);
        sum->responses += get(&lane->responses);
        sum->connections += get(&lane->connections);
        sum->body_bytes += get(&lane->body_bytes);
        sum->residence_ns += get(&lane->residence_ns);
        for (unsigned s = 0; s < STATS_STATUSES; s++)
            sum->by_status[s] += get(&lane->by_status[s]);
        for (unsigned b = 0; b < STATS_BUCKETS; b++)
            sum->late[b] += get(&lane->late[b]);
    }
    struct rusage usage;
    if (!getrusage(RUSAGE_SELF, &usage)) {
        sum->cpu_user_s = seconds(usage.ru_utime);
        sum->cpu_system_s = seconds(usage.ru_stime);
    }
}

/* What happened since the last reset. */
static void sum_since_reset(struct stats *stats)
{
    struct totals *sum = &stats->sum;
    const struct totals *base = &stats->base;
    sum_up(stats, sum);
    sum->requests -= base->requests;
    sum->responses -= base->responses;
    sum->connections -= base->connections;
    sum->body_bytes -= base->body_bytes;
    sum->residence_ns -= base->residence_ns;
    for (unsigned s = 0; s < STATS_STATUSES; s++)
        sum->by_status[s] -= base->by_status[s];
    for (unsigned b = 0; b < STATS_BUCKETS; b++)
        sum->late[b] -= base->late[b];
    sum->cpu_user_s -= base->cpu_user_s;
    sum->cpu_system_s -= base->cpu_system_s;
}

static void print_time(FILE *out, const char *key, uint64_t ns)
{
    if (ns)
        fprintf(out, "\"%s\":%" PRIu64 ",", key, ns);
    else
        fprintf(out, "\"%s\":null,", key);
}

static void print_statuses(FILE *out, const uint64_t by_status[static STATS_STATUSES])
{
    const char *comma = "";
    fputs("\"by_status\":{", out);
    for (unsigned s = 0; s < STATS_STATUSES; s++)
        if (by_status[s]) {
            fprintf(out, "%s\"%u\":%" PRIu64, comma, s, by_status[s]);
            comma = ",";
        }
    fputs("},", out);
}

static void print_lateness(FILE *out, const uint64_t late[static STATS_BUCKETS], uint64_t max)
{
    uint64_t count = 0;
    for (unsigned b = 0; b < STATS_BUCKETS; b++)
        count += late[b];
    if (!count) {
        fputs("\"late_ms\":null,", out);
        return;
    }
    fprintf(out, "\"late_ms\":{\"p50\":%.6f,\"p99\":%.6f,\"max\":%.6f},",
            (double)percentile(late, count, 50, max) / 1e6,
            (double)percentile(late, count, 99, max) / 1e6, (double)max / 1e6);
}

static uint64_t last_byte_since_reset(const struct stats *stats)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < stats->threads; i++) {
        uint64_t ns = get(&stats->lanes[i].last_byte_ns);
        if (ns > last && ns >= stats->reset_ns)
            last = ns;
    }
    return last;
}

static void print(FILE *out, const struct stats *stats)
{
    const struct totals *sum = &stats->sum;
    fprintf(out, "{\"schema\":\"waitbench-origin/1\",\"requests\":%" PRIu64, sum->requests);
    fprintf(out, ",\"responses\":%" PRIu64, sum->responses);
    fprintf(out, ",\"connections\":%" PRIu64, sum->connections);
    fprintf(out, ",\"open\":%" PRIu64 ",\"open_peak\":%" PRIu64, get(&stats->open.now),
            get(&stats->open.peak));
    fprintf(out, ",\"in_flight\":%" PRIu64 ",\"in_flight_peak\":%" PRIu64,
            get(&stats->in_flight.now), get(&stats->in_flight.peak));
    fprintf(out, ",\"body_bytes\":%" PRIu64 ",", sum->body_bytes);
    print_statuses(out, sum->by_status);
    print_time(out, "first_request_ns", get(&stats->first_request_ns));
    print_time(out, "last_byte_ns", last_byte_since_reset(stats));
    fprintf(out, "\"residence_ns\":%" PRIu64 ",", sum->residence_ns);
    print_lateness(out, sum->late, get(&stats->late_max_ns));
    fprintf(out, "\"cpu_user_s\":%.6f,\"cpu_system_s\":%.6f,", sum->cpu_user_s, sum->cpu_system_s);
    fprintf(out, "\"threads\":%u,\"pid\":%ld}\n", stats->threads, (long)getpid());
}

char *stats_json(struct stats *stats, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out)
        return NULL;
    pthread_mutex_lock(&stats->reporting);
    sum_since_reset(stats);
    print(out, stats);
    pthread_mutex_unlock(&stats->reporting);
    bool failed = ferror(out);
    if (fclose(out) || failed) {
        free(text);
        return NULL;
    }
    return text;
}

void stats_reset(struct stats *stats)
{
    pthread_mutex_lock(&stats->reporting);
    sum_up(stats, &stats->base);
    stats->reset_ns = monotonic_ns();
    atomic_store(&stats->first_request_ns, 0);
    atomic_store(&stats->late_max_ns, 0);
    gauge_reset(&stats->open);
    gauge_reset(&stats->in_flight);
    pthread_mutex_unlock(&stats->reporting);
}

struct stats *stats_new(unsigned threads)
{
    size_t size = sizeof(struct stats) + threads * sizeof(struct stats_lane);
    size = (size + 63) / 64 * 64;
    struct stats *stats = aligned_alloc(64, size);
    if (!stats)
        return NULL;
    *stats = (struct stats){.threads = threads, .reporting = PTHREAD_MUTEX_INITIALIZER};
    for (unsigned i = 0; i < threads; i++)
        stats->lanes[i] = (struct stats_lane){0};
    return stats;
}

void stats_free(struct stats *stats)
{
    if (stats)
        pthread_mutex_destroy(&stats->reporting);
    free(stats);
}

struct stats_lane *stats_lane(struct stats *stats, unsigned thread)
{
    return &stats->lanes[thread];
}
