/* SPDX-License-Identifier: Apache-2.0 */
/* The finer thumbnail is warped onto the coarser, and windows of 8 x 8 pixels are compared:
 *
 *   r        correlation of the levels in the window: light, contrast and exposure, which edits and filters change smoothly, do not
 *            matter within 8 pixels
 *   agrees   r is at least least_r, or what the correlation leaves, s sqrt(1 - r^2), is below the noise of compression
 *   weight   contrast s up to a limit: windows without texture say nothing for either side
 *
 * The share of the weight that agrees is what tells a copy, of which an overlay may hide a part, from another picture of the same
 * layout, which agrees in frames and flat areas. */
#include "collection/relation_accord.h"

#include <math.h>

#include "base/compiler.h"
#include "feature/homography.h"
#include "image/colour.h"
#include "image/warp.h"

enum {
    WINDOW = 8,
    STEP = 4,
    N = WINDOW * WINDOW,
    LEVEL_STEPS = 16, /* a level */
    LEVEL_BINS = 4096,
    CLIPPED_BELOW = 5,
    CLIPPED_ABOVE = 250,
    PLAIN = 8, /* levels either way */
};

static const double least_r = 0.9;
static const double noise = 3; /* levels; JPEG quality 30 reduced to a thumbnail leaves about 2 */
static const double contrast_least = 4; /* a window below is flat */
static const double contrast_most = 20; /* above, more contrast is no more evidence */

/* Sums over one window of the two aligned thumbnails. */
struct window {
    double mean_a, mean_b, sa, sb, r;
    bool clipped;  /* black or white in one of both, where edits of light end */
    double colour; /* mean squared difference of the three channels' means */
};

struct pair {
    lk_image gray_a, gray_b, rgb_b, valid; /* of the frame; rgb_b is warped */
    const lk_image *rgb_a;
};

static bool window_at(struct window *out, const struct pair *p, int32_t x0, int32_t y0) {
    int32_t sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, channels[3] = {0};
    int32_t low = 255, high = 0;
    for (int32_t y = y0; y < y0 + WINDOW; y++) {
        const uint8_t *a = image_row(&p->gray_a, y) + x0, *b = image_row(&p->gray_b, y) + x0;
        const uint8_t *ca = image_row(p->rgb_a, y) + (size_t)x0 * 3;
        const uint8_t *cb = image_row(&p->rgb_b, y) + (size_t)x0 * 3;
        const uint8_t *valid = image_row(&p->valid, y) + x0;
        for (int32_t i = 0; i < WINDOW; i++) {
            if (!valid[i]) {
                return false;
            }
            sa += a[i];
            sb += b[i];
            saa += a[i] * a[i];
            sbb += b[i] * b[i];
            sab += a[i] * b[i];
            low = MIN(low, MIN(a[i], b[i]));
            high = MAX(high, MAX(a[i], b[i]));
            for (int32_t c = 0; c < 3; c++) {
                channels[c] += ca[3 * i + c] - cb[3 * i + c];
            }
        }
    }
    *out = (struct window){.mean_a = (double)sa / N, .mean_b = (double)sb / N};
    out->clipped = low < CLIPPED_BELOW || high > CLIPPED_ABOVE;
    double va = fmax((double)saa / N - out->mean_a * out->mean_a, 0);
    double vb = fmax((double)sbb / N - out->mean_b * out->mean_b, 0);
    out->sa = sqrt(va);
    out->sb = sqrt(vb);
    out->r =
        va > 0 && vb > 0 ? ((double)sab / N - out->mean_a * out->mean_b) / (out->sa * out->sb) : 0;
    for (int32_t c = 0; c < 3; c++) {
        double d = (double)channels[c] / N;
        out->colour += d * d / 3;
    }
    return true;
}

/* Of levels, in steps; above the last bin they count as in it. */
struct histogram {
    int32_t count, bins[LEVEL_BINS];
};

static void add_level(struct histogram *h, double level) {
    h->bins[(int32_t)fmin(level * LEVEL_STEPS, LEVEL_BINS - 1)]++;
    h->count++;
}

/* Sums over windows. */
struct sums {
    double weight, agreed, left;
    double a, b, aa, bb, ab; /* of the windows' means */
    int32_t count, changed, changed_open;
    struct histogram noise, colour;
};

static void add_window(struct sums *s, const struct window *w) {
    double most = fmax(w->sa, w->sb);
    double weight = most < contrast_least ? 0 : fmin(most, contrast_most);
    double share =
        w->r > 0 ? fmax(1 - w->r * w->r, 0) : 1; /* of the variance, that stays unexplained */
    bool agrees = w->r >= least_r || (w->r > 0 && most * sqrt(share) < noise) || most < noise;
    s->weight += weight;
    s->agreed += agrees ? weight : 0;
    s->left += weight * share;
    if (weight > 0 && !w->clipped) {
        add_level(&s->noise, most * sqrt(share));
    }
    if (agrees) {
        add_level(&s->colour, sqrt(w->colour));
    }
    s->count++;
    s->changed += !agrees && weight > 0;
    s->changed_open += !agrees && weight > 0 && !w->clipped;
    s->a += w->mean_a;
    s->b += w->mean_b;
    s->aa += w->mean_a * w->mean_a;
    s->bb += w->mean_b * w->mean_b;
    s->ab += w->mean_a * w->mean_b;
}

