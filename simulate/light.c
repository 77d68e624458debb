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

static void row_to_light(light4 *to, const uint8_t *from, int32_t width,
                         const float to_light[256]) {
    for (int32_t x = 0; x < width; x++, from += 3) {
        to[x] = (light4){to_light[from[0]], to_light[from[1]], to_light[from[2]], 0};
    }
}

/* to += share * the means of spans of row; a span is `step` pixels long. */
static void add_row(light4 *to, int32_t count, const light4 *row, int32_t width, float share) {
    float step = (float)width / (float)count, scale = share / step;
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
        to[i] += sum * light_all(scale);
    }
}

void light_shrink(struct light *out, const lk_image *picture, const float to_light[256],
                  light4 *row) {
    if (out->width == picture->width && out->height == picture->height) {
        for (int32_t y = 0; y < out->height; y++) {
            row_to_light(light_row(out, y), image_row(picture, y), out->width, to_light);
        }
        return;
    }
    float step = (float)picture->height / (float)out->height;
    for (size_t i = 0; i < (size_t)out->width * (size_t)out->height; i++) {
        out->data[i] = light_all(0);
    }
    for (int32_t y = 0; y < picture->height; y++) {
        row_to_light(row, image_row(picture, y), picture->width, to_light);
        /* A row lies in one row of out, or across the line between two. */
        int32_t at = MIN((int32_t)((float)y / step), out->height - 1);
        float line = (float)(at + 1) * step, above = MIN(line - (float)y, 1);
        add_row(light_row(out, at), out->width, row, picture->width, above / step);
        if (above < 1 && at + 1 < out->height) {
            add_row(light_row(out, at + 1), out->width, row, picture->width, (1 - above) / step);
        }
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
