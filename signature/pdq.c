/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ: 256 bits of the lowest 16 x 16 frequencies (without DC) of the picture smoothed to 64 x 64. Definition: "The TMK+PDQF
 * video-hashing algorithm and the PDQ image-hashing algorithm", Facebook 2019, and its reference implementation.
 *
 *   a side above 512: 512 x 512 by nearest neighbour; luma = .299 R + .587 G + .114 B in float, gray as it is
 *   two rounds of box filters along rows and columns, window ceil(side / 128), shrinking at the ends (Jarosz filter)
 *   64 x 64 samples at int((i + .5) * side / 64)
 *   B = D A D^T, D[i][j] = sqrt(2 / 64) cos(pi / 128 (i + 1)(2 j + 1)); bit 16 i + j where B[i][j] is above the 128th smallest
 *   quality = sum over neighbours of |int((u - v) * 100 / 255)|, / 90, at most 100
 *
 * Sums are running sums in float, in the reference's order. Oracle: the definition in numpy float32 (tests/oracle/hash). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "signature/pdq.h"
#include "signature/signature.h"

enum { LARGEST = 512, SMALLEST = 5, GRID = 64, KEPT = 16 };

/* Luma of the picture, at most LARGEST on a side. */
static lk_status read_luma(struct plane *out, const lk_image *image, lk_error *err) {
    bool large = image->width > LARGEST || image->height > LARGEST;
    int32_t width = large ? LARGEST : image->width, height = large ? LARGEST : image->height;
    lk_status status = plane_new(out, width, height, err);
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        const uint8_t *row = image_row(image, (int32_t)((int64_t)y * image->height / height));
        for (int32_t x = 0; x < width; x++) {
            const uint8_t *p = row + image->channels * ((int64_t)x * image->width / width);
            plane_row(out, y)[x] =
                image->channels == 1 ? p[0] : 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
        }
    }
    return status;
}

/* Running mean of `window` samples around each of n samples `step` apart; fewer at the ends. */
static void box_line(float *out, const float *in, int32_t n, size_t step, int32_t window) {
    int32_t ahead = (window + 2) / 2, size = 0; /* the window ends before sample i + ahead */
    float sum = 0;
    for (int32_t i = 0; i < ahead - 1 && i < n; i++) {
        sum += in[(size_t)i * step];
        size++;
    }
    for (int32_t i = 0; i < n; i++) {
        int32_t enters = i + ahead - 1, leaves = enters - window;
        if (enters < n) {
            sum += in[(size_t)enters * step];
            size++;
        }
        if (leaves >= 0) {
            sum -= in[(size_t)leaves * step];
            size--;
        }
        out[(size_t)i * step] = sum / (float)size;
    }
}

static lk_status jarosz_filter(struct plane *p, lk_error *err) {
    struct plane spare;
    lk_status status = plane_new(&spare, p->width, p->height, err);
    if (status != LK_OK) {
        return status;
    }
    int32_t across = (p->width + 2 * GRID - 1) / (2 * GRID),
            down = (p->height + 2 * GRID - 1) / (2 * GRID);
    for (int round = 0; round < 2; round++) {
        for (int32_t y = 0; y < p->height; y++) {
            box_line(plane_row(&spare, y), plane_row(p, y), p->width, 1, across);
        }
        for (int32_t x = 0; x < p->width; x++) {
            box_line(p->data + x, spare.data + x, p->height, (size_t)p->width, down);
        }
    }
    plane_release(&spare);
    return LK_OK;
}

static void decimate(float out[GRID][GRID], const struct plane *p) {
    for (int32_t i = 0; i < GRID; i++) {
        int32_t y = (int32_t)((i + 0.5) * p->height / GRID);
        for (int32_t j = 0; j < GRID; j++) {
            out[i][j] = plane_row(p, y)[(int32_t)((j + 0.5) * p->width / GRID)];
        }
    }
}

static int32_t quality_of(float a[GRID][GRID]) {
    int64_t sum = 0;
    for (int32_t i = 0; i < GRID; i++) {
        for (int32_t j = 0; j < GRID; j++) {
            if (i + 1 < GRID) {
                sum += abs((int)((a[i][j] - a[i + 1][j]) * 100 / 255));
            }
            if (j + 1 < GRID) {
                sum += abs((int)((a[i][j] - a[i][j + 1]) * 100 / 255));
            }
        }
    }
    return (int32_t)MIN(sum / 90, (int64_t)100);
}

