/* SPDX-License-Identifier: Apache-2.0 */
/* Structural similarity of one channel, in bands of rows.
 *
 *   S = (2 ma mb + C1) (2 cov + C2) / ((ma^2 + mb^2 + C1) (va + vb + C2)),  C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2
 *
 * ma, mb: means in the window around a pixel, va, vb, cov: variances and covariance there.
 *
 * Uniform window: the sums of samples, squares and products over 49 pixels are whole numbers, kept up to date by adding the row
 * that comes into the window and taking away the one that leaves. Only the last step, S itself, is in float: its error
 * is below 7e-7 by the 11 roundings in it. Gaussian window: in double.
 *
 * Means are sums of S cut to 30 fraction bits, in integers: no order of bands, rows or lanes changes a bit of them.
 *
 * Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity, 2004.
 * Oracle: scikit-image 0.19 (tests/oracle/ssim). */
#include "measure/ssim_window.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"

enum {
    RADIUS = SSIM_UNIFORM_TAPS / 2,
    BANDS_A_THREAD = 4, /* evens out threads that start late */
    BAND_ROWS_MIN =
        32 /* a band first reads 7 (or 11) rows, which is to stay a small part of its work */
};

static int32_t count_bands(const lk_engine *engine, int32_t rows) {
    int32_t wanted = BANDS_A_THREAD * pool_threads(engine->pool);
    return MAX(MIN(wanted, rows / BAND_ROWS_MIN), 1);
}

static double mean_of(const int64_t *sums, int32_t bands, int64_t count) {
    int64_t sum = 0;
    for (int32_t i = 0; i < bands; i++) {
        sum += sums[i];
    }
    return (double)sum / (double)(1 << SSIM_SUM_BITS) / (double)count;
}

/* The rows that a window and its next step touch, of one channel, each with RADIUS reflected columns on either side: row y lies at
 * y modulo RING. */
enum { RING = 8 };
_Static_assert(RING >= SSIM_UNIFORM_TAPS + 1,
               "the row that leaves is there beside those that stay");

struct uniform {
    const struct kernel_ssim *kernel;
    const lk_image *a, *b;
    int32_t channel, bands;
    float *map; /* NULL: not wanted */
    /* For each band: a sum, a row of S, columns, and two rings of rows. */
    int64_t *sums;
    float *rows;
    int32_t *columns;
    uint8_t *rings;
};

static size_t padded_width(const struct uniform *u) {
    return (size_t)u->a->width + 2 * RADIUS;
}

static uint8_t *ring_row(const struct uniform *u, uint8_t *ring, int32_t y) {
    return ring + (size_t)((y + RING) % RING) * padded_width(u);
}

/* Row y of the picture, or the one that is reflected there, into its place. */
static void ring_take(const struct uniform *u, uint8_t *ring, const lk_image *from, int32_t y) {
    size_t step = (size_t)from->channels;
    const uint8_t *in =
        image_row(from, filter_border(y, from->height, BORDER_REFLECT)) + u->channel;
    uint8_t *to = ring_row(u, ring, y);
    if (step == 1) {
        memcpy(to + RADIUS, in, (size_t)from->width);
    } else {
        for (size_t x = 0; x < (size_t)from->width; x++) {
            to[x + RADIUS] = in[x * step];
        }
    }
    for (int32_t i = 1; i <= RADIUS; i++) {
        int32_t right = from->width + i - 1;
        to[RADIUS - i] = in[(size_t)filter_border(-i, from->width, BORDER_REFLECT) * step];
        to[RADIUS + right] = in[(size_t)filter_border(right, from->width, BORDER_REFLECT) * step];
    }
}

