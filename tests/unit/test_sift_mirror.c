/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "feature/sift_mirror.h"
#include "tests/unit/blobs.h"

static void mirror_pixels(lk_image *out, const lk_image *from) {
    lk_error err;
    assert_ok(lk_image_new(out, from->width, from->height, 1, 8, &err));
    for (int32_t y = 0; y < from->height; y++) {
        for (int32_t x = 0; x < from->width; x++) {
            image_row(out, y)[x] = image_row(from, y)[from->width - 1 - x];
        }
    }
}

static bool is_same_point(const struct sift_point *p, const struct sift_point *q) {
    double off = hypot((double)p->x - q->x, (double)p->y - q->y);
    return off < 0.05 * p->sigma && fabs((double)p->sigma / q->sigma - 1) < 0.05 &&
           fabs(remainder((double)p->turn - q->turn, 1)) < 0.01;
}

static double cosine(const uint8_t *a, const uint8_t *b) {
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < SIFT_BYTES; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Nearly all keypoints that the mirrored pixels have, with the descriptors they have. An octave is every other pixel of the one
 * before, the others from the other side: hence not quite all, and not to the last digit. */
static void check_against_pixels(const lk_image *gray, const struct sift_options *o) {
    lk_error err;
    lk_engine *engine = NULL;
    lk_image turned;
    struct sift_points own, want, got;
    size_t found = 0;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    mirror_pixels(&turned, gray);
    assert_ok(sift_detect(&own, engine, gray, o, &err));
    assert_ok(sift_detect(&want, engine, &turned, o, &err));
    assert_ok(sift_mirror(&got, &own, gray->width, &err));
    assert_int_equal(got.count, own.count);
    for (size_t i = 0; i < got.count; i++) {
        for (size_t k = 0; k < want.count; k++) {
            if (is_same_point(&got.points[i], &want.points[k]) &&
                cosine(got.descriptors + i * SIFT_BYTES, want.descriptors + k * SIFT_BYTES) >
                    0.99) {
                found++;
                break;
            }
        }
    }
    print_message("%zu of %zu keypoints as in the mirrored pixels, which have %zu\n", found,
                  got.count, want.count);
    assert_true(got.count > 50 && (double)found >= 0.85 * (double)want.count &&
                (double)found >= 0.85 * (double)got.count);
    sift_points_release(&own);
    sift_points_release(&want);
    sift_points_release(&got);
    lk_image_release(&turned);
    lk_engine_free(engine);
}

static void test_as_of_mirrored_pixels(void **state) {
    (void)state;
    static struct blob blobs[BLOBS];
    const struct blob_view views[] = {{1, 0, 0, 0, 1}, {1, 33, 80, -30, 0.9}};
    lk_error err;
    lk_image gray;
    struct sift_options o = sift_options_default();
    for (size_t i = 0; i < 2; i++) {
        blobs_fill(blobs, 200, 160, 5 + i);
        assert_ok(lk_image_new(&gray, i == 0 ? 200 : 199, 160, 1, 8, &err));
        blobs_draw(&gray, blobs, BLOBS, &views[i]);
        for (o.side = 0; o.side <= 150; o.side += 150) {
            check_against_pixels(&gray, &o);
        }
        lk_image_release(&gray);
    }
}

/* Mirrored twice is what it was. */
static void test_twice(void **state) {
    (void)state;
    lk_error err;
    uint8_t descriptor[SIFT_BYTES];
    struct sift_point point = {.x = 3.25f, .y = 7, .sigma = 2, .turn = 0.875f, .response = 9};
    const struct sift_points one = {1, &point, descriptor}, none = {0};
    struct sift_points there, back;
    for (int i = 0; i < SIFT_BYTES; i++) {
        descriptor[i] = (uint8_t)i;
    }
    assert_ok(sift_mirror(&there, &one, 10, &err));
    assert_true(there.points[0].x == 5.75f && there.points[0].y == 7 &&
                there.points[0].turn == 0.625f);
    assert_int_equal(there.descriptors[1], 96 + 7);
    assert_int_equal(there.descriptors[8], 96 + 8);
    assert_ok(sift_mirror(&back, &there, 10, &err));
    assert_memory_equal(back.points, one.points, sizeof point);
    assert_memory_equal(back.descriptors, descriptor, SIFT_BYTES);
    sift_points_release(&there);
    sift_points_release(&back);
    assert_ok(sift_mirror(&back, &none, 10, &err));
    assert_int_equal(back.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_of_mirrored_pixels),
        cmocka_unit_test(test_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
