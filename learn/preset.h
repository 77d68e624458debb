/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that can be trained from nothing. Adding one: a build function and a row in preset.c. */
#ifndef LK_PRESET_H
#define LK_PRESET_H

#include "base/compiler.h"
#include "nn/graph.h"

/* Names of what all of them have. */
#define PRESET_INPUT "image"
#define PRESET_EMBEDDING "embedding"
#define PRESET_RECONSTRUCTION "reconstruction" /* of autoencoders: levels 0 to 1 */

struct preset {
    const char *name, *summary;
    int32_t side,
        side_step; /* of the square input as a rule; a side must be a multiple of side_step */
    int32_t dim;   /* of the embedding as a rule; 0: it follows from the side */
    bool reconstructs;
    float mean, scale; /* input = (level - mean) / scale */
    lk_status (*build)(struct graph *g, int32_t side, int32_t dim, uint64_t seed, lk_error *err);
};

const struct preset *preset_find(const char *name);
size_t preset_count(void);
const struct preset *preset_at(size_t i);

/* Builds with weights drawn from the seed. side or dim 0: as a rule. LK_E_USAGE for one the preset cannot have. The caller
 * releases g, also after an error. */
MUST_CHECK lk_status preset_build(struct graph *g, const struct preset *p, int32_t side,
                                  int32_t dim, uint64_t seed, lk_error *err);

#endif
