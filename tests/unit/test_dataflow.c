/* A lesson's stages with a thread each, where the log is not as long as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lessons/dataflow/dataflow.h"

static void a_log_without_its_middle_ends_all_stages(void **state)
{
    (void)state;
    static const char three_lines[] = "10.0.0.1 - - x\n10.0.0.2 - - x\n10.0.0.1 - - x\n";
    const char *const addresses[] = {"10.0.0.1", "10.0.0.2"};
    int log = memfd_create("log", MFD_CLOEXEC);
    assert_true(log >= 0);
    assert_int_equal(write(log, three_lines, strlen(three_lines)), strlen(three_lines));
    alarm(30); /* who waits for the middle would wait for ever */
    for (enum ending ending = 0; ending < ENDINGS; ending++) {
        long count[2] = {0};
        assert_int_equal(lseek(log, 0, SEEK_SET), 0);
        assert_int_equal(count_by_threads(log, 1000, addresses, 2, ending, count), 0);
        if (ending == ALL_CLOSED) {
            assert_int_equal(count[0], 2);
            assert_int_equal(count[1], 1);
        }
    }
    alarm(0);
    close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_without_its_middle_ends_all_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
