#include "common/driver/limits.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/resolve.h"
#include "common/units.h"

__attribute__((format(printf, 2, 3))) static int refuse(struct limits_error *error,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return -ERANGE;
}

__attribute__((format(printf, 2, 3))) static void warn_of(struct limits_error *error,
                                                          const char *format, ...)
{
    va_list arguments;
    assert(error->warnings < LIMITS_WARNINGS);
    char *text = error->warning[error->warnings++];
    va_start(arguments, format);
    vsnprintf(text, sizeof error->warning[0], format, arguments);
    va_end(arguments);
}

/* A number from a file of one, or UINT64_MAX where there is none ("max"). */
static uint64_t number_in(const char *path)
{
    char line[32] = "";
    uint64_t value = UINT64_MAX;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return UINT64_MAX;
    if (fgets(line, sizeof line, file) != NULL)
        line[strcspn(line, "\n")] = '\0';
    fclose(file);
    return parse_count(line, &value) == 0 ? value : UINT64_MAX;
}

/* A figure of /proc/meminfo, in KiB; 0 where it is not there. */
static uint64_t kib_of(const char *name)
{
    char line[128];
    uint64_t kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoull(line + strlen(name), NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

/* How many descriptors below `end` are open, but for the list's own. */
static uint64_t open_below(DIR *list, uint64_t end)
{
    uint64_t count = 0;
    rewinddir(list);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (isdigit((unsigned char)entry->d_name[0]) != 0) {
            uint64_t fd = strtoull(entry->d_name, NULL, 10);
            count += fd != (uint64_t)dirfd(list) && fd < end;
        }
    }
    return count;
}

/* One beyond the number that the last of so many more descriptors will get: those that are open,
 * and whoever started us may have left some anywhere, are passed over. */
static uint64_t end_of_descriptors(uint64_t more)
{
    uint64_t end = 0, next = more;
    DIR *list = opendir("/proc/self/fd");
    if (list == NULL) { /* each number is asked for, then: dear, with many lanes */
        for (; more > 0 && end < INT_MAX; end++)
            more -= fcntl((int)end, F_GETFD) < 0;
        return end + more;
    }
    for (; next != end; next = more + open_below(list, end))
        end = next;
    closedir(list);
    return end;
}

/* Raises the soft limit to `need` if the hard one allows it. */
static bool raise_to(__rlimit_resource_t resource, uint64_t need, struct rlimit *limit)
{
    if (getrlimit(resource, limit) < 0 || limit->rlim_cur == RLIM_INFINITY ||
        limit->rlim_cur >= need)
        return true;
    if (limit->rlim_max != RLIM_INFINITY && limit->rlim_max < need)
        return false;
    struct rlimit raised = {.rlim_cur = need, .rlim_max = limit->rlim_max};
    return setrlimit(resource, &raised) == 0;
}

static uint64_t descriptors_for(const struct needs *needs)
{
    /* A few beyond what is counted: a name being looked up, for one. */
    return end_of_descriptors(needs->descriptors + 8);
}

/* The most lanes, from 1, whose descriptors stay below the model's bound. */
static uint32_t most_lanes(const struct model *model, const struct run *run)
{
    uint32_t fits = 1, beyond = run->lanes;
    while (beyond - fits > 1) {
        uint32_t middle = fits + (beyond - fits) / 2;
        struct run fewer = {.workload = run->workload, .lanes = middle};
        struct needs needs = {0};
        model->needs(&fewer, &needs);
        if (descriptors_for(&needs) <= needs.descriptor_max)
            fits = middle;
        else
            beyond = middle;
    }
    return fits;
}

static int meet_descriptors(const struct needs *needs, const struct model *model,
                            const struct run *run, struct limits_error *error)
{
    uint32_t concurrency = run->lanes;
    uint64_t need = descriptors_for(needs);
    if (needs->descriptor_max > 0 && need > needs->descriptor_max)
        return refuse(error,
                      "%" PRIu32 " at one time needs descriptors up to %" PRIu64
                      ", and %s: take another --backend, or --concurrency=%" PRIu32,
                      concurrency, need, needs->descriptor_max_why, most_lanes(model, run));
    struct rlimit limit;
    if (!raise_to(RLIMIT_NOFILE, need, &limit))
        return refuse(error,
                      "%" PRIu32 " at one time needs %" PRIu64
                      " descriptors in one process, and the limit is %" PRIu64
                      " (RLIMIT_NOFILE, hard): lift it as root with `ulimit -Hn %" PRIu64
                      "`, or take a smaller --concurrency",
                      concurrency, need, (uint64_t)limit.rlim_max, need);
    return 0;
}

/* How many tasks this process's user has, as far as /proc shows; 0 where nobody says. */
static uint64_t tasks_of_user(void)
{
    uint64_t tasks = 0;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char path[NAME_MAX + 16];
        struct stat file;
        snprintf(path, sizeof path, "/proc/%s/task", entry->d_name);
        /* As many links as threads, and two as every folder has. One that ends meanwhile is not
         * there. */
        if (isdigit((unsigned char)entry->d_name[0]) && stat(path, &file) == 0 &&
            file.st_uid == geteuid())
            tasks += file.st_nlink - 2;
    }
    if (folder != NULL)
        closedir(folder);
    return tasks;
}

