/* The exit statuses of every model. */
#ifndef WAITBENCH_EXIT_H
#define WAITBENCH_EXIT_H

enum exit_status {
    EXIT_FETCHED = 0,       /* every URL was fetched */
    EXIT_SOME_FAILED = 1,   /* the run finished and some fetches failed */
    EXIT_USAGE = 2,         /* wrong usage or unreadable input; nothing was fetched */
    EXIT_CANNOT_RUN = 3,    /* the model could not run */
    EXIT_INTERRUPTED = 130, /* with the records so far written */
};

#endif
