/* SPDX-License-Identifier: Apache-2.0 */
/* LDR-FLIP (Andersson, Nilsson, Akenine-Moller, Oskarsson, Astrom, Fairchild: FLIP, a difference evaluator for alternating images,
 * 2020), as version 1.6 of its authors' program has it.
 *
 *   colour   sRGB -> linear -> XYZ / white -> (Y, X - Y, Y - Z), each blurred by the eye's contrast sensitivity at ppd:
 *            sum of a sqrt(pi / b) exp(-pi^2 x^2 / b), x in degrees -> linear RGB, cut to 0..1 -> CIELAB, a and b times L / 100
 *            d = (|dL| + sqrt(da^2 + db^2))^0.7, then 0..0.4 of the largest (green against blue) becomes 0..0.95
 *   feature  of Y: gradients and second derivatives of Gaussians of 0.082 / 2 degrees, each side summing to 1
 *            f = (max(| |edge a| - |edge b| |, | |point a| - |point b| |) / sqrt(2))^0.5
 *   error    d^(1 - f)
 *
 * Outside, edges repeat. Each picture is read once, from the top down: a window of rows filtered along holds what the
 * filters downward need, so memory grows with the width and ppd only. Oracle: tests/oracle/flip. */
#include "measure/flip_map.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour_space.h"
#include "image/filter.h"

enum {
    BAND_ROWS = 96,
    INPUTS = 3, /* Y, X - Y, Y - Z */
    ALONG = 7,  /* rows filtered along: Y, X - Y, Y - Z twice, and of Y: smooth, edge, point */
    DOWN = 8,   /* and downward: the first four; edges and points along and downward */
    PICTURES = 2
};

enum along { ALONG_Y, ALONG_XY, ALONG_YZ, ALONG_YZ2, ALONG_SMOOTH, ALONG_EDGE, ALONG_POINT };

/* Contrast sensitivity: a and b of up to two Gaussians for Y, X - Y and Y - Z. */
static const double sensitivity[INPUTS][2][2] = {
    {{1, 0.0047}, {0, 1e-5}}, {{1, 0.0053}, {0, 1e-5}}, {{34.1, 0.04}, {13.5, 0.025}}};

static const double pi = 3.14159265358979323846;

/* What ppd decides. Filters down carry the weights of their sum. */
struct flip_filters {
    struct taps along[ALONG];
    struct taps down[4];
    struct taps smooth, edge, point;
    int32_t radius; /* the largest */
};

/* exp(-pi^2 x^2 / b) at ppd, not normalised; returns its sum. */
static double fill_sensitivity(struct taps *t, double b, double ppd, int32_t radius) {
    double sum = 0;
    *t = (struct taps){.radius = radius};
    for (int32_t i = 0; i <= radius; i++) {
        double x = i / ppd, g = exp(-pi * pi * x * x / b);
        t->weights[i] = (float)g;
        sum += i ? 2 * g : g;
    }
    return sum;
}

static void taps_scale(struct taps *t, double factor) {
    for (int32_t i = 0; i <= t->radius; i++) {
        t->weights[i] = (float)(t->weights[i] * factor);
    }
}

/* A sum of two Gaussians a sqrt(pi / b) g(x) g(y), whose weights sum to 1 over the window. */
static void fill_channel(struct flip_filters *f, int input, double ppd, int32_t radius) {
    double share[2], sums[2], whole = 0;
    int slot = input;
    for (int i = 0; i < 2; i++) {
        struct taps t;
        double a = sensitivity[input][i][0], b = sensitivity[input][i][1];
        sums[i] = fill_sensitivity(&t, b, ppd, radius);
        share[i] = a * sqrt(pi / b) * sums[i] * sums[i];
        whole += share[i];
    }
    for (int i = 0; i < 2 && share[i] > 0; i++, slot++) {
        fill_sensitivity(&f->along[slot], sensitivity[input][i][1], ppd, radius);
        taps_scale(&f->along[slot], 1 / sums[i]);
        f->down[slot] = f->along[slot];
        taps_scale(&f->down[slot], share[i] / whole);
    }
}

