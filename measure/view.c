/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/view.h"

#include <math.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/resize.h"

lk_status view_init(struct view *v, lk_engine *engine, const lk_image *image, lk_error *err) {
    *v = (struct view){.engine = engine, .image = image};
    if (pthread_mutex_init(&v->lock, NULL) != 0) {
        v->image = NULL;
        return error_memory(err, sizeof v->lock);
    }
    return LK_OK;
}

void view_release(struct view *v) {
    if (v && v->image) {
        lk_image_release(&v->rgb);
        lk_image_release(&v->gray);
        keypoints_release(&v->keypoints);
        pthread_mutex_destroy(&v->lock);
        *v = (struct view){0};
    }
}

typedef lk_status derive_image(lk_image *out, const lk_image *from, lk_error *err);

static lk_status derive_once(const lk_image **out, struct view *v, lk_image *slot,
                             derive_image *derive, lk_error *err) {
    lk_status status = LK_OK;
    pthread_mutex_lock(&v->lock);
    if (!slot->data) {
        status = derive(slot, v->image, err);
    }
    pthread_mutex_unlock(&v->lock);
    *out = slot;
    return status;
}

lk_status view_rgb(const lk_image **out, struct view *v, lk_error *err) {
    return derive_once(out, v, &v->rgb, colour_to_rgb8, err);
}

lk_status view_gray(const lk_image **out, struct view *v, lk_error *err) {
    return derive_once(out, v, &v->gray, colour_to_gray8, err);
}

/* Detecting on more pixels than WORK_SIDE finds detail that a second photo does not share; on fewer than SMALL_SIDE the
 * coarser levels of the pyramid have no room, so small pictures are doubled. */
enum { WORK_SIDE = 1024, SMALL_SIDE = 500, WORK_KEYPOINTS = 1500 };

static lk_status detect_keypoints(struct keypoints *out, struct view *v, const lk_image *gray,
                                  lk_error *err) {
    int32_t longer = MAX(gray->width, gray->height);
    double scale = longer > WORK_SIDE ? (double)WORK_SIDE / longer : longer < SMALL_SIDE ? 2 : 1;
    struct orb_options options = orb_options_default();
    options.count = WORK_KEYPOINTS;
    lk_image work;
    int32_t width = MAX((int32_t)lround(gray->width * scale), 1),
            height = MAX((int32_t)lround(gray->height * scale), 1);
    lk_status status = image_resize(&work, v->engine, gray, width, height, RESIZE_BILINEAR, err);
    if (status == LK_OK) {
        status = orb_detect(out, v->engine, &work, &options, err);
    }
    for (size_t i = 0; status == LK_OK && i < out->count; i++) {
        struct keypoint *k = &out->points[i];
        k->x = (float)((k->x + 0.5) * gray->width / width - 0.5);
        k->y = (float)((k->y + 0.5) * gray->height / height - 0.5);
    }
    lk_image_release(&work);
    return status;
}

lk_status view_keypoints(const struct keypoints **out, struct view *v, lk_error *err) {
    const lk_image *gray;
    lk_status status = view_gray(&gray, v, err);
    if (status != LK_OK) {
        return status;
    }
    pthread_mutex_lock(&v->lock);
    if (!v->has_keypoints) {
        status = detect_keypoints(&v->keypoints, v, gray, err);
        v->has_keypoints = status == LK_OK;
    }
    pthread_mutex_unlock(&v->lock);
    *out = &v->keypoints;
    return status;
}
