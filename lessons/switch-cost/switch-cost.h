/* switch-cost.h: two who take turns, and what taking turns costs. */
#ifndef SWITCH_COST_H
#define SWITCH_COST_H

#include <stddef.h>
#include <stdint.h>

/* What the two share. Two processes need it in shared memory. */
struct court {
    int pipe[2][2];     /* [0]: first to second, [1]: second to first */
    uint32_t turn;      /* whose turn it is, for the futex: 0 or 1 */
    size_t working_set; /* bytes that each touches in its turn */
    unsigned char *own[2];
};

/* Player me (0 or 1) takes `turns` turns. 0, or -errno. */
int play_by_pipe(struct court *, int me, long turns);
int play_by_futex(struct court *, int me, long turns);

/* What those cost without anybody to switch to, a turn. */
int alone_by_pipe(struct court *, long turns);
int alone_by_futex(struct court *, long turns);

/* Two coroutines in one thread take `turns` turns between them. */
int play_with_stacks(struct court *, long turns);
int play_without_stacks(struct court *, long turns);

/* To compare with. */
int call_functions(struct court *, long times);
int call_system(struct court *, long times);
int write_lines(struct court *, long times);

/* What a player does in its turn: touch its own working set. */
void touch(const struct court *, int me);

#endif
