/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/learner.h"

#include <likeness/simulate.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "image/engine.h"
#include "learn/preset.h"
#include "model/model_files.h"
#include "nn/build.h"
#include "nn/onnx.h"
#include "nn/op.h"

void learner_free(struct learner *l) {
    if (l) {
        optimiser_free(l->optimiser);
        trainer_free(l->trainer);
        mem_free(l->labels);
        mem_free(l);
    }
}

/* -- The network -- */

static void card_of_preset(lk_model_card *card, const struct preset *p, const struct graph *g) {
    const struct tensor *input = &g->values[g->inputs[0]].tensor;
    *card = (lk_model_card){.width = (int32_t)input->dims[3],
                            .height = (int32_t)input->dims[2],
                            .colour = LK_MODEL_RGB,
                            .resize = LK_RESIZE_STRETCH};
    for (int c = 0; c < 3; c++) {
        card->mean[c] = (double)p->mean;
        card->scale[c] = (double)p->scale;
    }
    memcpy(card->input, PRESET_INPUT, sizeof PRESET_INPUT);
    memcpy(card->embedding, PRESET_EMBEDDING, sizeof PRESET_EMBEDDING);
}

static lk_status from_preset(struct graph *g, struct learner *l, lk_error *err) {
    const struct preset *p = preset_find(l->o->preset);
    if (!p) {
        return error_set(err, LK_E_USAGE, "no preset is called %s", l->o->preset);
    }
    if (p->reconstructs != (l->o->kind == LK_TRAIN_AUTOENCODER)) {
        return error_set(err, LK_E_USAGE, "preset %s %s", p->name,
                         p->reconstructs ? "is an autoencoder: it learns by drawing pictures again"
                                         : "does not draw pictures again, as an autoencoder must");
    }
    l->reconstructs = p->reconstructs;
    lk_status status = preset_build(g, p, l->o->side, l->o->dim, l->o->seed, err);
    if (status == LK_OK) {
        card_of_preset(&l->card, p, g);
    }
    return status;
}

static const struct node *maker_of(const struct graph *g, int32_t value) {
    for (int32_t i = 0; i < g->node_count; i++) {
        if (g->nodes[i].output_count > 0 && g->nodes[i].outputs[0] == value) {
            return &g->nodes[i];
        }
    }
    return NULL;
}

/* Whether a value is rows of length 1 already: the L2 norm of what is rows for certain. */
static bool is_of_length_1(const struct graph *g, int32_t value) {
    const struct node *last = maker_of(g, value);
    if (!last || strcmp(last->op->name, "LpNormalization") != 0) {
        return false;
    }
    const struct attribute *axis = node_attribute(last, "axis"), *p = node_attribute(last, "p");
    const struct node *rows = maker_of(g, last->inputs[0]);
    bool flat =
        rows && (strcmp(rows->op->name, "Flatten") == 0 || strcmp(rows->op->name, "Gemm") == 0);
    return flat && (!axis || axis->number == -1 || axis->number == 1) && (!p || p->number == 2);
}

/* Leaves the embedding as the only output, of length 1, under its usual name. */
static lk_status end_in_embedding(struct graph *g, const char *embedding, lk_error *err) {
    static const char *const names[] = {PRESET_EMBEDDING};
    int32_t output = -1;
    for (int32_t i = 0; i < g->output_count; i++) {
        output = strcmp(g->values[g->outputs[i]].name, embedding) == 0 ? g->outputs[i] : output;
    }
    if (output < 0) {
        return error_set(err, LK_E_CORRUPT, "the network has no output called '%s'", embedding);
    }
    lk_status status = graph_cut(g, &output, 1, err);
    if (status != LK_OK) {
        return status;
    }
    struct builder b = {.g = g, .err = err};
    mem_free(g->outputs);
    g->outputs = NULL;
    g->output_count = 0;
    if (!is_of_length_1(g, output)) {
        g->values[output].name[0] = '\0';
        output =
            build_l2(&b, "likeness.length", build_unary(&b, "Flatten", "likeness.flat", output));
    }
    return build_end(&b, names, &output, 1);
}

static lk_status read_file(struct graph *g, struct learner *l, lk_engine *engine, lk_error *err) {
    struct model_files files;
    lk_bytes bytes = {0};
    char digest[65];
    lk_status status = model_find(&files, NULL, l->o->from, NULL, err);
    if (status != LK_OK) {
        return status;
    }
    l->card = files.card;
    status = model_read(&bytes, digest, engine, &files, &files.card, err);
    if (status == LK_OK) {
        status = onnx_read(g, bytes.data, bytes.size, (size_t)engine->limits.memory_bytes, err);
        lk_bytes_release(&bytes);
    }
    model_files_release(&files);
    return status;
}

