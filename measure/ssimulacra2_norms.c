/* SPDX-License-Identifier: Apache-2.0 */
/* The error maps of SSIMULACRA 2.1 and their norms.
 *
 *   colour   linear sRGB -> opsin: cbrt(M rgb + bias) - cbrt(bias) = (l, m, s); X = (l - m) / 2, Y = (l + m) / 2, B = s;
 *            14 X + 0.42, Y + 0.01, B - Y + 0.55
 *   scales   1:1 to 1:32, halved in linear light (2 x 2 means, edges repeated), while a side has 8 pixels
 *   blur     a Gaussian of sigma 1.5 as sums of cosines (Charalampidis 2016), zero outside the picture
 *   SSIM'    d = max(0, 1 - (1 - (ma - mb)^2) (2 cov + C2) / (var a + var b + C2)), C2 = 0.0009
 *   edges    e = (1 + |b - mb|) / (1 + |a - ma|) - 1; ringing = max(0, e), blurring = max(0, -e)
 *
 * and of each map the mean and the fourth root of the mean of fourth powers. The reference blurs recursively in float; its impulse
 * response is the nine taps below, so a plain convolution gives the same but for rounding. Rows are read once, from the
 * top down: a window of nine filtered rows is all that is held of a scale. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/colour_space.h"
#include "measure/ssimulacra2.h"

enum {
    RADIUS = 4,
    WINDOW = 2 * RADIUS + 1,
    BAND_ROWS = 64,
    CHANNELS = SSIMULACRA2_CHANNELS,
    ALONG = 4 /* filtered along: a, b, a^2 + b^2, a b */
};

/* sum of beta_k cos(omega_k n), n = 0..4; tests/oracle/ssimulacra2/make_ssimulacra2.py derives them. */
static const float blur_taps[RADIUS + 1] = {0.26462110548819867f, 0.21292859201042236f,
                                            0.10933537277746042f, 0.036011114658364304f,
                                            0.009414367809653585f};

/* Opsin absorbance of JPEG XL (ISO/IEC 18181-1), and its bias. */
static const float opsin[3][3] = {
    {0.30f, 0.622f, 0.078f},
    {0.23f, 0.692f, 0.078f},
    {0.24342268924547819f, 0.20476744424496821f, 0.5518098665095536f}};
static const float opsin_bias = 0.0037930732552754493f, opsin_bias_root = 0.1559542025327239f;

/* A picture in linear light; the finest scale is read from its bytes instead. */
struct linear {
    const lk_image *bytes; /* or NULL */
    struct plane rgb[3];
};

struct scale {
    lk_engine *engine;
    int32_t width, height;
    struct linear pictures[2];
    float table[256];
    double (*sums)[CHANNELS][QUALITY_SUMS]; /* of each band */
    int *failed;                            /* a flag a band */
};

/* The working rows of a band, in one block. */
struct band {
    float *memory;
    float *rgb[3], *roots[3];
    float *samples[2][CHANNELS]; /* WINDOW rows each */
    float *window[CHANNELS][ALONG];
    float *padded; /* one row with RADIUS zeros on either side */
    float *down[ALONG];
};

static bool band_make(struct band *b, int32_t width) {
    size_t row = (size_t)width;
    size_t rows = 6 + (2 * CHANNELS + CHANNELS * ALONG) * WINDOW + ALONG + 1;
    *b = (struct band){.memory = mem_calloc(rows * row + 2 * RADIUS, sizeof *b->memory)};
    if (!b->memory) {
        return false;
    }
    float *p = b->memory;
    for (int i = 0; i < 3; i++, p += 2 * row) {
        b->rgb[i] = p;
        b->roots[i] = p + row;
    }
    for (int c = 0; c < CHANNELS; c++) {
        for (int i = 0; i < 2; i++, p += WINDOW * row) {
            b->samples[i][c] = p;
        }
        for (int i = 0; i < ALONG; i++, p += WINDOW * row) {
            b->window[c][i] = p;
        }
    }
    for (int i = 0; i < ALONG; i++, p += row) {
        b->down[i] = p;
    }
    b->padded = p + RADIUS;
    return true;
}

static size_t slot(const struct scale *s, int32_t y) {
    return (size_t)((y + WINDOW) % WINDOW) * (size_t)s->width;
}

