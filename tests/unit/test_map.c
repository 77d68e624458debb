/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: each step against numpy, scipy, scikit-learn and networkx (tests/oracle/map), then what a map must be whatever the
 * vectors. */
#include "tests/unit/harness.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "image/engine.h"
#include "map/community.h"
#include "map/fuzzy_graph.h"
#include "map/layout.h"
#include "map/nearest.h"
#include "map/principal.h"
#include "tests/oracle/map/map_values.inc"

enum { MANY = 600, WIDE = 32, CLOUDS = 6 };

struct world {
    lk_engine *engine, *alone; /* alone: one thread, plain C */
    float many[MANY * WIDE];   /* CLOUDS clouds, i of cloud i % CLOUDS */
};

static const lk_map_vectors small = {map_vectors, MAP_COUNT, MAP_DIM};

static int setup(void **state) {
    lk_error err;
    struct world *w = calloc(1, sizeof *w);
    const lk_engine_options two = {.limits = lk_limits_default(), .threads = 2};
    const lk_engine_options one = {.limits = lk_limits_default(), .threads = 1, .cpu = "c"};
    float centres[CLOUDS][WIDE];
    struct rng rng;
    rng_init(&rng, 5);
    for (int c = 0; c < CLOUDS; c++) {
        for (int d = 0; d < WIDE; d++) {
            centres[c][d] = (float)rng_normal(&rng);
        }
    }
    for (int i = 0; i < MANY; i++) {
        for (int d = 0; d < WIDE; d++) {
            w->many[i * WIDE + d] = centres[i % CLOUDS][d] + 0.5f * (float)rng_normal(&rng);
        }
    }
    assert_ok(lk_engine_new(&w->engine, &two, &err));
    assert_ok(lk_engine_new(&w->alone, &one, &err));
    *state = w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    lk_engine_free(w->engine);
    lk_engine_free(w->alone);
    free(w);
    return 0;
}

static void near_to(double value, double expected, double off) {
    if (!(fabs(value - expected) <= off)) {
        fail_msg("%.9g is not %.9g +- %g", value, expected, off);
    }
}

/* -- Steps against others -- */

static void test_nearest(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_map_vectors unit;
    float *rows, distances[MAP_COUNT * MAP_K];
    int32_t nearest[MAP_COUNT * MAP_K];
    assert_ok(nearest_unit_rows(&unit, &rows, &small, &err));
    assert_ok(nearest_find(nearest, distances, w->engine, &unit, MAP_K, NULL, NULL, &err));
    for (int i = 0; i < MAP_COUNT * MAP_K; i++) {
        assert_int_equal(nearest[i], map_nearest[i]);
        near_to((double)distances[i], map_distances[i], 1e-6);
    }
    mem_free(rows);
}

/* Powers are good to 2e-6 (kernel_math.h), sigma is solved with them: 1e-5 together. */
static void test_graph(void **state) {
    struct world *w = *state;
    lk_error err;
    struct fuzzy_graph g;
    float distances[MAP_COUNT * MAP_K];
    double dense[MAP_COUNT * MAP_COUNT] = {0}, scratch[3];
    int32_t thirds[MAP_COUNT], found[MAP_COUNT], communities;
    for (int i = 0; i < MAP_COUNT * MAP_K; i++) {
        distances[i] = (float)map_distances[i];
    }
    assert_ok(fuzzy_graph_new(&g, &w->engine->kernels.math, map_nearest, distances, MAP_COUNT,
                              MAP_K, &err));
    for (int32_t i = 0; i < MAP_COUNT; i++) {
        thirds[i] = i % 3;
        for (int64_t e = g.start[i]; e < g.start[i + 1]; e++) {
            assert_true(e == g.start[i] || g.to[e - 1] < g.to[e]);
            dense[i * MAP_COUNT + g.to[e]] = (double)g.weight[e];
        }
    }
    for (int i = 0; i < MAP_COUNT * MAP_COUNT; i++) {
        near_to(dense[i], map_weights[i], 1e-5);
    }
    near_to(community_modularity(&g, thirds, 3, 1, scratch), map_modularity[0], 1e-5);
    assert_ok(community_find(found, &communities, &g, 1, &err));
    double *room = calloc((size_t)communities, sizeof *room);
    assert_true(community_modularity(&g, found, communities, 1, room) > map_modularity[1] - 0.01);
    free(room);
    fuzzy_graph_release(&g);
}

static void test_principal(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_map_vectors unit;
    float *rows;
    double xy[2 * MAP_COUNT];
    assert_ok(nearest_unit_rows(&unit, &rows, &small, &err));
    assert_ok(principal_places(xy, w->engine, &unit, 3, &err));
    for (int i = 0; i < 2 * MAP_COUNT; i++) {
        near_to(xy[i], map_places[i], 2e-5);
    }
    mem_free(rows);
}

static void test_curve(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof map_curves / sizeof *map_curves; i += 4) {
        double a, b;
        layout_curve(&a, &b, map_curves[i], map_curves[i + 1]);
        near_to(a, map_curves[i + 2], 1e-5);
        near_to(b, map_curves[i + 3], 1e-5);
    }
}

