/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes that are powers of two go through the iterative algorithm of Cooley and Tukey (1965): bit-reversed order, then
 * butterflies of 2, 4, 8, ... samples. Any other size n is a convolution with a chirp (Bluestein 1970),
 *
 *   F(k) = w(k) sum x(j) w(j) conj(w(k - j)),   w(k) = exp(-pi i k^2 / n)
 *
 * which powers of two of at least 2 n - 1 samples compute. Oracle: numpy.fft (tests/oracle/phase). */
#include "image/fft.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const double pi = 3.14159265358979323846;

/* How one length is transformed. */
struct plan {
    int32_t n, padded; /* padded: the power of two that does the work; n itself where that is one */
    double *roots;     /* exp(-2 pi i k / padded), k < padded / 2 */
    double *chirp;     /* w(0..n-1); NULL for a power of two */
    double *filter;    /* transform of conj(w), padded long */
};

lk_status spectrum_new(struct spectrum *out, int32_t width, int32_t height, lk_error *err) {
    size_t count = 0;
    *out = (struct spectrum){.width = width, .height = height};
    if (mem_size_mul(&count, (size_t)width, (size_t)height)) {
        out->data = mem_calloc(count, 2 * sizeof *out->data);
    }
    return out->data ? LK_OK : error_memory(err, count * 2 * sizeof *out->data);
}

void spectrum_release(struct spectrum *s) {
    mem_free(s->data);
    *s = (struct spectrum){0};
}

/* a times b into to; to may be a. */
static inline void multiply(double *to, const double *a, const double *b) {
    double re = a[0] * b[0] - a[1] * b[1], im = a[0] * b[1] + a[1] * b[0];
    to[0] = re;
    to[1] = im;
}

static void reverse_bits(double *x, int32_t n) {
    for (int32_t i = 1, k = 0; i < n; i++) {
        int32_t bit = n >> 1;
        for (; k & bit; bit >>= 1) {
            k ^= bit;
        }
        k ^= bit;
        if (i < k) {
            double re = x[2 * i], im = x[2 * i + 1];
            x[2 * i] = x[2 * k];
            x[2 * i + 1] = x[2 * k + 1];
            x[2 * k] = re;
            x[2 * k + 1] = im;
        }
    }
}

/* The transform of n = 2^m samples, in place; roots as in plan, for n. */
static void power_of_two(double *x, int32_t n, const double *roots) {
    reverse_bits(x, n);
    for (int32_t half = 1; half < n; half *= 2) {
        int32_t step = n / (2 * half);
        for (int32_t start = 0; start < n; start += 2 * half) {
            double *a = x + 2 * start, *b = a + 2 * half;
            for (int32_t k = 0; k < half; k++, a += 2, b += 2) {
                double t[2];
                multiply(t, b, roots + 2 * (size_t)k * (size_t)step);
                b[0] = a[0] - t[0];
                b[1] = a[1] - t[1];
                a[0] += t[0];
                a[1] += t[1];
            }
        }
    }
}

static void plan_release(struct plan *p) {
    mem_free(p->roots);
    mem_free(p->chirp);
    mem_free(p->filter);
}

static void fill_chirp(struct plan *p) {
    for (int64_t k = 0; k < p->n; k++) {
        double angle = pi * (double)(k * k % (2 * (int64_t)p->n)) / p->n;
        p->chirp[2 * k] = cos(angle);
        p->chirp[2 * k + 1] = -sin(angle);
        for (int64_t at = k;; at = p->padded - k) { /* at k and at -k */
            p->filter[2 * at] = cos(angle);
            p->filter[2 * at + 1] = sin(angle);
            if (k == 0 || at != k) {
                break;
            }
        }
    }
    power_of_two(p->filter, p->padded, p->roots);
}

static lk_status plan_make(struct plan *p, int32_t n, lk_error *err) {
    bool is_power = (n & (n - 1)) == 0;
    *p = (struct plan){.n = n, .padded = 1};
    while (p->padded < (is_power ? n : 2 * n - 1)) {
        p->padded *= 2;
    }
    p->roots = mem_alloc((size_t)p->padded, sizeof *p->roots);
    if (!is_power) {
        p->chirp = mem_alloc((size_t)n, 2 * sizeof *p->chirp);
        p->filter = mem_calloc((size_t)p->padded, 2 * sizeof *p->filter);
    }
    if (!p->roots || (!is_power && (!p->chirp || !p->filter))) {
        plan_release(p);
        return error_memory(err, (size_t)p->padded * 4 * sizeof *p->roots);
    }
    for (int32_t k = 0; k < p->padded / 2; k++) {
        p->roots[2 * k] = cos(2 * pi * k / p->padded);
        p->roots[2 * k + 1] = -sin(2 * pi * k / p->padded);
    }
    if (!is_power) {
        fill_chirp(p);
    }
    return LK_OK;
}

