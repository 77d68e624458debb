/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/probe.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "image/engine.h"
#include "image/image.h"
#include "learn/preset.h"
#include "nn/onnx.h"

enum { BATCH = 16 };

lk_status probe_open(struct probe *e, lk_engine *engine, const struct learner *l,
                     const lk_bytes *file, const struct looked_at *at, lk_error *err) {
    static const char *const names[] = {PRESET_EMBEDDING, PRESET_RECONSTRUCTION};
    const struct network_options o = {
        .threads = lk_engine_threads(engine),
        .memory_bytes = MAX(LEARNER_MEMORY_BYTES, (size_t)engine->limits.memory_bytes),
        .cpu = engine->cpu,
        .channels_last = true};
    const int64_t dims[4] = {BATCH, 3, l->card.height, l->card.width};
    struct tensor input = tensor_of(TENSOR_F32, 4, dims);
    struct graph g;
    *e = (struct probe){.l = l, .at = *at};
    lk_status status = onnx_read(&g, file->data, file->size, o.memory_bytes, err);
    if (status == LK_OK) {
        status = network_new(&e->network, &g, &input, names, l->reconstructs ? 2 : 1, &o, err);
    }
    if (status == LK_OK) {
        e->dim = (int32_t)(tensor_count(network_output(e->network, 0)) / BATCH);
        status = viewer_new(&e->viewer, &l->input, err);
    }
    return status;
}

void probe_close(struct probe *e) {
    network_free(e->network);
    viewer_free(e->viewer);
}

static size_t pixels_of(const struct probe *e) {
    return (size_t)e->l->card.width * (size_t)e->l->card.height;
}

/* What was drawn of the first `rows` pictures against them. */
static void add_error(struct probe *e, int32_t rows) {
    const float *x = network_input(e->network, 0)->data, *y = network_output(e->network, 1)->data;
    size_t pixels = pixels_of(e);
    for (size_t row = 0; row < (size_t)rows; row++) {
        for (size_t i = 0; i < 3 * pixels; i++) {
            size_t c = i / pixels, at = i % pixels;
            double d = (double)y[row * 3 * pixels + i] - (double)x[(row * pixels + at) * 3 + c];
            e->error += d * d;
        }
    }
    e->numbers += (int64_t)(rows * 3 * (int64_t)pixels);
}

/* Shows the network the pictures from `from` on. */
static lk_status run(struct probe *e, int32_t from, int32_t rows, bool photos, lk_error *err) {
    float *input = network_input(e->network, 0)->data;
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < rows; i++) {
        struct rng r;
        rng_init(&r, e->at.seed + (uint64_t)(from + i));
        struct view view = {.sample = e->at.samples[from + i], .difficulty = -1};
        view.seed = rng_next(&r);
        view.difficulty = photos ? rng_unit(&r) * e->at.difficulty : -1;
        status = viewer_make(input + (size_t)i * 3 * pixels_of(e), e->viewer, e->at.pictures, &view,
                             err);
    }
    return status == LK_OK ? network_run(e->network, err) : status;
}

lk_status probe_all(float *out, struct probe *e, lk_engine *engine, bool photos, lk_error *err) {
    lk_status status = LK_OK;
    for (int32_t i = 0; status == LK_OK && i < e->at.count; i += BATCH) {
        int32_t rows = MIN(BATCH, e->at.count - i);
        status = engine_check_stop(engine, err);
        status = status == LK_OK ? run(e, i, rows, photos, err) : status;
        if (status == LK_OK) {
            memcpy(out + (size_t)i * (size_t)e->dim, network_output(e->network, 0)->data,
                   (size_t)rows * (size_t)e->dim * sizeof *out);
        }
        if (status == LK_OK && e->l->reconstructs && !photos) {
            add_error(e, rows);
        }
    }
    return status;
}

static uint8_t level_of(double v) {
    return (uint8_t)lround(MIN(MAX(v, 0), 255));
}

/* Numbers of the input, channels last, as the picture they stand for. */
static void show_input(lk_image *out, const struct probe *e) {
    const float *x = network_input(e->network, 0)->data;
    const struct view_input *input = &e->l->input;
    for (int32_t y = 0; y < out->height; y++) {
        uint8_t *row = image_row(out, y);
        for (int32_t i = 0; i < 3 * out->width; i++) {
            row[i] = level_of((double)*x++ * input->scale[i % 3] + input->mean[i % 3]);
        }
    }
}

/* Planes of levels 0 to 1. */
static void show_made(lk_image *out, const struct probe *e) {
    const float *made = network_output(e->network, 1)->data;
    for (int32_t c = 0; c < 3; c++) {
        for (int32_t y = 0; y < out->height; y++) {
            for (int32_t x = 0; x < out->width; x++) {
                image_row(out, y)[3 * x + c] = level_of((double)*made++ * 255);
            }
        }
    }
}

lk_status probe_look(lk_image *seen, lk_image *made, struct probe *e, int32_t i, bool photo,
                     lk_error *err) {
    int32_t width = e->l->card.width, height = e->l->card.height;
    *seen = (lk_image){0};
    lk_status status = run(e, i, 1, photo, err);
    status = status == LK_OK ? lk_image_new(seen, width, height, 3, 8, err) : status;
    if (status == LK_OK) {
        show_input(seen, e);
    }
    if (status == LK_OK && made) {
        status = lk_image_new(made, width, height, 3, 8, err);
    }
    if (status == LK_OK && made) {
        show_made(made, e);
    }
    return status;
}
