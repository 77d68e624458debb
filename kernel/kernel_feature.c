/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_feature.h"

#include <string.h>

const int32_t gauss7_weights[GAUSS7_TAPS] = {18, 34, 49, 54, 49, 34, 18};

/* Whether 9 neighbours in the ring of 16 bits are set. */
static int has_run_of_9(uint32_t ring) {
    ring |= ring << 16;
    uint32_t run = ring & ring >> 1; /* 2 in a row, then 4, then 8, then 9 */
    run &= run >> 2;
    run &= run >> 4;
    run &= ring >> 8;
    return run != 0;
}

static void fast_row_c(uint8_t *corner, const uint8_t *row, ptrdiff_t stride, size_t n,
                       int32_t threshold) {
    static const int8_t circle[16][2] = {{0, -3}, {1, -3},  {2, -2},  {3, -1}, {3, 0},  {3, 1},
                                         {2, 2},  {1, 3},   {0, 3},   {-1, 3}, {-2, 2}, {-3, 1},
                                         {-3, 0}, {-3, -1}, {-2, -2}, {-1, -3}};
    ptrdiff_t offset[16];
    for (int i = 0; i < 16; i++) {
        offset[i] = circle[i][0] + circle[i][1] * stride;
    }
    for (size_t x = 0; x < n; x++) {
        const uint8_t *p = row + x;
        int32_t high = *p + threshold, low = *p - threshold;
        uint32_t brighter = 0, darker = 0;
        for (int i = 0; i < 16; i++) {
            brighter |= (uint32_t)(p[offset[i]] > high) << i;
            darker |= (uint32_t)(p[offset[i]] < low) << i;
        }
        corner[x] = (uint8_t)(has_run_of_9(brighter) | has_run_of_9(darker));
    }
}

static void gauss7_down_c(uint8_t *out, const uint8_t *const rows[GAUSS7_TAPS], size_t n) {
    for (size_t x = 0; x < n; x++) {
        int32_t sum = 128;
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            sum += gauss7_weights[k] * rows[k][x];
        }
        out[x] = (uint8_t)(sum >> 8);
    }
}

static void gauss7_across_c(uint8_t *out, const uint8_t *in, size_t n) {
    for (size_t x = 0; x < n; x++) {
        int32_t sum = 128;
        for (int k = 0; k < GAUSS7_TAPS; k++) {
            sum += gauss7_weights[k] * in[(ptrdiff_t)x + k - GAUSS7_TAPS / 2];
        }
        out[x] = (uint8_t)(sum >> 8);
    }
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

void kernel_feature_init_c(struct kernel_feature *k) {
    *k = (struct kernel_feature){
        .fast_row = fast_row_c,
        .gauss7_down = gauss7_down_c,
        .gauss7_across = gauss7_across_c,
        .nearest = nearest_c,
    };
}
