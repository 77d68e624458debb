/* SPDX-License-Identifier: Apache-2.0 */
#include "simulate/scratch.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

lk_status store_resize(struct store *p, size_t bytes, lk_error *err) {
    if (bytes > p->capacity) {
        mem_free(p->data);
        p->data = mem_alloc_aligned(bytes, 1);
        p->capacity = p->data ? bytes : 0;
        if (!p->data) {
            return error_memory(err, bytes);
        }
    }
    return LK_OK;
}

/* Noise of counted photons has the variance of their number; the read noise is as if this much light fell on a black pixel. */
static const double read_light = 0.002;

static void fill_tables(struct lk_view_scratch *s) {
    for (int32_t i = 0; i < 256; i++) {
        s->to_light[i] = (float)light_of_level(i);
    }
    for (int32_t i = 0; i < LIGHTS; i++) {
        s->to_level[i] = (float)level_of_light((double)i / (LIGHTS - 1));
    }
    for (int32_t i = 0; i < NOISES; i++) {
        int32_t low = MAX(4 * i - 1, 0), high = MIN(4 * i + 4, LIGHTS - 1);
        double slope = (double)(s->to_level[high] - s->to_level[low]) * (LIGHTS - 1) / (high - low);
        s->noise_at[i] = (float)(slope * sqrt((4 * i + 1.5) / (LIGHTS - 1) + read_light));
    }
    struct rng r;
    rng_init(&r, 1);
    for (int32_t i = 0; i < NORMALS; i++) {
        double sum = -6;
        for (int32_t k = 0; k < 12; k++) { /* twelve uniform numbers: variance 1, no logarithm */
            sum += rng_unit(&r);
        }
        s->normals[i] = (float)sum;
    }
}

lk_status scratch_init(struct lk_view_scratch *s, bool with_grounds, lk_error *err) {
    lk_status status = LK_OK;
    *s = (struct lk_view_scratch){0};
    fill_tables(s);
    for (int32_t i = 0; i < GROUND_KINDS && with_grounds && status == LK_OK; i++) {
        status = ground_draw(&s->grounds[i], i, (uint64_t)i + 1, TILE_SIDE, err);
    }
    return status;
}

void scratch_release(struct lk_view_scratch *s) {
    struct light *lights[] = {&s->picture, &s->rows, &s->seen, &s->spare, &s->padded, &s->grid};
    for (size_t i = 0; i < ARRAY_COUNT(lights); i++) {
        light_release(lights[i]);
    }
    for (int32_t i = 0; i < GROUND_KINDS; i++) {
        ground_release(&s->grounds[i]);
    }
    ground_release(&s->own);
    mem_free(s->small.data);
    mem_free(s->planes.data);
}

lk_status lk_view_scratch_new(lk_view_scratch **out, lk_error *err) {
    *out = mem_alloc(1, sizeof **out);
    if (!*out) {
        return error_memory(err, sizeof **out);
    }
    lk_status status = scratch_init(*out, true, err);
    if (status != LK_OK) {
        lk_view_scratch_free(*out);
        *out = NULL;
    }
    return status;
}

void lk_view_scratch_free(lk_view_scratch *scratch) {
    if (scratch) {
        scratch_release(scratch);
        mem_free(scratch);
    }
}
