/* SPDX-License-Identifier: Apache-2.0 */
#include "image/polygon.h"

#include "base/compiler.h"

static bool inside(const lk_polygon *p, double x, double y) {
    bool in = false;
    for (int32_t i = 0, j = p->count - 1; i < p->count; j = i++) {
        double xi = p->xy[2 * i], yi = p->xy[2 * i + 1], xj = p->xy[2 * j], yj = p->xy[2 * j + 1];
        if ((yi > y) != (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) {
            in = !in;
        }
    }
    return in;
}

void polygon_clear(lk_image *mask, const lk_polygon *polygon) {
    double top = mask->height, bottom = 0;
    for (int32_t i = 0; i < polygon->count; i++) {
        double y = polygon->xy[2 * i + 1];
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
    }
    for (int32_t y = 0; y < mask->height; y++) {
        if (y + 0.5 < top || y + 0.5 > bottom) {
            continue;
        }
        for (int32_t x = 0; x < mask->width; x++) {
            if (inside(polygon, x + 0.5, y + 0.5)) {
                image_row(mask, y)[x] = 0;
            }
        }
    }
}
