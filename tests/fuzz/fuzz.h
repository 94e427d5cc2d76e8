/*
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput:
 * it hands the bytes to one reader of ours and aborts where a promise of that
 * reader's header does not hold. libFuzzer drives it in `make fuzz`; replay.c
 * drives it over the kept corpus in `make test`, built by any compiler.
 */
#ifndef WAITBENCH_FUZZ_H
#define WAITBENCH_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many inputs a reader of ours took whole: each target counts its own. What refuses everything
 * tries nothing of what lies behind, so replay.c wants those that are said to be good to be taken.
 */
extern unsigned long fuzz_taken;

/* Aborts where a promise does not hold. */
void fuzz_check(int holds);

/* The bytes as a string of its own, to be freed. A NUL among them ends it earlier. */
char *fuzz_string(const uint8_t *data, size_t size);

/* A file that holds these bytes and has no name: its path is good until fuzz_file_close. */
struct fuzz_file {
    int fd;
    char path[32];
};
void fuzz_file_open(struct fuzz_file *, const void *bytes, size_t size);
void fuzz_file_close(struct fuzz_file *);

/*
 * Cuts the input at lines that are just `----`: the next part, or what is left.
 * Returns its beginning and stores its length; *data and *size become the rest.
 */
const uint8_t *fuzz_part(const uint8_t **data, size_t *size, size_t *length);

#endif
