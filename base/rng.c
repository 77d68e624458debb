/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}

void rng_init(struct rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        r->s[i] = z ^ z >> 31;
    }
}

uint64_t rng_next(struct rng *r) {
    uint64_t *s = r->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint32_t rng_below(struct rng *r, uint32_t n) {
    uint64_t product = (rng_next(r) >> 32) * n;
    if ((uint32_t)product < n) {
        uint32_t floor = (uint32_t)(-n) % n;
        while ((uint32_t)product < floor) {
            product = (rng_next(r) >> 32) * n;
        }
    }
    return (uint32_t)(product >> 32);
}

double rng_unit(struct rng *r) {
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *r) {
    double u = 1.0 - rng_unit(r); /* (0, 1]: the logarithm stays finite */
    double v = rng_unit(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
