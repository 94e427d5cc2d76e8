/*
 * Linked into the programs whose branches are counted, with --wrap=_exit: a forked worker ends by
 * _exit, and would take along what it counted.
 */
/* gcc's <gcov.h> has it; clang, which reads this for lint, has no such header. */
void __gcov_dump(void);

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
