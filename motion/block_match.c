/* SPDX-License-Identifier: Apache-2.0 */
/* For each block the vector with the least
 *
 *   cost = D(a block, the reference moved by the vector) + lambda (R(x - px) + R(y - py))
 *
 * D is SAD, or SATD (4 x 4 Hadamard, halved); R the bits of a signed exponential Golomb code; (px, py) the median of the vectors to
 * the left, above, and above to the right: the cost of a video encoder (Sullivan and Wiegand 1998; H.264 8.4.1.3), whose
 * lambda for motion is sqrt(0.85 * 2^((QP - 12) / 3)).
 *
 * Whole pixels: all within the range, or a hexagon (Zhu, Lin, Chau 2002) from the best of the prediction, its three vectors, zero
 * and a full search at a quarter of the size. Then the eight neighbours half a pixel away, then a quarter. Equal costs keep the
 * vector found first. Blocks go in raster order, since each predicts the next. */
#include "motion/block_match.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/resize.h"

enum { COARSE = 4, COARSE_SIDE = 8, HEXAGON_STEPS = 64, TILE = 4 };

int32_t block_vector_bits(int32_t v) {
    uint32_t code = 2 * (uint32_t)abs(v) + 1; /* + 1 for positive ones changes no length */
    int32_t log = 0;
    while (code >>= 1) {
        log++;
    }
    return 2 * log + 1;
}

struct matching {
    const struct kernels *k;
    const lk_image *a;
    const struct block_reference *r;
    const struct block_options *o;
    struct block_field *f;
    const struct block_field *coarse; /* NULL: none */
    uint8_t fetched[BLOCK_SIDE_MOST * BLOCK_SIDE_MOST];
};

/* One block that is being matched. */
struct block {
    int32_t x, y, width, height;
    struct block_vector prediction, best;
};

static int32_t satd_tile(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride) {
    int32_t d[TILE][TILE], sum = 0;
    for (int y = 0; y < TILE; y++) {
        for (int x = 0; x < TILE; x++) {
            d[y][x] = a[(size_t)y * a_stride + (size_t)x] - b[(size_t)y * b_stride + (size_t)x];
        }
        int32_t s0 = d[y][0] + d[y][1], s1 = d[y][0] - d[y][1];
        int32_t s2 = d[y][2] + d[y][3], s3 = d[y][2] - d[y][3];
        d[y][0] = s0 + s2;
        d[y][1] = s1 + s3;
        d[y][2] = s0 - s2;
        d[y][3] = s1 - s3;
    }
    for (int x = 0; x < TILE; x++) {
        int32_t s0 = d[0][x] + d[1][x], s1 = d[0][x] - d[1][x];
        int32_t s2 = d[2][x] + d[3][x], s3 = d[2][x] - d[3][x];
        sum += abs(s0 + s2) + abs(s1 + s3) + abs(s0 - s2) + abs(s1 - s3);
    }
    return sum / 2;
}

static int32_t distance(const struct matching *m, const struct block *at, const uint8_t *b,
                        size_t stride) {
    const uint8_t *a = image_row(m->a, at->y) + at->x;
    if (m->o->metric == BLOCK_SAD || at->width % TILE || at->height % TILE) {
        return m->k->block.sad(a, m->a->stride, b, stride, at->width, at->height);
    }
    int32_t sum = 0;
    for (int32_t y = 0; y < at->height; y += TILE) {
        for (int32_t x = 0; x < at->width; x += TILE) {
            sum += satd_tile(a + (size_t)y * m->a->stride + x, m->a->stride,
                             b + (size_t)y * stride + x, stride);
        }
    }
    return sum;
}

