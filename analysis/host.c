#include "analysis/host.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The line of a small file of /proc that begins with label, without it; false where
 * there is none. */
static bool find_line(const char *path, const char *label, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool found = false;
    if (!file)
        return false;
    while (!found && fgets(line, (int)size, file)) {
        found = strncmp(line, label, strlen(label)) == 0;
        if (found)
            memmove(line, line + strlen(label), strlen(line) - strlen(label) + 1);
    }
    fclose(file);
    return found;
}

struct host_cpu host_cpu(void)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
    struct host_cpu cpu = {-1, -1};
    char line[512];
    /* proc(5): the first line sums all processors, in ticks of USER_HZ. */
    if (!find_line("/proc/stat", "cpu ", line, sizeof line))
        return cpu;
    double ticks[FIELDS];
    char *at = line;
    for (int i = 0; i < FIELDS; i++) {
        char *end;
        ticks[i] = (double)strtoull(at, &end, 10);
        if (end == at)
            return cpu;
        at = end;
    }
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    cpu.busy_s = (ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ]) * tick;
    cpu.steal_s = ticks[STEAL] * tick;
    return cpu;
}

int64_t host_time_wait(void)
{
    char line[512];
    if (!find_line("/proc/net/sockstat", "TCP:", line, sizeof line))
        return -1;
    const char *field = strstr(line, " tw ");
    char *end;
    long long count = field ? strtoll(field + 4, &end, 10) : -1;
    return field && end != field + 4 ? count : -1;
}

double host_load(void)
{
    double load;
    return getloadavg(&load, 1) == 1 ? load : -1;
}

double host_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int host_parse_cpus(const char *list, cpu_set_t *set)
{
    CPU_ZERO(set);
    for (const char *at = list;; at++) {
        char *end;
        errno = 0;
        unsigned long first = strtoul(at, &end, 10), last = first;
        if (errno || end == at || *at < '0' || *at > '9')
            return -EINVAL;
        if (*end == '-') {
            at = end + 1;
            last = strtoul(at, &end, 10);
            if (errno || end == at || *at < '0' || *at > '9')
                return -EINVAL;
        }
        if (first > last || last >= CPU_SETSIZE)
            return -EINVAL;
        for (unsigned long cpu = first; cpu <= last; cpu++)
            CPU_SET(cpu, set);
        if (*end == '\0')
            return 0;
        if (*end != ',')
            return -EINVAL;
        at = end;
    }
}
