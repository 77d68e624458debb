/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model_files.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/engine.h"
#include "model/labels.h"
#include "model/preprocess.h"
#include "nn/onnx.h"

struct lk_model {
    lk_engine *engine; /* borrowed */
    pthread_mutex_t
        lock; /* one run at a time: inputs and outputs lie in the network's own memory */
    lk_model_card card;
    struct labels labels;
    struct network *network;
    int32_t batch;
    int32_t embedding, classes; /* which outputs of the network; -1 for none */
    int32_t dim;
    char identity[64];
};

void lk_model_free(lk_model *m) {
    if (m) {
        network_free(m->network);
        labels_release(&m->labels);
        pthread_mutex_destroy(&m->lock);
        mem_free(m);
    }
}

const lk_model_card *lk_model_card_of(const lk_model *model) {
    return &model->card;
}

const char *lk_model_identity(const lk_model *model) {
    return model->identity;
}

int32_t lk_model_dim(const lk_model *model) {
    return model->dim;
}

const char *lk_model_label(const lk_model *model, int32_t index) {
    bool known = index >= 0 && index < model->labels.count;
    return known ? model->labels.lines[index] : "";
}

/* -- Opening -- */

/* The tensor the network is made for, from the file's input and the card. */
static lk_status input_of(struct tensor *out, bool *channels_last, const struct graph *g,
                          const lk_model_card *card, int32_t batch, lk_error *err) {
    const struct value *v = g->input_count == 1 ? &g->values[g->inputs[0]] : NULL;
    if (!v || (card->input[0] && strcmp(v->name, card->input) != 0)) {
        return error_set(err, LK_E_CORRUPT, "the network does not have one input, called '%s'",
                         card->input);
    }
    int64_t channels = preprocess_channels(card);
    int64_t planar[4] = {batch, channels, card->height, card->width};
    int64_t last[4] = {batch, card->height, card->width, channels};
    const int64_t *asked = v->tensor.dims;
    /* TensorFlow's networks keep channels last; the file's dimensions say so. */
    bool turned = v->tensor.rank == 4 && asked[3] == channels && asked[1] != channels;
    *channels_last = !turned;
    *out = tensor_of(TENSOR_F32, 4, turned ? last : planar);
    return LK_OK;
}

/* Which outputs to make: names for the network, and their places among them. */
struct outputs {
    const char *names[2];
    int32_t count;
};

static lk_status choose_outputs(lk_model *m, struct outputs *o, lk_model_want want, lk_error *err) {
    const lk_model_card *c = &m->card;
    bool embed = want != LK_WANT_CLASSES, classify = want != LK_WANT_EMBEDDING;
    const char *classes = c->probabilities[0] ? c->probabilities : c->logits;
    m->embedding = m->classes = -1;
    if (want == LK_WANT_EMBEDDING && !c->embedding[0]) {
        return error_set(err, LK_E_USAGE, "model %s gives no embedding", c->name);
    }
    if (want == LK_WANT_CLASSES && !classes[0]) {
        return error_set(err, LK_E_USAGE, "model %s gives no classes", c->name);
    }
    if (embed && c->embedding[0]) {
        m->embedding = o->count;
        o->names[o->count++] = c->embedding;
    }
    if (classify && classes[0]) {
        m->classes = o->count;
        o->names[o->count++] = classes;
    }
    return LK_OK;
}

/* Every output is a row of numbers a picture. */
static lk_status check_outputs(lk_model *m, lk_error *err) {
    for (int32_t i = 0; i < network_output_count(m->network); i++) {
        const struct tensor *t = network_output(m->network, i);
        int64_t each = t->rank > 0 && t->dims[0] == m->batch ? tensor_count(t) / m->batch : -1;
        if (t->type != TENSOR_F32 || each < 1 || each > INT32_MAX) {
            char text[128];
            tensor_describe(text, sizeof text, t);
            return error_set(err, LK_E_CORRUPT, "an output of the network is %s", text);
        }
        if (i == m->classes && each != m->card.classes) {
            return error_set(err, LK_E_CORRUPT, "the network has %lld classes, the card says %d",
                             (long long)each, (int)m->card.classes);
        }
        m->dim = i == m->embedding ? (int32_t)each : m->dim;
    }
    return LK_OK;
}