static void uniform_band(void *arg, int32_t band) {
    const struct uniform *u = arg;
    int32_t height = u->a->height;
    int32_t from = (int32_t)((int64_t)height * band / u->bands);
    int32_t to = (int32_t)((int64_t)height * (band + 1) / u->bands);
    size_t width = (size_t)u->a->width, columns = padded_width(u);
    int32_t *base = u->columns + (size_t)band * 3 * columns;
    uint8_t *a = u->rings + (size_t)band * 2 * RING * columns, *b = a + RING * columns;
    struct ssim_columns c = {(uint32_t *)base, base + columns, base + 2 * columns};
    memset(base, 0, 3 * columns * sizeof *base);
    for (int32_t y = from - RADIUS; y <= from + RADIUS; y++) {
        ring_take(u, a, u->a, y);
        ring_take(u, b, u->b, y);
        u->kernel->columns_add(&c, ring_row(u, a, y), ring_row(u, b, y), columns);
    }
    u->sums[band] = 0;
    for (int32_t y = from; y < to; y++) {
        float *s = u->map ? u->map + (size_t)y * width : u->rows + (size_t)band * width;
        if (y > from) {
            int32_t in = y + RADIUS, out = y - RADIUS - 1;
            ring_take(u, a, u->a, in);
            ring_take(u, b, u->b, in);
            u->kernel->columns_slide(&c, ring_row(u, a, in), ring_row(u, b, in),
                                     ring_row(u, a, out), ring_row(u, b, out), columns);
        }
        u->kernel->uniform_row(s, &c, width);
        if (y >= RADIUS && y < height - RADIUS) {
            u->sums[band] += u->kernel->sum(s + RADIUS, width - 2 * RADIUS);
        }
        if (u->map) {
            u->kernel->distance(s, s, width);
        }
    }
}

static void uniform_release(struct uniform *u) {
    mem_free(u->sums);
    mem_free(u->rings);
    mem_free(u->rows);
    mem_free(u->columns);
}

static lk_status check_size(const char *what, int32_t width, int32_t height, int32_t side,
                            lk_error *err) {
    if (width < side || height < side) {
        return error_set(err, LK_E_SIZE, "%s needs at least %d x %d pixels, got %d x %d", what,
                         side, side, width, height);
    }
    return LK_OK;
}

lk_status ssim_uniform(double *mean, lk_map *map, lk_engine *engine, const lk_image *a,
                       const lk_image *b, int32_t channel, lk_error *err) {
    lk_status status = check_size("ssim", a->width, a->height, SSIM_UNIFORM_SIDE, err);
    if (status != LK_OK) {
        return status;
    }
    struct uniform u = {.kernel = &engine->kernels.ssim,
                        .a = a,
                        .b = b,
                        .channel = channel,
                        .bands = count_bands(engine, a->height)};
    size_t width = (size_t)a->width, bands = (size_t)u.bands;
    u.sums = mem_alloc(bands, sizeof *u.sums);
    u.rows = mem_alloc(bands, width * sizeof *u.rows);
    u.columns = mem_alloc(3 * bands, padded_width(&u) * sizeof *u.columns);
    u.rings = mem_alloc(2 * RING * bands, padded_width(&u));
    if (map) {
        u.map = mem_alloc((size_t)a->height, width * sizeof *u.map);
    }
    if (!u.sums || !u.rows || !u.columns || !u.rings || (map && !u.map)) {
        status = error_memory(err, width * (size_t)a->height * sizeof *u.map);
    }
    if (status == LK_OK) {
        pool_for(engine->pool, u.bands, uniform_band, &u);
        *mean =
            mean_of(u.sums, u.bands, (int64_t)(a->width - 2 * RADIUS) * (a->height - 2 * RADIUS));
    }
    if (map && status == LK_OK) {
        *map = (lk_map){.width = a->width, .height = a->height, .data = u.map};
        u.map = NULL;
    }
    mem_free(u.map);
    uniform_release(&u);
    return status;
}

struct gaussian {
    const struct kernel_ssim *kernel;
    const struct plane *a, *b;
    int32_t rows, bands; /* rows whose window lies inside */
    double weights[SSIM_GAUSSIAN_RADIUS + 1];
    bool want_contrast;
    /* For each band: two sums, two rows, and moments. */
    int64_t *sums, *contrast_sums;
    float *s;
    double *moments;
};

