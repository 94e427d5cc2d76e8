#include "common/workload.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static void say(struct workload_error *error,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    /* A file's name may hold anything; a terminal must not be made to obey it. */
    for (char *c = error->message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    }
}

/* The user and password in what should have been a URL, from `begin` up to the @ that is returned;
 * NULL for none. A / ? or # in a password may be why it is no URL: behind a colon they end nothing.
 */
static const char *refused_user(const char *url, size_t length, const char **begin)
{
    const char *scheme = memmem(url, length, "://", 3);
    *begin = scheme != NULL ? scheme + 3 : url;
    const char *at = memrchr(*begin, '@', (size_t)(url + length - *begin)), *c = *begin;
    while (c < at && strchr(":/?#", *c) == NULL)
        c++;
    return at != NULL && (c == at || *c == ':') ? at : NULL;
}

/* The beginning of what should have been a URL, as printable ASCII, its user and password as ***.
 */
static char *shown(const char *url, size_t length, char text[static 64])
{
    const char *user, *at = refused_user(url, length, &user), *c = url;
    size_t used = 0;
    for (; c < url + length && used < 60; c++) {
        bool hidden = c >= user && c < at;
        if (!hidden)
            text[used++] = (char)(*c > ' ' && *c < 127 ? *c : '?');
        else if (c - user < 3)
            text[used++] = '*';
    }
    snprintf(text + used, 64 - used, "%s", c < url + length ? "…" : "");
    return text;
}

/* ---- Shared memory that grows ------------------------------------------- */

/* A memfd and its mapping: forked workers read the same pages. */
struct area {
    int fd;
    char *bytes;
    size_t room;
};

static int area_grow(struct area *area, size_t room)
{
    if (ftruncate(area->fd, (off_t)room) < 0)
        return -errno;
    void *bytes = area->bytes == NULL
                      ? mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, area->fd, 0)
                      : mremap(area->bytes, area->room, room, MREMAP_MAYMOVE);
    if (bytes == MAP_FAILED)
        return -errno;
    area->bytes = bytes;
    area->room = room;
    return 0;
}

static int area_open(struct area *area, size_t room)
{
    *area = (struct area){.fd = memfd_create("waitbench-urls", MFD_CLOEXEC)};
    if (area->fd < 0)
        return -errno;
    int error = area_grow(area, room);
    if (error < 0)
        close(area->fd);
    return error;
}

static void area_free(struct area *area)
{
    if (area->bytes != NULL)
        munmap(area->bytes, area->room);
    close(area->fd);
}

/* ---- What a URL is ------------------------------------------------------ */

static size_t scheme_length(const char *url, size_t length)
{
    if (length >= 7 && strncasecmp(url, "http://", 7) == 0)
        return 7;
    if (length >= 8 && strncasecmp(url, "https://", 8) == 0)
        return 8;
    return 0;
}

/* The authority (RFC 3986, section 3.2): [userinfo@]host[:port]. */
struct authority {
    const char *host, *port; /* port: NULL for none */
    size_t host_length, port_length;
    bool bracketed, well_formed;
    bool two_ats; /* RFC 3986 allows none in a userinfo; readers differ in which they take */
};

static struct authority find_authority(const char *url, size_t length, size_t scheme)
{
    const char *begin = url + scheme, *end = url + length;
    for (const char *c = begin; c < end; c++) {
        if (*c == '/' || *c == '?' || *c == '#')
            end = c;
    }
    const char *at = memrchr(begin, '@', (size_t)(end - begin));
    bool two_ats = at != NULL && memchr(begin, '@', (size_t)(at - begin)) != NULL;
    if (at != NULL)
        begin = at + 1;

    struct authority found = {.host = begin, .well_formed = true, .two_ats = two_ats};
    const char *rest; /* what follows the host */
    if (begin < end && *begin == '[') {
        rest = memchr(begin, ']', (size_t)(end - begin));
        if (rest == NULL)
            return (struct authority){.well_formed = false};
        found.bracketed = true;
        found.host = begin + 1;
        found.host_length = (size_t)(rest - found.host);
        rest++;
    } else {
        rest = memchr(begin, ':', (size_t)(end - begin));
        if (rest == NULL)
            rest = end;
        found.host_length = (size_t)(rest - begin);
    }
    if (rest < end) {
        found.well_formed = *rest == ':';
        found.port = rest + 1;
        found.port_length = (size_t)(end - found.port);
    }
    return found;
}

