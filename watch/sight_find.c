/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/compiler.h"
#include "feature/sift_geometry.h"
#include "image/resize.h"
#include "motion/phase.h"
#include "watch/sight_parts.h"

/* Agreement at the middle level from which nobody asks for another map; and, in its old place, share of blocks there without doubt:
 * of other scenes at most a tenth is, but of a brick wall that has moved by a few bricks half. */
static const double settled = 0.75, settled_clear = 0.4;
/* Share of the view that must lie in the frame. */
static const double least_inside = 0.2;
/* Between the identity and a map near it: blocks that are there without doubt under both do not tell them apart. */
static const double favour_near = 0.03;

enum { KEYS = 800, MATCHES_LEAST = 8 };

static double mean_steepness(const lk_image *level) {
    double sum = 0;
    for (int32_t y = 1; y < level->height - 1; y++) {
        const uint8_t *row = image_row(level, y);
        float line = 0;
        for (int32_t x = 1; x < level->width - 1; x++) {
            float gx, gy;
            sight_slope(&gx, &gy, row + x, (ptrdiff_t)level->stride);
            line += sqrtf(gx * gx + gy * gy);
        }
        sum += (double)line;
    }
    return sum / ((double)level->width * level->height);
}

static double mean_level(const lk_image *level) {
    uint64_t sum = 0;
    for (int32_t y = 0; y < level->height; y++) {
        const uint8_t *row = image_row(level, y);
        for (int32_t x = 0; x < level->width; x++) {
            sum += row[x];
        }
    }
    return (double)sum / ((double)level->width * level->height);
}

lk_status sight_frame_new(struct sight_frame *out, lk_engine *engine, const lk_image *image,
                          int32_t width, int32_t height, lk_error *err) {
    *out = (struct sight_frame){.image = image, .width = width, .height = height};
    lk_status status = sight_pyramid_new(&out->pyramid, engine, image, width, height, err);
    if (status == LK_OK) {
        int32_t middle = sight_pyramid_middle(&out->pyramid);
        out->brightness = mean_level(&out->pyramid.levels[middle]);
        out->busy = mean_steepness(&out->pyramid.levels[MIN(middle + 1, out->pyramid.count - 1)]);
    }
    return status;
}

void sight_frame_release(struct sight_frame *f) {
    sight_pyramid_release(&f->pyramid);
    sift_points_release(&f->keys);
    lk_image_release(&f->small);
    *f = (struct sight_frame){0};
}

lk_status sight_frame_keys(struct sight_frame *f, lk_engine *engine, lk_error *err) {
    struct sift_options o = sift_options_default();
    const lk_image *middle = &f->pyramid.levels[sight_pyramid_middle(&f->pyramid)];
    double scale = (double)f->width / middle->width;
    if (f->keys_found) {
        return LK_OK;
    }
    o.count = KEYS;
    o.side = 640;
    o.enlarge = 1;
    o.first_octave = MAX(middle->width, middle->height) < 480 ? -1 : 0;
    lk_status status = sift_detect(&f->keys, engine, middle, &o, err);
    for (size_t i = 0; status == LK_OK && i < f->keys.count; i++) {
        struct sift_point *p = &f->keys.points[i];
        p->x = (float)(((double)p->x + 0.5) *
                       scale); /* corners at whole numbers, as sight_map has it */
        p->y = (float)(((double)p->y + 0.5) * scale);
        p->sigma *= (float)scale;
    }
    if (status == LK_OK) {
        double small = fmin(1, (double)SIGHT_SMALL_SIDE / MAX(f->width, f->height));
        status = image_resize(&f->small, engine, middle, MAX(1, (int32_t)(f->width * small)),
                              MAX(1, (int32_t)(f->height * small)), RESIZE_BOX, err);
    }
    f->keys_found = status == LK_OK;
    return status;
}

/* -- Maps -- */

/* The similarity that a homography of the reference onto the frame is at the middle of the picture. */
static bool similarity_of(struct sight_map *out, const double h[9], double width, double height) {
    double x, y, xr, yr, xd, yd, step = width / 8;
    if (!homography_apply(&x, &y, h, width / 2, height / 2) ||
        !homography_apply(&xr, &yr, h, width / 2 + step, height / 2) ||
        !homography_apply(&xd, &yd, h, width / 2, height / 2 + step)) {
        return false;
    }
    /* Mean of what becomes of a step right and of one down, turned back by a quarter. */
    out->a = ((xr - x) + (yd - y)) / (2 * step);
    out->b = ((yr - y) - (xd - x)) / (2 * step);
    out->dx = x - out->a * width / 2 + out->b * height / 2;
    out->dy = y - out->b * width / 2 - out->a * height / 2;
    return true;
}

