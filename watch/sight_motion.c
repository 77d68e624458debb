/* SPDX-License-Identifier: Apache-2.0 */
/* A point p of the reference with the slope g is looked for at T(p) + d, T a similarity. With f the slope of the frame there
 * and R the turn of T,
 *
 *   agreement(d) = sum w (R g . f) / (|g| (|f| + n)) / sum w        over the points of a block
 *
 * where n is the steepness of noise. It depends on directions only, so neither light nor contrast changes it, and what has
 * nothing to do with the reference has 0. Each block takes the d that agrees best, to a fraction of a pixel by a parabola.
 * T is then fitted to the blocks by weighted least squares,
 *
 *   sum_b  w_b (T(p_b) - q_b)' M_b (T(p_b) - q_b)
 *
 * where M_b is the mean of unit slopes' outer products: along an edge a block does not say where it lies (the aperture problem).
 * Weights fall with the agreement and, in five rounds, with the distance (Geman and McClure), so that blocks which people or
 * cars cross do not count. From coarse to fine, each level within 2 pixels of the one before. */
#include "watch/sight_motion.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "feature/homography.h"

enum { SPAN_MOST = 2 * SIGHT_REACH_MOST + 1, ROUNDS = 5 };

static const float noise_steep = 1.5F;
static const float least_agreement = 0.3F; /* of a block that is asked where it lies */
static const double corner_share = 0.01;   /* of the blocks' weight: each corner's */
static const double distance_scale = 1;    /* of Geman and McClure's weight, pixels of the level */

double sight_map_reach(const struct sight_map *m, double width, double height) {
    /* Moved about the middle by m, and turned and scaled about it: the mean square of x is width^2 / 12. */
    double x = m->a * width / 2 - m->b * height / 2 + m->dx - width / 2;
    double y = m->b * width / 2 + m->a * height / 2 + m->dy - height / 2;
    double turn = (m->a - 1) * (m->a - 1) + m->b * m->b;
    return sqrt(x * x + y * y + turn * (width * width + height * height) / 12);
}

/* -- One block -- */

struct search {
    const lk_image *level;
    double cos, sin; /* of the map's turn */
    double a, b, dx, dy;
    int32_t reach;
    /* Of the block. */
    double weight, inside, tensor[3], x, y;
    double agreement[SPAN_MOST * SPAN_MOST], along[SPAN_MOST * SPAN_MOST], energy;
};

/* The level of the frame that shows things at about the size they have in the layer. */
static int32_t level_for(const struct sight_look *look, int32_t layer,
                         const struct sight_map *map) {
    int32_t up = (int32_t)lround(log2(fmax(hypot(map->a, map->b), 1e-3)));
    return MIN(MAX(layer + up, 0), look->frame->count - 1);
}

static void add_point(struct search *s, const struct sight_point *p, int32_t x, int32_t y) {
    ptrdiff_t stride = (ptrdiff_t)s->level->stride;
    float w = sight_point_weight(p), c = (float)s->cos, n = (float)s->sin;
    if (w <= 0) {
        return; /* fleeting, or without any slope left */
    }
    float steep = sqrtf(p->gx * p->gx + p->gy * p->gy);
    float gx = c * p->gx - n * p->gy, gy = n * p->gx + c * p->gy;
    float scale = w / steep;
    int32_t i = 0;
    for (int32_t v = -s->reach; v <= s->reach; v++) {
        const uint8_t *at = image_row(s->level, y + v) + x - s->reach;
        for (int32_t u = -s->reach; u <= s->reach; u++, at++, i++) {
            float fx, fy;
            sight_slope(&fx, &fy, at, stride);
            float dot = gx * fx + gy * fy;
            s->agreement[i] += (double)(scale * dot / (sqrtf(fx * fx + fy * fy) + noise_steep));
            s->along[i] += (double)(w * dot);
        }
    }
    s->energy += (double)(w * steep * steep);
    s->weight += (double)w;
    s->tensor[0] += (double)(scale * gx * gx / steep);
    s->tensor[1] += (double)(scale * gx * gy / steep);
    s->tensor[2] += (double)(scale * gy * gy / steep);
    s->x += (double)(w * (float)p->x);
    s->y += (double)(w * (float)p->y);
}

/* Where a parabola through three values has its top, -0.5..0.5. */
static double top_of(double before, double at, double after) {
    double bend = 2 * at - before - after;
    return bend > 1e-6 ? fmin(fmax((after - before) / (2 * bend), -0.5), 0.5) : 0;
}

