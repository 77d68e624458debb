/* SPDX-License-Identifier: Apache-2.0 */
/* The exact Euclidean distance transform in linear time (Felzenszwalb, Huttenlocher, "Distance transforms of sampled functions",
 * Theory of Computing 2012).
 *
 *   down columns   g(x, y) = distance to the nearest set pixel of column x
 *   along rows     d^2(x, y) = min over q of (x - q)^2 + g(q, y)^2: the lower envelope of parabolas, one a column
 *
 * All in integers: parabola p is replaced by the later q from floor(s) + 1 on, where
 * s = (q^2 + g(q)^2 - p^2 - g(p)^2) / (2 (q - p)); the quotient in double is exact enough, because a fraction is at least
 * 1 / 65534 away from the next whole number. Oracle: scipy.ndimage.distance_transform_edt (tests/oracle/edge). */
#include "feature/distance_transform.h"

#include "base/compiler.h"
#include "base/error.h"
#include "base/mem.h"

enum {
    FAR = 32768, /* no set pixel in the column */
    STRIP = 512, /* columns done at a time */
    BANDS = 16,  /* rows are done in so many parts, whatever the number of threads */
};

/* One parabola of the envelope: it is the lowest from column `from` until the next one's. */
struct parabola {
    int32_t column, height, from;
};

struct transform {
    const lk_image *mask;
    int32_t *out;
    struct parabola *envelopes; /* width a band */
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

/* The envelope of the columns' distances g; how many parabolas it has. */
static int32_t make_envelope(struct parabola *e, const int32_t *g, int32_t width) {
    int32_t count = 0;
    for (int32_t q = 0; q < width; q++) {
        if (g[q] == FAR) {
            continue;
        }
        int32_t height = g[q] * g[q], from = 0;
        while (count > 0) {
            const struct parabola *p = &e[count - 1];
            int64_t twice = 2 * (int64_t)(q - p->column);
            int64_t above = (int64_t)(q - p->column) * (q + p->column) + height - p->height;
            if (above >= twice * p->from) {
                from = (int32_t)MIN((double)above / (double)twice, width) + 1;
                break;
            }
            count--;
        }
        if (from < width) {
            e[count++] = (struct parabola){.column = q, .height = height, .from = from};
        }
    }
    return count;
}

static void transform_rows(void *arg, int32_t band) {
    const struct transform *t = arg;
    int32_t width = t->mask->width, height = t->mask->height;
    struct parabola *e = t->envelopes + (size_t)band * (size_t)width;
    int32_t end = (int32_t)((int64_t)height * (band + 1) / BANDS);
    for (int32_t y = (int32_t)((int64_t)height * band / BANDS); y < end; y++) {
        int32_t *row = t->out + (size_t)y * (size_t)width;
        int32_t count = make_envelope(e, row, width);
        for (int32_t x = 0; count == 0 && x < width; x++) {
            row[x] = DISTANCE_NONE;
        }
        for (int32_t i = 0; i < count; i++) {
            int32_t last = i + 1 < count ? e[i + 1].from : width;
            for (int32_t x = e[i].from; x < last; x++) {
                int32_t away = x - e[i].column;
                row[x] = away * away + e[i].height;
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
                          .envelopes = mem_alloc(width * BANDS, sizeof *t.envelopes)};
    if (!t.out || !t.envelopes) {
        mem_free(t.out);
        mem_free(t.envelopes);
        return error_memory(err, pixels * sizeof *t.out);
    }
    pool_for(engine->pool, (mask->width + STRIP - 1) / STRIP, transform_columns, &t);
    pool_for(engine->pool, BANDS, transform_rows, &t);
    mem_free(t.envelopes);
    *out = t.out;
    return LK_OK;
}
