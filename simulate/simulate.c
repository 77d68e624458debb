/* SPDX-License-Identifier: Apache-2.0 */
/* A pinhole camera, in the order light takes:
 *
 *   picture, sRGB -> linear light, reduced to about a texel a ray        light.c
 *   plane -> photo: H = S K [r1 r2 t]                                    geometry.c
 *   each pixel: the mean of its rays, on the picture or on the ground    scene.c, ground.c
 *   slope, shadow, vignette, reflection, exposure, white balance         lighting.c
 *   moire; Gaussian blur, then a mean along a line                       lighting.c, lens.c
 *   noise, tone, 8 bits of sRGB                                          sensor.c
 *   a small photo is enlarged; JPEG                                      here; jpeg_marks.c or the codec
 *
 * It shares no code with what it tests: no warp, no filter, no resize of image/. */
#include <likeness/simulate.h>

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/engine.h"
#include "image/image.h"
#include "simulate/geometry.h"
#include "simulate/lighting.h"
#include "simulate/scene.h"
#include "simulate/scratch.h"

enum { PHOTO_RAYS = 3, BAND = 16 };

struct exposure {
    const lk_engine *engine;
    struct light *out;
    const struct scene *scene;
};

/* Once somebody asked to stop, bands stay as they are; expose() says so. */
static void expose_band(void *arg, int32_t i) {
    const struct exposure *e = arg;
    if (engine_check_stop(e->engine, NULL) == LK_OK) {
        scene_expose(e->out, e->scene, i * BAND, MIN((i + 1) * BAND, e->out->height));
    }
}

/* engine NULL: on this thread. */
static lk_status expose(struct light *out, lk_engine *engine, const struct scene *scene,
                        lk_error *err) {
    if (!engine) {
        scene_expose(out, scene, 0, out->height);
        return LK_OK;
    }
    struct exposure e = {engine, out, scene};
    lk_engine_for(engine, (out->height + BAND - 1) / BAND, expose_band, &e);
    return engine_check_stop(engine, err);
}

static lk_status check_picture(const lk_image *picture, const char *what, lk_error *err) {
    if (picture->channels != 3 || picture->bit_depth != 8 ||
        MIN(picture->width, picture->height) < LK_SIMULATE_SIDE_LEAST) {
        return error_set(err, LK_E_USAGE, "%s: want RGB of 8 bits and at least %d x %d pixels",
                         what, LK_SIMULATE_SIDE_LEAST, LK_SIMULATE_SIDE_LEAST);
    }
    return LK_OK;
}

/* The settings of a photo taken at a share of its size: what is in pixels shrinks. */
static lk_simulator at_resolution(const lk_simulator *camera) {
    lk_simulator small = *camera;
    if (camera->resolution < 1) {
        small.aspect = camera->aspect > 0 ? camera->aspect : (double)camera->width / camera->height;
        small.width = MAX((int32_t)(camera->width * camera->resolution + 0.5), 8);
        small.height = MAX((int32_t)(camera->height * camera->resolution + 0.5), 8);
        small.blur_px *= camera->resolution;
        small.motion_px *= camera->resolution;
        small.moire_px = fmax(small.moire_px * camera->resolution, 2);
    }
    return small;
}

/* Bilinear, to the camera's size. */
static void enlarge(uint8_t *out, const lk_simulator *camera, const uint8_t *from, int32_t width,
                    int32_t height) {
    float step_x = (float)width / (float)camera->width,
          step_y = (float)height / (float)camera->height;
    for (int32_t y = 0; y < camera->height; y++) {
        float fy = MAX(((float)y + 0.5f) * step_y - 0.5f, 0);
        int32_t iy = MIN((int32_t)fy, height - 2);
        float v = fy - (float)iy;
        v = MIN(v, 1);
        const uint8_t *a = from + 3 * (size_t)iy * (size_t)width, *b = a + 3 * width;
        for (int32_t x = 0; x < camera->width; x++) {
            float fx = MAX(((float)x + 0.5f) * step_x - 0.5f, 0);
            int32_t ix = MIN((int32_t)fx, width - 2);
            float u = fx - (float)ix;
            u = MIN(u, 1);
            for (int32_t c = 3 * ix; c < 3 * ix + 3; c++) {
                float top = (float)a[c] * (1 - u) + (float)a[c + 3] * u;
                float bottom = (float)b[c] * (1 - u) + (float)b[c + 3] * u;
                *out++ = (uint8_t)(top * (1 - v) + bottom * v + 0.5f);
            }
        }
    }
}

