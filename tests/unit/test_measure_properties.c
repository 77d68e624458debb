/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every row of the table of measures, on pictures of every kind: identity reaches best, symmetric measures commute
 * to the bit, values stay in range, and no instruction set or number of threads changes a bit. */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "image/image.h"

enum look { FLAT, RANDOM, SHAPES };

static const struct picture {
    int32_t width, height, channels, bit_depth;
    enum look look;
} pictures[] = {
    {1, 1, 1, 8, RANDOM},     {1, 1, 4, 16, RANDOM},     {7, 7, 3, 8, RANDOM},
    {7, 200, 1, 8, RANDOM},   {64, 48, 3, 8, FLAT},      {64, 48, 1, 16, RANDOM},
    {64, 48, 4, 8, RANDOM},   {180, 170, 3, 16, RANDOM}, {200, 180, 4, 16, SHAPES},
    {321, 243, 3, 8, SHAPES}, {640, 480, 1, 8, SHAPES},  {165, 161, 1, 8, FLAT},
};

static void set_sample(lk_image *image, int32_t y, size_t i, uint32_t v) {
    if (image->bit_depth == 16) {
        image_row16(image, y)[i] = (uint16_t)v;
    } else {
        image_row(image, y)[i] = (uint8_t)v;
    }
}

/* The same kind of picture for every seed, with other content. */
static void make_picture(lk_image *out, const struct picture *p, uint64_t seed) {
    lk_error err;
    struct rng rng;
    uint32_t levels = p->bit_depth == 16 ? 65536 : 256;
    rng_init(&rng, seed);
    assert_ok(lk_image_new(out, p->width, p->height, p->channels, p->bit_depth, &err));
    size_t row = (size_t)p->width * (size_t)p->channels;
    uint32_t flat = rng_below(&rng, levels);
    for (int32_t y = 0; y < p->height; y++) {
        for (size_t i = 0; i < row; i++) {
            set_sample(out, y, i, p->look == RANDOM ? rng_below(&rng, levels) : flat);
        }
    }
    for (int n = 0; p->look == SHAPES && n < 120; n++) {
        int32_t x0 = (int32_t)rng_below(&rng, (uint32_t)p->width),
                y0 = (int32_t)rng_below(&rng, (uint32_t)p->height);
        int32_t w = 4 + (int32_t)rng_below(&rng, 40), h = 4 + (int32_t)rng_below(&rng, 40);
        uint32_t v = rng_below(&rng, levels);
        for (int32_t y = y0; y < y0 + h && y < p->height; y++) {
            for (int32_t x = x0; x < x0 + w && x < p->width; x++) {
                for (int32_t c = 0; c < p->channels; c++) {
                    set_sample(out, y, (size_t)x * (size_t)p->channels + (size_t)c,
                               (v + (uint32_t)c * 50) % levels);
                }
            }
        }
    }
}

static const char *picture_name(const struct picture *p) {
    static char name[80];
    snprintf(name, sizeof name, "%d x %d, %d channels, %d bits", p->width, p->height, p->channels,
             p->bit_depth);
    return name;
}

/* false where the measure says that it is not defined for pictures of this kind. */
static bool run(lk_measure_result *r, lk_engine *engine, const lk_measure_info *info,
                const lk_image *a, const lk_image *b) {
    lk_error err = {0};
    lk_measure_options options = lk_measure_options_default();
    options.want_maps = true;
    lk_status status = lk_measure_run(r, engine, info->name, a, b, &options, &err);
    if (status == LK_E_SIZE || status == LK_E_USAGE) {
        assert_true(err.text[0] != '\0');
        return false;
    }
    if (status != LK_OK) {
        fail_msg("%s: %s", info->name, err.text);
    }
    return true;
}

static void check_range(const lk_measure_info *info, const lk_measure_result *r,
                        const struct picture *p) {
    bool in_range =
        r->value >= info->min && r->value <= info->max && r->score >= 0 && r->score <= 1;
    if (!in_range) {
        fail_msg("%s of %s: value %g, score %g", info->name, picture_name(p), r->value, r->score);
    }
    if (r->map.data) {
        assert_int_equal(r->map.width, p->width);
        assert_int_equal(r->map.height, p->height);
        for (int64_t i = 0; i < (int64_t)p->width * p->height; i++) {
            assert_true(r->map.data[i] >= 0 && r->map.data[i] <= 1);
        }
    }
}

/* A count (orb's inliers) has no best value: a picture then has at least as much in common with itself as with another. */
static bool is_best(const lk_measure_info *info, const lk_measure_result *self,
                    const lk_measure_result *other) {
    const double counts_from = 1e9;
    return info->best < counts_from ? self->value == info->best && self->score == 1
                                    : self->value >= other->value && self->score >= other->score;
}

static void check_identity(lk_engine *engine, const lk_measure_info *info,
                           const struct picture *p) {
    lk_image a, b;
    lk_measure_result self, other;
    make_picture(&a, p, 1);
    make_picture(&b, p, 2);
    bool defined = run(&self, engine, info, &a, &a);
    assert_true(run(&other, engine, info, &a, &b) == defined);
    if (defined) {
        if (!is_best(info, &self, &other)) {
            fail_msg("%s of %s with itself: value %.17g, score %.17g", info->name, picture_name(p),
                     self.value, self.score);
        }
        check_range(info, &self, p);
        for (int64_t i = 0; self.map.data && i < (int64_t)p->width * p->height; i++) {
            assert_true(self.map.data[i] == 0);
        }
    }
    lk_measure_result_release(&self);
    lk_measure_result_release(&other);
    lk_image_release(&a);
    lk_image_release(&b);
}

