/* SPDX-License-Identifier: Apache-2.0 */
/* Shape: do the outlines lie in the same places?
 *
 * Edges (feature/canny.c) of the lightness of both, the photo's brought to the mean and contrast of the reference's; an edge
 * pixel is met when the other picture has one within reach_px pixels of the small pair. score = 2 met_a met_b / (met_a + met_b),
 * the F-measure of boundaries (Martin, Fowlkes, Malik 2004). Without an edge in either there is nothing to tell. */
#include <math.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "feature/canny.h"
#include "feature/distance_transform.h"
#include "feature/hausdorff.h"
#include "verify/aspect.h"

static const double reach_px = 2;
static const struct edge_limits limits = {.low = 40, .high = 100};

struct outline {
    lk_image edges;
    int32_t *squared;
};

static void mean_and_deviation(double out[2], const struct plane *p) {
    double sum = 0, squares = 0, n = (double)p->width * p->height;
    for (size_t i = 0; i < (size_t)p->width * (size_t)p->height; i++) {
        sum += p->data[i];
        squares += (double)p->data[i] * p->data[i];
    }
    out[0] = sum / n;
    out[1] = sqrt(fmax(squares / n - out[0] * out[0], 0));
}

/* Edges of gain * lightness + start, where it counts. */
static lk_status outline_make(struct outline *out, const struct aspect_input *in,
                              const struct plane *lightness, double gain, double start,
                              lk_error *err) {
    lk_image gray = {0};
    const struct plane *counts = &in->pair.counts;
    lk_status status = lk_image_new(&gray, lightness->width, lightness->height, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < gray.height; y++) {
        for (int32_t x = 0; x < gray.width; x++) {
            double v = 2.55 * (gain * plane_row(lightness, y)[x] + start);
            image_row(&gray, y)[x] = (uint8_t)lround(fmin(fmax(v, 0), 255));
        }
    }
    status = status == LK_OK ? edge_detect(&out->edges, in->engine, &gray, limits, err) : status;
    for (int32_t y = 0; status == LK_OK && y < gray.height; y++) {
        for (int32_t x = 0; x < gray.width; x++) {
            image_row(&out->edges, y)[x] &= plane_row(counts, y)[x] != 0 ? 255 : 0;
        }
    }
    lk_image_release(&gray);
    return status == LK_OK ? distance_transform(&out->squared, in->engine, &out->edges, err)
                           : status;
}

static void outline_release(struct outline *o) {
    lk_image_release(&o->edges);
    mem_free(o->squared);
}

static void say_shape(lk_aspect_result *out, const struct hausdorff_way *a,
                      const struct hausdorff_way *b) {
    if (a->pixels + b->pixels == 0) {
        aspect_says(out, NAN, "neither has an outline");
        return;
    }
    double f =
        a->pixels && b->pixels && a->met + b->met > 0 ? 2 * a->met * b->met / (a->met + b->met) : 0;
    aspect_says(out, f,
                "%.0f %% of the reference's outlines are in the photo, %.0f %% of the photo's in "
                "the reference",
                100 * a->met, 100 * b->met);
}

lk_status aspect_shape(lk_aspect_result *out, const struct aspect_input *in, lk_error *err) {
    const struct plane *la = &in->pair.a[0], *lb = &in->pair.b[0];
    const struct hausdorff_options how = {.quantile = 0.9, .reach = reach_px};
    struct outline a = {{0}, NULL}, b = {{0}, NULL};
    struct hausdorff_way forth = {0}, back = {0};
    double light_a[2], light_b[2];
    mean_and_deviation(light_a, la);
    mean_and_deviation(light_b, lb);
    double gain = light_b[1] > 1 ? fmin(fmax(light_a[1] / light_b[1], 0.5), 2) : 1;
    lk_status status = outline_make(&a, in, la, 1, 0, err);
    status = status == LK_OK ? outline_make(&b, in, lb, gain, light_a[0] - gain * light_b[0], err)
                             : status;
    status = status == LK_OK ? hausdorff_way(&forth, &a.edges, b.squared, &how, err) : status;
    status = status == LK_OK ? hausdorff_way(&back, &b.edges, a.squared, &how, err) : status;
    if (status == LK_OK) {
        say_shape(out, &forth, &back);
    }
    outline_release(&a);
    outline_release(&b);
    return status;
}
