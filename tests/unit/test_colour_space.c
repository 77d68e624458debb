/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "image/colour_space.h"

static const struct {
    uint8_t rgb[3];
    double lightness, a, b;
} cases[] = {
#include "tests/oracle/colour_space/colour_space_values.inc"
};

static void test_lab_as_scikit_image(void **state) {
    (void)state;
    float table[256], lab[3];
    colour_linear_table(table);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        colour_lab_row(&lab[0], &lab[1], &lab[2], cases[i].rgb, table, 1);
        double worst = fmax(fabs(lab[0] - cases[i].lightness),
                            fmax(fabs(lab[1] - cases[i].a), fabs(lab[2] - cases[i].b)));
        if (!(worst < 1e-3)) {
            fail_msg("%d %d %d: %g off", cases[i].rgb[0], cases[i].rgb[1], cases[i].rgb[2], worst);
        }
    }
}

/* Grays have no colour beyond rounding, and no level is lost at the ends. */
static void test_grays(void **state) {
    (void)state;
    float table[256], lightness, a, b;
    colour_linear_table(table);
    assert_true(table[0] == 0 && table[255] == 1);
    for (int level = 0; level < 256; level++) {
        const uint8_t rgb[3] = {(uint8_t)level, (uint8_t)level, (uint8_t)level};
        colour_lab_row(&lightness, &a, &b, rgb, table, 1);
        assert_true(fabsf(a) < 0.01f && fabsf(b) < 0.02f && lightness >= -1e-4f &&
                    lightness <= 100.001f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lab_as_scikit_image),
        cmocka_unit_test(test_grays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
