/* SPDX-License-Identifier: Apache-2.0 */
/* Training a network: one step computes outputs, a loss and the loss's gradient by every parameter; an optimiser
 * (nn/optimiser.h) then moves the parameters. oneDNN's sums have a fixed order for a number of threads, so that the same
 * parameters and inputs give the same gradients, bit for bit. */
#ifndef LK_TRAINER_H
#define LK_TRAINER_H

#include "base/cpu.h"
#include "nn/graph.h"

struct trainer;

/* A parameter: weights of a convolution or a product, a bias, scale or shift of a normalisation. */
struct parameter {
    const char *name;      /* in the model's file */
    float *data;           /* the model's own memory, row-major */
    const float *gradient; /* of the last step's loss; NULL when the loss does not depend on it */
    int64_t count;
    bool is_weight; /* of two dimensions or more: weight decay is for these alone */
};

/* The loss: sets *loss and the gradient of the loss by each output, tensors like the outputs. outputs are those asked for, in
 * their order. */
typedef lk_status loss_function(void *arg, double *loss, const struct tensor *outputs,
                                struct tensor *gradients, int32_t count, lk_error *err);

struct trainer_options {
    int32_t threads;     /* of oneDNN */
    size_t memory_bytes; /* what constants may take, and activations with gradients */
    enum cpu_level cpu;
    bool
        channels_last; /* inputs of four dimensions are filled as [batch, height, width, channels] */
    int32_t
        last_layers; /* only so many of the last layers that have parameters are trained; 0: all */
    loss_function *loss;
    void *loss_arg;
};

/* Takes g over, also when this fails. inputs: the shape of each input of g. outputs: names of those the loss reads. LK_E_FORMAT
 * names a node whose way back is not supported; LK_E_USAGE when nothing can be trained. */
MUST_CHECK lk_status trainer_new(struct trainer **out, struct graph *g, const struct tensor *inputs,
                                 const char *const *outputs, int32_t output_count,
                                 const struct trainer_options *options, lk_error *err);
void trainer_free(struct trainer *t);

struct tensor *trainer_input(struct trainer *t, int32_t i);
/* What the loss gets of output i: its shape is known from the beginning. */
const struct tensor *trainer_output(const struct trainer *t, int32_t i);
/* In the order of the model's file. */
const struct parameter *trainer_parameters(const struct trainer *t, int32_t *count);
/* What training moves besides: running means and variances of normalisations. gradient is NULL. */
const struct parameter *trainer_statistics(const struct trainer *t, int32_t *count);

/* Forward, loss, backward; what moves the parameters is not part of it. */
MUST_CHECK lk_status trainer_step(struct trainer *t, double *loss, lk_error *err);

/* The network as it stands, with the batch size left open, as an ONNX file for use. */
MUST_CHECK lk_status trainer_write(lk_bytes *out, const struct trainer *t, lk_error *err);

/* Bytes of the block that activations and gradients share. */
size_t trainer_memory(const struct trainer *t);
/* One line a step, as network_describe. */
struct buf;
void trainer_describe(const struct trainer *t, struct buf *out);

#endif
