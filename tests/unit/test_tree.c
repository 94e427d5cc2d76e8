/* The meter's sampler, on trees whose memory is known. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/tree.h"

enum { MIB = 1 << 20, BLOCK = 64 * MIB, BLOCK_KIB = BLOCK / 1024, SHARERS = 4, POOL = 8 };

/* A child that goes step by step: it says a byte when a step is done, and takes one to go on. */
struct child {
    pid_t pid;
    int said, told;
};

static void say(int fd)
{
    if (write(fd, "", 1) != 1)
        _exit(9);
}

static void await(int fd)
{
    char byte;
    if (read(fd, &byte, 1) != 1)
        _exit(0); /* the test has ended */
}

/*
 * Its pages count as the kernel's page size says: no huge one hides their tables. And
 * no sanitizer looks at them: where a kernel has no page of zeros, each page of the
 * shadow that it only reads is a page more.
 */
__attribute__((no_sanitize("address"))) static void touch(volatile char *block, size_t size)
{
    for (size_t at = 0; at < size; at += 4096)
        block[at] = 1;
}

static char *touched(size_t size)
{
    char *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED || madvise(block, size, MADV_NOHUGEPAGE) < 0)
        _exit(9);
    touch(block, size);
    return block;
}

static struct child start(void (*body)(int said, int told))
{
    int up[2], down[2];
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    struct child child = {.pid = fork(), .said = up[0], .told = down[1]};
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        close(up[0]);
        close(down[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body(up[1], down[0]);
        _exit(0);
    }
    close(up[1]);
    close(down[0]);
    return child;
}

/* What the tree below this test holds once the child has done its next step. */
static struct tree_sample after_step(const struct child *child)
{
    char byte;
    struct tree_sample sample;
    struct tree_pids pids = {0};
    assert_int_equal(read(child->said, &byte, 1), 1);
    assert_int_equal(tree_take(&sample, &pids), 0);
    assert_true(sample.pss_known);
    tree_free(&pids);
    return sample;
}

static void go_on(const struct child *child)
{
    assert_int_equal(write(child->told, "", 1), 1);
}

static void end(const struct child *child)
{
    int status;
    close(child->told);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->said);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Within a tenth, beside the few pages that each step costs by itself. */
static void assert_near(uint64_t is, uint64_t was, uint64_t more_kib)
{
    int64_t grown = (int64_t)(is - was), wanted = (int64_t)more_kib;
    if (grown < wanted - 64 || grown > wanted + wanted / 10 + 2048)
        fail_msg("grew by %lld KiB, not by about %lld", (long long)grown, (long long)wanted);
}

static void touch_a_block(int said, int told)
{
    say(said);
    await(told);
    char *block = touched(BLOCK);
    say(said);
    await(told);
    munmap(block, BLOCK);
    say(said);
    await(told);
}

/* 64 MiB touched are 64 MiB more in each sum, 16,384 entries of 8 bytes in page tables. */
static void a_touched_block_is_seen_and_its_end_too(void **unused)
{
    (void)unused;
    struct child child = start(touch_a_block);
    struct tree_sample before = after_step(&child);
    assert_int_equal(before.processes, 1);
    assert_int_equal(before.threads, 1);
    go_on(&child);
    struct tree_sample with = after_step(&child);
    assert_near(with.virtual_kib, before.virtual_kib, BLOCK_KIB);
    assert_near(with.rss_kib, before.rss_kib, BLOCK_KIB);
    assert_near(with.pss_kib, before.pss_kib, BLOCK_KIB);
    uint64_t tables = (uint64_t)BLOCK_KIB * 1024 / (uint64_t)sysconf(_SC_PAGESIZE) * 8 / 1024;
    assert_in_range(with.page_tables_kib - before.page_tables_kib, tables, tables + 64);
    go_on(&child);
    struct tree_sample without = after_step(&child);
    assert_true(without.rss_kib < before.rss_kib + BLOCK_KIB / 10);
    assert_true(without.pss_kib < before.pss_kib + BLOCK_KIB / 10);
    end(&child);
}

__attribute__((no_sanitize("address"))) static char read_each_page(const volatile char *block)
{
    volatile char sum = 0;
    for (size_t at = 0; at < BLOCK; at += 4096)
        sum += block[at];
    return sum;
}

static void share_a_block(int said, int told)
{
    char *block = touched(BLOCK);
    say(said);
    await(told);
    for (int i = 1; i < SHARERS; i++) {
        pid_t pid = fork();
        if (pid < 0)
            _exit(9);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            /* The page tables of private memory are copied by fork: it is mapped here too. */
            read_each_page(block);
            say(said);
            await(told); /* nobody writes to all of them: ends with the pipe */
            _exit(0);
        }
    }
    for (int i = 1; i < SHARERS; i++)
        if (wait(NULL) < 0)
            _exit(9);
}

/* Memory that forks share is in RSS once for each, and in PSS once. */
static void forks_multiply_rss_and_not_pss(void **unused)
{
    (void)unused;
    struct child child = start(share_a_block);
    struct tree_sample alone = after_step(&child);
    assert_true(alone.rss_kib >= BLOCK_KIB);
    go_on(&child);
    char byte;
    for (int i = 2; i < SHARERS; i++)
        assert_int_equal(read(child.said, &byte, 1), 1);
    struct tree_sample shared = after_step(&child);
    assert_int_equal(shared.processes, SHARERS);
    assert_int_equal(shared.threads, SHARERS);
    assert_true(shared.rss_kib >= (uint64_t)SHARERS * BLOCK_KIB);
    assert_true(shared.pss_kib >= BLOCK_KIB);
    assert_true(shared.pss_kib < alone.pss_kib + BLOCK_KIB / 2);
    assert_true(shared.page_tables_kib > alone.page_tables_kib);
    end(&child);
}

