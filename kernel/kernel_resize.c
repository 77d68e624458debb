/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_resize.h"

void kernel_resize_split(int16_t *halves, const int32_t *weights, size_t samples, size_t most) {
    for (size_t x = 0; x < samples; x++, halves += 2 * most, weights += most) {
        for (size_t i = 0; i < most; i++) {
            halves[i] = (int16_t)(weights[i] & ((1 << RESIZE_LOW_BITS) - 1));
            halves[most + i] = (int16_t)(weights[i] >> RESIZE_LOW_BITS);
        }
    }
}

static int32_t across_c(const uint8_t *in, const int32_t *weights, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += in[i] * weights[i];
    }
    return sum;
}

static void across_colour_c(int32_t sums[4], const uint8_t *in, size_t channels,
                            const int32_t *weights, size_t n) {
    for (size_t c = 0; c < 4; c++) {
        sums[c] = 0;
    }
    for (size_t i = 0; i < n; i++, in += channels) {
        for (size_t c = 0; c < channels; c++) {
            sums[c] += in[c] * weights[i];
        }
    }
}

static void across_row_c(uint8_t *to, const uint8_t *from, const struct resize_row *r) {
    for (size_t x = 0; x < r->width; x++, to += r->channels) {
        const int32_t *w = r->weights + x * r->most;
        const uint8_t *in = from + (size_t)r->first[x] * r->channels;
        int32_t sums[4];
        across_colour_c(sums, in, r->channels, w, (size_t)r->count[x]);
        for (size_t c = 0; c < r->channels; c++) {
            to[c] = resize_clip(RESIZE_HALF + sums[c]);
        }
    }
}

/* Blocks of samples keep their sums in the nearest cache while the rows go by. */
static void down_c(uint8_t *out, const uint8_t *first, size_t stride, const int32_t *weights,
                   size_t rows, size_t n) {
    enum { BLOCK = 512 };
    int32_t sums[BLOCK];
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t length = n - at < BLOCK ? n - at : BLOCK;
        for (size_t x = 0; x < length; x++) {
            sums[x] = RESIZE_HALF;
        }
        for (size_t k = 0; k < rows; k++) {
            const uint8_t *in = first + k * stride + at;
            for (size_t x = 0; x < length; x++) {
                sums[x] += in[x] * weights[k];
            }
        }
        for (size_t x = 0; x < length; x++) {
            out[at + x] = resize_clip(sums[x]);
        }
    }
}

void kernel_resize_init_c(struct kernel_resize *k) {
    *k = (struct kernel_resize){.across_row = across_row_c,
                                .across = across_c,
                                .across_colour = across_colour_c,
                                .down = down_c};
}
