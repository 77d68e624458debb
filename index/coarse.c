/* SPDX-License-Identifier: Apache-2.0 */
/* Of a byte x its upper half h = x / 8 is kept, which stands for y = 8 h + 4. Let e be the greatest |x - y| of the set. By the
 * triangle inequality a vector at a distance of at most d from the query has its y at most d + e from it: where the k-th found is
 * at d, all whose y is further than d + e need not be looked at whole. At 128 dimensions e is some 30, where unlike vectors are
 * 256 apart and like ones 80.
 *
 * A stretch of the set is done at a time: the distances of its halves; in the first stretch, the true distances of the k best of
 * these, which bound the k-th; then what comes within the bound, whole. Oracle: flat_search (tests/unit/test_index_coarse.c). */
#include "index/coarse.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum {
    STRETCH = 1 << 14,     /* items: distances of 64 KiB */
    SEEDS_MOST = 128,      /* more wanted than that bound too little: all are looked at whole */
    PATIENCE = 4,          /* stretches, after which it shows whether halves help */
    NEARER = FLAT_FAR / 2, /* than this are all that are there */
};

/* Of a half vector: eight numbers lie in four bytes. */
static size_t half_bytes(int32_t dim) {
    return ((size_t)dim + 7) / 8 * 4;
}

static size_t blocks_of(uint32_t count) {
    return ((size_t)count + FLAT_BLOCK - 1) / FLAT_BLOCK;
}

size_t coarse_size(uint32_t count, int32_t dim) {
    return blocks_of(count) * FLAT_BLOCK * half_bytes(dim);
}

/* -- Making -- */

struct making {
    const struct flat *flat;
    uint8_t *halves;
    int32_t *norms;
    atomic_int error;
};

/* Number i of eight lies in byte i % 4, in its lower bits when it is of the first four. */
static int32_t put(const struct making *m, uint32_t item) {
    uint8_t row[FLAT_DIM_MOST];
    const size_t bytes = half_bytes(m->flat->dim);
    uint8_t *to = m->halves + item / FLAT_BLOCK * FLAT_BLOCK * bytes + item % FLAT_BLOCK * 4;
    int32_t norm = 0, error = 0;
    flat_get(row, m->flat, item);
    for (int32_t i = 0; i < m->flat->dim; i++) {
        const int32_t half = row[i] / 8, middle = 8 * half + 4;
        to[i / 8 * 4 * FLAT_BLOCK + i % 4] |= (uint8_t)(half << (i % 8 < 4 ? 0 : 4));
        norm += middle * middle;
        error += (row[i] - middle) * (row[i] - middle);
    }
    m->norms[item] = norm;
    return error;
}

static void make_stretch(void *arg, int32_t stretch) {
    struct making *m = arg;
    const uint32_t from = (uint32_t)stretch * STRETCH,
                   to = MIN(from + (uint32_t)STRETCH, m->flat->count);
    const size_t begin = (size_t)from * half_bytes(m->flat->dim),
                 end = coarse_size(to, m->flat->dim);
    int32_t most = 0;
    memset(m->halves + begin, 0, end - begin);
    for (size_t i = from; i < blocks_of(to) * FLAT_BLOCK; i++) {
        m->norms[i] = FLAT_FAR;
    }
    for (uint32_t i = from; i < to; i++) {
        int32_t error = flat_has(m->flat, i) ? put(m, i) : 0;
        most = MAX(most, error);
    }
    int seen = atomic_load(&m->error);
    while (seen < most && !atomic_compare_exchange_weak(&m->error, &seen, most)) {
    }
}

int32_t coarse_make(uint8_t *halves, int32_t *norms, const struct flat *f,
                    const lk_engine *engine) {
    struct making m = {.flat = f, .halves = halves, .norms = norms, .error = 0};
    pool_for(engine->pool, (int32_t)(((size_t)f->count + STRETCH - 1) / STRETCH), make_stretch, &m);
    return atomic_load(&m.error);
}

/* -- Searching -- */

struct looking {
    struct neighbours found;
    const struct coarse *coarse;
    const struct flat *flat;
    const lk_engine *engine;
    const uint8_t *query;
    uint8_t even[FLAT_DIM_MOST]; /* the query, filled up to eight numbers */
    int32_t norm;                /* of the query, which `products` leaves out */
    int32_t lacks;               /* what the distances of halves leave out */
    int32_t bound;               /* of the k nearest none is further; -1: not known yet */
    int32_t limit; /* a half as far as this, without what it leaves out, is of no interest */
    size_t looked; /* blocks, whole */
    int32_t distances[STRETCH];
    uint32_t at[STRETCH];
};

static void set_bound(struct looking *l, int32_t bound) {
    double reach = sqrt(bound) + sqrt(l->coarse->error);
    l->bound = bound;
    l->limit = (int32_t)fmin(reach * reach + 2, NEARER) - l->lacks; /* 2: for rounding */
}

/* Of the whole vectors. */
static bool are_sound(const struct looking *l, size_t block, size_t n) {
    const size_t places = n * FLAT_BLOCK, bytes = flat_bytes(l->flat->dim);
    struct index_file *file = l->coarse->file;
    return index_file_is_sound(file, l->flat->vectors + block * FLAT_BLOCK * bytes,
                               places * bytes) &&
           index_file_is_sound(file, l->flat->norms + block * FLAT_BLOCK, places * sizeof(int32_t));
}

