/*
 * dataflow_threads.c: the same stages, each a thread with a bounded queue.
 *
 *   source -> [queue] broadcast -> [queue] filter -> [queue] reducer
 *
 * Now a value waits in a queue, stages run when they like, and somebody has to
 * say when they are done. There are three ways to get that wrong or right.
 */
#include "lessons/dataflow/dataflow.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE = 64, HELD = 64, TEXT = 64 };

/* --- a bounded queue --------------------------------------------------- */

struct item {
    bool end; /* nothing more comes from this sender */
    int index;
    char address[TEXT]; /* one that is longer is no IP address: left empty */
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item item[QUEUE];
    int first, waiting;
    bool closed; /* nobody takes from it any more: what is put is lost */
};

static void put(struct queue *queue, const struct item *item)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->waiting == QUEUE && !queue->closed)
        pthread_cond_wait(&queue->changed, &queue->lock);
    if (!queue->closed)
        queue->item[(queue->first + queue->waiting++) % QUEUE] = *item;
    if (queue->waiting == 1)
        pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

static struct item take(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->waiting == 0)
        pthread_cond_wait(&queue->changed, &queue->lock);
    struct item item = queue->item[queue->first];
    queue->first = (queue->first + 1) % QUEUE;
    queue->waiting--;
    if (queue->waiting == QUEUE / 2) /* not for every single place */
        pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

static void close_queue(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

static void wait_until_closed(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (!queue->closed)
        pthread_cond_wait(&queue->changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

/* --- the stages -------------------------------------------------------- */

static struct plant {
    enum ending ending;
    const char *const *addresses;
    int filters, failed;
    long most;
    struct access_log log;
    pthread_barrier_t middle; /* where the result is read at once */
    pthread_mutex_t lock;     /* of count, the result */
    long count[ADDRESSES_MOST];
    struct queue to_broadcast, to_filter[ADDRESSES_MOST], to_reducer;
    int number[ADDRESSES_MOST];
} * plant;

static const struct item the_end = {.end = true};

/* In the middle it waits until the result was read: or on some machine, some
 * day, all would be over by then. */
static void wait_for_the_reader(void)
{
    pthread_barrier_wait(&plant->middle);
    pthread_barrier_wait(&plant->middle);
}

static void *source(void *nothing)
{
    bool is_to_wait = plant->ending == READ_AT_ONCE;
    const char *line;
    size_t length;
    for (long n = 0; n < plant->most &&
                     (line = access_log_next(&plant->log, &length)) != NULL;
         n++) {
        struct access_line parsed;
        struct item item = {0};
        access_line_parse(line, length, &parsed);
        if (parsed.address_length < TEXT)
            memcpy(item.address, parsed.address, parsed.address_length);
        put(&plant->to_broadcast, &item);
        if (is_to_wait && n == plant->most / 2) {
            wait_for_the_reader();
            is_to_wait = false;
        }
    }
    if (is_to_wait) /* a log that is shorter than it was has no middle */
        wait_for_the_reader();
    put(&plant->to_broadcast, &the_end);
    return nothing;
}

static void *broadcast(void *nothing)
{
    struct item item;
    do {
        item = take(&plant->to_broadcast);
        for (int i = 0; i < plant->filters; i++)
            put(&plant->to_filter[i], &item);
    } while (!item.end);
    return nothing;
}

/* It hands on what it found some at a time, and the rest when it ends. */
static void *filter(void *number)
{
    int index = *(int *)number, held = 0;
    const struct item found = {.index = index};
    struct item item;
    do {
        item = take(&plant->to_filter[index]);
        held += !item.end && strcmp(item.address, plant->addresses[index]) == 0;
        if (item.end && plant->ending == FIRST_CLOSES_SLOW &&
            index == plant->filters - 1)
            wait_until_closed(&plant->to_reducer); /* that slow */
        for (; held > 0 && (held > HELD || item.end); held--)
            put(&plant->to_reducer, &found);
    } while (!item.end);
    put(&plant->to_reducer, &the_end);
    return NULL;
}

/* Who is fed by several must count how many of them have ended. */
static void *reducer(void *nothing)
{
    long count[ADDRESSES_MOST] = {0};
    int ends =
        plant->ending == FIRST_CLOSES || plant->ending == FIRST_CLOSES_SLOW
            ? 1
            : plant->filters;
    while (ends > 0) {
        struct item item = take(&plant->to_reducer);
        if (item.end)
            ends--;
        else
            count[item.index]++;
    }
    close_queue(&plant->to_reducer);
    pthread_mutex_lock(&plant->lock);
    memcpy(plant->count, count, sizeof count);
    pthread_mutex_unlock(&plant->lock);
    return nothing;
}

/* --- who starts them, and reads the result ----------------------------- */

static void read_result(long count[])
{
    pthread_mutex_lock(&plant->lock);
    memcpy(count, plant->count, sizeof *count * (size_t)plant->filters);
    pthread_mutex_unlock(&plant->lock);
}

static void begin_queue(struct queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
}

/* Starts one more; after a failure none. */
static void start(pthread_t thread[], int *made, void *(*stage)(void *),
                  int *number)
{
    if (plant->failed == 0)
        plant->failed = -pthread_create(&thread[*made], NULL, stage, number);
    *made += plant->failed == 0;
}

/* The source is the last: without all the others nothing may flow. Where one
 * could not be made, those that are there are told that nothing comes. */
static int start_all(pthread_t thread[])
{
    int made = 0, filters = 0;
    start(thread, &made, reducer, NULL);
    for (; filters < plant->filters && plant->failed == 0; filters++) {
        plant->number[filters] = filters;
        start(thread, &made, filter, &plant->number[filters]);
    }
    start(thread, &made, broadcast, NULL);
    start(thread, &made, source, NULL);
    if (made == plant->filters + 2)
        put(&plant->to_broadcast, &the_end);
    else if (plant->failed != 0)
        for (int i = 0; i < plant->filters && made > 0; i++)
            put(i < made - 1 ? &plant->to_filter[i] : &plant->to_reducer,
                &the_end);
    return made;
}

int count_by_threads(int fd, long most, const char *const *addresses,
                     int filters, enum ending ending, long count[])
{
    pthread_t thread[ADDRESSES_MOST + 3];
    plant = calloc(1, sizeof *plant);
    if (plant == NULL)
        return -ENOMEM;
    plant->ending = ending;
    plant->addresses = addresses;
    plant->filters = filters;
    plant->most = most;
    access_log_begin(&plant->log, fd);
    pthread_mutex_init(&plant->lock, NULL);
    pthread_barrier_init(&plant->middle, NULL, 2);
    begin_queue(&plant->to_broadcast);
    begin_queue(&plant->to_reducer);
    for (int i = 0; i < filters; i++)
        begin_queue(&plant->to_filter[i]);

    int made = start_all(thread);
    if (ending == READ_AT_ONCE && plant->failed == 0) {
        pthread_barrier_wait(&plant->middle);
        read_result(count);
        pthread_barrier_wait(&plant->middle);
    }
    while (made > 0)
        pthread_join(thread[--made], NULL);
    if (ending != READ_AT_ONCE)
        read_result(count);
    int failed = plant->failed ? plant->failed : plant->log.error;
    free(plant);
    return failed;
}
