/* SPDX-License-Identifier: Apache-2.0 */
#include "image/draw.h"

#include <math.h>
#include <string.h>

#include "base/compiler.h"

static void put(lk_image *image, int32_t x, int32_t y, struct colour c, double opacity) {
    if (x < 0 || y < 0 || x >= image->width || y >= image->height) {
        return;
    }
    uint8_t *p = image_row(image, y) + 3 * (size_t)x;
    const uint8_t to[3] = {c.r, c.g, c.b};
    for (int i = 0; i < 3; i++) {
        p[i] = (uint8_t)(p[i] + (to[i] - p[i]) * opacity + 0.5);
    }
}

void draw_box(lk_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
              struct colour c) {
    for (int32_t j = MAX(y, 0); j < MIN(y + height, image->height); j++) {
        for (int32_t i = MAX(x, 0); i < MIN(x + width, image->width); i++) {
            put(image, i, j, c, 1);
        }
    }
}

void draw_frame(lk_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
                int32_t thickness, struct colour c) {
    draw_box(image, x, y, width, thickness, c);
    draw_box(image, x, y + height - thickness, width, thickness, c);
    draw_box(image, x, y, thickness, height, c);
    draw_box(image, x + width - thickness, y, thickness, height, c);
}

/* Share of a pixel at `distance` from a centre that lies within `half` of it. */
static double cover(double half, double distance) {
    return fmin(fmax(half + 0.5 - distance, 0), 1);
}

/* Walks along the longer axis. Each step covers thickness / cos(slope) pixels across it, the outer two in part: their sum is exact,
 * so a line looks equally heavy at every slope. */
void draw_line(lk_image *image, const double from[2], const double to[2], double thickness,
               struct colour c, double opacity) {
    int along = fabs(to[1] - from[1]) > fabs(to[0] - from[0]), across = 1 - along;
    const double *a = from[along] <= to[along] ? from : to, *b = a == from ? to : from;
    double length = b[along] - a[along], slope = length > 0 ? (b[across] - a[across]) / length : 0;
    double cosine = 1 / sqrt(1 + slope * slope), half = thickness / 2 / cosine, reach = half + 0.5;
    int32_t limit = along ? image->height : image->width;
    int32_t first = (int32_t)fmax(ceil(a[along]), 0), last = (int32_t)fmin(b[along], limit - 1);
    for (int32_t i = first; i <= last; i++) {
        double middle = a[across] + slope * (i - a[along]);
        for (int32_t j = (int32_t)ceil(middle - reach); j <= (int32_t)floor(middle + reach); j++) {
            put(image, along ? j : i, along ? i : j, c, cover(half, fabs(j - middle)) * opacity);
        }
    }
}

void draw_disc(lk_image *image, double x, double y, double radius, struct colour c) {
    for (int32_t j = (int32_t)floor(y - radius); j <= (int32_t)ceil(y + radius); j++) {
        for (int32_t i = (int32_t)floor(x - radius); i <= (int32_t)ceil(x + radius); i++) {
            put(image, i, j, c, cover(radius, hypot(i - x, j - y)));
        }
    }
}

void draw_image(lk_image *image, int32_t x, int32_t y, const lk_image *from) {
    for (int32_t j = 0; j < from->height; j++) {
        int32_t first = MAX(0, -x), last = MIN(from->width, image->width - x);
        if (y + j >= 0 && y + j < image->height && first < last) {
            memcpy(image_row(image, y + j) + 3 * (size_t)(x + first),
                   image_row(from, j) + 3 * (size_t)first, 3 * (size_t)(last - first));
        }
    }
}

struct colour draw_viridis(double v) {
    static const double c[7][3] = {
        {0.2777273272234177, 0.005407344544966578, 0.3340998053353061},
        {0.1050930431085774, 1.404613529898575, 1.384590162594685},
        {-0.3308618287255563, 0.214847559468213, 0.09509516302823659},
        {-4.634230498983486, -5.799100973351585, -19.33244095627987},
        {6.228269936347081, 14.17993336680509, 56.69055260068105},
        {4.776384997670288, -13.74514537774601, -65.35303263337234},
        {-5.435455855934631, 4.645852612178535, 26.3124352495832},
    };
    uint8_t rgb[3];
    v = fmin(fmax(v, 0), 1);
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int k = 6; k >= 0; k--) {
            sum = sum * v + c[k][i];
        }
        rgb[i] = (uint8_t)lround(fmin(fmax(sum, 0), 1) * 255);
    }
    return (struct colour){rgb[0], rgb[1], rgb[2]};
}
