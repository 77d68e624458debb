/* SPDX-License-Identifier: Apache-2.0 */
/* The exact Euclidean distance transform in linear time (Felzenszwalb, Huttenlocher, "Distance transforms of sampled functions",
 * Theory of Computing 2012).
 *
 *   down columns   g(x, y) = distance to the nearest set pixel of column x
 *   along rows     d^2(x, y) = min over q of (x - q)^2 + g(q, y)^2: the lower envelope of parabolas, one a column
 *
 * With h(q) = q^2 + g(q, y)^2 a parabola is x^2 - 2 x q + h(q), so those on the envelope are the corners of the lower convex
 * hull of the points (q, h(q)), and the later of two neighbours p < q is the lower one beyond s = (h(q) - h(p)) / (2 (q - p)).
 * The hull is in integers; the quotient in double is exact enough, because a fraction is at least 1 / 65534 away from the
 * next whole number. Oracle: scipy.ndimage.distance_transform_edt (tests/oracle/edge). */
#include "feature/distance_transform.h"

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum {
    FAR = 32768, /* no set pixel in the column */
    STRIP = 512, /* columns done at a time */
    BANDS = 16,  /* rows are done in so many parts, whatever the number of threads */
};

/* A point of the hull: column q and h(q). */
struct corner {
    int32_t column;
    int64_t height;
};

struct transform {
    const lk_image *mask;
    int32_t *out;
    struct corner *hulls; /* width a band */
};

static void transform_columns(void *arg, int32_t strip) {
    const struct transform *t = arg;
    int32_t width = t->mask->width, height = t->mask->height;
    int32_t begin = strip * STRIP, end = MIN(begin + STRIP, width);
    for (int32_t y = 0; y < height; y++) {
        const uint8_t *set = image_row(t->mask, y);
        int32_t *to = t->out + (size_t)y * (size_t)width;
        for (int32_t x = begin; x < end; x++) {
            int32_t above = y > 0 ? to[x - width] + 1 : FAR;
            to[x] = set[x] ? 0 : MIN(above, (int32_t)FAR);
        }
    }
    for (int32_t y = height - 2; y >= 0; y--) {
        int32_t *to = t->out + (size_t)y * (size_t)width;
        for (int32_t x = begin; x < end; x++) {
            to[x] = MIN(to[x], to[x + width] + 1);
        }
    }
}

/* The lower convex hull for the columns' distances g; how many corners it has. */
static int32_t make_hull(struct corner *hull, const int32_t *g, int32_t width) {
    int32_t count = 0;
    for (int32_t q = 0; q < width; q++) {
        if (g[q] == FAR) {
            continue;
        }
        int64_t height = (int64_t)q * q + (int64_t)g[q] * g[q];
        while (count > 1) {
            const struct corner *a = &hull[count - 2], *b = &hull[count - 1];
            if ((b->height - a->height) * (q - b->column) <
                (height - b->height) * (b->column - a->column)) {
                break; /* b lies below the line from a to q */
            }
            count--;
        }
        hull[count++] = (struct corner){.column = q, .height = height};
    }
    return count;
}

/* The first column, up to width, where b is lower than a. */
static int32_t change_column(const struct corner *a, const struct corner *b, int32_t width) {
    int64_t rise = b->height - a->height, twice = 2 * (int64_t)(b->column - a->column);
    return rise < 0 ? 0 : (int32_t)MIN((double)rise / (double)twice + 1, width);
}

static void transform_rows(void *arg, int32_t band) {
    const struct transform *t = arg;
    int32_t width = t->mask->width, height = t->mask->height;
    struct corner *hull = t->hulls + (size_t)band * (size_t)width;
    int32_t end = (int32_t)((int64_t)height * (band + 1) / BANDS);
    for (int32_t y = (int32_t)((int64_t)height * band / BANDS); y < end; y++) {
        int32_t *row = t->out + (size_t)y * (size_t)width;
        int32_t count = make_hull(hull, row, width), x = 0;
        for (; count == 0 && x < width; x++) {
            row[x] = DISTANCE_NONE;
        }
        for (int32_t i = 0; i < count; i++) {
            const struct corner *c = &hull[i];
            int32_t last = i + 1 < count ? change_column(c, c + 1, width) : width;
            int32_t below = (int32_t)(c->height - (int64_t)c->column * c->column);
            for (; x < last; x++) {
                row[x] = (x - c->column) * (x - c->column) + below;
            }
        }
    }
}

lk_status distance_transform(int32_t **out, lk_engine *engine, const lk_image *mask,
                             lk_error *err) {
    *out = NULL;
    if (MAX(mask->width, mask->height) > DISTANCE_SIDE_MAX) {
        return error_set(err, LK_E_SIZE,
                         "distances are computed up to %d pixels a side, not %d x %d",
                         DISTANCE_SIDE_MAX, mask->width, mask->height);
    }
    size_t width = (size_t)mask->width, pixels = width * (size_t)mask->height;
    struct transform t = {.mask = mask,
                          .out = mem_alloc(pixels, sizeof *t.out),
                          .hulls = mem_alloc(width * BANDS, sizeof *t.hulls)};
    if (!t.out || !t.hulls) {
        mem_free(t.out);
        mem_free(t.hulls);
        return error_memory(err, pixels * sizeof *t.out);
    }
    pool_for(engine->pool, (mask->width + STRIP - 1) / STRIP, transform_columns, &t);
    pool_for(engine->pool, BANDS, transform_rows, &t);
    mem_free(t.hulls);
    *out = t.out;
    return LK_OK;
}
