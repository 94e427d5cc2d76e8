/*
 * switch-cost: two take turns. What does it cost to change who runs?
 *
 *   processes    the kernel changes registers, stack and page tables
 *   threads      the kernel changes registers and stack
 *   coroutines   the program does it itself, the kernel hears nothing
 *
 * By a pipe, a turn is one byte written and one byte waited for. By a
 * futex, it is a word in memory and the kernel's help to sleep on it.
 */
#include "lessons/switch-cost/switch-cost.h"
#include "lessons/lesson.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

void touch(const struct court *court, int me)
{
    for (size_t at = 0; at < court->working_set; at += 64)
        court->own[me][at]++;
}

/* --- processes or threads: only their memory differs ------------------- */

int play_by_pipe(struct court *court, int me, long turns)
{
    int to = court->pipe[me][1], from = court->pipe[1 - me][0];
    char ball = 0;
    for (long i = 0; i < turns; i++) {
        if (me == 1 && read(from, &ball, 1) != 1)
            return -EPIPE;
        touch(court, me);
        if (write(to, &ball, 1) != 1)
            return -EPIPE;
        if (me == 0 && read(from, &ball, 1) != 1)
            return -EPIPE;
    }
    return 0;
}

/* The same calls, but the byte is there already: nobody has to wait. */
int alone_by_pipe(struct court *court, long turns)
{
    char ball = 0;
    for (long i = 0; i < turns; i++) {
        touch(court, 0);
        if (write(court->pipe[0][1], &ball, 1) != 1 ||
            read(court->pipe[0][0], &ball, 1) != 1)
            return -EPIPE;
    }
    return 0;
}

/* Sleeps as long as *word is `value`; wakes who sleeps on it. */
static void futex_wait(uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int play_by_futex(struct court *court, int me, long turns)
{
    uint32_t mine = (uint32_t)me, other = 1 - mine;
    for (long i = 0; i < turns; i++) {
        while (__atomic_load_n(&court->turn, __ATOMIC_ACQUIRE) != mine)
            futex_wait(&court->turn, other);
        touch(court, me);
        __atomic_store_n(&court->turn, other, __ATOMIC_RELEASE);
        futex_wake(&court->turn);
    }
    return 0;
}

int alone_by_futex(struct court *court, long turns)
{
    for (long i = 0; i < turns; i++) {
        futex_wait(&court->turn, 7); /* it never is 7: comes back at once */
        touch(court, 0);
        futex_wake(&court->turn);
    }
    return 0;
}

/* --- coroutines with stacks -------------------------------------------- */

enum { STACK = 64 * 1024 };

static struct court *played; /* makecontext() hands over no pointers */
static long left;
static ucontext_t player[2], caller;

static void play_on_own_stack(int me)
{
    while (left-- > 0) {
        touch(played, me);
        swapcontext(&player[me], &player[1 - me]); /* the switch */
    }
}

static int make_player(int me, char *stack)
{
    if (getcontext(&player[me]) != 0)
        return -errno;
    player[me].uc_stack.ss_sp = stack;
    player[me].uc_stack.ss_size = STACK;
    player[me].uc_link = &caller; /* the first to end ends the game */
    makecontext(&player[me], (void (*)(void))play_on_own_stack, 1, me);
    return 0;
}

int play_with_stacks(struct court *court, long turns)
{
    char *stacks = malloc(2 * STACK);
    if (!stacks)
        return -ENOMEM;
    played = court;
    left = turns;
    int failed = make_player(0, stacks);
    if (!failed)
        failed = make_player(1, stacks + STACK);
    if (!failed && swapcontext(&caller, &player[0]) != 0)
        failed = -errno;
    free(stacks);
    return failed;
}

/* --- coroutines without ------------------------------------------------ */

struct coroutine {
    int place, me;
};

/* noinline: or there would be no switch left to be measured. */
__attribute__((noinline)) static void resume(struct coroutine *coroutine,
                                             const struct court *court)
{
    switch (coroutine->place) {
    case 0:
        for (;;) {
            touch(court, coroutine->me);
            coroutine->place = 1;
            return; /* the switch */
        case 1:;
        }
    }
}

int play_without_stacks(struct court *court, long turns)
{
    struct coroutine both[2] = {{.me = 0}, {.me = 1}};
    for (long i = 0; i < turns; i++)
        resume(&both[i % 2], court);
    return 0;
}

/* --- to compare with --------------------------------------------------- */

__attribute__((noinline)) static void a_function(const struct court *court)
{
    touch(court, 0);
}

int call_functions(struct court *court, long times)
{
    for (long i = 0; i < times; i++)
        a_function(court);
    return 0;
}

int call_system(struct court *court, long times)
{
    (void)court;
    for (long i = 0; i < times; i++)
        syscall(SYS_getppid);
    return 0;
}

/* What print comes to: the kernel keeps it in memory, and nobody waits. */
int write_lines(struct court *court, long times)
{
    (void)court;
    int file = lesson_file(0); /* has no name */
    if (file < 0)
        return file;
    int failed = 0;
    for (long i = 0; i < times && !failed; i++)
        if (write(file, "x\n", 2) != 2)
            failed = -EIO;
    close(file);
    return failed;
}
