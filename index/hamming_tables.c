/* SPDX-License-Identifier: Apache-2.0 */
/* Multi-index hashing. A hash of b bits has m = b / 16 parts. Where two hashes differ in at most r = m s + a bits (a < m), then at
 * least one of the first a + 1 parts differs in at most s bits, or one of the others in at most s - 1: else there were
 * (a + 1)(s + 1) + (m - a - 1) s = r + 1. So all values near the query's are looked up in each part's table, and what is found
 * there is counted in full. What an earlier part has found already is not taken again, which needs no list of what was seen.
 *
 * Norouzi, Punjani, Fleet: Fast search in Hamming space with multi-index hashing, 2012. They advise parts of log2(items) bits;
 * here all have 16, right for some 65,000 and good to 20 million, and tables that are plain arrays. Oracle: the plain loop of
 * tests/unit/test_index_hamming.c. */
#include "index/hamming.h"

#include <string.h>

enum {
    STARTS = HAMMING_PART_VALUES + 1,
    DEAR =
        12, /* a hash met through a table costs as much as so many in their order: a missed cache each */
};

static uint32_t part_of(const uint8_t *hash, int32_t part) {
    const uint8_t *at = hash + (ptrdiff_t)2 * part;
    return at[0] | (uint32_t)at[1] << 8;
}

static int32_t parts_of(int32_t bits) {
    return bits / HAMMING_PART_BITS;
}

size_t hamming_starts_size(int32_t bits) {
    return (size_t)parts_of(bits) * STARTS * sizeof(uint32_t);
}

size_t hamming_items_size(uint32_t count, int32_t bits) {
    return (size_t)parts_of(bits) * count * sizeof(uint32_t);
}

/* -- Making -- */

struct making {
    const struct hamming *hamming;
    uint32_t *starts, *items;
};

static bool is_there(const struct hamming *h, uint32_t item) {
    return !h->absent || !(h->absent[item / 64] >> item % 64 & 1);
}

/* Sorts by counting: starts[v + 1] counts value v, then is where v begins, and, once its items are placed, where it ends. */
static void make_part(void *arg, int32_t part) {
    const struct making *m = arg;
    const struct hamming *h = m->hamming;
    const size_t bytes = (size_t)h->bits / 8;
    uint32_t *starts = m->starts + (size_t)part * STARTS, sum = 0;
    uint32_t *items = m->items + (size_t)part * h->count;
    memset(starts, 0, STARTS * sizeof *starts);
    for (uint32_t i = 0; i < h->count; i++) {
        starts[part_of(h->hashes + i * bytes, part) + 1] += is_there(h, i);
    }
    for (size_t v = 1; v < STARTS; v++) {
        uint32_t n = starts[v];
        starts[v] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < h->count; i++) {
        if (is_there(h, i)) {
            items[starts[part_of(h->hashes + i * bytes, part) + 1]++] = i;
        }
    }
    memset(items + sum, 0xff, (h->count - sum) * sizeof *items);
}

void hamming_tables_make(uint32_t *starts, uint32_t *items, const struct hamming *h,
                         const lk_engine *engine) {
    struct making m = {h, starts, items};
    pool_for(engine->pool, parts_of(h->bits), make_part, &m);
}

/* -- Searching -- */

struct looking {
    struct neighbour_list *out;
    const struct hamming *hamming;
    const struct hamming_tables *tables;
    const uint8_t *query;
    int32_t radius;
    int32_t reach[HAMMING_PARTS_MOST]; /* of each part; -1: it is not looked up */
    lk_error *err;
};

static void set_reaches(struct looking *l) {
    const int32_t parts = parts_of(l->hamming->bits);
    for (int32_t p = 0; p < parts; p++) {
        l->reach[p] = l->radius / parts - (p > l->radius % parts);
    }
}

/* How many values of a part are within its reach, in all parts. */
static double values_within_reach(const struct looking *l) {
    double all = 0;
    for (int32_t p = 0; p < parts_of(l->hamming->bits); p++) {
        double ways = 1;
        for (int32_t i = 0; i <= MIN(l->reach[p], (int32_t)HAMMING_PART_BITS); i++) {
            all += ways;
            ways = ways * (HAMMING_PART_BITS - i) / (i + 1);
        }
    }
    return all;
}

