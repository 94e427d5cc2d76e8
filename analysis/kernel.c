#include "analysis/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static bool none(struct kernel_group *group,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(group->why, sizeof group->why, format, arguments);
    va_end(arguments);
    group->folder[0] = '\0';
    return false;
}

/* The file as a string; false where it cannot be read. */
static bool contents(const char *folder, const char *name, char *text, size_t size)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    bool whole = !ferror(file);
    fclose(file); /* only read from */
    return whole;
}

/* Whether a word stands in a list parted by blanks. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at++)
        if ((at == list || at[-1] == ' ') && strchr(" \n", at[length]))
            return true;
    return false;
}

/* The caller's group, from the line "0::/path" of its file. */
static bool own_group(const char *self, char *path, size_t size)
{
    char text[4096], *line;
    if (!contents(self, "cgroup", text, sizeof text))
        return false;
    line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!line)
        return false;
    line = strchr(line, '/');
    if (!line)
        return false;
    snprintf(path, size, "%.*s", (int)strcspn(line, "\n"), line);
    return true;
}

bool kernel_group_make(struct kernel_group *group, const char *root, const char *self)
{
    char parent[512], path[256], text[4096];
    *group = (struct kernel_group){.folder = ""};
    if (!contents(root, "cgroup.controllers", text, sizeof text))
        return none(group, "%s holds no control groups of version 2", root);
    if (!own_group(self, path, sizeof path))
        return none(group, "%s/cgroup names no control group of version 2", self);
    snprintf(parent, sizeof parent, "%s%s", root, path);
    char *slash = strrchr(parent, '/');
    if (slash && slash >= parent + strlen(root))
        *slash = '\0'; /* beside our own; of the topmost itself only the slash goes */
    if (!contents(parent, "cgroup.subtree_control", text, sizeof text) || !has_word(text, "memory"))
        return none(group, "the control group %s hands no memory controller on", parent);
    snprintf(group->folder, sizeof group->folder, "%s/waitbench-meter-%d", parent, (int)getpid());
    if (mkdir(group->folder, 0777) < 0)
        return none(group, "no control group can be made in %s: %s", parent, strerror(errno));
    return true;
}

bool kernel_group_enter(const struct kernel_group *group)
{
    char path[700];
    if (!group->folder[0])
        return true;
    snprintf(path, sizeof path, "%s/cgroup.procs", group->folder);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool entered = write(fd, "0", 1) == 1; /* 0 is the writer itself */
    return close(fd) == 0 && entered;
}

/* A line of memory.stat, "kernel_stack 65536", in KiB; 0 where it has none. */
static uint64_t kib_of(const char *text, const char *label)
{
    size_t length = strlen(label);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, label, length) == 0 && line[length] == ' ')
            return strtoull(line + length, NULL, 10) / 1024;
    }
    return 0;
}

bool kernel_group_take(const struct kernel_group *group, struct kernel_sample *sample)
{
    char text[8192];
    if (!group->folder[0] || !contents(group->folder, "memory.stat", text, sizeof text))
        return false;
    *sample = (struct kernel_sample){.stacks = kib_of(text, "kernel_stack"),
                                     .page_tables = kib_of(text, "pagetables"),
                                     .sockets = kib_of(text, "sock")};
    /* Since Linux 5.18 one line sums the kernel's own; sockets' buffers are counted beside it. */
    uint64_t kernel = kib_of(text, "kernel");
    if (kernel == 0)
        kernel =
            sample->stacks + sample->page_tables + kib_of(text, "slab") + kib_of(text, "percpu");
    sample->total = kernel + sample->sockets;
    return true;
}

int kernel_group_remove(struct kernel_group *group)
{
    if (group->folder[0] && rmdir(group->folder) < 0)
        return -errno;
    group->folder[0] = '\0';
    return 0;
}