static void linear_row(float *const out[3], const struct scale *s, const struct linear *picture,
                       int32_t y) {
    if (!picture->bytes) {
        for (int c = 0; c < 3; c++) {
            memcpy(out[c], plane_row(&picture->rgb[c], y), (size_t)s->width * sizeof **out);
        }
        return;
    }
    const uint8_t *p = image_row(picture->bytes, y);
    for (int32_t x = 0; x < s->width; x++, p += 3) {
        out[0][x] = s->table[p[0]];
        out[1][x] = s->table[p[1]];
        out[2][x] = s->table[p[2]];
    }
}

/* Row y of picture i into the window of samples. */
static void opsin_row(const struct scale *s, struct band *b, int i, int32_t y) {
    size_t n = (size_t)s->width;
    linear_row(b->rgb, s, &s->pictures[i], y);
    for (int k = 0; k < 3; k++) {
        const float *m = opsin[k];
        for (size_t x = 0; x < n; x++) {
            b->roots[k][x] =
                m[0] * b->rgb[0][x] + m[1] * b->rgb[1][x] + m[2] * b->rgb[2][x] + opsin_bias;
        }
        s->engine->kernels.math.cbrt(b->roots[k], b->roots[k], n);
    }
    float *to_x = b->samples[i][0] + slot(s, y), *to_y = b->samples[i][1] + slot(s, y);
    float *to_b = b->samples[i][2] + slot(s, y);
    for (size_t x = 0; x < n; x++) {
        float l = b->roots[0][x] - opsin_bias_root, m = b->roots[1][x] - opsin_bias_root;
        float light = 0.5f * (l + m);
        to_x[x] = 0.5f * (l - m) * 14 + 0.42f;
        to_b[x] = (b->roots[2][x] - opsin_bias_root) - light + 0.55f;
        to_y[x] = light + 0.01f;
    }
}

/* Filters row y of everything along; rows outside the picture are zero. */
static void filter_along(const struct scale *s, struct band *b, int32_t y) {
    size_t n = (size_t)s->width;
    bool inside = y >= 0 && y < s->height;
    for (int i = 0; inside && i < 2; i++) {
        opsin_row(s, b, i, y);
    }
    for (int c = 0; c < CHANNELS; c++) {
        const float *pa = b->samples[0][c] + slot(s, y), *pb = b->samples[1][c] + slot(s, y);
        for (int i = 0; i < ALONG; i++) {
            float *to = b->window[c][i] + slot(s, y);
            if (!inside) {
                memset(to, 0, n * sizeof *to);
                continue;
            }
            for (size_t x = 0; x < n; x++) {
                b->padded[x] = i == 0   ? pa[x]
                               : i == 1 ? pb[x]
                               : i == 2 ? pa[x] * pa[x] + pb[x] * pb[x]
                                        : pa[x] * pb[x];
            }
            s->engine->kernels.plane.across_even(to, b->padded, blur_taps, RADIUS, n);
        }
    }
}

static void add_row(const struct scale *s, struct band *b, int32_t y,
                    double sums[CHANNELS][QUALITY_SUMS][QUALITY_LANES]) {
    for (int c = 0; c < CHANNELS; c++) {
        for (int i = 0; i < ALONG; i++) {
            const float *rows[WINDOW];
            for (int k = 0; k < WINDOW; k++) {
                rows[k] = b->window[c][i] + slot(s, y - RADIUS + k);
            }
            s->engine->kernels.plane.down_even(b->down[i], rows, blur_taps, RADIUS,
                                               (size_t)s->width);
        }
        const struct quality_row row = {b->samples[0][c] + slot(s, y),
                                        b->samples[1][c] + slot(s, y),
                                        b->down[0],
                                        b->down[1],
                                        b->down[2],
                                        b->down[3]};
        s->engine->kernels.quality.add_row(sums[c], &row, (size_t)s->width);
    }
}

static void run_band(void *arg, int32_t index) {
    const struct scale *s = arg;
    struct band b;
    double sums[CHANNELS][QUALITY_SUMS][QUALITY_LANES] = {{{0}}};
    int32_t top = index * BAND_ROWS, bottom = MIN(top + BAND_ROWS, s->height);
    if (!band_make(&b, s->width)) {
        s->failed[index] = 1;
        return;
    }
    for (int32_t y = top - RADIUS; y < top + RADIUS; y++) {
        filter_along(s, &b, y);
    }
    for (int32_t y = top; y < bottom; y++) {
        filter_along(s, &b, y + RADIUS);
        add_row(s, &b, y, sums);
    }
    for (int c = 0; c < CHANNELS; c++) {
        for (int i = 0; i < QUALITY_SUMS; i++) {
            for (int lane = 0; lane < QUALITY_LANES; lane++) {
                s->sums[index][c][i] += sums[c][i][lane];
            }
        }
    }
    mem_free(b.memory);
}

