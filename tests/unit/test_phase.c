/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "image/fft.h"
#include "image/filter.h"
#include "image/image.h"
#include "image/warp.h"
#include "motion/phase.h"
#include "tests/unit/pattern.h"

static const struct {
    int32_t width, height, share, dx, dy, quarters, disturbed, upsample;
    double y, x; /* what scikit-image shifts the second picture by */
} cases[] = {
#include "tests/oracle/phase/phase_values.inc"
};

static lk_engine *new_engine(void) {
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    return engine;
}

static int32_t wrap(int32_t i, int32_t n) {
    return (i % n + n) % n;
}

static void to_plane(struct plane *out, const lk_image *gray) {
    lk_error err;
    assert_ok(plane_new(out, gray->width, gray->height, &err));
    for (int32_t y = 0; y < gray->height; y++) {
        for (int32_t x = 0; x < gray->width; x++) {
            plane_row(out, y)[x] = image_row(gray, y)[x];
        }
    }
}

static void make_pair(struct plane out[2], size_t i) {
    lk_error err;
    lk_image a, b;
    int32_t width = cases[i].width, height = cases[i].height, q = cases[i].quarters;
    assert_ok(lk_image_new(&a, width, height, 1, 8, &err));
    assert_ok(lk_image_new(&b, width, height, 1, 8, &err));
    pattern_fill(&a, 1, cases[i].share);
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *from = image_row(&a, wrap(y - cases[i].dy, height));
        for (int32_t x = 0; x < width; x++) {
            int32_t near = from[wrap(x - cases[i].dx, width)],
                    far = from[wrap(x - cases[i].dx - 1, width)];
            image_row(&b, y)[x] = (uint8_t)(((4 - q) * near + q * far + 2) / 4);
        }
    }
    if (cases[i].disturbed) {
        pattern_disturb(&b, 9);
    }
    to_plane(&out[0], &a);
    to_plane(&out[1], &b);
    lk_image_release(&a);
    lk_image_release(&b);
}

static void test_shift_as_scikit_image(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = new_engine();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plane pair[2];
        struct phase_shift s;
        make_pair(pair, i);
        assert_ok(phase_shift(&s, engine, &pair[0], &pair[1], cases[i].upsample, &err));
        if (fabs(s.x + cases[i].x) > 1e-6 || fabs(s.y + cases[i].y) > 1e-6) {
            fail_msg("case %zu: %g, %g, not %g, %g", i, -s.x, -s.y, cases[i].x, cases[i].y);
        }
        assert_true(s.peak > 0 && s.peak <= 1 + 1e-9);
        plane_release(&pair[0]);
        plane_release(&pair[1]);
    }
    lk_engine_free(engine);
}

/* Against the sum of the definition, sizes even, odd, prime and one; and back. */
static void test_fft(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {8, 4}, {5, 7}, {13, 16}, {1, 31}, {12, 1}};
    const double pi = acos(-1.0);
    lk_error err;
    lk_engine *engine = new_engine();
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int32_t width = sizes[k][0], height = sizes[k][1];
        struct spectrum s, original;
        struct rng rng;
        rng_init(&rng, k);
        assert_ok(spectrum_new(&s, width, height, &err));
        assert_ok(spectrum_new(&original, width, height, &err));
        size_t doubles = 2 * (size_t)width * (size_t)height;
        for (size_t i = 0; i < doubles; i++) {
            original.data[i] = s.data[i] = (double)rng_below(&rng, 2000) / 1000 - 1;
        }
        assert_ok(fft_2d(&s, engine, false, &err));
        for (int32_t v = 0; v < height; v++) {
            for (int32_t u = 0; u < width; u++) {
                double re = 0, im = 0;
                for (int32_t y = 0; y < height; y++) {
                    for (int32_t x = 0; x < width; x++) {
                        double angle = -2 * pi * ((double)u * x / width + (double)v * y / height);
                        const double *f = spectrum_at(&original, x, y);
                        re += f[0] * cos(angle) - f[1] * sin(angle);
                        im += f[0] * sin(angle) + f[1] * cos(angle);
                    }
                }
                const double *got = spectrum_at(&s, u, v);
                assert_true(fabs(got[0] - re) < 1e-11 && fabs(got[1] - im) < 1e-11);
            }
        }
        assert_ok(fft_2d(&s, engine, true, &err));
        for (size_t i = 0; i < doubles; i++) {
            assert_true(fabs(s.data[i] - original.data[i]) < 1e-13);
        }
        spectrum_release(&s);
        spectrum_release(&original);
    }
    lk_engine_free(engine);
}

