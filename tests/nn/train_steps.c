/* SPDX-License-Identifier: Apache-2.0 */
/* train_steps: what tests/oracle/train/follow_pytorch.py drives.
 *
 *   train_steps preset NAME SIDE DIM SEED OUT.onnx             a preset's network with its weights
 *   train_steps run MODEL.onnx LOSS OPTIMISER RATE STEPS ROWS INPUT.raw LABELS.raw OUT [KEY=VALUE...]
 *                                     trains on STEPS batches (floats, channels last; 32-bit labels, for each batch) and writes
 *                                     OUT.onnx; OUT.loss has the losses, OUT.grad the first step's gradients, a name and a count
 *                                     a line before the floats
 *   train_steps time MODEL.onnx LOSS OPTIMISER RATE STEPS ROWS THREADS    milliseconds of each step, on noise
 *
 * LOSS: triplet, triplet-euclid (batch-hard), triplet-semihard (margin 0.2), contrastive (0.07), mse, ssim (of the last output
 * against the input). OPTIMISER: sgd, adamw. Keys: momentum (0.9), nesterov (1), decay (0), clip (0: none), schedule (0 constant,
 * 1 cosine, 2 steps), warmup, total, every (steps), factor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <likeness/status.h>

#include "base/file.h"
#include "base/mem.h"
#include "learn/preset.h"
#include "nn/loss.h"
#include "nn/onnx.h"
#include "nn/optimiser.h"

enum { BYTES_MOST = INT32_MAX };

static void must(lk_status status, const lk_error *err) {
    if (status != LK_OK) {
        fprintf(stderr, "train_steps: %s\n", err->text);
        exit(2);
    }
}

struct task {
    const char *loss;
    struct trainer *trainer;
    const int32_t *labels;
    int32_t rows;
};

/* The input, channels last, against the output's planes. */
static lk_status picture_loss(double *loss, float *gradient, const struct task *k,
                              const struct tensor *y, bool ssim, lk_error *err) {
    const float *x = trainer_input(k->trainer, 0)->data;
    int64_t pixels = y->dims[2] * y->dims[3], count = tensor_count(y);
    float *target = mem_alloc((size_t)count, sizeof *target);
    lk_status status = LK_OK;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = i / (3 * pixels), c = i / pixels % 3, at = i % pixels;
        target[i] = x[(row * pixels + at) * 3 + c];
    }
    if (ssim) {
        status =
            loss_ssim(loss, gradient, y->data, target, y->dims[0] * 3, y->dims[2], y->dims[3], err);
    } else {
        *loss = loss_mse(gradient, y->data, target, count);
    }
    mem_free(target);
    return status;
}

static lk_status run_loss(void *arg, double *loss, const struct tensor *outputs,
                          struct tensor *gradients, int32_t count, lk_error *err) {
    const struct task *k = arg;
    struct rng r;
    double active;
    rng_init(&r, 1);
    bool ssim = strcmp(k->loss, "ssim") == 0;
    if (ssim || strcmp(k->loss, "mse") == 0) {
        for (int32_t i = 0; i + 1 < count; i++) {
            memset(gradients[i].data, 0, tensor_bytes(&gradients[i]));
        }
        return picture_loss(loss, gradients[count - 1].data, k, &outputs[count - 1], ssim, err);
    }
    const struct embeddings e = {outputs[0].data, k->labels, k->rows, (int32_t)outputs[0].dims[1],
                                 gradients[0].data};
    if (strcmp(k->loss, "contrastive") == 0) {
        return loss_contrastive(loss, &e, 0.07, err);
    }
    const struct triplet_options o = {
        .margin = 0.2,
        .squared = strcmp(k->loss, "triplet-euclid") != 0,
        .mining = strcmp(k->loss, "triplet-semihard") == 0 ? MINE_SEMIHARD : MINE_HARD};
    return loss_triplet(loss, &active, &e, &o, &r, err);
}

/* The last of KEY=VALUE in the arguments, which end with NULL. */
static double key(char **arguments, const char *name, double usual) {
    size_t length = strlen(name);
    for (char **a = arguments; a && *a; a++) {
        if (strncmp(*a, name, length) == 0 && (*a)[length] == '=') {
            usual = atof(*a + length + 1);
        }
    }
    return usual;
}

static void open_task(struct task *k, struct optimiser **optimiser, char **argv, int32_t threads,
                      char **keys) {
    lk_error err;
    lk_bytes file;
    struct graph g;
    const struct trainer_options o = {.threads = threads,
                                      .memory_bytes = (size_t)8 << 30,
                                      .cpu = CPU_AVX512,
                                      .channels_last = true,
                                      .loss = run_loss,
                                      .loss_arg = k};
    const struct optimiser_options way = {.kind = strcmp(argv[4], "sgd") == 0 ? OPTIMISER_SGD
                                                                              : OPTIMISER_ADAMW,
                                          .momentum = key(keys, "momentum", 0.9),
                                          .nesterov = key(keys, "nesterov", 1) > 0,
                                          .beta1 = 0.9,
                                          .beta2 = 0.999,
                                          .epsilon = 1e-8,
                                          .decay = key(keys, "decay", 0),
                                          .clip = key(keys, "clip", 0)};
    k->loss = argv[3];
    k->rows = atoi(argv[7]);
    must(file_read(&file, argv[2], BYTES_MOST, NULL, &err), &err);
    must(onnx_read(&g, file.data, file.size, BYTES_MOST, &err), &err);
    struct tensor input = g.values[g.inputs[0]].tensor;
    input.dims[0] = k->rows;
    must(trainer_new(&k->trainer, &g, &input, NULL, 0, &o, &err), &err);
    must(optimiser_new(optimiser, k->trainer, &way, &err), &err);
    lk_bytes_release(&file);
}

