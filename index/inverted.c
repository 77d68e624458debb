/* SPDX-License-Identifier: Apache-2.0 */
/* The cells whose centres are nearest to the query, nearest first, so that soon little is near enough to be kept. Within them
 * distances are exact, those of index/flat. */
#include "index/inverted.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    PIECE = 32,            /* blocks at a time */
    NEARER = FLAT_FAR / 2, /* than this are all that are there */
};

uint32_t inverted_probes(const struct inverted *v) {
    return MAX(v->cells / 64, MIN(v->cells, 32U));
}

struct probing {
    struct neighbours found;
    const struct inverted *in;
    const struct flat *flat;
    const lk_engine *engine;
    const uint8_t *query;
    int32_t norm; /* of the query, which `products` leaves out */
};

static void look_at_blocks(struct probing *p, size_t block, size_t n) {
    int32_t distances[PIECE * FLAT_BLOCK];
    uint32_t at[PIECE * FLAT_BLOCK];
    const struct inverted *v = p->in;
    const size_t bytes = flat_bytes(v->dim), first = block * FLAT_BLOCK;
    const int32_t limit = neighbours_limit(&p->found, NEARER) - p->norm;
    p->engine->kernels.scan.products(distances, 0, &p->query, 1, v->vectors + first * bytes,
                                     v->norms + first, n, bytes);
    size_t below = p->engine->kernels.scan.below(at, distances, n * FLAT_BLOCK, limit + 1);
    for (size_t i = 0; i < below; i++) {
        const uint32_t item = v->items[first + at[i]];
        if (item < v->count && flat_has(p->flat, item)) {
            neighbours_add(&p->found, (struct neighbour){distances[at[i]] + p->norm, item});
        }
    }
}

static bool are_sound(const struct inverted *v, size_t block, size_t n) {
    const size_t bytes = flat_bytes(v->dim), first = block * FLAT_BLOCK, places = n * FLAT_BLOCK;
    return index_file_is_sound(v->file, v->vectors + first * bytes, places * bytes) &&
           index_file_is_sound(v->file, v->norms + first, places * sizeof *v->norms) &&
           index_file_is_sound(v->file, v->items + first, places * sizeof *v->items);
}

static void look_at_cell(struct probing *p, uint32_t cell) {
    const struct inverted *v = p->in;
    const size_t begin = v->starts[cell], end = MIN(v->starts[cell + 1], v->blocks);
    if (begin >= end || !are_sound(v, begin, end - begin)) {
        return;
    }
    for (size_t b = begin; b < end; b += PIECE) {
        look_at_blocks(p, b, MIN(end - b, (size_t)PIECE));
    }
}

static bool has_cells(const struct inverted *v) {
    return index_file_is_sound(v->file, v->centres, flat_vectors_size(v->cells, v->dim)) &&
           index_file_is_sound(v->file, v->centre_norms, flat_norms_size(v->cells)) &&
           index_file_is_sound(v->file, v->starts, (v->cells + (size_t)1) * sizeof *v->starts);
}

lk_status inverted_search(struct neighbour *out, size_t k, const struct inverted *v,
                          const struct flat *f, const lk_engine *engine, const uint8_t *query,
                          uint32_t probes, lk_error *err) {
    const struct flat centres = {v->centres, v->centre_norms, v->cells, v->dim};
    struct probing p = {{.items = out, .most = k}, v, f, engine, query, 0};
    const size_t wanted = MIN(probes > 0 ? probes : inverted_probes(v), v->cells);
    if (v->dim != f->dim) {
        return error_set(err, LK_E_USAGE, "vectors of %d and of %d numbers are not to be compared",
                         (int)v->dim, (int)f->dim);
    }
    struct neighbour *nearest = mem_alloc(wanted, sizeof *nearest);
    if (!nearest) {
        return error_memory(err, wanted * sizeof *nearest);
    }
    for (size_t i = 0; i < flat_bytes(v->dim); i++) {
        p.norm += query[i] * query[i];
    }
    size_t cells =
        k > 0 && has_cells(v) ? flat_search(nearest, wanted, &centres, engine, query) : 0;
    for (size_t i = 0; i < cells; i++) {
        look_at_cell(&p, nearest[i].item);
    }
    mem_free(nearest);
    if (v->count < f->count) {
        flat_scan(&p.found, f, engine, query, v->count);
    }
    neighbours_sort(&p.found);
    return LK_OK;
}
