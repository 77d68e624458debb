/* SPDX-License-Identifier: Apache-2.0 */
/* crop_resistant: a dhash for each large bright or dark area, so that a crop still shares some. ImageHash's crop_resistant_hash
 * (after Monga and Evans 2006's idea of region hashes):
 *
 *   gray, Lanczos to 300 x 300, Gaussian blur of radius 2 and 3 x 3 median as Pillow does them
 *   4-connected areas above level 128 in raster order of their first pixel, then those not above it; more than 500 pixels
 *   each area's bounding box, brought to the picture, rounded half to even, cropped: dhash of 64 bits
 *   without any such area the whole picture is the one
 *
 * Pillow's Gaussian blur is three box blurs of fractional width each way, in 8 bits with 24-bit weights.
 * Oracle: Pillow (tests/oracle/hash). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/resize.h"
#include "signature/signature.h"

enum { SIDE = 300, LEVEL = 128, LEAST_AREA = 500, HASH_SIDE = 8, BLUR_PASSES = 3 };

/* The box width (as radius) whose threefold blur has the variance of a Gaussian of this radius; Pillow's formula, in float. */
static float box_radius(float radius) {
    float sigma2 = radius * radius / BLUR_PASSES;
    float width = (float)sqrt(12.0 * (double)sigma2 + 1.0);
    float whole = (float)floor(((double)width - 1.0) / 2.0);
    float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * sigma2);
    part /= 6 * (sigma2 - (whole + 1) * (whole + 1));
    return whole + part;
}

/* One box blur along n samples that lie `step` apart; beyond the ends the end samples repeat. */
static void blur_line(uint8_t *line, uint8_t *copy, int32_t n, size_t step, float radius) {
    int32_t r = (int32_t)radius;
    uint32_t full = (uint32_t)((float)(1 << 24) / (radius * 2 + 1));
    uint32_t part = (uint32_t)(((1 << 24) - (uint32_t)(r * 2 + 1) * full) / 2);
    for (int32_t i = 0; i < n; i++) {
        copy[i] = line[(size_t)i * step];
    }
    for (int32_t i = 0; i < n; i++) {
        uint32_t sum = 0;
        for (int32_t k = -r; k <= r; k++) {
            sum += copy[MIN(MAX(i + k, 0), n - 1)];
        }
        uint32_t ends = (uint32_t)copy[MAX(i - r - 1, 0)] + copy[MIN(i + r + 1, n - 1)];
        line[(size_t)i * step] = (uint8_t)((sum * full + ends * part + (1u << 23)) >> 24);
    }
}

static void blur(lk_image *image) {
    uint8_t copy[SIDE];
    float radius = box_radius(2);
    for (int32_t y = 0; y < SIDE; y++) {
        for (int pass = 0; pass < BLUR_PASSES; pass++) {
            blur_line(image_row(image, y), copy, SIDE, 1, radius);
        }
    }
    for (int32_t x = 0; x < SIDE; x++) {
        for (int pass = 0; pass < BLUR_PASSES; pass++) {
            blur_line(image->data + x, copy, SIDE, image->stride, radius);
        }
    }
}

