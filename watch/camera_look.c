/* SPDX-License-Identifier: Apache-2.0 */
/* One frame of a camera, looked at by itself: to aim the camera, or as a watcher would. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "watch/lookout.h"

static const double usual_field_of_view_deg = 60;

/* Of a lens without distortion, in the middle of the picture. */
static double degrees_of(double px, int32_t width, double field_of_view_deg) {
    const double to_deg = 180 / M_PI;
    double half =
        tan((field_of_view_deg > 0 ? field_of_view_deg : usual_field_of_view_deg) / 2 / to_deg);
    return atan(px / (width / 2.0) * half) * to_deg;
}

static lk_status look(lk_sighting *out, double *degrees, struct lookout *l, const lk_image *picture,
                      lk_error *err) {
    struct frame frame = {0};
    lk_status status =
        picture ? colour_to_rgb8(&frame.image, picture, err) : lookout_fetch(&frame, l, true, err);
    status = status == LK_OK ? lookout_glance(out, l, &frame.image, err) : status;
    if (status == LK_OK && degrees) {
        double width = l->camera.field_of_view_deg;
        degrees[0] = degrees_of(out->offset.pan_px, frame.image.width, width);
        degrees[1] = degrees_of(out->offset.tilt_px, frame.image.width, width);
    }
    frame_release(&frame);
    return status;
}

lk_status lk_camera_look(lk_sighting *out, double *degrees, lk_store *store, lk_engine *engine,
                         const char *id, const lk_image *frame, lk_error *err) {
    struct watch_house house;
    struct lookout l;
    lk_status status = watch_house_open(&house, store, engine, err);
    if (status != LK_OK) {
        return status;
    }
    status = lookout_open(&l, &house, id, err);
    if (status == LK_OK) {
        status = look(out, degrees, &l, frame, err);
        lookout_close(&l);
    }
    watch_house_close(&house);
    return status;
}

/* -- As a watcher -- */

static void digest_of(struct frame *frame, const char *hex) {
    for (size_t i = 0; i < sizeof frame->digest; i++) {
        unsigned byte = 0;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            break;
        }
        frame->digest[i] = (uint8_t)byte;
    }
}

static lk_status take(lk_watch_result *out, struct lookout *l, const lk_image *picture,
                      const char *sha256, int64_t taken_ms, lk_error *err) {
    struct glance glance = {0};
    struct frame frame = {.taken_ms = taken_ms};
    digest_of(&frame, sha256);
    lk_status status = colour_to_rgb8(&frame.image, picture, err);
    status = status == LK_OK ? lookout_take(&glance, l, &frame, taken_ms, err) : status;
    if (status == LK_OK) {
        *out = (lk_watch_result){.frames = 1, .events = glance.changed};
        glance_result(out, &glance, l);
    }
    glance_release(&glance);
    frame_release(&frame);
    return status;
}

lk_status lk_camera_take(lk_watch_result *out, lk_store *store, lk_engine *engine, const char *id,
                         const lk_image *frame, const char *sha256, int64_t taken_ms,
                         lk_error *err) {
    struct watch_house house;
    struct lookout l;
    lk_status status =
        strlen(sha256) == 64
            ? watch_house_open(&house, store, engine, err)
            : error_set(err, LK_E_USAGE, "the SHA-256 of a frame has 64 hexadecimal digits");
    if (status != LK_OK) {
        return status;
    }
    status = lookout_open(&l, &house, id, err);
    if (status == LK_OK) {
        status = take(out, &l, frame, sha256, taken_ms, err);
        lookout_close(&l);
    }
    watch_house_close(&house);
    return status;
}
