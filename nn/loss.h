/* SPDX-License-Identifier: Apache-2.0 */
/* Losses and their gradients. All are means over the batch, so that their size does not depend on it. docs/algorithms/train.md
 * has the formulas. */
#ifndef LK_LOSS_H
#define LK_LOSS_H

#include "base/compiler.h"
#include "base/rng.h"
#include "nn/tensor.h"

/* Embeddings: a row for each picture. The gradient, like x, is overwritten. */
struct embeddings {
    const float *x;
    const int32_t *labels; /* pictures of one label are positives of each other */
    int32_t rows, dim;
    float *gradient;
};

enum triplet_mining {
    MINE_RANDOM, /* for each anchor and positive a negative drawn at random */
    MINE_SEMIHARD, /* the nearest negative farther than the positive, else the farthest (Schroff et al. 2015) */
    MINE_HARD, /* for each anchor its farthest positive and nearest negative (Hermans et al. 2017) */
    MINE_KINDS
};
const char *mining_name(enum triplet_mining mining);

struct triplet_options {
    double margin;
    bool squared; /* squared Euclidean distances, as FaceNet; else Euclidean ones */
    enum triplet_mining mining;
};

/* mean of max(0, margin + d(anchor, positive) - d(anchor, negative)) over the triplets mined; 0 without any. *active: the share
 * of them that are not 0. The gradient of a Euclidean distance of 0 is 0. rng draws MINE_RANDOM's negatives. */
MUST_CHECK lk_status loss_triplet(double *loss, double *active, const struct embeddings *e,
                                  const struct triplet_options *options, struct rng *rng,
                                  lk_error *err);

/* InfoNCE over rows of length 1: for each row the mean over its positives of -log softmax(x . x' / temperature) among all other
 * rows (van den Oord et al. 2018; with several positives Khosla et al. 2020). Rows without a positive are anchors for nobody. */
MUST_CHECK lk_status loss_contrastive(double *loss, const struct embeddings *e, double temperature,
                                      lk_error *err);

/* Rows are logits, labels the classes 0..dim-1. */
double loss_cross_entropy(const struct embeddings *e);

/* Mean squared difference of x and target, each `count` numbers. */
double loss_mse(float *gradient, const float *x, const float *target, int64_t count);

/* 1 - mean SSIM of planes of height x width, levels 0..1, over uniform windows of 7 x 7 (Wang et al. 2004; population moments),
 * the gradient by x. Planes must be at least 7 x 7: LK_E_SIZE. */
MUST_CHECK lk_status loss_ssim(double *loss, float *gradient, const float *x, const float *target,
                               int64_t planes, int64_t height, int64_t width, lk_error *err);

#endif
