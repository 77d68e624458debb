/* SPDX-License-Identifier: Apache-2.0 */
/* Two pixels differ when their distance (pixel_distance.h) is above that of the threshold. A differing pixel is
 * anti-aliasing (Vysniauskas 2009) when in either picture it has at most two neighbours of its own brightness, both darker
 * and brighter ones, and its darkest or its brightest neighbour has three or more equal neighbours in both pictures. A pixel
 * at the border counts one equal neighbour more. odiff reads "its own brightness" as its own colour, walks the neighbours row
 * by row instead of column by column, and lets the darkest neighbour speak for one picture and the brightest for the other.
 * Oracles: pixelmatch 7.2.0 and odiff 4.5 (tests/oracle/diff). */
#include "measure/pixelmatch.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

/* RGBA of a pixel of an RGB or RGBA picture. */
static struct pixel pixel_at(const lk_image *image, int32_t x, int32_t y) {
    size_t n = (size_t)image->channels;
    struct pixel p = {{0, 0, 0, 255}};
    memcpy(p.v, image_row(image, y) + n * (size_t)x, n);
    return p;
}

static bool pixel_equal(struct pixel p, struct pixel q) {
    return memcmp(p.v, q.v, sizeof p.v) == 0;
}

static int64_t index_of(const lk_image *image, int32_t x, int32_t y) {
    return 4 * ((int64_t)y * image->width + x);
}

double pixelmatch_distance(const lk_image *a, const lk_image *b, int32_t x, int32_t y,
                           lk_diff_like like) {
    return pixel_distance(pixel_at(a, x, y), pixel_at(b, x, y), index_of(a, x, y), like);
}

/* The pixels around (x, y), clipped to the picture. */
struct around {
    int32_t x0, y0, x1, y1;
    bool border;
};

static struct around around_of(const lk_image *image, int32_t x, int32_t y) {
    return (struct around){
        .x0 = MAX(x - 1, 0),
        .y0 = MAX(y - 1, 0),
        .x1 = MIN(x + 1, image->width - 1),
        .y1 = MIN(y + 1, image->height - 1),
        .border = x == 0 || y == 0 || x == image->width - 1 || y == image->height - 1,
    };
}

static bool has_equal_neighbours(const lk_image *image, int32_t x, int32_t y) {
    struct around r = around_of(image, x, y);
    struct pixel own = pixel_at(image, x, y);
    int32_t equal = r.border ? 1 : 0;
    for (int32_t i = r.x0; i <= r.x1; i++) {
        for (int32_t j = r.y0; j <= r.y1; j++) {
            equal += (i != x || j != y) && pixel_equal(pixel_at(image, i, j), own);
        }
    }
    return equal > 2;
}

/* The neighbours of a pixel as they are walked. */
struct slope {
    int32_t equal;
    double least, most;
    int32_t darkest[2], brightest[2];
};

static void slope_add(struct slope *s, const lk_image *image, const int32_t own[2],
                      const int32_t next[2], lk_diff_like like) {
    struct pixel p = pixel_at(image, own[0], own[1]), q = pixel_at(image, next[0], next[1]);
    bool same = pixel_equal(p, q);
    double delta = same ? 0 : pixel_brightness_delta(p, q, index_of(image, own[0], own[1]), like);
    if (like == LK_LIKE_ODIFF ? same : delta == 0) {
        s->equal++;
    } else if (delta < s->least) {
        s->least = delta;
        memcpy(s->darkest, next, sizeof s->darkest);
    } else if (delta > s->most) {
        s->most = delta;
        memcpy(s->brightest, next, sizeof s->brightest);
    }
}

/* False when the pixel is no slope between a darker and a brighter neighbour. */
static bool slope_find(struct slope *s, const lk_image *image, int32_t x, int32_t y,
                       lk_diff_like like) {
    struct around r = around_of(image, x, y);
    const int32_t own[2] = {x, y};
    int32_t columns = r.x1 - r.x0 + 1, rows = r.y1 - r.y0 + 1;
    *s = (struct slope){.equal = r.border ? 1 : 0};
    for (int32_t i = 0; i < columns * rows && s->equal <= 2; i++) {
        bool by_row = like == LK_LIKE_ODIFF;
        int32_t next[2] = {r.x0 + (by_row ? i % columns : i / rows),
                           r.y0 + (by_row ? i / columns : i % rows)};
        if (next[0] != x || next[1] != y) {
            slope_add(s, image, own, next, like);
        }
    }
    return s->equal <= 2 && s->least != 0 && s->most != 0;
}

