/* SPDX-License-Identifier: Apache-2.0 */
/* What a baseline JPEG leaves of a picture: YCbCr (BT.601, as JFIF has it), chroma halved, 8 x 8 blocks through the cosine
 * transform, each coefficient rounded to a multiple of its step, and back. Steps: the tables of ITU-T T.81 annex K, scaled for
 * a quality q of 1..100 as the Independent JPEG Group does: 5000 / q percent below 50, 200 - 2 q percent from there.
 *
 * Chroma comes back by repeating, where most decoders mix; levels are not rounded between the steps. */
#include <math.h>

#include "simulate/lighting.h"
#include "simulate/portable_math.h"

static const uint8_t luma_steps[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const uint8_t chroma_steps[64] = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

typedef float row8 __attribute__((vector_size(32)));

struct block {
    row8 rows[8];
};

/* cosines of the transform's even rows (half of them: the rest are mirrored) and odd rows */
struct transform {
    float even[4][4], odd[4][4];
    struct block steps, inverse;
};

static void transform_init(struct transform *t) {
    for (int32_t k = 0; k < 8; k++) {
        for (int32_t n = 0; n < 4; n++) {
            double sine, cosine, scale = k == 0 ? sqrt(1 / 8.0) : 0.5;
            portable_sin_cos(&sine, &cosine, (2 * n + 1) * k * 180.0 / 16);
            float *to = k % 2 == 0 ? t->even[k / 2] : t->odd[k / 2];
            to[n] = (float)(scale * cosine);
        }
    }
}

/* Steps lie turned, since blocks are quantised between two transforms that turn them. */
static void set_steps(struct transform *t, const uint8_t steps[64], int32_t quality) {
    int32_t percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int32_t y = 0; y < 8; y++) {
        for (int32_t x = 0; x < 8; x++) {
            int32_t step = MIN(MAX((steps[8 * x + y] * percent + 50) / 100, 1), 255);
            t->steps.rows[y][x] = (float)step;
            t->inverse.rows[y][x] = 1 / (float)step;
        }
    }
}

/* Each column of b transformed. */
static void forward(struct block *b, const struct transform *t) {
    row8 sum[4], difference[4];
    for (int32_t n = 0; n < 4; n++) {
        sum[n] = b->rows[n] + b->rows[7 - n];
        difference[n] = b->rows[n] - b->rows[7 - n];
    }
    for (int32_t k = 0; k < 4; k++) {
        const float *e = t->even[k], *o = t->odd[k];
        b->rows[2 * k] = (sum[0] * e[0] + sum[1] * e[1]) + (sum[2] * e[2] + sum[3] * e[3]);
        b->rows[2 * k + 1] = (difference[0] * o[0] + difference[1] * o[1]) +
                             (difference[2] * o[2] + difference[3] * o[3]);
    }
}

static void backward(struct block *b, const struct transform *t) {
    row8 even[4], odd[4];
    for (int32_t n = 0; n < 4; n++) {
        even[n] = (b->rows[0] * t->even[0][n] + b->rows[2] * t->even[1][n]) +
                  (b->rows[4] * t->even[2][n] + b->rows[6] * t->even[3][n]);
        odd[n] = (b->rows[1] * t->odd[0][n] + b->rows[3] * t->odd[1][n]) +
                 (b->rows[5] * t->odd[2][n] + b->rows[7] * t->odd[3][n]);
    }
    for (int32_t n = 0; n < 4; n++) {
        b->rows[n] = even[n] + odd[n];
        b->rows[7 - n] = even[n] - odd[n];
    }
}

static void turn(struct block *b) {
    struct block from = *b;
    for (int32_t y = 0; y < 8; y++) {
        b->rows[y] = (row8){from.rows[0][y], from.rows[1][y], from.rows[2][y], from.rows[3][y],
                            from.rows[4][y], from.rows[5][y], from.rows[6][y], from.rows[7][y]};
    }
}

static void quantise(struct block *b, const struct transform *t) {
    const float whole = 12582912.0f; /* 1.5 * 2^23: adding and taking it away rounds */
    for (int32_t y = 0; y < 8; y++) {
        row8 count = (b->rows[y] * t->inverse.rows[y] + whole) - whole;
        b->rows[y] = count * t->steps.rows[y];
    }
}

struct plane_of {
    float *data;
    int32_t width, height; /* multiples of 8 */
};

static void quantise_plane(const struct plane_of *p, const struct transform *t) {
    for (int32_t y = 0; y < p->height; y += 8) {
        for (int32_t x = 0; x < p->width; x += 8) {
            struct block b;
            float *at = p->data + (size_t)y * (size_t)p->width + x;
            for (int32_t i = 0; i < 8; i++) {
                __builtin_memcpy(&b.rows[i], at + (size_t)i * (size_t)p->width, sizeof b.rows[i]);
            }
            forward(&b, t);
            turn(&b);
            forward(&b, t);
            quantise(&b, t);
            backward(&b, t);
            turn(&b);
            backward(&b, t);
            for (int32_t i = 0; i < 8; i++) {
                __builtin_memcpy(at + (size_t)i * (size_t)p->width, &b.rows[i], sizeof b.rows[i]);
            }
        }
    }
}

