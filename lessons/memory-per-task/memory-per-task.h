/* memory-per-task.h: many tasks that do nothing but wait. */
#ifndef MEMORY_PER_TASK_H
#define MEMORY_PER_TASK_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Each makes n tasks and returns as soon as all of them wait: 0, or -errno.
 * They wait for ever: the process that made them is killed when they have been
 * looked at, and takes them along.
 */
int wait_as_processes(int n, pid_t *child); /* stores their n pids */
int wait_as_threads(int n, size_t stack);   /* stack 0: what is usual */
int wait_with_stacks(int n);
int wait_without_stacks(int n);

enum { COROUTINE_STACK = 64 * 1024, SMALL_STACK = 32 * 1024 };

#endif
