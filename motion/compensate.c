/* SPDX-License-Identifier: Apache-2.0 */
/* Predictions of the first picture from the second, and how far they are off.
 *
 *   overlapped    sum over the four nearest blocks of w b(p + v), w falling linearly from the middle of a block to those of its
 *                 neighbours, so the weights of a pixel sum to 1 (overlapped block motion compensation, Orchard and Sullivan
 *                 1994, with a bilinear window)
 *   block affine  the affine motion through the vectors of the block and its eight neighbours (as control points of VVC's affine
 *                 mode do), taken where it costs less than the block's own vector and EXTRA_BITS more
 */
#include "motion/compensate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum { EXTRA_BITS = 12 };

/* Sums of one row of blocks. */
struct row_sums {
    double before, block, affine, block_affine;
    int64_t inside, affine_blocks;
};

struct compensating {
    lk_engine *engine;
    const lk_image *a;
    const struct block_reference *b;
    const struct block_field *f;
    const struct affine_motion *affine;
    double lambda;
    struct row_sums *rows;
    float *overlapped; /* the prediction, picture size */
};

static uint8_t pixel(const struct block_reference *b, int32_t x, int32_t y) {
    return b->planes[0][(ptrdiff_t)y * (ptrdiff_t)b->stride + x];
}

/* Between four pixels; false outside. */
static bool sample(double *out, const struct block_reference *b, double x, double y) {
    if (!(x >= 0 && y >= 0 && x <= b->width - 1 && y <= b->height - 1)) {
        return false; /* NaN too, and what no integer holds */
    }
    int32_t x0 = (int32_t)x, y0 = (int32_t)y;
    double fx = x - x0, fy = y - y0;
    double above = pixel(b, x0, y0) + fx * (pixel(b, x0 + 1, y0) - pixel(b, x0, y0));
    double below = pixel(b, x0, y0 + 1) + fx * (pixel(b, x0 + 1, y0 + 1) - pixel(b, x0, y0 + 1));
    *out = above + fy * (below - above);
    return true;
}

static void apply(double out[2], const double m[6], double x, double y) {
    out[0] = m[0] * x + m[1] * y + m[2];
    out[1] = m[3] * x + m[4] * y + m[5];
}

struct box {
    int32_t x, y, width, height;
};

static struct box box_of(const struct block_field *f, int32_t column, int32_t row) {
    int32_t x = column * f->side, y = row * f->side;
    return (struct box){x, y, MIN(f->side, f->width - x), MIN(f->side, f->height - y)};
}

static const struct block_vector *vector_at(const struct block_field *f, int32_t column,
                                            int32_t row) {
    return &f->vectors[(size_t)row * (size_t)f->columns + (size_t)column];
}

/* Sum of |a - b(M p)| over the box; pixels that end outside count by `outside` each. */
static double affine_sad(const struct compensating *c, const struct box *box, const double m[6],
                         double outside, int64_t *inside) {
    double sum = 0;
    for (int32_t y = box->y; y < box->y + box->height; y++) {
        for (int32_t x = box->x; x < box->x + box->width; x++) {
            double at[2], v;
            apply(at, m, x, y);
            if (sample(&v, c->b, at[0], at[1])) {
                sum += fabs(image_row(c->a, y)[x] - v);
                ++*inside;
            } else {
                sum += outside;
            }
        }
    }
    return sum;
}

/* The affine motion through the vectors of a block and its neighbours; false where they are all the same, or do not fix one. */
static bool affine_of_neighbours(double m[6], const struct block_field *f, int32_t column,
                                 int32_t row) {
    double from[9][2], to[9][2], weights[9];
    const struct block_vector *own = vector_at(f, column, row);
    bool differ = false;
    size_t n = 0;
    for (int32_t j = MAX(row - 1, 0); j <= MIN(row + 1, f->rows - 1); j++) {
        for (int32_t i = MAX(column - 1, 0); i <= MIN(column + 1, f->columns - 1); i++, n++) {
            struct box box = box_of(f, i, j);
            const struct block_vector *v = vector_at(f, i, j);
            from[n][0] = box.x + (box.width - 1) / 2.0;
            from[n][1] = box.y + (box.height - 1) / 2.0;
            to[n][0] = from[n][0] + v->x / 4.0;
            to[n][1] = from[n][1] + v->y / 4.0;
            weights[n] = 1;
            differ |= v->x != own->x || v->y != own->y;
        }
    }
    return differ && affine_fit(m, (const double(*)[2])from, (const double(*)[2])to, weights, n);
}

static void compensate_block(const struct compensating *c, struct row_sums *s, int32_t column,
                             int32_t row) {
    uint8_t fetched[BLOCK_SIDE_MOST * BLOCK_SIDE_MOST];
    const struct kernels *k = &c->engine->kernels;
    struct box box = box_of(c->f, column, row);
    const struct block_vector *v = vector_at(c->f, column, row);
    const uint8_t *a = image_row(c->a, box.y) + box.x;
    double m[6];
    size_t stride;
    int64_t inside = 0;
    const uint8_t *b =
        block_fetch(c->b, k, fetched, &stride, box.x, box.y, box.width, box.height, v->x, v->y);
    double moved = k->block.sad(a, c->a->stride, b, stride, box.width, box.height);
    const uint8_t *still =
        block_fetch(c->b, k, fetched, &stride, box.x, box.y, box.width, box.height, 0, 0);
    s->before += k->block.sad(a, c->a->stride, still, stride, box.width, box.height);
    s->block += moved;
    s->affine += affine_sad(c, &box, c->affine->m, 0, &s->inside);
    double turned = affine_of_neighbours(m, c->f, column, row)
                        ? affine_sad(c, &box, m, 255, &inside)
                        : INFINITY;
    bool better = turned + c->lambda * EXTRA_BITS < moved;
    s->block_affine += better ? turned : moved;
    s->affine_blocks += better;
}

