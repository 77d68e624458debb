/* SPDX-License-Identifier: Apache-2.0 */
/* flip: the error seen when flipping between the pictures (flip_map.c).
 *
 * value = mean of the map, score = 1 - value. The weighted median and quartiles are those of the authors' program: the least
 * error at which the sum of all errors up to it exceeds that share of the whole sum, so that large areas without an error do not
 * hide a small one. picture = the map in magma. Oracle: tests/oracle/flip. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/palette.h"
#include "measure/flip_map.h"
#include "measure/measure.h"

/* Bits of a float 0..1 fall into this many classes by their upper half; their order is that of the values. */
enum { CLASSES = 0x3f80 + 1, SHARES = 3 };

static const double shares[SHARES] = {0.25, 0.5, 0.75};

struct pooling {
    double sum, least, most;
    double sums[CLASSES]; /* of the values of a class */
};

static uint32_t bits_of(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* Sums in a fixed order: values of a class as they come, classes upward. */
static void pool_values(struct pooling *p, const struct plane *map) {
    size_t pixels = (size_t)map->width * (size_t)map->height;
    p->least = p->most = (double)map->data[0];
    for (size_t i = 0; i < pixels; i++) {
        double v = map->data[i];
        p->sums[bits_of(map->data[i]) >> 16] += v;
        p->least = fmin(p->least, v);
        p->most = fmax(p->most, v);
    }
    for (int i = 0; i < CLASSES; i++) {
        p->sum += p->sums[i];
    }
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The least value of the class at which the sum, `before` below it, exceeds target. */
static lk_status value_in_class(double *out, const struct plane *map, uint32_t class, double before,
                                double target, lk_error *err) {
    size_t pixels = (size_t)map->width * (size_t)map->height, n = 0, k = 0;
    for (size_t i = 0; i < pixels; i++) {
        n += bits_of(map->data[i]) >> 16 == class;
    }
    float *values = mem_alloc(n, sizeof *values);
    if (!values) {
        return error_memory(err, n * sizeof *values);
    }
    for (size_t i = 0; i < pixels; i++) {
        if (bits_of(map->data[i]) >> 16 == class) {
            values[k++] = map->data[i];
        }
    }
    qsort(values, n, sizeof *values, by_value);
    for (k = 0; k + 1 < n && before + (double)values[k] <= target; k++) {
        before += (double)values[k];
    }
    *out = values[k];
    mem_free(values);
    return LK_OK;
}

static lk_status weighted_percentile(double *out, const struct pooling *p, const struct plane *map,
                                     double share, lk_error *err) {
    double before = 0, target = share * p->sum;
    uint32_t class = 0;
    *out = 0;
    if (p->sum == 0) {
        return LK_OK;
    }
    while (class < CLASSES - 1 && before + p->sums[class] <= target) {
        before += p->sums[class ++];
    }
    return value_in_class(out, map, class, before, target, err);
}

static lk_status report_pooling(lk_measure_result *out, const struct plane *map, lk_error *err) {
    struct pooling *p = mem_calloc(1, sizeof *p);
    double values[SHARES] = {0};
    lk_status status = p ? LK_OK : error_memory(err, sizeof *p);
    if (status == LK_OK) {
        pool_values(p, map);
    }
    for (int i = 0; status == LK_OK && i < SHARES; i++) {
        status = weighted_percentile(&values[i], p, map, shares[i], err);
    }
    if (status == LK_OK) {
        out->value = p->sum / ((double)map->width * map->height);
        out->score = fmin(fmax(1 - out->value, 0), 1);
        measure_detail_number(out, "mean", out->value);
        measure_detail_number(out, "weighted_median", values[1]);
        measure_detail_number(out, "weighted_quartile_1", values[0]);
        measure_detail_number(out, "weighted_quartile_3", values[2]);
        measure_detail_number(out, "min", p->least);
        measure_detail_number(out, "max", p->most);
    }
    mem_free(p);
    return status;
}

static lk_status flip_run(lk_measure_result *out, const struct measure_input *in, lk_error *err) {
    const lk_image *a, *b;
    struct plane map = {0};
    double ppd = in->options->flip_ppd;
    if (!(ppd >= FLIP_PPD_LEAST && ppd <= FLIP_PPD_MOST)) {
        return error_set(err, LK_E_USAGE, "flip needs %d to %d pixels a degree, got %g",
                         FLIP_PPD_LEAST, FLIP_PPD_MOST, ppd);
    }
    lk_status status = view_rgb(&a, in->a, err);
    status = status == LK_OK ? view_rgb(&b, in->b, err) : status;
    status = status == LK_OK ? flip_map(&map, in->engine, a, b, ppd, err) : status;
    status = status == LK_OK ? report_pooling(out, &map, err) : status;
    if (status == LK_OK && in->options->want_maps) {
        status = palette_picture(&out->picture, &map, err);
        out->map = (lk_map){.width = map.width, .height = map.height, .data = map.data};
        map.data = NULL;
    }
    if (status == LK_OK) {
        measure_detail_number(out, "pixels_per_degree", ppd);
    }
    plane_release(&map);
    return status;
}

const struct measure measure_flip = {
    .info = {.name = "flip",
             .version = 1,
             .title = "FLIP",
             .summary = "The mean error a person sees who flips between the two pictures.",
             .unit = "",
             .aspect = LK_ASPECT_OVERALL,
             .picture = "dark is equal, bright is an error that is seen",
             .higher_is_more_alike = false,
             .symmetric = true,
             .is_default = false,
             .best = 0,
             .min = 0,
             .max = 1},
    .run = flip_run,
};
