/*
 * threads: a pool of POSIX threads in one process.
 *
 *   thread 0  [== wait ==|get][== wait ==|get] …
 *   thread 1  [== wait ==|get][== wait ==|get] …     one shared cursor
 *   thread 2  [== wait ==|get][== wait ==|get] …     says who gets which URL
 *
 * Each thread runs the sequential loop; while one waits, others compute. It
 * costs N/C x T, and for each thread a stack and an entry in the kernel's
 * scheduler. They share all memory, so what they share must be atomic.
 */
#include "threads/threads.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/transfer.h"
#include "common/units.h"
#include "sequential/sequential.h"

/* A thread's stack, 8 MiB by default, is address space until it is touched.
 * 256 KiB keeps 4,000 threads within 1 GiB of it. A fetch with libcurl 7.88.1
 * and OpenSSL 3.0 was seen to touch 20 KiB; see docs/decisions.md. The rest is
 * for other versions and for a signal's frame, and costs no memory. */
static uint64_t stack_bytes = 256 * 1024;
enum { STACK_LEAST = 64 * 1024 }; /* with less, a fetch would crash one day */

struct worker {
    pthread_t thread;
    struct run run; /* one lane */
};

static void *work(void *data)
{
    struct worker *worker = data;
    if (sequential_model.run(&worker->run) < 0)
        run_lost(&worker->run, false); /* it could not be built */
    return NULL;
}

static int threads_run(const struct run *run)
{
    uint32_t made = 0;
    pthread_attr_t attributes;
    struct worker *workers = calloc(run->lanes, sizeof *workers);
    if (workers == NULL)
        return -ENOMEM;
    int error = -pthread_attr_init(&attributes);
    if (error < 0)
        goto free_workers;
    error = -pthread_attr_setstacksize(&attributes, stack_bytes);
    if (error < 0)
        goto free_attributes;
    error = transfer_library();
    if (error < 0)
        goto free_attributes;

    for (; made < run->lanes; made++) {
        struct worker *worker = &workers[made];
        worker->run = run_part(run, made, 1);
        error = -pthread_create(&worker->thread, &attributes, work, worker);
        if (error < 0)
            break;
    }
    if (made < run->lanes) { /* those that could be made fetch it all */
        struct run missing = run_part(run, made, run->lanes - made);
        run_lost(&missing, false);
    }
    for (uint32_t i = 0; i < made; i++)
        pthread_join(workers[i].thread, NULL);

free_attributes:
    pthread_attr_destroy(&attributes);
free_workers:
    free(workers);
    return made > 0 ? 0 : error;
}

static void threads_needs(const struct run *run, struct needs *needs)
{
    needs->threads += run->lanes;
    needs->descriptors +=
        run->lanes * (2 + transfer_descriptors(run->workload));
    needs->address_space += run->lanes * stack_bytes;
    needs->mappings += 2 * (uint64_t)run->lanes; /* a stack, its guard */
}

enum { OPTION_STACK_SIZE = 256 };

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key != OPTION_STACK_SIZE)
        return ARGP_ERR_UNKNOWN;
    if (parse_size(value, &stack_bytes) < 0 || stack_bytes < STACK_LEAST ||
        stack_bytes > 1u << 30)
        argp_error(state,
                   "--stack-size=%s: not a size from 64 KiB to 1 GiB, "
                   "such as 256KiB",
                   value);
    return 0;
}

static const struct argp_option table[] = {
    {"stack-size", OPTION_STACK_SIZE, "SIZE", 0,
     "Stack of each thread (default 256KiB)", 0},
    {0},
};

const struct argp threads_options = {.options = table, .parser = parse};

static const char *const *threads_settings(void)
{
    static char size[24];
    static const char *settings[] = {"stack_size", size, NULL};
    format_size(size, stack_bytes);
    return settings;
}

const struct model threads_model = {
    .name = "threads",
    .summary = "a pool of POSIX threads",
    .options = &threads_options,
    .settings = threads_settings,
    .needs = threads_needs,
    .run = threads_run,
};
