/* SPDX-License-Identifier: Apache-2.0 */
/* From the names of a graph's values to their indices: a hash table with open addressing. */
#ifndef LK_NAME_MAP_H
#define LK_NAME_MAP_H

#include "nn/graph.h"

struct name_map {
    int32_t *slots; /* values; -1 free */
    size_t size;    /* a power of two, at least twice the names */
    size_t used;
};

void name_map_release(struct name_map *map);
/* The value of that name in g, or -1. */
int32_t name_map_find(const struct name_map *map, const struct graph *g, const char *name);
/* Enters value, which has been added to g and whose name is new. */
MUST_CHECK lk_status name_map_add(struct name_map *map, const struct graph *g, int32_t value,
                                  lk_error *err);

#endif
