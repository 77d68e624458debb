/* SPDX-License-Identifier: Apache-2.0 */
/* SSIM (Wang, Bovik, Sheikh, Simoncelli 2004), C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2:
 *
 *   S = (2 ux uy + C1)(2 vxy + C2) / ((ux^2 + uy^2 + C1)(vx + vy + C2))
 *
 * Uniform window: everything up to the quotient is an exact integer once multiplied by 49^2 (means) and 49 * 48 (sample
 * covariances), so the map is exact to a few float roundings whatever the picture. Gaussian window: sums in double.
 * Oracle: scikit-image 0.19 (tests/oracle/ssim). */
#include "measure/ssim_window.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/filter.h"

static const double ssim_c1 = 0.01 * 255 * 0.01 * 255, ssim_c2 = 0.03 * 255 * 0.03 * 255;

enum {
    PAD = SSIM_WINDOW / 2,
    GAUSS_RADIUS = 5,
    GAUSS_TAPS = 2 * GAUSS_RADIUS + 1,
    ROWS_A_TASK = 64
};

lk_status plane_from_gray(struct plane *out, const lk_image *gray, lk_error *err) {
    lk_status status = plane_new(out, gray->width, gray->height, err);
    for (int32_t y = 0; status == LK_OK && y < gray->height; y++) {
        const uint8_t *from = image_row(gray, y);
        float *to = plane_row(out, y);
        for (int32_t x = 0; x < gray->width; x++) {
            to[x] = from[x];
        }
    }
    return status;
}

/* The picture with PAD more pixels on every side, reflected with the edge repeated. */
static lk_status pad_reflect(lk_image *out, const lk_image *in, lk_error *err) {
    lk_status status = lk_image_new(out, in->width + 2 * PAD, in->height + 2 * PAD, 1, 8, err);
    for (int32_t y = 0; status == LK_OK && y < out->height; y++) {
        const uint8_t *from = image_row(in, filter_border(y - PAD, in->height, BORDER_REFLECT));
        uint8_t *to = image_row(out, y);
        memcpy(to + PAD, from, (size_t)in->width);
        for (int32_t i = 0; i < PAD; i++) {
            to[i] = from[filter_border(i - PAD, in->width, BORDER_REFLECT)];
            to[in->width + PAD + i] = from[filter_border(in->width + i, in->width, BORDER_REFLECT)];
        }
    }
    return status;
}

/* One band of rows is one task; each has its own column sums and leaves its row sums in place, so the order of the final
 * addition does not depend on the threads. */
struct uniform {
    lk_engine *engine;
    lk_image a, b;     /* padded */
    struct plane *map; /* size of the original */
    double *row_sums;  /* over the windows that lie inside, a row of the original */
    int32_t *columns;  /* 4 * padded width a task */
    const uint8_t *zeros;
};

static struct ssim_columns columns_of(const struct uniform *u, int32_t task) {
    size_t n = (size_t)u->a.width;
    int32_t *at = u->columns + (size_t)task * 4 * n;
    return (struct ssim_columns){at, at + n, at + 2 * n, at + 3 * n};
}