/* The port's number, 0 where it is none. An empty one is the scheme's own. */
static uint32_t port_number(const struct authority *authority, size_t scheme)
{
    uint32_t port = 0;
    if (authority->port == NULL || authority->port_length == 0)
        return scheme == 7 ? 80 : 443;
    for (size_t i = 0; i < authority->port_length; i++) {
        char digit = authority->port[i];
        if (digit < '0' || digit > '9' || port > 65535)
            return 0;
        port = port * 10 + (uint32_t)(digit - '0');
    }
    return port <= 65535 ? port : 0;
}

static bool is_address(const char *name, size_t length, int family)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (length >= sizeof text)
        return false;
    memcpy(text, name, length);
    text[length] = '\0';
    return inet_pton(family, text, address) == 1;
}

static const char *check_host(const struct authority *authority)
{
    if (authority->host_length == 0)
        return "it names no host";
    if (authority->bracketed) {
        return is_address(authority->host, authority->host_length, AF_INET6)
                   ? NULL
                   : "what stands in brackets is not an IPv6 address";
    }
    if (authority->host_length > 253)
        return "its host is longer than a name may be (253 bytes)";
    /* RFC 3986 allows more; libcurl refuses these, or decodes the percent, and
     * a host that is not what the list says it is would be looked up wrongly. */
    for (size_t i = 0; i < authority->host_length; i++) {
        if (strchr("!\"$%&'()*+,;<=>\\^`{|}[]", authority->host[i]) != NULL)
            return "its host holds a character that no host name has";
    }
    return NULL;
}

const char *workload_check(const char *url, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)url[i];
        if (c == '\0')
            return "it holds a NUL byte; is this a text file?";
        if (c <= ' ' || c == 127)
            return "it holds a space or a control character; write it percent-encoded";
        if (c > 127)
            return "it holds a byte outside ASCII; write it percent-encoded (RFC 3986)";
    }
    if (length > WORKLOAD_URL_MAX - 1)
        return "it is longer than a URL may be here (65,535 bytes)";
    size_t scheme = scheme_length(url, length);
    if (scheme == 0)
        return "it does not begin with http:// or https://";
    struct authority authority = find_authority(url, length, scheme);
    if (authority.two_ats)
        return "its user or password holds an @; write it percent-encoded";
    if (!authority.well_formed)
        return "its host and port are not of the form HOST:PORT or [IPV6]:PORT";
    if (port_number(&authority, scheme) == 0)
        return "its port is not a number from 1 to 65535";
    return check_host(&authority);
}

struct url_host workload_host(const char *url)
{
    size_t length = strlen(url);
    size_t scheme = scheme_length(url, length);
    struct authority authority = find_authority(url, length, scheme);
    assert(authority.well_formed);
    return (struct url_host){
        .name = authority.host,
        .length = authority.host_length,
        .port = (uint16_t)port_number(&authority, scheme),
        .numeric =
            authority.bracketed || is_address(authority.host, authority.host_length, AF_INET),
    };
}

struct url_shown workload_shown(const char *text)
{
    const char *scheme = strstr(text, "://"), *user = scheme != NULL ? scheme + 3 : NULL;
    const char *at = user != NULL ? memrchr(user, '@', strcspn(user, "/?#")) : NULL;
    if (at == NULL)
        return (struct url_shown){0, "", text};
    return (struct url_shown){(int)(user - text), "***", at};
}

/* ---- Building the list -------------------------------------------------- */

/* The list while it is built. URLs are packed at the front of the same memory
 * that the input was read into: a URL and its NUL never take more room than
 * its line did. */
struct list {
    struct area text, places;
    size_t used; /* bytes packed so far */
    uint64_t count;
};

static int list_open(struct list *list, size_t room)
{
    *list = (struct list){0};
    int error = area_open(&list->text, room);
    if (error < 0)
        return error;
    error = area_open(&list->places, 4096);
    if (error < 0)
        area_free(&list->text);
    return error;
}

static void list_free(struct list *list)
{
    area_free(&list->text);
    area_free(&list->places);
}

static int list_add(struct list *list, const char *url, size_t length)
{
    assert(list->text.bytes != NULL && list->places.bytes != NULL); /* list_open gave both */
    if (list->count % WORKLOAD_STRIDE == 0) {
        size_t place = list->count / WORKLOAD_STRIDE;
        if ((place + 1) * sizeof(uint64_t) > list->places.room) {
            int error = area_grow(&list->places, 2 * list->places.room);
            if (error < 0)
                return error;
        }
        ((uint64_t *)list->places.bytes)[place] = list->used;
    }
    memmove(list->text.bytes + list->used, url, length);
    list->text.bytes[list->used + length] = '\0';
    list->used += length + 1;
    list->count++;
    return 0;
}