static lk_status run_scale(struct ssimulacra2_norms *out, struct scale *s, lk_error *err) {
    int32_t bands = (s->height + BAND_ROWS - 1) / BAND_ROWS;
    s->sums = mem_calloc((size_t)bands, sizeof *s->sums);
    s->failed = mem_calloc((size_t)bands, sizeof *s->failed);
    lk_status status = s->sums && s->failed ? LK_OK : error_memory(err, (size_t)bands);
    if (status == LK_OK) {
        pool_for(s->engine->pool, bands, run_band, s);
    }
    double whole[CHANNELS][QUALITY_SUMS] = {{0}}, pixels = (double)s->width * s->height;
    for (int32_t i = 0; status == LK_OK && i < bands; i++) {
        status = s->failed[i] ? error_memory(err, (size_t)s->width) : LK_OK;
        for (int c = 0; c < CHANNELS; c++) {
            for (int k = 0; k < QUALITY_SUMS; k++) {
                whole[c][k] += s->sums[i][c][k];
            }
        }
    }
    for (int c = 0; status == LK_OK && c < CHANNELS; c++) {
        for (int k = 0; k < QUALITY_SUMS; k += 2) {
            out->of[out->scales][c][k] = whole[c][k] / pixels;
            out->of[out->scales][c][k + 1] = sqrt(sqrt(whole[c][k + 1] / pixels));
        }
    }
    out->scales++;
    mem_free(s->sums);
    mem_free(s->failed);
    return status;
}

/* One picture at half the size, in linear light. */
static lk_status halve(struct linear *out, const struct scale *s, const struct linear *from,
                       lk_error *err) {
    int32_t width = (s->width + 1) / 2, height = (s->height + 1) / 2;
    size_t row = (size_t)s->width;
    float *memory = mem_alloc(6 * row, sizeof *memory);
    lk_status status = memory ? LK_OK : error_memory(err, 6 * row * sizeof *memory);
    *out = (struct linear){0};
    for (int c = 0; status == LK_OK && c < 3; c++) {
        status = plane_new(&out->rgb[c], width, height, err);
    }
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        float *const upper[3] = {memory, memory + row, memory + 2 * row};
        float *const lower[3] = {memory + 3 * row, memory + 4 * row, memory + 5 * row};
        linear_row(upper, s, from, 2 * y);
        linear_row(lower, s, from, MIN(2 * y + 1, s->height - 1));
        for (int c = 0; c < 3; c++) {
            float *to = plane_row(&out->rgb[c], y);
            for (int32_t x = 0; x < width; x++) {
                int32_t left = 2 * x, right = MIN(2 * x + 1, s->width - 1);
                to[x] = 0.25f *
                        (((upper[c][left] + upper[c][right]) + lower[c][left]) + lower[c][right]);
            }
        }
    }
    mem_free(memory);
    return status;
}

static void linear_release(struct linear *l) {
    for (int c = 0; c < 3; c++) {
        plane_release(&l->rgb[c]);
    }
}

/* Goes on to the next coarser scale. */
static lk_status scale_down(struct scale *s, lk_error *err) {
    for (int i = 0; i < 2; i++) {
        struct linear half;
        lk_status status = halve(&half, s, &s->pictures[i], err);
        linear_release(&s->pictures[i]);
        s->pictures[i] = half;
        if (status != LK_OK) {
            return status;
        }
    }
    s->width = (s->width + 1) / 2;
    s->height = (s->height + 1) / 2;
    return LK_OK;
}

lk_status ssimulacra2_norms(struct ssimulacra2_norms *out, lk_engine *engine, const lk_image *a,
                            const lk_image *b, lk_error *err) {
    struct scale s = {.engine = engine,
                      .width = a->width,
                      .height = a->height,
                      .pictures = {{.bytes = a}, {.bytes = b}}};
    *out = (struct ssimulacra2_norms){0};
    colour_linear_table(s.table);
    lk_status status = LK_OK;
    while (status == LK_OK && out->scales < SSIMULACRA2_SCALES) {
        bool goes_on = MIN(s.width, s.height) >= SSIMULACRA2_SIDE_LEAST;
        if (!goes_on) {
            break;
        }
        status = out->scales > 0 ? scale_down(&s, err) : LK_OK;
        status = status == LK_OK ? run_scale(out, &s, err) : status;
    }
    linear_release(&s.pictures[0]);
    linear_release(&s.pictures[1]);
    return status;
}