static bool are_halves_sound(const struct looking *l, uint32_t first, size_t n) {
    const size_t bytes = half_bytes(l->flat->dim);
    return index_file_is_sound(l->coarse->file, l->coarse->halves + first * bytes, n * bytes) &&
           index_file_is_sound(l->coarse->file, l->coarse->norms + first, n * sizeof(int32_t));
}

/* The true distances of a block, without the query's norm. */
static void whole_block(int32_t out[FLAT_BLOCK], const struct looking *l, size_t block) {
    const size_t bytes = flat_bytes(l->flat->dim);
    if (!are_sound(l, block, 1)) {
        for (int i = 0; i < FLAT_BLOCK; i++) {
            out[i] = FLAT_FAR - l->norm;
        }
        return;
    }
    l->engine->kernels.scan.products(out, 0, &l->query, 1,
                                     l->flat->vectors + block * FLAT_BLOCK * bytes,
                                     l->flat->norms + block * FLAT_BLOCK, 1, bytes);
}

/* Bounds the k-th by the true distances of the k whose halves are best, if there are so many. */
static void bound_first(struct looking *l, uint32_t first, size_t n) {
    struct neighbour seeds[SEEDS_MOST];
    struct neighbours best = {.items = seeds, .most = l->found.most};
    int32_t bound = 0, block[FLAT_BLOCK];
    for (size_t i = 0; i < n; i++) {
        if (l->distances[i] < neighbours_limit(&best, NEARER - l->lacks)) {
            neighbours_add(&best, (struct neighbour){l->distances[i], (uint32_t)i});
        }
    }
    for (size_t i = 0; i < best.count; i++) {
        const uint32_t item = first + seeds[i].item;
        whole_block(block, l, item / FLAT_BLOCK);
        bound = MAX(bound, MIN(block[item % FLAT_BLOCK] + l->norm, (int32_t)NEARER));
    }
    if (best.count == best.most) {
        set_bound(l, bound);
    }
}

static void look_at_block(struct looking *l, size_t block) {
    int32_t distances[FLAT_BLOCK];
    whole_block(distances, l, block);
    const size_t there = MIN((size_t)FLAT_BLOCK, l->coarse->count - block * FLAT_BLOCK);
    for (size_t i = 0; i < there; i++) {
        const int32_t distance = distances[i] + l->norm;
        if (distance < neighbours_limit(&l->found, NEARER)) {
            neighbours_add(&l->found,
                           (struct neighbour){distance, (uint32_t)(block * FLAT_BLOCK + i)});
        }
    }
    const int32_t furthest = neighbours_limit(&l->found, -1);
    if (furthest >= 0 && (l->bound < 0 || furthest < l->bound)) {
        set_bound(l, furthest);
    }
}

static void look_at_stretch(struct looking *l, uint32_t first) {
    const size_t n = MIN((size_t)STRETCH, blocks_of(l->coarse->count) * FLAT_BLOCK - first),
                 bytes = half_bytes(l->flat->dim);
    size_t last = SIZE_MAX;
    if (!are_halves_sound(l, first, n)) {
        return;
    }
    l->engine->kernels.scan.halves(l->distances, l->even, l->coarse->halves + first * bytes,
                                   l->coarse->norms + first, n / FLAT_BLOCK, 2 * bytes);
    if (l->bound < 0) {
        bound_first(l, first, n);
    }
    size_t below = l->engine->kernels.scan.below(l->at, l->distances, n, l->limit);
    for (size_t i = 0; i < below; i++) {
        const size_t block = (first + l->at[i]) / FLAT_BLOCK;
        if (block != last && l->distances[l->at[i]] < l->limit) {
            look_at_block(l, block);
            l->looked++;
            last = block;
        }
    }
}

static void prepare(struct looking *l) {
    int32_t sum = 0;
    memset(l->even, 0, 2 * half_bytes(l->flat->dim));
    memcpy(l->even, l->query, (size_t)l->flat->dim);
    l->norm = 0;
    for (int32_t i = 0; i < l->flat->dim; i++) {
        l->norm += l->query[i] * l->query[i];
        sum += l->query[i];
    }
    l->lacks = l->norm - 8 * sum; /* |q - y|^2 = |q|^2 + |y|^2 - 2 q . (8 h + 4) */
    l->limit = NEARER - l->lacks;
}

/* Vectors without any structure are all about as far: when a quarter of the blocks so far had to be looked at whole, the rest is
 * sooner looked at in its order. */
static bool is_in_vain(const struct looking *l, uint64_t items) {
    return items >= (uint64_t)PATIENCE * STRETCH && l->looked > items / FLAT_BLOCK / 4;
}

size_t coarse_search(struct neighbour *out, size_t k, const struct coarse *c, const struct flat *f,
                     const lk_engine *engine, const uint8_t *query) {
    struct looking l;
    l.found = (struct neighbours){.items = out, .most = k};
    l.coarse = c;
    l.flat = f;
    l.engine = engine;
    l.query = query;
    l.bound = -1;
    l.looked = 0;
    prepare(&l);
    uint64_t at = 0;
    bool helps = k > 0 && k <= SEEDS_MOST && c->count <= f->count;
    while (helps && at < c->count && !is_in_vain(&l, at)) {
        look_at_stretch(&l, (uint32_t)at);
        at += STRETCH;
    }
    at = MIN(at, (uint64_t)c->count);
    if (at < f->count && are_sound(&l, at / FLAT_BLOCK, blocks_of(f->count) - at / FLAT_BLOCK)) {
        flat_scan(&l.found, f, engine, query, (uint32_t)at);
    }
    neighbours_sort(&l.found);
    return l.found.count;
}
