/* what-bounds-it.h: eight everyday tasks. */
#ifndef WHAT_BOUNDS_IT_H
#define WHAT_BOUNDS_IT_H

enum { NUMBERS = 300000, SIDE = 1000, COPY_BYTES = 16 << 20 };

/* What the tasks work on; made once. result: what a task came to. */
struct material {
    long *numbers, *sorted;         /* NUMBERS each; sorted by the first task */
    unsigned char *image, *blurred; /* SIDE × SIDE, one byte a point */
    int from, to;                   /* files without a name; from is cached */
    int port;                       /* a server that answers after 100 ms */
    int (*query)(long *rows);       /* NULL: there is no database here */
    long result;
};

/* Each does its task once: 0, or -errno. */
int arithmetic(struct material *);
int sorting(struct material *);
int searching(struct material *);
int image_filter(struct material *);
int copy_cached(struct material *);
int copy_synced(struct material *);
int http_answer(struct material *);
int database_query(struct material *);

#endif