/* exp(-x^2 / (2 * 1.5^2)), normalised: 11 taps as MATLAB's fspecial and as scipy's gaussian_filter cut off at 3.5 sigma. */
static void fill_weights(double weights[SSIM_GAUSSIAN_RADIUS + 1]) {
    const double sigma = 1.5;
    double sum = 0;
    for (int k = 0; k <= SSIM_GAUSSIAN_RADIUS; k++) {
        weights[k] = exp(-0.5 * k * k / (sigma * sigma));
        sum += k ? 2 * weights[k] : weights[k];
    }
    for (int k = 0; k <= SSIM_GAUSSIAN_RADIUS; k++) {
        weights[k] /= sum;
    }
}

static void gaussian_band(void *arg, int32_t band) {
    const struct gaussian *g = arg;
    int32_t from = (int32_t)((int64_t)g->rows * band / g->bands);
    int32_t to = (int32_t)((int64_t)g->rows * (band + 1) / g->bands);
    size_t columns = (size_t)g->a->width, inside = columns - 2 * SSIM_GAUSSIAN_RADIUS;
    double *base = g->moments + (size_t)band * 4 * columns;
    struct ssim_moments m = {base, base + columns, base + 2 * columns, base + 3 * columns};
    float *s = g->s + (size_t)band * 2 * columns;
    float *contrast = g->want_contrast ? s + columns : NULL;
    g->sums[band] = g->contrast_sums[band] = 0;
    for (int32_t y = from; y < to; y++) {
        const float *a[SSIM_GAUSSIAN_TAPS], *b[SSIM_GAUSSIAN_TAPS];
        for (int32_t k = 0; k < SSIM_GAUSSIAN_TAPS; k++) {
            a[k] = plane_row(g->a, y + k);
            b[k] = plane_row(g->b, y + k);
        }
        g->kernel->gaussian_down(&m, a, b, g->weights, columns);
        g->kernel->gaussian_row(s, contrast, &m, g->weights, inside);
        g->sums[band] += g->kernel->sum(s, inside);
        g->contrast_sums[band] += contrast ? g->kernel->sum(contrast, inside) : 0;
    }
}

lk_status ssim_gaussian(double *mean, double *contrast_mean, lk_engine *engine,
                        const struct plane *a, const struct plane *b, lk_error *err) {
    lk_status status =
        check_size("ssim's Gaussian window", a->width, a->height, SSIM_GAUSSIAN_SIDE, err);
    if (status != LK_OK) {
        return status;
    }
    struct gaussian g = {.kernel = &engine->kernels.ssim,
                         .a = a,
                         .b = b,
                         .rows = a->height - 2 * SSIM_GAUSSIAN_RADIUS,
                         .want_contrast = contrast_mean != NULL};
    g.bands = count_bands(engine, g.rows);
    size_t width = (size_t)a->width, bands = (size_t)g.bands;
    g.sums = mem_alloc(bands, sizeof *g.sums);
    g.contrast_sums = mem_alloc(bands, sizeof *g.contrast_sums);
    g.s = mem_alloc(2 * bands, width * sizeof *g.s);
    g.moments = mem_alloc(4 * bands, width * sizeof *g.moments);
    if (!g.sums || !g.contrast_sums || !g.s || !g.moments) {
        status = error_memory(err, 4 * bands * width * sizeof *g.moments);
        goto out;
    }
    fill_weights(g.weights);
    pool_for(engine->pool, g.bands, gaussian_band, &g);
    int64_t count = (int64_t)(a->width - 2 * SSIM_GAUSSIAN_RADIUS) * g.rows;
    *mean = mean_of(g.sums, g.bands, count);
    if (contrast_mean) {
        *contrast_mean = mean_of(g.contrast_sums, g.bands, count);
    }
out:
    mem_free(g.sums);
    mem_free(g.contrast_sums);
    mem_free(g.s);
    mem_free(g.moments);
    return status;
}

lk_status ssim_plane(struct plane *out, const lk_image *gray, lk_error *err) {
    lk_status status = plane_new(out, gray->width, gray->height, err);
    for (int32_t y = 0; status == LK_OK && y < gray->height; y++) {
        const uint8_t *in = image_row(gray, y);
        float *to = plane_row(out, y);
        for (int32_t x = 0; x < gray->width; x++) {
            to[x] = in[x];
        }
    }
    return status;
}