static void fill_features(struct flip_filters *f, double ppd) {
    double sigma = 0.5 * 0.082 * ppd, smooth = 1, edge = 0, above = 0, below = 0;
    int32_t radius = (int32_t)ceil(3 * sigma);
    f->smooth = f->edge = f->point = (struct taps){.radius = radius};
    f->edge.odd = true;
    for (int32_t i = 0; i <= radius; i++) {
        double x = i / sigma, g = exp(-0.5 * x * x), curve = (x * x - 1) * g;
        f->smooth.weights[i] = (float)g;
        f->edge.weights[i] = (float)(i * g);
        f->point.weights[i] = (float)curve;
        smooth += i ? 2 * g : 0;
        edge += i * g;
        above += curve > 0 ? 2 * curve : 0;
        below -= curve < 0 ? (i ? 2 : 1) * curve : 0;
    }
    taps_scale(&f->smooth, 1 / smooth);
    taps_scale(&f->edge, 1 / edge);
    for (int32_t i = 0; i <= radius; i++) {
        f->point.weights[i] /= (float)(f->point.weights[i] > 0 ? above : below);
    }
    f->along[ALONG_SMOOTH] = f->smooth;
    f->along[ALONG_EDGE] = f->edge;
    f->along[ALONG_POINT] = f->point;
    f->radius = MAX(f->radius, radius);
}

static void filters_make(struct flip_filters *f, double ppd) {
    int32_t radius = (int32_t)ceil(3 * sqrt(0.04 / (2 * pi * pi)) * ppd);
    *f = (struct flip_filters){.radius = radius};
    for (int i = 0; i < INPUTS; i++) {
        fill_channel(f, i, ppd, radius);
    }
    fill_features(f, ppd);
}

/* The whole job; bands of rows are done in parallel. */
struct flip {
    lk_engine *engine;
    const lk_image *pictures[PICTURES];
    struct plane *map;
    const struct flip_filters *filters;
    float linear[256];
    float largest; /* colour difference of green and blue */
    int *failed;   /* a flag a band */
};

/* The working rows of one band, all in one block of memory. */
struct band {
    float *memory;
    float *input[INPUTS]; /* one row with `radius` samples on either side */
    float *window;        /* PICTURES x ALONG x (2 radius + 1) rows, row y at y modulo */
    float *rows[PICTURES][DOWN];
    float *work[3];
    const float **above; /* pointers to the rows a filter needs */
};

static size_t band_floats(int32_t width, int32_t radius) {
    size_t row = (size_t)width, padded = row + 2 * (size_t)radius;
    size_t window = (size_t)PICTURES * ALONG * (2 * (size_t)radius + 1);
    return INPUTS * padded + (window + PICTURES * DOWN + 3) * row;
}

static bool band_make(struct band *b, int32_t width, int32_t radius) {
    *b = (struct band){0};
    b->memory = mem_alloc(band_floats(width, radius), sizeof *b->memory);
    b->above = mem_alloc(2 * (size_t)radius + 1, sizeof *b->above);
    if (!b->memory || !b->above) {
        return false;
    }
    float *p = b->memory;
    for (int i = 0; i < INPUTS; i++, p += width + 2 * radius) {
        b->input[i] = p + radius;
    }
    for (int i = 0; i < PICTURES; i++) {
        for (int k = 0; k < DOWN; k++, p += width) {
            b->rows[i][k] = p;
        }
    }
    for (int i = 0; i < 3; i++, p += width) {
        b->work[i] = p;
    }
    b->window = p;
    return true;
}

static void band_release(struct band *b) {
    mem_free(b->memory);
    mem_free(b->above);
}

static float *window_row(const struct flip *f, const struct band *b, int picture, int along,
                         int32_t y) {
    int32_t rows = 2 * f->filters->radius + 1;
    size_t slot = (size_t)((picture * ALONG + along) * rows + (y + rows) % rows);
    return b->window + slot * (size_t)f->map->width;
}

/* sRGB to XYZ: primaries and D65 in rational form, each row over its white. */
#define XYZ_X(r, g, b) (0.433895378f * (r) + 0.376242363f * (g) + 0.189862234f * (b))
#define XYZ_Y(r, g, b) (0.212636822f * (r) + 0.715182982f * (g) + 0.072180196f * (b))
#define XYZ_Z(r, g, b) (0.017752423f * (r) + 0.109465629f * (g) + 0.872781955f * (b))

/* Row y of a picture as the three inputs, its ends repeated outward. */
static void read_row(const struct flip *f, struct band *b, const lk_image *picture, int32_t y) {
    const uint8_t *p = image_row(picture, MIN(MAX(y, 0), picture->height - 1));
    int32_t width = picture->width;
    for (int32_t x = 0; x < width; x++, p += 3) {
        float red = f->linear[p[0]], green = f->linear[p[1]], blue = f->linear[p[2]];
        float light = XYZ_Y(red, green, blue);
        b->input[0][x] = light;
        b->input[1][x] = XYZ_X(red, green, blue) - light;
        b->input[2][x] = light - XYZ_Z(red, green, blue);
    }
    for (int i = 0; i < INPUTS; i++) {
        for (int32_t k = 1; k <= f->filters->radius; k++) {
            b->input[i][-k] = b->input[i][0];
            b->input[i][width - 1 + k] = b->input[i][width - 1];
        }
    }
}

