/* coroutines/coroutine.h: exact transcripts, delegation, closing early. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "coroutines/coroutine.h"

/* What a test's coroutines said, each word with a blank behind. */
static char transcript[512];

static void say(const char *word)
{
    size_t used = strlen(transcript);
    assert_true(used + strlen(word) + 2 < sizeof transcript);
    snprintf(transcript + used, sizeof transcript - used, "%s ", word);
}

static void say_number(intptr_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", (long)number);
    say(text);
}

static int begin_transcript(void **state)
{
    (void)state;
    transcript[0] = '\0';
    return 0;
}

/* All that it yields, then whether it has ended. */
static void say_all(struct coroutine *co)
{
    while (coroutine_resume(co, 0))
        say_number(co->out);
    assert_int_equal(co->place, CO_ENDED);
}

/* ---- Value out ---------------------------------------------------------- */

struct range {
    struct coroutine coroutine;
    int next, end;
};

static bool range(struct coroutine *co)
{
    struct range *self = (struct range *)co;
    CO_BEGIN(co);
    for (; self->next < self->end; self->next++)
        CO_YIELD(co, self->next);
    CO_END(co);
}

static void test_a_range_yields_each_number_and_ends(void **state)
{
    (void)state;
    struct range numbers = {{.step = range}, 0, 5};
    say_all(&numbers.coroutine);
    assert_string_equal(transcript, "0 1 2 3 4 ");
}

static void test_two_of_a_kind_do_not_mix(void **state)
{
    (void)state;
    struct range low = {{.step = range}, 0, 3}, high = {{.step = range}, 10, 12};
    while (coroutine_resume(&low.coroutine, 0)) {
        say_number(low.coroutine.out);
        if (coroutine_resume(&high.coroutine, 0))
            say_number(high.coroutine.out);
    }
    assert_string_equal(transcript, "0 10 1 11 2 ");
}

static void test_one_that_ended_stays_so(void **state)
{
    (void)state;
    struct range one = {{.step = range}, 0, 1};
    assert_true(coroutine_resume(&one.coroutine, 0));
    for (int i = 0; i < 3; i++)
        assert_false(coroutine_resume(&one.coroutine, 0));
    one.next = 0; /* nor does it begin anew */
    assert_false(coroutine_resume(&one.coroutine, 0));
}

struct fibonacci {
    struct coroutine coroutine;
    int now, next;
};

static bool fibonacci(struct coroutine *co)
{
    struct fibonacci *self = (struct fibonacci *)co;
    CO_BEGIN(co);
    for (self->now = 0, self->next = 1;;) {
        CO_YIELD(co, self->now);
        self->next += self->now;
        self->now = self->next - self->now;
    }
    CO_END(co);
}

static void test_fibonacci_never_ends(void **state)
{
    (void)state;
    struct fibonacci numbers = {.coroutine = {.step = fibonacci}};
    for (int i = 0; i < 10; i++) {
        assert_true(coroutine_resume(&numbers.coroutine, 0));
        say_number(numbers.coroutine.out);
    }
    assert_string_equal(transcript, "0 1 1 2 3 5 8 13 21 34 ");
}

static bool languages(struct coroutine *co)
{
    CO_BEGIN(co);
    CO_YIELD(co, (intptr_t) "C");
    CO_YIELD(co, (intptr_t) "Java");
    CO_YIELD(co, (intptr_t) "Python");
    CO_END(co);
}

static void test_a_list_says_that_it_has_ended(void **state)
{
    (void)state;
    struct coroutine list = {.step = languages};
    while (coroutine_resume(&list, 0))
        say((const char *)list.out);
    say("(ended)");
    assert_string_equal(transcript, "C Java Python (ended) ");
}

/* ---- Value in ----------------------------------------------------------- */

static bool consumer(struct coroutine *co)
{
    CO_BEGIN(co);
    say("Starting");
    for (;;) {
        CO_YIELD(co, 0);
        say("Consume data");
        say((const char *)co->in);
    }
    CO_END(co);
}

