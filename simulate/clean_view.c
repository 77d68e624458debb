/* SPDX-License-Identifier: Apache-2.0 */
/* The triangle filter whose support is that of the reduction, on levels: rows first, then columns. */
#include <math.h>

#include "base/error.h"
#include "image/image.h"
#include "simulate/scratch.h"

/* The weights of one place: `count` of them from sample `first` on, of sum 1. */
struct taps {
    int32_t first, count;
};

static int32_t taps_most(int32_t in, int32_t out) {
    return 2 * (int32_t)ceil(fmax((double)in / out, 1)) + 1;
}

static struct taps taps_at(float *weights, int32_t i, int32_t in, int32_t out) {
    double step = (double)in / out, reach = fmax(step, 1), middle = (i + 0.5) * step, sum = 0;
    int32_t first = MAX((int32_t)(middle - reach + 0.5), 0),
            end = MIN((int32_t)(middle + reach + 0.5), in);
    for (int32_t k = first; k < end; k++) {
        sum += fmax(1 - fabs(k + 0.5 - middle) / reach, 0);
    }
    for (int32_t k = first; k < end; k++) {
        weights[k - first] = (float)(fmax(1 - fabs(k + 0.5 - middle) / reach, 0) / sum);
    }
    return (struct taps){first, end - first};
}

static uint8_t rounded(float v) {
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5f);
}

/* One row of the narrowed picture; each place has `most` weights. */
static void narrow(light4 *to, int32_t width, const uint8_t *row, const struct taps *taps,
                   const float *weights, int32_t most) {
    for (int32_t x = 0; x < width; x++, weights += most) {
        const uint8_t *at = row + 3 * taps[x].first;
        light4 sum = light_all(0);
        for (int32_t k = 0; k < taps[x].count; k++, at += 3) {
            sum += __builtin_convertvector((whole4){at[0], at[1], at[2], 0}, light4) *
                   light_all(weights[k]);
        }
        to[x] = sum;
    }
}

static void shorten(uint8_t *to, const struct light *from, const float *weights, struct taps t) {
    for (int32_t x = 0; x < from->width; x++, to += 3) {
        light4 sum = light_all(0);
        for (int32_t k = 0; k < t.count; k++) {
            sum += light_row(from, t.first + k)[x] * light_all(weights[k]);
        }
        for (int32_t c = 0; c < 3; c++) {
            to[c] = rounded(sum[c]);
        }
    }
}

lk_status lk_clean_view(uint8_t *out, int32_t width, int32_t height, lk_view_scratch *scratch,
                        const lk_image *picture, lk_error *err) {
    if (picture->channels != 3 || picture->bit_depth != 8 || width < 1 || height < 1) {
        return error_set(err, LK_E_USAGE, "a view is made of RGB of 8 bits, 1 x 1 or larger");
    }
    int32_t most = taps_most(picture->width, width), tall = taps_most(picture->height, height);
    size_t weight_count = (size_t)most * (size_t)width + (size_t)tall;
    lk_status status = light_resize(&scratch->spare, width, picture->height, err);
    status =
        status == LK_OK
            ? store_resize(&scratch->planes,
                           weight_count * sizeof(float) + (size_t)width * sizeof(struct taps), err)
            : status;
    if (status != LK_OK) {
        return status;
    }
    float *weights = scratch->planes.data, *column = weights + (size_t)most * (size_t)width;
    struct taps *taps = (struct taps *)(void *)(weights + weight_count);
    for (int32_t x = 0; x < width; x++) {
        taps[x] = taps_at(weights + (size_t)x * (size_t)most, x, picture->width, width);
    }
    for (int32_t y = 0; y < picture->height; y++) {
        narrow(light_row(&scratch->spare, y), width, image_row(picture, y), taps, weights, most);
    }
    for (int32_t y = 0; y < height; y++) {
        struct taps t = taps_at(column, y, picture->height, height);
        shorten(out + 3 * (size_t)y * (size_t)width, &scratch->spare, column, t);
    }
    return LK_OK;
}
