/* SPDX-License-Identifier: Apache-2.0 */
/* A network, its loss and its optimiser: what learns from batches. */
#ifndef LK_LEARNER_H
#define LK_LEARNER_H

#include <likeness/train.h>

#include "learn/pictures.h"
#include "nn/loss.h"
#include "nn/optimiser.h"

/* What activations and gradients of a step may take, unless the engine's memory_bytes is more. */
#define LEARNER_MEMORY_BYTES ((size_t)16 << 30)

struct learner {
    const lk_train_options *o; /* borrowed */
    lk_model_card card;        /* of what is made; name and file are empty */
    struct view_input input;
    bool reconstructs;
    struct trainer *trainer;
    struct optimiser *optimiser;
    /* Of the step in progress, for the loss. */
    const struct batch *batch;
    int32_t *labels;
    uint64_t step;
    double active;
};

/* Makes it from a preset or a file (options->preset, from). options must outlive it. */
MUST_CHECK lk_status learner_new(struct learner **out, lk_engine *engine,
                                 const lk_train_options *options, lk_error *err);
void learner_free(struct learner *l);

struct learnt {
    double loss, gradient;
};
/* Moves the network by one batch, step `step` from 0. LK_E_USAGE when the loss or its gradient is no finite number. */
MUST_CHECK lk_status learner_step(struct learnt *out, struct learner *l, const struct batch *batch,
                                  int64_t step, double rate, lk_error *err);

/* The network as it would be used now: the average, where there is one. */
MUST_CHECK lk_status learner_write(lk_bytes *out, struct learner *l, lk_error *err);
int64_t learner_parameters(const struct learner *l);

#endif
