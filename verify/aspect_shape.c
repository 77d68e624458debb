/* SPDX-License-Identifier: Apache-2.0 */
/* Shape of an aligned pair: whether what has outlines in one picture has them in the other, whatever its colour.
 *
 *   outlines  edges (feature/canny.c) of lightness or of either chroma, so that paint of one lightness still has a border
 *   met       the share of a picture's clear outlines with at least a faint one of the other within reach_px
 *   chance    the share of all pixels that have, which is what outlines of anything else would meet
 *   found     (met - chance) / (1 - chance), at least 0: chance-corrected as Cohen's kappa
 *   score     2 found_a found_b / (found_a + found_b), the F-measure of boundaries (Martin et al., PAMI 2004)
 *
 * Clear against faint: an outline whose contrast changed with the paint or the light is there all the same. Without the
 * correction two unrelated pictures full of texture would seem alike. Edges next to what does not count are left out. Planes
 * are brought to 8 bits: 2.55 L, 128 + 1.27 a, 128 + 1.27 b; a step of chroma counts half as much as one of lightness. */
#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "feature/canny.h"
#include "feature/distance_transform.h"
#include "feature/hausdorff.h"
#include "verify/aspect.h"

enum { CHANNELS = 3, BORDER = 3 /* pixels, more than the 5 x 5 blur reaches */ };

static const double reach_px = 1.5;

/* Steps of 24 and of 10 of 255 begin an edge; it goes on at 0.4 of that. */
static const struct edge_limits clear_edges = {.low = 24, .high = 60},
                                faint_edges = {.low = 10, .high = 25};

static void plane_to_gray(lk_image *out, const struct plane *p, double scale, double offset) {
    for (int32_t y = 0; y < p->height; y++) {
        const float *from = plane_row(p, y);
        uint8_t *to = image_row(out, y);
        for (int32_t x = 0; x < p->width; x++) {
            to[x] = (uint8_t)lrint(fmin(fmax(from[x] * scale + offset, 0), 255));
        }
    }
}

/* The edges of all channels together, made new. */
static lk_status find_outlines(lk_image *out, lk_engine *engine,
                               const struct plane planes[CHANNELS], struct edge_limits limits,
                               lk_error *err) {
    lk_image gray = {0}, edges = {0};
    int32_t width = planes[0].width, height = planes[0].height;
    *out = (lk_image){0};
    lk_status status = lk_image_new(&gray, width, height, 1, 8, err);
    for (int c = 0; status == LK_OK && c < CHANNELS; c++) {
        plane_to_gray(&gray, &planes[c], c == 0 ? 2.55 : 1.27, c == 0 ? 0 : 128);
        status = edge_detect(c == 0 ? out : &edges, engine, &gray, limits, err);
        for (int32_t y = 0; status == LK_OK && c > 0 && y < height; y++) {
            for (int32_t x = 0; x < width; x++) {
                image_row(out, y)[x] |= image_row(&edges, y)[x];
            }
        }
        lk_image_release(&edges);
    }
    lk_image_release(&gray);
    if (status != LK_OK) {
        lk_image_release(out);
    }
    return status;
}

/* Takes out what lies within BORDER pixels of what does not count: the rim of the photo is no outline. */
static lk_status drop_uncounted(lk_image *outlines, lk_engine *engine, const struct plane *counts,
                                lk_error *err) {
    lk_image uncounted;
    int32_t *squared = NULL;
    lk_status status = lk_image_new(&uncounted, counts->width, counts->height, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < counts->height; y++) {
        for (int32_t x = 0; x < counts->width; x++) {
            image_row(&uncounted, y)[x] = plane_row(counts, y)[x] > 0 ? 0 : 255;
        }
    }
    status = status == LK_OK ? distance_transform(&squared, engine, &uncounted, err) : status;
    for (int32_t y = 0; status == LK_OK && y < counts->height; y++) {
        for (int32_t x = 0; x < counts->width; x++) {
            if (squared[(size_t)y * (size_t)counts->width + (size_t)x] <= BORDER * BORDER) {
                image_row(outlines, y)[x] = 0;
            }
        }
    }
    mem_free(squared);
    lk_image_release(&uncounted);
    return status;
}

/* The share of the pixels that count with an outline within reach_px. */
static double chance_share(const int32_t *squared, const struct plane *counts) {
    int64_t near = 0, all = 0;
    for (size_t i = 0; i < (size_t)counts->width * (size_t)counts->height; i++) {
        all += counts->data[i] > 0;
        near += counts->data[i] > 0 && squared[i] <= reach_px * reach_px;
    }
    return all > 0 ? (double)near / (double)all : 0;
}

/* How much of the clear outlines of one picture the other has. */
struct found {
    int64_t pixels; /* of the outlines */
    double share;   /* corrected for chance */
};

static lk_status find_share(struct found *out, const struct aspect_input *in,
                            const struct plane of[CHANNELS], const struct plane by[CHANNELS],
                            lk_error *err) {
    const struct hausdorff_options options = {.quantile = 1, .reach = reach_px};
    struct hausdorff_way way;
    lk_image clear = {0}, faint = {0};
    int32_t *squared = NULL;
    lk_status status = find_outlines(&clear, in->engine, of, clear_edges, err);
    status = status == LK_OK ? drop_uncounted(&clear, in->engine, &in->pair.counts, err) : status;
    status = status == LK_OK ? find_outlines(&faint, in->engine, by, faint_edges, err) : status;
    status = status == LK_OK ? distance_transform(&squared, in->engine, &faint, err) : status;
    status = status == LK_OK ? hausdorff_way(&way, &clear, squared, &options, err) : status;
    if (status == LK_OK) {
        double chance = chance_share(squared, &in->pair.counts);
        out->pixels = way.pixels;
        out->share = chance < 1 ? fmax((way.met - chance) / (1 - chance), 0) : way.met;
    }
    mem_free(squared);
    lk_image_release(&clear);
    lk_image_release(&faint);
    return status;
}

lk_status aspect_shape(lk_aspect_result *out, const struct aspect_input *in, lk_error *err) {
    const struct aspect_pair *p = &in->pair;
    struct found a = {.pixels = 0}, b = {.pixels = 0};
    lk_status status = find_share(&a, in, p->a, p->b, err);
    status = status == LK_OK ? find_share(&b, in, p->b, p->a, err) : status;
    if (status != LK_OK) {
        return status;
    }
    if (a.pixels == 0 && b.pixels == 0) {
        aspect_says(out, NAN, "neither has an outline");
        return LK_OK;
    }
    double both = a.share + b.share, score = both > 0 ? 2 * a.share * b.share / both : 0;
    const char *words = score >= 0.9   ? "the outlines agree"
                        : score >= 0.7 ? "most outlines agree"
                        : score >= 0.4 ? "some outlines agree"
                                       : "the outlines differ";
    aspect_says(
        out, score,
        "%s: the photo has %.0f %% of those of the reference, the reference %.0f %% of the photo's",
        words, 100 * a.share, 100 * b.share);
    return LK_OK;
}
