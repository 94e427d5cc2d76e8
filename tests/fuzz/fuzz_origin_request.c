/*
 * libFuzzer's way into what the origin reads from strangers: the request head, and the
 * options of the item that it names.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "origin/item.h"
#include "origin/request.h"
#include "tests/fuzz/fuzz.h"

static void check_within(struct slice slice, const char *bytes, size_t length)
{
    fuzz_check(!slice.start ||
               (slice.start >= bytes && slice.start + slice.length <= bytes + length));
}

static void check_item(struct slice target)
{
    struct item item;
    char reason[ITEM_REASON] = "";
    const char *mark = memchr(target.start, '?', target.length);
    size_t path = mark ? (size_t)(mark - target.start) : target.length;
    struct slice query = {mark ? mark + 1 : NULL, mark ? target.length - path - 1 : 0};
    size_t prefix = path > 6 ? 6 : path;
    int error =
        item_read((struct slice){target.start + prefix, path - prefix}, query, &item, reason);
    fuzz_check(memchr(reason, 0, sizeof reason) != NULL);
    if (error) {
        fuzz_check(*reason);
        return;
    }
    fuzz_taken++;
    fuzz_check(item.size <= ITEM_SIZE_MAX && item.delay_ns <= ITEM_DELAY_MAX_NS);
    fuzz_check(item.status >= 200 && item.status < 600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data, *reason = NULL;
    struct request request, again;
    int result = request_read(bytes, size, &request, &reason);
    fuzz_check(result == 0 || result == 1 || result == 400 || result == 431 || result == 505);
    if (result > 1)
        fuzz_check(reason && *reason);
    if (result != 1)
        return 0;
    fuzz_check(request.length <= size && request.length <= REQUEST_HEAD_MAX);
    check_within(request.method, bytes, request.length);
    check_within(request.target, bytes, request.length);
    check_within(request.referer, bytes, request.length);
    check_within(request.user_agent, bytes, request.length);
    /* The head alone reads the same; without its last byte it is not whole. */
    fuzz_check(request_read(bytes, request.length, &again, &reason) == 1);
    fuzz_check(again.length == request.length && again.keep_alive == request.keep_alive);
    fuzz_check(request_read(bytes, request.length - 1, &again, &reason) == 0);
    check_item(request.target);
    return 0;
}
