/* SPDX-License-Identifier: Apache-2.0 */
/* k-means (Lloyd 1982) in integers: centres are means rounded to bytes, so that sums do not depend on their order nor on threads.
 * The sample and the first centres are spread evenly over the set. A cell that becomes empty takes a member of the sample at
 * random. Oracles: that every item is in the cell of its nearest centre, once, and recall against index/flat
 * (tests/unit/test_index_inverted.c). */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "index/inverted.h"

enum {
    ROUNDS = 6,           /* more moves few: docs/algorithms/index.md */
    SAMPLE = 48,          /* items a cell that the centres are found by */
    CELLS_MOST = 1 << 16, /* sums of a sample stay below 2^31: 48 * 2^16 * 127 < 2^29 */
    STEP = 1 << 14,       /* items that are sorted at a time */
};

/* What is worked on. */
struct making {
    const struct flat *flat;
    const lk_engine *engine;
    size_t bytes; /* of a vector */
    uint32_t cells;
    uint32_t *there; /* the items that are not absent */
    size_t present;
    uint8_t *rows; /* of the sample, later of the items of a step */
    size_t sample;
    struct neighbour *nearest; /* centre of each row */
    int32_t *sums;             /* of each cell's rows */
    uint32_t *counts;          /* of each cell */
    uint32_t *cell_of;         /* of each that is there */
};

static void making_release(struct making *m) {
    mem_free(m->there);
    mem_free(m->rows);
    mem_free(m->nearest);
    mem_free(m->sums);
    mem_free(m->counts);
    mem_free(m->cell_of);
}

static lk_status making_init(struct making *m, lk_error *err) {
    const uint32_t count = m->flat->count;
    m->there = mem_alloc(count, sizeof *m->there);
    for (uint32_t i = 0; m->there && i < count; i++) {
        m->there[m->present] = i;
        m->present += flat_has(m->flat, i);
    }
    m->sample = MIN(m->present, (size_t)m->cells * SAMPLE);
    const size_t rows = MAX(m->sample, (size_t)STEP);
    m->rows = mem_alloc(rows, m->bytes);
    m->nearest = mem_alloc(rows, sizeof *m->nearest);
    m->sums = mem_alloc(m->cells * m->bytes, sizeof *m->sums);
    m->counts = mem_alloc(m->cells, sizeof *m->counts);
    m->cell_of = mem_alloc(m->present, sizeof *m->cell_of);
    return m->there && m->rows && m->nearest && m->sums && m->counts && m->cell_of
               ? LK_OK
               : error_memory(err, rows * m->bytes);
}

static lk_status assign(struct making *m, const struct inverted *v, size_t rows, lk_error *err) {
    const struct flat centres = {v->centres, v->centre_norms, v->cells, v->dim};
    return flat_search_many(m->nearest, 1, &centres, m->engine, m->rows, rows, err);
}

static void sum_up(struct making *m) {
    memset(m->sums, 0, m->cells * m->bytes * sizeof *m->sums);
    memset(m->counts, 0, m->cells * sizeof *m->counts);
    for (size_t i = 0; i < m->sample; i++) {
        const uint8_t *row = m->rows + i * m->bytes;
        int32_t *sums = m->sums + m->nearest[i].item * m->bytes;
        m->counts[m->nearest[i].item]++;
        for (size_t at = 0; at < m->bytes; at++) {
            sums[at] += row[at];
        }
    }
}

static void move_centres(struct making *m, struct inverted_made *out, struct rng *rng) {
    uint8_t mean[FLAT_DIM_MOST];
    for (uint32_t c = 0; c < m->cells; c++) {
        const int32_t n = (int32_t)m->counts[c], *sums = m->sums + c * m->bytes;
        const uint8_t *other = m->rows + rng_below(rng, (uint32_t)m->sample) * m->bytes;
        for (size_t at = 0; at < m->bytes; at++) {
            mean[at] = n > 0 ? (uint8_t)((sums[at] + n / 2) / n) : other[at];
        }
        flat_put(out->memory[0], out->memory[1], m->flat->dim, c, mean);
    }
}

static lk_status find_centres(struct making *m, struct inverted_made *out, lk_error *err) {
    struct rng rng;
    lk_status status = LK_OK;
    rng_init(&rng, 1);
    for (size_t i = 0; i < m->sample; i++) {
        flat_get(m->rows + i * m->bytes, m->flat, m->there[i * m->present / m->sample]);
    }
    flat_clear(out->memory[0], out->memory[1], m->flat->dim, 0, m->cells);
    for (uint32_t c = 0; c < m->cells; c++) {
        flat_put(out->memory[0], out->memory[1], m->flat->dim, c,
                 m->rows + c * m->sample / m->cells * m->bytes);
    }
    for (int round = 0; status == LK_OK && round < ROUNDS; round++) {
        status = assign(m, &out->view, m->sample, err);
        if (status == LK_OK) {
            sum_up(m);
            move_centres(m, out, &rng);
        }
    }
    return status;
}

