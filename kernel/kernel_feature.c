/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_feature.h"

#include <string.h>

#include "base/compiler.h"

void fast_circle(ptrdiff_t offset[16], ptrdiff_t stride) {
    static const int8_t circle[16][2] = {{0, -3}, {1, -3},  {2, -2},  {3, -1}, {3, 0},  {3, 1},
                                         {2, 2},  {1, 3},   {0, 3},   {-1, 3}, {-2, 2}, {-3, 1},
                                         {-3, 0}, {-3, -1}, {-2, -2}, {-1, -3}};
    for (int i = 0; i < 16; i++) {
        offset[i] = circle[i][0] + circle[i][1] * stride;
    }
}

/* By how much the arc of 9 that stands out most does so, all of it. */
static int32_t contrast_of_arc(const uint8_t *p, const ptrdiff_t offset[16]) {
    int32_t d[24];
    for (int i = 0; i < 24; i++) {
        d[i] = p[offset[i & 15]] - *p;
    }
    int32_t best = 0;
    for (int start = 0; start < 16; start++) {
        int32_t brighter = d[start], darker = -d[start];
        for (int i = start + 1; i < start + 9; i++) {
            brighter = MIN(brighter, d[i]);
            darker = MIN(darker, -d[i]);
        }
        best = MAX(best, MAX(brighter, darker));
    }
    return best;
}

static void fast_row_c(uint8_t *score, const uint8_t *row, ptrdiff_t stride, size_t n,
                       int32_t threshold) {
    ptrdiff_t offset[16];
    fast_circle(offset, stride);
    for (size_t x = 0; x < n; x++) {
        const uint8_t *p = row + x;
        /* An arc of 9 holds two neighbours of the four points a quarter apart: most pixels fail here. */
        int32_t top = p[offset[0]], right = p[offset[4]], down = p[offset[8]], left = p[offset[12]];
        int32_t brighter = MIN(MAX(top, down), MAX(left, right)) - *p;
        int32_t darker = *p - MAX(MIN(top, down), MIN(left, right));
        score[x] = 0;
        if (MAX(brighter, darker) > threshold) {
            int32_t contrast = contrast_of_arc(p, offset);
            score[x] = (uint8_t)(contrast > threshold ? contrast - 1 : 0);
        }
    }
}

static size_t fast_maxima_c(int32_t *at, const uint8_t *const rows[3], size_t n) {
    size_t count = 0;
    for (size_t x = 0; x < n; x++) {
        const uint8_t *up = rows[0] + x, *mid = rows[1] + x, *down = rows[2] + x;
        uint8_t s = *mid;
        if (s > mid[-1] && s > mid[1] && s > up[-1] && s > up[0] && s > up[1] && s > down[-1] &&
            s > down[0] && s > down[1]) {
            at[count++] = (int32_t)x;
        }
    }
    return count;
}

static int32_t hamming_256(const uint8_t *a, const uint8_t *b) {
    int32_t bits = 0;
    for (int i = 0; i < DESCRIPTOR_BYTES; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        bits += __builtin_popcountll(x ^ y);
    }
    return bits;
}

static void nearest_c(struct nearest_two *out, const uint8_t *query, const uint8_t *list,
                      size_t count) {
    *out = (struct nearest_two){.index = -1, .distance = 257, .second = 257};
    for (size_t i = 0; i < count; i++) {
        int32_t d = hamming_256(query, list + i * DESCRIPTOR_BYTES);
        if (d < out->distance) {
            out->second = out->distance;
            out->distance = d;
            out->index = (int32_t)i;
        } else if (d < out->second) {
            out->second = d;
        }
    }
}

static size_t near_64_c(int32_t *at, const uint64_t *list, size_t count, uint64_t query,
                        int32_t limit) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_popcountll(list[i] ^ query) <= limit) {
            at[found++] = (int32_t)i;
        }
    }
    return found;
}

void kernel_feature_init_c(struct kernel_feature *k) {
    *k = (struct kernel_feature){
        .fast_row = fast_row_c,
        .fast_maxima = fast_maxima_c,
        .nearest = nearest_c,
        .near_64 = near_64_c,
    };
}
