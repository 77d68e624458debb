/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/validate.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "image/engine.h"
#include "learn/preset.h"
#include "nn/network.h"
#include "nn/onnx.h"

enum { BATCH = 16 };

struct embedding {
    const struct learner *l;
    const struct validation *v;
    struct network *network;
    struct viewer *viewer;
    int32_t dim;
    double error; /* sum of squared errors of reconstructions */
    int64_t numbers;
};

static lk_status open_network(struct embedding *e, lk_engine *engine, const lk_bytes *file,
                              lk_error *err) {
    static const char *const names[] = {PRESET_EMBEDDING, PRESET_RECONSTRUCTION};
    const struct network_options o = {.threads = lk_engine_threads(engine),
                                      .memory_bytes = LEARNER_MEMORY_BYTES,
                                      .cpu = engine->cpu,
                                      .channels_last = true};
    const int64_t dims[4] = {BATCH, 3, e->l->card.height, e->l->card.width};
    struct tensor input = tensor_of(TENSOR_F32, 4, dims);
    struct graph g;
    lk_status status = onnx_read(&g, file->data, file->size, o.memory_bytes, err);
    if (status == LK_OK) {
        status = network_new(&e->network, &g, &input, names, e->l->reconstructs ? 2 : 1, &o, err);
    }
    if (status == LK_OK) {
        const struct tensor *y = network_output(e->network, 0);
        e->dim = (int32_t)(tensor_count(y) / BATCH);
        status = viewer_new(&e->viewer, &e->l->input, err);
    }
    return status;
}

/* What was drawn of the first `rows` pictures against them. */
static void add_error(struct embedding *e, int32_t rows) {
    const float *x = network_input(e->network, 0)->data, *y = network_output(e->network, 1)->data;
    size_t pixels = (size_t)e->l->card.width * (size_t)e->l->card.height;
    for (size_t row = 0; row < (size_t)rows; row++) {
        for (size_t i = 0; i < 3 * pixels; i++) {
            size_t c = i / pixels, at = i % pixels;
            double d = (double)y[row * 3 * pixels + i] - (double)x[(row * pixels + at) * 3 + c];
            e->error += d * d;
        }
    }
    e->numbers += (int64_t)(rows * 3 * (int64_t)pixels);
}

/* Embeds the samples from `from` on, at most a batch, as photos or as they are. */
static lk_status embed_batch(float *out, struct embedding *e, int32_t from, bool photos,
                             lk_error *err) {
    int32_t rows = MIN(BATCH, e->v->count - from);
    float *input = network_input(e->network, 0)->data;
    size_t row = 3 * (size_t)e->l->card.width * (size_t)e->l->card.height;
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < rows; i++) {
        struct rng r;
        rng_init(&r, e->v->seed + (uint64_t)(from + i));
        const struct view view = {.sample = e->v->samples[from + i],
                                  .seed = rng_next(&r),
                                  .difficulty = photos ? rng_unit(&r) * e->v->difficulty : -1};
        status = viewer_make(input + (size_t)i * row, e->viewer, e->v->pictures, &view, err);
    }
    if (status == LK_OK) {
        status = network_run(e->network, err);
    }
    if (status == LK_OK) {
        memcpy(out, network_output(e->network, 0)->data,
               (size_t)rows * (size_t)e->dim * sizeof *out);
    }
    if (status == LK_OK && e->l->reconstructs && !photos) {
        add_error(e, rows);
    }
    return status;
}

static lk_status embed_all(float **out, struct embedding *e, lk_engine *engine, bool photos,
                           lk_error *err) {
    size_t count = (size_t)e->v->count * (size_t)e->dim;
    *out = mem_alloc(count + 1, sizeof **out);
    lk_status status = *out ? LK_OK : error_memory(err, count * sizeof **out);
    for (int32_t i = 0; status == LK_OK && i < e->v->count; i += BATCH) {
        status = engine_check_stop(engine, err);
        if (status == LK_OK) {
            status = embed_batch(*out + (size_t)i * (size_t)e->dim, e, i, photos, err);
        }
    }
    return status;
}

static lk_status by_photos(lk_evaluation *out, struct embedding *e, lk_engine *engine,
                           const float *originals, const lk_evaluate_options *o, lk_error *err) {
    float *photos = NULL;
    lk_true_pair *pairs = mem_alloc((size_t)e->v->count + 1, sizeof *pairs);
    lk_status status = pairs ? LK_OK : error_memory(err, (size_t)e->v->count * sizeof *pairs);
    if (status == LK_OK) {
        status = embed_all(&photos, e, engine, true, err);
    }
    for (int32_t i = 0; status == LK_OK && i < e->v->count; i++) {
        pairs[i] = (lk_true_pair){i, i};
    }
    if (status == LK_OK) {
        const lk_vectors queries = {photos, e->v->count, e->dim},
                         references = {originals, e->v->count, e->dim};
        status = lk_evaluate_pairs(out, engine, &queries, &references, pairs, e->v->count, o, err);
    }
    mem_free(photos);
    mem_free(pairs);
    return status;
}

static lk_status by_classes(lk_evaluation *out, struct embedding *e, lk_engine *engine,
                            const float *originals, const lk_evaluate_options *o, lk_error *err) {
    int32_t *labels = mem_alloc((size_t)e->v->count + 1, sizeof *labels);
    if (!labels) {
        return error_memory(err, (size_t)e->v->count * sizeof *labels);
    }
    for (int32_t i = 0; i < e->v->count; i++) {
        labels[i] = e->v->d->labels[e->v->samples[i]];
    }
    const lk_vectors vectors = {originals, e->v->count, e->dim};
    lk_status status = lk_evaluate_labels(out, engine, &vectors, labels, o, err);
    mem_free(labels);
    return status;
}

lk_status validate(lk_evaluation *out, double *loss, lk_engine *engine, const struct learner *l,
                   const lk_bytes *file, const struct validation *v, lk_error *err) {
    struct embedding e = {.l = l, .v = v};
    lk_evaluate_options o = lk_evaluate_options_default();
    float *originals = NULL;
    *out = (lk_evaluation){0};
    o.resamples = v->resamples;
    lk_status status = open_network(&e, engine, file, err);
    if (status == LK_OK) {
        status = embed_all(&originals, &e, engine, false, err);
    }
    if (status == LK_OK) {
        status = v->instances ? by_photos(out, &e, engine, originals, &o, err)
                              : by_classes(out, &e, engine, originals, &o, err);
    }
    *loss = e.numbers > 0 ? e.error / (double)e.numbers : 0;
    mem_free(originals);
    network_free(e.network);
    viewer_free(e.viewer);
    return status;
}
