/*
 * The driver: all of a run that is not the model. It is compiled once for each
 * model, with MODEL naming it.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/driver/exit.h"
#include "common/driver/limits.h"
#include "common/driver/options.h"
#include "common/driver/outputs.h"
#include "common/driver/progress.h"
#include "common/driver/stop.h"
#include "common/driver/summary.h"
#include "common/output.h"
#include "common/resolve.h"
#include "common/transfer.h"

extern const struct model MODEL;

/* Spans that a traced run keeps: 24 bytes each. */
enum { TRACE_SPANS = 1 << 20 };

struct files {
    struct output json, records, trace;
    char temporary[PATH_MAX]; /* --save=- */
};

static void abandon_files(struct files *files)
{
    output_abandon(&files->json);
    output_abandon(&files->records);
    output_abandon(&files->trace);
    if (files->temporary[0] != '\0')
        bodies_remove(files->temporary);
}

/* Ends the process with a message, and takes back what was opened. */
__attribute__((format(printf, 3, 4))) static _Noreturn void give_up(struct files *files, int status,
                                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
    abandon_files(files);
    exit(status);
}

/* Whether a file that is read, such as the list, is what would be written. */
static bool is_read(const char *read, const char *path)
{
    struct stat about, own;
    return path != NULL && read != NULL && stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
           (strcmp(read, "-") == 0 ? fstat(STDIN_FILENO, &own) : stat(read, &own)) == 0 &&
           about.st_dev == own.st_dev && about.st_ino == own.st_ino;
}

static void open_file(struct files *files, struct output *output, const char *path,
                      const char *option, const struct options *options, int stop_fd)
{
    if (is_read(options->input, path) || is_read(options->workload.ca_file, path))
        give_up(files, EXIT_USAGE, "--%s=%s: that file is read, and would be lost", option, path);
    int error = output_open_until(output, path, stop_fd);
    if (error == -ECANCELED)
        give_up(files, EXIT_INTERRUPTED, "--%s=%s: interrupted before anybody read that pipe",
                option, path);
    if (error < 0)
        give_up(files, EXIT_USAGE, "--%s=%s: cannot be written: %s", option, path,
                strerror(-error));
}

/* Everything that is to be written is opened before anything is fetched. */
static void open_files(struct files *files, struct options *options, int stop_fd)
{
    open_file(files, &files->json, options->json, "json", options, stop_fd);
    open_file(files, &files->records, options->records, "records", options, stop_fd);
    open_file(files, &files->trace, options->trace, "trace", options, stop_fd);
    if (output_clashes(&files->json, &files->records) ||
        output_clashes(&files->json, &files->trace) ||
        output_clashes(&files->records, &files->trace))
        give_up(files, EXIT_USAGE, "two of --json, --records and --trace are one file");
    if (options->save == NULL)
        return;
    bool print = strcmp(options->save, "-") == 0;
    int error = print ? bodies_temporary(files->temporary) : bodies_folder(options->save);
    if (error < 0)
        give_up(files, EXIT_USAGE, "--save=%s: bodies cannot be kept%s: %s", options->save,
                print ? " under $TMPDIR or /tmp" : " there", strerror(-error));
    options->workload.save = print ? files->temporary : options->save;
}

static bool close_file(struct output *output, const char *option)
{
    const char *path = output->path;
    int error = output_close(output);
    if (error < 0)
        warnx("--%s=%s: not written: %s", option, path, strerror(-error));
    return error == 0;
}

static bool write_json(struct output *output, const struct summary *summary)
{
    if (output->file == NULL)
        return true;
    int error = summary_write_json(summary, output->file);
    /* Of what the disk refused, closing tells. */
    if (error == 0 || ferror(output->file))
        return close_file(output, "json");
    warnx("--json=%s: not written: %s", output->path, strerror(ENOMEM));
    output_abandon(output);
    return false;
}

/* False: something could not be written, and standard error says what. */
static bool write_files(struct files *files, const struct options *options,
                        const struct summary *summary)
{
    bool written = true;
    bool result_on_stdout = files->json.file == stdout || files->records.file == stdout ||
                            files->trace.file == stdout || files->temporary[0] != '\0';
    /* Each is whole before the next is begun, and the small one comes first: a
     * disk that becomes full takes only the file that it meets. */
    written &= write_json(&files->json, summary);
    if (files->records.file != NULL)
        records_write(summary->run, files->records.file);
    written &= close_file(&files->records, "records");
    if (files->trace.file != NULL)
        trace_write(summary->run, summary->model->name, files->trace.file);
    written &= close_file(&files->trace, "trace");
    if (summary->totals.spans_lost > 0)
        warnx("--trace=%s: there was room for %d spans of the processor's work; the last %" PRIu64
              " are missing",
              files->trace.path, TRACE_SPANS, summary->totals.spans_lost);

    if (files->temporary[0] != '\0') {
        int error = bodies_print(summary->run, stdout);
        if (error < 0)
            warnx("--save=-: not printed: %s", strerror(-error));
        written &= error == 0;
        bodies_remove(files->temporary);
    }
    if (!options->quiet && !result_on_stdout)
        summary_print(summary, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        warnx("standard output: not written: %s", strerror(errno));
        written = false;
    }
    return written;
}

