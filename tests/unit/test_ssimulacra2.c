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
        cmocka_unit_test(test_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
