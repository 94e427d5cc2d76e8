/*
 * SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number
 * generators, OOPSLA 2014): the same numbers from the same seed on any machine.
 */
#ifndef WAITBENCH_RANDOM_H
#define WAITBENCH_RANDOM_H

#include <stdint.h>

/* The next number of the sequence whose state is *state; the seed is its first state. */
static inline uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
