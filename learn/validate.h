/* SPDX-License-Identifier: Apache-2.0 */
/* How a network does on pictures held back from it. Single pictures: a simulated photo of each asks for the originals. Classes:
 * each picture asks for the others of its class. */
#ifndef LK_VALIDATE_H
#define LK_VALIDATE_H

#include "learn/learner.h"

/* More are not asked: validation stays a small part of an epoch. */
enum { VALIDATE_MOST = 2000 };

struct validation {
    const struct dataset *d;
    const struct pictures *pictures;
    const int32_t *samples; /* held back */
    int32_t count;
    bool instances;
    double difficulty; /* of the photos */
    uint64_t seed;
    int32_t resamples; /* lk_evaluate_options */
};

/* file: the network. *loss: mean squared error of what an autoencoder draws of the originals, else 0. */
MUST_CHECK lk_status validate(lk_evaluation *out, double *loss, lk_engine *engine,
                              const struct learner *l, const lk_bytes *file,
                              const struct validation *v, lk_error *err);

#endif
