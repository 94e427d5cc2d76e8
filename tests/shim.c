/*
 * shim: makes a program's machine run out of things, for tests (LD_PRELOAD).
 *
 *   SHIM_MEMORY=at:K|every:K|from:K   the K-th allocation of a process fails, every K-th, or all
 *                                     from the K-th
 *   SHIM_MEMORY=every:K:N             every K-th of the first N
 *   SHIM_MEMORY_SINCE=connect         … of those since a process first connected to a server
 *   SHIM_MEMORY_SINCE=handle          … or first asked libcurl for a handle, in building a worker:
 *                                     libcurl's own start, thousands before it, is behind it
 *   SHIM_MEMORY_CHILD=K               … and only in the K-th child that it forks
 *   SHIM_FORK=…  SHIM_THREAD=…        likewise fork and pthread_create, with EAGAIN
 *   SHIM_NAMES=.SUFFIX                looking up a name that ends so takes SHIM_NAMES_S seconds (8)
 *                                     and fails
 *   SHIM_BUFFER=BYTES                 libcurl's receive buffers have that size, whatever is asked
 * for
 *
 * A forked process goes on counting where its parent was.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* glibc's own, which need no looking up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

struct scarcity {
    const char *variable;
    _Atomic unsigned long calls;
    bool read;
    char kind; /* a, e, f, or 0: nothing fails */
    unsigned long number;
    unsigned long most; /* calls beyond these do not fail; 0: all may */
};

static struct scarcity memory = {.variable = "SHIM_MEMORY"};
static struct scarcity forks = {.variable = "SHIM_FORK"};
static struct scarcity threads = {.variable = "SHIM_THREAD"};

/* Nothing here may allocate. */
static bool fails(struct scarcity *of)
{
    if (!of->read) {
        const char *value = getenv(of->variable);
        const char *colon = value != NULL ? strchr(value, ':') : NULL;
        char *rest = NULL;
        of->number = colon != NULL ? strtoul(colon + 1, &rest, 10) : 0;
        of->most = rest != NULL && *rest == ':' ? strtoul(rest + 1, NULL, 10) : 0;
        of->kind = of->number > 0 ? value[0] : '\0';
        of->read = true;
    }
    if (of->kind == '\0')
        return false;
    unsigned long call = atomic_fetch_add(&of->calls, 1) + 1;
    if (of->most > 0 && call > of->most)
        return false;
    return of->kind == 'e' ? call % of->number == 0
                           : call == of->number || (of->kind == 'f' && call > of->number);
}

static bool connected, handled;
static unsigned long children, child; /* how many it has forked; which one it is itself */

static bool is_spared(void)
{
    static bool read;
    static char since; /* c or h; else from the beginning */
    static unsigned long only;
    if (!read) {
        const char *number = getenv("SHIM_MEMORY_CHILD");
        only = number != NULL ? strtoul(number, NULL, 10) : 0;
        const char *event = getenv("SHIM_MEMORY_SINCE");
        since = event != NULL ? event[0] : '\0';
        read = true;
    }
    return (since == 'c' && !connected) || (since == 'h' && !handled) ||
           (only > 0 && child != only);
}

static bool no_memory(void)
{
    bool none = !is_spared() && fails(&memory);
    if (none)
        errno = ENOMEM;
    return none;
}

void *malloc(size_t size)
{
    return no_memory() ? NULL : __libc_malloc(size);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
void *calloc(size_t count, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return no_memory() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return no_memory() ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    return no_memory() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    *result = no_memory() ? NULL : __libc_memalign(alignment, size);
    return *result == NULL ? ENOMEM : 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    int kind = 0;
    socklen_t size = sizeof kind;
    /* Looking a name up connects too, to ask how an address would be reached. */
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM &&
        address->sa_family == AF_INET)
        connected = true;
    return real(fd, address, length);
}

pid_t fork(void)
{
    pid_t (*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "fork");
    if (fails(&forks)) {
        errno = EAGAIN;
        return -1;
    }
    children++;
    pid_t pid = real();
    if (pid == 0)
        child = children;
    return pid;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*start)(void *), void *restrict data)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return fails(&threads) ? EAGAIN : real(thread, attributes, start, data);
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *suffix = getenv("SHIM_NAMES"), *seconds = getenv("SHIM_NAMES_S");
    if (suffix == NULL || node == NULL || strlen(node) < strlen(suffix) ||
        strcmp(node + strlen(node) - strlen(suffix), suffix) != 0)
        return real(node, service, hints, found);
    const struct timespec long_time = {.tv_sec = seconds != NULL ? strtol(seconds, NULL, 10) : 8};
    nanosleep(&long_time, NULL);
    return EAI_AGAIN;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

CURL *curl_easy_init(void)
{
    CURL *(*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_init");
    handled = true;
    return real();
}

/* The header has a macro of that name, which checks types and calls it. */
#undef curl_easy_setopt
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    static CURLcode (*real)(CURL *, CURLoption, ...);
    const char *bytes = option == CURLOPT_BUFFERSIZE ? getenv("SHIM_BUFFER") : NULL;
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "curl_easy_setopt");
    if (bytes != NULL && bytes[0] != '\0')
        return real(easy, option, strtol(bytes, NULL, 10));
    va_list rest;
    va_start(rest, option);
    /* A pointer, a long or a curl_off_t: eight bytes each on the machines of this shim. */
    void *value = va_arg(rest, void *);
    va_end(rest);
    return real(easy, option, value);
}
