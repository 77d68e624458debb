/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the camera simulator share. */
#ifndef LK_SIMULATE_SETTING_H
#define LK_SIMULATE_SETTING_H

#include "tests/unit/harness.h"

#include "image/image.h"
#include "tests/unit/pattern.h"

struct setting {
    lk_engine *engine;
    lk_view_scratch *scratch;
    lk_image picture; /* noise over ramps, 200 x 260 */
};

static inline int make_setting(void **state) {
    static struct setting s;
    lk_error err;
    assert_ok(lk_engine_new(&s.engine, NULL, &err));
    assert_ok(lk_view_scratch_new(&s.scratch, &err));
    assert_ok(lk_image_new(&s.picture, 200, 260, 3, 8, &err));
    pattern_fill(&s.picture, 5, 60);
    *state = &s;
    return 0;
}

static inline int free_setting(void **state) {
    struct setting *s = *state;
    lk_image_release(&s->picture);
    lk_view_scratch_free(s->scratch);
    lk_engine_free(s->engine);
    return 0;
}

static inline void plain_picture(lk_image *out, int32_t width, int32_t height, uint8_t level) {
    lk_error err;
    assert_ok(lk_image_new(out, width, height, 3, 8, &err));
    memset(out->data, level, out->stride * (size_t)height);
}

/* FNV-1a. */
static inline uint64_t digest_of(const uint8_t *data, size_t size) {
    uint64_t digest = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        digest = (digest ^ data[i]) * 0x100000001b3u;
    }
    return digest;
}

#endif
