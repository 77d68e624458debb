/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "image/image.h"
#include "tests/unit/pattern.h"

enum { VALUES = 8 };

/* mean, first quartile, median, third quartile, most, and the map at three places */
static const struct {
    int32_t width, height, share_a, share_b;
    double ppd, values[VALUES];
} cases[] = {
#include "tests/oracle/flip/flip_values.inc"
};

static double detail(const lk_measure_result *r, const char *key) {
    for (int32_t i = 0; i < r->detail_count; i++) {
        if (strcmp(r->details[i].key, key) == 0) {
            return r->details[i].number;
        }
    }
    fail_msg("no detail %s", key);
    return 0;
}

static void make_pair(lk_image *a, lk_image *b, size_t i) {
    lk_error err;
    assert_ok(lk_image_new(a, cases[i].width, cases[i].height, 3, 8, &err));
    assert_ok(lk_image_new(b, cases[i].width, cases[i].height, 3, 8, &err));
    pattern_fill(a, 1, cases[i].share_a);
    pattern_fill(b, 2, cases[i].share_b);
}

static void test_as_the_paper(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    double worst = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lk_image a, b;
        lk_measure_result r;
        lk_measure_options o = lk_measure_options_default();
        o.flip_ppd = cases[i].ppd;
        o.want_maps = true;
        make_pair(&a, &b, i);
        assert_ok(lk_measure_run(&r, engine, "flip", &a, &b, &o, &err));
        const float *m = r.map.data;
        size_t width = (size_t)cases[i].width, height = (size_t)cases[i].height;
        const double got[VALUES] = {r.value,
                                    detail(&r, "weighted_quartile_1"),
                                    detail(&r, "weighted_median"),
                                    detail(&r, "weighted_quartile_3"),
                                    detail(&r, "max"),
                                    m[0],
                                    m[height / 2 * width + width / 3],
                                    m[width * height - 1]};
        for (int k = 0; k < VALUES; k++) {
            worst = fmax(worst, fabs(got[k] - cases[i].values[k]));
            if (!(fabs(got[k] - cases[i].values[k]) < 2e-5)) {
                fail_msg("case %zu, value %d: %.8f, not %.8f", i, k, got[k], cases[i].values[k]);
            }
        }
        assert_int_equal(r.picture.width, a.width);
        lk_measure_result_release(&r);
        lk_image_release(&a);
        lk_image_release(&b);
    }
    print_message("worst difference %.2g\n", worst);
    lk_engine_free(engine);
}

static void test_bad_ppd(void **state) {
    (void)state;
    static const double bad[] = {0, -1, 1e9, NAN};
    lk_error err;
    lk_engine *engine;
    lk_image a, b;
    lk_measure_result r;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    make_pair(&a, &b, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lk_measure_options o = lk_measure_options_default();
        o.flip_ppd = bad[i];
        assert_refused(LK_E_USAGE, lk_measure_run(&r, engine, "flip", &a, &b, &o, &err));
    }
    assert_refused(LK_E_USAGE,
                   lk_measure_options_set(&(lk_measure_options){0}, "flip.ppd=0", &err));
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_paper),
        cmocka_unit_test(test_bad_ppd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
