/* concurrency-limit_measure.c: arrivals, latencies, and the verdict. */
#include "common/statistics.h"
#include "lessons/concurrency-limit/concurrency-limit.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 7, WAYS = 10, MEAN_STEPS = 8 };

/* How busy the service is: work that arrives, by work that can be done. */
static const double LOAD = 0.8;

static struct way {
    const char *name;
    int limit;
    enum policy policy;
    bool mixed; /* one request in ten is eleven times as long */
    int rounds;
    double p50[ROUNDS], p99[ROUNDS], mean[ROUNDS], rate[ROUNDS];
    double crowd[ROUNDS], spread[ROUNDS];
    int most;
} ways[WAYS] = {
    {.name = "no limit", .limit = NO_LIMIT},
    {.name = "limit 64", .limit = 64},
    {.name = "limit 16", .limit = 16},
    {.name = "limit 4", .limit = 4},
    {.name = "limit 1", .limit = 1},
    {.name = "mixed: as soon as possible", .limit = NO_LIMIT, .mixed = true},
    {.name = "mixed: first in first out", .limit = 1, .mixed = true},
    {.name = "mixed: last in first out",
     .limit = 1,
     .policy = LAST_COME,
     .mixed = true},
    {.name = "mixed: fair by client",
     .limit = 1,
     .policy = FAIR,
     .mixed = true},
    {.name = "mixed: shortest first",
     .limit = 1,
     .policy = SHORTEST,
     .mixed = true},
};

static struct lesson_run *table;
static double step_s;
static long turns_a_step;

/* --- work -------------------------------------------------------------- */

static volatile uint64_t result;