static lk_status sort_into_cells(struct making *m, const struct inverted *v, lk_error *err) {
    lk_status status = LK_OK;
    memset(m->counts, 0, m->cells * sizeof *m->counts);
    for (size_t from = 0; status == LK_OK && from < m->present; from += STEP) {
        const size_t n = MIN((size_t)STEP, m->present - from);
        for (size_t i = 0; i < n; i++) {
            flat_get(m->rows + i * m->bytes, m->flat, m->there[from + i]);
        }
        status = assign(m, v, n, err);
        for (size_t i = 0; status == LK_OK && i < n; i++) {
            m->cell_of[from + i] = m->nearest[i].item;
            m->counts[m->nearest[i].item]++;
        }
    }
    return status;
}

/* -- The arrays -- */

static lk_status give(struct inverted_made *out, int which, size_t size, lk_error *err) {
    out->sizes[which] = size;
    out->memory[which] = mem_alloc_aligned(size, 1);
    return out->memory[which] ? LK_OK : error_memory(err, size);
}

static lk_status give_centres(struct inverted_made *out, const struct making *m, lk_error *err) {
    struct inverted *v = &out->view;
    const int32_t dim = m->flat->dim;
    *v = (struct inverted){.cells = m->cells, .count = m->flat->count, .dim = dim};
    lk_status status = give(out, 0, flat_vectors_size(m->cells, dim), err);
    status = status == LK_OK ? give(out, 1, flat_norms_size(m->cells), err) : status;
    status =
        status == LK_OK ? give(out, 2, (m->cells + (size_t)1) * sizeof(uint32_t), err) : status;
    v->centres = out->memory[0];
    v->centre_norms = out->memory[1];
    v->starts = out->memory[2];
    return status;
}

static lk_status give_vectors(struct inverted_made *out, const struct making *m, lk_error *err) {
    struct inverted *v = &out->view;
    uint32_t *starts = out->memory[2];
    for (uint32_t c = 0; c < m->cells; c++) {
        starts[c] = v->blocks;
        v->blocks += (m->counts[c] + FLAT_BLOCK - 1) / FLAT_BLOCK;
    }
    starts[m->cells] = v->blocks;
    const uint32_t places = v->blocks * FLAT_BLOCK;
    lk_status status = give(out, 3, flat_vectors_size(places, v->dim), err);
    status = status == LK_OK ? give(out, 4, flat_norms_size(places), err) : status;
    status = status == LK_OK ? give(out, 5, places * sizeof(uint32_t), err) : status;
    v->vectors = out->memory[3];
    v->norms = out->memory[4];
    v->items = out->memory[5];
    return status;
}

/* Each item to its cell, rising within it. */
static void place_items(struct inverted_made *out, struct making *m) {
    const struct inverted *v = &out->view;
    uint8_t row[FLAT_DIM_MOST];
    uint32_t *items = out->memory[5];
    flat_clear(out->memory[3], out->memory[4], v->dim, 0, v->blocks * FLAT_BLOCK);
    memset(items, 0xff, out->sizes[5]);
    memset(m->counts, 0, m->cells * sizeof *m->counts);
    for (size_t i = 0; i < m->present; i++) {
        const uint32_t cell = m->cell_of[i];
        const uint32_t place = v->starts[cell] * FLAT_BLOCK + m->counts[cell]++;
        flat_get(row, m->flat, m->there[i]);
        flat_put(out->memory[3], out->memory[4], v->dim, place, row);
        items[place] = m->there[i];
    }
}

static uint32_t cells_for(uint32_t count) {
    uint32_t root = 1;
    while ((uint64_t)(root + 1) * (root + 1) <= count) {
        root++;
    }
    return 4 * root;
}

static uint32_t cells_of(uint32_t count, uint32_t cells) {
    return MIN(cells > 0 ? cells : cells_for(count), (uint32_t)CELLS_MOST);
}

void inverted_sizes(size_t sizes[INVERTED_ARRAYS], uint32_t count, int32_t dim, uint32_t cells) {
    const uint32_t most =
        MIN(cells_of(count, cells), count); /* each may end with a block that is not full */
    const uint32_t places = (count / FLAT_BLOCK + most) * FLAT_BLOCK;
    sizes[0] = flat_vectors_size(most, dim);
    sizes[1] = flat_norms_size(most);
    sizes[2] = (most + (size_t)1) * sizeof(uint32_t);
    sizes[3] = flat_vectors_size(places, dim);
    sizes[4] = flat_norms_size(places);
    sizes[5] = places * sizeof(uint32_t);
}

lk_status inverted_make(struct inverted_made *out, const struct flat *f, const lk_engine *engine,
                        uint32_t cells, lk_error *err) {
    struct making m = {.flat = f, .engine = engine, .bytes = flat_bytes(f->dim)};
    m.cells = cells_of(f->count, cells);
    *out = (struct inverted_made){.memory = {0}};
    lk_status status = making_init(&m, err);
    m.cells = (uint32_t)MIN((size_t)m.cells, m.present);
    status = status == LK_OK ? give_centres(out, &m, err) : status;
    status = status == LK_OK ? find_centres(&m, out, err) : status;
    status = status == LK_OK ? sort_into_cells(&m, &out->view, err) : status;
    status = status == LK_OK ? give_vectors(out, &m, err) : status;
    if (status == LK_OK) {
        place_items(out, &m);
    } else {
        inverted_release(out);
    }
    making_release(&m);
    return status;
}

void inverted_release(struct inverted_made *m) {
    if (m) {
        for (size_t i = 0; i < ARRAY_COUNT(m->memory); i++) {
            mem_free(m->memory[i]);
        }
        *m = (struct inverted_made){.memory = {0}};
    }
}
