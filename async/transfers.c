#include "async/transfers.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/transfer.h"

/* libcurl 7.88.1 walks all connections of a multi handle each time one is
 * used again or given back, so that a fetch costs more the more there are.
 * Several multi handles on one loop bound that. Few lanes each is best, until
 * the handles' own tables are what no longer fits in the cache. */
enum { MULTI_LANES_FEW = 16, MULTI_LANES_MANY = 128, MULTIS_OF_FEW = 8 };

/* One multi handle: a share of the lanes, and their connections. */
struct shard {
    struct transfers *all;
    CURLM *multi;
    struct transfer_names *names;
    struct loop_timer timer; /* when libcurl wants to be called next */
};

/* One lane. */
struct slot {
    struct transfers *all;
    struct shard *shard;
    struct transfer *transfer;
    struct loop_timer later; /* set until its next attempt is due */
    uint32_t lane;
    bool performing; /* in its shard's multi handle */
    bool lost;       /* was in it when it broke */
};

/* A socket that libcurl opened through us, by its number. */
struct socket {
    bool ours;
    bool idle; /* libcurl wants no event, and we still watch for one */
};

struct transfers {
    struct run run;
    struct loop *loop;
    void (*done)(void *data, uint32_t lane);
    void *data;

    struct slot *slots; /* run.lanes of them */
    struct shard *shards;
    uint32_t shard_count;
    struct socket *sockets;
    size_t socket_room;

    uint64_t computing_since; /* traced runs: when the last wait ended */
};

static int open_multi(struct shard *);
static void close_multi(struct shard *);

/* ---- Fetches that end --------------------------------------------------- */

/* False: there is no memory for it, and the record is final. */
static bool perform(struct slot *slot)
{
    struct shard *shard = slot->shard;
    uint64_t never;
    transfer_attempt(slot->transfer);
    slot->performing =
        (shard->multi != NULL || open_multi(shard) == 0) &&
        curl_multi_add_handle(shard->multi, transfer_easy(slot->transfer)) ==
            CURLM_OK;
    if (!slot->performing)
        transfer_end(slot->transfer, CURLE_OUT_OF_MEMORY, &never);
    return slot->performing;
}

static void try_it(void *data)
{
    struct slot *slot = data;
    if (!perform(slot))
        slot->all->done(slot->all->data, slot->lane);
}

/* False: there is no memory to wait with. */
static bool try_later(struct slot *slot, uint64_t due_ns)
{
    uint64_t now_ns = run_now(&slot->all->run);
    uint64_t wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    return loop_timer_set(slot->all->loop, &slot->later,
                          loop_now() + wait_ns) == 0;
}

/* A stretch of computing ends here; what follows is another. */
static void computed(struct transfers *all)
{
    uint64_t now = run_now(&all->run);
    if (all->computing_since != 0)
        run_computed(&all->run, all->run.first_lane, all->computing_since, now);
    all->computing_since = now;
}

static void on_wait(void *data, int begins)
{
    struct transfers *all = data;
    if (begins)
        computed(all);
    else
        all->computing_since = run_now(&all->run);
}

/* The lane may begin its next. Where there is none, who waits for the others to
 * end does not compute: what it did ends here. */
static void answered(struct slot *slot)
{
    struct transfers *all = slot->all;
    if (run_tracing(&all->run))
        computed(all);
    all->done(all->data, slot->lane);
}

static void attempt_ended(struct slot *slot, CURLcode code)
{
    uint64_t again_ns = 0;
    curl_multi_remove_handle(slot->shard->multi, transfer_easy(slot->transfer));
    slot->performing = false;
    if (transfer_end(slot->transfer, (int)code, &again_ns)) {
        answered(slot);
        return;
    }
    if (!try_later(slot, again_ns))
        try_it(slot);
}

static void collect(struct shard *shard)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(shard->multi, &left)) != NULL) {
        char *data = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
        attempt_ended((struct slot *)data, code);
    }
}

/* ---- What libcurl asks of the loop -------------------------------------- */

/* There was no memory to watch a socket with: which, libcurl does not say, and
 * would wait for that one for ever; and 7.88.1 may divide by zero when it comes
 * to use it. So nothing of that multi handle is used again: all leave it before
 * any of their lanes goes on, with a new one. */
static void abandon(struct shard *shard)
{
    struct transfers *all = shard->all;
    uint32_t first = (uint32_t)(shard - all->shards);
    uint64_t never;
    for (uint32_t i = first; i < all->run.lanes; i += all->shard_count) {
        struct slot *slot = &all->slots[i];
        slot->lost = slot->performing;
        if (slot->performing)
            curl_multi_remove_handle(shard->multi,
                                     transfer_easy(slot->transfer));
        slot->performing = false;
    }
    close_multi(shard);
    for (uint32_t i = first; i < all->run.lanes; i += all->shard_count) {
        struct slot *slot = &all->slots[i];
        if (!slot->lost)
            continue;
        slot->lost = false;
        transfer_end(slot->transfer, CURLE_OUT_OF_MEMORY, &never);
        answered(slot);
    }
}

