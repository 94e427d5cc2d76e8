#include "analysis/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A process or thread that has ended meanwhile says so in one of these ways. */
static bool has_ended(int error)
{
    return error == -ENOENT || error == -ESRCH;
}

/*
 * Reads the file at path into a buffer that grows, as a string. Returns its length
 * or -errno. /proc makes a list of children as it is read: several reads of one
 * open file go on where the last one ended.
 */
static ssize_t read_file(const char *path, char **text, size_t *room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t length = 0;
    ssize_t got;
    for (;;) {
        if (*room - length < 4096) {
            char *more = realloc(*text, *room + 16384);
            if (!more) {
                got = -ENOMEM;
                break;
            }
            *text = more;
            *room += 16384;
        }
        got = read(fd, *text + length, *room - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            got = -errno;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    close(fd); /* only read from: nothing is lost */
    if (got < 0)
        return got;
    (*text)[length] = '\0';
    return (ssize_t)length;
}

/* One buffer for all files, kept for the life of the process. */
static char *text;
static size_t text_room;

static int add_pid(struct tree_pids *pids, pid_t pid)
{
    if (pids->count == pids->room) {
        size_t room = pids->room ? 2 * pids->room : 64;
        pid_t *more = realloc(pids->list, room * sizeof *more);
        if (!more)
            return -ENOMEM;
        pids->list = more;
        pids->room = room;
    }
    pids->list[pids->count++] = pid;
    return 0;
}

/* The children that one thread has, at the end of pids. */
static int add_children(pid_t pid, const char *thread, struct tree_pids *pids)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, thread);
    ssize_t length = read_file(path, &text, &text_room);
    if (length < 0)
        return (int)length;
    for (char *at = text, *end;; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at || child <= 0)
            return 0;
        int error = add_pid(pids, (pid_t)child);
        if (error)
            return error;
    }
}

/* Every thread may have children of its own. */
static int add_children_of_threads(pid_t pid, struct tree_pids *pids)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (!threads)
        return -errno;
    int error = 0;
    struct dirent *entry;
    while (!error && (entry = readdir(threads)))
        if (entry->d_name[0] != '.') {
            error = add_children(pid, entry->d_name, pids);
            if (has_ended(error) && pid != getpid())
                error = 0;
        }
    closedir(threads);
    return error;
}

static int by_number(const void *left, const void *right)
{
    pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;
    return (a > b) - (a < b);
}

int tree_walk(pid_t pid, struct tree_pids *pids)
{
    pids->count = 0;
    int error = add_children_of_threads(pid, pids);
    for (size_t i = 0; !error && i < pids->count; i++) {
        error = add_children_of_threads(pids->list[i], pids);
        if (has_ended(error))
            error = 0;
    }
    /* A child whose parent's thread ends while we read moves to another thread of it. */
    if (!error && pids->count > 1) {
        size_t kept = 1;
        qsort(pids->list, pids->count, sizeof *pids->list, by_number);
        for (size_t i = 1; i < pids->count; i++)
            if (pids->list[i] != pids->list[kept - 1])
                pids->list[kept++] = pids->list[i];
        pids->count = kept;
    }
    return error;
}

/* The number behind a label at the beginning of a line; 0 where there is none. */
static uint64_t field(const char *label)
{
    size_t length = strlen(label);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, label, length) == 0)
            return strtoull(line + length, NULL, 10);
    }
    return 0;
}

/* Adds one process. One that has ended, or is one's own and became a zombie, adds nothing. */
static int add_process(pid_t pid, struct tree_sample *sample)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    ssize_t length = read_file(path, &text, &text_room);
    if (length < 0)
        return has_ended((int)length) ? 0 : (int)length;
    uint64_t threads = field("Threads:"), size = field("VmSize:"), tables = field("VmPTE:");
    uint64_t resident = field("VmRSS:");
    if (size == 0) /* a zombie, or one between fork and exec that has no memory of its own yet */
        return 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    length = read_file(path, &text, &text_room);
    if (length < 0 && has_ended((int)length))
        return 0;
    if (length == -EACCES || length == -EPERM)
        sample->pss_known = false;
    else if (length < 0)
        return (int)length;
    sample->processes++;
    sample->threads += threads;
    sample->virtual_kib += size;
    sample->page_tables_kib += tables;
    sample->rss_kib += length < 0 ? resident : field("Rss:");
    sample->pss_kib += length < 0 ? 0 : field("Pss:");
    return 0;
}

int tree_take(struct tree_sample *sample, struct tree_pids *pids)
{
    *sample = (struct tree_sample){.pss_known = true};
    int error = tree_walk(getpid(), pids);
    for (size_t i = 0; !error && i < pids->count; i++)
        error = add_process(pids->list[i], sample);
    return error;
}

void tree_free(struct tree_pids *pids)
{
    free(pids->list);
    *pids = (struct tree_pids){0};
}