static void test_values_are_sent_in(void **state)
{
    (void)state;
    struct coroutine co = {.step = consumer};
    coroutine_resume(&co, 0);
    coroutine_resume(&co, (intptr_t) "Hello World");
    coroutine_resume(&co, (intptr_t) "again");
    assert_string_equal(transcript, "Starting Consume data Hello World Consume data again ");
}

/* ---- Await -------------------------------------------------------------- */

static bool awaiter(struct coroutine *co)
{
    CO_BEGIN(co);
    say("one");
    CO_AWAIT(co, false); /* nothing began: nothing to wait for */
    say("two");
    CO_AWAIT(co, true);
    say("three");
    CO_END(co);
}

static void test_await_stops_only_for_what_began(void **state)
{
    (void)state;
    struct coroutine co = {.step = awaiter};
    assert_true(coroutine_resume(&co, 0));
    assert_string_equal(transcript, "one two ");
    assert_false(coroutine_resume(&co, 0));
    assert_string_equal(transcript, "one two three ");
}

/* ---- Delegating --------------------------------------------------------- */

struct two_ranges {
    struct coroutine coroutine;
    struct range range;
};

static bool two_ranges(struct coroutine *co)
{
    struct two_ranges *self = (struct two_ranges *)co;
    CO_BEGIN(co);
    self->range = (struct range){{.step = range}, 0, 10};
    CO_DELEGATE(co, &self->range.coroutine);
    self->range = (struct range){{.step = range}, 10, 20};
    CO_DELEGATE(co, &self->range.coroutine);
    CO_END(co);
}