static void test_trust(void **state) {
    struct world *w = *state;
    lk_error err;
    float rows[MAP_COUNT * MAP_DIM], places[2 * MAP_COUNT], noise[2 * MAP_COUNT];
    const int32_t ks[] = {3, 10, 20};
    double value;
    int32_t count = 0;
    for (int i = 0; i < MAP_COUNT; i++) {
        if (i != 30 && i != 45) { /* these are equal to 15 */
            memcpy(rows + count * MAP_DIM, map_vectors + i * MAP_DIM, MAP_DIM * sizeof *rows);
            for (int axis = 0; axis < 2; axis++) {
                places[2 * count + axis] = (float)map_places[2 * i + axis];
                noise[2 * count + axis] = map_noise[2 * i + axis];
            }
            count++;
        }
    }
    const lk_map_vectors v = {rows, count, MAP_DIM};
    for (int i = 0; i < 6; i++) {
        const float *xy = i < 3 ? places : noise;
        assert_ok(lk_map_trustworthiness(&value, w->engine, &v, xy, ks[i % 3], &err));
        near_to(value, map_trust[i], 1e-9);
    }
    assert_refused(LK_E_USAGE, lk_map_trustworthiness(&value, w->engine, &v, places, 0, &err));
    assert_refused(LK_E_USAGE, lk_map_trustworthiness(&value, w->engine, &v, places, 29, &err));
}

/* -- Whole maps -- */

/* Clouds that are apart by vectors are apart on the map, each a cluster whose medoid is of it. */
static void test_clouds(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_similarity_map m;
    const lk_map_vectors v = {w->many, MANY, WIDE};
    double trust;
    assert_ok(lk_map_make(&m, w->engine, &v, NULL, NULL, NULL, &err));
    assert_int_equal(m.count, MANY);
    assert_int_equal(m.neighbours, 15);
    assert_ok(lk_map_trustworthiness(&trust, w->engine, &v, m.xy, 15, &err));
    assert_true(trust > 0.9);
    int32_t owner[64], members = 0;
    assert_in_range(m.cluster_count, CLOUDS, 64);
    for (int32_t c = 0; c < m.cluster_count; c++) {
        owner[c] = m.cluster[c].medoid % CLOUDS;
        members += m.cluster[c].count;
        assert_int_equal(m.clusters[m.cluster[c].medoid], c);
        assert_true(c == 0 || m.cluster[c].count <= m.cluster[c - 1].count);
    }
    assert_int_equal(members, MANY);
    for (int32_t i = 0; i < MANY; i++) {
        assert_int_equal(owner[m.clusters[i]], i % CLOUDS);
        for (int32_t n = 0; n < m.neighbours; n++) {
            int32_t j = m.nearest[i * m.neighbours + n];
            assert_true(j != i && j % CLOUDS == i % CLOUDS);
        }
    }
    lk_map_release(&m);
}

/* The same map with one thread in plain C and two with the best instructions; another with another seed. */
static void test_same_seed(void **state) {
    struct world *w = *state;
    lk_error err;
    const lk_map_vectors v = {w->many, MANY, WIDE};
    for (int method = 0; method < LK_MAP_METHODS; method++) {
        lk_similarity_map a, b, c;
        lk_map_options o = lk_map_options_default();
        o.method = (lk_map_method)method;
        o.epochs = 60;
        assert_ok(lk_map_make(&a, w->engine, &v, &o, NULL, NULL, &err));
        assert_ok(lk_map_make(&b, w->alone, &v, &o, NULL, NULL, &err));
        o.seed = 2;
        assert_ok(lk_map_make(&c, w->engine, &v, &o, NULL, NULL, &err));
        assert_memory_equal(a.xy, b.xy, 2 * MANY * sizeof *a.xy);
        assert_memory_equal(a.clusters, b.clusters, MANY * sizeof *a.clusters);
        assert_memory_equal(a.nearest, b.nearest, MANY * 15 * sizeof *a.nearest);
        bool same = memcmp(a.xy, c.xy, 2 * MANY * sizeof *a.xy) == 0;
        assert_true(method == LK_MAP_PCA || !same);
        lk_map_release(&a);
        lk_map_release(&b);
        lk_map_release(&c);
    }
}

/* One vector, two, equal ones and zeros: places that are finite. */
static void test_few(void **state) {
    struct world *w = *state;
    lk_error err;
    float equal[40 * 4];
    for (int i = 0; i < 160; i++) {
        equal[i] = i < 80 ? 1 : 0;
    }
    const int32_t counts[] = {1, 2, 3, 17, 40};
    for (int method = 0; method < LK_MAP_METHODS; method++) {
        for (int i = 0; i < 5; i++) {
            lk_similarity_map m;
            lk_map_options o = lk_map_options_default();
            const lk_map_vectors v = {equal, counts[i], 4};
            o.method = (lk_map_method)method;
            assert_ok(lk_map_make(&m, w->engine, &v, &o, NULL, NULL, &err));
            assert_int_equal(m.neighbours, counts[i] - 1 < 15 ? counts[i] - 1 : 15);
            for (int k = 0; k < 2 * counts[i]; k++) {
                assert_true(isfinite(m.xy[k]));
            }
            lk_map_release(&m);
        }
    }
}

