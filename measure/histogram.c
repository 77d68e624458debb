/* SPDX-License-Identifier: Apache-2.0 */
/* histogram: how alike the colours are, wherever they lie; four distances of OpenCV's compareHist, over RGB and over HSV.
 *
 *   correlation    cov(a, b) / sqrt(var(a) var(b)) over the bins; 1 alike .. -1; 1 when either is flat
 *   chi_square     sum (a - b)^2 / a over bins with a > 0; 0 alike; not symmetric
 *   intersection   sum min(a, b); 1 alike .. 0
 *   bhattacharyya  sqrt(1 - sum sqrt(a b)); 0 alike .. 1
 *
 * a and b are shares of pixels (each histogram sums to 1), so pictures of different sizes compare; OpenCV's tutorial scales to a
 * largest bin of 1 instead, which changes chi_square and intersection only. Bins: RGB 8 x 8 x 8; HSV: H 50 x S 60, H in
 * 0..179 and S in 0..255 as OpenCV's 8-bit BGR2HSV. value = hsv_bhattacharyya, score = 1 - value.
 * Oracle: OpenCV 4.6, calcHist, normalize NORM_L1, compareHist, to 1e-6 (tests/oracle/histogram). */
#include <math.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "measure/measure.h"

enum { RGB_SIDE = 8, RGB_BINS = RGB_SIDE * RGB_SIDE * RGB_SIDE };
enum { H_BINS = 50, S_BINS = 60, HSV_BINS = H_BINS * S_BINS, H_RANGE = 180 };
enum { HSV_SHIFT = 12 };

struct histograms {
    uint64_t pixels;
    uint64_t rgb[RGB_BINS];
    uint64_t hsv[HSV_BINS];
};

/* Division by value and by chroma as OpenCV does it: tables of rounded reciprocals with 12 fraction bits. */
struct hsv_tables {
    int32_t s[256], h[256];
    int32_t h_bin[H_RANGE], s_bin[256];
};

static void fill_tables(struct hsv_tables *t) {
    t->s[0] = t->h[0] = 0;
    for (int32_t i = 1; i < 256; i++) {
        t->s[i] = (int32_t)nearbyint((255 << HSV_SHIFT) / (1.0 * i));
        t->h[i] = (int32_t)nearbyint((H_RANGE << HSV_SHIFT) / (6.0 * i));
    }
    for (int32_t i = 0; i < H_RANGE; i++) {
        t->h_bin[i] = (int32_t)floor(i * ((double)H_BINS / H_RANGE));
    }
    for (int32_t i = 0; i < 256; i++) {
        t->s_bin[i] = (int32_t)floor(i * (S_BINS / 256.0));
    }
}

static int32_t hsv_bin(const struct hsv_tables *t, int32_t r, int32_t g, int32_t b) {
    const int32_t half = 1 << (HSV_SHIFT - 1);
    int32_t value = MAX(r, MAX(g, b)), chroma = value - MIN(r, MIN(g, b));
    int32_t s = (chroma * t->s[value] + half) >> HSV_SHIFT;
    int32_t sixth = value == r ? g - b : value == g ? b - r + 2 * chroma : r - g + 4 * chroma;
    int32_t h = (sixth * t->h[chroma] + half) >> HSV_SHIFT;
    return t->h_bin[h < 0 ? h + H_RANGE : h] * S_BINS + t->s_bin[s];
}

static lk_status count_bins(struct histograms *out, struct view *v, const struct hsv_tables *t,
                            lk_error *err) {
    const lk_image *rgb;
    lk_status status = view_rgb(&rgb, v, err);
    if (status != LK_OK) {
        return status;
    }
    out->pixels = (uint64_t)rgb->width * (uint64_t)rgb->height;
    for (int32_t y = 0; y < rgb->height; y++) {
        const uint8_t *p = image_row(rgb, y);
        for (int32_t x = 0; x < rgb->width; x++, p += 3) {
            out->rgb[(p[0] >> 5) * RGB_SIDE * RGB_SIDE + (p[1] >> 5) * RGB_SIDE + (p[2] >> 5)]++;
            out->hsv[hsv_bin(t, p[0], p[1], p[2])]++;
        }
    }
    return LK_OK;
}

struct distances {
    double correlation, chi_square, intersection, bhattacharyya;
};

/* na, nb: the sums of a and b. Counts stay whole as long as they can, so that equal histograms give exactly the best. */
static struct distances compare_bins(const uint64_t *a, const uint64_t *b, size_t bins, uint64_t na,
                                     uint64_t nb) {
    double aa = 0, bb = 0, ab = 0, roots = 0, chi = 0;
    uint64_t common = 0; /* at most na nb < 2^54 */
    for (size_t i = 0; i < bins; i++) {
        double x = (double)a[i], y = (double)b[i];
        aa += x * x;
        bb += y * y;
        ab += x * y;
        roots += sqrt(x * y);
        common += MIN(a[i] * nb, b[i] * na);
        if (a[i]) {
            double p = x / (double)na, q = y / (double)nb;
            chi += (p - q) * (p - q) / p;
        }
    }
    double sum_a = (double)na, sum_b = (double)nb, n = (double)bins;
    double spread = sqrt((n * aa - sum_a * sum_a) * (n * bb - sum_b * sum_b));
    return (struct distances){
        .correlation = spread > 0 ? (n * ab - sum_a * sum_b) / spread : 1,
        .chi_square = chi,
        .intersection = (double)common / (double)(na * nb),
        .bhattacharyya = sqrt(fmax(1 - roots / sqrt(sum_a * sum_b), 0)),
    };
}

static lk_status histogram_run(lk_measure_result *out, const struct measure_input *in,
                               lk_error *err) {
    struct histograms *h = mem_calloc(2, sizeof *h);
    if (!h) {
        return error_memory(err, 2 * sizeof *h);
    }
    struct hsv_tables tables;
    fill_tables(&tables);
    lk_status status = count_bins(&h[0], in->a, &tables, err);
    status = status == LK_OK ? count_bins(&h[1], in->b, &tables, err) : status;
    if (status == LK_OK) {
        struct distances rgb = compare_bins(h[0].rgb, h[1].rgb, RGB_BINS, h[0].pixels, h[1].pixels);
        struct distances hsv = compare_bins(h[0].hsv, h[1].hsv, HSV_BINS, h[0].pixels, h[1].pixels);
        out->value = hsv.bhattacharyya;
        out->score = 1 - out->value;
        measure_detail_number(out, "rgb_correlation", rgb.correlation);
        measure_detail_number(out, "rgb_chi_square", rgb.chi_square);
        measure_detail_number(out, "rgb_intersection", rgb.intersection);
        measure_detail_number(out, "rgb_bhattacharyya", rgb.bhattacharyya);
        measure_detail_number(out, "hsv_correlation", hsv.correlation);
        measure_detail_number(out, "hsv_chi_square", hsv.chi_square);
        measure_detail_number(out, "hsv_intersection", hsv.intersection);
        measure_detail_number(out, "hsv_bhattacharyya", hsv.bhattacharyya);
    }
    mem_free(h);
    return status;
}

const struct measure measure_histogram = {
    .info = {.name = "histogram",
             .version = 1,
             .title = "Colour histograms",
             .summary = "How alike the mix of colours is, wherever in the picture they lie.",
             .unit = "",
             .aspect = LK_ASPECT_COLOUR,
             .higher_is_more_alike = false,
             .symmetric = true,
             .is_default = true,
             .best = 0,
             .min = 0,
             .max = 1},
    .any_size = true,
    .run = histogram_run,
};
