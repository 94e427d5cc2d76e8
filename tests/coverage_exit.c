/*
 * Linked into the programs whose branches are counted, with --wrap for each of these: a forked
 * worker ends by _exit, a second Ctrl-C by raise, and the progress line's process is killed in its
 * sleep. All would take along what they counted.
 */
#include <time.h>

/* gcc's <gcov.h> has them; clang, which reads this for lint, has no such header. */
void __gcov_dump(void);
void __gcov_reset(void);

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_raise(int number);
int __wrap_raise(int number);
int __real_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

/* Who goes on counts from here: what was written is not written again. */
static void write_down(void)
{
    __gcov_dump();
    __gcov_reset();
}

int __wrap_raise(int number)
{
    write_down();
    return __real_raise(number);
}

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    write_down();
    return __real_nanosleep(wanted, left);
}