static void go_on(struct shard *shard, curl_socket_t fd, int mask)
{
    int running;
    if (curl_multi_socket_action(shard->multi, fd, mask, &running) == CURLM_OK)
        collect(shard);
    else
        abandon(shard);
}

static void on_timer_due(void *data)
{
    go_on(data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *data)
{
    struct shard *shard = data;
    struct loop *loop = shard->all->loop;
    (void)multi;
    if (timeout_ms < 0) {
        loop_timer_cancel(loop, &shard->timer);
        return 0;
    }
    uint64_t due_ns = 0; /* before the loop waits again */
    if (timeout_ms > 0)
        due_ns = loop_now() + (uint64_t)timeout_ms * 1000000;
    return loop_timer_set(loop, &shard->timer, due_ns) < 0 ? -1 : 0;
}

static void on_socket_ready(void *data, int fd, unsigned events)
{
    struct shard *shard = data;
    struct transfers *all = shard->all;
    if ((size_t)fd < all->socket_room && all->sockets[fd].idle) {
        /* The server closed a kept connection, or sent what nobody asked for.
         * libcurl will see when it next wants to use it. */
        loop_watch(all->loop, fd, 0, NULL, NULL);
        return;
    }
    int mask = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
               (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    go_on(shard, fd, mask);
}

/* libcurl 7.88.1 drops its interest in a socket when a transfer ends, and
 * states it anew for the next on the same connection. Of sockets that were
 * opened through on_open we hear when they close, so there the watch is kept
 * in between, and two system calls a fetch are saved. Other sockets, such as
 * the resolver's, may close unseen, and so do those that are still connecting,
 * of which it waits to write: for them its word is followed at once. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *data,
                            void *of_socket)
{
    struct shard *shard = data;
    struct transfers *all = shard->all;
    bool ours = (size_t)fd < all->socket_room && all->sockets[fd].ours;
    (void)easy, (void)of_socket;
    if (what == CURL_POLL_REMOVE) {
        if (ours && !(loop_watched(all->loop, fd) & LOOP_WRITE)) {
            all->sockets[fd].idle = true;
            return 0;
        }
        if (ours) /* or another's number soon */
            all->sockets[fd].ours = false;
        if (loop_watch(all->loop, fd, 0, NULL, NULL) < 0)
            loop_forget(all->loop, fd); /* it is closed already */
        return 0;
    }
    if (ours)
        all->sockets[fd].idle = false;
    unsigned events = (what & CURL_POLL_IN ? LOOP_READ : 0) |
                      (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    return loop_watch(all->loop, fd, events, on_socket_ready, shard) < 0 ? -1
                                                                         : 0;
}

static curl_socket_t on_open(void *data, curlsocktype purpose,
                             struct curl_sockaddr *address)
{
    struct transfers *all = data;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if ((size_t)fd >= all->socket_room) {
        size_t room = 2 * (size_t)fd + 64;
        struct socket *sockets = realloc(all->sockets, room * sizeof *sockets);
        if (sockets == NULL) {
            close(fd);
            return CURL_SOCKET_BAD;
        }
        memset(sockets + all->socket_room, 0,
               (room - all->socket_room) * sizeof *sockets);
        all->sockets = sockets;
        all->socket_room = room;
    }
    /* This number may have been some socket's that closed unseen. */
    loop_forget(all->loop, fd);
    all->sockets[fd] = (struct socket){.ours = true};
    return fd;
}

static int on_close(void *data, curl_socket_t fd)
{
    struct transfers *all = data;
    loop_forget(all->loop, fd);
    if ((size_t)fd < all->socket_room)
        all->sockets[fd] = (struct socket){0};
    return close(fd);
}

/* ---- Stopping, and the trace -------------------------------------------- */

static void on_stop(void *data, int fd, unsigned events)
{
    struct transfers *all = data;
    (void)events;
    loop_watch(all->loop, fd, 0, NULL, NULL); /* it stays readable */
    for (uint32_t i = 0; i < all->run.lanes; i++) {
        struct slot *slot = &all->slots[i];
        bool waiting = slot->later.place != 0;
        if (!slot->performing && !waiting)
            continue;
        if (slot->performing)
            curl_multi_remove_handle(slot->shard->multi,
                                     transfer_easy(slot->transfer));
        slot->performing = false;
        loop_timer_cancel(all->loop, &slot->later);
        transfer_interrupt(slot->transfer);
        answered(slot);
    }
}

/* ---- Opening, starting, closing ----------------------------------------- */

static uint32_t shards_for(const struct run *run)
{
    uint32_t of_few = (run->lanes + MULTI_LANES_FEW - 1) / MULTI_LANES_FEW;
    uint32_t of_many = (run->lanes + MULTI_LANES_MANY - 1) / MULTI_LANES_MANY;
    if (of_few <= MULTIS_OF_FEW)
        return of_few;
    return of_many > MULTIS_OF_FEW ? of_many : MULTIS_OF_FEW;
}

uint64_t transfers_descriptors(const struct run *run)
{
    /* libcurl makes a wake-up pair for each multi handle. */
    return 2 * shards_for(run) +
           (uint64_t)run->lanes * transfer_descriptors(run->workload);
}

static int open_multi(struct shard *shard)
{
    /* In total as many connections as any other model keeps. */
    const struct transfers *all = shard->all;
    uint32_t number = (uint32_t)(shard - all->shards);
    uint32_t lanes = all->run.lanes / all->shard_count +
                     (number < all->run.lanes % all->shard_count ? 1 : 0);
    long kept = (long)lanes * transfer_kept(all->run.workload);
    shard->multi = curl_multi_init();
    if (shard->multi == NULL)
        return -ENOMEM;
    CURLM *multi = shard->multi;
    bool set = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                                 on_socket_wanted) == CURLM_OK;
    set &= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, shard) == CURLM_OK;
    set &= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted) ==
           CURLM_OK;
    set &= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, shard) == CURLM_OK;
    set &= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept) == CURLM_OK;
    if (!set)
        close_multi(shard);
    return set ? 0 : -ENOMEM;
}

