/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/sight_pyramid.h"

#include "base/compiler.h"
#include "image/colour.h"
#include "image/resize.h"

void sight_first_level(int32_t *width, int32_t *height, int32_t frame_width, int32_t frame_height) {
    int32_t longer = MAX(frame_width, frame_height);
    *width = frame_width;
    *height = frame_height;
    if (longer > SIGHT_SIDE_MOST) {
        *width = MAX(1, (int32_t)((int64_t)frame_width * SIGHT_SIDE_MOST / longer));
        *height = MAX(1, (int32_t)((int64_t)frame_height * SIGHT_SIDE_MOST / longer));
    }
}

int32_t sight_level_count(int32_t width, int32_t height) {
    int32_t count = 1;
    while (count < SIGHT_LEVELS_MOST && MAX(width, height) >= SIGHT_SIDE_LAST &&
           MIN(width, height) >= 2 * SIGHT_SIDE_LEAST) {
        width /= 2;
        height /= 2;
        count++;
    }
    return count;
}

/* The mean of each 2 x 2 pixels. */
static lk_status halve(lk_image *out, const lk_image *from, lk_error *err) {
    lk_status status = lk_image_new(out, from->width / 2, from->height / 2, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        const uint8_t *a = image_row(from, 2 * y), *b = image_row(from, 2 * y + 1);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < out->width; x++) {
            to[x] = (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) / 4);
        }
    }
    return status;
}

static lk_status first_level(lk_image *out, lk_engine *engine, const lk_image *frame, int32_t width,
                             int32_t height, lk_error *err) {
    lk_image gray = {0};
    if (frame->width == width && frame->height == height) {
        return colour_to_gray8(out, engine, frame, err);
    }
    lk_status status = colour_to_gray8(&gray, engine, frame, err);
    if (status == LK_OK) {
        status = image_resize(out, engine, &gray, width, height, RESIZE_BILINEAR, err);
    }
    lk_image_release(&gray);
    return status;
}

lk_status sight_pyramid_new(struct sight_pyramid *out, lk_engine *engine, const lk_image *frame,
                            int32_t width, int32_t height, lk_error *err) {
    *out = (struct sight_pyramid){0};
    lk_status status = first_level(&out->levels[0], engine, frame, width, height, err);
    int32_t count = sight_level_count(width, height);
    for (int32_t i = 1; status == LK_OK && i < count; i++) {
        status = halve(&out->levels[i], &out->levels[i - 1], err);
    }
    out->count = count;
    if (status != LK_OK) {
        sight_pyramid_release(out);
    }
    return status;
}

void sight_pyramid_release(struct sight_pyramid *p) {
    for (int32_t i = 0; i < SIGHT_LEVELS_MOST; i++) {
        lk_image_release(&p->levels[i]);
    }
    *p = (struct sight_pyramid){0};
}

int32_t sight_pyramid_middle(const struct sight_pyramid *p) {
    int32_t i = 0;
    while (i + 1 < p->count && MAX(p->levels[i].width, p->levels[i].height) > 640) {
        i++;
    }
    return i;
}
