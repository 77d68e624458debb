/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor is laid out along its keypoint's orientation u and the direction a quarter turn clockwise of it. Mirrored, u stays
 * u and that other direction changes its sign:
 *
 *   x         width - 1 - x
 *   turn      1/2 - turn
 *   cells     row r becomes row 3 - r; columns, which lie along u, stay
 *   directions, which are counted clockwise from u: d becomes -d
 *
 * So nothing is looked at twice: a mirrored copy is found by matching these. Held to sift_detect() of mirrored pixels by
 * tests/unit/test_sift_mirror.c. */
#include "feature/sift_mirror.h"

#include "base/error.h"
#include "base/mem.h"

static struct sift_point point_mirrored(const struct sift_point *p, int32_t width) {
    struct sift_point to = *p;
    float turn = 0.5f - p->turn;
    to.x = (float)(width - 1) - p->x;
    to.turn = turn < 0 ? turn + 1 : turn;
    return to;
}

static void mirror_descriptor(uint8_t to[SIFT_BYTES], const uint8_t from[SIFT_BYTES]) {
    for (int32_t row = 0; row < SIFT_CELLS; row++) {
        for (int32_t column = 0; column < SIFT_CELLS; column++) {
            const uint8_t *cell =
                from + ((SIFT_CELLS - 1 - row) * SIFT_CELLS + column) * SIFT_TURNS;
            for (int32_t d = 0; d < SIFT_TURNS; d++) {
                to[(row * SIFT_CELLS + column) * SIFT_TURNS + d] =
                    cell[(SIFT_TURNS - d) % SIFT_TURNS];
            }
        }
    }
}

lk_status sift_mirror(struct sift_points *out, const struct sift_points *from, int32_t width,
                      lk_error *err) {
    *out = (struct sift_points){0};
    if (from->count == 0) {
        return LK_OK;
    }
    out->points = mem_alloc(from->count, sizeof *out->points);
    out->descriptors = mem_alloc(from->count, SIFT_BYTES);
    if (!out->points || !out->descriptors) {
        sift_points_release(out);
        return error_memory(err, from->count * SIFT_BYTES);
    }
    out->count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        out->points[i] = point_mirrored(&from->points[i], width);
        mirror_descriptor(out->descriptors + i * SIFT_BYTES, from->descriptors + i * SIFT_BYTES);
    }
    return LK_OK;
}
