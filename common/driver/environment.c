#include "common/driver/environment.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "common/transfer.h"

#ifndef WAITBENCH_CFLAGS
#define WAITBENCH_CFLAGS "unknown"
#endif

static const char *sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return "address";
#elif defined(__SANITIZE_THREAD__)
    return "thread";
#else
    return NULL;
#endif
}

/* The processors that the scheduler may put us on, as a list of numbers. */
static json_t *processors_allowed(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        return json_null();
    json_t *list = json_array();
    int failed = list == NULL;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &allowed))
            failed |= json_array_append_new(list, json_integer(i));
    }
    if (!failed)
        return list;
    json_decref(list); /* it would look whole */
    return NULL;
}

static json_t *soft_limit(__rlimit_resource_t resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return json_null();
    return json_integer((json_int_t)limit.rlim_cur);
}

json_t *environment_json(void)
{
    struct utsname system;
    if (uname(&system) < 0)
        return json_object();
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s?}", "host", system.nodename,
                     "kernel", system.release, "machine", system.machine, "processors_allowed",
                     processors_allowed(), "nofile", soft_limit(RLIMIT_NOFILE), "nproc",
                     soft_limit(RLIMIT_NPROC), "libcurl", transfer_version(), "compiler",
                     __VERSION__, "cflags", WAITBENCH_CFLAGS, "sanitizer", sanitizer());
}
