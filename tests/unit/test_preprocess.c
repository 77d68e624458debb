/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as a network's input, against Pillow and NumPy, bit for bit. */
#include "tests/unit/harness.h"

#include "base/mem.h"
#include "model/preprocess.h"
#include "tests/unit/pattern.h"

struct preprocess_case {
    int32_t width, height, channels;
    uint32_t seed;
    lk_model_resize resize;
    int32_t side, input_width, input_height;
    lk_model_colour colour;
    size_t count;   /* of floats */
    uint64_t total; /* sum of their bits */
    uint32_t picks[8];
};

#include "tests/oracle/preprocess/preprocess_values.inc"

static void make_card(lk_model_card *card, const struct preprocess_case *p) {
    /* ImageNet's mean and deviation as torchvision has them, times 255. */
    *card = (lk_model_card){.width = p->input_width,
                            .height = p->input_height,
                            .colour = p->colour,
                            .mean = {123.675, 116.28, 103.53},
                            .scale = {58.395, 57.12, 57.375},
                            .resize = p->resize,
                            .side = p->side};
}

static void check_case(lk_engine *engine, const struct preprocess_case *p) {
    lk_error err;
    lk_image image;
    lk_model_card card;
    make_card(&card, p);
    assert_ok(lk_image_new(&image, p->width, p->height, p->channels, 8, &err));
    pattern_fill(&image, p->seed, 60);
    float *out = mem_alloc(p->count, sizeof *out);
    assert_non_null(out);
    assert_ok(preprocess(out, engine, &image, &card, &err));
    uint64_t total = 0;
    for (size_t i = 0; i < p->count; i++) {
        uint32_t bits;
        memcpy(&bits, &out[i], sizeof bits);
        total += bits;
    }
    for (size_t k = 0; k < 8; k++) {
        uint32_t bits;
        memcpy(&bits, &out[k * (p->count - 1) / 7], sizeof bits);
        assert_int_equal(bits, p->picks[k]);
    }
    assert_true(total == p->total);
    mem_free(out);
    lk_image_release(&image);
}

static void test_pillow(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < sizeof preprocess_cases / sizeof *preprocess_cases; i++) {
        check_case(engine, &preprocess_cases[i]);
    }
    lk_engine_free(engine);
}

static void test_thin(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image image;
    lk_model_card card;
    float out[3];
    make_card(&card, &preprocess_cases[0]);
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&image, 1, 16000, 3, 8, &err));
    card.side = 256;
    assert_refused(LK_E_LIMIT, preprocess(out, engine, &image, &card, &err));
    lk_image_release(&image);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pillow), cmocka_unit_test(test_thin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
