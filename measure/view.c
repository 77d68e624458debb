/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/view.h"

#include <math.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/contrast.h"
#include "image/resize.h"

lk_status derived_init(struct derived *d, lk_error *err) {
    *d = (struct derived){0};
    return pthread_mutex_init(&d->lock, NULL) == 0 ? LK_OK : error_memory(err, sizeof d->lock);
}

void derived_release(struct derived *d) {
    lk_image_release(&d->rgb);
    lk_image_release(&d->gray);
    for (int i = 0; i < KEYPOINT_SETS; i++) {
        keypoints_release(&d->keypoints[i]);
    }
    sift_points_release(&d->sift);
    seen_release(&d->seen);
    pthread_mutex_destroy(&d->lock);
}

lk_status view_init(struct view *v, lk_engine *engine, const lk_image *image, lk_error *err) {
    *v = (struct view){.engine = engine, .image = image, .derived = &v->own};
    lk_status status = derived_init(&v->own, err);
    v->image = status == LK_OK ? image : NULL;
    return status;
}

void view_release(struct view *v) {
    if (v && v->image) {
        derived_release(&v->own);
        *v = (struct view){0};
    }
}

void view_share(struct view *v, struct derived *with) {
    v->derived = with;
}

typedef lk_status derive_image(lk_image *out, const lk_engine *engine, const lk_image *from,
                               lk_error *err);

static lk_status derive_once(const lk_image **out, struct view *v, lk_image *slot,
                             derive_image *derive, lk_error *err) {
    lk_status status = LK_OK;
    pthread_mutex_lock(&v->derived->lock);
    if (!slot->data) {
        status = derive(slot, v->engine, v->image, err);
    }
    pthread_mutex_unlock(&v->derived->lock);
    *out = slot;
    return status;
}

static lk_status derive_rgb(lk_image *out, const lk_engine *engine, const lk_image *from,
                            lk_error *err) {
    (void)engine;
    return colour_to_rgb8(out, from, err);
}

lk_status view_rgb(const lk_image **out, struct view *v, lk_error *err) {
    const lk_image *image = v->image;
    if (image->channels == 3 && image->bit_depth == 8 && image->stride == image_row_bytes(image)) {
        *out = image;
        return LK_OK;
    }
    return derive_once(out, v, &v->derived->rgb, derive_rgb, err);
}

lk_status view_gray(const lk_image **out, struct view *v, lk_error *err) {
    return derive_once(out, v, &v->derived->gray, colour_to_gray8, err);
}

lk_status view_seen(const struct seen **out, struct view *v, lk_model *model, lk_error *err) {
    lk_status status = LK_OK;
    if (v->known_seen) {
        *out = v->known_seen;
        return LK_OK;
    }
    pthread_mutex_lock(&v->own.lock);
    if (!v->own.has_seen) {
        status = seen_make(&v->own.seen, model, v->image, err);
        v->own.has_seen = status == LK_OK;
    }
    pthread_mutex_unlock(&v->own.lock);
    *out = &v->own.seen;
    return status;
}

/* side: the longer side is brought down to this; pictures below half of it are doubled, so that the coarser levels of the
 * pyramid have room. */
static const struct {
    int32_t side, count, fast_threshold;
    int32_t contrast_radius; /* 0: the gray levels as they are */
} keypoint_table[KEYPOINT_SETS] = {
    [KEYPOINTS_QUICK] = {1024, 1500, 20, 0},
    [KEYPOINTS_REFERENCE] = {512, 5000, 10, 25},
    [KEYPOINTS_PHOTO] = {1280, 5000, 10, 25},
};

static lk_status working_picture(lk_image *out, struct view *v, const lk_image *gray,
                                 enum keypoint_set set, lk_error *err) {
    int32_t longer = MAX(gray->width, gray->height), side = keypoint_table[set].side;
    double scale = longer > side ? (double)side / longer : longer < side / 2 ? 2 : 1;
    int32_t width = MAX((int32_t)lround(gray->width * scale), 1);
    int32_t height = MAX((int32_t)lround(gray->height * scale), 1);
    lk_status status = image_resize(out, v->engine, gray, width, height, RESIZE_BILINEAR, err);
    if (status == LK_OK && keypoint_table[set].contrast_radius > 0) {
        lk_image even;
        status = contrast_normalise_gray(&even, v->engine, out, keypoint_table[set].contrast_radius,
                                         err);
        lk_image_release(out);
        *out = even;
    }
    return status;
}

static lk_status detect_keypoints(struct keypoints *out, struct view *v, const lk_image *gray,
                                  enum keypoint_set set, lk_error *err) {
    struct orb_options options = orb_options_default();
    options.count = keypoint_table[set].count;
    options.fast_threshold = keypoint_table[set].fast_threshold;
    lk_image work;
    lk_status status = working_picture(&work, v, gray, set, err);
    if (status == LK_OK) {
        status = orb_detect(out, v->engine, &work, &options, err);
    }
    for (size_t i = 0; status == LK_OK && i < out->count; i++) {
        struct keypoint *k = &out->points[i];
        k->x = (float)((k->x + 0.5) * gray->width / work.width - 0.5);
        k->y = (float)((k->y + 0.5) * gray->height / work.height - 0.5);
    }
    lk_image_release(&work);
    return status;
}

lk_status view_keypoints(const struct keypoints **out, struct view *v, enum keypoint_set set,
                         lk_error *err) {
    const lk_image *gray;
    lk_status status = view_gray(&gray, v, err);
    if (status != LK_OK) {
        return status;
    }
    pthread_mutex_lock(&v->derived->lock);
    if (!v->derived->has_keypoints[set]) {
        status = detect_keypoints(&v->derived->keypoints[set], v, gray, set, err);
        v->derived->has_keypoints[set] = status == LK_OK;
    }
    pthread_mutex_unlock(&v->derived->lock);
    *out = &v->derived->keypoints[set];
    return status;
}

lk_status view_sift(const struct sift_points **out, struct view *v, lk_error *err) {
    const lk_image *gray;
    const struct sift_options options = sift_options_default();
    if (v->known_sift) {
        *out = v->known_sift;
        return LK_OK;
    }
    lk_status status = view_gray(&gray, v, err);
    if (status != LK_OK) {
        return status;
    }
    pthread_mutex_lock(&v->derived->lock);
    if (!v->derived->has_sift) {
        status = sift_detect(&v->derived->sift, v->engine, gray, &options, err);
        v->derived->has_sift = status == LK_OK;
    }
    pthread_mutex_unlock(&v->derived->lock);
    *out = &v->derived->sift;
    return status;
}
