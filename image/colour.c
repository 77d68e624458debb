/* SPDX-License-Identifier: Apache-2.0 */
#include "image/colour.h"

#include <string.h>

static uint32_t to_8_bits(uint32_t v) {
    return (v * 255u + 32767u) / 65535u;
}

static uint32_t sample_8(const lk_image *image, const uint8_t *row, size_t i) {
    return image->bit_depth == 8 ? row[i] : to_8_bits(((const uint16_t *)(const void *)row)[i]);
}

static uint32_t over_white(uint32_t c, uint32_t a) {
    return (c * a + 255u * (255u - a) + 127u) / 255u;
}

static void row_to_rgb8(uint8_t *out, const lk_image *from, const uint8_t *row) {
    size_t n = (size_t)from->channels;
    for (size_t x = 0; x < (size_t)from->width; x++) {
        uint32_t a = n == 4 ? sample_8(from, row, x * n + 3) : 255;
        for (size_t c = 0; c < 3; c++) {
            uint32_t v = sample_8(from, row, x * n + (n == 1 ? 0 : c));
            out[x * 3 + c] = (uint8_t)over_white(v, a);
        }
    }
}

lk_status colour_to_rgb8(lk_image *out, const lk_image *from, lk_error *err) {
    lk_status status = lk_image_new(out, from->width, from->height, 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < from->height; y++) {
        if (from->channels == 3 && from->bit_depth == 8) {
            memcpy(image_row(out, y), image_row(from, y), image_row_bytes(out));
        } else {
            row_to_rgb8(image_row(out, y), from, image_row(from, y));
        }
    }
    return status;
}

lk_status colour_to_gray8(lk_image *out, const lk_engine *engine, const lk_image *from,
                          lk_error *err) {
    *out = (lk_image){0};
    if (from->channels == 1 && from->bit_depth == 8) {
        return image_clone(out, from, err);
    }
    lk_image rgb = {0};
    const lk_image *source = from;
    lk_status status = LK_OK;
    if (from->channels != 3 || from->bit_depth != 8) {
        status = colour_to_rgb8(&rgb, from, err);
        source = &rgb;
    }
    if (status == LK_OK) {
        status = lk_image_new(out, from->width, from->height, 1, 8, err);
    }
    struct kernel_pixel k;
    kernel_pixel_init_c(&k);
    k = engine ? engine->kernels.pixel : k;
    for (int32_t y = 0; status == LK_OK && y < from->height; y++) {
        k.gray(image_row(out, y), image_row(source, y), (size_t)from->width);
    }
    lk_image_release(&rgb);
    return status;
}

lk_status lk_image_to_gray(lk_image *out, const lk_image *image, lk_error *err) {
    return colour_to_gray8(out, NULL, image, err);
}
