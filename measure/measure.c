/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/measure.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* The rows, in the order they are listed and run. */
#define MEASURES(ROW)                                                                              \
    ROW(identity)                                                                                  \
    ROW(pixel)                                                                                     \
    ROW(ssim)                                                                                      \
    ROW(msssim)                                                                                    \
    ROW(histogram)                                                                                 \
    ROW(block)                                                                                     \
    ROW(thumbnail)                                                                                 \
    ROW(orb)                                                                                       \
    ROW(average)                                                                                   \
    ROW(phash)                                                                                     \
    ROW(dhash)                                                                                     \
    ROW(whash)                                                                                     \
    ROW(colorhash)                                                                                 \
    ROW(crop_resistant)                                                                            \
    ROW(pdq)                                                                                       \
    ROW(wavelet)                                                                                   \
    ROW(latent)                                                                                    \
    ROW(category)                                                                                  \
    ROW(edge)                                                                                      \
    ROW(perceptual)                                                                                \
    ROW(flip)                                                                                      \
    ROW(ssimulacra2)                                                                               \
    ROW(motion)                                                                                    \
    ROW(phase)                                                                                     \
    ROW(flow)

#define DECLARE_ROW(name) extern const struct measure measure_##name;
MEASURES(DECLARE_ROW)

#define TABLE_ROW(name) &measure_##name,
static const struct measure *const measure_table[] = {MEASURES(TABLE_ROW)};

size_t lk_measure_count(void) {
    return ARRAY_COUNT(measure_table);
}

const struct measure *measure_at(size_t i) {
    return measure_table[i];
}

const lk_measure_info *lk_measure_at(size_t i) {
    return &measure_table[i]->info;
}

static bool name_fits(const lk_measure_info *info, const char *name) {
    char id[64];
    snprintf(id, sizeof id, "%s@%d", info->name, info->version);
    return strcmp(info->name, name) == 0 || strcmp(id, name) == 0;
}

const struct measure *measure_find(const char *name) {
    for (size_t i = 0; i < ARRAY_COUNT(measure_table); i++) {
        if (name_fits(&measure_table[i]->info, name)) {
            return measure_table[i];
        }
    }
    return NULL;
}

const lk_measure_info *lk_measure_find(const char *name) {
    const struct measure *m = measure_find(name);
    return m ? &m->info : NULL;
}

const char *lk_aspect_name(lk_aspect aspect) {
    static const char *const names[LK_ASPECTS] = {"overall", "colour",  "brightness", "structure",
                                                  "shape",   "details", "motion",     "meaning"};
    return names[aspect];
}

void lk_measure_result_release(lk_measure_result *result) {
    if (result) {
        mem_free(result->map.data);
        lk_image_release(&result->picture);
        *result = (lk_measure_result){0};
    }
}

lk_status measure_run(lk_measure_result *out, const struct measure *m,
                      const struct measure_input *in, lk_error *err) {
    *out = (lk_measure_result){.info = &m->info};
    const lk_image *a = in->a->image, *b = in->b->image;
    if (!m->any_size && !image_same_size(a, b)) {
        return error_set(err, LK_E_SIZE, "%s needs pictures of one size, got %d x %d and %d x %d",
                         m->info.name, a->width, a->height, b->width, b->height);
    }
    if (m->info.needs_model && !in->options->model) {
        return error_set(err, LK_E_USAGE, "%s needs a model", m->info.name);
    }
    lk_status status = m->run(out, in, err);
    if (status == LK_OK && (isnan(out->value) || isnan(out->score))) {
        status = error_set(err, LK_E_USAGE, "%s is not defined for this pair", m->info.name);
    }
    if (status != LK_OK) {
        lk_measure_result_release(out);
    }
    return status;
}

lk_status lk_measure_run(lk_measure_result *out, lk_engine *engine, const char *name,
                         const lk_image *a, const lk_image *b, const lk_measure_options *options,
                         lk_error *err) {
    *out = (lk_measure_result){0};
    const struct measure *m = measure_find(name);
    if (!m) {
        return error_set(err, LK_E_USAGE, "there is no measure called %s", name);
    }
    lk_measure_options defaults = lk_measure_options_default();
    struct view va = {0}, vb = {0};
    lk_status status = view_init(&va, engine, a, err);
    if (status == LK_OK) {
        status = view_init(&vb, engine, b, err);
    }
    if (status == LK_OK) {
        struct measure_input in = {
            .engine = engine, .a = &va, .b = &vb, .options = options ? options : &defaults};
        status = measure_run(out, m, &in, err);
    }
    view_release(&va);
    view_release(&vb);
    return status;
}

static lk_detail *detail_add(lk_measure_result *out, const char *key, lk_detail_kind kind) {
    assert(out->detail_count < LK_DETAILS_MAX);
    lk_detail *d = &out->details[out->detail_count++];
    d->key = key;
    d->kind = kind;
    return d;
}

void measure_detail_number(lk_measure_result *out, const char *key, double value) {
    detail_add(out, key, LK_DETAIL_NUMBER)->number = value;
}

void measure_detail_int(lk_measure_result *out, const char *key, int64_t value) {
    detail_add(out, key, LK_DETAIL_INTEGER)->number = (double)value;
}

void measure_detail_bool(lk_measure_result *out, const char *key, bool value) {
    detail_add(out, key, LK_DETAIL_BOOL)->number = value ? 1 : 0;
}

void measure_detail_text(lk_measure_result *out, const char *key, const char *text) {
    lk_detail *d = detail_add(out, key, LK_DETAIL_TEXT);
    snprintf(d->text, sizeof d->text, "%s", text);
}

void measure_detail_numbers(lk_measure_result *out, const char *key, const double *values,
                            int32_t count) {
    lk_detail *d = detail_add(out, key, LK_DETAIL_NUMBERS);
    d->count = MIN(count, (int32_t)ARRAY_COUNT(d->numbers));
    memcpy(d->numbers, values, (size_t)d->count * sizeof *values);
}
