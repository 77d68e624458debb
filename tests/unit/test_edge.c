/* SPDX-License-Identifier: Apache-2.0 */
/* Edges against OpenCV's, pixel for pixel; the distance transform and the Hausdorff distances against their definitions. What
 * the row makes of pairs is held in test_measure_oracles.c. */
#include "tests/unit/harness.h"

#include <math.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "base/rng.h"
#include "feature/canny.h"
#include "feature/distance_transform.h"
#include "feature/hausdorff.h"
#include "image/colour.h"
#include "tests/unit/pattern.h"

struct oracle_places {
    const char *picture;
    double low, high;
    int32_t count;
    uint32_t hash; /* FNV-1a, a whole index at a time */
};

static const struct oracle_places oracle[] = {
#include "tests/oracle/edge/edge_places.inc"
};

/* false: a photo that is not there. */
static bool make_gray(lk_image *out, lk_engine *engine, const char *picture) {
    lk_error err;
    lk_image image;
    int width, height, channels, share;
    char file[128], path[512], name[160];
    if (sscanf(picture, "pattern %d %d %d %d", &width, &height, &channels, &share) == 4) {
        assert_ok(lk_image_new(&image, width, height, channels, 8, &err));
        pattern_fill(&image, 1, share);
    } else {
        assert_int_equal(sscanf(picture, "photo %127s", file), 1);
        snprintf(name, sizeof name, "data/photos/%s", file);
        if (access(shared_path(path, name), R_OK) != 0) {
            return false;
        }
        lk_load_options options = {.keep_profile = true};
        assert_ok(lk_image_load(&image, NULL, engine, path, &options, &err));
    }
    assert_ok(colour_to_gray8(out, NULL, &image, &err));
    lk_image_release(&image);
    return true;
}

static uint32_t hash_places(int32_t *count, const lk_image *edges) {
    uint32_t hash = 0x811c9dc5u, index = 0;
    *count = 0;
    for (int32_t y = 0; y < edges->height; y++) {
        for (int32_t x = 0; x < edges->width; x++, index++) {
            if (image_row(edges, y)[x]) {
                hash = (hash ^ index) * 0x01000193u;
                ++*count;
            }
        }
    }
    return hash;
}

static void check_places(const char *cpu, int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = cpu;
    options.threads = threads;
    size_t skipped = 0;
    assert_ok(lk_engine_new(&engine, &options, &err));
    for (size_t i = 0; i < ARRAY_COUNT(oracle); i++) {
        lk_image gray, edges;
        if (!make_gray(&gray, engine, oracle[i].picture)) {
            skipped++;
            continue;
        }
        struct edge_limits limits = {.low = oracle[i].low, .high = oracle[i].high};
        assert_ok(edge_detect(&edges, engine, &gray, limits, &err));
        int32_t count;
        uint32_t hash = hash_places(&count, &edges);
        if (count != oracle[i].count || hash != oracle[i].hash) {
            fail_msg("%s, %g, %g: %d edge pixels, wanted %d", oracle[i].picture, limits.low,
                     limits.high, count, oracle[i].count);
        }
        lk_image_release(&gray);
        lk_image_release(&edges);
    }
    print_message("%zu edge pictures, %zu without their photo\n", ARRAY_COUNT(oracle), skipped);
    lk_engine_free(engine);
}

static void test_places(void **state) {
    (void)state;
    check_places("c", 1);
    check_places(NULL, 2);
}

/* 255 with a chance of one in `rarity`; none at all for 0. */
static lk_image random_mask(int32_t width, int32_t height, uint32_t rarity, uint64_t seed) {
    lk_error err;
    lk_image mask;
    struct rng rng;
    rng_init(&rng, seed);
    assert_ok(lk_image_new(&mask, width, height, 1, 8, &err));
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            image_row(&mask, y)[x] = rarity && rng_below(&rng, rarity) == 0 ? 255 : 0;
        }
    }
    return mask;
}

static int32_t naive_distance(const lk_image *mask, int32_t x, int32_t y) {
    int32_t least = DISTANCE_NONE;
    for (int32_t v = 0; v < mask->height; v++) {
        for (int32_t u = 0; u < mask->width; u++) {
            int32_t d = (u - x) * (u - x) + (v - y) * (v - y);
            least = image_row(mask, v)[u] && d < least ? d : least;
        }
    }
    return least;
}

static void test_distance_transform(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {1, 40}, {40, 1}, {2, 5}, {37, 23}, {600, 3}};
    static const uint32_t rarities[] = {0, 1, 3, 40, 400};
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t s = 0; s < ARRAY_COUNT(sizes); s++) {
        for (size_t r = 0; r < ARRAY_COUNT(rarities); r++) {
            lk_image mask = random_mask(sizes[s][0], sizes[s][1], rarities[r], s + 10 * r);
            int32_t *squared;
            assert_ok(distance_transform(&squared, engine, &mask, &err));
            for (int32_t y = 0; y < mask.height; y++) {
                for (int32_t x = 0; x < mask.width; x++) {
                    assert_int_equal(squared[y * mask.width + x], naive_distance(&mask, x, y));
                }
            }
            mem_free(squared);
            lk_image_release(&mask);
        }
    }
    lk_engine_free(engine);
}