static bool is_antialiased(const lk_image *a, const lk_image *b, int32_t x, int32_t y,
                           const struct pixelmatch_options *o) {
    struct slope s;
    if (!slope_find(&s, a, x, y, o->like)) {
        return false;
    }
    bool dark_a = has_equal_neighbours(a, s.darkest[0], s.darkest[1]);
    bool dark_b = has_equal_neighbours(b, s.darkest[0], s.darkest[1]);
    bool bright_a = has_equal_neighbours(a, s.brightest[0], s.brightest[1]);
    bool bright_b = has_equal_neighbours(b, s.brightest[0], s.brightest[1]);
    return o->like == LK_LIKE_ODIFF ? (dark_a || bright_a) && (dark_b || bright_b)
                                    : (dark_a && dark_b) || (bright_a && bright_b);
}

/* One run, a row a task. */
struct classify {
    struct pixelmatch_classes *out;
    const lk_image *a, *b;
    const struct pixelmatch_options *o;
    const struct kernel_diff *kernel;
    double limit;
    uint8_t tolerance; /* samples no farther apart than this cannot add up to the limit */
};

/* Samples at most k apart give |y| <= k, |i| <= 1.192 k, |q| <= 1.046 k, so a distance of at most 1.145 k^2; 1.15 leaves room
 * for rounding. A change of alpha adds a background's difference, which can double each: half of k is safe there. */
static uint8_t safe_tolerance(double limit, int32_t channels) {
    double k = sqrt(limit / 1.15) / (channels == 4 ? 2 : 1);
    return (uint8_t)MIN(k, 255.0);
}

static void classify_row(void *arg, int32_t y) {
    const struct classify *k = arg;
    size_t channels = (size_t)k->a->channels, n = (size_t)k->a->width * channels;
    uint8_t *row = k->out->data + (size_t)y * (size_t)k->a->width;
    const uint8_t *p = image_row(k->a, y), *q = image_row(k->b, y);
    size_t at = 0;
    while ((at = k->kernel->first_beyond(p, q, at, n, k->tolerance)) < n) {
        int32_t x = (int32_t)(at / channels);
        at = ((size_t)x + 1) * channels;
        if (!(pixelmatch_distance(k->a, k->b, x, y, k->o->like) > k->limit)) {
            continue;
        }
        bool skipped = k->o->skip_antialiased && (is_antialiased(k->a, k->b, x, y, k->o) ||
                                                  is_antialiased(k->b, k->a, x, y, k->o));
        row[x] = skipped ? LK_PIXEL_ANTIALIASED : LK_PIXEL_DIFFERENT;
        k->out->touched[y] = true;
    }
}

lk_status pixelmatch_classify(struct pixelmatch_classes *out, lk_engine *engine, const lk_image *a,
                              const lk_image *b, const struct pixelmatch_options *o,
                              lk_error *err) {
    double limit = pixel_distance_limit(o->threshold, o->like);
    size_t size = 0;
    *out = (struct pixelmatch_classes){.width = a->width, .height = a->height};
    bool fits = mem_size_mul(&size, (size_t)a->width, (size_t)a->height);
    /* Zeros are LK_PIXEL_SAME; pages nobody writes cost nothing. */
    out->data = fits ? mem_calloc(size, 1) : NULL;
    out->touched = mem_calloc((size_t)a->height, sizeof *out->touched);
    if (!out->data || !out->touched) {
        pixelmatch_classes_release(out);
        return error_memory(err, size);
    }
    struct classify k = {.out = out,
                         .a = a,
                         .b = b,
                         .o = o,
                         .kernel = &engine->kernels.diff,
                         .limit = limit,
                         .tolerance = safe_tolerance(limit, a->channels)};
    pool_for(engine->pool, a->height, classify_row, &k);
    return LK_OK;
}

void pixelmatch_classes_release(struct pixelmatch_classes *c) {
    mem_free(c->data);
    mem_free(c->touched);
    *c = (struct pixelmatch_classes){0};
}
