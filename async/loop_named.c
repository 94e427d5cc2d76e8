/*
 * The backends by name. It stands apart from the loop, which knows no backend:
 * so a program can link the loop with the backends that it wants.
 */
#include <stddef.h>
#include <string.h>

#include "async/loop_backend.h"

const struct loop_backend *loop_backend_named(const char *name)
{
    static const struct loop_backend *const all[] = {
        &loop_select, &loop_poll, &loop_epoll, &loop_uring, &loop_libuv};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}
