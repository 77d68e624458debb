/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a picture between its pixels: cubic convolution over 4 x 4 samples, all integers.
 *
 *   across_j = (sum_i wx[i] p[j][i] + 64) >> 7; value = (sum_j wy[j] across_j + 2^16) >> 17, clipped; weights in 1/4096
 *
 * A row of the middle result is held to 1/32 level, so that it fits 16 bits. */
#ifndef LK_KERNEL_WARP_H
#define LK_KERNEL_WARP_H

#include <stddef.h>
#include <stdint.h>

enum { WARP_STEPS = 64, WARP_ONE = 4096, WARP_BLOCK = 256 };

/* What is read from; the border pixel repeats outside. */
struct warp_source {
    const uint8_t *data;
    size_t stride;
    int32_t width, height, channels; /* 1, 3 or 4 */
    int16_t weights[WARP_STEPS][4];  /* of the samples at -1, 0, 1, 2, by 1/64 pixel */
};

/* Where samples of a row lie in the source: the first of the 4 x 4, and the step between pixels. */
struct warp_places {
    int32_t left[WARP_BLOCK], top[WARP_BLOCK];
    uint8_t across[WARP_BLOCK], down[WARP_BLOCK];
    uint8_t inside[WARP_BLOCK]; /* 255 or 0: then the rest means nothing */
};

struct kernel_warp {
    /* n <= WARP_BLOCK samples of row y from x0 on, through the map m (row-major 3 x 3, out -> source). */
    void (*find)(struct warp_places *out, const double m[9], const struct warp_source *s,
                 int32_t x0, int32_t y, size_t n);
    /* Their values; 0 where they are not inside. */
    void (*read)(uint8_t *out, const struct warp_source *s, const struct warp_places *places,
                 size_t n);
};

void kernel_warp_init_c(struct kernel_warp *k);
void kernel_warp_init_avx2(struct kernel_warp *k);

#endif
