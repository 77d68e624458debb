/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/area.h"

#include <stdio.h>

#include "base/mem.h"

static bool read_all(struct area_list *out, const struct text_list *texts, lk_area_kind kind,
                     int32_t width, int32_t height, char *message, size_t size) {
    for (size_t i = 0; i < texts->count; i++) {
        if (lk_area_read(&out->polygons[out->count], texts->items[i], kind, width, height, NULL) !=
            LK_OK) {
            snprintf(message, size,
                     kind == LK_AREA_RECTANGLE
                         ? "--ignore takes X,Y,W,H in pixels or %%, not %s"
                         : "--ignore-poly takes three or more x,y with spaces between, not %s",
                     texts->items[i]);
            return false;
        }
        out->count++;
    }
    return true;
}

bool areas_parse(struct area_list *out, const struct text_list *rectangles,
                 const struct text_list *polygons, int32_t width, int32_t height, char *message,
                 size_t size) {
    out->polygons = mem_calloc(rectangles->count + polygons->count + 1, sizeof *out->polygons);
    return out->polygons &&
           read_all(out, rectangles, LK_AREA_RECTANGLE, width, height, message, size) &&
           read_all(out, polygons, LK_AREA_POLYGON, width, height, message, size);
}

bool areas_fit(const struct area_list *areas, int32_t width, int32_t height, char *message,
               size_t size) {
    lk_error err = {0};
    bool fit = lk_areas_check(areas->polygons, areas->count, width, height, &err) == LK_OK;
    if (!fit) {
        snprintf(message, size, "%s", err.text);
    }
    return fit;
}

void areas_release(struct area_list *areas) {
    for (size_t i = 0; i < areas->count; i++) {
        lk_polygon_release(&areas->polygons[i]);
    }
    mem_free(areas->polygons);
    *areas = (struct area_list){0};
}