/* Tries the vector (x, y), in quarter pixels. */
static bool try_vector(struct matching *m, struct block *at, int32_t x, int32_t y) {
    int32_t limit = 4 * m->o->range, unit = 4 / m->o->subpel;
    size_t stride;
    if (abs(x) > limit || abs(y) > limit) {
        return false;
    }
    double bits = m->o->lambda * (block_vector_bits((x - at->prediction.x) / unit) +
                                  block_vector_bits((y - at->prediction.y) / unit));
    if (bits >= at->best.cost) {
        return false;
    }
    const uint8_t *b =
        block_fetch(m->r, m->k, m->fetched, &stride, at->x, at->y, at->width, at->height, x, y);
    double cost = bits + distance(m, at, b, stride);
    if (cost >= at->best.cost) {
        return false;
    }
    at->best = (struct block_vector){x, y, cost};
    return true;
}

static void full_search(struct matching *m, struct block *at) {
    for (int32_t y = -m->o->range; y <= m->o->range; y++) {
        for (int32_t x = -m->o->range; x <= m->o->range; x++) {
            try_vector(m, at, 4 * x, 4 * y);
        }
    }
}

static void ring(struct matching *m, struct block *at, int32_t step) {
    struct block_vector from = at->best;
    for (int k = 0; k < 9; k++) {
        if (k != 4) {
            try_vector(m, at, from.x + step * (k % 3 - 1), from.y + step * (k / 3 - 1));
        }
    }
}

static void hexagon_search(struct matching *m, struct block *at) {
    static const int32_t hexagon[6][2] = {{-2, 0}, {2, 0}, {-1, -2}, {1, -2}, {-1, 2}, {1, 2}};
    for (int step = 0; step < HEXAGON_STEPS; step++) {
        struct block_vector from = at->best;
        bool better = false;
        for (int k = 0; k < 6; k++) {
            better |= try_vector(m, at, from.x + 4 * hexagon[k][0], from.y + 4 * hexagon[k][1]);
        }
        if (!better) {
            break;
        }
    }
    ring(m, at, 4);
}

static int32_t median(int32_t a, int32_t b, int32_t c) {
    return MAX(MIN(a, b), MIN(MAX(a, b), c));
}

/* A vector to whole pixels. */
static int32_t whole(int32_t v) {
    return (v + (v >= 0 ? 2 : -2)) / 4 * 4;
}

static const struct block_vector *vector_at(const struct block_field *f, int32_t column,
                                            int32_t row) {
    static const struct block_vector zero = {0, 0, 0};
    return column < 0 || row < 0 || column >= f->columns
               ? &zero
               : &f->vectors[(size_t)row * (size_t)f->columns + (size_t)column];
}

static void match_one(struct matching *m, int32_t column, int32_t row) {
    struct block_field *f = m->f;
    struct block at = {.x = column * f->side, .y = row * f->side, .best = {.cost = 1e30}};
    const struct block_vector *near[3] = {vector_at(f, column - 1, row),
                                          vector_at(f, column, row - 1),
                                          vector_at(f, column + 1, row - 1)};
    at.width = MIN(f->side, f->width - at.x);
    at.height = MIN(f->side, f->height - at.y);
    at.prediction.x = median(near[0]->x, near[1]->x, near[2]->x);
    at.prediction.y = median(near[0]->y, near[1]->y, near[2]->y);
    try_vector(m, &at, 0, 0);
    try_vector(m, &at, whole(at.prediction.x), whole(at.prediction.y));
    if (m->o->search == BLOCK_FULL) {
        full_search(m, &at);
    } else {
        for (int i = 0; i < 3; i++) {
            try_vector(m, &at, whole(near[i]->x), whole(near[i]->y));
        }
        if (m->coarse) {
            const struct block_field *c = m->coarse;
            int32_t i = MIN((at.x + at.width / 2) / COARSE / COARSE_SIDE, c->columns - 1);
            int32_t k = MIN((at.y + at.height / 2) / COARSE / COARSE_SIDE, c->rows - 1);
            const struct block_vector *v = vector_at(c, i, k);
            try_vector(m, &at, COARSE * v->x, COARSE * v->y);
        }
        hexagon_search(m, &at);
    }
    for (int32_t step = 2; step >= 4 / m->o->subpel; step /= 2) {
        ring(m, &at, step);
    }
    f->vectors[(size_t)row * (size_t)f->columns + (size_t)column] = at.best;
}

