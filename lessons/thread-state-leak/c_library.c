/*
 * c_library.c: three memories that come with C.
 *
 *   strtok    where it was in a text: one for the whole program
 *   errno     which error came last: one a thread
 *   locale    how text is read and written: one a thread (uselocale)
 */
#include "lessons/thread-state-leak/thread-state-leak.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- strtok ------------------------------------------------------------ */

/* strtok() remembers where it was; the whole program shares that memory. */
void add_words(struct request *r)
{
    char *word;
    COROUTINE(r);
    // cppcheck-suppress strtokCalled ; that is the fault
    for (word = strtok(r->text, " "); word; word = strtok(NULL, " ")) {
        r->found += strtol(word, NULL, 10);
        AWAIT(r);
    }
    END(r);
}

void add_words_r(struct request *r)
{
    char *word;
    COROUTINE(r);
    for (word = strtok_r(r->text, " ", &r->rest); word;
         word = strtok_r(NULL, " ", &r->rest)) {
        r->found += strtol(word, NULL, 10);
        AWAIT(r);
    }
    END(r);
}

/* --- errno ------------------------------------------------------------- */

/* Requests fail in one of two ways: it is there already, or it is not. */
static void fail(const struct request *r)
{
    if (r->number % 2)
        mkdir("/", 0700);
    else
        unlink("/nowhere/at/all");
}

void read_errno_late(struct request *r)
{
    COROUTINE(r);
    fail(r);
    AWAIT(r);
    r->found = errno;
    END(r);
}

void read_errno_at_once(struct request *r)
{
    COROUTINE(r);
    fail(r);
    r->kept = errno;
    AWAIT(r);
    r->found = r->kept;
    END(r);
}

/* --- locale ------------------------------------------------------------ */

/* Requests speak one of two: bytes, or letters of several bytes each. */
static locale_t bytes, letters;

static locale_t language_of(const struct request *r)
{
    return r->number % 2 ? letters : bytes;
}

/* How many bytes a letter has at most: so much room one would make for it. */
static long bytes_of_a_letter(void)
{
    return (long)MB_CUR_MAX;
}

void ask_the_locale_late(struct request *r)
{
    COROUTINE(r);
    uselocale(language_of(r));
    AWAIT(r);
    r->found = bytes_of_a_letter();
    END(r);
}

void set_the_locale_again(struct request *r)
{
    COROUTINE(r);
    uselocale(language_of(r));
    AWAIT(r);
    uselocale(language_of(r)); /* after each await, and before each use */
    r->found = bytes_of_a_letter();
    END(r);
}

int begin_locales(void)
{
    bytes = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    letters = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    return bytes && letters ? 0 : -ENOTSUP;
}

void end_locales(void)
{
    uselocale(LC_GLOBAL_LOCALE);
    if (bytes)
        freelocale(bytes);
    if (letters)
        freelocale(letters);
    bytes = letters = (locale_t)0;
}

/* --- what each should find --------------------------------------------- */

long expected_of(const struct request *r, enum way way)
{
    if (way == STRTOK || way == STRTOK_R)
        return r->number + 3210; /* "7 10 200 3000" */
    if (way == ERRNO || way == ERRNO_KEPT)
        return r->number % 2 ? EEXIST : ENOENT;
    if (!bytes || !letters)
        return 0;
    uselocale(language_of(r));
    return bytes_of_a_letter();
}
