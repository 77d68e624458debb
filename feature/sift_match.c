/* SPDX-License-Identifier: Apache-2.0 */
/* d^2 = |a|^2 + |b|^2 - 2 a . b over bytes, in integers: exact, and the same on every machine.
 *
 * The descriptors searched lie interleaved by 16, so that a kernel sums 16 of them side by side (kernel_sift.h). Of equally near
 * ones the first wins. */
#include "feature/sift_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    QUERIES = 8,       /* a task's */
    FAR_OFF = 1 << 28, /* beyond every distance: 4 * 128 * 127^2 < 2^24 */
    BLOCK_BYTES = SIFT_BLOCK * SIFT_BYTES,
};

struct sift_match_options sift_match_options_default(void) {
    return (struct sift_match_options){.ratio = 0.8, .same_place = 2, .cross_check = true};
}

void sift_matches_release(struct sift_matches *m) {
    if (m) {
        mem_free(m->pairs);
        mem_free(m->links);
        *m = (struct sift_matches){0};
    }
}

/* Descriptors to be searched. */
struct list {
    const struct sift_points *points;
    size_t blocks;
    uint8_t *bytes;
    int32_t *norms; /* squared lengths; FAR_OFF for what fills the last block */
};

static int32_t norm_of(const uint8_t *d) {
    int32_t sum = 0;
    for (int32_t i = 0; i < SIFT_BYTES; i++) {
        sum += d[i] * d[i];
    }
    return sum;
}

static void list_release(struct list *l) {
    mem_free(l->bytes);
    mem_free(l->norms);
}

static lk_status list_new(struct list *out, const struct sift_points *points, lk_error *err) {
    *out = (struct list){.points = points, .blocks = (points->count + SIFT_BLOCK - 1) / SIFT_BLOCK};
    out->bytes = mem_calloc(out->blocks, BLOCK_BYTES);
    out->norms = mem_alloc(out->blocks * SIFT_BLOCK, sizeof *out->norms);
    if (!out->bytes || !out->norms) {
        list_release(out);
        return error_memory(err, out->blocks * BLOCK_BYTES);
    }
    for (size_t i = 0; i < out->blocks * SIFT_BLOCK; i++) {
        out->norms[i] = FAR_OFF;
    }
    for (size_t i = 0; i < points->count; i++) {
        const uint8_t *from = points->descriptors + i * SIFT_BYTES;
        uint8_t *to = out->bytes + i / SIFT_BLOCK * BLOCK_BYTES + i % SIFT_BLOCK * 4;
        for (size_t at = 0; at < SIFT_BYTES; at += 4) {
            memcpy(to + at * SIFT_BLOCK, from + at, 4);
        }
        out->norms[i] = norm_of(from);
    }
    return LK_OK;
}

/* The nearest of a list, and the nearest of those that lie elsewhere in the picture. */
struct nearest {
    int32_t index, distance, second;
};

struct scan {
    lk_engine *engine;
    const struct list *list;
    const struct sift_points *queries;
    const int32_t *chosen; /* which of the queries; NULL for all */
    size_t count;
    double same_place;
    struct nearest *found; /* one a query */
    bool *failed;          /* one a task */
};

/* Where the least of row stands, the first of equal ones. */
static int32_t least_at(const struct scan *s, const int32_t *row) {
    enum { CHUNK = 128 };
    size_t n = s->list->points->count, found = 0;
    int32_t least = INT32_MAX;
    for (size_t at = 0; at < n; at += CHUNK) {
        int32_t here = s->engine->kernels.sift.least(row + at, MIN(n - at, (size_t)CHUNK));
        found = here < least ? at : found;
        least = MIN(here, least);
    }
    while (row[found] != least) {
        found++;
    }
    return (int32_t)found;
}

static bool is_same_place(const struct scan *s, int32_t a, int32_t b) {
    const struct sift_point *p = &s->list->points->points[a], *q = &s->list->points->points[b];
    double dx = q->x - p->x, dy = q->y - p->y, reach = s->same_place * p->sigma;
    return dx * dx + dy * dy <= reach * reach;
}

/* Takes values out of row. */
static struct nearest nearest_in(int32_t *row, const struct scan *s, int32_t norm) {
    int32_t first = least_at(s, row), second = first;
    struct nearest n = {.index = first, .distance = row[first] + norm};
    while (row[second] < FAR_OFF && is_same_place(s, first, second)) {
        row[second] = FAR_OFF;
        second = least_at(s, row);
    }
    n.second = row[second] < FAR_OFF ? row[second] + norm : FAR_OFF;
    return n;
}

static void scan_task(void *arg, int32_t task) {
    struct scan *s = arg;
    size_t from = (size_t)task * QUERIES, to = MIN(from + QUERIES, s->count);
    size_t stride = s->list->blocks * SIFT_BLOCK;
    int32_t *rows = mem_alloc(stride * QUERIES, sizeof *rows);
    const uint8_t *queries[QUERIES];
    s->failed[task] = !rows;
    if (!rows) {
        return;
    }
    for (size_t i = from; i < to; i++) {
        queries[i - from] =
            s->queries->descriptors + (s->chosen ? (size_t)s->chosen[i] : i) * SIFT_BYTES;
    }
    s->engine->kernels.sift.products(rows, stride, queries, to - from, s->list->bytes,
                                     s->list->norms, s->list->blocks);
    for (size_t i = from; i < to; i++) {
        s->found[i] = nearest_in(rows + (i - from) * stride, s, norm_of(queries[i - from]));
    }
    mem_free(rows);
}