static lk_status build(lk_model *m, const lk_bytes *file, lk_model_want want, lk_error *err) {
    struct network_options o = {.threads = lk_engine_threads(m->engine),
                                .memory_bytes = (size_t)m->engine->limits.memory_bytes,
                                .cpu = m->engine->cpu};
    struct graph g;
    struct tensor input;
    struct outputs outputs = {0};
    lk_status status = choose_outputs(m, &outputs, want, err);
    if (status != LK_OK) {
        return status;
    }
    status = onnx_read(&g, file->data, file->size, o.memory_bytes, err);
    if (status != LK_OK) {
        return status;
    }
    status = input_of(&input, &o.channels_last, &g, &m->card, m->batch, err);
    if (status != LK_OK) {
        graph_release(&g);
        return status;
    }
    status = network_new(&m->network, &g, &input, outputs.names, outputs.count, &o, err);
    return status == LK_OK ? check_outputs(m, err) : status;
}

/* A network trained again under the same name, and the same one fed in another way, are others. */
static void identify(lk_model *m, const char *file_digest) {
    const lk_model_card *c = &m->card;
    const int32_t numbers[] = {c->width, c->height, (int32_t)c->colour, (int32_t)c->resize,
                               c->side};
    struct digest d;
    uint8_t sum[DIGEST_BYTES];
    char hex[65];
    digest_begin(&d);
    digest_add(&d, file_digest, strlen(file_digest) + 1);
    digest_add(&d, c->input, strlen(c->input) + 1);
    digest_add(&d, c->embedding, strlen(c->embedding) + 1);
    digest_add(&d, numbers, sizeof numbers);
    digest_add(&d, c->mean, sizeof c->mean);
    digest_add(&d, c->scale, sizeof c->scale);
    digest_end(sum, &d);
    digest_hex(hex, sum);
    snprintf(m->identity, sizeof m->identity, "%.46s-%.16s", c->name, hex);
}

static lk_status load(lk_model *m, const struct model_files *files, const lk_model_options *o,
                      lk_error *err) {
    lk_bytes bytes = {0};
    char digest[65];
    lk_status status = model_read(&bytes, digest, m->engine, files, &files->card, err);
    if (status == LK_OK) {
        identify(m, digest);
        status = build(m, &bytes, o->want, err);
        lk_bytes_release(&bytes);
        if (status != LK_OK) {
            return error_input(err, status, model_files_name(files));
        }
    }
    if (status == LK_OK && files->labels && m->classes >= 0) {
        status =
            labels_load(&m->labels, files->labels, m->card.labels_sha256, m->card.classes, err);
    }
    return status;
}

lk_status lk_model_open(lk_model **out, lk_engine *engine, const char *name,
                        const lk_model_options *options, lk_error *err) {
    lk_model_options defaults = {0};
    const lk_model_options *o = options ? options : &defaults;
    struct model_files files;
    *out = NULL;
    if (o->batch < 0 || o->batch > LK_MODEL_BATCH_MAX) {
        return error_set(err, LK_E_USAGE, "a batch of %d pictures; at most %d", (int)o->batch,
                         LK_MODEL_BATCH_MAX);
    }
    lk_status status = model_find(&files, o->folder, name, o->card, err);
    if (status != LK_OK) {
        return status;
    }
    lk_model *m = mem_calloc(1, sizeof *m);
    if (m && pthread_mutex_init(&m->lock, NULL) != 0) {
        mem_free(m);
        m = NULL;
    }
    if (m) {
        m->engine = engine;
        m->card = files.card;
        m->batch = o->batch > 0 ? o->batch : 1;
        status = load(m, &files, o, err);
    } else {
        status = error_memory(err, sizeof *m);
    }
    model_files_release(&files);
    if (status != LK_OK) {
        lk_model_free(m);
        return status;
    }
    *out = m;
    return LK_OK;
}

/* -- Running -- */

struct filling {
    lk_model *m;
    const lk_image *const *images;
    lk_status status[LK_MODEL_BATCH_MAX];
    lk_error err[LK_MODEL_BATCH_MAX];
};

