/* SPDX-License-Identifier: Apache-2.0 */
/* Local mean and variance from integral images of the values and their squares, in exact integers. */
#include "image/contrast.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

static const double noise_level = 4; /* gray levels: flat areas do not become noise */

static double integral_sum(const int64_t *table, int32_t width, int32_t x0, int32_t y0, int32_t x1,
                           int32_t y1) {
    size_t row = (size_t)width + 1;
    return (double)(table[(size_t)y1 * row + (size_t)x1] - table[(size_t)y0 * row + (size_t)x1] -
                    table[(size_t)y1 * row + (size_t)x0] + table[(size_t)y0 * row + (size_t)x0]);
}

static void fill_integrals(int64_t *sums, int64_t *squares, const lk_image *gray) {
    size_t row = (size_t)gray->width + 1;
    memset(sums, 0, row * sizeof *sums);
    memset(squares, 0, row * sizeof *squares);
    for (int32_t y = 0; y < gray->height; y++) {
        const uint8_t *p = image_row(gray, y);
        const int64_t *s_above = sums + (size_t)y * row, *q_above = squares + (size_t)y * row;
        int64_t *s = sums + (size_t)(y + 1) * row, *q = squares + (size_t)(y + 1) * row;
        int64_t sum = 0, square = 0;
        s[0] = q[0] = 0;
        for (size_t x = 0; x + 1 < row; x++) {
            sum += p[x];
            square += (int64_t)p[x] * p[x];
            s[x + 1] = s_above[x + 1] + sum;
            q[x + 1] = q_above[x + 1] + square;
        }
    }
}

lk_status contrast_normalise(struct plane *out, const lk_image *gray, int32_t radius,
                             lk_error *err) {
    int32_t width = gray->width, height = gray->height;
    size_t cells = ((size_t)width + 1) * ((size_t)height + 1);
    int64_t *sums = mem_alloc(cells, 2 * sizeof *sums);
    lk_status status =
        sums ? plane_new(out, width, height, err) : error_memory(err, cells * 2 * sizeof *sums);
    if (status != LK_OK) {
        mem_free(sums);
        return status;
    }
    int64_t *squares = sums + cells;
    fill_integrals(sums, squares, gray);
    for (int32_t y = 0; y < height; y++) {
        int32_t y0 = MAX(y - radius, 0), y1 = MIN(y + radius + 1, height);
        const uint8_t *p = image_row(gray, y);
        float *to = plane_row(out, y);
        for (int32_t x = 0; x < width; x++) {
            int32_t x0 = MAX(x - radius, 0), x1 = MIN(x + radius + 1, width);
            double n = (double)(x1 - x0) * (y1 - y0);
            double mean = integral_sum(sums, width, x0, y0, x1, y1) / n;
            double variance = integral_sum(squares, width, x0, y0, x1, y1) / n - mean * mean;
            to[x] = (float)((p[x] - mean) / (sqrt(fmax(variance, 0)) + noise_level));
        }
    }
    mem_free(sums);
    return LK_OK;
}

lk_status contrast_normalise_gray(lk_image *out, const lk_image *gray, int32_t radius,
                                  lk_error *err) {
    struct plane p = {0};
    lk_status status = contrast_normalise(&p, gray, radius, err);
    if (status == LK_OK) {
        status = lk_image_new(out, gray->width, gray->height, 1, 8, err);
    }
    for (int32_t y = 0; status == LK_OK && y < gray->height; y++) {
        const float *from = plane_row(&p, y);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < gray->width; x++) {
            float v = 128 + 50 * from[x];
            to[x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v));
        }
    }
    plane_release(&p);
    return status;
}