/* Hands the list over to the workload, which owns the mappings from now on. */
static void list_close(struct list *list, struct workload *workload)
{
    workload->text = list->text.bytes;
    workload->text_bytes = list->text.room;
    workload->places = (uint64_t *)list->places.bytes;
    workload->places_bytes = list->places.room;
    workload->count = workload->whole = list->count;
    close(list->text.fd);
    close(list->places.fd);
    /* Give back what the packing left over. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t keep = (list->used + page - 1) / page * page;
    if (keep > 0 && keep < workload->text_bytes) {
        (void)madvise(workload->text + keep, workload->text_bytes - keep, MADV_REMOVE);
        munmap(workload->text + keep, workload->text_bytes - keep);
        workload->text_bytes = keep;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A list as it comes in: text[0, list.used) is packed, text[next, length) is to be. */
struct input {
    int fd;
    const char *name;
    uint64_t most, number; /* URLs, 0 for all; of the line at `next` */
    size_t next, length;
    bool ended;
};

static int pack_line(struct list *list, const struct input *input, const char *begin,
                     const char *stop, struct workload_error *error)
{
    const char *wrong = workload_check(begin, (size_t)(stop - begin));
    if (wrong != NULL) {
        char text[64];
        say(error, "%s:%" PRIu64 ": not a URL to fetch: %s: %s", input->name, input->number,
            shown(begin, (size_t)(stop - begin), text), wrong);
        return -EINVAL;
    }
    int failed = list_add(list, begin, (size_t)(stop - begin));
    if (failed < 0)
        say(error, "%s:%" PRIu64 ": no memory for the list: %s", input->name, input->number,
            strerror(-failed));
    return failed;
}

static bool is_enough(const struct list *list, const struct input *input)
{
    return input->ended || (input->most != 0 && list->count == input->most);
}

/* Packs the lines that are whole. Of one that is not, no URL may come any more once it is too
 * long: then nobody waits for its end. -EINVAL names the first line that is wrong. */
static int pack_lines(struct list *list, struct input *input, struct workload_error *error)
{
    const char *next = list->text.bytes + input->next, *end = list->text.bytes + input->length;
    int failed = 0;
    while (next < end && failed == 0 && (input->most == 0 || list->count < input->most)) {
        const char *begin = next;
        const char *stop = memchr(begin, '\n', (size_t)(end - begin));
        bool whole = stop != NULL || input->ended;
        next = stop != NULL ? stop + 1 : end;
        if (stop == NULL)
            stop = end;
        while (begin < stop && is_blank(*begin))
            begin++;
        while (stop > begin && is_blank(stop[-1]))
            stop--;
        bool passed_over = begin == stop || *begin == '#';
        if (!whole && (passed_over || stop - begin < WORKLOAD_URL_MAX))
            return 0;
        if (!passed_over)
            failed = pack_line(list, input, begin, stop, error);
        input->next = (size_t)(next - list->text.bytes);
        input->number++;
    }
    return failed;
}

/* Lines are packed as they come, so that the first N of a list without end are a list. */
static int read_lines(struct list *list, struct input *input, struct workload_error *error)
{
    int failed = 0;
    while (failed == 0 && !is_enough(list, input)) {
        /* One byte is kept free for the NUL of a last line without its end. */
        if (input->length + 1 == list->text.room)
            failed = area_grow(&list->text, 2 * list->text.room);
        if (failed < 0) {
            say(error, "%s: %s", input->name, strerror(-failed));
            return failed;
        }
        ssize_t got =
            read(input->fd, list->text.bytes + input->length, list->text.room - 1 - input->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            failed = -errno;
            say(error, "%s: %s", input->name, strerror(errno));
            return failed;
        }
        input->length += (size_t)got;
        input->ended = got == 0;
        failed = pack_lines(list, input, error);
    }
    return failed;
}

int workload_read(struct workload *workload, const char *file, uint64_t most,
                  struct workload_error *error)
{
    bool standard_input = strcmp(file, "-") == 0;
    const char *name = standard_input ? "standard input" : file;
    int fd = standard_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        say(error, "%s: %s", name, strerror(errno));
        return -errno;
    }
    struct stat about;
    bool sized = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    struct input input = {.fd = fd, .name = name, .most = most, .number = 1};
    struct list list;
    int result = list_open(&list, sized ? (size_t)about.st_size + 2 : 65536);
    if (result < 0) {
        say(error, "%s: no memory for the list: %s", name, strerror(-result));
        goto close_file;
    }
    result = read_lines(&list, &input, error);
    if (result < 0)
        goto free_list;
    if (list.count == 0) {
        say(error, "%s: it holds no URL; write one http or https URL a line", name);
        result = -ENODATA;
        goto free_list;
    }
    list_close(&list, workload);
    goto close_file;

free_list:
    list_free(&list);
close_file:
    if (!standard_input)
        close(fd);
    return result;
}

