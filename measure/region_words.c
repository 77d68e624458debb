/* SPDX-License-Identifier: Apache-2.0 */
/* Regions in words. */
#include <likeness/measure.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lk_region_kind_name(lk_region_kind kind) {
    static const char *const names[] = {"changed", "missing", "added", "moved", "colour"};
    return names[kind];
}

const char *lk_region_words(char *out, size_t size, const lk_region *region) {
    char across[32] = "", down[32] = "";
    int32_t x = region->moved_by[0], y = region->moved_by[1];
    if (region->kind != LK_REGION_MOVED) {
        snprintf(out, size, "%s", lk_region_kind_name(region->kind));
        return out;
    }
    if (x) {
        snprintf(across, sizeof across, " %d px %s", abs(x), x > 0 ? "right" : "left");
    }
    if (y) {
        snprintf(down, sizeof down, " %d px %s", abs(y), y > 0 ? "down" : "up");
    }
    snprintf(out, size, "moved%s%s%s", across, x && y ? " and" : "", down);
    return out;
}

const char *lk_moves_words(char *out, size_t size, const lk_region *regions, size_t count) {
    const lk_region *first = NULL;
    size_t moved = 0;
    char way[80];
    *out = '\0';
    for (size_t i = 0; i < count; i++) {
        const lk_region *r = &regions[i];
        if (r->kind == LK_REGION_MOVED) {
            first = first ? first : r;
            moved++;
            if (memcmp(first->moved_by, r->moved_by, sizeof r->moved_by) != 0) {
                return out; /* not all the same way */
            }
        }
    }
    if (first) {
        snprintf(out, size, "%zu region%s %s%s", moved, moved == 1 ? "" : "s",
                 lk_region_words(way, sizeof way, first), moved == count ? ", then identical" : "");
    }
    return out;
}
