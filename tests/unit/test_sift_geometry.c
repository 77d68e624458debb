/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"
#include "feature/homography.h"
#include "feature/sift_geometry.h"

enum { MOST = 400, WIDTH = 640, HEIGHT = 480 };

/* Keypoints of a reference and of a photo, keypoint i of one matched to i of the other. */
struct scene {
    struct sift_point a[MOST], b[MOST];
    uint8_t da[MOST * SIFT_BYTES], db[MOST * SIFT_BYTES];
    struct sift_points sa, sb;
    struct sift_matches matches;
};

static struct sift_point random_point(struct rng *rng, double width, double height) {
    return (struct sift_point){.x = (float)(width * rng_unit(rng)),
                               .y = (float)(height * rng_unit(rng)),
                               .sigma = (float)(1 + 4 * rng_unit(rng)),
                               .turn = (float)rng_unit(rng)};
}

/* Keypoint p of the reference in the photo: h maps reference to photo. */
static struct sift_point seen_as(const struct sift_point *p, const double h[9], struct rng *rng) {
    double x, y, tx, ty, ux, uy, vx, vy, e = 0.01, angle = 2 * M_PI * p->turn;
    assert_true(homography_apply(&x, &y, h, p->x, p->y));
    assert_true(homography_apply(&tx, &ty, h, p->x + e * cos(angle), p->y + e * sin(angle)));
    assert_true(homography_apply(&ux, &uy, h, p->x + e, p->y));
    assert_true(homography_apply(&vx, &vy, h, p->x, p->y + e));
    double area = fabs((ux - x) * (vy - y) - (uy - y) * (vx - x)) / (e * e);
    double turn = atan2(ty - y, tx - x) / (2 * M_PI) + 0.02 * rng_normal(rng);
    return (struct sift_point){
        .x = (float)(x + 0.5 * rng_normal(rng)),
        .y = (float)(y + 0.5 * rng_normal(rng)),
        .sigma = (float)(p->sigma * sqrt(area) * (1 + 0.1 * (rng_unit(rng) - 0.5))),
        .turn = (float)(turn - floor(turn))};
}

/* The matches are on the heap, as sift_match's are: sift_geometry_find may replace them. */
static void link_all(struct scene *s, size_t count) {
    lk_match *pairs = mem_alloc(count, sizeof *pairs);
    struct sift_link *links = mem_alloc(count, sizeof *links);
    assert_true(pairs && links);
    sift_matches_release(&s->matches);
    for (size_t i = 0; i < count; i++) {
        links[i] = (struct sift_link){(int32_t)i, (int32_t)i};
        pairs[i] = (lk_match){.ax = s->a[i].x, .ay = s->a[i].y, .bx = s->b[i].x, .by = s->b[i].y};
    }
    s->sa = (struct sift_points){count, s->a, s->da};
    s->sb = (struct sift_points){count, s->b, s->db};
    s->matches = (struct sift_matches){count, pairs, links};
}

/* `right` matches of the part of the reference up to (width, height), among `wrong` ones; the clearest first. */
static void make_scene(struct scene *s, const double h[9], const size_t counts[2],
                       const double part[2], uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    size_t right = 0, count = counts[0] + counts[1];
    for (size_t i = 0; i < count; i++) {
        bool is_right =
            right < counts[0] && rng_unit(&rng) * (double)(count - i) < (double)(counts[0] - right);
        s->a[i] = random_point(&rng, is_right ? part[0] : WIDTH, is_right ? part[1] : HEIGHT);
        s->b[i] = is_right ? seen_as(&s->a[i], h, &rng) : random_point(&rng, WIDTH, HEIGHT);
        right += is_right;
        for (size_t k = 0; k < SIFT_BYTES; k++) { /* few of them large, as in descriptors */
            uint8_t v = (uint8_t)(rng_below(&rng, 9) ? rng_below(&rng, 20) : 100);
            uint8_t w = (uint8_t)(rng_below(&rng, 9) ? rng_below(&rng, 20) : 100);
            s->da[i * SIFT_BYTES + k] = v;
            s->db[i * SIFT_BYTES + k] = is_right ? (uint8_t)(v - v / 8) : w;
        }
    }
    link_all(s, count);
}

static struct sift_geometry find(struct scene *s) {
    lk_error err;
    struct sift_geometry g;
    struct sift_pair pair = {&s->sa, &s->sb, WIDTH, HEIGHT, WIDTH, HEIGHT};
    assert_ok(sift_geometry_find(&g, &s->matches, &pair, NULL, &err));
    size_t inliers = 0;
    for (size_t i = 0; i < s->matches.count; i++) {
        inliers += s->matches.pairs[i].inlier;
    }
    assert_int_equal(inliers, g.inliers);
    return g;
}

/* The reference turned by 40 degrees, at 0.6 of its size, and tilted. */
static const double tilted[9] = {0.46, -0.386, 240, 0.386, 0.46, 10, 0.0004, -0.0003, 1};
static const double whole[2] = {WIDTH, HEIGHT};

