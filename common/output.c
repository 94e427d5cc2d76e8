#include "common/output.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART ".part"

enum { READER_MS = 20 }; /* between two looks for a pipe's reader */

static bool same_file(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Standard output or error, where this is what it leads to: /dev/stdout is a link, and the file
 * behind it is neither to be replaced nor written from its beginning. Else NULL. */
static FILE *standard_stream(const struct stat *about)
{
    FILE *const streams[] = {stdout, stderr};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct stat own;
        if (fstat(fileno(streams[i]), &own) == 0 && same_file(&own, about))
            return streams[i];
    }
    return NULL;
}

void output_keep_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        // cppcheck-suppress leakReturnValNotUsed
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd)
            return; /* none is to be had: whatever needs one says so */
    }
}

int output_err_exit_status = 3;

/* Who ends with another status has said why. */
static void end_standard_output(int status, void *nothing)
{
    (void)nothing;
    errno = 0;
    if (status != 0 || (fflush(stdout) == 0 && !ferror(stdout)))
        return;
    warnx("standard output: not written: %s", strerror(errno != 0 ? errno : EIO));
    _exit(output_err_exit_status);
}

/* Before main, so that no program can forget it. */
__attribute__((constructor)) static void watch_standard_output(void)
{
    (void)on_exit(end_standard_output, NULL);
}

int output_make_new(const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    struct stat about;
    int fd = open(path, flags, 0666);
    if (fd >= 0 || errno != EEXIST)
        return fd;
    if (lstat(path, &about) == 0 && S_ISREG(about.st_mode))
        return unlink(path) == 0 ? open(path, flags, 0666) : -1;
    errno = EEXIST;
    return -1;
}

/* A device that lies there loses nothing. */
static FILE *make_part(const char *path)
{
    struct stat about;
    int fd = output_make_new(path);
    if (fd < 0 && errno == EEXIST && stat(path, &about) == 0 && S_ISCHR(about.st_mode))
        return fopen(path, "we");
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && file == NULL) {
        close(fd);
        (void)unlink(path);
        errno = ENOMEM; /* nothing else keeps a stream from a descriptor of ours */
    }
    return file;
}

/* Where it will be: a link stays one, and its file is replaced. 0 or -errno. */
static int name_part(struct output *output, const char *path)
{
    struct stat link;
    char target[PATH_MAX];
    if (lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && realpath(path, target) != NULL)
        path = target;
    int length = snprintf(output->part, sizeof output->part, "%s" PART, path);
    return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Opening a pipe blocks until somebody reads it, through any signal that has a handler: so it is
 * tried again and again, and given up with ECANCELED once stop_fd is readable. */
static FILE *open_pipe(const char *path, int stop_fd)
{
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
    int fd;
    while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 && errno == ENXIO) {
        if (poll(&stop, 1, READER_MS) > 0) {
            errno = ECANCELED;
            return NULL;
        }
    }
    FILE *file = fd < 0 || fcntl(fd, F_SETFL, O_WRONLY) < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && file == NULL)
        close(fd);
    return file;
}

int output_open(struct output *output, const char *path)
{
    return output_open_until(output, path, -1);
}

int output_open_until(struct output *output, const char *path, int stop_fd)
{
    output->file = NULL;
    output->path[0] = output->part[0] = '\0';
    if (path == NULL)
        return 0;
    struct stat about;
    if (path[0] == '\0')
        return -ENOENT;
    if (snprintf(output->path, sizeof output->path, "%s", path) >= PATH_MAX)
        return -ENAMETOOLONG;
    bool exists = stat(path, &about) == 0;
    output->file = strcmp(path, "-") == 0 ? stdout : exists ? standard_stream(&about) : NULL;
    if (output->file != NULL)
        return 0;
    bool in_place = exists && !S_ISREG(about.st_mode);
    int error = in_place ? 0 : name_part(output, path);
    if (error < 0)
        return error;
    if (in_place)
        output->file = S_ISFIFO(about.st_mode) ? open_pipe(path, stop_fd) : fopen(path, "we");
    else
        output->file = make_part(output->part);
    return output->file != NULL ? 0 : -errno;
}

bool output_clashes(const struct output *one, const struct output *other)
{
    struct stat ones, others;
    if (one->part[0] == '\0' || other->part[0] == '\0' || stat(one->part, &ones) < 0 ||
        stat(other->part, &others) < 0)
        return false;
    if (same_file(&ones, &others))
        return true;
    struct stat named;
    return (stat(one->path, &named) == 0 && same_file(&named, &others)) ||
           (stat(other->path, &named) == 0 && same_file(&named, &ones));
}

static bool is_standard(const FILE *file)
{
    return file == stdout || file == stderr;
}

/* What was begun as `part` gets its name, unless another run has begun it anew. 0 or -errno. */
static int rename_part(const struct output *output, const struct stat *written)
{
    struct stat there;
    char target[PATH_MAX];
    if (stat(output->part, &there) < 0)
        return -errno;
    if (!same_file(&there, written))
        return -EBUSY;
    snprintf(target, sizeof target, "%.*s", (int)(strlen(output->part) - strlen(PART)),
             output->part);
    int error = rename(output->part, target) < 0 ? -errno : 0;
    if (error < 0)
        (void)unlink(output->part);
    return error;
}

int output_close(struct output *output)
{
    FILE *file = output->file;
    int error = 0;
    output->file = NULL;
    if (file == NULL)
        return 0;
    /* What was not written when a buffer was full, closing does not tell. */
    if (ferror(file) != 0)
        error = errno != 0 ? -errno : -EIO;
    struct stat written = {0};
    if (output->part[0] != '\0' && fstat(fileno(file), &written) < 0)
        error = -errno;
    if ((is_standard(file) ? fflush(file) : fclose(file)) != 0)
        error = -errno;
    if (output->part[0] == '\0')
        return error;
    if (error < 0)
        (void)unlink(output->part);
    return error < 0 ? error : rename_part(output, &written);
}

void output_abandon(struct output *output)
{
    if (output->file == NULL || is_standard(output->file))
        return;
    fclose(output->file);
    output->file = NULL;
    if (output->part[0] != '\0')
        (void)unlink(output->part);
}