/* The photo before its JPEG; engine may be NULL. */
static lk_status take(uint8_t *out, double homography[9], lk_engine *engine,
                      struct lk_view_scratch *s, const lk_image *picture,
                      const lk_simulator *camera, const lk_image *background, lk_error *err) {
    const lk_simulator small = at_resolution(camera);
    struct scene scene;
    double map[9];
    uint8_t *to = out;
    geometry_find(map, &small, picture->width, picture->height);
    lk_status status =
        scene_set(&scene, s, map, picture, &small, background, engine ? PHOTO_RAYS : 1, err);
    status = status == LK_OK ? light_resize(&s->seen, small.width, small.height, err) : status;
    if (status == LK_OK && (small.width < camera->width || small.height < camera->height)) {
        status = store_resize(&s->small, 3 * (size_t)small.width * (size_t)small.height, err);
        to = s->small.data;
    }
    status = status == LK_OK ? expose(&s->seen, engine, &scene, err) : status;
    status = status == LK_OK ? lighting_apply(&s->seen, &s->grid, &small, err) : status;
    if (status == LK_OK && small.moire > 0) {
        moire_apply(&s->seen, &small);
    }
    status = status == LK_OK ? lens_blur(&s->seen, s, &small, err) : status;
    if (status == LK_OK) {
        sensor_develop(to, &s->seen, s, &small);
        if (to != out) {
            enlarge(out, camera, to, small.width, small.height);
        }
    }
    if (status == LK_OK && homography) {
        double kx = (double)camera->width / small.width, ky = (double)camera->height / small.height;
        double larger[9] = {kx, 0, kx / 2 - 0.5, 0, ky, ky / 2 - 0.5, 0, 0, 1};
        geometry_multiply(homography, larger, map);
    }
    return status;
}

lk_status lk_simulate_view(uint8_t *out, lk_view_scratch *scratch, const lk_image *picture,
                           const lk_simulator *camera, const lk_image *background, lk_error *err) {
    lk_status status = camera_check(camera, err);
    status = status == LK_OK ? check_picture(picture, "picture", err) : status;
    status = status == LK_OK && background ? check_picture(background, "background", err) : status;
    status =
        status == LK_OK ? take(out, NULL, NULL, scratch, picture, camera, background, err) : status;
    if (status == LK_OK && camera->quality > 0) {
        status = jpeg_quantise(out, camera->width, camera->height, camera->quality,
                               &scratch->planes, err);
    }
    return status;
}

/* The photo is held twice, the picture once, reduced to a texel a ray. */
static lk_status check_memory(const lk_engine *engine, const lk_image *picture,
                              const lk_simulator *camera, lk_error *err) {
    const lk_limits limits = lk_engine_limits(engine);
    double pixels = (double)camera->width * camera->height;
    if (pixels > (double)limits.pixels || MAX(camera->width, camera->height) > limits.side) {
        return error_limit(err, pixels > (double)limits.pixels ? "pixels" : "side",
                           "a photo of %d x %d pixels", camera->width, camera->height);
    }
    double seen = PHOTO_RAYS * PHOTO_RAYS * camera->cover * camera->cover * pixels;
    double texels = fmin((double)picture->width * picture->height, seen);
    double bytes = (2 * pixels + texels) * sizeof(light4);
    if (bytes > (double)limits.memory_bytes) {
        return error_limit(
            err, "memory_bytes", "a photo of %d x %d pixels of a picture of %d x %d takes %.0f MiB",
            camera->width, camera->height, picture->width, picture->height, bytes / 1048576);
    }
    return LK_OK;
}

/* image becomes what is left of it after a JPEG of that quality. */
static lk_status through_jpeg(lk_image *image, lk_engine *engine, int32_t quality, lk_error *err) {
    lk_bytes jpeg = {0};
    lk_image back = {0};
    lk_status status = lk_image_encode(&jpeg, image, engine, "jpeg", quality, err);
    if (status == LK_OK) {
        status = lk_image_decode(&back, NULL, engine, jpeg.data, jpeg.size, "photo", NULL, err);
    }
    lk_bytes_release(&jpeg);
    if (status == LK_OK) {
        lk_image_release(image);
        *image = back;
    }
    return status;
}

lk_status lk_simulate(lk_image *out, double homography[9], lk_engine *engine,
                      const lk_image *picture, const lk_simulator *camera,
                      const lk_image *background, lk_error *err) {
    struct lk_view_scratch scratch;
    lk_image plain = {0}, behind = {0};
    *out = (lk_image){0};
    lk_status status = camera_check(camera, err);
    status = status == LK_OK ? check_memory(engine, picture, camera, err) : status;
    status = status == LK_OK ? colour_to_rgb8(&plain, picture, err) : status;
    status = status == LK_OK ? check_picture(&plain, "picture", err) : status;
    if (status == LK_OK && background) {
        status = colour_to_rgb8(&behind, background, err);
        status = status == LK_OK ? check_picture(&behind, "background", err) : status;
    }
    status = status == LK_OK ? lk_image_new(out, camera->width, camera->height, 3, 8, err) : status;
    if (status == LK_OK) {
        status = scratch_init(&scratch, false, err);
        status = status == LK_OK ? take(out->data, homography, engine, &scratch, &plain, camera,
                                        background ? &behind : NULL, err)
                                 : status;
        scratch_release(&scratch);
    }
    status = status == LK_OK && camera->quality > 0
                 ? through_jpeg(out, engine, camera->quality, err)
                 : status;
    if (status != LK_OK) {
        lk_image_release(out);
    }
    lk_image_release(&plain);
    lk_image_release(&behind);
    return status;
}