static void compensate_row(void *arg, int32_t row) {
    const struct compensating *c = arg;
    for (int32_t column = 0; column < c->f->columns; column++) {
        compensate_block(c, &c->rows[row], column, row);
    }
}

/* The weight of block i for the pixel at p along one axis: 1 in the middle of the block, 0 in those of its neighbours, and 1
 * beyond the outermost. */
static float tent(int32_t p, int32_t i, int32_t count, int32_t side) {
    double at = (p + 0.5) / side - (i + 0.5);
    if ((i == 0 && at < 0) || (i == count - 1 && at > 0)) {
        return 1;
    }
    return (float)fmax(1 - fabs(at), 0);
}

/* Adds what block (column, row) says of the pixel rows of the block row `of`. */
static void add_overlapped(const struct compensating *c, uint8_t *fetched, int32_t column,
                           int32_t row, int32_t of) {
    const struct block_field *f = c->f;
    struct box lines = box_of(f, 0, of);
    int32_t x0 = MAX(column * f->side - f->side / 2, 0);
    int32_t x1 = MIN((column + 1) * f->side + (f->side + 1) / 2, f->width);
    const struct block_vector *v = vector_at(f, column, row);
    size_t stride;
    const uint8_t *b = block_fetch(c->b, &c->engine->kernels, fetched, &stride, x0, lines.y,
                                   x1 - x0, lines.height, v->x, v->y);
    for (int32_t y = 0; y < lines.height; y++) {
        float wy = tent(lines.y + y, row, f->rows, f->side);
        float *to = c->overlapped + (size_t)(lines.y + y) * (size_t)f->width;
        for (int32_t x = x0; wy > 0 && x < x1; x++) {
            to[x] += wy * tent(x, column, f->columns, f->side) *
                     b[(size_t)y * stride + (size_t)(x - x0)];
        }
    }
}

static void overlap_row(void *arg, int32_t of) {
    const struct compensating *c = arg;
    uint8_t fetched[2 * BLOCK_SIDE_MOST * BLOCK_SIDE_MOST + 2 * BLOCK_SIDE_MOST];
    for (int32_t row = MAX(of - 1, 0); row <= MIN(of + 1, c->f->rows - 1); row++) {
        for (int32_t column = 0; column < c->f->columns; column++) {
            add_overlapped(c, fetched, column, row, of);
        }
    }
}

static double overlapped_residual(const struct compensating *c) {
    double sum = 0;
    for (int32_t y = 0; y < c->a->height; y++) {
        const float *p = c->overlapped + (size_t)y * (size_t)c->a->width;
        double row = 0;
        for (int32_t x = 0; x < c->a->width; x++) {
            row += fabs((double)image_row(c->a, y)[x] - p[x]);
        }
        sum += row;
    }
    return sum;
}

lk_status compensate(struct residuals *out, lk_engine *engine, const lk_image *a,
                     const struct block_reference *b, const struct block_field *field,
                     const struct affine_motion *affine, double lambda, lk_error *err) {
    struct compensating c = {
        .engine = engine, .a = a, .b = b, .f = field, .affine = affine, .lambda = lambda};
    size_t pixels = (size_t)a->width * (size_t)a->height;
    c.rows = mem_calloc((size_t)field->rows, sizeof *c.rows);
    c.overlapped = mem_calloc(pixels, sizeof *c.overlapped);
    *out = (struct residuals){0};
    if (!c.rows || !c.overlapped) {
        mem_free(c.rows);
        mem_free(c.overlapped);
        return error_memory(err, pixels * sizeof *c.overlapped);
    }
    pool_for(engine->pool, field->rows, compensate_row, &c);
    pool_for(engine->pool, field->rows, overlap_row, &c);
    struct row_sums all = {0};
    for (int32_t i = 0; i < field->rows; i++) {
        all.before += c.rows[i].before;
        all.block += c.rows[i].block;
        all.affine += c.rows[i].affine;
        all.block_affine += c.rows[i].block_affine;
        all.inside += c.rows[i].inside;
        all.affine_blocks += c.rows[i].affine_blocks;
    }
    double n = (double)pixels;
    *out = (struct residuals){.before = all.before / n,
                              .block = all.block / n,
                              .overlapped = overlapped_residual(&c) / n,
                              .affine = all.inside ? all.affine / (double)all.inside : NAN,
                              .block_affine = all.block_affine / n,
                              .affine_blocks = (double)all.affine_blocks /
                                               ((double)field->columns * (double)field->rows)};
    mem_free(c.rows);
    mem_free(c.overlapped);
    return LK_OK;
}
