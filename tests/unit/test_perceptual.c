/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "image/image.h"
#include "tests/unit/pattern.h"

/* share_b below 0: the second picture is the first, disturbed. near: pixels that may fall on either side. */
static const struct {
    int32_t width, height, share_a, share_b;
    double fov, luminance, colour_factor;
    int64_t failed, near;
} cases[] = {
#include "tests/oracle/perceptual/perceptual_values.inc"
};

static lk_image picture(int32_t width, int32_t height, uint32_t seed, int32_t share) {
    lk_error err;
    lk_image image;
    assert_ok(lk_image_new(&image, width, height, 3, 8, &err));
    pattern_fill(&image, seed, share);
    return image;
}

static lk_measure_result run(const lk_image *a, const lk_image *b, const lk_measure_options *o) {
    lk_error err;
    lk_engine *engine;
    lk_measure_result r;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_measure_run(&r, engine, "perceptual", a, b, o, &err));
    lk_engine_free(engine);
    return r;
}

static void test_as_the_definition(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lk_measure_options o = lk_measure_options_default();
        lk_image a = picture(cases[i].width, cases[i].height, 1, cases[i].share_a);
        lk_image b = picture(cases[i].width, cases[i].height, cases[i].share_b < 0 ? 1 : 2,
                             cases[i].share_b < 0 ? cases[i].share_a : cases[i].share_b);
        if (cases[i].share_b < 0) {
            pattern_disturb(&b, 5);
        }
        o.perceptual_fov = cases[i].fov;
        o.perceptual_luminance = cases[i].luminance;
        o.perceptual_colour_factor = cases[i].colour_factor;
        lk_measure_result r = run(&a, &b, &o);
        int64_t failed = (int64_t)r.value, off = failed - cases[i].failed;
        if (off > cases[i].near || -off > cases[i].near) {
            fail_msg("case %zu: %ld pixels, not %ld", i, (long)failed, (long)cases[i].failed);
        }
        lk_measure_result_release(&r);
        lk_image_release(&a);
        lk_image_release(&b);
    }
}

/* What the paper is about: a difference in a busy place is hidden where the same in a plain one is seen. */
static void test_a_pattern_hides(void **state) {
    (void)state;
    int64_t failed[2];
    for (int busy = 0; busy < 2; busy++) {
        lk_image a = picture(256, 256, 1, 256), b;
        for (size_t i = 0; !busy && i < a.stride * 256; i++) {
            a.data[i] = 128;
        }
        for (size_t i = 0; busy && i < a.stride * 256; i += 3) { /* gray noise */
            a.data[i + 1] = a.data[i + 2] = a.data[i] = (uint8_t)(64 + a.data[i] / 2);
        }
        b = picture(256, 256, 1, 0);
        memcpy(b.data, a.data, a.stride * 256);
        for (size_t y = 100; y < 140; y++) {
            for (size_t i = 300; i < 420; i++) {
                b.data[y * b.stride + i] = (uint8_t)(b.data[y * b.stride + i] + 8);
            }
        }
        lk_measure_result r = run(&a, &b, NULL);
        failed[busy] = (int64_t)r.value;
        lk_measure_result_release(&r);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    print_message("seen: %ld of 1600 on plain gray, %ld in noise\n", (long)failed[0],
                  (long)failed[1]);
    assert_true(failed[0] >= 100);
    assert_true(failed[1] < failed[0] / 2);
}

static void test_bad_options(void **state) {
    (void)state;
    static const char *const bad[] = {"perceptual.fov=0", "perceptual.fov=180",
                                      "perceptual.gamma=0", "perceptual.luminance=-1"};
    lk_error err;
    lk_engine *engine;
    lk_measure_result r;
    lk_measure_options o = lk_measure_options_default();
    lk_image a = picture(8, 8, 1, 0);
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(LK_E_USAGE, lk_measure_options_set(&o, bad[i], &err));
    }
    o.perceptual_fov = NAN;
    assert_refused(LK_E_USAGE, lk_measure_run(&r, engine, "perceptual", &a, &a, &o, &err));
    lk_image_release(&a);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_definition),
        cmocka_unit_test(test_a_pattern_hides),
        cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