static void fill_one(void *arg, int32_t i) {
    struct filling *f = arg;
    struct tensor *input = network_input(f->m->network, 0);
    int64_t each = tensor_count(input) / f->m->batch;
    f->status[i] = preprocess((float *)input->data + i * each, f->m->engine, f->images[i],
                              &f->m->card, &f->err[i]);
}

/* The index'th best so far is moved down to make room: a list of the `count` best, by probability and then by index. */
static void top_of(lk_class *top, int32_t count, const double *values, int32_t classes) {
    int32_t filled = 0;
    for (int32_t c = 0; c < classes; c++) {
        int32_t at = filled;
        while (at > 0 && values[c] > top[at - 1].probability) {
            at--;
        }
        if (at < count) {
            int32_t last = MIN(filled, count - 1);
            memmove(&top[at + 1], &top[at], (size_t)(last - at) * sizeof *top);
            top[at] = (lk_class){c, values[c]};
            filled = MIN(filled + 1, count);
        }
    }
}

/* Logarithms become probabilities: e^x over the sum of all, shifted so that nothing overflows (in double). */
static void softmax(double *values, int32_t count) {
    double high = values[0], sum = 0;
    for (int32_t i = 1; i < count; i++) {
        high = fmax(high, values[i]);
    }
    for (int32_t i = 0; i < count; i++) {
        values[i] = exp(values[i] - high);
        sum += values[i];
    }
    for (int32_t i = 0; i < count; i++) {
        values[i] /= sum;
    }
}

static lk_status give(lk_model *m, lk_model_output *out, int32_t i, lk_error *err) {
    if (out->embedding) {
        const float *from = network_output(m->network, m->embedding)->data;
        memcpy(out->embedding, from + (int64_t)i * m->dim, (size_t)m->dim * sizeof *from);
    }
    if (!out->top || out->top_count < 1) {
        return LK_OK;
    }
    int32_t classes = m->card.classes;
    double *values = mem_alloc((size_t)classes, sizeof *values);
    if (!values) {
        return error_memory(err, (size_t)classes * sizeof *values);
    }
    const float *from = (const float *)network_output(m->network, m->classes)->data;
    for (int32_t c = 0; c < classes; c++) {
        values[c] = (double)from[(int64_t)i * classes + c];
    }
    if (!m->card.probabilities[0]) {
        softmax(values, classes);
    }
    out->top_count = MIN(out->top_count, classes);
    top_of(out->top, out->top_count, values, classes);
    mem_free(values);
    return LK_OK;
}

static lk_status run_batch(lk_model *m, lk_model_output *outputs, const lk_image *const *images,
                           int32_t count, lk_error *err) {
    struct filling f = {.m = m, .images = images};
    lk_engine_for(m->engine, count, fill_one, &f);
    for (int32_t i = 0; i < count; i++) {
        if (f.status[i] != LK_OK) {
            if (err) {
                *err = f.err[i];
            }
            return f.status[i];
        }
    }
    lk_status status = network_run(m->network, err);
    for (int32_t i = 0; status == LK_OK && i < count; i++) {
        status = give(m, &outputs[i], i, err);
    }
    return status;
}

lk_status lk_model_run(lk_model *model, lk_model_output *outputs, const lk_image *const *images,
                       int32_t count, lk_error *err) {
    for (int32_t i = 0; i < count; i++) {
        if (outputs[i].embedding && model->embedding < 0) {
            return error_set(err, LK_E_USAGE, "model %s gives no embedding", model->card.name);
        }
        if (outputs[i].top && model->classes < 0) {
            return error_set(err, LK_E_USAGE, "model %s gives no classes", model->card.name);
        }
    }
    lk_status status = LK_OK;
    pthread_mutex_lock(&model->lock);
    for (int32_t at = 0; status == LK_OK && at < count; at += model->batch) {
        status = engine_check_stop(model->engine, err);
        if (status == LK_OK) {
            status =
                run_batch(model, outputs + at, images + at, MIN(model->batch, count - at), err);
        }
    }
    pthread_mutex_unlock(&model->lock);
    return status;
}
