#include "common/driver/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/statistics.h"

/* ---- Figures ------------------------------------------------------------ */

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static double time_between(struct timeval from, struct timeval to)
{
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_usec - from.tv_usec) / 1e6;
}

static void take_usage(struct summary *summary, const struct rusage *before,
                       const struct rusage *after)
{
    summary->user_s += time_between(before->ru_utime, after->ru_utime);
    summary->system_s += time_between(before->ru_stime, after->ru_stime);
    summary->voluntary += after->ru_nvcsw - before->ru_nvcsw;
    summary->involuntary += after->ru_nivcsw - before->ru_nivcsw;
    summary->minor_faults += after->ru_minflt - before->ru_minflt;
    summary->major_faults += after->ru_majflt - before->ru_majflt;
}

static struct figure percentile_ms(const uint64_t *sorted, size_t count, double p)
{
    uint64_t ns = 0;
    bool known = percentile_u64(sorted, count, p, &ns);
    return (struct figure){known, (double)ns / 1e6};
}

/* The latencies of the fetched ones, to the end from the draw, or with a rate from when it was due.
 */
static void take_latencies(struct summary *summary, uint64_t *latencies, uint64_t *scratch)
{
    size_t count = 0;
    double sum = 0;
    uint64_t first = UINT64_MAX;
    for (uint64_t i = 0; i < summary->run->workload->count; i++) {
        const struct record *record = run_record(summary->run, i);
        if (record->outcome != FETCHED)
            continue;
        bool open = summary->run->workload->due != NULL;
        uint64_t from = open ? workload_due(summary->run->workload, i) : record->taken_ns;
        uint64_t latency = record->end_ns - from;
        latencies[count++] = latency;
        sum += (double)latency;
        if (record->end_ns < first)
            first = record->end_ns;
    }
    if (count == 0)
        return;
    sort_u64(latencies, scratch, count);
    summary->min_ms = (struct figure){true, (double)latencies[0] / 1e6};
    summary->max_ms = (struct figure){true, (double)latencies[count - 1] / 1e6};
    summary->mean_ms = (struct figure){true, sum / (double)count / 1e6};
    summary->first_ms = (struct figure){true, (double)first / 1e6};
    summary->p50_ms = percentile_ms(latencies, count, 50);
    summary->p90_ms = percentile_ms(latencies, count, 90);
    summary->p99_ms = percentile_ms(latencies, count, 99);
    summary->p999_ms = percentile_ms(latencies, count, 99.9);
}

static void take_peak(struct summary *summary, uint64_t *starts, uint64_t *ends, uint64_t *scratch)
{
    size_t count = 0;
    for (uint64_t i = 0; i < summary->run->workload->count; i++) {
        const struct record *record = run_record(summary->run, i);
        if (record->end_ns == 0 || (record->attempts == 0 && summary->run->workload->due != NULL))
            continue; /* never under way, if drawn: in an open loop it waited until it was due */
        starts[count] = record->taken_ns;
        ends[count++] = record->end_ns;
    }
    sort_u64(starts, scratch, count);
    sort_u64(ends, scratch, count);
    summary->peak_in_flight = peak_overlap(starts, ends, count);
}

static void take_records(struct summary *summary)
{
    const struct workload *workload = summary->run->workload;
    uint64_t last = 0;
    for (uint64_t i = 0; i < workload->count; i++) {
        const struct record *record = run_record(summary->run, i);
        summary->outcomes[record->outcome]++;
        summary->bytes += record->body_bytes;
        if (record->end_ns > last)
            last = record->end_ns;
        digest_add(&summary->digest, workload_number(workload, i), record);
    }
    summary->makespan_s = seconds(last);
}

int summary_make(struct summary *summary, const struct rusage before[2],
                 const struct rusage after[2])
{
    size_t count = summary->run->workload->count;
    uint64_t *room = malloc(3 * count * sizeof *room);
    if (room == NULL)
        return -ENOMEM;
    summary->totals = run_totals(summary->run);
    take_usage(summary, &before[0], &after[0]);
    take_usage(summary, &before[1], &after[1]);
    take_records(summary);
    take_latencies(summary, room, room + count);
    take_peak(summary, room, room + count, room + 2 * count);
    free(room);
    return 0;
}

