/* SPDX-License-Identifier: Apache-2.0 */
/* A store of drawn scenes, and photos of them, for the tests of finding originals. */
#ifndef LK_FINDER_SCENES_H
#define LK_FINDER_SCENES_H

#include "tests/unit/drawn_scene.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "image/warp.h"
#include "tests/unit/finder_world.h"

enum { SCENES = 8 };

/* Adds the drawn scene of that seed as "scene-SEED"; with `bare` without anything derived. */
static inline void add_scene(struct world *w, uint64_t seed, bool bare) {
    lk_error err;
    lk_image scene = scene_make(seed, 0), picture;
    lk_bytes file;
    lk_image_info info;
    lk_reference_facts facts = {0};
    char id[32];
    snprintf(id, sizeof id, "scene-%d", (int)seed);
    assert_ok(lk_image_encode(&file, &scene, w->place->engine, "png", 0, &err));
    assert_ok(lk_image_decode(&picture, &info, w->place->engine, file.data, file.size, "scene.png",
                              NULL, &err));
    if (!bare) {
        assert_ok(
            lk_reference_facts_make(&facts, w->place->engine, w->model, &picture, &file, &err));
        assert_int_equal(facts.derived_count, LK_FACTS_MOST);
    }
    const lk_reference_draft draft = {.id = id,
                                      .picture = file.data,
                                      .picture_bytes = file.size,
                                      .info = &info,
                                      .derived = facts.derived,
                                      .derived_count = (size_t)facts.derived_count};
    assert_ok(lk_reference_add(NULL, NULL, w->store, &draft, &err));
    lk_reference_facts_release(&facts);
    lk_image_release(&scene);
    lk_image_release(&picture);
    lk_bytes_release(&file);
}

/* The scene turned by some 20 degrees, smaller and tilted, as a photo shows it. */
static inline lk_features *photograph(struct world *w, uint64_t seed) {
    static const double h[9] = {1.16, -0.42, 60, 0.42, 1.1, -120, 0.0001, 0.0002, 1};
    lk_error err;
    lk_image scene = scene_make(seed, 0), photo, valid;
    lk_features *f;
    assert_ok(image_warp(&photo, &valid, w->place->engine, &scene, h, 480, 420, &err));
    assert_ok(lk_features_make(&f, w->place->engine, w->model, &photo, LK_PICTURE_PHOTO, &err));
    lk_image_release(&scene);
    lk_image_release(&photo);
    lk_image_release(&valid);
    return f;
}

static inline void add_scenes(struct world *w) {
    for (uint64_t seed = 1; seed <= SCENES; seed++) {
        add_scene(w, seed, false);
    }
}

#endif
