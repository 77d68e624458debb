/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "feature/fast.h"
#include "tests/unit/pattern.h"

enum { EDGE = 4 };

static const struct fast_case {
    int32_t width, height, seed, share, threshold;
    size_t count;
    uint64_t hash; /* FNV-1a over y, x, score of OpenCV's corners, row by row */
} cases[] = {
#include "tests/oracle/orb/fast_values.inc"
};

static lk_engine *engine;

static int open_engine(void **state) {
    (void)state;
    return lk_engine_new(&engine, NULL, NULL) == LK_OK ? 0 : -1;
}

static int close_engine(void **state) {
    (void)state;
    lk_engine_free(engine);
    return 0;
}

static uint64_t mix(uint64_t h, int32_t v) {
    return (h ^ (uint64_t)v) * 0x100000001b3u;
}

static void test_as_opencv(void **state) {
    (void)state;
    lk_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fast_case *c = &cases[i];
        lk_image gray;
        struct corners found;
        assert_ok(lk_image_new(&gray, c->width, c->height, 1, 8, &err));
        pattern_fill(&gray, (uint32_t)c->seed, c->share);
        assert_ok(fast_detect(&found, engine, &gray, c->threshold, EDGE, &err));
        uint64_t hash = 0xcbf29ce484222325u;
        size_t count = 0;
        for (size_t k = 0; k < found.count; k++) {
            const struct corner *p = &found.items[k];
            /* At the edge ours has no neighbours that could suppress it. */
            if (p->x > EDGE && p->y > EDGE && p->x < c->width - 1 - EDGE &&
                p->y < c->height - 1 - EDGE) {
                hash = mix(mix(mix(hash, p->y), p->x), p->score);
                count++;
            }
        }
        assert_int_equal(count, c->count);
        assert_true(hash == c->hash);
        corners_release(&found);
        lk_image_release(&gray);
    }
}

static void test_nothing_to_find(void **state) {
    (void)state;
    lk_error err;
    const int32_t sizes[][2] = {{1, 1}, {7, 7}, {8, 8}, {10, 3}, {100, 80}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lk_image gray;
        struct corners found;
        assert_ok(lk_image_new(&gray, sizes[i][0], sizes[i][1], 1, 8, &err));
        memset(gray.data, 77, gray.stride * (size_t)gray.height);
        assert_ok(fast_detect(&found, engine, &gray, 1, EDGE, &err));
        assert_int_equal(found.count, 0);
        corners_release(&found);
        lk_image_release(&gray);
    }
}

/* A single bright pixel: its whole circle is darker by 200. */
static void test_single_pixel(void **state) {
    (void)state;
    lk_error err;
    lk_image gray;
    struct corners found;
    assert_ok(lk_image_new(&gray, 20, 20, 1, 8, &err));
    memset(gray.data, 50, gray.stride * 20);
    image_row(&gray, 9)[11] = 250;
    assert_ok(fast_detect(&found, engine, &gray, 20, EDGE, &err));
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].x, 11);
    assert_int_equal(found.items[0].y, 9);
    assert_int_equal(found.items[0].score, 199);
    corners_release(&found);
    assert_ok(fast_detect(&found, engine, &gray, 200, EDGE, &err));
    assert_int_equal(found.count, 0);
    corners_release(&found);
    lk_image_release(&gray);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_opencv),
        cmocka_unit_test(test_nothing_to_find),
        cmocka_unit_test(test_single_pixel),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
