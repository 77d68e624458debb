/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "feature/orb.h"
#include "kernel/kernel_feature.h"
#include "tests/unit/pattern.h"

/* OpenCV's keypoints of one level of pattern 300 x 240, seed 4, 200/256 of noise. */
static const struct peer_keypoint {
    int32_t x, y;
    double angle_deg;
    uint8_t descriptor[DESCRIPTOR_BYTES];
} peers[] = {
#include "tests/oracle/orb/orb_values.inc"
};

static lk_engine *open_engine(const char *cpu, int32_t threads) {
    lk_engine *engine = NULL;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = cpu;
    options.threads = threads;
    return lk_engine_new(&engine, &options, NULL) == LK_OK ? engine : NULL;
}

static lk_image make_picture(int32_t width, int32_t height, uint32_t seed) {
    lk_error err;
    lk_image gray;
    assert_ok(lk_image_new(&gray, width, height, 1, 8, &err));
    pattern_fill(&gray, seed, 200);
    return gray;
}

static int32_t bits_between(const uint8_t *a, const uint8_t *b) {
    int32_t bits = 0;
    for (int i = 0; i < DESCRIPTOR_BYTES; i++) {
        bits += __builtin_popcount((unsigned)(a[i] ^ b[i]));
    }
    return bits;
}

/* Same places; angles to what OpenCV's fastAtan2 promises (0.3 degrees); bits but for ties of the smoothed levels, which OpenCV
 * keeps at 16 bits between the two passes and we at 8. */
static void test_as_opencv(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = open_engine(NULL, 1);
    lk_image gray = make_picture(300, 240, 4);
    struct orb_options options = orb_options_default();
    struct keypoints k;
    const size_t count = sizeof peers / sizeof *peers;
    options.count = (int32_t)count;
    options.levels = 1;
    options.edge = 31;
    assert_ok(orb_detect(&k, engine, &gray, &options, &err));
    assert_int_equal(k.count, count);
    int32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < k.count &&
               (k.points[at].x != (float)peers[i].x || k.points[at].y != (float)peers[i].y)) {
            at++;
        }
        assert_true(at < k.count);
        double angle = atan2(k.points[at].sin, k.points[at].cos) * 180 / M_PI;
        assert_true(fabs(remainder(angle - peers[i].angle_deg, 360)) < 0.3);
        bits += bits_between(k.descriptors + at * DESCRIPTOR_BYTES, peers[i].descriptor);
    }
    assert_true(bits < 4 * (int32_t)count);
    keypoints_release(&k);
    lk_image_release(&gray);
    lk_engine_free(engine);
}

static void test_same_everywhere(void **state) {
    (void)state;
    static const char *const cpus[] = {"c", "avx2", "avx512"};
    lk_error err;
    lk_image gray = make_picture(333, 257, 1);
    struct keypoints want = {0};
    for (size_t i = 0; i < 3; i++) {
        lk_engine *engine = open_engine(cpus[i], i == 0 ? 1 : 2);
        if (!engine) {
            print_message("this machine has no %s\n", cpus[i]);
            continue;
        }
        struct keypoints k;
        assert_ok(orb_detect(&k, engine, &gray, NULL, &err));
        assert_true(k.count > 400);
        if (i == 0) {
            want = k;
        } else {
            assert_int_equal(k.count, want.count);
            assert_memory_equal(k.points, want.points, k.count * sizeof *k.points);
            assert_memory_equal(k.descriptors, want.descriptors, k.count * DESCRIPTOR_BYTES);
            keypoints_release(&k);
        }
        lk_engine_free(engine);
    }
    keypoints_release(&want);
    lk_image_release(&gray);
}

/* Turned by 90 degrees, which moves pixels without changing them, most descriptors stay nearly the same. */
static void test_rotation(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = open_engine(NULL, 1);
    lk_image gray = make_picture(200, 160, 3), turned;
    assert_ok(lk_image_new(&turned, 160, 200, 1, 8, &err));
    for (int32_t y = 0; y < 160; y++) {
        for (int32_t x = 0; x < 200; x++) {
            image_row(&turned, x)[159 - y] = image_row(&gray, y)[x];
        }
    }
    struct orb_options options = orb_options_default();
    options.levels = 1;
    struct keypoints a, b;
    assert_ok(orb_detect(&a, engine, &gray, &options, &err));
    assert_ok(orb_detect(&b, engine, &turned, &options, &err));
    size_t found = 0, alike = 0;
    for (size_t i = 0; i < a.count; i++) {
        for (size_t k = 0; k < b.count; k++) {
            if (b.points[k].x == 159 - a.points[i].y && b.points[k].y == a.points[i].x) {
                found++;
                alike += bits_between(a.descriptors + i * DESCRIPTOR_BYTES,
                                      b.descriptors + k * DESCRIPTOR_BYTES) < 20;
            }
        }
    }
    assert_true((double)found > 0.95 * (double)a.count);
    assert_true((double)alike > 0.95 * (double)found);
    keypoints_release(&a);
    keypoints_release(&b);
    lk_image_release(&gray);
    lk_image_release(&turned);
    lk_engine_free(engine);
}

static void test_nothing_to_find(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = open_engine(NULL, 2);
    const int32_t sizes[][2] = {{1, 1}, {10, 10}, {38, 500}, {39, 39}, {640, 480}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lk_image gray;
        struct keypoints k;
        assert_ok(lk_image_new(&gray, sizes[i][0], sizes[i][1], 1, 8, &err));
        memset(gray.data, 200, gray.stride * (size_t)gray.height);
        assert_ok(orb_detect(&k, engine, &gray, NULL, &err));
        assert_int_equal(k.count, 0);
        keypoints_release(&k);
        lk_image_release(&gray);
    }
    lk_engine_free(engine);
}

static void test_limits(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = open_engine(NULL, 1);
    lk_image gray = make_picture(120, 100, 1), rgb;
    struct orb_options options = orb_options_default();
    struct keypoints k;
    assert_ok(lk_image_new(&rgb, 50, 50, 3, 8, &err));
    assert_refused(LK_E_USAGE, orb_detect(&k, engine, &rgb, NULL, &err));
    options.edge = 10;
    assert_refused(LK_E_USAGE, orb_detect(&k, engine, &gray, &options, &err));
    options = orb_options_default();
    options.scale = 1;
    assert_refused(LK_E_USAGE, orb_detect(&k, engine, &gray, &options, &err));
    options = orb_options_default();
    for (options.count = 1; options.count < 60; options.count += 7) {
        assert_ok(orb_detect(&k, engine, &gray, &options, &err));
        assert_true(k.count <= (size_t)options.count);
        for (size_t i = 0; i < k.count; i++) {
            const struct keypoint *p = &k.points[i];
            assert_true(p->x >= 0 && p->x <= 119 && p->y >= 0 && p->y <= 99);
            assert_true(fabs(p->cos * p->cos + p->sin * p->sin - 1) < 1e-5);
        }
        keypoints_release(&k);
    }
    lk_image_release(&gray);
    lk_image_release(&rgb);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_opencv), cmocka_unit_test(test_same_everywhere),
        cmocka_unit_test(test_rotation),  cmocka_unit_test(test_nothing_to_find),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