static bool is_slower(const struct looking *l) {
    double values = values_within_reach(l);
    return values * (1 + (double)l->tables->count / HAMMING_PART_VALUES) * DEAR >
           (double)l->tables->count;
}

/* Whether a part before this one finds it, too. */
static bool is_found_before(const struct looking *l, const uint8_t *hash, int32_t part) {
    for (int32_t p = 0; p < part; p++) {
        if (__builtin_popcount(part_of(hash, p) ^ part_of(l->query, p)) <= l->reach[p]) {
            return true;
        }
    }
    return false;
}

static int32_t distance_of(const struct looking *l, const uint8_t *hash) {
    int32_t bits = 0;
    for (int32_t at = 0; at < l->hamming->bits / 8; at += 8) {
        uint64_t x, y;
        memcpy(&x, hash + at, 8);
        memcpy(&y, l->query + at, 8);
        bits += __builtin_popcountll(x ^ y);
    }
    return bits;
}

static lk_status take_value(struct looking *l, int32_t part, uint32_t value) {
    const struct hamming *h = l->hamming;
    const uint32_t *starts = l->tables->starts + (size_t)part * STARTS + value;
    const uint32_t *items = l->tables->items + (size_t)part * l->tables->count;
    const uint32_t to = MIN(starts[1], l->tables->count);
    lk_status status = LK_OK;
    for (uint32_t i = starts[0]; status == LK_OK && i < to; i++) {
        if (items[i] >= h->count || !is_there(h, items[i])) {
            continue;
        }
        const uint8_t *hash = h->hashes + (size_t)items[i] * ((size_t)h->bits / 8);
        int32_t distance = distance_of(l, hash);
        if (distance <= l->radius && !is_found_before(l, hash, part)) {
            status = neighbour_list_add(l->out, (struct neighbour){distance, items[i]}, l->err);
        }
    }
    return status;
}

/* All values with `bits` bits other than the query's: each way to set so many of 16 bits, rising (Gosper's step to the next). */
static lk_status take_values(struct looking *l, int32_t part, int32_t bits) {
    const uint32_t value = part_of(l->query, part);
    if (bits == 0) {
        return take_value(l, part, value);
    }
    lk_status status = LK_OK;
    uint32_t flips = (1U << bits) - 1;
    while (status == LK_OK && flips < HAMMING_PART_VALUES) {
        status = take_value(l, part, value ^ flips);
        uint32_t low = flips & -flips, ripple = flips + low;
        flips = ripple | ((flips ^ ripple) >> 2) / low;
    }
    return status;
}

/* Those that came after the tables were made. */
static lk_status take_new(struct looking *l) {
    const struct hamming *h = l->hamming;
    lk_status status = LK_OK;
    for (uint32_t i = l->tables->count; status == LK_OK && i < h->count; i++) {
        int32_t distance = distance_of(l, h->hashes + (size_t)i * ((size_t)h->bits / 8));
        if (distance <= l->radius && is_there(h, i)) {
            status = neighbour_list_add(l->out, (struct neighbour){distance, i}, l->err);
        }
    }
    return status;
}

lk_status hamming_tables_within(struct neighbour_list *out, const struct hamming *h,
                                const struct hamming_tables *tables, const lk_engine *engine,
                                const uint8_t *query, int32_t radius, lk_error *err) {
    struct looking l = {out, h, tables, query, radius, {0}, err};
    out->count = 0;
    if (radius < 0) {
        return LK_OK;
    }
    set_reaches(&l);
    if (is_slower(&l)) {
        return hamming_within(out, h, engine, query, radius, err);
    }
    lk_status status = LK_OK;
    for (int32_t part = 0; part < parts_of(h->bits); part++) {
        for (int32_t bits = 0; status == LK_OK && bits <= l.reach[part]; bits++) {
            status = take_values(&l, part, bits);
        }
    }
    status = status == LK_OK ? take_new(&l) : status;
    neighbour_list_sort(out);
    return status;
}
