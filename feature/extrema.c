/* SPDX-License-Identifier: Apache-2.0 */
/* Where a sample of the difference of Gaussians stands out from its 26 neighbours, the quadratic through them gives the place:
 *
 *   offset       -H^-1 g, g and H the gradient and the Hessian in (x, y, layer) by central differences; where it is more than
 *                half a sample, again from the neighbour it points to
 *   response     |D + g . offset / 2|, at least `contrast`
 *   edge         trace^2 / det of the Hessian in (x, y) below (r + 1)^2 / r: no point on a straight edge, which can slide
 *
 * Source: Lowe 2004, sections 3 and 4. Choices: an extremum that wanders out of the rows at hand (2 rows, 5 columns) is dropped; at
 * first only those above half of the contrast are looked at, as OpenCV does. */
#include "feature/extrema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    BORDER = 5, /* samples without extrema along the edges; as OpenCV */
    STEPS_MOST = 5,
    MOVE_ROWS_MOST = SCALE_AROUND - 1,
    FOUND_MOST = 4096, /* of a row: more means noise */
};

static const double gray_range = 255;

/* The sample looked at: its layer and its place in the rows. */
struct place {
    int32_t layer, row, column;
};

static double at(const struct scale_rows *r, const struct place *p, int32_t dl, int32_t dy,
                 int32_t dx) {
    return r->rows[p->layer + dl][p->row + dy][p->column + dx];
}

/* g and the Hessian (xx, yy, ll, xy, xl, yl). */
static void derive(double g[3], double h[6], const struct scale_rows *r, const struct place *p) {
    double middle = 2 * at(r, p, 0, 0, 0);
    g[0] = (at(r, p, 0, 0, 1) - at(r, p, 0, 0, -1)) / 2;
    g[1] = (at(r, p, 0, 1, 0) - at(r, p, 0, -1, 0)) / 2;
    g[2] = (at(r, p, 1, 0, 0) - at(r, p, -1, 0, 0)) / 2;
    h[0] = at(r, p, 0, 0, 1) + at(r, p, 0, 0, -1) - middle;
    h[1] = at(r, p, 0, 1, 0) + at(r, p, 0, -1, 0) - middle;
    h[2] = at(r, p, 1, 0, 0) + at(r, p, -1, 0, 0) - middle;
    h[3] = (at(r, p, 0, 1, 1) - at(r, p, 0, 1, -1) - at(r, p, 0, -1, 1) + at(r, p, 0, -1, -1)) / 4;
    h[4] = (at(r, p, 1, 0, 1) - at(r, p, 1, 0, -1) - at(r, p, -1, 0, 1) + at(r, p, -1, 0, -1)) / 4;
    h[5] = (at(r, p, 1, 1, 0) - at(r, p, 1, -1, 0) - at(r, p, -1, 1, 0) + at(r, p, -1, -1, 0)) / 4;
}

/* offset = -H^-1 g by Cramer's rule; false when H is singular. */
static bool solve(double offset[3], const double g[3], const double h[6]) {
    double c0 = h[1] * h[2] - h[5] * h[5], c1 = h[4] * h[5] - h[3] * h[2],
           c2 = h[3] * h[5] - h[4] * h[1];
    double det = h[0] * c0 + h[3] * c1 + h[4] * c2;
    if (!(fabs(det) > 1e-12)) {
        return false;
    }
    double c3 = h[0] * h[2] - h[4] * h[4], c4 = h[3] * h[4] - h[0] * h[5],
           c5 = h[0] * h[1] - h[3] * h[3];
    offset[0] = -(c0 * g[0] + c1 * g[1] + c2 * g[2]) / det;
    offset[1] = -(c1 * g[0] + c3 * g[1] + c4 * g[2]) / det;
    offset[2] = -(c2 * g[0] + c4 * g[1] + c5 * g[2]) / det;
    return true;
}

static bool inside(const struct place *p, int32_t width) {
    return p->layer >= 1 && p->layer <= SCALE_LAYERS && p->column >= BORDER &&
           p->column < width - BORDER && abs(p->row - SCALE_AROUND) <= MOVE_ROWS_MOST;
}

static int32_t step_of(double offset) {
    return offset > 0.6 ? 1 : offset < -0.6 ? -1 : 0;
}

/* Refines the sample at p; false when it is no extremum worth keeping. */
static bool refine(struct extremum *out, const struct extrema_search *s, const struct scale_rows *r,
                   struct place p) {
    double g[3], h[6], offset[3];
    for (int32_t i = 0;; i++) {
        derive(g, h, r, &p);
        if (!solve(offset, g, h)) {
            return false;
        }
        int32_t dx = step_of(offset[0]), dy = step_of(offset[1]), dl = step_of(offset[2]);
        if (dx == 0 && dy == 0 && dl == 0) {
            break;
        }
        p = (struct place){p.layer + dl, p.row + dy, p.column + dx};
        if (i == STEPS_MOST - 1 || !inside(&p, s->width)) {
            return false;
        }
    }
    double value =
        at(r, &p, 0, 0, 0) + 0.5 * (g[0] * offset[0] + g[1] * offset[1] + g[2] * offset[2]);
    double trace = h[0] + h[1], det = h[0] * h[1] - h[3] * h[3], e = s->limits.edge;
    if (!(fabs(value) >= s->limits.contrast * gray_range) || !(det > 0) ||
        !(trace * trace * e < (e + 1) * (e + 1) * det)) {
        return false;
    }
    int32_t row = r->y + p.row - SCALE_AROUND;
    *out = (struct extremum){.x = (float)(p.column + offset[0]),
                             .y = (float)(row + offset[1]),
                             .layer = (float)(p.layer + offset[2]),
                             .response = (float)fabs(value),
                             .octave = s->octave,
                             .level = (int16_t)p.layer,
                             .column = p.column,
                             .row = row};
    return true;
}

