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

/* Differences to the circle, the first 8 repeated behind the 16. */
static int32_t corner_score(const uint8_t *p, ptrdiff_t stride) {
    static const int8_t circle[16][2] = {{0, -3}, {1, -3},  {2, -2},  {3, -1}, {3, 0},  {3, 1},
                                         {2, 2},  {1, 3},   {0, 3},   {-1, 3}, {-2, 2}, {-3, 1},
                                         {-3, 0}, {-3, -1}, {-2, -2}, {-1, -3}};
    int32_t d[24];
    for (int i = 0; i < 24; i++) {
        const int8_t *c = circle[i & 15];
        d[i] = *p - p[c[0] + c[1] * stride];
    }
    int32_t best = 0;
    for (int start = 0; start < 16; start++) {
        int32_t darker = d[start], brighter = -d[start];
        for (int i = start + 1; i < start + 9; i++) {
            darker = MIN(darker, d[i]);
            brighter = MIN(brighter, -d[i]);
        }
        best = MAX(best, MAX(darker, brighter));
    }
    return best - 1;
}

/* Scores of three rows in turn; a row that is not a corner scores 0. */
struct score_rows {
    uint8_t *corner;
    uint8_t *rows[3];
    int32_t width, edge;
};

static void score_row(struct score_rows *s, uint8_t *scores, lk_engine *engine,
                      const lk_image *gray, int32_t y, int32_t threshold) {
    size_t n = (size_t)(s->width - 2 * s->edge);
    const uint8_t *row = image_row(gray, y) + s->edge;
    memset(scores, 0, (size_t)s->width);
    engine->kernels.feature.fast_row(s->corner, row, (ptrdiff_t)gray->stride, n, threshold);
    for (size_t x = 0; x < n; x++) {
        if (x + 8 <= n) { /* corners are rare: skip 8 pixels without one at a time */
            uint64_t eight;
            memcpy(&eight, s->corner + x, 8);
            if (eight == 0) {
                x += 7;
                continue;
            }
        }
        if (s->corner[x]) {
            scores[s->edge + (int32_t)x] = (uint8_t)corner_score(row + x, (ptrdiff_t)gray->stride);
        }
    }
}

static bool is_maximum(uint8_t *const rows[3], int32_t x) {
    uint8_t s = rows[1][x];
    return s > rows[1][x - 1] && s > rows[1][x + 1] && s > rows[0][x - 1] && s > rows[0][x] &&
           s > rows[0][x + 1] && s > rows[2][x - 1] && s > rows[2][x] && s > rows[2][x + 1];
}

static bool collect_row(struct corners *out, const struct score_rows *s, int32_t y) {
    for (int32_t x = s->edge; x < s->width - s->edge; x++) {
        if (s->rows[1][x] && is_maximum(s->rows, x) &&
            !corners_add(out, (struct corner){.x = x, .y = y, .score = s->rows[1][x]})) {
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
    uint8_t *block = mem_calloc(4, (size_t)width);
    if (!block) {
        return error_memory(err, (size_t)width * 4);
    }
    struct score_rows s = {.corner = block, .width = width, .edge = edge};
    for (size_t i = 0; i < 3; i++) {
        s.rows[i] = block + (i + 1) * (size_t)width;
    }
    lk_status status = LK_OK;
    /* Row y is judged once row y + 1 has its scores; rows outside first..last-1 count as 0. */
    score_row(&s, s.rows[1], engine, gray, first, threshold);
    for (int32_t y = first; status == LK_OK && y < last; y++) {
        if (y + 1 < last) {
            score_row(&s, s.rows[2], engine, gray, y + 1, threshold);
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
    if (status != LK_OK) {
        corners_release(out);
    }
    return status;
}
