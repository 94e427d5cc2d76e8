/*
 * blocked-loop: one thread keeps a beat, and is asked something slow.
 *
 *   nobody asks   | | | | | | | | | | | | | | | |
 *   in the loop   | | | | ?[ blocks .... ]!|||||||| | |    the beat stops
 *   by the pool   | | | | ? | | | | | | | ! | | | |        the beat goes on
 *   a pool thread          [ blocks .... ]
 *
 * A loop calls one thing after another. While a call has not returned,
 * nothing else is called, however long it has been due.
 */
#include "lessons/blocked-loop/blocked-loop.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* --- something slow ---------------------------------------------------- */

/* Stands for a disk, a name server, a database: its caller has to wait. */
static int slow_answer(double seconds)
{
    time_t whole = (time_t)seconds;
    struct timespec rest = {whole, (long)(1e9 * (seconds - (double)whole))};
    while (nanosleep(&rest, &rest) != 0)
        ;
    return THE_ANSWER;
}

static void take_answer(struct showing *s, int answer)
{
    s->answer = answer;
    s->answers++;
    if (s->on_answer)
        s->on_answer();
}

int ask_nobody(struct showing *s)
{
    (void)s;
    return 0;
}

/* The fault: it looks like any other call. */
int answer_in_the_loop(struct showing *s)
{
    take_answer(s, slow_answer(s->block));
    return 0;
}

/* --- the cure: a thread that may block --------------------------------- */

/* A pool of one thread, and a queue of one question. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct showing *question;
static int answered;
static bool closing;

static void *pool_thread(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (!closing) {
        struct showing *asked = question;
        if (!asked) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        question = NULL;
        pthread_mutex_unlock(&lock);

        int answer = slow_answer(asked->block); /* nobody waits for this */

        pthread_mutex_lock(&lock);
        answered = answer;
        uint64_t one = 1; /* wakes the loop, which watches this descriptor */
        if (write(asked->done, &one, sizeof one) != sizeof one)
            closing = true; /* the loop ends all the same: it has a deadline */
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

int hand_to_the_pool(struct showing *s)
{
    pthread_mutex_lock(&lock);
    question = s;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    s->owed = 1;
    return 0;
}

/* In the loop's thread: the eventfd is readable. */
static int pool_is_through(struct showing *s)
{
    uint64_t times;
    if (read(s->done, &times, sizeof times) != sizeof times)
        return -EIO;
    pthread_mutex_lock(&lock);
    int answer = answered;
    pthread_mutex_unlock(&lock);
    s->owed = 0;
    take_answer(s, answer);
    return 0;
}

/* --- the loop ---------------------------------------------------------- */

/* Waits until `due` or until the pool is through, whichever comes first. */
static int wait_until(const struct showing *s, double due)
{
    double left = fmax(0, due - lesson_now());
    struct timespec time = {(time_t)left, (long)(1e9 * fmod(left, 1))};
    struct epoll_event event;
    int ready = epoll_pwait2(s->epoll, &event, 1, &time, NULL);
    return ready < 0 && errno != EINTR ? -errno : ready;
}

static int loop(struct showing *s, int (*ask)(struct showing *))
{
    bool asked = false;
    s->began = lesson_now();
    while (s->beaten < s->beats) {
        double due = s->began + s->period * s->beaten;
        int failed = wait_until(s, due);
        if (failed > 0)
            failed = pool_is_through(s);
        if (!asked && s->beaten == s->ask_at && lesson_now() >= due) {
            asked = true;
            if (s->on_question)
                s->on_question();
            failed = ask(s);
        }
        if (failed < 0)
            return failed;
        double late = lesson_now() - due;
        if (late < 0)
            continue; /* the pool's answer woke us; the beat is not due yet */
        s->lag[s->beaten++] = late;
        if (s->on_beat)
            s->on_beat();
    }
    int failed = 0;
    double last = lesson_now() + s->block + 5;
    while (s->owed && failed >= 0) { /* it came later than the last beat */
        failed = lesson_now() < last ? wait_until(s, last) : -ETIMEDOUT;
        if (failed > 0)
            failed = pool_is_through(s);
    }
    return failed;
}

/* --- around it --------------------------------------------------------- */

int keep_the_beat(struct showing *s, int (*ask)(struct showing *))
{
    pthread_t pool;
    struct epoll_event readable = {.events = EPOLLIN};
    s->beaten = s->answers = s->answer = s->owed = 0;
    question = NULL;
    closing = false;
    int failed = 0;
    s->done = eventfd(0, EFD_CLOEXEC);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->done < 0 || s->epoll < 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->done, &readable) != 0)
        failed = -errno;
    if (!failed)
        failed = -pthread_create(&pool, NULL, pool_thread, NULL);
    if (!failed) {
        failed = loop(s, ask);
        pthread_mutex_lock(&lock);
        closing = true;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
        pthread_join(pool, NULL);
    }
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->done >= 0)
        close(s->done);
    return failed;
}