static void finish_block(struct sight_block *out, const struct search *s, double all, double step) {
    int32_t span = 2 * s->reach + 1, best = span * s->reach + s->reach;
    *out = (struct sight_block){.outside = (float)(all > 0 ? 1 - s->inside / all : 1)};
    if (s->weight <= 0) {
        return;
    }
    for (int32_t i = 0; i < span * span; i++) {
        best = s->agreement[i] > s->agreement[best] ? i : best;
    }
    int32_t u = best % span, v = best / span;
    double fine_u = 0, fine_v = 0;
    if (u > 0 && u < span - 1) {
        fine_u = top_of(s->agreement[best - 1], s->agreement[best], s->agreement[best + 1]);
    }
    if (v > 0 && v < span - 1) {
        fine_v = top_of(s->agreement[best - span], s->agreement[best], s->agreement[best + span]);
    }
    out->weight = (float)s->weight;
    out->agreement = (float)(s->agreement[best] / s->weight);
    out->gain = (float)(s->along[best] / s->energy);
    out->dx = (float)(u - s->reach + fine_u);
    out->dy = (float)(v - s->reach + fine_v);
    for (int32_t i = 0; i < 3; i++) {
        out->tensor[i] = (float)(s->tensor[i] / s->weight);
    }
    out->x = (float)((s->x / s->weight + 0.5) * step);
    out->y = (float)((s->y / s->weight + 0.5) * step);
}

static void hold_block(struct sight_block *out, struct search *s, const struct sight_layer *layer,
                       int32_t block, double step) {
    double all = 0;
    int32_t margin = s->reach + 1;
    s->weight = s->inside = s->energy = s->x = s->y = 0;
    memset(s->tensor, 0, sizeof s->tensor);
    memset(s->agreement, 0, sizeof s->agreement);
    memset(s->along, 0, sizeof s->along);
    for (uint32_t i = layer->start[block]; i < layer->start[block + 1]; i++) {
        const struct sight_point *p = &layer->points[i];
        double px = p->x + 0.5, py = p->y + 0.5;
        double fx = floor(s->a * px - s->b * py + s->dx), fy = floor(s->b * px + s->a * py + s->dy);
        bool in = fx >= margin && fy >= margin && fx < s->level->width - margin &&
                  fy < s->level->height - margin;
        all += 1;
        if (in) {
            s->inside += 1;
            add_point(s, p, (int32_t)fx, (int32_t)fy);
        }
    }
    finish_block(out, s, all, step);
}

static void begin_search(struct search *s, const struct sight_look *look, int32_t layer,
                         const struct sight_map *map, int32_t reach) {
    int32_t at = level_for(look, layer, map);
    double zoom = hypot(map->a, map->b), step = ldexp(1, layer), frame_step = ldexp(1, at);
    s->level = &look->frame->levels[at];
    s->cos = map->a / zoom;
    s->sin = map->b / zoom;
    s->a = map->a * step / frame_step;
    s->b = map->b * step / frame_step;
    s->dx = map->dx / frame_step;
    s->dy = map->dy / frame_step;
    s->reach = reach;
}

void sight_hold(struct sight_block out[SIGHT_BLOCKS], const struct sight_look *look, int32_t layer,
                const struct sight_map *map, int32_t reach) {
    struct search s;
    begin_search(&s, look, layer, map, reach);
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        hold_block(&out[b], &s, &look->layers[layer], b, ldexp(1, layer));
    }
}

/* -- All blocks together -- */

/* Shifts map to where the blocks as a whole agree best. */
static void shift_together(struct sight_map *map, const struct sight_look *look, int32_t layer) {
    enum { REACH = SIGHT_REACH_MOST, SPAN = SPAN_MOST };
    struct search s;
    struct sight_block block;
    double sums[SPAN * SPAN] = {0};
    int32_t best = SPAN * REACH + REACH;
    begin_search(&s, look, layer, map, REACH);
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        hold_block(&block, &s, &look->layers[layer], b, 1);
        for (int32_t i = 0; i < SPAN * SPAN; i++) {
            sums[i] += s.agreement[i];
        }
    }
    for (int32_t i = 0; i < SPAN * SPAN; i++) {
        best = sums[i] > sums[best] ? i : best;
    }
    double step = ldexp(1, level_for(look, layer, map));
    map->dx += (best % SPAN - REACH) * step;
    map->dy += (best / SPAN - REACH) * step;
}

