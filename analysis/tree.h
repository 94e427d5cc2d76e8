/*
 * What a tree of processes holds at one moment, as /proc tells it (proc(5)).
 *
 * A sample first walks the tree: the children of every thread of every process
 * below the caller, by /proc/PID/task/TID/children. Then it reads each process:
 *
 *   virtual      VmSize of status: the address space, whether used or not
 *   rss          Rss of smaps_rollup: pages present. Summed over processes, a
 *                page that N of them share counts N times
 *   pss          Pss of smaps_rollup: each page divided by the number of those who
 *                map it, so that the sum over a tree counts it once; pages shared
 *                with processes outside of the tree (the C library's) count in part
 *   page tables  VmPTE of status: what the kernel keeps to map all that
 *
 * The tree is not stopped: it changes while it is read. A process that ends before
 * it was read is left out, one that begins after the walk comes with the next
 * sample. Memory between two samples is not seen.
 *
 * To hold on to processes whose parent ends, the caller makes itself their
 * subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)) before it starts the first of them.
 *
 * Needs CONFIG_PROC_CHILDREN and CONFIG_PROC_PAGE_MONITOR, and the right to read
 * the processes (one's own, as long as they are dumpable).
 */
#ifndef WAITBENCH_TREE_H
#define WAITBENCH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Sums over all processes of a tree; sizes in KiB. */
struct tree_sample {
    uint64_t processes, threads; /* that run or wait; zombies have no memory and do not count */
    uint64_t virtual_kib, rss_kib, pss_kib, page_tables_kib;
    bool pss_known; /* false: some process could not be read, so that rss is status' VmRSS
                       for it, and pss no sum */
};

/* A buffer for the pids of a sample, kept between samples. Zero is an empty one. */
struct tree_pids {
    pid_t *list;
    size_t count, room;
};

/*
 * Samples everything below the calling process, but not the process itself.
 * Returns 0; -ENOENT where the kernel has no list of children; -ENOMEM, -EMFILE
 * or another -errno of the caller's own. For single-threaded callers.
 */
int tree_take(struct tree_sample *sample, struct tree_pids *pids);

/* The processes below pid, in no certain order and each once, into pids (which it
 * empties first); zombies included. Returns as tree_take does. */
int tree_walk(pid_t pid, struct tree_pids *pids);

void tree_free(struct tree_pids *pids);

#endif
