/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/light.h"

#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "simulate/portable_math.h"

lk_status light_resize(struct light *l, int32_t width, int32_t height, lk_error *err) {
    size_t count = (size_t)width * (size_t)height;
    if (count > l->capacity) {
        mem_free(l->data);
        l->data = mem_alloc_aligned(count, sizeof *l->data);
        l->capacity = l->data ? count : 0;
        if (!l->data) {
            return error_memory(err, count * sizeof *l->data);
        }
    }
    l->width = width;
    l->height = height;
    return LK_OK;
}

void light_release(struct light *l) {
    mem_free(l->data);
    *l = (struct light){0};
}

double light_of_level(double level) {
    double v = level / 255;
    return v <= 0.04045 ? v / 12.92 : portable_pow((v + 0.055) / 1.055, 2.4);
}

double level_of_light(double light) {
    return 255 *
           (light <= 0.0031308 ? 12.92 * light : 1.055 * portable_pow(light, 1 / 2.4) - 0.055);
}

static inline light4 light_of(const uint8_t *pixel, const float to_light[256]) {
    return (light4){to_light[pixel[0]], to_light[pixel[1]], to_light[pixel[2]], 0};
}

static void row_to_light(light4 *to, const uint8_t *from, int32_t width,
                         const float to_light[256]) {
    for (int32_t x = 0; x < width; x++, from += 3) {
        to[x] = light_of(from, to_light);
    }
}

static void add_row(light4 *to, const uint8_t *from, int32_t width, const float to_light[256]) {
    for (int32_t x = 0; x < width; x++, from += 3) {
        to[x] += light_of(from, to_light);
    }
}

/* A row across the line between two rows of the output: a share belongs to the one above. */
static void split_row(light4 *above, light4 *below, const uint8_t *from, int32_t width,
                      const float to_light[256], float share) {
    const light4 first = light_all(share), second = light_all(1 - share);
    for (int32_t x = 0; x < width; x++, from += 3) {
        light4 v = light_of(from, to_light);
        above[x] += v * first;
        below[x] = v * second;
    }
}

/* to = the means of spans of row, times scale. */
static void shrink_row(light4 *to, int32_t count, const light4 *row, int32_t width, float scale) {
    float step = (float)width / (float)count;
    for (int32_t i = 0; i < count; i++) {
        float from = (float)i * step, end = MIN((float)(i + 1) * step, (float)width);
        int32_t first = (int32_t)from, last = MIN((int32_t)end, width - 1);
        light4 sum = row[first] * light_all((float)(first + 1) - from);
        for (int32_t x = first + 1; x < last; x++) {
            sum += row[x];
        }
        if (last > first) {
            sum += row[last] * light_all(end - (float)last);
        }
        to[i] = sum * light_all(scale / step);
    }
}

void light_shrink(struct light *out, const lk_image *picture, const float to_light[256],
                  light4 *rows) {
    const int32_t width = picture->width;
    if (out->width == width && out->height == picture->height) {
        for (int32_t y = 0; y < out->height; y++) {
            row_to_light(light_row(out, y), image_row(picture, y), width, to_light);
        }
        return;
    }
    light4 *sum = rows, *next = rows + width;
    float step = (float)picture->height / (float)out->height;
    row_to_light(sum, image_row(picture, 0), width, to_light); /* step is 1 or more */
    for (int32_t at = 0, y = 1; at < out->height; at++) {
        float line = (float)(at + 1) * step;
        while (y < picture->height && (float)(y + 1) <= line) {
            add_row(sum, image_row(picture, y++), width, to_light);
        }
        if (y < picture->height) {
            float share = MAX(line - (float)y, 0);
            split_row(sum, next, image_row(picture, y++), width, to_light, share);
        }
        shrink_row(light_row(out, at), out->width, sum, width, 1 / step);
        light4 *done = sum;
        sum = next;
        next = done;
    }
}

void light_halve(struct light *out, const struct light *from) {
    for (int32_t y = 0; y < out->height; y++) {
        const light4 *a = light_row(from, 2 * y), *b = light_row(from, 2 * y + 1);
        light4 *to = light_row(out, y);
        for (int32_t x = 0; x < out->width; x++) {
            to[x] = (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]) * light_all(0.25f);
        }
    }
}
