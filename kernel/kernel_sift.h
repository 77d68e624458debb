/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of SIFT: extrema of a scale space, gradients of a turned patch, their histograms, distances of descriptors. */
#ifndef LK_KERNEL_SIFT_H
#define LK_KERNEL_SIFT_H

#include <stddef.h>
#include <stdint.h>

enum {
    SIFT_PATCH = 20, /* gradients a side of a patch */
    SIFT_PATCH_ROW =
        24,         /* floats a row of them in memory; what is beyond SIFT_PATCH has no meaning */
    SIFT_CELLS = 4, /* a side of a descriptor; a cell is a fifth of the patch */
    SIFT_CELL_SAMPLES = SIFT_PATCH / (SIFT_CELLS + 1),
    SIFT_TURNS = 8, /* directions of a cell's histogram */
    SIFT_BYTES = SIFT_CELLS * SIFT_CELLS * SIFT_TURNS,
    SIFT_BLOCK = 16, /* descriptors that lie interleaved, as those of kernel_scan.h */
};

/* Where a patch lies on a picture of at least 2x2: sample (i, j) at (x, y) + (i - 9.5) (step_x, step_y) + (j - 9.5)
 * (-step_y, step_x). Samples outside take the edge. */
struct sift_window {
    const float *picture; /* rows contiguous */
    int32_t width, height;
    float x, y, step_x, step_y;
};

/* Magnitude and direction (0..1 of a whole turn, clockwise from the patch's +x as y points down). */
struct sift_gradients {
    float magnitude[SIFT_PATCH * SIFT_PATCH_ROW];
    float turn[SIFT_PATCH * SIFT_PATCH_ROW];
};

/* What sample i along a side gives to the cell before and to the cell after it, whose centres lie at samples 3.5, 7.5, ... */
struct sift_weights {
    float before[SIFT_PATCH], after[SIFT_PATCH];
};

struct kernel_sift {
    /* to = a - b */
    void (*subtract)(float *to, const float *a, const float *b, size_t n);
    /* Writes the x in 0..n-1, rising, where rows[4][x] is further from 0 than threshold and either above or below all of its 26
     * neighbours: three layers of three rows each. Of equal neighbours the first (by layer, row, column) counts. Reads columns
     * -1..n. */
    size_t (*extrema)(int32_t *at, const float *const rows[9], size_t n, float threshold);
    /* Bilinear samples, central differences. */
    void (*gradients)(struct sift_gradients *out, const struct sift_window *w);
    /* Each gradient shared among two directions and up to four cells. out[(row * 4 + column) * 8 + direction]. */
    void (*cells)(float out[SIFT_BYTES], const struct sift_gradients *g,
                  const struct sift_weights *w);
    /* Those of kernel_scan.h, of SIFT_BYTES. */
    void (*products)(int32_t *out, size_t stride, const uint8_t *const *queries, size_t count,
                     const uint8_t *list, const int32_t *offsets, size_t blocks);
    /* The least of n values, n > 0. */
    int32_t (*least)(const int32_t *values, size_t n);
};

void kernel_sift_init_c(struct kernel_sift *k);
void kernel_sift_init_avx2(struct kernel_sift *k);
void kernel_sift_init_avx512(struct kernel_sift *k);

/* atan(q) / 2 pi = q (c1 + c3 q^2 + c5 q^4 + c7 q^6) for q in 0..1, fitted to the least largest error: 1.3e-5 turns. */
#define SIFT_ATAN_C1 0.15902980f
#define SIFT_ATAN_C3 -0.05111641f
#define SIFT_ATAN_C5 0.02327829f
#define SIFT_ATAN_C7 -0.00620461f
/* Keeps 0 / 0 out of the direction of no gradient. */
#define SIFT_TINY 1e-30f

#endif
