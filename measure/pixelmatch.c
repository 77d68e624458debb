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

static const double yiq_max = 35215; /* the largest possible distance */

static uint32_t pixel_at(const lk_image *image, int32_t x, int32_t y) {
    uint32_t v;
    memcpy(&v, image_row(image, y) + 4 * (size_t)x, sizeof v);
    return v;
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

static double colour_distance(const uint8_t *p, const uint8_t *q, int64_t index, bool white) {
    double d[3];
    channel_deltas(d, p, q, index, white);
    double y = luma_of(d);
    double i = d[0] * 0.59597799 - d[1] * 0.27417610 - d[2] * 0.32180189;
    double k = d[0] * 0.21147017 - d[1] * 0.52261711 + d[2] * 0.31114694;
    return 0.5053 * y * y + 0.299 * i * i + 0.1957 * k * k;
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
    uint32_t own = pixel_at(image, x, y);
    int32_t equal = r.border ? 1 : 0;
    for (int32_t i = r.x0; i <= r.x1; i++) {
        for (int32_t j = r.y0; j <= r.y1; j++) {
            equal += (i != x || j != y) && pixel_at(image, i, j) == own;
        }
    }
    return equal > 2;
}

/* The darkest and the brightest neighbour, columns first as the reference walks; false when the pixel is no slope. */
static bool find_extremes(int32_t darkest[2], int32_t brightest[2], const lk_image *image,
                          int32_t x, int32_t y, const struct pixelmatch_options *o) {
    struct around r = around_of(image, x, y);
    const uint8_t *own = image_row(image, y) + 4 * (size_t)x;
    int64_t index = ((int64_t)y * image->width + x) * 4;
    int32_t equal = r.border ? 1 : 0;
    double least = 0, most = 0;
    for (int32_t i = r.x0; i <= r.x1; i++) {
        for (int32_t j = r.y0; j <= r.y1; j++) {
            const uint8_t *next = image_row(image, j) + 4 * (size_t)i;
            double d[3] = {0}, delta = 0;
            if (i == x && j == y) {
                continue;
            }
            bool same = memcmp(own, next, 4) == 0;
            if (!same) {
                channel_deltas(d, own, next, index, o->white_background);
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
    uint8_t *classes;
    const lk_image *a, *b;
    const struct pixelmatch_options *o;
    double limit;
};

/* The first differing pixel at or after x; width when there is none. Most rows of two renderings are equal throughout. */
static int32_t next_unequal(const uint8_t *p, const uint8_t *q, int32_t x, int32_t width) {
    enum { STEP = 16 };
    while (x + STEP <= width &&
           memcmp(p + 4 * (size_t)x, q + 4 * (size_t)x, (size_t)STEP * 4) == 0) {
        x += STEP;
    }
    while (x < width && memcmp(p + 4 * (size_t)x, q + 4 * (size_t)x, 4) == 0) {
        x++;
    }
    return x;
}

static void classify_row(void *arg, int32_t y) {
    const struct classify *k = arg;
    int32_t width = k->a->width;
    uint8_t *row = k->classes + (size_t)y * (size_t)width;
    const uint8_t *p = image_row(k->a, y), *q = image_row(k->b, y);
    memset(row, PIXEL_SAME, (size_t)width);
    for (int32_t x = next_unequal(p, q, 0, width); x < width;
         x = next_unequal(p, q, x + 1, width)) {
        int64_t index = ((int64_t)y * width + x) * 4;
        size_t at = 4 * (size_t)x;
        if (!(colour_distance(p + at, q + at, index, k->o->white_background) > k->limit)) {
            continue;
        }
        bool skipped = k->o->skip_antialiased && (is_antialiased(k->a, k->b, x, y, k->o) ||
                                                  is_antialiased(k->b, k->a, x, y, k->o));
        row[x] = skipped ? PIXEL_ANTIALIASED : PIXEL_DIFFERENT;
    }
}

void pixelmatch_classify(uint8_t *classes, lk_engine *engine, const lk_image *a, const lk_image *b,
                         const struct pixelmatch_options *o) {
    struct classify k = {
        .classes = classes, .a = a, .b = b, .o = o, .limit = yiq_max * o->threshold * o->threshold};
    pool_for(engine->pool, a->height, classify_row, &k);
}