/* Adds one block to the normal equations of a, b, dx, dy about the middle (mx, my). */
static void add_block(double m[16], double v[4], const struct sight_block *b,
                      const double target[2], const double middle[2], double weight) {
    double x = (double)b->x - middle[0], y = (double)b->y - middle[1];
    double rows[2][4] = {{x, -y, 1, 0}, {y, x, 0, 1}};
    /* A little of the identity keeps a picture of parallel edges solvable. */
    double t[2][2] = {{(double)b->tensor[0] + 0.02, (double)b->tensor[1]},
                      {(double)b->tensor[1], (double)b->tensor[2] + 0.02}};
    for (int32_t i = 0; i < 4; i++) {
        double tx = rows[0][i] * t[0][0] + rows[1][i] * t[1][0];
        double ty = rows[0][i] * t[0][1] + rows[1][i] * t[1][1];
        for (int32_t k = 0; k < 4; k++) {
            m[4 * i + k] += weight * (tx * rows[0][k] + ty * rows[1][k]);
        }
        v[i] += weight * (tx * target[0] + ty * target[1]);
    }
}

static double distance_of(const struct sight_block *b, double ex, double ey) {
    double d = (double)b->tensor[0] * ex * ex + 2 * (double)b->tensor[1] * ex * ey +
               (double)b->tensor[2] * ey * ey;
    return sqrt(fmax(d, 0));
}

/* Adds that the corners would rather stay where map has them: what is seen of a narrow strip alone says little of turn and zoom. */
static void add_corners(double m[16], double v[4], const struct sight_map *map,
                        const double middle[2], double weight) {
    for (int32_t i = 0; i < 4; i++) {
        double x = i % 2 ? 2 * middle[0] : 0, y = i / 2 ? 2 * middle[1] : 0;
        struct sight_block corner = {.x = (float)x, .y = (float)y, .tensor = {0.5F, 0, 0.5F}};
        const double target[2] = {map->a * x - map->b * y + map->dx,
                                  map->b * x + map->a * y + map->dy};
        add_block(m, v, &corner, target, middle, weight);
    }
}

/* One round of the fit: to where the blocks lie (map + their d), weighed by how near old comes to that. */
static bool fit_round(struct sight_map *out, const struct sight_map *old,
                      const struct sight_map *map, const struct sight_block *blocks,
                      const double middle[2], double step) {
    double m[16] = {0}, v[4] = {0}, total = 0;
    for (int32_t i = 0; i < SIGHT_BLOCKS; i++) {
        const struct sight_block *b = &blocks[i];
        if (b->weight < 1 || b->agreement < least_agreement) {
            continue;
        }
        double x = (double)b->x, y = (double)b->y;
        double target[2] = {map->a * x - map->b * y + map->dx + (double)b->dx * step,
                            map->b * x + map->a * y + map->dy + (double)b->dy * step};
        double e = distance_of(b, target[0] - (old->a * x - old->b * y + old->dx),
                               target[1] - (old->b * x + old->a * y + old->dy)) /
                   (step * distance_scale);
        double weight =
            (double)(b->weight * (b->agreement - least_agreement)) / ((1 + e * e) * (1 + e * e));
        add_block(m, v, b, target, middle, weight);
        total += weight;
    }
    add_corners(m, v, map, middle, corner_share * total);
    if (total < 2 || !solve_positive(m, v, 4)) {
        return false;
    }
    *out = (struct sight_map){.a = v[0],
                              .b = v[1],
                              .dx = v[2] - v[0] * middle[0] + v[1] * middle[1],
                              .dy = v[3] - v[1] * middle[0] - v[0] * middle[1]};
    return true;
}

static void fit(struct sight_map *map, const struct sight_look *look, int32_t layer) {
    struct sight_block blocks[SIGHT_BLOCKS];
    const struct sight_layer *first = &look->layers[0];
    const double middle[2] = {first->width / 2.0, first->height / 2.0};
    double step = ldexp(1, level_for(look, layer, map));
    struct sight_map fitted = *map;
    sight_hold(blocks, look, layer, map, 2);
    for (int32_t i = 0; i < ROUNDS; i++) {
        struct sight_map old = fitted;
        if (!fit_round(&fitted, &old, map, blocks, middle, step)) {
            return;
        }
    }
    /* Blocks were looked for within 2 pixels: what asks for more in the mean fits noise. */
    struct sight_map moved = {.a = fitted.a - map->a + 1,
                              .b = fitted.b - map->b,
                              .dx = fitted.dx - map->dx,
                              .dy = fitted.dy - map->dy};
    if (sight_map_reach(&moved, first->width, first->height) <= 4 * step) {
        *map = fitted;
    }
}

void sight_register(struct sight_map *map, const struct sight_look *look, int32_t first,
                    int32_t last, bool wide) {
    if (wide) {
        shift_together(map, look, first);
    }
    for (int32_t layer = first; layer >= last; layer--) {
        fit(map, look, layer);
        if (layer == first || layer == last) {
            fit(map, look, layer);
        }
    }
}