static void transform(float out[KEPT][KEPT], float a[GRID][GRID]) {
    float d[KEPT][GRID], t[KEPT][GRID];
    const float scale =
        (float)sqrt(2.0 / GRID); /* rounded before it is multiplied, as the reference does */
    for (int32_t i = 0; i < KEPT; i++) {
        for (int32_t j = 0; j < GRID; j++) {
            d[i][j] = (float)((double)scale * cos(M_PI / 2 / GRID * (i + 1) * (2 * j + 1)));
        }
    }
    for (int32_t i = 0; i < KEPT; i++) {
        for (int32_t j = 0; j < GRID; j++) {
            float sum = 0;
            for (int32_t k = 0; k < GRID; k++) {
                sum += d[i][k] * a[k][j];
            }
            t[i][j] = sum;
        }
    }
    for (int32_t i = 0; i < KEPT; i++) {
        for (int32_t j = 0; j < KEPT; j++) {
            float sum = 0;
            for (int32_t k = 0; k < GRID; k++) {
                sum += t[i][k] * d[j][k];
            }
            out[i][j] = sum;
        }
    }
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Bit 255 is printed first. */
static void hash_frequencies(uint8_t out[PDQ_BYTES], float b[KEPT][KEPT]) {
    float sorted[KEPT * KEPT];
    memcpy(sorted, b, sizeof sorted);
    qsort(sorted, KEPT * KEPT, sizeof *sorted, ascending);
    float median = sorted[KEPT * KEPT / 2 - 1];
    memset(out, 0, PDQ_BYTES);
    for (int32_t i = 0; i < KEPT; i++) {
        for (int32_t j = 0; j < KEPT; j++) {
            int32_t bit = KEPT * KEPT - 1 - (KEPT * i + j);
            if (b[i][j] > median) {
                out[bit / 8] = (uint8_t)(out[bit / 8] | 0x80 >> bit % 8);
            }
        }
    }
}

/* Reversing rows or columns changes the sign of every odd frequency along them, and the first one is odd. */
static void turn_frequencies(float out[KEPT][KEPT], float b[KEPT][KEPT], int32_t turn) {
    for (int32_t i = 0; i < KEPT; i++) {
        for (int32_t j = 0; j < KEPT; j++) {
            bool negative =
                ((turn & PDQ_UPSIDE_DOWN) && i % 2 == 0) != ((turn & PDQ_MIRRORED) && j % 2 == 0);
            float value = turn & PDQ_TRANSPOSED ? b[j][i] : b[i][j];
            out[i][j] = negative ? -value : value;
        }
    }
}

/* The frequencies; *quality is 0 and b not set for a picture that is too small: no bits, as the reference. */
static lk_status frequencies_of(float b[KEPT][KEPT], int32_t *quality, const lk_image *image,
                                lk_error *err) {
    lk_image pixels; /* 8 bits, gray or RGB */
    struct plane luma = {0};
    float grid[GRID][GRID];
    lk_status status = image->channels == 1 ? signature_gray(&pixels, image, err)
                                            : signature_rgb(&pixels, image, err);
    status = status == LK_OK ? read_luma(&luma, &pixels, err) : status;
    if (status == LK_OK && !(luma.width == GRID && luma.height == GRID)) {
        status = jarosz_filter(&luma, err);
    }
    if (status == LK_OK) {
        decimate(grid, &luma);
        *quality = quality_of(grid);
        transform(b, grid);
    }
    lk_image_release(&pixels);
    plane_release(&luma);
    return status;
}

static bool is_too_small(const lk_image *image) {
    return MIN(image->width, image->height) < SMALLEST;
}

static lk_status pdq_compute(lk_hash *out, lk_engine *engine, const lk_image *image, int32_t side,
                             lk_error *err) {
    float b[KEPT][KEPT];
    (void)engine;
    (void)side;
    out->bits = KEPT * KEPT;
    out->quality = 0;
    lk_status status = LK_OK;
    if (!is_too_small(image)) {
        status = frequencies_of(b, &out->quality, image, err);
        if (status == LK_OK) {
            hash_frequencies(out->data, b);
        }
    }
    return status;
}

lk_status pdq_turned(uint8_t hashes[PDQ_TURNS][PDQ_BYTES], int32_t *quality, const lk_image *image,
                     lk_error *err) {
    float b[KEPT][KEPT], turned[KEPT][KEPT];
    memset(hashes, 0, PDQ_TURNS * PDQ_BYTES);
    *quality = 0;
    lk_status status = is_too_small(image) ? LK_OK : frequencies_of(b, quality, image, err);
    for (int32_t t = 0; status == LK_OK && !is_too_small(image) && t < PDQ_TURNS; t++) {
        turn_frequencies(turned, b, t);
        hash_frequencies(hashes[t], turned);
    }
    return status;
}

const struct signature signature_pdq = {
    .info = {.name = "pdq",
             .title = "PDQ",
             .summary =
                 "256 bits of low frequencies with a quality score, made for matching at scale.",
             .bits = 256,
             .side = 16,
             .match_bits = 31},
    .compute = pdq_compute,
};
