/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of resampling: weighted sums of 8-bit samples with 22 fraction bits, in integers. */
#ifndef LK_KERNEL_RESIZE_H
#define LK_KERNEL_RESIZE_H

#include <stddef.h>
#include <stdint.h>

enum {
    RESIZE_WEIGHT_BITS =
        32 - 8 - 2, /* 8 for the sample, 2 for overshoot of the filters' negative lobes */
    RESIZE_HALF = 1 << (RESIZE_WEIGHT_BITS - 1)
};

/* What the samples of a row are made of: sample x of `count[x]` pixels from first[x] on, with the weights from weights[x * most]
 * on; those beyond count are 0. */
struct resize_row {
    const int32_t *first, *count, *weights;
    /* The same weights in two parts of 16 bits, weight = low + 2^RESIZE_LOW_BITS * high: from halves[2 * x * most] on first the
     * low ones of sample x, `most` of them, then the high ones. */
    const int16_t *halves;
    size_t most; /* a multiple of RESIZE_MOST */
    size_t width, from_width, channels;
};

enum { RESIZE_MOST = 8, RESIZE_LOW_BITS = 11 };

struct kernel_resize {
    /* A row of 1, 3 or 4 channels, rounded and clipped. */
    void (*across_row)(uint8_t *to, const uint8_t *from, const struct resize_row *row);
    /* Sum of in[i] * weights[i] over n samples of one channel. */
    int32_t (*across)(const uint8_t *in, const int32_t *weights, size_t n);
    /* The same for n >= 1 pixels of 3 or 4 channels: sums[c] of channel c; sums[3] is undefined for 3. */
    void (*across_colour)(int32_t sums[4], const uint8_t *in, size_t channels,
                          const int32_t *weights, size_t n);
    /* out[x] = the sum over k of row k's sample x * weights[k], rounded and clipped to 8 bits. Row k is at first + k *
     * stride; x in 0..n-1. */
    void (*down)(uint8_t *out, const uint8_t *first, size_t stride, const int32_t *weights,
                 size_t rows, size_t n);
};

/* resize_row.halves of `samples` times `most` weights, each below 2^(15 + RESIZE_LOW_BITS). */
void kernel_resize_split(int16_t *halves, const int32_t *weights, size_t samples, size_t most);

/* A sum with RESIZE_HALF already in it, as a sample. */
static inline uint8_t resize_clip(int32_t sum) {
    int32_t v = sum >> RESIZE_WEIGHT_BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

void kernel_resize_init_c(struct kernel_resize *k);
void kernel_resize_init_avx2(struct kernel_resize *k);
void kernel_resize_init_avx512(struct kernel_resize *k);

#endif
