/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_edge.h"

#include <stdbool.h>
#include <stdlib.h>

static void blur_down_c(uint16_t *to, const uint8_t *const rows[5], size_t n) {
    for (size_t x = 0; x < n; x++) {
        to[x] =
            (uint16_t)(rows[0][x] + rows[4][x] + 4 * (rows[1][x] + rows[3][x]) + 6 * rows[2][x]);
    }
}

static void blur_across_c(uint8_t *to, const uint16_t *from, size_t n) {
    for (size_t x = 0; x < n; x++) {
        const uint16_t *p = from + x;
        to[x] = (uint8_t)((p[-2] + p[2] + 4 * (p[-1] + p[1]) + 6 * p[0] + 128) >> 8);
    }
}

static void gradient_c(int16_t *dx, int16_t *dy, int32_t *squared, const uint8_t *const rows[3],
                       size_t n) {
    for (size_t x = 0; x < n; x++) {
        const uint8_t *above = rows[0] + x, *here = rows[1] + x, *below = rows[2] + x;
        int32_t h = above[1] - above[-1] + 2 * (here[1] - here[-1]) + below[1] - below[-1];
        int32_t v = below[-1] - above[-1] + 2 * (below[0] - above[0]) + below[1] - above[1];
        dx[x] = (int16_t)h;
        dy[x] = (int16_t)v;
        squared[x] = h * h + v * v;
    }
}

static bool is_peak(int32_t dx, int32_t dy, const int32_t *above, const int32_t *here,
                    const int32_t *below) {
    int32_t across = abs(dx) * EDGE_TAN, down = abs(dy) << EDGE_TAN_BITS, m = *here;
    if (down < across) {
        return m > here[-1] && m >= here[1];
    }
    if (down > across + (abs(dx) << (EDGE_TAN_BITS + 1))) { /* tan(67.5 deg) = 2 + tan(22.5 deg) */
        return m > *above && m >= *below;
    }
    int32_t side = (dx ^ dy) < 0 ? -1 : 1;
    return m > above[-side] && m > below[side];
}

static void thin_c(uint8_t *to, const int16_t *dx, const int16_t *dy,
                   const int32_t *const squared[3], const int32_t limits[2], size_t n) {
    for (size_t x = 0; x < n; x++) {
        int32_t m = squared[1][x];
        bool edge =
            m > limits[0] && is_peak(dx[x], dy[x], squared[0] + x, squared[1] + x, squared[2] + x);
        to[x] = !edge ? EDGE_NONE : m > limits[1] ? EDGE_STRONG : EDGE_WEAK;
    }
}

void kernel_edge_init_c(struct kernel_edge *k) {
    k->blur_down = blur_down_c;
    k->blur_across = blur_across_c;
    k->gradient = gradient_c;
    k->thin = thin_c;
}