/* Subtracted as integers: a double of the clock's nanoseconds is too coarse. */
static double seconds_since(const struct timespec *begin, uint64_t end_ns)
{
    uint64_t begin_ns = (uint64_t)begin->tv_sec * 1000000000u + (uint64_t)begin->tv_nsec;
    return (double)(end_ns - begin_ns) / 1e9;
}

/* Runs the model and fills in the summary. Its result: 0 or -errno. */
static int run_model(struct run *run, const struct options *options, struct summary *summary)
{
    struct rusage before[2], after[2];
    struct timespec called;
    pid_t progress = options->progress ? progress_start(run, options->progress_ns) : 0;
    if (progress < 0)
        warnx("--progress: cannot be shown: %s", strerror(-progress));
    getrusage(RUSAGE_SELF, &before[0]);
    getrusage(RUSAGE_CHILDREN, &before[1]);
    clock_gettime(CLOCK_REALTIME, &summary->started_at);
    clock_gettime(CLOCK_MONOTONIC, &called);
    int result = MODEL.run(run);
    getrusage(RUSAGE_SELF, &after[0]);
    getrusage(RUSAGE_CHILDREN, &after[1]);
    progress_stop(progress);
    if (result < 0)
        return result;
    run_close(run);
    if (run->workload->save != NULL)
        bodies_take_back(run);
    result = summary_make(summary, before, after);
    if (summary->totals.opened_ns > 0)
        summary->spawn_s = seconds_since(&called, summary->totals.opened_ns);
    return result;
}

static void meet_limits(struct workload *workload, uint32_t lanes)
{
    struct limits_error error = {.warnings = 0};
    struct run planned = {.workload = workload, .lanes = lanes};
    if (limits_meet(&MODEL, &planned, &error) < 0)
        errx(EXIT_CANNOT_RUN, "%s", error.message);
    for (int i = 0; i < error.warnings; i++)
        warnx("%s", error.warning[i]);
}

static int status_of(const struct summary *summary, bool written)
{
    if (run_stopping(summary->run))
        return EXIT_INTERRUPTED;
    return summary_failed(summary) > 0 || !written ? EXIT_SOME_FAILED : EXIT_FETCHED;
}

int main(int argc, char **argv)
{
    struct options options;
    struct files files = {0};
    struct run run;
    struct workload *workload = &options.workload;
    signal(SIGCHLD, SIG_DFL); /* ignored, as it may come to us, no child could be waited for */
    signal(SIGXFSZ, SIG_IGN); /* a file beyond `ulimit -f` is its own error, no death of all */
    output_keep_standard_descriptors();
    options_parse(&options, &MODEL, argc, argv);
    options_load(&options);

    /* A pool never has more workers than there are URLs. */
    uint32_t lanes = workload->concurrency;
    if (lanes > workload->count)
        lanes = (uint32_t)workload->count;
    int error = hosts_resolve(workload, workload->resolve == RESOLVE_ONCE);
    if (error < 0)
        errx(EXIT_CANNOT_RUN, "hosts could not be looked up: %s", strerror(-error));
    meet_limits(workload, lanes);
    error = run_open(&run, workload, lanes, options.trace != NULL ? TRACE_SPANS : 0);
    if (error < 0)
        errx(EXIT_CANNOT_RUN, "no memory for the records of %llu URLs: %s",
             (unsigned long long)workload->count, strerror(-error));
    error = stop_on_signals(&run);
    if (error < 0)
        errx(EXIT_CANNOT_RUN, "signals cannot be handled: %s", strerror(-error));
    open_files(&files, &options, run_stop_fd(&run));

    struct summary summary = {.model = &MODEL,
                              .run = &run,
                              .command = argv,
                              .command_length = argc,
                              .concurrency_cut = options.concurrency_cut};
    error = run_model(&run, &options, &summary);
    if (error < 0)
        give_up(&files, EXIT_CANNOT_RUN, "%s could not run: %s", MODEL.name, strerror(-error));
    int status = status_of(&summary, write_files(&files, &options, &summary));
    run_free(&run);
    hosts_free(workload);
    workload_free(workload);
    transfer_library_close();
    return status;
}
