/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/validate.h"

#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/image.h"
#include "learn/sheet.h"

/* Of a sheet: questions and answers of each; reconstructions. */
enum { SHEET_ROWS = 12, SHEET_NEAREST = 8, SHEET_PICTURES = 24 };

/* The pictures held back as a set of questions. Classes: place i is sample i. Single pictures: places from `count` on are photos
 * of those from 0 on. */
struct asked {
    struct probe e;
    const struct validation *v;
    lk_eval_set set;
    float *vectors; /* a row a place */
};

static void asked_release(struct asked *a) {
    mem_free(a->set.paths); /* the names are the data set's */
    mem_free(a->set.labels);
    mem_free(a->set.photos);
    mem_free(a->set.references);
    mem_free(a->set.pairs);
    mem_free(a->vectors);
    probe_close(&a->e);
}

static lk_status make_set(struct asked *a, lk_error *err) {
    const struct validation *v = a->v;
    size_t n = (size_t)v->at.count, places = v->instances ? 2 * n : n;
    lk_eval_set *set = &a->set;
    *set = (lk_eval_set){.count = (int32_t)places,
                         .is_labelled = !v->instances,
                         .classes = v->d->classes,
                         .paths = mem_calloc(places + 1, sizeof *set->paths),
                         .labels = mem_calloc(n + 1, sizeof *set->labels),
                         .photos = mem_calloc(n + 1, sizeof *set->photos),
                         .references = mem_calloc(n + 1, sizeof *set->references),
                         .pairs = mem_calloc(n + 1, sizeof *set->pairs)};
    a->vectors = mem_alloc(places * (size_t)a->e.dim + 1, sizeof *a->vectors);
    if (!set->paths || !set->labels || !set->photos || !set->references || !set->pairs ||
        !a->vectors) {
        return error_memory(err, places * (size_t)a->e.dim * sizeof *a->vectors);
    }
    for (size_t i = 0; i < n; i++) {
        int32_t place = (int32_t)i, sample = v->at.samples[i];
        set->paths[i] = v->d->paths[sample];
        set->labels[i] = v->d->labels[sample];
        if (v->instances) {
            set->paths[n + i] = v->d->paths[sample];
            set->photos[i] = (int32_t)n + place;
            set->references[i] = place;
            set->pairs[i] = (lk_true_pair){place, place};
        }
    }
    set->photo_count = set->reference_count = set->pair_count = v->instances ? (int32_t)n : 0;
    return LK_OK;
}

/* -- Sheets -- */

static lk_status look_at_photo(lk_image *out, void *arg, int32_t place, lk_error *err) {
    struct asked *a = arg;
    return probe_look(out, NULL, &a->e, place - a->v->at.count, true, err);
}

static lk_status draw_neighbours(lk_image *out, lk_engine *engine, struct asked *a,
                                 const lk_vectors *vectors, lk_error *err) {
    const struct sheet_source photos = {look_at_photo, a};
    return sheet_of_set(out, engine, &a->set, vectors, NULL, SHEET_ROWS, SHEET_NEAREST,
                        a->v->instances ? &photos : NULL, err);
}

static lk_status draw_reconstructions(lk_image *out, lk_engine *engine, struct asked *a,
                                      lk_error *err) {
    lk_image seen[SHEET_PICTURES] = {0}, made[SHEET_PICTURES] = {0};
    int32_t held = a->v->at.count, count = MIN(held, SHEET_PICTURES);
    char title[96];
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        int32_t at = (int32_t)((int64_t)i * held / count);
        status = probe_look(&seen[i], &made[i], &a->e, at, false, err);
    }
    snprintf(title, sizeof title, "%d of %d pictures held back, drawn again from %d numbers",
             (int)count, (int)held, (int)a->e.dim);
    if (status == LK_OK) {
        status = sheet_reconstructions(out, engine, title, seen, made, count, err);
    }
    for (int32_t i = 0; i < count; i++) {
        lk_image_release(&seen[i]);
        lk_image_release(&made[i]);
    }
    return status;
}

/* -- All of it -- */

static lk_status ask(lk_evaluation *out, lk_image *sheet, lk_engine *engine, struct asked *a,
                     lk_error *err) {
    lk_evaluate_options o = lk_evaluate_options_default();
    const lk_vectors vectors = {a->vectors, a->set.count, a->e.dim};
    o.resamples = a->v->resamples;
    lk_status status = probe_all(a->vectors, &a->e, engine, false, err);
    if (status == LK_OK && a->v->instances) {
        size_t originals = (size_t)a->v->at.count * (size_t)a->e.dim;
        status = probe_all(a->vectors + originals, &a->e, engine, true, err);
    }
    if (status == LK_OK) {
        status = lk_eval_set_evaluate(out, engine, &a->set, &vectors, NULL, &o, err);
    }
    if (status == LK_OK && sheet) {
        status = a->e.l->reconstructs ? draw_reconstructions(sheet, engine, a, err)
                                      : draw_neighbours(sheet, engine, a, &vectors, err);
    }
    return status;
}

lk_status validate(lk_evaluation *out, double *loss, lk_image *sheet, lk_engine *engine,
                   const struct learner *l, const lk_bytes *file, const struct validation *v,
                   lk_error *err) {
    struct asked a = {.v = v};
    *out = (lk_evaluation){0};
    lk_status status = probe_open(&a.e, engine, l, file, &v->at, err);
    status = status == LK_OK ? make_set(&a, err) : status;
    status = status == LK_OK ? ask(out, sheet, engine, &a, err) : status;
    *loss = a.e.numbers > 0 ? a.e.error / (double)a.e.numbers : 0;
    asked_release(&a);
    return status;
}