static void filter_along(const struct flip *f, struct band *b, int32_t y) {
    static const int input_of[ALONG] = {0, 1, 2, 2, 0, 0, 0};
    const struct kernel_plane *k = &f->engine->kernels.plane;
    for (int i = 0; i < PICTURES; i++) {
        read_row(f, b, f->pictures[i], y);
        for (int a = 0; a < ALONG; a++) {
            const struct taps *t = &f->filters->along[a];
            (t->odd ? k->across_odd : k->across_even)(window_row(f, b, i, a, y),
                                                      b->input[input_of[a]], t->weights, t->radius,
                                                      (size_t)f->map->width);
        }
    }
}

static void filter_down(float *to, const struct flip *f, struct band *b, int picture, int along,
                        const struct taps *t, int32_t y) {
    const struct kernel_plane *k = &f->engine->kernels.plane;
    for (int32_t i = -t->radius; i <= t->radius; i++) {
        b->above[i + t->radius] = window_row(f, b, picture, along, y + i);
    }
    (t->odd ? k->down_odd : k->down_even)(to, b->above, t->weights, t->radius,
                                          (size_t)f->map->width);
}

enum down { DOWN_YZ2 = 3, EDGE_ALONG, EDGE_DOWN, POINT_ALONG, POINT_DOWN };

static void filter_all_down(const struct flip *f, struct band *b, int32_t y) {
    const struct flip_filters *t = f->filters;
    for (int i = 0; i < PICTURES; i++) {
        float **rows = b->rows[i];
        for (int a = 0; a <= DOWN_YZ2; a++) {
            filter_down(rows[a], f, b, i, a, &t->down[a], y);
        }
        filter_down(rows[EDGE_ALONG], f, b, i, ALONG_EDGE, &t->smooth, y);
        filter_down(rows[EDGE_DOWN], f, b, i, ALONG_SMOOTH, &t->edge, y);
        filter_down(rows[POINT_ALONG], f, b, i, ALONG_POINT, &t->smooth, y);
        filter_down(rows[POINT_DOWN], f, b, i, ALONG_SMOOTH, &t->point, y);
        for (int32_t x = 0; x < f->map->width; x++) {
            rows[2][x] += rows[DOWN_YZ2][x];
        }
    }
}

