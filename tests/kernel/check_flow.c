/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LANES = 5 * FLOW_LANES, STRIDE = LANES + 2 * FLOW_MARGIN, ROWS = 24, PLANES = 11 };

/* Planes as optical flow has them; the content is random, small differences, or the same everywhere. */
struct scene {
    float planes[PLANES][ROWS][STRIDE];
};

static void make_scene(struct scene *s, uint64_t seed) {
    struct rng rng;
    rng_init(&rng, seed);
    for (int i = 0; i < PLANES; i++) {
        float scale = i < 3 ? 8.0f : 0.25f; /* gradients and gray levels; motion */
        for (int y = 0; y < ROWS; y++) {
            for (int x = 0; x < STRIDE; x++) {
                float v = ((float)rng_below(&rng, 1 << 16) / (1 << 15) - 1) * scale;
                s->planes[i][y][x] = seed % 3 == 2 ? scale : seed % 3 == 1 ? v * 300 : v;
            }
        }
    }
}

static const float *at(const struct scene *s, int plane, int y) {
    return s->planes[plane][y] + FLOW_MARGIN;
}

struct result {
    struct flow_sums sums;
    float votes[3][FLOW_PATCH];
    float divided[2][LANES], warped[2][LANES], stiffness[LANES];
    float terms[2][FLOW_TERMS][LANES / 2 + 2], relaxed[2][LANES / 2];
    float split[2][LANES / 2], merged[LANES];
};

static void run_patch(struct result *r, const struct kernel_flow *k, const struct scene *s) {
    struct flow_patch patch = {at(s, 0, 4), at(s, 1, 4), at(s, 2, 4), STRIDE};
    struct flow_place place = {at(s, 3, 5) + 3, STRIDE, 0.3f, 0.8f};
    struct flow_vote vote = {.u = 1.25f, .v = -7.5f, .offset = 0.4f};
    k->patch_sums(&r->sums, &patch, &place);
    k->vote(r->votes[0], r->votes[1], r->votes[2], at(s, 0, 4), &place, &vote);
}

static void run_rows(struct result *r, const struct kernel_flow *k, const struct scene *s) {
    struct flow_picture picture = {.data = at(s, 0, 2), STRIDE, LANES - 5, ROWS - 5};
    memcpy(r->divided, s->planes[0], sizeof r->divided);
    k->divide(r->divided[0], r->divided[1], at(s, 4, 0), LANES);
    k->warp(r->warped[0], r->warped[1], at(s, 1, 3), &picture, at(s, 3, 1), at(s, 4, 1), 7, LANES);
    k->stiffness(r->stiffness, at(s, 5, 1), at(s, 6, 1), at(s, 5, 2), at(s, 6, 2), LANES);
    k->split(r->split[0], r->split[1], at(s, 5, 3), LANES);
    k->merge(r->merged, at(s, 5, 4), at(s, 6, 4), LANES);
}

static void run_equations(struct result *r, const struct kernel_flow *k, const struct scene *s) {
    static float weights[3][STRIDE];
    struct flow_rows rows = {
        .u = at(s, 3, 1), .v = at(s, 4, 1), .u0 = at(s, 5, 1), .v0 = at(s, 6, 1)};
    for (int i = 0; i < 3; i++) {
        rows.dt[i] = at(s, 0, i + 4);
        rows.dx[i] = at(s, 1, i + 4);
        rows.dy[i] = at(s, 2, i + 4);
        k->stiffness(weights[i], at(s, 7, i), at(s, 8, i), at(s, 7, i + 1), at(s, 8, i + 1), LANES);
    }
    rows.right = weights[0] + 1;
    rows.down = weights[1];
    rows.above = weights[2];
    for (int side = 0; side < 2; side++) {
        for (int t = 0; t < FLOW_TERMS; t++) {
            rows.terms[side][t] = r->terms[side][t] + 1;
        }
    }
    k->assemble(&rows, LANES - FLOW_LANES);
    memcpy(r->relaxed[0], at(s, 9, 0), sizeof r->relaxed[0]);
    memcpy(r->relaxed[1], at(s, 10, 0), sizeof r->relaxed[1]);
    struct flow_relax relax = {.left = r->terms[1][FLOW_RIGHT],
                               .above = weights[1],
                               .u_side = at(s, 9, 1),
                               .u_above = at(s, 9, 2),
                               .u_below = at(s, 9, 3),
                               .v_side = at(s, 10, 1),
                               .v_above = at(s, 10, 2),
                               .v_below = at(s, 10, 3),
                               .u = r->relaxed[0],
                               .v = r->relaxed[1]};
    for (int t = 0; t < FLOW_TERMS; t++) {
        relax.terms[t] = r->terms[0][t] + 1;
    }
    k->relax(&relax, (LANES - FLOW_LANES) / 2);
}

static void run_all(struct result *r, const struct kernel_flow *k, const struct scene *s) {
    memset(r, 0, sizeof *r);
    run_patch(r, k, s);
    run_rows(r, k, s);
    run_equations(r, k, s);
}

static void test_versions_agree(void **state) {
    (void)state;
    static struct scene s;
    static struct result want, got;
    struct kernels c, k;
    kernels_init(&c, CPU_C);
    for (int level = CPU_AVX2; level <= (int)cpu_level_best(); level++) {
        kernels_init(&k, (enum cpu_level)level);
        for (uint64_t seed = 0; seed < 60; seed++) {
            make_scene(&s, seed);
            run_all(&want, &c.flow, &s);
            run_all(&got, &k.flow, &s);
            assert_memory_equal(&got, &want, sizeof want);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
