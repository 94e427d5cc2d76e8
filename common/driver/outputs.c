#include "common/driver/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Records and trace -------------------------------------------------- */

void records_write(const struct run *run, FILE *out)
{
    bool open = run->workload->due != NULL;
    fprintf(out,
            "index,outcome,status,attempts,lane,taken_ns,first_byte_ns,end_ns,body_bytes,"
            "body_hash%s\n",
            open ? ",due_ns" : "");
    for (uint64_t i = 0; i < run->workload->count; i++) {
        const struct record *record = run_record(run, i);
        fprintf(out,
                "%" PRIu64 ",%s,%u,%u,%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                ",%016" PRIx64,
                workload_number(run->workload, i), outcome_name(record->outcome), record->status,
                record->attempts, record->lane, record->taken_ns, record->first_byte_ns,
                record->end_ns, record->body_bytes, record->body_hash);
        if (open)
            fprintf(out, ",%" PRIu64, workload_due(run->workload, i));
        fputc('\n', out);
    }
}

static void trace_event(FILE *out, const char *category, const char *name, int pid, uint32_t lane,
                        uint64_t begin_ns, uint64_t end_ns)
{
    fprintf(out,
            ",\n{\"ph\":\"X\",\"cat\":\"%s\",\"name\":\"%s\",\"pid\":%d,\"tid\":%" PRIu32
            ",\"ts\":%.3f,\"dur\":%.3f",
            category, name, pid, lane, (double)begin_ns / 1e3, (double)(end_ns - begin_ns) / 1e3);
}

void trace_write(const struct run *run, const char *model, FILE *out)
{
    fprintf(out,
            "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
            "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"tid\":0,"
            "\"args\":{\"name\":\"%s: fetches\"}},\n"
            "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":2,\"tid\":0,"
            "\"args\":{\"name\":\"%s: processor\"}}",
            model, model);
    for (uint64_t i = 0; i < run->workload->count; i++) {
        const struct record *record = run_record(run, i);
        uint64_t number = workload_number(run->workload, i);
        if (record->end_ns == 0 || (record->attempts == 0 && run->workload->due != NULL))
            continue; /* never under way */
        uint64_t first_byte = record->first_byte_ns != 0 ? record->first_byte_ns : record->end_ns;
        trace_event(out, "fetch", "waiting", 1, record->lane, record->taken_ns, first_byte);
        fprintf(out, ",\"args\":{\"index\":%" PRIu64 ",\"outcome\":\"%s\"}}", number,
                outcome_name(record->outcome));
        if (record->first_byte_ns == 0)
            continue;
        trace_event(out, "fetch", "receiving", 1, record->lane, first_byte, record->end_ns);
        fprintf(out, ",\"args\":{\"index\":%" PRIu64 ",\"outcome\":\"%s\"}}", number,
                outcome_name(record->outcome));
    }
    const struct run_span *spans = run_spans(run);
    for (uint64_t i = 0; i < run_totals(run).spans; i++) {
        trace_event(out, "cpu", "running", 2, spans[i].lane, spans[i].begin_ns, spans[i].end_ns);
        fputc('}', out);
    }
    fputs("\n]}\n", out);
}

/* ---- Bodies ------------------------------------------------------------- */

int bodies_folder(const char *path)
{
    struct stat about;
    static const char longest[] = "/.18446744073709551615.part"; /* of a URL's number */
    if (strlen(path) + sizeof longest > PATH_MAX)
        return -ENAMETOOLONG;
    if (mkdir(path, 0777) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    if (stat(path, &about) < 0)
        return -errno;
    if (!S_ISDIR(about.st_mode))
        return -ENOTDIR;
    return access(path, W_OK | X_OK) == 0 ? 0 : -errno;
}

int bodies_temporary(char *path)
{
    const char *folder = getenv("TMPDIR");
    int length = snprintf(path, PATH_MAX, "%s/waitbench-bodies-XXXXXX",
                          folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    int error = length >= PATH_MAX ? -ENAMETOOLONG : mkdtemp(path) == NULL ? -errno : 0;
    if (error < 0)
        path[0] = '\0';
    return error;
}

static int copy_to(int fd, FILE *out)
{
    char block[65536];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        errno = EIO;
        if (fwrite(block, 1, (size_t)got, out) != (size_t)got)
            return -errno;
    }
}

int bodies_print(const struct run *run, FILE *out)
{
    int error = 0;
    for (uint64_t i = 0; i < run->workload->count && error == 0; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%06" PRIu64, run->workload->save,
                 workload_number(run->workload, i));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue; /* not fetched, and the summary says so */
        error = copy_to(fd, out);
        close(fd);
    }
    return error;
}

void bodies_take_back(const struct run *run)
{
    for (uint64_t i = 0; i < run->workload->count; i++) {
        char path[PATH_MAX];
        if (run_record(run, i)->outcome != WORKER_LOST)
            continue;
        snprintf(path, sizeof path, "%s/.%06" PRIu64 ".part", run->workload->save,
                 workload_number(run->workload, i));
        (void)unlink(path);
    }
}

void bodies_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    (void)rmdir(path);
}
