/* SPDX-License-Identifier: Apache-2.0 */
/* A run that can be gone on with: a line of text, the run's settings as a checksum, its place, every number that training moves,
 * the curve so far, and a checksum of it all. Numbers are those of the machine: little-endian, IEEE. */
#ifndef LK_CHECKPOINT_H
#define LK_CHECKPOINT_H

#include "learn/curve.h"
#include "learn/learner.h"

struct checkpoint {
    char settings[65];          /* SHA-256 of what must be the same to go on */
    int64_t step;               /* done */
    double epoch_loss;          /* sum of the losses of the epoch in progress */
    int64_t epoch_losses;       /* how many */
    struct curve_point *points; /* of the curve so far, one an epoch; owned */
    int32_t point_count;
};
void checkpoint_release(struct checkpoint *c);

MUST_CHECK lk_status checkpoint_save(const struct checkpoint *c, struct learner *l,
                                     const char *path, lk_error *err);
/* Fills c and the learner. LK_E_USAGE when the settings are others, LK_E_CORRUPT, LK_E_IO. c->settings is set before. */
MUST_CHECK lk_status checkpoint_load(struct checkpoint *c, struct learner *l, const char *path,
                                     lk_error *err);

#endif
