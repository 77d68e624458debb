/* SPDX-License-Identifier: Apache-2.0 */
/* Exact search among hashes by the number of bits that differ: by looking at each, or, for all within a radius, through tables of
 * their parts (multi-index hashing: Norouzi, Punjani, Fleet 2012). */
#ifndef LK_HAMMING_H
#define LK_HAMMING_H

#include "image/engine.h"
#include "index/neighbours.h"

enum {
    HAMMING_BITS_MOST = 1024,
    HAMMING_PART_BITS = 16, /* of the part of a hash that a table is of */
    HAMMING_PART_VALUES = 1 << HAMMING_PART_BITS,
    HAMMING_PARTS_MOST = HAMMING_BITS_MOST / HAMMING_PART_BITS,
};

/* What is searched. The arrays are borrowed and may lie in a mapped file; items 0..count-1. */
struct hamming {
    const uint8_t *hashes;  /* bits / 8 bytes each, one after the other */
    const uint64_t *absent; /* bit i % 64 of word i / 64: item i is not there; NULL when all are */
    uint32_t count;
    int32_t bits; /* a multiple of 64, at most HAMMING_BITS_MOST */
};

/* The k nearest, the nearest first; equally near ones by item. Returns how many there are; the rest of out's k is INDEX_NONE. */
size_t hamming_search(struct neighbour *out, size_t k, const struct hamming *h,
                      const lk_engine *engine, const uint8_t *query);

/* The same for many queries, bits / 8 bytes apart, with the engine's threads: row q of k in out. LK_E_CANCELLED alone. */
LK_MUST_CHECK lk_status hamming_search_many(struct neighbour *out, size_t k,
                                            const struct hamming *h, const lk_engine *engine,
                                            const uint8_t *queries, size_t count, lk_error *err);

/* Fills `out`, emptied before, with all of which at most `radius` bits differ, sorted like the others. */
LK_MUST_CHECK lk_status hamming_within(struct neighbour_list *out, const struct hamming *h,
                                       const lk_engine *engine, const uint8_t *query,
                                       int32_t radius, lk_error *err);

/* -- Tables -- */

/* For each part of a hash, the items in the order of that part's value. Made for items 0..count-1 of a struct hamming that has as
 * many or more: those that came since are looked at one by one, those that went since are
 * left out (and must not come back: a number is not given again). */
struct hamming_tables {
    const uint32_t
        *starts; /* of each part and value, where its items begin; and where the last end */
    const uint32_t
        *items; /* `count` of each part, of which those that were absent are missing at the end */
    uint32_t count;
};

size_t hamming_starts_size(int32_t bits);
size_t hamming_items_size(uint32_t count, int32_t bits);

/* Fills both arrays, with the engine's threads; the same whatever their number. */
void hamming_tables_make(uint32_t *starts, uint32_t *items, const struct hamming *h,
                         const lk_engine *engine);

/* hamming_within through tables. Where they would be slower (a large radius, few items) all are looked at; the answer is the
 * same. Tables that are damaged make it miss items, nothing worse. */
LK_MUST_CHECK lk_status hamming_tables_within(struct neighbour_list *out, const struct hamming *h,
                                              const struct hamming_tables *tables,
                                              const lk_engine *engine, const uint8_t *query,
                                              int32_t radius, lk_error *err);

#endif