/* *found is on the heap, one a query. */
static lk_status scan_all(struct scan *s, lk_error *err) {
    size_t tasks = (s->count + QUERIES - 1) / QUERIES;
    s->found = mem_alloc(s->count, sizeof *s->found);
    s->failed = mem_calloc(tasks, sizeof *s->failed);
    bool failed = !s->found || !s->failed;
    if (!failed) {
        pool_for(s->engine->pool, (int32_t)tasks, scan_task, s);
        for (size_t i = 0; i < tasks; i++) {
            failed = failed || s->failed[i];
        }
    }
    mem_free(s->failed);
    s->failed = NULL;
    if (failed) {
        mem_free(s->found);
        s->found = NULL;
        return error_memory(err, s->count * sizeof *s->found);
    }
    return LK_OK;
}

/* A pair on its way: sorted by what is nearest compared with the second. */
struct candidate {
    double ratio; /* of the squared distances */
    int32_t a, b, distance;
};

static int by_ratio(const void *x, const void *y) {
    const struct candidate *p = x, *q = y;
    if (p->ratio != q->ratio) {
        return p->ratio < q->ratio ? -1 : 1;
    }
    return (p->b > q->b) - (p->b < q->b);
}

static size_t pass_ratio(struct candidate *out, const struct nearest *found, size_t count,
                         double ratio) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct nearest *n = &found[i];
        double squared = n->second > 0 ? (double)n->distance / n->second : 1;
        if (n->index >= 0 && (ratio >= 1 || squared < ratio * ratio)) {
            out[kept++] = (struct candidate){squared, n->index, (int32_t)i, n->distance};
        }
    }
    return kept;
}

/* Drops candidates whose keypoint of a has a nearer one in b. */
static lk_status cross_check(struct candidate *c, size_t *count, lk_engine *engine,
                             const struct sift_points *a, const struct sift_points *b,
                             lk_error *err) {
    struct list list;
    int32_t *chosen = mem_alloc(*count, sizeof *chosen);
    if (!chosen) {
        return error_memory(err, *count * sizeof *chosen);
    }
    for (size_t i = 0; i < *count; i++) {
        chosen[i] = c[i].a;
    }
    struct scan s = {
        .engine = engine, .list = &list, .queries = a, .chosen = chosen, .count = *count};
    lk_status status = list_new(&list, b, err);
    if (status == LK_OK) {
        status = scan_all(&s, err);
        size_t kept = 0;
        for (size_t i = 0; status == LK_OK && i < *count; i++) {
            if (s.found[i].index == c[i].b) {
                c[kept++] = c[i];
            }
        }
        *count = kept;
        mem_free(s.found);
        list_release(&list);
    }
    mem_free(chosen);
    return status;
}

static lk_status candidates_of(struct candidate **out, size_t *count, lk_engine *engine,
                               const struct sift_points *a, const struct sift_points *b,
                               const struct sift_match_options *o, lk_error *err) {
    struct list list;
    struct scan s = {.engine = engine,
                     .list = &list,
                     .queries = b,
                     .count = b->count,
                     .same_place = o->same_place};
    lk_status status = list_new(&list, a, err);
    if (status == LK_OK) {
        status = scan_all(&s, err);
        list_release(&list);
    }
    *out = status == LK_OK ? mem_alloc(b->count, sizeof **out) : NULL;
    if (status == LK_OK && !*out) {
        status = error_memory(err, b->count * sizeof **out);
    }
    if (status == LK_OK) {
        *count = pass_ratio(*out, s.found, b->count, o->ratio);
    }
    mem_free(s.found);
    return status == LK_OK && o->cross_check ? cross_check(*out, count, engine, a, b, err) : status;
}

lk_status sift_match(struct sift_matches *out, lk_engine *engine, const struct sift_points *a,
                     const struct sift_points *b, const struct sift_match_options *options,
                     lk_error *err) {
    struct sift_match_options o = options ? *options : sift_match_options_default();
    struct candidate *found = NULL;
    size_t count = 0;
    *out = (struct sift_matches){0};
    if (a->count == 0 || b->count == 0) {
        return LK_OK;
    }
    lk_status status = candidates_of(&found, &count, engine, a, b, &o, err);
    if (status == LK_OK) {
        out->pairs = mem_alloc(count, sizeof *out->pairs);
        out->links = mem_alloc(count, sizeof *out->links);
        status = out->pairs && out->links ? LK_OK : error_memory(err, count * sizeof *out->pairs);
    }
    if (status == LK_OK) {
        qsort(found, count, sizeof *found, by_ratio);
        for (size_t i = 0; i < count; i++) {
            const struct sift_point *pa = &a->points[found[i].a], *pb = &b->points[found[i].b];
            out->pairs[i] = (lk_match){
                .ax = pa->x, .ay = pa->y, .bx = pb->x, .by = pb->y, .distance = found[i].distance};
            out->links[i] = (struct sift_link){found[i].a, found[i].b};
        }
        out->count = count;
    } else {
        sift_matches_release(out);
    }
    mem_free(found);
    return status;
}
