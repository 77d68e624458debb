/* SPDX-License-Identifier: Apache-2.0 */
/* The contest of originals of which a photo shows one at most, and what becomes of the verdict. */
#include "tests/unit/harness.h"

#include <likeness/verify.h>
#include <math.h>

#include "base/compiler.h"

/* A pair that its own rules call the same. */
static lk_verification pair(double alone) {
    lk_verification v = {.alone = alone, .probability = alone};
    lk_error err;
    assert_ok(lk_policy_built_in(&v.policy, "photos", &err));
    v.quality.stars = 5;
    v.comparison.verdict = LK_SAME;
    v.comparison.alignment.coverage = v.comparison.alignment.looked_scale = 1;
    return v;
}

static lk_rival rival(const char *id, double alone) {
    lk_rival r = {.version = 2, .alone = alone};
    snprintf(r.id, sizeof r.id, "%s", id);
    return r;
}

static bool says(const lk_verification *v, const char *part) {
    for (int32_t i = 0; i < v->reason_count; i++) {
        if (strstr(v->reasons[i], part)) {
            return true;
        }
    }
    return false;
}

static void test_probabilities(void **state) {
    (void)state;
    lk_verification v = pair(0.9);
    const lk_rival rivals[] = {rival("a", 0.5), rival("b", 0.75)}; /* odds 9, 1 and 3 */
    lk_verification_weigh(&v, rivals, 2);
    assert_true(fabs(v.probability - 0.9 * 81 / 91) < 1e-12);
    assert_true(fabs(v.rivals[0].probability - 0.5 / 91) < 1e-12);
    assert_true(fabs(v.rivals[1].probability - 0.75 * 9 / 91) < 1e-12);
    assert_true(v.alone == 0.9);
    lk_verification_weigh(&v, rivals, 2); /* asked again: the same */
    assert_true(fabs(v.probability - 0.9 * 81 / 91) < 1e-12);
    assert_int_equal(v.verdict, LK_CANNOT_TELL);
    assert_true(says(&v, "b@2"));
}

static void test_nobody_else(void **state) {
    (void)state;
    lk_verification v = pair(0.99);
    lk_verification_weigh(&v, NULL, 0);
    assert_true(fabs(v.probability - 0.99) < 1e-12);
    assert_int_equal(v.verdict, LK_SAME);
    assert_int_equal(v.intact, LK_INTACT);
}

static void test_a_weak_rival(void **state) {
    (void)state;
    lk_verification v = pair(0.999);
    const lk_rival weak = rival("weak", 0.3);
    lk_verification_weigh(&v, &weak, 1);
    assert_int_equal(v.verdict, LK_SAME);
    assert_true(v.probability < 0.999);
}

static void test_beaten(void **state) {
    (void)state;
    lk_verification v = pair(0.97);
    const lk_rival strong = rival("sister", 0.9999);
    lk_verification_weigh(&v, &strong, 1);
    assert_int_equal(v.verdict, LK_DIFFERENT);
    assert_int_equal(v.intact, LK_INTACT_UNKNOWN);
    assert_true(says(&v, "sister@2"));
}

/* Certainties do not divide by nothing. */
static void test_limits(void **state) {
    (void)state;
    lk_verification v = pair(1);
    lk_rival many[LK_RIVALS_MOST + 4];
    for (size_t i = 0; i < ARRAY_COUNT(many); i++) {
        many[i] = rival("r", i % 2 ? 1 : 0);
    }
    lk_verification_weigh(&v, many, (int32_t)ARRAY_COUNT(many));
    assert_int_equal(v.rival_count, LK_RIVALS_MOST);
    assert_true(v.probability > 0.11 && v.probability < 0.12); /* one of nine */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probabilities), cmocka_unit_test(test_nobody_else),
        cmocka_unit_test(test_a_weak_rival),  cmocka_unit_test(test_beaten),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
