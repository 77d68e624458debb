/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel_sift.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"
#include "kernel/kernel_scan.h"

enum { SAMPLES = SIFT_PATCH + 2 }; /* a side: one more all round for the differences */

static void subtract_c(float *to, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] = a[i] - b[i];
    }
}

/* Whether sign * rows[4][x] beats its neighbours. */
static bool is_peak(const float *const rows[9], size_t x, float sign) {
    float v = sign * rows[4][x];
    for (int i = 0; i < 9; i++) {
        const float *p = rows[i] + x;
        for (int k = -1; k <= 1; k++) {
            bool before = i < 4 || (i == 4 && k < 0), self = i == 4 && k == 0;
            if (!self && (before ? !(v > sign * p[k]) : !(v >= sign * p[k]))) {
                return false;
            }
        }
    }
    return true;
}

static size_t extrema_c(int32_t *at, const float *const rows[9], size_t n, float threshold) {
    size_t count = 0;
    for (size_t x = 0; x < n; x++) {
        float v = rows[4][x];
        if ((v > threshold && is_peak(rows, x, 1)) || (v < -threshold && is_peak(rows, x, -1))) {
            at[count++] = (int32_t)x;
        }
    }
    return count;
}

static float clamped(float v, float most) {
    v = v > 0 ? v : 0;
    return v < most ? v : most;
}

static float sample(const struct sift_window *w, float x, float y) {
    x = clamped(x, (float)(w->width - 1));
    y = clamped(y, (float)(w->height - 1));
    int32_t ix = MIN((int32_t)x, w->width - 2), iy = MIN((int32_t)y, w->height - 2);
    float fx = x - (float)ix, fy = y - (float)iy;
    const float *p = w->picture + (size_t)iy * (size_t)w->width + ix, *q = p + w->width;
    float top = p[0] + fx * (p[1] - p[0]), bottom = q[0] + fx * (q[1] - q[0]);
    return top + fy * (bottom - top);
}

static float turn_of(float gx, float gy) {
    float ax = fabsf(gx), ay = fabsf(gy);
    float q = MIN(ax, ay) / (MAX(ax, ay) + SIFT_TINY), s = q * q;
    float t = SIFT_ATAN_C7 * s + SIFT_ATAN_C5;
    t = t * s + SIFT_ATAN_C3;
    t = t * s + SIFT_ATAN_C1;
    t = t * q;
    t = ay > ax ? 0.25f - t : t;
    t = gx < 0 ? 0.5f - t : t;
    return gy < 0 ? 1 - t : t;
}

static void gradients_c(struct sift_gradients *out, const struct sift_window *w) {
    float samples[SAMPLES][SAMPLES];
    const float middle = (SAMPLES - 1) / 2.0f;
    for (int j = 0; j < SAMPLES; j++) {
        float v = (float)j - middle;
        float row_x = w->x - v * w->step_y, row_y = w->y + v * w->step_x;
        for (int i = 0; i < SAMPLES; i++) {
            float u = (float)i - middle;
            samples[j][i] = sample(w, row_x + u * w->step_x, row_y + u * w->step_y);
        }
    }
    for (int j = 0; j < SIFT_PATCH; j++) {
        for (int i = 0; i < SIFT_PATCH; i++) {
            float gx = samples[j + 1][i + 2] - samples[j + 1][i];
            float gy = samples[j + 2][i + 1] - samples[j][i + 1];
            out->magnitude[j * SIFT_PATCH_ROW + i] = sqrtf(gx * gx + gy * gy);
            out->turn[j * SIFT_PATCH_ROW + i] = turn_of(gx, gy);
        }
    }
}

/* Adds the samples of one row to the cells of that row; there is one cell too many at either end. */
static void row_of_cells(float cells[SIFT_CELLS + 2][SIFT_TURNS], const float *magnitude,
                         const float *turn, const struct sift_weights *w) {
    for (int i = 0; i < SIFT_PATCH; i++) {
        float *before = cells[i / SIFT_CELL_SAMPLES], *after = cells[i / SIFT_CELL_SAMPLES + 1];
        float t = turn[i] * SIFT_TURNS;
        for (int k = 0; k < SIFT_TURNS; k++) {
            float d = fabsf(t - (float)k);
            d = MIN(d, SIFT_TURNS - d);
            float share = 1 - d;
            float v = (share > 0 ? share : 0) * magnitude[i];
            before[k] += v * w->before[i];
            after[k] += v * w->after[i];
        }
    }
}

static void cells_c(float out[SIFT_BYTES], const struct sift_gradients *g,
                    const struct sift_weights *w) {
    float all[SIFT_CELLS + 2][SIFT_CELLS][SIFT_TURNS];
    memset(all, 0, sizeof all);
    for (int j = 0; j < SIFT_PATCH; j++) {
        float row[SIFT_CELLS + 2][SIFT_TURNS];
        memset(row, 0, sizeof row);
        row_of_cells(row, g->magnitude + j * SIFT_PATCH_ROW, g->turn + j * SIFT_PATCH_ROW, w);
        int above = j / SIFT_CELL_SAMPLES;
        for (int c = 0; c < SIFT_CELLS; c++) {
            for (int k = 0; k < SIFT_TURNS; k++) {
                all[above][c][k] += row[c + 1][k] * w->before[j];
                all[above + 1][c][k] += row[c + 1][k] * w->after[j];
            }
        }
    }
    memcpy(out, all[1], SIFT_BYTES * sizeof *out);
}

static void products_c(int32_t *out, size_t stride, const uint8_t *const *queries, size_t count,
                       const uint8_t *list, const int32_t *offsets, size_t blocks) {
    kernel_scan_products_c(out, stride, queries, count, list, offsets, blocks, SIFT_BYTES);
}

static int32_t least_c(const int32_t *values, size_t n) {
    int32_t least = values[0];
    for (size_t i = 1; i < n; i++) {
        least = MIN(least, values[i]);
    }
    return least;
}

void kernel_sift_init_c(struct kernel_sift *k) {
    *k = (struct kernel_sift){
        .subtract = subtract_c,
        .extrema = extrema_c,
        .gradients = gradients_c,
        .cells = cells_c,
        .products = products_c,
        .least = least_c,
    };
}
