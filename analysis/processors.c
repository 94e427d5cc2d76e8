#include "analysis/processors.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/host.h"
#include "analysis/needed.h"

/*
 * A virtual machine's processors, or two threads of one core, may have less to
 * give than two. One busy process is timed alone, then two at once, each pinned
 * to its own; the ratio of the work done is what two processors are worth. The
 * three spells alternate and the best of each counts, since a neighbour can only
 * take work away.
 */
enum { SPELLS = 5 };
static const double SPELL_S = 0.03;

/* Arithmetic in registers, until the spell is over; returns the steps made. */
static uint64_t busy(void)
{
    uint64_t steps = 0, state = 88172645463325252u;
    double end = host_now() + SPELL_S;
    do {
        for (int i = 0; i < 1000; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        steps += 1 + (state == 0); /* never 0: keeps the loop from being thrown away */
    } while (host_now() < end);
    return steps;
}

/* One busy child on each of the given processors; the sum of what they did, 0 on error. */
static uint64_t spell(const int *cpus, int count, uint64_t *board)
{
    pid_t children[2], parent = getpid();
    int made = 0;
    bool good = true;
    for (; made < count; made++) {
        board[made] = 0;
        children[made] = fork();
        if (children[made] < 0)
            break;
        if (children[made] == 0) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(cpus[made], &set);
            if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
                sched_setaffinity(0, sizeof set, &set) < 0)
                _exit(1);
            board[made] = busy();
            _exit(0);
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < made; i++) {
        int status;
        pid_t reaped;
        do
            reaped = waitpid(children[i], &status, 0);
        while (reaped < 0 && errno == EINTR);
        good = good && reaped == children[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        sum += board[i];
    }
    return good && made == count ? sum : 0;
}

static bool parse_cpu(const char *text, int *cpu)
{
    char *end;
    long value = strtol(text, &end, 10);
    *cpu = (int)value;
    return end != text && !*end && value >= 0 && value < CPU_SETSIZE;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    int *cpus = state->input;
    if (key == ARGP_KEY_ARG && state->arg_num < 2) {
        if (!parse_cpu(argument, &cpus[state->arg_num]))
            argp_error(state, "%s: must be a processor's number", argument);
        return 0;
    }
    if (key == ARGP_KEY_END && state->arg_num != 2)
        argp_error(state, "needs two processors");
    return ARGP_ERR_UNKNOWN;
}

int processors_main(int argc, char **argv)
{
    static const struct argp parser = {
        NULL,
        parse,
        "FIRST SECOND",
        "Print how many times the work of one busy process two get done, one on each of these "
        "processors: 2 where they are two, below 1.6 where they cannot be said to be.",
        0,
        0,
        0};
    int cpus[2];
    needed_arguments(&parser, argc, argv, cpus);
    signal(SIGCHLD, SIG_DFL); /* ignored, as it may come to us, nobody could be waited for */
    uint64_t *board = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        fprintf(stderr, "benchstat processors: %s\n", strerror(errno));
        return 3;
    }
    uint64_t alone = 0, both = 0;
    for (int i = 0; i < SPELLS; i++) {
        uint64_t first = spell(&cpus[0], 1, board), second = spell(&cpus[1], 1, board);
        uint64_t pair = spell(cpus, 2, board);
        alone = first > alone ? first : alone;
        alone = second > alone ? second : alone;
        both = pair > both ? pair : both;
    }
    munmap(board, 4096);
    if (alone == 0 || both == 0) {
        fprintf(stderr, "benchstat processors: cannot use processors %d and %d\n", cpus[0],
                cpus[1]);
        return 3;
    }
    printf("%.3f\n", (double)both / (double)alone);
    return 0;
}