/* The level below which that share of the windows lies. */
static double quantile(const struct histogram *h, double share) {
    int32_t below = 0, i = 0;
    while (i < LEVEL_BINS - 1 && below + h->bins[i] < share * h->count) {
        below += h->bins[i++];
    }
    return (i + 0.5) / LEVEL_STEPS;
}

static void judge(struct accord *out, const struct pair *p) {
    struct sums s = {0};
    struct window w;
    for (int32_t y = 0; y + WINDOW <= p->gray_a.height; y += STEP) {
        for (int32_t x = 0; x + WINDOW <= p->gray_a.width; x += STEP) {
            if (window_at(&w, p, x, y)) {
                add_window(&s, &w);
            }
        }
    }
    if (s.count == 0) {
        return;
    }
    double n = s.count, va = s.aa / n - s.a / n * (s.a / n), vb = s.bb / n - s.b / n * (s.b / n);
    out->blocks = s.count;
    out->texture = s.weight / contrast_most;
    out->agree = s.weight > 0 ? s.agreed / s.weight : 0;
    out->residual = s.weight > 0 ? sqrt(s.left / s.weight) : 1;
    out->quiet = quantile(&s.noise, 0.25);
    out->broad = va > 0 && vb > 0 ? (s.ab / n - s.a / n * (s.b / n)) / sqrt(va * vb) : 0;
    out->colour = quantile(&s.colour, 0.75);
    out->changed = s.changed / n;
    out->changed_open = s.changed_open / n;
}

/* Share of what of from lies beside what map brings into to that is of one level, give or take the noise of compression. */
static double share_plain(const double map[9], const lk_image *from, const lk_image *to) {
    int32_t levels[256] = {0}, beside = 0, most = 0;
    for (int32_t y = 0; y < from->height; y++) {
        for (int32_t x = 0; x < from->width; x++) {
            double u, v;
            bool ahead = homography_apply(&u, &v, map, x, y);
            if (!ahead || u < -1.5 || v < -1.5 || u > to->width + 0.5 || v > to->height + 0.5) {
                levels[image_row(from, y)[x]]++;
                beside++;
            }
        }
    }
    for (int32_t i = 0, near = 0; i < 256; i++) {
        near += levels[i] - (i > 2 * PLAIN ? levels[i - 2 * PLAIN - 1] : 0);
        most = MAX(most, near);
    }
    return beside > 0 ? (double)most / beside : 1;
}

/* Share of from that map brings into to. */
static double share_inside(const double map[9], const lk_image *from, const lk_image *to) {
    enum { CELLS = 32 };
    int32_t inside = 0;
    for (int32_t i = 0; i < CELLS * CELLS; i++) {
        double x, y;
        bool ahead = homography_apply(&x, &y, map, (i % CELLS + 0.5) * from->width / CELLS - 0.5,
                                      (i / CELLS + 0.5) * from->height / CELLS - 0.5);
        inside += ahead && x > -0.5 && y > -0.5 && x < to->width - 0.5 && y < to->height - 0.5;
    }
    return (double)inside / (CELLS * CELLS);
}

/* Both in gray, and b warped onto a. */
static lk_status compare(struct accord *out, lk_engine *engine, const lk_image *a,
                         const lk_image *b, const double map[9], lk_error *err) {
    struct pair p = {.rgb_a = a};
    lk_status status = image_warp(&p.rgb_b, &p.valid, engine, b, map, a->width, a->height, err);
    status = status == LK_OK ? colour_to_gray8(&p.gray_a, engine, a, err) : status;
    status = status == LK_OK ? colour_to_gray8(&p.gray_b, engine, &p.rgb_b, err) : status;
    if (status == LK_OK) {
        judge(out, &p);
    }
    lk_image_release(&p.gray_a);
    lk_image_release(&p.gray_b);
    lk_image_release(&p.rgb_b);
    lk_image_release(&p.valid);
    return status;
}

static lk_status find_plain(double *plain, lk_engine *engine, const double map[9],
                            const lk_image *from, const lk_image *to, lk_error *err) {
    lk_image gray;
    lk_status status = colour_to_gray8(&gray, engine, from, err);
    if (status == LK_OK) {
        *plain = share_plain(map, &gray, to);
        lk_image_release(&gray);
    }
    return status;
}

lk_status accord_find(struct accord *out, lk_engine *engine, const lk_image *a, const lk_image *b,
                      const double map[9], lk_error *err) {
    double back[9];
    *out = (struct accord){.plain_a = 1, .plain_b = 1};
    if (!homography_invert(back, map)) {
        return LK_OK;
    }
    out->covers_a = share_inside(back, a, b);
    out->covers_b = share_inside(map, b, a);
    if (out->covers_a == 0 || out->covers_b == 0) {
        return LK_OK;
    }
    bool b_is_finer = fabs(map[0] * map[4] - map[1] * map[3]) <= 1;
    lk_status status =
        b_is_finer ? compare(out, engine, a, b, map, err) : compare(out, engine, b, a, back, err);
    if (status == LK_OK && out->covers_a < 1) {
        status = find_plain(&out->plain_a, engine, back, a, b, err);
    }
    if (status == LK_OK && out->covers_b < 1) {
        status = find_plain(&out->plain_b, engine, map, b, a, err);
    }
    return status;
}
