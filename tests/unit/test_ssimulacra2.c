/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "image/image.h"
#include "tests/unit/pattern.h"

/* share_b below 0: the second picture is the first, disturbed. */
static const struct {
    int32_t width, height, share_a, share_b;
    double value;
} cases[] = {
#include "tests/oracle/ssimulacra2/ssimulacra2_values.inc"
};

static void make_pair(lk_image *a, lk_image *b, size_t i) {
    lk_error err;
    assert_ok(lk_image_new(a, cases[i].width, cases[i].height, 3, 8, &err));
    assert_ok(lk_image_new(b, cases[i].width, cases[i].height, 3, 8, &err));
    pattern_fill(a, 1, cases[i].share_a);
    if (cases[i].share_b < 0) {
        memcpy(b->data, a->data, a->stride * (size_t)a->height);
        pattern_disturb(b, 5);
    } else {
        pattern_fill(b, 2, cases[i].share_b);
    }
}

static void test_as_the_reference(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    double worst = 0;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lk_image a, b;
        lk_measure_result r;
        make_pair(&a, &b, i);
        assert_ok(lk_measure_run(&r, engine, "ssimulacra2", &a, &b, NULL, &err));
        worst = fmax(worst, fabs(r.value - cases[i].value));
        if (!(fabs(r.value - cases[i].value) < 2e-3)) {
            fail_msg("case %zu: %.6f, not %.6f", i, r.value, cases[i].value);
        }
        lk_measure_result_release(&r);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    print_message("worst difference %.2g\n", worst);
    lk_engine_free(engine);
}

/* Against the values that the reference data of imazen/ssimulacra2 (a Rust port) gives as the C++ program's: noise of a linear
 * congruential generator and a ramp, each against gray. */
static void test_as_the_program(void **state) {
    (void)state;
    enum { SIDE = 64 };
    static const double program[2] = {-47.3357, -64.5687};
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (int ramp = 0; ramp < 2; ramp++) {
        lk_image a, b;
        lk_measure_result r;
        uint64_t s = 42;
        assert_ok(lk_image_new(&a, SIDE, SIDE, 3, 8, &err));
        assert_ok(lk_image_new(&b, SIDE, SIDE, 3, 8, &err));
        for (int32_t y = 0; y < SIDE; y++) {
            for (int32_t i = 0; i < 3 * SIDE; i++) {
                s = s * 6364136223846793005u + 1442695040888963407u;
                image_row(&a, y)[i] =
                    ramp ? (uint8_t)(i / 3 * 255 / (SIDE - 1)) : (uint8_t)(s >> 33);
                image_row(&b, y)[i] = 128;
            }
        }
        assert_ok(lk_measure_run(&r, engine, "ssimulacra2", &a, &b, NULL, &err));
        if (!(fabs(r.value - program[ramp]) < 0.005)) {
            fail_msg("%.4f, not %.4f", r.value, program[ramp]);
        }
        lk_measure_result_release(&r);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    lk_engine_free(engine);
}

static void test_too_small(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image a;
    lk_measure_result r;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&a, 100, 7, 3, 8, &err));
    pattern_fill(&a, 1, 0);
    assert_refused(LK_E_SIZE, lk_measure_run(&r, engine, "ssimulacra2", &a, &a, NULL, &err));
    lk_image_release(&a);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_reference),
        cmocka_unit_test(test_as_the_program),
        cmocka_unit_test(test_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
