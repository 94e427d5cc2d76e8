/*
 * The list of URLs: whatever the bytes are, they are refused with a line that
 * can be printed, or each URL of the list is one, is found again by its place,
 * and lies in just one slice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/workload.h"
#include "tests/fuzz/fuzz.h"

static void check_message(const struct workload_error *error)
{
    fuzz_check(memchr(error->message, 0, sizeof error->message) != NULL);
    fuzz_check(error->message[0] != '\0' && strchr(error->message, '\n') == NULL);
}

static void check_urls(const struct workload *list, const struct workload *whole, uint64_t first)
{
    for (uint64_t i = 0; i < list->count; i++) {
        const char *url = workload_url(list, i, NULL);
        fuzz_check(url >= list->text && url < list->text + list->text_bytes);
        fuzz_check(strlen(url) <= WORKLOAD_URL_MAX && workload_check(url, strlen(url)) == NULL);
        fuzz_check(strcmp(url, workload_url(whole, first + i, NULL)) == 0);
        fuzz_check(workload_number(list, i) == first + i + 1);
        struct url_host host = workload_host(url);
        fuzz_check(host.length > 0 && host.name > url &&
                   host.name + host.length <= url + strlen(url));
    }
}

static void check_slices(const struct workload *whole, const struct fuzz_file *file, uint64_t parts)
{
    uint64_t seen = 0;
    for (uint64_t k = 1; k <= parts; k++) {
        struct workload part = {0};
        struct workload_error error = {""};
        fuzz_check(workload_read(&part, file->path, 0, &error) == 0);
        int result = workload_slice(&part, k, parts, &error);
        if (result == 0) {
            fuzz_check(part.whole == whole->count && part.first == seen);
            check_urls(&part, whole, seen);
            seen += part.count;
        } else {
            fuzz_check(result == -ENODATA);
            check_message(&error);
        }
        workload_free(&part);
    }
    fuzz_check(seen == whole->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct workload list = {0};
    struct workload_error error = {""};
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    int result = workload_read(&list, file.path, 0, &error);
    if (result == 0) {
        fuzz_check(list.count > 0);
        fuzz_taken++;
        check_urls(&list, &list, 0);
        check_slices(&list, &file, 1 + size % 4);
    } else {
        fuzz_check(result == -EINVAL || result == -ENODATA);
        check_message(&error);
    }
    workload_free(&list);
    fuzz_file_close(&file);
    return 0;
}