static void test_finds_the_map(void **state) {
    (void)state;
    static struct scene s;
    const size_t counts[][2] = {{12, 0}, {100, 0}, {60, 100}, {30, 150}, {20, 250}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        make_scene(&s, tilted, counts[i], whole, i + 1);
        struct sift_geometry g = find(&s);
        assert_true((double)g.inliers > 0.85 * (double)counts[i][0]);
        assert_true(g.inliers <= (int32_t)counts[i][0] + 2);
        assert_true(g.rms_px < 2.5);
        double both[9], x, y;
        homography_multiply(both, g.h, tilted);
        for (int32_t c = 0; c < 4; c++) {
            double cx = c % 2 ? WIDTH : 0, cy = c / 2 ? HEIGHT : 0;
            assert_true(homography_apply(&x, &y, both, cx, cy));
            assert_true(hypot(x - cx, y - cy) < (counts[i][0] < 25 ? 25 : 8));
        }
    }
}

/* Tilted so that the photo's first pixel lies behind the horizon: the middle of the photo looks at the reference all the same. */
static void test_behind_the_horizon(void **state) {
    (void)state;
    static struct scene s;
    const double steep[9] = {0.5, 0, 250, 0, 0.35, 300, 0, -0.0012, 1};
    const size_t hundred[2] = {100, 50};
    const double down[9] = {1, 0, 0, 0, 1, 700, 0, 0, 1}; /* its horizon is at y = -292 */
    double h[9], x, y;
    homography_multiply(h, down, steep);
    make_scene(&s, h, hundred, whole, 4);
    struct sift_geometry g = find(&s);
    assert_true(g.inliers > 85);
    assert_false(homography_apply(&x, &y, g.h, 0, 0));
}

static void test_coverage(void **state) {
    (void)state;
    static struct scene s;
    const size_t hundred[2] = {100, 0};
    const double corner[2] = {WIDTH / 4.0, HEIGHT / 4.0};
    make_scene(&s, tilted, hundred, whole, 1);
    struct sift_geometry g = find(&s);
    assert_true(g.coverage > 0.55 && g.coverage < 0.8); /* 1 - exp(-100 pi 0.06^2) = 0.68 */
    assert_true(g.visible > 0.99);
    make_scene(&s, tilted, hundred, corner, 1);
    g = find(&s);
    assert_true(g.inliers > 80);
    assert_true(g.coverage > 0.06 && g.coverage < 0.13); /* (1/4 + 0.06)^2 and the corner's own */
    const size_t one[2] = {1, 0};
    make_scene(&s, tilted, one, whole, 1);
    g = find(&s);
    assert_true(g.coverage == 0 && g.inliers == 0 && g.h[0] == 1);
}

/* Half of the reference lies outside of the photo. */
static void test_visible(void **state) {
    (void)state;
    static struct scene s;
    const double shifted[9] = {1, 0, WIDTH / 2.0, 0, 1, 0, 0, 0, 1};
    const size_t sixty[2] = {60, 20};
    const double left[2] = {WIDTH / 2.0, HEIGHT};
    make_scene(&s, shifted, sixty, left, 3);
    struct sift_geometry g = find(&s);
    assert_true(fabs(g.visible - 0.5) < 0.03);
    assert_true(g.coverage < 0.5);
}

/* Wrong matches, however many, cover next to nothing. */
static void test_chance(void **state) {
    (void)state;
    static struct scene s;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const size_t counts[2] = {0, seed % 2 ? 200 : 400};
        make_scene(&s, tilted, counts, whole, seed);
        assert_true(find(&s).coverage < 0.06);
    }
}

/* Places agree with a map, orientations or sizes do not: what repeats, or mirrors. */
static void test_places_alone_do_not_count(void **state) {
    (void)state;
    static struct scene s;
    const size_t eighty[2] = {80, 0};
    struct rng rng;
    for (int kind = 0; kind < 3; kind++) {
        rng_init(&rng, 5);
        make_scene(&s, tilted, eighty, whole, 1);
        for (size_t i = 0; i < 80; i++) {
            if (kind == 0) {
                s.b[i].turn = (float)rng_unit(&rng);
            } else if (kind == 1) {
                s.b[i].sigma *= rng_unit(&rng) < 0.5 ? 0.4f : 2.5f;
            } else {
                s.b[i].x = WIDTH - s.b[i].x; /* a mirrored photo */
            }
        }
        link_all(&s, 80);
        assert_true(find(&s).inliers < 25); /* a sixth of random orientations agrees */
    }
}

static void test_degenerate(void **state) {
    (void)state;
    static struct scene s;
    const size_t eighty[2] = {80, 0}, none[2] = {0, 0};
    const double line[2] = {WIDTH, 1e-3}, spot[2] = {1e-3, 1e-3};
    make_scene(&s, tilted, none, whole, 1);
    assert_true(find(&s).coverage == 0);
    make_scene(&s, tilted, eighty, spot, 1);
    assert_true(find(&s).coverage < 0.02);
    make_scene(&s, tilted, eighty, line, 1);
    assert_true(find(&s).coverage < 0.15);
    for (size_t i = 0; i < 80; i++) { /* all of the reference on one spot of the photo */
        s.a[i].y = (float)((i * 37) % HEIGHT);
        s.b[i].x = 100;
        s.b[i].y = 100;
    }
    link_all(&s, 80);
    assert_true(find(&s).coverage < 0.06);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_map),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_behind_the_horizon),
        cmocka_unit_test(test_visible),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_places_alone_do_not_count),
        cmocka_unit_test(test_degenerate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
