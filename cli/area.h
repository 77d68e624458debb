/* SPDX-License-Identifier: Apache-2.0 */
/* Areas as people write them: X,Y,W,H and "x,y x,y ...", in pixels or per cent of the picture. */
#ifndef LK_AREA_H
#define LK_AREA_H

#include <likeness/likeness.h>

#include "cli/option.h"

struct area_list {
    size_t count;
    lk_polygon *polygons; /* owned */
};

/* Rectangles and polygons of a width x height picture; false with a message for a text that is no area. */
bool areas_parse(struct area_list *out, const struct text_list *rectangles,
                 const struct text_list *polygons, int32_t width, int32_t height, char *message,
                 size_t size);
/* Whether each area lies on the picture, in part at least, and all of them leave some of it; false with a message that tells the
 * picture's size. */
bool areas_fit(const struct area_list *areas, int32_t width, int32_t height, char *message,
               size_t size);
void areas_release(struct area_list *areas);

#endif
