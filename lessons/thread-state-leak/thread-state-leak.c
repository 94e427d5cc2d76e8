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
 * has a thread to itself. Nothing warns.
 */
#include "lessons/thread-state-leak/thread-state-leak.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the library ------------------------------------------------------- */

static _Thread_local long current_user;

#define log_in(user) (current_user = (user))
#define who_am_i()   current_user

/* --- requests, as coroutines ------------------------------------------- */

struct request {
    int place; /* where it goes on; 0: at the start */
    bool finished;
    long number, user, found;
    char text[32], *rest; /* rest: where strtok_r goes on */
    int kept;             /* an error number */
};

#define COROUTINE(r)      \
    switch ((r)->place) { \
    case 0:
#define AWAIT(r)               \
    do {                       \
        (r)->place = __LINE__; \
        return;                \
    case __LINE__:;            \
    } while (0)
#define END(r) \
    }          \
    (r)->finished = true

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

/* strtok() remembers where it was; the whole program shares that memory. */
static void add_words(struct request *r)
{
    char *word;
    COROUTINE(r);
    // cppcheck-suppress strtokCalled ; that is the fault
    for (word = strtok(r->text, " "); word; word = strtok(NULL, " ")) {
        r->found += strtol(word, NULL, 10);
        AWAIT(r);
    }
    END(r);
}

static void add_words_r(struct request *r)
{
    char *word;
    COROUTINE(r);
    for (word = strtok_r(r->text, " ", &r->rest); word;
         word = strtok_r(NULL, " ", &r->rest)) {
        r->found += strtol(word, NULL, 10);
        AWAIT(r);
    }
    END(r);
}

/* Requests fail in one of two ways: it is there already, or it is not. */
static void fail(const struct request *r)
{
    if (r->number % 2)
        mkdir("/", 0700);
    else
        unlink("/nowhere/at/all");
}

static void read_errno_late(struct request *r)
{
    COROUTINE(r);
    fail(r);
    AWAIT(r);
    r->found = errno;
    END(r);
}

static void read_errno_at_once(struct request *r)
{
    COROUTINE(r);
    fail(r);
    r->kept = errno;
    AWAIT(r);
    r->found = r->kept;
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
    int failed = 0;
    for (int i = 0; i < REQUESTS; i++) {
        request[i] = (struct request){.number = i + 1};
        snprintf(request[i].text, sizeof request[i].text, "%d 10 200 3000",
                 i + 1);
        expected[i] = way == STRTOK || way == STRTOK_R ? i + 1 + 3210
                      : way == ERRNO || way == ERRNO_KEPT
                          ? (request[i].number % 2 ? EEXIST : ENOENT)
                          : i + 1;
    }
    if (way == THREADS)
        failed = run_on_a_thread_each(request);
    else
        run_on_one_thread(request, way);
    for (int i = 0; i < REQUESTS; i++)
        found[i] = request[i].found;
    return failed;
}