static FILE *open_beside(const char *out, const char *extension) {
    char path[4096];
    snprintf(path, sizeof path, "%s.%s", out, extension);
    FILE *f = fopen(path, "wb");
    if (!f) {
        perror(path);
        exit(2);
    }
    return f;
}

static void write_gradients(const struct trainer *t, const char *out) {
    int32_t count;
    const struct parameter *p = trainer_parameters(t, &count);
    FILE *f = open_beside(out, "grad");
    for (int32_t i = 0; i < count; i++) {
        fprintf(f, "%s %lld\n", p[i].name, (long long)p[i].count);
        fwrite(p[i].gradient, sizeof(float), (size_t)p[i].count, f);
    }
    fclose(f);
}

static struct schedule schedule_of(char **keys, double rate) {
    return (struct schedule){.kind = (enum schedule_kind)key(keys, "schedule", SCHEDULE_CONSTANT),
                             .rate = rate,
                             .warmup = (int64_t)key(keys, "warmup", 0),
                             .total = (int64_t)key(keys, "total", 0),
                             .every = (int64_t)key(keys, "every", 0),
                             .factor = key(keys, "factor", 1)};
}

static void run(char **argv) {
    lk_error err;
    lk_bytes inputs, labels, file;
    struct task k = {0};
    struct optimiser *optimiser;
    int32_t steps = atoi(argv[6]), rows = atoi(argv[7]);
    open_task(&k, &optimiser, argv, 2, argv + 11);
    const struct schedule schedule = schedule_of(argv + 11, atof(argv[5]));
    must(file_read(&inputs, argv[8], BYTES_MOST, NULL, &err), &err);
    must(file_read(&labels, argv[9], BYTES_MOST, NULL, &err), &err);
    struct tensor *in = trainer_input(k.trainer, 0);
    size_t bytes = tensor_bytes(in);
    if (inputs.size < bytes * (size_t)steps || labels.size < 4 * (size_t)(steps * rows)) {
        fprintf(stderr, "train_steps: too few batches\n");
        exit(2);
    }
    FILE *losses = open_beside(argv[10], "loss");
    for (int32_t i = 0; i < steps; i++) {
        double loss;
        memcpy(in->data, inputs.data + bytes * (size_t)i, bytes);
        k.labels = (const int32_t *)(const void *)labels.data + i * rows;
        must(trainer_step(k.trainer, &loss, &err), &err);
        fprintf(losses, "%.9g\n", loss);
        if (i == 0) {
            write_gradients(k.trainer, argv[10]);
        }
        optimiser_step(optimiser, schedule_rate(&schedule, i));
    }
    fclose(losses);
    must(trainer_write(&file, k.trainer, &err), &err);
    FILE *f = open_beside(argv[10], "onnx");
    fwrite(file.data, 1, file.size, f);
    fclose(f);
    lk_bytes_release(&file);
    lk_bytes_release(&inputs);
    lk_bytes_release(&labels);
    optimiser_free(optimiser);
    trainer_free(k.trainer);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void time_steps(char **argv) {
    lk_error err;
    struct task k = {0};
    struct optimiser *optimiser;
    int32_t steps = atoi(argv[6]), rows = atoi(argv[7]);
    open_task(&k, &optimiser, argv, atoi(argv[8]), NULL);
    int32_t *labels = mem_calloc((size_t)rows, sizeof *labels);
    for (int32_t i = 0; i < rows; i++) {
        labels[i] = i / 2;
    }
    k.labels = labels;
    struct tensor *in = trainer_input(k.trainer, 0);
    struct rng r;
    rng_init(&r, 1);
    for (int64_t i = 0; i < tensor_count(in); i++) {
        ((float *)in->data)[i] = (float)rng_normal(&r);
    }
    for (int32_t i = 0; i < steps; i++) {
        double loss, began = now_ms();
        must(trainer_step(k.trainer, &loss, &err), &err);
        optimiser_step(optimiser, atof(argv[5]));
        printf("%.3f\n", now_ms() - began);
    }
    mem_free(labels);
    optimiser_free(optimiser);
    trainer_free(k.trainer);
}

static void write_preset(char **argv) {
    lk_error err;
    lk_bytes file;
    struct graph g;
    const struct preset *p = preset_find(argv[2]);
    if (!p) {
        fprintf(stderr, "train_steps: no preset %s\n", argv[2]);
        exit(2);
    }
    must(preset_build(&g, p, atoi(argv[3]), atoi(argv[4]), strtoull(argv[5], NULL, 10), &err),
         &err);
    must(onnx_write(&file, &g, &err), &err);
    must(file_write(argv[6], file.data, file.size, &err), &err);
    lk_bytes_release(&file);
    graph_release(&g);
}

int main(int argc, char **argv) {
    if (argc == 7 && strcmp(argv[1], "preset") == 0) {
        write_preset(argv);
    } else if (argc >= 11 && strcmp(argv[1], "run") == 0) {
        run(argv);
    } else if (argc == 9 && strcmp(argv[1], "time") == 0) {
        time_steps(argv);
    } else {
        fprintf(stderr, "train_steps: see its first lines\n");
        return 2;
    }
    return 0;
}