int workload_list(struct workload *workload, char *const urls[], size_t count, uint64_t most,
                  struct workload_error *error)
{
    if (most != 0 && most < count)
        count = (size_t)most;
    size_t room = 1;
    for (size_t i = 0; i < count; i++) {
        const char *wrong = workload_check(urls[i], strlen(urls[i]));
        if (wrong != NULL) {
            char text[64];
            say(error, "argument %zu: not a URL to fetch: %s: %s", i + 1,
                shown(urls[i], strlen(urls[i]), text), wrong);
            return -EINVAL;
        }
        room += strlen(urls[i]) + 1;
    }
    struct list list;
    int result = list_open(&list, room);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = list_add(&list, urls[i], strlen(urls[i]));
        if (result < 0)
            list_free(&list);
    }
    if (result < 0) {
        say(error, "no memory for the list: %s", strerror(-result));
        return result;
    }
    list_close(&list, workload);
    return 0;
}

/* ---- Patterns, slices, one URL ------------------------------------------ */

enum { DIGITS = 20 }; /* the longest uint64_t */

static size_t expand(const char *pattern, uint64_t number, char *buffer)
{
    char digits[DIGITS], *digit = digits + DIGITS, *out = buffer;
    uint64_t rest = number;
    do
        *--digit = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);

    const char *from = pattern;
    for (const char *hole; (hole = strstr(from, "{}")) != NULL; from = hole + 2) {
        out = mempcpy(out, from, (size_t)(hole - from));
        out = mempcpy(out, digit, (size_t)(digits + DIGITS - digit));
    }
    out = stpcpy(out, from);
    return (size_t)(out - buffer);
}

size_t workload_url_room(const struct workload *workload)
{
    if (workload->pattern == NULL)
        return 1;
    size_t room = strlen(workload->pattern) + 1;
    for (const char *c = strstr(workload->pattern, "{}"); c != NULL; c = strstr(c + 2, "{}"))
        room += DIGITS - 2;
    return room;
}

int workload_pattern(struct workload *workload, const char *pattern, uint64_t count,
                     struct workload_error *error)
{
    if (count == 0) {
        say(error, "a URL pattern needs --count=N, the number of URLs, at least 1");
        return -ENODATA;
    }
    struct workload trial = {.pattern = pattern};
    char *url = malloc(workload_url_room(&trial));
    if (url == NULL) {
        say(error, "no memory for the URL pattern");
        return -ENOMEM;
    }
    /* The last has the most digits: a port or a host made of them is longest. */
    const char *wrong = workload_check(url, expand(pattern, count, url));
    if (wrong == NULL)
        wrong = workload_check(url, expand(pattern, 1, url));
    free(url);
    if (wrong != NULL) {
        char text[64];
        say(error, "--url-pattern=%s: not a URL to fetch: %s",
            shown(pattern, strlen(pattern), text), wrong);
        return -EINVAL;
    }
    workload->pattern = pattern;
    workload->count = workload->whole = count;
    return 0;
}

int workload_slice(struct workload *workload, uint64_t k, uint64_t m, struct workload_error *error)
{
    /* Part k begins where k-1 parts of the exact size would end. */
    uint64_t begin = (uint64_t)((unsigned __int128)workload->whole * (k - 1) / m);
    uint64_t end = (uint64_t)((unsigned __int128)workload->whole * k / m);
    if (begin == end) {
        say(error, "--slice=%" PRIu64 "/%" PRIu64 ": that part of %" PRIu64 " URL%s is empty", k, m,
            workload->whole, workload->whole == 1 ? "" : "s");
        return -ENODATA;
    }
    workload->first = begin;
    workload->count = end - begin;
    return 0;
}

const char *workload_url(const struct workload *workload, uint64_t index, char *buffer)
{
    uint64_t place = workload->first + index;
    if (workload->pattern != NULL) {
        expand(workload->pattern, place + 1, buffer);
        return buffer;
    }
    const char *url = workload->text + workload->places[place / WORKLOAD_STRIDE];
    for (uint64_t i = place % WORKLOAD_STRIDE; i > 0; i--)
        url += strlen(url) + 1;
    return url;
}

void workload_free(struct workload *workload)
{
    if (workload->text != NULL) {
        munmap(workload->text, workload->text_bytes);
        munmap(workload->places, workload->places_bytes);
    }
    if (workload->due != NULL)
        munmap(workload->due, workload->count * sizeof *workload->due);
    workload->text = NULL;
    workload->places = NULL;
    workload->due = NULL;
}
