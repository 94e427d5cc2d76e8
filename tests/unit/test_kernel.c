/* The meter's control group: why there is none, and what memory.stat says, over files of the test's
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/kernel.h"

static char root[] = "/tmp/waitbench-kernel-XXXXXX";

static void put(const char *folder, const char *name, const char *text)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *folder, const char *name)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void make_folder(const char *name)
{
    char path[700];
    snprintf(path, sizeof path, "%s%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **unused)
{
    (void)unused;
    memcpy(strrchr(root, '-'), "-XXXXXX", sizeof "-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_folder("/slice");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    drop(root, "slice");
    assert_int_equal(rmdir(root), 0);
    return 0;
}

static void where_there_is_none_it_says_why(void **unused)
{
    (void)unused;
    struct kernel_group group;
    struct kernel_sample sample;
    assert_false(kernel_group_make(&group, root, root));
    assert_non_null(strstr(group.why, "no control groups of version 2"));
    put(root, "cgroup.controllers", "cpu memory\n");
    /* Whose own group is not known; version 1, and a path that is none. */
    assert_false(kernel_group_make(&group, root, root));
    assert_non_null(strstr(group.why, "/cgroup names no control group of version 2"));
    put(root, "cgroup", "4:memory:/slice/own\n");
    assert_false(kernel_group_make(&group, root, root));
    assert_non_null(strstr(group.why, "/cgroup names no control group of version 2"));
    put(root, "cgroup", "0::slice\n");
    assert_false(kernel_group_make(&group, root, root));
    assert_non_null(strstr(group.why, "/cgroup names no control group of version 2"));
    put(root, "cgroup", "4:memory:/other\n0::/slice/own\n");
    assert_false(kernel_group_make(&group, root, root));
    assert_non_null(strstr(group.why, "/slice hands no memory controller on"));
    put(root, "slice/cgroup.subtree_control", "cpu memory_other pids\n");
    assert_false(kernel_group_make(&group, root, root));
    assert_non_null(strstr(group.why, "hands no memory controller on"));
    /* The rest of the meter goes on without one. */
    assert_true(kernel_group_enter(&group));
    assert_false(kernel_group_take(&group, &sample));
    assert_int_equal(kernel_group_remove(&group), 0);
    drop(root, "slice/cgroup.subtree_control");
    drop(root, "cgroup.controllers");
    drop(root, "cgroup");
}

static void a_group_stands_beside_ones_own(void **unused)
{
    (void)unused;
    struct kernel_group group;
    char expected[700];
    put(root, "cgroup.controllers", "cpu memory\n");
    put(root, "cgroup.subtree_control", "memory\n");
    put(root, "cgroup", "0::/slice/own\n");
    put(root, "slice/cgroup.subtree_control", "cpu memory\n");
    assert_true(kernel_group_make(&group, root, root));
    snprintf(expected, sizeof expected, "%s/slice/waitbench-meter-%d", root, (int)getpid());
    assert_string_equal(group.folder, expected);
    /* A second one of the same name cannot be made. */
    struct kernel_group other;
    assert_false(kernel_group_make(&other, root, root));
    assert_non_null(strstr(other.why, "no control group can be made in"));
    assert_int_equal(kernel_group_remove(&group), 0);
    assert_true(access(expected, F_OK) < 0);
    /* The topmost group has nothing beside it: below, then. */
    put(root, "cgroup", "0::/\n");
    assert_true(kernel_group_make(&group, root, root));
    snprintf(expected, sizeof expected, "%s/waitbench-meter-%d", root, (int)getpid());
    assert_string_equal(group.folder, expected);
    assert_int_equal(kernel_group_remove(&group), 0);
    drop(root, "slice/cgroup.subtree_control");
    drop(root, "cgroup.subtree_control");
    drop(root, "cgroup.controllers");
    drop(root, "cgroup");
}

static void sums_are_read_from_memory_stat(void **unused)
{
    (void)unused;
    struct kernel_group group = {.folder = ""};
    struct kernel_sample sample;
    snprintf(group.folder, sizeof group.folder, "%s/slice", root);
    assert_false(kernel_group_enter(&group)); /* no cgroup.procs there */
    put(group.folder, "cgroup.procs", "");
    assert_true(kernel_group_enter(&group));
    put(group.folder, "memory.stat",
        "anon 1048576\nkernel 307200\nkernel_stack 65536\npagetables 131072\nsec_pagetables 4096\n"
        "percpu 1024\nsock 20480\nslab 40960\nslab_reclaimable 8192\n");
    assert_true(kernel_group_take(&group, &sample));
    assert_int_equal(sample.total, 300 + 20);
    assert_int_equal(sample.stacks, 64);
    assert_int_equal(sample.page_tables, 128);
    assert_int_equal(sample.sockets, 20);
    /* Before Linux 5.18 there is no sum. */
    put(group.folder, "memory.stat",
        "anon 1048576\nkernel_stack 65536\npagetables 131072\npercpu 1024\nsock 20480\nslab "
        "40960\n");
    assert_true(kernel_group_take(&group, &sample));
    assert_int_equal(sample.total, 64 + 128 + 1 + 40 + 20);
    drop(group.folder, "memory.stat");
    drop(group.folder, "cgroup.procs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_there_is_none_it_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_group_stands_beside_ones_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sums_are_read_from_memory_stat, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
