/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers throughout: slopes of the picture times `taps` against slopes of the sums over `taps` pixels. */
#include "verify/blur.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Beyond the ends the picture is mirrored, the last pixel twice. */
static int32_t mirrored(int32_t x, int32_t width) {
    int32_t at = x % (2 * width);
    at = at < 0 ? at + 2 * width : at;
    return at < width ? at : 2 * width - 1 - at;
}

/* Three rows of the picture times taps, and of the sums over taps pixels; row y stands in place y % 3. */
struct window {
    const struct kernel_blur *kernel;
    const lk_image *gray;
    int32_t taps;
    int16_t *plain[3], *summed[3], *sums; /* sums: of columns, at the row of the moment */
    uint8_t *padded;
};

static const uint8_t *mirrored_row(const struct window *w, int32_t y) {
    return image_row(w->gray, mirrored(y, w->gray->height));
}

static void sum_row(struct window *w, int32_t y) {
    int32_t width = w->gray->width, half = w->taps / 2;
    const uint8_t *row = image_row(w->gray, y);
    memcpy(w->padded + half, row, (size_t)width);
    for (int32_t k = 1; k <= half; k++) {
        w->padded[half - k] = row[mirrored(-k, width)];
        w->padded[half + width - 1 + k] = row[mirrored(width - 1 + k, width)];
    }
    w->kernel->sum(w->summed[y % 3], w->padded, w->taps, (size_t)width);
}

static void sum_columns(struct window *w, int32_t y) {
    size_t width = (size_t)w->gray->width;
    int32_t half = w->taps / 2;
    if (y == 0) {
        memset(w->sums, 0, width * sizeof *w->sums);
        for (int32_t k = -half; k <= half; k++) {
            const uint8_t *row = mirrored_row(w, k);
            for (size_t x = 0; x < width; x++) {
                w->sums[x] = (int16_t)(w->sums[x] + row[x]);
            }
        }
    } else {
        w->kernel->slide(w->sums, mirrored_row(w, y + half), mirrored_row(w, y - half - 1), width);
    }
    memcpy(w->summed[y % 3], w->sums, width * sizeof *w->sums);
}

/* What a mean over taps pixels, along rows or down columns, leaves of the slopes in that direction. */
static double effect(struct window *w, bool down) {
    const lk_image *gray = w->gray;
    size_t width = (size_t)gray->width;
    int64_t sums[2] = {0, 0};
    for (int32_t y = 0; y < gray->height; y++) {
        w->kernel->scale(w->plain[y % 3], image_row(gray, y), w->taps, width);
        (down ? sum_columns : sum_row)(w, y);
        if (y - 1 < BLUR_EDGE) {
            continue;
        }
        const int16_t *const plain[3] = {w->plain[(y - 2) % 3], w->plain[(y - 1) % 3],
                                         w->plain[y % 3]};
        const int16_t *const summed[3] = {w->summed[(y - 2) % 3], w->summed[(y - 1) % 3],
                                          w->summed[y % 3]};
        if (down) {
            const int16_t *const rows[2] = {plain[0], plain[2]}, *const sum_rows[2] = {summed[0],
                                                                                       summed[2]};
            w->kernel->down(sums, rows, sum_rows, width);
        } else {
            w->kernel->across(sums, plain, summed, width);
        }
    }
    return sums[0] > 0 ? (double)(sums[0] - sums[1]) / (double)sums[0] : 0;
}

lk_status blur_effect(double *out, lk_engine *engine, const lk_image *gray, int32_t taps,
                      lk_error *err) {
    size_t width = (size_t)gray->width;
    struct window w = {.kernel = &engine->kernels.blur, .gray = gray, .taps = taps};
    *out = 0;
    if (taps > BLUR_TAPS_MOST) {
        return error_set(err, LK_E_USAGE, "a mean over %d pixels, at most %d", taps,
                         BLUR_TAPS_MOST);
    }
    int16_t *rows = mem_alloc(7 * width, sizeof *rows);
    w.padded = mem_alloc(width + BLUR_TAPS_MOST, 1);
    lk_status status =
        rows && w.padded ? LK_OK : error_memory(err, 7 * width * sizeof *rows + width);
    if (status == LK_OK) {
        for (size_t i = 0; i < 3; i++) {
            w.plain[i] = rows + 2 * i * width;
            w.summed[i] = rows + (2 * i + 1) * width;
        }
        w.sums = rows + 6 * width;
        *out = MAX(effect(&w, false), effect(&w, true));
    }
    mem_free(rows);
    mem_free(w.padded);
    return status;
}
