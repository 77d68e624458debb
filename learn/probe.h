/* SPDX-License-Identifier: Apache-2.0 */
/* The network as it stands, run on pictures that are held in memory, as they are or as simulated photos of them. */
#ifndef LK_PROBE_H
#define LK_PROBE_H

#include "learn/learner.h"
#include "nn/network.h"

/* What is looked at. */
struct looked_at {
    const struct pictures *pictures;
    const int32_t *samples; /* of them; borrowed */
    int32_t count;
    double difficulty; /* of the photos */
    uint64_t seed;     /* of the photos: a picture's is the same each time */
};

struct probe {
    const struct learner *l;
    struct looked_at at;
    struct network *network;
    struct viewer *viewer;
    int32_t dim;
    double error;    /* sum of squared errors of what was drawn of pictures as they are */
    int64_t numbers; /* that it is of */
};

/* file: the network as learner_write gives it. probe_close also after an error. */
MUST_CHECK lk_status probe_open(struct probe *e, lk_engine *engine, const struct learner *l,
                                const lk_bytes *file, const struct looked_at *at, lk_error *err);
void probe_close(struct probe *e);

/* A row of e->dim numbers a picture. LK_E_CANCELLED. */
MUST_CHECK lk_status probe_all(float *out, struct probe *e, lk_engine *engine, bool photos,
                               lk_error *err);

/* What the network sees of picture i, and what an autoencoder draws of it (made may be NULL): RGB 8 bits. */
MUST_CHECK lk_status probe_look(lk_image *seen, lk_image *made, struct probe *e, int32_t i,
                                bool photo, lk_error *err);

#endif