static void uniform_band(void *arg, int32_t task) {
    struct uniform *u = arg;
    const struct kernel_ssim *k = &u->engine->kernels.ssim;
    struct ssim_columns c = columns_of(u, task);
    size_t padded = (size_t)u->a.width;
    int32_t width = u->map->width, first = task * ROWS_A_TASK;
    int32_t last = MIN(first + ROWS_A_TASK, u->map->height);
    /* The quotient's terms are multiplied by 49^2 and by 49 * 48. */
    float c1 = (float)(ssim_c1 * 49 * 49), c2 = (float)(ssim_c2 * 49 * 48);
    memset(c.a, 0, 4 * padded * sizeof *c.a);
    for (int32_t y = first; y < first + SSIM_WINDOW - 1; y++) {
        k->slide(&c, image_row(&u->a, y), image_row(&u->b, y), u->zeros, u->zeros, padded);
    }
    for (int32_t y = first; y < last; y++) {
        int32_t in = y + SSIM_WINDOW - 1, gone = y - 1;
        const uint8_t *a_gone = y > first ? image_row(&u->a, gone) : u->zeros;
        const uint8_t *b_gone = y > first ? image_row(&u->b, gone) : u->zeros;
        k->slide(&c, image_row(&u->a, in), image_row(&u->b, in), a_gone, b_gone, padded);
        float *row = plane_row(u->map, y);
        k->row(row, &c, (size_t)width, c1, c2);
        bool inside = y >= PAD && y < u->map->height - PAD;
        u->row_sums[y] = inside ? k->sum(row + PAD, (size_t)(width - 2 * PAD)) : 0;
    }
}

static void uniform_release(struct uniform *u) {
    lk_image_release(&u->a);
    lk_image_release(&u->b);
    mem_free(u->row_sums);
    mem_free(u->columns);
}

static lk_status uniform_open(struct uniform *u, const lk_image *a, const lk_image *b,
                              int32_t tasks, lk_error *err) {
    lk_status status = pad_reflect(&u->a, a, err);
    status = status == LK_OK ? pad_reflect(&u->b, b, err) : status;
    if (status != LK_OK) {
        return status;
    }
    size_t padded = (size_t)u->a.width, sums = (size_t)tasks * 4 * padded;
    u->row_sums = mem_alloc((size_t)a->height, sizeof *u->row_sums);
    u->columns =
        mem_calloc(sums + padded,
                   sizeof *u->columns); /* the last row of zeros stands for nothing taken away */
    if (!u->row_sums || !u->columns) {
        return error_memory(err, sums * sizeof *u->columns);
    }
    u->zeros = (const uint8_t *)(u->columns + sums);
    return LK_OK;
}

lk_status ssim_uniform(double *mean, struct plane *map, lk_engine *engine, const lk_image *a,
                       const lk_image *b, lk_error *err) {
    struct plane own = {0};
    struct uniform u = {.engine = engine, .map = map ? map : &own};
    if (MIN(a->width, a->height) < SSIM_WINDOW || !image_same_size(a, b)) {
        return error_set(err, LK_E_SIZE, "SSIM needs two pictures of one size, at least %d x %d",
                         SSIM_WINDOW, SSIM_WINDOW);
    }
    int32_t tasks = (a->height + ROWS_A_TASK - 1) / ROWS_A_TASK;
    lk_status status = uniform_open(&u, a, b, tasks, err);
    status = status == LK_OK ? plane_new(u.map, a->width, a->height, err) : status;
    if (status == LK_OK) {
        pool_for(engine->pool, tasks, uniform_band, &u);
        double sum = 0;
        for (int32_t y = 0; y < a->height; y++) {
            sum += u.row_sums[y];
        }
        *mean = sum / ((double)(a->width - 2 * PAD) * (a->height - 2 * PAD));
    }
    uniform_release(&u);
    plane_release(&own);
    return status;
}

/* The five weighted sums of the Gaussian window: of a, b, aa, bb, ab. */
enum { SUM_A, SUM_B, SUM_AA, SUM_BB, SUM_AB, SUMS };

struct gaussian_ssim {
    const struct plane *a, *b;
    double weights[GAUSS_TAPS];
    struct ssim_means *row_means; /* sums over one row of windows */
    double
        *scratch; /* SUMS * width a row of windows: the sums over rows, before those over columns */
};

