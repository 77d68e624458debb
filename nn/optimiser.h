/* SPDX-License-Identifier: Apache-2.0 */
/* What moves parameters along their gradients, step by step; as PyTorch's SGD and AdamW do (docs/algorithms/train.md). */
#ifndef LK_OPTIMISER_H
#define LK_OPTIMISER_H

#include "nn/trainer.h"

enum optimiser_kind { OPTIMISER_SGD, OPTIMISER_ADAMW, OPTIMISER_KINDS };
const char *optimiser_name(enum optimiser_kind kind); /* "sgd", "adamw" */

struct optimiser_options {
    enum optimiser_kind kind;
    double momentum; /* SGD */
    bool nesterov;
    double beta1, beta2, epsilon; /* AdamW */
    double
        decay; /* of weights (not biases, scales, shifts): added to the gradient by SGD, apart from it by AdamW */
    double clip;    /* longest gradient of all parameters together (Euclidean); 0: any */
    double average; /* share that a moving average of all parameters keeps each step; 0: none */
};

struct optimiser;

/* The parameters and statistics are the trainer's, and outlive it. */
MUST_CHECK lk_status optimiser_new(struct optimiser **out, const struct trainer *trainer,
                                   const struct optimiser_options *options, lk_error *err);
void optimiser_free(struct optimiser *o);

/* Moves the parameters by the gradients of the trainer's last step. Returns the gradient's length before clipping, or a
 * negative number when it is no finite number: then nothing moved. */
double optimiser_step(struct optimiser *o, double rate);

/* Exchanges the parameters and their average: once to use the average, once more to go on. Nothing without one. */
void optimiser_swap(struct optimiser *o);

/* All it remembers, for checkpoints: item i of count, floats that may be read and written. */
struct optimiser_item {
    float *data;
    int64_t count;
};
int32_t optimiser_items(const struct optimiser *o);
struct optimiser_item optimiser_item(struct optimiser *o, int32_t i);
/* Steps made. */
int64_t *optimiser_steps(struct optimiser *o);

enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_STEPS, SCHEDULE_KINDS };
const char *schedule_name(enum schedule_kind kind); /* "constant", "cosine", "steps" */

struct schedule {
    enum schedule_kind kind;
    double rate;
    int64_t warmup; /* steps over which the rate rises from 0 */
    int64_t total;  /* COSINE: falls to 0 here */
    int64_t every;  /* STEPS: multiplied by `factor` so often */
    double factor;
};
/* The rate of step 0, 1, ... */
double schedule_rate(const struct schedule *s, int64_t step);

#endif
