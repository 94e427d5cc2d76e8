#include "origin/options.h"

#include <argp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/units.h"
#include "origin/listen.h"

enum { KEY_PORT_FILE = 0x100, KEY_ACCESS_LOG, KEY_IDLE, KEY_BACKLOG };

static const struct argp_option table[] = {
    {"listen", 'l', "ADDR", 0, "Listen on this address, IPv4 or IPv6 (127.0.0.1); may repeat", 0},
    {"port", 'p', "N", 0, "Listen on this port (8080); 0 takes one that is free", 0},
    {"port-file", KEY_PORT_FILE, "FILE", 0,
     "Write the port there once connections are taken; removed at the end", 0},
    {"backlog", KEY_BACKLOG, "N", 0,
     "Let so many connections wait to be accepted (as many as the kernel allows)", 0},
    {"threads", 't', "K", 0, "Serve with so many threads, an event loop each (1)", 0},
    {"access-log", KEY_ACCESS_LOG, "FILE", 0,
     "Append a line a request in the combined format; - is standard output", 0},
    {"idle-timeout", KEY_IDLE, "DURATION", 0,
     "Close a connection whose next request has not arrived whole, or whose answer has not been "
     "read on, for so long (60s)",
     0},
    {0},
};

static void read_address(struct options *options, const char *text, struct argp_state *state)
{
    if (options->address_count == LISTEN_MAX)
        argp_error(state, "--listen may be given %d times at most", LISTEN_MAX);
    if (!listen_is_address(text))
        argp_error(state, "--listen=%s: not an IPv4 or IPv6 address", text);
    options->addresses[options->address_count++] = text;
}

static uint64_t read_count(const char *name, const char *text, uint64_t least, uint64_t most,
                           struct argp_state *state)
{
    uint64_t value = 0;
    if (parse_count(text, &value) || value < least || value > most)
        argp_error(state, "--%s=%s: not a number from %d to %d", name, text, (int)least, (int)most);
    return value;
}

static uint64_t read_idle(const char *text, struct argp_state *state)
{
    uint64_t ns = 0;
    if (parse_duration(text, &ns) || ns < 10000000 || ns > UINT64_C(86400000000000))
        argp_error(state, "--idle-timeout=%s: not a duration from 10ms to 24h", text);
    return ns;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'l':
        read_address(options, text, state);
        return 0;
    case 'p':
        options->port = (uint16_t)read_count("port", text, 0, UINT16_MAX, state);
        return 0;
    case 't':
        options->threads = (unsigned)read_count("threads", text, 1, THREADS_MAX, state);
        return 0;
    case KEY_BACKLOG:
        options->backlog = (unsigned)read_count("backlog", text, 1, BACKLOG_MAX, state);
        return 0;
    case KEY_PORT_FILE:
        options->port_file = text;
        return 0;
    case KEY_ACCESS_LOG:
        options->access_log = text;
        return 0;
    case KEY_IDLE:
        options->idle_ns = read_idle(text, state);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: the origin takes options only", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char description[] =
    "The HTTP server that waitbench compares clients against: it sends exact bytes, wrong ones "
    "included, at exact times."
    "\v"
    "GET /item/K answers item K, by the options in its query: size=1KiB delay=100ms jitter=20ms "
    "dist=fixed|uniform|lognormal|pareto status=503 fault=reset|truncate|stall|drip|garbage "
    "slow=3s big=64MiB every=100 pace=10ms chunked=yes close=yes. GET /stats tells what was "
    "served, POST "
    "/stats/reset begins to count anew.\n\n"
    "Ends with 0 on SIGTERM or SIGINT; 2 is wrong usage, 3 could not run (the port is taken).";

void options_read(struct options *options, int argc, char *argv[])
{
    static const struct argp argp = {.options = table, .parser = parse, .doc = description};
    *options = (struct options){.threads = 1, .port = 8080, .idle_ns = UINT64_C(60000000000)};
    argp_program_version = "waitbench origin " WAITBENCH_VERSION;
    argp_err_exit_status = 2;
    /* Wrong usage leaves the program inside: what is left is want of memory. */
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, options);
    if (error) {
        fprintf(stderr, "origin: its options cannot be read: %s\n", strerror(error));
        exit(3);
    }
    if (!options->address_count)
        options->addresses[options->address_count++] = "127.0.0.1";
}