/* Over the rows first: scratch[s][x] = sum over k of w_k * (a, b, aa, bb, ab) at row y + k. */
static void gaussian_columns(double *scratch, const struct gaussian_ssim *g, int32_t y) {
    size_t n = (size_t)g->a->width;
    memset(scratch, 0, SUMS * n * sizeof *scratch);
    for (int32_t k = 0; k < GAUSS_TAPS; k++) {
        const float *a = plane_row(g->a, y + k), *b = plane_row(g->b, y + k);
        double w = g->weights[k];
        for (size_t x = 0; x < n; x++) {
            double va = a[x], vb = b[x];
            scratch[SUM_A * n + x] += w * va;
            scratch[SUM_B * n + x] += w * vb;
            scratch[SUM_AA * n + x] += w * (va * va);
            scratch[SUM_BB * n + x] += w * (vb * vb);
            scratch[SUM_AB * n + x] += w * (va * vb);
        }
    }
}

static void gaussian_row(void *arg, int32_t y) {
    struct gaussian_ssim *g = arg;
    size_t n = (size_t)g->a->width, windows = n - GAUSS_TAPS + 1;
    double *scratch = g->scratch + (size_t)y * SUMS * n;
    struct ssim_means sum = {0, 0};
    gaussian_columns(scratch, g, y);
    for (size_t x = 0; x < windows; x++) {
        double s[SUMS] = {0};
        for (int32_t i = 0; i < SUMS; i++) {
            const double *p = scratch + (size_t)i * n + x;
            for (int32_t k = 0; k < GAUSS_TAPS; k++) {
                s[i] += g->weights[k] * p[k];
            }
        }
        double va = s[SUM_AA] - s[SUM_A] * s[SUM_A], vb = s[SUM_BB] - s[SUM_B] * s[SUM_B];
        double vab = s[SUM_AB] - s[SUM_A] * s[SUM_B];
        double structure = (2 * vab + ssim_c2) / (va + vb + ssim_c2);
        double light = (2 * s[SUM_A] * s[SUM_B] + ssim_c1) /
                       (s[SUM_A] * s[SUM_A] + s[SUM_B] * s[SUM_B] + ssim_c1);
        sum.ssim += light * structure;
        sum.structure += structure;
    }
    g->row_means[y] = sum;
}

static void gaussian_weights(double weights[GAUSS_TAPS]) {
    double sum = 0;
    for (int32_t i = 0; i < GAUSS_TAPS; i++) {
        double d = i - GAUSS_RADIUS;
        weights[i] = exp(-d * d / (2 * 1.5 * 1.5));
        sum += weights[i];
    }
    for (int32_t i = 0; i < GAUSS_TAPS; i++) {
        weights[i] /= sum;
    }
}

/* Bands of rows share scratch memory a band at a time. */
lk_status ssim_gaussian(struct ssim_means *out, lk_engine *engine, const struct plane *a,
                        const struct plane *b, lk_error *err) {
    int32_t rows = a->height - GAUSS_TAPS + 1, columns = a->width - GAUSS_TAPS + 1;
    if (rows < 1 || columns < 1 || a->width != b->width || a->height != b->height) {
        return error_set(err, LK_E_SIZE,
                         "the Gaussian window needs pictures of one size, at least %d x %d",
                         GAUSS_TAPS, GAUSS_TAPS);
    }
    struct gaussian_ssim g = {.a = a, .b = b};
    gaussian_weights(g.weights);
    g.row_means = mem_alloc((size_t)rows, sizeof *g.row_means);
    g.scratch = mem_alloc((size_t)rows * (size_t)a->width, SUMS * sizeof *g.scratch);
    lk_status status = g.row_means && g.scratch
                           ? LK_OK
                           : error_memory(err, (size_t)rows * SUMS * sizeof *g.scratch);
    if (status == LK_OK) {
        pool_for(engine->pool, rows, gaussian_row, &g);
        *out = (struct ssim_means){0, 0};
        for (int32_t y = 0; y < rows; y++) {
            out->ssim += g.row_means[y].ssim;
            out->structure += g.row_means[y].structure;
        }
        out->ssim /= (double)rows * columns;
        out->structure /= (double)rows * columns;
    }
    mem_free(g.row_means);
    mem_free(g.scratch);
    return status;
}