static int meet_tasks(const struct needs *needs, uint32_t concurrency, struct limits_error *error)
{
    uint64_t need = needs->processes + needs->threads;
    const char *what = needs->processes == 0 ? "threads"
                       : needs->threads == 0 ? "processes"
                                             : "processes and threads";
    if (need == 0)
        return 0;
    struct rlimit limit;
    /* It counts all tasks of a user, and does not hold for root. */
    uint64_t taken = geteuid() != 0 ? tasks_of_user() : 0;
    if (geteuid() != 0 && !raise_to(RLIMIT_NPROC, taken + need, &limit))
        return refuse(error,
                      "%" PRIu32 " at one time needs %" PRIu64 " %s, and a user may have %" PRIu64
                      " tasks in all, of which %" PRIu64
                      " are there already (RLIMIT_NPROC, hard): lift it as root with "
                      "`ulimit -Hu %" PRIu64 "`, or take a smaller --concurrency",
                      concurrency, need, what, (uint64_t)limit.rlim_max, taken, taken + 2 * need);
    static const struct {
        const char *path, *name;
    } bounds[] = {
        {"/proc/sys/kernel/pid_max", "kernel.pid_max"},
        {"/proc/sys/kernel/threads-max", "kernel.threads-max"},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        uint64_t most = number_in(bounds[i].path);
        if (need >= most)
            return refuse(error,
                          "%" PRIu32 " at one time needs %" PRIu64
                          " %s, and this machine has room for %" PRIu64
                          " (%s): lift it as root with `sysctl %s=%" PRIu64
                          "`, or take a smaller --concurrency",
                          concurrency, need, what, most, bounds[i].name, bounds[i].name, 2 * need);
    }
    uint64_t maps = number_in("/proc/sys/vm/max_map_count");
    uint64_t mappings = needs->mappings + 1000; /* libraries, the heap, the list */
    if (needs->mappings > 0 && maps != UINT64_MAX && mappings > maps)
        return refuse(error,
                      "%" PRIu32 " at one time needs %" PRIu64
                      " memory mappings in one process, and it may have %" PRIu64
                      " (vm.max_map_count): lift it as root with `sysctl vm.max_map_count=%" PRIu64
                      "`, or take a smaller --concurrency",
                      concurrency, mappings, maps, mappings + 1000);
    return 0;
}

static int meet_memory(const struct needs *needs, uint32_t concurrency, struct limits_error *error)
{
    struct rlimit limit;
    if (needs->address_space > 0 && !raise_to(RLIMIT_AS, needs->address_space, &limit))
        return refuse(error,
                      "the stacks of %" PRIu32 " threads need %" PRIu64
                      " MiB of address space, and the limit is %" PRIu64
                      " MiB (RLIMIT_AS, hard): lift it as root with `ulimit -Hv unlimited`, or "
                      "take a smaller --stack-size or --concurrency",
                      concurrency, needs->address_space >> 20, (uint64_t)limit.rlim_max >> 20);
    /* Where the kernel promises no more memory than it has, a stack counts before it is touched. */
    uint64_t free_kib = UINT64_MAX;
    if (number_in("/proc/sys/vm/overcommit_memory") == 2) {
        uint64_t most = kib_of("CommitLimit:"), promised = kib_of("Committed_AS:");
        free_kib = most > promised ? most - promised : 0;
    }
    if (needs->address_space >> 10 > free_kib)
        return refuse(error,
                      "the stacks of %" PRIu32 " threads need %" PRIu64
                      " MiB, and the kernel promises no more than %" PRIu64
                      " MiB (vm.overcommit_memory=2): lift it as root with `sysctl "
                      "vm.overcommit_memory=0`, or take a smaller --stack-size or --concurrency",
                      concurrency, needs->address_space >> 20, free_kib >> 10);
    return 0;
}

