/*
 * concurrency-limit: requests arrive when they like, one thread does them.
 *
 *   no limit   A B C A B C A B C    everybody is worked on at once, and all
 *                        ^ ^ ^      are done late
 *   limit 1    A A A B B B C C C    one after another: A is done early, and
 *                  ^     ^     ^    nobody later than before
 *
 * The work is the same, so as many are done in a second. How long each one
 * takes depends on who is let in, and when.
 */
#include "lessons/concurrency-limit/concurrency-limit.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

/* --- who is let in ----------------------------------------------------- */

/* Whether request a of those that wait goes before b, which came earlier. */
static bool goes_before(const struct service *s, int a, int b)
{
    const struct request *one = &s->request[a], *other = &s->request[b];
    switch (s->policy) {
    case LAST_COME:
        return true;
    case FAIR: /* whose client has been let in less often */
        return s->let_in[one->client] < s->let_in[other->client];
    case SHORTEST: /* as far as anyone can know that beforehand */
        return one->steps < other->steps;
    case FIRST_COME:
    default:
        return false;
    }
}

/* Takes the one whose turn it is out of the line. */
static int next_in_line(struct service *s)
{
    int best = 0;
    for (int i = 1; i < s->waiting; i++)
        if (goes_before(s, s->line[i], s->line[best]))
            best = i;
    int chosen = s->line[best];
    s->waiting--;
    memmove(&s->line[best], &s->line[best + 1],
            (size_t)(s->waiting - best) * sizeof s->line[0]);
    return chosen;
}

static void let_in(struct service *s)
{
    while (s->waiting > 0 && s->in_hand < s->limit) {
        int chosen = next_in_line(s);
        s->let_in[s->request[chosen].client]++;
        s->hand[s->in_hand++] = chosen;
    }
    if (s->in_hand > s->most_in_hand)
        s->most_in_hand = s->in_hand;
}

/* --- the loop ---------------------------------------------------------- */

/*
 * The service's clock: the processor time of its thread, so that a neighbour on
 * this machine does not count, and the time in which nothing was to do, which
 * is skipped. A service with a processor of its own would see just that.
 */
static double clock_of(const struct service *s)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec - s->opened +
           s->skipped;
}

/* Whoever is due by now stands in line. */
static void take_arrivals(struct service *s, double now)
{
    while (s->arrived < REQUESTS && s->request[s->arrived].due <= now) {
        s->crowd += now - s->request[s->arrived].due; /* here since then */
        s->line[s->waiting++] = s->arrived++;
    }
}

/* A step for each in hand, in turn; who has had the last of its steps goes. */
static void work_a_turn(struct service *s)
{
    int kept = 0;
    for (int i = 0; i < s->in_hand; i++) {
        struct request *r = &s->request[s->hand[i]];
        s->step();
        if (--r->left > 0) {
            s->hand[kept++] = s->hand[i];
            continue;
        }
        r->done = clock_of(s);
        s->crowd += r->done - s->looked; /* here until now */
        s->finished++;
    }
    s->in_hand = kept;
}

void serve(struct service *s)
{
    s->opened = clock_of(s);
    while (s->finished < REQUESTS) {
        double now = clock_of(s);
        s->crowd += (s->waiting + s->in_hand) * (now - s->looked);
        s->looked = now;
        take_arrivals(s, now);
        let_in(s);
        if (s->in_hand > 0)
            work_a_turn(s);
        else
            s->skipped += s->request[s->arrived].due - now;
    }
    s->open_s = clock_of(s);
}