/* A card of what a file becomes: its classes, labels, checksum are gone. */
static void forget(lk_model_card *card) {
    card->sha256[0] = card->labels[0] = card->labels_sha256[0] = '\0';
    card->probabilities[0] = card->logits[0] = card->title[0] = card->notes[0] = '\0';
    card->classes = card->background = 0;
    card->bytes = 0;
    memcpy(card->embedding, PRESET_EMBEDDING, sizeof PRESET_EMBEDDING);
}

/* A network whose last map is averaged takes pictures of any size: small ones first is how to see many. One that cannot is refused
 * where shapes are found. */
static lk_status change_side(struct graph *g, lk_model_card *card, int32_t side, lk_error *err) {
    struct tensor *input = g->input_count == 1 ? &g->values[g->inputs[0]].tensor : NULL;
    if (!input || input->rank != 4 || input->dims[1] != 3) {
        return error_set(err, LK_E_FORMAT,
                         "only a planar input of three channels has another size");
    }
    input->dims[2] = input->dims[3] = card->width = card->height = side;
    card->resize = LK_RESIZE_STRETCH; /* as views are made */
    card->side = 0;
    return LK_OK;
}

static lk_status from_file(struct graph *g, struct learner *l, lk_engine *engine, lk_error *err) {
    lk_status status = read_file(g, l, engine, err);
    if (status == LK_OK && (l->card.colour != LK_MODEL_RGB || !l->card.embedding[0])) {
        status = error_set(err, LK_E_FORMAT,
                           "only networks with an RGB input and an embedding are "
                           "trained");
    }
    if (status == LK_OK && l->o->kind == LK_TRAIN_AUTOENCODER) {
        status = error_set(err, LK_E_USAGE, "an autoencoder is trained from a preset");
    }
    if (status == LK_OK) {
        status = end_in_embedding(g, l->card.embedding, err);
        forget(&l->card);
    }
    if (status == LK_OK && l->o->side > 0) {
        status = change_side(g, &l->card, l->o->side, err);
    }
    return status == LK_OK ? LK_OK : error_input(err, status, l->o->from);
}

/* -- The loss -- */

static lk_status reconstruction_loss(struct learner *l, double *loss, const struct tensor *outputs,
                                     struct tensor *gradients, lk_error *err) {
    const struct tensor *y = &outputs[1];
    memset(gradients[0].data, 0, tensor_bytes(&gradients[0])); /* only its picture is asked for */
    if (l->o->reconstruction == LK_RECONSTRUCT_SSIM) {
        return loss_ssim(loss, gradients[1].data, y->data, l->batch->originals,
                         y->dims[0] * y->dims[1], y->dims[2], y->dims[3], err);
    }
    *loss = loss_mse(gradients[1].data, y->data, l->batch->originals, tensor_count(y));
    return LK_OK;
}

static lk_status learner_loss(void *arg, double *loss, const struct tensor *outputs,
                              struct tensor *gradients, int32_t count, lk_error *err) {
    struct learner *l = arg;
    (void)count;
    if (l->reconstructs) {
        return reconstruction_loss(l, loss, outputs, gradients, err);
    }
    const struct embeddings e = {.x = outputs[0].data,
                                 .labels = l->labels,
                                 .rows = l->o->batch,
                                 .dim = (int32_t)outputs[0].dims[1],
                                 .gradient = gradients[0].data};
    if (l->o->kind == LK_TRAIN_CONTRASTIVE) {
        return loss_contrastive(loss, &e, l->o->temperature, err);
    }
    const struct triplet_options triplet = {.margin = l->o->margin,
                                            .squared = l->o->squared,
                                            .mining = (enum triplet_mining)l->o->mining};
    struct rng r;
    rng_init(&r, l->o->seed ^ ((l->step + 1) << 32));
    return loss_triplet(loss, &l->active, &e, &triplet, &r, err);
}

/* -- Making one -- */

/* The network's input for whole batches, channels last; the file's own order of dimensions must be planar or that. */
static lk_status input_shape(struct tensor *out, const struct graph *g, const struct learner *l,
                             lk_error *err) {
    const struct tensor *declared = g->input_count == 1 ? &g->values[g->inputs[0]].tensor : NULL;
    const int64_t dims[4] = {l->o->batch, 3, l->card.height, l->card.width};
    *out = tensor_of(TENSOR_F32, 4, dims);
    if (MIN(l->card.width, l->card.height) < LK_CAMERA_SIDE_LEAST) {
        return error_set(err, LK_E_USAGE, "an input of %d x %d pixels; %d a side are the least",
                         (int)l->card.width, (int)l->card.height, LK_CAMERA_SIDE_LEAST);
    }
    if (!declared || declared->rank != 4 || declared->dims[1] != 3) {
        return error_set(err, LK_E_FORMAT,
                         "only networks with one planar input of three channels are trained");
    }
    return LK_OK;
}