static lk_status field_new(struct block_field *f, int32_t width, int32_t height, int32_t side,
                           lk_error *err) {
    *f = (struct block_field){.width = width,
                              .height = height,
                              .side = side,
                              .columns = (width + side - 1) / side,
                              .rows = (height + side - 1) / side};
    size_t count = (size_t)f->columns * (size_t)f->rows;
    f->vectors = mem_calloc(count, sizeof *f->vectors);
    return f->vectors ? LK_OK : error_memory(err, count * sizeof *f->vectors);
}

void block_field_release(struct block_field *f) {
    mem_free(f->vectors);
    *f = (struct block_field){0};
}

static lk_status match_all(struct block_field *out, lk_engine *engine, const lk_image *a,
                           const struct block_reference *r, const struct block_options *o,
                           const struct block_field *coarse, lk_error *err) {
    struct matching *m = mem_alloc(1, sizeof *m);
    lk_status status = field_new(out, a->width, a->height, o->side, err);
    status = status == LK_OK && !m ? error_memory(err, sizeof *m) : status;
    if (status == LK_OK) {
        *m = (struct matching){
            .k = &engine->kernels, .a = a, .r = r, .o = o, .f = out, .coarse = coarse};
        for (int32_t row = 0; row < out->rows; row++) {
            for (int32_t column = 0; column < out->columns; column++) {
                match_one(m, column, row);
            }
        }
    } else {
        block_field_release(out);
    }
    mem_free(m);
    return status;
}

/* A full search of both pictures at a quarter of their size. */
static lk_status match_coarse(struct block_field *out, lk_engine *engine, const lk_image *a,
                              const struct block_reference *r, const struct block_options *o,
                              lk_error *err) {
    const struct block_options coarse = {.side = COARSE_SIDE,
                                         .range = MAX(o->range / COARSE, 1),
                                         .search = BLOCK_FULL,
                                         .subpel = 1,
                                         .lambda = o->lambda};
    const lk_image b = {.width = r->width,
                        .height = r->height,
                        .channels = 1,
                        .bit_depth = 8,
                        .stride = r->stride,
                        .data = r->planes[0]};
    lk_image small[2] = {{0}, {0}};
    struct block_reference reference = {0};
    int32_t width = MAX(a->width / COARSE, 1), height = MAX(a->height / COARSE, 1);
    lk_status status = image_resize(&small[0], engine, a, width, height, RESIZE_BOX, err);
    status = status == LK_OK ? image_resize(&small[1], engine, &b, width, height, RESIZE_BOX, err)
                             : status;
    status = status == LK_OK ? block_reference_new(&reference, engine, &small[1],
                                                   coarse.range + BLOCK_QUARTERS, err)
                             : status;
    status = status == LK_OK ? match_all(out, engine, &small[0], &reference, &coarse, NULL, err)
                             : status;
    block_reference_release(&reference);
    lk_image_release(&small[0]);
    lk_image_release(&small[1]);
    return status;
}

lk_status block_match(struct block_field *out, lk_engine *engine, const lk_image *a,
                      const struct block_reference *r, const struct block_options *o,
                      lk_error *err) {
    struct block_field coarse = {0};
    *out = (struct block_field){0};
    bool wants_coarse = o->search == BLOCK_HEXAGON && MIN(a->width, a->height) >= 4 * COARSE_SIDE;
    lk_status status = wants_coarse ? match_coarse(&coarse, engine, a, r, o, err) : LK_OK;
    status = status == LK_OK ? match_all(out, engine, a, r, o, wants_coarse ? &coarse : NULL, err)
                             : status;
    block_field_release(&coarse);
    return status;
}