/* One pixel in the last corner of the longest picture there is: its square just fits; a longer one is refused. */
static void test_distance_limits(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image mask;
    int32_t *squared;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_image_new(&mask, DISTANCE_SIDE_MAX, 2, 1, 8, &err));
    memset(mask.data, 0, mask.stride * 2);
    image_row(&mask, 1)[DISTANCE_SIDE_MAX - 1] = 1;
    assert_ok(distance_transform(&squared, engine, &mask, &err));
    assert_int_equal(squared[0], 32766 * 32766 + 1);
    mem_free(squared);
    lk_image_release(&mask);
    assert_ok(lk_image_new(&mask, DISTANCE_SIDE_MAX + 1, 1, 1, 8, &err));
    assert_refused(LK_E_SIZE, distance_transform(&squared, engine, &mask, &err));
    assert_null(squared);
    lk_image_release(&mask);
    lk_engine_free(engine);
}

/* Ten pixels in a row against one at its left end: distances 0 to 9. */
static void test_hausdorff(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_image line = random_mask(10, 1, 1, 1), dot = random_mask(10, 1, 0, 1);
    lk_image empty = random_mask(10, 1, 0, 1);
    int32_t *to_dot, *to_none;
    struct hausdorff_options options = {.quantile = 0.75, .reach = 2};
    struct hausdorff_way way;
    dot.data[0] = 1;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(distance_transform(&to_dot, engine, &dot, &err));
    assert_ok(distance_transform(&to_none, engine, &empty, &err));
    assert_ok(hausdorff_way(&way, &line, to_dot, &options, &err));
    assert_true(way.pixels == 10 && way.most == 9 && way.mean == 4.5 && way.quantile == 7);
    assert_true(way.met == 0.3);
    options.quantile = 1;
    assert_ok(hausdorff_way(&way, &line, to_dot, &options, &err));
    assert_true(way.quantile == 9);
    assert_ok(hausdorff_way(&way, &line, to_none, &options, &err));
    assert_true(isinf(way.most) && isinf(way.mean) && isinf(way.quantile) && way.met == 0);
    assert_ok(hausdorff_way(&way, &empty, to_none, &options, &err));
    assert_true(way.pixels == 0 && way.most == 0 && way.mean == 0 && way.met == 1);
    mem_free(to_dot);
    mem_free(to_none);
    lk_image_release(&line);
    lk_image_release(&dot);
    lk_image_release(&empty);
    lk_engine_free(engine);
}

/* A square moved by ten pixels, a flat picture, and settings out of range. */
static void test_row(void **state) {
    (void)state;
    lk_error err;
    lk_engine *engine;
    lk_measure_result r;
    lk_measure_options options = lk_measure_options_default();
    lk_image a = random_mask(100, 80, 0, 1), b = random_mask(100, 80, 0, 1),
             flat = random_mask(100, 80, 0, 1);
    for (int32_t y = 20; y < 50; y++) {
        memset(image_row(&a, y) + 20, 200, 30);
        memset(image_row(&b, y) + 30, 200, 30);
    }
    options.want_maps = true;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    assert_ok(lk_measure_run(&r, engine, "edge", &a, &b, &options, &err));
    assert_true(r.details[0].number == 10 && r.value > 2 && r.value < 10);
    assert_true(r.score > 0.35 && r.score < 0.45);
    assert_int_equal(r.picture.width, 100);
    assert_int_equal(r.picture.channels, 3);
    lk_measure_result_release(&r);
    assert_ok(lk_measure_run(&r, engine, "edge", &a, &flat, &options, &err));
    assert_true(isinf(r.value) && r.score == 0);
    lk_measure_result_release(&r);
    assert_ok(lk_measure_run(&r, engine, "edge", &flat, &flat, NULL, &err));
    assert_true(r.value == 0 && r.score == 1);
    assert_null(r.picture.data);
    lk_measure_result_release(&r);
    assert_ok(lk_measure_options_set(&options, "edge.quantile=1", &err));
    assert_true(options.edge_quantile == 1);
    assert_refused(LK_E_USAGE, lk_measure_options_set(&options, "edge.quantile=0", &err));
    assert_ok(lk_measure_options_set(&options, "edge.low=101", &err));
    assert_refused(LK_E_USAGE, lk_measure_run(&r, engine, "edge", &a, &b, &options, &err));
    lk_image_release(&a);
    lk_image_release(&b);
    lk_image_release(&flat);
    lk_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_distance_transform),
        cmocka_unit_test(test_distance_limits),
        cmocka_unit_test(test_hausdorff),
        cmocka_unit_test(test_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