/* Losses read a row a picture. */
static lk_status check_embedding(const struct learner *l, lk_error *err) {
    const struct tensor *y = trainer_output(l->trainer, 0);
    char shape[128];
    if (y->rank == 2 && y->dims[0] == l->o->batch && y->dims[1] > 0) {
        return LK_OK;
    }
    tensor_describe(shape, sizeof shape, y);
    return error_set(
        err, LK_E_FORMAT,
        "the embedding of %d pictures is %s: networks with a row a picture are trained",
        (int)l->o->batch, shape);
}

static lk_status make_optimiser(struct learner *l, lk_error *err) {
    const lk_train_options *o = l->o;
    const struct optimiser_options options = {
        .kind = o->optimiser == LK_SGD ? OPTIMISER_SGD : OPTIMISER_ADAMW,
        .momentum = o->momentum,
        .nesterov = o->nesterov,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .decay = o->decay,
        .clip = o->clip,
        .average = o->average,
    };
    return optimiser_new(&l->optimiser, l->trainer, &options, err);
}

static lk_status make_trainer(struct learner *l, lk_engine *engine, struct graph *g,
                              lk_error *err) {
    static const char *const names[] = {PRESET_EMBEDDING, PRESET_RECONSTRUCTION};
    struct tensor input;
    const struct trainer_options options = {
        .threads = lk_engine_threads(engine),
        .memory_bytes = MAX(LEARNER_MEMORY_BYTES, (size_t)engine->limits.memory_bytes),
        .cpu = engine->cpu,
        .channels_last = true,
        .last_layers = l->o->last_layers,
        .loss = learner_loss,
        .loss_arg = l};
    lk_status status = input_shape(&input, g, l, err);
    if (status != LK_OK) {
        graph_release(g);
        return status;
    }
    status = trainer_new(&l->trainer, g, &input, names, l->reconstructs ? 2 : 1, &options, err);
    return status == LK_OK ? check_embedding(l, err) : status;
}

static lk_status make(struct learner *l, lk_engine *engine, lk_error *err) {
    struct graph g = {0};
    lk_status status = l->o->from ? from_file(&g, l, engine, err) : from_preset(&g, l, err);
    if (status != LK_OK) {
        graph_release(&g);
        return status;
    }
    status = make_trainer(l, engine, &g, err);
    if (status != LK_OK && l->o->from) {
        status = error_input(err, status, l->o->from);
    }
    if (status == LK_OK) {
        status = make_optimiser(l, err);
    }
    l->input = (struct view_input){.width = l->card.width, .height = l->card.height};
    memcpy(l->input.mean, l->card.mean, sizeof l->input.mean);
    memcpy(l->input.scale, l->card.scale, sizeof l->input.scale);
    size_t rows = (size_t)l->o->batch;
    l->labels = mem_calloc(rows, sizeof *l->labels);
    if (status == LK_OK && !l->labels) {
        status = error_memory(err, rows * sizeof *l->labels);
    }
    return status;
}

lk_status learner_new(struct learner **out, lk_engine *engine, const lk_train_options *options,
                      lk_error *err) {
    struct learner *l = mem_calloc(1, sizeof *l);
    *out = NULL;
    if (!l) {
        return error_memory(err, sizeof *l);
    }
    l->o = options;
    lk_status status = make(l, engine, err);
    if (status != LK_OK) {
        learner_free(l);
        return status;
    }
    *out = l;
    return LK_OK;
}

/* -- Using it -- */

lk_status learner_step(struct learnt *out, struct learner *l, const struct batch *batch,
                       int64_t step, double rate, lk_error *err) {
    struct tensor *input = trainer_input(l->trainer, 0);
    l->batch = batch;
    l->step = (uint64_t)step;
    memcpy(input->data, batch->input, tensor_bytes(input));
    for (int32_t i = 0; i < l->o->batch; i++) {
        l->labels[i] = batch->views[i].label;
    }
    lk_status status = trainer_step(l->trainer, &out->loss, err);
    if (status != LK_OK) {
        return status;
    }
    out->gradient = isfinite(out->loss) ? optimiser_step(l->optimiser, rate) : -1;
    if (out->gradient < 0) {
        return error_set(err, LK_E_USAGE,
                         "step %lld: the loss is no finite number any more; a lower rate may help",
                         (long long)step + 1);
    }
    return LK_OK;
}

lk_status learner_write(lk_bytes *out, struct learner *l, lk_error *err) {
    optimiser_swap(l->optimiser);
    lk_status status = trainer_write(out, l->trainer, err);
    optimiser_swap(l->optimiser);
    return status;
}

int64_t learner_parameters(const struct learner *l) {
    int32_t count;
    int64_t sum = 0;
    const struct parameter *p = trainer_parameters(l->trainer, &count);
    for (int32_t i = 0; i < count; i++) {
        sum += p[i].count;
    }
    return sum;
}
