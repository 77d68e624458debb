/* SPDX-License-Identifier: Apache-2.0 */
/* PDQ of a turned picture, from the picture as it is and from turned pixels. */
#include "tests/unit/drawn_scene.h"

#include <likeness/hash.h>

#include "image/orient.h"
#include "signature/pdq.h"

/* The EXIF orientation that is undone by each turn. */
static const int32_t undone_by[PDQ_TURNS] = {1, 2, 4, 3, 5, 6, 8, 7};

static int32_t bits_apart(const uint8_t *a, const uint8_t *b) {
    int32_t n = 0;
    for (int i = 0; i < PDQ_BYTES; i++) {
        n += __builtin_popcount(a[i] ^ b[i]);
    }
    return n;
}

static void hashes_are_those_of_turned_pixels(void **state) {
    (void)state;
    lk_engine *engine;
    uint8_t hashes[PDQ_TURNS][PDQ_BYTES];
    int32_t quality;
    lk_error err;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    lk_image picture = scene_make(5, 0);
    assert_ok(pdq_turned(hashes, &quality, &picture, &err));
    for (int32_t t = 0; t < PDQ_TURNS; t++) {
        lk_hash hash;
        lk_image turned = scene_make(5, 0);
        assert_ok(orient_apply(&turned, undone_by[t], &err));
        assert_ok(lk_hash_compute(&hash, engine, &turned, lk_hash_find("pdq"), 0, &err));
        for (int32_t other = 0; other < PDQ_TURNS; other++) {
            int32_t apart = bits_apart(hash.data, hashes[other]);
            if (other == t) {
                assert_in_range(apart, 0, t == 0 ? 0 : hash.info->match_bits);
            } else {
                assert_in_range(apart, 64, 192); /* by chance 128 */
            }
        }
        assert_int_equal(hash.quality, quality);
        lk_image_release(&turned);
    }
    lk_image_release(&picture);
    lk_engine_free(engine);
}

static void a_tiny_picture_has_none(void **state) {
    (void)state;
    uint8_t hashes[PDQ_TURNS][PDQ_BYTES];
    int32_t quality = 7;
    lk_error err;
    lk_image tiny;
    assert_ok(lk_image_new(&tiny, 4, 400, 3, 8, &err));
    assert_ok(pdq_turned(hashes, &quality, &tiny, &err));
    assert_int_equal(quality, 0);
    lk_image_release(&tiny);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_turned_pixels),
        cmocka_unit_test(a_tiny_picture_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