static void check_pair(lk_engine *engine, const lk_measure_info *info, const struct picture *p) {
    lk_image a, b;
    lk_measure_result forth = {0}, back = {0};
    make_picture(&a, p, 1);
    make_picture(&b, p, 2);
    bool defined = run(&forth, engine, info, &a, &b);
    assert_true(run(&back, engine, info, &b, &a) == defined);
    if (defined) {
        check_range(info, &forth, p);
        check_range(info, &back, p);
        if (info->symmetric && (forth.value != back.value || forth.score != back.score)) {
            fail_msg("%s of %s: %.17g one way, %.17g the other", info->name, picture_name(p),
                     forth.value, back.value);
        }
    }
    lk_measure_result_release(&forth);
    lk_measure_result_release(&back);
    lk_image_release(&a);
    lk_image_release(&b);
}

static void each_row(void (*check)(lk_engine *engine, const lk_measure_info *info,
                                   const struct picture *p)) {
    lk_error err;
    lk_engine *engine;
    assert_ok(lk_engine_new(&engine, NULL, &err));
    for (size_t i = 0; i < lk_measure_count(); i++) {
        for (size_t k = 0; k < sizeof pictures / sizeof *pictures; k++) {
            check(engine, lk_measure_at(i), &pictures[k]);
        }
    }
    lk_engine_free(engine);
}

static void test_identity_is_best(void **state) {
    (void)state;
    each_row(check_identity);
}

static void test_range_and_symmetry(void **state) {
    (void)state;
    each_row(check_pair);
}

/* Everything a measure says, compared as bytes. */
static void assert_same_result(const lk_measure_result *a, const lk_measure_result *b,
                               const char *what) {
    bool same =
        a->value == b->value && a->score == b->score && a->detail_count == b->detail_count &&
        memcmp(a->details, b->details, sizeof a->details) == 0 && !a->map.data == !b->map.data;
    if (same && a->map.data) {
        size_t pixels = (size_t)a->map.width * (size_t)a->map.height;
        same = memcmp(a->map.data, b->map.data, pixels * sizeof *a->map.data) == 0;
    }
    if (!same) {
        fail_msg("%s: %s gives %.17g and %.17g", what, a->info->name, a->value, b->value);
    }
}

static void check_engine(lk_engine *reference, const char *cpu, int32_t threads) {
    lk_error err;
    lk_engine *other;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = cpu;
    options.threads = threads;
    assert_ok(lk_engine_new(&other, &options, &err));
    for (size_t k = 0; k < sizeof pictures / sizeof *pictures; k++) {
        lk_image a, b;
        make_picture(&a, &pictures[k], 3);
        make_picture(&b, &pictures[k], 4);
        for (size_t i = 0; i < lk_measure_count(); i++) {
            lk_measure_result want = {0}, got = {0};
            const lk_measure_info *info = lk_measure_at(i);
            bool defined = run(&want, reference, info, &a, &b);
            assert_true(run(&got, other, info, &a, &b) == defined);
            if (defined) {
                assert_same_result(&want, &got, cpu);
            }
            lk_measure_result_release(&want);
            lk_measure_result_release(&got);
        }
        lk_image_release(&a);
        lk_image_release(&b);
    }
    lk_engine_free(other);
}

static void test_same_bits_everywhere(void **state) {
    (void)state;
    lk_error err;
    lk_engine *reference, *probe;
    lk_engine_options options = lk_engine_options_default();
    options.cpu = "c";
    options.threads = 1;
    assert_ok(lk_engine_new(&reference, &options, &err));
    static const char *const levels[] = {"c", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        options.cpu = levels[i];
        if (lk_engine_new(&probe, &options, &err) != LK_OK) {
            print_message("this machine has no %s\n", levels[i]);
            continue;
        }
        lk_engine_free(probe);
        check_engine(reference, levels[i], 3);
    }
    lk_engine_free(reference);
}

#ifdef LK_OOM
/* The row on one pair with each allocation failing in turn, until it gets through. */
static void fail_each(lk_engine *engine, const lk_measure_info *info, const struct picture *p) {
    lk_image a, b;
    if ((int64_t)p->width * p->height > 200 * 180) { /* the same allocations, only slower */
        return;
    }
    lk_measure_options options = lk_measure_options_default();
    options.want_maps = true;
    make_picture(&a, p, 1);
    make_picture(&b, p, 2);
    for (uint64_t n = 1;; n++) {
        lk_error err = {0};
        lk_measure_result r;
        mem_fault_set(n, false);
        lk_status status = lk_measure_run(&r, engine, info->name, &a, &b, &options, &err);
        mem_fault_set(0, false);
        lk_measure_result_release(&r);
        if (status != LK_E_MEMORY) {
            assert_true(status == LK_OK || status == LK_E_SIZE || status == LK_E_USAGE);
            break;
        }
        assert_int_equal(err.status, LK_E_MEMORY);
    }
    lk_image_release(&a);
    lk_image_release(&b);
}
#endif

/* Each allocation failing in turn ends in LK_E_MEMORY, and the leak checker finds nothing left. */
static void test_memory_runs_out(void **state) {
    (void)state;
#ifdef LK_OOM
    each_row(fail_each);
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_is_best),
        cmocka_unit_test(test_range_and_symmetry),
        cmocka_unit_test(test_same_bits_everywhere),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