/* The local ports that a connection may have; UINT64_MAX where nobody says. */
static uint64_t local_ports(void)
{
    char line[64] = "", *rest = line;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file == NULL)
        return UINT64_MAX;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    fclose(file);
    unsigned long first = strtoul(line, &rest, 10), last = strtoul(rest, NULL, 10);
    return last == 0 || last < first ? UINT64_MAX : last - first + 1;
}

static bool is_loopback(const struct host *host)
{
    const char *address = host->numeric ? host->name : host->addresses;
    return strncmp(address, "127.", 4) == 0 ||
           strstr(address, "::1") == address + strspn(address, "[") ||
           strcmp(host->name, "localhost") == 0;
}

/* Whether a port is given out again while it rests (TIME_WAIT, 60 s on Linux):
 * then one is back after a second (tcp(7), tcp_tw_reuse; it needs timestamps). */
static bool ports_come_back(const struct host *host)
{
    uint64_t reuse = number_in("/proc/sys/net/ipv4/tcp_tw_reuse");
    if (reuse == UINT64_MAX) /* nobody says */
        return true;
    if (number_in("/proc/sys/net/ipv4/tcp_timestamps") == 0)
        return false;
    return reuse == 1 || (reuse == 2 && is_loopback(host));
}

/* Each open connection to one host and port has a local port of its own, and
 * one that was closed keeps it for a while. */
static int meet_ports(const struct run *run, struct limits_error *error)
{
    const struct workload *workload = run->workload;
    uint64_t ports = local_ports();
    if (workload->hosts == NULL || hosts_count(workload->hosts) != 1)
        return 0;
    if (run->lanes > ports)
        return refuse(error,
                      "%" PRIu32 " at one time needs as many local ports, and this machine has "
                      "%" PRIu64 " for one host (net.ipv4.ip_local_port_range): lift it as root "
                      "with `sysctl net.ipv4.ip_local_port_range='1024 65535'`, or take a smaller "
                      "--concurrency",
                      run->lanes, ports);
    if (workload->keep_alive || workload->count <= ports ||
        ports_come_back(hosts_at(workload->hosts, 0)))
        return 0;
    warn_of(error,
            "--keep-alive=no makes %" PRIu64 " connections to one host, and this machine has "
            "%" PRIu64 " local ports (net.ipv4.ip_local_port_range), each of which rests 60 s "
            "after use: a fetch that finds none for --timeout will fail. Lift it as root with "
            "`sysctl net.ipv4.tcp_timestamps=1 net.ipv4.tcp_tw_reuse=1`, or keep connections",
            workload->count, ports);
    return 0;
}

/* What a server on this machine may let wait to be accepted. Whoever comes beyond it is not heard,
 * and its kernel asks again after a second (tcp(7), tcp_syn_retries). Of other machines nothing is
 * known. */
static void meet_backlog(const struct run *run, struct limits_error *error)
{
    const struct hosts *hosts = run->workload->hosts;
    uint64_t most = number_in("/proc/sys/net/core/somaxconn");
    if (run->lanes <= most || hosts == NULL || hosts_count(hosts) != 1 ||
        !is_loopback(hosts_at(hosts, 0)))
        return;
    warn_of(error,
            "%" PRIu32 " connect at one time, and a server on this machine lets %" PRIu64
            " wait to be accepted at most (net.core.somaxconn): some may connect a second or more "
            "late. Lift it as root with `sysctl net.core.somaxconn=%" PRIu32
            "`, and start the server again",
            run->lanes, most, run->lanes);
}

int limits_meet(const struct model *model, const struct run *run, struct limits_error *error)
{
    struct needs needs = {0};
    model->needs(run, &needs);
    if (needs.refused != NULL)
        return refuse(error, "%s", needs.refused);
    int result = meet_descriptors(&needs, model, run, error);
    if (result == 0)
        result = meet_tasks(&needs, run->lanes, error);
    if (result == 0)
        result = meet_memory(&needs, run->lanes, error);
    if (result == 0)
        result = meet_ports(run, error);
    if (result == 0)
        meet_backlog(run, error);
    return result;
}
