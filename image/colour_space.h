/* SPDX-License-Identifier: Apache-2.0 */
/* Colour spaces of 8-bit sRGB pixels. */
#ifndef LK_COLOUR_SPACE_H
#define LK_COLOUR_SPACE_H

#include <stdint.h>

/* What an sRGB level 0..255 is in linear light, 0..1 (IEC 61966-2-1). */
void colour_linear_table(float table[256]);

/* CIELAB (CIE 15: white D65, 2 degrees) of n sRGB pixels of 3 bytes: L 0..100, a and b about -110..110. */
void colour_lab_row(float *lightness, float *a, float *b, const uint8_t *rgb,
                    const float table[256], int32_t n);

#endif
