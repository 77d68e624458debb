/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

static double detail(const lk_measure_result *r, const char *key) {
    for (int32_t i = 0; i < r->detail_count; i++) {
        if (strcmp(r->details[i].key, key) == 0) {
            return r->details[i].number;
        }
    }
    fail_msg("no detail %s", key);
    return 0;
}

static void test_one_level_apart(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image a, b;
    lk_measure_result r;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&a, 5, 3, 3, 8, &err));
    assert_ok(lk_image_new(&b, 5, 3, 3, 8, &err));
    memset(a.data, 100, a.stride * 3);
    memset(b.data, 100, b.stride * 3);
    assert_ok(lk_measure_run(&r, engine, "identity", &a, &b, NULL, &err));
    assert_true(r.value == 1 && detail(&r, "identical") == 1);
    b.data[44] = 101; /* the very last sample */
    assert_ok(lk_measure_run(&r, engine, "identity@1", &a, &b, NULL, &err));
    assert_true(r.value == 0 && detail(&r, "allclose") == 0);
    assert_true(detail(&r, "max_abs_diff") == 1 && detail(&r, "unequal_samples") == 1);
    lk_measure_options options = lk_measure_options_default();
    options.atol = 1;
    assert_ok(lk_measure_run(&r, engine, "identity", &a, &b, &options, &err));
    assert_true(detail(&r, "allclose") == 1 && r.value == 0);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

static void test_unknown_measure(void **state) {
    (void)state;
    lk_error err;
    lk_measure_result r;
    lk_image none = {0};
    assert_refused(LK_E_USAGE, lk_measure_run(&r, NULL, "nonsense", &none, &none, NULL, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_level_apart),
        cmocka_unit_test(test_unknown_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
