/* lesson_measure.c: time, rounds, processors, children. */
#include "common/statistics.h"
#include "lessons/lesson.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MOST = 64, WAYS_MOST = 64 };

double lesson_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Figures. ---------------------------------------------------------------- */

static struct lesson_figure *new_figure(struct lesson_run *run,
                                        const char *name, const char *unit)
{
    struct lesson_figures *figures = &run->figures;
    assert(figures->count < LESSON_FIGURES);
    struct lesson_figure *f = &figures->figure[figures->count++];
    assert(strlen(name) < sizeof f->name && strlen(unit) < sizeof f->unit);
    *f = (struct lesson_figure){0};
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->unit, sizeof f->unit, "%s", unit);
    return f;
}

void lesson_count(struct lesson_run *run, const char *name, double value,
                  const char *unit)
{
    struct lesson_figure *f = new_figure(run, name, unit);
    f->value = f->low = f->high = value;
}

void lesson_median(struct lesson_run *run, const char *name, double *values,
                   size_t n, const char *unit)
{
    struct lesson_figure *f = new_figure(run, name, unit);
    sort_f64(values, n);
    struct median_interval interval = median_interval(values, n, 0.95);
    f->value = median_f64(values, n);
    f->low = interval.low;
    f->high = interval.high;
    f->rounds = (unsigned)n;
    f->coverage = interval.coverage;
}

/* Rounds. ----------------------------------------------------------------- */

/* xorshift64 (Marsaglia 2003): enough to shuffle, the same on each run. */
static uint64_t shuffled(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

int lesson_rounds(struct lesson_run *run, const struct lesson_way *ways,
                  size_t count, unsigned rounds)
{
    assert(count <= WAYS_MOST && rounds >= 1 && rounds <= ROUNDS_MOST);
    double(*values)[ROUNDS_MOST] = calloc(count, sizeof *values);
    if (!values)
        return -ENOMEM;
    int failed = 0;
    uint64_t seed = 20260101;
    size_t order[WAYS_MOST];
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = count; i > 1; i--) {
            size_t j = shuffled(&seed) % i, last = order[i - 1];
            order[i - 1] = order[j];
            order[j] = last;
        }
        for (size_t i = 0; i < count; i++) {
            const struct lesson_way *way = &ways[order[i]];
            errno = 0;
            double value = way->once(way->argument);
            if (isnan(value)) {
                failed = errno ? -errno : -EIO;
                goto done;
            }
            values[order[i]][round] = value;
        }
    }
    for (size_t i = 0; i < count; i++)
        lesson_median(run, ways[i].name, values[i], rounds, ways[i].unit);
done:
    free(values);
    return failed;
}

/* Processors. ------------------------------------------------------------- */

/*
 * The processors that the lesson was started with: read before main, so that no
 * thread finds the set that another one has narrowed.
 */
static cpu_set_t allowed;

__attribute__((constructor)) static void read_allowed(void)
{
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        CPU_SET(0, &allowed);
}

int lesson_processors(void)
{
    return CPU_COUNT(&allowed);
}

/* Keeps the calling thread on the k-th to (k+n-1)-th allowed processor. */
static int stay(int k, int n)
{
    cpu_set_t some;
    CPU_ZERO(&some);
    for (int cpu = 0; cpu < CPU_SETSIZE && n > 0; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || k-- > 0)
            continue;
        CPU_SET(cpu, &some);
        n--;
    }
    if (n > 0)
        return -EINVAL;
    return sched_setaffinity(0, sizeof some, &some) == 0 ? 0 : -errno;
}

int lesson_stay_on(int k)
{
    return stay(k, 1);
}

int lesson_stay_among(int n)
{
    return stay(0, n);
}

/* About 40 ms of arithmetic that no compiler can leave out. */
static void keep_busy(void)
{
    volatile uint64_t x = 1;
    for (int i = 0; i < 20 * 1000 * 1000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
}

/* Seconds that n busy processes take together, or NAN and errno. */
static double busy_processes(int n)
{
    pid_t child[2];
    int made = 0, failed = 0;
    double began = lesson_now();
    for (; made < n; made++) {
        child[made] = lesson_fork();
        if (child[made] < 0) {
            failed = child[made];
            break;
        }
        if (child[made] == 0) {
            keep_busy();
            _exit(0);
        }
    }
    while (made > 0) {
        int bad = lesson_reap(child[--made]);
        failed = failed ? failed : bad;
    }
    errno = -failed;
    return failed ? NAN : lesson_now() - began;
}

int lesson_needs_two_processors(struct lesson_run *run)
{
    double best[3] = {0, INFINITY, INFINITY};
    /* Where there is one, two would only seem to do more: beside a busy
     * neighbour they get a larger share of it. */
    if (lesson_processors() < 2) {
        lesson_count(run, LESSON_TWO_PROCESSORS, 1, "times");
        return 0;
    }
    for (int round = 0; round < 5; round++)
        for (int n = 1; n <= 2; n++) {
            double seconds = busy_processes(n);
            if (isnan(seconds))
                return -errno;
            best[n] = fmin(best[n], seconds);
        }
    lesson_count(run, LESSON_TWO_PROCESSORS, 2 * best[1] / best[2], "times");
    return 0;
}

/* Processes and memory. --------------------------------------------------- */

pid_t lesson_fork(void)
{
    pid_t parent = getpid();
    fflush(NULL); /* or each child would print the buffer once more */
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child > 0)
        return child;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(125); /* the parent ended before it could be watched */
    return 0;
}

int lesson_reap(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

int lesson_all_there(const pid_t *child, int children)
{
    for (int i = 0; i < children; i++) {
        siginfo_t ended = {0};
        if (waitid(P_PID, (id_t)child[i], &ended,
                   WEXITED | WNOHANG | WNOWAIT) != 0)
            return -errno;
        if (ended.si_pid != 0)
            return -ECHILD;
    }
    return 0;
}

void lesson_when_one_ends(void (*call)(int signal_number))
{
    const struct sigaction action = {.sa_handler = call ? call : SIG_DFL,
                                     .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigaction(SIGCHLD, &action, NULL);
}

void *lesson_shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    return memory;
}

/* Not every file system knows files without names (overlayfs before Linux
 * 6.1): there it has one for a moment. */
static int file_unlinked(const char *folder, int flags)
{
    char name[PATH_MAX];
    int length = snprintf(name, sizeof name, "%s/lesson-XXXXXX", folder);
    if (length >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(name, O_CLOEXEC | flags);
    if (fd >= 0)
        (void)unlink(name); /* we have just made it */
    return fd;
}

int lesson_file(int flags)
{
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
        fd = file_unlinked(folder, flags);
    if (fd >= 0)
        return fd;
    return lesson_cannot(-errno, "it needs a file without a name in $TMPDIR, "
                                 "or else in /tmp");
}
