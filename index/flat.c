/* SPDX-License-Identifier: Apache-2.0 */
/* d^2 = |a|^2 + |b|^2 - 2 a . b over bytes. A piece of the set that stays in the cache is compared with every query of a task
 * before the next piece comes; which of the distances are below the worst kept is asked 16 at a time, as few are. Items come in
 * rising order, so that of equally near ones the first stays. Oracle: the plain loop of tests/unit/test_index_flat.c. */
#include "index/flat.h"

#include <math.h>
#include <string.h>

enum {
    MIDDLE = 64,
    MOST = 127,
    PIECE = 32,                /* blocks: 64 KiB at 128 dimensions, half of a second cache */
    AT_ONCE = 4,               /* queries that a kernel takes side by side */
    TOGETHER = 2 * FLAT_BLOCK, /* queries of a task */
    ABSENT =
        FLAT_FAR /
        2, /* distances of absent items come to more, those of others to less: 8192 * 127^2 < 2^27 */
};

static const double reach = 16; /* levels of a component of mean size */

size_t flat_bytes(int32_t dim) {
    return ((size_t)dim + 3) / 4 * 4;
}

static size_t blocks_of(uint32_t count) {
    return ((size_t)count + FLAT_BLOCK - 1) / FLAT_BLOCK;
}

size_t flat_vectors_size(uint32_t count, int32_t dim) {
    return blocks_of(count) * FLAT_BLOCK * flat_bytes(dim);
}

size_t flat_norms_size(uint32_t count) {
    return blocks_of(count) * FLAT_BLOCK * sizeof(int32_t);
}

void flat_quantise(uint8_t *out, const float *vector, int32_t dim) {
    double squares = 0;
    memset(out, 0, flat_bytes(dim));
    for (int32_t i = 0; i < dim; i++) {
        squares += (double)vector[i] * (double)vector[i];
    }
    double factor = squares > 0 ? reach * sqrt((double)dim / squares) : 0;
    for (int32_t i = 0; i < dim; i++) {
        double v = MIDDLE + (double)vector[i] * factor;
        out[i] = (uint8_t)lround(fmin(fmax(v, 0), MOST)); /* 0 for NaN */
    }
}

/* -- Filling -- */

static size_t place(uint32_t item, size_t bytes) {
    return item / FLAT_BLOCK * FLAT_BLOCK * bytes + item % FLAT_BLOCK * 4;
}

void flat_clear(uint8_t *vectors, int32_t *norms, int32_t dim, uint32_t from, uint32_t to) {
    const size_t bytes = flat_bytes(dim), last = blocks_of(to) * FLAT_BLOCK;
    for (size_t i = from; i < last; i++) {
        norms[i] = FLAT_FAR;
        for (size_t at = 0; at < bytes; at += 4) {
            memset(vectors + place((uint32_t)i, bytes) + at * FLAT_BLOCK, 0, 4);
        }
    }
}

void flat_put(uint8_t *vectors, int32_t *norms, int32_t dim, uint32_t item, const uint8_t *bytes) {
    const size_t size = flat_bytes(dim);
    uint8_t *to = vectors + place(item, size);
    int32_t norm = 0;
    for (size_t at = 0; at < size; at += 4) {
        memcpy(to + at * FLAT_BLOCK, bytes + at, 4);
    }
    for (size_t i = 0; i < size; i++) {
        norm += bytes[i] * bytes[i];
    }
    norms[item] = norm;
}

void flat_remove(int32_t *norms, uint32_t item) {
    norms[item] = FLAT_FAR;
}

bool flat_has(const struct flat *f, uint32_t item) {
    return item < f->count && f->norms[item] < FLAT_FAR;
}

void flat_get(uint8_t *out, const struct flat *f, uint32_t item) {
    const size_t size = flat_bytes(f->dim);
    const uint8_t *from = f->vectors + place(item, size);
    for (size_t at = 0; at < size; at += 4) {
        memcpy(out + at, from + at * FLAT_BLOCK, 4);
    }
}

/* -- Distances and cosines -- */

double flat_cosine(int32_t distance, int32_t dim) {
    return fmax(-1, 1 - distance / (2 * reach * reach * dim));
}

double flat_score(int32_t distance, int32_t dim) {
    return fmax(0, flat_cosine(distance, dim));
}

int32_t flat_distance(double cosine, int32_t dim) {
    return (int32_t)floor((1 - fmin(fmax(cosine, -1), 1)) * 2 * reach * reach * dim);
}

/* -- Searching -- */

/* Queries of one task, each with what it found. */
struct asking {
    const uint8_t *queries[TOGETHER];
    int32_t norms[TOGETHER]; /* of the queries, which `products` leaves out */
    uint32_t self[TOGETHER]; /* an item that does not count; INDEX_NONE for none */
    struct neighbours found[TOGETHER];
    size_t count;
    uint32_t from; /* items before it do not count */
};

static void ask(struct asking *a, const struct flat *f, const uint8_t *query, struct neighbour *out,
                size_t k, uint32_t self) {
    int32_t norm = 0;
    for (size_t i = 0; i < flat_bytes(f->dim); i++) {
        norm += query[i] * query[i];
    }
    a->queries[a->count] = query;
    a->norms[a->count] = norm;
    a->self[a->count] = self;
    a->found[a->count++] = (struct neighbours){.items = out, .most = k};
}

