/* SPDX-License-Identifier: Apache-2.0 */
/* How a network does on pictures held back from it. Single pictures: a simulated photo of each asks for the originals. Classes:
 * each picture asks for the others of its class. */
#ifndef LK_VALIDATE_H
#define LK_VALIDATE_H

#include "learn/probe.h"

/* More are not asked: validation stays a small part of an epoch. */
enum { VALIDATE_MOST = 2000 };

struct validation {
    const struct dataset *d;
    struct looked_at at; /* held back */
    bool instances;
    int32_t resamples; /* lk_evaluate_options */
};

/* file: the network. *loss: mean squared error of what an autoencoder draws of the originals, else 0. sheet, where it is not NULL,
 * shows what that means: an autoencoder's reconstructions, or questions with what is nearest. */
MUST_CHECK lk_status validate(lk_evaluation *out, double *loss, lk_image *sheet, lk_engine *engine,
                              const struct learner *l, const lk_bytes *file,
                              const struct validation *v, lk_error *err);

#endif
