/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/name_map.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). Names come from files, but a file can only make its own reading
 * slow, within the bound of its size. */
static size_t hash_of(const char *name) {
    uint64_t hash = 14695981039346656037u;
    for (; *name; name++) {
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    }
    return (size_t)hash;
}

void name_map_release(struct name_map *map) {
    mem_free(map->slots);
    *map = (struct name_map){0};
}

/* The slot that holds name, or the free one where it would stand. */
static size_t slot_of(const struct name_map *map, const struct graph *g, const char *name) {
    size_t at = hash_of(name) & (map->size - 1);
    while (map->slots[at] >= 0 && strcmp(g->values[map->slots[at]].name, name) != 0) {
        at = (at + 1) & (map->size - 1);
    }
    return at;
}

int32_t name_map_find(const struct name_map *map, const struct graph *g, const char *name) {
    return map->size == 0 ? -1 : map->slots[slot_of(map, g, name)];
}

static lk_status grow(struct name_map *map, const struct graph *g, lk_error *err) {
    struct name_map bigger = {.size = map->size ? 2 * map->size : 256, .used = map->used};
    bigger.slots = mem_alloc(bigger.size, sizeof *bigger.slots);
    if (!bigger.slots) {
        return error_memory(err, bigger.size * sizeof *bigger.slots);
    }
    memset(bigger.slots, 0xff, bigger.size * sizeof *bigger.slots); /* every slot -1 */
    for (size_t i = 0; i < map->size; i++) {
        if (map->slots[i] >= 0) {
            bigger.slots[slot_of(&bigger, g, g->values[map->slots[i]].name)] = map->slots[i];
        }
    }
    mem_free(map->slots);
    *map = bigger;
    return LK_OK;
}

lk_status name_map_add(struct name_map *map, const struct graph *g, int32_t value, lk_error *err) {
    if (2 * (map->used + 1) > map->size) {
        lk_status status = grow(map, g, err);
        if (status != LK_OK) {
            return status;
        }
    }
    map->slots[slot_of(map, g, g->values[value].name)] = value;
    map->used++;
    return LK_OK;
}
