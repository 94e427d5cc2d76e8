/* concurrency-limit.h: a service on one thread, and who is let in when. */
#ifndef CONCURRENCY_LIMIT_H
#define CONCURRENCY_LIMIT_H

enum { REQUESTS = 1000, CLIENTS = 10, NO_LIMIT = REQUESTS };

/* Who of those that wait is let in when there is room. */
enum policy { FIRST_COME, LAST_COME, FAIR, SHORTEST };

/* due and done: seconds of the service's clock; steps: its work. */
struct request {
    double due, done;
    int client, steps, left;
};

struct service {
    int limit; /* at most so many are worked on at one time */
    enum policy policy;
    void (*step)(void); /* one step of work */

    struct request *request; /* in the order of due */
    int arrived, waiting, in_hand, finished;
    int line[REQUESTS], hand[REQUESTS]; /* request numbers */
    int let_in[CLIENTS];
    int most_in_hand;
    double crowd;  /* requests in the service, summed over time */
    double looked; /* at the clock, by the loop, the last time */
    double opened, skipped, open_s; /* the clock's zero, its idle, its end */
};

/* Serves all REQUESTS; returns when the last is done. */
void serve(struct service *);

#endif
