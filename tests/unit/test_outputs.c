/* Files that a run writes: aside and then renamed, and what stands in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above it. */
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/driver/outputs.h"
#include "common/output.h"

/* ---- Help --------------------------------------------------------------- */

/* Each test works in a folder of its own, which it leaves empty. */
struct scratch {
    char folder[512];
    int before;
};

static int enter_scratch(void **state)
{
    struct scratch *scratch = calloc(1, sizeof *scratch);
    const char *folder = getenv("TMPDIR");
    assert_non_null(scratch);
    scratch->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(scratch->before >= 0);
    snprintf(scratch->folder, sizeof scratch->folder, "%s/test_outputs-XXXXXX",
             folder != NULL ? folder : "/tmp");
    assert_non_null(mkdtemp(scratch->folder));
    assert_int_equal(chdir(scratch->folder), 0);
    *state = scratch;
    return 0;
}

static int leave_scratch(void **state)
{
    struct scratch *scratch = *state;
    assert_int_equal(fchdir(scratch->before), 0);
    close(scratch->before);
    assert_int_equal(rmdir(scratch->folder), 0);
    free(scratch);
    return 0;
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What the file holds; it is removed. */
static void check_file(const char *path, const char *want)
{
    char got[4096] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("there is no %s", path);
    got[fread(got, 1, sizeof got - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(got, want);
    assert_int_equal(unlink(path), 0);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- Aside, then renamed ------------------------------------------------ */

static void test_a_file_gets_its_name_when_it_is_whole(void **state)
{
    struct output output;
    (void)state;
    put_file("result", "old");
    assert_int_equal(output_open(&output, "result"), 0);
    assert_true(exists("result.part"));
    assert_true(fputs("new", output.file) >= 0);
    assert_int_equal(fflush(output.file), 0);
    check_file("result", "old"); /* nobody sees a half one */
    assert_int_equal(output_close(&output), 0);
    assert_false(exists("result.part"));
    assert_null(output.file);
    check_file("result", "new");
}

static void test_what_is_given_up_leaves_the_old_one(void **state)
{
    struct output output;
    (void)state;
    put_file("result", "old");
    assert_int_equal(output_open(&output, "result"), 0);
    assert_true(fputs("new", output.file) >= 0);
    output_abandon(&output);
    output_abandon(&output); /* a second time is nothing */
    assert_false(exists("result.part"));
    check_file("result", "old");
}

static void test_no_output_is_none(void **state)
{
    struct output output;
    (void)state;
    assert_int_equal(output_open(&output, NULL), 0);
    assert_null(output.file);
    output_abandon(&output);
    assert_int_equal(output_close(&output), 0);
}

static void test_standard_output_stays_open(void **state)
{
    struct output output;
    (void)state;
    assert_int_equal(output_open(&output, "-"), 0);
    assert_ptr_equal(output.file, stdout);
    output_abandon(&output);
    assert_int_equal(output_close(&output), 0);
    assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
    assert_false(exists("-"));
    assert_false(exists("-.part"));
}

static void test_what_cannot_be_written_is_refused(void **state)
{
    char endless[PATH_MAX + 16];
    struct output output;
    (void)state;
    assert_int_equal(output_open(&output, "no/such/folder"), -ENOENT);
    assert_int_equal(output_open(&output, "."), -EISDIR);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_int_equal(output_open(&output, endless), -ENAMETOOLONG);
}

static void test_a_name_that_was_taken_meanwhile(void **state)
{
    struct output output;
    (void)state;
    assert_int_equal(output_open(&output, "result"), 0);
    assert_int_equal(mkdir("result", 0700), 0);
    assert_int_equal(output_close(&output), -EISDIR);
    assert_false(exists("result.part"));
    assert_int_equal(rmdir("result"), 0);
}

static void test_a_full_disk_is_told(void **state)
{
    (void)state;
    /* Less than a buffer is written when closing, more than one before. */
    for (int length = 10; length <= 100000; length *= 10) {
        struct output output;
        assert_int_equal(output_open(&output, "/dev/full"), 0);
        for (int i = 0; i < length; i++)
            (void)fputc('x', output.file);
        errno = 0;
        assert_true(output_close(&output) < 0);
    }
    assert_true(exists("/dev/full"));
    assert_false(exists("/dev/full.part"));
}

/* A real file, whose descriptor is made one of a full disk. */
static void test_a_file_that_could_not_be_written_is_not_left(void **state)
{
    struct output output;
    (void)state;
    put_file("result", "old");
    assert_int_equal(output_open(&output, "result"), 0);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_true(dup2(full, fileno(output.file)) >= 0);
    close(full);
    assert_true(fputs("new", output.file) >= 0);
    assert_int_equal(output_close(&output), -ENOSPC);
    assert_false(exists("result.part"));
    check_file("result", "old");
}

/* ---- Records and trace -------------------------------------------------- */

static const uint64_t a_hash = 0x855c62dcfdu;

static void open_run(struct run *run, struct workload *workload, uint32_t spans)
{
    *workload = (struct workload){.pattern = "http://a/{}", .count = 3, .first = 10, .whole = 20};
    assert_int_equal(run_open(run, workload, 2, spans), 0);
    assert_int_equal(run_ready(run), 0);
    struct record *record = run_record(run, 0);
    *record = (struct record){.taken_ns = 1000,
                              .first_byte_ns = 2500,
                              .end_ns = 4000,
                              .body_bytes = 5,
                              .body_hash = a_hash,
                              .lane = 1,
                              .status = 200,
                              .attempts = 2};
    record->outcome = FETCHED;
    record = run_record(run, 1);
    *record = (struct record){.taken_ns = 3000, .end_ns = 9000, .attempts = 1};
    record->outcome = REFUSED;
    run_record(run, 2)->outcome = INTERRUPTED;
}

static void test_records_are_rows_in_the_lists_order(void **state)
{
    struct workload workload;
    struct output output;
    struct run run;
    (void)state;
    open_run(&run, &workload, 0);
    assert_int_equal(output_open(&output, "records"), 0);
    records_write(&run, output.file);
    assert_int_equal(output_close(&output), 0);
    check_file("records",
               "index,outcome,status,attempts,lane,taken_ns,first_byte_ns,end_ns,body_bytes,"
               "body_hash\n"
               "11,fetched,200,2,1,1000,2500,4000,5,000000855c62dcfd\n"
               "12,refused,0,1,0,3000,0,9000,0,0000000000000000\n"
               "13,interrupted,0,0,0,0,0,0,0,0000000000000000\n");
    run_free(&run);
}

static void check_event(json_t *event, const char *name, int pid, int lane, double begin,
                        double length)
{
    assert_string_equal(json_string_value(json_object_get(event, "ph")), "X");
    assert_string_equal(json_string_value(json_object_get(event, "name")), name);
    assert_int_equal(json_integer_value(json_object_get(event, "pid")), pid);
    assert_int_equal(json_integer_value(json_object_get(event, "tid")), lane);
    assert_true(json_number_value(json_object_get(event, "ts")) == begin);
    assert_true(json_number_value(json_object_get(event, "dur")) == length);
}

static void test_a_trace_is_json_with_waits_answers_and_spans(void **state)
{
    struct workload workload;
    struct run run;
    json_error_t error;
    char *text = NULL;
    size_t length = 0;
    (void)state;
    open_run(&run, &workload, 4);
    run_computed(&run, 1, 500, 1500);
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    trace_write(&run, "invented", out);
    assert_int_equal(fclose(out), 0);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%s: %s", error.text, text);
    json_t *events = json_object_get(root, "traceEvents");
    assert_int_equal(json_array_size(events), 6);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(events, i), "ph")),
                            "M");
    check_event(json_array_get(events, 2), "waiting", 1, 1, 1.0, 1.5);
    check_event(json_array_get(events, 3), "receiving", 1, 1, 2.5, 1.5);
    check_event(json_array_get(events, 4), "waiting", 1, 0, 3.0, 6.0);
    check_event(json_array_get(events, 5), "running", 2, 1, 0.5, 1.0);
    json_t *arguments = json_object_get(json_array_get(events, 2), "args");
    assert_int_equal(json_integer_value(json_object_get(arguments, "index")), 11);
    json_decref(root);
    free(text);
    run_free(&run);
}

/* ---- Bodies ------------------------------------------------------------- */

static void test_a_folder_is_made_or_found(void **state)
{
    (void)state;
    assert_int_equal(bodies_folder("bodies"), 0);
    assert_int_equal(bodies_folder("bodies"), 0);
    put_file("file", "");
    assert_int_equal(bodies_folder("file"), -ENOTDIR);
    assert_int_equal(bodies_folder("no/such/folder"), -ENOENT);
    assert_int_equal(unlink("file"), 0);
    assert_int_equal(rmdir("bodies"), 0);
}

static void test_bodies_are_printed_in_the_lists_order_and_removed(void **state)
{
    struct workload workload;
    struct run run;
    char *text = NULL;
    size_t length = 0;
    (void)state;
    open_run(&run, &workload, 0);
    assert_int_equal(bodies_folder("bodies"), 0);
    workload.save = "bodies";
    put_file("bodies/000013", "third");
    put_file("bodies/000011", "first,");
    put_file("bodies/000014", "of another slice");
    put_file("bodies/.000012.part", "half");
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_int_equal(bodies_print(&run, out), 0);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "first,third");
    free(text);
    bodies_remove("bodies");
    assert_false(exists("bodies"));
    bodies_remove("bodies"); /* a second time is nothing */
    run_free(&run);
}

