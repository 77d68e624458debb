/* SPDX-License-Identifier: Apache-2.0 */
/* Every picture of tests/data/codec against the pixels other programs read from it, and damaged ones. */
#include "tests/unit/harness.h"

#include "tests/unit/codec_files.h"

static lk_engine *engine;

/* Loads a picture and reports what differs from the oracle; 1 when something does. */
static int differs(const struct picture *p) {
    lk_error err = {0};
    lk_image image;
    lk_image_info info, probed;
    if (lk_image_load(&image, &info, engine, picture_path(p->name), NULL, &err) != LK_OK ||
        lk_image_probe(&probed, engine, picture_path(p->name), &err) != LK_OK) {
        print_error("%s: %s\n", p->name, err.text);
        return 1;
    }
    bool same = image.width == p->width && image.height == p->height &&
                image.channels == p->channels && image.bit_depth == p->bit_depth &&
                info.orientation == p->orientation && info.frames == p->frames &&
                picture_hash(&image) == p->hash;
    bool facts = info.width == image.width && info.height == image.height && info.file_bytes > 0 &&
                 strlen(info.sha256) == 64 && info.trailing_bytes == 0 &&
                 strcmp(probed.format, info.format) == 0 && probed.width == info.width &&
                 probed.height == info.height && probed.orientation == info.orientation &&
                 probed.has_icc == info.has_icc && probed.bit_depth == info.bit_depth &&
                 probed.has_alpha == info.has_alpha && probed.file_bytes == info.file_bytes;
    if (!same || !facts || info.warning[0] != '\0') {
        print_error("%s: %d x %d x %d, %d bits, orientation %d, %d frames, hash %s, facts %s; %s\n",
                    p->name, image.width, image.height, image.channels, image.bit_depth,
                    info.orientation, info.frames,
                    picture_hash(&image) == p->hash ? "same" : "differs",
                    facts ? "agree" : "disagree", info.warning);
    }
    lk_image_release(&image);
    return !same || !facts;
}

static void test_as_oracles(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < PICTURES; i++) {
        wrong += differs(&pictures[i]);
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_oracles),
    };
    if (lk_engine_new(&engine, NULL, NULL) != LK_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_engine_free(engine);
    return failed;
}
