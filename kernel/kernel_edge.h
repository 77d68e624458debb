/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of an edge detector (feature/canny.c), all in integers. */
#ifndef LK_KERNEL_EDGE_H
#define LK_KERNEL_EDGE_H

#include <stddef.h>
#include <stdint.h>

enum { EDGE_NONE, EDGE_WEAK, EDGE_STRONG };

struct kernel_edge {
    /* to[x] = rows 0 + 4 * 1 + 6 * 2 + 4 * 3 + 4 at x. */
    void (*blur_down)(uint16_t *to, const uint8_t *const rows[5], size_t n);
    /* The same weights along from[x - 2 .. x + 2], then (sum + 128) / 256. */
    void (*blur_across)(uint8_t *to, const uint16_t *from, size_t n);
    /* Sobel's 3 x 3 derivatives of the middle row, and the sum of their squares; rows are read from x = -1 to n. */
    void (*gradient)(int16_t *dx, int16_t *dy, int32_t *squared, const uint8_t *const rows[3],
                     size_t n);
    /* EDGE_STRONG (above high), EDGE_WEAK (above low) or EDGE_NONE: only what is largest across the edge, whose direction
     * is one of four, counts. squared are the rows above, of and below, read from x = -1 to n. */
    void (*thin)(uint8_t *to, const int16_t *dx, const int16_t *dy, const int32_t *const squared[3],
                 const int32_t limits[2], size_t n);
};

/* tan(22.5 deg) with 15 fraction bits: where one direction of an edge ends and the next begins. */
enum { EDGE_TAN_BITS = 15, EDGE_TAN = 13573 };

void kernel_edge_init_c(struct kernel_edge *k);
void kernel_edge_init_avx2(struct kernel_edge *k);

#endif