/* Blobs of many sizes: a picture with something at every frequency and place. */
static lk_image blobs(int32_t width, int32_t height) {
    lk_error err;
    lk_image image;
    struct rng rng;
    rng_init(&rng, 21);
    assert_ok(lk_image_new(&image, width, height, 1, 8, &err));
    memset(image.data, 90, image.stride * (size_t)height);
    for (int i = 0; i < 500; i++) {
        int32_t cx = (int32_t)rng_below(&rng, (uint32_t)width),
                cy = (int32_t)rng_below(&rng, (uint32_t)height);
        int32_t r = 3 + (int32_t)rng_below(&rng, 22);
        uint8_t level = (uint8_t)rng_below(&rng, 256);
        for (int32_t y = cy - r; y <= cy + r; y++) {
            for (int32_t x = cx - r; x <= cx + r; x++) {
                if (x >= 0 && y >= 0 && x < width && y < height &&
                    (x - cx) * (x - cx) + (y - cy) * (y - cy) <= r * r) {
                    image_row(&image, y)[x] = level;
                }
            }
        }
    }
    return image;
}

static void test_known_moves(void **state) {
    (void)state;
    static const double moves[][4] = {{0, 1, 11.5, -7}, {12, 1, 4, 9},     {-31, 1.1, -12, 3},
                                      {90, 1, 0, 0},    {170, 0.9, 5, -8}, {-140, 1.25, 10, 10},
                                      {3, 0.8, -20, 14}};
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image a = blobs(420, 380);
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        lk_image b;
        struct phase_similarity p;
        double angle = moves[i][0] * acos(-1.0) / 180, scale = moves[i][1];
        double c = scale * cos(angle), s = scale * sin(angle), cx = 209.5, cy = 189.5;
        const double h[9] = {c, -s, cx - c * cx + s * cy + moves[i][2],
                             s, c,  cy - s * cx - c * cy + moves[i][3],
                             0, 0,  1};
        assert_ok(image_warp(&b, NULL, engine, &a, h, a.width, a.height, &err));
        assert_ok(phase_similarity(&p, engine, &a, &b, &err));
        bool good = p.found && fabs(remainder(p.rotation_deg - moves[i][0], 360)) < 0.3 &&
                    fabs(p.scale / scale - 1) < 0.006 && fabs(p.shift_x - moves[i][2]) < 1 &&
                    fabs(p.shift_y - moves[i][3]) < 1;
        if (!good) {
            fail_msg("move %zu: %g deg, x %g, %g, %g, peak %g", i, p.rotation_deg, p.scale,
                     p.shift_x, p.shift_y, p.peak);
        }
        lk_image_release(&b);
    }
    lk_image_release(&a);
    lk_engine_free(engine);
}

/* Nothing in common, or nothing at all: no move is claimed. */
static void test_nothing_to_find(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine = new_engine();
    lk_image a = blobs(300, 200), b;
    struct phase_similarity p;
    assert_ok(lk_image_new(&b, 300, 200, 1, 8, &err));
    pattern_fill(&b, 4, 100);
    assert_ok(phase_similarity(&p, engine, &a, &b, &err));
    assert_false(p.found);
    memset(b.data, 7, b.stride * 200);
    assert_ok(phase_similarity(&p, engine, &a, &b, &err));
    assert_false(p.found);
    assert_ok(phase_similarity(&p, engine, &b, &b, &err));
    assert_true(p.found && p.scale == 1 && p.shift_x == 0 && p.rotation_deg == 0);
    lk_image_release(&a);
    lk_image_release(&b);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fft),
        cmocka_unit_test(test_shift_as_scikit_image),
        cmocka_unit_test(test_known_moves),
        cmocka_unit_test(test_nothing_to_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