/* Doubles of scratch memory that transforming one row takes. */
static size_t plan_scratch(const struct plan *p) {
    return 2 * (size_t)p->padded;
}

static void conjugate(double *x, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        x[2 * i + 1] = -x[2 * i + 1];
    }
}

static void transform(double *x, const struct plan *p, double *scratch) {
    if (!p->chirp) {
        power_of_two(x, p->n, p->roots);
        return;
    }
    memset(scratch, 0, plan_scratch(p) * sizeof *scratch);
    for (int32_t k = 0; k < p->n; k++) {
        multiply(scratch + 2 * k, x + 2 * k, p->chirp + 2 * k);
    }
    power_of_two(scratch, p->padded, p->roots);
    for (int32_t k = 0; k < p->padded; k++) {
        multiply(scratch + 2 * k, scratch + 2 * k, p->filter + 2 * k);
    }
    conjugate(scratch, p->padded); /* an inverse is a transform of conjugates */
    power_of_two(scratch, p->padded, p->roots);
    conjugate(scratch, p->padded);
    for (int32_t k = 0; k < p->n; k++) {
        multiply(x + 2 * k, scratch + 2 * k, p->chirp + 2 * k);
        x[2 * k] /= p->padded;
        x[2 * k + 1] /= p->padded;
    }
}

/* A pass over all rows or all columns. */
enum { COLUMNS = 8 }; /* at a time, so that a cache line is used whole */

struct pass {
    const struct spectrum *s;
    const struct plan *plan;
    double *scratch; /* of each task */
    size_t scratch_size;
};

static void transform_row(void *arg, int32_t y) {
    const struct pass *p = arg;
    transform(spectrum_at(p->s, 0, y), p->plan, p->scratch + (size_t)y * p->scratch_size);
}

static void transform_columns(void *arg, int32_t block) {
    const struct pass *p = arg;
    int32_t height = p->s->height, first = block * COLUMNS;
    int32_t count = MIN((int32_t)COLUMNS, p->s->width - first);
    double *columns = p->scratch + (size_t)block * p->scratch_size;
    double *rest = columns + 2 * (size_t)COLUMNS * (size_t)height;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t c = 0; c < count; c++) {
            memcpy(columns + 2 * ((size_t)c * (size_t)height + (size_t)y),
                   spectrum_at(p->s, first + c, y), 2 * sizeof *columns);
        }
    }
    for (int32_t c = 0; c < count; c++) {
        transform(columns + 2 * (size_t)c * (size_t)height, p->plan, rest);
    }
    for (int32_t y = 0; y < height; y++) {
        for (int32_t c = 0; c < count; c++) {
            memcpy(spectrum_at(p->s, first + c, y),
                   columns + 2 * ((size_t)c * (size_t)height + (size_t)y), 2 * sizeof *columns);
        }
    }
}

static lk_status run_pass(const struct spectrum *s, lk_engine *engine, bool along, lk_error *err) {
    struct plan plan;
    int32_t tasks = along ? s->height : (s->width + COLUMNS - 1) / COLUMNS;
    lk_status status = plan_make(&plan, along ? s->width : s->height, err);
    if (status != LK_OK) {
        return status;
    }
    struct pass p = {.s = s, .plan = &plan, .scratch_size = plan.chirp ? plan_scratch(&plan) : 0};
    p.scratch_size += along ? 0 : 2 * (size_t)COLUMNS * (size_t)s->height;
    p.scratch = mem_alloc((size_t)tasks * p.scratch_size, sizeof *p.scratch);
    if (p.scratch) {
        pool_for(engine->pool, tasks, along ? transform_row : transform_columns, &p);
    } else {
        status = error_memory(err, (size_t)tasks * p.scratch_size * sizeof *p.scratch);
    }
    mem_free(p.scratch);
    plan_release(&plan);
    return status;
}

lk_status fft_2d(struct spectrum *s, lk_engine *engine, bool inverse, lk_error *err) {
    size_t count = (size_t)s->width * (size_t)s->height;
    for (size_t i = 0; inverse && i < count; i++) {
        s->data[2 * i + 1] = -s->data[2 * i + 1];
    }
    lk_status status = run_pass(s, engine, true, err);
    status = status == LK_OK ? run_pass(s, engine, false, err) : status;
    for (size_t i = 0; inverse && i < count; i++) {
        s->data[2 * i] /= (double)count;
        s->data[2 * i + 1] /= -(double)count;
    }
    return status;
}
