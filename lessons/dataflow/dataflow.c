/*
 * dataflow: how many requests came from each address?
 *
 *                            /-> filter 10.0.0.1 -\
 *   log -> source -> broadcast -> filter 10.0.0.2 --> reducer -> counts
 *                            \-> filter 10.0.0.3 -/
 *
 * Each stage is a coroutine that waits for a value at its yield, works on it,
 * and sends it on. One thread is enough: sending is resuming. No queue is
 * needed, since a stage is done with a value before it takes the next.
 */
#include "lessons/dataflow/dataflow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- sending ----------------------------------------------------------- */

int stage_send(struct stage *from, struct stage *to, intptr_t value)
{
    if (atomic_exchange(&to->running, true)) {
        from->refused_by = to;
        return -EBUSY;
    }
    coroutine_resume(&to->coroutine, value);
    atomic_store(&to->running, false);
    return 0;
}

/* The flow ends at the first refusal: a value was lost. */
static void send_on(struct stage *from, struct stage *to, intptr_t value)
{
    int failed = stage_send(from, to, value);
    if (failed != 0 && from->flow->failed == 0) {
        from->flow->failed = failed;
        from->flow->refused = from;
    }
}

/* --- the stages -------------------------------------------------------- */

/* Yields each line of the log, as its address. */
static bool source(struct coroutine *co)
{
    struct flow *flow = ((struct stage *)co)->flow;
    const char *line;
    size_t length;
    CO_BEGIN(co);
    while ((line = access_log_next(&flow->log, &length)) != NULL) {
        access_line_parse(line, length, &flow->line);
        flow->lines++;
        flow->malformed += !flow->line.combined;
        CO_YIELD(co, (intptr_t)&flow->line);
    }
    CO_END(co);
}

static bool broadcast(struct coroutine *co)
{
    struct stage *self = (struct stage *)co;
    CO_BEGIN(co);
    for (;;) {
        CO_YIELD(co, 0);
        for (int i = 0; i < self->flow->filters; i++)
            send_on(self, &self->flow->filter[i], co->in);
    }
    CO_END(co);
}

/* 10.0.0.1 is no prefix of itself alone: also of 10.0.0.10 and 10.0.0.123. */
static bool is_from(const struct flow *flow, const struct access_line *line,
                    const char *address)
{
    if (!flow->by_prefix)
        return access_line_is_from(line, address);
    size_t length = strlen(address);
    return line->address_length >= length &&
           memcmp(line->address, address, length) == 0;
}

static bool filter(struct coroutine *co)
{
    struct stage *self = (struct stage *)co;
    CO_BEGIN(co);
    for (;;) {
        CO_YIELD(co, 0);
        if (is_from(self->flow, (struct access_line *)co->in, self->address))
            send_on(self, self->output, self->index);
    }
    CO_END(co);
}

/* Counts; hands the counts over when it is closed. */
static bool reducer(struct coroutine *co)
{
    struct flow *flow = ((struct stage *)co)->flow;
    CO_BEGIN(co);
    for (;;) {
        CO_YIELD(co, 0);
        flow->counting[co->in]++;
    }
    CO_FINALLY(co)
    memcpy(flow->count, flow->counting, sizeof flow->count);
    CO_END(co);
}

/* --- putting them together --------------------------------------------- */

void stage_begin(struct stage *stage, struct flow *flow,
                 bool (*step)(struct coroutine *), const char *name)
{
    stage->coroutine = (struct coroutine){.step = step};
    stage->flow = flow;
    stage->refused_by = NULL;
    atomic_init(&stage->running, false);
    snprintf(stage->name, sizeof stage->name, "%s", name);
}

void flow_begin(struct flow *flow, int fd, const char *const *addresses,
                int filters)
{
    flow->addresses = addresses;
    flow->filters = filters;
    flow->lines = flow->malformed = 0;
    flow->failed = 0;
    flow->refused = NULL;
    memset(flow->counting, 0, sizeof flow->counting);
    memset(flow->count, 0, sizeof flow->count);
    access_log_begin(&flow->log, fd);
    stage_begin(&flow->source, flow, source, "source");
    stage_begin(&flow->broadcast, flow, broadcast, "broadcast");
    stage_begin(&flow->reducer, flow, reducer, "reducer");
    coroutine_resume(&flow->broadcast.coroutine, 0); /* to their first yield */
    coroutine_resume(&flow->reducer.coroutine, 0);
    for (int i = 0; i < filters; i++) {
        char name[64];
        snprintf(name, sizeof name, "filter %.50s", addresses[i]);
        stage_begin(&flow->filter[i], flow, filter, name);
        flow->filter[i].output = &flow->reducer;
        flow->filter[i].address = addresses[i];
        flow->filter[i].index = i;
        coroutine_resume(&flow->filter[i].coroutine, 0);
    }
}

int flow_run(struct flow *flow, long most)
{
    while (flow->failed == 0 && flow->lines != most &&
           coroutine_resume(&flow->source.coroutine, 0))
        send_on(&flow->source, &flow->broadcast, flow->source.coroutine.out);
    coroutine_close(&flow->source.coroutine);
    coroutine_close(&flow->broadcast.coroutine);
    for (int i = 0; i < flow->filters; i++)
        coroutine_close(&flow->filter[i].coroutine);
    coroutine_close(&flow->reducer.coroutine);
    return flow->failed ? flow->failed : flow->log.error;
}
