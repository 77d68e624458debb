/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that stream by against whole pictures filtered one after the other. */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/mem.h"
#include "feature/scale_space.h"
#include "image/filter.h"
#include "tests/unit/pattern.h"

enum { LEVELS = SCALE_LAYERS + 3, ROWS_MOST = 600, BANDS_MOST = 64 };

/* What the plain computation gives, and which rows have been seen. */
struct expected {
    struct plane levels[LEVELS];
    int32_t seen[ROWS_MOST], last[BANDS_MOST];
    double worst;
};

static lk_engine *open_engine(int32_t threads) {
    lk_error err;
    lk_engine *engine;
    lk_engine_options options = lk_engine_options_default();
    options.threads = threads;
    assert_ok(lk_engine_new(&engine, &options, &err));
    return engine;
}

static void see(void *arg, int32_t band, const struct scale_rows *r) {
    struct expected *e = arg;
    int32_t height = e->levels[0].height;
    e->seen[r->y]++;
    e->worst = r->y > e->last[band] ? e->worst : 1e9; /* in order */
    e->last[band] = r->y;
    for (int32_t i = 0; i < SCALE_DIFFERENCES; i++) {
        for (int32_t k = -SCALE_AROUND; k <= SCALE_AROUND; k++) {
            const float *row = r->rows[i][k + SCALE_AROUND];
            int32_t y = r->y + k;
            if ((row != NULL) != (y >= 0 && y < height)) {
                e->worst = 1e9;
            }
            for (int32_t x = 0; row && x < e->levels[0].width; x++) {
                double want = plane_row(&e->levels[i + 1], y)[x] - plane_row(&e->levels[i], y)[x];
                e->worst = fmax(e->worst, fabs(row[x] - want));
            }
        }
    }
}

/* All levels of an octave out of its first picture, which is taken over. */
static void expect(struct expected *e, lk_engine *engine, struct plane *first, double seed_sigma) {
    lk_error err;
    *e = (struct expected){.worst = 0};
    memset(e->last, 0xff, sizeof e->last);
    assert_ok(filter_gaussian(&e->levels[0], engine, first, seed_sigma, 3, BORDER_MIRROR, &err));
    for (int32_t i = 1; i < LEVELS; i++) {
        double wide = 1.6 * pow(2, i / 3.0), narrow = 1.6 * pow(2, (i - 1) / 3.0);
        double sigma = sqrt(wide * wide - narrow * narrow);
        assert_ok(filter_gaussian(&e->levels[i], engine, &e->levels[i - 1], sigma, 3, BORDER_MIRROR,
                                  &err));
    }
    plane_release(first);
}

static void check_octave(struct expected *e, const struct scale_octave *o) {
    assert_int_equal(o->width, e->levels[0].width);
    assert_int_equal(o->height, e->levels[0].height);
    for (int32_t i = 0; i < SCALE_LAYERS; i++) {
        for (int32_t y = 0; y < o->height; y++) {
            for (int32_t x = 0; x < o->width; x++) {
                double d = plane_row(&o->levels[i], y)[x] - plane_row(&e->levels[i + 1], y)[x];
                assert_true(fabs(d) < 1e-3);
            }
        }
    }
    for (int32_t y = 0; y < o->height; y++) {
        assert_int_equal(e->seen[y], 1);
    }
    assert_true(e->worst < 1e-3);
    for (int32_t i = 0; i < LEVELS; i++) {
        plane_release(&e->levels[i]);
    }
}

/* The picture as it is, or doubled: sample (x, y) at (x / 2, y / 2) of it. */
static struct plane first_plane(const lk_image *gray, int32_t factor) {
    lk_error err;
    struct plane p;
    assert_ok(plane_new(&p, factor * gray->width, factor * gray->height, &err));
    for (int32_t y = 0; y < p.height; y++) {
        for (int32_t x = 0; x < p.width; x++) {
            int32_t x0 = x / factor, y0 = y / factor;
            int32_t x1 = MIN((x + factor - 1) / factor, gray->width - 1);
            int32_t y1 = MIN((y + factor - 1) / factor, gray->height - 1);
            plane_row(&p, y)[x] =
                0.25f * (float)(image_row(gray, y0)[x0] + image_row(gray, y0)[x1] +
                                image_row(gray, y1)[x0] + image_row(gray, y1)[x1]);
        }
    }
    return p;
}

static void check_picture(int32_t width, int32_t height, int32_t number, int32_t threads) {
    lk_error err;
    static struct expected e;
    lk_engine *engine = open_engine(threads);
    lk_image gray;
    struct scale_octave first, next;
    assert_ok(lk_image_new(&gray, width, height, 1, 8, &err));
    pattern_fill(&gray, 7, 180);
    struct plane p = first_plane(&gray, number < 0 ? 2 : 1), half;
    expect(&e, engine, &p, sqrt(1.6 * 1.6 - 0.25));
    assert_ok(scale_octave_first(&first, engine, &gray, number, see, &e, &err));
    assert_true(first.pitch == (number < 0 ? 0.5 : 1));
    check_octave(&e, &first);
    assert_ok(plane_new(&half, (first.width + 1) / 2, (first.height + 1) / 2, &err));
    for (int32_t y = 0; y < half.height; y++) {
        for (int32_t x = 0; x < half.width; x++) {
            plane_row(&half, y)[x] = plane_row(&first.levels[SCALE_LAYERS - 1], 2 * y)[2 * x];
        }
    }
    expect(&e, engine, &half, 0);
    assert_ok(scale_octave_next(&next, engine, &first, see, &e, &err));
    assert_true(next.pitch == 2 * first.pitch);
    check_octave(&e, &next);
    scale_octave_release(&first);
    scale_octave_release(&next);
    lk_image_release(&gray);
    lk_engine_free(engine);
}

static void test_as_whole_pictures(void **state) {
    (void)state;
    check_picture(70, 61, 0, 1);
    check_picture(70, 61, -1, 1);
    check_picture(33, 250, 0, 2); /* two bands */
    check_picture(21, 300, -1, 5);
}

/* Smaller than the Gaussians reach. */
static void test_small(void **state) {
    (void)state;
    const int32_t sizes[][2] = {{1, 1}, {2, 1}, {1, 9}, {3, 4}, {16, 5}, {5, 40}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_picture(sizes[i][0], sizes[i][1], 0, 1);
        check_picture(sizes[i][0], sizes[i][1], -1, 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_whole_pictures),
        cmocka_unit_test(test_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
