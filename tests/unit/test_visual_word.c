/* SPDX-License-Identifier: Apache-2.0 */
/* Visual words against a naive count, keypoints kept and read again, and what is refused. */
#include "tests/unit/drawn_scene.h"

#include <math.h>

#include "feature/sift_pack.h"
#include "feature/visual_word.h"
#include "image/engine.h"

struct fixture {
    lk_engine *engine;
    struct sift_points points;
};

static int setup(void **state) {
    lk_error err;
    static struct fixture f;
    lk_image scene = scene_make(5, 0), gray;
    assert_ok(lk_engine_new(&f.engine, NULL, &err));
    assert_ok(lk_image_to_gray(&gray, &scene, &err));
    assert_ok(sift_detect(&f.points, f.engine, &gray, NULL, &err));
    assert_true(f.points.count > 300);
    lk_image_release(&scene);
    lk_image_release(&gray);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    sift_points_release(&f->points);
    lk_engine_free(f->engine);
    return 0;
}

/* The nearest centre of a half, by the definition. */
static int32_t nearest(const uint8_t *d, int half) {
    int32_t best = -1;
    int64_t least = INT64_MAX;
    for (int32_t c = 0; c < VISUAL_HALF_WORDS; c++) {
        int64_t sum = 0;
        for (int32_t i = 0; i < VISUAL_HALF_BYTES; i++) {
            int64_t x = d[half * VISUAL_HALF_BYTES + i] -
                        visual_word_centres[(half * VISUAL_HALF_WORDS + c) * VISUAL_HALF_BYTES + i];
            sum += x * x;
        }
        if (sum < least) {
            least = sum;
            best = c;
        }
    }
    return best;
}

static void test_words(void **state) {
    struct fixture *f = *state;
    lk_error err;
    struct visual_word w[300];
    int words = 0;
    assert_ok(visual_words_of(w, f->engine, &f->points, 300, 500, &err));
    for (size_t i = 0; i < 300; i++) {
        const uint8_t *d = f->points.descriptors + i * SIFT_BYTES;
        assert_int_equal(w[i].word, nearest(d, 0) * VISUAL_HALF_WORDS + nearest(d, 1));
        assert_int_equal(w[i].turn, (uint8_t)(int)(f->points.points[i].turn * 256));
        assert_int_equal(w[i].size,
                         lround(8 * log2((double)f->points.points[i].sigma * 1024 / 500)));
        words += i == 0 || w[i].word != w[i - 1].word;
    }
    assert_true(words > 100);
}

/* A descriptor that is moved a little keeps most bits of its sketch; of two that have nothing in common half differ. */
static void test_sketches(void **state) {
    struct fixture *f = *state;
    lk_error err;
    struct visual_word before[300], after[300];
    struct rng rng;
    double near = 0, far = 0;
    rng_init(&rng, 3);
    assert_ok(visual_words_of(before, f->engine, &f->points, 300, 500, &err));
    for (size_t i = 0; i < (size_t)300 * SIFT_BYTES; i++) {
        int32_t v = f->points.descriptors[i] + (int32_t)rng_below(&rng, 13) - 6;
        f->points.descriptors[i] = (uint8_t)(v < 0 ? 0 : v > 127 ? 127 : v);
    }
    assert_ok(visual_words_of(after, f->engine, &f->points, 300, 500, &err));
    for (int i = 0; i < 300; i++) {
        near += __builtin_popcountll(before[i].sketch ^ after[i].sketch) / 300.0;
        far += __builtin_popcountll(before[i].sketch ^ after[299 - i].sketch) / 300.0;
    }
    assert_true(near < 10);
    assert_true(far > 24);
}

static void test_bytes(void **state) {
    (void)state;
    uint8_t bytes[VISUAL_WORD_BYTES];
    const struct visual_word w = {0x0123456789abcdef, 0x3fed, 200, -77};
    struct visual_word again;
    visual_word_write(bytes, &w);
    assert_int_equal(bytes[0], 0xef);
    assert_int_equal(bytes[8], 0xed);
    visual_word_read(&again, bytes);
    assert_true(again.sketch == w.sketch && again.word == w.word && again.turn == w.turn &&
                again.size == w.size);
}

static void test_pack(void **state) {
    struct fixture *f = *state;
    lk_error err;
    lk_bytes bytes;
    struct sift_points again;
    assert_ok(sift_pack(&bytes, &f->points, &err));
    assert_ok(sift_unpack(&again, bytes.data, bytes.size, &err));
    assert_int_equal(again.count, f->points.count);
    assert_memory_equal(again.points, f->points.points, again.count * sizeof *again.points);
    assert_memory_equal(again.descriptors, f->points.descriptors, again.count * SIFT_BYTES);
    sift_points_release(&again);
    assert_refused(LK_E_CORRUPT, sift_unpack(&again, bytes.data, bytes.size - 1, &err));
    assert_refused(LK_E_CORRUPT, sift_unpack(&again, bytes.data, 3, &err));
    bytes.data[bytes.size - 1] = 128; /* above what matching takes */
    assert_refused(LK_E_CORRUPT, sift_unpack(&again, bytes.data, bytes.size, &err));
    bytes.data[bytes.size - 1] = 0;
    memset(bytes.data + 4, 0xff, 4); /* x is not a number */
    assert_refused(LK_E_CORRUPT, sift_unpack(&again, bytes.data, bytes.size, &err));
    memset(bytes.data, 0xff, 4);
    assert_refused(LK_E_CORRUPT, sift_unpack(&again, bytes.data, bytes.size, &err));
    lk_bytes_release(&bytes);
    const struct sift_points none = {0};
    assert_ok(sift_pack(&bytes, &none, &err));
    assert_ok(sift_unpack(&again, bytes.data, bytes.size, &err));
    assert_int_equal(again.count, 0);
    sift_points_release(&again);
    lk_bytes_release(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_sketches),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_pack),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
