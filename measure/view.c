/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/view.h"

#include "base/error.h"
#include "image/colour.h"

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