static void test_two_ranges_delegated_to_are_one(void **state)
{
    (void)state;
    struct two_ranges both = {.coroutine = {.step = two_ranges}};
    say_all(&both.coroutine);
    assert_string_equal(transcript, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ");
    assert_null(both.coroutine.inner);
}

static bool forwarding(struct coroutine *co)
{
    static struct coroutine inner;
    CO_BEGIN(co);
    inner = (struct coroutine){.step = consumer};
    CO_DELEGATE(co, &inner);
    CO_END(co);
}

static void test_values_reach_what_is_delegated_to(void **state)
{
    (void)state;
    struct coroutine co = {.step = forwarding};
    coroutine_resume(&co, 0);
    coroutine_resume(&co, (intptr_t) "through");
    assert_string_equal(transcript, "Starting Consume data through ");
}

struct node {
    struct coroutine coroutine;
    int value, child;
    struct node *left[4], *right[4]; /* each ended by NULL */
};

static bool walk(struct coroutine *co)
{
    struct node *self = (struct node *)co;
    CO_BEGIN(co);
    for (self->child = 0; self->left[self->child] != NULL; self->child++)
        CO_DELEGATE(co, &self->left[self->child]->coroutine);
    CO_YIELD(co, self->value);
    for (self->child = 0; self->right[self->child] != NULL; self->child++)
        CO_DELEGATE(co, &self->right[self->child]->coroutine);
    CO_END(co);
}

static void test_a_tree_is_walked_children_on_the_left_first(void **state)
{
    (void)state;
    struct node n[11];
    for (int i = 0; i < 11; i++)
        n[i] = (struct node){.coroutine = {.step = walk}, .value = i};
    n[0].left[0] = &n[1], n[0].left[1] = &n[2], n[0].left[2] = &n[3];
    n[0].right[0] = &n[4], n[0].right[1] = &n[5], n[0].right[2] = &n[6];
    n[1].left[0] = &n[7], n[1].left[1] = &n[8];
    n[2].right[0] = &n[9], n[2].right[1] = &n[10];
    say_all(&n[0].coroutine);
    assert_string_equal(transcript, "7 8 1 2 9 10 3 0 4 5 6 ");
}

/* ---- Closing ------------------------------------------------------------ */

struct careful {
    struct coroutine coroutine;
    const char *name;
    bool give_up;
    struct careful *inner;
};

static bool careful(struct coroutine *co)
{
    struct careful *self = (struct careful *)co;
    CO_BEGIN(co);
    say("opened");
    if (self->inner != NULL)
        CO_DELEGATE(co, &self->inner->coroutine);
    CO_YIELD(co, 1);
    if (self->give_up)
        goto end;
    CO_YIELD(co, 2);
    say("worked");
end:
    CO_FINALLY(co)
    say(self->name);
    CO_END(co);
}

static void test_clean_up_is_run_at_the_end(void **state)
{
    (void)state;
    struct careful one = {.coroutine = {.step = careful}, .name = "closed"};
    say_all(&one.coroutine);
    assert_string_equal(transcript, "opened 1 2 worked closed ");
    coroutine_close(&one.coroutine); /* nothing is left to do */
    assert_string_equal(transcript, "opened 1 2 worked closed ");
}

static void test_a_jump_to_the_end_cleans_up(void **state)
{
    (void)state;
    struct careful one = {.coroutine = {.step = careful}, .name = "closed", .give_up = true};
    say_all(&one.coroutine);
    assert_string_equal(transcript, "opened 1 closed ");
}

static void test_closing_early_cleans_up_once(void **state)
{
    (void)state;
    struct careful one = {.coroutine = {.step = careful}, .name = "closed"};
    assert_true(coroutine_resume(&one.coroutine, 0));
    coroutine_close(&one.coroutine);
    assert_string_equal(transcript, "opened closed ");
    coroutine_close(&one.coroutine);
    assert_false(coroutine_resume(&one.coroutine, 0));
    assert_string_equal(transcript, "opened closed ");
}

static void test_one_that_has_not_begun_has_nothing_to_clean_up(void **state)
{
    (void)state;
    struct careful one = {.coroutine = {.step = careful}, .name = "closed"};
    coroutine_close(&one.coroutine);
    assert_false(coroutine_resume(&one.coroutine, 0));
    assert_string_equal(transcript, "");
}

static void test_what_it_delegates_to_is_closed_first(void **state)
{
    (void)state;
    struct careful inner = {.coroutine = {.step = careful}, .name = "inner"};
    struct careful outer = {.coroutine = {.step = careful}, .name = "outer", .inner = &inner};
    assert_true(coroutine_resume(&outer.coroutine, 0));
    coroutine_close(&outer.coroutine);
    assert_string_equal(transcript, "opened opened inner outer ");
}

struct owner {
    struct coroutine coroutine;
    struct range *range; /* made and freed by itself */
};

static bool owner(struct coroutine *co)
{
    struct owner *self = (struct owner *)co;
    CO_BEGIN(co);
    self->range = malloc(sizeof *self->range);
    assert_non_null(self->range);
    *self->range = (struct range){{.step = range}, 0, 5};
    CO_DELEGATE(co, &self->range->coroutine);
    CO_FINALLY(co)
    free(self->range);
    say("freed");
    CO_END(co);
}

static void test_one_closed_twice_does_not_touch_what_it_freed(void **state)
{
    (void)state;
    struct owner one = {.coroutine = {.step = owner}};
    assert_true(coroutine_resume(&one.coroutine, 0));
    coroutine_close(&one.coroutine);
    assert_null(one.coroutine.inner);
    coroutine_close(&one.coroutine);
    assert_string_equal(transcript, "freed ");
}

static void test_one_without_clean_up_can_be_closed(void **state)
{
    (void)state;
    struct range numbers = {{.step = range}, 0, 5};
    assert_true(coroutine_resume(&numbers.coroutine, 0));
    coroutine_close(&numbers.coroutine);
    assert_false(coroutine_resume(&numbers.coroutine, 0));
}

/* ---- Mistakes that are caught ------------------------------------------- */

static bool resumes_itself(struct coroutine *co)
{
    CO_BEGIN(co);
    coroutine_resume(co, 0);
    CO_END(co);
}

/* Delegates to one that delegates back: a cycle of two. */
static struct coroutine *first_of_two;

static bool delegates_back(struct coroutine *co)
{
    CO_BEGIN(co);
    CO_DELEGATE(co, first_of_two);
    CO_END(co);
}

static bool delegates_in_a_cycle(struct coroutine *co)
{
    static struct coroutine second;
    CO_BEGIN(co);
    first_of_two = co;
    second = (struct coroutine){.step = delegates_back};
    CO_DELEGATE(co, &second);
    CO_END(co);
}

static bool closes_itself(struct coroutine *co)
{
    CO_BEGIN(co);
    coroutine_close(co);
    CO_END(co);
}

static bool yields_in_its_own_switch(struct coroutine *co)
{
    CO_BEGIN(co);
    switch (co->in) {
    case 0:
        CO_YIELD(co, 1);
    }
    CO_END(co);
}

static bool yields_while_cleaning_up(struct coroutine *co)
{
    CO_BEGIN(co);
    CO_YIELD(co, 1);
    CO_FINALLY(co)
    CO_YIELD(co, 2);
    CO_END(co);
}

/* Resumes it twice and closes it, in a process of its own: by what it died. */
static int signal_of(bool (*step)(struct coroutine *))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        struct coroutine co = {.step = step};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL); /* the test runner's would report it */
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        coroutine_resume(&co, 0);
        if (step != yields_while_cleaning_up)
            coroutine_resume(&co, 0);
        coroutine_close(&co);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_mistakes_end_in_an_assertion(void **state)
{
    (void)state;
    assert_int_equal(signal_of(languages), 0); /* no mistake */
    assert_int_equal(signal_of(resumes_itself), SIGABRT);
    assert_int_equal(signal_of(delegates_in_a_cycle), SIGABRT);
    assert_int_equal(signal_of(closes_itself), SIGABRT);
    assert_int_equal(signal_of(yields_in_its_own_switch), SIGABRT);
    assert_int_equal(signal_of(yields_while_cleaning_up), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_range_yields_each_number_and_ends, begin_transcript),
        cmocka_unit_test_setup(test_two_of_a_kind_do_not_mix, begin_transcript),
        cmocka_unit_test_setup(test_one_that_ended_stays_so, begin_transcript),
        cmocka_unit_test_setup(test_fibonacci_never_ends, begin_transcript),
        cmocka_unit_test_setup(test_a_list_says_that_it_has_ended, begin_transcript),
        cmocka_unit_test_setup(test_values_are_sent_in, begin_transcript),
        cmocka_unit_test_setup(test_await_stops_only_for_what_began, begin_transcript),
        cmocka_unit_test_setup(test_two_ranges_delegated_to_are_one, begin_transcript),
        cmocka_unit_test_setup(test_values_reach_what_is_delegated_to, begin_transcript),
        cmocka_unit_test_setup(test_a_tree_is_walked_children_on_the_left_first, begin_transcript),
        cmocka_unit_test_setup(test_clean_up_is_run_at_the_end, begin_transcript),
        cmocka_unit_test_setup(test_a_jump_to_the_end_cleans_up, begin_transcript),
        cmocka_unit_test_setup(test_closing_early_cleans_up_once, begin_transcript),
        cmocka_unit_test_setup(test_one_that_has_not_begun_has_nothing_to_clean_up,
                               begin_transcript),
        cmocka_unit_test_setup(test_what_it_delegates_to_is_closed_first, begin_transcript),
        cmocka_unit_test_setup(test_one_closed_twice_does_not_touch_what_it_freed,
                               begin_transcript),
        cmocka_unit_test_setup(test_one_without_clean_up_can_be_closed, begin_transcript),
        cmocka_unit_test_setup(test_mistakes_end_in_an_assertion, begin_transcript),
    };
    return cmocka_run_group_tests_name("coroutine", tests, NULL, NULL);
}
