/*
 * blocking.c: the same protocol where each call waits by itself: one client
 * after another, a process for each, a thread for each.
 */
#include "lessons/echo-server/echo-server.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- one client -------------------------------------------------------- */

static void talk(struct request *r)
{
    enum step step = MORE;
    while (step == MORE)
        step = read_piece(r);
    while (step != GONE && step != NOT_YET && r->sent < r->length)
        step = write_piece(r);
    request_ends(r);
}

/* A client's socket, or -errno. The patience is the door's: see serve(). */
static int accept_one(int door)
{
    // cppcheck-suppress nullPointer
    int socket = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    return socket >= 0 ? socket : -errno;
}

static bool passes(int error)
{
    return error == -EAGAIN || error == -EINTR || error == -ECONNABORTED;
}

/* --- one after another ------------------------------------------------- */

static int one_after_another(int door)
{
    static struct request r;
    for (;;) {
        int socket = accept_one(door);
        if (socket < 0 && !passes(socket))
            return socket;
        if (socket < 0)
            continue;
        request_begins(&r, socket);
        talk(&r);
    }
}

/* --- a process for each ------------------------------------------------ */

static int with_processes(int door)
{
    static struct request r;
    for (int children = 0;;) {
        /* At the bound, and only there, wait until one has ended. */
        while (children > 0 &&
               waitpid(-1, NULL, children < PROCESSES_MOST ? WNOHANG : 0) > 0)
            children--;
        int socket = accept_one(door);
        if (socket < 0 && !passes(socket))
            return socket;
        if (socket < 0)
            continue;
        request_begins(&r, socket);
        pid_t child = lesson_fork();
        if (child == 0) {
            close(door);
            talk(&r);
            _exit(0);
        }
        if (child > 0) {
            children++;
            close(socket);
        } else {
            request_ends(&r); /* no process for this one */
        }
    }
}

/* --- a thread for each ------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t someone_left = PTHREAD_COND_INITIALIZER;
static int talking;

static void now_talking(int change)
{
    pthread_mutex_lock(&mutex);
    talking += change;
    pthread_cond_signal(&someone_left);
    pthread_mutex_unlock(&mutex);
}

static void *talk_in_thread(void *socket)
{
    struct request r;
    request_begins(&r, (int)(intptr_t)socket);
    talk(&r);
    now_talking(-1);
    return NULL;
}

static void await_fewer(int most)
{
    pthread_mutex_lock(&mutex);
    while (talking >= most)
        pthread_cond_wait(&someone_left, &mutex);
    pthread_mutex_unlock(&mutex);
}

/* Until one of those who talk now has left; false if nobody talks. */
static bool await_leaving(void)
{
    pthread_mutex_lock(&mutex);
    int before = talking;
    while (talking > 0 && talking >= before)
        pthread_cond_wait(&someone_left, &mutex);
    pthread_mutex_unlock(&mutex);
    return before > 0;
}

static int with_threads(int door)
{
    pthread_attr_t detached;
    int failed = pthread_attr_init(&detached);
    if (!failed)
        failed =
            pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while (!failed) {
        await_fewer(THREADS_MOST);
        int socket = accept_one(door);
        /* accept() would refuse again at once, and again. */
        if (socket == -EMFILE && await_leaving())
            continue;
        if (socket < 0 && !passes(socket))
            return socket;
        if (socket < 0)
            continue;
        pthread_t thread;
        now_talking(+1);
        if (pthread_create(&thread, &detached, talk_in_thread,
                           (void *)(intptr_t)socket) != 0) {
            close(socket); /* no thread for this one */
            now_talking(-1);
        }
    }
    return -failed;
}

/* --- all four ---------------------------------------------------------- */

int serve(enum way way, int door)
{
    /* Who is accepted inherits it: no call is added for a client. */
    struct timeval patience = {
        .tv_sec = (time_t)hall->patience,
        .tv_usec = (suseconds_t)(1e6 * (hall->patience -
                                        (double)(time_t)hall->patience))};
    if (setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
        setsockopt(door, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience))
        return -errno;
    static int (*const ways[WAYS])(int door) = {
        [ONE_AFTER_ANOTHER] = one_after_another,
        [PROCESSES] = with_processes,
        [THREADS] = with_threads,
        [COROUTINES] = serve_by_coroutines,
    };
    return ways[way](door);
}
