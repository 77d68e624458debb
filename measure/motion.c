/* SPDX-License-Identifier: Apache-2.0 */
/* motion: how the photo as it came moved, block by block and as a whole (motion/block_match.c, affine_motion.c, compensate.c).
 *
 *   value               mean length of the blocks' vectors, in pixels
 *   mean_vector         their mean, right and down
 *   residual_*          mean absolute difference of the gray pictures, 0..255: as they are, and after each way of taking the
 *                       motion back
 *   affine              m00 m01 m02 m10 m11 m12: a point of the reference lies at (m00 x + m01 y + m02, m10 x + m11 y + m12)
 *   rotation_deg, zoom  of the affine motion: its turn, and the root of its determinant
 *
 * score = 1 / (1 + value / 1 % of the diagonal), as flow's. picture = the vectors as a field in colours. */
#include <math.h>

#include <likeness/motion.h>

#include "base/error.h"
#include "base/mem.h"
#include "measure/measure.h"
#include "motion/compensate.h"

static const double half_score_at = 0.01; /* of the diagonal */

static const struct block_options *options_of(struct block_options *out,
                                              const lk_measure_options *o, lk_error *err) {
    bool good = o->motion_block >= BLOCK_SIDE_LEAST && o->motion_block <= BLOCK_SIDE_MOST &&
                o->motion_range >= 1 && o->motion_range <= BLOCK_RANGE_MOST &&
                o->motion_lambda >= 0 && o->motion_lambda <= 1e6 && o->motion_subpel >= 0 &&
                o->motion_subpel <= 2;
    if (!good) {
        (void)error_set(err, LK_E_USAGE,
                        "motion needs blocks of %d to %d pixels, a range of 1 to %d and a lambda "
                        "of 0 to 1e6; got %d, %d, %g",
                        BLOCK_SIDE_LEAST, BLOCK_SIDE_MOST, BLOCK_RANGE_MOST, o->motion_block,
                        o->motion_range, o->motion_lambda);
        return NULL;
    }
    *out = (struct block_options){.side = o->motion_block,
                                  .range = o->motion_range,
                                  .search = o->motion_search == 1 ? BLOCK_FULL : BLOCK_HEXAGON,
                                  .metric = o->motion_metric == 1 ? BLOCK_SATD : BLOCK_SAD,
                                  .subpel = 1 << o->motion_subpel,
                                  .lambda = o->motion_lambda};
    return out;
}

/* Everything that is found of one pair. */
struct found {
    struct block_reference reference;
    struct block_field field;
    struct affine_motion affine;
    struct residuals residuals;
};

static void found_release(struct found *f) {
    block_reference_release(&f->reference);
    block_field_release(&f->field);
}

static lk_status find(struct found *f, lk_engine *engine, const lk_image *a, const lk_image *b,
                      const struct block_options *o, lk_error *err) {
    lk_status status =
        block_reference_new(&f->reference, engine, b, o->range + o->side + BLOCK_QUARTERS, err);
    status = status == LK_OK ? block_match(&f->field, engine, a, &f->reference, o, err) : status;
    status =
        status == LK_OK ? affine_motion_find(&f->affine, engine, a, b, &f->field, err) : status;
    return status == LK_OK ? compensate(&f->residuals, engine, a, &f->reference, &f->field,
                                        &f->affine, o->lambda, err)
                           : status;
}

/* The field, each pixel with the vector of its block. */
static lk_status draw_field(lk_image *out, const struct block_field *f, lk_error *err) {
    size_t pixels = (size_t)f->width * (size_t)f->height;
    lk_flow flow = {
        .width = f->width, .height = f->height, .data = mem_alloc(pixels, 2 * sizeof *flow.data)};
    if (!flow.data) {
        return error_memory(err, pixels * 2 * sizeof *flow.data);
    }
    for (size_t i = 0; i < pixels; i++) {
        size_t x = i % (size_t)f->width / (size_t)f->side,
               y = i / (size_t)f->width / (size_t)f->side;
        const struct block_vector *v = &f->vectors[y * (size_t)f->columns + x];
        flow.data[2 * i] = (float)v->x / 4;
        flow.data[2 * i + 1] = (float)v->y / 4;
    }
    lk_status status = lk_flow_picture(out, &flow, 0, err);
    lk_flow_release(&flow);
    return status;
}

static void tell(lk_measure_result *out, const struct found *f) {
    double sum[2] = {0, 0}, length = 0;
    double n = (double)f->field.columns * f->field.rows;
    for (size_t i = 0; i < (size_t)n; i++) {
        const struct block_vector *v = &f->field.vectors[i];
        sum[0] += v->x / 4.0 / n;
        sum[1] += v->y / 4.0 / n;
        length += hypot(v->x / 4.0, v->y / 4.0);
    }
    const double *m = f->affine.m;
    double determinant = m[0] * m[4] - m[1] * m[3];
    out->value = length / n;
    out->score = 1 / (1 + out->value / (half_score_at * hypot(f->field.width, f->field.height)));
    measure_detail_numbers(out, "mean_vector", sum, 2);
    measure_detail_number(out, "residual_before", f->residuals.before);
    measure_detail_number(out, "residual_after", f->residuals.block);
    measure_detail_number(out, "residual_overlapped", f->residuals.overlapped);
    measure_detail_number(out, "residual_affine", f->residuals.affine);
    measure_detail_number(out, "residual_block_affine", f->residuals.block_affine);
    measure_detail_number(out, "affine_blocks", f->residuals.affine_blocks);
    measure_detail_numbers(out, "affine", m, 6);
    measure_detail_number(out, "affine_agreeing", f->affine.agreeing);
    measure_detail_number(out, "rotation_deg",
                          atan2(m[3] - m[1], m[0] + m[4]) * 180 / 3.14159265358979323846);
    measure_detail_number(out, "zoom", sqrt(fmax(determinant, 0)));
}

static lk_status motion_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    struct block_options o;
    struct found f = {0};
    if (!options_of(&o, in->options, err)) {
        return LK_E_USAGE;
    }
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? find(&f, in->engine, a, b, &o, err) : status;
    if (status == LK_OK) {
        tell(out, &f);
        status = in->options->want_maps ? draw_field(&out->picture, &f.field, err) : LK_OK;
    }
    found_release(&f);
    return status;
}

const struct measure measure_motion = {
    .info = {.name = "motion",
             .version = 1,
             .title = "Block and affine motion",
             .summary = "How the blocks of the reference moved in the photo as it came, and what "
                        "taking it back leaves.",
             .unit = "px",
             .aspect = LK_ASPECT_MOTION,
             .picture = "where each block went: hue is the direction, strength the distance",
             .higher_is_more_alike = false,
             .best = 0,
             .min = 0,
             .max = INFINITY},
    .on_original = true,
    .run = motion_run,
};
