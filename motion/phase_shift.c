/* SPDX-License-Identifier: Apache-2.0 */
/* Shift by phase correlation (Kuglin and Hines 1975), sub-pixel by a transform of the neighbourhood of the peak only
 * (Guizar-Sicairos, Thurman, Fienup 2008), step for step as scikit-image 0.19's phase_cross_correlation:
 *
 *   R = A conj(B) / max(|A conj(B)|, 100 eps),   peak of |ifft(R)|, then of its transform at 1 / upsample around it
 *
 * Oracle: tests/oracle/phase. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/fft.h"
#include "motion/phase.h"

static const double pi = 3.14159265358979323846;

static lk_status spectrum_of(struct spectrum *out, lk_engine *engine, const struct plane *p,
                             lk_error *err) {
    lk_status status = spectrum_new(out, p->width, p->height, err);
    if (status != LK_OK) {
        return status;
    }
    for (size_t i = 0; i < (size_t)p->width * (size_t)p->height; i++) {
        out->data[2 * i] = p->data[i];
    }
    return fft_2d(out, engine, false, err);
}

/* a = a conj(b), each frequency brought to length one. */
static void cross_power(struct spectrum *a, const struct spectrum *b) {
    const double least = 100 * DBL_EPSILON;
    for (size_t i = 0; i < 2 * (size_t)a->width * (size_t)a->height; i += 2) {
        double re = a->data[i] * b->data[i] + a->data[i + 1] * b->data[i + 1];
        double im = a->data[i + 1] * b->data[i] - a->data[i] * b->data[i + 1];
        double length = fmax(hypot(re, im), least);
        a->data[i] = re / length;
        a->data[i + 1] = im / length;
    }
}

/* The first of the largest magnitudes. */
static double largest(const double *data, size_t count, size_t *at) {
    double best = -1;
    for (size_t i = 0; i < count; i++) {
        double square = data[2 * i] * data[2 * i] + data[2 * i + 1] * data[2 * i + 1];
        if (square > best) {
            best = square;
            *at = i;
        }
    }
    return sqrt(best);
}

/* Frequency k of n, in cycles a sample, negative in the upper half. */
static double frequency(int32_t k, int32_t n) {
    return (double)(k < (n + 1) / 2 ? k : k - n) / n;
}

/* exp(2 pi i (k + start) f / upsample) for k < side and every frequency f of n: the rows of a matrix. NULL: no memory. */
static double *waves(int32_t side, double start, double upsample, int32_t n) {
    double *out = mem_alloc((size_t)side * (size_t)n, 2 * sizeof *out), *p = out;
    for (int32_t k = 0; out && k < side; k++) {
        for (int32_t u = 0; u < n; u++, p += 2) {
            double angle = 2 * pi * (k + start) * frequency(u, n) / upsample;
            p[0] = cos(angle);
            p[1] = sin(angle);
        }
    }
    return out;
}

/* Sum of f[i] w[i]. */
static void dot(double out[2], const double *f, const double *w, int32_t n) {
    out[0] = out[1] = 0;
    for (int32_t i = 0; i < 2 * n; i += 2) {
        out[0] += f[i] * w[i] - f[i + 1] * w[i + 1];
        out[1] += f[i] * w[i + 1] + f[i + 1] * w[i];
    }
}

/* The correlation at `side` x `side` points 1 / upsample apart that begin at (x0, y0), in steps: two matrix products. */
static lk_status correlate_near(double *out, const struct spectrum *r, int32_t side, double x0,
                                double y0, double upsample, lk_error *err) {
    size_t height = (size_t)r->height;
    double *across = waves(side, x0, upsample, r->width);
    double *down = waves(side, y0, upsample, r->height);
    double *half = mem_alloc((size_t)side * height, 2 * sizeof *half);
    bool ok = across && down && half;
    for (int32_t i = 0; ok && i < side; i++) { /* half: side rows of r->height */
        const double *wave = across + 2 * (size_t)i * (size_t)r->width;
        for (int32_t v = 0; v < r->height; v++) {
            dot(half + 2 * ((size_t)i * height + (size_t)v), spectrum_at(r, 0, v), wave, r->width);
        }
    }
    for (int32_t k = 0; ok && k < side; k++) {
        for (int32_t i = 0; i < side; i++) {
            dot(out + 2 * ((size_t)k * (size_t)side + (size_t)i), half + 2 * (size_t)i * height,
                down + 2 * (size_t)k * height, r->height);
        }
    }
    mem_free(across);
    mem_free(down);
    mem_free(half);
    return ok ? LK_OK : error_memory(err, (size_t)side * height * 2 * sizeof *half);
}

/* shift is what registers b with a, in pixels; refined in place. */
static lk_status refine(double shift[2], const struct spectrum *r, int32_t upsample,
                        lk_error *err) {
    int32_t side = (int32_t)ceil(upsample * 1.5), half = side / 2;
    double *near = mem_alloc((size_t)side * (size_t)side, 2 * sizeof *near);
    size_t at = 0;
    if (!near) {
        return error_memory(err, (size_t)side * (size_t)side * 2 * sizeof *near);
    }
    lk_status status = correlate_near(near, r, side, shift[0] * upsample - half,
                                      shift[1] * upsample - half, upsample, err);
    if (status == LK_OK) {
        largest(near, (size_t)side * (size_t)side, &at);
        shift[0] += ((double)(at % (size_t)side) - half) / upsample;
        shift[1] += ((double)(at / (size_t)side) - half) / upsample;
    }
    mem_free(near);
    return status;
}

lk_status phase_shift(struct phase_shift *out, lk_engine *engine, const struct plane *a,
                      const struct plane *b, int32_t upsample, lk_error *err) {
    struct spectrum product = {0}, other = {0};
    size_t count = (size_t)a->width * (size_t)a->height, at = 0;
    double shift[2] = {0, 0};
    *out = (struct phase_shift){0};
    lk_status status = spectrum_of(&product, engine, a, err);
    status = status == LK_OK ? spectrum_of(&other, engine, b, err) : status;
    if (status == LK_OK) {
        cross_power(&product, &other);
        memcpy(other.data, product.data, count * 2 * sizeof *other.data);
        status = fft_2d(&other, engine, true, err);
    }
    if (status == LK_OK) {
        out->peak = largest(other.data, count, &at);
        int32_t x = (int32_t)(at % (size_t)a->width), y = (int32_t)(at / (size_t)a->width);
        shift[0] = x > a->width / 2 ? x - a->width : x;
        shift[1] = y > a->height / 2 ? y - a->height : y;
        status = upsample > 1 ? refine(shift, &product, upsample, err) : LK_OK;
    }
    out->x = a->width == 1 ? 0 : 0 - shift[0];
    out->y = a->height == 1 ? 0 : 0 - shift[1];
    spectrum_release(&product);
    spectrum_release(&other);
    return status;
}
