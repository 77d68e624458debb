/* SPDX-License-Identifier: Apache-2.0 */
/* Changes painted into a picture before it is photographed, so that a test knows where the truth lies. */
#ifndef LK_EDIT_H
#define LK_EDIT_H

#include <likeness/image.h>

enum camera_edit_kind {
    EDIT_REMOVE, /* painted over with the colour around it: something is missing */
    EDIT_STAMP,  /* a filled ellipse in a contrasting colour */
    EDIT_TEXT,   /* strokes as of two lines of print, dark on light or light on dark */
    EDIT_COLOUR, /* the channels change places: another hue, the same drawing */
    EDIT_KINDS
};
const char *camera_edit_name(enum camera_edit_kind kind);

struct camera_edit {
    int32_t x, y, width, height; /* inside the picture */
    enum camera_edit_kind kind;
    uint64_t seed;
};
/* Paints edit into picture (RGB 8 bits). */
void camera_edit_paint(lk_image *picture, const struct camera_edit *edit);

#endif
