/* SPDX-License-Identifier: Apache-2.0 */
/* Local mean and variance from sums of the values and their squares that slide along, in exact integers. */
#include "image/contrast.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

static const double noise_level = 4; /* gray levels: flat areas do not become noise */

/* Sums over the window of each sample of a row from those of its columns; they slide along. */
static void sum_windows(int32_t *out, const int32_t *columns, int32_t width, int32_t radius) {
    int32_t sum = 0;
    for (int32_t x = 0; x < MIN(radius, width); x++) {
        sum += columns[x];
    }
    for (int32_t x = 0; x < width; x++) {
        sum += x + radius < width ? columns[x + radius] : 0;
        sum -= x > radius ? columns[x - radius - 1] : 0;
        out[x] = sum;
    }
}

/* Sums of columns over the rows around, and of windows, of values and of squares; a window of at most 181 pixels a side keeps
 * within 31 bits. */
struct sliding {
    int32_t *columns[2], *windows[2];
    double *inverse; /* 1 / values in the window of each sample of the row */
};

static lk_status sliding_new(struct sliding *s, int32_t width, lk_error *err) {
    size_t n = (size_t)width;
    int32_t *block = mem_calloc(4 * n, sizeof *block);
    *s = (struct sliding){.inverse = mem_alloc(n, sizeof *s->inverse)};
    if (!block || !s->inverse) {
        mem_free(block);
        mem_free(s->inverse);
        return error_memory(err, n * (4 * sizeof *block + sizeof *s->inverse));
    }
    for (size_t i = 0; i < 2; i++) {
        s->columns[i] = block + i * n;
        s->windows[i] = block + (2 + i) * n;
    }
    return LK_OK;
}

static void normalise_row(struct plane *out, lk_engine *engine, struct sliding *s,
                          const lk_image *gray, int32_t y, int32_t radius) {
    int32_t width = gray->width, height = gray->height;
    int32_t rows = MIN(y + radius + 1, height) - MAX(y - radius, 0);
    for (int32_t x = 0; x < width; x++) {
        s->inverse[x] = 1.0 / (rows * (MIN(x + radius + 1, width) - MAX(x - radius, 0)));
    }
    for (int i = 0; i < 2; i++) {
        sum_windows(s->windows[i], s->columns[i], width, radius);
    }
    engine->kernels.refine.normalise(plane_row(out, y), image_row(gray, y), s->windows[0],
                                     s->windows[1], s->inverse, noise_level, (size_t)width);
}

lk_status contrast_normalise(struct plane *out, lk_engine *engine, const lk_image *gray,
                             int32_t radius, lk_error *err) {
    struct sliding s;
    lk_status status = plane_new(out, gray->width, gray->height, err);
    status = status == LK_OK ? sliding_new(&s, gray->width, err) : status;
    if (status != LK_OK) {
        plane_release(out);
        return status;
    }
    for (int32_t y = -radius; y < gray->height; y++) {
        const uint8_t *in = y + radius < gray->height ? image_row(gray, y + radius) : NULL;
        const uint8_t *gone = y > radius ? image_row(gray, y - radius - 1) : NULL;
        engine->kernels.refine.slide(s.columns[0], s.columns[1], in, gone, (size_t)gray->width);
        if (y >= 0) {
            normalise_row(out, engine, &s, gray, y, radius);
        }
    }
    mem_free(s.columns[0]);
    mem_free(s.inverse);
    return LK_OK;
}

lk_status contrast_normalise_gray(lk_image *out, lk_engine *engine, const lk_image *gray,
                                  int32_t radius, lk_error *err) {
    struct plane p = {0};
    lk_status status = contrast_normalise(&p, engine, gray, radius, err);
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
