/* blocked-loop.h: a loop that keeps a beat, and is asked a slow question. */
#ifndef BLOCKED_LOOP_H
#define BLOCKED_LOOP_H

enum { BEATS_MOST = 1024, THE_ANSWER = 42 };

/*
 * One showing. The caller sets the first block; the loop fills in the rest.
 * A beat is due every `period` seconds. The question is asked as the beat
 * `ask_at` is due, before that beat is called. lag[k] says by how many
 * seconds beat k came late.
 */
struct showing {
    double period, block; /* seconds */
    int beats, ask_at;
    void (*on_beat)(void), (*on_question)(void), (*on_answer)(void);

    double began, lag[BEATS_MOST];
    int beaten, answers, answer, owed; /* owed: the pool has yet to answer */
    int epoll, done; /* done: an eventfd, readable when the pool is through */
};

/* How the question is dealt with; in the loop's thread. 0 or -errno. */
int ask_nobody(struct showing *);
int answer_in_the_loop(struct showing *);
int hand_to_the_pool(struct showing *);

/* Runs the loop for all its beats. 0 or -errno. */
int keep_the_beat(struct showing *, int (*ask)(struct showing *));

#endif
