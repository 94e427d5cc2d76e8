#include "common/rate.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/random.h"
#include "common/units.h"

static const double RATE_LEAST = 1e-3, RATE_MOST = 1e7; /* a second */
static const uint64_t BURST_MOST = 1000000;
static const double LONGEST_S = 7 * 24 * 3600.0;

const char *arrivals_name(enum arrivals arrivals)
{
    static const char *const names[] = {"even", "poisson", "burst"};
    return names[arrivals];
}

int rate_parse(struct rate *rate, const char *text)
{
    struct rate read = {.arrivals = EVEN, .burst = 1};
    char *end = NULL;
    size_t plain = strspn(text, "0123456789."); /* strtod would take "inf", "0x1" and "1e9" too */
    if (plain == 0 || text[0] == '.')
        return -EINVAL;
    read.per_second = strtod(text, &end);
    if (end != text + plain || !(read.per_second >= RATE_LEAST && read.per_second <= RATE_MOST))
        return -EINVAL;
    if (strcmp(end, ",poisson") == 0) {
        read.arrivals = POISSON;
    } else if (strncmp(end, ",burst=", 7) == 0) {
        read.arrivals = BURST;
        if (parse_count(end + 7, &read.burst) < 0 || read.burst < 1 || read.burst > BURST_MOST)
            return -EINVAL;
    } else if (*end != '\0') {
        return -EINVAL;
    }
    *rate = read;
    return 0;
}

/* Times between independent arrivals are exponential; their sum is when each comes. */
static void plan_poisson(const struct rate *rate, uint64_t *due, uint64_t count)
{
    uint64_t random = RATE_SEED;
    double at = 0;
    for (uint64_t i = 0; i < count; i++) {
        double below_one = (double)(splitmix64(&random) >> 11) * 0x1p-53;
        at -= log1p(-below_one) / rate->per_second;
        due[i] = (uint64_t)(at * 1e9);
    }
}

int rate_plan(struct workload *workload, struct workload_error *error)
{
    const struct rate *rate = &workload->rate;
    uint64_t count = workload->count;
    if (rate->per_second <= 0)
        return 0;
    double whole_s = (double)count / rate->per_second;
    if (whole_s > LONGEST_S) {
        snprintf(error->message, sizeof error->message,
                 "--rate=%g: %" PRIu64 " URLs would take %.0f hours; at most a week is served: a "
                 "higher rate, or fewer URLs",
                 rate->per_second, count, whole_s / 3600);
        return -ERANGE;
    }
    uint64_t *due =
        mmap(NULL, count * sizeof *due, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (due == MAP_FAILED) {
        snprintf(error->message, sizeof error->message,
                 "--rate: no memory for the due times of %" PRIu64 " URLs: %s", count,
                 strerror(errno));
        return -ENOMEM;
    }
    if (rate->arrivals == POISSON)
        plan_poisson(rate, due, count);
    else
        for (uint64_t i = 0; i < count; i++)
            due[i] = (uint64_t)((double)(i - i % rate->burst) / rate->per_second * 1e9);
    workload->due = due;
    return 0;
}
