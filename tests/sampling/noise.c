/* The noise `philox4x32`, version 1, from docs/noise.md alone: noise normal|uniform SEED START COUNT SIZE > floats.
   gcc -O2 -ffp-contract=off noise.c -lm */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t LOG[] = {2977044404u, 1317911388u, 829238574u, 598532643u, 451333531u,
                               319049833u,  181532274u,  68260113u,  12088890u};
static const uint32_t SINE[] = {3373259408u, 1387196506u, 171132282u, 10036837u, 325312u};

static uint32_t high(uint32_t a, uint32_t b) { return (uint64_t)a * b >> 32; }

static void philox(uint32_t c[4], uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        uint32_t next0 = high(0xCD9E8D57u, c[2]) ^ c[1] ^ k0, next1 = 0xCD9E8D57u * c[2];
        uint32_t next2 = high(0xD2511F53u, c[0]) ^ c[3] ^ k1, next3 = 0xD2511F53u * c[0];
        c[0] = next0, c[1] = next1, c[2] = next2, c[3] = next3;
    }
}

static uint32_t polynomial(uint32_t x, const uint32_t *coefficients, int degree) {
    uint32_t value = coefficients[degree];
    while (degree-- > 0) value = coefficients[degree] - high(value, x);
    return value;
}

static uint32_t sine(uint32_t x) { return high(x, polynomial(high(x, x), SINE, 4)); }

static void normal(const uint32_t words[2], float numbers[2]) {
    uint32_t word = words[0], angle = words[1];
    uint64_t odd = 2 * (uint64_t)word + 1;
    int zeros = 0;
    while (!(odd >> (32 - zeros))) zeros++;
    uint32_t f = (uint32_t)(odd << zeros), t = ~f | 1, x = angle << 2 | 2;
    uint64_t logarithm = zeros * (uint64_t)2977044472u + high(t, polynomial(f, LOG, 8));
    double radius = sqrt((double)(2 * logarithm + 1));
    numbers[0] = (float)(sine(-x) * radius * 0x1p-47);
    numbers[1] = (float)(sine(x) * radius * 0x1p-47);
    if (angle & 0x80000000u) numbers[0] = -numbers[0];
    if (angle & 0x40000000u) numbers[1] = -numbers[1];
}

static void uniform(const uint32_t words[2], float numbers[2]) {
    for (int i = 0; i < 2; i++) numbers[i] = (float)(2 * (int)(words[i] >> 8) + 1 - (1 << 24)) * 0x1p-24f;
}

/* strtoull alone takes signs and what follows the digits, and 2^64 for 2^64 - 1. */
static uint64_t number(const char *name, const char *text, uint64_t most) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && !errno && value <= most) return value;
    fprintf(stderr, "%s: must be a whole number from 0 to %llu, got %s\n", name, (unsigned long long)most, text);
    exit(2);
}

int main(int count, char **given) {
    int is_normal = count > 1 && !strcmp(given[1], "normal");
    if (count != 6 || (!is_normal && strcmp(given[1], "uniform")))
        return fputs("usage: noise normal|uniform SEED START COUNT SIZE\n", stderr), 2;
    uint64_t seed = number("seed", given[2], UINT64_MAX), start = number("start", given[3], 1ull << 63);
    uint64_t samples = number("count", given[4], (1ull << 63) - start);
    uint32_t size = (uint32_t)number("size", given[5], 1u << 31);
    for (uint64_t sample = start; sample < start + samples; sample++)
        for (uint32_t column = 0; column < size; column += 4) {
            uint32_t words[4] = {(uint32_t)sample, sample >> 32, column / 4, 0};
            float numbers[4];
            philox(words, (uint32_t)seed, seed >> 32);
            for (int i = 0; i < 4; i += 2) (is_normal ? normal : uniform)(words + i, numbers + i);
            fwrite(numbers, sizeof(float), size - column < 4 ? size - column : 4, stdout);
        }
    return fflush(stdout) || ferror(stdout);
}
