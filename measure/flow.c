/* SPDX-License-Identifier: Apache-2.0 */
/* flow: how far the pixels of the reference went, by dense optical flow (motion/optical_flow.c).
 *
 * value            mean length of the displacements, in pixels
 * mean_vector      mean displacement, right and down
 * longest_px       the longest
 * moving_share     share of pixels that moved by more than MOVES_FROM
 * residual_before  mean absolute difference of the gray pictures, 0..255
 * residual_after   the same of the reference and the photo taken back along the field, where it ends inside the photo
 * picture          the field in colours (motion/flow_picture.c)
 *
 * score = 1 / (1 + value / 1 % of the diagonal): one for a picture at rest, a half where everything moved by a hundredth of the
 * diagonal. Pictures that show different things have no motion: a residual that stays says so. Sums are taken by rows, in their
 * order.
 * Oracle: ground truth of four sequences (tests/unit/test_flow.c). */
#include <math.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "measure/measure.h"
#include "motion/optical_flow.h"

static const double MOVES_FROM = 0.5;     /* pixels */
static const double HALF_SCORE_AT = 0.01; /* of the diagonal */

struct flow_sums_of_row {
    double length, u, v, longest2, before, after;
    int64_t moving, inside;
};

struct summing {
    const lk_flow *flow;
    const lk_image *a, *b;
    struct flow_sums_of_row *rows;
};

/* The gray picture between four pixels. */
static double gray_between(const lk_image *image, double x, double y) {
    int32_t x0 = (int32_t)x, y0 = (int32_t)y;
    int32_t x1 = MIN(x0 + 1, image->width - 1), y1 = MIN(y0 + 1, image->height - 1);
    double fx = x - x0, fy = y - y0;
    const uint8_t *p = image_row(image, y0), *q = image_row(image, y1);
    double above = p[x0] + fx * (p[x1] - p[x0]), below = q[x0] + fx * (q[x1] - q[x0]);
    return above + fy * (below - above);
}

static void sum_row(void *arg, int32_t y) {
    const struct summing *s = arg;
    struct flow_sums_of_row r = {0};
    const float *uv = s->flow->data + 2 * (size_t)y * (size_t)s->flow->width;
    const uint8_t *a = image_row(s->a, y), *b = image_row(s->b, y);
    for (int32_t x = 0; x < s->flow->width; x++) {
        double u = uv[2 * x], v = uv[2 * x + 1], length2 = u * u + v * v;
        double to_x = x + u, to_y = y + v;
        r.length += sqrt(length2);
        r.u += u;
        r.v += v;
        r.longest2 = length2 > r.longest2 ? length2 : r.longest2;
        r.moving += length2 > MOVES_FROM * MOVES_FROM;
        r.before += abs(a[x] - b[x]);
        if (to_x >= 0 && to_y >= 0 && to_x <= s->a->width - 1 && to_y <= s->a->height - 1) {
            r.after += fabs(a[x] - gray_between(s->b, to_x, to_y));
            r.inside++;
        }
    }
    s->rows[y] = r;
}

static struct flow_sums_of_row add_up(const struct summing *s) {
    struct flow_sums_of_row all = {0};
    for (int32_t y = 0; y < s->flow->height; y++) {
        const struct flow_sums_of_row *r = &s->rows[y];
        all.length += r->length;
        all.u += r->u;
        all.v += r->v;
        all.longest2 = MAX(all.longest2, r->longest2);
        all.moving += r->moving;
        all.before += r->before;
        all.after += r->after;
        all.inside += r->inside;
    }
    return all;
}

static void tell(lk_measure_result *out, const struct flow_sums_of_row *all, const lk_flow *flow) {
    double pixels = (double)flow->width * flow->height;
    double mean[] = {all->u / pixels, all->v / pixels};
    out->value = all->length / pixels;
    out->score = 1 / (1 + out->value / (HALF_SCORE_AT * hypot(flow->width, flow->height)));
    measure_detail_numbers(out, "mean_vector", mean, 2);
    measure_detail_number(out, "longest_px", sqrt(all->longest2));
    measure_detail_number(out, "moving_share", (double)all->moving / pixels);
    measure_detail_number(out, "residual_before", all->before / pixels);
    measure_detail_number(out, "residual_after",
                          all->inside ? all->after / (double)all->inside : NAN);
}

static lk_status flow_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    lk_flow flow = {0};
    lk_status status = view_gray(&a, in->a, err);
    status = status == LK_OK ? view_gray(&b, in->b, err) : status;
    status = status == LK_OK ? optical_flow(&flow, in->engine, a, b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    struct summing s = {.flow = &flow, .a = a, .b = b};
    s.rows = mem_calloc((size_t)flow.height, sizeof *s.rows);
    if (!s.rows) {
        status = error_memory(err, (size_t)flow.height * sizeof *s.rows);
    } else {
        pool_for(in->engine->pool, flow.height, sum_row, &s);
        struct flow_sums_of_row all = add_up(&s);
        tell(out, &all, &flow);
    }
    if (status == LK_OK && in->options->want_maps) {
        status = lk_flow_picture(&out->picture, &flow, 0, err);
    }
    mem_free(s.rows);
    lk_flow_release(&flow);
    return status;
}

const struct measure measure_flow = {
    .info = {.name = "flow",
             .version = 1,
             .title = "Optical flow",
             .summary = "How far each pixel of the reference went in the photo as it came.",
             .unit = "px",
             .aspect = LK_ASPECT_MOTION,
             .picture = "where each pixel went: hue is the direction, strength the distance",
             .higher_is_more_alike = false,
             .best = 0,
             .min = 0,
             .max = INFINITY},
    .on_original = true,
    .run = flow_run,
};
