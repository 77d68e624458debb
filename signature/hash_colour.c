/* SPDX-License-Identifier: Apache-2.0 */
/* colorhash: how much of the picture is black, gray, and of each of six hues, faint and bright. ImageHash's colorhash with
 * binbits 3: 14 numbers v = min(7, int(share * 8)) of 3 bits each. HSV as Pillow computes it.
 *
 *   black   L < 32 (L rounded as Pillow's gray), as a share of all pixels
 *   gray    not black, S < 85, as a share of all pixels
 *   faint   not black, 85 <= S < 170; bright: not black, S > 170 (170 itself is in neither), as shares of the coloured ones,
 *           by hue in bins of 255 / 6, the last bin closed
 *   bits    of v: v / 4 > 0, v / 2 mod 2^2 > 0, v mod 2 > 0, which is the reference's formula and not plain binary
 *
 * Oracle: the same steps with Pillow and numpy (tests/oracle/hash). */
#include <math.h>

#include "signature/signature.h"

enum { HUES = 6, BIN_BITS = 3 };

struct hsv {
    uint8_t h, s, v;
};

/* Pillow's rgb2hsv_row: float arithmetic, results cut off to 0..255. */
static struct hsv to_hsv(uint8_t r, uint8_t g, uint8_t b) {
    uint8_t most = r > g ? (r > b ? r : b) : (g > b ? g : b),
            least = r < g ? (r < b ? r : b) : (g < b ? g : b);
    if (most == least) {
        return (struct hsv){0, 0, most};
    }
    float range = (float)(most - least);
    float s = range / (float)most;
    float rc = (float)(most - r) / range, gc = (float)(most - g) / range,
          bc = (float)(most - b) / range;
    float h;
    if (r == most) {
        h = bc - gc;
    } else if (g == most) {
        h = (float)(2.0 + (double)rc - (double)bc);
    } else {
        h = (float)(4.0 + (double)gc - (double)rc);
    }
    h = (float)fmod((double)h / 6.0 + 1.0, 1.0);
    int hue = (int)((double)h * 255.0), saturation = (int)((double)s * 255.0);
    return (struct hsv){(uint8_t)(hue < 0     ? 0
                                  : hue > 255 ? 255
                                              : hue),
                        (uint8_t)(saturation < 0     ? 0
                                  : saturation > 255 ? 255
                                                     : saturation),
                        most};
}

/* numpy.histogram's bin of h over linspace(0, 255, 7). */
static int hue_bin(uint8_t h) {
    for (int i = 0; i < HUES - 1; i++) {
        if (h < 255.0 * (i + 1) / HUES) {
            return i;
        }
    }
    return HUES - 1;
}

static int32_t level_of(double share) {
    double v = share * (1 << BIN_BITS);
    return v >= (1 << BIN_BITS) - 1 ? (1 << BIN_BITS) - 1 : (int32_t)v;
}

static lk_status colorhash_compute(lk_hash *out, lk_engine *engine, const lk_image *image,
                                   int32_t side, lk_error *err) {
    int64_t black = 0, gray = 0, coloured = 0, faint[HUES] = {0}, bright[HUES] = {0};
    lk_image rgb;
    (void)engine;
    (void)side;
    lk_status status = signature_rgb(&rgb, image, err);
    if (status != LK_OK) {
        return status;
    }
    for (int32_t y = 0; y < rgb.height; y++) {
        const uint8_t *p = image_row(&rgb, y);
        for (int32_t x = 0; x < rgb.width; x++, p += 3) {
            uint32_t light = (19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >> 16;
            struct hsv c = to_hsv(p[0], p[1], p[2]);
            if (light < 32) {
                black++;
            } else if (c.s < 85) {
                gray++;
            } else {
                coloured++;
                faint[hue_bin(c.h)] += c.s < 170;
                bright[hue_bin(c.h)] += c.s > 170;
            }
        }
    }
    double pixels = (double)rgb.width * rgb.height,
           of_coloured = coloured > 0 ? (double)coloured : 1;
    lk_image_release(&rgb);
    int32_t values[2 + 2 * HUES];
    values[0] = level_of((double)black / pixels);
    values[1] = level_of((double)gray / pixels);
    for (int i = 0; i < HUES; i++) {
        values[2 + i] = level_of((double)faint[i] / of_coloured);
        values[2 + HUES + i] = level_of((double)bright[i] / of_coloured);
    }
    out->bits = (2 + 2 * HUES) * BIN_BITS;
    for (int32_t i = 0; i < 2 + 2 * HUES; i++) {
        for (int32_t k = 0; k < BIN_BITS; k++) {
            int32_t shift = BIN_BITS - k - 1;
            if ((values[i] >> shift) % (1 << (BIN_BITS - k)) > 0) {
                signature_set_bit(out, i * BIN_BITS + k);
            }
        }
    }
    return LK_OK;
}

const struct signature signature_colorhash = {
    .info = {.name = "colorhash",
             .synonym = "color",
             .title = "Colour hash",
             .summary = "How much black, gray and each hue there is, wherever it lies.",
             .bits = 42,
             .side = 3,
             .match_bits = 4},
    .compute = colorhash_compute,
};
