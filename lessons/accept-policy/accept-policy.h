/* accept-policy.h: eighty workers, one door, five hundred requests. */
#ifndef ACCEPT_POLICY_H
#define ACCEPT_POLICY_H

#include <stdbool.h>

enum { WORKERS = 80, REQUESTS = 500 };

enum policy {
    ONE,           /* accept one, handle it, accept the next */
    ALL,           /* accept all that wait, then handle them in turn */
    ALL_EXCLUSIVE, /* the same, but the kernel wakes one of the sleepers */
    ALL_REUSEPORT, /* the same, each worker with a door of its own */
};

/* What workers and client share. Written by __atomic alone. */
struct hall {
    int ready;    /* workers that stand at the door */
    int open;     /* workers other than the first may come to the door */
    int accepted; /* requests taken in, by whomever */
    int wakeups;  /* how often somebody was woken to look at the door */
    int in_vain;  /* and found nobody there */
};

struct worker {
    struct hall *hall;
    enum policy policy;
    int number;    /* from 0 */
    int door;      /* the listening socket */
    double block;  /* seconds for which a request blocks its worker */
    bool may_wait; /* not the first, where the first starts alone */
};

/* Serves until it is killed; returns -errno. Each answer is one byte, the
 * worker's number plus 1. */
int serve(const struct worker *);

/* A listening socket on a free port of 127.0.0.1, or -errno. Stores the port
 * in *port, or takes it from there where it is not 0. */
int open_door(enum policy, unsigned short *port);

#endif
