/*
 * thread-state-leak: a library remembers "the current user" for each thread.
 *
 *   one thread a request     A: log in 1 .. wait .. who am I?  1
 *                            B: log in 2 .. wait .. who am I?  2
 *
 *   coroutines, one thread   A: log in 1   B: log in 2
 *                            A: who am I?  2, which is B's
 *
 * What is kept per thread is kept per request only as long as each request
 * has a thread to itself. Nothing warns. (c_library.c has three such
 * memories that come with C.)
 */
#include "lessons/thread-state-leak/thread-state-leak.h"

#include <pthread.h>
#include <stdio.h>

/* --- the library ------------------------------------------------------- */

static _Thread_local long current_user;

#define log_in(user) (current_user = (user))
#define who_am_i()   current_user

/* --- requests, as coroutines (the macros stand in the header) ---------- */

static void ask_the_library(struct request *r)
{
    COROUTINE(r);
    log_in(r->number);
    AWAIT(r); /* a question to a database, say */
    r->found = who_am_i();
    END(r);
}

static void pass_the_user_along(struct request *r)
{
    COROUTINE(r);
    r->user = r->number;
    AWAIT(r);
    r->found = r->user;
    END(r);
}

/* --- who runs them ----------------------------------------------------- */

static void (*const coroutines[WAYS])(struct request *) = {
    [THREADS] = ask_the_library,
    [COROUTINES] = ask_the_library,
    [PASSED_ALONG] = pass_the_user_along,
    [SAVED_AND_RESTORED] = ask_the_library,
    [STRTOK] = add_words,
    [STRTOK_R] = add_words_r,
    [ERRNO] = read_errno_late,
    [ERRNO_KEPT] = read_errno_at_once,
    [LOCALE] = ask_the_locale_late,
    [LOCALE_SET_AGAIN] = set_the_locale_again,
};

static void run_on_one_thread(struct request *request, enum way way)
{
    for (int unfinished = REQUESTS; unfinished > 0;)
        for (int i = 0; i < REQUESTS; i++) {
            struct request *r = &request[i];
            if (r->finished)
                continue;
            if (way == SAVED_AND_RESTORED) /* what "context variables" do */
                current_user = r->user;
            coroutines[way](r);
            if (way == SAVED_AND_RESTORED)
                r->user = current_user;
            unfinished -= r->finished;
        }
}

static void *run_alone(void *request)
{
    struct request *r = request;
    while (!r->finished)
        coroutines[THREADS](r);
    return NULL;
}

static int run_on_a_thread_each(struct request *request)
{
    pthread_t thread[REQUESTS];
    int made = 0, failed = 0;
    for (; made < REQUESTS; made++) {
        failed =
            -pthread_create(&thread[made], NULL, run_alone, &request[made]);
        if (failed)
            break;
    }
    while (made > 0)
        pthread_join(thread[--made], NULL);
    return failed;
}

int handle_requests(enum way way, long found[REQUESTS], long expected[REQUESTS])
{
    static struct request request[REQUESTS];
    int failed = way < LOCALE ? 0 : begin_locales();
    for (int i = 0; i < REQUESTS; i++) {
        request[i] = (struct request){.number = i + 1};
        snprintf(request[i].text, sizeof request[i].text, "%d 10 200 3000",
                 i + 1);
        expected[i] = way < STRTOK ? i + 1 : expected_of(&request[i], way);
    }
    if (way == THREADS)
        failed = run_on_a_thread_each(request);
    else if (!failed)
        run_on_one_thread(request, way);
    end_locales();
    for (int i = 0; i < REQUESTS; i++)
        found[i] = request[i].found;
    return failed;
}
