/* SPDX-License-Identifier: Apache-2.0 */
/* Areas drawn into masks. */
#ifndef LK_POLYGON_H
#define LK_POLYGON_H

#include "image/image.h"

/* Clears the pixels of mask (gray, 8 bits) whose centre lies inside the polygon (even-odd rule). */
void polygon_clear(lk_image *mask, const lk_polygon *polygon);

#endif