static inline float cut(float v) {
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* f of CIELAB, from t and its cube root. */
static inline float lab_curve(float t, float root) {
    return t > 216.0f / 24389 ? root : 24389.0f / 3132 * t + 16.0f / 116;
}

/* n colours (Y, X - Y, Y - Z over white) to CIELAB with the Hunt effect, in place; work holds three rows. */
static void to_hunt_lab(const struct kernel_math *math, float *rows[3], float *const work[3],
                        size_t n) {
    for (size_t x = 0; x < n; x++) {
        float light = rows[0][x];
        float cx = (light + rows[1][x]) * 0.950428545f, cz = (light - rows[2][x]) * 1.088900371f;
        float red = cut(3.241003275f * cx - 1.537398934f * light - 0.498615861f * cz);
        float green = cut(-0.969224334f * cx + 1.875930071f * light + 0.041554224f * cz);
        float blue = cut(0.055639423f * cx - 0.204011202f * light + 1.057148933f * cz);
        rows[0][x] = XYZ_X(red, green, blue);
        rows[1][x] = XYZ_Y(red, green, blue);
        rows[2][x] = XYZ_Z(red, green, blue);
    }
    for (int i = 0; i < 3; i++) {
        math->cbrt(work[i], rows[i], n);
    }
    for (size_t x = 0; x < n; x++) {
        float fx = lab_curve(rows[0][x], work[0][x]), fy = lab_curve(rows[1][x], work[1][x]);
        float fz = lab_curve(rows[2][x], work[2][x]);
        float lightness = 116 * fy - 16;
        rows[0][x] = lightness;
        rows[1][x] = 0.01f * lightness * 500 * (fx - fy);
        rows[2][x] = 0.01f * lightness * 200 * (fy - fz);
    }
}

static inline float length(float x, float y) {
    return sqrtf(x * x + y * y);
}

static inline float hyab(float dl, float da, float db) {
    return fabsf(dl) + length(da, db);
}

static const float power_of_colour = 0.7f, part_of_largest = 0.4f, becomes = 0.95f;

static void colour_row(const struct flip *f, struct band *b, float *to) {
    size_t n = (size_t)f->map->width;
    float **p = b->rows[0], **q = b->rows[1];
    const struct kernel_math *math = &f->engine->kernels.math;
    to_hunt_lab(math, p, b->work, n);
    to_hunt_lab(math, q, b->work, n);
    for (size_t x = 0; x < n; x++) {
        to[x] = hyab(p[0][x] - q[0][x], p[1][x] - q[1][x], p[2][x] - q[2][x]);
    }
    math->pow_by(to, to, power_of_colour, n);
    float knee = part_of_largest * f->largest, low = becomes / knee;
    float high = (1 - becomes) / (f->largest - knee);
    for (size_t x = 0; x < n; x++) {
        to[x] = to[x] < knee ? low * to[x] : becomes + (to[x] - knee) * high;
    }
}

/* 1 - f */
static void feature_row(const struct flip *f, struct band *b, float *to) {
    float **p = b->rows[0], **q = b->rows[1];
    for (int32_t x = 0; x < f->map->width; x++) {
        float edge =
            length(p[EDGE_ALONG][x], p[EDGE_DOWN][x]) - length(q[EDGE_ALONG][x], q[EDGE_DOWN][x]);
        float point = length(p[POINT_ALONG][x], p[POINT_DOWN][x]) -
                      length(q[POINT_ALONG][x], q[POINT_DOWN][x]);
        float most = fabsf(edge) > fabsf(point) ? fabsf(edge) : fabsf(point);
        to[x] = 1 - cut(sqrtf(most * 0.70710678f));
    }
}

static void run_band(void *arg, int32_t index) {
    const struct flip *f = arg;
    struct band b;
    int32_t radius = f->filters->radius, top = index * BAND_ROWS;
    int32_t bottom = MIN(top + BAND_ROWS, f->map->height);
    if (!band_make(&b, f->map->width, radius)) {
        f->failed[index] = 1;
        band_release(&b);
        return;
    }
    for (int32_t y = top - radius; y < top + radius; y++) {
        filter_along(f, &b, y);
    }
    for (int32_t y = top; y < bottom; y++) {
        float *to = plane_row(f->map, y);
        filter_along(f, &b, y + radius);
        filter_all_down(f, &b, y);
        colour_row(f, &b, to);
        feature_row(f, &b, b.work[0]);
        f->engine->kernels.math.pow(to, to, b.work[0], (size_t)f->map->width);
    }
    band_release(&b);
}

/* The colour difference of pure green and pure blue, the largest there is. */
static float largest_difference(void) {
    struct kernel_math math;
    float y[2], xy[2], yz[2], roots[3][2];
    float *rows[3] = {y, xy, yz}, *work[3] = {roots[0], roots[1], roots[2]};
    kernel_math_init_c(&math);
    y[0] = XYZ_Y(0.0f, 1.0f, 0.0f);
    y[1] = XYZ_Y(0.0f, 0.0f, 1.0f);
    xy[0] = XYZ_X(0.0f, 1.0f, 0.0f) - y[0];
    xy[1] = XYZ_X(0.0f, 0.0f, 1.0f) - y[1];
    yz[0] = y[0] - XYZ_Z(0.0f, 1.0f, 0.0f);
    yz[1] = y[1] - XYZ_Z(0.0f, 0.0f, 1.0f);
    to_hunt_lab(&math, rows, work, 2);
    float d = hyab(y[0] - y[1], xy[0] - xy[1], yz[0] - yz[1]);
    math.pow_by(&d, &d, power_of_colour, 1);
    return d;
}

lk_status flip_map(struct plane *map, lk_engine *engine, const lk_image *a, const lk_image *b,
                   double ppd, lk_error *err) {
    int32_t bands = (a->height + BAND_ROWS - 1) / BAND_ROWS;
    struct flip f = {.engine = engine, .pictures = {a, b}, .map = map};
    struct flip_filters *filters = mem_calloc(1, sizeof *filters);
    f.filters = filters;
    f.failed = mem_calloc((size_t)bands, sizeof *f.failed);
    *map = (struct plane){0};
    lk_status status = filters && f.failed ? plane_new(map, a->width, a->height, err)
                                           : error_memory(err, sizeof *filters);
    if (status == LK_OK) {
        filters_make(filters, ppd);
        colour_linear_table(f.linear);
        f.largest = largest_difference();
        pool_for(engine->pool, bands, run_band, &f);
    }
    for (int32_t i = 0; status == LK_OK && i < bands; i++) {
        if (f.failed[i]) {
            status = error_memory(err, band_floats(a->width, filters->radius) * sizeof(float));
        }
    }
    if (status != LK_OK) {
        plane_release(map);
    }
    mem_free(filters);
    mem_free(f.failed);
    return status;
}