static pthread_barrier_t at_work, at_end;

static void *use_stack(void *unused)
{
    volatile char used[MIB / 2];
    for (size_t at = 0; at < sizeof used; at += 1024)
        used[at] = 1;
    pthread_barrier_wait(&at_work);
    pthread_barrier_wait(&at_end);
    return unused;
}

static void make_a_pool(int said, int told)
{
    pthread_t threads[POOL];
    pthread_attr_t attributes;
    say(said);
    await(told);
    pthread_barrier_init(&at_work, NULL, POOL + 1);
    pthread_barrier_init(&at_end, NULL, POOL + 1);
    if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, 2 * (size_t)MIB))
        _exit(9);
    for (int i = 0; i < POOL; i++)
        if (pthread_create(&threads[i], &attributes, use_stack, NULL))
            _exit(9);
    pthread_barrier_wait(&at_work);
    say(said);
    await(told);
    pthread_barrier_wait(&at_end);
    for (int i = 0; i < POOL; i++)
        if (pthread_join(threads[i], NULL))
            _exit(9);
    pthread_attr_destroy(&attributes);
}

/* A stack is virtual memory in full, and resident as far as it was used. */
static void a_pool_of_known_stacks(void **unused)
{
    (void)unused;
    struct child child = start(make_a_pool);
    struct tree_sample before = after_step(&child);
    go_on(&child);
    struct tree_sample pool = after_step(&child);
    assert_int_equal(pool.processes, 1);
    assert_int_equal(pool.threads, POOL + 1);
    assert_true(pool.virtual_kib - before.virtual_kib >= POOL * 2 * 1024);
    assert_true(pool.rss_kib - before.rss_kib >= POOL * 512);
    assert_true(pool.pss_kib - before.pss_kib >= POOL * 512);
#ifndef __SANITIZE_ADDRESS__ /* which keeps a shadow of each stack */
    assert_true(pool.rss_kib - before.rss_kib < POOL * 1536);
#endif
    go_on(&child);
    end(&child);
}

static void leave_a_grandchild(int said, int told)
{
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            say(said);
            await(told);
        }
        _exit(0);
    }
    if (middle < 0 || waitpid(middle, NULL, 0) != middle)
        _exit(9);
    say(said);
    _exit(0);
}

/* Whose parents are gone is still found, by the subreaper; zombies hold nothing. */
static void an_orphan_is_still_in_the_tree(void **unused)
{
    (void)unused;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    struct child child = start(leave_a_grandchild);
    char byte;
    siginfo_t ended;
    struct tree_pids pids = {0};
    struct tree_sample sample;
    assert_int_equal(read(child.said, &byte, 1), 1);
    assert_int_equal(read(child.said, &byte, 1), 1);
    assert_int_equal(waitid(P_PID, (id_t)child.pid, &ended, WEXITED | WNOWAIT), 0);
    assert_int_equal(tree_take(&sample, &pids), 0);
    assert_int_equal(pids.count, 2); /* the orphan, and the zombie that nobody has reaped */
    assert_int_equal(sample.processes, 1);
    end(&child);
    assert_true(wait(NULL) > 0);
    assert_int_equal(tree_take(&sample, &pids), 0);
    assert_int_equal(pids.count, 0);
    assert_int_equal(sample.processes, 0);
    assert_int_equal(sample.rss_kib, 0);
    tree_free(&pids);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void *fork_and_wait(void *pipe_of_child)
{
    const int *ends = pipe_of_child;
    if (fork() == 0) {
        say(ends[0]);
        await(ends[1]);
        _exit(0);
    }
    if (wait(NULL) < 0) /* ends with the pipe */
        _exit(9);
    return NULL;
}

static void fork_from_a_thread(int said, int told)
{
    pthread_t thread;
    int ends[2] = {said, told};
    if (pthread_create(&thread, NULL, fork_and_wait, ends) || pthread_join(thread, NULL))
        _exit(9);
}

/* /proc lists the children of a thread, not those of a process. */
static void a_child_of_a_thread_is_found(void **unused)
{
    (void)unused;
    struct child child = start(fork_from_a_thread);
    struct tree_sample sample = after_step(&child);
    assert_int_equal(sample.processes, 2);
    assert_int_equal(sample.threads, 3);
    end(&child);
}

static void a_list_longer_than_a_buffer(void **unused)
{
    (void)unused;
    enum { MANY = 700 }; /* pids of 7 characters: more than one page of them */
    int hold[2];
    struct tree_pids pids = {0};
    assert_int_equal(pipe(hold), 0);
    for (int i = 0; i < MANY; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(hold[1]);
            await(hold[0]);
        }
    }
    assert_int_equal(tree_walk(getpid(), &pids), 0);
    assert_int_equal(pids.count, MANY);
    close(hold[0]);
    close(hold[1]);
    for (int i = 0; i < MANY; i++)
        assert_true(wait(NULL) > 0);
    tree_free(&pids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_touched_block_is_seen_and_its_end_too),
        cmocka_unit_test(forks_multiply_rss_and_not_pss),
        cmocka_unit_test(a_pool_of_known_stacks),
        cmocka_unit_test(an_orphan_is_still_in_the_tree),
        cmocka_unit_test(a_child_of_a_thread_is_found),
        cmocka_unit_test(a_list_longer_than_a_buffer),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
