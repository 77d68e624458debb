/* SPDX-License-Identifier: Apache-2.0 */
#include "image/filter.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int32_t filter_border(int32_t i, int32_t n, enum border border) {
    if (n == 1 || border == BORDER_CLAMP) {
        return i < 0 ? 0 : MIN(i, n - 1);
    }
    int32_t period = border == BORDER_REFLECT ? 2 * n : 2 * n - 2;
    i %= period;
    i = i < 0 ? i + period : i;
    if (i < n) {
        return i;
    }
    return border == BORDER_REFLECT ? period - 1 - i : period - i;
}

/* One pass of a separable filter. */
struct pass {
    lk_engine *engine;
    const struct plane *in;
    struct plane *out;
    const struct taps *taps;
    enum border border;
};

static void pass_down(void *arg, int32_t y) {
    const struct pass *p = arg;
    const struct kernel_plane *k = &p->engine->kernels.plane;
    const float *rows[2 * TAPS_RADIUS_MAX + 1];
    int32_t r = p->taps->radius;
    for (int32_t i = -r; i <= r; i++) {
        rows[i + r] = plane_row(p->in, filter_border(y + i, p->in->height, p->border));
    }
    (p->taps->odd ? k->down_odd : k->down_even)(plane_row(p->out, y), rows, p->taps->weights, r,
                                                (size_t)p->in->width);
}

static void pass_across(void *arg, int32_t y) {
    enum { BLOCK = 2048 };
    const struct pass *p = arg;
    const struct kernel_plane *k = &p->engine->kernels.plane;
    int32_t width = p->in->width, r = p->taps->radius;
    const float *from = plane_row(p->in, y);
    float *to = plane_row(p->out, y);
    float padded[BLOCK + 2 * TAPS_RADIUS_MAX];
    for (int32_t at = 0; at < width; at += BLOCK) {
        int32_t n = MIN((int32_t)BLOCK, width - at);
        int32_t first = MIN(r, at), last = MIN(n + r, width - at); /* of what lies inside */
        memcpy(padded + r - first, from + at - first, (size_t)(first + last) * sizeof *from);
        for (int32_t i = -r; i < -first; i++) {
            padded[i + r] = from[filter_border(at + i, width, p->border)];
        }
        for (int32_t i = last; i < n + r; i++) {
            padded[i + r] = from[filter_border(at + i, width, p->border)];
        }
        (p->taps->odd ? k->across_odd : k->across_even)(to + at, padded + r, p->taps->weights, r,
                                                        (size_t)n);
    }
}

lk_status filter_separable(struct plane *out, lk_engine *engine, const struct plane *in,
                           const struct taps *across, const struct taps *down, enum border border,
                           lk_error *err) {
    struct plane rows = {0};
    lk_status status = plane_new(out, in->width, in->height, err);
    status = status == LK_OK ? plane_new(&rows, in->width, in->height, err) : status;
    if (status != LK_OK) {
        plane_release(out);
        return status;
    }
    struct pass p = {.engine = engine, .in = in, .out = &rows, .taps = across, .border = border};
    pool_for(engine->pool, in->height, pass_across, &p);
    p.in = &rows;
    p.out = out;
    p.taps = down;
    pool_for(engine->pool, in->height, pass_down, &p);
    plane_release(&rows);
    return LK_OK;
}

void taps_gaussian(struct taps *out, double sigma, double truncate) {
    *out = (struct taps){.weights = {1}};
    if (!(sigma > 0)) {
        return;
    }
    out->radius = MIN((int32_t)(truncate * sigma + 0.5), (int32_t)TAPS_RADIUS_MAX);
    double sum = 1;
    for (int32_t i = 1; i <= out->radius; i++) {
        sum += 2 * exp(-0.5 * i * i / (sigma * sigma));
    }
    for (int32_t i = 0; i <= out->radius; i++) {
        out->weights[i] = (float)(exp(-0.5 * i * i / (sigma * sigma)) / sum);
    }
}

lk_status filter_gaussian(struct plane *out, lk_engine *engine, const struct plane *in,
                          double sigma, double truncate, enum border border, lk_error *err) {
    struct taps taps;
    taps_gaussian(&taps, sigma, truncate);
    return filter_separable(out, engine, in, &taps, &taps, border, err);
}

/* The extremes over rows y - r .. y + r of across-extremes that are held for every row. */
lk_status filter_min_max(struct plane *lowest, struct plane *highest, const struct plane *in,
                         int32_t radius, lk_error *err) {
    int32_t width = in->width, height = in->height;
    struct plane low = {0}, high = {0};
    *lowest = *highest = (struct plane){0};
    lk_status status = plane_new(&low, width, height, err);
    status = status == LK_OK ? plane_new(&high, width, height, err) : status;
    status = status == LK_OK ? plane_new(lowest, width, height, err) : status;
    status = status == LK_OK ? plane_new(highest, width, height, err) : status;
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        const float *p = plane_row(in, y);
        float *l = plane_row(&low, y), *h = plane_row(&high, y);
        for (int32_t x = 0; x < width; x++) {
            l[x] = h[x] = p[x];
            for (int32_t k = MAX(x - radius, 0); k <= MIN(x + radius, width - 1); k++) {
                l[x] = p[k] < l[x] ? p[k] : l[x];
                h[x] = p[k] > h[x] ? p[k] : h[x];
            }
        }
    }
    for (int32_t y = 0; status == LK_OK && y < height; y++) {
        float *l = plane_row(lowest, y), *h = plane_row(highest, y);
        memcpy(l, plane_row(&low, y), (size_t)width * sizeof *l);
        memcpy(h, plane_row(&high, y), (size_t)width * sizeof *h);
        for (int32_t k = MAX(y - radius, 0); k <= MIN(y + radius, height - 1); k++) {
            const float *pl = plane_row(&low, k), *ph = plane_row(&high, k);
            for (int32_t x = 0; x < width; x++) {
                l[x] = pl[x] < l[x] ? pl[x] : l[x];
                h[x] = ph[x] > h[x] ? ph[x] : h[x];
            }
        }
    }
    plane_release(&low);
    plane_release(&high);
    if (status != LK_OK) {
        plane_release(lowest);
        plane_release(highest);
    }
    return status;
}
