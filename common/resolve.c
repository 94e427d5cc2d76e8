#include "common/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

enum { RESOLVERS_MAX = 16 };

/* What resolvers write to. */
struct shared {
    _Atomic uint32_t next; /* the host whose turn it is */
    struct host host[];
};

struct hosts {
    uint32_t count, names;
    uint32_t slots;        /* of the hash table, a power of two */
    uint32_t *slot;        /* place in `host` plus 1, or 0 */
    struct host *host;     /* from malloc, or in `shared` once all are known */
    struct shared *shared; /* a shared mapping, or NULL */
    size_t shared_bytes;
};

/* ---- The table ---------------------------------------------------------- */

static uint64_t hash_host(const char *name, size_t length, uint16_t port)
{
    char lower[256];
    for (size_t i = 0; i < length; i++)
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
    return XXH3_64bits_withSeed(lower, length, port);
}

/* The slot that holds this host, or the empty one where it would go. */
static uint32_t find_slot(const struct hosts *hosts, const struct url_host *wanted)
{
    uint32_t mask = hosts->slots - 1;
    uint32_t slot = (uint32_t)hash_host(wanted->name, wanted->length, wanted->port) & mask;
    for (; hosts->slot[slot] != 0; slot = (slot + 1) & mask) {
        const struct host *host = &hosts->host[hosts->slot[slot] - 1];
        if (host->port == wanted->port &&
            strncasecmp(host->name, wanted->name, wanted->length) == 0 &&
            host->name[wanted->length] == '\0')
            break;
    }
    return slot;
}

static int grow(struct hosts *hosts)
{
    uint32_t slots = 2 * hosts->slots;
    struct host *host = realloc(hosts->host, slots / 2 * sizeof *host);
    if (host == NULL)
        return -ENOMEM;
    hosts->host = host;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return -ENOMEM;
    free(hosts->slot);
    hosts->slot = slot;
    hosts->slots = slots;
    for (uint32_t i = 0; i < hosts->count; i++) {
        struct url_host again = {.name = host[i].name,
                                 .length = strlen(host[i].name),
                                 .port = host[i].port};
        slot[find_slot(hosts, &again)] = i + 1;
    }
    return 0;
}

static int add(struct hosts *hosts, const struct url_host *found)
{
    uint32_t slot = find_slot(hosts, found);
    if (hosts->slot[slot] != 0)
        return 0;
    if (2 * (hosts->count + 1) > hosts->slots) {
        int error = grow(hosts);
        if (error < 0)
            return error;
        slot = find_slot(hosts, found);
    }
    struct host *host = &hosts->host[hosts->count++];
    *host = (struct host){.port = found->port, .numeric = found->numeric};
    memcpy(host->name, found->name, found->length);
    hosts->names += !found->numeric;
    hosts->slot[slot] = hosts->count;
    return 0;
}

static int collect(struct hosts *hosts, const struct workload *workload)
{
    char *url = malloc(workload_url_room(workload));
    if (url == NULL)
        return -ENOMEM;
    int error = 0;
    /* A pattern whose first and last URL share their host names one host. */
    uint64_t step = 1;
    if (workload->pattern != NULL && workload->count > 1) {
        const char *braces = strstr(workload->pattern, "{}");
        const char *authority = strstr(workload->pattern, "//") + 2;
        if (braces == NULL || authority + strcspn(authority, "/?#") < braces)
            step = workload->count;
    }
    for (uint64_t i = 0; i < workload->count && error == 0; i += step) {
        struct url_host found = workload_host(workload_url(workload, i, url));
        error = add(hosts, &found);
    }
    free(url);
    return error;
}

/* ---- Looking up --------------------------------------------------------- */

static void look_up(struct host *host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    size_t used = 0;
    if (getaddrinfo(host->name, NULL, &hints, &found) != 0)
        return;
    for (const struct addrinfo *each = found; each != NULL; each = each->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        bool brackets = each->ai_family == AF_INET6;
        char item[NI_MAXHOST + 4];
        snprintf(item, sizeof item, "%s%s%s%s", used > 0 ? "," : "", brackets ? "[" : "", text,
                 brackets ? "]" : "");
        if (used + strlen(item) >= sizeof host->addresses)
            break; /* more addresses than anyone would try */
        memcpy(host->addresses + used, item, strlen(item) + 1);
        used += strlen(item);
    }
    freeaddrinfo(found);
    if (used > 0)
        atomic_store_explicit(&host->known, true, memory_order_release);
}

/* Child: looks up whatever host is next, until none is left. getaddrinfo has
 * no timeout, so the alarm ends this process, and a successor goes on. */
