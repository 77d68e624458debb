/* SPDX-License-Identifier: Apache-2.0 */
/* The wavelet signature of Jacobs, Finkelstein, Salesin, "Fast Multiresolution Image Querying", SIGGRAPH 1995.
 *
 *   1. 128 x 128 pixels (area average; the aspect ratio is dropped), YIQ or YUV
 *   2. Haar, standard decomposition (all levels along rows, then all along columns), orthonormal but for 1/128 of the whole,
 *      so that the first coefficient is the average
 *   3. the m coefficients of largest magnitude of each channel besides the average: their places and signs
 *   4. number of a pair = sum_c w[0][c] |average difference| - sum over coefficients shared with one sign of w[bin][c],
 *      bin(x, y) = min(max(x, y), 5); lower is more alike
 *
 * Colours are in thousandths, so the transform without its scale is in integers and equal magnitudes are equal: ties go to the
 * smaller place, what vanishes is not kept, gray pictures have no chroma. The weights were fitted by the authors for YIQ and m = 40
 * (scanned) or 60 (painted). Oracle: the transform as matrix products in exact integers, held against PyWavelets, and the sum
 * over sets (tests/oracle/wavelet). */
#include "signature/jacobs.h"

#include <math.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"
#include "image/colour.h"
#include "image/resize.h"

enum { SIDE = 128, LEVELS = 7, COEFFICIENTS = SIDE * SIDE, BINS = 6 };

/* [weights][bin][channel], table of the paper. */
static const double weight_table[2][BINS][3] = {
    {{5.00, 19.21, 34.37},
     {0.83, 1.26, 0.36},
     {1.01, 0.44, 0.45},
     {0.52, 0.53, 0.14},
     {0.47, 0.28, 0.18},
     {0.30, 0.14, 0.27}},
    {{4.04, 15.14, 22.62},
     {0.78, 0.92, 0.40},
     {0.46, 0.53, 0.63},
     {0.42, 0.26, 0.25},
     {0.41, 0.14, 0.15},
     {0.32, 0.07, 0.38}},
};

/* [colours][channel] of R, G and B, in thousandths; the rows of chroma sum to 0. */
static const int32_t colour_table[2][3][3] = {
    {{299, 587, 114}, {596, -275, -321}, {212, -523, 311}},
    {{299, 587, 114}, {-147, -289, 436}, {615, -515, -100}},
};

/* The largest difference of averages there can be, a channel: twice the reach of the chroma. */
static const double span_table[2][3] = {{1, 1.192, 1.046}, {1, 0.872, 1.23}};

lk_wavelet_options lk_wavelet_options_default(void) {
    return (lk_wavelet_options){.coefficients = 40, .colours = LK_WAVELET_YIQ};
}

/* All levels of one line of SIDE values, `step` apart: sums to the front, differences behind them. */
static void haar_line(int64_t *data, size_t step) {
    int64_t line[SIDE];
    for (size_t n = SIDE; n > 1; n /= 2) {
        for (size_t k = 0; k < n / 2; k++) {
            int64_t a = data[2 * k * step], b = data[(2 * k + 1) * step];
            line[k] = a + b;
            line[n / 2 + k] = a - b;
        }
        for (size_t k = 0; k < n; k++) {
            data[k * step] = line[k];
        }
    }
}

/* log2 of the number of pixels that coefficient i of a line spans. */
static int span_bits(int32_t i) {
    int bits = LEVELS;
    for (; i > 1; i /= 2) {
        bits--;
    }
    return bits;
}

static int by_place(const void *a, const void *b) {
    return abs(*(const int16_t *)a) - abs(*(const int16_t *)b);
}

/* Keeps the `most` largest of the coefficients besides the first; returns how many there are. */
static int32_t keep_largest(int16_t *places, const int64_t *data, int32_t most) {
    double kept[LK_WAVELET_COEFFICIENTS_MAX]; /* falling */
    double scale[2 * LEVELS + 1]; /* 2^(-bits / 2), which makes coefficients orthonormal */
    int bits[SIDE];
    int32_t count = 0;
    for (int i = 0; i <= 2 * LEVELS; i++) {
        scale[i] = ldexp(i % 2 ? M_SQRT2 : 1, -(i + 1) / 2);
    }
    for (int32_t i = 0; i < SIDE; i++) {
        bits[i] = span_bits(i);
    }
    for (int32_t place = 1; place < COEFFICIENTS; place++) {
        double magnitude =
            fabs((double)data[place]) * scale[bits[place % SIDE] + bits[place / SIDE]];
        if (magnitude == 0 || (count == most && magnitude <= kept[count - 1])) {
            continue;
        }
        count = MIN(count + 1, most);
        int32_t at = count - 1;
        for (; at > 0 && kept[at - 1] < magnitude; at--) {
            kept[at] = kept[at - 1];
            places[at] = places[at - 1];
        }
        kept[at] = magnitude;
        places[at] = (int16_t)(data[place] < 0 ? -place : place);
    }
    qsort(places, (size_t)count, sizeof *places, by_place);
    return count;
}

