/*
 * What the kernel itself holds for a tree of processes: kernel stacks, page tables,
 * sockets and the rest, as a control group of version 2 counts it (memory.stat, the
 * kernel's Documentation/admin-guide/cgroup-v2.rst).
 *
 * A group of its own is made beside the caller's, since a group with processes in it can
 * have none below it with controllers; the command enters it before it is executed, and
 * all that it starts is born there. Where no such group is to be had, why says so in
 * words. That is the rule on machines with version 1, in most containers, and without
 * root: the rest is measured all the same.
 *
 * For single-threaded callers.
 */
#ifndef WAITBENCH_KERNEL_H
#define WAITBENCH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_group {
    char folder[600]; /* empty where there is none */
    char why[700];    /* and then the reason; else empty */
};

/* In KiB; total is everything but the processes' own pages and the files' cache. */
struct kernel_sample {
    uint64_t total, stacks, page_tables, sockets;
};

/* Makes a group below root (/sys/fs/cgroup) for a caller whose own group there the file `cgroup`
 * in the folder self says (/proc/self). False: there is none, see why. */
bool kernel_group_make(struct kernel_group *group, const char *root, const char *self);

/* Puts the calling process into it; false where that failed. Nothing without a group. */
bool kernel_group_enter(const struct kernel_group *group);

/* What its processes hold now; false where it cannot be read, or there is no group. */
bool kernel_group_take(const struct kernel_group *group, struct kernel_sample *sample);

/* Removes it; returns 0 or -errno: -EBUSY while a process is in it. */
int kernel_group_remove(struct kernel_group *group);

#endif
