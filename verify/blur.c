/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers throughout: slopes of the picture times `taps` against slopes of the sums over `taps` pixels. */
#include "verify/blur.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { EDGE = 2 }; /* pixels at the border that do not count */

/* Beyond the ends the picture is mirrored, the last pixel twice. */
static int32_t mirrored(int32_t x, int32_t width) {
    int32_t at = x % (2 * width);
    at = at < 0 ? at + 2 * width : at;
    return at < width ? at : 2 * width - 1 - at;
}

static void sum_row(int32_t *out, const uint8_t *row, int32_t width, int32_t taps) {
    int32_t sum = 0, half = taps / 2;
    for (int32_t k = -half; k <= half; k++) {
        sum += row[mirrored(k, width)];
    }
    for (int32_t x = 0; x < width; x++) {
        out[x] = sum;
        sum += row[mirrored(x + half + 1, width)] - row[mirrored(x - half, width)];
    }
}

/* Sobel's slope along the row at x, of three rows. */
static int32_t slope(const int32_t *const rows[3], int32_t x) {
    return rows[0][x + 1] - rows[0][x - 1] + 2 * (rows[1][x + 1] - rows[1][x - 1]) +
           rows[2][x + 1] - rows[2][x - 1];
}

/* Three rows of the picture times taps, and of the sums over taps pixels; row y stands in place y % 3. */
struct window {
    int32_t *plain[3], *summed[3];
};

static void take_row(struct window *w, const lk_image *gray, int32_t y, int32_t taps) {
    const uint8_t *row = image_row(gray, y);
    for (int32_t x = 0; x < gray->width; x++) {
        w->plain[y % 3][x] = taps * row[x];
    }
    sum_row(w->summed[y % 3], row, gray->width, taps);
}

/* Along rows: what a mean over taps pixels leaves of the slopes. */
static double effect_along_rows(struct window *w, const lk_image *gray, int32_t taps) {
    int64_t all = 0, lost = 0;
    for (int32_t y = 0; y < gray->height; y++) {
        take_row(w, gray, y, taps);
        if (y - 1 < EDGE || y - 1 >= gray->height - 1) {
            continue;
        }
        const int32_t *const plain[3] = {w->plain[(y - 2) % 3], w->plain[(y - 1) % 3],
                                         w->plain[y % 3]};
        const int32_t *const summed[3] = {w->summed[(y - 2) % 3], w->summed[(y - 1) % 3],
                                          w->summed[y % 3]};
        for (int32_t x = EDGE; x < gray->width - 1; x++) {
            int32_t sharp = abs(slope(plain, x)), blurred = abs(slope(summed, x));
            all += sharp;
            lost += MAX(sharp - blurred, 0);
        }
    }
    return all > 0 ? (double)(all - lost) / (double)all : 0;
}

static lk_status transpose(lk_image *out, const lk_image *from, lk_error *err) {
    lk_status status = lk_image_new(out, from->height, from->width, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < from->height; y++) {
        const uint8_t *row = image_row(from, y);
        for (int32_t x = 0; x < from->width; x++) {
            image_row(out, x)[y] = row[x];
        }
    }
    return status;
}

lk_status blur_effect(double *out, const lk_image *gray, int32_t taps, lk_error *err) {
    size_t side = (size_t)MAX(gray->width, gray->height);
    struct window w;
    lk_image turned = {0};
    int32_t *rows = mem_alloc(6 * side, sizeof *rows);
    *out = 0;
    lk_status status = rows ? LK_OK : error_memory(err, 6 * side * sizeof *rows);
    if (status == LK_OK) {
        for (size_t i = 0; i < 3; i++) {
            w.plain[i] = rows + 2 * i * side;
            w.summed[i] = rows + (2 * i + 1) * side;
        }
        status = transpose(&turned, gray, err);
    }
    if (status == LK_OK) {
        *out = MAX(effect_along_rows(&w, gray, taps), effect_along_rows(&w, &turned, taps));
    }
    lk_image_release(&turned);
    mem_free(rows);
    return status;
}
