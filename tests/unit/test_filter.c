/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "image/filter.h"
#include "tests/unit/pattern.h"

static void test_borders(void **state) {
    (void)state;
    static const int32_t reflect[] = {2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0}; /* -4..6 of 3 */
    static const int32_t mirror[] = {0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2};
    for (int32_t i = -4; i <= 6; i++) {
        assert_int_equal(filter_border(i, 3, BORDER_REFLECT), reflect[i + 4]);
        assert_int_equal(filter_border(i, 3, BORDER_MIRROR), mirror[i + 4]);
        assert_int_equal(filter_border(i, 1, BORDER_REFLECT), 0);
        assert_int_equal(filter_border(i, 1, BORDER_MIRROR), 0);
    }
}

static struct plane noise_plane(int32_t width, int32_t height) {
    lk_error err;
    struct plane p;
    assert_ok(plane_new(&p, width, height, &err));
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            plane_row(&p, y)[x] = (float)pattern_noise((uint32_t)x, (uint32_t)y, 0, 5);
        }
    }
    return p;
}

/* The two-dimensional sum in double, tap by tap. */
static double naive_gaussian(const struct plane *in, int32_t x, int32_t y, double sigma,
                             int32_t radius, enum border border) {
    double sum = 0, weights = 0;
    for (int32_t j = -radius; j <= radius; j++) {
        for (int32_t i = -radius; i <= radius; i++) {
            double w = exp(-(i * i + j * j) / (2 * sigma * sigma));
            sum +=
                w * plane_row(in, filter_border(y + j, in->height,
                                                border))[filter_border(x + i, in->width, border)];
            weights += w;
        }
    }
    return sum / weights;
}

static void test_gaussian(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {2, 9}, {40, 3}, {33, 29}, {700, 5}};
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int border = BORDER_REFLECT; border <= BORDER_MIRROR; border++) {
            struct plane in = noise_plane(sizes[s][0], sizes[s][1]), out;
            assert_ok(filter_gaussian(&out, engine, &in, 1.5, 3.5, (enum border)border, &err));
            for (int32_t y = 0; y < in.height; y++) {
                for (int32_t x = 0; x < in.width; x += 7) {
                    double want = naive_gaussian(&in, x, y, 1.5, 5, (enum border)border);
                    /* 22 roundings of sums up to 255 in float */
                    assert_true(fabs(plane_row(&out, y)[x] - want) < 22 * 255 * 6e-8);
                }
            }
            plane_release(&in);
            plane_release(&out);
        }
    }
    lk_engine_free(engine);
}

static void test_no_sigma_copies(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    struct plane in = noise_plane(20, 10), out;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(filter_gaussian(&out, engine, &in, 0, 3.5, BORDER_REFLECT, &err));
    assert_memory_equal(out.data, in.data, 200 * sizeof *in.data);
    plane_release(&in);
    plane_release(&out);
    lk_engine_free(engine);
}

static void test_min_max(void **state) {
    (void)state;
    lk_error err;
    struct plane in = noise_plane(21, 9), low, high;
    assert_ok(filter_min_max(&low, &high, &in, 2, &err));
    for (int32_t y = 0; y < 9; y++) {
        for (int32_t x = 0; x < 21; x++) {
            float least = 256, most = -1;
            for (int32_t j = MAX(y - 2, 0); j <= MIN(y + 2, 8); j++) {
                for (int32_t i = MAX(x - 2, 0); i <= MIN(x + 2, 20); i++) {
                    least = fminf(least, plane_row(&in, j)[i]);
                    most = fmaxf(most, plane_row(&in, j)[i]);
                }
            }
            assert_true(plane_row(&low, y)[x] == least && plane_row(&high, y)[x] == most);
        }
    }
    plane_release(&in);
    plane_release(&low);
    plane_release(&high);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_no_sigma_copies),
        cmocka_unit_test(test_min_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
