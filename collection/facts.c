/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/facts.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/resize.h"

static lk_status find_keypoints(struct facts *f, lk_engine *engine, const lk_image *rgb,
                                lk_error *err) {
    struct sift_options o = sift_options_default();
    lk_image gray;
    o.count = FACTS_KEYPOINTS;
    o.side = FACTS_SIDE;
    lk_status status = colour_to_gray8(&gray, engine, rgb, err);
    if (status == LK_OK) {
        status = sift_detect(&f->sift, engine, &gray, &o, err);
        lk_image_release(&gray);
    }
    return status;
}

/* Of rgb, whose longer side is FACTS_SIDE at most: what a large picture and its reduced copy have in common. */
static lk_status make_all(struct facts *f, lk_engine *engine, const lk_image *rgb, bool keypoints,
                          lk_error *err) {
    f->side_width = rgb->width;
    f->side_height = rgb->height;
    f->looked_for_keypoints = keypoints;
    lk_status status = pdq_turned(f->pdq, &f->pdq_quality, rgb, err);
    status = status == LK_OK ? lk_wavelet_compute(&f->wavelet, engine, rgb, NULL, err) : status;
    return status == LK_OK && keypoints ? find_keypoints(f, engine, rgb, err) : status;
}

/* A copy of rgb brought to a longer side of at most `side`. */
static lk_status reduce(lk_image *out, lk_engine *engine, const lk_image *rgb, int32_t side,
                        lk_error *err) {
    int32_t longer = MAX(rgb->width, rgb->height);
    if (longer <= side) {
        return colour_to_rgb8(out, rgb, err);
    }
    double by = (double)side / longer;
    return image_resize(out, engine, rgb, MAX((int32_t)lround(rgb->width * by), 1),
                        MAX((int32_t)lround(rgb->height * by), 1), RESIZE_BILINEAR, err);
}

lk_status facts_make(struct facts *out, lk_engine *engine, const lk_image *picture,
                     const lk_image_info *info, bool keypoints, lk_error *err) {
    lk_image rgb = {0};
    *out = (struct facts){.width = info->width, .height = info->height};
    memcpy(out->format, info->format, sizeof out->format);
    lk_status status = colour_to_rgb8(&rgb, picture, err);
    status = status == LK_OK ? reduce(&out->side, engine, &rgb, FACTS_SIDE, err) : status;
    lk_image_release(&rgb);
    status = status == LK_OK ? reduce(&out->thumb, engine, &out->side, FACTS_THUMB, err) : status;
    status = status == LK_OK ? make_all(out, engine, &out->side, keypoints, err) : status;
    if (status != LK_OK) {
        facts_release(out);
    }
    return status;
}

void facts_release(struct facts *f) {
    if (f) {
        mem_free(f->embedding);
        sift_points_release(&f->sift);
        lk_image_release(&f->side);
        lk_image_release(&f->thumb);
        *f = (struct facts){0};
    }
}

bool facts_places_are_valid(const int16_t *places, int32_t count) {
    enum { PLACES = 128 * 128 };
    bool valid = true;
    for (int32_t i = 0; i < count && valid; i++) {
        valid = places[i] > -PLACES && places[i] < PLACES;
    }
    return valid;
}