static void test_refused(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_similarity_map m;
    float bad[8] = {1, 2, 3, NAN, 5, 6, 7, 8};
    const lk_map_vectors v = {bad, 4, 2}, none = {bad, 0, 2}, wide = {bad, 1, LK_MAP_DIM_MAX + 1};
    assert_refused(LK_E_USAGE, lk_map_make(&m, w->engine, &v, NULL, NULL, NULL, &err));
    assert_says(&err, "vector 1");
    assert_refused(LK_E_USAGE, lk_map_make(&m, w->engine, &none, NULL, NULL, NULL, &err));
    assert_refused(LK_E_LIMIT, lk_map_make(&m, w->engine, &wide, NULL, NULL, NULL, &err));
    const struct {
        int32_t neighbours, epochs, negatives;
        double min_dist, spread;
    } wrong[] = {{1, 0, 5, 0.1, 1},   {101, 0, 5, 0.1, 1}, {15, -1, 5, 0.1, 1}, {15, 0, 0, 0.1, 1},
                 {15, 0, 5, -0.1, 1}, {15, 0, 5, 2, 1},    {15, 0, 5, 0, 0},    {15, 0, 5, NAN, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lk_map_options o = lk_map_options_default();
        o.neighbours = wrong[i].neighbours;
        o.epochs = wrong[i].epochs;
        o.negatives = wrong[i].negatives;
        o.min_dist = wrong[i].min_dist;
        o.spread = wrong[i].spread;
        assert_refused(LK_E_USAGE, lk_map_make(&m, w->engine, &small, &o, NULL, NULL, &err));
    }
    int stop = 1;
    lk_engine *stopped;
    const lk_engine_options options = {.limits = lk_limits_default(), .threads = 1, .stop = &stop};
    assert_ok(lk_engine_new(&stopped, &options, &err));
    assert_refused(LK_E_CANCELLED, lk_map_make(&m, stopped, &small, NULL, NULL, NULL, &err));
    assert_null(m.xy);
    lk_engine_free(stopped);
}

/* -- The atlas -- */

static void test_atlas(void **state) {
    struct world *w = *state;
    lk_error err;
    lk_atlas *a;
    lk_image wide, page;
    enum { TILE = 256, ROW = LK_ATLAS_PAGE_SIDE / TILE, PICTURES = ROW * ROW + ROW + 3 };
    assert_refused(LK_E_USAGE, lk_atlas_new(&a, w->engine, 15, &err));
    assert_refused(LK_E_USAGE, lk_atlas_new(&a, w->engine, 257, &err));
    assert_ok(lk_atlas_new(&a, w->engine, TILE, &err));
    assert_ok(lk_image_new(&wide, 600, 300, 3, 8, &err));
    for (int i = 0; i < PICTURES; i++) {
        memset(wide.data, i * 3, wide.stride * 300);
        assert_ok(lk_atlas_add(a, &wide, &err));
    }
    assert_ok(lk_atlas_finish(a, &err));
    assert_refused(LK_E_USAGE, lk_atlas_add(a, &wide, &err));
    lk_atlas_info about = lk_atlas_about(a);
    assert_int_equal(about.count, PICTURES);
    assert_int_equal(about.pages, 2);
    assert_int_equal(about.columns, ROW);
    int32_t width, height;
    lk_atlas_size(a, 5, &width, &height);
    assert_int_equal(width, 256);
    assert_int_equal(height, 128);
    for (int p = 0; p < 2; p++) {
        const lk_bytes *bytes = lk_atlas_page(a, p);
        assert_ok(
            lk_image_decode(&page, NULL, w->engine, bytes->data, bytes->size, "page", NULL, &err));
        assert_int_equal(page.width, LK_ATLAS_PAGE_SIDE);
        assert_int_equal(page.height, p == 0 ? LK_ATLAS_PAGE_SIDE : 2 * TILE);
        for (int i = p * ROW * ROW; i < (p == 0 ? ROW * ROW : PICTURES); i++) {
            int at = i - p * ROW * ROW, x = at % ROW * TILE, y = at / ROW * TILE;
            for (int corner = 0; corner < 2; corner++) { /* the second lies below the picture */
                const uint8_t *pixel = page.data + (size_t)(y + corner * 250 + 2) * page.stride +
                                       3 * (size_t)(x + 2 + corner * 250);
                near_to(pixel[0], i * 3 % 256, 3);
            }
        }
        lk_image_release(&page);
    }
    lk_image_release(&wide);
    lk_atlas_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),   cmocka_unit_test(test_graph),
        cmocka_unit_test(test_principal), cmocka_unit_test(test_curve),
        cmocka_unit_test(test_trust),     cmocka_unit_test(test_clouds),
        cmocka_unit_test(test_same_seed), cmocka_unit_test(test_few),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_atlas),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
