/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

lk_status lk_image_new(lk_image *out, int32_t width, int32_t height, int32_t channels,
                       int32_t bit_depth, lk_error *err) {
    *out = (lk_image){0};
    bool known =
        (channels == 1 || channels == 3 || channels == 4) && (bit_depth == 8 || bit_depth == 16);
    if (width <= 0 || height <= 0 || !known) {
        return error_set(err, LK_E_USAGE, "no picture has %d x %d pixels of %d channels, %d bits",
                         width, height, channels, bit_depth);
    }
    size_t stride = (size_t)width * (size_t)channels * (size_t)(bit_depth / 8);
    uint8_t *data = mem_alloc_aligned((size_t)height, stride);
    if (!data) {
        return error_memory(err, stride);
    }
    *out = (lk_image){.width = width,
                      .height = height,
                      .channels = channels,
                      .bit_depth = bit_depth,
                      .stride = stride,
                      .data = data};
    return LK_OK;
}

void lk_image_release(lk_image *image) {
    if (image) {
        mem_free(image->data);
        *image = (lk_image){0};
    }
}

lk_status image_crop(lk_image *out, const lk_image *from, int32_t x, int32_t y, int32_t width,
                     int32_t height, lk_error *err) {
    lk_status status = lk_image_new(out, width, height, from->channels, from->bit_depth, err);
    if (status != LK_OK) {
        return status;
    }
    size_t pixel = (size_t)from->channels * (size_t)(from->bit_depth / 8);
    for (int32_t row = 0; row < height; row++) {
        memcpy(image_row(out, row), image_row(from, y + row) + (size_t)x * pixel,
               image_row_bytes(out));
    }
    return LK_OK;
}

bool image_equal(const lk_image *a, const lk_image *b) {
    if (!image_same_size(a, b) || a->channels != b->channels || a->bit_depth != b->bit_depth) {
        return false;
    }
    for (int32_t y = 0; y < a->height; y++) {
        if (memcmp(image_row(a, y), image_row(b, y), image_row_bytes(a)) != 0) {
            return false;
        }
    }
    return true;
}

lk_status image_clone(lk_image *out, const lk_image *from, lk_error *err) {
    return image_crop(out, from, 0, 0, from->width, from->height, err);
}

static uint32_t unpremultiplied(uint32_t v, uint32_t alpha, uint32_t full) {
    uint64_t divided = (v * (uint64_t)full + alpha / 2) / alpha;
    return divided < full ? (uint32_t)divided : full;
}

void image_unpremultiply(lk_image *image) {
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *p = image_row(image, y);
        uint16_t *q = image_row16(image, y);
        for (int32_t x = 0; x < image->width; x++, p += 4, q += 4) {
            for (int c = 0; c < 3; c++) {
                if (image->bit_depth == 8 && p[3] != 0) {
                    p[c] = (uint8_t)unpremultiplied(p[c], p[3], 255);
                } else if (image->bit_depth == 16 && q[3] != 0) {
                    q[c] = (uint16_t)unpremultiplied(q[c], q[3], 65535);
                }
            }
        }
    }
}

lk_status plane_new(struct plane *out, int32_t width, int32_t height, lk_error *err) {
    *out = (struct plane){0};
    float *data = mem_alloc_aligned((size_t)height, (size_t)width * sizeof *data);
    if (!data) {
        return error_memory(err, (size_t)width * (size_t)height * sizeof *data);
    }
    *out = (struct plane){.width = width, .height = height, .data = data};
    return LK_OK;
}

void plane_release(struct plane *p) {
    if (p) {
        mem_free(p->data);
        *p = (struct plane){0};
    }
}