/* A colour of four pixels from x on, the last of the row repeated. */
static inline light4 four_of(const uint8_t *row, int32_t x, int32_t width) {
    whole4 v;
    if (x + 4 <= width) {
        row += 3 * x;
        v = (whole4){row[0], row[3], row[6], row[9]};
    } else {
        int32_t last = width - 1;
        v = (whole4){row[3 * MIN(x, last)], row[3 * MIN(x + 1, last)], row[3 * MIN(x + 2, last)],
                     row[3 * last]};
    }
    return __builtin_convertvector(v, light4);
}

/* Two rows of pixels to two of luma (128 lower) and one of each chroma, the last pixels repeated to the planes' ends. */
static void split_rows(const struct plane_of p[3], const uint8_t *rgb, int32_t width,
                       int32_t height, int32_t y) {
    float *cb = p[1].data + (size_t)(y / 2) * (size_t)p[1].width;
    float *cr = p[2].data + (size_t)(y / 2) * (size_t)p[2].width;
    for (int32_t x = 0; x < p[0].width; x += 4) {
        light4 red = light_all(0), green = red, blue = red;
        for (int32_t i = 0; i < 2; i++) {
            const uint8_t *row = rgb + 3 * (size_t)MIN(y + i, height - 1) * (size_t)width;
            light4 r = four_of(row, x, width), g = four_of(row + 1, x, width),
                   b = four_of(row + 2, x, width);
            light4 luma = r * 0.299f + g * 0.587f + b * 0.114f - 128;
            __builtin_memcpy(p[0].data + (size_t)(y + i) * (size_t)p[0].width + x, &luma,
                             sizeof luma);
            red += r;
            green += g;
            blue += b;
        }
        light4 b = blue * 0.5f - red * 0.168736f - green * 0.331264f;
        light4 r = red * 0.5f - green * 0.418688f - blue * 0.081312f;
        cb[x / 2] = (b[0] + b[1]) * 0.25f;
        cb[x / 2 + 1] = (b[2] + b[3]) * 0.25f;
        cr[x / 2] = (r[0] + r[1]) * 0.25f;
        cr[x / 2 + 1] = (r[2] + r[3]) * 0.25f;
    }
}

static void join_row(uint8_t *rgb, const struct plane_of p[3], int32_t width, int32_t y) {
    const float *luma = p[0].data + (size_t)y * (size_t)p[0].width;
    const float *cb = p[1].data + (size_t)(y / 2) * (size_t)p[1].width;
    const float *cr = p[2].data + (size_t)(y / 2) * (size_t)p[2].width;
    for (int32_t x = 0; x < width; x += 4, cb += 2, cr += 2) {
        light4 l, b = {cb[0], cb[0], cb[1], cb[1]}, r = {cr[0], cr[0], cr[1], cr[1]};
        __builtin_memcpy(&l, luma + x, sizeof l);
        l += 128.5f; /* for rounding */
        whole4 red = light_whole(light_clamp(l + 1.402f * r, 0, 255));
        whole4 green = light_whole(light_clamp(l - 0.344136f * b - 0.714136f * r, 0, 255));
        whole4 blue = light_whole(light_clamp(l + 1.772f * b, 0, 255));
        for (int32_t i = 0; i < 4 && x + i < width; i++) {
            *rgb++ = (uint8_t)red[i];
            *rgb++ = (uint8_t)green[i];
            *rgb++ = (uint8_t)blue[i];
        }
    }
}

lk_status jpeg_quantise(uint8_t *rgb, int32_t width, int32_t height, int32_t quality,
                        struct store *planes, lk_error *err) {
    int32_t wide = (width + 15) / 16 * 16, tall = (height + 15) / 16 * 16;
    size_t count = (size_t)wide * (size_t)tall;
    lk_status status = store_resize(planes, count / 2 * 3 * sizeof(float), err);
    if (status != LK_OK) {
        return status;
    }
    float *data = planes->data;
    const struct plane_of p[3] = {{data, wide, tall},
                                  {data + count, wide / 2, tall / 2},
                                  {data + count / 4 * 5, wide / 2, tall / 2}};
    struct transform t;
    transform_init(&t);
    for (int32_t y = 0; y < tall; y += 2) {
        split_rows(p, rgb, width, height, y);
    }
    set_steps(&t, luma_steps, quality);
    quantise_plane(&p[0], &t);
    set_steps(&t, chroma_steps, quality);
    quantise_plane(&p[1], &t);
    quantise_plane(&p[2], &t);
    for (int32_t y = 0; y < height; y++) {
        join_row(rgb + 3 * (size_t)y * (size_t)width, p, width, y);
    }
    return LK_OK;
}