static void close_multi(struct shard *shard)
{
    curl_multi_cleanup(shard->multi); /* NULL is fine */
    shard->multi = NULL;
    loop_timer_cancel(shard->all->loop, &shard->timer);
    if (shard->names != NULL)
        transfer_names_forget(shard->names);
}

static int open_shard(struct transfers *all, struct shard *shard)
{
    *shard = (struct shard){.all = all};
    shard->timer = (struct loop_timer){.fire = on_timer_due, .data = shard};
    shard->names = transfer_names_open(all->run.workload);
    return shard->names == NULL ? -ENOMEM : open_multi(shard);
}

static int open_slot(struct transfers *all, uint32_t number)
{
    struct slot *slot = &all->slots[number];
    struct shard *shard = &all->shards[number % all->shard_count];
    *slot = (struct slot){.all = all,
                          .shard = shard,
                          .lane = all->run.first_lane + number};
    slot->later = (struct loop_timer){.fire = try_it, .data = slot};
    slot->transfer = transfer_open_easy(&all->run, slot->lane, shard->names);
    if (slot->transfer == NULL)
        return -ENOMEM;
    CURL *easy = transfer_easy(slot->transfer);
    bool set = curl_easy_setopt(easy, CURLOPT_PRIVATE, slot) == CURLE_OK;
    set &=
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, all) == CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) ==
           CURLE_OK;
    set &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, all) == CURLE_OK;
    return set ? 0 : -ENOMEM;
}

int transfers_open(struct transfers **opened, const struct run *run,
                   struct loop *loop, void (*done)(void *data, uint32_t lane),
                   void *data)
{
    int error = transfer_library();
    if (error < 0)
        return error;
    struct transfers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return -ENOMEM;
    *all = (struct transfers){.run = *run,
                              .loop = loop,
                              .done = done,
                              .data = data,
                              .shard_count = shards_for(run)};
    all->shards = calloc(all->shard_count, sizeof *all->shards);
    all->slots = calloc(run->lanes, sizeof *all->slots);
    if (all->shards == NULL || all->slots == NULL)
        error = -ENOMEM;
    for (uint32_t i = 0; i < all->shard_count && error == 0; i++)
        error = open_shard(all, &all->shards[i]);
    for (uint32_t i = 0; i < run->lanes && error == 0; i++)
        error = open_slot(all, i);
    /* To libcurl a timer that cannot be set is the end of everything. */
    if (error == 0)
        error = loop_timers_reserve(loop, run->lanes + all->shard_count);
    if (error == 0)
        error = loop_watch(loop, run_stop_fd(run), LOOP_READ, on_stop, all);
    if (error < 0) {
        transfers_close(all);
        return error;
    }
    if (run_tracing(run))
        loop_on_wait(loop, on_wait, all);
    *opened = all;
    return 0;
}

bool transfers_start(struct transfers *all, uint32_t lane, uint64_t index)
{
    struct slot *slot = &all->slots[lane - all->run.first_lane];
    if (run_tracing(&all->run) && all->computing_since == 0)
        all->computing_since = run_now(&all->run);
    if (!transfer_begin(slot->transfer, index))
        return false;
    uint64_t due_ns = workload_due(all->run.workload, index);
    if (due_ns > run_now(&all->run) && try_later(slot, due_ns))
        return true;
    return perform(slot);
}

void transfers_close(struct transfers *all)
{
    loop_watch(all->loop, run_stop_fd(&all->run), 0, NULL, NULL);
    loop_on_wait(all->loop, NULL, NULL);
    for (uint32_t i = 0; all->slots != NULL && i < all->run.lanes; i++)
        transfer_close(all->slots[i].transfer);
    for (uint32_t i = 0; all->shards != NULL && i < all->shard_count; i++) {
        struct shard *shard = &all->shards[i];
        if (shard->all == NULL)
            break; /* opening came no further */
        close_multi(shard);
        transfer_names_close(shard->names);
    }
    free(all->sockets);
    free(all->slots);
    free(all->shards);
    free(all);
}