static void transform_channel(lk_wavelet *out, int64_t *data, const lk_image *small,
                              int32_t channel, int32_t most) {
    const int32_t *weights = colour_table[out->colours][channel];
    for (int32_t y = 0; y < SIDE; y++) {
        const uint8_t *p = image_row(small, y);
        int64_t *row = data + (ptrdiff_t)y * SIDE;
        for (int32_t x = 0; x < SIDE; x++, p += 3) {
            row[x] = weights[0] * p[0] + weights[1] * p[1] + weights[2] * p[2];
        }
        haar_line(row, 1);
    }
    for (int32_t x = 0; x < SIDE; x++) {
        haar_line(data + x, SIDE);
    }
    out->average[channel] = (double)data[0] / (255.0 * 1000 * COEFFICIENTS);
    out->count[channel] = keep_largest(out->places[channel], data, most);
}

/* The picture in RGB, 8 bits, of SIDE x SIDE. */
static lk_status make_small(lk_image *out, lk_engine *engine, const lk_image *image,
                            lk_error *err) {
    lk_image rgb = {0};
    *out = (lk_image){0};
    bool ready = image->channels == 3 && image->bit_depth == 8;
    lk_status status = ready ? LK_OK : colour_to_rgb8(&rgb, image, err);
    status = status == LK_OK
                 ? image_resize(out, engine, ready ? image : &rgb, SIDE, SIDE, RESIZE_BOX, err)
                 : status;
    lk_image_release(&rgb);
    return status;
}

lk_status lk_wavelet_compute(lk_wavelet *out, lk_engine *engine, const lk_image *image,
                             const lk_wavelet_options *options, lk_error *err) {
    lk_wavelet_options o = options ? *options : lk_wavelet_options_default();
    *out = (lk_wavelet){.colours = o.colours};
    if (o.coefficients < 1 || o.coefficients > LK_WAVELET_COEFFICIENTS_MAX) {
        return error_set(err, LK_E_USAGE, "a wavelet signature keeps 1 to %d coefficients, not %d",
                         LK_WAVELET_COEFFICIENTS_MAX, o.coefficients);
    }
    lk_image small;
    lk_status status = make_small(&small, engine, image, err);
    int64_t *data = mem_alloc(COEFFICIENTS, sizeof *data);
    if (status == LK_OK && !data) {
        status = error_memory(err, COEFFICIENTS * sizeof *data);
    }
    for (int32_t c = 0; status == LK_OK && c < 3; c++) {
        transform_channel(out, data, &small, c, o.coefficients);
    }
    mem_free(data);
    lk_image_release(&small);
    return status;
}

double jacobs_weight(lk_wavelet_weights weights, int32_t channel, int32_t place) {
    int32_t x = abs(place) % SIDE, y = abs(place) / SIDE;
    return weight_table[weights][MIN(MAX(x, y), BINS - 1)][channel];
}

double jacobs_colour(const double a[3], const double b[3], lk_wavelet_weights weights) {
    double sum = 0;
    for (int c = 0; c < 3; c++) {
        sum += weight_table[weights][0][c] * fabs(a[c] - b[c]);
    }
    return sum;
}

double jacobs_self(const lk_wavelet *a, lk_wavelet_weights weights) {
    double sum = 0;
    for (int32_t c = 0; c < 3; c++) {
        for (int32_t i = 0; i < a->count[c]; i++) {
            sum += jacobs_weight(weights, c, a->places[c][i]);
        }
    }
    return sum;
}

static double shared_weight(const lk_wavelet *a, const lk_wavelet *b, lk_wavelet_weights weights) {
    double sum = 0;
    for (int32_t c = 0; c < 3; c++) {
        for (int32_t i = 0, k = 0; i < a->count[c] && k < b->count[c];) {
            int16_t pa = a->places[c][i], pb = b->places[c][k];
            sum += pa == pb ? jacobs_weight(weights, c, pa) : 0;
            i += abs(pa) <= abs(pb);
            k += abs(pb) <= abs(pa);
        }
    }
    return sum;
}

lk_status lk_wavelet_compare(lk_wavelet_match *out, const lk_wavelet *a, const lk_wavelet *b,
                             lk_wavelet_weights weights, lk_error *err) {
    *out = (lk_wavelet_match){.colour = 0};
    if (a->colours != b->colours) {
        return error_set(err, LK_E_USAGE,
                         "wavelet signatures of YIQ and of YUV cannot be compared");
    }
    static const double none[3] = {0};
    out->colour = jacobs_colour(a->average, b->average, weights);
    out->matched = shared_weight(a, b, weights);
    out->most = (jacobs_self(a, weights) + jacobs_self(b, weights)) / 2;
    out->distance = fmax(out->colour + (out->most - out->matched), 0);
    double alike = 1 - out->colour / jacobs_colour(span_table[a->colours], none, weights);
    out->score = (out->most > 0 ? fmin(out->matched / out->most, 1) : 1) * fmax(alike, 0);
    return LK_OK;
}
