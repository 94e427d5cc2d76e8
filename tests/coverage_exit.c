/*
 * Linked into the programs whose branches are counted, with --wrap=_exit: a forked worker ends by
 * _exit, and would take along what it counted.
 */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