static void compute(long turns)
{
    uint64_t x = result | 1;
    for (long i = 0; i < turns; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    result = x;
}

static void step(void)
{
    compute(turns_a_step);
}

/* How many turns take step_s, by the quickest of many tries. */
static void calibrate(void)
{
    const long turns = 20000;
    double best = INFINITY;
    for (int i = 0; i < 200; i++) {
        double began = lesson_now(); /* the best is one without neighbours */
        compute(turns);
        best = fmin(best, lesson_now() - began);
    }
    turns_a_step = (long)((double)turns * step_s / best) + 1;
}

/* --- arrivals ---------------------------------------------------------- */

/* xorshift64 (Marsaglia 2003), to a number between 0 and 1. */
static double random_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/*
 * Independent arrivals at a fixed mean rate (exponential gaps), the same for
 * every way in a round. Client 0 sends half of all requests.
 */
static void make_requests(struct request *r, int round, bool mixed)
{
    uint64_t state = 88172645463325252u + (uint64_t)round * 7919u;
    double due = 0;
    for (int i = 0; i < REQUESTS; i++) {
        due -= log(random_number(&state)) * MEAN_STEPS * step_s / LOAD;
        bool greedy = random_number(&state) < 0.5;
        int other = 1 + (int)(random_number(&state) * (CLIENTS - 1));
        bool is_long = random_number(&state) < 0.1;
        int steps = !mixed ? MEAN_STEPS : is_long ? 44 : 4;
        r[i] = (struct request){.due = due,
                                .client = greedy ? 0 : other,
                                .steps = steps,
                                .left = steps};
    }
}

/* --- one run ----------------------------------------------------------- */

/* The mean latency of the worst treated client, by that of the best. */
static double spread_of(const struct request *r)
{
    double sum[CLIENTS] = {0}, worst = 0, best = INFINITY;
    int count[CLIENTS] = {0};
    for (int i = 0; i < REQUESTS; i++) {
        sum[r[i].client] += r[i].done - r[i].due;
        count[r[i].client]++;
    }
    for (int k = 0; k < CLIENTS; k++)
        if (count[k] > 0) {
            worst = fmax(worst, sum[k] / count[k]);
            best = fmin(best, sum[k] / count[k]);
        }
    return worst / best;
}

static double run_way(const void *argument)
{
    struct way *way = &ways[(const struct way *)argument - ways];
    static struct request request[REQUESTS];
    static struct service s;
    static double latency[REQUESTS];
    int k = way->rounds++;
    make_requests(request, k, way->mixed);
    memset(&s, 0, sizeof s);
    s.limit = way->limit;
    s.policy = way->policy;
    s.step = step;
    s.request = request;
    serve(&s);
    way->mean[k] = 0;
    for (int i = 0; i < REQUESTS; i++) {
        latency[i] = 1e3 * (request[i].done - request[i].due);
        way->mean[k] += latency[i] / REQUESTS;
    }
    sort_f64(latency, REQUESTS);
    way->p50[k] = latency[REQUESTS / 2 - 1];
    way->p99[k] = latency[REQUESTS - 11]; /* ten are slower */
    way->rate[k] = REQUESTS / s.open_s;
    way->crowd[k] = s.crowd / s.open_s;
    way->spread[k] = spread_of(request);
    if (s.most_in_hand > way->most)
        way->most = s.most_in_hand;
    lesson_row(table, "%s,%d,%d,%.6f,%.6f,%.6f,%.3f,%.4f,%d,%.4f,%d", way->name,
               way->limit, way->rounds, way->mean[k], way->p50[k], way->p99[k],
               way->rate[k], way->crowd[k], s.most_in_hand, way->spread[k],
               s.finished);
    return way->p99[k];
}

/* --- --live: who stands where ------------------------------------------ */

enum { ROOM = 48, SLOWER = 8 };

static struct showing {
    const struct way *way;
    const struct service *service;
    bool terminal;
    double next;
} showing;

/* A sign for each request that is there: # worked on, . waiting. On a
 * terminal each picture is drawn over the one before. */
static void show_service(void)
{
    const struct service *s = showing.service;
    char bar[ROOM + 1] = "";
    for (int i = 0; i < ROOM; i++)
        bar[i] = i < s->in_hand ? '#' : i < s->in_hand + s->waiting ? '.' : ' ';
    printf("%s  %-9s [%s] worked on %3d, waiting %3d, done %4d%s",
           showing.terminal ? "\r" : "", showing.way->name, bar, s->in_hand,
           s->waiting, s->finished, showing.terminal ? "" : "\n");
    fflush(stdout);
}

static void step_and_show(void)
{
    step();
    if (lesson_now() < showing.next)
        return;
    show_service();
    showing.next = lesson_now() + 0.05;
}

static void show_way(const struct way *way)
{
    static struct request request[REQUESTS];
    static struct service s;
    double latency[REQUESTS];
    make_requests(request, 0, false);
    memset(&s, 0, sizeof s);
    s.limit = way->limit;
    s.policy = way->policy;
    s.step = step_and_show;
    s.request = request;
    showing = (struct showing){way, &s, isatty(STDOUT_FILENO), 0};
    serve(&s);
    show_service();
    for (int i = 0; i < REQUESTS; i++)
        latency[i] = 1e3 * (request[i].done - request[i].due);
    sort_f64(latency, REQUESTS);
    printf("%s  %-9s one in a hundred took longer than %.3g ms\n",
           showing.terminal ? "\n" : "", way->name, latency[REQUESTS - 11]);
}

/* The same arrivals and the same work, only slower, so that it can be seen. */
static void show_live(void)
{
    double usual = step_s;
    step_s = SLOWER * usual;
    calibrate();
    puts("The same requests come to one thread. # is worked on, . waits.");
    show_way(&ways[0]);
    show_way(&ways[3]);
    show_way(&ways[4]);
    putchar('\n');
    step_s = usual;
}

/* --- the lesson -------------------------------------------------------- */

static void add(struct lesson_run *run, const struct way *way, const char *what,
                double *values, const char *unit)
{
    char name[72];
    snprintf(name, sizeof name, "%s: %s", way->name, what);
    lesson_median(run, name, values, (size_t)way->rounds, unit);
}

static int measure(struct lesson_run *run)
{
    table = run;
    step_s = lesson_setting(run, "step");
    if (run->live)
        show_live();
    calibrate();
    lesson_table(run, "way,limit,round,mean_ms,p50_ms,p99_ms,rate_per_s,"
                      "in_service,most_in_hand,spread,finished");
    struct lesson_way timed[WAYS];
    char name[WAYS][72];
    for (int i = 0; i < WAYS; i++) {
        snprintf(name[i], sizeof name[i], "%s: p99", ways[i].name);
        timed[i] = (struct lesson_way){name[i], "ms", run_way, &ways[i]};
    }
    int failed = lesson_rounds(run, timed, WAYS, run->quick ? 5 : ROUNDS);
    double ratio[ROUNDS]; /* both had the same arrivals in the same round */
    for (int k = 0; k < ways[0].rounds && !failed; k++)
        ratio[k] = ways[0].p99[k] / ways[4].p99[k];
    if (!failed)
        lesson_median(run, "p99: no limit to limit 1", ratio,
                      (size_t)ways[0].rounds, "times");
    for (int i = 0; i < WAYS && !failed; i++) {
        struct way *way = &ways[i];
        double little[ROUNDS]; /* rate × mean latency, as Little's law says */
        for (int k = 0; k < way->rounds; k++)
            little[k] = way->rate[k] * way->mean[k] / 1e3;
        add(run, way, "median latency", way->p50, "ms");
        add(run, way, "mean latency", way->mean, "ms");
        add(run, way, "done a second", way->rate, "/s");
        add(run, way, "in the service, counted", way->crowd, "");
        add(run, way, "in the service, by Little", little, "");
        if (way->mixed)
            add(run, way, "worst client to best", way->spread, "times");
    }
    return failed;
}

static void answer(const struct lesson_figures *f, FILE *out)
{
    fprintf(out,
            "At the same %.0f requests a second, one in a hundred takes longer "
            "than %.3g ms when all are worked on at once, and than %.3g ms "
            "when one at a time is.",
            lesson_value(f, "limit 1: done a second"),
            lesson_value(f, "no limit: p99"), lesson_value(f, "limit 1: p99"));
}

static struct lesson_judgement judge(const struct lesson_figures *f)
{
    const struct lesson_figure *ratio =
        lesson_figure(f, "p99: no limit to limit 1");
    double rates = lesson_value(f, "limit 1: done a second") /
                   lesson_value(f, "no limit: done a second");
    if (!(rates >= 0.95 && rates <= 1 / 0.95))
        return lesson_judgement(LESSON_NOT_DECIDED,
                                "the throughput was not equal: %.3f to 1",
                                rates);
    return lesson_judgement(ratio->low > 1    ? LESSON_HOLDS
                            : ratio->high < 1 ? LESSON_DOES_NOT_HOLD
                                              : LESSON_NOT_DECIDED,
                            "without a limit p99 is %.3g to %.3g times what "
                            "it is with a limit of one",
                            ratio->low, ratio->high);
}

static struct lesson_option options[] = {
    {"step", "SECONDS", "How long a step of work is (default 2e-5, quick 7e-6)",
     2e-5, 7e-6, 1e-6, 1e-4},
    {0},
};

static const char *const judged[] = {
    "p99: no limit to limit 1",
    "no limit: done a second",
    "limit 1: done a second",
    NULL,
};

const struct lesson lesson = {
    .name = "concurrency-limit",
    .claim = "Limit concurrency if latency matters, and choose a policy: as "
             "soon as possible, first in first out, fair",
    .about = "any service whose work computes",
    .source = "all that you do not want to know about async",
    .rule = "for requests of equal size, p99 without a limit is more than p99 "
            "with a limit of one, by their ratio in each round (low end above "
            "1), at a throughput within 5 %; it does not hold when the high "
            "end is below 1; else not decided",
    .live = "First show who is worked on and who waits, under three limits",
    .options = options,
    .judged = judged,
    .measure = measure,
    .answer = answer,
    .judge = judge,
};