static _Noreturn void resolver(struct hosts *hosts, uint64_t timeout_ns, pid_t parent)
{
    const struct itimerval never = {0};
    const struct itimerval limit = {.it_value.tv_sec = (time_t)(timeout_ns / 1000000000),
                                    .it_value.tv_usec = timeout_ns % 1000000000 / 1000};
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
        signal(SIGALRM, SIG_DFL) == SIG_ERR || sigprocmask(SIG_UNBLOCK, &alarm_only, NULL) < 0)
        _exit(EXIT_FAILURE);
    for (uint32_t i; (i = atomic_fetch_add(&hosts->shared->next, 1)) < hosts->count;) {
        if (hosts->host[i].numeric)
            continue;
        if (setitimer(ITIMER_REAL, &limit, NULL) < 0)
            _exit(EXIT_FAILURE);
        look_up(&hosts->host[i]);
        if (setitimer(ITIMER_REAL, &never, NULL) < 0)
            _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
}

/* Forks resolvers until there are `wanted`, or nothing is left to look up.
 * `forks` bounds how many may still be made: each but the first few follows one
 * that died with its host. 0 or -errno. */
static int make_resolvers(struct hosts *hosts, uint64_t timeout_ns, pid_t *children,
                          uint32_t wanted, uint64_t *forks)
{
    pid_t parent = getpid();
    for (uint32_t i = 0; i < wanted; i++) {
        if (children[i] != 0)
            continue;
        if (*forks == 0 || atomic_load(&hosts->shared->next) >= hosts->count)
            return 0;
        --*forks;
        pid_t pid = fork();
        if (pid == 0)
            resolver(hosts, timeout_ns, parent);
        if (pid < 0)
            return -errno;
        children[i] = pid;
    }
    return 0;
}

/* Waits until a resolver ends. False: there is none. */
static bool reap_resolver(pid_t *children, uint32_t count)
{
    uint32_t alive = 0;
    for (uint32_t i = 0; i < count; i++)
        alive += children[i] != 0;
    while (alive > 0) {
        pid_t pid = waitpid(-1, NULL, 0);
        if (pid < 0 && errno != EINTR)
            return false;
        for (uint32_t i = 0; i < count && pid > 0; i++) {
            if (children[i] == pid) {
                children[i] = 0;
                return true;
            }
        } /* else a stranger, such as a child of the shell that became us */
    }
    return false;
}

static int look_up_all(struct hosts *hosts, uint64_t timeout_ns)
{
    pid_t children[RESOLVERS_MAX] = {0};
    uint32_t wanted = hosts->names < RESOLVERS_MAX ? hosts->names : RESOLVERS_MAX;
    uint64_t forks = (uint64_t)wanted + hosts->names;
    int error;
    do
        error = make_resolvers(hosts, timeout_ns, children, wanted, &forks);
    while (reap_resolver(children, wanted));
    /* Those that could be made did it all, or there was none. */
    return atomic_load(&hosts->shared->next) < hosts->count ? error : 0;
}

/* Moves the hosts to memory that the resolvers can write to. */
static int share(struct hosts *hosts)
{
    size_t bytes = sizeof(struct shared) + hosts->count * sizeof *hosts->host;
    struct shared *shared =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -errno;
    memcpy(shared->host, hosts->host, hosts->count * sizeof *hosts->host);
    free(hosts->host);
    hosts->host = shared->host;
    hosts->shared = shared;
    hosts->shared_bytes = bytes;
    return 0;
}

int hosts_resolve(struct workload *workload, bool look_up_names)
{
    struct hosts *hosts = calloc(1, sizeof *hosts);
    if (hosts == NULL)
        return -ENOMEM;
    workload->hosts = hosts;
    hosts->slots = 4;
    int error = grow(hosts);
    if (error == 0)
        error = collect(hosts, workload);
    if (error == 0 && look_up_names && hosts->names > 0) {
        error = share(hosts);
        if (error == 0)
            error = look_up_all(hosts, workload->timeout_ns);
    }
    if (error < 0)
        hosts_free(workload);
    return error;
}

void hosts_free(struct workload *workload)
{
    struct hosts *hosts = workload->hosts;
    if (hosts == NULL)
        return;
    if (hosts->shared != NULL)
        munmap(hosts->shared, hosts->shared_bytes);
    else
        free(hosts->host);
    free(hosts->slot);
    free(hosts);
    workload->hosts = NULL;
}

uint32_t hosts_count(const struct hosts *hosts)
{
    return hosts->count;
}

uint32_t hosts_names(const struct hosts *hosts)
{
    return hosts->names;
}

bool hosts_mixed(const struct hosts *hosts)
{
    for (uint32_t i = 0; i < hosts->count; i++) {
        bool v4 = false, v6 = false;
        const char *address = hosts->host[i].addresses;
        for (size_t length; *address != '\0'; address += length + (address[length] == ',')) {
            length = strcspn(address, ",");
            *(memchr(address, ':', length) != NULL ? &v6 : &v4) = true;
        }
        if (v4 && v6)
            return true;
    }
    return false;
}

const struct host *hosts_at(const struct hosts *hosts, uint32_t place)
{
    return &hosts->host[place];
}

int64_t hosts_find(const struct hosts *hosts, const struct url_host *wanted)
{
    return (int64_t)hosts->slot[find_slot(hosts, wanted)] - 1;
}