static void test_a_temporary_folder_is_ours_alone(void **state)
{
    struct stat about;
    char path[PATH_MAX];
    (void)state;
    const char *before = getenv("TMPDIR");
    char *kept = before != NULL ? strdup(before) : NULL;
    assert_int_equal(setenv("TMPDIR", ".", 1), 0);
    assert_int_equal(bodies_temporary(path), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    bodies_remove(path);
    assert_false(exists(path));
    assert_int_equal(setenv("TMPDIR", "no/such", 1), 0);
    assert_int_equal(bodies_temporary(path), -ENOENT);
    assert_string_equal(path, ""); /* so that nobody removes what was not made */
    assert_int_equal(kept != NULL ? setenv("TMPDIR", kept, 1) : unsetenv("TMPDIR"), 0);
    free(kept);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)
    const struct CMUnitTest tests[] = {
        TEST(test_a_file_gets_its_name_when_it_is_whole),
        TEST(test_what_is_given_up_leaves_the_old_one),
        TEST(test_no_output_is_none),
        TEST(test_standard_output_stays_open),
        TEST(test_what_cannot_be_written_is_refused),
        TEST(test_a_name_that_was_taken_meanwhile),
        TEST(test_a_full_disk_is_told),
        TEST(test_a_file_that_could_not_be_written_is_not_left),
        TEST(test_records_are_rows_in_the_lists_order),
        TEST(test_a_trace_is_json_with_waits_answers_and_spans),
        TEST(test_a_folder_is_made_or_found),
        TEST(test_bodies_are_printed_in_the_lists_order_and_removed),
        TEST(test_a_temporary_folder_is_ours_alone),
    };
    return cmocka_run_group_tests_name("outputs", tests, NULL, NULL);
}
