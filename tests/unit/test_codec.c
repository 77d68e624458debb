/* SPDX-License-Identifier: Apache-2.0 */
/* Every picture of tests/data/codec against the pixels other programs read from it, and damaged ones. */
#include "tests/unit/harness.h"

#include <time.h>

#include "base/file.h"
#include "image/image.h"

static const struct picture {
    const char *name;
    int32_t width, height, channels, bit_depth, orientation, frames;
    uint64_t hash;
} pictures[] = {
#include "tests/oracle/codec/codec_values.inc"
};

static lk_engine *engine;

static const char *path_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/codec/%s", TEST_DATA, name);
    return path;
}

static uint64_t hash_of(const lk_image *image) {
    uint64_t h = 0xcbf29ce484222325u;
    for (int32_t y = 0; y < image->height; y++) {
        for (size_t i = 0; i < image_row_bytes(image); i++) {
            h = (h ^ image_row(image, y)[i]) * 0x100000001b3u;
        }
    }
    return h;
}

/* Loads a picture and reports what differs from the oracle; 1 when something does. */
static int differs(const struct picture *p) {
    lk_error err = {0};
    lk_image image;
    lk_image_info info, probed;
    if (lk_image_load(&image, &info, engine, path_of(p->name), NULL, &err) != LK_OK ||
        lk_image_probe(&probed, engine, path_of(p->name), &err) != LK_OK) {
        print_error("%s: %s\n", p->name, err.text);
        return 1;
    }
    bool same = image.width == p->width && image.height == p->height &&
                image.channels == p->channels && image.bit_depth == p->bit_depth &&
                info.orientation == p->orientation && info.frames == p->frames &&
                hash_of(&image) == p->hash;
    bool facts = info.width == image.width && info.height == image.height && info.file_bytes > 0 &&
                 strlen(info.sha256) == 64 && info.trailing_bytes == 0 &&
                 strcmp(probed.format, info.format) == 0 && probed.width == info.width &&
                 probed.height == info.height && probed.orientation == info.orientation &&
                 probed.has_icc == info.has_icc && probed.bit_depth == info.bit_depth &&
                 probed.has_alpha == info.has_alpha && probed.file_bytes == info.file_bytes;
    if (!same || !facts || info.warning[0] != '\0') {
        print_error("%s: %d x %d x %d, %d bits, orientation %d, %d frames, hash %s, facts %s; %s\n",
                    p->name, image.width, image.height, image.channels, image.bit_depth,
                    info.orientation, info.frames, hash_of(&image) == p->hash ? "same" : "differs",
                    facts ? "agree" : "disagree", info.warning);
    }
    lk_image_release(&image);
    return !same || !facts;
}

static void test_as_oracles(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
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
