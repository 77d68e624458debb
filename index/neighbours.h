/* SPDX-License-Identifier: Apache-2.0 */
/* The k nearest seen so far, kept in the caller's own array: what every search of this folder gives back. */
#ifndef LK_NEIGHBOURS_H
#define LK_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <likeness/status.h>

/* No item: fills the places of a row that has fewer than k. */
#define INDEX_NONE UINT32_MAX

struct neighbour {
    int32_t distance; /* INT32_MAX where there is no item */
    uint32_t item;
};

/* A heap whose first is the furthest. Nearer is: less distance, of equals the lower item. */
struct neighbours {
    struct neighbour *items; /* room for `most` */
    size_t count, most;
};

static inline bool is_nearer(struct neighbour a, struct neighbour b) {
    return a.distance != b.distance ? a.distance < b.distance : a.item < b.item;
}

/* Takes it when it is one of the nearest so far. */
void neighbours_add(struct neighbours *n, struct neighbour one);
/* Sorts them, the nearest first, and fills the rest of the room with INDEX_NONE. */
void neighbours_sort(struct neighbours *n);

/* What comes to `limit` or beyond need not be added, if items come in rising order; `limit_most` while there is room. */
static inline int32_t neighbours_limit(const struct neighbours *n, int32_t limit_most) {
    return n->count < n->most ? limit_most : n->count > 0 ? n->items[0].distance : INT32_MIN;
}

/* As many as there are; empty it is all zeros. */
struct neighbour_list {
    struct neighbour *items;
    size_t count, capacity;
};

LK_MUST_CHECK lk_status neighbour_list_add(struct neighbour_list *l, struct neighbour one,
                                           lk_error *err);
/* The nearest first. */
void neighbour_list_sort(struct neighbour_list *l);
void neighbour_list_release(struct neighbour_list *l);

#endif