uint64_t summary_failed(const struct summary *summary)
{
    return summary->run->workload->count - summary->outcomes[FETCHED];
}

/* ---- For people --------------------------------------------------------- */

static const char *scaled_bytes(char text[static 32], double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

static void print_figure(FILE *out, const char *name, struct figure figure)
{
    if (figure.known)
        fprintf(out, "%s %.2f ms", name, figure.value);
}

static void print_failures(const struct summary *summary, FILE *out)
{
    const struct workload *workload = summary->run->workload;
    const char *separator = "  failed      ";
    for (int i = FETCHED + 1; i < OUTCOMES; i++) {
        if (summary->outcomes[i] == 0)
            continue;
        fprintf(out, "%s%" PRIu64 " %s", separator, summary->outcomes[i], outcome_name(i));
        separator = ", ";
    }
    fputc('\n', out);
    char *room = malloc(workload_url_room(workload));
    int shown = 0;
    for (uint64_t i = 0; room != NULL && i < workload->count && shown < 3; i++) {
        const struct record *record = run_record(summary->run, i);
        if (record->outcome == FETCHED || record->outcome == INTERRUPTED)
            continue;
        const char *url = workload_url(workload, i, room);
        struct url_shown text = workload_shown(url);
        fprintf(out, "              %s: URL %" PRIu64 ", %.*s%s%.100s",
                outcome_name(record->outcome), workload_number(workload, i), text.front, url,
                text.mark, text.rest);
        if (record->status != 0)
            fprintf(out, " (status %u)", record->status);
        fputc('\n', out);
        shown++;
    }
    free(room);
}

void summary_print(const struct summary *summary, FILE *out)
{
    const struct workload *workload = summary->run->workload;
    char bytes[32], rate[32], digest[33];
    uint64_t fetched = summary->outcomes[FETCHED];
    double span = summary->makespan_s;

    fprintf(out, "%s: %" PRIu64 " of %" PRIu64 " fetched in %.3f s, %" PRIu32 " at a time%s%s\n",
            summary->model->name, fetched, workload->count, span, summary->run->lanes,
            summary->concurrency_cut ? " (this model's most)" : "",
            run_stopping(summary->run) ? ", interrupted" : "");
    fprintf(out, "  received    %s", scaled_bytes(bytes, (double)summary->bytes));
    if (span > 0)
        fprintf(out, ", %.1f fetches/s, %s/s", (double)fetched / span,
                scaled_bytes(rate, (double)summary->bytes / span));
    fputc('\n', out);
    if (fetched > 0) {
        print_figure(out, workload->due ? "  since due   mean" : "  latency     mean",
                     summary->mean_ms);
        print_figure(out, ", p50", summary->p50_ms);
        print_figure(out, ", p99", summary->p99_ms);
        print_figure(out, ", max", summary->max_ms);
        print_figure(out, "; first result after", summary->first_ms);
        fputc('\n', out);
    }
    fprintf(out, "  start-up    %.2f ms; connections %" PRIu64 ", retried %" PRIu64 "\n",
            summary->spawn_s * 1e3, summary->totals.count[RUN_CONNECTIONS],
            summary->totals.count[RUN_RETRIED]);
    fprintf(out, "  processor   %.3f s user, %.3f s system; %ld context switches\n",
            summary->user_s, summary->system_s, summary->voluntary + summary->involuntary);
    if (summary->totals.lost > 0)
        fprintf(out,
                "  workers     %" PRIu32 " asked, %" PRIu32 " made, %" PRIu32 " lost, %" PRIu32
                " rebuilt\n",
                summary->run->lanes, summary->totals.made, summary->totals.lost,
                summary->totals.rebuilt);
    if (summary->totals.count[RUN_PORT_WAITS] > 0)
        fprintf(out,
                "  ports       no local port was free %" PRIu64
                " times (net.ipv4.ip_local_port_range); the fetch waited for one\n",
                summary->totals.count[RUN_PORT_WAITS]);
    if (summary_failed(summary) > 0)
        print_failures(summary, out);
    fprintf(out, "  digest      %s\n", digest_text(&summary->digest, digest));
}
