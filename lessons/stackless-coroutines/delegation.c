/*
 * delegation.c: what coroutine.h adds to a saved place.
 *
 *   an end        it says that there is no more, now and ever after
 *   values in     who resumes it hands something over
 *   delegating    it yields what another one yields, as if it were its own
 *   closing       it is ended early, and cleans up what it holds
 */
#include "lessons/stackless-coroutines/stackless-coroutines.h"

static void say_all(FILE *out, struct coroutine *co)
{
    while (coroutine_resume(co, 0))
        fprintf(out, "%ld ", (long)co->out);
}

/* --- an end ------------------------------------------------------------ */

static bool languages(struct coroutine *co)
{
    CO_BEGIN(co);
    CO_YIELD(co, (intptr_t) "C");
    CO_YIELD(co, (intptr_t) "Java");
    CO_YIELD(co, (intptr_t) "Python");
    CO_END(co);
}

/* That it has ended is said beside the value: any value may be one. */
static void list_that_ends(FILE *out)
{
    struct coroutine list = {.step = languages};
    while (coroutine_resume(&list, 0))
        fprintf(out, "%s ", (const char *)list.out);
    for (int again = 0; again < 2; again++)
        fputs(coroutine_resume(&list, 0) ? "? " : "ended ", out);
}

/* --- values in --------------------------------------------------------- */

struct consumer {
    struct coroutine coroutine;
    FILE *out;
};

static bool consume(struct coroutine *co)
{
    struct consumer *self = (struct consumer *)co;
    CO_BEGIN(co);
    fputs("Starting | ", self->out);
    for (;;) {
        CO_YIELD(co, 0);
        fprintf(self->out, "Consume data | %s | ", (const char *)co->in);
    }
    CO_END(co);
}

/* The first resume brings it to where it can take something. */
static void send_and_receive(FILE *out)
{
    struct consumer consumer = {.coroutine.step = consume, .out = out};
    coroutine_resume(&consumer.coroutine, 0);
    coroutine_resume(&consumer.coroutine, (intptr_t) "Hello World");
}

/* --- closing early ----------------------------------------------------- */

struct reader {
    struct coroutine coroutine;
    FILE *out;
    int line;
};

static bool read_lines(struct coroutine *co)
{
    struct reader *self = (struct reader *)co;
    CO_BEGIN(co);
    fputs("opened ", self->out);
    for (self->line = 1; self->line <= 3; self->line++)
        CO_YIELD(co, self->line);
    CO_FINALLY(co)
    fputs("closed ", self->out);
    CO_END(co);
}

static void read_to_the_end(FILE *out)
{
    struct reader reader = {.coroutine.step = read_lines, .out = out};
    say_all(out, &reader.coroutine);
}

static void closed_early(FILE *out)
{
    struct reader reader = {.coroutine.step = read_lines, .out = out};
    coroutine_resume(&reader.coroutine, 0);
    fprintf(out, "%ld ", (long)reader.coroutine.out);
    coroutine_close(&reader.coroutine);
    fputs(coroutine_resume(&reader.coroutine, 0) ? "? " : "ended ", out);
}

/* --- delegating -------------------------------------------------------- */

bool range_step(struct coroutine *co)
{
    struct range *self = (struct range *)co;
    CO_BEGIN(co);
    for (; self->next < self->end; self->next++)
        CO_YIELD(co, self->next);
    CO_END(co);
}

struct two_ranges {
    struct coroutine coroutine;
    struct range low, high;
};

static bool two_ranges_step(struct coroutine *co)
{
    struct two_ranges *self = (struct two_ranges *)co;
    CO_BEGIN(co);
    CO_DELEGATE(co, &self->low.coroutine);
    CO_DELEGATE(co, &self->high.coroutine);
    CO_END(co);
}

static void range_of_two_ranges(FILE *out)
{
    struct two_ranges both = {.coroutine.step = two_ranges_step,
                              .low = {{.step = range_step}, 0, 10},
                              .high = {{.step = range_step}, 10, 20}};
    say_all(out, &both.coroutine);
}

/* A node yields what its left children yield, itself, then the right ones'. */
struct node {
    struct coroutine coroutine;
    int value, child;
    struct node *left[4], *right[4]; /* NULL behind the last */
};

static bool walk(struct coroutine *co)
{
    struct node *self = (struct node *)co;
    CO_BEGIN(co);
    for (self->child = 0; self->left[self->child]; self->child++)
        CO_DELEGATE(co, &self->left[self->child]->coroutine);
    CO_YIELD(co, self->value);
    for (self->child = 0; self->right[self->child]; self->child++)
        CO_DELEGATE(co, &self->right[self->child]->coroutine);
    CO_END(co);
}

static void tree_walked(FILE *out)
{
    struct node n[11] = {
        [0] = {.left = {&n[1], &n[2], &n[3]}, .right = {&n[4], &n[5], &n[6]}},
        [1] = {.left = {&n[7], &n[8]}},
        [2] = {.right = {&n[9], &n[10]}},
    };
    for (int i = 0; i < 11; i++) {
        n[i].value = i;
        n[i].coroutine.step = walk;
    }
    say_all(out, &n[0].coroutine);
}

/* --- the rule that is broken most -------------------------------------- */

/* `i` is a local: each resume sets it anew, and no compiler minds. */
static bool forgetful(struct coroutine *co)
{
    int i = 0;
    CO_BEGIN(co);
    for (;;) {
        CO_YIELD(co, i);
        i++;
    }
    CO_END(co);
}

static void local_forgotten(FILE *out)
{
    struct coroutine counter = {.step = forgetful};
    for (int k = 0; k < 5 && coroutine_resume(&counter, 0); k++)
        fprintf(out, "%ld ", (long)counter.out);
}

const struct part more_parts[MORE_PARTS] = {
    {"a list that ends", list_that_ends},
    {"send and receive", send_and_receive},
    {"read to the end", read_to_the_end},
    {"closed early", closed_early},
    {"a range of two ranges", range_of_two_ranges},
    {"a tree, left first", tree_walked},
    {"a local that is forgotten", local_forgotten},
};
