/*
 * A response as it goes over the wire: a head, then a body, plain or chunked.
 *
 * Nothing of a body is kept. The bytes of any stretch are made anew from the
 * description, so that a body of gigabytes costs no memory, and a connection
 * that could not be written to goes on where it stopped.
 */
#ifndef WAITBENCH_ORIGIN_RESPONSE_H
#define WAITBENCH_ORIGIN_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESPONSE_HEAD_MAX = 320, /* the longest head that is ever made is under 272 bytes */
    RESPONSE_CHUNK = 4096,   /* bytes of body in each chunk but the last */
};

struct response {
    /* The body: `size` bytes of `text`, or of item `number` where text is NULL.
     * The text must live as long as the response. */
    const char *text;
    uint64_t number, size;
    bool chunked;
    uint64_t sent; /* bytes that were handed to the kernel, of the head and all */
    uint64_t end;  /* how many there are to be */
    uint16_t head_length;
    char head[RESPONSE_HEAD_MAX];
};

/* What stands in the head beside the length. */
struct response_head {
    unsigned status;
    const char *date;  /* 29 bytes, as RFC 9110, 5.6.7 has it */
    const char *type;  /* of the content */
    const char *allow; /* methods, or NULL */
    bool http_1_0;     /* the client knows no chunks, and nothing of keep-alive by itself */
    bool keep_alive;
    bool say_keep_alive; /* it asked by name: some, wget2 for one, only keep what is granted by name
                          */
    bool head_only;      /* HEAD: the head that GET would have, and no body */
};

/* Writes the head and sets sent to 0 and end to the whole. Text, number, size
 * and chunked are set before; an HTTP/1.0 client gets no chunks but a body that
 * ends with the connection. A status that has no body (204, 304) gets none. */
void response_begin(struct response *response, const struct response_head *head);

/* Writes up to `room` bytes of the wire from `sent` on, not beyond `until`.
 * Returns how many. */
size_t response_fill(const struct response *response, uint64_t until, char *buffer, size_t room);

/* How many of the body's own bytes are among the first `sent` of the wire. */
uint64_t response_body_sent(const struct response *response);

/* "Not Found" for 404; empty where no standard names one. */
const char *response_phrase(unsigned status);

#endif
