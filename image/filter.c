/* SPDX-License-Identifier: Apache-2.0 */
#include "image/filter.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { RADIUS_MAX = 256 };

int32_t filter_border(int32_t i, int32_t n, enum border border) {
    if (n == 1) {
        return 0;
    }
    int32_t period = border == BORDER_REFLECT ? 2 * n : 2 * n - 2;
    i %= period;
    i = i < 0 ? i + period : i;
    if (i < n) {
        return i;
    }
    return border == BORDER_REFLECT ? period - 1 - i : period - i;
}

struct gaussian {
    const struct plane *in;
    struct plane *out;
    float weights[RADIUS_MAX + 1]; /* of the middle, then outward */
    int32_t radius;
    enum border border;
};

static void fill_weights(struct gaussian *g, double sigma, double truncate) {
    g->radius = MIN((int32_t)(truncate * sigma + 0.5), (int32_t)RADIUS_MAX);
    double sum = 1;
    for (int32_t i = 1; i <= g->radius; i++) {
        sum += 2 * exp(-0.5 * i * i / (sigma * sigma));
    }
    for (int32_t i = 0; i <= g->radius; i++) {
        g->weights[i] = (float)(exp(-0.5 * i * i / (sigma * sigma)) / sum);
    }
}

/* out = sum of rows around y; whole rows at a time, so that the compiler vectorises across pixels. */
static void gaussian_down(void *arg, int32_t y) {
    const struct gaussian *g = arg;
    int32_t width = g->in->width, height = g->in->height;
    float *to = plane_row(g->out, y);
    const float *middle = plane_row(g->in, y);
    for (int32_t x = 0; x < width; x++) {
        to[x] = g->weights[0] * middle[x];
    }
    for (int32_t k = g->radius; k >= 1; k--) {
        const float *up = plane_row(g->in, filter_border(y - k, height, g->border));
        const float *down = plane_row(g->in, filter_border(y + k, height, g->border));
        float w = g->weights[k];
        for (int32_t x = 0; x < width; x++) {
            to[x] += w * (up[x] + down[x]);
        }
    }
}

static void gaussian_across(void *arg, int32_t y) {
    enum { BLOCK = 512 };
    const struct gaussian *g = arg;
    int32_t width = g->in->width, r = g->radius;
    const float *from = plane_row(g->in, y);
    float *to = plane_row(g->out, y);
    float padded[BLOCK + 2 * RADIUS_MAX];
    for (int32_t at = 0; at < width; at += BLOCK) {
        int32_t n = MIN((int32_t)BLOCK, width - at);
        for (int32_t i = -r; i < n + r; i++) {
            int32_t x = at + i;
            padded[i + r] = from[x >= 0 && x < width ? x : filter_border(x, width, g->border)];
        }
        const float *p = padded + r;
        for (int32_t i = 0; i < n; i++) {
            to[at + i] = g->weights[0] * p[i];
        }
        for (int32_t k = r; k >= 1; k--) {
            float w = g->weights[k];
            for (int32_t i = 0; i < n; i++) {
                to[at + i] += w * (p[i - k] + p[i + k]);
            }
        }
    }
}

lk_status filter_gaussian(struct plane *out, lk_engine *engine, const struct plane *in,
                          double sigma, double truncate, enum border border, lk_error *err) {
    struct plane rows = {0};
    lk_status status = plane_new(out, in->width, in->height, err);
    if (status != LK_OK) {
        return status;
    }
    if (!(sigma > 0)) {
        memcpy(out->data, in->data, (size_t)in->width * (size_t)in->height * sizeof *in->data);
        return LK_OK;
    }
    status = plane_new(&rows, in->width, in->height, err);
    if (status != LK_OK) {
        plane_release(out);
        return status;
    }
    struct gaussian g = {.in = in, .out = &rows, .border = border};
    fill_weights(&g, sigma, truncate);
    pool_for(engine->pool, in->height, gaussian_across, &g);
    g.in = &rows;
    g.out = out;
    pool_for(engine->pool, in->height, gaussian_down, &g);
    plane_release(&rows);
    return LK_OK;
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
