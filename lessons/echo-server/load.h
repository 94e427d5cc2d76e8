/* load.h: clients of the echo server, as many at one time as are wanted. */
#ifndef ECHO_SERVER_LOAD_H
#define ECHO_SERVER_LOAD_H

enum { LOAD_CLIENTS_MOST = 5000, LOAD_REQUEST = 150 };

struct load {
    unsigned short port;
    int clients;   /* at one time */
    long requests; /* together; each is a connection of its own */

    long answered;            /* with the right bytes, and then hung up */
    double seconds, *latency; /* a place for each request, in seconds */
};

/* Makes all requests: 0, or -errno. One thread, an event loop. */
int load_run(struct load *);

/* A connection to the port: its socket, which blocks, or -errno. */
int load_connect(unsigned short port);

/* Closes without TIME_WAIT: what is still under way is reset. */
void load_hang_up(int socket);

#endif