/* What of a piece is among the nearest. distances[] lack the query's norm. */
static void choose(struct asking *a, size_t q, const lk_engine *engine, const int32_t *distances,
                   uint32_t first, size_t n) {
    uint32_t at[PIECE * FLAT_BLOCK];
    struct neighbours *found = &a->found[q];
    int32_t limit = neighbours_limit(found, ABSENT);
    limit = limit == INT32_MIN ? limit : limit - a->norms[q];
    size_t below = engine->kernels.scan.below(at, distances, n, limit);
    for (size_t i = 0; i < below; i++) {
        struct neighbour one = {distances[at[i]] + a->norms[q], first + at[i]};
        if (one.item != a->self[q] && one.item >= a->from) {
            neighbours_add(found, one);
        }
    }
}

/* Looks at all from the first block on. */
static void look(struct asking *a, const struct flat *f, const lk_engine *engine,
                 size_t first_block) {
    int32_t distances[AT_ONCE][PIECE * FLAT_BLOCK];
    const size_t bytes = flat_bytes(f->dim), blocks = blocks_of(f->count);
    for (size_t b = first_block; b < blocks; b += PIECE) {
        const size_t n = MIN(blocks - b, (size_t)PIECE), first = b * FLAT_BLOCK;
        for (size_t q = 0; q < a->count; q += AT_ONCE) {
            const size_t some = MIN(a->count - q, (size_t)AT_ONCE);
            engine->kernels.scan.products(distances[0], PIECE * FLAT_BLOCK, &a->queries[q], some,
                                          f->vectors + first * bytes, f->norms + first, n, bytes);
            for (size_t i = 0; i < some; i++) {
                choose(a, q + i, engine, distances[i], (uint32_t)first, n * FLAT_BLOCK);
            }
        }
    }
}

static void answer(struct asking *a, const struct flat *f, const lk_engine *engine) {
    look(a, f, engine, 0);
    for (size_t q = 0; q < a->count; q++) {
        neighbours_sort(&a->found[q]);
    }
}

void flat_scan(struct neighbours *found, const struct flat *f, const lk_engine *engine,
               const uint8_t *query, uint32_t from) {
    struct asking a = {.count = 0};
    ask(&a, f, query, NULL, 0, INDEX_NONE);
    a.found[0] = *found;
    a.from = from;
    look(&a, f, engine, from / FLAT_BLOCK);
    *found = a.found[0];
}

size_t flat_search(struct neighbour *out, size_t k, const struct flat *f, const lk_engine *engine,
                   const uint8_t *query) {
    struct asking a = {.count = 0};
    ask(&a, f, query, out, k, INDEX_NONE);
    answer(&a, f, engine);
    return a.found[0].count;
}

struct many {
    const struct flat *flat;
    const lk_engine *engine;
    struct neighbour *out;
    const uint8_t *queries;
    size_t k, count;
};

static bool is_stopped(const lk_engine *engine) {
    return engine_check_stop(engine, NULL) != LK_OK;
}

static void run_many(void *arg, int32_t task) {
    const struct many *m = arg;
    const size_t from = (size_t)task * TOGETHER, to = MIN(from + TOGETHER, m->count);
    struct asking a = {.count = 0};
    for (size_t q = from; q < to; q++) {
        ask(&a, m->flat, m->queries + q * flat_bytes(m->flat->dim), m->out + q * m->k, m->k,
            INDEX_NONE);
    }
    if (!is_stopped(m->engine)) {
        answer(&a, m->flat, m->engine);
    }
}

lk_status flat_search_many(struct neighbour *out, size_t k, const struct flat *f,
                           const lk_engine *engine, const uint8_t *queries, size_t count,
                           lk_error *err) {
    struct many m = {f, engine, out, queries, k, count};
    pool_for(engine->pool, (int32_t)((count + TOGETHER - 1) / TOGETHER), run_many, &m);
    return engine_check_stop(engine, err);
}

static void run_graph(void *arg, int32_t task) {
    const struct many *m = arg;
    const struct flat *f = m->flat;
    const size_t bytes = flat_bytes(f->dim), from = (size_t)task * TOGETHER,
                 to = MIN(from + TOGETHER, m->count);
    uint8_t queries[TOGETHER * FLAT_DIM_MOST];
    struct asking a = {.count = 0};
    for (size_t i = from; i < to; i++) {
        uint8_t *query = queries + (i - from) * bytes;
        if (flat_has(f, (uint32_t)i)) {
            flat_get(query, f, (uint32_t)i);
            ask(&a, f, query, m->out + i * m->k, m->k, (uint32_t)i);
        } else {
            struct neighbours none = {.items = m->out + i * m->k, .most = m->k};
            neighbours_sort(&none);
        }
    }
    if (!is_stopped(m->engine)) {
        answer(&a, f, m->engine);
    }
}

lk_status flat_graph(struct neighbour *out, size_t k, const struct flat *f, const lk_engine *engine,
                     lk_error *err) {
    struct many m = {f, engine, out, NULL, k, f->count};
    pool_for(engine->pool, (int32_t)(((size_t)f->count + TOGETHER - 1) / TOGETHER), run_graph, &m);
    return engine_check_stop(engine, err);
}
