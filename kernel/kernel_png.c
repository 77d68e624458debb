/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_png.h"

#include <stdlib.h>
#include <string.h>

static void none_c(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    (void)above;
    (void)bpp;
    memmove(out, in, n);
}

static void sub_c(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    (void)above;
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(in[i] + (i < bpp ? 0 : out[i - bpp]));
    }
}

static void up_c(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    (void)bpp;
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(in[i] + above[i]);
    }
}

static void average_c(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    for (size_t i = 0; i < n; i++) {
        int left = i < bpp ? 0 : out[i - bpp];
        out[i] = (uint8_t)(in[i] + ((left + above[i]) >> 1));
    }
}

/* Whichever of left, above and corner is nearest to left + above - corner; ties in this order. */
static int paeth(int left, int above, int corner) {
    int to_left = abs(above - corner), to_above = abs(left - corner);
    int to_corner = abs(left + above - 2 * corner);
    if (to_left <= to_above && to_left <= to_corner) {
        return left;
    }
    return to_above <= to_corner ? above : corner;
}

static void paeth_c(uint8_t *out, const uint8_t *in, const uint8_t *above, size_t n, size_t bpp) {
    for (size_t i = 0; i < n; i++) {
        int left = i < bpp ? 0 : out[i - bpp], corner = i < bpp ? 0 : above[i - bpp];
        out[i] = (uint8_t)(in[i] + paeth(left, above[i], corner));
    }
}

void kernel_png_init_c(struct kernel_png *k) {
    *k = (struct kernel_png){.unfilter = {none_c, sub_c, up_c, average_c, paeth_c}};
}
