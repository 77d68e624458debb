/* SPDX-License-Identifier: Apache-2.0 */
/* Patches of half a difference: one with edges of its own is raised; a highlight, a thin strip and what is not valid are not. */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/rng.h"
#include "image/image.h"
#include "verify/difference_patch.h"

enum { SIDE = 300, PATCH = 100, PATCH_SIDE = 50 };
#define Z_LIMIT 9.0
#define HALF (5.0F * 5.0F) /* squared z of the patch: above half the limit */

struct scene {
    lk_engine *engine;
    struct plane squared, a, b;
    lk_image valid;
};

static bool in_patch(int32_t x, int32_t y, int32_t width) {
    return x >= PATCH && x < PATCH + width && y >= PATCH && y < PATCH + PATCH_SIDE;
}

/* The reference has texture; the photo is the same, and the residual is half a difference in a patch of that width. */
static void scene_new(struct scene *s, int32_t width) {
    lk_error err;
    struct rng r;
    rng_init(&r, 7);
    assert_ok(lk_engine_new(&s->engine, NULL, &err));
    assert_ok(plane_new(&s->squared, SIDE, SIDE, &err));
    assert_ok(plane_new(&s->a, SIDE, SIDE, &err));
    assert_ok(plane_new(&s->b, SIDE, SIDE, &err));
    assert_ok(lk_image_new(&s->valid, SIDE, SIDE, 1, 8, &err));
    for (int32_t y = 0; y < SIDE; y++) {
        for (int32_t x = 0; x < SIDE; x++) {
            plane_row(&s->a, y)[x] = (float)(100 + 40 * rng_unit(&r));
            plane_row(&s->b, y)[x] = plane_row(&s->a, y)[x];
            plane_row(&s->squared, y)[x] = in_patch(x, y, width) ? HALF : 1;
            s->valid.data[(size_t)y * s->valid.stride + (size_t)x] = 255;
        }
    }
}

static void scene_release(struct scene *s) {
    plane_release(&s->squared);
    plane_release(&s->a);
    plane_release(&s->b);
    lk_image_release(&s->valid);
    lk_engine_free(s->engine);
}

/* Prints on the patch of the photo: fields of 6 pixels, black and white. */
static void print_on(struct scene *s, int32_t width) {
    for (int32_t y = PATCH; y < PATCH + PATCH_SIDE; y++) {
        for (int32_t x = PATCH; x < PATCH + width; x++) {
            plane_row(&s->b, y)[x] = (x / 6 + y / 6) % 2 ? 40 : 220;
        }
    }
}

/* How many pixels were raised, all of them in the patch. */
static int32_t raised(struct scene *s, int32_t width) {
    lk_error err;
    int32_t count = 0;
    assert_ok(
        difference_patches(&s->squared, s->engine, &s->a, &s->b, 0, &s->valid, Z_LIMIT, &err));
    for (int32_t y = 0; y < SIDE; y++) {
        for (int32_t x = 0; x < SIDE; x++) {
            float z = plane_row(&s->squared, y)[x];
            if (z != 1 && z != HALF) {
                assert_true(in_patch(x, y, width) && z == 4 * HALF);
                count++;
            }
        }
    }
    return count;
}

static void test_label(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, PATCH_SIDE);
    print_on(&s, PATCH_SIDE);
    assert_int_equal(raised(&s, PATCH_SIDE), PATCH_SIDE * PATCH_SIDE);
    scene_release(&s);
}

/* The texture shows through, brighter and with another contrast, and fades to nothing. */
static void test_highlight(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, PATCH_SIDE);
    for (int32_t y = 0; y < SIDE; y++) {
        for (int32_t x = 0; x < SIDE; x++) {
            double dx = x - PATCH - 25, dy = y - PATCH - 25,
                   share = exp(-(dx * dx + dy * dy) / 1800);
            float *v = &plane_row(&s.b, y)[x];
            *v = (float)(*v * (1 - 0.7 * share) + 250 * 0.7 * share);
        }
    }
    assert_int_equal(raised(&s, PATCH_SIDE), 0);
    scene_release(&s);
}

static void test_blown_out(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, PATCH_SIDE);
    for (int32_t y = PATCH; y < PATCH + PATCH_SIDE; y++) {
        for (int32_t x = PATCH; x < PATCH + PATCH_SIDE; x++) {
            plane_row(&s.b, y)[x] = 140; /* little brighter than the brightest around: no edge */
        }
    }
    assert_int_equal(raised(&s, PATCH_SIDE), 0);
    scene_release(&s);
}

/* What a misaligned edge leaves. */
static void test_strip(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, 8);
    print_on(&s, 8);
    assert_int_equal(raised(&s, 8), 0);
    scene_release(&s);
}

static void test_not_valid(void **state) {
    (void)state;
    struct scene s;
    scene_new(&s, PATCH_SIDE);
    print_on(&s, PATCH_SIDE);
    memset(s.valid.data, 0, s.valid.stride * SIDE);
    assert_int_equal(raised(&s, PATCH_SIDE), 0);
    scene_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label),     cmocka_unit_test(test_highlight),
        cmocka_unit_test(test_blown_out), cmocka_unit_test(test_strip),
        cmocka_unit_test(test_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
