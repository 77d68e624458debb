/* SPDX-License-Identifier: Apache-2.0 */
/* Sister products: drawn pictures that have much of their print in common, in a store, and photos of them. */
#ifndef LK_SISTERS_H
#define LK_SISTERS_H

#include "tests/unit/drawn_scene.h"

#define seen seen_references /* store_files.h has one of its own */
#include "tests/unit/store_files.h"
#undef seen

#include <likeness/simulate.h>

#include "image/image.h"

/* All have the left part of their print in common; the rest is each one's own. */
static inline lk_image sister(int number) {
    enum { COMMON = 3 * SCENE_WIDTH / 5 };
    lk_image scene = scene_make(7, 0), own = scene_make((uint64_t)(70 + number), 0);
    for (int32_t y = 0; y < SCENE_HEIGHT; y++) {
        memcpy(scene.data + (size_t)y * scene.stride + 3 * COMMON,
               own.data + (size_t)y * own.stride + 3 * COMMON, 3 * (SCENE_WIDTH - COMMON));
    }
    lk_image_release(&own);
    return scene;
}

/* As sister-0, sister-1 ... */
static inline void sister_add(lk_store *store, lk_engine *engine, int number) {
    lk_error err;
    lk_image scene = sister(number), picture;
    lk_bytes file;
    lk_image_info info;
    char id[32];
    snprintf(id, sizeof id, "sister-%d", number);
    assert_ok(lk_image_encode(&file, &scene, engine, "png", 0, &err));
    assert_ok(
        lk_image_decode(&picture, &info, engine, file.data, file.size, "scene.png", NULL, &err));
    const lk_reference_draft draft = {
        .id = id, .picture = file.data, .picture_bytes = file.size, .info = &info};
    assert_ok(lk_reference_add(NULL, NULL, store, &draft, &err));
    lk_image_release(&scene);
    lk_image_release(&picture);
    lk_bytes_release(&file);
}

/* A photo of the scene, as a camera takes it, with the info of its file; releases the scene. */
static inline lk_image sister_photo(lk_image_info *info, lk_engine *engine, lk_image scene,
                                    uint64_t seed) {
    lk_error err;
    lk_image photo, decoded;
    lk_bytes file;
    double homography[9];
    lk_simulator camera = lk_simulator_draw(seed, 0.2, 520, 460);
    assert_ok(lk_simulate(&photo, homography, engine, &scene, &camera, NULL, &err));
    assert_ok(lk_image_encode(&file, &photo, engine, "png", 0, &err));
    assert_ok(
        lk_image_decode(&decoded, info, engine, file.data, file.size, "photo.png", NULL, &err));
    lk_bytes_release(&file);
    lk_image_release(&photo);
    lk_image_release(&scene);
    return decoded;
}

#endif
