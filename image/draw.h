/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing on 8-bit RGB pictures: what evidence needs. Coordinates outside are clipped. */
#ifndef LK_DRAW_H
#define LK_DRAW_H

#include "image/image.h"

struct colour {
    uint8_t r, g, b;
};

/* A frame of `thickness` pixels around the inside of the rectangle. */
void draw_frame(lk_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
                int32_t thickness, struct colour c);
void draw_box(lk_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
              struct colour c);
/* An anti-aliased line `thickness` pixels wide, mixed in with `opacity` 0..1. */
void draw_line(lk_image *image, const double from[2], const double to[2], double thickness,
               struct colour c, double opacity);
void draw_disc(lk_image *image, double x, double y, double radius, struct colour c);
/* Decimal digits of number, `scale` pixels a dot of the 5 x 7 font, top left at (x, y); returns the width drawn. */
int32_t draw_number(lk_image *image, int32_t x, int32_t y, int32_t scale, int32_t number,
                    struct colour c);
/* The same for text: figures, capital letters (small ones become capital), blanks and . , - + % / : @ ( ) =; a box for the
 * rest. A line is 7 x scale high, a letter 6 x scale wide. */
int32_t draw_text(lk_image *image, int32_t x, int32_t y, int32_t scale, const char *text,
                  struct colour c);
/* Copies all of from with its top left at (x, y). */
void draw_image(lk_image *image, int32_t x, int32_t y, const lk_image *from);

/* The viridis colour of v in 0..1: a polynomial of degree 6 fitted to matplotlib's table (CC0). */
struct colour draw_viridis(double v);

#endif
