/* SPDX-License-Identifier: Apache-2.0 */
/* Two pixels differ when their distance in YIQ (Kotsarenko and Ramos 2010) is above the threshold:
 *
 *   0.5053 y^2 + 0.299 i^2 + 0.1957 q^2 > 35215 * threshold^2, y, i, q of the difference of the colours
 *
 * with transparent pixels laid over a checkerboard (pixelmatch) or white (odiff). A differing pixel is anti-aliasing
 * (Vysniauskas 2009) when in either picture it has at most two neighbours of its own brightness, both darker and brighter
 * ones, and its darkest or its brightest neighbour has three or more equal neighbours in both pictures. A pixel at the
 * border counts one equal neighbour more. Everything in double, as JavaScript computes it.
 * Oracles: pixelmatch 7.2.0 and odiff 4.5 (tests/oracle/diff). */
#include "measure/pixelmatch.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

/* RGBA of a pixel of an RGB or RGBA picture. */
struct pixel {
    uint8_t v[4];
};

static struct pixel pixel_at(const lk_image *image, int32_t x, int32_t y) {
    size_t n = (size_t)image->channels;
    struct pixel p = {{0, 0, 0, 255}};
    memcpy(p.v, image_row(image, y) + n * (size_t)x, n);
    return p;
}

static bool pixel_equal(struct pixel p, struct pixel q) {
    return memcmp(p.v, q.v, sizeof p.v) == 0;
}

/* What lies behind a transparent pixel. index is the byte offset of the pixel in pixelmatch's buffer. */
static void background(double out[3], int64_t index, bool white) {
    out[0] = white ? 255 : 48 + 159 * (double)(index % 2);
    out[1] = white ? 255 : 48 + 159 * (double)((int64_t)((double)index / 1.618033988749895) % 2);
    out[2] = white ? 255 : 48 + 159 * (double)((int64_t)((double)index / 2.618033988749895) % 2);
}

/* The difference of two pixels, channel by channel, over the background at `index`. */
static void channel_deltas(double d[3], const uint8_t *p, const uint8_t *q, int64_t index,
                           bool white) {
    if (p[3] == 255 && q[3] == 255) {
        for (int c = 0; c < 3; c++) {
            d[c] = p[c] - q[c];
        }
        return;
    }
    double behind[3], da = p[3] - q[3];
    background(behind, index, white);
    for (int c = 0; c < 3; c++) {
        d[c] = ((double)(p[c] * p[3]) - (double)(q[c] * q[3]) - behind[c] * da) / 255;
    }
}

static double luma_of(const double d[3]) {
    return d[0] * 0.29889531 + d[1] * 0.58662247 + d[2] * 0.11448223;
}

double pixelmatch_distance(const lk_image *a, const lk_image *b, int32_t x, int32_t y,
                           bool white_background) {
    struct pixel p = pixel_at(a, x, y), q = pixel_at(b, x, y);
    double d[3];
    channel_deltas(d, p.v, q.v, ((int64_t)y * a->width + x) * 4, white_background);
    double l = luma_of(d);
    double i = d[0] * 0.59597799 - d[1] * 0.27417610 - d[2] * 0.32180189;
    double k = d[0] * 0.21147017 - d[1] * 0.52261711 + d[2] * 0.31114694;
    return 0.5053 * l * l + 0.299 * i * i + 0.1957 * k * k;
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

/* The darkest and the brightest neighbour, columns first as the reference walks; false when the pixel is no slope. */
static bool find_extremes(int32_t darkest[2], int32_t brightest[2], const lk_image *image,
                          int32_t x, int32_t y, const struct pixelmatch_options *o) {
    struct around r = around_of(image, x, y);
    struct pixel own = pixel_at(image, x, y);
    int64_t index = ((int64_t)y * image->width + x) * 4;
    int32_t equal = r.border ? 1 : 0;
    double least = 0, most = 0;
    for (int32_t i = r.x0; i <= r.x1; i++) {
        for (int32_t j = r.y0; j <= r.y1; j++) {
            struct pixel next = pixel_at(image, i, j);
            double d[3] = {0}, delta = 0;
            if (i == x && j == y) {
                continue;
            }
            bool same = pixel_equal(own, next);
            if (!same) {
                channel_deltas(d, own.v, next.v, index, o->white_background);
                delta = luma_of(d);
            }
            if (o->odiff_rule ? same : delta == 0) {
                if (++equal > 2) {
                    return false;
                }
            } else if (delta < least) {
                least = delta;
                darkest[0] = i;
                darkest[1] = j;
            } else if (delta > most) {
                most = delta;
                brightest[0] = i;
                brightest[1] = j;
            }
        }
    }
    return least != 0 && most != 0;
}

static bool is_antialiased(const lk_image *a, const lk_image *b, int32_t x, int32_t y,
                           const struct pixelmatch_options *o) {
    int32_t d[2] = {x, y}, m[2] = {x, y};
    if (!find_extremes(d, m, a, x, y, o)) {
        return false;
    }
    bool dark_a = has_equal_neighbours(a, d[0], d[1]),
         bright_a = has_equal_neighbours(a, m[0], m[1]);
    bool dark_b = has_equal_neighbours(b, d[0], d[1]),
         bright_b = has_equal_neighbours(b, m[0], m[1]);
    return o->odiff_rule ? (dark_a || bright_a) && (dark_b || bright_b)
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
        if (!(pixelmatch_distance(k->a, k->b, x, y, k->o->white_background) > k->limit)) {
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
    double limit = PIXELMATCH_MOST * o->threshold * o->threshold;
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
