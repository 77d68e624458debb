/* SPDX-License-Identifier: Apache-2.0 */
/* FAST: a pixel is a corner when 9 contiguous pixels of the circle of radius 3 are all brighter by more than the threshold
 * or all darker. Its score is the largest threshold that still holds: the maximum over the 16 arcs of the minimum of
 * |p - circle| along the arc, less one. Source: Rosten and Drummond, ECCV 2006; the score as OpenCV's.
 * Oracle: cv2.FastFeatureDetector (tests/oracle/orb). */
#include "feature/fast.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

void corners_release(struct corners *c) {
    if (c) {
        mem_free(c->items);
        *c = (struct corners){0};
    }
}

static bool corners_add(struct corners *c, struct corner item) {
    if (c->count == c->capacity) {
        size_t capacity = MAX(c->capacity * 2, (size_t)1024);
        struct corner *grown = mem_realloc(c->items, capacity, sizeof *grown);
        if (!grown) {
            return false;
        }
        c->items = grown;
        c->capacity = capacity;
    }
    c->items[c->count++] = item;
    return true;
}

/* Scores of three rows in turn, 0 where there is no corner, and the maxima of the middle one. */
struct score_rows {
    lk_engine *engine;
    const lk_image *gray;
    int32_t threshold, edge;
    uint8_t *rows[3];
    int32_t *at;
};

static size_t inner_width(const struct score_rows *s) {
    return (size_t)(s->gray->width - 2 * s->edge);
}

static void score_row(struct score_rows *s, uint8_t *scores, int32_t y) {
    s->engine->kernels.feature.fast_row(scores + s->edge, image_row(s->gray, y) + s->edge,
                                        (ptrdiff_t)s->gray->stride, inner_width(s), s->threshold);
}

static bool collect_row(struct corners *out, const struct score_rows *s, int32_t y) {
    const uint8_t *const inner[3] = {s->rows[0] + s->edge, s->rows[1] + s->edge,
                                     s->rows[2] + s->edge};
    size_t n = s->engine->kernels.feature.fast_maxima(s->at, inner, inner_width(s));
    for (size_t i = 0; i < n; i++) {
        int32_t x = s->at[i] + s->edge;
        if (!corners_add(out, (struct corner){.x = x, .y = y, .score = s->rows[1][x]})) {
            return false;
        }
    }
    return true;
}

lk_status fast_detect(struct corners *out, lk_engine *engine, const lk_image *gray,
                      int32_t threshold, int32_t edge, lk_error *err) {
    *out = (struct corners){0};
    int32_t width = gray->width, first = edge,
            last = gray->height - edge; /* rows that may hold corners */
    if (width <= 2 * edge || first >= last) {
        return LK_OK;
    }
    uint8_t *block = mem_calloc(3, (size_t)width);
    int32_t *at = mem_alloc((size_t)width, sizeof *at);
    if (!block || !at) {
        mem_free(block);
        mem_free(at);
        return error_memory(err, (size_t)width * (3 + sizeof *at));
    }
    struct score_rows s = {.engine = engine,
                           .gray = gray,
                           .threshold = threshold,
                           .edge = edge,
                           .rows = {block, block + width, block + 2 * (size_t)width},
                           .at = at};
    lk_status status = LK_OK;
    /* Row y is judged once row y + 1 has its scores; rows outside first..last-1 count as 0. */
    score_row(&s, s.rows[1], first);
    for (int32_t y = first; status == LK_OK && y < last; y++) {
        if (y + 1 < last) {
            score_row(&s, s.rows[2], y + 1);
        } else {
            memset(s.rows[2], 0, (size_t)width);
        }
        if (!collect_row(out, &s, y)) {
            status = error_memory(err, out->capacity * sizeof *out->items);
        }
        uint8_t *oldest = s.rows[0];
        s.rows[0] = s.rows[1];
        s.rows[1] = s.rows[2];
        s.rows[2] = oldest;
    }
    mem_free(block);
    mem_free(at);
    if (status != LK_OK) {
        corners_release(out);
    }
    return status;
}