static bool grow(struct extrema *e, size_t more) {
    if (e->count + more <= e->capacity) {
        return true;
    }
    size_t capacity = MAX(e->count + more, 2 * e->capacity + 64);
    struct extremum *items = mem_realloc(e->items, capacity, sizeof *items);
    if (!items) {
        return false;
    }
    e->items = items;
    e->capacity = capacity;
    return true;
}

void extrema_of_row(void *arg, int32_t band, const struct scale_rows *r) {
    const struct extrema_search *s = arg;
    struct extrema *found = &s->bands[band];
    int32_t columns[FOUND_MOST];
    int32_t most = MIN(s->width - 2 * BORDER, (int32_t)FOUND_MOST);
    const float first = (float)(0.5 * s->limits.contrast * gray_range);
    for (int32_t k = 0; k < SCALE_ROWS; k++) { /* the border, and what refinement may read */
        if (!r->rows[0][k]) {
            return;
        }
    }
    for (int32_t layer = 1; layer <= SCALE_LAYERS && !s->failed[band]; layer++) {
        for (int32_t from = BORDER; from < s->width - BORDER; from += most) {
            const float *nine[9];
            for (int32_t i = 0; i < 9; i++) {
                nine[i] = r->rows[layer - 1 + i / 3][SCALE_AROUND - 1 + i % 3] + from;
            }
            size_t n = (size_t)MIN(most, s->width - BORDER - from);
            size_t count = s->engine->kernels.sift.extrema(columns, nine, n, first);
            if (!grow(found, count)) {
                s->failed[band] = true;
                break;
            }
            for (size_t i = 0; i < count; i++) {
                struct place p = {layer, SCALE_AROUND, from + columns[i]};
                found->count += refine(&found->items[found->count], s, r, p);
            }
        }
    }
}

static int by_response(const void *a, const void *b) {
    const struct extremum *p = a, *q = b;
    if (p->response != q->response) {
        return p->response > q->response ? -1 : 1;
    }
    const int32_t left[] = {p->octave, p->level, p->row, p->column};
    const int32_t right[] = {q->octave, q->level, q->row, q->column};
    for (int32_t i = 0; i < 4; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

void extrema_sort(struct extrema *e) {
    size_t kept = 0;
    if (e->count > 0) {
        qsort(e->items, e->count, sizeof *e->items, by_response);
    }
    for (size_t i = 0; i < e->count; i++) {
        if (kept == 0 || by_response(&e->items[kept - 1], &e->items[i]) != 0) {
            e->items[kept++] = e->items[i];
        }
    }
    e->count = kept;
}

lk_status extrema_append(struct extrema *e, const struct extrema *more, lk_error *err) {
    if (more->count == 0) {
        return LK_OK;
    }
    if (!grow(e, more->count)) {
        return error_memory(err, more->count * sizeof *e->items);
    }
    memcpy(e->items + e->count, more->items, more->count * sizeof *e->items);
    e->count += more->count;
    return LK_OK;
}

lk_status extrema_keep(struct extrema *e, size_t count, double crowd, int32_t width, int32_t height,
                       const double *pitches, lk_error *err) {
    enum { SQUARES = 10 }; /* along the longer side */
    if (e->count <= count) {
        return LK_OK;
    }
    double side = (double)MAX(width, height) / SQUARES;
    int32_t across = (int32_t)(width / side) + 1, down = (int32_t)(height / side) + 1;
    double share = (double)count * side * side / ((double)width * height);
    size_t squares = (size_t)across * (size_t)down, kept = 0, left = 0;
    size_t most = (size_t)fmax(crowd * share, 1);
    size_t *held = mem_calloc(squares, sizeof *held);
    struct extremum *others = mem_alloc(e->count, sizeof *others);
    if (!held || !others) {
        mem_free(held);
        mem_free(others);
        return error_memory(err, e->count * sizeof *others);
    }
    for (size_t i = 0; i < e->count && kept < count; i++) {
        const struct extremum *p = &e->items[i];
        int32_t x = MIN((int32_t)(p->x * pitches[p->octave] / side), across - 1);
        int32_t y = MIN((int32_t)(p->y * pitches[p->octave] / side), down - 1);
        size_t *square = &held[(size_t)y * (size_t)across + (size_t)x];
        if (*square < most) {
            (*square)++;
            e->items[kept++] = *p;
        } else {
            others[left++] = *p;
        }
    }
    for (size_t i = 0; i < left && kept < count; i++) {
        e->items[kept++] = others[i];
    }
    e->count = kept;
    mem_free(held);
    mem_free(others);
    return LK_OK;
}

void extrema_release(struct extrema *e) {
    if (e) {
        mem_free(e->items);
        *e = (struct extrema){0};
    }
}
