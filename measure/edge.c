/* SPDX-License-Identifier: Apache-2.0 */
/* edge: how far the outlines of the one picture lie from those of the other (feature/canny.c, feature/hausdorff.c).
 *
 * value = modified   the larger of the two mean distances from an edge pixel to the nearest one of the other picture, in pixels
 * hausdorff          the largest such distance: one stray pixel decides it
 * partial            the distance within which edge.quantile of them lie, the larger of the two ways
 * met_a, met_b       the share of each picture's edge pixels with one of the other within edge.reach
 * edges_a, edges_b   their numbers
 *
 * score = 2 met_a met_b / (met_a + met_b), the F-measure of boundaries (Martin et al., PAMI 2004). When only one picture has
 * edges the distances are infinite and the score is 0; when neither has, 0 and 1. map: what is not met, 1 from ten pixels on.
 * Oracle: OpenCV's edges, scikit-image's distances (tests/oracle/edge). */
#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "feature/canny.h"
#include "feature/distance_transform.h"
#include "feature/hausdorff.h"
#include "image/draw.h"
#include "measure/measure.h"

static const double map_full_px = 10;

/* The edges of one picture and the squared distances to them. */
struct outline {
    lk_image edges;
    int32_t *squared;
};

static lk_status outline_make(struct outline *out, struct view *v, const lk_measure_options *o,
                              lk_error *err) {
    const lk_image *gray;
    struct edge_limits limits = {.low = o->edge_low, .high = o->edge_high};
    lk_status status = view_gray(&gray, v, err);
    status = status == LK_OK ? edge_detect(&out->edges, v->engine, gray, limits, err) : status;
    return status == LK_OK ? distance_transform(&out->squared, v->engine, &out->edges, err)
                           : status;
}

static void outline_release(struct outline *o) {
    lk_image_release(&o->edges);
    mem_free(o->squared);
}

static lk_status draw_map(lk_map *out, const struct outline *a, const struct outline *b,
                          lk_error *err) {
    int32_t width = a->edges.width, height = a->edges.height;
    size_t pixels = (size_t)width * (size_t)height;
    *out = (lk_map){.width = width, .height = height, .data = mem_alloc(pixels, sizeof *out->data)};
    if (!out->data) {
        return error_memory(err, pixels * sizeof *out->data);
    }
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *ea = image_row(&a->edges, y), *eb = image_row(&b->edges, y);
        for (int32_t x = 0; x < width; x++) {
            size_t i = (size_t)y * (size_t)width + (size_t)x;
            int32_t squared = MAX(ea[x] ? b->squared[i] : 0, eb[x] ? a->squared[i] : 0);
            out->data[i] = (float)fmin(sqrt(squared) / map_full_px, 1);
        }
    }
    return LK_OK;
}

/* White: of both, as far as one reaches; orange: only in the reference; blue: only in the photo. */
static lk_status draw_edges(lk_image *out, const struct outline *a, const struct outline *b,
                            double reach, lk_error *err) {
    static const struct colour none = {24, 24, 24}, both = {235, 235, 235}, only_a = {255, 140, 0},
                               only_b = {70, 150, 255};
    int32_t width = a->edges.width, height = a->edges.height;
    lk_status status = lk_image_new(out, width, height, 3, 8, err);
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        const uint8_t *ea = image_row(&a->edges, y), *eb = image_row(&b->edges, y);
        const int32_t *da = a->squared + (size_t)y * (size_t)width,
                      *db = b->squared + (size_t)y * (size_t)width;
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < width; x++, to += 3) {
            bool lone_a = ea[x] && db[x] > reach * reach, lone_b = eb[x] && da[x] > reach * reach;
            struct colour c = lone_a ? only_a : lone_b ? only_b : ea[x] || eb[x] ? both : none;
            to[0] = c.r;
            to[1] = c.g;
            to[2] = c.b;
        }
    }
    return status;
}

static lk_status measure_ways(lk_measure_result *out, const struct outline *a,
                              const struct outline *b, const lk_measure_options *o, lk_error *err) {
    struct hausdorff_options options = {.quantile = o->edge_quantile, .reach = o->edge_reach};
    struct hausdorff_way from_a, from_b;
    lk_status status = hausdorff_way(&from_a, &a->edges, b->squared, &options, err);
    status =
        status == LK_OK ? hausdorff_way(&from_b, &b->edges, a->squared, &options, err) : status;
    if (status != LK_OK) {
        return status;
    }
    double met = from_a.met + from_b.met;
    out->value = fmax(from_a.mean, from_b.mean);
    out->score = met > 0 ? 2 * from_a.met * from_b.met / met : 0;
    measure_detail_number(out, "hausdorff", fmax(from_a.most, from_b.most));
    measure_detail_number(out, "modified", out->value);
    measure_detail_number(out, "partial", fmax(from_a.quantile, from_b.quantile));
    measure_detail_number(out, "met_a", from_a.met);
    measure_detail_number(out, "met_b", from_b.met);
    measure_detail_int(out, "edges_a", from_a.pixels);
    measure_detail_int(out, "edges_b", from_b.pixels);
    return LK_OK;
}

static lk_status edge_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    struct outline a = {.squared = NULL}, b = {.squared = NULL};
    const lk_measure_options *o = in->options;
    if (o->edge_low > o->edge_high) {
        return error_set(err, LK_E_USAGE, "edge.low, %g, is above edge.high, %g", o->edge_low,
                         o->edge_high);
    }
    lk_status status = outline_make(&a, in->a, o, err);
    status = status == LK_OK ? outline_make(&b, in->b, o, err) : status;
    status = status == LK_OK ? measure_ways(out, &a, &b, o, err) : status;
    if (status == LK_OK && o->want_maps) {
        status = draw_map(&out->map, &a, &b, err);
        status = status == LK_OK ? draw_edges(&out->picture, &a, &b, o->edge_reach, err) : status;
    }
    outline_release(&a);
    outline_release(&b);
    return status;
}

const struct measure measure_edge = {
    .info =
        {.name = "edge",
         .version = 1,
         .title = "Distance of edges",
         .summary = "How far the outlines of one picture lie from those of the other.",
         .unit = "px",
         .aspect = LK_ASPECT_SHAPE,
         .picture =
             "Edges: of both (white), of the reference alone (orange), of the photo alone (blue)",
         .higher_is_more_alike = false,
         .symmetric = true,
         .is_default = false,
         .best = 0,
         .min = 0,
         .max = INFINITY},
    .run = edge_run,
};
