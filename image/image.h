/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers of pixels: the library's own operations on lk_image, and planes of floats. */
#ifndef LK_IMAGE_H
#define LK_IMAGE_H

#include <likeness/image.h>

static inline uint8_t *image_row(const lk_image *image, int32_t y) {
    return image->data + (size_t)y * image->stride;
}

static inline uint16_t *image_row16(const lk_image *image, int32_t y) {
    return (uint16_t *)(void *)image_row(image, y);
}

static inline bool image_same_size(const lk_image *a, const lk_image *b) {
    return a->width == b->width && a->height == b->height;
}

/* Bytes of the pixels of one row, without padding. */
static inline size_t image_row_bytes(const lk_image *image) {
    return (size_t)image->width * (size_t)image->channels * (size_t)(image->bit_depth / 8);
}

/* Whether both have the same size, kind and samples. */
bool image_equal(const lk_image *a, const lk_image *b);

LK_MUST_CHECK lk_status image_clone(lk_image *out, const lk_image *from, lk_error *err);
/* The rectangle (x, y, width, height), which must lie inside. */
LK_MUST_CHECK lk_status image_crop(lk_image *out, const lk_image *from, int32_t x, int32_t y,
                                   int32_t width, int32_t height, lk_error *err);

/* Divides the colours of an RGBA picture by its alpha, rounded; where alpha is 0 they stay. */
void image_unpremultiply(lk_image *image);

/* One float a pixel, rows contiguous: row y starts at data + y * width. */
struct plane {
    int32_t width, height;
    float *data; /* owned */
};

LK_MUST_CHECK lk_status plane_new(struct plane *out, int32_t width, int32_t height, lk_error *err);
void plane_release(struct plane *p);

static inline float *plane_row(const struct plane *p, int32_t y) {
    return p->data + (size_t)y * (size_t)p->width;
}

#endif