static int by_level(const void *a, const void *b) {
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* bright[i] = whether the 3 x 3 median (edges repeated) is above LEVEL. */
static void median_above(bool *bright, const lk_image *image) {
    for (int32_t y = 0; y < SIDE; y++) {
        for (int32_t x = 0; x < SIDE; x++) {
            uint8_t nine[9];
            for (int32_t k = 0; k < 9; k++) {
                int32_t nx = MIN(MAX(x + k % 3 - 1, 0), SIDE - 1),
                        ny = MIN(MAX(y + k / 3 - 1, 0), SIDE - 1);
                nine[k] = image_row(image, ny)[nx];
            }
            qsort(nine, 9, 1, by_level);
            bright[y * SIDE + x] = nine[4] > LEVEL;
        }
    }
}

struct box {
    int32_t x0, y0, x1, y1; /* x1, y1 included */
};

/* The 4-connected area of equal brightness around `start`: marks it as seen, returns its size and box. */
static int32_t flood(struct box *out, bool *seen, int32_t *stack, const bool *bright,
                     int32_t start) {
    int32_t depth = 0, area = 0;
    *out = (struct box){SIDE, SIDE, -1, -1};
    stack[depth++] = start;
    seen[start] = true;
    while (depth > 0) {
        int32_t at = stack[--depth], x = at % SIDE, y = at / SIDE;
        const int32_t next[4] = {x > 0 ? at - 1 : -1, x + 1 < SIDE ? at + 1 : -1,
                                 y > 0 ? at - SIDE : -1, y + 1 < SIDE ? at + SIDE : -1};
        area++;
        *out = (struct box){MIN(out->x0, x), MIN(out->y0, y), MAX(out->x1, x), MAX(out->y1, y)};
        for (int i = 0; i < 4; i++) {
            if (next[i] >= 0 && !seen[next[i]] && bright[next[i]] == bright[start]) {
                seen[next[i]] = true;
                stack[depth++] = next[i];
            }
        }
    }
    return area;
}

/* The boxes of the large areas: bright ones first. There is room for as many as can be. */
static int32_t find_boxes(struct box boxes[LK_HASH_SEGMENTS_MAX], bool *seen, int32_t *stack,
                          const bool *bright) {
    int32_t count = 0;
    for (int wanted = 1; wanted >= 0; wanted--) {
        for (int32_t i = 0; i < SIDE * SIDE; i++) {
            struct box box;
            if (!seen[i] && bright[i] == (wanted == 1) &&
                flood(&box, seen, stack, bright, i) > LEAST_AREA && count < LK_HASH_SEGMENTS_MAX) {
                boxes[count++] = box;
            }
        }
    }
    if (count == 0) {
        boxes[count++] = (struct box){0, 0, SIDE - 1, SIDE - 1};
    }
    return count;
}

static lk_status hash_box(uint8_t *bits, lk_engine *engine, const lk_image *image,
                          const struct box *box, lk_error *err) {
    double sx = (double)image->width / SIDE, sy = (double)image->height / SIDE;
    int32_t x0 = (int32_t)lrint(box->x0 * sx), y0 = (int32_t)lrint(box->y0 * sy);
    int32_t x1 = (int32_t)lrint((box->x1 + 1) * sx), y1 = (int32_t)lrint((box->y1 + 1) * sy);
    lk_image part;
    lk_hash hash;
    lk_status status =
        image_crop(&part, image, MIN(x0, image->width - 1), MIN(y0, image->height - 1),
                   MAX(x1 - x0, 1), MAX(y1 - y0, 1), err);
    if (status == LK_OK) {
        status = lk_hash_compute(&hash, engine, &part, lk_hash_find("dhash"), HASH_SIDE, err);
    }
    if (status == LK_OK) {
        memcpy(bits, hash.data, HASH_SIDE * HASH_SIDE / 8);
    }
    lk_image_release(&part);
    return status;
}

/* The buffers of the segmentation. */
struct segmentation {
    bool bright[SIDE * SIDE], seen[SIDE * SIDE];
    int32_t stack[SIDE * SIDE];
};

static lk_status crop_resistant_compute(lk_hash *out, lk_engine *engine, const lk_image *image,
                                        int32_t side, lk_error *err) {
    struct box boxes[LK_HASH_SEGMENTS_MAX];
    lk_image small = {0};
    (void)side;
    struct segmentation *s = mem_calloc(1, sizeof *s);
    lk_status status = s ? signature_gray_resized(&small, engine, image, SIDE, SIDE, err)
                         : error_memory(err, sizeof *s);
    if (status == LK_OK) {
        blur(&small);
        median_above(s->bright, &small);
        out->segments = find_boxes(boxes, s->seen, s->stack, s->bright);
        out->bits = HASH_SIDE * HASH_SIDE;
    }
    for (int32_t i = 0; status == LK_OK && i < out->segments; i++) {
        status = hash_box(out->data + (size_t)i * (HASH_SIDE * HASH_SIDE / 8), engine, image,
                          &boxes[i], err);
    }
    lk_image_release(&small);
    mem_free(s);
    return status;
}

const struct signature signature_crop_resistant = {
    .info = {.name = "crop_resistant",
             .synonym = "crop-resistant",
             .title = "Crop-resistant hash",
             .summary =
                 "A difference hash for each large bright or dark area; a crop keeps some of them.",
             .bits = 64,
             .side = 8,
             .segmented = true,
             .match_bits = HASH_SIDE * HASH_SIDE / 4},
    .compute = crop_resistant_compute,
};