static lk_status map_of_keys(struct sight_map *out, bool *found, lk_engine *engine,
                             const struct camera_view *view, const struct sight_frame *frame,
                             lk_error *err) {
    struct sift_match_options mo = sift_match_options_default();
    struct sift_geometry_options go = sift_geometry_options_default();
    struct sift_matches matches = {0};
    struct sift_geometry g = {0};
    int32_t w = view->layers[0].width, h = view->layers[0].height;
    struct sift_pair pair = {&view->keys, &frame->keys, w, h, frame->width, frame->height};
    double forward[9];
    lk_status status = sift_match(&matches, engine, &view->keys, &frame->keys, &mo, err);
    if (status == LK_OK) {
        status = sift_geometry_find(&g, &matches, &pair, &go, err);
    }
    sift_matches_release(&matches);
    *found = status == LK_OK && g.inliers >= MATCHES_LEAST && homography_invert(forward, g.h) &&
             similarity_of(out, forward, w, h);
    return status;
}

static lk_status map_of_phase(struct sight_map *out, bool *found, lk_engine *engine,
                              const struct camera_view *view, const struct sight_frame *frame,
                              lk_error *err) {
    struct phase_similarity s = {0};
    lk_status status = phase_similarity(&s, engine, &view->small, &frame->small, err);
    double turn = s.rotation_deg * M_PI / 180, w = view->layers[0].width,
           h = view->layers[0].height, scale = w / view->small.width;
    *found = status == LK_OK && s.found;
    out->a = s.scale * cos(turn);
    out->b = s.scale * sin(turn);
    out->dx = w / 2 + s.shift_x * scale - out->a * w / 2 + out->b * h / 2;
    out->dy = h / 2 + s.shift_y * scale - out->b * w / 2 - out->a * h / 2;
    return status;
}

/* Blocks that are there without doubt tell most; of all levels, since blur takes the fine ones away and a rough map too. What lies
 * mostly outside of the frame agrees by chance. */
double sight_standing(const struct sight_seen *s) {
    double clear = fmax(s->near.clear, s->far.clear);
    return fmax(0, 0.5 * clear + 0.25 * (s->agreement + s->coarse)) * sqrt(s->inside);
}

/* -- References without structure -- */

enum { FEATURELESS = 12 }; /* blocks with points at the second level */

bool sight_is_featureless(const struct camera_view *view) {
    const struct sight_layer *layer = &view->layers[MIN(1, view->count - 1)];
    int32_t blocks = 0;
    for (int32_t b = 0; b < SIGHT_BLOCKS; b++) {
        float weight = 0;
        for (uint32_t i = layer->start[b]; i < layer->start[b + 1]; i++) {
            weight += sight_point_weight(&layer->points[i]);
        }
        blocks += weight >= 2;
    }
    return blocks < FEATURELESS;
}

bool sight_is_featureless_too(const struct camera_view *view, const struct sight_frame *frame) {
    double light = (frame->brightness + 4) / (view->brightness + 4);
    return frame->busy < 1.5 * view->busy + 0.5 && light < 1.7 && light > 0.6;
}

bool sight_is_settled(const struct sight_seen *s, const struct camera_view *view) {
    double clear = fmax(s->near.clear, s->far.clear), width = view->layers[0].width;
    bool in_place = sight_map_reach(&s->map, width, view->layers[0].height) < 0.005 * width;
    return s->agreement >= settled || (in_place && clear >= settled_clear);
}

/* Registers the map on the layers from first on, and takes it if the frame then stands better than it did; within favour, the
 * agreement at the middle level decides. */
static void take_better(struct sight_seen *best, const struct camera_view *view,
                        const struct sight_frame *frame, struct sight_map map, int32_t first,
                        bool wide, double favour) {
    struct sight_look look = {
        .layers = view->layers, .count = view->count, .frame = &frame->pyramid};
    struct sight_seen seen;
    sight_register(&map, &look, first, sight_pyramid_middle(&frame->pyramid), wide);
    sight_measure(&seen, view, frame, &map);
    double gain = sight_standing(&seen) - sight_standing(best);
    if (seen.inside > least_inside &&
        (gain > favour || (gain > -favour && seen.agreement > best->agreement + 0.01))) {
        *best = seen;
    }
}

void sight_find_near(struct sight_seen *out, const struct camera_view *view,
                     const struct sight_frame *frame) {
    struct sight_map map = sight_map_identity();
    int32_t last = view->count - 1;
    sight_measure(out, view, frame, &map);
    take_better(out, view, frame, map, last, false, favour_near);
    if (!sight_is_settled(out, view)) {
        take_better(out, view, frame, map, last, true, 0);
    }
}

lk_status sight_find_far(struct sight_seen *out, lk_engine *engine, const struct camera_view *view,
                         struct sight_frame *frame, bool spectra, lk_error *err) {
    struct sight_map map;
    int32_t last = view->count - 1;
    bool found = false;
    lk_status status = sight_frame_keys(frame, engine, err);
    if (status == LK_OK) {
        status = map_of_keys(&map, &found, engine, view, frame, err);
    }
    if (status == LK_OK && found) {
        take_better(out, view, frame, map, MIN(last, sight_pyramid_middle(&frame->pyramid) + 1),
                    false, 0);
    }
    if (status != LK_OK || !spectra || sight_is_settled(out, view)) {
        return status;
    }
    status = map_of_phase(&map, &found, engine, view, frame, err);
    if (status == LK_OK && found) {
        take_better(out, view, frame, map, last, false, 0);
    }
    return status;
}
